import { describe, expect, test } from '@jest/globals'
import { parseInteger, repr, strip } from '../../src/gunicorn/python-value.ts'

describe('int(text)', () => {
  test.each([
    ['4', 4],
    [' 4 ', 4],
    ['\t4\n', 4],
    ['+4', 4],
    ['-1', -1],
    ['-0', 0],
    ['04', 4],
    ['1_000', 1000],
    ['٤٢', 42],
    ['0', 0],
    ['00', 0],
    ['\u00a04', 4],
  ])('%j is %j', (text, number) => {
    expect(parseInteger(text)).toBe(number)
  })

  test.each(['', ' ', '4.0', '0x4', '0o4', 'auto', '30s', '4 4', '_4', '4_', '1__0', '+ 4', '--4', '²', '$(nproc)', '\ufeff4'])(
    '%j is none',
    (text) => {
      expect(parseInteger(text)).toBeUndefined()
    },
  )
})

describe('int(text, 0)', () => {
  test.each([
    ['0x10', 16],
    ['0X1f', 31],
    ['0o22', 18],
    ['0b101', 5],
    ['0x_ff', 255],
    ['-0x10', -16],
    ['10', 10],
    ['0', 0],
    ['000', 0],
    [' 660 ', 660],
  ])('%j is %j', (text, number) => {
    expect(parseInteger(text, 0)).toBe(number)
  })

  test.each(['022', '0o8', '0x', '0b2', '', '1.5'])('%j is none', (text) => {
    expect(parseInteger(text, 0)).toBeUndefined()
  })
})

test.each([
  [' a ', 'a'],
  ['\u00a0a\u2003', 'a'],
  ['\u001ca\u0085', 'a'],
  ['\ufeffa', '\ufeffa'],
  [' \ufeff ', '\ufeff'],
  ['', ''],
  ['a b', 'a b'],
])('strip: %j is %j', (text, stripped) => {
  expect(strip(text)).toBe(stripped)
})

test.each([
  ['a', "'a'"],
  ["it's", '"it\'s"'],
  [`'"`, `'\\'"'`],
  ['a\\b', "'a\\\\b'"],
  ['a\nb\t', "'a\\nb\\t'"],
  ['\u0007', "'\\x07'"],
  ['é', "'é'"],
])('repr: %j is %s', (text, written) => {
  expect(repr(text)).toBe(written)
})
