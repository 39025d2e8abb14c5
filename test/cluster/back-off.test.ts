import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { pauseAfter } from '../../src/cluster/back-off.ts'

const limits = { first: 500, most: 30_000 }

test('pauses double up to the longest', () => {
  const longest = () => 1 - Number.EPSILON
  expect([1, 2, 3, 7, 8, 1000].map((failures) => Math.round(pauseAfter(failures, limits, longest)))).toEqual([
    500,
    1000,
    2000,
    30_000,
    30_000,
    30_000,
  ])
  expect([1, 2, 7].map((failures) => pauseAfter(failures, limits, () => 0))).toEqual([250, 500, 15_000])
})

test('no pause is nothing, none is longer than the longest, and a longer row of failures never has a shorter range', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 5000, max: 100_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, first, most, random) => {
        const pause = pauseAfter(failures, { first, most }, () => random)
        expect(pause).toBeGreaterThanOrEqual(first / 2)
        expect(pause).toBeLessThanOrEqual(most)
        expect(pauseAfter(failures + 1, { first, most }, () => random)).toBeGreaterThanOrEqual(pause)
      },
    ),
  )
})
