/** Procfile and app_desc.yaml on the command line: what is reported, what is written, and what is said of what cannot be. */
import { describe, expect, test } from '@jest/globals'
import { expectLinear } from '../growth.ts'
import { run } from './in-memory.ts'

interface Result {
  readonly summary: Readonly<Record<string, number>>
  readonly workloads: readonly { readonly file: string; readonly kind: string; readonly name: string; readonly decision: string;
    readonly findings: readonly Finding[]; readonly patch: readonly object[] }[]
}

interface Finding {
  readonly rule: string
  readonly action: string
  readonly container: string
  readonly field: string
  readonly line: number
  readonly column: number
  readonly message: string
}

const check = async (files: Readonly<Record<string, string>>, ...argv: string[]): Promise<Result> =>
  JSON.parse((await run(['check', ...argv, '--format', 'json'], files)).out) as Result

const rulesOf = ({ workloads }: Result): string[] =>
  workloads.flatMap(({ findings }) => findings.map(({ rule, line, column }) => `${rule} ${line}:${column}`))

test('a process is a workload like others', async () => {
  const { summary, workloads } = await check({ Procfile: '# shop\nweb: gunicorn app -b 127.0.0.1:$PORT\nworker: celery\n' }, 'Procfile')
  expect(summary).toMatchObject({ files: 1, workloads: 2, invocations: 1 })
  expect(workloads.map(({ kind, name, decision }) => [kind, name, decision])).toEqual([['Procfile', 'web', 'Deny'], ['Procfile', 'worker',
    'Allow']])
  const loopback = workloads[0]?.findings.find(({ rule }) => rule === 'loopback-bind')
  expect(loopback).toMatchObject({ container: 'web', field: 'web', line: 2, column: 22, action: 'Deny' })
  expect(workloads[0]?.patch).toEqual([expect.objectContaining({ op: 'replace', path: '/web' })])
})

test('of many strings that all need quotes, each is mended, and the file read a few times', async () => {
  const text = (count: number): string =>
    `spec_version: 2\nmodules:\n${
      Array.from({ length: count }, (_, index) => `  m${index}: {language: Python, processes: {web: {command: gunicorn app}}}\n`).join('')
    }`
  const processor = async (count: number): Promise<number> => {
    const before = process.cpuUsage()
    const { files } = await run(['check', 'app_desc.yaml', '--fix'], { 'app_desc.yaml': text(count) })
    const { user, system } = process.cpuUsage(before)
    expect(files['app_desc.yaml']?.match(/command: "gunicorn app -w 4 .*"\}\}\}$/gm)).toHaveLength(count)
    return user + system
  }
  await processor(50)
  expect(await processor(400)).toBeLessThan(8 * await processor(100))
})

test('files go by the names that the platform looks for', async () => {
  const text = 'web: gunicorn app\n'
  const files = { 'a/Procfile': text, 'a/procfile': text, 'a/Procfile.dev': text,
    'a/b/app_desc.yml': 'spec_version: 2\nmodule: {language: Python, processes: {web: {command: gunicorn app}}}\n',
    'a/app-desc.yaml': 'web: gunicorn app\n' }
  expect((await check(files, 'a')).workloads.map(({ file }) => file).sort()).toEqual(['a/Procfile', 'a/b/app_desc.yml'])
})

test.each([
  ['a blank line and a comment', '# a\r\n\r\nweb:   gunicorn app -w 4 # note\r\n',
    'web:   gunicorn app -w 4 -b :$PORT --access-logfile - --error-logfile - # note'],
  ['in single quotes', "web: 'gunicorn app -w 4'\n", "web: 'gunicorn app -w 4 -b :$PORT --access-logfile - --error-logfile -'"],
  ['with a colon and a blank in what is there', 'web: "gunicorn app -w 4 --name \'a: b\'"\n',
    'web: "gunicorn app -w 4 --name \'a: b\' -b :$PORT --access-logfile - --error-logfile -"'],
])('a fix changes one line: %s', async (_, text, line) => {
  const policy =
    '{apiVersion: paddock.dev/v1alpha1, kind: GunicornPolicy, metadata: {name: p}, spec: {defaults: {access_log_format: null}}}'
  const { files } = await run(['check', 'Procfile', '--fix', '--policy', 'p.yaml'], { Procfile: text, 'p.yaml': policy })
  const [before, after] = [text.split('\n'), files['Procfile']?.split('\n') ?? []]
  expect(after.filter((one) => !before.includes(one))).toEqual([text.includes('\r') ? `${line}\r` : line])
  expect(after.length).toBe(before.length)
})

