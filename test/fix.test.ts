/** What is put in: that it can be put in, that it holds, and that nothing else says otherwise. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Action } from '../src/rules/rule.ts'
import type { PolicySpec } from '../src/policy/policies.ts'
import { rules } from '../src/rules/index.ts'
import { Admission, podWith } from './admitted.ts'

/** The same in each run, unless another one is asked for. */
const seed = Number(process.env['PADDOCK_SEED'] ?? 1)

interface Env {
  readonly spec: { readonly containers: readonly { readonly env?: readonly { readonly name: string }[] }[] }
}

/** A Pod with the port variable as another one defines it: once that is known, so is more of what reads it. */
function withPortOf(fixed: object, object: object): object {
  const [{ env = [] } = {}] = (object as Partial<Env>).spec?.containers ?? []
  const port = (fixed as Partial<Env>).spec?.containers?.[0]?.env?.filter(({ name }) => name === 'PORT') ?? []
  if (port.length === 0 || env.some(({ name }) => name === 'PORT')) return object
  const result = structuredClone(object) as { spec: { containers: { env?: object[] }[] } }
  const [container] = result.spec.containers
  if (container) container.env = [...env, ...port]
  return result
}

const ids = rules.map(({ id }) => id)

/** What holds of every object: the patch applies, denies nothing, holds, and is not made twice. How many rules are told as mended. */
function expectSettled(spec: PolicySpec, object: object): number {
  const admission = new Admission(spec)
  const { object: fixed, mended, denied, foundAgain } = admission.admitted(object)
  const before = admission.validated(withPortOf(fixed, object))
  if (before.denied.length === 0) expect(denied).toEqual([])
  expect(admission.mutated(fixed)).toEqual({ object: fixed, mended: [] })
  expect(foundAgain).toEqual([])
  return mended.length
}

const bkapp = (processes: readonly object[], rest: object = {}): object => ({
  apiVersion: 'paas.bk.tencent.com/v1alpha2',
  kind: 'BkApp',
  metadata: { name: 'shop', annotations: { 'bkapp.paas.bk.tencent.com/use-cnb': 'true' } },
  spec: { build: { image: 'x' }, processes, ...rest },
})

describe('a BkApp whose processes are named in the image', () => {
  test.each(['blueking', 'kubernetes'] as const)('%s: nothing is put in, whatever stands beside the name', (preset) => {
    const admission = new Admission({ preset })
    for (const words of [{}, { args: ['python', 'x.py'] }, { command: ['python', 'x.py'] }, { command: ['gunicorn'],
      args: ['shop:app', '-b', '127.0.0.1:$PORT'] }, { procCommand: 'gunicorn' }])
      for (const name of ['gunicorn', 'web', '']) {
        const object = bkapp([{ name, replicas: 1, ...words }])
        expect(admission.mutated(object)).toEqual({ object, mended: [] })
      }
  })

  test('it is told at its name that nothing was checked', () => {
    expect(new Admission({}).validated(bkapp([{ name: 'gunicorn', args: ['python', 'x.py'] }]))).toEqual({ denied: [],
      told: ['unresolved-command'] })
  })
})

