/** Where the command line of Paddock has config files from: handed over, each by its path, or in ConfigMaps among the manifests. */
import { posix } from 'node:path'
import type { ConfigText } from '../gunicorn/config-file.ts'
import type { CommandLine } from '../command-line.ts'
import type { ConfigMaps } from '../kubernetes/mounted-files.ts'
import { readObjects, valueAt } from '../kubernetes/workload.ts'
import type { Io } from './io.ts'
import { readManifests } from './manifests.ts'
import type { Repository } from './repository.ts'

/** The texts of files on disk. Throws what keeps one from being read. */
export const readEach = (files: Readonly<Record<string, string>>, { readFile }: Pick<Io, 'readFile'>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, file]) => [path, readFile(file)]))

/** Finds the texts by their paths, which are absolute or start in the folder that gunicorn starts in. */
export function configFilesAt(texts: Readonly<Record<string, string>>): CommandLine['configFile'] {
  const files = new Map(Object.entries(texts).map(([path, text]): [string, ConfigText] => [posix.normalize(path), { name: path, text }]))
  return (path, isAtHome) => {
    const found = files.get(posix.normalize(path))
    if (found) return posix.isAbsolute(path) || isAtHome() ? found : null
    return undefined
  }
}

/** Finds config files in the repository whose root an application starts in, but for those that are handed over. */
export function configFilesIn(repository: Repository, given?: CommandLine['configFile']): CommandLine['configFile'] {
  return (path, isAtHome) => {
    const handed = given?.(path, isAtHome)
    if (handed !== undefined) return handed
    const inside = posix.normalize(path)
    if (posix.isAbsolute(inside) || inside.startsWith('..')) return undefined
    const text = repository(inside)
    if (text === undefined) return undefined
    return isAtHome() ? { name: inside, text } : null
  }
}

/** The ConfigMaps of several texts. */
export class ConfigMapCollection {
  /** By namespace and name; null where there are several that differ. */
  readonly #found = new Map<string, ReadonlyMap<string, string | null> | null>()

  readonly find: ConfigMaps = (namespace, name) => this.#found.get(`${namespace}/${name}`)

  /** Takes in the ConfigMaps of a text. */
  add(text: string): void {
    // Most files hold none, and are read once.
    if (!/\bkind["']?\s*:\s*["']?ConfigMap\b/.test(text)) return
    for (const { value } of readManifests(text))
      for (const { item } of readObjects(value))
        if (valueAt(item, ['apiVersion']) === 'v1' && valueAt(item, ['kind']) === 'ConfigMap') this.#addOne(item)
  }

  #addOne(object: unknown): void {
    const [namespace, name] = [valueAt(object, ['metadata', 'namespace']) ?? '', valueAt(object, ['metadata', 'name'])]
    if (typeof namespace !== 'string' || typeof name !== 'string') return
    const keys = new Map<string, string | null>()
    for (const [key, value] of Object.entries(valueAt(object, ['data']) ?? {})) keys.set(key, typeof value === 'string' ? value : null)
    for (const key of Object.keys(valueAt(object, ['binaryData']) ?? {})) keys.set(key, null)
    const id = `${namespace}/${name}`
    const before = this.#found.get(id)
    const isSame = before === undefined || (before !== null && JSON.stringify([...before]) === JSON.stringify([...keys]))
    this.#found.set(id, isSame ? keys : null)
  }
}
