/** Where the command line of Paddock has config files from: handed over, each by its path, or in ConfigMaps among the manifests. */
import { posix } from 'node:path'
import { automaticFile, type ConfigText } from '../gunicorn/config-file.ts'
import type { CommandLine } from '../command-line.ts'
import type { ConfigMaps } from '../kubernetes/mounted-files.ts'
import { configMapKey } from '../inspect.ts'
import { valueAt } from '../kubernetes/workload.ts'
import { differing, meantBy, wholePath, type Standing } from './beside.ts'
import type { Span } from './reports/report.ts'
import type { Io } from './io.ts'
import type { Learner, Written } from './learn.ts'
import { readManifests } from '../yaml/manifests.ts'
import type { Repository } from './repository.ts'

/** The texts of files on disk. Throws what keeps one from being read. */
export const readEach = (files: Readonly<Record<string, string>>, { readFile }: Pick<Io, 'readFile'>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, file]) => [path, readFile(file)]))

/** Where a config file is from that was handed over for a path. */
const handedOver = (path: string): string => `--config-file ${path}`

/** Finds a place in a config file by where it is from. */
export type ConfigPlaces = (origin: string, line: number) =>
  | { readonly name: string; readonly text: string; readonly span: Span }
  | undefined

/** Places in the files that were handed over. */
export function configPlaces(files: Readonly<Record<string, string>>, texts: Readonly<Record<string, string>>): ConfigPlaces {
  const byOrigin = new Map(Object.entries(files).map(([path, name]) => [handedOver(path), { name, text: texts[path] ?? '' }]))
  return (origin, line) => {
    const file = byOrigin.get(origin)
    return file && { ...file, span: lineSpan(file.text, line) }
  }
}

/** A whole line, without the blanks around it. */
export function lineSpan(text: string, line: number): Span {
  const content = text.split('\n', line).at(line - 1) ?? ''
  return { line, column: content.length - content.trimStart().length + 1, width: Math.max(1, content.trim().length) }
}

/** Finds the texts by their paths, which are absolute or start in the folder that gunicorn starts in. */
export function configFilesAt(texts: Readonly<Record<string, string>>): CommandLine['configFile'] {
  const files = new Map(
    Object.entries(texts).map((
      [path, text],
    ): [string, ConfigText] => [posix.normalize(path), { name: path, text, origin: handedOver(path) }]),
  )
  return (path, folder) => {
    const found = files.get(posix.normalize(path))
    if (found) return posix.isAbsolute(path) || folder() === '' ? found : null
    return undefined
  }
}

/**
 * Finds config files in the repository whose root an application starts in, but for those that are handed over. `roots` are where
 * the repository stands when it runs.
 */
export function configFilesIn(repository: Repository, roots: readonly string[],
  given?: CommandLine['configFile']): CommandLine['configFile'] {
  return (path, folder) => {
    const handed = given?.(path, folder)
    if (handed !== undefined) return handed
    if (posix.isAbsolute(path)) return undefined
    const at = folder()
    // Any folder's may be the one that gunicorn finds by itself.
    if (at === undefined) return path === automaticFile || repository(posix.normalize(path)) !== undefined ? null : undefined
    const root = roots.find((one) => at === one || at?.startsWith(`${one}/`))
    const inside = posix.join(root === undefined ? (at ?? '') : `.${at?.slice(root.length)}`, path)
    if (posix.isAbsolute(inside)) return mayStandIn(repository, inside) ? null : undefined
    if (inside.startsWith('..')) return undefined
    const text = repository(inside)
    if (text === undefined) return undefined
    return at === null ? null : { name: inside, text, origin: inside }
  }
}

/** Whether a path may be one of the repository, wherever that stands. */
function mayStandIn(repository: Repository, path: string): boolean {
  const steps = path.split('/').slice(-4)
  return steps.some((_, index) => repository(steps.slice(index).join('/')) !== undefined)
}

/** A ConfigMap, and where it is written. */
interface Held extends Standing {
  readonly keys: ReadonlyMap<string, string | null>
  readonly written: Written
}

/** The ConfigMaps of several texts. */
export class ConfigMapCollection implements Learner {
  readonly trace = /\bkind["']?\s*:\s*["']?ConfigMap\b/
  /** By namespace and name. */
  readonly #found = new Map<string, Held[]>()
  /** What is told of those that differ. */
  readonly #notes = new Set<string>()

  /** The ConfigMaps that a file means: null for one of which several differ, as it is not known which holds. */
  beside(reader: string): ConfigMaps {
    const file = wholePath(reader)
    return (namespace, name) => {
      const [one, ...others] = this.#meantBy(file, namespace, name)
      if (!one) return undefined
      const other = others.find(({ keys }) => JSON.stringify([...keys]) !== JSON.stringify([...one.keys]))
      if (!other) return one.keys
      this.#notes.add(differing(`ConfigMap ${JSON.stringify(name)}`, one, other, reader))
      return null
    }
  }

  /** What has been asked for and not been read. */
  notes(): Iterable<string> {
    return this.#notes
  }

  /** Where a line of a key stands, of the ConfigMaps that a file means; undefined where that is not known. */
  placesBeside(reader: string): ConfigPlaces {
    const file = wholePath(reader)
    return (origin, line) => {
      const [namespace = '', name = '', key = ''] = configMapKey(origin) ?? []
      const held = this.#meantBy(file, namespace, name).find(({ keys }) => keys.has(key))?.written
      if (!held) return undefined
      const path = [...held.path, 'data', key]
      for (const manifest of readManifests(held.text)) {
        if (manifest.index !== held.document) continue
        const value = valueAt(manifest.value, path)
        if (typeof value !== 'string') return undefined
        const lines = value.split('\n', line)
        const content = lines.at(line - 1) ?? ''
        const indent = content.length - content.trimStart().length
        const offset = manifest.sourceOffset(path, lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + indent)
        return offset === undefined ? undefined
          : { name: held.name, text: held.text, span: { ...manifest.position(offset), width: Math.max(1, content.trim().length) } }
      }
      return undefined
    }
  }

  #meantBy(file: string, namespace: string, name: string): readonly Held[] {
    const found = this.#found.get(`${namespace}/${name}`)
    return found ? meantBy(file, found, namespace) : []
  }

  learn(object: unknown, written: Written): void {
    if (valueAt(object, ['apiVersion']) !== 'v1' || valueAt(object, ['kind']) !== 'ConfigMap') return
    const [namespace, name] = [valueAt(object, ['metadata', 'namespace']) ?? '', valueAt(object, ['metadata', 'name'])]
    if (typeof namespace !== 'string' || typeof name !== 'string') return
    const keys = new Map<string, string | null>()
    for (const [key, value] of Object.entries(valueAt(object, ['data']) ?? {})) keys.set(key, typeof value === 'string' ? value : null)
    for (const key of Object.keys(valueAt(object, ['binaryData']) ?? {})) keys.set(key, null)
    const id = `${namespace}/${name}`
    const held = { file: wholePath(written.name), name: written.name, keys, written }
    const those = this.#found.get(id)
    if (those) those.push(held)
    else this.#found.set(id, [held])
  }
}
