/** What a program gets of a command, in each of the ways that platforms have. The rows were executed; PORT is 5000, W is 4. */
import { describe, expect, test } from '@jest/globals'
import { firstHoleIn } from '../../src/kubernetes/expansion.ts'
import { commandLine } from '../../src/platforms/command-line.ts'
import type { Mode } from '../../src/platforms/platform.ts'

const variables = [{ name: 'PORT', value: '5000', index: 0 }, { name: 'W', value: '4', index: 1 }]
const range = { start: 0, end: 0 }

const words = (mode: Mode, value: string): { readonly words: (string | null)[]; readonly lost: string[] } => {
  const { elements, remarks } = commandLine({ form: 'text', text: { path: ['web'], value, range, offset: (unit) => unit } }, mode,
    variables)
  return { words: elements.map(({ expanded }) => (firstHoleIn(expanded.text) < 0 ? expanded.text : null)),
    lost: remarks.map((remark) => String(remark.value)) }
}

const tokens = (...given: string[]): (string | null)[] => {
  const { elements } = commandLine({ form: 'list', lists: [['args']],
    words: given.map((value, index) => ({ path: ['args', index], value, range, offset: undefined })) }, 'token', variables)
  return elements.map(({ expanded }) => (firstHoleIn(expanded.text) < 0 ? expanded.text : null))
}

describe('words for Kubernetes, on BlueKing', () => {
  test.each([
    ['G -b :$PORT', ['G', '-b', ':5000'], []],
    ['G -b :${PORT:-5000}', ['G', '-b', ':5000'], []],
    ['G -b :${PORT:-8000}', ['G', '-b', ':5000:-8000}'], [':${PORT:-8000}']],
    ['G -w $((W*2+1))', ['G', '-w', '$((W*2+1))'], ['$((W*2+1))']],
    ['G -w $(nproc)', ['G', '-w', '$(nproc)'], ['$(nproc)']],
    ['G -w `echo 3`', ['G', '-w', '`echo', '3`'], ['`echo', '3`']],
    ["G -b ':$PORT'", ['G', '-b', ':5000'], []],
    ['G -n \\$W', ['G', '-n', '4'], []],
    ['G --x $UNSET', ['G', '--x', null], []],
    ['FOO=1 G', ['FOO=1', 'G'], ['FOO=1']],
    ['exec G', ['exec', 'G'], ['exec']],
    ['cd d && G', ['cd', 'd', '&&', 'G'], ['cd', '&&']],
    ['G; echo', ['G;', 'echo'], ['G;']],
    ['G > f', ['G', '>', 'f'], ['>']],
    ['G *.py', ['G', '*.py'], []],
    [`G --access-logformat '%(h)s "%(r)s"'`, ['G', '--access-logformat', '%(h)s "%(r)s"'], []],
    ['G "a  b"', ['G', 'a  b'], []],
    ['G -n name -e K=V', ['G', '-n', 'name', '-e', 'K=V'], []],
    ['bash -c "a && b"', ['bash', '-c', 'a && b'], []],
    ['bash -c "G -w $(nproc) `a`"', ['bash', '-c', 'G -w $(nproc) `a`'], []],
    ['bash -c "G -b ${PORT:-1}"', ['bash', '-c', 'G -b 5000:-1}'], ['"G -b ${PORT:-1}"']],
  ])('%s', (text, want, lost) => {
    expect(words('words', text)).toEqual({ words: want, lost })
  })

  test('an open quotation makes the platform fail', () => {
    const { elements, remarks } = commandLine({ form: 'text', text: { path: ['web'], value: "G 'a", range, offset: undefined } }, 'words',
      variables)
    expect([elements.length, remarks.map(({ rule }) => rule)]).toEqual([0, ['refused-description']])
  })
})

test.each([
  ['FOO=1 G -b :$PORT', ['FOO=1', 'G', '-b', ':$PORT'], [':$PORT']],
  ['G -b :$(PORT)', ['G', '-b', ':5000'], []],
  ['FOO=1 exec G', ['FOO=1', 'exec', 'G'], ['exec']],
  ['bash -c "G -b :$PORT -w $(nproc)"', ['bash', '-c', 'G -b :$PORT -w $(nproc)'], []],
])('words behind env: %s', (text, want, lost) => {
  expect(words('env', text)).toEqual({ words: want, lost })
})

test.each([
  [['G', ':$PORT', ':${PORT:-5000}', ':${PORT:-8000}'], ['G', ':5000', ':5000', ':5000']],
  [['G', '$((W*2+1))'], ['G', '9']],
  [['G', "':$PORT'"], ['G', "':5000'"]],
  [['FOO=1', 'G'], ['FOO=1', 'G']],
  [['exec', 'G'], ['exec', 'G']],
  [['G', '>', 'f', '*.py', '~/x', '#', 'note'], ['G', '>', 'f', '*.py', '~/x', '#', 'note']],
  [['G', '--access-logformat', '%(h)s "%(r)s"'], ['G', '--access-logformat', '']],
  [['G', 'a  b'], ['G', 'a b']],
  [['G', '-n', 'name', '-e', 'K=V'], ['G', '', 'name', '', 'K=V']],
  [['G', '$(nproc)'], ['G', null]],
])('words through eval echo: %j', (given, want) => {
  expect(tokens(...given)).toEqual(want)
})

test.each([
  ['gunicorn app -b :$PORT', []],
  ["gunicorn app --access-logformat '%(h)s'", ["gunicorn app --access-logformat '%(h)s'"]],
  ['FOO=1 gunicorn app', ['FOO=1 gunicorn app']],
  ['a && gunicorn app', ['a && gunicorn app']],
])('split at blanks, quotes or no quotes: %s', (text, lost) => {
  const got = words('splits', text)
  expect(got.lost).toEqual(lost)
  expect(got.words.length).toBe(lost.length > 0 ? 0 : 3)
})
