/** Numbers that are the same for the same seed, everywhere, and what generators make of them. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** mulberry32: a number from 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ mixed >>> 15, mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61)
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to the limit. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** As many as asked for, at different places of the list, in its order. */
  some<T>(choices: readonly T[], count: number): T[] {
    const left = choices.map((_, index) => index)
    const taken = Array.from({ length: Math.min(count, choices.length) }, () => left.splice(this.below(left.length), 1)[0] ?? 0)
    return taken.sort((a, b) => a - b).map((index) => choices[index] as T)
  }
}
