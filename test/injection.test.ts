/** Settings that go into the variables of a container: `injection: Environment`. */
import { describe, expect, test } from '@jest/globals'
import { override } from '../src/policy/policy.ts'
import { presetNamed } from '../src/policy/read.ts'
import { rules } from '../src/rules/index.ts'
import { mend } from './rule-fixture.ts'

interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: object
}

// dprint-ignore: a list of words
const mending = [
  'bare-port', 'daemonized', 'ignored-port', 'literal-port', 'log-file', 'loopback-bind', 'missing-access-log', 'missing-bind', 'missing-worker-dependency',
  'missing-workers', 'reloading', 'unwritable-control-socket',
]

/** Few defaults, so that it is seen at a glance what is put in. */
const policy = override(presetNamed('blueking'), 'variables', {
  injection: 'Environment',
  defaults: { errorlog: null, access_log_format: null },
  rules: {
    ...Object.fromEntries(rules.map(({ id }) => [id, 'Off'])),
    ...Object.fromEntries(mending.map((id) => [id, 'Fix'])),
    'invalid-setting': 'Deny',
  },
  workerFallback: 'gthread',
})

const podOf = (containers: readonly object[], annotations: Record<string, string> = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shop', annotations },
  spec: { containers: containers.map((container, index) => ({ name: `c${index}`, ...container })) },
})

interface Container {
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly object[]
}

const containersOf = (pod: object): readonly Container[] => (pod as { spec: { containers: Container[] } }).spec.containers

/** The variables as lines, and what was not mended, of the first container. Whatever is tried, the command stays and a second time changes nothing. */
function outcome(containers: readonly Container[], annotations?: Record<string, string>): { env: string[]; left: string[] } {
  const pod = podOf(containers, annotations)
  const { findings, fixed } = mend(pod, policy)
  const again = mend(fixed, policy)
  expect(again.fixed).toEqual(fixed)
  const words = (object: object) => containersOf(object).map(({ command, args, envFrom }) => ({ command, args, envFrom }))
  expect(words(fixed)).toEqual(words(pod))
  // What is left is what a second look finds.
  const left = again.findings.map(({ action, message }) => `${action} ${message.replace('spec.containers[0].', '')}`)
  expect(findings.filter(({ action }) => action !== 'Fix').length).toBe(left.length)
  const [first] = containersOf(fixed)
  return { env: (first?.env ?? []).map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)), left }
}

const cmdArgs = (value: string): EnvVar => ({ name: 'GUNICORN_CMD_ARGS', value })
const elsewhere = (name: string): EnvVar => ({ name, valueFrom: { configMapKeyRef: { name: 'settings', key: name } } })
const gunicorn = ['gunicorn', 'shop.wsgi']
const usual = ['PORT=5000', 'WEB_CONCURRENCY=4', 'GUNICORN_CMD_ARGS=--bind=:$(PORT) --access-logfile=-']
const logOnly = 'GUNICORN_CMD_ARGS=--access-logfile=-'

