/** The workloads of a cluster, a page at a time: what is judged, and what is passed over. */
import { workloadKind, workloadKinds, type WorkloadKind } from '../kubernetes/kinds.ts'
import type { Cluster, KubernetesObject, Resource } from './cluster.ts'

/** A kind of workload that the cluster serves. */
export interface ServedKind {
  readonly kind: WorkloadKind
  readonly resource: Resource
}

/** Workloads of one kind and namespace: not all of them, but nothing else. */
export interface Batch {
  readonly namespace: string
  readonly objects: readonly KubernetesObject[]
}

/** Objects a page: what a page of large ones takes stays under some MiB. */
const pageSize = 500

/**
 * Kinds of which most objects are made by others. Only their metadata is listed, which is a tenth of the whole, and then
 * those are fetched that nothing scanned has made.
 */
const mostlyMade: ReadonlySet<string> = new Set([
  '/Pod',
  'apps/ReplicaSet',
  'batch/Job',
  'serving.knative.dev/Configuration',
  'serving.knative.dev/Revision',
])

/** So many of a namespace are fetched one by one; more are listed. */
const fewest = 8

/** `apps/Deployment`; `/Pod`. Unlike the name of a kind, it is of one kind only. */
export const kindKey = ({ group, kind }: WorkloadKind): string => `${group}/${kind}`

/** `deployments.apps`; `pods`. */
export const kindName = ({ resource: { plural, group } }: ServedKind): string => (group === '' ? plural : `${plural}.${group}`)

/** The kinds of workload that the cluster serves, in the order of `workloadKinds`. */
export async function servedKinds(cluster: Cluster): Promise<ServedKind[]> {
  const served = new Map<string, Resource>()
  for (const group of new Set(workloadKinds.map((kind) => kind.group)))
    for (const resource of await cluster.served(group)) served.set(`${group}/${resource.kind}`, resource)
  return workloadKinds.flatMap((kind) => {
    const resource = served.get(kindKey(kind))
    return resource ? [{ kind, resource }] : []
  })
}

export interface Where {
  /** Undefined for all of them. */
  readonly namespace?: string | undefined
  readonly wanted?: (namespace: string) => boolean
}

/**
 * The workloads of a kind that nothing scanned has made. Those of one namespace follow each other as a rule, as the API
 * server sorts lists by namespace and name; one that does not has them come in several runs.
 *
 * @param scanned the kinds that are scanned: a Deployment's ReplicaSets say what the Deployment says
 */
export async function* batches(
  cluster: Cluster,
  { kind, resource }: ServedKind,
  scanned: ReadonlySet<string>,
  { namespace, wanted = () => true }: Where,
): AsyncGenerator<Batch> {
  const metadataOnly = mostlyMade.has(kindKey(kind))
  const isOwn = (object: KubernetesObject): boolean => !isMade(object, scanned) && object.metadata.deletionTimestamp === undefined
  /** Of the namespace that is being listed, metadata only. */
  let run: { readonly namespace: string; readonly names: string[] } | undefined
  for await (const { items } of cluster.pages(resource, { namespace, metadataOnly, limit: pageSize })) {
    for (const [of, objects] of Map.groupBy(items, (object) => object.metadata.namespace ?? '')) {
      if (!wanted(of)) continue
      const own = objects.filter(isOwn)
      if (!metadataOnly) {
        yield { namespace: of, objects: own }
        continue
      }
      if (run && run.namespace !== of) yield* fetched(run)
      if (run?.namespace !== of) run = { namespace: of, names: [] }
      for (const { metadata } of own) run.names.push(metadata.name)
    }
  }
  if (run) yield* fetched(run)

  async function* fetched({ namespace: of, names }: NonNullable<typeof run>): AsyncGenerator<Batch> {
    if (names.length <= fewest) {
      const objects: KubernetesObject[] = []
      for (const name of names) {
        const object = await cluster.get(resource, { namespace: of, name })
        // It may have gone since.
        if (object) objects.push(object)
      }
      yield { namespace: of, objects }
    } else
      for await (const { items } of cluster.pages(resource, { namespace: of, limit: pageSize }))
        yield { namespace: of, objects: items.filter(isOwn) }
  }
}

/** True for what a scanned workload has made. What it says is told at its maker. */
function isMade({ metadata }: KubernetesObject, scanned: ReadonlySet<string>): boolean {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true)
  const kind = controller && workloadKind(controller.apiVersion, controller.kind)
  return kind !== undefined && scanned.has(kindKey(kind))
}
