/** How many requests a gunicorn can have in the work at once, and what the log says of the time in which it had. */
import type { Diagnosing } from './diagnosing.ts'
import type { Kept } from './requests.ts'

export interface Capacity {
  readonly workerClass: string | undefined
  readonly workers: number | undefined
  /** Of each worker. */
  readonly threads: number | undefined
  /** Requests in the work at once, of all sources together; undefined where that is not known or has no bound that matters. */
  readonly slots: number | undefined
  /** True where one request at a time is all that a worker, or a thread of it, does. */
  readonly isBlocking: boolean
}

export function capacityOf({ story, sources }: Diagnosing): Capacity {
  const { circumstances } = story
  const [seen, ...others] = story.workerClasses
  // What gunicorn says of itself goes before the command that is said to have started it.
  const threads = circumstances.threads
  const given = circumstances.workerClass === 'sync' && (threads ?? 1) > 1 ? 'gthread' : circumstances.workerClass
  const workerClass = others.length > 0 ? undefined : (seen ?? given)
  const workers = circumstances.workers ?? story.seenWorkers
  const isSync = workerClass === 'sync' || workerClass?.endsWith('SyncWorker') === true
  const isThreaded = workerClass === 'gthread' || workerClass?.endsWith('ThreadWorker') === true
  const each = isSync ? 1 : isThreaded ? (threads ?? undefined) : undefined
  return {
    workerClass,
    workers,
    threads: isThreaded ? threads : undefined,
    slots: workers === undefined || each === undefined ? undefined : workers * each * Math.max(1, sources),
    isBlocking: isSync || isThreaded,
  }
}

/** A second is full where so much of it was worked in. */
const full = 0.9

export interface Saturation {
  /** Seconds in which all were busy. */
  readonly seconds: number
  /** Their share of the time in which there were requests. */
  readonly share: number
}

export function saturationOf({ timeline, requests }: Diagnosing, slots: number): Saturation {
  const seconds = timeline.secondsAt(slots * full)
  const span = Math.max(1, requests.to - requests.from)
  return { seconds, share: Math.min(1, seconds / span) }
}

/** A long request takes at least so many seconds, and so many times what a short one takes. */
const long = 0.5
const times = 5

export interface Waiting {
  readonly short: number
  /** Short ones that were served while long ones had all workers, thus waited for one of them to end. */
  readonly waited: number
  /** What a long one takes, in seconds: the median of those that took half of the work. */
  readonly longDuration: number
  /** The share of the work that long ones are. */
  readonly share: number
}

/** Requests that waited behind long ones: served in seconds in which long ones had all there is. */
export function waitingOf(kept: Kept, slots: number): Waiting | undefined {
  const { count, ends, durations } = kept
  const longs = [...durations.subarray(0, count)].filter((duration) => duration >= long).sort((one, other) => one - other)
  const longDuration = longs[Math.floor(longs.length / 2)]
  if (longDuration === undefined) return undefined
  const shortest = longDuration / times
  let [from, last] = [Infinity, -Infinity]
  for (let index = 0; index < count; index++) {
    from = Math.min(from, Math.floor((ends[index] ?? 0) - (durations[index] ?? 0)))
    last = Math.max(last, ends[index] ?? 0)
  }
  const length = Math.ceil(last - from) + 2
  if (!(length < 1_000_000)) return undefined
  const work = new Float64Array(length)
  let longWork = 0
  for (let index = 0; index < count; index++) {
    const duration = durations[index] ?? 0
    if (duration < shortest) continue
    longWork += duration
    const end = (ends[index] ?? 0) - from
    for (let second = Math.max(0, Math.floor(end - duration)); second <= end; second++)
      work[second] = (work[second] ?? 0) + Math.max(0, Math.min(end, second + 1) - Math.max(end - duration, second))
  }
  let [short, waited] = [0, 0]
  for (let index = 0; index < count; index++) {
    const duration = durations[index] ?? 0
    if (duration >= shortest) continue
    short++
    const at = Math.floor((ends[index] ?? 0) - from)
    const mean = ((work[at - 1] ?? 0) + (work[at] ?? 0) + (work[at + 1] ?? 0)) / 3
    if (mean >= slots * full) waited++
  }
  return { short, waited, longDuration, share: longWork / kept.sum }
}
