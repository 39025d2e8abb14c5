/** `paddock diagnose` on files in memory. What it concludes is tested in test/logs and test/conformance. */
import { describe, expect, test } from '@jest/globals'
import type { DiagnosedWorkload, DiagnoseTarget } from '../../src/cli/run-diagnose.ts'
import { run } from './in-memory.ts'

const format = '%(t)s "%(r)s" %(s)s %(D)s "%(a)s"'
const log = [
  '[2026-11-30 10:00:00 +0000] [7] [INFO] Starting gunicorn 23.0.0',
  '[2026-11-30 10:00:00 +0000] [7] [INFO] Using worker: sync',
  '[2026-11-30 10:00:00 +0000] [8] [INFO] Booting worker with pid: 8',
  ...Array.from({ length: 20 },
    (_, index) =>
      `[30/Nov/2026:10:00:${String(2 * index + 2).padStart(2, '0')} +0000] "GET /report\u001b[31m<b> HTTP/1.1" 200 2000000 "curl"`),
  '',
].join('\n')
const procfile = `web: gunicorn shop -w 2 --access-logfile - --access-logformat '${format}'\n`
const manifest = JSON.stringify({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { template: { spec: { containers: [{ name: 'web', command: ['gunicorn', 'shop', '-w', '2', '--access-logformat', format] }] } } },
})

const ids = (out: string): readonly string[] => (JSON.parse(out) as { conclusions: { id: string }[] }).conclusions.map(({ id }) => id)

describe('the settings that held', () => {
  test.each([
    ['a command', ['--command', `gunicorn shop -w 2 --access-logformat '${format}'`]],
    ['a Procfile', ['Procfile']],
    ['a manifest', ['web.json']],
  ])('%s', async (_, words) => {
    const { status, out, err } = await run(['diagnose', '--logs', 'web.log', '--format', 'json', ...words], { 'web.log': log,
      Procfile: procfile, 'web.json': manifest })
    expect([status, err, ids(out)]).toEqual([1, '', ['slow-requests']])
    expect((JSON.parse(out) as { requests: { busy: number } }).requests.busy).toBeCloseTo(0.5, 1)
  })

  test('without them, the format is one that is known, or none', async () => {
    const { status, out } = await run(['diagnose', '-', '--format', 'json'], {}, { input: log })
    expect([status, ids(out), (JSON.parse(out) as { requests: unknown }).requests]).toEqual([0, [], null])
  })
})

test('text and a page: nothing of a log moves a cursor, or is markup', async () => {
  const words = ['diagnose', '-', '--command', `gunicorn shop -w 1 --access-logformat '${format}'`]
  const text = await run(words, {}, { input: log })
  expect(text.out).toContain('saturated-workers')
  expect(text.out).toContain('1. Raise the workers to 4.')
  expect(text.out).not.toContain('\u001b')
  const page = await run([...words, '--format', 'html'], {}, { input: log })
  expect(page.out).toContain('/report\\x1b[31m&lt;b&gt;')
  expect(page.out).not.toMatch(/\u001b|<b>|<script|https?:\/\//)
})

test('what cannot be read, and what is asked for too little', async () => {
  for (const words of [['diagnose'], ['diagnose', '--logs', 'nosuch.log'], ['diagnose', '-', '--logs', '-'], ['diagnose', '-', '--command',
    'celery worker'], ['diagnose', '-', 'deployment/web'], ['diagnose', '-', 'a', 'b']]) {
    const { status, out, err } = await run(words, {}, { input: '' })
    expect([status, out]).toEqual([2, ''])
    expect(err).toMatch(/^paddock: /)
  }
})

describe('a workload of a cluster', () => {
  const object = { ...JSON.parse(manifest) as object }
  const diagnosed = async (target: DiagnoseTarget): Promise<DiagnosedWorkload> => {
    asked.push(target)
    return { object, facts: [], events: [], notes: ['pod web-1: \u001b[31mno log'], bytes: log.length, chunks: (async function*() {
      yield Buffer.from(log)
    })() }
  }
  const asked: DiagnoseTarget[] = []

  test('its settings, its logs, and what could not be read', async () => {
    const { status, out, err } = await run(['diagnose', 'deployment/web', '-n', 'shop', '--since', '1h30m', '--format', 'json'], {}, {
      diagnosed,
    })
    expect([status, ids(out), err]).toEqual([1, ['slow-requests'], 'paddock: pod web-1: \\x1b[31mno log\n'])
    expect(asked).toEqual([{ kind: 'deployment', name: 'web', namespace: 'shop', sinceSeconds: 5400 }])
  })

  test('what is advised is written into a file beside', async () => {
    const { files } = await run(['diagnose', 'deployment/web', 'Procfile', '--fix'], { Procfile: procfile }, { diagnosed })
    expect(files['Procfile']).toBe(procfile.replace('-w 2', '-w 4'))
  })

  test('a file of that name is a file', async () => {
    const { status, err } = await run(['diagnose', 'deployment/web', '-n', 'shop'], { 'deployment/web': manifest }, { diagnosed })
    expect([status, err]).toEqual([2, expect.stringContaining('--namespace')])
  })
})
