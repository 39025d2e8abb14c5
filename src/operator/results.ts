/** Findings as results of a report: the fields that the two kinds of report have in common. */
import type { Severity } from '../rules/rule.ts'
import type { Finding } from '../lint.ts'
import type { Judged } from './judge.ts'

/** One result of an `openreports.io/v1alpha1` Report or a `wgpolicyk8s.io/v1alpha2` PolicyReport. */
export interface Result {
  readonly source: 'paddock'
  readonly category: 'gunicorn'
  /** The GunicornPolicy. */
  readonly policy: string
  readonly rule: string
  readonly severity: 'high' | 'medium' | 'low'
  /** `fail`: an update would be denied. `warn`: it would be warned of, mended, or recorded. `skip`: an exception lets it pass. */
  readonly result: 'fail' | 'warn' | 'skip'
  readonly message: string
  readonly resources: readonly [Subject]
  /** Values are strings. */
  readonly properties: {
    /** What is done about it: Audit, Warn, Fix or Deny. */
    readonly action: Finding['action']
    readonly container: string
    readonly field: string
    readonly remedy: string
    /** The GunicornException that lets it pass. */
    readonly exception?: string
  }
}

/** The workload that a result is about. */
export interface Subject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** Reports know no other severities in all of their releases. */
const severities: Readonly<Record<Severity, Result['severity']>> = { error: 'high', warning: 'medium', info: 'low' }

export function resultsOf({ workload, findings }: Judged, uid: string): Result[] {
  if (findings.length === 0) return []
  const { apiVersion, kind, namespace, name } = workload
  const resources = [{ apiVersion, kind: kind.kind, namespace, name, uid }] as const
  return findings.map((finding) => {
    const { action, exception, policy, rule, severity, container, field, message, remedy } = finding
    return {
      source: 'paddock',
      category: 'gunicorn',
      policy,
      rule,
      severity: severities[severity],
      result: exception !== undefined ? 'skip' : action === 'Deny' ? 'fail' : 'warn',
      message,
      resources,
      properties: { action, container, field, remedy, ...(exception === undefined ? {} : { exception }) },
    }
  })
}

/** Tells a result from the others, from one scan to the next. */
export function resultKey({ rule, policy, result, resources: [{ uid }], properties }: Result): string {
  return [uid, properties.container, rule, properties.field, policy, result, properties.action].join(' ')
}
