/**
 * Scans the cluster: all of it at first and every so often, and in between what a change of a policy, an exception or a
 * namespace's labels affects. What is created in between is judged by the webhook.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Labels } from '../kubernetes/labels.ts'
import type { Log } from '../log.ts'
import type { ExceptionObject } from '../policy/policies.ts'
import { ApiError } from '../cluster/api-error.ts'
import { affected, everything, governedKinds, heldFor, type Area, type Standing } from './area.ts'
import type { Cluster, KubernetesObject, Resource } from '../cluster/cluster.ts'
import { Events } from './events.ts'
import { isExcluded } from '../cluster/excluded.ts'
import type { ScannedImages } from '../images/scanned.ts'
import { judgeStored, storedCase } from '../judge.ts'
import type { Metrics } from './metrics.ts'
import type { LivePolicies } from '../cluster/policies.ts'
import { writeStatuses } from './policy-status.ts'
import { RememberedReports, removeReports, servedReports, StoredReports, type Reports } from './reports.ts'
import { scan, type Step } from './scan.ts'
import { Totals } from './totals.ts'
import { servedKinds, type ServedKind } from '../cluster/workloads.ts'

export interface ScanSettings {
  /** Milliseconds from the start of one round to that of the next. */
  readonly interval: number
  readonly reports: 'Auto' | 'None'
  /** Namespaces that are left out besides those of the system: Paddock's own, and those that the administrator names. */
  readonly excludedNamespaces: readonly string[]
  /** Who tells Events: the Pod's name. */
  readonly instance: string
  /** Milliseconds that changes are gathered for before they are acted on: 2000 unless set. */
  readonly settle?: number
  /** Milliseconds between two looks for a kind of report that was installed since: 60,000 unless set. */
  readonly lookout?: number
}

export interface ScanOutside {
  readonly log: Log
  readonly metrics: Metrics
  /** What knows of images; undefined where nothing may look into them. */
  readonly images?: ScannedImages | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface RunningScan {
  /** Rounds through all of the cluster, and through parts of it, that have come to their end. */
  readonly rounds: { readonly all: number; readonly part: number }
  /** Ends what is under way. What is told by then stays, and is not told again. */
  stop(): Promise<void>
}

/** Milliseconds: a round with failures is done again so soon, where the interval is longer. */
const retry = 300_000
/** Milliseconds after a failure of a round as a whole: calls have been repeated for as long by then. */
const breather = 10_000
/** Milliseconds after which images are asked for again that were not known: longer with each round that ends so, up to `retry`. */
const soon = 5_000
const week = 7 * 24 * 3_600_000

/** @param policies in step with the cluster, and stopped by who started them */
export function startScan(cluster: Cluster, settings: ScanSettings, policies: LivePolicies, outside: ScanOutside): RunningScan {
  const loop = new ScanLoop(cluster, settings, policies, outside)
  const running = loop.run()
  return {
    rounds: loop.rounds,
    async stop() {
      loop.stop()
      await running
    },
  }
}

class ScanLoop {
  readonly rounds = { all: 0, part: 0 }
  readonly #cluster: Cluster
  readonly #settings: ScanSettings
  readonly #live: LivePolicies
  readonly #outside: ScanOutside
  readonly #events: Events
  readonly #totals = new Totals()
  readonly #stopping = new AbortController()
  /** Where there are no reports: what has been announced is not announced again. */
  readonly #remembered = new RememberedReports()
  #reports: Reports = this.#remembered
  #reportResource: Resource | undefined
  #hasChosen = false
  /** Whether a failure of the present round may have passed by the next: a right that is missing will be missing. */
  #mayPass = false
  /** As of the last round through all: a kind that was installed since comes with the next. */
  #kinds: readonly ServedKind[] = []
  /** What the last scan went by: what has changed since is to be looked at. */
  #standing: Standing | undefined
  /** Ends the present pause. */
  #wake = new AbortController()
  /** Milliseconds since 1970: up to when exceptions that have ended are accounted for. */
  #expiredUntil = 0
  /** Namespaces with images that were not known in the last round; when they are looked at again, and how long that was put off. */
  #behind: { readonly namespaces: ReadonlySet<string>; readonly at: number; readonly delay: number } | undefined

