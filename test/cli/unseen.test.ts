/** Nothing is green unseen: what is not looked at, not understood or not written is said. */
import { describe, expect, test } from '@jest/globals'
import { run } from './in-memory.ts'

const deployment = (container: string, head = 'apiVersion: apps/v1\nkind: Deployment'): string =>
  `${head}\nmetadata: {name: shop}\nspec: {template: {spec: {containers: [{name: app, ${container}}]}}}\n`
const last = (text: string): string => text.trimEnd().split('\n').at(-1) ?? ''

describe('containers that are not looked into are counted', () => {
  test.each([
    ['no command', 'image: registry.test/shop'],
    ['a script of the image', 'command: [/entrypoint.sh, gunicorn, -k, nope]'],
    ['supervisord', 'command: [supervisord]'],
    ['another program with words of gunicorn', 'command: [run-as, app, gunicorn, shop.wsgi]'],
  ])('%s', async (_, container) => {
    const { status, out } = await run(['check', 'a.yaml'], { 'a.yaml': deployment(container) })
    expect([status, last(out)]).toEqual([0, '1 file, 1 workload, 0 gunicorn commands, 1 container not looked into: 1 audited'])
  })

  test('what is known to be something else is nothing', async () => {
    const { out } = await run(['check', 'a.yaml'], { 'a.yaml': deployment('image: postgres') })
    expect(out).toBe('1 file, 1 workload, 0 gunicorn commands: nothing found\n')
  })

  test('a gunicorn that ends at once is no command that starts one', async () => {
    const { out } = await run(['check', '--preset', 'kubernetes', 'a.yaml'], { 'a.yaml': deployment('command: [gunicorn, --version]') })
    expect(out).toContain('[ends-at-once]')
    expect(out).toContain('1 file, 1 workload, 0 gunicorn commands: 1 denied\n')
  })
})

describe('files that are named', () => {
  const understood = 'is not a file that Paddock reads: Kubernetes manifests, Procfile, app_desc.yaml'

  test.each([
    ['Dockerfile', 'FROM python\nCMD gunicorn app\n'],
    ['gunicorn.conf.py', 'workers = 3\n'],
    ['docker-compose.yml', 'services: {web: {command: gunicorn app}}\n'],
    ['notes.txt', 'a: [\n'],
  ])('%s is none that is read, and is said with status 2', async (name, text) => {
    const { status, out, err } = await run(['check', name], { [name]: text })
    expect([status, out, err]).toEqual([2, '0 workloads, 0 gunicorn commands: 1 unreadable\n', `paddock: ${name}: ${understood}\n`])
    const explained = await run(['explain', name], { [name]: text })
    expect([explained.status, explained.out]).toEqual([2, ''])
    expect(explained.err).toContain(`paddock: ${name}: is not a file that can be explained`)
  })

  test.each([['a Service', 'kind: Service\napiVersion: v1\n'], ['values', 'replicas: 2\n'], ['nothing', '']])(
    '%s is read, and there is nothing to check in it',
    async (_, text) => {
      const { status, out, err } = await run(['check', 'a.yaml'], { 'a.yaml': text })
      expect([status, out, err]).toEqual([0, '1 file, 0 workloads, 0 gunicorn commands: nothing to check\n', ''])
    },
  )

  test('standard input is what --stdin-filename says, and else has to be manifests', async () => {
    const input = 'web: gunicorn -k nope shop:app\n'
    const refused = await run(['check', '-'], {}, { input })
    expect([refused.status, refused.err]).toEqual([2,
      `paddock: standard input: ${understood} (say what it is by --stdin-filename Procfile)\n`])
    const read = await run(['check', '--stdin-filename', 'Procfile', '-'], {}, { input })
    expect(read.status).toBe(1)
    expect(read.out).toContain('Procfile:1:18: deny: web: ')
    const mended = await run(['check', '--fix', '--stdin-filename', 'Procfile', '-'], {}, { input: 'web: gunicorn shop:app\n' })
    expect(mended.out).toMatch(/^web: gunicorn shop:app .*-b :\$PORT /)
  })

  test('a process of a BkApp that is none, and an image, are explained as what they are', async () => {
    const app =
      'apiVersion: paas.bk.tencent.com/v1alpha2\nkind: BkApp\nmetadata: {name: shop}\nspec: {processes: [{name: web, procCommand: gunicorn shop}]}\n'
    expect((await run(['explain', 'a.yaml'], { 'a.yaml': app })).out).toBe(
      'a.yaml: BkApp "shop", container "web": spec.processes[0].procCommand: Invalid value: "gunicorn shop": must be `command` and `args`, as this is no field of a BkApp\n',
    )
    expect((await run(['explain', 'a.yaml'], { 'a.yaml': deployment('image: registry.test/shop') })).out).toContain(
      'Required value: must name the command to be checked',
    )
    expect((await run(['explain', 'a.yaml'], { 'a.yaml': deployment('image: nginx') })).err).toBe(
      'paddock: a.yaml: no gunicorn is started here, as far as can be seen\n',
    )
  })

  test('of files that have changed, what is none that is read stands for the Procfile beside it', async () => {
    const files = { 'shop/Procfile': 'web: gunicorn -k gevent shop:app\n', 'shop/requirements.txt': 'gunicorn\n', 'shop/bin/start.sh': '',
      'docker-compose.yml': 'services: {web: {command: gunicorn app}}\n' }
    for (const changed of ['shop/requirements.txt', 'shop/gunicorn.conf.py', 'shop/runtime.txt', 'shop/bin/start.sh', 'shop/Procfile']) {
      const { status, out } = await run(['check', '--changed', changed], files)
      expect([status, out.includes('shop/Procfile:1:'), out.includes('missing-worker-dependency')]).toEqual([1, true, true])
    }
    const chart = { 'c/Chart.yaml': 'name: c\n', 'c/templates/a.yaml': '{{- if }}\n' }
    const { status, out, err } = await run(['check', '--changed', 'docker-compose.yml', 'README.md', 'c/templates/a.yaml'], { ...files,
      ...chart })
    expect([status, out, err]).toEqual([0, '0 workloads, 0 gunicorn commands: nothing to check\n', ''])
  })
})

