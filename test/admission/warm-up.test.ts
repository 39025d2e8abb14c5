import { expect, test } from '@jest/globals'
import { warmUp } from '../../src/admission/warm-up.ts'

test('each outcome of a review but a fault is run through', () => {
  const outcomes = warmUp(0)
  expect([...outcomes.keys()].sort()).toEqual(['allowed', 'denied', 'fixed', 'warned'])
  expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(8)
})

test('it goes on for as long as it is told to', () => {
  const started = performance.now()
  warmUp(50)
  expect(performance.now() - started).toBeGreaterThanOrEqual(50)
  // How much that is, the machine says: as often as it takes, there is more than one round.
  const once = warmUp(0).get('fixed') ?? 0
  let milliseconds = 50
  while ((warmUp(milliseconds).get('fixed') ?? 0) <= once) milliseconds *= 2
})
