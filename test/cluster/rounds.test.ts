import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { ApiError } from '../../src/cluster/api-error.ts'
import { rounds } from '../../src/cluster/rounds.ts'

/** Runs rounds that answer with these pauses, or throw, and after them with an hour. What was said of each failure. */
function running(answers: (number | Error)[]) {
  const stopping = new AbortController()
  const at: number[] = []
  const failures: string[] = []
  const round = async () => {
    at.push(performance.now())
    const answer = answers[at.length - 1] ?? 3_600_000
    if (typeof answer !== 'number') throw answer
    return answer
  }
  const { wake, run } = rounds({ round, failed: (error) => failures.push((error as Error).message), random: () => 0 })
  const ended = run(stopping.signal)
  return { at, failures, wake, stop: async () => (stopping.abort(), await ended) }
}
/** Waits for as many rounds; a busy machine may take its time. */
async function untilRounds(at: readonly number[], count: number): Promise<void> {
  while (at.length < count) await sleep(5)
}
const conflict = () => new ApiError('it is another by now', 409, 'Conflict')

test('a round follows when the last one asked for it, or at once when it is woken', async () => {
  const { at, wake, stop } = running([30, 3_600_000])
  await untilRounds(at, 2)
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(29)
  wake()
  wake()
  await untilRounds(at, 3)
  await sleep(200)
  expect(at.length).toBe(3)
  await stop()
})

test('who was faster is no failure, and the next try is soon', async () => {
  const { at, failures, stop } = running([conflict(), conflict()])
  await untilRounds(at, 3)
  await sleep(200)
  expect([at.length, failures]).toEqual([3, []])
  await stop()
})

test('after a failure it waits, whatever wakes it', async () => {
  const { at, failures, wake, stop } = running([new Error('it is away')])
  await sleep(20)
  wake()
  await untilRounds(at, 2)
  expect(failures).toEqual(['it is away'])
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(249)
  await stop()
})
