/**
 * What Paddock says gunicorn is started with, against what programs on PATH saw that real shells started: scripts in the
 * shapes that people write, with wrappers and shells within shells.
 *
 * Every start must be one that is listed, with the words and variables that are listed as far as they are known; and what is
 * said to run surely must have run. What is not listed is said never to run. Then the scripts are mended and run once more.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { understand } from '../../src/cli/explain.ts'
import type { Found } from '../../src/command-line.ts'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { override } from '../../src/policy/policy.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { amount } from '../amount.ts'
import { isGunicorn, release, runProblems } from './changes.ts'
import type { Generated } from './containers.ts'
import { containerOf, failure, mend, objectProblems } from './mending.ts'
import { missingPrograms, Node, recorded, shells, type Outcome, type Run } from './pods.ts'
import { realTest, seed } from './real.ts'
import { readRuns } from './run-settings.ts'
import { canBe, show } from './shell-words.ts'
import { startScript, type StartScript } from './start-scripts.ts'

/** How many scripts each shell runs. */
const count = Number(process.env['PADDOCK_STARTS'] ?? amount(5800))

const blueking = presetNamed('blueking')
/** Every other script is mended by all that can be mended. */
const eager = override(blueking, 'eager', { rules: { 'ignored-port': 'Fix', 'loopback-bind': 'Fix', 'log-file': 'Fix' } })
const gunicorn = await installGunicorn(release).then(() => undefined, (error: Error) => error.message)

type Shell = (typeof shells)[number]

const scripts = Array.from({ length: count }, (_, index) => startScript(seed * 1_000_000 + index))
const folder = mkdtempSync(join(tmpdir(), 'paddock-starts-'))

/** The command line of a script in a shell: bash by its own name, and as `sh`. */
function commandLine({ text, parameters, bashOnly }: StartScript, shell: Shell, index: number): string[] {
  const name = shell === 'bash' && (bashOnly || index % 2 === 0) ? 'bash' : 'sh'
  return [name, '-c', text, ...parameters]
}

interface Tally {
  starts: number
  listed: number
  /** Listed as starting surely. */
  sure: number
  /** Scripts that are said to start what cannot be seen. */
  unread: number
  words: number
  known: number
}

/** What is wrong about what is said of a script, given what it ran. */
function disagreements(script: StartScript, invocations: readonly Found[], runs: readonly Run[], isReadable: boolean): string[] {
  const problems: string[] = []
  const started = new Set<Found>()
  for (const run of runs) {
    const fitting = invocations.filter(({ words }) => canBe(words.slice(1), run.argv.slice(1)))
    if (fitting.length === 0 && isReadable)
      problems.push(
        `started with ${JSON.stringify(run.argv)}, said ${invocations.map(({ words }) => show(words)).join(' or ') || 'nothing'}`,
      )
    for (const name of recorded) {
      const isSo = ({ variables }: Found): boolean => variables(name) === null || variables(name) === run.variables[name]
      if (fitting.length > 0 && !fitting.some(isSo))
        problems.push(`${name} was ${JSON.stringify(run.variables[name])}, said ${JSON.stringify(fitting[0]?.variables(name))}`)
    }
    for (const invocation of fitting) started.add(invocation)
  }
  if (script.calm) {
    for (const invocation of invocations)
      if (invocation.runs === 'surely' && !started.has(invocation)) problems.push(`did not start: ${show(invocation.words)}`)
  }
  return problems
}

const percent = (part: number, all: number): string => `${((100 * part) / all).toFixed(1)} %`

const seconds = (begin: number): string => `${((performance.now() - begin) / 1000).toFixed(0)} s`

function expectNone(failures: readonly string[]): void {
  expect(failures.slice(0, 15).join('\n') + (failures.length > 15 ? `\n… ${failures.length} in all` : '')).toBe('')
}

/** The container that runs a script in a shell. */
function podOf(script: StartScript, shell: Shell, index: number): Generated {
  const env = [...script.variables].map(([name, value]) => ({ name, value: value.replaceAll('$', '$$$$') }))
  const command = commandLine(script, shell, index).map((text) => text.replaceAll('$(', '$$('))
  return { container: { name: 'web', command, env }, hidden: new Map(), sh: shell,
    calm: script.calm && !/\b(time|coproc)\b/.test(script.text) }
}

const isRunBy = (script: StartScript, shell: Shell): boolean => shell === 'bash' || !script.bashOnly

/** The shell that a script is mended for. */
const shellFor = (script: StartScript, index: number): Shell => (script.bashOnly ? 'bash' : shells[index % shells.length] ?? 'dash')

