/**
 * Writes `src/logs/wording.json`: what each gunicorn release can log, read from the releases' own sources:
 * `node scripts/log-wording.ts`. A new release is an entry in `releases` of `catalogue.ts`.
 */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { releases } from './catalogue.ts'
import { installGunicorn, isolated, pathOnly } from './gunicorn-release.ts'

const run = promisify(execFile)

/** The levels that a release logs each message at. */
async function wordingOf(release: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const { folder, python } = await installGunicorn(release)
  const { stdout } = await run(python, [...isolated, '-W', 'ignore', join(import.meta.dirname, 'log-wording.py'), folder], {
    env: pathOnly(),
    maxBuffer: 16 * 2 ** 20,
  })
  return JSON.parse(stdout) as Record<string, string[]>
}

/** One message a line: its text, and the releases that have it at each level, as indices of the first and the last, pair by pair. */
export async function wording(): Promise<string> {
  const messages = new Map<string, Map<string, number[][]>>()
  for (const [index, release] of releases.entries())
    for (const [text, levels] of Object.entries(await wordingOf(release)))
      for (const level of levels) {
        const byLevel = messages.get(text) ?? new Map<string, number[][]>()
        messages.set(text, byLevel)
        const spans = byLevel.get(level) ?? []
        byLevel.set(level, spans)
        const last = spans.at(-1)
        if (last?.[1] === index - 1) last[1] = index
        else spans.push([index, index])
      }
  const lines = [...messages].sort(([one], [other]) => (one < other ? -1 : 1)).map(([text, levels]) =>
    `    ${JSON.stringify({ text, levels: Object.fromEntries(levels) })}`
  )
  return `{\n  "releases": ${JSON.stringify(releases)},\n  "messages": [\n${lines.join(',\n')}\n  ]\n}\n`
}

if (import.meta.main) await writeFile(join(import.meta.dirname, '..', 'src', 'logs', 'wording.json'), await wording())
