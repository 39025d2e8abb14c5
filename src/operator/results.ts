/** Findings as results of a report: the fields that the two kinds of report have in common. */
import { createHash } from 'node:crypto'
import { newestRelease } from '../gunicorn/catalogue.ts'
import { rules } from '../rules/index.ts'
import type { Severity } from '../rules/rule.ts'
import type { Finding } from '../finding.ts'
import type { Verdict } from '../judge.ts'

/** One result of an `openreports.io/v1alpha1` Report or a `wgpolicyk8s.io/v1alpha2` PolicyReport. */
export interface Result {
  readonly source: 'paddock'
  /** What of gunicorn it is about, by the section of its documentation: `gunicorn: Logging`. */
  readonly category: string
  /** The GunicornPolicy. */
  readonly policy: string
  readonly rule: string
  readonly severity: 'high' | 'medium' | 'low'
  /** `fail`: an update would be denied. `warn`: it would be warned of, mended, or recorded. `skip`: an exception lets it pass. */
  readonly result: 'fail' | 'warn' | 'skip'
  /** It counts: tools that reckon a score leave out what does not. */
  readonly scored: true
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
    /** Tells it from all others: without it Policy Reporter makes its own of what several workloads have in common, and shows one of them. */
    readonly resultID: string
  }
  /** When it was first seen; put in where it is written. */
  readonly timestamp?: Timestamp
}

/** As protobuf has it. */
export interface Timestamp {
  readonly seconds: number
  readonly nanos: number
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

export function resultsOf({ workload, findings }: Verdict, uid: string): Result[] {
  if (findings.length === 0) return []
  const { apiVersion, kind, namespace, name } = workload
  const resources = [{ apiVersion, kind: kind.kind, namespace, name, uid }] as const
  const told = new Map<string, number>()
  return findings.map((finding) => {
    const { action, exception, policy, rule, severity, container, field, message, remedy } = finding
    const result: Result = {
      source: 'paddock',
      category: categoryOf(rule),
      policy,
      rule,
      severity: severities[severity],
      result: exception !== undefined ? 'skip' : action === 'Deny' ? 'fail' : 'warn',
      scored: true,
      message,
      resources,
      properties: { action, container, field, remedy, ...(exception === undefined ? {} : { exception }), resultID: '' },
    }
    // A script may hold the same fault more than once.
    const key = resultKey(result)
    const number = (told.get(key) ?? 0) + 1
    told.set(key, number)
    return { ...result,
      properties: { ...result.properties,
        resultID: createHash('sha256').update(number === 1 ? key : `${key} ${number}`).digest('hex').slice(0, 32) } }
  })
}

const categories = new Map<string, string>(
  rules.map(({ id, settings: [first = ''] }) => [id, `gunicorn: ${newestRelease.settings[first]?.section ?? 'Start'}`]),
)

/** What a rule is about: the section that its first setting stands in; for those of no setting, how gunicorn is started. */
const categoryOf = (rule: string): string => categories.get(rule) ?? 'gunicorn: Start'

/** Tells a result from the others, from one scan to the next. */
export function resultKey({ rule, policy, result, resources: [{ uid }], properties }: Result): string {
  return [uid, properties.container, rule, properties.field, policy, result, properties.action].join(' ')
}
