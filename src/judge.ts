/**
 * Object + policy → verdict: what is found in it, how that is mended, and whether it is let in. The one door of the engine: webhook,
 * scan and command line say the same of the same object because they ask here. Pure.
 */
import { bounded } from './budget.ts'
import { annotatedPython } from './dependencies/annotation.ts'
import { jsonPatch, type Edit } from './edit.ts'
import { fix, withoutFixes, type Fixed } from './fix.ts'
import { fixShared } from './fix-shared.ts'
import type { Invocation, Surroundings } from './inspect.ts'
import type { Path } from './kubernetes/field.ts'
import type { Operation } from './kubernetes/review.ts'
import { readWorkload, type Workload } from './kubernetes/workload.ts'
import type { Finding } from './finding.ts'
import { countStarted, lint, type Report } from './lint.ts'
import type { Labels } from './kubernetes/labels.ts'
import { governed } from './policy/governed.ts'
import type { Policies } from './policy/policies.ts'
import type { Policy } from './policy/policy.ts'
import type { Python } from './python/known.ts'

export type Decision = 'Allow' | 'Deny'

/** Whether something of which that is found is let in. */
export const decisionOn = (
  findings: readonly Pick<Finding, 'action'>[],
): Decision => (findings.some(({ action }) => action === 'Deny') ? 'Deny' : 'Allow')

/** What is judged. */
export interface Case {
  readonly workload: Workload
  /** The policy that governs it: who that is, the caller finds out. */
  readonly policy: Policy
  /** What is known of the Python packages in its image; unless it is given, what its annotations tell. */
  readonly python?: Python | undefined
  /** What is at hand besides: nothing where it is admitted. */
  readonly surroundings?: Surroundings | undefined
}

/** What can be mended. */
export interface Mendable extends Case {
  /** The object that the workload was read from: what edits are made to. */
  readonly object: unknown
  /** Reads it again once it is edited; unless it is given, as an object of Kubernetes. */
  readonly read?: ((edited: unknown) => Workload | undefined) | undefined
  /** True for what must stay as it is written: its findings have the action that holds where no fix is made. */
  readonly isFixed?: boolean
}

/** What a workload is found to be. */
export class Verdict {
  readonly workload: Workload
  readonly policy: Policy
  /** Its gunicorn command lines, those that only print something among them. */
  readonly gunicorns: readonly Invocation[]
  /** Each once. What is mended has the action Fix; what could not be has the action that holds then. */
  readonly findings: readonly Finding[]
  readonly mended: ReadonlySet<Finding>
  /** Edits in rounds: each round is made to what the one before it left. */
  readonly rounds: readonly (readonly Edit[])[]
  readonly #report: Report
  readonly #object: unknown

  constructor({ workload, policy }: Case, report: Report, { findings, mended, rounds }: Fixed, object: unknown) {
    this.workload = workload
    this.policy = policy
    this.gunicorns = report.invocations
    this.findings = findings
    this.mended = mended
    this.rounds = rounds
    this.#report = report
    this.#object = object
  }

  /** How many of its command lines start gunicorn. */
  get invocations(): number {
    return countStarted(this.#report)
  }

  /** Whether it is let in, with what is mended. */
  get decision(): Decision {
    return decisionOn(this.findings)
  }

  /** What mends it, as JSON Patch: what `/mutate` answers. */
  patch(): readonly Operation[] {
    return jsonPatch(this.#object, this.rounds)
  }
}

/** Finds what is wrong, and mends what the policy wants mended. */
export function judge(given: Mendable): Verdict {
  const { object, workload, policy, python = annotatedPython(workload), surroundings, read, isFixed = false } = given
  return bounded(() => {
    const report = lint(workload, policy, python, surroundings)
    return new Verdict(given, report, isFixed ? withoutFixes(report) : fix(object, report, policy, python, read), object)
  })
}

/** One of those that read a text. */
export interface Sharing extends Omit<Mendable, 'read'> {
  /** For messages: `process "web"`. */
  readonly name: string
  /** Where the text stands in its object. */
  readonly path: Path
  /** Reads another text in its place. */
  readonly read: (text: string) => Workload | undefined
}

/**
 * Finds what is wrong in a text for each that reads it, and mends what is right for all of them: the verdicts, whose rounds are the same.
 * @param unknown the name of someone who may read it as well, in a way that is not known: nothing is mended then
 */
export function judgeShared(text: string, sharing: readonly Sharing[], unknown: string | undefined): readonly Verdict[] {
  const readers = sharing.map((
    { name, path, workload, policy, python = annotatedPython(workload), surroundings, read, isFixed = false },
  ) => ({ name, path, policy, python, read, isFixed, report: bounded(() => lint(workload, policy, python, surroundings)) }))
  const fixed = fixShared(text, readers, unknown)
  return sharing.flatMap((given, index) => {
    const [reader, own] = [readers[index], fixed[index]]
    return reader && own ? [new Verdict(given, reader.report, own, given.object)] : []
  })
}

/** What is wrong with what `/mutate` has left: what is still to be mended could not be. No fix is looked for. */
export function findingsIn({ workload, policy, python = annotatedPython(workload), surroundings }: Case): readonly Finding[] {
  return withoutFixes(lint(workload, policy, python, surroundings)).findings
}

/** A workload of a cluster, and the policy that governs it there. */
export interface Stored {
  readonly workload: Workload
  readonly policy: Policy
  /** Empty for what is in none. */
  readonly namespace: string
}

/**
 * An object of a cluster, by the policies there; undefined where none governs it, and for what is no workload.
 *
 * @param now milliseconds since 1970, for the end of exceptions
 */
export function storedCase(object: object, policies: Policies, namespaceLabels: Labels | undefined, now: number): Stored | undefined {
  const workload = readWorkload(object)
  const own = governed(object)
  const policy = workload && policies.for(own, namespaceLabels, now)
  return policy && { workload, policy, namespace: own.namespace }
}

/**
 * The verdict on an object of a cluster; undefined where none of the policies governs it. A field that the API server would refuse is
 * passed over: the object is in the API server.
 *
 * @param known what is known of it besides; unless it is given, what its annotations tell
 */
export function judgeStored(object: object, policies: Policies, namespaceLabels: Labels | undefined, now: number,
  known?: (stored: Stored) => Pick<Case, 'python' | 'surroundings'>): Verdict | undefined {
  const stored = storedCase(object, policies, namespaceLabels, now)
  return stored && judge({ object, workload: stored.workload, policy: stored.policy, ...known?.(stored) })
}
