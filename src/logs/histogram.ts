/** Durations by their size, in bounded room: percentiles to within 2 %. */

/** The shortest that is told apart, in seconds, and how much wider each bin is than the one before. */
const shortest = 1e-5
const ratio = 1.02
const binCount = Math.ceil(Math.log(1e5 / shortest) / Math.log(ratio)) + 1
const scale = 1 / Math.log(ratio)

export class Histogram {
  count = 0
  sum = 0
  readonly #bins = new Uint32Array(binCount)

  add(duration: number): void {
    this.count++
    this.sum += duration
    const bin = duration <= shortest ? 0 : Math.min(binCount - 1, Math.ceil(Math.log(duration / shortest) * scale))
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1
  }

  /** The duration that such a share of them does not exceed, in seconds; NaN where there are none. */
  percentile(share: number): number {
    if (this.count === 0) return NaN
    let left = Math.ceil(this.count * share)
    for (let bin = 0; bin < binCount; bin++) {
      left -= this.#bins[bin] ?? 0
      if (left <= 0) return shortest * ratio ** (bin - 0.5)
    }
    return NaN
  }
}
