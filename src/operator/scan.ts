/**
 * The scan: the workloads of an area against their policies, kind by kind, a namespace at a time.
 *
 * Objects come in pages and are let go page by page; what is kept of them is what the report of one namespace says, until
 * it is told. A restart begins anew rather than from a token of where it was: tokens end after five minutes, a round that
 * finds what is known already only reads (40 calls for 20,000 Deployments), and what the reports say is not told again.
 */
import { namespacesOf, type Area } from './area.ts'
import type { Cluster, KubernetesObject } from '../cluster/cluster.ts'
import type { Verdict } from '../judge.ts'
import type { Reports } from './reports.ts'
import { resultsOf, type Result } from './results.ts'
import { Tally, type Totals } from './totals.ts'
import { batches, kindKey, kindName, type Batch, type ServedKind, type Where } from '../cluster/workloads.ts'

export interface ScanOptions {
  readonly kinds: readonly ServedKind[]
  /** Whether any policy may govern workloads of a kind: others need not be listed. */
  readonly isGoverned: (kind: string) => boolean
  /** Namespaces that are left out: nothing is told of them. */
  readonly isExcluded: (namespace: string) => boolean
  /** Finds out what is to be known of objects before they are judged; undefined where that is nothing. Never rejects. */
  readonly learn?: ((objects: readonly KubernetesObject[]) => Promise<void>) | undefined
  /** Undefined where no policy governs the object. */
  readonly judge: (object: KubernetesObject) => Verdict | undefined
  readonly reports: Reports
  readonly announce: (fresh: readonly Result[]) => void
  readonly totals: Totals
  readonly failed: (step: Step, where: { readonly kind: string; readonly namespace?: string }, error: unknown) => void
  readonly signal: AbortSignal
}

/** What can fail of a scan, and be done again with the next. */
export type Step = 'discovery' | 'list' | 'judge' | 'report' | 'event' | 'status'

/** So many namespaces are listed one by one; for more, the cluster is listed, and the others are passed over. */
const fewNamespaces = 20
/** Reports that are on their way at a time. */
const width = 4
/** Objects that are judged before others get their turn: some milliseconds. */
const stride = 50
/** Objects that are learnt of at a time: each may have several images looked into. */
const learnt = 16

/** Scans an area. True where all of it could be. */
export async function scan(cluster: Cluster, area: Area, options: ScanOptions): Promise<boolean> {
  const scanned = new Set(options.kinds.map(({ kind }) => kindKey(kind)))
  let complete = true
  for (const kind of options.kinds) {
    if (options.signal.aborted) return false
    const done = await new KindScan(cluster, kind, scanned, namespacesOf(area, kind.kind.kind), options).run()
    complete &&= done
  }
  return complete
}

/** What is found in a namespace, until it is told. */
class Collected {
  readonly namespace: string
  readonly tally = new Tally()
  readonly results: Result[] = []
  /** The workloads with a gunicorn and without a finding. */
  passed = 0

  constructor(namespace: string) {
    this.namespace = namespace
  }
}

class KindScan {
  readonly #cluster: Cluster
  readonly #kind: ServedKind
  readonly #scanned: ReadonlySet<string>
  readonly #namespaces: ReadonlySet<string> | 'all'
  readonly #options: ScanOptions
  readonly #telling = new Set<Promise<void>>()
  #complete = true

  constructor(
    cluster: Cluster,
    kind: ServedKind,
    scanned: ReadonlySet<string>,
    namespaces: ReadonlySet<string> | 'all',
    options: ScanOptions,
  ) {
    this.#cluster = cluster
    this.#kind = kind
    this.#scanned = scanned
    this.#namespaces = namespaces
    this.#options = options
  }

