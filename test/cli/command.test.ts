import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { applyPatch } from 'rfc6902'
import type { Operation } from '../../src/kubernetes/review.ts'
import { run } from './in-memory.ts'

const pod = (command: string, more = ''): string =>
  `apiVersion: v1
kind: Pod
metadata: {name: web${more}}
spec:
  containers:
    - name: app
      command: ${command} # start
`

const complete = '[gunicorn, app, -w, "4", -b, ":$(PORT)", --access-logfile, "-", --error-logfile, "-", --access-logformat, "%(h)s"]'
const right = `${pod(complete)}      env: [{name: PORT, value: "5000"}, {name: TMPDIR, value: /dev/shm}]\n`

describe('check', () => {
  test('says where, what and how to mend it', async () => {
    const { status, out } = await run(['check', 'a.yaml'], { 'a.yaml': right.replace('"4"', '"4", --timeout, "10"') })
    expect(status).toBe(0)
    const message =
      'spec.containers[0].command[5]: Invalid value: "10": `timeout` must be greater than or equal to 30, the default, as a request that exceeds it is forcibly interrupted with a 502 [short-timeout]'
    expect(out).toBe(
      `a.yaml:7:52: warn: ${message}
  7 |       command: [gunicorn, app, -w, "4", --timeout, "10", -b, ":$(PORT)", --access-logfile, "-", --error-logfile, "-", --access-logformat, "%(h)s"] # start
    |                                                    ^~~~
   = Leave the timeout at 30 seconds, or set it to 1 minute or a larger value: \`--timeout 120\` sets it to two minutes.

1 file, 1 workload, 1 gunicorn command: 1 warned of
`,
    )
  })

  test.each([
    ['nothing', right, [], 0],
    ['a warning', right.replace('"4"', '"4", --timeout, "10"'), [], 0],
    ['a warning that fails', right.replace('"4"', '"4", --timeout, "10"'), ['--fail-on', 'warn'], 1],
    ['a denial', right.replace('app,', '-k, sunc, app,'), [], 1],
    ['a denial that does not fail', right.replace('app,', '-k, sunc, app,'), ['--fail-on', 'never'], 0],
    ['something to fix', pod('[gunicorn, app]'), [], 0],
    ['something to fix that fails', pod('[gunicorn, app]'), ['--fail-on', 'fix'], 1],
    ['something fixed', pod('[gunicorn, app]'), ['--fail-on', 'fix', '--fix'], 0],
    ['broken YAML', 'a: [', [], 2],
    ['a field of the wrong type', pod('text'), [], 2],
    ['no workload', 'kind: ConfigMap\napiVersion: v1\n', [], 0],
  ])('ends with the right status: %s', async (_, text, flags, expected) => {
    const { status } = await run(['check', 'a.yaml', ...flags], { 'a.yaml': text })
    expect(status).toBe(expected)
  })

  test('a broken document is named by its line and hides no other', async () => {
    const text = `${pod('[gunicorn, app]')}---\nkind: Pod\nmetadata: {name: x\n---\n${pod('[gunicorn, app, --nope]')}`
    const { status, out, err } = await run(['check', 'a.yaml'], { 'a.yaml': text })
    expect(status).toBe(2)
    expect(err).toMatch(/^paddock: a\.yaml:11:1: .+\n {2}11 \| ---\n {5}\| \^\n$/)
    expect(out).toMatch(/^a\.yaml:7:16: fix: /m)
    expect(out).toContain('a.yaml:18:32: deny: spec.containers[0].command[2]: Invalid value: "--nope"')
    expect(out).toMatch(/1 file, 2 workloads, 2 gunicorn commands: .*1 unreadable\n$/)
  })

  test('a path that is not there is named, and the rest is checked', async () => {
    const { status, out, err } = await run(['check', 'nowhere', 'a.yaml'], { 'a.yaml': right })
    expect(status).toBe(2)
    expect(err).toBe('paddock: nowhere: no such file\n')
    expect(out).toBe('1 file, 1 workload, 1 gunicorn command: 1 unreadable\n')
  })

  test('--fix mends in place, keeps comments, and has nothing to do a second time', async () => {
    const first = await run(['check', '--fix', 'a.yaml'], { 'a.yaml': pod('[gunicorn, app]'), 'b.yaml': 'kind: [' })
    const format = '"[%(h)s] %({request_id}i)s %(u)s %(t)s \\"%(r)s\\" %(s)s %(D)s %(b)s \\"%(f)s\\" \\"%(a)s\\""'
    const words = `gunicorn, app, -w, "4", -b, ":$(PORT)", --access-logfile, "-", --error-logfile, "-", --access-logformat, ${format}`
    expect(first.files['a.yaml']).toBe(`${pod(`[${words}]`)}      env:\n        - name: PORT\n          value: "5000"\n`)
    const second = await run(['check', '--fix', 'a.yaml'], first.files)
    expect(second.files).toEqual(first.files)
    expect(second.out).toMatch(/\n1 file, 1 workload, 1 gunicorn command: 1 audited\n$/)
  })

  test('what cannot be mended in the text is said, and fails where a fix does', async () => {
    const shared = pod('&start [gunicorn, app]').replace('# start', '') + '    - name: twin\n      command: *start\n'
    const { status, err, files } = await run(['check', '--fix', '--fail-on', 'fix', 'a.yaml'], { 'a.yaml': shared })
    expect(err).toMatch(/^paddock: a\.yaml:7: spec\.containers\[0\]\.command.*: not fixed: /)
    expect([status, files['a.yaml']]).toEqual([1, shared])
  })

  test('--fix takes words out, each with its line and nothing else', async () => {
    const list = `${pod('').replace('command:  # start', 'command: # start')}        - gunicorn
        - app # the application
        # for now
        - --reload
        - -Dw4 # four
        - --bind=:8000
      env:
        - {name: GUNICORN_CMD_ARGS, value: "--daemon --threads 2"}
        - name: PORT
          value: "8000"
        - {name: TMPDIR, value: /dev/shm}
`
    const script = `${pod('[sh, -c]')}      args:
        - >-
          cd /srv &&
          exec gunicorn app
          --reload
          -b :8000 # web
`
    const policy =
      'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: p}\nspec: {preset: heroku, defaults: {bind: null, accesslog: null, errorlog: null, forwarded_allow_ips: null}}\n'
    const { status, files } = await run(['check', '--fix', '--fail-on', 'fix', '--policy', 'p.yaml', 'a.yaml', 'b.yaml'], { 'a.yaml': list,
      'b.yaml': script, 'p.yaml': policy })
    expect(status).toBe(0)
    expect(files['a.yaml']).toBe(list.replace('        - --reload\n', '').replace('-Dw4', '-w4').replace('--daemon ', ''))
    expect(files['b.yaml']).toBe(script.replace('          --reload\n', ''))
  })

  test('--diff shows what --fix would change, and changes nothing', async () => {
    const files = { 'a.yaml': pod('[sh, -c, "exec gunicorn app"]') }
    const { out, files: after } = await run(['check', '--diff', 'a.yaml'], files)
    expect(after).toEqual(files)
    expect(out).toMatch(/^--- a\/a\.yaml\n\+\+\+ b\/a\.yaml\n@@ /)
    expect(out.match(/^[-+] .*$/gm)?.length).toBe(5)
  })

  test('--format json holds the contract', async () => {
    const text = right.replace('"4"', '"4", --timeout, "10"')
    const { out } = await run(['check', '--format', 'json', 'a.yaml'], { 'a.yaml': text })
    expect(JSON.parse(out)).toEqual({
      apiVersion: 'paddock.dev/v1alpha1',
      kind: 'CheckResult',
      summary: { files: 1, workloads: 1, invocations: 1, denied: 0, warned: 1, fixed: 0, fixable: 0, audited: 0, unreadable: 0, unseen: 0,
        passedOver: 0 },
      workloads: [
        {
          file: 'a.yaml',
          document: 0,
          line: 1,
          apiVersion: 'v1',
          kind: 'Pod',
          namespace: '',
          name: 'web',
          decision: 'Allow',
          findings: [
            {
              rule: 'short-timeout',
              action: 'Warn',
              severity: 'warning',
              policy: 'blueking',
              container: 'app',
              field: 'spec.containers[0].command[5]',
              line: 7,
              column: 52,
              message:
                'spec.containers[0].command[5]: Invalid value: "10": `timeout` must be greater than or equal to 30, the default, as a request that exceeds it is forcibly interrupted with a 502 [short-timeout]',
              remedy: 'Leave the timeout at 30 seconds, or set it to 1 minute or a larger value: `--timeout 120` sets it to two minutes.',
              fixable: false,
              fixed: false,
            },
          ],
          patch: [],
        },
      ],
      unreadable: [],
    })
  })

  test('--requirements speaks for workloads without an annotation', async () => {
    const files = { 'a.yaml': right.replace('app,', '-k, gevent, app,'), 'requirements.txt': 'gunicorn\n' }
    const { status, out } = await run(['check', '--requirements', 'requirements.txt', 'a.yaml'], files)
    expect(status).toBe(1)
    expect(out).toContain('which is not in requirements.txt [missing-worker-dependency]')
  })

  test('colours for a terminal only, and never with NO_COLOR', async () => {
    const files = { 'a.yaml': pod('[gunicorn, app]') }
    expect((await run(['check', 'a.yaml'], files)).out).not.toContain('\u001b[')
    expect((await run(['check', 'a.yaml'], files, { tty: true })).out).toContain('\u001b[')
    expect((await run(['check', 'a.yaml'], files, { tty: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b[')
  })

  test('the examples come out as their names say', async () => {
    const folder = join(import.meta.dirname, '../../examples')
    const files = Object.fromEntries(
      readdirSync(folder).filter((name) => name.endsWith('.yaml')).map((
        name,
      ) => [`examples/${name}`, readFileSync(join(folder, name), 'utf8')]),
    )
    const { out } = await run(['check', '--format', 'json', 'examples'], files)
    const { workloads } = JSON.parse(out) as { workloads: { file: string; findings: { action: string }[] }[] }
    for (const name of Object.keys(files)) {
      const actions = workloads.filter(({ file }) => file === name).flatMap(({ findings }) => findings.map(({ action }) => action))
      const outcome = actions.includes('Deny') ? 'denied'
        : actions.includes('Warn') ? 'warned' : actions.includes('Fix') ? 'fixed' : 'allowed'
      expect(`${name}: ${outcome}`).toBe(`${name}: ${/\/(\w+)-/.exec(name)?.[1]}`)
    }
  })
})

describe('explain', () => {
  test('answers one line for each, and a line that is no request hides no other', async () => {
    const input =
      '{"argv":["gunicorn","-w4","app:app"],"gunicorn":"23.0.0"}\nnonsense\n{"shell":"exec gunicorn app -b :$PORT","env":{"PORT":"80"},"gunicorn":"23.0.0"}\n'
    const { status, out } = await run(['explain', '--stdin'], {}, { input })
    expect(status).toBe(2)
    const [first, second, third] = out.trim().split('\n').map((line) => JSON.parse(line) as unknown)
    expect(first).toEqual({
      invocations: [
        {
          argv: ['gunicorn', '-w4', 'app:app'],
          application: 'app:app',
          gunicorn: '23.0.0',
          settings: { workers: { value: 4, source: 'command line' } },
          unknown: [],
          problems: [],
        },
      ],
      problems: [],
    })
    expect(second).toMatchObject({ invocations: [], problems: [{ message: expect.stringMatching(/^not a request: /) }] })
    expect(third).toMatchObject({ invocations: [{ settings: { bind: { value: [':80'], source: 'command line' } } }] })
  })

  test('shows the values of which a setting has one, and nothing of what is not known', async () => {
    const told = async (script: string): Promise<readonly string[]> => {
      const { out } = await run(['explain', '--gunicorn', '23.0.0', '--shell', script])
      return out.split('\n').filter((line) => /^ {2}(application|workers|timeout|bind|unknown)/.test(line)).map((line) =>
        line.trim().replaceAll(/ {2,}/g, '  ')
      )
    }
    expect(await told('O="-w 2"; [ -f /x ] && O="-w 4 -t 60"; exec gunicorn $O -b :80 a:app')).toEqual([
      'application  a:app',
      'workers  one of 2, 4  command line (-w)',
      'timeout  one of 30, 60  command line (-t)',
      'bind  [":80"]  command line (-b)',
    ])
    expect(await told('A=a:app; [ -f /x ] && A=b:app; exec gunicorn -w "$(nproc)" $A')).toEqual(['application  one of a:app, b:app',
      'workers  unknown ("$(nproc)")  command line (-w)', 'unknown: workers'])
  })

  test('shows where each setting comes from', async () => {
    const { out } = await run(['explain', '--env', 'WEB_CONCURRENCY=3', '--gunicorn', '23.0.0', '--', 'gunicorn', '-kgthread', 'app', '-t',
      '$(x)'])
    expect(out.replaceAll(/ +\n/g, '\n').replaceAll(/ {2,}/g, '  ')).toBe(
      [
        '  gunicorn -kgthread app -t $(x)',
        '  words 1…5  gunicorn -kgthread app -t $(x)',
        '  application  app',
        '  worker_class  "gthread"  command line (-k)',
        '  timeout  unknown  command line (-t)',
        '  workers  3  environment',
        "  refused: argument -t/--timeout: invalid int value: '$(x)'",
        '',
      ].join('\n'),
    )
  })
})

describe('review', () => {
  const review = (command: unknown): string =>
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u', operation: 'CREATE',
        object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [{ name: 'app', command }] } } },
    })

  test('mutates, then validates what came out', async () => {
    const input = review(['gunicorn', 'app', '--timeout', '10'])
    const { status, out } = await run(['review'], {}, { input })
    expect(status).toBe(0)
    const { response } = JSON.parse(out) as { response: { patch: string; warnings: string[] } }
    expect(response.warnings).toEqual([
      'fixes by GunicornPolicy "blueking" in container "app": missing-access-log, missing-access-log-format, missing-bind, missing-error-log, missing-workers',
      expect.stringMatching(/^would violate GunicornPolicy "blueking": spec\.containers\[0\]\.command\[3\]: .* \[short-timeout\]/),
    ])
    const object = JSON.parse(input) as { request: { object: { spec: { containers: { command: string[]; env: object[] }[] } } } }
    const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString()) as Operation[]
    expect(applyPatch(object.request.object, patch as never[])).toEqual(patch.map(() => null))
    expect(object.request.object.spec.containers[0]?.command.slice(0, 8)).toEqual(['gunicorn', 'app', '--timeout', '10', '-w', '4', '-b',
      ':$(PORT)'])
    expect(object.request.object.spec.containers[0]?.env).toEqual([{ name: 'PORT', value: '5000' }])
  })

  test('a denial ends with 1', async () => {
    const { status, out } = await run(['review', '--validate'], {}, { input: review(['gunicorn', 'app', '-k', 'sunc']) })
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ response: { uid: 'u', allowed: false, status: { code: 403, reason: 'Forbidden' } } })
  })

  test.each([
    ['no JSON', '{'],
    ['no review', '[]'],
    ['another version', '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}'],
  ])('%s is bad usage', async (_, input) => {
    const { status, out, err } = await run(['review'], {}, { input })
    expect([status, out]).toEqual([2, ''])
    expect(err).toMatch(/^paddock: standard input: .+\n$/)
  })

  test.each([['text'], [[1, null]]])('a command of %j is answered with the reason', async (command) => {
    const { status, out } = await run(['review'], {}, { input: review(command) })
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ response: { allowed: false, status: { code: 422, reason: 'Invalid' } } })
  })
})

test.each([
  [['chekc'], /unknown command 'chekc'/],
  [['check', '--format', 'xml'], /Allowed choices are text, json, sarif, junit, github, markdown\./],
  [['check', '--preset', 'nope'], /Allowed choices are blueking, kubernetes, heroku, cloud-run/],
  [['check', '--policy', 'p.yaml'], /^paddock: p\.yaml:4:22: spec\.rules\.nope: Forbidden: must be one of bare-port, /],
  [['rules', 'nope'], /^paddock: there is no rule "nope"/],
  [['explain'], /^paddock: explain needs a command/],
])('bad usage: %j', async (argv, message) => {
  const policy = 'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: p}\nspec: {rules: {nope: Deny}}\n'
  const { status, err } = await run(argv, { 'p.yaml': policy, '.': '' })
  expect(status).toBe(2)
  expect(err).toMatch(message)
})