describe('a port variable that holds no port', () => {
  const read = (object: object): number => JSON.stringify(object).match(/\$[({]?PORT/g)?.length ?? 0
  const defined = (object: object): number => JSON.stringify(object).match(/"name":"PORT"/g)?.length ?? 0
  const wrong: readonly (readonly [name: string, env: readonly object[]])[] = [
    ['itself', [{ name: 'PORT', value: '$(PORT)' }]],
    ['by way of another', [{ name: 'A', value: '$(PORT)' }, { name: 'PORT', value: '$(A)' }]],
    ['escaped', [{ name: 'PORT', value: '$$(PORT)' }]],
    ['as a shell writes it', [{ name: 'HOST', value: '$PORT' }, { name: 'PORT', value: '$(HOST)' }]],
    ['a name', [{ name: 'PORT', value: 'http' }]],
    ['nothing', [{ name: 'PORT', value: '' }]],
    ['no value', [{ name: 'PORT' }]],
    ['a number that is none of a port', [{ name: 'PORT', value: '70000' }]],
    ['zero', [{ name: 'PORT', value: '0' }]],
    ['the second of two', [{ name: 'PORT', value: '5000' }, { name: 'PORT', value: 'http' }]],
    ["a Service's", [{ name: 'PORT', value: 'tcp://10.0.0.1:80' }]],
  ]
  const commands: readonly (readonly [name: string, container: object])[] = [
    ['a list', { command: ['gunicorn', 'app:app'] }],
    ['a list with more to mend', { command: ['gunicorn', '--daemon', 'app:app', '--access-logfile', 'x.log'] }],
    ['the port as a shell writes it', { command: ['gunicorn', '-b', ':$PORT', 'app:app'] }],
    ['with a default', { command: ['gunicorn', '-b', '0.0.0.0:${PORT:-8000}', 'app:app'] }],
    ['as Kubernetes writes it', { command: ['gunicorn', '-b', ':$(PORT)', 'app:app'] }],
    ['escaped', { command: ['gunicorn', '-b', ':$$(PORT)', 'app:app'] }],
    ['a fixed port', { command: ['gunicorn', '-b', ':8000', 'app:app'] }],
    ['loopback', { command: ['gunicorn', '-b', '127.0.0.1:8000', 'app:app'] }],
    ['a script', { command: ['sh', '-c', 'exec gunicorn app:app'] }],
    ['a script that reads it', { command: ['sh', '-c', 'exec gunicorn -b :$PORT app:app'] }],
    ['a script that reads it alone', { command: ['sh', '-c', 'exec gunicorn -b $PORT app:app'] }],
  ]
  const policies: readonly (readonly [name: string, spec: PolicySpec])[] = [
    ['blueking', {}],
    ['kubernetes', { preset: 'kubernetes' }],
    ['variables', { injection: 'Environment' }],
    ['all that can be mended', { rules: { 'ignored-port': 'Fix', 'loopback-bind': 'Fix', 'log-file': 'Fix' } }],
  ]

  test.each(policies)('%s: nothing is put in that reads it', (_, spec) => {
    for (const [, env] of wrong)
      for (const [, container] of commands)
        for (const more of [{}, { ports: [{ containerPort: 8080 }] }]) {
          const object = podWith({ ...container, ...more, env })
          const { object: fixed } = new Admission(spec).mutated(object)
          // What names it already may be written so that it is read, but only where that is no harm.
          expect([object, read(fixed), defined(fixed)]).toEqual([object, read(object), defined(object)])
          expectSettled(spec, object)
        }
  })

  test('what /validate denies is not let in by /mutate', () => {
    const object = podWith({ command: ['gunicorn', 'app:app'], env: [{ name: 'PORT', value: '$(PORT)' }] })
    const admission = new Admission({})
    expect(admission.validated(object).denied).toEqual(['invalid-setting'])
    expect(admission.admitted(object).denied).toEqual(['invalid-setting'])
    expect(admission.mutated(object).mended).not.toContain('missing-bind')
  })

  test('in a BkApp it is not defined twice', () => {
    const processes = [{ name: 'web', replicas: 1, command: ['gunicorn', 'app:app', '-b', ':$PORT'] }]
    const object = {
      apiVersion: 'paas.bk.tencent.com/v1alpha2',
      kind: 'BkApp',
      metadata: { name: 'shop' },
      spec: { build: { image: 'x' }, processes,
        configuration: { env: [{ name: 'HOST', value: '$PORT' }, { name: 'PORT', value: '$(HOST)' }] } },
    }
    expect(defined(new Admission({}).mutated(object).object)).toBe(1)
    expectSettled({}, object)
  })
})

describe('a port that an object names, and that is none', () => {
  test.each([0, -1, 70000, 1.5])('%d is not put in', (containerPort) => {
    const object = podWith({ command: ['gunicorn', 'app:app'], ports: [{ containerPort }] })
    const { object: fixed } = new Admission({}).mutated(object)
    expect((fixed as { spec: { containers: { env: object[] }[] } }).spec.containers[0]?.env).toEqual([{ name: 'PORT', value: '5000' }])
  })
})

describe('a default that the schema takes, and gunicorn refuses', () => {
  const object = (release?: string): object => ({ ...podWith({ command: ['gunicorn', 'app:app'] }),
    metadata: { name: 'web', annotations: release === undefined ? {} : { 'paddock.dev/gunicorn': release } } })
  const defaults: readonly [value: string, put: NonNullable<PolicySpec['defaults']>, object: object][] = [
    // A variable is taken for one of the platform's, and this one nobody fills.
    [':$PRT', { bind: ':$PRT' }, object()],
    ['$T', { timeout: '$T' }, object()],
    ['10.0.0.0/8', { forwarded_allow_ips: '10.0.0.0/8' }, object('23.0.0')],
  ]
  const actions: readonly [NonNullable<NonNullable<PolicySpec['rules']>[string]>, isPutIn: boolean][] = [
    ['Deny', false],
    [{ action: 'Fix', otherwise: 'Deny' }, false],
    [{ action: 'Fix', otherwise: 'Warn' }, true],
    ['Fix', true],
    ['Warn', true],
  ]
  const words = (given: object): readonly string[] =>
    (given as { spec: { containers: { command: string[] }[] } }).spec.containers[0]!.command

  test.each(actions)('invalid-setting: %j: is it put in? %s', (action, isPutIn) => {
    for (const [value, put, given] of defaults) {
      const { object: fixed, denied } = new Admission({ defaults: put, rules: { 'invalid-setting': action } }).admitted(given)
      expect([value, words(fixed).includes(value), denied]).toEqual([value, isPutIn, []])
    }
  })

  test('and it is put in where a release may be there that takes it', () => {
    expect(
      words(
        new Admission({ defaults: { forwarded_allow_ips: '10.0.0.0/8' }, rules: { 'invalid-setting': 'Deny' } }).mutated(object()).object,
      ),
    ).toContain('10.0.0.0/8')
  })
})

test('random variables and commands: patches apply, hold, and are not made twice', () => {
  const value = fc.constantFrom('5000', '8080', '$(PORT)', '$(A)', '$(B)', '$$(PORT)', '$PORT', 'http', '', '0', ':$(PORT)', '-b :$(PORT)',
    '127.0.0.1')
  const variable = fc.oneof(
    fc.record({ name: fc.constantFrom('PORT', 'PORT', 'A', 'B', 'GUNICORN_CMD_ARGS'),
      value: fc.oneof(value, fc.constantFrom('-w 2', '-b :8000')) }),
    fc.record({ name: fc.constant('WEB_CONCURRENCY'), value: fc.constantFrom('2', '4') }),
  )
  const word = fc.constantFrom('-b', ':$PORT', ':$(PORT)', '$(A)', ':$(A)', ':$$(PORT)', ':8000', '-b:$PORT', '--bind=$(B)', '--daemon',
    '-w2', '--', '-t 5', '--access-logfile=x.log', '127.0.0.1:$(PORT)')
  const container = fc.record({
    words: fc.array(word, { maxLength: 4 }),
    form: fc.constantFrom('list', 'script', 'export', 'args'),
    env: fc.option(fc.array(variable, { maxLength: 4 }), { nil: undefined }),
    ports: fc.constantFrom([], [{ containerPort: 8080 }]),
  }).map(({ words, form, env, ports }) => ({
    ...(form === 'list' ? { command: ['gunicorn', 'app:app', ...words] }
      : form === 'args' ? { command: ['gunicorn'], args: [...words, 'app:app'] }
      : { command: ['sh', '-c', `${form === 'export' ? 'export PORT=${PORT:-9000}; ' : ''}exec gunicorn app:app ${words.join(' ')}`] }),
    ...(env ? { env } : {}),
    ports,
  }))
  const spec = fc.constantFrom<PolicySpec>({}, { preset: 'kubernetes' }, { injection: 'Environment' }, {
    rules: { 'ignored-port': 'Fix', 'loopback-bind': 'Fix', 'log-file': 'Fix' },
  })
  fc.assert(fc.property(spec, container, (policy, one) => void expectSettled(policy, podWith(one))), {
    numRuns: Number(process.env['PADDOCK_RUNS'] ?? 150),
    seed,
  })
})

describe('what a policy puts in, and says something against', () => {
  const bare = { command: ['gunicorn', 'app:app'] }
  const commandOf = (object: object): string =>
    JSON.stringify((object as { spec: { containers: [{ command: string[] }] } }).spec.containers[0].command)
  const onDisk = { spec: { volumes: [{ name: 'shm', emptyDir: {} }] } }
  const cases: readonly (readonly [name: string, spec: PolicySpec, object: object, left: RegExp, told: readonly string[]])[] = [
    ['a fixed port, and it is denied to ignore PORT', { defaults: { bind: ':8000' }, rules: { 'ignored-port': 'Deny' } }, podWith(bare),
      /^(?!.*-b)/, ['missing-bind']],
    ['a fixed port, and it is mended', { defaults: { bind: ':8000' }, rules: { 'ignored-port': 'Fix' } }, podWith(bare),
      /"-b",":\$\(PORT\)"/, []],
    ['no timeout, and it is denied to have none', { preset: 'cloud-run', rules: { 'disabled-timeout': 'Deny' } }, podWith(bare),
      /^(?!.*"(-t|--timeout)")/, ['missing-default']],
    ['a folder in memory that is on disk', { rules: { 'heartbeat-on-disk': 'Fix' } },
      podWith({ ...bare, volumeMounts: [{ name: 'shm', mountPath: '/dev/shm' }] }, onDisk), /^(?!.*tmp-dir)/, ['heartbeat-on-disk']],
    ['a header that is dropped, and that is denied', { rules: { 'dropped-log-header': 'Deny' } },
      podWith(bare, { annotations: { 'paddock.dev/gunicorn': '23.0.0' } }), /^(?!.*access-logformat)/, ['missing-access-log-format']],
    ['threads that only the class takes that comes in the place of another', { preset: 'cloud-run', workerFallback: 'sync', rules: {
      'missing-worker-dependency': 'Fix',
    } }, podWith({ command: ['gunicorn', '-k', 'gevent', 'app:app'] }, { annotations: { 'paddock.dev/requirements': 'gunicorn==23.0.0' } }),
      /"sync".*"--threads","8"/, []],
  ]

  test.each(cases)('%s', (_, spec, object, left, told) => {
    expectSettled(spec, object)
    const admitted = new Admission(spec).admitted(object)
    expect(admitted.denied).toEqual([])
    expect(commandOf(admitted.object)).toMatch(left)
    for (const rule of told) expect(admitted.told).toContain(rule)
  })
})

describe('scripts', () => {
  const env = [{ name: 'PORT', value: '5000' }]
  const spec: PolicySpec = {
    rules: { 'missing-access-log-format': 'Off', 'missing-error-log': 'Off', 'missing-workers': 'Off', 'missing-access-log': 'Off' },
  }

  test.each([
    ['a script that comes out of a variable without quotes', 'X="sh -c gunicorn"; exec $X app:app', undefined],
    ['the same, as the word itself', 'X="gunicorn app:app"; sh -c $X', undefined],
    ['an expansion that has no end', 'gunicorn app --x=${ y', undefined],
    ['the same with a line that goes on', 'gunicorn app --forwarded-allow-ips=${ y \\\n', undefined],
    ['a substitution that holds quotes', `sh -c "exec gunicorn app -n $(echo 'a')"`,
      `sh -c "exec gunicorn app -n $(echo 'a') -b :\\$PORT"`],
    ['Windows line ends', 'set -e\r\nexec gunicorn app\r\n', 'set -e\r\nexec gunicorn -b :$PORT app\r\n'],
    ['Windows line ends in a line that is to go on, and does not', 'exec gunicorn app \\\r\n  -t 60\r\n',
      'exec gunicorn -b :$PORT app \\\n  -t 60\r\n'],
    ['words that a variable stands for', 'exec gunicorn app $(WORDS)', 'exec gunicorn app $(WORDS) -b :$PORT'],
  ])('%s', (_, script, wanted) => {
    const object = podWith({ command: ['sh', '-c', script], env: [...env, { name: 'WORDS', value: '-t 60' }] })
    const { object: fixed } = new Admission(spec).mutated(object)
    expect((fixed as { spec: { containers: { command: string[] }[] } }).spec.containers[0]?.command[2]).toBe(wanted ?? script)
    expectSettled(spec, object)
  })

  test('nothing takes the place of all that a variable stands for', () => {
    const object = podWith({ command: ['sh', '-c', 'exec gunicorn app $(WORDS)'], env: [...env, { name: 'WORDS', value: '-b :8000' }] })
    const { object: fixed } = new Admission({ ...spec, rules: { ...spec.rules, 'ignored-port': 'Fix' } }).mutated(object)
    expect(fixed).toEqual(object)
  })
})

describe('two containers of a Pod', () => {
  const pod = (...containers: readonly object[]): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'shop' },
    spec: { containers: containers.map((container, index) => ({ name: `c${index}`, ...container })) },
  })
  const commands = (object: object): (string | undefined)[] =>
    (object as { spec: { containers: { command: string[] }[] } }).spec.containers.map(({ command }) => command[command.indexOf('-b') + 1])
      .map((bind) => (bind?.startsWith(':') ? bind : undefined))
  const unset = { command: ['gunicorn', 'app:app'] }
  const port = (value: string) => ({ env: [{ name: 'PORT', value }] })
  const env = ':$(PORT)'

  test.each<[string, readonly object[], (string | undefined)[]]>([
    ['the other one binds the port', [{ command: ['gunicorn', '-b', ':5000', 'app:app'] }, unset], [':5000', undefined]],
    ['it reads it from PORT', [{ command: ['gunicorn', '-b', env, 'app:app'], ...port('5000') }, unset], [env, undefined]],
    ['in a script', [{ command: ['sh', '-c', 'exec gunicorn -b :5000 app:app'] }, unset], [undefined, undefined]],
    ['it is another program, and names the port', [{ command: ['nginx'], ports: [{ containerPort: 5000 }] }, unset], [undefined,
      undefined]],
    ['neither sets it: the first one', [unset, unset], [env, undefined]],
    ['neither sets it: the one that names it', [unset, { ...unset, ports: [{ containerPort: 5000 }] }], [undefined, env]],
    ['each has a port of its own', [{ ...unset, ...port('5000') }, { ...unset, ...port('5001') }], [env, env]],
    ['each names a port of its own', [{ ...unset, ports: [{ containerPort: 80 }] }, { ...unset, ports: [{ containerPort: 81 }] }], [env,
      env]],
    ['another program that names another port', [{ command: ['exporter'], ports: [{ containerPort: 8080 }] }, unset], [undefined, env]],
    ['a proxy, which knows gunicorn by the address that it has', [{ command: ['nginx'], ports: [{ containerPort: 8080 }] }, unset], [
      undefined,
      undefined,
    ]],
    ['two name it where nobody expands it: the first one', [{ command: ['gunicorn', '-b', ':$PORT', 'app:app'] }, {
      command: ['gunicorn', '-b', ':$PORT', 'app:app'],
    }], [env, ':$PORT']],
    ['one names it, one sets nothing', [unset, { command: ['gunicorn', '-b', ':$PORT', 'app:app'] }], [env, ':$PORT']],
    ['the name of the port, which nobody expands', [{ command: ['gunicorn', '-b', ':5000', 'app:app'] }, {
      command: ['gunicorn', '-b', ':$PORT', 'app:app'],
    }], [':5000', ':$PORT']],
  ])('%s', (_, containers, wanted) => {
    const object = pod(...containers)
    expect(commands(new Admission({}).mutated(object).object)).toEqual(wanted)
    expectSettled({}, object)
  })

  test('one that is done before the others start may have any port', () => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' },
      spec: { initContainers: [{ name: 'check', ...unset }],
        containers: [{ name: 'web', command: ['gunicorn', '-b', ':5000', 'app:app'] }] } }
    expect(new Admission({}).mutated(object).mended).toContain('missing-bind')
  })
})

