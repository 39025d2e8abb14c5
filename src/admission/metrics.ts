import client from '@prometheus-io/client'
import type { UnreadCause } from './reading-thread.ts'
import type { Operation, Outcome } from './responder.ts'

/** What a server counts. Labels are few and bounded: no names of workloads or namespaces. */
export interface Metrics {
  /** A review that was answered, and how long that took from the whole request on, in seconds. */
  reviewed(operation: Operation, outcome: Outcome, seconds: number): void
  found(rule: string, action: string, count: number): void
  /** A review that took a processor longer than `slow` milliseconds. */
  slow(operation: Operation): void
  /** A review that was not read to its end. */
  unread(cause: Unread): void
  faulted(): void
  /** A request that was turned away with an HTTP status code. */
  rejected(code: number): void
  /** All metrics in the Prometheus text format, and its content type. */
  text(): Promise<string>
  readonly contentType: string
}

/** Why a review was not read to its end: its steps are used up, or what the thread for large reviews says. */
export type Unread = 'steps' | UnreadCause

/** Milliseconds of a processor: no review is to take longer. */
export const slow = 100

/** A number that is read when the metrics are; undefined while there is none. */
export interface Gauge {
  readonly name: string
  readonly help: string
  readonly value: () => number | undefined
}

/** A count that is kept elsewhere, and only grows: by the values of its label, or one without. */
export interface Total {
  readonly name: string
  readonly help: string
  readonly label?: string
  readonly values: () => Readonly<Record<string, number>>
}

/** Seconds. An answer takes some tens of microseconds; nobody waits longer than 30 s for one. */
// dprint-ignore: a list of words
const durationBuckets = [
  0.00005, 0.0001, 0.00015, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10,
]

/** So many durations are kept before they are put into their buckets. */
const batch = 1024

/**
 * Metrics with a registry of their own, so that several servers can stand in one process.
 *
 * What is counted on each review is kept in plain numbers, and handed to the registry when it is read: with labels
 * looked up and buckets found each time, counting costs as much as reading an object.
 */
export function createMetrics(gauges: readonly Gauge[] = [], totals: readonly Total[] = []): Metrics {
  const registry = new client.Registry()
  const registers = [registry]

  const outcomes = { mutate: noOutcomes(), validate: noOutcomes() }
  new client.Counter({
    name: 'paddock_admission_reviews_total',
    help: 'Admission reviews answered, by operation (mutate, validate) and outcome (allowed, fixed, warned, denied, fault).',
    labelNames: ['operation', 'outcome'],
    registers,
    collect() {
      for (const [operation, counts] of Object.entries(outcomes)) {
        for (const [outcome, count] of Object.entries(counts)) {
          this.inc({ operation, outcome }, count)
          counts[outcome as Outcome] = 0
        }
      }
    },
  })

  const durations = { mutate: new Float64Array(batch), validate: new Float64Array(batch) }
  const pending = { mutate: 0, validate: 0 }
  const duration = new client.Histogram({
    name: 'paddock_admission_review_duration_seconds',
    help: 'Time from a whole admission review to its answer, network and TLS not counted.',
    labelNames: ['operation'],
    buckets: durationBuckets,
    registers,
    collect() {
      observe('mutate')
      observe('validate')
    },
  })
  function observe(operation: Operation): void {
    for (const seconds of durations[operation].subarray(0, pending[operation])) duration.observe({ operation }, seconds)
    pending[operation] = 0
  }

  /** By rule, then by action. */
  const findings = new Map<string, Map<string, number>>()
  new client.Counter({
    name: 'paddock_findings_total',
    help: 'Findings in admission reviews, by rule and by the action that the policy took.',
    labelNames: ['rule', 'action'],
    registers,
    collect() {
      for (const [rule, counts] of findings) for (const [action, count] of counts) this.inc({ rule, action }, count)
      findings.clear()
    },
  })

  const faults = new client.Counter({
    name: 'paddock_faults_total',
    help: 'Internal faults: reviews that were answered without an inspection.',
    registers,
  })
  const rejections = new client.Counter({
    name: 'paddock_rejected_requests_total',
    help: 'Requests that were no admission review, by HTTP status code.',
    labelNames: ['code'],
    registers,
  })
  const slowReviews = new client.Counter({
    name: 'paddock_slow_reviews_total',
    help: `Admission reviews that took a processor longer than ${slow} ms, by operation.`,
    labelNames: ['operation'],
    registers,
  })
  const unreadReviews = new client.Counter({
    name: 'paddock_unread_reviews_total',
    help:
      'Admission reviews that were not read to their end, by cause (steps, large, slow, died, waited); the policy said what became of them.',
    labelNames: ['cause'],
    registers,
  })
  // From 0 on, so that a rate can be taken of the first.
  for (const operation of ['mutate', 'validate']) slowReviews.inc({ operation }, 0)
  for (const cause of ['steps', 'large', 'slow', 'died', 'waited'] satisfies Unread[]) unreadReviews.inc({ cause }, 0)
  for (const { name, help, label, values } of totals) {
    const told: Record<string, number> = {}
    new client.Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers,
      collect() {
        for (const [key, value] of Object.entries(values())) {
          this.inc(label === undefined ? {} : { [label]: key }, value - (told[key] ?? 0))
          told[key] = value
        }
      },
    })
  }
  for (const { name, help, value } of gauges) {
    new client.Gauge({
      name,
      help,
      registers,
      collect() {
        const now = value()
        if (now === undefined) this.remove()
        else this.set(now)
      },
    })
  }
  client.collectDefaultMetrics({ register: registry })

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    reviewed(operation, outcome, seconds) {
      outcomes[operation][outcome]++
      durations[operation][pending[operation]++] = seconds
      if (pending[operation] === batch) observe(operation)
    },
    found(rule, action, count) {
      let counts = findings.get(rule)
      if (counts === undefined) findings.set(rule, counts = new Map())
      counts.set(action, (counts.get(action) ?? 0) + count)
    },
    slow: (operation) => slowReviews.inc({ operation }),
    unread: (cause) => unreadReviews.inc({ cause }),
    faulted: () => faults.inc(),
    rejected: (code) => rejections.inc({ code }),
  }
}

/** From 0 on, so that a rate can be taken of the first. */
function noOutcomes(): Record<Outcome, number> {
  return { allowed: 0, fixed: 0, warned: 0, denied: 0, fault: 0 }
}
