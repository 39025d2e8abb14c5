/**
 * Reports of what was found, for the tools that read them: OpenReports' `Report`, or the `PolicyReport` that it grew out of.
 *
 * One report for a kind in a namespace. One for each workload would be what fills etcd: 20,000 objects of which most say
 * the same few things about themselves; and a change of a policy would write each of them. One for a whole namespace could
 * only be written once all kinds are listed, with the findings of the cluster held until then. Lists come by kind, sorted
 * by namespace: so a report is whole as soon as its namespace is through, and only one is held at a time. What is too much
 * for one object is spread over several, by the names of the workloads, so that one more workload moves no other.
 */
import { createHash } from 'node:crypto'
import { ByNamespace } from './by-namespace.ts'
import type { Cluster, KubernetesObject, NewObject, Resource } from '../cluster/cluster.ts'
import { resultKey, type Result, type Timestamp } from './results.ts'
import { kindName, type ServedKind } from '../cluster/workloads.ts'

const managedBy = { 'app.kubernetes.io/managed-by': 'paddock' } as const
const kindLabel = 'paddock.dev/kind'
const digestAnnotation = 'paddock.dev/digest'
const fieldManager = 'paddock-operator'

/** The API server takes objects of up to 1.5 MiB, and reads and writes them whole. */
const largestReport = 256 * 1024

interface Report extends NewObject {
  readonly results?: readonly Result[]
}

/** Is given the results that were not told before, and before they are told. */
type Announce = (fresh: readonly Result[]) => void

/** Where the scan puts what it finds. */
export interface Reports {
  /** The namespaces in which something is told of a kind. */
  namespaces(kind: ServedKind): Iterable<string>
  /**
   * Tells what was found in a kind and namespace, in place of what was told before: nothing where nothing was found.
   * @param passed the workloads with a gunicorn and without a finding
   */
  tell(kind: ServedKind, namespace: string, results: readonly Result[], announce: Announce, passed?: number): Promise<void>
}

const writable = [['openreports.io', 'v1alpha1', 'Report'], ['wgpolicyk8s.io', 'v1alpha2', 'PolicyReport']] as const

/** The kinds of report that the cluster serves, of those that can be written: the one to choose in front. */
export async function servedReports(cluster: Pick<Cluster, 'served'>): Promise<Resource[]> {
  const found: Resource[] = []
  for (const [group, version, kind] of writable)
    found.push(...(await cluster.served(group)).filter((resource) => resource.kind === kind && resource.version === version))
  return found
}

const selected = { labelSelector: 'app.kubernetes.io/managed-by=paddock' } as const

/** Takes all reports of ours away. */
export async function removeReports(cluster: Cluster, resource: Resource): Promise<void> {
  for await (const { items } of cluster.pages(resource, { ...selected, metadataOnly: true }))
    for (const { metadata } of items) await cluster.delete(resource, metadata)
}

/** Reports in the cluster, of the kind that `resource` says. */
export class StoredReports implements Reports {
  readonly resource: Resource
  readonly #cluster: Cluster
  readonly #now: () => number
  /** The digests of the reports that stand, by name: what says the same is not written again. */
  #standing = new ByNamespace<Map<string, string>>()

  /** @param now milliseconds since 1970 */
  constructor(cluster: Cluster, resource: Resource, now: () => number) {
    this.#cluster = cluster
    this.resource = resource
    this.#now = now
  }

  /** Reads which reports stand. */
  async read(): Promise<void> {
    const standing = new ByNamespace<Map<string, string>>()
    for await (const { items } of this.#cluster.pages(this.resource, { ...selected, metadataOnly: true }))
      for (const { metadata } of items) {
        const { name, namespace = '', labels = {}, annotations = {} } = metadata
        const kind = labels[kindLabel] ?? ''
        const names = standing.get(kind, namespace) ?? new Map<string, string>()
        standing.set(kind, namespace, names.set(name, annotations[digestAnnotation] ?? ''))
      }
    this.#standing = standing
  }

  namespaces(kind: ServedKind): Iterable<string> {
    return this.#standing.namespaces(kindName(kind))
  }

  get count(): number {
    let count = 0
    for (const names of this.#standing.values()) count += names.size
    return count
  }

  async tell(kind: ServedKind, namespace: string, results: readonly Result[], announce: Announce, passed = 0): Promise<void> {
    const standing = this.#standing.get(kindName(kind), namespace) ?? new Map<string, string>()
    const filled = split(results).map((part, index) => [reportName(kind, index), part] as const).filter(([, part]) => part.length > 0)
    // Those that pass are counted once.
    const parts = new Map(
      filled.map(([name, part],
        index) => [name, { part, pass: index === 0 ? passed : 0, digest: digestOf(part, index === 0 ? passed : 0) }]
      ),
    )
    const stale = [...standing.keys()].filter((name) => !parts.has(name))
    const changed = [...parts].filter(([name, { digest }]) => standing.get(name) !== digest)
    const seen = changed.length > 0 ? await this.#seen(namespace, standing.keys()) : new Map<string, Timestamp | undefined>()
    // What is new goes out before the report says that it is known: who stops in between says it again, under the same name.
    if (changed.length > 0) announce(results.filter((result) => !seen.has(resultKey(result))))
    for (const [name, { part, pass, digest }] of changed) {
      await this.#cluster.apply(this.resource, this.#report(kind, namespace, name, { results: this.#dated(part, seen), pass, digest }), {
        fieldManager,
        force: true,
      })
      standing.set(name, digest)
      this.#standing.set(kindName(kind), namespace, standing)
    }
    for (const name of stale) {
      await this.#cluster.delete(this.resource, { namespace, name })
      standing.delete(name)
    }
    if (standing.size === 0) this.#standing.delete(kindName(kind), namespace)
  }

