/**
 * Events on workloads in which something new was found that the policy warns of or denies.
 *
 * One Event for each workload and action, however many findings that is. Its name is made of what it says: who says it
 * again, after a restart, is told that it stands, which takes the right to create Events and no other. A cluster that is
 * scanned for the first time has much to tell: what goes beyond the pace waits, and what goes beyond the queue is left to
 * the reports.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTaken } from '../cluster/api-error.ts'
import type { Cluster, NewObject } from '../cluster/cluster.ts'
import { resultKey, type Result } from './results.ts'
import { events } from '../cluster/resources.ts'

export interface EventsOptions {
  /** Who tells: a Pod's name. */
  readonly instance: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly failed: (error: unknown) => void
  /** An event that was left out, as too many wait. */
  readonly dropped: () => void
  /** Events a second: 10 unless set. */
  readonly pace?: number
  /** Events that wait: 1000 unless set. */
  readonly queue?: number
}

/** events.k8s.io/v1 validation: `note` is at most 1 KiB, the others at most 128 characters. */
const longestNote = 1024
const longestField = 128

/** What an update of the workload would come to. */
const reasons = { Deny: 'WouldBeDenied', Warn: 'WouldBeWarnedOf' } as const

interface Event extends NewObject {
  readonly eventTime: string
  readonly reportingController: string
  readonly reportingInstance: string
  readonly action: string
  readonly reason: string
  readonly type: 'Warning'
  readonly regarding: Result['resources'][0]
  readonly note: string
}

export class Events {
  readonly #cluster: Cluster
  readonly #options: EventsOptions
  readonly #waiting: Event[] = []
  readonly #stopped = new AbortController()
  #sending: Promise<void> | undefined

  constructor(cluster: Cluster, options: EventsOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** Tells of results that were not there before. */
  tell(fresh: readonly Result[]): void {
    const subjectOf = ({ resources: [{ uid }], properties: { action } }: Result): string => `${uid} ${action}`
    for (const results of Map.groupBy(fresh.filter(isTold), subjectOf).values()) {
      if (this.#waiting.length >= (this.#options.queue ?? 1000)) this.#options.dropped()
      else this.#waiting.push(eventOf(results, this.#options))
    }
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined))
  }

  /** Resolves once nothing waits any more. */
  async told(): Promise<void> {
    await this.#sending
  }

  /** Leaves out what still waits. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#waiting.length = 0
    await this.#sending
  }

  async #send(): Promise<void> {
    // What is told in one go is told once the caller is done.
    await Promise.resolve()
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) {
      try {
        await this.#cluster.create(events, event)
      } catch (error) {
        if (!isTaken(error)) this.#options.failed(error)
      }
      const rest = 1000 / (this.#options.pace ?? 10)
      if (this.#waiting.length > 0) await sleep(rest, undefined, { signal: this.#stopped.signal }).catch(() => {})
    }
  }
}

const isTold = ({ result, properties: { action } }: Result): boolean => result !== 'skip' && (action === 'Deny' || action === 'Warn')

const sentences = ({ message, properties: { remedy } }: Result): string => `${message} ${remedy}`

function eventOf(results: readonly Result[], { instance, now }: EventsOptions): Event {
  const [first] = results
  if (!first) throw new TypeError('an event is about something')
  const regarding = first.resources[0]
  const action = first.properties.action === 'Deny' ? 'Deny' : 'Warn'
  const says = action === 'Deny' ? 'violates' : 'would violate'
  const notes = [...Map.groupBy(results, ({ policy }) => policy)].map(
    ([policy, found]) => `${says} GunicornPolicy "${policy}": ${found.map(sentences).join(' ')}`,
  )
  const digest = createHash('sha256').update(results.map(resultKey).sort().join('\n')).digest('hex').slice(0, 16)
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // A name has at most 253 characters.
    metadata: { namespace: regarding.namespace, name: `${regarding.name.slice(0, 253 - digest.length - 1)}.${digest}` },
    // meta/v1 MicroTime.
    eventTime: new Date(now()).toISOString().replace('Z', '000Z'),
    reportingController: 'paddock.dev/operator',
    reportingInstance: instance.slice(0, longestField),
    action: 'Scan',
    reason: reasons[action],
    type: 'Warning',
    regarding,
    note: shortened(notes.join(' ')),
  }
}

/** Cut to so many bytes of UTF-8. */
function shortened(text: string): string {
  if (Buffer.byteLength(text) <= longestNote) return text
  const ellipsis = '…'
  // A character that was cut in the middle is decoded as U+FFFD.
  return Buffer.from(text).subarray(0, longestNote - Buffer.byteLength(ellipsis)).toString().replace(/\uFFFD+$/, '') + ellipsis
}