describe('kinds that are not known', () => {
  test.each([
    ['apiVersion: apps/v1\nkind: Deploymnet', 'apps/v1 Deploymnet', ': did you mean apps/v1 Deployment?'],
    ['apiVersion: extensions/v1beta1\nkind: Deployment', 'extensions/v1beta1 Deployment', ': did you mean apps/v1 Deployment?'],
    ['apiVersion: flink.test/v1\nkind: Cluster', 'flink.test/v1 Cluster', ''],
  ])('%j is looked at by its shape', async (head, name, question) => {
    const { status, out, err } = await run(['check', '--fix', 'a.yaml'], {
      'a.yaml': deployment('command: [gunicorn, -k, nope, app]', head),
    })
    expect(err).toBe(
      `paddock: a.yaml:1: ${name} is a kind that Paddock does not know, and its pod template is looked at by its shape${question}\n`,
    )
    expect([status, out.includes('spec.template.spec.containers[0].command[2]: Unsupported value: "nope"')]).toEqual([1, true])
  })

  test('each of several pod templates is a workload', async () => {
    const worker = (name: string): string =>
      `{replicas: 1, template: {spec: {containers: [{name: ${name}, command: [gunicorn, -k, nope, app]}]}}}`
    const { out } = await run(['check', 'a.yaml'], {
      'a.yaml': `apiVersion: ray.test/v1\nkind: Cluster\nmetadata: {name: r}\nspec: {head: ${worker('a')}, groups: [${worker('b')}, ${
        worker('c')
      }]}\n`,
    })
    expect(out.match(/Unsupported value: "nope"/g)).toHaveLength(3)
    expect(out).toContain('spec.groups[1].template.spec.containers[0].command[2]')
  })

  test('what has none, and speaks of gunicorn where commands stand, is passed over and said', async () => {
    const workflow = 'apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: [{container: {command: [gunicorn, app]}}]}\n'
    const { status, out, err } = await run(['check', 'a.yaml'], { 'a.yaml': workflow })
    expect([status, out, err]).toEqual([0, '1 file, 0 workloads, 0 gunicorn commands, 1 passed over: nothing to check\n',
      'paddock: a.yaml:1: argoproj.io/v1alpha1 Workflow is a kind that Paddock does not know, and it mentions gunicorn: it is not looked at\n'])
    const config = 'apiVersion: v1\nkind: ConfigMap\ndata: {start: exec gunicorn app}\n'
    expect((await run(['check', 'a.yaml'], { 'a.yaml': config })).err).toBe('')
  })

  test('DeploymentConfig and Template of OpenShift, whose parameters are filled in', async () => {
    const template = `apiVersion: template.openshift.io/v1
kind: Template
parameters: [{name: WORKERS, value: "x"}, {name: PORT}]
objects:
  - apiVersion: apps.openshift.io/v1
    kind: DeploymentConfig
    metadata: {name: shop}
    spec: {template: {spec: {containers: [{name: app, command: [gunicorn, -w, "\${WORKERS}", -b, ":\${PORT}", app]}]}}}
`
    const { status, out } = await run(['check', 'a.yaml'], { 'a.yaml': template })
    expect(status).toBe(1)
    expect(out.match(/deny: .*/g)).toEqual([
      'deny: spec.template.spec.containers[0].command[2]: Invalid value: "x": gunicorn refuses it: argument -w/--workers: invalid int value: \'x\' [invalid-setting]',
    ])
  })
})

