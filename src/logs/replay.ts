/**
 * Requests that were measured, sent to another number of workers or threads: how busy those would be, and how long answers would take
 * with the waiting, which no log has.
 *
 * A request is taken to come when its work began: what it had waited before is not known. Where no one waited, and over any stretch
 * that begins and ends with an idle worker, as many come as are served; where all were busy all along, more may have come.
 */
import { percent, seconds, type Predict } from './advice.ts'
import type { Diagnosing } from './diagnosing.ts'
import type { Kept } from './requests.ts'

/** Queues side by side, each with so many that serve it. A request goes to any of the queues: the one that accepts it first. */
export interface Servers {
  readonly queues: number
  readonly each: number
}

export interface Replayed {
  /** The share of their time. */
  readonly busy: number
  /** Seconds, with the waiting. */
  readonly p95: number
  /** The share of the requests that waited longer than a tenth of what they take, and than 10 ms. */
  readonly waited: number
}

/** Idle sync workers accept from one queue; the threads of a worker serve what that worker has accepted, be others idle or not. */
export const serversOf = (workerClass: 'sync' | 'gthread', workers: number, threads: number, sources: number): Servers =>
  workerClass === 'sync' ? { queues: Math.max(1, sources), each: workers } : { queues: Math.max(1, sources) * workers, each: threads }

/** What a change is expected to bring to the busiest requests of a log, as the end of a sentence. */
export function predictor({ requests, sources }: Diagnosing, now: number): Predict {
  const { best, isFine } = requests
  const isOverloaded = now > saturated
  return (workerClass, workers, threads) => {
    const replayed = best && requests.steps === 0
      ? replay(best, isFine, workerClass === 'gevent' ? unbounded : serversOf(workerClass, workers, threads, sources)) : undefined
    if (!replayed) return ''
    const answered = `95 % are answered within ${seconds(replayed.p95)}`
    // Requests that no longer wait come faster than they were seen to.
    if (workerClass === 'gevent') return `: of the requests that were seen, ${answered}`
    const busy = `${isOverloaded ? 'at least ' : ''}${percent(replayed.busy)}`
    return `: the requests that were seen keep them busy ${busy} of the time, and ${answered}, waiting included`
  }
}

/** A share of the time in which all were busy, beyond which nobody knows how many would have come. */
const saturated = 0.8

/** Where a request holds up no other. */
const unbounded: Servers = { queues: 1, each: 1000 }

/** Requests from which on a replay says something. */
const least = 20

/** Undefined where too few are kept. */
export function replay(kept: Kept, isFine: boolean, { queues, each }: Servers): Replayed | undefined {
  const { count, durations } = kept
  if (count < least || queues * each < 1) return undefined
  const random = generator()
  const starts = startsOf(kept, isFine, random)
  const order = Uint32Array.from({ length: count }, (_, index) => index).sort((one, other) => (starts[one] ?? 0) - (starts[other] ?? 0))
  const free = Array.from({ length: Math.min(queues, 1000) }, () => new Float64Array(Math.min(each, 1000)).fill(-Infinity))
  const answers = new Float64Array(count)
  let [from, to, waited, place] = [Infinity, -Infinity, 0, 0]
  for (const index of order) {
    const [start, duration] = [starts[index] ?? 0, durations[index] ?? 0]
    const servers = free[Math.floor(random() * free.length)] ?? new Float64Array(1)
    let first = 0
    for (let other = 1; other < servers.length; other++) if ((servers[other] ?? 0) < (servers[first] ?? 0)) first = other
    const begin = Math.max(start, servers[first] ?? 0)
    servers[first] = begin + duration
    const wait = begin - start
    if (wait > 0.01 && wait > duration / 10) waited++
    answers[place++] = wait + duration
    from = Math.min(from, start)
    to = Math.max(to, begin + duration)
  }
  answers.sort()
  return { busy: Math.min(1, kept.sum / (queues * each * Math.max(to - from, 1e-6))), p95: answers[Math.ceil(count * 0.95) - 1] ?? 0,
    waited: waited / count }
}

/** When the work on each began. gunicorn's access log has ends to the second: within it they keep their order, and fall anywhere. */
function startsOf({ count, ends, durations }: Kept, isFine: boolean, random: () => number): Float64Array {
  if (isFine) return Float64Array.from({ length: count }, (_, index) => (ends[index] ?? 0) - (durations[index] ?? 0))
  const starts = new Float64Array(count)
  for (let from = 0; from < count;) {
    let to = from + 1
    const second = Math.floor(ends[from] ?? 0)
    while (to < count && Math.floor(ends[to] ?? 0) === second) to++
    const places = Array.from({ length: to - from }, () => second + random()).sort((one, other) => one - other)
    for (let index = from; index < to; index++) starts[index] = (places[index - from] ?? second) - (durations[index] ?? 0)
    from = to
  }
  return starts
}

/** Numbers from 0 to 1, the same ones each time (Park and Miller's generator): one log has one diagnosis. */
function generator(): () => number {
  let state = 20_261_130
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}
