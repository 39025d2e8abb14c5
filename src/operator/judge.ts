/** A workload of the cluster + policies → what is found in it: the same as `paddock check` finds in its manifest. */
import { bounded } from '../budget.ts'
import { annotatedPython } from '../dependencies/annotation.ts'
import { jsonPatch } from '../edit.ts'
import { fix } from '../fix.ts'
import type { Labels } from '../kubernetes/labels.ts'
import type { Operation } from '../kubernetes/review.ts'
import { readWorkload, type Workload } from '../kubernetes/workload.ts'
import { countStarted, lint, type Finding } from '../lint.ts'
import { governed } from '../policy/governed.ts'
import type { Policies } from '../policy/policies.ts'
import type { Policy } from '../policy/policy.ts'
import type { KubernetesObject } from '../cluster/cluster.ts'

/** A workload that a policy governs. */
export interface Judged {
  readonly workload: Workload
  readonly policy: Policy
  /** gunicorn command lines. */
  readonly invocations: number
  /** Those that the webhook would mend have the action Fix. */
  readonly findings: readonly Finding[]
  /** How the webhook would mend them; worked out when it is asked for. */
  readonly patch: () => readonly Operation[]
}

/**
 * What is found in a workload; undefined where no policy governs it, and for what is no workload.
 * A field that the API server would refuse is passed over: the object is in the API server.
 *
 * @param now milliseconds since 1970, for the end of exceptions
 */
export function judge(
  object: KubernetesObject, policies: Policies, namespaceLabels: Labels | undefined, now: number,
): Judged | undefined {
  const workload = readWorkload(object)
  const policy = workload && policies.for(governed(object), namespaceLabels, now)
  if (!policy) return undefined
  const python = annotatedPython(workload)
  return bounded(() => {
    const report = lint(workload, policy, python)
    const { findings, rounds } = fix(object, report, policy, python)
    return { workload, policy, invocations: countStarted(report), findings, patch: () => jsonPatch(object, rounds) }
  })
}
