/** The workloads of a cluster for who asks once: `paddock scan`. */
import type { Labels } from '../kubernetes/labels.ts'
import type { ExceptionObject, Policies, PolicyObject } from '../policy/policies.ts'
import { isMissing } from '../cluster/api-error.ts'
import type { Cluster, KubernetesObject, Resource, Selection } from '../cluster/cluster.ts'
import { connect, type ConnectSettings } from '../cluster/connect.ts'
import { isExcluded } from '../cluster/excluded.ts'
import type { Verdict } from '../judge.ts'
import { judgeStored } from './judge-stored.ts'
import { gunicornExceptions, gunicornPolicies, namespaces } from '../cluster/resources.ts'
import { batches, kindKey, kindName, servedKinds } from '../cluster/workloads.ts'

export interface ClusterScanSettings extends ConnectSettings {
  /** Undefined for all namespaces. */
  readonly namespace?: string
  /** `Deployment`; undefined for all kinds. */
  readonly kind?: readonly string[]
  /** Milliseconds since 1970, for the end of exceptions. */
  readonly now: number
}

/** What a workload comes to under several sets of policies, in their order; undefined where none of a set governs it. */
export type Verdicts = readonly (Verdict | undefined)[]

export interface ClusterScan {
  /** Those of the cluster; empty where it does not know of any. */
  readonly policies: readonly PolicyObject[]
  readonly exceptions: readonly ExceptionObject[]
  /** All workloads that any of the policies governs; a kind that cannot be read is told of, and the others are read. */
  judged(policies: readonly Policies[]): AsyncIterable<{ readonly verdicts: Verdicts } | { readonly unreadable: string }>
  close(): void
}

/** @throws an ApiError, or a KubeconfigError */
export async function openScan(settings: ClusterScanSettings): Promise<ClusterScan> {
  const cluster = await connect(settings)
  const { namespace } = settings
  const [policies, exceptions, spaces] = await Promise.all([
    all<PolicyObject & KubernetesObject>(cluster, gunicornPolicies),
    all<ExceptionObject & KubernetesObject>(cluster, gunicornExceptions, { namespace }),
    namespace === undefined ? all(cluster, namespaces, { metadataOnly: true }) : cluster.get(namespaces, { name: namespace }),
  ])
  const labels = new Map([spaces ?? []].flat().map(({ metadata }): [string, Labels] => [metadata.name, metadata.labels ?? {}]))
  return { policies, exceptions, judged: (by) => judgedWorkloads(cluster, settings, labels, by), close: () => cluster.close() }
}

async function* judgedWorkloads(
  cluster: Cluster,
  { namespace, kind: wantedKinds, now }: ClusterScanSettings,
  labels: ReadonlyMap<string, Labels>,
  policies: readonly Policies[],
): ReturnType<ClusterScan['judged']> {
  const kinds = await servedKinds(cluster)
  const scanned = new Set(kinds.map(({ kind }) => kindKey(kind)))
  const wanted = (of: string): boolean => !isExcluded(of, labels.get(of))
  for (const kind of kinds.filter(({ kind: { kind: name } }) => wantedKinds?.includes(name) ?? true)) {
    try {
      for await (const { namespace: of, objects } of batches(cluster, kind, scanned, { namespace, wanted }))
        for (const object of objects) {
          const verdicts = policies.map((one) => judgeStored(object, one, labels.get(of), now))
          if (verdicts.some((verdict) => verdict !== undefined)) yield { verdicts }
        }
    } catch (error) {
      // The message of an ApiError names what was asked for.
      yield { unreadable: error instanceof Error ? error.message : `${kindName(kind)}: ${String(error)}` }
    }
  }
}

/** Nothing, where the API server does not know the resource. */
async function all<T extends KubernetesObject>(cluster: Cluster, resource: Resource, selection: Selection = {}): Promise<T[]> {
  const found: T[] = []
  try {
    for await (const { items } of cluster.pages<T>(resource, selection)) found.push(...items)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  return found
}