  async run(): Promise<boolean> {
    const namespaces = this.#namespaces
    try {
      if (namespaces === 'all') await this.#everywhere(() => true)
      else if (namespaces.size > fewNamespaces) await this.#everywhere((namespace) => namespaces.has(namespace))
      else for (const namespace of namespaces) await this.#namespace(namespace)
    } catch (error) {
      // What was told of the kind stays: that it could not be read says nothing of it.
      this.#failed('list', undefined, error)
    }
    await Promise.all(this.#telling)
    return this.#complete && !this.#options.signal.aborted
  }

  async #everywhere(isWanted: (namespace: string) => boolean): Promise<void> {
    const wanted = (namespace: string): boolean => isWanted(namespace) && !this.#options.isExcluded(namespace)
    const through = new Set<string>()
    /** Namespaces that came back after they were through: an API server that does not sort its lists by namespace. */
    const scattered = new Set<string>()
    let current: Collected | undefined
    for await (const { namespace, objects } of this.#batches({ wanted })) {
      if (this.#options.signal.aborted) return
      if (current && current.namespace !== namespace) {
        through.add(current.namespace)
        await this.#tell(current)
        current = undefined
      }
      if (through.has(namespace)) {
        scattered.add(namespace)
        continue
      }
      await this.#collect(current ??= new Collected(namespace), objects)
    }
    if (current) {
      through.add(current.namespace)
      await this.#tell(current)
    }
    for (const namespace of scattered) await this.#namespace(namespace)
    // What is told of namespaces that hold none of the kind any more, or are left out by now.
    const { reports, totals } = this.#options
    for (const namespace of new Set([...reports.namespaces(this.#kind), ...totals.namespaces(kindName(this.#kind))]))
      if (isWanted(namespace) && !through.has(namespace)) await this.#tell(new Collected(namespace))
  }

  async #namespace(namespace: string): Promise<void> {
    const collected = new Collected(namespace)
    try {
      if (!this.#options.isExcluded(namespace)) {
        for await (const { objects } of this.#batches({ namespace })) {
          if (this.#options.signal.aborted) return
          await this.#collect(collected, objects)
        }
      }
    } catch (error) {
      this.#failed('list', namespace, error)
      return
    }
    await this.#tell(collected)
  }

  async *#batches(where: Where): AsyncGenerator<Batch> {
    if (this.#options.isGoverned(this.#kind.kind.kind)) yield* batches(this.#cluster, this.#kind, this.#scanned, where)
  }

  async #collect(collected: Collected, objects: readonly KubernetesObject[]): Promise<void> {
    const { learn, signal } = this.#options
    for (const [index, object] of objects.entries()) {
      if (index % stride === stride - 1) await new Promise(setImmediate)
      if (learn && index % learnt === 0) {
        await learn(objects.slice(index, index + learnt))
        if (signal.aborted) return
      }
      this.#judge(collected, object)
    }
  }

  #judge(collected: Collected, object: KubernetesObject): void {
    try {
      const judged = this.#options.judge(object)
      if (!judged) return
      collected.tally.add(judged)
      if (judged.invocations > 0 && judged.findings.length === 0) collected.passed += 1
      collected.results.push(...resultsOf(judged, object.metadata.uid ?? ''))
    } catch (error) {
      // A fault of ours with one workload is none of the others'.
      this.#failed('judge', object.metadata.namespace, error)
    }
  }

  /** Returns as soon as there is room for the next, not when all is told. */
  async #tell({ namespace, tally, results, passed }: Collected): Promise<void> {
    const { reports, announce, totals } = this.#options
    totals.set(kindName(this.#kind), namespace, tally)
    const telling = reports
      .tell(this.#kind, namespace, results, announce, passed)
      .catch((error: unknown) => this.#failed('report', namespace, error))
      .finally(() => this.#telling.delete(telling))
    this.#telling.add(telling)
    if (this.#telling.size >= width) await Promise.race(this.#telling)
  }

  #failed(step: Step, namespace: string | undefined, error: unknown): void {
    if (this.#options.signal.aborted) return
    this.#complete = false
    this.#options.failed(step, { kind: kindName(this.#kind), ...(namespace === undefined ? {} : { namespace }) }, error)
  }
}
