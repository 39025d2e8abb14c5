/** What is known of a module's names; test/conformance/config-file.test.ts holds it against Pythons. */
import { describe, expect, test } from '@jest/globals'
import { readModule, type Module } from '../../src/python/module.ts'
import type { SourceProblem } from '../../src/python/tokens.ts'
import { isKnown, type PythonValue } from '../../src/python/value.ts'
import { expectLinear } from '../growth.ts'

const environment: Readonly<Record<string, string | null>> = { PORT: '5000', EMPTY: '', SECRET: null }
const read = (source: string): Module | SourceProblem => readModule(source, '__config__', (name) => environment[name])

/** As JSON has it; `?` for what is not known, `…` for a function. */
function shown(value: PythonValue): unknown {
  if (!isKnown(value)) return '?'
  if (value.type === 'int') return Number(value.value)
  if (value.type === 'None') return null
  if (value.type === 'function') return '…'
  if (value.type === 'list' || value.type === 'tuple') return value.items.map(shown)
  if (value.type === 'dict') return Object.fromEntries(value.entries.map(([key, held]) => [shown(key), shown(held)]))
  return 'value' in value ? value.value : '?'
}

/** The names with their values; `name?` for one that may not be bound. */
function names(source: string): Record<string, unknown> {
  const module = read(source)
  if ('refused' in module) throw new Error(module.message)
  return Object.fromEntries([...module.names].map(([name, { value, isUnsure }]) => [isUnsure ? `${name}?` : name, shown(value)]))
}

describe('what is known', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a = 1; b = -2\nc = 0x10 + 0o7 * 2 ** 3', { a: 1, b: -2, c: 72 }],
    [`a = 'x' "y" r'\\d' u"\\t\\x41\\101"`, { a: 'xy\\d\tAA' }],
    ['a = """x\n  y"""\nb = \\\n  2\nc = (  # note\n  3\n)', { a: 'x\n  y', b: 2, c: 3 }],
    ['a = b = [1, "x", (None, True)]', { a: [1, 'x', [null, true]], b: [1, 'x', [null, true]] }],
    ['a: int = 4\nb: int', { a: 4 }],
    ['a, (b, c) = 1, (2, 3)', { a: 1, b: 2, c: 3 }],
    ['a = 1\ndel a\nb = 2', { b: 2 }],
    ['a = 1\na += 2', { a: 3 }],
    ['import os\np = os.environ.get("PORT", "1")\nq = int(os.getenv("NONE", "7"))\nr = os.environ["PORT"]', { os: '?', p: '5000', q: 7,
      r: '5000' }],
    ['from os import environ as e, getenv\na = e.get("EMPTY") or "x"\nb = getenv("NONE")', { e: '?', getenv: '?', a: 'x', b: null }],
    ['import os\na = f"0.0.0.0:{os.getenv(\'PORT\')}"\nb = "%s:%d" % ("h", 80)\nc = "{}:{}".format("h", 1)', { os: '?', a: '0.0.0.0:5000',
      b: 'h:80', c: 'h:1' }],
    ['a = 6 // 0.1\nb = -1.5 // 0.1\nc = True | False\nd = -7.5 % 2\ne = 7 // -2.0', { a: 59, b: -15, c: true, d: 0.5, e: -4 }],
    ['a = 7 // 2\nb = -7 // 2\nc = -7 % 3\nd = not 0\ne = 1 if "" else 2', { a: 3, b: -4, c: 2, d: true, e: 2 }],
    ['a = {"x": [1], "y": {"z": 1.5}}\nb = a["y"]', { a: { x: [1], y: { z: 1.5 } }, b: { z: 1.5 } }],
    ['def f(a, b=1):\n    return a\ng = lambda x: x', { f: '…', g: '…' }],
    ['if __name__ == "__main__":\n    a = 1\nelse:\n    a = 2', { a: 2 }],
    ['a = 1 if True else nothing', { a: 1 }],
    ['a = 8\r\nif 1:\r\n\tb = 2\r\n', { a: 8, b: 2 }],
  ])('%j', (source, wanted) => {
    expect(names(source)).toEqual(wanted)
  })
})