  constructor(cluster: Cluster, settings: ScanSettings, live: LivePolicies, outside: ScanOutside) {
    this.#cluster = cluster
    this.#settings = settings
    this.#live = live
    this.#outside = outside
    this.#events = new Events(cluster, {
      instance: settings.instance,
      now: outside.now,
      failed: (error) => this.#failed('event', {}, error),
      dropped: () => outside.metrics.eventDropped(),
    })
  }

  stop(): void {
    this.#stopping.abort()
    this.#wake.abort()
  }

  async run(): Promise<void> {
    const { promise: stopped, resolve } = Promise.withResolvers<void>()
    this.#stopping.signal.addEventListener('abort', () => resolve(), { once: true })
    await Promise.race([stopped, this.#live.synced])
    const endings = Object.values(this.#live.changes).map((source) => source.onChange(() => this.#wake.abort()))
    let next = this.#outside.now()
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#outside.now() >= next) {
          const begun = this.#outside.now()
          await this.#all()
          next = begun + (this.#mayPass ? Math.min(this.#settings.interval, retry) : this.#settings.interval)
        } else await this.#part()
        if (await this.#reportsHaveChanged()) next = this.#outside.now()
        else await this.#pause(next)
      } catch (error) {
        // The API server is away, or a fault of ours: neither ends the scan for good.
        this.#failed('discovery', {}, error)
        await sleep(breather, undefined, { signal: this.#stopping.signal }).catch(() => {})
      }
    }
    for (const end of endings) end()
    await this.#events.stop()
  }

  /** Waits for the next round, for a change that has settled, for the end of an exception, or to look for reports. */
  async #pause(next: number): Promise<void> {
    const { settle = 2000, lookout = 60_000 } = this.#settings
    const { now } = this.#outside
    const until = Math.min(next, now() + lookout, this.#nextExpiry(), this.#behind?.at ?? Infinity)
    await this.#sleep(until - now())
    if (!this.#wake.signal.aborted || this.#stopping.signal.aborted) return
    this.#wake = new AbortController()
    // What comes in one go, as by `kubectl apply -f folder`, is acted on at once.
    await sleep(settle, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }

  #sleep(milliseconds: number): Promise<unknown> {
    return sleep(Math.max(1, Math.min(milliseconds, 2 ** 31 - 1)), undefined, { signal: this.#wake.signal }).catch(() => {})
  }

  /** When the next exception ends. */
  #nextExpiry(): number {
    const ends = [...this.#live.objects.exceptions.values()].map(endOf).filter((end) => end > this.#expiredUntil)
    return Math.min(Infinity, ...ends)
  }

  async #all(): Promise<void> {
    this.#mayPass = false
    this.#kinds = await servedKinds(this.#cluster)
    await this.#chooseReports()
    try {
      if (this.#reports instanceof StoredReports) await this.#reports.read()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Without the right to reports there is still something to count and to tell.
      this.#failed('report', {}, error)
      this.#reports = this.#remembered
      this.#hasChosen = false
    }
    await this.#scan(everything, 'all')
  }

  async #part(): Promise<void> {
    const { now } = this.#outside
    const standing = this.#present()
    const changed = this.#standing ? affected(this.#standing, standing) : []
    const isNew = (end: number): boolean => end > this.#expiredUntil && end <= now()
    const ended = [...this.#live.objects.exceptions.values()].filter((one) => isNew(endOf(one)))
    const late = this.#behind && this.#behind.at <= now() ? [{ namespaces: this.#behind.namespaces }] : []
    const area = [...changed, ...ended.flatMap(heldFor), ...late]
    this.#mayPass = false
    if (area.length > 0) await this.#scan(area, 'part')
    else {
      this.#standing = standing
      // A policy that is new but governs nothing has a status all the same.
      await this.#tellStatus()
    }
  }

  async #scan(area: Area, extent: 'all' | 'part'): Promise<void> {
    const { log, metrics, now } = this.#outside
    const begun = now()
    const requests = this.#cluster.requests
    const before = { standing: this.#standing, expiredUntil: this.#expiredUntil }
    const standing = this.#present()
    this.#standing = standing
    this.#expiredUntil = begun
    const { signal } = this.#stopping
    const { policies } = this.#live
    const images = policies.needsImages ? this.#outside.images : undefined
    images?.begin()
    const labelsOf = ({ metadata: { namespace = '' } }: KubernetesObject): Labels | undefined => standing.namespaces.get(namespace)
    this.#totals.keep((namespace) => standing.namespaces.has(namespace))
    const complete = await scan(this.#cluster, area, {
      kinds: this.#kinds,
      isGoverned: governedKinds(standing.policies.values()),
      isExcluded: (namespace) => this.#isExcluded(namespace, standing),
      learn: images &&
        ((objects) => images.learn(objects.flatMap((object) => storedCase(object, policies, labelsOf(object), begun) ?? []))),
      judge: (object) => judgeStored(object, policies, labelsOf(object), begun, images && ((stored) => images.known(stored))),
      reports: this.#reports,
      announce: (fresh) => this.#events.tell(fresh),
      totals: this.#totals,
      failed: (step, values, error) => this.#failed(step, values, error),
      signal,
    })
    if (signal.aborted) return
    // What could not be looked at is looked at again.
    if (this.#mayPass && extent === 'part') [this.#standing, this.#expiredUntil] = [before.standing, before.expiredUntil]
    this.#fallBehind(images?.behind, extent, area)
    this.rounds[extent] += 1
    if (complete) metrics.scanned(extent, now() - begun, now())
    metrics.found(this.#totals, this.#reports instanceof StoredReports ? this.#reports.count : 0)
    const workloads = [...this.#totals.workloads().values()].reduce((sum, number) => sum + number, 0)
    log.info('scanned', { extent, complete, workloads, seconds: (now() - begun) / 1000, requests: this.#cluster.requests - requests })
    await this.#tellStatus()
  }

  /** What was not known of images is asked again soon; a part leaves behind what it has not looked at. */
  #fallBehind(namespaces: ReadonlySet<string> = new Set(), extent: 'all' | 'part', area: Area): void {
    const before = this.#behind
    const isLooked = (namespace: string): boolean =>
      extent === 'all' || area.some(({ kinds, namespaces: within }) => kinds === undefined && (within?.has(namespace) ?? true))
    const left = new Set([...namespaces, ...[...(before?.namespaces ?? [])].filter((namespace) => !isLooked(namespace))])
    const delay = before && namespaces.size > 0 ? Math.min(before.delay * 2, retry) : soon
    this.#behind = left.size === 0 ? undefined : { namespaces: left, delay, at: this.#outside.now() + delay }
  }

  #isExcluded(namespace: string, { namespaces }: Standing): boolean {
    // No report can be written to a namespace that is being deleted.
    const isEnding = this.#live.objects.namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined
    return isEnding || isExcluded(namespace, namespaces.get(namespace), this.#settings.excludedNamespaces)
  }

  #present(): Standing {
    const { policies, exceptions } = this.#live.objects
    return { policies: new Map(policies), exceptions: new Map(exceptions), namespaces: this.#live.namespaceLabels }
  }

  async #tellStatus(): Promise<void> {
    const { policies: { problems }, objects } = this.#live
    const [policies, exceptions] = [[...objects.policies.values()], [...objects.exceptions.values()]]
    const { metrics, now } = this.#outside
    const ends = exceptions.map(endOf).filter((end) => end > now())
    metrics.exceptions(ends.length, ends.filter((end) => end <= now() + week).length)
    const known = { problems, totals: this.#totals, scanned: this.rounds.all > 0, now: now() }
    await writeStatuses(this.#cluster, policies, exceptions, known, (error) => this.#failed('status', {}, error))
  }

  /** The kind of report that is written: what the cluster serves of them now. */
  async #chooseReports(): Promise<void> {
    const served = await servedReports(this.#cluster)
    const resource = this.#settings.reports === 'Auto' ? served[0] : undefined
    if (this.#hasChosen && sameResource(resource, this.#reportResource)) return
    this.#outside.log.info('reports', { kind: resource ? `${resource.group}/${resource.version} ${resource.kind}` : 'none' })
    this.#reports = resource ? new StoredReports(this.#cluster, resource, this.#outside.now) : this.#remembered
    this.#reportResource = resource
    this.#hasChosen = true
    // Nobody would keep those of the other kind up to date.
    for (const other of served.filter((one) => !sameResource(one, resource)))
      await removeReports(this.#cluster, other).catch((error: unknown) => this.#failed('report', {}, error))
  }

  async #reportsHaveChanged(): Promise<boolean> {
    return this.#settings.reports === 'Auto' && !sameResource((await servedReports(this.#cluster))[0], this.#reportResource)
  }

  #failed(step: Step, values: object, error: unknown): void {
    if (this.#stopping.signal.aborted) return
    this.#mayPass ||= !(error instanceof ApiError && error.code === 403)
    this.#outside.metrics.failed(step)
    this.#outside.log.warn('scan step failed', { step, ...values, error: error instanceof Error ? error.message : String(error) })
  }
}

/** Milliseconds since 1970. One that is broken has none: it does not hold. */
const endOf = ({ spec }: ExceptionObject): number => Date.parse(String(spec?.expiry)) || Infinity

const sameResource = (one: Resource | undefined, other: Resource | undefined): boolean =>
  one?.group === other?.group && one?.version === other?.version
