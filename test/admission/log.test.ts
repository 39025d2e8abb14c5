import { expect, test } from '@jest/globals'
import { jsonLog } from '../../src/admission/log.ts'

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
