import client from '@prometheus-io/client'
import type { Operation, Outcome } from './responder.ts'

/** What a server counts. Labels are few and bounded: no names of workloads or namespaces. */
export interface Metrics {
  /** A review that was answered, and how long the answer took from the whole request on, in seconds. */
  reviewed(operation: Operation, outcome: Outcome, seconds: number): void
  found(rule: string, action: string): void
  faulted(): void
  /** A request that was turned away with an HTTP status code. */
  rejected(code: number): void
  /** All metrics in the Prometheus text format, and its content type. */
  text(): Promise<string>
  readonly contentType: string
}

/** Seconds. An answer takes some tens of microseconds; what is above 10 s, the API server no longer waits for. */
const durationBuckets = [
  0.00005, 0.0001, 0.00015, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10,
]

const outcomes: readonly Outcome[] = ['allowed', 'fixed', 'warned', 'denied', 'fault']

/** Metrics with a registry of their own, so that several servers can stand in one process. */
export function createMetrics(): Metrics {
  const registry = new client.Registry()
  const registers = [registry]
  const reviews = new client.Counter({
    name: 'paddock_admission_reviews_total',
    help: 'Admission reviews answered, by operation (mutate, validate) and outcome (allowed, fixed, warned, denied, fault).',
    labelNames: ['operation', 'outcome'],
    registers,
  })
  const duration = new client.Histogram({
    name: 'paddock_admission_review_duration_seconds',
    help: 'Time from a whole admission review to its answer, network and TLS not counted.',
    labelNames: ['operation'],
    buckets: durationBuckets,
    registers,
  })
  const findings = new client.Counter({
    name: 'paddock_findings_total',
    help: 'Findings in admission reviews, by rule and by the action that the policy took.',
    labelNames: ['rule', 'action'],
    registers,
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
  client.collectDefaultMetrics({ register: registry })

  // Bound once, so that a review looks nothing up by label; and from 0 on, so that a rate can be taken of the first.
  const bind = (operation: Operation) => {
    for (const outcome of outcomes) reviews.inc({ operation, outcome }, 0)
    return {
      duration: duration.labels(operation),
      outcomes: new Map<Outcome, { inc(): void }>(outcomes.map((outcome) => [outcome, reviews.labels(operation, outcome)])),
    }
  }
  const bound: Record<Operation, ReturnType<typeof bind>> = { mutate: bind('mutate'), validate: bind('validate') }
  const found = new Map<string, { inc(): void }>()

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    reviewed(operation, outcome, seconds) {
      const metric = bound[operation]
      metric.duration.observe(seconds)
      metric.outcomes.get(outcome)?.inc()
    },
    found(rule, action) {
      const key = `${rule} ${action}`
      let counter = found.get(key)
      if (counter === undefined) found.set(key, (counter = findings.labels(rule, action)))
      counter.inc()
    },
    faulted: () => faults.inc(),
    rejected: (code) => rejections.inc({ code }),
  }
}
