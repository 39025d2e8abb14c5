/** Workloads of every kind, as an API server would send them, and with a wrong type anywhere. */
import { workloadKinds } from '../../src/kubernetes/kinds.ts'
import { commandLines } from '../conformance/command-lines.ts'
import { containers, imageContainers } from '../conformance/containers.ts'
import type { Random } from '../conformance/random.ts'
import { cases, scripts } from './corpus.ts'
import { mutated, piece, rubble } from './texts.ts'
import { fieldsOf, listOf, textOf, type Fields, type Json } from './target.ts'

const seedFrom = (random: Random): number => random.below(2 ** 31)

/** An object that holds containers. */
interface Held {
  readonly containers: readonly Fields[]
  readonly annotations: Fields
  /** Other fields of the PodSpec. */
  readonly pod: Fields
}

/** Some containers, most of which start gunicorn. */
function held(random: Random): Held {
  const count = random.pick([1, 1, 1, 1, 2, 3])
  const parts = Array.from({ length: count }, () => one(random))
  return {
    containers: parts.map(({ containers }, index) => ({ ...containers[0],
      name: `${textOf(containers[0]?.['name']) || 'c'}${index === 0 ? '' : index}` })
    ),
    annotations: Object.assign({}, ...parts.map(({ annotations }) => annotations)) as Fields,
    pod: Object.assign({}, ...parts.map(({ pod }) => pod)) as Fields,
  }
}

function one(random: Random): Held {
  const alone = (container: Json): Held => ({ containers: [fieldsOf(container)], annotations: {}, pod: {} })
  const kind = random.next()
  if (kind < 0.4)
    return alone(
      random.pick(containers(seedFrom(random), random.pick([1, 1, 1, 5]), '/dev/null', random.chance(0.3))).container as unknown as Json,
    )
  if (kind < 0.45) return alone(random.pick(imageContainers(seedFrom(random), 1)).container as unknown as Json)
  if (kind < 0.6) return alone(fromCommandLine(random))
  const found = random.pick(cases)
  const container = kind < 0.8 ? found.container : mutatedContainer(random, found.container)
  return { containers: [container], annotations: found.annotations, pod: found.pod }
}

function fromCommandLine(random: Random): Json {
  const [line] = commandLines(seedFrom(random), 1)
  const env = Object.entries(line?.env ?? {}).map(([name, value]) => ({ name, value }))
  return { name: 'web', command: [...(line?.argv ?? [])], ...(env.length > 0 ? { env } : {}) }
}

/** The container with its words or variables changed. */
function mutatedContainer(random: Random, container: Fields): Fields {
  const field = random.pick(['command', 'command', 'args', 'env'])
  const list = listOf(container[field])
  if (field === 'env')
    return { ...container,
      env: [...list, { name: random.pick(['PORT', 'A', 'GUNICORN_CMD_ARGS', 'WEB_CONCURRENCY', 'PATH', piece(random)]),
        value: random.chance(0.5) ? mutated(random, '--bind=:8000 -w 4') : `$(${random.pick(['PORT', 'A', 'B'])})` }] }
  if (list.length === 0) return { ...container, [field]: [rubble(random)] }
  const at = random.below(list.length)
  switch (random.below(4)) {
    case 0:
      return { ...container, [field]: list.toSpliced(at, 1) }
    case 1:
      return { ...container, [field]: list.toSpliced(at, 0, piece(random)) }
    case 2:
      return { ...container, [field]: list.with(at, random.pick(scripts)) }
    default:
      return { ...container, [field]: list.with(at, mutated(random, textOf(list[at]), random.pick(scripts))) }
  }
}

/** The kinds with a way to build an object of each. */
const versions: Readonly<Record<string, string>> = { '': 'v1', apps: 'apps/v1', batch: 'batch/v1', 'argoproj.io': 'argoproj.io/v1alpha1',
  'serving.knative.dev': 'serving.knative.dev/v1', 'apps.kruise.io': 'apps.kruise.io/v1alpha1',
  'paas.bk.tencent.com': 'paas.bk.tencent.com/v1alpha2' }

const annotationValues: Readonly<Record<string, readonly string[]>> = {
  'paddock.dev/requirements': ['gunicorn==23.0.0\n', 'gevent==24.2.1\ngunicorn', 'Django>=4\ngunicorn[gevent]~=22.0',
    'gevent==1.2; python_version < "3"', '-r other.txt\n', '# nothing', 'gunicorn @ https://x/y.whl', 'a==\n\\\n'],
  'paddock.dev/python': ['3.12', '2.7.18', '3.6', '', 'x', 'python-3.11.2'],
  'paddock.dev/gunicorn': ['23.0.0', '26.0.0', '19.10.0', ' 25.1.0 ', '99', 'x', '', '20.0.4.dev0'],
  'paddock.dev/allow': ['loopback-bind', 'short-timeout, few-workers', 'missing-bind,missing-workers', ',,', 'nope', '*'],
  'bkapp.paas.bk.tencent.com/use-cnb': ['true', 'false'],
  'bkapp.paas.bk.tencent.com/environment': ['stag', 'prod', 'x'],
}

