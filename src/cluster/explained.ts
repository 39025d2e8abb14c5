/** What a cluster knows of one workload and its policies, for who asks once. */
import type { Labels } from '../kubernetes/labels.ts'
import type { ExceptionObject, PolicyObject } from '../policy/policies.ts'
import type { Cluster, KubernetesObject } from './cluster.ts'
import { readPolicies } from './policies.ts'
import { servedKinds } from './workloads.ts'

export { connect } from './connect.ts'

export interface Explained {
  readonly policies: readonly PolicyObject[]
  /** Those of the workload's namespace. */
  readonly exceptions: readonly ExceptionObject[]
  /** Undefined where there is no such namespace. */
  readonly namespaceLabels: Labels | undefined
  /** The objects of that name, of all kinds of workload that the cluster serves. */
  readonly workloads: readonly KubernetesObject[]
}

/** Throws what keeps the cluster from answering, in words that a user can act on. */
export async function explained(cluster: Cluster,
  { namespace, name }: { readonly namespace: string; readonly name: string }): Promise<Explained> {
  const [known, kinds] = await Promise.all([readPolicies(cluster, namespace), servedKinds(cluster)])
  const found = await Promise.all(kinds.map(({ resource }) => cluster.get(resource, { namespace, name })))
  return {
    policies: [...known.objects.policies.values()],
    exceptions: [...known.objects.exceptions.values()],
    namespaceLabels: known.labelsOf(namespace),
    workloads: found.filter((object) => object !== undefined),
  }
}
