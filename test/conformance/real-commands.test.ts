/**
 * Start commands as people published them, in plain Deployments: what Paddock denies must fail in every world that the object
 * allows, what it says to be started must be what shells start, and what it fixes must change something.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { understand } from '../../src/cli/explain.ts'
import type { Found } from '../../src/command-line.ts'
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import type { Finding } from '../../src/finding.ts'
import { lint } from '../../src/lint.ts'
import { presetNames } from '../../src/policy/presets.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { share } from '../amount.ts'
import { changesOf } from './changes.ts'
import type { Container, Generated } from './containers.ts'
import type { Answer } from './gunicorn.ts'
import { containerOf, deployment, mend } from './mending.ts'
import { environmentOf, expand, missingPrograms, type Run } from './pods.ts'
import { realCommands, type RealCommand } from './real-commands.ts'
import { realTest } from './real.ts'
import { Readings } from './run-settings.ts'
import { canBe, show } from './shell-words.ts'
import { commandLineOf, Worlds, worlds, type Happened, type Started, type World } from './worlds.ts'

/** What is asked whether a command starts: a denial for all releases must hold for the oldest and the newest. */
const releases = ['20.1.0', '23.0.0', '27.0.1']

/** What a preset asks to be written down, also where gunicorn does the same by itself: the settings, by preset. */
const spelledOut: Readonly<Record<string, readonly string[]>> = {
  blueking: ['bind', 'errorlog'],
}

/** What containerd and CRI-O set for a process of root. */
const everywhere = { HOME: '/root' }

const all = realCommands()
/** A part of them, evenly, where not all are asked for. */
const commands = all.filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share))

const folder = mkdtempSync(join(tmpdir(), 'paddock-real-'))

/** A plain container with the command; what gunicorn and shells expand is no `$(NAME)` of Kubernetes where the source is none of its. */
function containerFor({ name, command, env }: RealCommand): Container {
  const isManifest = name.startsWith('kubernetes')
  const text = (part: string): string => (isManifest ? part : part.replaceAll('$(', '$$('))
  const variables = Object.entries(env).map(([variable, value]) => ({ name: variable,
    value: isManifest ? value : value.replaceAll('$', '$$$$') })
  )
  return { name: 'web', ...(command.length > 0 ? { command: command.map(text) } : {}), ...(variables.length > 0 ? { env: variables } : {}) }
}

const generated = (command: RealCommand): Generated => ({ container: containerFor(command), hidden: new Map(), sh: 'dash', calm: false })

/** What the kubelet starts. */
function startOf(container: Container): Started {
  const variables = environmentOf({ container, hidden: new Map(), sh: 'dash' })
  for (const [name, value] of Object.entries(everywhere)) if (!variables.has(name)) variables.set(name, value)
  return { command: [...(container.command ?? []), ...(container.args ?? [])].map((text) => expand(text, variables)), env: variables }
}

const isLoopback = (bind: unknown): boolean => typeof bind === 'string' && /^(?:127\.|localhost(?::|$)|\[::1\])/.test(bind)

/** Whether a gunicorn that got this far serves nobody, by the rule that denies it. */
function isOfNoUse(rule: string, { exit, bind_error: bind, env_error: env, worker_error: worker, application, settings }: Answer): boolean {
  if (exit !== null || bind !== null || env !== null || worker || application === null) return true
  // Where nothing says more, it is the address of gunicorn's own.
  const binds = (settings?.['bind'] as string[] | undefined) ?? ['127.0.0.1:8000']
  if (rule === 'loopback-bind') return binds.every(isLoopback)
  return false
}

/** The address that a bind comes to: a host that is left out is every one. */
const effective = (setting: string, value: unknown): unknown =>
  setting === 'bind' && Array.isArray(value) ? value.map((bind: string) => bind.replace(/^:(?=\d)/, '0.0.0.0:')) : value

