/**
 * What images come to, in the cluster: a ConfigMap for each image and command, in Paddock's own namespace. All replicas watch them,
 * and what one has found out the others know, be it after a restart. Who is about to find something out says so by making it.
 */
import { createHash } from 'node:crypto'
import type { Log } from '../log.ts'
import { ApiError } from './api-error.ts'
import type { Cluster, KubernetesObject, OwnerReference } from './cluster.ts'
import { inStep, type InStep } from './in-step.ts'
import { configMaps } from './resources.ts'

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface ImageStoreSettings {
  readonly namespace: string
  /** What they go with: undefined while that is not known, and nothing is kept then. */
  readonly owner: () => OwnerReference | undefined
  readonly log: Log
  /** So many are kept: 500 unless set. */
  readonly most?: number
}

const label = 'paddock.dev/image'
const field = 'summary.json'
/** Milliseconds after which nobody waits any longer for what another one is finding out. */
const patience = 130_000
/** Milliseconds after which it is asked for. */
const pause = 3_000

export class ImageStore {
  readonly #cluster: Pick<Cluster, 'get' | 'create' | 'replace' | 'delete'>
  readonly #settings: ImageStoreSettings
  readonly #kept: InStep<ConfigMap>
  /** By the name of the object: who waits for a change of it. */
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(cluster: Cluster, settings: ImageStoreSettings) {
    this.#cluster = cluster
    this.#settings = settings
    this.#kept = inStep<ConfigMap>(cluster, configMaps, { namespace: settings.namespace, labelSelector: label }, { log: settings.log })
    this.#kept.onChange(({ object, former }) => {
      for (const tell of this.#waiting.get((object ?? former).metadata.name) ?? []) tell()
    })
  }

  /** What is known; undefined where nothing is. */
  get(key: string): string | undefined {
    return this.#object(nameOf(key))?.data?.[field]
  }

  /**
   * Finds something out, unless another replica is about it, whose finding is waited for then. Never rejects, but for what `find` throws: without
   * an API server each finds out for itself.
   * @returns what was found, by whomever; `isOurs` where it was found here
   */
  async once(key: string,
    find: () => Promise<string | undefined>): Promise<{ readonly found: string | undefined; readonly isOurs: boolean }> {
    const name = nameOf(key)
    let claim = await this.#claim(name)
    if (claim === 'taken') {
      const found = this.get(key) ?? (await this.#waitFor(name))
      if (found !== undefined) return { found, isOurs: false }
      // It has given up, or died in the middle of it.
      await this.#cluster.delete(configMaps, { namespace: this.#settings.namespace, name }).catch(() => {})
      claim = await this.#claim(name)
    }
    const found = await find()
    if (typeof claim === 'object') await this.#settle(claim, found)
    return { found, isOurs: true }
  }

  #object(name: string): ConfigMap | undefined {
    return this.#kept.items.get(`${this.#settings.namespace}/${name}`)
  }

  async #claim(name: string): Promise<ConfigMap | 'taken' | 'nowhere'> {
    const { namespace, owner, log } = this.#settings
    const owned = owner()
    if (!owned) return 'nowhere'
    try {
      return await this.#cluster.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap',
        metadata: { name, namespace, labels: { [label]: 'found', 'app.kubernetes.io/managed-by': 'paddock' }, ownerReferences: [owned] } })
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'AlreadyExists') return 'taken'
      log.warn('image not kept', { error: (error as Error).message })
      return 'nowhere'
    }
  }

  /** Undefined where the other one has given up, or takes too long. */
  async #waitFor(name: string): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const tell = (object: ConfigMap | undefined): void => {
      const found = object?.data?.[field]
      const age = object?.metadata.creationTimestamp === undefined ? 0 : Date.now() - Date.parse(object.metadata.creationTimestamp)
      if (found !== undefined || !object || age > patience) resolve(found)
    }
    const look = (): void => tell(this.#object(name))
    const waiting = this.#waiting.get(name) ?? new Set()
    this.#waiting.set(name, waiting.add(look))
    // A watch may be behind, and what was made and taken away again is not told of.
    const asking = setInterval(() => {
      void this.#cluster.get<ConfigMap>(configMaps, { namespace: this.#settings.namespace, name }).then(tell, () => {})
    }, pause).unref()
    const timer = setTimeout(() => resolve(undefined), patience).unref()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      clearInterval(asking)
      waiting.delete(look)
      if (waiting.size === 0) this.#waiting.delete(name)
    }
  }

  async #settle(claim: ConfigMap, found: string | undefined): Promise<void> {
    const { log, most = 500 } = this.#settings
    try {
      if (found === undefined) await this.#cluster.delete(configMaps, claim.metadata)
      else await this.#cluster.replace(configMaps, { ...claim, data: { [field]: found } })
      // Those that were made first are those that were replaced since, as a rule.
      const old = [...this.#kept.items.values()].sort((one, other) =>
        (one.metadata.creationTimestamp ?? '').localeCompare(other.metadata.creationTimestamp ?? '')
      )
      for (const { metadata } of old.slice(0, Math.max(0, old.length - most))) await this.#cluster.delete(configMaps, metadata)
    } catch (error) {
      log.warn('image not kept', { error: (error as Error).message })
    }
  }

  stop(): Promise<void> {
    return this.#kept.stop()
  }
}

const nameOf = (key: string): string => `paddock-image-${createHash('sha256').update(key).digest('hex').slice(0, 40)}`