describe('what is mended', () => {
  test('is fixable until it is written, and fixed then', async () => {
    const files = { 'a.yaml': deployment('command: [gunicorn, app]') }
    const before = JSON.parse((await run(['check', '--format', 'json', 'a.yaml'], files)).out)
    const after = JSON.parse((await run(['check', '--fix', '--format', 'json', 'a.yaml'], files)).out)
    const count = before.summary.fixable
    expect(count).toBeGreaterThan(0)
    expect([before.summary.fixed, after.summary.fixed, after.summary.fixable]).toEqual([0, count, count])
    const flags = ({ workloads }: typeof before): unknown =>
      workloads[0].findings.filter((one: { action: string }) => one.action === 'Fix').map((one: { fixable: boolean; fixed: boolean }) =>
        [one.fixable, one.fixed].join()
      )
    expect([new Set(flags(before) as string[]), new Set(flags(after) as string[])]).toEqual([new Set(['true,false']),
      new Set(['true,true'])])
  })

  test('is counted as it is told of each finding, where an edit is refused', async () => {
    // Two containers share one list, so that it cannot be mended for one.
    const shared =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: a\n      command: &c [gunicorn, app]\n    - {name: b, command: *c}\n'
    const files = { 'a.yaml': shared, 'b.yaml': deployment('command: [gunicorn, app]') }
    const outputs = ['--format', 'json', '--format', 'text=out.txt', '--format', 'junit=out.xml', '--format', 'sarif=out.sarif']
    const { status, out, files: after } = await run(['check', '--fix', '--fail-on', 'fix', ...outputs, 'a.yaml', 'b.yaml'], files)
    const { summary, workloads } = JSON.parse(out)
    const told = workloads.map(({ findings }: { findings: { fixable: boolean; fixed: boolean }[] }) =>
      findings.filter(({ fixable }) => fixable).map(({ fixed }) => fixed)
    )
    expect(told.map((flags: boolean[]) => [...new Set(flags)])).toEqual([[false], [true]])
    expect([summary.fixable, summary.fixed]).toEqual([told.flat().length, told[1].length])
    expect([status, after['a.yaml'], after['b.yaml'] === files['b.yaml']]).toEqual([1, shared, false])
    expect(after['out.txt']).toContain(` ${summary.fixed} fixed, ${told[0].length} not fixed, `)
    expect(after['out.xml']).toContain('failures="1"')
    const properties = JSON.parse(after['out.sarif'] ?? '').runs[0].results.map((
      one: { properties: { fixable: boolean; fixed: boolean } },
    ) => one.properties)
    expect([properties.filter((one: { fixable: boolean }) => one.fixable).length,
      properties.filter((one: { fixed: boolean }) => one.fixed).length]).toEqual([summary.fixable, summary.fixed])
    // What is not written is not mended, either.
    const dry = JSON.parse((await run(['check', '--format', 'json', 'a.yaml', 'b.yaml'], files)).out).summary
    expect([dry.fixable, dry.fixed]).toEqual([summary.fixable, 0])
  })

  test('is not told as if it were still there; what is left is', async () => {
    const files = { 'a.yaml': deployment('command: [gunicorn, app, -t, "10"]') }
    const before = await run(['check', 'a.yaml'], files)
    expect(before.out).toContain('= Add `--access-logfile -`.')
    const after = await run(['check', '--fix', 'a.yaml'], files)
    expect([after.out.includes('missing-access-log'), after.out.includes('short-timeout'), / \d fixed/.test(last(after.out))]).toEqual([
      false,
      true,
      true,
    ])
  })

  test('of what could not be mended nothing is left out', async () => {
    const files = {
      'a.yaml':
        'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: a\n      command: &c [gunicorn, app]\n    - {name: b, command: *c}\n',
    }
    const { out, err } = await run(['check', '--fix', 'a.yaml'], files)
    expect([err.includes('not fixed'), out.includes('missing-access-log')]).toEqual([true, true])
  })
})

