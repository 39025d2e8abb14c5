/** How long to wait before the next try. */

export interface BackOff {
  /** Milliseconds, for the first try after a failure. */
  readonly first: number
  /** Milliseconds: no pause is longer. */
  readonly most: number
}

/**
 * The pause before a try: twice as long with each failure, and of that a random half to the whole, so that those who
 * failed together do not come back together.
 *
 * @param failures how many tries in a row have failed; at least 1
 * @param random from 0 up to, but not including, 1
 * @returns milliseconds
 */
export function pauseAfter(failures: number, { first, most }: BackOff, random: () => number): number {
  const whole = Math.min(most, first * 2 ** Math.min(failures - 1, 30))
  return whole * (0.5 + random() / 2)
}
