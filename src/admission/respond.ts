/** AdmissionReview + policy → answer. Pure. */
import { bounded } from '../budget.ts'
import { annotatedPython } from '../dependencies/annotation.ts'
import { jsonPatch } from '../edit.ts'
import { fix } from '../fix.ts'
import { causeReason, fieldMessage, fieldPath } from '../kubernetes/field.ts'
import type { AdmissionResponse, AdmissionReview, Status } from '../kubernetes/review.ts'
import { readWorkload, valueAt, type Workload } from '../kubernetes/workload.ts'
import { lint, type Finding } from '../lint.ts'
import { governed, type PolicyFor } from '../policy/governed.ts'
import type { Policy } from '../policy/policy.ts'
import type { Answer, Outcome, Respond } from './responder.ts'

/**
 * The API server may cut a longer warning off, and drops warnings of more than 4096 characters altogether.
 * Source: k8s.io/apiserver/pkg/endpoints/filters/warning.go.
 */
const longestWarning = 256
const mostWarnings = 15

/** Namespaces in which nothing is ever held back: without them a cluster cannot mend itself. */
const systemNamespaces = ['kube-system', 'kube-node-lease']

export interface RespondOptions {
  /** More namespaces in which nothing is held back: Paddock's own. */
  readonly exemptNamespaces?: readonly string[]
}

/** What answers reviews by the policies of their workloads. */
export function responder(policyFor: PolicyFor, { exemptNamespaces = [] }: RespondOptions = {}): Respond {
  const exempt = new Set([...systemNamespaces, ...exemptNamespaces])
  return (operation, review) => {
    const { uid, namespace, object, operation: verb } = review.request
    const workload = exempt.has(namespace ?? '') || isBeingDeleted(object) ? undefined : readWorkload(object)
    if (!workload) return answer({ uid, allowed: true }, 'allowed', [])
    if (workload.errors.length > 0) return malformed(uid, workload)
    // To hold back an update of what cannot be changed would only keep its finalizers from being removed.
    if (verb === 'UPDATE' && workload.kind.immutable) return answer({ uid, allowed: true }, 'allowed', [])
    const policy = policyFor(governed(object, namespace))
    if (!policy) return answer({ uid, allowed: true }, 'allowed', [])
    return operation === 'mutate' ? mutate(uid, object, workload, policy) : validate(uid, workload, policy)
  }
}

/** What the policy of a review's object says is done where the inspection fails on it: Allow where even that cannot be told. */
export function onFaultOf(policyFor: PolicyFor, { request: { object, namespace } }: AdmissionReview): Policy['onFault'] {
  try {
    return policyFor(governed(object, namespace))?.onFault ?? 'Allow'
  } catch {
    return 'Allow'
  }
}

const isBeingDeleted = (object: unknown): boolean => typeof valueAt(object, ['metadata', 'deletionTimestamp']) === 'string'

function answer(response: AdmissionResponse, outcome: Outcome, findings: Answer['findings']): Answer {
  return { response: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }, outcome, findings }
}

function mutate(uid: string, object: unknown, workload: Workload, policy: Policy): Answer {
  const python = annotatedPython(workload)
  const { rounds, mended } = bounded(() => fix(object, lint(workload, policy, python), policy, python))
  if (rounds.length === 0) return answer({ uid, allowed: true }, 'allowed', [])
  const findings = [...mended]
  const response: AdmissionResponse = {
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(jsonPatch(object, rounds))).toString('base64'),
    warnings: fixWarnings(findings),
    auditAnnotations: { policy: policyList(findings), fixed: ruleList(findings) },
  }
  return answer(response, 'fixed', findings)
}

function fixWarnings(findings: readonly Finding[]): string[] {
  const byContainer = Map.groupBy(findings, (finding) => finding.container)
  return [...byContainer].flatMap(([container, mended]) =>
    [...Map.groupBy(mended, (finding) => finding.policy)].map(([policy, some]) =>
      shortened(`fixed by GunicornPolicy "${policy}" in container "${container}": ${ruleList(some).replaceAll(',', ', ')}`, ''),
    ),
  )
}

