import { expect, test } from '@jest/globals'
import { splitWords } from '../../src/gunicorn/shlex.ts'

// Expected: `shlex.split(text)` of CPython.
test.each([
  ['', []],
  ['  ', []],
  ['-w 4 -b :80', ['-w', '4', '-b', ':80']],
  ["--name 'my shop'", ['--name', 'my shop']],
  ['--name "my \'shop\'"', ['--name', "my 'shop'"]],
  ["a''b", ['ab']],
  ["''", ['']],
  ['a\\ b', ['a b']],
  ["'a\\b'", ['a\\b']],
  ['"a\\b\\"\\\\"', ['a\\b"\\']],
  ['"$PORT" \\$x', ['$PORT', '$x']],
  ['# -w 4', ['#', '-w', '4']],
  ['a;b&&c', ['a;b&&c']],
  ['a\nb\tc\rd', ['a', 'b', 'c', 'd']],
  ['a\u00a0b', ['a\u00a0b']],
  ['a\\\nb', ['a\nb']],
])('%j: %j', (text, words) => {
  const split = splitWords(text)
  expect(Array.isArray(split) ? split.map((word) => word.value) : split).toEqual(words)
})

test.each([
  ["--name 'x", 'No closing quotation'],
  ['"x', 'No closing quotation'],
  ['x\\', 'No escaped character'],
  ['"x\\', 'No escaped character'],
])('%j: %s', (text, error) => {
  expect(splitWords(text)).toEqual({ error })
})

test('words know where they stand', () => {
  const split = splitWords(` -w  '4'x`)
  expect(Array.isArray(split) && split.map(({ text, start, end, value }) => [text, start, end, value])).toEqual([
    ['-w', 1, 3, '-w'],
    ["'4'x", 5, 9, '4x'],
  ])
})
