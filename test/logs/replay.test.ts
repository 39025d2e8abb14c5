/** The model that measured requests are sent to. Whether it holds for real gunicorns is in test/conformance/logs-replay.test.ts. */
import { describe, expect, test } from '@jest/globals'
import { replay, serversOf } from '../../src/logs/replay.ts'
import { Kept } from '../../src/logs/requests.ts'

/** One request a second, each of so many seconds. */
function requests(duration: number, count = 100): Kept {
  const kept = new Kept()
  for (let index = 0; index < count; index++) kept.add(1000 + index + duration, duration)
  return kept
}

describe('requests that come once a second', () => {
  test('of a second and a half: two workers do, and one has them wait longer and longer', () => {
    const kept = requests(1.5)
    const two = replay(kept, true, serversOf('sync', 2, 1, 1))
    expect([two?.busy.toFixed(2), two?.p95.toFixed(2), two?.waited]).toEqual(['0.75', '1.50', 0])
    const one = replay(kept, true, serversOf('sync', 1, 1, 1))
    expect([one?.busy.toFixed(2), one?.p95.toFixed(2), one?.waited]).toEqual(['1.00', '48.50', 0.99])
  })

  test('threads of one worker are like workers; those of two have requests wait that fall on the same one', () => {
    const kept = requests(1.5)
    expect(replay(kept, true, serversOf('gthread', 1, 2, 1))).toEqual(replay(kept, true, serversOf('sync', 2, 1, 1)))
    expect(replay(kept, true, serversOf('gthread', 2, 1, 1))?.waited).toBeGreaterThan(0.3)
  })

  test('ends that are known to the second come to the same busy share', () => {
    const kept = new Kept()
    for (let index = 0; index < 100; index++) kept.add(Math.floor(1000 + index / 5) + 0.5, 0.2)
    expect(replay(kept, false, serversOf('sync', 2, 1, 1))?.busy).toBeCloseTo(0.5, 1)
  })

  test('too few say nothing', () => expect(replay(requests(1, 10), true, serversOf('sync', 4, 1, 1))).toBeUndefined())
})
