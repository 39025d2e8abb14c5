import { expect, test } from '@jest/globals'
import { wrapped } from '../../src/web/wrapped.ts'
import { run } from '../cli/in-memory.ts'

/** Where a text says what the first finding of a rule is about. */
async function placeOf(kind: Parameters<typeof wrapped>[0], text: string, rule: string): Promise<unknown> {
  const { name, text: file, placeOf: place } = wrapped(kind, text)
  const { out } = await run(['check', name, '--format', 'json'], { [name]: file })
  const { workloads } = JSON.parse(out) as { workloads: { findings: { rule: string; line: number; column: number }[] }[] }
  const [found] = workloads.flatMap(({ findings }) => findings.filter((one) => one.rule === rule))
  return found && place(found.line, found.column)
}

test.each([
  ['command', 'gunicorn a:b -k nope', { line: 1, column: 17 }],
  ['command', '  gunicorn a:b -k nope \n', { line: 1, column: 19 }],
  ['script', 'set -e\n\nexec gunicorn a:b \\\n  -k nope', { line: 4, column: 6 }],
  ['script', '#!/bin/sh\r\nexec gunicorn a:b -k nope\r\n', { line: 2, column: 22 }],
  ['procfile', 'a: x\nweb: gunicorn a:b -k nope\n', { line: 2, column: 22 }],
] as const)('%s: a finding stands where the text says it: %j', async (kind, text, place) => {
  expect(await placeOf(kind, text, 'unknown-worker-class')).toEqual(place)
})

test('what is mended is the text again, or the file where more has changed', async () => {
  const mended = async (kind: Parameters<typeof wrapped>[0], text: string, policy: string): Promise<string | undefined> => {
    const { name, text: file, unwrapped } = wrapped(kind, text)
    const { files } = await run(['check', name, '--fix', '--preset', policy], { [name]: file })
    return unwrapped(files[name] ?? '')
  }
  expect(await mended('command', ' gunicorn a:b -b :$PORT -w 2 --access-logfile - ', 'kubernetes')).toBe(
    'gunicorn a:b -b :$PORT -w 2 --access-logfile -',
  )
  expect(await mended('script', 'set -e\n\nexec gunicorn a:b -b :80', 'kubernetes')).toMatch(
    /^set -e\n\nexec gunicorn a:b -b :80 .*--access-logfile -/,
  )
  expect(await mended('script', 'exec gunicorn a:b', 'blueking')).toBeUndefined()
})
