/**
 * Random inputs against laws, in process: `npm run fuzz -- --seconds N --seed S [--target NAME] [--inputs N] [--from N]`.
 * The same seed has the same inputs; how many of them are run depends on the seconds, unless `--inputs` says it. docs/contributing.md says more.
 */
import { parseArgs } from 'node:util'
import type { Failure } from '../test/fuzz/run.ts'
import { everywhere } from '../test/fuzz/target.ts'
import { targets } from '../test/fuzz/targets/index.ts'
import { watch, type Outcome } from '../test/fuzz/watch.ts'

/** A smallest input that is longer than this is printed in part: the command before it makes all of it. */
const longestPrinted = 4000

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string', default: '1' }, target: { type: 'string', multiple: true },
    inputs: { type: 'string' }, from: { type: 'string', default: '0' } },
})
const number = (name: string, text: string): number => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${name} must be a whole number, not ${JSON.stringify(text)}`)
}
const names = values.target ?? targets.map(({ name }) => name)
const unknown = names.find((name) => !targets.some((target) => target.name === name))
if (unknown !== undefined)
  throw new Error(`there is no target ${JSON.stringify(unknown)}; there are ${targets.map(({ name }) => name).join(', ')}`)
const chosen = targets.filter(({ name }) => names.includes(name))
const seed = number('seed', values.seed)
const from = number('from', values.from)
const seconds = values.seconds === undefined ? (values.inputs === undefined ? 60 : 1e7) : number('seconds', values.seconds)
const shares = chosen.reduce((sum, { share }) => sum + share, 0)
const most = (
  share: number,
): number => (values.inputs === undefined ? Infinity : Math.ceil((number('inputs', values.inputs) * share) / shares))
const inputs = Object.fromEntries(chosen.map(({ name, share }) => [name, { from, to: from + most(share) }]))

const start = performance.now()
console.log(`seed ${seed}, ${values.inputs === undefined ? `${seconds} s` : `${values.inputs} inputs`} of ${names.join(', ')}`)
const outcome = await watch({ seed, seconds, inputs },
  ({ target, law, kind }) => console.error(`${target}: ${law} is broken${kind === '' ? '' : ` (${kind})`}`))
report(outcome)

function report({ ran, failures }: Outcome): void {
  const line = (...cells: readonly string[]): void =>
    console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(14) : cell.padStart(12))).join(''))
  const broken = new Map(
    [...Map.groupBy(failures.values(), ({ failure }) => failure.target)].map((
      [target, all],
    ) => [target, new Set(all.map(({ failure }) => failure.law))]),
  )
  line('\ntarget', 'inputs', 'in a CPU s', 'slowest ms', 'input', 'laws', 'broken')
  for (const { name, laws } of chosen) {
    const { inputs: count, processor, slowest, at } = ran.get(name) ?? { inputs: 0, processor: 0, slowest: 0, at: 0 }
    line(name, count.toLocaleString('en'), processor === 0 ? '' : ((count / processor) * 1000).toFixed(0), slowest.toFixed(0), String(at),
      String(laws.length + everywhere.length), String(broken.get(name)?.size ?? 0))
  }
  for (const { failure, times } of failures.values()) print(failure, times)
  const total = [...ran.values()].reduce((sum, one) => sum + one.inputs, 0)
  const laws = chosen.filter(({ name }) => ran.has(name) || broken.has(name)).reduce(
    (sum, one) => sum + one.laws.length + everywhere.length,
    0,
  )
  const failed = [...broken.values()].reduce((sum, { size }) => sum + size, 0)
  console.log(`\n${total.toLocaleString('en')} inputs in ${((performance.now() - start) / 1000).toFixed(0)} s, seed ${seed}`)
  console.log(`${laws - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || total === 0 ? 1 : 0
}

function print({ target, law, kind, detail, index, input, isSmallest }: Failure, times: number): void {
  const text = JSON.stringify(input)
  console.log(`\nFAILED ${target}: ${law}${kind === '' ? '' : ` (${kind})`}, ${times} ${times === 1 ? 'time' : 'times'}`)
  console.log(`  npm run fuzz -- --target ${target} --seed ${seed} --from ${index} --inputs 1`)
  console.log(`  ${detail}`)
  console.log(
    `  ${isSmallest ? 'smallest input' : 'input'}: ${
      text.length > longestPrinted ? `${text.slice(0, longestPrinted)}… (${text.length} characters)` : text
    }`,
  )
}
