/**
 * Fields of a PodSpec that few rules ask for, read when they are: who a container runs as, what it may use, how it is stopped.
 *
 * What is not of the API's type is taken for unknown: the API server refuses it.
 */
import { spend } from '../budget.ts'
import type { Fields, Path } from './field.ts'
import { parseQuantity } from './quantity.ts'
import { fieldOf, type Container, type Workload } from './workload.ts'

const inPod = ({ pod }: Workload, name: string): unknown => fieldOf(pod?.spec, name)
const inContainer = ({ written }: Container, name: string): unknown => fieldOf(written, name)

const numberOrNone = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

/** A list that is gone through as a whole. */
function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return []
  spend(value.length / 10)
  return value
}

/** True for a container that stays as long as its Pod does: no init container, but for a sidecar, and none of a kind that ends. */
export function isLasting({ kind }: Workload, container: Container): boolean {
  if (kind.ends === true || container.list === 'ephemeralContainers') return false
  return container.list === 'containers' || inContainer(container, 'restartPolicy') === 'Always'
}

/** Whether nothing says that a container stays as it is once it has ended. */
export const isRestarted = (workload: Workload, container: Container): boolean =>
  (inContainer(container, 'restartPolicy') ?? inPod(workload, 'restartPolicy') ?? 'Always') === 'Always'

/** The containers that run beside each other. */
export const lastingContainers = (workload: Workload): readonly Container[] =>
  workload.containers.filter((container) => isLasting(workload, container))

/** Whether other containers run beside this one. */
export function runsBesideOthers(workload: Workload, container: Container): boolean {
  spend(workload.containers.length / 100)
  return workload.containers.some((other) => other !== container && isLasting(workload, other))
}

/** The ports that a container says it listens on. */
export const declaredPorts = (container: Container): readonly number[] =>
  list(inContainer(container, 'ports')).flatMap((port) => numberOrNone(fieldOf(port, 'containerPort')) ?? [])

/** What the API server puts in where a PodSpec says nothing. */
export const defaultGracePeriod = 30

/** Seconds from the order to stop until a Pod is killed; undefined where that is not said in the object. */
export function gracePeriod(
  workload: Workload,
): { readonly seconds: number; readonly path: Path; readonly isWritten: boolean } | undefined {
  const { pod } = workload
  // Knative has its own, and refuses the field.
  if (!pod || workload.kind.group === 'serving.knative.dev') return undefined
  const written = fieldOf(pod.spec, 'terminationGracePeriodSeconds') ?? undefined
  const path = [...pod.path, 'terminationGracePeriodSeconds']
  if (written === undefined) return { seconds: defaultGracePeriod, path, isWritten: false }
  return typeof written === 'number' ? { seconds: written, path, isWritten: true } : undefined
}

/** A container's preStop hook, as it is written; undefined where it has none. */
export type PreStop = { readonly sleep: number } | { readonly command: readonly string[] } | 'other' | undefined

export function preStop(container: Container): PreStop {
  const hook = fieldOf(inContainer(container, 'lifecycle'), 'preStop') ?? undefined
  if (hook === undefined) return undefined
  const seconds = fieldOf(fieldOf(hook, 'sleep'), 'seconds')
  if (typeof seconds === 'number') return { sleep: seconds }
  const command = fieldOf(fieldOf(hook, 'exec'), 'command')
  return Array.isArray(command) && command.every((word) => typeof word === 'string') ? { command } : 'other'
}

/** A probe's port, with where it is written. */
export interface ProbePort {
  readonly path: Path
  readonly port: number
  /** What is spoken there, where it is HTTP in either form. */
  readonly scheme?: 'HTTP' | 'HTTPS'
}

const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const

/** The ports that the kubelet probes on the Pod's own address. A name is looked up in `ports`; one that is not there is left out. */
export function probePorts(container: Container): readonly ProbePort[] {
  let known = probesOf.get(container)
  if (!known) probesOf.set(container, known = readProbes(container))
  return known
}

/** By container: what several rules ask for. */
const probesOf = new WeakMap<Container, readonly ProbePort[]>()

