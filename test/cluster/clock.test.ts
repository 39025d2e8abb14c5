import { execFileSync } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { withClock, type Clock } from './clock.ts'

/** What a program sees: how much later its clock is than ours, and how much of the day and of time a wait took, in milliseconds. */
function seen(clock: Clock, wait: number): { ahead: number; ofDay: number; ofTime: number } {
  const script = `
import { setTimeout as sleep } from 'node:timers/promises'
const [day, time] = [Date.now(), performance.now()]
await sleep(${wait})
console.log(JSON.stringify({ start: day, ofDay: Date.now() - day, ofTime: performance.now() - time }))
`
  const before = Date.now()
  const out = execFileSync(process.execPath, [...withClock(clock), '--input-type=module', '--eval', script], { encoding: 'utf8' })
  const { start, ofDay, ofTime } = JSON.parse(out) as { start: number; ofDay: number; ofTime: number }
  return { ahead: start - before, ofDay, ofTime }
}

test('a clock that is as it should be takes no argument', () => {
  expect(withClock({})).toEqual([])
})

test.each([-3_600_000, 3_600_000])('the time of day is %d ms ahead', (ahead) => {
  expect(Math.round(seen({ ahead }, 0).ahead / ahead)).toBe(1)
})

test('the time of day goes faster from a moment on, and a wait for it is over sooner', () => {
  const hour = 3_600_000
  const { ahead, ofDay, ofTime } = seen({ speed: 10, since: Date.now() - hour }, 10_000)
  expect(Math.round(ahead / hour)).toBe(9)
  expect(ofTime).toBeGreaterThanOrEqual(999)
  expect(ofDay).toBeGreaterThanOrEqual(9990)
  expect(ofDay).toBeGreaterThan(ofTime * 5)
  expect(seen({ speed: 10 }, 300).ofTime).toBeGreaterThanOrEqual(299)
})
