/** What Kubernetes makes of YAML. */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readManifests } from '../../src/yaml/manifests.ts'
import type { Manifest } from '../../src/yaml/manifests.ts'
import { emit, styled, valueOf } from '../cli/styled.ts'
import { amount } from '../amount.ts'

function read(text: string): Manifest[] {
  return [...readManifests(text)]
}

function only(text: string): Manifest {
  const manifests = read(text)
  expect(manifests).toHaveLength(1)
  return manifests[0]!
}

describe('values are what Kubernetes reads', () => {
  // Answers of sigs.k8s.io/yaml 1.6.0.
  const rows: [text: string, value: unknown][] = [
    ['[y, Y, yes, Yes, YES, on, On, ON, true, True, TRUE]', Array(11).fill(true)],
    ['[n, N, no, No, NO, off, Off, OFF, false, False, FALSE]', Array(11).fill(false)],
    ['[yEs, tRUE, oN, nO]', ['yEs', 'tRUE', 'oN', 'nO']],
    ['[~, null, Null, NULL, nULL]', [null, null, null, null, 'nULL']],
    ['a:\nb: ~\n', { a: null, b: null }],
    ['[017, 0o17, 08, 0b11, -0b11, 0X1F, 1_000, 1__0_, +5, 0x_1, -017, 00]', [15, 15, 8, 3, -3, 31, 1000, 10, 5, 1, -15, 0]],
    ['[1., .5, +.5, -.5, 1e3, 1.5e+3, 1_0.5, .5_0]', [1, 0.5, 0.5, -0.5, 1000, 1500, 10.5, 0.5]],
    ['[0x1p4, ._1, 1e, .e5, +Inf, +.inf1, 1.2.3, 1e400]', ['0x1p4', '._1', '1e', '.e5', '+Inf', '+.inf1', '1.2.3', '1e400']],
    ['[2001-01-01, 12:30:45, "=", <<]', ['2001-01-01', '12:30:45', '=', '<<']],
    ['[99999999999999999999, -0, 500m, 1Gi, 1.5Gi, 10.0.0.1]', [1e20, 0, '500m', '1Gi', '1.5Gi', '10.0.0.1']],
    ['1.5: a\n0x10: b\nyes: c\n08: d\n1e3: e\n', { 1.5: 'a', 16: 'b', true: 'c', 8: 'd', 1000: 'e' }],
    [
      '[!!str 5, !!int "5", !!float 5, !!bool "yes", !!null "", ! 5, !!str, !!binary aGVsbG8=]',
      ['5', 5, 5, true, null, '5', '', 'hello'],
    ],
    ['[!foo bar, !foo [1], !!set {a, b}, !!timestamp 2001-01-01]', ['bar', [1], { a: null, b: null }, '2001-01-01']],
    ['b: &b {a: 1}\nx:\n  <<: *b\n  c: 2\n', { b: { a: 1 }, x: { a: 1, c: 2 } }],
    ['b: &b {a: 1, c: 2}\nx:\n  <<: *b\n  a: 9\n', { b: { a: 1, c: 2 }, x: { a: 9, c: 2 } }],
    ['b: &b {a: 1, c: 2}\nx:\n  a: 9\n  <<: *b\n', { b: { a: 1, c: 2 }, x: { a: 1, c: 2 } }],
    ['b: &b {a: 1}\nc: &c {a: 2, d: 3}\nx:\n  <<: [*b, *c]\n', { b: { a: 1 }, c: { a: 2, d: 3 }, x: { a: 1, d: 3 } }],
    ['a: 2\n<<: {a: 1}\n<<: {a: 3}\n', { a: 3 }],
    ['"<<": 1\n', { '<<': 1 }],
    ['a: &a 1\nb: &b [*a]\nc: &a 2\nd: *b\n', { a: 1, b: [1], c: 2, d: [1] }],
    ['a: &x\nb: *x\n', { a: null, b: null }],
    ['- :$(PORT)\n- a#b\n- http://x:80/\n', [':$(PORT)', 'a#b', 'http://x:80/']],
    [
      "a: 'x\n\n  y'\nb: >\n  x\n  y\n\n   z\n\n\n  w\n\nc: |2\n    x\n   y\nd: |+\n  x\n\n\ne: |-\n  x\n",
      { a: 'x\ny', b: 'x y\n\n z\n\n\nw\n', c: '  x\n y\n', d: 'x\n\n\n', e: 'x' },
    ],
    ['? a\n? b\n: 1\n', { a: null, b: 1 }],
    ['__proto__: {a: 1}\nconstructor: 2\n', JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')],
  ]
  test.each(rows)('%j', (text, value) => {
    const { value: actual, error } = only(text)
    expect(error).toBeUndefined()
    expect(actual).toStrictEqual(value)
    expect(JSON.stringify(actual)).toBe(JSON.stringify(value))
  })

  test('an alias is a copy: a change of one value changes no other', () => {
    const value = only('a: &a {b: [1]}\nc: *a\nd: {<<: *a}\n').value as Record<string, { b: number[] }>
    value['c']!.b.push(2)
    value['d']!.b.push(3)
    expect(value).toEqual({ a: { b: [1] }, c: { b: [1, 2] }, d: { b: [1, 3] } })
  })

  test('a key named __proto__ changes no prototype', () => {
    for (const text of [
      '__proto__: {polluted: 1}\n',
      '{"__proto__": {"polluted": 1}}',
      'a: &a {__proto__: {polluted: 1}}\nb: {<<: *a}\nc: *a\n',
    ]) {
      const value = only(text).value as object
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    }
  })

  test('what random documents are written for', () => {
    fc.assert(
      fc.property(styled, fc.boolean(), (root, crlf) => {
        const text = crlf ? emit(root).replaceAll('\n', '\r\n') : emit(root)
        expect(isDeepStrictEqual(only(text).value, valueOf(root))).toBe(true)
      }),
      { numRuns: amount(300) },
    )
  })
})
