/** AdmissionReview + policy → answer. Pure. */
import { applies } from '../edit.ts'
import { findingsIn, judge, type Case } from '../judge.ts'
import { controllerUsers } from '../kubernetes/controllers.ts'
import type { AdmissionRequest, AdmissionResponse, AdmissionReview } from '../kubernetes/review.ts'
import { readWorkload, valueAt, type Workload } from '../kubernetes/workload.ts'
import type { Finding } from '../finding.ts'
import { governed, isMadeOfWorkload, type PolicyFor, type Writer } from '../policy/governed.ts'
import { mayDeny, type Policy } from '../policy/policy.ts'
import { pythonOf, surroundingsOf, type KnownImages } from '../images/asks.ts'
import { leavesJudged, leavesTemplate, newErrors, withStandingTolerated } from './previous.ts'
import type { Answer, Operation, Outcome, Respond } from './responder.ts'
import { denial, fixWarnings, invalidity, listed, policyList, ruleList, warningsOf } from './wording.ts'

/** Namespaces in which nothing is ever held back: without them a cluster cannot mend itself. */
const systemNamespaces = ['kube-system', 'kube-node-lease']

export interface RespondOptions {
  /** More namespaces in which nothing is held back: Paddock's own. */
  readonly exemptNamespaces?: readonly string[]
  /** More users that make workloads out of others, and are believed about it: `system:serviceaccount:argo-rollouts:argo-rollouts`. */
  readonly controllers?: readonly string[]
}

/** What is known of the images of a workload, whose policy has them looked into. */
export type ImagesFor = (workload: Workload, namespace: string, policy: Policy) => KnownImages

/** A workload that is judged, and by what. */
export interface Judged {
  readonly workload: Workload
  readonly policy: Policy
}

/** What answers reviews by the policies of their workloads. @param imagesFor unless it is given, nothing is known of images */
export function responder(policyFor: PolicyFor, options: RespondOptions = {}, imagesFor?: ImagesFor): Respond {
  const judgedIn = judgedBy(policyFor, options)
  return (operation, review) => {
    const { request } = review
    const judged = judgedIn(operation, review)
    if (!judged) return answer({ uid: request.uid, allowed: true }, 'allowed', [])
    const { workload, policy } = judged
    const images = policy.dependencies.images === 'Always' ? imagesFor?.(workload, request.namespace ?? '', policy) : undefined
    return operation === 'mutate' ? mutate(request, workload, policy, images) : validate(request, workload, policy, images)
  }
}

/** What of reviews is judged, and by which policy; undefined for what is let in unseen. */
export function judgedBy(policyFor: PolicyFor,
  { exemptNamespaces = [], controllers = [] }: RespondOptions = {}): (operation: Operation, review: AdmissionReview) => Judged | undefined {
  const exempt = new Set([...systemNamespaces, ...exemptNamespaces])
  const writerOf = writers(controllers)
  return (operation, { request }) => {
    const { namespace, object, operation: verb, subResource } = request
    const letIn = (): undefined => undefined
    if (exempt.has(namespace ?? '') || isBeingDeleted(object)) return letIn()
    const writer = writerOf(request)
    // What they make has to stay what they made it: they would make it anew without end. What they write later, they need.
    if (writer === 'controller' && (operation === 'mutate' || verb === 'UPDATE') && (isOfCluster(request) || isMade(request)))
      return letIn()
    const workload = readWorkload(object)
    if (!workload) return letIn()
    const isDebugged = subResource === 'ephemeralcontainers'
    // To hold back an update of what cannot be changed would only keep its finalizers from being removed.
    if (verb === 'UPDATE' && workload.kind.immutable && !isDebugged) return letIn()
    if (operation === 'mutate' && (isDebugged || workload.errors.length > 0 || (workload.kind.kind !== 'Pod' && isMade(request))))
      return letIn()
    const policy = policyFor(governed(object, namespace, writer))
    return policy && { workload, policy }
  }
}

/**
 * What the policy of a review's object says is done where the inspection fails on it: Allow where even that cannot be told, and
 * where an update leaves alone what could not be inspected before either.
 */
export function onFaultOf(policyFor: PolicyFor, { request }: AdmissionReview,
  { controllers = [] }: RespondOptions = {}): Policy['onFault'] {
  try {
    const { object, namespace } = request
    const policy = policyFor(governed(object, namespace, writers(controllers)(request)))
    if (policy?.onFault !== 'Deny') return 'Allow'
    const workload = policy.existing === 'Deny' ? undefined : readWorkload(object)
    const stored = storedOf(request)
    return workload && stored !== undefined && leavesJudged(workload, object, stored) ? 'Allow' : 'Deny'
  } catch {
    return 'Allow'
  }
}

const isBeingDeleted = (object: unknown): boolean => typeof valueAt(object, ['metadata', 'deletionTimestamp']) === 'string'

/** The object that an update takes the place of; undefined where there is none. */
const storedOf = (
  { operation, oldObject }: AdmissionRequest,
): unknown => (operation === 'UPDATE' && typeof oldObject === 'object' ? (oldObject ?? undefined) : undefined)

const clusterUsers: ReadonlySet<string> = new Set(controllerUsers)

/** True where a controller of the cluster itself asks. */
const isOfCluster = ({ userInfo }: AdmissionRequest): boolean => clusterUsers.has(userInfo?.username ?? '')