describe(`starts, seed ${seed}`, () => {
  const missing = missingPrograms() ?? gunicorn
  let node: Node
  /** What each script came to in the shell that it is mended for. */
  const before = new Map<number, Outcome>()

  beforeAll(() => {
    if (missing === undefined) node = new Node(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  for (const shell of shells) {
    realTest(`${shell} starts gunicorn with what Paddock says`, missing, async () => {
      const begin = performance.now()
      const mine = scripts.flatMap((script, index) => (isRunBy(script, shell) ? [{ script, index }] : []))
      const outcomes = await node.run(mine.map(({ script, index }) => podOf(script, shell, index)))
      const tally: Tally = { starts: 0, listed: 0, sure: 0, unread: 0, words: 0, known: 0 }
      const failures = mine.flatMap(({ script, index }, at) => {
        const outcome = outcomes[at] as Outcome
        if (shellFor(script, index) === shell) before.set(index, outcome)
        const argv = commandLine(script, shell, index)
        const { invocations, errors, mayStartMore: unread } = understand({ argv, env: Object.fromEntries(script.variables),
          gunicorn: undefined })
        const started = outcome.runs.filter(isGunicorn)
        tally.starts += started.length
        if (unread || errors.length > 0) tally.unread++
        for (const { words, runs: certainty, command } of invocations) {
          tally.listed++
          if (certainty === 'surely') tally.sure++
          if (command?.environment.tampered === true) continue
          tally.words += words.length
          tally.known += words.filter(({ value }) => value !== null).length
        }
        const problems = disagreements(script, invocations, started, errors.length === 0 && !unread)
        const told = `${argv[0]} ${JSON.stringify(script.parameters)} ${JSON.stringify([...script.variables])}`
        return problems.length === 0 ? [] : [`--- ${told}\n${script.text}\n${problems.map((problem) => `  ${problem}`).join('\n')}`]
      })
      console.log([
        `${shell}, seed ${seed}: ${mine.length} scripts, ${tally.starts} starts of gunicorn, ${failures.length} disagreements`,
        `${tally.unread} scripts said not to be read to the end`,
        `${tally.listed} starts listed, ${percent(tally.sure, tally.listed)} of them sure`,
        `${percent(tally.known, tally.words)} of ${tally.words} words known where the environment is`,
        seconds(begin),
      ].join('; '))
      expectNone(failures)
      // What starts nothing, or is all unknown, would agree with anything.
      expect(tally.starts).toBeGreaterThan(mine.length / 2)
      expect(tally.known / tally.words).toBeGreaterThan(0.98)
    })
  }

  realTest('a fix changes the settings that it names, and nothing else', missing, async () => {
    const begin = performance.now()
    const mendings = scripts.map((script, index) =>
      mend(podOf(script, shellFor(script, index), index), index % 2 === 0 ? blueking : eager, release)
    )
    const failures = mendings.flatMap((mending) => failure(mending, objectProblems(mending)))
    // Where the port is defined, it is defined before, too: what that does to the other programs is not asked here.
    const again = mendings.flatMap((mending, index) => (mending.added.length > 0 || !before.has(index) ? [{ mending, index }] : []))
    const reruns = await node.run(again.map(({ mending: { generated, before: object, added } }) => {
      const container = containerOf(object)
      return { ...generated, container: { ...container, env: [...(container.env ?? []), ...added] } }
    }))
    for (const [at, { index }] of again.entries()) before.set(index, reruns[at] as Outcome)
    const edited = mendings.flatMap((mending,
      index) => (mending.fixed.rounds.length > 0 ? [{ mending, was: before.get(index) as Outcome }] : [])
    )
    const after = await node.run(
      edited.map(({ mending: { generated, after: object } }) => ({ ...generated, container: containerOf(object) })),
    )
    const runs = [...edited.map(({ was }) => was), ...after].flatMap((outcome) => outcome.runs)
    const answers = await readRuns(runs.filter(isGunicorn))
    failures.push(
      ...edited.flatMap(({ mending, was }, index) => failure(mending, runProblems(mending, was, after[index] as Outcome, answers))),
    )
    const mended = edited.flatMap(({ mending: { fixed } }) => [...fixed.mended])
    console.log([
      `fixing, seed ${seed}: ${mendings.length} scripts, ${edited.length} mended by ${mended.length} fixes`,
      `${runs.length} programs started before and after, ${answers.size} of them gunicorn`,
      `${failures.length} violations`,
      seconds(begin),
    ].join('; '))
    expectNone(failures)
    expect(edited.length).toBeGreaterThan(scripts.length / 2)
  })
})