describe('what is put in', () => {
  test.each<[string, Container, string[]]>([
    ['nothing is set', { command: gunicorn }, usual],
    ['there is an empty list', { command: gunicorn, env: [] }, usual],
    ['in a script', { command: ['sh', '-c', 'migrate && exec gunicorn shop.wsgi'] }, usual],
    ['in a script within a script, which cannot be edited', { command: ['sh', '-c', 'exec su-exec app sh -c "gunicorn shop.wsgi"'] },
      usual],
    ['the port is defined', { command: gunicorn, env: [{ name: 'PORT', value: '80' }] }, ['PORT=80', ...usual.slice(1)]],
    ['some is set on the command line', { command: [...gunicorn, '-w', '2', '-b', ':5000'] }, [logOnly]],
    ['some is set in GUNICORN_CMD_ARGS', { command: gunicorn, env: [cmdArgs('-w 2 --threads 4')] }, ['PORT=5000',
      'GUNICORN_CMD_ARGS=-w 2 --threads 4 --bind=:$(PORT) --access-logfile=-']],
    ['WEB_CONCURRENCY is a choice of workers', { command: gunicorn, env: [{ name: 'WEB_CONCURRENCY', value: '2' }] }, ['WEB_CONCURRENCY=2',
      'PORT=5000', usual[2] ?? '']],
    ['GUNICORN_CMD_ARGS is empty', { command: [...gunicorn, '-w4', '-b:5000'], env: [cmdArgs('')] }, [logOnly]],
    ['it has no value', { command: [...gunicorn, '-w4', '-b:5000'], env: [{ name: 'GUNICORN_CMD_ARGS' }] }, [logOnly]],
    ['it ends in a line break', { command: [...gunicorn, '-w4', '-b:5000'], env: [cmdArgs('-t 60\n')] }, [
      'GUNICORN_CMD_ARGS=-t 60 --access-logfile=-\n',
    ]],
    ['-- stands in it', { command: [...gunicorn, '-w4', '-b:5000'], env: [cmdArgs('-t 60 -- x')] }, [
      'GUNICORN_CMD_ARGS=-t 60 --access-logfile=- -- x',
    ]],
    ['a quoted -- is one, too', { command: [...gunicorn, '-w4', '-b:5000'], env: [cmdArgs('-t 60 "--" x')] }, [
      'GUNICORN_CMD_ARGS=-t 60 --access-logfile=- "--" x',
    ]],
    ['it ends in an escaped blank', { command: [...gunicorn, '-w4', '-b:5000'], env: [cmdArgs('-n a\\ ')] }, [
      'GUNICORN_CMD_ARGS=-n a\\  --access-logfile=-',
    ]],
    ['of two, the last one counts', { command: [...gunicorn, '-w4', '-b:5000'], env: [cmdArgs('-t 60'), cmdArgs('-t 70')] }, [
      'GUNICORN_CMD_ARGS=-t 60',
      'GUNICORN_CMD_ARGS=-t 70 --access-logfile=-',
    ]],
    ['it refers to variables above it', { command: [...gunicorn, '-w4', '-b:5000'], env: [{ name: 'T', value: '60' }, cmdArgs('-t $(T)')] },
      ['T=60', 'GUNICORN_CMD_ARGS=-t $(T) --access-logfile=-']],
    ['the port stands above it', { command: [...gunicorn, '-w4'], env: [{ name: 'PORT', value: '80' }, cmdArgs('-t 60')] }, ['PORT=80',
      'GUNICORN_CMD_ARGS=-t 60 --bind=:$(PORT) --access-logfile=-']],
    ['a script speaks of gunicorn', {
      command: ['sh', '-c', '# gunicorn, at last\necho "starting gunicorn"; sh -c \'exec gunicorn -n "$0" shop.wsgi # gunicorn\' shop'],
    }, usual],
    ['two gunicorns need the same', { command: ['sh', '-c', 'gunicorn a & gunicorn b'] }, usual],
    ['another gunicorn has it on its command line', { command: ['sh', '-c', 'gunicorn a & gunicorn b -w 1 -b unix:/run/b.sock'] }, usual],
    ['the configuration is checked first', { command: ['sh', '-c', 'gunicorn --check-config a && exec gunicorn a'] }, usual],
    ['another program reads WEB_CONCURRENCY', { command: ['sh', '-c', 'uvicorn b & gunicorn a -b :5000'] }, [
      'GUNICORN_CMD_ARGS=--workers=4 --access-logfile=-',
    ]],
    ['the script reads WEB_CONCURRENCY', { command: ['sh', '-c', 'celery -c ${WEB_CONCURRENCY:-1} & gunicorn a -b :5000'] }, [
      'GUNICORN_CMD_ARGS=--workers=4 --access-logfile=-',
    ]],
  ])('%s', (_, container, env) => {
    expect(outcome([container])).toEqual({ env, left: [] })
  })
})

