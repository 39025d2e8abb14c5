/** The labels of namespaces that are asked for one by one: of those made a moment ago, which a watch may not have told of. */
import type { Log } from '../log.ts'
import type { Labels } from '../kubernetes/labels.ts'
import type { KubernetesObject } from './cluster.ts'

export interface LookUpSettings {
  /** Asks the API server; undefined where there is no such namespace. */
  readonly get: (name: string) => Promise<KubernetesObject | undefined>
  readonly log: Log
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
}

/** Milliseconds that a review waits for the labels of a namespace. */
const patience = 500
/** Milliseconds that a namespace is taken for one that there is not, and one for unknown that could not be asked for. */
const absence = 5_000
const pause = 1_000
/** So many are asked for at a time, and so many wait for that; more are unknown at once. Anybody may name namespaces in reviews. */
const mostAsking = 10
const mostWaiting = 100
/** So many are kept in mind. */
const mostKept = 1_000
/** RFC 1123: what is no label is the name of no namespace. */
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

export class NamespaceLookUps {
  readonly #settings: LookUpSettings
  readonly #found = new Map<string, Labels>()
  /** Until when those that were not found are not asked for again. */
  readonly #unknown = new Map<string, number>()
  readonly #asking = new Map<string, Promise<void>>()
  readonly #turns: (() => void)[] = []
  #running = 0

  constructor(settings: LookUpSettings) {
    this.#settings = settings
  }

  /** Undefined where they are not known. */
  labelsOf(name: string): Labels | undefined {
    return this.#found.get(name)
  }

  /** Something else tells of a namespace from now on. */
  forget(name: string): void {
    this.#found.delete(name)
    this.#unknown.delete(name)
  }

  /** Sees to it that labels are known, where that takes no longer than half a second. Undefined where nothing is to be waited for. Never rejects. */
  lookUp(name: string): Promise<void> | undefined {
    if (!label.test(name) || this.#found.has(name) || (this.#unknown.get(name) ?? -Infinity) > this.#settings.now()) return undefined
    let asking = this.#asking.get(name)
    if (!asking) {
      if (this.#asking.size >= mostAsking + mostWaiting) return undefined
      asking = this.#ask(name).finally(() => this.#asking.delete(name))
      this.#asking.set(name, asking)
    }
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, patience).unref()
    return Promise.race([asking, late]).finally(() => clearTimeout(timer))
  }

  async #ask(name: string): Promise<void> {
    const { get, log, now } = this.#settings
    if (this.#running >= mostAsking) await new Promise<void>((resolve) => this.#turns.push(resolve))
    else this.#running++
    try {
      const found = await get(name)
      if (found) keep(this.#found, name, found.metadata.labels ?? {})
      else keep(this.#unknown, name, now() + absence)
    } catch (error) {
      keep(this.#unknown, name, now() + pause)
      log.warn('namespace not read', { namespace: name, error: (error as Error).message })
    } finally {
      const next = this.#turns.shift()
      if (next) next()
      else this.#running--
    }
  }
}

function keep<Value>(map: Map<string, Value>, name: string, value: Value): void {
  if (map.size >= mostKept) map.clear()
  map.set(name, value)
}
