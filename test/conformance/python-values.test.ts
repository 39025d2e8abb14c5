/** What the expressions of a config file come to, against the Python of this machine: what is known must be so, and what raises may not be taken to run. */
import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { readModule } from '../../src/python/module.ts'
import type { PythonValue } from '../../src/python/value.ts'
import { amount } from '../amount.ts'
import { Random } from './random.ts'
import { seed } from './real.ts'

const python = process.env['PYTHON'] || 'python3'

/** Prints what each expression comes to, as `type value`; `raises` where it is none. A float as JSON has it. */
const evaluator = `
import json, math, sys, warnings
warnings.simplefilter('ignore')
sys.set_int_max_str_digits(0) if hasattr(sys, 'set_int_max_str_digits') else None
def told(value):
    if isinstance(value, float):
        return 'float ' + (repr(value) if math.isinf(value) or math.isnan(value) else value.hex())
    return type(value).__name__ + ' ' + str(value)
def tried(text):
    try:
        return told(eval(text, {}))
    except Exception:
        return 'raises'
print(json.dumps([tried(text) for text in json.load(sys.stdin)]))
`

function askPython(expressions: readonly string[]): readonly string[] {
  const { stdout, stderr, status, error } = spawnSync(python, ['-I', '-S', '-c', evaluator], { input: JSON.stringify(expressions),
    encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`Python could not be asked: ${error?.message ?? stderr}`)
  return JSON.parse(stdout) as string[]
}

/** `float.hex` of Python. */
function hex(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  const bytes = new DataView(new ArrayBuffer(8))
  bytes.setFloat64(0, value)
  const bits = bytes.getBigUint64(0)
  const sign = bits >> 63n === 0n ? '' : '-'
  const [exponent, fraction] = [Number((bits >> 52n) & 0x7ffn), bits & 0xfffffffffffffn]
  if (exponent === 0 && fraction === 0n) return `${sign}0x0.0p+0`
  const power = exponent === 0 ? -1022 : exponent - 1023
  return `${sign}0x${exponent === 0 ? 0 : 1}.${fraction.toString(16).padStart(13, '0')}p${power < 0 ? '' : '+'}${power}`
}

function told(value: PythonValue): string | undefined {
  switch (value.type) {
    case 'int':
      return `int ${value.value}`
    case 'float':
      return `float ${hex(value.value)}`
    case 'bool':
      return `bool ${value.value ? 'True' : 'False'}`
    case 'str':
      return `str ${value.value}`
    case 'None':
      return 'NoneType None'
    default:
      return undefined
  }
}

const integers = ['0', '1', '2', '3', '6', '7', '10', '64', '255', '1000', '4294967296', '18446744073709551616', '99999999999999999999',
  '(-1)', '(-7)', '(-10)', '(-18446744073709551617)', 'True', 'False']
const floats = ['0.0', '0.1', '0.5', '1.0', '1.5', '2.5', '3.7', '6.0', '1e-3', '1e15', '1e300', '5e-324', '(-0.0)', '(-0.1)', '(-1.5)',
  '(-6.0)']
const texts = ["'a'", "'ab '", "''", "'7'", "'-3'", "'x'"]
const operators = ['+', '-', '*', '/', '//', '%', '**', '<<', '>>', '&', '|', '^', '==', '!=', '<', '>', '<=', '>=', 'and', 'or', 'in',
  'not in', 'is']
const arithmetic = ['+', '-', '*', '/', '//', '%', '**']

function expression(random: Random, depth: number): string {
  if (depth === 0 || random.chance(0.2)) return random.pick(random.chance(0.5) ? integers : random.chance(0.8) ? floats : texts)
  const inner = (): string => expression(random, depth - 1)
  const choice = random.below(20)
  if (choice === 0) return `${random.pick(['-', '+', '~', 'not '])}${inner()}`
  if (choice === 1) return `(${inner()} if ${inner()} else ${inner()})`
  if (choice === 2) return `${random.pick(['int', 'str', 'bool', 'float', 'abs', 'round', 'len', 'max', 'min'])}(${inner()})`
  if (choice === 3) return `${inner()} ${random.pick(['<', '>', '=='])} ${inner()} ${random.pick(['<', '>', '=='])} ${inner()}`
  if (choice === 5) return `f'{${inner().replaceAll("'", '"')}${random.pick(['', ':d', ':>4', '!r'])}}'`
  if (choice === 4) return `'${random.pick(['%s', '%d', '%s-%s', '%%%s', '%.1f'])}' % (${inner()},)`
  const both = `${inner()} ${random.pick(random.chance(0.7) ? arithmetic : operators)} ${inner()}`
  return random.chance(0.6) ? `(${both})` : both
}

/** What would take Python long, or much memory: powers of powers, texts many times over. */
const isModest = (text: string): boolean =>
  /^[^*<]*((\*\*|<<)[^*<]*)?$/.test(text.replaceAll(/(?<!\*)\*(?!\*)/g, '·')) && !/(\*\*|<<)(.*\d{4}|.*e\d)/.test(text) &&
  !(/'|str/.test(text) && /\d{4}|[*<]{2}|\*.*\*/.test(text))

const pairs = (values: readonly string[], others: readonly string[]): readonly string[] =>
  values.flatMap((left) => others.flatMap((right) => arithmetic.map((operator) => `${left} ${operator} ${right}`)))

test('what an expression comes to', () => {
  const random = new Random(seed)
  const made = Array.from({ length: amount(40_000) }, () => expression(random, 3))
  const all = [...pairs(floats, [...integers, ...floats]), ...pairs(integers, [...integers, ...floats]), ...made].filter(isModest)
  const wrong: string[] = []
  let known = 0
  for (const [index, answer] of askPython(all).entries()) {
    const text = all[index] ?? ''
    const module = readModule(`value = ${text}\n`, '__config__', () => undefined)
    if (!('names' in module)) {
      if (answer !== 'raises') wrong.push(`${text}: ${answer}, and ${module.message}`)
      continue
    }
    const value = module.names.get('value')?.value
    const held = value && told(value)
    if (held !== undefined) known += 1
    if (held !== undefined ? held !== answer : answer === 'raises' && !module.mayFail)
      wrong.push(`${text}: ${answer}, not ${held ?? 'unknown, without a doubt that it runs'}`)
  }
  expect(wrong.slice(0, 20)).toEqual([])
  expect(known).toBeGreaterThan(all.length / 4)
})
