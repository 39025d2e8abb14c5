/**
 * A fix changes the settings that it names, and nothing else: generated containers are run before and after, by real
 * shells, and a real gunicorn reads what it is started with.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { override, type Policy } from '../../src/policy/policy.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { amount, share } from '../amount.ts'
import { isGunicorn, release, runProblems } from './changes.ts'
import { containers, imageContainers } from './containers.ts'
import type { Answer } from './gunicorn.ts'
import { readRuns } from './run-settings.ts'
import { containerOf, failure, mend, objectProblems, type Mending } from './mending.ts'
import { missingPrograms, Node, type Outcome, type Run } from './pods.ts'
import { realTest, seed } from './real.ts'

const count = Number(process.env['PADDOCK_CONTAINERS'] ?? amount(1250))

const blueking = presetNamed('blueking')
/** Every other container is mended by all that can be mended, with a value that no quoting is too much for. */
const eager = override(blueking, 'eager', {
  rules: { 'ignored-port': 'Fix', 'loopback-bind': 'Fix', 'log-file': 'Fix', 'shell-parent': 'Fix', 'heartbeat-on-disk': 'Fix' },
  defaults: { access_log_format: `it's %(h)s "$(HOST)" $HOME \`migrate\` \\ $$ é #` },
})

/** Where settings go, and which releases read them there. */
const ways = {
  Command: { readers: [release], rules: 24 },
  Environment: { readers: ['19.10.0', '20.1.0', release, '27.0.1'], rules: 14 },
} as const

type Way = keyof typeof ways

const folder = mkdtempSync(join(tmpdir(), 'paddock-fix-'))
const config = join(folder, 'gunicorn.conf.py')
const releases = new Set(Object.values(ways).flatMap(({ readers }) => readers as readonly string[]))
const missing = missingPrograms() ??
  (await Promise.all([...releases].map(installGunicorn)).then(() => undefined, (error: Error) => error.message))

/** Containers of a way, mended. */
function mendings(way: Way): Mending[] {
  const { readers } = ways[way]
  const policies = [blueking, eager].map((policy) => override(policy, policy.name, { injection: way }))
  const generated = containers(seed + Object.keys(ways).indexOf(way), count, config, way === 'Environment')
  const ofImages = way === 'Environment' ? imageContainers(seed, Math.ceil(count / 10)) : []
  return [...generated, ...ofImages].map((one, index) => {
    const reader = readers[Math.floor(index / 6) % readers.length] as string
    // Of two containers in three it is known which gunicorn they hold; of one whose command is not seen, that it holds one.
    const isTold = index % 3 > 0 || one.entryPoint !== undefined
    return mend(one, policies[index % 2] as Policy, isTold ? reader : undefined, reader)
  })
}

/** What the releases make of their runs. */
async function read(runs: readonly (readonly [Run, string])[]): Promise<Map<Run, Answer>> {
  const answers = new Map<Run, Answer>()
  for (const [reader, own] of Map.groupBy(runs, ([, by]) => by))
    for (const [run, answer] of await readRuns(own.map(([run]) => run), reader)) answers.set(run, answer)
  return answers
}

function expectNone(failures: readonly string[]): void {
  expect(failures.slice(0, 15).join('\n') + (failures.length > 15 ? `\n… ${failures.length} in all` : '')).toBe('')
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(0)} s`

describe.each(Object.keys(ways) as Way[])(`fixing by injection %s, seed ${seed}`, (way) => {
  let all: Mending[] = []

  beforeAll(() => {
    writeFileSync(config, "workers = 3\naccesslog = 'access.log'\nbind = ['127.0.0.1:1', ':2']\n")
    all = mendings(way)
  })

  realTest('makes a small edit, once', undefined, () => {
    expectNone(all.flatMap((mending) => failure(mending, objectProblems(mending))))
  })

  realTest('changes the settings that it names, and nothing else', missing, async () => {
    const start = performance.now()
    const node = new Node(mkdtempSync(join(folder, 'node-')))
    // The port is defined before, too: what that does to the other programs is not asked here.
    const before = await node.run(
      all.map(({ generated, before: object, withPort }) => ({ ...generated, container: { ...containerOf(object), env: withPort } })),
    )
    const after = await node.run(all.map(({ generated, after: object }) => ({ ...generated, container: containerOf(object) })))
    const middle = performance.now()
    const runs = [before, after].flatMap((outcomes) =>
      outcomes.flatMap((outcome, index) => outcome.runs.map((run) => [run, all[index]?.reader ?? ''] as const))
    )
    const answers = await read(runs.filter(([run]) => isGunicorn(run)))
    const failures = all.flatMap((mending, index) =>
      failure(mending, runProblems(mending, before[index] as Outcome, after[index] as Outcome, answers))
    )
    const mended = all.flatMap(({ fixed }) => [...fixed.mended])
    const rules = Map.groupBy(mended, ({ rule, invocation }) => `${rule} (${invocation?.form})`)
    const edited = all.filter(({ fixed }) => fixed.rounds.length > 0)
    console.log([
      `fixing by injection ${way}, seed ${seed}: ${all.length} containers, ${edited.length} mended`,
      `${runs.length} programs started, ${answers.size} of them gunicorn, read by ${ways[way].readers.join(', ')}`,
      `${failures.length} violations`,
      `${seconds(middle - start)} in shells, ${seconds(performance.now() - middle)} in gunicorn`,
      [...rules].map(([rule, findings]) => `${rule} ${findings.length}`).sort().join(', '),
    ].join('; '))
    expectNone(failures)
    // What starts nothing, or mends nothing, would agree with anything.
    expect(answers.size).toBeGreaterThan(all.length)
    if (share >= 1) expect(rules.size).toBeGreaterThanOrEqual(ways[way].rules)
  })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))