describe('what stands in GUNICORN_CMD_ARGS is mended there', () => {
  const rest = ['-w', '4', '--access-logfile', '-']
  test.each<[string, Container, string[]]>([
    ['a loopback address', { command: [...gunicorn, ...rest], env: [cmdArgs('-b 127.0.0.1:5000 -t 60')] }, [
      'GUNICORN_CMD_ARGS=-b 0.0.0.0:5000 -t 60',
    ]],
    ['a fixed port', { command: [...gunicorn, ...rest], env: [cmdArgs('--bind=0.0.0.0:80')] }, ['PORT=5000',
      'GUNICORN_CMD_ARGS=--bind=0.0.0.0:$(PORT)']],
    ['a variable that nobody expands', { command: [...gunicorn, ...rest], env: [{ name: 'A', value: 'x' }, cmdArgs("-b ':$PORT'")] }, [
      'A=x',
      'PORT=5000',
      'GUNICORN_CMD_ARGS=-b :$(PORT)',
    ]],
    ['a log file, quoted', { command: [...gunicorn, '-w', '4', '-b', ':$(PORT)'],
      env: [{ name: 'PORT', value: '1' }, cmdArgs("'--access-logfile=/tmp/a b'")] }, ['PORT=1', 'GUNICORN_CMD_ARGS=--access-logfile=-']],
    ['an option that is not to be there', { command: [...gunicorn, ...rest, '-b', ':5000'], env: [cmdArgs('--reload -t 60')] }, [
      'GUNICORN_CMD_ARGS=-t 60',
    ]],
    ['the only one', { command: [...gunicorn, ...rest, '-b', ':5000'], env: [cmdArgs('--reload')] }, ['GUNICORN_CMD_ARGS=']],
    ['one among short ones', { command: ['gunicorn', '-b', ':5000', '--access-logfile', '-', 'a'], env: [cmdArgs('-t 60 -Dw4\n')] }, [
      'GUNICORN_CMD_ARGS=-t 60 -w4\n',
    ]],
    ['two that are not to be there, and one that is', { command: ['gunicorn', '-w4', '-b', ':5000', 'a'],
      env: [cmdArgs('-D -t 60 --reload')] }, ['GUNICORN_CMD_ARGS=-t 60 --access-logfile=-']],
    ['a port that is taken for a host', { command: [...gunicorn, ...rest], env: [cmdArgs('-b 5000')] }, ['GUNICORN_CMD_ARGS=-b :5000']],
  ])('%s', (_, container, env) => {
    const { env: after, left } = outcome([container])
    expect(left).toEqual([])
    expect(after).toEqual(env)
  })
})

