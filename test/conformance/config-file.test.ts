/**
 * What Paddock says of generated config files, against what real gunicorn releases make of them.
 *
 * What it says is known must be so, what it says makes gunicorn refuse must do so; all else is to be unknown.
 */
import { beforeAll, describe, expect } from '@jest/globals'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { explain, type Explanation } from '../../src/cli/explain.ts'
import { readModule } from '../../src/python/module.ts'
import { configFiles } from './config-files.ts'
import { Oracle, type Answer, type CommandLine } from './gunicorn.ts'
import { realTest, seed } from './real.ts'

/** How many config files each release is asked about. */
const counts: Readonly<Record<string, number>> = { '19.10.0': 700, '20.0.4': 300, '20.1.0': 600, '22.0.0': 300, '23.0.0': 1000,
  '25.3.0': 500, '27.0.1': 1000 }

interface Tally {
  refused: number
  /** Refusals that Paddock tells. */
  foreseen: number
  /** Settings that gunicorn has, where it starts, other than by default, or that Paddock calls unknown. */
  settings: number
  known: number
  /** Files of which everything is known. */
  whole: number
}

/** True for a file that may not run to its end, as far as Paddock can tell. */
function mayFail(text: string, env: CommandLine['env']): boolean {
  const module = readModule(text, '__config__', (name) => env[name])
  return 'refused' in module || module.mayFail || module.mayHoldMore
}

/** In what Paddock is wrong about one command line. */
function disagreements({ env, files = {} }: CommandLine, real: Answer, { invocations: [told] }: Explanation, tally: Tally): string[] {
  if (!told) return ['no gunicorn is found']
  const { settings, unknown, problems, application } = told
  const refusal = real.exit === 0 ? null
    : (real.error ?? real.bind_error ?? real.env_error ?? (real.exit === null ? null : `exit ${real.exit}`))
  if (refusal !== null) {
    tally.refused++
    if (problems.length > 0) tally.foreseen++
    // What is not known, or may not run, may also fail.
    const isOpen = unknown.length > 0 || Object.values(files).some((text) => mayFail(text, env))
    return problems.length > 0 || isOpen ? [] : [`gunicorn refuses: ${refusal}`]
  }
  if (real.settings === null) return []
  if (problems.length > 0) return problems.map(({ message }) => `gunicorn does not refuse: ${message}`)
  const found: string[] = []
  for (const name of new Set([...Object.keys(real.settings), ...Object.keys(settings), ...unknown])) {
    const isUnknown = unknown.includes(name)
    // Where nothing of a file is known, all settings are unknown; those that are not set in truth tell nothing.
    if (isUnknown && unknown.length > 20 && !(name in real.settings)) continue
    tally.settings++
    if (isUnknown) continue
    tally.known++
    const [wanted, given] = [JSON.stringify(real.settings[name]), JSON.stringify(settings[name]?.value)]
    if (wanted !== given) found.push(`${name}: gunicorn has ${wanted ?? 'the default'}, paddock ${given ?? 'the default'}`)
  }
  if (application !== null && application !== real.application)
    found.push(`application: gunicorn has ${real.application}, paddock ${application}`)
  if (unknown.length === 0) tally.whole++
  return found
}

const percent = (part: number, all: number): string => `${((100 * part) / all).toFixed(1)} %`

const releases = Object.keys(counts)
const obstacles = await Promise.all(
  releases.map((release) => installGunicorn(release).then(() => undefined, (error: Error) => error.message)),
)
const asked = new Map<string, { readonly lines: readonly CommandLine[]; readonly real: readonly Answer[] }>()

describe(`config files, seed ${seed}`, () => {
  beforeAll(async () => {
    const there = releases.filter((_, index) => obstacles[index] === undefined)
    await Promise.all(there.map(async (release) => {
      const oracle = await Oracle.start(release)
      // All of them: they take seconds, and of a fifth the shares below would be those of a few dozen files.
      const lines = configFiles(seed + Number.parseInt(release), counts[release] ?? 0)
      asked.set(release, { lines, real: await oracle.ask(lines).finally(() => oracle.close()) })
    }))
  })

  for (const [index, release] of releases.entries())
    realTest(`are read as gunicorn ${release} reads them`, obstacles[index], () => {
      const { lines, real } = asked.get(release) ?? { lines: [], real: [] }
      const tally: Tally = { refused: 0, foreseen: 0, settings: 0, known: 0, whole: 0 }
      const failures = lines.flatMap((line, at) => {
        const told = explain({ ...line, gunicorn: release })
        const found = disagreements(line, real[at] as Answer, told, tally)
        return found.length > 0
          ? [
            `${JSON.stringify(line.argv)} ${JSON.stringify(line.env)}\n${
              Object.entries(line.files ?? {}).map(([path, text]) => `--- ${path}\n${text}`).join('\n')
            }\n${found.map((one) => `  ${one}`).join('\n')}`,
          ] : []
      })
      console.log([
        `gunicorn ${release}, seed ${seed}: ${lines.length} config files, ${failures.length} disagreements`,
        `${tally.refused} refused (${percent(tally.foreseen, tally.refused)} foreseen)`,
        `${percent(tally.known, tally.settings)} of ${tally.settings} settings known`,
        `${percent(tally.whole, lines.length - tally.refused)} of the others known as a whole`,
      ].join('; '))
      expect(failures.slice(0, 10).join('\n') + (failures.length > 10 ? `\n… ${failures.length} in all` : '')).toBe('')
      expect(lines.length).toBeGreaterThan(0)
      // What is all refused, or all unknown, would agree with anything.
      expect(tally.refused / lines.length).toBeLessThan(0.75)
      expect(tally.foreseen / tally.refused).toBeGreaterThan(0.3)
      expect(tally.known / tally.settings).toBeGreaterThan(0.6)
    })
})
