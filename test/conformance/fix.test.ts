/**
 * A fix changes the settings that it names, and nothing else: generated containers are run before and after, by real
 * shells, and a real gunicorn reads what it is started with.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyPatch, type Operation } from 'rfc6902'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { applyEdits, jsonPatch } from '../../src/edit.ts'
import { fix, type Fixed } from '../../src/fix.ts'
import { releasesFor } from '../../src/gunicorn/catalogue.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import { lint, type Finding, type Report } from '../../src/lint.ts'
import { override, type Policy } from '../../src/policy/policy.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { containers, type Container, type EnvVar, type Generated } from './containers.ts'
import { Oracle, type Answer } from './gunicorn.ts'
import { missingPrograms, Node, type Outcome, type Run } from './pods.ts'
import { realTest, seed } from './real.ts'

const count = Number(process.env['PADDOCK_CONTAINERS'] ?? 1250)
const release = '23.0.0'

const blueking = presetNamed('blueking')
/** Every other container is mended by all that can be mended. */
const eager = override(blueking, 'eager', { rules: { 'ignored-port': 'Fix', 'loopback-bind': 'Fix', 'log-file': 'Fix' } })

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } }
}

/** A container, and what fixing made of it. */
interface Case {
  readonly generated: Generated
  readonly policy: Policy
  readonly before: Deployment
  readonly after: Deployment
  readonly fixed: Fixed
  /** The variables that the fix added. */
  readonly added: readonly EnvVar[]
}

function deployment(container: Container, isKnown: boolean): Deployment {
  const metadata = { name: 'shop', ...(isKnown ? { annotations: { 'paddock.dev/gunicorn': release } } : {}) }
  const spec = { replicas: 2, template: { spec: { containers: [{ image: 'shop:1', ...container }] } } }
  return JSON.parse(JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec })) as Deployment
}

/** Whether two values are the same as JSON: where Jest runs a test, `isDeepStrictEqual` tells apart what has crossed its border. */
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

const containerOf = ({ spec }: Deployment): Container => spec.template.spec.containers[0]

function report(object: Deployment, policy: Policy): Report {
  const workload = readWorkload(object)
  if (!workload) throw new Error('a Deployment was not read')
  return lint(workload, policy, annotatedPython(workload))
}

function mend(object: Deployment, policy: Policy): Fixed {
  const found = report(object, policy)
  return fix(object, found, policy, annotatedPython(found.workload))
}

function caseOf(generated: Generated, index: number): Case {
  const policy = index % 2 === 0 ? blueking : eager
  const before = deployment(generated.container, index % 3 > 0)
  const fixed = mend(before, policy)
  const after = fixed.rounds.reduce<unknown>(applyEdits, before) as Deployment
  return { generated, policy, before, after, fixed, added: (containerOf(after).env ?? []).slice(containerOf(before).env?.length ?? 0) }
}

/** What an object alone tells: the edit is small, can be written as JSON Patch, and leaves nothing to fix. */
function objectProblems({ before, after, fixed, policy, added }: Case): string[] {
  const problems: string[] = []
  const patch = jsonPatch(before, fixed.rounds)
  const patched = structuredClone(before)
  const errors = applyPatch(patched, patch as Operation[]).filter((error) => error !== null)
  if (errors.length > 0 || !same(patched, after)) problems.push(`the JSON Patch makes another object: ${errors.join(', ')}`)
  const elsewhere = patch.filter(({ path }) => !/^\/spec\/template\/spec\/containers\/0\/(command|args|env)(\/|$)/.test(path))
  if (elsewhere.length > 0) problems.push(`changed elsewhere: ${JSON.stringify(elsewhere)}`)
  const again = mend(after, policy)
  if (again.rounds.length > 0) problems.push(`fixed again: ${JSON.stringify(again.rounds)}`)
  const left = report(after, policy).findings.filter((finding) => finding.action === 'Fix' && !isStillOpen(finding, fixed))
  if (left.length > 0) problems.push(`left to fix: ${left.map(({ message }) => message).join(', ')}`)
  const readsPort = [...fixed.mended].some((finding) => changesOf(finding).some(({ setting }) => setting === 'bind'))
  if (added.length > (readsPort ? 1 : 0) || added.some(({ name }) => name !== policy.port.env)) problems.push(`added to env: ${JSON.stringify(added)}`)
  const inserted = [...fixed.mended].every(({ fix: made }) => made && 'setting' in made && !made.entry)
  const texts = (object: Deployment): string => [...(containerOf(object).command ?? []), ...(containerOf(object).args ?? [])].join('\0')
  if (inserted && !isWithin(texts(before), texts(after))) problems.push('something was replaced, though only additions were needed')
  return problems
}

/** Findings of the action Fix that the first fixing has reported as not mended. */
function isStillOpen(finding: Finding, { findings, mended }: Fixed): boolean {
  return findings.some((other) => !mended.has(other) && other.rule === finding.rule && other.field === finding.field)
}

