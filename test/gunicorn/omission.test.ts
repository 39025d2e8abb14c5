import { expect, test } from '@jest/globals'
import { releases, releasesFor } from '../../src/gunicorn/catalogue.ts'
import { omit } from '../../src/gunicorn/omission.ts'
import { literal, type Word } from '../../src/shell/word.ts'

const unknown = (prefix: string): Word => ({ value: null, prefix, splits: true, text: '$X', start: 0, end: 2 })

test.each<[string, readonly (string | null)[], readonly string[] | undefined]>([
  ['a word of its own', ['--daemon', 'app'], ['app']],
  ['abbreviated', ['app', '--dae'], ['app']],
  ['in a cluster', ['-RDw4', 'app'], ['-Rw4', 'app']],
  ['a value that looks like it', ['-p', 'D', '-n=D', 'app', '-D'], ['-p', 'D', '-n=D', 'app']],
  ['a letter of a value', ['-DpD', 'app'], ['-pD', 'app']],
  ['several times', ['-DD', '--daemon', 'app', '-D'], ['app']],
  ['nothing to leave out', ['app'], ['app']],
  ['behind --', ['app', '--', '-D'], ['app', '--', '-D']],
  ['in front of --', ['-D', '--', 'app'], ['--', 'app']],
  ['an unknown word before a positional', [null, '-D', 'app'], undefined],
  ['an unknown word at the end', ['app', '-D', null], ['app', 'X']],
  ['a value is missing', ['app', '-w', '-D', '4'], undefined],
  ['positionals would run together', ['app', '-D', 'extra'], undefined],
  ['Pythons differ', ['-Dw=4', 'app'], undefined],
])('%s', (_, texts, left) => {
  const words = texts.map((text) => (text === null ? unknown('') : literal(text)))
  const omissions = omit(words, 'daemon', releases)
  const rest = omissions && words.flatMap((word) => {
    const omission = omissions.find((one) => one.word === word)
    return omission ? (omission.left ?? []) : [word.value ?? 'X']
  })
  expect(rest).toEqual(left)
})

test('releases that read it differently', () => {
  const words = ['--proxy-protocol', '-D', 'app'].map((text) => literal(text))
  expect(omit(words, 'daemon', releasesFor('23.0.0'))?.length).toBe(1)
  expect(omit(words, 'daemon', releasesFor('25.3.0'))).toBeUndefined()
  expect(omit(words, 'daemon', releases)).toBeUndefined()
})
