/** What the operator counts. Labels are few and bounded: no names of workloads, namespaces or policies. */
import client from '@prometheus-io/client'
import type { Step } from './scan.ts'
import type { Totals } from './totals.ts'

export interface Metrics {
  leading(isLeader: boolean): void
  /** When a certificate ends, in milliseconds since 1970. */
  certificateEnds(certificate: 'ca' | 'serving', at: number): void
  /** What the scan knows after a round, or a part of one. */
  found(totals: Totals, reports: number): void
  /** A round that came to its end: `all` of the cluster, or the `part` that a change affected. In milliseconds. */
  scanned(extent: 'all' | 'part', took: number, at: number): void
  failed(step: Step): void
  eventDropped(): void
  /** Exceptions that hold, and those of them that end within seven days. */
  exceptions(active: number, expiring: number): void
  /** All metrics in the Prometheus text format. */
  text(): Promise<string>
}

/** Seconds. A part is some calls; a large cluster takes minutes. */
const durationBuckets = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800]

/** A count that is kept elsewhere, and only grows: by the values of its label. */
interface Total {
  readonly name: string
  readonly help: string
  readonly label: string
  readonly values: () => Readonly<Record<string, number>>
}

/** @param requests the API calls made so far */
export function createMetrics(requests: () => number, totals: readonly Total[] = []): Metrics {
  const registry = new client.Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, ...labelNames: string[]) => new client.Gauge({ name, help, labelNames, registers })

  const leader = gauge('paddock_leader', 'Whether this operator is the one that acts: 1 or 0.')
  leader.set(0)
  const certificates = gauge(
    'paddock_certificate_expiry_timestamp_seconds',
    'When a certificate ends, by certificate (ca, serving).',
    'certificate',
  )
  const workloads = gauge('paddock_scan_workloads', 'Workloads that a policy governs, by kind.', 'kind')
  const findings = gauge(
    'paddock_scan_findings',
    'Findings in workloads, by rule and action (Audit, Warn, Fix, Deny; Excepted where an exception lets it pass).',
    'rule',
    'action',
  )
  const reports = gauge('paddock_scan_reports', 'Reports that stand.')
  const lastSuccess = gauge(
    'paddock_scan_last_success_timestamp_seconds',
    'When all workloads were last scanned without a failure.',
  )
  const exceptions = gauge('paddock_exceptions', 'GunicornExceptions that hold.')
  const expiring = gauge('paddock_exceptions_expiring', 'GunicornExceptions that end within seven days.')
  const duration = new client.Histogram({
    name: 'paddock_scan_duration_seconds',
    help: 'Time that a scan took, by extent: all workloads, or the part that a change affected.',
    labelNames: ['extent'],
    buckets: durationBuckets,
    registers,
  })
  const failures = new client.Counter({
    name: 'paddock_scan_failures_total',
    help: 'Steps of scans that failed and are tried again with the next, by step (discovery, list, judge, report, event, status).',
    labelNames: ['step'],
    registers,
  })
  const dropped = new client.Counter({
    name: 'paddock_events_dropped_total',
    help: 'Events that were left out, as too many waited.',
    registers,
  })
  new client.Counter({
    name: 'paddock_api_requests_total',
    help: 'Calls of the API server.',
    registers,
    collect() {
      this.reset()
      this.inc(requests())
    },
  })
  for (const { name, help, label, values } of totals)
    new client.Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(values())) this.inc({ [label]: value }, count)
      },
    })
  client.collectDefaultMetrics({ register: registry })

  return {
    leading: (isLeader) => leader.set(isLeader ? 1 : 0),
    certificateEnds: (certificate, at) => certificates.set({ certificate }, at / 1000),
    found(totals, count) {
      workloads.reset()
      for (const [kind, number] of totals.workloads()) workloads.set({ kind }, number)
      findings.reset()
      for (const { count: { rule, action, exception }, number } of totals.findings())
        findings.inc({ rule, action: exception === undefined ? action : 'Excepted' }, number)
      reports.set(count)
    },
    scanned(extent, took, at) {
      duration.observe({ extent }, took / 1000)
      if (extent === 'all') lastSuccess.set(at / 1000)
    },
    failed: (step) => failures.inc({ step }),
    eventDropped: () => dropped.inc(),
    exceptions(active, soon) {
      exceptions.set(active)
      expiring.set(soon)
    },
    text: () => registry.metrics(),
  }
}
