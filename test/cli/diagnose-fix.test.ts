/** `paddock diagnose --fix`: what is advised, written into the file that the settings stand in. */
import { describe, expect, test } from '@jest/globals'
import { run } from './in-memory.ts'

const format = '%(t)s "%(r)s" %(s)s %(D)s'
const start = (workerClass = 'sync'): readonly string[] => [
  '[2026-11-30 10:00:00 +0000] [7] [INFO] Starting gunicorn 23.0.0',
  `[2026-11-30 10:00:00 +0000] [7] [INFO] Using worker: ${workerClass}`,
  '[2026-11-30 10:00:00 +0000] [8] [INFO] Booting worker with pid: 8',
]
const second = (number: number): string => String(number).padStart(2, '0')

/** One worker that reports keep busy without a pause. */
const saturated = [...start(),
  ...Array.from({ length: 20 }, (_, index) => `[30/Nov/2026:10:00:${second(2 * index + 2)} +0000] "GET /report HTTP/1.1" 200 2000000`), '']
  .join('\n')

const timeout = [
  ...start(),
  '[2026-11-30 10:00:40 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:8)',
  '[2026-11-30 10:00:40 +0000] [8] [ERROR] Error handling request /report',
  '[2026-11-30 10:00:41 +0000] [9] [INFO] Booting worker with pid: 9',
  '',
].join('\n')

const procfile = (words: string): string =>
  `web: gunicorn shop ${words} --access-logfile - --access-logformat '${format}'\nworker: celery -A shop\n`

interface Report {
  readonly conclusions: readonly { readonly id: string;
    readonly advice: readonly { readonly text: string; readonly setting: string | null }[] }[]
}
const settings = (out: string): readonly (readonly (string | null)[])[] =>
  (JSON.parse(out) as Report).conclusions.map(({ advice }) => advice.map(({ setting }) => setting))

async function fixed(log: string, files: Readonly<Record<string, string>>, file = 'Procfile'): Promise<Awaited<ReturnType<typeof run>>> {
  return run(['diagnose', '--logs', 'web.log', file, '--fix', '--format', 'json'], { 'web.log': log, ...files })
}

describe('a Procfile', () => {
  test('more workers first, where they stand', async () => {
    const before = procfile('-w 1')
    const { files, err, out } = await fixed(saturated, { Procfile: before })
    expect(files['Procfile']).toBe(before.replace('-w 1', '-w 4'))
    expect(err).toBe('paddock: Procfile: written: workers is 4\n')
    expect(settings(out)[0]?.[0]).toBe('workers')
  })

  test('workers that nothing sets', async () => {
    const { files } = await fixed(saturated, { Procfile: procfile('') })
    expect(files['Procfile']).toContain('-w 4')
  })

  test('gevent, with what it needs', async () => {
    const before = procfile('-w 4')
    const added = await fixed(timeout, { Procfile: before, 'requirements.txt': 'flask\ngunicorn==23.0.0' })
    expect([added.files['Procfile'], added.files['requirements.txt']]).toEqual([before.replace('\n', ' -k gevent\n'),
      'flask\ngunicorn==23.0.0\ngevent\n'])
    expect(added.err).toBe('paddock: Procfile: written: worker_class is gevent, gevent is in requirements.txt\n'.repeat(1) +
      'paddock: requirements.txt: written: worker_class is gevent, gevent is in requirements.txt\n')
    const there = await fixed(timeout, { Procfile: before, 'requirements.txt': 'gevent==24.11.1\ngunicorn==23.0.0\n' })
    expect([there.files['Procfile'], there.files['requirements.txt']]).toEqual([before.replace('\n', ' -k gevent\n'),
      'gevent==24.11.1\ngunicorn==23.0.0\n'])
  })

  test('threads, where nobody knows of gevent, or pip would refuse another line', async () => {
    const before = procfile('-w 4')
    for (const requirements of [{}, { 'requirements.txt': 'gunicorn==23.0.0 --hash=sha256:00\n' }]) {
      const { files } = await fixed(timeout, { Procfile: before, ...requirements })
      expect([files['Procfile'], files['requirements.txt']]).toEqual([before.replace('\n', ' --threads 4\n'),
        requirements['requirements.txt']])
    }
  })

  test('what the judge would find fault with is not advised', async () => {
    const { files, err, out } = await fixed(timeout, { Procfile: procfile('-w 4'),
      'requirements.txt': 'gunicorn==25.3.0\ngevent==21.1.0\n' })
    expect(settings(out).flat()).not.toContain('worker_class')
    expect(err).toContain('not advised: Switch to gevent workers')
    expect(err).toContain('[outdated-worker-dependency]')
    expect(files['Procfile']).toContain('--threads 4')
  })

  test('a script of the repository', async () => {
    const { files } = await fixed(saturated, { Procfile: 'web: bash start.sh\n',
      'start.sh': `#!/bin/bash\nexec gunicorn shop --workers=1 --access-logfile - --access-logformat '${format}'\n` })
    expect(files['start.sh']).toContain('--workers=4')
    expect(files['Procfile']).toBe('web: bash start.sh\n')
  })

  test('--diff shows it, and writes nothing', async () => {
    const before = procfile('-w 1')
    const { files, out } = await run(['diagnose', '--logs', 'web.log', 'Procfile', '--diff'], { 'web.log': saturated, Procfile: before })
    expect(files['Procfile']).toBe(before)
    expect(out).toContain(`-${before.split('\n')[0]}\n+${before.split('\n')[0]?.replace('-w 1', '-w 4')}`)
  })
})

