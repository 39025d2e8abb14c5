/** An object of the cluster + the policies there → the verdict on it: the same as `paddock check` comes to for its manifest. */
import type { KubernetesObject } from '../cluster/cluster.ts'
import { judge, type Verdict } from '../judge.ts'
import type { Labels } from '../kubernetes/labels.ts'
import { readWorkload } from '../kubernetes/workload.ts'
import { governed } from '../policy/governed.ts'
import type { Policies } from '../policy/policies.ts'

/**
 * The verdict on a workload; undefined where no policy governs it, and for what is no workload.
 * A field that the API server would refuse is passed over: the object is in the API server.
 *
 * @param now milliseconds since 1970, for the end of exceptions
 */
export function judgeStored(object: KubernetesObject, policies: Policies, namespaceLabels: Labels | undefined, now: number): Verdict | undefined {
  const workload = readWorkload(object)
  const policy = workload && policies.for(governed(object), namespaceLabels, now)
  return policy && judge({ object, workload, policy })
}
