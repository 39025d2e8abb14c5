/** Logs of several containers become one, in the order of time. */
import { expect, test } from '@jest/globals'
import { mergeLogs } from '../../src/cli/merged-logs.ts'

async function merged(logs: Readonly<Record<string, readonly string[]>>): Promise<readonly string[]> {
  const parts: Buffer[] = []
  for await (const part of mergeLogs(
    Object.entries(logs).map(([source, texts]) => ({ source, parts: texts.map((text) => Buffer.from(text)) })),
  ))
    parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString().split('\n')
}

test('lines go by their time, whatever its zone and its fraction', async () => {
  expect(await merged({
    a: ['2026-11-30T10:00:00Z one\n2026-11-30T10:00:02.5Z four\n', '2026-11-30T10:00:03Z five'],
    b: ['2026-11-30T12:00:00.25+02:00 two\nno time\n2026-11-30T12:00:02+02:00 three\n'],
    c: [''],
  })).toEqual(['[a] 2026-11-30T10:00:00Z one', '[b] 2026-11-30T12:00:00.25+02:00 two', '[b] no time', '[b] 2026-11-30T12:00:02+02:00 three',
    '[a] 2026-11-30T10:00:02.5Z four', '[a] 2026-11-30T10:00:03Z five', ''])
})

test('many lines come in pieces', async () => {
  const lines = Array.from({ length: 5000 }, (_, index) => `2026-11-30T10:00:00.${String(index).padStart(9, '0')}Z ${'x'.repeat(50)}`)
  const found = await merged({ a: [lines.filter((_, index) => index % 2 === 0).join('\n')],
    b: [lines.filter((_, index) => index % 2 === 1).join('\n')] })
  expect(found.filter((line) => line !== '').map((line) => line.slice(4))).toEqual(lines)
})