/** Whether all characters of a text stand in another, in their order. */
function isWithin(text: string, longer: string): boolean {
  let at = 0
  for (const character of longer) if (character === text[at]) at++
  return at === text.length
}

/** A change that a fix makes: `entry` is the index of the list's entry that it replaces, -1 where it sets all. */
interface Change {
  readonly setting: string
  /** Undefined where the platform says nothing of it: what is taken apart is the user's. */
  readonly value: string | number | undefined
  readonly entry: number
}

function changesOf({ fix: made, invocation }: Finding): Change[] {
  if (!made) return []
  if ('define' in made) return [{ setting: 'bind', value: undefined, entry: -1 }]
  if ('split' in made) {
    const match = releasesFor(release)[0]?.long(made.into[0] ?? '')
    return match && 'option' in match ? [{ setting: match.option.name, value: undefined, entry: -1 }] : []
  }
  const entries = invocation.settings.get(made.setting)?.entries ?? []
  return [{ setting: made.setting, value: made.value, entry: made.entry ? entries.indexOf(made.entry) : -1 }]
}

const isGunicorn = ({ argv }: Run): boolean => argv[0] === 'gunicorn'

/** What running tells: other programs are started as before, and gunicorn with the settings that the fix names changed. */
function runProblems({ generated, fixed }: Case, before: Outcome, after: Outcome, answers: ReadonlyMap<Run, Answer>): string[] {
  const problems: string[] = []
  const others = (outcome: Outcome): string[] => outcome.runs.map((run) => (isGunicorn(run) ? `gunicorn\n${run.environment}` : `${JSON.stringify(run.argv)}\n${run.environment}`))
  const [was, is] = generated.calm && !isParallel(generated) ? [others(before), others(after)] : [others(before).sort(), others(after).sort()]
  if (!same(was, is)) return [`other programs: ${JSON.stringify(before.runs.map(({ argv }) => argv))} became ${JSON.stringify(after.runs.map(({ argv }) => argv))}`]
  if (generated.calm && !isParallel(generated))
    for (const name of ['status', 'stdout', 'stderr', 'files'] as const)
      if (!same(before[name], after[name])) problems.push(`${name}: ${JSON.stringify(before[name])} became ${JSON.stringify(after[name])}`)
  const pairs = pair(before.runs.filter(isGunicorn), after.runs.filter(isGunicorn), generated)
  for (const [one, other] of pairs) {
    const [old, now] = [answers.get(one), answers.get(other)]
    if (old && now) problems.push(...settingProblems(other, old, now, fixed).map((problem) => `${problem}\n    ${JSON.stringify(one.argv)}\n    ${JSON.stringify(other.argv)}`))
  }
  return problems
}

/** Programs that run at once are recorded in any order. */
const isParallel = ({ container }: Generated): boolean => /(^|[^&>])&([^&>0-9]|$)/.test([...(container.command ?? []), ...(container.args ?? [])].join('\0'))

/** The same start before and after: they come in the same order, or are told by their applications. */
function pair(before: readonly Run[], after: readonly Run[], generated: Generated): [Run, Run][] {
  const key = ({ argv }: Run): string => argv.find((word) => /^(app|k)\d+/.test(word)) ?? ''
  const sorted = (runs: readonly Run[]): readonly Run[] => (generated.calm && !isParallel(generated) ? runs : [...runs].sort((a, b) => key(a).localeCompare(key(b))))
  const others = sorted(after)
  return sorted(before).map((run, index) => [run, others[index] ?? run])
}

function settingProblems(run: Run, before: Answer, after: Answer, { mended }: Fixed): string[] {
  const findings = [...mended].filter(({ invocation: { settings: { application } } }) => application == null || application === before.application || application === after.application)
  const isSplit = findings.some((finding) => finding.fix && 'split' in finding.fix)
  // Of changes to one entry the last one counts.
  const changes = new Map(findings.flatMap(changesOf).map((change) => [`${change.setting} ${change.entry}`, change]))
  const named = Map.groupBy(changes.values(), (change) => change.setting)
  const [old, now] = [refusalOf(before), refusalOf(after)]
  if (now !== null) return now === old ? [] : [`gunicorn refuses: ${now}`]
  if (old !== null && !isSplit && !named.has('bind')) return [`gunicorn no longer refuses: ${old}`]
  if (before.exit !== after.exit && !isSplit) return [`ended with ${before.exit}, now with ${after.exit}`]
  const problems: string[] = []
  // Of what gunicorn could not read there is nothing to compare.
  const read = [before, after].filter(({ settings }) => settings !== null)
  if (isSplit ? !/^app\d+:app$/.test(after.application ?? '') : read.some(({ application }) => application !== after.application))
    problems.push(`application ${before.application} became ${after.application}`)
  const names = new Set(read.length < 2 ? [] : read.flatMap(({ settings }) => Object.keys(settings ?? {})))
  for (const name of new Set([...names, ...named.keys()])) {
    const [wasValue, isValue] = [valueOf(name, before), valueOf(name, after)]
    const wanted = (named.get(name) ?? []).reduce<unknown>((value, change) => changed(value, isValue, change, run.variables['PORT'] ?? ''), wasValue)
    if (!same(wanted, isValue)) problems.push(`${name} ${JSON.stringify(wasValue)} became ${JSON.stringify(isValue)}, not ${JSON.stringify(wanted)}`)
  }
  return problems
}

