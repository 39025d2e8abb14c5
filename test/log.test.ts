import { describe, expect, test } from '@jest/globals'
import { jsonLog } from '../src/log.ts'

test.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['error', ['error']],
  ['silent', []],
] as const)('from %s on, one JSON object a line', (threshold, levels) => {
  const lines: string[] = []
  const log = jsonLog(threshold, (line) => lines.push(line), () => Date.UTC(2026, 10, 23))
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('some\nwords', { code: 5, field: undefined })
  const rest = '"time":"2026-11-23T00:00:00.000Z","msg":"some\\nwords","code":5}\n'
  expect(lines).toEqual(levels.map((level) => `{"level":"${level}",${rest}`))
})

describe('a log is bounded', () => {
  const seen = (line: string) => JSON.parse(line) as Record<string, unknown>

  test('of one message ten lines are written in a second, and how many were not is told with the next line', () => {
    const lines: string[] = []
    const clock = { now: 1000 }
    const log = jsonLog('info', (line) => lines.push(line), () => clock.now)
    for (let index = 0; index < 25; index++) log.info('often', { index })
    log.warn('once')
    expect(lines.map((line) => seen(line)['msg'])).toEqual([...Array.from({ length: 10 }, () => 'often'), 'once'])
    expect(log.lost).toEqual({ rate: 15, unwritable: 0 })
    clock.now = 2000
    log.warn('once')
    expect(lines.slice(11).map(seen)).toMatchObject([{ level: 'warn', msg: 'lines not written', of: 'often', lines: 15 }, { msg: 'once' }])
    clock.now = 3000
    log.info('often')
    expect(lines).toHaveLength(14)
  })

  test('what is long is cut', () => {
    const lines: string[] = []
    const log = jsonLog('info', (line) => lines.push(line), Date.now)
    log.info('a', { name: 'x'.repeat(2_000_000), list: Array.from({ length: 100_000 }, (_, index) => index) })
    log.info('b', Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key${index}`, 'x'.repeat(100)])))
    expect(lines.every((line) => line.length < 9000)).toBe(true)
    expect(lines.map(seen)).toMatchObject([{ msg: 'a', name: `${'x'.repeat(1024)}…` }, { msg: 'b',
      cut: expect.stringMatching(/^\{"level":"info"/) }])
  })

  test('what cannot be written is lost, and counted', () => {
    const log = jsonLog('info', () => {
      throw new Error('no space')
    }, Date.now)
    log.error('a')
    log.error('b')
    expect(log.lost).toEqual({ rate: 0, unwritable: 2 })
  })
})
