/**
 * What `paddock explain --stdin` says of generated command lines, against what real gunicorn releases make of them.
 *
 * It must refuse what they refuse, and tell the settings and the application that they go by. What depends on the machine
 * (files, folders, the names of users and groups) it may call unknown, and nothing else.
 */
import { beforeAll, describe, expect } from '@jest/globals'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import type { Explanation } from '../../src/cli/explain.ts'
import { amount } from '../amount.ts'
import { program } from '../program.ts'
import { commandLines } from './command-lines.ts'
import { Oracle, type Answer, type CommandLine } from './gunicorn.ts'
import { realTest, seed } from './real.ts'

/** How many command lines each release is asked about: those that many run, and those between which much changed, more. */
const counts: Readonly<Record<string, number>> = {
  '19.10.0': 1500,
  '20.0.4': 1500,
  '20.1.0': 3000,
  '21.2.0': 1500,
  '22.0.0': 1500,
  '23.0.0': 3000,
  '24.1.1': 1500,
  '25.0.3': 1500,
  '25.3.0': 1500,
  '26.2.0': 1500,
  '27.0.1': 3000,
}

/** What paddock answers, in the order of the command lines. */
async function explain(lines: readonly CommandLine[], release: string): Promise<Explanation[]> {
  const child = spawn(process.execPath, [program(), 'explain', '--stdin'], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(lines.map(({ argv, env }) => JSON.stringify({ argv, env, gunicorn: release }) + '\n').join(''))
  const answers = (await text(child.stdout)).trimEnd().split('\n')
  expect(answers).toHaveLength(lines.length)
  return answers.map((answer) => JSON.parse(answer) as Explanation)
}

/**
 * Refusals that depend on the machine, each with the setting that paddock must then call unknown. (A package of `--paste`
 * is not there; only a digit that is none for `int()` is refused on any machine.)
 */
const machineDependent: readonly (readonly [setting: string, refusal: RegExp])[] = [
  ['user', /^Error: (No such user: |invalid literal for int\(\) with base 10: '²')/],
  ['group', /^Error: (No such group: |invalid literal for int\(\) with base 10: '²')/],
  ['chdir', /^Error: can't chdir to /],
  ['reload_extra_files', /^Error: File .* does not exists\.$/],
  ['logconfig', /^Error: (No module named 'paste'|'.*' not found)$/],
  ['config', /^Error: ('.*' doesn't exist|No module named '.*')$/],
]

/** A config file may set anything, so nearly all is unknown where one is read. */
function isUnknown(setting: string, unknown: readonly string[]): boolean {
  return setting === 'config' ? unknown.length > 20 : unknown.includes(setting)
}

interface Tally {
  refused: number
  ended: number
  /** Refusals that paddock tells in gunicorn's own words. */
  quoted: number
  settings: number
  known: number
}

/** In what paddock is wrong about one command line. */
function disagreements({ env }: CommandLine, real: Answer, explanation: Explanation, tally: Tally): string[] {
  const [told, ...others] = explanation.invocations
  if (!told || others.length > 0 || explanation.problems.length > 0) return [`not one command: ${JSON.stringify(explanation)}`]
  const { settings, unknown, problems, application } = told
  const refusal = real.exit === 0 ? null : (real.error ?? real.bind_error ?? real.env_error)
  if (refusal !== null) {
    tally.refused++
    if (problems.some(({ message }) => refusal.includes(message))) tally.quoted++
    if (problems.length > 0) return []
    // Each layer is checked, also where the command line overrides what GUNICORN_CMD_ARGS says.
    const isHidden = (setting: string): boolean => 'GUNICORN_CMD_ARGS' in env && settings[setting]?.source === 'command line'
    const isLeftOpen = (setting: string): boolean => isUnknown(setting, unknown) || isHidden(setting)
    const hangsOnMachine = machineDependent.some(([setting, refused]) => refused.test(refusal) && isLeftOpen(setting))
    return hangsOnMachine ? [] : [`gunicorn refuses: ${refusal}`]
  }
  if (problems.length > 0) return problems.map(({ message }) => `gunicorn does not refuse: ${message}`)
  const realSettings = real.settings ?? {}
  if (real.exit === 0) tally.ended++
  const found: string[] = []
  for (const name of new Set([...Object.keys(realSettings), ...Object.keys(settings), ...unknown])) {
    tally.settings++
    if (unknown.includes(name)) {
      if (!machineDependent.some(([setting]) => setting === name)) found.push(`${name} is called unknown`)
      continue
    }
    tally.known++
    const [wanted, given] = [JSON.stringify(realSettings[name]), JSON.stringify(settings[name]?.value)]
    if (wanted !== given) found.push(`${name}: gunicorn has ${wanted ?? 'the default'}, paddock ${given ?? 'the default'}`)
  }
  if (application !== real.application) found.push(`application: gunicorn has ${real.application}, paddock ${application}`)
  return found
}

interface Asked {
  readonly lines: readonly CommandLine[]
  readonly real: readonly Answer[]
  readonly told: readonly Explanation[]
  readonly seconds: number
}

async function ask(release: string, count: number): Promise<Asked> {
  const start = performance.now()
  // The oracle is faster where the environment stays the same.
  const lines = commandLines(seed + Number.parseInt(release), count)
  lines.sort((a, b) => environmentOf(a).localeCompare(environmentOf(b)))
  const oracle = await Oracle.start(release)
  const [real, told] = await Promise.all([oracle.ask(lines), explain(lines, release)]).finally(() => oracle.close())
  return { lines, real, told, seconds: (performance.now() - start) / 1000 }
}

const environmentOf = ({ env }: CommandLine): string => JSON.stringify({ ...env, GUNICORN_CMD_ARGS: '' })

const percent = (part: number, all: number): string => `${((100 * part) / all).toFixed(1)} %`

/** Why a release cannot be asked; undefined where it can. */
async function obstacle(release: string): Promise<string | undefined> {
  return installGunicorn(release).then(() => undefined, (error: Error) => error.message)
}

const releases = Object.keys(counts)
// One after the other: what is not in the cache is installed, and some machines' pip stands in its own way.
const obstacles: (string | undefined)[] = []
for (const release of releases) obstacles.push(await obstacle(release))
const asked = new Map<string, Asked>()

describe(`explain --stdin, seed ${seed}`, () => {
  // All releases are asked at once: each is a process, and paddock another.
  beforeAll(async () => {
    const there = releases.filter((_, index) => obstacles[index] === undefined)
    await Promise.all(there.map(async (release) => asked.set(release, await ask(release, amount(counts[release] ?? 0)))))
  })

  for (const [index, release] of releases.entries()) {
    realTest(`agrees with gunicorn ${release}`, obstacles[index], () => {
      const { lines, real, told, seconds } = asked.get(release) as Asked
      const tally: Tally = { refused: 0, ended: 0, quoted: 0, settings: 0, known: 0 }
      const failures = lines.flatMap((line, index) => {
        const found = disagreements(line, real[index] as Answer, told[index] as Explanation, tally)
        return found.length > 0 ? [`${JSON.stringify(line)}\n${found.map((one) => `  ${one}`).join('\n')}`] : []
      })
      console.log([
        `gunicorn ${release}, seed ${seed}: ${lines.length} command lines, ${failures.length} disagreements`,
        `${tally.refused} refused (${percent(tally.quoted, tally.refused)} told in gunicorn's own words)`,
        `${tally.ended} ended by --help or --version`,
        `${percent(tally.known, tally.settings)} of ${tally.settings} settings known`,
        `${seconds.toFixed(0)} s`,
      ].join('; '))
      expect(failures.slice(0, 20).join('\n') + (failures.length > 20 ? `\n… ${failures.length} in all` : '')).toBe('')
      // What is all refused, or all unknown, would agree with anything.
      expect(tally.refused / lines.length).toBeLessThan(0.6)
      expect(tally.known / tally.settings).toBeGreaterThan(0.95)
    })
  }
})