const podFields: readonly (readonly [string, readonly Json[]])[] = [
  ['enableServiceLinks', [false, true]],
  ['terminationGracePeriodSeconds', [0, 5, 30, 31, 600, -1]],
  ['securityContext', [{ runAsUser: 1000 }, { runAsNonRoot: true, fsGroup: 1 }, {}]],
  ['volumes', [[{ name: 'tmp', emptyDir: {} }], [{ name: 'tmp', emptyDir: { medium: 'Memory' } }, { name: 'conf',
    configMap: { name: 'conf' } }]]],
  ['shareProcessNamespace', [true]],
  ['restartPolicy', ['Always', 'Never']],
]

const containerFields: readonly (readonly [string, readonly Json[]])[] = [
  ['ports', [[{ containerPort: 8000 }], [{ name: 'http', containerPort: 80 }, { containerPort: 9000 }], [{}], []]],
  ['resources', [{ limits: { cpu: '1', memory: '512Mi' } }, { limits: { cpu: '500m' } }, { limits: { memory: '1e3' } }, {}]],
  ['livenessProbe', [{ httpGet: { port: 8000, path: '/' } }, { tcpSocket: { port: 'http' } }, { exec: { command: ['true'] } }, {}]],
  ['readinessProbe', [{ httpGet: { port: 'http' } }, { grpc: { port: 1 } }]],
  ['lifecycle', [{ preStop: { exec: { command: ['sleep', '5'] } } }, { preStop: { sleep: { seconds: 40 } } }, {
    preStop: { exec: { command: ['sh', '-c', 'sleep 10 && kill 1'] } },
  }]],
  ['securityContext', [{ readOnlyRootFilesystem: true }, { runAsUser: 0 }, { runAsNonRoot: true, runAsUser: 10 }]],
  ['volumeMounts', [[{ name: 'tmp', mountPath: '/dev/shm' }], [{ name: 'tmp', mountPath: '/tmp' }, { name: 'conf', mountPath: '/app',
    subPath: 'x' }]]],
  ['envFrom', [[{ configMapRef: { name: 'x' } }], [{ prefix: 'P_', secretRef: { name: 'y' } }], []]],
  ['workingDir', ['/app', '', 'app', '/app/../x']],
  ['image', ['shop:1', '', 'registry.example.com/a/b@sha256:00']],
  ['tty', [true]],
]

function withSome(random: Random, fields: Fields, more: readonly (readonly [string, readonly Json[]])[], share: number): Fields {
  const added = more.filter(() => random.chance(share)).map(([name, values]) => [name, random.pick(values)] as const)
  return { ...Object.fromEntries(added), ...fields }
}

/** An object of any kind. */
export function workload(random: Random): Fields {
  return workloadOf(random, random.pick(workloadKinds), held(random))
}

function workloadOf(random: Random, kind: (typeof workloadKinds)[number], { containers, annotations, pod }: Held): Fields {
  const more = Object.entries(annotationValues).filter(([name]) => random.chance(name.startsWith('bkapp') ? (kind.holds ? 0.25 : 0) : 0.1))
  const all = { ...Object.fromEntries(more.map(([name, values]) => [name, random.pick(values)])), ...annotations }
  const metadata: Fields = {
    ...(random.chance(0.95) ? { name: random.pick(['shop', 'shop-7d9c5b', 'a'.repeat(63)]) } : { generateName: 'shop-' }),
    ...(random.chance(0.8) ? { namespace: random.pick(['shop', 'shop', 'default', 'kube-system']) } : {}),
    ...(Object.keys(all).length > 0 && kind.metadata.join() === 'metadata' ? { annotations: all } : {}),
    ...(random.chance(0.3) ? { labels: { app: 'shop', 'pod-template-hash': '7d9c5b' } } : {}),
    ...(random.chance(0.1)
      ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'shop-7d9c5b', controller: true, uid: '1' }] } : {}),
  }
  const head: Fields = { apiVersion: versions[kind.group] ?? `${kind.group}/v1`, kind: kind.kind, metadata }
  if (kind.holds === 'processes') return { ...head, spec: appSpec(random, containers) }
  const spec: Fields = withSome(random, { ...pod, ...lists(random, containers) }, podFields, 0.12)
  const template = kind.metadata.join() === 'metadata' ? {} : { metadata: Object.keys(all).length > 0 ? { annotations: all } : {} }
  return fieldsOf(placed(head, kind.spec.map(String), spec, template))
}

