/** How many requests were in the work, second by second: for the whole log as bars, and as the share of time by that number. */
import type { Second } from './requests.ts'

/** Bars of the chart. */
const mostBars = 120

/** Requests in the work are told apart up to so many, in steps of a twentieth. */
const mostLevels = 20 * 512

/** Seconds over whose mean the work is looked at. */
const smoothed = 5

export interface Bar {
  /** Seconds since 1970. */
  readonly from: number
  /** The mean number of requests in the work. */
  readonly mean: number
  /** The most of a second. */
  readonly most: number
}

export class Timeline {
  seconds = 0
  work = 0
  /** The work of the last seconds, whose mean counts: ends of requests are known to a second only. */
  readonly #last: number[] = []
  readonly #levels = new Uint32Array(mostLevels + 1)
  /** Seconds since 1970 at which the chart begins, and how many seconds a bar has. */
  #start = NaN
  #width = 1
  #sums: number[] = []
  #mosts: number[] = []

  add({ at, work }: Second): void {
    this.seconds++
    this.work += work
    this.#last.push(work)
    if (this.#last.length > smoothed) this.#last.shift()
    const mean = this.#last.reduce((sum, one) => sum + one, 0) / this.#last.length
    const level = Math.min(mostLevels, Math.round(mean * 20))
    this.#levels[level] = (this.#levels[level] ?? 0) + 1
    if (Number.isNaN(this.#start)) this.#start = at
    // Behind a step of the clock, what comes is drawn where it belongs, as far as there is room.
    const bar = Math.floor((at - this.#start) / this.#width)
    if (bar < 0) return
    if (bar >= mostBars) {
      this.#halve()
      return this.#draw(at, work)
    }
    this.#draw(at, work)
  }

  #draw(at: number, work: number): void {
    let bar = Math.floor((at - this.#start) / this.#width)
    while (bar >= mostBars) {
      this.#halve()
      bar = Math.floor((at - this.#start) / this.#width)
    }
    this.#sums[bar] = (this.#sums[bar] ?? 0) + work
    this.#mosts[bar] = Math.max(this.#mosts[bar] ?? 0, work)
  }

  #halve(): void {
    this.#width *= 2
    const pairs = (bars: readonly (number | undefined)[], join: (one: number, other: number) => number): number[] =>
      Array.from({ length: Math.ceil(bars.length / 2) }, (_, index) => join(bars[2 * index] ?? 0, bars[2 * index + 1] ?? 0))
    this.#sums = pairs(this.#sums, (one, other) => one + other)
    this.#mosts = pairs(this.#mosts, Math.max)
  }

  /** Seconds in which, and in the four before, at least so many requests were in the work. */
  secondsAt(level: number): number {
    let count = 0
    for (let index = Math.ceil(level * 20); index <= mostLevels; index++) count += this.#levels[index] ?? 0
    return count
  }

  bars(): readonly Bar[] {
    return Array.from({ length: this.#sums.length },
      (_, index) => ({ from: this.#start + index * this.#width, mean: (this.#sums[index] ?? 0) / this.#width,
        most: this.#mosts[index] ?? 0 }))
  }

  get width(): number {
    return this.#width
  }
}
