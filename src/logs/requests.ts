/** Requests as the access log has them: how long they took, on which paths, and how many were in the work at once. */
import { binOf, Histogram } from './histogram.ts'
import { own, shown } from './lines.ts'
import type { Evidence } from './tally.ts'

/** Lines that are shown of each kind. */
const mostShown = 5

/** Paths that are counted apart; those beyond are counted by their shape. */
const mostPaths = 200

/** Paths whose histogram is known without asking for their shape. */
const mostKnown = 5000

/** Requests that are kept in order, to be replayed: of the busiest stretch of the log. */
const mostKept = 20_000

/** Seconds that are looked at while requests may still come that were in the work then: one that took longer counts from there on. */
const windowSeconds = 4096

/** A day less the hours by which a clock is set back: durations are differences of local time without days (gunicorn's `request_time.seconds`). */
const longestDuration = 12 * 3600

/** Requests in the order in which they ended. */
export class Kept {
  count = 0
  /** Seconds since 1970. */
  readonly ends = new Float64Array(mostKept)
  readonly durations = new Float64Array(mostKept)
  sum = 0

  add(end: number, duration: number): void {
    this.ends[this.count] = end
    this.durations[this.count] = duration
    this.count++
    this.sum += duration
  }

  get isFull(): boolean {
    return this.count === mostKept
  }

  /** The mean number of requests in the work. */
  get load(): number {
    const span = (this.ends[this.count - 1] ?? 0) - (this.ends[0] ?? 0)
    return span > 0 ? this.sum / span : 0
  }
}

/** The work of each second, once nothing more can be added to it. */
export interface Second {
  readonly at: number
  /** Seconds of work that fell into it: the mean number of requests in the work. */
  readonly work: number
}

export class Requests {
  /** All that were logged. */
  count = 0
  /** Those that failed so that the time they took was not logged. */
  failed = 0
  /** Lines whose duration no request can have taken: a clock was set. */
  implausible = 0
  readonly durations = new Histogram()
  readonly paths = new Map<string, Histogram>()
  /** By their bytes. */
  readonly #known = new Map<string, Histogram>()
  /** Seconds since 1970 between which requests were in the work. */
  from = NaN
  to = NaN
  /** True where ends are known to less than a second. */
  isFine = true
  best: Kept | undefined
  /** Lines of the requests that took longest, the longest first. */
  get longest(): readonly Evidence[] {
    return this.#longest.map(({ evidence }) => evidence)
  }
  /** Lines of short requests that came right behind a long one. */
  readonly behindLong: Evidence[] = []
  readonly #longest: { readonly duration: number; readonly evidence: Evidence }[] = []
  #former = 0
  #kept = new Kept()
  readonly #window = new Float64Array(windowSeconds)
  /** The first second of the window, and the one behind the last that was written to. */
  #first = NaN
  #next = NaN
  readonly #take: (second: Second) => void
  /** Steps of the clock: times that go back. */
  steps = 0

  constructor(take: (second: Second) => void) {
    this.#take = take
  }

  /** `path` may be a part of a larger text; `end` in seconds since 1970, NaN where it is not known; `duration` in seconds, NaN where it is not. */
  add(path: string | undefined, end: number, duration: number): void {
    this.count++
    if (Number.isNaN(duration)) return
    if (duration > longestDuration) {
      this.implausible++
      return
    }
    const bin = binOf(duration)
    this.durations.add(duration, bin)
    if (path !== undefined) (this.#known.get(path) ?? this.#path(path)).add(duration, bin)
    if (Number.isNaN(end)) return
    if (this.#kept.isFull) {
      if (!this.best || this.#kept.load > this.best.load) this.best = this.#kept
      this.#kept = new Kept()
    }
    this.#kept.add(end, duration)
    this.#work(end, duration)
  }

  /** Whether the line of a request is worth showing. */
  isShown(duration: number): boolean {
    const isBehind = this.#former >= 0.5 && duration * 5 < this.#former
    const isLong = duration >= 0.2 && duration <= longestDuration && duration > (this.#longest[mostShown - 1]?.duration ?? 0)
    if (isBehind) return this.behindLong.length < mostShown
    this.#former = duration
    return isLong
  }

  /** Keeps such a line. */
  show(duration: number, evidence: Evidence): void {
    if (duration * 5 < this.#former) {
      this.behindLong.push(evidence)
      return
    }
    this.#longest.push({ duration, evidence })
    this.#longest.sort((one, other) => other.duration - one.duration)
    if (this.#longest.length > mostShown) this.#longest.pop()
  }

  #path(text: string): Histogram {
    const path = shown(text)
    const name = this.paths.size < mostPaths ? path : shapeOf(path)
    let histogram = this.paths.get(name)
    if (!histogram) {
      const place = this.paths.size < 2 * mostPaths ? name : '…'
      histogram = this.paths.get(place) ?? new Histogram()
      this.paths.set(place, histogram)
    }
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.set(own(text), histogram)
    return histogram
  }

  #work(end: number, duration: number): void {
    const start = end - duration
    if (!(this.from <= start)) this.from = start
    if (!(this.to >= end)) this.to = end
    const last = Math.floor(end)
    if (Number.isNaN(this.#first)) {
      this.#first = Math.floor(start)
      this.#next = this.#first
    }
    if (last < this.#next - 120) this.steps++
    // A clock that was set, or another log behind this one.
    if (last < this.#first || last > this.#next + 6 * windowSeconds) {
      this.flush()
      this.#first = Math.max(Math.floor(start), last - windowSeconds + 1)
      this.#next = this.#first
    }
    while (last >= this.#first + windowSeconds) this.#pass()
    for (let second = Math.max(Math.floor(start), this.#first); second <= last; second++) {
      const part = Math.min(end, second + 1) - Math.max(start, second)
      const index = second % windowSeconds
      if (part > 0) this.#window[index] = (this.#window[index] ?? 0) + part
    }
    if (last >= this.#next) this.#next = last + 1
  }

  #pass(): void {
    const index = this.#first % windowSeconds
    this.#take({ at: this.#first, work: this.#window[index] ?? 0 })
    this.#window[index] = 0
    this.#first++
    if (this.#next < this.#first) this.#next = this.#first
  }

  /** Hands over all seconds that are left. */
  flush(): void {
    if (Number.isNaN(this.#first)) return
    while (this.#first < this.#next) this.#pass()
    if (this.#kept.count > 0 && (!this.best || this.#kept.load > this.best.load)) this.best = this.#kept
  }
}

/** The shape of a path: a part that holds a digit, or is long, is another thing each time. */
const shapeOf = (path: string): string => path.split('/', 12).map((part) => (/\d/.test(part) || part.length > 30 ? '*' : part)).join('/')
