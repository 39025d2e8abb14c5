/**
 * What Paddock says gunicorn is started with, against what programs on PATH saw that real shells started: scripts in the
 * shapes that people write, with wrappers and shells within shells.
 *
 * Every start must be one that is listed, with the words and variables that are listed as far as they are known; and what is
 * said to run surely must have run. What is not listed is said never to run.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { understand } from '../../src/cli/explain.ts'
import type { Found } from '../../src/inspect.ts'
import { isGunicorn } from './changes.ts'
import { missingPrograms, Node, recorded, shells, type Outcome, type Pod, type Run } from './pods.ts'
import { realTest, seed } from './real.ts'
import { canBe, show } from './shell-words.ts'
import { startScript, type StartScript } from './start-scripts.ts'

/** How many scripts each shell runs. */
const count = Number(process.env['PADDOCK_STARTS'] ?? 5000)

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
      problems.push(`started with ${JSON.stringify(run.argv)}, said ${invocations.map(({ words }) => show(words)).join(' or ') || 'nothing'}`)
    for (const name of recorded) {
      const isSo = ({ variables }: Found): boolean => variables(name) === null || variables(name) === run.variables[name]
      if (fitting.length > 0 && !fitting.some(isSo))
        problems.push(`${name} was ${JSON.stringify(run.variables[name])}, said ${JSON.stringify(fitting[0]?.variables(name))}`)
    }
    for (const invocation of fitting) started.add(invocation)
  }
  if (script.calm)
    for (const invocation of invocations)
      if (invocation.runs === 'surely' && !started.has(invocation)) problems.push(`did not start: ${show(invocation.words)}`)
  return problems
}

const percent = (part: number, all: number): string => `${((100 * part) / all).toFixed(1)} %`

describe(`starts, seed ${seed}`, () => {
  const missing = missingPrograms()
  let node: Node
  beforeAll(() => {
    if (missing === undefined) node = new Node(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  for (const shell of shells) {
    realTest(`${shell} starts gunicorn with what Paddock says`, missing, async () => {
      const mine = scripts.flatMap((script, index) => (script.bashOnly && shell !== 'bash' ? [] : [{ script, line: commandLine(script, shell, index) }]))
      const begin = performance.now()
      const outcomes = await node.run(mine.map(({ script, line }): Pod => ({
        container: { name: 'web', command: line, env: [...script.variables].map(([name, value]) => ({ name, value: value.replaceAll('$', '$$$$') })) },
        hidden: new Map(), sh: shell,
      })))
      const tally: Tally = { starts: 0, listed: 0, sure: 0, words: 0, known: 0 }
      const failures = mine.flatMap(({ script, line }, index) => {
        const { runs } = outcomes[index] as Outcome
        const { invocations, errors } = understand({ argv: line, env: Object.fromEntries(script.variables), gunicorn: undefined })
        const started = runs.filter(isGunicorn)
        tally.starts += started.length
        for (const { words, runs: certainty, command } of invocations) {
          tally.listed++
          if (certainty === 'surely') tally.sure++
          if (command?.environment.tampered === true) continue
          tally.words += words.length
          tally.known += words.filter(({ value }) => value !== null).length
        }
        const problems = disagreements(script, invocations, started, errors.length === 0)
        return problems.length === 0 ? [] : [`--- ${line[0]} ${JSON.stringify(script.parameters)} ${JSON.stringify([...script.variables])}\n${script.text}\n${problems.map((problem) => `  ${problem}`).join('\n')}`]
      })
      console.log([
        `${shell}, seed ${seed}: ${mine.length} scripts, ${tally.starts} starts of gunicorn, ${failures.length} disagreements`,
        `${tally.listed} starts listed, ${percent(tally.sure, tally.listed)} of them sure`,
        `${percent(tally.known, tally.words)} of ${tally.words} words known where the environment is`,
        `${((performance.now() - begin) / 1000).toFixed(0)} s`,
      ].join('; '))
      expect(failures.slice(0, 15).join('\n') + (failures.length > 15 ? `\n… ${failures.length} in all` : '')).toBe('')
      // What starts nothing, or is all unknown, would agree with anything.
      expect(tally.starts).toBeGreaterThan(mine.length / 2)
      expect(tally.known / tally.words).toBeGreaterThan(0.98)
    })
  }
})