function readProbes(container: Container): readonly ProbePort[] {
  const ports: ProbePort[] = []
  for (const name of probes) {
    const probe = container.written?.[name]
    if (probe === undefined) continue
    for (const action of ['httpGet', 'tcpSocket', 'grpc']) {
      const asked = fieldOf(probe, action)
      const written = fieldOf(asked, 'port')
      // With a host the kubelet asks somebody else.
      if (written === undefined || (fieldOf(asked, 'host') ?? '') !== '') continue
      const port = typeof written === 'string' ? namedPort(container, written) : numberOrNone(written)
      const scheme = action === 'httpGet' ? (fieldOf(asked, 'scheme') ?? 'HTTP') : undefined
      if (port !== undefined)
        ports.push({ path: [...container.path, name, action, 'port'], port,
          ...(scheme === 'HTTP' || scheme === 'HTTPS' ? { scheme } : {}) })
    }
  }
  return ports
}

/** Whether a probe of the container is a command of its own that asks the loopback address: `curl -f http://localhost:8000/`. */
export const isProbedInside = (container: Container): boolean =>
  probes.some((name) =>
    list(fieldOf(fieldOf(container.written?.[name], 'exec'), 'command')).some((word) =>
      typeof word === 'string' && /\b(localhost|127\.\d+\.\d+\.\d+)\b|\[::1\]/.test(word)
    )
  )

/** The number of a port by its name; undefined where the container has none of it. */
export function namedPort(container: Container, name: string): number | undefined {
  // The API server takes digits in a string for a name, which no port can have.
  const named = list(inContainer(container, 'ports')).find((port) => fieldOf(port, 'name') === name)
  return numberOrNone(fieldOf(named, 'containerPort'))
}

/** The user that a container runs as: `other` for one of whom it is only known that it is not root; undefined where the image decides. */
export function runsAs(workload: Workload, container: Container): number | 'other' | undefined {
  const [own, shared] = [inContainer(container, 'securityContext'), inPod(workload, 'securityContext')]
  const field = (name: string): unknown => fieldOf(own, name) ?? fieldOf(shared, name)
  const user = field('runAsUser')
  if (typeof user === 'number') return user
  return field('runAsNonRoot') === true ? 'other' : undefined
}

/** The group that a container runs as; undefined where the image decides. */
export const runsInGroup = (workload: Workload, container: Container): number | undefined =>
  numberOrNone(
    fieldOf(inContainer(container, 'securityContext'), 'runAsGroup') ?? fieldOf(inPod(workload, 'securityContext'), 'runAsGroup'),
  )

/** True where the Pod has the network of its node, and the node's ports. */
export const hasHostNetwork = (workload: Workload): boolean => inPod(workload, 'hostNetwork') === true

/** Folders that nobody works or lives in: a volume there says nothing of where the image works. */
const asides = ['/dev/shm', '/tmp', '/var/tmp', '/run', '/var/run', '/var/log', '/var/cache']

/** True where no volume that can be written may hold the folder that the image works in, or its home. */
export const hasOnlyAsides = (all: readonly Mount[]): boolean => all.every(({ path, isWritable }) => !isWritable || asides.includes(path))

/** Whether a container may bind ports below 1024 by a capability: undefined where nothing is said of it. */
export function mayBindLowPorts(container: Container): boolean | undefined {
  const context = inContainer(container, 'securityContext')
  if (fieldOf(context, 'privileged') === true) return true
  const names = (change: string): readonly unknown[] => list(fieldOf(fieldOf(context, 'capabilities'), change))
  const named = (all: readonly unknown[]): boolean =>
    all.some((name) => typeof name === 'string' && ['ALL', 'NET_BIND_SERVICE'].includes(name.toUpperCase().replace(/^CAP_/, '')))
  if (named(names('add'))) return true
  return named(names('drop')) ? false : undefined
}

/** The lowest port that anybody may bind, where a sysctl of the Pod says so. */
export function unprivilegedPortStart(workload: Workload): number | undefined {
  const value = sysctl(workload, 'net.ipv4.ip_unprivileged_port_start')
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined
}

/** Whether `[::]` is for IPv6 alone, as a sysctl of the Pod may say: a Pod's own network begins without it. */
export function isIPv6Only(workload: Workload): boolean {
  const value = sysctl(workload, 'net.ipv6.bindv6only')
  return value !== undefined && value !== '0'
}

/** What a Pod sets a sysctl to; undefined where it does not. Its name may be written with slashes. */
function sysctl(workload: Workload, name: string): unknown {
  const entry = list(fieldOf(inPod(workload, 'securityContext'), 'sysctls')).find((one) => {
    const written = fieldOf(one, 'name')
    return typeof written === 'string' && written.replaceAll('/', '.') === name
  })
  return fieldOf(entry, 'value')
}