test('random policies: what they put in, they do not deny or mend again', () => {
  const action = fc.constantFrom<Action>('Off', 'Audit', 'Warn', 'Fix', 'Deny')
  const ruled = fc.oneof(action,
    fc.record({ action: fc.constant<Action>('Fix'), otherwise: fc.constantFrom('Warn' as const, 'Deny' as const) }))
  const some = <T>(names: readonly string[], value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
    fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 })
  const spec = fc.record({
    preset: fc.constantFrom('blueking', 'kubernetes', 'heroku', 'cloud-run'),
    injection: fc.constantFrom('Command' as const, 'Environment' as const),
    defaults: fc.record({
      bind: fc.constantFrom(':$PORT', ':8000', '127.0.0.1:8000', '127.0.0.1:$PORT', '0.0.0.0:80', '8000', ':$OTHER', 'unix:/run/a.sock',
        null),
      workers: fc.constantFrom(0, 1, 2, 4, 64, null),
      timeout: fc.constantFrom(0, 5, 30, 45, 300, null),
      worker_class: fc.constantFrom('sync', 'gevent', 'gthread', 'eventlet', null),
      graceful_timeout: fc.constantFrom(10, 60, null),
      accesslog: fc.constantFrom('-', '/var/log/a.log', null),
      access_log_format: fc.constantFrom('%(h)s', '%({request_id}i)s', null),
      worker_tmp_dir: fc.constantFrom('/tmp', '/dev/shm', null),
      statsd_host: fc.constantFrom('127.0.0.1:8125', null),
    }, { requiredKeys: [] }),
    rules: some(ids, ruled),
    workerFallback: fc.constantFrom('sync', 'gthread', null),
  }, { requiredKeys: ['preset'] })
  const container = fc.record({
    command: fc.constantFrom(['gunicorn', 'app:app'], ['gunicorn', 'app:app', '-k', 'gevent'], ['sh', '-c', 'exec gunicorn app:app'], [
      'gunicorn',
      '-b',
      '127.0.0.1:9000',
      'app:app',
    ], ['gunicorn', '-b', ':9000', '--access-logfile', 'x', 'app:app'], ['gunicorn', 'app:app', '-b', '9000'], ['gunicorn', 'app:app', '--',
      'x']),
    env: fc.constantFrom([], [{ name: 'PORT', value: '5000' }], [{ name: 'PORT', value: '80' }], [{ name: 'WEB_CONCURRENCY', value: '2' }],
      [{ name: 'GUNICORN_CMD_ARGS', value: '-t 20' }]),
    ports: fc.constantFrom([], [{ containerPort: 8080 }], [{ containerPort: 80 }]),
    resources: fc.constantFrom({}, { limits: { cpu: '100m', memory: '64Mi' } }),
    readinessProbe: fc.constantFrom(undefined, { httpGet: { port: 8080 } }),
    securityContext: fc.constantFrom({}, { runAsUser: 1000 }, { readOnlyRootFilesystem: true }),
  })
  const annotations = fc.constantFrom<Record<string, string>>({}, { 'paddock.dev/gunicorn': '23.0.0' }, {
    'paddock.dev/requirements': 'gunicorn==27.0.1\nflask',
  }, { 'paddock.dev/requirements': 'gunicorn\ngevent==24.2.1' })
  let put = 0
  fc.assert(
    fc.property(spec, container, annotations, (policy, one, some) => {
      const object = podWith(one, { annotations: some })
      put += expectSettled(policy, object)
    }),
    { numRuns: Number(process.env['PADDOCK_RUNS'] ?? 100), seed },
  )
  expect(put).toBeGreaterThan(100)
})

test('what stands where a text belongs, and is none, not even one that has a text, stops nobody', () => {
  const none = { toString: 1 }
  const object = podWith({ command: ['gunicorn', 'app:app', '-b', '[::]:80', '-b', ':80', '-b', '127.0.0.1:81'], image: none,
    workingDir: none, volumeMounts: [{ name: 'a', mountPath: none }], livenessProbe: { httpGet: { port: none, scheme: none } } }, {
    spec: { securityContext: { sysctls: [{ name: none, value: none }] }, volumes: [{ name: 'a', emptyDir: { medium: none } }] },
  })
  expect(() => new Admission({}).admitted(object)).not.toThrow()
})
