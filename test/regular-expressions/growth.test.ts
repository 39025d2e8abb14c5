/** No regular expression of the source takes more than linear time, whatever text it is given. */
import { dirname } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Machine, parse } from './pattern.ts'
import { blowUp } from './pump.ts'
import { writtenIn } from './source.ts'

const root = dirname(dirname(import.meta.dirname))
const written = ['src', 'cmd'].flatMap((folder) => [...writtenIn(root, folder)])

/** What is wrong with an expression. */
function growthOf(expression: RegExp): string | undefined {
  const pump = blowUp(expression)
  return pump && `${String(expression)}: ${JSON.stringify(pump.prefix)} + ${JSON.stringify(pump.unit)} × n + ${JSON.stringify(pump.suffix)}`
}

describe('what is written', () => {
  const literals = written.flatMap(({ place, expression }) => (expression ? [{ place, expression }] : []))

  test('is found', () => {
    expect(literals.length).toBeGreaterThan(400)
  })

  test.each([...Map.groupBy(literals, ({ place }) => place.replace(/:\d+$/, ''))])('%s', (_, those) => {
    expect(those.flatMap(({ place, expression }) => growthOf(expression)?.replace(/^/, `${place}: `) ?? [])).toEqual([])
  })
})

describe('what is put together', () => {
  const original = RegExp
  const made = new Map<string, RegExp>()
  const noted = (arguments_: unknown[]): RegExp => {
    const expression: RegExp = Reflect.construct(original, arguments_)
    const place = /\b(?:src|cmd)\/[\w/-]+\.ts:\d+/.exec(new Error().stack ?? '')?.[0]
    if (place !== undefined) made.set(place, expression)
    return expression
  }
  globalThis.RegExp = new Proxy(original, { construct: (_, words) => noted(words), apply: (_, __, words) => noted(words) })
  afterAll(() => {
    globalThis.RegExp = original
  })

  test('where it runs', async () => {
    await import('../../src/yaml/scalar.ts')
    await import('../../src/python/marker.ts')
    const { problemsOf } = await import('../../src/policy/validate.ts')
    problemsOf('GunicornException', { spec: { expiry: '2027-01-31T00:00:00Z' } })
    const { withPortVariable } = await import('../../src/gunicorn/port-variable.ts')
    withPortVariable('$PORT', 'PORT')
    const { mayServeAt } = await import('../../src/shell/programs.ts')
    mayServeAt(5000, 'PORT')
    await import('../../src/oci/reference.ts')
    const composed = written.flatMap(({ place, expression }) => (expression ? [] : [place]))
    expect([...made.keys()].sort()).toEqual(expect.arrayContaining(composed.sort()))
    expect([...made].flatMap(([place, expression]) => growthOf(expression)?.replace(/^/, `${place}: `) ?? [])).toEqual([])
  })
})

describe('the pump', () => {
  test.each([/(a+)+$/, /^(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n))*\.\.\./, /\s+$/, /a*a*b/, /^(\d+\.?\d*)$/, /\{\{.*\}\}/, /"(?:\\.|[^"\\])*"/,
    /(.*),(.*);/, /^(?:a|a)*$/, /#.*$/, /x(?=.*y)/g, /(?<=a+)b/g])('brings out %s', (expression) => {
      expect(growthOf(expression)).toBeDefined()
    })

  test.each([/^\s+/, /(?<!\s)\s+$/, /^(?:\r\n|\r(?!\n)|\n)*x/, /"(?:\\[^]|[^"\\])*(?:"|\\?$)/g, /[a-z]{1,63}x/, /^[-a-z0-9]{0,61}[a-z0-9]$/,
    /\bfi\b/, /(a)(b)\1/])('lets %s be', (expression) => {
      expect(growthOf(expression)).toBeUndefined()
    })

  test('finds what the engine finds', () => {
    const char = fc.constantFrom(...'aA0_ \t\n\r-./"\'\\${}()[]#:=,@%+~|é\u2028😀')
    const machines = written.flatMap((
      { expression },
    ) => (expression ? [{ expression, machine: new Machine(expression, parse(expression)) }] : []))
    fc.assert(fc.property(fc.nat(machines.length - 1), fc.array(char, { maxLength: 20 }), (index, chars) => {
      const { expression, machine } = machines[index]!
      const text = chars.join('')
      expression.lastIndex = 0
      const real = expression.global ? [...text.matchAll(expression)].map(([whole]) => whole) : (expression.exec(text)?.slice(0, 1) ?? [])
      expect({ expression, text, found: machine.find(text, 1_000_000).found }).toEqual({ expression, text, found: real })
    }), { numRuns: 5000 })
  })
})