function writers(controllers: readonly string[]): (request: AdmissionRequest) => Writer {
  const known = new Set(controllers)
  return (
    request,
  ) => (request.userInfo?.username === undefined ? undefined
    : isOfCluster(request) || known.has(request.userInfo.username) ? 'controller' : 'anybody')
}

/**
 * True where a controller of whosoever makes an object out of a workload: a ReplicaSet of a Rollout, a Deployment of a Knative
 * Revision. It compares the two, so that the workload is where to mend. A person has no reason to name an owner.
 */
function isMade({ object, userInfo }: AdmissionRequest): boolean {
  return userInfo?.username?.startsWith('system:serviceaccount:') === true && isMadeOfWorkload(object)
}

function answer(response: AdmissionResponse, outcome: Outcome, findings: Answer['findings']): Answer {
  return { response: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }, outcome, findings }
}

/** @throws where the patch does not apply: the API server would turn the object away for it, whatever the failurePolicy */
function mutate(request: AdmissionRequest, workload: Workload, policy: Policy, images: KnownImages | undefined): Answer {
  const { uid, object, operation } = request
  const verdict = judge({ object, workload, policy, python: images && pythonOf(workload, images),
    surroundings: images && surroundingsOf(images) })
  if (verdict.rounds.length === 0) return answer({ uid, allowed: true }, 'allowed', [])
  // The stored object is asked for last: it may have to be parsed for it.
  if (operation === 'UPDATE' && policy.existing !== 'Fix') {
    const stored = storedOf(request)
    if (stored !== undefined && leavesTemplate(workload, object, stored)) return answer({ uid, allowed: true }, 'allowed', [])
  }
  const findings = [...verdict.mended]
  const patch = verdict.patch()
  if (!applies(object, patch)) throw new TypeError('the patch does not apply')
  const response: AdmissionResponse = {
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    warnings: fixWarnings(findings),
    auditAnnotations: { policy: policyList(findings), fixed: ruleList(findings) },
  }
  return answer(response, 'fixed', findings)
}

function validate(request: AdmissionRequest, workload: Workload, policy: Policy, images: KnownImages | undefined): Answer {
  const { uid, object, subResource } = request
  const stored = (): unknown => storedOf(request)
  const errors = newErrors(workload, policy.existing === 'Deny' ? nothing : stored)
  if (errors.length > 0 && denies(policy)) return answer({ uid, allowed: false, status: invalidity(workload, errors) }, 'denied', [])
  const known = (one: Workload): Pick<Case, 'python' | 'surroundings'> =>
    images ? { python: pythonOf(one, images), surroundings: surroundingsOf(images) } : {}
  const found = findingsIn({ workload, policy, ...known(workload) })
  const own = subResource === 'ephemeralcontainers' ? ofNewEphemeral(found, workload, stored()) : found
  const { findings, standing } = policy.existing === 'Deny' ? { findings: own, standing: [] }
    : withStandingTolerated(own, workload, object, stored, policy, known)
  const unread = workload.errors.length > 0 && isTold(policy) ? workload.errors : noErrors
  if (findings.length + unread.length === 0) return answer({ uid, allowed: true }, 'allowed', [])
  const auditAnnotations = {
    ...(findings.length > 0 ? { policy: policyList(findings), rules: ruleList(findings) } : {}),
    ...(standing.length > 0 ? { existing: ruleList(standing) } : {}),
    ...exceptionsOf(findings),
  }
  const denied = findings.filter((finding) => finding.action === 'Deny')
  if (denied.length > 0) return answer({ uid, allowed: false, status: denial(workload, denied), auditAnnotations }, 'denied', findings)
  const warnings = warningsOf([...standing, ...findings.filter((finding) => finding.action === 'Warn' && !standing.includes(finding))],
    unread)
  if (warnings.length === 0) return answer({ uid, allowed: true, auditAnnotations }, 'allowed', findings)
  return answer({ uid, allowed: true, warnings, auditAnnotations }, 'warned', findings)
}

/** True where a policy denies anything, and so does not want what cannot be read. */
const denies = ({ rules }: Policy): boolean => Object.values(rules).some(mayDeny)

const nothing = (): undefined => undefined
const noErrors: Workload['errors'] = []

/** True where a policy has anything said to who writes an object. */
const isTold = ({ rules }: Policy): boolean => Object.values(rules).some(({ action }) => action !== 'Off' && action !== 'Audit')

/** Those of containers that a Pod gets for debugging: nothing else of it can be changed, nor can those that it has. */
function ofNewEphemeral(findings: readonly Finding[], { containers }: Workload, stored: unknown): readonly Finding[] {
  const ephemeral = (workload: Pick<Workload, 'containers'> | undefined): string[] =>
    (workload?.containers ?? []).flatMap(({ list, name }) => (list === 'ephemeralContainers' ? [name] : []))
  const before = new Set(ephemeral(readWorkload(stored)))
  const fresh = new Set(ephemeral({ containers }).filter((name) => !before.has(name)))
  return findings.filter(({ container }) => fresh.has(container))
}

/** The exceptions that let findings pass, where there are any. */
function exceptionsOf(findings: readonly Finding[]): { readonly exceptions?: string } {
  const names = findings.flatMap(({ exception }) => exception ?? [])
  return names.length === 0 ? {} : { exceptions: listed(names) }
}