describe('what is left alone, and said', () => {
  const notMended = (what: string, reason: string, rule: string, field = 'command') =>
    `Warn ${field}: Required value: \`${what}\` must be set, and is not mended, as ${reason} [${rule}]`
  const all = (reason: string, field?: string): string[] => [
    notMended('accesslog', reason, 'missing-access-log', field),
    notMended('bind', reason, 'missing-bind', field).replace('must be set', 'must be set to the port in PORT'),
    notMended('workers', reason, 'missing-workers', field),
  ]
  const shared = 'another gunicorn of the container reads the same variables'
  const hidden = 'the command may start another gunicorn, which would read the same variables'
  const bare: string[] = all('').map((line) => line.replace(', and is not mended, as ', ''))
  const own = 'the container reads or sets GUNICORN_CMD_ARGS itself'
  const below = 'PORT is defined below GUNICORN_CMD_ARGS, which cannot refer to it'

  test.each<[string, Container, string[], Record<string, string>?]>([
    ['another gunicorn reads a config file', { command: ['sh', '-c', 'gunicorn a & gunicorn -c x.py b'] }, all(shared, 'command[2]')],
    ['another gunicorn gets words that are not known', {
      command: ['sh', '-c', 'gunicorn $OPTIONS -w 2 -b :5001 --access-logfile - a & gunicorn b'],
    }, all(shared, 'command[2]')],
    ['a program that is not known', { command: ['sh', '-c', '${SERVER:-gunicorn} -c x.py a & gunicorn b'] }, all(hidden, 'command[2]')],
    ['a command within an argument', { command: ['sh', '-c', 'litestream replicate -exec "gunicorn -c x.py a" & gunicorn b'] },
      all(shared, 'command[2]')],
    ['env -i', { command: ['env', '-i', ...gunicorn] }, bare],
    ['an environment that a script empties', { command: ['bash', '-c', 'exec -c gunicorn -w4 -b:5000 shop.wsgi'] }, [
      'Warn command[2]: Required value: `accesslog` must be set [missing-access-log]',
    ]],
    ['a script in an empty environment', { command: ['env', '-i', 'sh', '-c', 'gunicorn -w4 -b:5000 shop.wsgi'] }, [
      'Warn command[4]: Required value: `accesslog` must be set [missing-access-log]',
    ]],
    ['sudo', { command: ['sudo', '-u', 'app', ...gunicorn] }, bare],
    ['a value that nobody can read', { command: [...gunicorn, '-w4', '-b:5000'], env: [cmdArgs("-n 'shop")] }, [
      'Deny env[0].value: Invalid value: "-n \'shop": gunicorn refuses it: No closing quotation [invalid-setting]',
      notMended('accesslog', 'GUNICORN_CMD_ARGS cannot be read: No closing quotation', 'missing-access-log'),
    ]],
    ['an older release', { command: [...gunicorn, '-w4', '-b:5000'] }, [
      notMended('accesslog', 'gunicorn 19.6.0 does not read GUNICORN_CMD_ARGS', 'missing-access-log'),
    ], { 'paddock.dev/gunicorn': '19.6.0' }],
    ['an older release, by the requirements', { command: [...gunicorn, '-w4', '-b:5000'] }, [
      notMended('accesslog', 'gunicorn 19.6.0 does not read GUNICORN_CMD_ARGS', 'missing-access-log'),
    ], { 'paddock.dev/requirements': 'gunicorn==19.6.0\n' }],
    ['the port stands below', { command: [...gunicorn, '-w4', '--access-logfile=-'],
      env: [cmdArgs('-t 60'), { name: 'PORT', value: '80' }] }, [
      notMended('bind', below, 'missing-bind').replace('must be set', 'must be set to the port in PORT'),
    ]],
    ['a value from elsewhere', { command: [...gunicorn, '-w4', '--access-logfile=-'], env: [elsewhere('GUNICORN_CMD_ARGS')] }, [
      'Warn command: Required value: `bind` must be set, and GUNICORN_CMD_ARGS, whose value is not known here, may set it [missing-bind]',
    ]],
    ['a script that sets it', { command: ['sh', '-c', 'export GUNICORN_CMD_ARGS="-w 4 -b :5000"; gunicorn a'] }, [
      notMended('accesslog', own, 'missing-access-log', 'command[2]'),
    ]],
    ['a script that reads it', { command: ['sh', '-c', 'echo "$GUNICORN_CMD_ARGS"; gunicorn -w4 -b:5000 a'] }, [
      notMended('accesslog', own, 'missing-access-log', 'command[2]'),
    ]],
    ['a variable that refers to it', { command: ['gunicorn', '-w4', '-b:5000', 'a'],
      env: [cmdArgs('-t 60'), { name: 'OTHER', value: '$(GUNICORN_CMD_ARGS)' }] }, [notMended('accesslog', own, 'missing-access-log')]],
    ['the command line', { command: [...gunicorn, '-w4', '-b', '127.0.0.1:5000', '--access-logfile=-'] }, [
      'Warn command[4]: Invalid value: "127.0.0.1:5000": must not be a loopback address, and is not mended, as the command is not changed where injection is Environment [loopback-bind]',
    ]],
    ['an option on the command line', { command: ['gunicorn', '-w4', '-b:5000', '--access-logfile=-', '--reload', 'a'] }, [
      'Warn command[4]: Invalid value: "--reload": must not be used outside of development, and is not mended, as the command is not changed where injection is Environment [reloading]',
    ]],
    ['a $( that is not closed', { command: [...gunicorn, '-w4', '--access-logfile=-'],
      env: [{ name: 'PORT', value: '80' }, cmdArgs('-n $(X')] }, [
      'Warn command: Required value: `bind` must be set to the port in PORT [missing-bind]',
    ]],
  ])('%s', (_, container, left, annotations = {}) => {
    const { env, left: told } = outcome([container], annotations)
    expect(told).toEqual(left)
    expect(env).toEqual((container.env ?? []).map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)))
  })

  test('an option without a value is put in as one', () => {
    const container = { command: ['gunicorn', '-w4', '-b:5000', '--access-logfile=-', 'a'],
      securityContext: { readOnlyRootFilesystem: true } }
    expect(outcome([container], { 'paddock.dev/gunicorn': '25.1.0' })).toEqual({ env: ['GUNICORN_CMD_ARGS=--no-control-socket'], left: [] })
  })

  test('a config file that is named is left to say what it will', () => {
    expect(outcome([{ command: ['gunicorn', '-c', 'x.py', 'a'] }])).toEqual({ env: [], left: [] })
    expect(outcome([{ command: ['gunicorn', 'a'], env: [cmdArgs('-c x.py')] }])).toEqual({ env: ['GUNICORN_CMD_ARGS=-c x.py'], left: [] })
  })
})