describe('what is asked for and cannot be had', () => {
  test('a preset beside policies is refused', async () => {
    const files = { 'a.yaml': deployment('command: [gunicorn, app]'),
      'p.yaml':
        'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: p}\nspec: {preset: kubernetes, rules: {few-workers: Off, missing-workers: {action: Warn, otherwise: Off}}}\n' }
    const { status, err } = await run(['check', '--policy', 'p.yaml', '--preset', 'heroku', 'a.yaml'], files)
    expect([status, err]).toEqual([2, 'paddock: --preset heroku and --policy cannot go together: write `preset: heroku` in the policy\n'])
    expect((await run(['policy', 'validate', 'p.yaml'], files)).status).toBe(0)
    expect((await run(['policy', 'explain', 'shop', 'a.yaml', '--policy', 'p.yaml'], files)).out).toMatch(/few-workers +Off/)
  })

  test('`explain` says that a command stands behind `--`', async () => {
    const { status, err } = await run(['explain', 'gunicorn', '-w', '4', 'app'])
    expect([status, err]).toEqual([2,
      "error: unknown option '-w'\npaddock: a command stands behind `--`: `paddock explain -- gunicorn -w 4 app:app`\n"])
  })

  test.each([
    [['--log-fille', '-', 'app:app'], '  refused: unrecognized arguments: --log-fille: did you mean --log-file?'],
    [['--wrokers', '4', 'app:app'], '  refused: unrecognized arguments: --wrokers: did you mean --workers?'],
    [['-k', 'nosuch', 'app:app'], '  fails: no release that it may be has a worker class "nosuch"'],
  ])('`explain` says nothing of the end of what does not begin: %s', async (words, line) => {
    const { out } = await run(['explain', '--', 'gunicorn', ...words])
    expect([out.includes(line), out.includes('SIGTERM')]).toEqual([true, false])
  })
})

describe('a fault of a config file stands there', () => {
  const manifest = (mount: string): string => deployment(`command: [gunicorn, -c, /etc/g/conf.py, app]${mount}`)
  const mounted = `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers: [{name: app, command: [gunicorn, -c, /etc/g/conf.py, app], volumeMounts: [{name: conf, mountPath: /etc/g}]}]
      volumes: [{name: conf, configMap: {name: settings}}]
`
  const configMap =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  conf.py: |\n    # first\n    workers = 2\n    if True:\n        timeut = 10\n'

  test.each([
    ['of a repository', ['Procfile'], { Procfile: 'web: gunicorn app\n', 'gunicorn.conf.py': 'workers = 2\n\ntimeut = 10\n' },
      'gunicorn.conf.py', 3, 1],
    ['of a repository below', ['shop'], { 'shop/Procfile': 'web: gunicorn app\n', 'shop/gunicorn.conf.py': 'timeut = 10\n' },
      'shop/gunicorn.conf.py', 1, 1],
    ['handed over', ['--config-file', '/etc/g/conf.py=here/conf.py', 'a.yaml'], { 'a.yaml': manifest(''),
      'here/conf.py': '\ntimeut = 10\n' }, 'here/conf.py', 2, 1],
    ['in a ConfigMap of another file', ['a.yaml', 'b.yaml'], { 'a.yaml': mounted, 'b.yaml': configMap }, 'b.yaml', 9, 9],
    ['in a ConfigMap of the same file', ['a.yaml'], { 'a.yaml': `${mounted}---\n${configMap}` }, 'a.yaml', 18, 9],
  ] as const)('%s', async (_, argv, files, name, line, column) => {
    const text = await run(['check', ...argv], files)
    expect(text.out).toContain(`${name}:${line}:${column}: warn: `)
    const annotations = await run(['check', '--format', 'github', ...argv], files)
    expect(annotations.out).toContain(`::warning file=${name},line=${line},col=${column},`)
    const sarif = JSON.parse((await run(['check', '--format', 'sarif', ...argv], files)).out)
    const { locations } = sarif.runs[0].results.find(({ ruleId }: { ruleId: string }) => ruleId === 'ignored-name')
    expect(locations[0].physicalLocation).toMatchObject({ artifactLocation: { uri: name },
      region: { startLine: line, startColumn: column } })
    const { summary } = JSON.parse((await run(['check', '--format', 'json', ...argv], files)).out)
    expect(summary.workloads).toBe(1)
  })
})
