/** How `paddock scan` reads a cluster: its policies, and the verdict on each of its workloads. */
import { isMissing } from '../cluster/api-error.ts'
import type { Cluster, KubernetesObject, Resource, Selection } from '../cluster/cluster.ts'
import { connect, type ConnectSettings } from '../cluster/connect.ts'
import { isExcluded } from '../cluster/excluded.ts'
import { gunicornExceptions, gunicornPolicies, namespaces } from '../cluster/resources.ts'
import { batches, kindKey, kindName, servedKinds } from '../cluster/workloads.ts'
import { judgeStored, storedCase, type Stored } from '../judge.ts'
import type { Labels } from '../kubernetes/labels.ts'
import type { ExceptionObject, Policies, PolicyObject } from '../policy/policies.ts'
import type { ImageLookUps } from './image-look-ups.ts'
import type { ScannedCluster, ScanTarget } from './run-scan.ts'

/** What of a cluster is read, and as whom. */
export interface ClusterScanSettings extends ConnectSettings, Pick<ScanTarget, 'namespace' | 'kind'> {
  /** Milliseconds since 1970, for the end of exceptions. */
  readonly now: number
}

/** @throws an ApiError, or a KubeconfigError */
export async function openScan(settings: ClusterScanSettings): Promise<ScannedCluster> {
  const cluster = await connect(settings)
  const { namespace } = settings
  const [policies, exceptions, spaces] = await Promise.all([
    all<PolicyObject & KubernetesObject>(cluster, gunicornPolicies),
    all<ExceptionObject & KubernetesObject>(cluster, gunicornExceptions, { namespace }),
    namespace === undefined ? all(cluster, namespaces, { metadataOnly: true }) : cluster.get(namespaces, { name: namespace }),
  ])
  const labels = new Map([spaces ?? []].flat().map(({ metadata }): [string, Labels] => [metadata.name, metadata.labels ?? {}]))
  return { policies, exceptions, judged: (by, images) => judgedWorkloads(cluster, settings, labels, by, images),
    close: () => cluster.close() }
}

async function* judgedWorkloads(
  cluster: Cluster,
  { namespace, kind: wantedKinds, now }: ClusterScanSettings,
  labels: ReadonlyMap<string, Labels>,
  policies: readonly Policies[],
  images: ImageLookUps | undefined,
): ReturnType<ScannedCluster['judged']> {
  const kinds = await servedKinds(cluster)
  const scanned = new Set(kinds.map(({ kind }) => kindKey(kind)))
  const wanted = (of: string): boolean => !isExcluded(of, labels.get(of))
  for (const kind of kinds.filter(({ kind: { kind: name } }) => wantedKinds?.includes(name) ?? true)) {
    try {
      for await (const { namespace: of, objects } of batches(cluster, kind, scanned, { namespace, wanted }))
        for (const object of objects) {
          const [stored] = images ? policies.flatMap((one) => storedCase(object, one, labels.get(of), now) ?? []) : []
          if (stored) await images?.learn(stored.workload)
          const known = images && (({ workload }: Stored) => images.known(workload))
          const verdicts = policies.map((one) => judgeStored(object, one, labels.get(of), now, known))
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
