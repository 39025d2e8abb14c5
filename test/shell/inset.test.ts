import { describe, expect, test } from '@jest/globals'
import { applySplices } from '../../src/edit.ts'
import { Environment } from '../../src/shell/environment.ts'
import { insetOf, type Inset } from '../../src/shell/inset.ts'
import { readScript } from '../../src/shell/script.ts'

/** The script that the second word of a command holds. */
function inset(source: string, variables: Readonly<Record<string, string>> = {}): Inset | undefined {
  const command = readScript(source, { dialect: 'sh', environment: new Environment(Object.entries(variables), false) }).commands.at(-1)
  return insetOf(command!.words[1]!)
}

/** The command with ` -w 4` behind the word `app` of the script within. */
function withWorkers(source: string, variables: Readonly<Record<string, string>> = {}): string | undefined {
  const found = inset(source, variables)
  const at = (found?.text.indexOf('app') ?? -1) + 3
  const splice = found?.splice({ start: at, end: at, text: ` -n 'a "b" $C'` })
  return splice && applySplices(source, [splice])
}

describe('scripts within words', () => {
  test.each([
    ['x "gunicorn app"', 'gunicorn app'],
    ["x 'gunicorn app'", 'gunicorn app'],
    ['x gunicorn\\ app', 'gunicorn app'],
    ['x "gunicorn \\"my app\\""', 'gunicorn "my app"'],
    ["x 'gunicorn '\"it's\"' app'", "gunicorn it's app"],
    ['x "gunicorn \\\n app"', 'gunicorn  app'],
    ['x "gunicorn $A app"', 'gunicorn \uE000 app'],
    ['x "gunicorn ${A:-b} $(c) $((1 + 1)) `d` app"', 'gunicorn \uE000 \uE000 \uE000 \uE000 app'],
    ['x "cost: $ 4"', 'cost: $ 4'],
    [`x "gunicorn $(echo '"') app"`, 'gunicorn \uE000 app'],
    ['x "gunicorn $(echo "a)" (b) \\") app"', 'gunicorn \uE000 app'],
  ])('%j holds %j', (source, text) => {
    expect(inset(source)?.text).toBe(text)
  })

  test('a variable that is known', () => {
    expect(inset('x "gunicorn $A app"', { A: '-w 4' })?.text).toBe('gunicorn -w 4 app')
  })

  test.each([
    ['one that may be several words', 'x $A'],
    ["bash's own quotes", 'x $\'a\'"b"'],
    ['an expansion whose end cannot be told', 'x "${A:-"b"}"'],
    ['a substitution whose end cannot be told', `x "gunicorn $(case a in b) echo 'c';; esac) app"`],
  ])('not %s', (_, source) => {
    expect(inset(source)).toBeUndefined()
  })

  test.each([
    ['x "gunicorn app" y', 'x "gunicorn app -n \'a \\"b\\" \\$C\'" y'],
    ["x 'gunicorn app | cat'", "x 'gunicorn app -n '\\''a \"b\" $C'\\'' | cat'"],
    ['x gunicorn\\ app', "x gunicorn\\ app' -n '\\''a \"b\" $C'\\'''"],
    ['x \'gunicorn \'"app"', 'x \'gunicorn \'"app -n \'a \\"b\\" \\$C\'"'],
  ])('text is put into %j', (source, expected) => {
    expect(withWorkers(source)).toBe(expected)
  })

  test.each([
    ['within what a variable holds', 'x "gunicorn $A"', { A: 'app -w 4' }],
    ['behind what is not in quotes, which may be several words', 'x $A" app"', { A: 'a' }],
    ['behind two variables, of which it cannot be told where one ends', 'x "$A $B app"', { A: 'a', B: 'b' }],
  ])('nothing is put in %s', (_, source, variables) => {
    expect(withWorkers(source, variables)).toBeUndefined()
  })

  test('what would join what stands before it is not put in', () => {
    const found = inset('x "gunicorn $A app\\b"')!
    expect(found.splice({ start: 10, end: 10, text: 'b' })).toBeUndefined()
    expect(found.splice({ start: 10, end: 10, text: ' b' })).toEqual({ start: 14, end: 14, text: ' b' })
    expect(found.splice({ start: 15, end: 15, text: '"' })).toBeUndefined()
    expect(found.splice({ start: 9, end: 12, text: 'b' })).toBeUndefined()
  })

  test('places', () => {
    const found = inset('x \'gunicorn \'"app"')!
    expect(found.place(9, 12)).toEqual({ start: 14, end: 17 })
    expect(found.place(0, 12)).toEqual({ start: 3, end: 17 })
  })
})