test('what YAML would read otherwise is put in quotes, or said', async () => {
  const policy =
    '{apiVersion: paddock.dev/v1alpha1, kind: GunicornPolicy, metadata: {name: p}, spec: {defaults: {bind: null, workers: null, accesslog: null, errorlog: null, access_log_format: "%(h)s: %(r)s #"}}}'
  const { files } = await run(['check', 'Procfile', '--fix', '--policy', 'p.yaml'], { Procfile: 'web: gunicorn app\n', 'p.yaml': policy })
  expect(files['Procfile']).toBe('web: "gunicorn app --access-logformat \'%(h)s: %(r)s #\'"\n')
  const heroku = await run(['check', 'Procfile', '--fix', '--platform', 'heroku', '--policy', 'p.yaml'], { Procfile: 'web: gunicorn app\n',
    'p.yaml': policy })
  expect(heroku.files['Procfile']).toBe("web: gunicorn app --access-logformat '%(h)s: %(r)s #'\n")
})

describe('scripts of the repository', () => {
  const start = '#!/bin/bash\nexec gunicorn app -w "$1"\n'

  test('what is found stands in the script, and is mended there', async () => {
    const files = { 'x/Procfile': 'web: bin/start.sh 4\n', 'x/bin/start.sh': start }
    const { workloads, summary } = await check(files, 'x')
    expect(summary['workloads']).toBe(1)
    expect(workloads.map(({ file, name }) => [file, name])).toEqual([['x/bin/start.sh', 'web']])
    expect(new Set(workloads[0]?.findings.map(({ line, column }) => `${line}:${column}`))).toEqual(new Set(['2:1']))
    const fixed = await run(['check', 'x', '--fix'], files)
    expect(fixed.files['x/Procfile']).toBe(files['x/Procfile'])
    expect(fixed.files['x/bin/start.sh']).toMatch(/^#!\/bin\/bash\nexec gunicorn app -w "\$1" -b :\$PORT --access-logfile - .*\n$/)
  })

  test('one that two processes start is mended once', async () => {
    const files = { Procfile: 'web: bin/start.sh 4\napi: bash bin/start.sh 8\n', 'bin/start.sh': start }
    const { files: after, err } = await run(['check', 'Procfile', '--fix'], files)
    expect(after['bin/start.sh']?.match(/-b :/g)).toEqual(['-b :'])
    expect(err).toBe('')
  })

  test.each([
    ['a program that is no script', 'web: bin/start\n', { 'bin/start': '\u007fELF gunicorn app' }],
    ['one for another interpreter', 'web: bin/start\n', { 'bin/start': '#!/usr/bin/env python3\ngunicorn app\n' }],
    ['one outside the repository', 'web: ../start.sh\n', { '../start.sh': 'gunicorn app\n' }],
    ['behind cd', 'web: cd src && ./start.sh\n', { 'start.sh': 'gunicorn app\n' }],
    ['one that starts itself', 'web: bin/loop.sh\n', { 'bin/loop.sh': 'bin/loop.sh\n' }],
  ])('nothing is said of %s', async (_, procfile, files) => {
    const { workloads } = await check({ Procfile: procfile, ...files }, 'Procfile')
    expect(workloads.filter(({ findings }) => findings.length > 0).map(({ file }) => file)).toEqual([])
  })

  test('one that is not there is told of', async () => {
    const { workloads } = await check({ Procfile: 'web: bin/none.sh\nworker: celery -A app worker\n' }, 'Procfile', '--platform',
      'blueking')
    expect(workloads.map(({ findings }) => findings.map(({ rule, action, line, column }) => `${rule} ${action} ${line}:${column}`)))
      .toEqual([['unseen-script Audit 1:6'], []])
  })

  test.each(['/app/bin/start.sh', 'exec ./bin/start.sh', 'bash -eu bin/start.sh', 'export A=1; bin/start.sh', 'env A=1 bin/start.sh',
    'python manage.py migrate && bin/start.sh'])('it is found behind %s', async (command) => {
      const { workloads } = await check({ Procfile: `web: ${command}\n`, 'bin/start.sh': 'gunicorn app\n' }, 'Procfile')
      expect(workloads.map(({ file }) => file)).toEqual(['bin/start.sh'])
    })

  test('it gets the environment of its process', async () => {
    const explained = await run(['explain', 'Procfile', '--platform', 'blueking', '--format', 'json'], {
      Procfile: 'web: WEB_CONCURRENCY=3 bin/start.sh\n',
      'bin/start.sh': 'exec gunicorn app -b :$PORT\n',
    })
    expect(JSON.parse(explained.out).invocations).toMatchObject([{ file: 'bin/start.sh', mode: 'bash',
      settings: { workers: { value: 3, source: 'environment' }, bind: { value: [':5000'] } } }])
  })
})

describe('beside it in the repository', () => {
  test('requirements.txt alone tells what is absent: not beside another list, or a hook that installs', async () => {
    const found = async (beside: Readonly<Record<string, string>>, requirements = 'gunicorn==23.0.0\n'): Promise<string[]> =>
      (await check({ Procfile: 'web: gunicorn app -k gevent\n', 'requirements.txt': requirements, ...beside }, 'Procfile')).workloads[0]
        ?.findings.flatMap(({ rule, action }) => (/dependency/.test(rule) ? [`${rule} ${action}`] : [])) ?? []
    const [denied, unknown] = [['missing-worker-dependency Deny'], ['unverified-worker-dependency Warn']]
    expect(await found({})).toEqual(denied)
    for (const name of ['Pipfile', 'Pipfile.lock', 'poetry.lock', 'uv.lock', 'pdm.lock', 'pylock.toml', 'environment.yml'])
      expect({ name, found: await found({ [name]: 'x' }) }).toEqual({ name, found: unknown })
    for (const script of ['pip install gevent', 'python -m pip install -r more.txt', '. bin/steps', 'bash steps.sh', './steps',
      'curl x | sh'])
      expect({ script, found: await found({ 'bin/post_compile': `#!/bin/bash\n${script}\n` }) }).toEqual({ script, found: unknown })
    expect(await found({ 'bin/post_compile': '#!/bin/bash\npython manage.py migrate --noinput\n' })).toEqual(denied)
    expect(await found({ '.buildpacks': 'https://example.com/x\n' })).toEqual(unknown)
    // Which of the two lists is gone by is not known: no release is too old then.
    expect(await found({}, 'gunicorn==23.0.0\ngevent==1.2\n')).toEqual(['outdated-worker-dependency Deny'])
    expect(await found({ 'poetry.lock': '' }, 'gunicorn==23.0.0\ngevent==1.2\n')).toEqual([])
  })

  test('a lock file alone tells what is absent, and what is not known', async () => {
    const found = async (beside: Readonly<Record<string, string>>, workerClass = 'gevent'): Promise<string[]> =>
      (await check({ Procfile: `web: gunicorn app -k ${workerClass}\n`, ...beside }, 'Procfile')).workloads[0]
        ?.findings.flatMap(({ rule, action }) => (/dependency/.test(rule) ? [`${rule} ${action}`] : [])) ?? []
    const pipfile = JSON.stringify({ default: { gunicorn: { version: '==23.0.0' }, tornado: { version: '==6.4' } },
      develop: { eventlet: { version: '==0.40.3' } } })
    const [denied, unknown] = [['missing-worker-dependency Deny'], ['unverified-worker-dependency Warn']]
    expect(await found({ 'Pipfile.lock': pipfile, Pipfile: '' })).toEqual(denied)
    expect(await found({ 'Pipfile.lock': pipfile }, 'tornado')).toEqual([])
    expect(await found({ 'Pipfile.lock': pipfile }, 'eventlet')).toEqual(unknown)
    expect(await found({ 'Pipfile.lock': pipfile, 'uv.lock': 'x' })).toEqual(unknown)
    expect(await found({ 'Pipfile.lock': pipfile, 'bin/post_compile': 'pip install gevent\n' })).toEqual(unknown)
    expect(await found({ 'Pipfile.lock': 'not JSON' })).toEqual(unknown)
  })

  test('requirements.txt tells of dependencies, and pins the release', async () => {
    const procfile = 'web: gunicorn app -k eventlet\n'
    const found = async (requirements: string) =>
      (await check({ Procfile: procfile, 'requirements.txt': requirements }, 'Procfile')).workloads[0]?.findings.filter(({ rule }) =>
        /worker-(?:class|dependency)/.test(rule)
      ).map(({ rule, action }) => `${rule} ${action}`)
    expect(await found('gunicorn==26.0.0\neventlet\n')).toEqual(['removed-worker-class Deny'])
    expect(await found('gunicorn==23.0.0\neventlet>=0.40\n')).toEqual([])
    expect(await found('gunicorn==23.0.0\n')).toEqual(['missing-worker-dependency Deny'])
  })

  test('runtime.txt tells of Python', async () => {
    const { workloads } = await check({ Procfile: 'web: gunicorn app -k gevent\n', 'requirements.txt': 'gunicorn==19.10.0\ngevent==1.4.0\n',
      'runtime.txt': 'python-2.7.18\n' }, 'Procfile')
    const [finding] = workloads[0]?.findings.filter(({ rule }) => rule === 'python2-gevent') ?? []
    expect(finding?.message).toContain('requirements.txt')
  })

  test('variables of app_desc.yaml hold for the Procfile, and are where they are written', async () => {
    const description = 'spec_version: 2\nmodule:\n  language: Python\n  env_variables:\n    - key: WEB_CONCURRENCY\n      value: 2\n'
    const beside = await run(['explain', 'Procfile', '--platform', 'blueking', '--format', 'json'], { Procfile: 'web: gunicorn app\n',
      'app_desc.yaml': description })
    expect(JSON.parse(beside.out).invocations).toMatchObject([{ settings: { workers: { value: 2, source: 'environment' } } }])
    const own = await check({ 'app_desc.yaml': `${description}  processes: {web: {command: gunicorn app}}\n` }, 'app_desc.yaml')
    expect(rulesOf(own)).toContain('few-workers 6:14')
  })
})

test('a Procfile and an app_desc.yaml that agree still do so once they are mended', async () => {
  const files = { Procfile: 'web: gunicorn app -w 4\n',
    'app_desc.yaml': 'spec_version: 2\nmodule:\n  language: Python\n  processes:\n    web: {command: gunicorn app -w 4}\n' }
  const fixed = await run(['check', 'Procfile', 'app_desc.yaml', '--fix'], files)
  expect(fixed.files['Procfile']).not.toBe(files.Procfile)
  expect(rulesOf(await check(fixed.files, 'Procfile', 'app_desc.yaml', '--platform', 'blueking'))).toEqual([])
})

describe('the platform', () => {
  test('is one of those that there are', async () => {
    expect((await run(['check', 'Procfile', '--platform', 'mars'], { Procfile: 'web: x\n' })).status).toBe(2)
  })

  test('reads in its own way, and says so', async () => {
    const files = { Procfile: 'web: a\nweb: gunicorn app -b 127.0.0.1:80\n' }
    expect(rulesOf(await check(files, 'Procfile', '--platform', 'google'))).toEqual(['ignored-description 2:1'])
    expect(rulesOf(await check(files, 'Procfile', '--platform', 'paketo'))).toContain('loopback-bind 2:22')
    const dokku = await run(['check', 'Procfile', '--platform', 'dokku'], files)
    expect([dokku.status, dokku.err]).toEqual([2,
      'paddock: Procfile:2:1: dokku refuses the file: process names must be unique, line 2\n  2 | web: gunicorn app -b 127.0.0.1:80\n    | ^~~\n'])
  })

  test('differences are told only where none is chosen', async () => {
    const files = { Procfile: 'web: "true"\n' }
    expect(rulesOf(await check(files, 'Procfile'))).toEqual(['unportable-description 1:6'])
    expect(rulesOf(await check(files, 'Procfile', '--platform', 'blueking'))).toEqual([])
  })

  test('where quotes do not hold, what needs them is left out', async () => {
    const { files } = await run(['check', 'Procfile', '--platform', 'dokku', '--fix'], { Procfile: 'web: gunicorn app\n' })
    expect(files['Procfile']).toBe('web: gunicorn app -w 4 -b :$PORT --access-logfile - --error-logfile -\n')
  })

  test('a preset chooses no platform for app_desc.yaml; one that is chosen and does not read it is told', async () => {
    const files = { 'app_desc.yaml': 'spec_version: 2\nmodule: {language: Python, processes: {web: {command: gunicorn app}}}\n' }
    const { out } = await run(['check', '--preset', 'heroku', 'app_desc.yaml'], files)
    expect(out).toContain('1 file, 1 workload, 1 gunicorn command: ')
    const passed = await run(['check', '--platform', 'heroku', 'app_desc.yaml'], files)
    expect([passed.out, passed.err]).toEqual(['1 file, 0 workloads, 0 gunicorn commands, 1 passed over: nothing to check\n',
      "paddock: app_desc.yaml is passed over: of the platforms, BlueKing's alone reads it\n"])
  })

  test('a port that nobody assigns is not bound to', async () => {
    const { files } = await run(['check', 'Procfile', '--platform', 'paketo', '--preset', 'heroku', '--fix'], {
      Procfile: 'web: gunicorn app\n',
    })
    expect(files['Procfile']).not.toContain('PORT')
  })

  test('a template is called one', async () => {
    const { err, status } = await run(['check', 'app_desc.yaml'], { 'app_desc.yaml': 'spec_version: 2\napp_version: {{APP_VERSION}}\n' })
    expect([status, err]).toEqual([2,
      'paddock: app_desc.yaml:2:15: BlueKing refuses the file: its format is not YAML: found unhashable key (a template must be filled in first, or its {{…}} stand in quotes)\n  2 | app_version: {{APP_VERSION}}\n    |               ^\n'])
  })

  test('nobody but BlueKing reads app_desc.yaml', async () => {
    expect((await check({ 'app_desc.yaml': 'spec_version: 2\n' }, 'app_desc.yaml', '--platform', 'heroku')).workloads).toEqual([])
  })
})

describe('hostile files take no more than they are longer, and it is said why', () => {
  const bomb = (levels: number): string =>
    `a: &a [${'x,'.repeat(50)}x]\n${
      Array.from({ length: levels }, (_, index) => `b${index}: &b${index} [${`*${index === 0 ? 'a' : `b${index - 1}`},`.repeat(50)}x]`)
        .join('\n')
    }\n`
  test.each<[string, string, number, number, (size: number) => string]>([
    ['an alias bomb', 'app_desc.yaml', 2, 256, bomb],
    ['an alias bomb', 'Procfile', 2, 256, bomb],
    ['nested brackets', 'Procfile', 2, 10_000, (size) => `web: ${'['.repeat(size)}\n`],
    ['nested parentheses', 'Procfile', 0, 10_000, (size) => `web: ${'('.repeat(size)} gunicorn app\n`],
    ['many processes', 'Procfile', 1, 2000, (size) => Array.from({ length: size }, (_, index) => `p${index}: x\n`).join('')],
    ['a long line', 'Procfile', 0, 100_000, (size) => `web: true ${'word '.repeat(size)}\n`],
    ['lines without an end', 'Procfile', 1, 50_000, (size) => `web:${'\n'.repeat(size)}`],
    ['a key without an end', 'Procfile', 2, 1_000_000, (size) => 'a'.repeat(size)],
  ])('%s in %s', (_, name, status, size, text) =>
    expectLinear(text, async (given) => {
      expect((await run(['check', name], { [name]: given })).status).toBe(status)
    }, size))
})
