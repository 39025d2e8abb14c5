/**
 * A fix changes the settings that it names, and nothing else: generated containers are run before and after, by real
 * shells, and a real gunicorn reads what it is started with.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { override } from '../../src/policy/policy.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { isGunicorn, release, runProblems } from './changes.ts'
import { containers } from './containers.ts'
import { readRuns } from './run-settings.ts'
import { containerOf, failure, mend, objectProblems, type Mending } from './mending.ts'
import { missingPrograms, Node, type Outcome } from './pods.ts'
import { realTest, seed } from './real.ts'

const count = Number(process.env['PADDOCK_CONTAINERS'] ?? 1250)

const blueking = presetNamed('blueking')
/** Every other container is mended by all that can be mended, with a value that no quoting is too much for. */
const eager = override(blueking, 'eager', {
  rules: { 'ignored-port': 'Fix', 'loopback-bind': 'Fix', 'log-file': 'Fix', 'shell-parent': 'Fix', 'heartbeat-on-disk': 'Fix' },
  defaults: { access_log_format: `it's %(h)s "$(HOST)" $HOME \`migrate\` \\ $$ é #` },
})

const folder = mkdtempSync(join(tmpdir(), 'paddock-fix-'))
const config = join(folder, 'gunicorn.conf.py')
const missing = missingPrograms() ?? (await installGunicorn(release).then(() => undefined, (error: Error) => error.message))

function expectNone(failures: readonly string[]): void {
  expect(failures.slice(0, 15).join('\n') + (failures.length > 15 ? `\n… ${failures.length} in all` : '')).toBe('')
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(0)} s`

describe(`fixing, seed ${seed}`, () => {
  let mendings: Mending[] = []

  beforeAll(() => {
    writeFileSync(config, "workers = 3\naccesslog = 'access.log'\nbind = ['127.0.0.1:1', ':2']\n")
    // Of two containers in three it is known which gunicorn they hold.
    mendings = containers(seed, count, config).map((generated, index) =>
      mend(generated, index % 2 === 0 ? blueking : eager, index % 3 > 0 ? release : undefined),
    )
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  realTest('makes a small edit, once', undefined, () => {
    expectNone(mendings.flatMap((mending) => failure(mending, objectProblems(mending))))
  })

  realTest('changes the settings that it names, and nothing else', missing, async () => {
    const start = performance.now()
    const node = new Node(folder)
    // The port is defined before, too: what that does to the other programs is not asked here.
    const before = await node.run(mendings.map(({ generated, before: object, added }) => {
      const container = containerOf(object)
      return { ...generated, container: { ...container, env: [...(container.env ?? []), ...added] } }
    }))
    const after = await node.run(mendings.map(({ generated, after: object }) => ({ ...generated, container: containerOf(object) })))
    const middle = performance.now()
    const runs = [...before, ...after].flatMap((outcome) => outcome.runs)
    const answers = await readRuns(runs.filter(isGunicorn))
    const failures = mendings.flatMap((mending, index) =>
      failure(mending, runProblems(mending, before[index] as Outcome, after[index] as Outcome, answers)),
    )
    const mended = mendings.flatMap(({ fixed }) => [...fixed.mended])
    const rules = Map.groupBy(mended, ({ rule, invocation }) => `${rule} (${invocation.form})`)
    const edited = mendings.filter(({ fixed }) => fixed.rounds.length > 0)
    console.log([
      `fixing, seed ${seed}: ${mendings.length} containers, ${edited.length} mended`,
      `${runs.length} programs started, ${answers.size} of them gunicorn`,
      `${failures.length} violations`,
      `${seconds(middle - start)} in shells, ${seconds(performance.now() - middle)} in gunicorn`,
      [...rules].map(([rule, findings]) => `${rule} ${findings.length}`).sort().join(', '),
    ].join('; '))
    expectNone(failures)
    // What starts nothing, or mends nothing, would agree with anything.
    expect(answers.size).toBeGreaterThan(mendings.length)
    expect(rules.size).toBeGreaterThanOrEqual(24)
  })
})
