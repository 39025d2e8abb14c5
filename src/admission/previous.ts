/** What an update leaves as it was: the object as it is stored against the one that is to take its place. Pure. */
import { findingsIn, type Case } from '../judge.ts'
import { isObject, type Path, type FieldError } from '../kubernetes/field.ts'
import { readWorkload, valueAt, type Container, type Workload } from '../kubernetes/workload.ts'
import { unmended, type Finding } from '../finding.ts'
import type { Policy } from '../policy/policy.ts'

/** Deeper than any PodSpec is. What is nested deeper is taken for changed. */
const deepest = 64

/** Of the processes of a BkApp, how many of each there are: it is scaled by them, and no Pod is replaced for that. */
const scaling: ReadonlySet<string> = new Set(['replicas', 'autoscaling'])
const nothing: ReadonlySet<string> = new Set()

/** True where an update leaves alone what Pods are made of: to give it another one would replace all that run. */
export function leavesTemplate({ kind }: Workload, object: unknown, stored: unknown): boolean {
  const path: Path = kind.spec.at(-2) === 'template' ? kind.spec.slice(0, -1) : kind.spec
  return isSame(valueAt(object, path), valueAt(stored, path), kind.holds === 'processes' ? scaling : nothing)
}

/** True where an update leaves alone all that is judged: the template, and what is told by labels and annotations. */
export function leavesJudged(workload: Workload, object: unknown, stored: unknown): boolean {
  const told = (name: string): boolean => isSame(valueAt(object, ['metadata', name]), valueAt(stored, ['metadata', name]), nothing)
  return leavesTemplate(workload, object, stored) && told('labels') && told('annotations')
}

/**
 * Whether two values are the same to Kubernetes. A client with Go's types leaves out, or puts in, what is empty; of an object of
 * a definition the API server keeps that as it comes.
 */
function isSame(one: unknown, other: unknown, ignored: ReadonlySet<string>, depth = 0): boolean {
  if (one === other) return true
  if (depth > deepest) return false
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isSame(item, other[index], ignored, depth + 1))
  if (!isObject(one) || !isObject(other)) return isEmpty(one) && isEmpty(other)
  for (const key of Object.keys(one)) if (!ignored.has(key) && !isSame(one[key], ownValue(other, key), ignored, depth + 1)) return false
  for (const key of Object.keys(other)) if (!ignored.has(key) && !Object.hasOwn(one, key) && !isEmpty(other[key])) return false
  return true
}

const ownValue = (object: Readonly<Record<string, unknown>>, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

/** What encoding/json leaves out by `omitempty`, and what it writes where that is not said. */
function isEmpty(value: unknown, depth = 0): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && depth <= deepest && Object.values(value).every((member) => isEmpty(member, depth + 1))
}

/**
 * The findings of an update, of which those that the stored object had already only warn.
 * The stored object is asked for where one of them would deny; there may be none.
 * @param known what is known of a workload's images; unless it is given, nothing
 */
export function withStandingTolerated(
  findings: readonly Finding[],
  workload: Workload,
  object: unknown,
  stored: () => unknown,
  policy: Policy,
  known: (workload: Workload) => Pick<Case, 'python' | 'surroundings'> = () => ({}),
): { readonly findings: readonly Finding[]; readonly standing: readonly Finding[] } {
  if (!findings.some(({ action }) => action === 'Deny')) return { findings, standing: [] }
  const was = stored()
  if (was === undefined) return { findings, standing: [] }
  const former = leavesJudged(workload, object, was) ? undefined : (readWorkload(was) ?? null)
  const before = former === undefined ? undefined : countsOf(former, policy, known)
  const isNew = (finding: Finding): boolean =>
    before !== undefined && (!takesOne(before, faultOf(finding)) || (finding.rule === unreadCommand && !hasSameCommands(workload, former)))
  const standing: Finding[] = []
  const tolerated = findings.map((finding) => {
    if (isNew(finding) || finding.action !== 'Deny') return finding
    const warning = finding.asWarning()
    standing.push(warning)
    return warning
  })
  return { findings: tolerated, standing }
}

/** Of what is not read to its end, anything may have become. */
const unreadCommand = 'unread-command'

function hasSameCommands({ containers }: Workload, former: Workload | null | undefined): boolean {
  const read = (some: readonly Container[] = []): unknown =>
    some.map(({ name, list, command, args, env, envFrom }) => ({ name, list, command, args, env, envFrom }))
  return isSame(read(containers), read(former?.containers), nothing)
}

/** As many as there were: one more of the same is new. */
function takesOne(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0
  counts.set(key, count - 1)
  return count > 0
}

/** How often the stored object has each fault. */
function countsOf(workload: Workload | null, policy: Policy,
  known: (workload: Workload) => Pick<Case, 'python' | 'surroundings'>): Map<string, number> {
  const counts = new Map<string, number>()
  if (!workload) return counts
  for (const finding of findingsIn({ workload, policy, ...known(workload) }))
    counts.set(faultOf(finding), (counts.get(faultOf(finding)) ?? 0) + 1)
  return counts
}

/**
 * What makes two findings one fault: the rule, the container, the value, and what is allowed in its place. Not where it stands,
 * as words and containers may have moved; nor numbers of what is allowed, which depend on other fields: a higher limit of memory
 * makes too many workers no new fault.
 */
function faultOf({ rule, container, shape, value, detail }: Finding): string {
  const allowed = detail.split(unmended)[0]?.replaceAll(/\d+/g, '0') ?? ''
  return JSON.stringify([rule, container, shape, value ?? null, allowed])
}

/** The fields of a wrong type that the stored object does not have. */
export function newErrors(workload: Workload, stored: () => unknown): readonly FieldError[] {
  if (workload.errors.length === 0) return workload.errors
  const was = stored()
  if (was === undefined) return workload.errors
  const key = ({ path, value, detail }: FieldError): string =>
    JSON.stringify([path.filter((step) => typeof step === 'string'), value, detail])
  const before = new Set(readWorkload(was)?.errors.map(key))
  return workload.errors.filter((error) => !before.has(key(error)))
}
