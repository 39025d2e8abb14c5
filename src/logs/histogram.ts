/** Durations by their size, in bounded room: percentiles to within 1 %. */

/** Binary digits of a duration that tell bins apart, behind its exponent (IEEE 754, single precision). */
const mantissa = 6
const shift = 23 - mantissa

/** The shortest and the longest that are told apart, in seconds: 2^-17 and 2^17. */
const least = (127 - 17) << mantissa
const binCount = 34 << mantissa

const single = new Float32Array(1)
const bits = new Int32Array(single.buffer)

/** The bin of a duration, in seconds: for all histograms the same. */
export function binOf(duration: number): number {
  single[0] = duration
  const bin = ((bits[0] ?? 0) >>> shift) - least
  return bin < 0 ? 0 : bin >= binCount ? binCount - 1 : bin
}

export class Histogram {
  count = 0
  sum = 0
  readonly #bins = new Uint32Array(binCount)

  /** @param bin what `binOf` says of the duration */
  add(duration: number, bin: number): void {
    this.count++
    this.sum += duration
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1
  }

  /** The duration that such a share of them does not exceed, in seconds; NaN where there are none. */
  percentile(share: number): number {
    if (this.count === 0) return NaN
    let left = Math.ceil(this.count * share)
    for (let bin = 0; bin < binCount; bin++) {
      left -= this.#bins[bin] ?? 0
      if (left > 0) continue
      if (bin === 0) return 0
      // The middle of the bin.
      bits[0] = ((bin + least) << shift) + (1 << (shift - 1))
      return single[0] ?? NaN
    }
    return NaN
  }
}