function lists(random: Random, containers: readonly Fields[]): Fields {
  const full = containers.map((container) => withSome(random, container, containerFields, 0.12))
  if (full.length === 1 || random.chance(0.6)) return { containers: full }
  return { [random.pick(['initContainers', 'initContainers', 'ephemeralContainers'])]: full.slice(0, 1), containers: full.slice(1) }
}

/** A BkApp has processes of which a platform makes Pods, and one list of variables for all. */
function appSpec(random: Random, containers: readonly Fields[]): Fields {
  const processes = containers.map(({ command, args }, index): Fields => ({
    name: random.pick(['web', `web${index}`, 'gunicorn', 'worker']),
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(random.chance(0.3) ? { targetPort: random.pick([5000, 8000, 0]) } : {}),
    ...(random.chance(0.1) ? { procCommand: 'gunicorn app:app' } : {}),
    ...(random.chance(0.2) ? { services: [{ name: 'web', targetPort: 8080 }] } : {}),
  }))
  const env = containers.flatMap(({ env }) => listOf(env)).filter((variable) => typeof fieldsOf(variable)['value'] === 'string')
  return {
    build: {},
    processes,
    ...(env.length > 0 || random.chance(0.2) ? { configuration: random.chance(0.1) ? {} : { env } } : {}),
    ...(random.chance(0.1) ? { envOverlay: { envVariables: [{ envName: 'prod', name: 'PORT', value: '9000' }] } } : {}),
  }
}

/** The head with a PodSpec where the kind holds it, beside what stands next to it. */
function placed(head: Fields, [step, ...rest]: readonly string[], spec: Fields, beside: Fields): Json {
  if (step === undefined) return spec
  const inner = rest.length === 0 ? spec : placed(rest.length === 1 ? beside : {}, rest, spec, beside)
  return { ...head, [step]: inner }
}

/** Values of a type that is seldom the right one. */
const wrongValues: readonly Json[] = [null, true, false, 0, -1, 1.5, 1e308, '', 'gunicorn app:app', 'x', [], [null], [[]], [1], ['a', null],
  {}, { name: 1 }, { value: 'x' }, { toString: 1 }, { length: 3 }, { '': {} }, JSON.parse('{"__proto__": {"a": 1}}') as Json, {
  constructor: 1,
}, '\u0000', '\ud800']

/** The value with something wrong somewhere within. */
export function malformed(random: Random, value: Json): Json {
  const isDeep = typeof value === 'object' && value !== null
  const keys = isDeep ? Object.keys(value) : []
  if (keys.length === 0 || random.chance(0.08)) return random.pick(wrongValues)
  const key = random.pick(keys)
  if (Array.isArray(value)) {
    const list = value as readonly Json[]
    const at = Number(key)
    if (random.chance(0.1)) return list.toSpliced(at, random.below(2), random.pick(wrongValues))
    return list.with(at, malformed(random, list[at] ?? null))
  }
  const fields = value as Fields
  if (random.chance(0.05)) return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key))
  if (random.chance(0.03)) return { ...fields, [piece(random)]: random.pick(wrongValues) }
  return Object.fromEntries(Object.entries(fields).map(([name, member]) => [name, name === key ? malformed(random, member) : member]))
}

/** What an API server asks about an object. `old` may be `same`: nothing has changed. */
export function asked(random: Random, object: Json): Fields {
  const { metadata } = fieldsOf(object)
  const old = random.chance(0.75) ? undefined
    : random.chance(0.4) ? 'same'
    : random.chance(0.5) ? { ...fieldsOf(object), metadata: { ...fieldsOf(metadata), labels: { changed: 'yes' } } }
    : malformed(random, object)
  const namespace = fieldsOf(metadata)['namespace']
  return {
    ...(random.chance(0.8) ? { namespace: typeof namespace === 'string' ? namespace : 'shop' } : {}),
    user: random.pick(['admin', 'system:serviceaccount:kube-system:replicaset-controller', 'system:serviceaccount:shop:ci']),
    object,
    ...(old === undefined ? {} : { old }),
  }
}

/** The review of what is asked. */
export function reviewOf(what: Json | undefined): Fields {
  const { namespace, user, object = null, old } = fieldsOf(what)
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      operation: old === undefined ? 'CREATE' : 'UPDATE',
      dryRun: false,
      ...(namespace === undefined ? {} : { namespace }),
      ...(user === undefined ? {} : { userInfo: { username: user } }),
      object,
      ...(old === undefined ? {} : { oldObject: old === 'same' ? object : old }),
    },
  }
}
