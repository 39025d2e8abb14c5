/** How what something costs grows with what it is given: the same on a slow machine and on a busy one. */
import { expect } from '@jest/globals'

/** By so much is an input longer than the one before it. */
const step = 8
/** So many times the cost is too much for it: what is linear takes 8, what is quadratic 64. */
const tooMuch = 24
/** Microseconds below which processor time says nothing; what takes less is done several times. */
const measurable = 2000
/** What else a machine does adds to a measurement, as do the first runs of a program: the least of several counts. */
const tries = { least: 3, most: 8 }

/**
 * Fails where the cost of `read` grows faster than its input. Inputs are made for a 64th of `size`, an eighth and all of it, so
 * that one which doubles what it costs with each step is found before it takes for ever. What has a bound is to be asked
 * beyond it.
 */
export async function expectLinear<Input>(input: (size: number) => Input, read: (input: Input) => unknown, size: number): Promise<void> {
  const [first, ...longer] = [step * step, step, 1].map((part) => input(Math.max(1, Math.floor(size / part))))
  let shorter = first as Input
  for (const one of longer) {
    expect(await growth(shorter, one, read)).toBeLessThan(tooMuch)
    shorter = one
  }
}

/** How many times as much the longer one costs, by the best of some measurements. */
async function growth<Input>(shorter: Input, longer: Input, read: (input: Input) => unknown): Promise<number> {
  let [less, more] = [Infinity, Infinity]
  for (let done = 0; done < tries.least || (done < tries.most && more / less >= tooMuch && more < 1000 * less); done++) {
    less = Math.min(less, await cost(shorter, read))
    more = Math.min(more, await cost(longer, read))
  }
  return more / less
}

/** Microseconds of processor time, each time. */
async function cost<Input>(input: Input, read: (input: Input) => unknown): Promise<number> {
  for (let times = 1;; times *= 2) {
    const before = process.cpuUsage()
    for (let time = 0; time < times; time++) await read(input)
    const { user, system } = process.cpuUsage(before)
    if (user + system >= measurable) return (user + system) / times
  }
}
