/** What Paddock makes of each GunicornPolicy and GunicornException, in their status. Written where it says something else. */
import { isDeepStrictEqual } from 'node:util'
import { policyContradictions } from '../contradictions.ts'
import type { PolicyStatus } from '../policy/gunicorn-policy.ts'
import type { ExceptionStatus } from '../policy/gunicorn-exception.ts'
import type { ExceptionObject, PolicyObject, PolicyProblem } from '../policy/policies.ts'
import { isMissing } from '../cluster/api-error.ts'
import type { Cluster, NewObject, Resource } from '../cluster/cluster.ts'
import { gunicornExceptions, gunicornPolicies } from '../cluster/resources.ts'
import type { Totals } from './totals.ts'

type Condition = NonNullable<PolicyStatus['conditions']>[number]

/** A condition without when it came to be so. */
type Told = Omit<Condition, 'lastTransitionTime'>

/** What has been found out so far. */
export interface Known {
  readonly problems: readonly PolicyProblem[]
  readonly totals: Totals
  /** True once all workloads have been looked at with what stands now. */
  readonly scanned: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The status of each policy, by its name. */
export function policyStatuses(policies: readonly PolicyObject[], known: Known): Map<string, PolicyStatus> {
  const { problems, totals, scanned, now } = known
  const governed = totals.governed()
  const counts = new Map<string, { denied: number; warned: number; fixed: number; audited: number; excepted: number }>()
  for (const { count, number } of totals.findings()) {
    let of = counts.get(count.policy)
    if (!of) counts.set(count.policy, of = noCounts())
    of[count.exception !== undefined ? 'excepted' : word[count.action]] += number
  }
  return new Map([...policies].map((policy) => {
    const { name, generation = 0 } = policy.metadata
    const broken = messages(problems, 'GunicornPolicy', '', name)
    const found = { workloads: governed.get(name) ?? 0, ...(counts.get(name) ?? noCounts()) }
    const accepted: Told = broken === ''
      ? accepts(policy)
      : { type: 'Accepted', status: 'False', reason: 'Invalid', message: broken }
    const ready: Told = broken !== ''
      ? { type: 'Ready', status: 'False', reason: 'Invalid', message: 'not all of it holds' }
      : scanned
      ? { type: 'Ready', status: 'True', reason: 'Scanned', message: 'the workloads that it governs have been scanned' }
      : { type: 'Ready', status: 'Unknown', reason: 'Pending', message: 'the workloads that it governs have yet to be scanned' }
    return [name, {
      observedGeneration: generation,
      conditions: conditions([accepted, ready], policy.status?.conditions, generation, now),
      ...counted(scanned ? found : policy.status?.counts),
    }]
  }))
}

/** A policy that is valid may say something against itself. */
function accepts(policy: PolicyObject): Told {
  const found = policyContradictions(policy).map(({ message }) => message)
  if (found.length === 0) return { type: 'Accepted', status: 'True', reason: 'Valid', message: 'it is valid' }
  return { type: 'Accepted', status: 'True', reason: 'Contradictory',
    message: `it is valid, and says something against itself: ${found.join('; ')}`.slice(0, longestMessage) }
}

/** What was counted, and what was counted before where nothing has been yet. */
const counted = <T>(counts: T | undefined): { counts?: T } => (counts === undefined ? {} : { counts })

/** The status of each exception, by `namespace/name`. */
export function exceptionStatuses(exceptions: readonly ExceptionObject[], known: Known): Map<string, ExceptionStatus> {
  const { problems, totals, scanned, now } = known
  const held = totals.excepted()
  const findings = new Map<string, number>()
  for (const { count, number } of totals.findings())
    if (count.exception !== undefined) findings.set(count.exception, (findings.get(count.exception) ?? 0) + number)
  return new Map([...exceptions].map((exception) => {
    const { name, namespace, generation = 0 } = exception.metadata
    const key = `${namespace}/${name}`
    const broken = messages(problems, 'GunicornException', namespace, name)
    const active = activity(exception, broken, scanned && !held.has(key), now)
    const found = { workloads: held.get(key) ?? 0, findings: findings.get(key) ?? 0 }
    return [key, {
      observedGeneration: generation,
      conditions: conditions([active], exception.status?.conditions, generation, now),
      ...counted(scanned ? found : exception.status?.counts),
    }]
  }))
}

function activity({ spec }: ExceptionObject, broken: string, isIdle: boolean, now: number): Told {
  const type = 'Active'
  if (broken !== '') return { type, status: 'False', reason: 'Invalid', message: broken }
  if (hasEnded(spec.expiry, now)) return { type, status: 'False', reason: 'Expired', message: `it ended at ${spec.expiry}` }
  if (isIdle) return { type, status: 'True', reason: 'Unmatched', message: 'no workload that a policy governs is named by it' }
  return { type, status: 'True', reason: 'Active', message: spec.expiry === undefined ? 'it has no end' : `it ends at ${spec.expiry}` }
}

const hasEnded = (expiry: string | undefined, now: number): boolean => expiry !== undefined && Date.parse(expiry) <= now

const word = { Deny: 'denied', Warn: 'warned', Fix: 'fixed', Audit: 'audited' } as const

const noCounts = () => ({ denied: 0, warned: 0, fixed: 0, audited: 0, excepted: 0 })

/** meta/v1 Condition: at most 32 KiB. */
const longestMessage = 32768

function messages(problems: readonly PolicyProblem[], kind: PolicyProblem['kind'], namespace: string, name: string): string {
  const own = problems.filter((one) => one.kind === kind && one.namespace === namespace && one.name === name)
  return own.map(({ message }) => message).join('; ').slice(0, longestMessage)
}

/** The conditions with when they came to be so, which is as before where nothing but the words have changed. */
function conditions(told: readonly Told[], before: readonly Condition[] = [], generation: number, now: number): Condition[] {
  return told.map((condition) => {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status)
    // metav1.Time: whole seconds.
    const lastTransitionTime = same?.lastTransitionTime ?? new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
    return { ...condition, observedGeneration: generation, lastTransitionTime }
  })
}

/** Writes what has changed. `failed` is told of what could not be written; the others are. */
export async function writeStatuses(
  cluster: Pick<Cluster, 'apply'>,
  policies: readonly PolicyObject[],
  exceptions: readonly ExceptionObject[],
  known: Known,
  failed: (error: unknown) => void,
): Promise<void> {
  const write = async <T extends PolicyObject | ExceptionObject>(resource: Resource, object: T, status: T['status']) => {
    if (status === undefined || isDeepStrictEqual(status, object.status)) return
    const { apiVersion, kind, metadata: { name, ...metadata } } = object
    const place = 'namespace' in metadata ? { name, namespace: metadata.namespace } : { name }
    const target: NewObject & { status: object } = { apiVersion, kind, metadata: place, status }
    try {
      await cluster.apply(resource, target, { fieldManager: 'paddock-operator', force: true, subresource: 'status' })
    } catch (error) {
      // It has gone since.
      if (!isMissing(error)) failed(error)
    }
  }
  const ofPolicies = policyStatuses(policies, known)
  for (const policy of policies) await write(gunicornPolicies, policy, ofPolicies.get(policy.metadata.name))
  const ofExceptions = exceptionStatuses(exceptions, known)
  for (const exception of exceptions) {
    const { namespace, name } = exception.metadata
    await write(gunicornExceptions, exception, ofExceptions.get(`${namespace}/${name}`))
  }
}
