/** The Services among the manifests. */
import { readService, type Service, type Services } from '../kubernetes/services.ts'
import { differing, meantBy, wholePath, type Standing } from './beside.ts'
import type { Learner, Written } from './learn.ts'
import { folderOf } from './repository.ts'

interface Held extends Standing {
  readonly service: Service
}

export class ServiceCollection implements Learner {
  readonly trace = /\bkind["']?\s*:\s*["']?Service\b/
  /** By namespace, and by name. */
  readonly #found = new Map<string, Map<string, Held[]>>()
  /** The namespaces in which a name stands several times. */
  readonly #several = new Set<string>()
  readonly #known = new Map<string, readonly Service[]>()
  /** What is told of those that differ. */
  readonly #notes = new Set<string>()

  /** The Services that are applied together with a file; of those of one name that differ it is not known which is. */
  beside(reader: string): Services {
    const file = wholePath(reader)
    return (namespace) => {
      const found = this.#found.get(namespace)
      if (!found) return none
      // Most are the same for all files, or for those of a folder.
      const key = JSON.stringify([namespace, this.#several.has(namespace) ? file : namespace === '' ? folderOf(file) : ''])
      let services = this.#known.get(key)
      if (!services)
        this.#known.set(key, services = [...found.values()].flatMap((named) => this.#agreed(reader, meantBy(file, named, namespace))))
      return services
    }
  }

  learn(object: unknown, { name: file }: Written): void {
    const service = readService(object)
    if (!service) return
    const { namespace, name } = service
    const those = this.#found.get(namespace) ?? new Map<string, Held[]>()
    const named = those.get(name)
    if (named) this.#several.add(namespace)
    const held = { file: wholePath(file), name: file, service }
    if (named) named.push(held)
    else this.#found.set(namespace, those.set(name, [held]))
  }

  /** What has been asked for and not been read. */
  notes(): Iterable<string> {
    return this.#notes
  }

  /** The one Service that several say. */
  #agreed(reader: string, [one, ...others]: readonly Held[]): readonly Service[] {
    if (!one) return none
    const other = others.find(({ service }) => JSON.stringify(service) !== JSON.stringify(one.service))
    if (!other) return [one.service]
    this.#notes.add(differing(`Service ${JSON.stringify(one.service.name)}`, one, other, reader))
    return none
  }
}

const none: readonly Service[] = []
