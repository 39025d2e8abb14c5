/** Of several processes, the one that acts: a Lease, held and renewed as client-go's leader election does. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { isConflict, isMissing, isTaken } from '../cluster/api-error.ts'
import type { Cluster, KubernetesObject } from '../cluster/cluster.ts'
import { leases } from '../cluster/resources.ts'

/** coordination.k8s.io/v1 Lease. A duration in seconds, times in RFC 3339 with six digits behind the second. */
export interface Lease extends KubernetesObject {
  readonly spec: {
    readonly holderIdentity?: string | undefined
    readonly leaseDurationSeconds?: number
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

export interface LeaseSettings {
  readonly namespace: string
  readonly name: string
  /** Another for each process, also of one that was started anew. */
  readonly identity: string
  /** Milliseconds after which those who wait may take the Lease, where its holder has not renewed it. Whole seconds. */
  readonly leaseDuration?: number
  /** Milliseconds after which a holder that could not renew gives up; less than `leaseDuration`. */
  readonly renewDeadline?: number
  /** Milliseconds between tries; less than `renewDeadline`. */
  readonly retryPeriod?: number
  readonly log: Log
  readonly random?: () => number
  /** Milliseconds since 1970, for what is written. How long ago something was is judged by a clock that nobody sets. */
  readonly now?: () => number
}

/** The Lease is somebody else's, or could not be renewed in time: the process has to end. */
export class LeaseLost extends Error {}

/**
 * Waits until this process holds the Lease, and then does `work`, whose signal aborts when it must stop: when `signal`
 * aborts, or the Lease is lost. The clocks of processes are not compared: a holder is taken for gone when its Lease
 * was seen unchanged for as long as it lasts, by the clock of who looks.
 *
 * Resolves when `signal` has aborted, the work has ended and the Lease is released, so that the next can take it at once.
 * @throws LeaseLost; and what `work` throws, with the Lease released
 */
export async function lead(
  cluster: Pick<Cluster, 'get' | 'create' | 'replace'>,
  settings: LeaseSettings,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const {
    leaseDuration = 15_000,
    renewDeadline = leaseDuration * (2 / 3),
    retryPeriod = leaseDuration * (2 / 15),
    log,
    random = Math.random,
  } = settings
  const claim = claimant(cluster, { ...settings, leaseDuration })
  // Those who wait do not all come at the same moment.
  const pause = (during: AbortSignal) => sleep(retryPeriod * (1 + random() * 0.2), undefined, { signal: during }).catch(() => {})

  log.info('waiting for the lease', { lease: settings.name, identity: settings.identity })
  const told = aborted(signal)
  for (;;) {
    const taken = claim.take().catch((error: Error) => (log.warn('lease not read', { error: error.message }), false))
    if (await Promise.race([taken, told])) break
    await pause(signal)
    if (signal.aborted) return
  }
  log.info('leading', { lease: settings.name, identity: settings.identity })

  const lost = new AbortController()
  const ended = new AbortController()
  const renewing = renew(claim, { renewDeadline, pause, log }, lost, AbortSignal.any([signal, ended.signal]))
  try {
    await work(AbortSignal.any([signal, lost.signal]))
    // Work that is done before it is told to stop leads no more.
  } finally {
    ended.abort()
    await renewing
    if (!lost.signal.aborted) {
      const released = claim.release().catch((error: Error) => log.warn('lease not released', { error: error.message }))
      // Who cannot be reached keeps nobody from ending: then the next waits until the Lease is over.
      await Promise.race([released, sleep(renewDeadline / 2, undefined, { ref: false })])
    }
  }
  if (lost.signal.aborted) throw new LeaseLost(`the Lease "${settings.namespace}/${settings.name}" was lost`)
}

/** Renews until it is told to end. Aborts `lost` when it has not succeeded for `renewDeadline`, by the clock. */
async function renew(
  claim: Claimant,
  { renewDeadline, pause, log }: { renewDeadline: number; pause: (during: AbortSignal) => Promise<void>; log: Log },
  lost: AbortController,
  end: AbortSignal,
): Promise<void> {
  const give = (reason: string) => {
    if (lost.signal.aborted || end.aborted) return
    log.error('lease lost', { reason })
    lost.abort()
  }
  const late = () => give('not renewed in time')
  let timer = setTimeout(late, renewDeadline)
  const over = AbortSignal.any([lost.signal, end])
  const cut = aborted(over)
  let renewed = -Infinity
  /** An answer counts from when it was asked for, however late it comes. */
  const note = (asked: number) => {
    if (over.aborted || asked < renewed) return
    renewed = asked
    clearTimeout(timer)
    timer = setTimeout(late, Math.max(0, renewDeadline - (performance.now() - asked)))
  }
  let held: boolean | 'silence' | undefined
  while (!over.aborted) {
    // Who got no answer asks again at once.
    if (held !== 'silence') await pause(over)
    if (over.aborted) break
    const asked = performance.now()
    const taken = claim.take().catch((error: Error) => (log.warn('lease not renewed', { error: error.message }), undefined))
    void taken.then((isHeld) => {
      if (isHeld === true) note(asked)
    })
    // A connection that is dead says nothing; there is time for others, though machines be busy.
    held = await Promise.race([cut, taken, sleep(renewDeadline / 4, 'silence' as const, { ref: false })])
    if (held === false && claim.isTaken) give('held by another')
  }
  clearTimeout(timer)
}

/** Resolves to false when the signal aborts. */
const aborted = (signal: AbortSignal): Promise<false> =>
  new Promise((resolve) => signal.aborted ? resolve(false) : signal.addEventListener('abort', () => resolve(false), { once: true }))

interface Claimant {
  /** Takes the Lease, or renews it. False where another holds it, or was faster. */
  take(): Promise<boolean>
  /** True where another holds it, or did when it was seen last. */
  readonly isTaken: boolean
  release(): Promise<void>
}

function claimant(
  cluster: Pick<Cluster, 'get' | 'create' | 'replace'>,
  { namespace, name, identity, leaseDuration, now = Date.now }: LeaseSettings & { readonly leaseDuration: number },
): Claimant {
  /** The Lease as it was seen last, and when it was first seen so. */
  let seen: { readonly lease: Lease; readonly at: number } | undefined
  const observe = (lease: Lease) => {
    if (seen?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) seen = { lease, at: performance.now() }
    return lease
  }
  const time = () => new Date(now()).toISOString().replace('Z', '000Z')
  const renewed = () => ({ holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseDuration / 1000), renewTime: time() })
  const isMine = ({ spec }: Lease) => spec.holderIdentity === identity
  const isFree = ({ spec }: Lease) => {
    if (!spec.holderIdentity) return true
    return seen !== undefined && performance.now() - seen.at > (spec.leaseDurationSeconds ?? leaseDuration / 1000) * 1000
  }

  let isReleased = false

  async function write(lease: Lease, spec: Lease['spec']): Promise<boolean> {
    // What was asked for before, and comes to an answer behind that, takes it no more.
    if (isReleased && spec.holderIdentity !== undefined) return false
    try {
      observe(await cluster.replace(leases, { ...lease, spec }))
      return true
    } catch (error) {
      if (isConflict(error) || isMissing(error)) return false
      throw error
    }
  }

  async function create(): Promise<boolean> {
    const spec = { ...renewed(), acquireTime: time(), leaseTransitions: 0 }
    try {
      observe(
        await cluster.create(leases, {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { namespace, name },
          spec,
        }),
      )
      return true
    } catch (error) {
      if (isTaken(error)) return false
      throw error
    }
  }

  return {
    async take() {
      // Who holds it writes without looking first; a conflict says that somebody else has written.
      if (seen !== undefined && isMine(seen.lease) && (await write(seen.lease, { ...seen.lease.spec, ...renewed() }))) return true
      const lease = await cluster.get<Lease>(leases, { namespace, name })
      if (lease === undefined) return create()
      observe(lease)
      if (isMine(lease)) return write(lease, { ...lease.spec, ...renewed() })
      if (!isFree(lease)) return false
      return write(lease, { ...renewed(), acquireTime: time(), leaseTransitions: (lease.spec.leaseTransitions ?? 0) + 1 })
    },
    get isTaken() {
      return seen !== undefined && Boolean(seen.lease.spec.holderIdentity) && !isMine(seen.lease)
    },
    async release() {
      isReleased = true
      if (seen === undefined || !isMine(seen.lease)) return
      const { holderIdentity: _, ...spec } = seen.lease.spec
      await write(seen.lease, { ...spec, leaseDurationSeconds: 1, renewTime: time() })
    },
  }
}
