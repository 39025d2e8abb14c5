/**
 * Files that a container sees because a volume brings them: the keys of ConfigMaps.
 * Source: the API reference of Volume and VolumeMount; k8s.io/kubernetes/pkg/volume/configmap and projected.
 */
import { spend } from '../budget.ts'
import { volumeOf } from './pod-fields.ts'
import { fieldOf, valueAt, type Container, type Workload } from './workload.ts'

/**
 * The texts of a ConfigMap's keys, null for what is no text: undefined for one that is not at hand, null where there are several of
 * that name.
 */
export type ConfigMaps = (namespace: string, name: string) => ReadonlyMap<string, string | null> | null | undefined

/** The file at a path. */
export type MountedFile =
  | { readonly text: string; readonly configMap: string; readonly key: string }
  /** A volume that holds what is written in the cluster's objects may hold it. */
  | 'hidden'
  /** Such a volume stands there, and surely does not hold it. */
  | 'absent'
  /** No such volume stands there: it is the image that holds it, or not, or a disk. */
  | 'elsewhere'

interface Mount {
  readonly name: unknown
  readonly path: string
  readonly subPath: string
  readonly isExpanded: boolean
}

/** Of a path without `.`, `..` and `//`. */
const trimmed = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)

function mountsOf({ written }: Container): Mount[] {
  const list = valueAt(written, ['volumeMounts'])
  if (!Array.isArray(list)) return []
  spend(list.length / 2)
  return list.flatMap((item: unknown) => {
    const path = valueAt(item, ['mountPath'])
    const subPath = valueAt(item, ['subPath']) ?? ''
    if (typeof path !== 'string' || typeof subPath !== 'string') return []
    return { name: valueAt(item, ['name']), path: trimmed(path), subPath: trimmed(subPath),
      isExpanded: valueAt(item, ['subPathExpr']) !== undefined }
  })
}

/** The file at an absolute path, which has no `.`, `..` or `//` in it. */
export function mountedFile(workload: Workload, container: Container, path: string, configMaps: ConfigMaps): MountedFile {
  const covering = mountsOf(container).filter((mount) =>
    path === mount.path || path.startsWith(mount.path === '/' ? '/' : `${mount.path}/`)
  )
  // The innermost one is seen.
  const mount = covering.sort((a, b) => b.path.length - a.path.length)[0]
  if (!mount) return 'elsewhere'
  const inside = path.slice(mount.path === '/' ? 1 : mount.path.length + 1)
  const wanted = [mount.subPath, inside].filter((part) => part !== '').join('/')
  const volume = volumeOf(workload, mount.name)
  const found = mount.isExpanded ? 'hidden' : fileIn(volume, wanted, workload.namespace, configMaps)
  // A part of a volume that is not there is made, as an empty folder.
  if (found === 'absent' && mount.subPath !== '') return 'hidden'
  return isWritten(volume) ? found : 'elsewhere'
}

/** True where a file of that name may be among what volumes bring, in whatever folder. */
export function mayBeMounted(workload: Workload, container: Container, name: string): boolean {
  const mounts = fieldOf(container.written, 'volumeMounts')
  if (!Array.isArray(mounts)) return false
  spend(mounts.length / 2)
  // Asked of every command that names no config file.
  return mounts.some((item: unknown) => {
    const path = fieldOf(item, 'mountPath')
    if (typeof path !== 'string' || typeof (fieldOf(item, 'subPath') ?? '') !== 'string') return false
    return trimmed(path).endsWith(`/${name}`) || names(volumeOf(workload, fieldOf(item, 'name')), name)
  })
}

/** Whether a volume names a path. */
function names(volume: unknown, path: string): boolean {
  const isListed = (source: unknown): boolean =>
    fieldOf(source, 'items') !== undefined && listAt(source, ['items']).some((item) => fieldOf(item, 'path') === path)
  const isIn = (source: unknown): boolean => isListed(fieldOf(source, 'configMap')) || isListed(fieldOf(source, 'secret'))
  return isIn(volume) || (fieldOf(volume, 'projected') !== undefined && listAt(volume, ['projected', 'sources']).some(isIn))
}

const isWritten = (volume: unknown): boolean =>
  fieldOf(volume, 'configMap') !== undefined || fieldOf(volume, 'secret') !== undefined || fieldOf(volume, 'projected') !== undefined ||
  fieldOf(volume, 'downwardAPI') !== undefined

const listAt = (value: unknown, path: readonly string[]): readonly unknown[] => {
  const list = valueAt(value, path)
  if (!Array.isArray(list)) return []
  spend(list.length / 2)
  return list
}

function fileIn(volume: unknown, path: string, namespace: string, configMaps: ConfigMaps): Exclude<MountedFile, 'elsewhere'> {
  const configMap = valueAt(volume, ['configMap'])
  if (configMap !== undefined) return fileOf(configMap, path, namespace, configMaps)
  const sources = valueAt(volume, ['projected', 'sources'])
  if (!Array.isArray(sources)) return 'hidden'
  const found = sources.map((source: unknown) => {
    const inner = valueAt(source, ['configMap'])
    if (inner !== undefined) return fileOf(inner, path, namespace, configMaps)
    // Tokens and fields of the Pod stand at paths that they name; so do the keys of a Secret, where it lists them.
    const named = [valueAt(source, ['serviceAccountToken', 'path']), valueAt(source, ['clusterTrustBundle', 'path']),
      ...listAt(source, ['downwardAPI', 'items']).map((item) => valueAt(item, ['path'])),
      ...listAt(source, ['secret', 'items']).map((item) => valueAt(item, ['path']))].filter((one) => one !== undefined)
    return named.length > 0 && !named.includes(path) ? 'absent' : 'hidden'
  })
  const there = found.filter((one) => one !== 'absent')
  const [first] = there
  // Of two that hold it, it is not told here which one is seen.
  return there.length === 0 ? 'absent' : there.length === 1 && first !== undefined ? first : 'hidden'
}

function fileOf(source: unknown, path: string, namespace: string, configMaps: ConfigMaps): Exclude<MountedFile, 'elsewhere'> {
  const name = valueAt(source, ['name'])
  const items = valueAt(source, ['items'])
  const listed = Array.isArray(items) && items.length > 0 ? items : undefined
  const keys = listed?.filter((item: unknown) => valueAt(item, ['path']) === path).map((item: unknown) => valueAt(item, ['key'])) ?? [path]
  const key = keys.at(-1)
  if (key === undefined) return 'absent'
  const data = typeof name === 'string' ? configMaps(namespace, name) : undefined
  if (!data || typeof key !== 'string' || typeof name !== 'string') return 'hidden'
  const text = data.get(key)
  if (typeof text === 'string') return { text, configMap: name, key }
  // A key that is listed and missing keeps the Pod from starting, unless it may.
  return text === undefined && !listed ? 'absent' : 'hidden'
}