/** True where nothing can be written outside of volumes. */
export const isReadOnly = (container: Container): boolean =>
  fieldOf(inContainer(container, 'securityContext'), 'readOnlyRootFilesystem') === true

/** The folder that a container starts in; undefined where the image decides. */
export function workingFolder(container: Container): string | undefined {
  const folder = inContainer(container, 'workingDir')
  return typeof folder === 'string' && folder !== '' ? folder : undefined
}

/** A limit in cores or bytes; undefined where there is none. */
export function limit(container: Container, resource: 'cpu' | 'memory'): { readonly value: number; readonly written: unknown;
  readonly path: Path } | undefined {
  const written = fieldOf(fieldOf(inContainer(container, 'resources'), 'limits'), resource)
  const value = parseQuantity(written)
  return value === undefined ? undefined : { value, written, path: [...container.path, 'resources', 'limits', resource] }
}

/** What a folder of a container is kept in: `unknown` for a volume that can be anything. */
export type Storage = 'memory' | 'disk' | 'unknown'

/** A volume at a place of a container's file system. */
export interface Mount {
  readonly path: string
  readonly storage: Storage
  readonly isWritable: boolean
}

/** 64 MiB in every Pod: containerd's oci.WithDefaultSpec, CRI-O, dockershim alike. */
const byRuntime: readonly Mount[] = [{ path: '/dev/shm', storage: 'memory', isWritable: true }]

const nameOf = (fields: unknown): unknown => fieldOf(fields, 'name')

/** So many volumes are looked through for one of a name. */
const fewVolumes = 16

/** By PodSpec of more: its volumes by their names, which differ. */
const volumesOf = new WeakMap<Fields, ReadonlyMap<unknown, unknown>>()

/** The volume of a name; undefined where there is none. */
export function volumeOf({ pod }: Workload, name: unknown): unknown {
  if (!pod) return undefined
  const written = pod.spec['volumes']
  if (Array.isArray(written) && written.length <= fewVolumes) {
    // Of two with one name the last, as below.
    for (let index = written.length - 1; index >= 0; index--) if (nameOf(written[index]) === name) return written[index] as unknown
    return undefined
  }
  let volumes = volumesOf.get(pod.spec)
  if (!volumes) {
    const named = new Map<unknown, unknown>()
    for (const volume of list(written)) named.set(nameOf(volume), volume)
    volumesOf.set(pod.spec, volumes = named)
  }
  return volumes.get(name)
}

/** By container as it is written: what several rules ask for. */
const mountsOf = new WeakMap<Fields, readonly Mount[]>()

/** The volumes of a container, with the tmpfs that the runtime mounts. */
export function mounts(workload: Workload, { written }: Container): readonly Mount[] {
  if (written?.['volumeMounts'] === undefined) return byRuntime
  let known = mountsOf.get(written)
  if (!known) {
    const mounted = list(written['volumeMounts'])
    spend(mounted.length / 2)
    const all = [...byRuntime]
    for (const mount of mounted) {
      const path = fieldOf(mount, 'mountPath')
      if (typeof path === 'string')
        all.push({ path: normalized(path), storage: storageOf(volumeOf(workload, nameOf(mount))),
          isWritable: fieldOf(mount, 'readOnly') !== true })
    }
    mountsOf.set(written, known = all)
  }
  return known
}

function storageOf(volume: unknown): Storage {
  const empty = fieldOf(volume, 'emptyDir')
  if (typeof empty === 'object' && empty !== null) {
    const medium = fieldOf(empty, 'medium') ?? ''
    return medium === 'Memory' ? 'memory' : medium === '' ? 'disk' : 'unknown'
  }
  // The kubelet keeps these in memory or on disk, and nobody can write them.
  return 'unknown'
}

/** The mount that holds a folder; undefined where it lies in the container's own layer. */
export function mountOf(folder: string, all: readonly Mount[]): Mount | undefined {
  const path = normalized(folder)
  spend(all.length / 20)
  let deepest: Mount | undefined
  // Of two at one place the later one is seen.
  for (const mount of all) if (isWithin(path, mount.path) && !(deepest && deepest.path.length > mount.path.length)) deepest = mount
  return deepest
}

/** Whether a path is a folder's or lies in it. */
const isWithin = (path: string, folder: string): boolean =>
  path.startsWith(folder) && (path.length === folder.length || folder === '/' || path[folder.length] === '/')

const normalized = (
  path: string,
): string => (path.includes('//') || path.endsWith('/') ? path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1') : path)
