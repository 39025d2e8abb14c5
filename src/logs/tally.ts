/** What happened how often, and the lines that say so. */
import { shown } from './lines.ts'

/** Ids of conclusions: part of the contract (DESIGN.md, "Diagnosis"). */
export type ConclusionId = 'worker-timeout' | 'silent-worker' | 'worker-killed' | 'out-of-memory' | 'worker-class-missing'
  | 'application-import-failed' | 'application-not-found' | 'port-in-use' | 'invalid-address' | 'configuration-refused'
  | 'saturated-workers' | 'slow-requests' | 'waiting-requests' | 'daemonized' | 'read-only-file-system' | 'boot-loop' | 'forced-restart'
  | 'routine-restart'

/** What is counted beside: no conclusion hangs on it alone. */
export type EventName = ConclusionId | 'start' | 'stop' | 'worker-boot' | 'worker-exit' | 'failed-request' | 'refused-request'
  | 'container-restart'

export interface Evidence {
  /** The line's number, from 1. */
  readonly line: number
  readonly text: string
}

/** Lines that are kept of each kind of event: the first ones. */
const mostEvidence = 5

/** One kind of event. */
export interface Event {
  count: number
  /** Milliseconds since 1970; NaN where no line says it. */
  first: number
  last: number
  readonly evidence: Evidence[]
}

/** A line that is looked at. One object for all of them. */
export interface LineAt {
  number: number
  text: string
  start: number
  end: number
  time: number
}

/** The line as evidence. */
export const evidenceOf = ({ number, text, start, end }: LineAt): Evidence => ({ line: number, text: shown(text, start, end) })

export class Tally {
  readonly events = new Map<EventName, Event>()

  get(name: EventName): Event | undefined {
    return this.events.get(name)
  }

  /** Counts an event at a line, or at an earlier one that is kept. */
  add(name: EventName, time: number, evidence: Evidence): void {
    let event = this.events.get(name)
    if (!event) this.events.set(name, event = { count: 0, first: NaN, last: NaN, evidence: [] })
    event.count++
    if (event.evidence.length < mostEvidence && event.evidence.every(({ line }) => line !== evidence.line)) event.evidence.push(evidence)
    if (Number.isNaN(time)) return
    if (!(event.first <= time)) event.first = time
    if (!(event.last >= time)) event.last = time
  }
}
