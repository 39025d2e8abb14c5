/** Arbiters and their workers, as the log has them come and go. Numbers of processes are used again: the last one to have a number is meant. */
import type { Evidence } from './tally.ts'

export interface Worker {
  readonly pid: number
  readonly arbiter: Arbiter | undefined
  /** Milliseconds since 1970. */
  readonly bootedAt: number
  readonly evidence: Evidence
  /** Where gunicorn killed it as it gave no sign of life. */
  timeout: { readonly time: number; readonly evidence: Evidence; path?: string; isSilent?: boolean } | undefined
  /** True where its end was asked for: by `max_requests`, a reload or a stop. */
  isAskedToEnd: boolean
  /** True once it has said that it ends. */
  isExiting: boolean
  /** True once it has said anything but that it boots. */
  hasSpoken: boolean
  /** True where it could not load the application. */
  hasFailedToBoot: boolean
  /** True once it counts no more among those of its arbiter. */
  hasLeft: boolean
  /** Requests that had been answered in its source when it booted. */
  readonly requestsBefore: number
}

export interface Arbiter {
  readonly pid: number
  /** The release that it said it is. */
  release: string | undefined
  /** The worker class that it said it uses. */
  workerClass: string | undefined
  /** True where the log shows its start. */
  readonly isWhole: boolean
  readonly startedAt: number
  readonly evidence: Evidence
  /** The signal that ends it, and when it came. */
  stop: { readonly signal: string; readonly time: number; readonly evidence: Evidence } | undefined
  /** When workers were last asked to end while it goes on: a reload, fewer of them. */
  reloadedAt: number
  /** True where its workers say what does not fit: a part of the log is missing. */
  hasGap: boolean
  /** True once it has ended. */
  hasEnded: boolean
  /** True once it listens. */
  isListening: boolean
  /** Failures to listen, by what was said: the first of each. */
  readonly listening: Map<'in use' | 'invalid' | 'failed', { readonly evidence: Evidence; readonly reason: string }>
  /** Workers that ended one after another while they booted. */
  failedBoots: Evidence[]
  hasLooped: boolean
  /** Workers that are alive, and the most that were at once. */
  aliveWorkers: number
  mostWorkers: number
}

/** Workers that are kept, and arbiters that may run side by side. */
const mostWorkers = 10_000
const mostAside = 8

/** What goes on in one pod or container. */
export class Source {
  /** The first time that was seen. */
  firstTime = NaN
  readonly arbiters = new Map<number, Arbiter>()
  readonly workers = new Map<number, Worker>()
  /** The arbiter that spoke last, or was started last. */
  arbiter: Arbiter | undefined
  /** Requests that were answered. */
  requests = 0
  /** True where several run side by side whose processes have the same numbers: Pods without a prefix. */
  isMixed = false
  /** The arbiters that were started last, of those that have not ended. */
  #latest: readonly Arbiter[] = []

  /** The arbiter of a process number; one whose start is not in the log where it is new. */
  arbiterOf(pid: number, time: number, evidence: Evidence): Arbiter {
    const known = this.arbiters.get(pid)
    if (known && !known.hasEnded) return (this.arbiter = known)
    return this.#newArbiter(pid, time, evidence, false)
  }

  /** Whether a number is that of a worker that is alive, and of no arbiter. */
  isWorker(pid: number): boolean {
    const worker = this.workers.get(pid)
    return worker !== undefined && !worker.isExiting && !this.arbiters.has(pid)
  }

  started(pid: number, time: number, evidence: Evidence): Arbiter {
    // One that was killed says nothing of its end: its workers have gone with it. Its number may have been one of theirs.
    const former = this.arbiters.get(pid)
    if (former) { for (const [number, worker] of this.workers) if (worker.arbiter === former) this.workers.delete(number) }
    this.workers.delete(pid)
    return this.#newArbiter(pid, time, evidence, true)
  }

  #newArbiter(pid: number, time: number, evidence: Evidence, isWhole: boolean): Arbiter {
    const arbiter: Arbiter = {
      pid,
      release: undefined,
      workerClass: undefined,
      isWhole,
      startedAt: time,
      evidence,
      stop: undefined,
      reloadedAt: NaN,
      hasGap: false,
      hasEnded: false,
      isListening: false,
      listening: new Map(),
      failedBoots: [],
      hasLooped: false,
      aliveWorkers: 0,
      mostWorkers: 0,
    }
    // A log of months has many of them.
    if (this.arbiters.size > 1000) this.arbiters.clear()
    this.arbiters.set(pid, arbiter)
    this.#latest = [...this.#latest.filter((one) => one.pid !== pid && !one.hasEnded), arbiter].slice(-mostAside)
    this.arbiter = arbiter
    return arbiter
  }

  booted(pid: number, time: number, evidence: Evidence): Worker {
    // A worker does not say whose it is.
    const isAlone = this.#latest.filter(({ hasEnded }) => !hasEnded).length === 1
    const arbiter = isAlone && this.arbiter && !this.arbiter.hasEnded ? this.arbiter : undefined
    const former = this.workers.get(pid)
    if (former && !former.isExiting && !former.timeout && former.bootedAt <= time && former.arbiter === arbiter) this.isMixed = true
    const worker: Worker = {
      pid,
      arbiter,
      bootedAt: time,
      evidence,
      timeout: undefined,
      isAskedToEnd: false,
      isExiting: false,
      hasSpoken: false,
      hasFailedToBoot: false,
      hasLeft: false,
      requestsBefore: this.requests,
    }
    if (former) this.leaves(former)
    if (this.workers.size >= mostWorkers) this.#forget()
    this.workers.set(pid, worker)
    if (arbiter) {
      arbiter.aliveWorkers++
      arbiter.mostWorkers = Math.max(arbiter.mostWorkers, arbiter.aliveWorkers)
    }
    return worker
  }

  /** A worker has said that it ends, or has ended. */
  leaves(worker: Worker): void {
    if (worker.hasLeft) return
    worker.hasLeft = true
    if (worker.arbiter) worker.arbiter.aliveWorkers--
  }

  /** Makes room: of those that have left, nothing more is said as a rule. */
  #forget(): void {
    for (const [pid, { hasLeft }] of this.workers) if (hasLeft) this.workers.delete(pid)
    if (this.workers.size > mostWorkers / 2) this.workers.clear()
  }

  /** The workers of an arbiter that are alive, as far as the log says. */
  of(arbiter: Arbiter): Worker[] {
    return [...this.workers.values()].filter((worker) => worker.arbiter === arbiter && !worker.isExiting)
  }
}