  /** What stands already, by its key, with when it was first seen. */
  async #seen(namespace: string, names: Iterable<string>): Promise<Map<string, Timestamp | undefined>> {
    const seen = new Map<string, Timestamp | undefined>()
    for (const name of names) {
      const report = await this.#cluster.get<KubernetesObject & Report>(this.resource, { namespace, name })
      for (const result of report?.results ?? []) seen.set(resultKey(result), result.timestamp)
    }
    return seen
  }

  #dated(results: readonly Result[], seen: ReadonlyMap<string, Timestamp | undefined>): Result[] {
    const now = { seconds: Math.floor(this.#now() / 1000), nanos: 0 }
    return results.map((result) => ({ ...result, timestamp: seen.get(resultKey(result)) ?? now }))
  }

  #report(kind: ServedKind, namespace: string, name: string,
    { results, pass, digest }: { readonly results: readonly Result[]; readonly pass: number; readonly digest: string }): Report {
    const { group, version, kind: reportKind } = this.resource
    const count = (result: Result['result']): number => results.filter((one) => one.result === result).length
    const report = {
      apiVersion: `${group}/${version}`,
      kind: reportKind,
      metadata: {
        name,
        namespace,
        labels: { ...managedBy, [kindLabel]: kindName(kind) },
        annotations: { [digestAnnotation]: digest },
      },
      scope: { apiVersion: 'v1', kind: 'Namespace', name: namespace },
      summary: { pass, fail: count('fail'), warn: count('warn'), error: 0, skip: count('skip') },
      results,
    }
    return group === 'openreports.io' ? { ...report, source: 'paddock' } as Report : report
  }
}

/** For clusters that serve no reports: what was found is kept in mind, so that it is announced once. */
export class RememberedReports implements Reports {
  readonly #known = new ByNamespace<ReadonlySet<string>>()

  namespaces(kind: ServedKind): Iterable<string> {
    return this.#known.namespaces(kindName(kind))
  }

  async tell(kind: ServedKind, namespace: string, results: readonly Result[], announce: Announce): Promise<void> {
    const known = this.#known.get(kindName(kind), namespace)
    const fresh = results.filter((result) => !known?.has(resultKey(result)))
    if (fresh.length > 0) announce(fresh)
    if (results.length > 0) this.#known.set(kindName(kind), namespace, new Set(results.map(resultKey)))
    else this.#known.delete(kindName(kind), namespace)
  }
}

const reportName = (kind: ServedKind, index: number): string => `paddock-${kindName(kind)}${index === 0 ? '' : `-${index}`}`

/** The results in as many parts as it takes: those of one workload stay together, and where they were. */
function split(results: readonly Result[]): Result[][] {
  if (results.length === 0) return []
  const size = results.reduce((sum, result) => sum + JSON.stringify(result).length, 0)
  let parts = 1
  while (size > parts * largestReport) parts *= 2
  const split = Array.from({ length: parts }, (): Result[] => [])
  for (const result of results) split[parts === 1 ? 0 : place(result.resources[0].name, parts)]?.push(result)
  return split
}

/** Some number from 0 to below `parts`, always the same for a name. */
const place = (name: string, parts: number): number => createHash('sha256').update(name).digest().readUInt32BE() % parts

/** When a result was first seen is no part of it. */
const digestOf = (results: readonly Result[], passed: number): string =>
  createHash('sha256').update(JSON.stringify([results, passed])).digest('base64url').slice(0, 22)