/** What a change makes of a setting's value. */
function changed(value: unknown, isValue: unknown, change: Change, port: string): unknown {
  if (change.value === undefined) return isValue
  const text = typeof change.value === 'number' ? change.value : change.value.replaceAll('$PORT', port)
  if (!Array.isArray(value)) return text
  return change.entry < 0 ? [text] : value.with(change.entry, text)
}

const refusalOf = ({ exit, error, bind_error, env_error }: Answer): string | null => (exit === 0 ? null : (error ?? bind_error ?? env_error))

const valueOf = (name: string, { settings }: Answer): unknown => settings?.[name] ?? releasesFor(release)[0]?.settings[name]?.default

/** gunicorn's settings for each run of it. */
async function read(runs: readonly Run[]): Promise<Map<Run, Answer>> {
  const oracle = await Oracle.start(release)
  // It is faster where the environment stays the same.
  const key = ({ variables: { PORT = '', WEB_CONCURRENCY = '' } }: Run): string => `${PORT} ${WEB_CONCURRENCY}`
  const sorted = [...runs].sort((a, b) => key(a).localeCompare(key(b)))
  const answers = await oracle.ask(sorted.map(({ argv, variables }) => ({ argv, env: variables }))).finally(() => oracle.close())
  return new Map(sorted.map((run, index) => [run, answers[index] as Answer]))
}

function describeFailure({ before, after, policy, generated }: Case, problems: readonly string[]): string {
  const show = (object: Deployment): string => JSON.stringify({ command: containerOf(object).command, args: containerOf(object).args, env: containerOf(object).env, envFrom: containerOf(object).envFrom })
  return `--- ${policy.name}, sh is ${generated.sh}\n${show(before)}\n${show(after)}\n${problems.map((problem) => `  ${problem}`).join('\n')}`
}

function expectNone(failures: readonly string[]): void {
  expect(failures.slice(0, 15).join('\n') + (failures.length > 15 ? `\n… ${failures.length} in all` : '')).toBe('')
}

const folder = mkdtempSync(join(tmpdir(), 'paddock-fix-'))
const config = join(folder, 'gunicorn.conf.py')
writeFileSync(config, "workers = 3\naccesslog = 'access.log'\nbind = ['127.0.0.1:1', ':2']\n")
const missing = missingPrograms() ?? (await installGunicorn(release).then(() => undefined, (error: Error) => error.message))

describe(`fixing, seed ${seed}`, () => {
  let cases: Case[] = []

  beforeAll(() => {
    cases = containers(seed, count, config).map(caseOf)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  realTest('makes a small edit, once', undefined, () => {
    const failures = cases.flatMap((one) => {
      const problems = objectProblems(one)
      return problems.length > 0 ? [describeFailure(one, problems)] : []
    })
    expectNone(failures)
  })

  realTest('changes the settings that it names, and nothing else', missing, async () => {
    const start = performance.now()
    const node = new Node(folder)
    // PORT is defined in both: what it does to other programs is not what is asked here.
    const before = node.run(cases.map(({ generated, before: object, added }) => ({ ...generated, container: { ...containerOf(object), env: [...(containerOf(object).env ?? []), ...added] } })))
    const after = node.run(cases.map(({ generated, after: object }) => ({ ...generated, container: containerOf(object) })))
    const middle = performance.now()
    const runs = [...before, ...after].flatMap((outcome) => outcome.runs)
    const answers = await read(runs.filter(isGunicorn))
    const failures = cases.flatMap((one, index) => {
      const problems = runProblems(one, before[index] as Outcome, after[index] as Outcome, answers)
      return problems.length > 0 ? [describeFailure(one, problems)] : []
    })
    const rules = Map.groupBy(cases.flatMap(({ fixed }) => [...fixed.mended]), (finding) => `${finding.rule} ${finding.invocation.form}`)
    console.log(`fixing, seed ${seed}: ${cases.length} containers, ${cases.filter(({ fixed }) => fixed.rounds.length > 0).length} of them mended; ${runs.length} programs started, ` +
      `${answers.size} of them gunicorn; ${failures.length} violations; ${((middle - start) / 1000).toFixed(0)} s in shells, ${((performance.now() - middle) / 1000).toFixed(0)} s in gunicorn\n` +
      [...rules].map(([rule, findings]) => `${rule}: ${findings.length}`).sort().join(', '))
    expectNone(failures)
    // What starts nothing, or mends nothing, would agree with anything.
    expect(answers.size).toBeGreaterThan(cases.length)
    expect(rules.size).toBeGreaterThanOrEqual(17)
  })
})
