/** Workloads as a user would write them, one of each built-in kind. */

export type Container = {
  name: string
  image?: string
  command?: unknown
  args?: unknown
  env?: { name: string; value: string }[]
  ports?: { containerPort: number }[]
}
export type PodSpec = { containers: Container[]; [field: string]: unknown }
export type Workload = {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    uid?: string
    creationTimestamp?: string
    generation?: number
  }
  [field: string]: unknown
}

const labels = { app: 'shop' }
const template = (spec: PodSpec) => ({ metadata: { labels }, spec })
// Nothing that is really created here has Pods: where controllers run, they have none to make.
const replicated = { replicas: 0, selector: { matchLabels: labels } }

/** Kind to apiVersion and to where the Pods' own spec stands. */
const kinds = {
  Pod: ['v1', (spec: PodSpec) => ({ spec })],
  PodTemplate: ['v1', (spec: PodSpec) => ({ template: template(spec) })],
  ReplicationController: ['v1', (spec: PodSpec) => ({ spec: { replicas: 0, selector: labels, template: template(spec) } })],
  Deployment: ['apps/v1', (spec: PodSpec) => ({ spec: { ...replicated, template: template(spec) } })],
  ReplicaSet: ['apps/v1', (spec: PodSpec) => ({ spec: { ...replicated, template: template(spec) } })],
  StatefulSet: ['apps/v1', (spec: PodSpec) => ({ spec: { ...replicated, serviceName: 'shop', template: template(spec) } })],
  DaemonSet: ['apps/v1', (spec: PodSpec) => ({ spec: { selector: { matchLabels: labels }, template: template(spec) } })],
  Job: ['batch/v1', (spec: PodSpec) => ({ spec: { template: template({ ...spec, restartPolicy: 'Never' }) } })],
  CronJob: [
    'batch/v1',
    (spec: PodSpec) => ({
      spec: { schedule: '0 5 * * *', jobTemplate: { spec: { template: template({ ...spec, restartPolicy: 'Never' }) } } },
    }),
  ],
} as const

export type Kind = keyof typeof kinds
export const allKinds = Object.keys(kinds) as Kind[]

/** A workload named `shop` with one container, `web`, as given, and an unconcerned neighbour. */
export function workload(kind: Kind, container: Omit<Container, 'name'>, annotations?: Record<string, string>): Workload {
  const [apiVersion, body] = kinds[kind]
  const image = 'registry.invalid/shop:1'
  return {
    apiVersion,
    kind,
    // Without labels of its own a workload would share its template's, and what the API server adds there to a Job's
    // stands in both or in one, depending on whether any webhook changed the object.
    metadata: { name: 'shop', labels, ...(annotations === undefined ? {} : { annotations }) },
    ...body({
      // Its volume would have another name in every answer.
      automountServiceAccountToken: false,
      containers: [
        { name: 'web', image, ...container },
        { name: 'cache', image, command: ['memcached'] },
      ],
    }),
  }
}

/** The container named `web` of a workload of any kind. */
export function web(object: unknown): Container {
  const found = containers(object).find(({ name }) => name === 'web')
  if (found === undefined) throw new Error('there is no container named web')
  return found
}

function containers(value: unknown): Container[] {
  if (typeof value !== 'object' || value === null) return []
  if ('containers' in value) return value.containers as Container[]
  return Object.entries(value).flatMap(([field, inner]) => (field === 'metadata' ? [] : containers(inner)))
}