const policyList = (findings: readonly Finding[]): string => [...new Set(findings.map((finding) => finding.policy))].join(',')

const ruleList = (findings: readonly Finding[]): string => [...new Set(findings.map((finding) => finding.rule))].join(',')

function validate(uid: string, workload: Workload, policy: Policy): Answer {
  const report = lint(workload, policy, annotatedPython(workload))
  // What is still to be fixed here could not be mended.
  const findings = report.findings.flatMap((finding) => finding.withoutFix() ?? [])
  if (findings.length === 0) return answer({ uid, allowed: true }, 'allowed', [])
  const auditAnnotations = { policy: policyList(findings), rules: ruleList(findings), ...exceptionsOf(findings) }
  const denied = findings.filter((finding) => finding.action === 'Deny')
  if (denied.length > 0) return answer({ uid, allowed: false, status: denial(workload, denied), auditAnnotations }, 'denied', findings)
  const warnings = findings.filter((finding) => finding.action === 'Warn').map((finding) => shortened(`would violate GunicornPolicy "${finding.policy}": ${finding.message}`, ` ${finding.remedy}`))
  if (warnings.length === 0) return answer({ uid, allowed: true, auditAnnotations }, 'allowed', findings)
  return answer({ uid, allowed: true, warnings: limited(warnings), auditAnnotations }, 'warned', findings)
}

/** The exceptions that let findings pass, where there are any. */
function exceptionsOf(findings: readonly Finding[]): { readonly exceptions?: string } {
  const names = new Set(findings.flatMap(({ exception }) => exception ?? []))
  return names.size === 0 ? {} : { exceptions: [...names].join(',') }
}

function denial(workload: Workload, findings: readonly Finding[]): Status {
  return {
    status: 'Failure',
    code: 403,
    reason: 'Forbidden',
    message: denialMessage(findings),
    details: {
      name: workload.name,
      kind: workload.kind.kind,
      causes: findings.map(({ shape, field, message, remedy }) => ({ reason: causeReason[shape], field, message: `${message} ${remedy}` })),
    },
  }
}

/** What each policy that denies has to say. */
function denialMessage(findings: readonly Finding[]): string {
  const byPolicy = [...Map.groupBy(findings, (finding) => finding.policy)]
  const texts = byPolicy.map(([policy, some]) => `violates GunicornPolicy "${policy}": ${some.map((finding) => `${finding.message} ${finding.remedy}`).join(' ')}`)
  return texts.join(' Also ')
}

/** An object that the API server would refuse, as a review from a file may hold. */
function malformed(uid: string, { name, kind, errors }: Workload): Answer {
  const lines = errors.map(({ path, shape, value, detail }) => fieldMessage(path, shape, value, detail))
  const status: Status = {
    status: 'Failure',
    code: 422,
    reason: 'Invalid',
    message: `${kind.kind} "${name}" is invalid: ${lines.join(', ')}`,
    details: { name, kind: kind.kind, causes: errors.map(({ path, shape }, index) => ({ reason: causeReason[shape], field: fieldPath(path), message: lines[index] ?? '' })) },
  }
  return answer({ uid, allowed: false, status }, 'denied', [])
}

/** The text with what may follow it, cut to what the API server passes on whole. */
function shortened(text: string, more: string): string {
  if (text.length + more.length <= longestWarning) return text + more
  if (text.length <= longestWarning) return text
  const rule = / \[[a-z0-9-]+\]$/.exec(text)?.[0] ?? ''
  return `${text.slice(0, longestWarning - rule.length - 1)}…${rule}`
}

function limited(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= mostWarnings) return warnings
  return [...warnings.slice(0, mostWarnings - 1), `and ${warnings.length - mostWarnings + 1} more findings: see \`paddock check\``]
}