const percent = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)} %`
const seconds = (begin: number): string => `${((performance.now() - begin) / 1000).toFixed(0)} s`

function expectNone(failures: readonly string[]): void {
  expect(failures.slice(0, 15).join('\n') + (failures.length > 15 ? `\n… ${failures.length} in all` : '')).toBe('')
}

const installed = await Promise.all(releases.map((release) => installGunicorn(release))).then(() => undefined,
  (error: Error) => error.message)

describe('real commands', () => {
  const missing = missingPrograms() ?? installed
  const machine = new Worlds(folder)
  /** What came of each command, by the world. */
  const happened = new Map<string, Happened[]>()
  const readings = new Map(releases.map((release) => [release, new Readings(release)]))

  /** The starts of gunicorn by a command in a world, but for the many of an endless loop. */
  const startsOf = ({ name }: World, index: number): readonly Run[] => happened.get(name)?.[index]?.runs.slice(0, most) ?? []

  beforeAll(async () => {
    if (missing !== undefined) return
    for (const world of worlds)
      happened.set(world.name, await machine.run(world, 'dash', commands.map((command) => startOf(containerFor(command)))))
    const lines = worlds.flatMap((world) => commands.flatMap((_, index) => startsOf(world, index).map((run) => commandLineOf(run, world))))
    for (const reading of readings.values()) await reading.read(lines)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  realTest('what is denied starts in no world', missing, () => {
    let denied = 0
    const rules = new Map<string, number>()
    const failures = commands.flatMap((command, index) => {
      const findings = denials(command)
      if (findings.length > 0) denied++
      for (const { rule } of findings) rules.set(rule, (rules.get(rule) ?? 0) + 1)
      return findings.flatMap((finding) => {
        const working = worlds.flatMap((world) =>
          startsOf(world, index).flatMap((run) =>
            [...readings].flatMap(([release, reading]) => {
              return !isOfNoUse(finding.rule, reading.of(commandLineOf(run, world)))
                ? [`${world.name}, ${release}: ${JSON.stringify(run.argv)}`] : []
            })
          )
        )
        return working.length === 0 ? [] : [`--- ${command.name}: ${finding.message}\n  starts: ${working[0]}`]
      })
    })
    console.log(
      `${commands.length} real commands, ${denied} denied (${
        [...rules].map(([rule, count]) => `${rule} ${count}`).join(', ')
      }), ${failures.length} of the denials unconfirmed`,
    )
    expectNone(failures)
  })

  realTest('what starts is what is said to start', missing, () => {
    const tally = { words: 0, known: 0, unseen: 0, objectWords: 0, objectKnown: 0 }
    const gaps: string[] = []
    const failures = commands.flatMap((command, index) => {
      const { command: argv, env } = startOf(containerFor(command))
      const { invocations, errors, mayStartMore } = understand({ argv, env: Object.fromEntries(env), gunicorn: undefined })
      const runs = worlds.flatMap((world) => startsOf(world, index))
      count(invocations, tally)
      if (invocations.some(({ words, alternatives = [words] }) => alternatives.some((list) => list.some(({ value }) => value === null))))
        gaps.push(`${command.name}: ${invocations.map(({ words }) => show(words)).join(' | ')}`)
      if (invocations.length === 0 && runs.length > 0) {
        tally.unseen++
        tally.words += runs[0]?.argv.length ?? 0
        gaps.push(`${command.name}: not seen: ${JSON.stringify(runs[0]?.argv)}`)
      }
      const report = reportOf(command, 'blueking')
      const inObject = { words: 0, known: 0 }
      count(report?.invocations ?? [], inObject)
      tally.objectWords += inObject.words
      tally.objectKnown += inObject.known
      const isReadable = errors.length === 0 && !mayStartMore
      const wrong = runs.filter(({ argv: [, ...words] }) =>
        isReadable && !invocations.some((found) => (found.alternatives ?? [found.words]).some((list) => canBe(list.slice(1), words)))
      )
      return wrong.slice(0, 1).map((run) =>
        `--- ${command.name}: started ${JSON.stringify(run.argv)}, said ${
          invocations.map(({ words }) => show(words)).join(' or ') || 'nothing'
        }`
      )
    })
    console.log([
      `${commands.length} real commands: ${percent(tally.known, tally.words)} of ${
        tally.words.toFixed(0)
      } words known where the environment is`,
      `${percent(tally.objectKnown, tally.objectWords)} of ${tally.objectWords.toFixed(0)} in Deployments, whose images may set more`,
      `${tally.unseen} commands not seen to start gunicorn`,
      `${failures.length} disagreements`,
      ...(process.env['PADDOCK_GAPS'] ? ['', ...gaps] : []),
    ].join(process.env['PADDOCK_GAPS'] ? '\n' : '; '))
    expectNone(failures)
    // Of a few, one tells too much.
    if (commands.length >= 50) expect(tally.known / tally.words).toBeGreaterThanOrEqual(0.96)
  })

  realTest('a fix changes a setting that counts, and no other', missing, async () => {
    const begin = performance.now()
    // A fix is looked at with what the command names there, and without.
    const looked = worlds.slice(0, 2)
    const reading = readings.get('23.0.0') as Readings
    const failures: string[] = []
    let [fixes, unseen] = [0, 0]
    for (const preset of presetNames) {
      const mendings = commands.map((command) => mend(generated(command), presetNamed(preset), '23.0.0'))
      const edited = mendings.flatMap((mending, index) => (mending.fixed.rounds.length > 0 ? [{ mending, index }] : []))
      const after = new Map<World, Happened[]>()
      for (const world of looked)
        after.set(world, await machine.run(world, 'dash', edited.map(({ mending }) => startOf(containerOf(mending.after)))))
      await reading.read(
        looked.flatMap((world) =>
          after.get(world)?.flatMap(({ runs }) => runs.slice(0, most).map((run) => commandLineOf(run, world))) ?? []
        ),
      )
      for (const [at, { mending, index }] of edited.entries()) {
        const pairs = looked.flatMap((world) => {
          const [was, is] = [startsOf(world, index), after.get(world)?.[at]?.runs.slice(0, most) ?? []].map((runs) =>
            // Those that run at once come in any order.
            runs.map((run) => reading.of(commandLineOf(run, world))).sort((one, other) =>
              (one.application ?? '').localeCompare(other.application ?? '')
            )
          )
          // What is refused before and after, as its variables are the image's, tells nothing.
          const both = was && is && was.length === is.length ? was.map((answer, place) => [answer, is[place] as Answer] as const) : []
          return both.filter((answers) => answers.some(({ settings }) => settings !== null))
        })
        const named = new Set([...mending.fixed.mended].flatMap((finding) => changesOf(finding, '23.0.0').map(({ setting }) => setting)))
        // What words or lines were apart of, or lost from, a command is not said as a setting.
        const isSplit = [...mending.fixed.mended].some(({ fix }) => fix && ('split' in fix || 'splices' in fix))
        const others = isSplit ? [] : pairs.flatMap(([was, is]) => otherChanges(was, is, named))
        if (others.length > 0) failures.push(`--- ${preset}, ${commands[index]?.name}: also changed ${[...new Set(others)].join(', ')}`)
        for (const finding of mending.fixed.mended) {
          const settings = changesOf(finding, '23.0.0').map(({ setting }) => setting).filter((setting) =>
            !spelledOut[preset]?.includes(setting)
          )
          if (settings.length === 0) continue
          fixes++
          if (pairs.length === 0) unseen++
          else if (!pairs.some(([was, is]) => isChanged(was, is, settings)))
            failures.push(`--- ${preset}, ${commands[index]?.name}: nothing changed by ${finding.message}`)
        }
      }
    }
    console.log(
      `${fixes} fixes of real commands by ${presetNames.length} presets, ${unseen} of what did not start before or after, ${failures.length} change nothing; ${
        seconds(begin)
      }`,
    )
    expectNone(failures)
  })
})

/** The most starts of one container that are looked at. */
const most = 6

/** Of one of several lists, each counts for its part. */
function count(invocations: readonly Found[], tally: { words: number; known: number }): void {
  for (const { words, alternatives = [words] } of invocations)
    for (const list of alternatives) {
      tally.words += list.length / alternatives.length
      tally.known += list.filter(({ value }) => value !== null).length / alternatives.length
    }
}

function isChanged(was: Answer, is: Answer, settings: readonly string[]): boolean {
  if (was.settings === null || is.settings === null) return was.exit !== is.exit || was.error !== is.error
  return settings.some((name) =>
    JSON.stringify(effective(name, was.settings?.[name])) !== JSON.stringify(effective(name, is.settings?.[name]))
  )
}

/** The settings, and the application, that are another after than before, though nothing names them. */
function otherChanges(was: Answer, is: Answer, named: ReadonlySet<string>): string[] {
  if (was.settings === null || is.settings === null) return was.settings === is.settings || named.size > 0 ? [] : ['whether it starts']
  const names = new Set([...Object.keys(was.settings), ...Object.keys(is.settings)])
  const changed = [...names].filter((name) =>
    !named.has(name) && JSON.stringify(was.settings?.[name]) !== JSON.stringify(is.settings?.[name])
  )
  return was.application === is.application ? changed : [...changed, 'the application']
}

function reportOf(command: RealCommand, preset: string): ReturnType<typeof lint> | undefined {
  const workload = readWorkload(deployment(containerFor(command), undefined))
  return workload && lint(workload, presetNamed(preset), annotatedPython(workload))
}

/** What any preset denies of a command, each kind once. */
function denials(command: RealCommand): Finding[] {
  const findings = presetNames.flatMap((preset) => reportOf(command, preset)?.findings.filter(({ action }) => action === 'Deny') ?? [])
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()]
}