const manifest = (words: string, rest = ''): string =>
  `# the shop
apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec:
  template:
    spec:
      containers:
        - {name: web, command: [celery, worker]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          command: [gunicorn, shop, ${words}--access-logformat, '${format}']  # as it was
${rest}`

describe('a manifest', () => {
  test('the container that is meant, and nothing else', async () => {
    const before = manifest("-w, '1', ")
    const { files, err } = await fixed(saturated, { 'web.yaml': before }, 'web.yaml')
    expect([files['web.yaml'], err]).toEqual([before.replace("'1'", "'4'"), 'paddock: web.yaml: written: workers is 4\n'])
  })

  test('what is cut off at a stop: the Pod waits as long', async () => {
    const log = [...start(), '[2026-11-30 10:00:10 +0000] [7] [INFO] Handling signal: term',
      '[2026-11-30 10:00:40 +0000] [7] [INFO] Shutting down: Master', ''].join('\n')
    const before = manifest("-w, '4', --graceful-timeout, '30', ")
    const { files, err } = await fixed(log, { 'web.yaml': before }, 'web.yaml')
    expect(err).toBe('paddock: web.yaml: written: graceful_timeout is 60\n')
    expect(files['web.yaml']).toContain("--graceful-timeout, '60'")
    expect(files['web.yaml']).toContain('terminationGracePeriodSeconds: 70')
  })

  test('a variable', async () => {
    const rest = "          env: [{name: GUNICORN_CMD_ARGS, value: '--workers 1'}]\n"
    const { files } = await fixed(saturated, { 'web.yaml': manifest('', rest) }, 'web.yaml')
    expect(files['web.yaml']).toContain("'--workers 4'")
  })
})

test('nothing that can be written', async () => {
  const healthy = await fixed(start().join('\n'), { Procfile: procfile('-w 4') })
  expect([healthy.err, healthy.files['Procfile']]).toEqual(['paddock: there is no advice that can be written: nothing is changed\n',
    procfile('-w 4')])
  const nowhere = await run(['diagnose', '-', '--fix'], {}, { input: saturated })
  expect([nowhere.status, nowhere.err]).toEqual([2, expect.stringContaining('--fix and --diff need the file')])
})