describe('an image whose entry point is out of sight', () => {
  const said = { 'paddock.dev/gunicorn': '23.0.0' }
  const requires = { 'paddock.dev/requirements': 'gunicorn==23.0.0\n' }

  test.each<[string, readonly Container[], Record<string, string>]>([
    ['the annotation says so', [{}], said],
    ['with arguments that begin with an option', [{ args: ['--threads', '2', '--preload'] }], said],
    ['with arguments that begin with an application', [{ args: ['shop.wsgi:app', '--threads', '2'] }], said],
    ['requirements list it, and the arguments name an application', [{ args: ['--threads=2', 'shop.wsgi:app'] }], requires],
    ['beside a container with a command', [{}, { command: ['exporter'] }], said],
    ['beside one whose arguments are for another program', [{}, { args: ['proxy', 'sidecar'] }], said],
    ['beside one whose options are for another program', [{}, { args: ['--config.file=/etc/x', '--storage=1'] }], said],
  ])('%s', (_, containers, annotations) => {
    expect(outcome(containers, annotations)).toEqual({ env: usual, left: [] })
  })

  test.each<[string, readonly Container[], Record<string, string>]>([
    ['nothing says so', [{ args: ['shop.wsgi:app', '-w', '4'] }], {}],
    ['requirements alone: it may start anything', [{}], requires],
    ['a worker of the same image', [{ command: ['celery', 'worker'] }], said],
    ['it could be either', [{}, {}], said],
    ['arguments that gunicorn would refuse', [{ args: ['--no-such-option'] }], said],
    ['arguments that begin with another program', [{ args: ['celery', 'worker'] }], said],
    ['a gunicorn that is in sight', [{ command: ['nginx'] }, { command: [...gunicorn, '-w4', '-b:5000', '--access-logfile=-'] }], said],
  ])('is left alone: %s', (_, containers, annotations) => {
    expect(outcome(containers, annotations)).toEqual({ env: [], left: [] })
  })

  test('its arguments are read', () => {
    expect(outcome([{ args: ['-b', ':5000', '-w4'] }], said)).toEqual({ env: [logOnly], left: [] })
  })

  test('where settings go onto the command line, it is not looked at', () => {
    const pod = podOf([{}], said)
    expect(mend(pod, { ...policy, injection: 'Command' })).toEqual({ findings: [], fixed: pod })
  })
})

describe('a BkApp, whose processes share their variables', () => {
  test.each([
    ['without a configuration', {}],
    ['with an empty configuration', { configuration: {} }],
    ['with variables', { configuration: { env: [] } }],
  ])('the port is put in once, %s', (_, more) => {
    const process = { command: ['gunicorn', 'app:app', '-b', '$PORT'] }
    const app = { apiVersion: 'paas.bk.tencent.com/v1alpha2', kind: 'BkApp', metadata: { name: 'shop' },
      spec: { ...more, processes: [{ name: 'web', ...process }, { name: 'api', ...process }] } }
    const { fixed } = mend(app, policy)
    expect(fixed).toEqual({ ...app, spec: { ...app.spec, configuration: { env: [{ name: 'PORT', value: '5000' }] } } })
    expect(mend(fixed, policy).fixed).toEqual(fixed)
  })
})