describe('what is not', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a = f()', { a: '?' }],
    ['import os\na = os.getenv("SECRET", "x")', { os: '?', a: '?' }],
    ['import os\nos.environ["PORT"] = "1"\na = os.getenv("PORT")', { os: '?', a: '?' }],
    ['import settings, os\na = os.getenv("PORT")', { settings: '?', os: '?', a: '?' }],
    ['a = 1\nif x:\n    a = 2', { 'a?': '?' }],
    ['for a in (1, 2):\n    b = a', { 'a?': '?', 'b?': '?' }],
    ['try:\n    a = 1\nexcept E as e:\n    b = 2', { 'a?': '?', 'b?': '?', 'e?': '?' }],
    ['with x as (a, b): pass', { 'x?': '?', 'a?': '?', 'b?': '?' }],
    ['a = 1\ndef f():\n    global a\n    a = 2\nf()', { 'a?': '?', f: '…' }],
    ['a = []\nb = a\nb.append(1)', { a: '?', b: '?' }],
    ['a = [[1]]\nb = a[0]\nb[0] = 2', { a: '?', b: '?' }],
    ['a = [1]\ndef f():\n    a.append(2)', { a: '?', f: '…' }],
    ['f = lambda: a.append(2)\na = [1]', { f: '…', a: '?' }],
    ['a = (b := 1)', { 'a?': '?', 'b?': '?' }],
    ['a = 4 / 2', { a: '?' }],
    ['a = 0777\nb = 10L', { a: '?', b: '?' }],
    ['a = "\\u0041"', { 'a?': '?' }],
    ['int = f\na = int("1")', { int: '?', a: '?' }],
    ['a = 1\nfrom x import *\nb = 2', { 'a?': '?', b: 2 }],
    ['a = 1\nexec("a = 2")', { 'a?': '?' }],
    ['a = 1\nglobals()["a"] = 2', { 'a?': '?' }],
    ['import a', { a: '?' }],
    ['a = 10 ** 10 ** 10', { a: '?' }],
  ])('%j', (source, wanted) => {
    expect(names(source)).toEqual(wanted)
  })

  test('and what may be bound besides', () => {
    expect(read('from x import *')).toMatchObject({ mayHoldMore: true, mayFail: true })
    expect(read('a = 1')).toMatchObject({ mayHoldMore: false, mayFail: false })
    expect(read('a = b')).toMatchObject({ mayHoldMore: false, mayFail: true })
  })
})

describe('what no Python runs', () => {
  test.each<[string, number]>([
    ['a = "x', 1],
    ['a = [1,\n2', 1],
    ['a = 1)', 1],
    ['a = (1]', 1],
    ['a = 1\n  b = 2', 2],
    ['if x:\nb = 1', 1],
    ['if x:\n    a = 1\n  b = 2', 3],
    ['timeout = 30s', 1],
    ['workers 4', 1],
    ['bind "x"', 1],
    ['a =', 1],
    ['workers:\n  4', 1],
    ["a = '''x\n", 1],
    ['a = \u201cx\u201d', 1],
    ['a = $X', 1],
  ])('%j', (source, line) => {
    expect(read(source)).toMatchObject({ refused: true, line })
  })

  test.each(['print "x"', 'a = `1`', 'a = 0777', 'exec "x"', 'async def f(): pass', 'match x:\n  case 1: pass', 'a = b"x"',
    'x = f"{a["b"]}"', 'if 1:\n\ta = 1\n        b = 2', '# coding: koi8-r\na = 1', 'type X = int', 'a = 1if b else 2'])(
      'some do, or may: %j',
      (source) => {
        const module = read(source)
        expect('refused' in module && module.refused).toBe(false)
      },
    )
})

describe('hostile sources take no more than they are longer', () => {
  test.each<[string, number, (size: number) => string]>([
    ['brackets', 10_000, (size) => `a = ${'('.repeat(size)}${')'.repeat(size)}`],
    ['lists', 5000, (size) => `a = ${'['.repeat(size)}${']'.repeat(size)}`],
    ['unary', 20_000, (size) => `a = ${'-'.repeat(size)}1`],
    ['nots', 20_000, (size) => `a = ${'not '.repeat(size)}1`],
    // Of these the text grows with the square of its depth, so that size is that of the text.
    ['blocks', 2000 ** 2, (size) => Array.from({ length: Math.sqrt(size) }, (_, depth) => `${' '.repeat(depth)}if x:`).join('\n')],
    ['a chain', 5000, (size) => `if a: pass\n${'elif a: pass\n'.repeat(size)}`],
    ['sums', 20_000, (size) => `a = ${'1 + '.repeat(size)}1`],
    ['attributes', 20_000, (size) => `a = x${'.y'.repeat(size)}`],
    ['doubling', 4000,
      (size) => Array.from({ length: size }, (_, at) => (at === 0 ? 'a0 = ["x"]' : `a${at} = a${at - 1} + a${at - 1}`)).join('\n')],
    ['nested doubling', 4000,
      (size) => Array.from({ length: size }, (_, at) => (at === 0 ? 'a0 = ["x"]' : `a${at} = [a${at - 1}, a${at - 1}]`)).join('\n')],
    ['lines', 20_000, (size) => 'a = 1\n'.repeat(size)],
    ['a string', 1_000_000, (size) => `a = "${'x'.repeat(size)}"`],
  ])('%s', (_, size, source) =>
    expectLinear(source, (given) => {
      const module = read(given)
      if (!('refused' in module)) { for (const { value } of module.names.values()) shown(value) }
    }, size))
})
