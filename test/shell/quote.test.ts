import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Environment } from '../../src/shell/environment.ts'
import { quote, quoteWith, type Part } from '../../src/shell/quote.ts'
import { readScript } from '../../src/shell/script.ts'

test.each([
  ['gunicorn', 'gunicorn'],
  ['--bind=0.0.0.0:80', '--bind=0.0.0.0:80'],
  ['', "''"],
  ['-', '-'],
  ['a b', "'a b'"],
  ['%(h)s "%(r)s"', `'%(h)s "%(r)s"'`],
  ["it's", `"it's"`],
  [`it's "so"`, `'it'\\''s "so"'`],
  ["'", `"'"`],
  ['$PORT', "'$PORT'"],
  ['~/a', "'~/a'"],
  ['a\nb', "'a\nb'"],
  ['#a', "'#a'"],
  ['if', "'if'"],
  ['A=b', "'A=b'"],
  ['é', "'é'"],
])('%j is written %s', (value, expected) => {
  expect(quote(value)).toBe(expected)
})

test.each<[Part[], string]>([
  [[':', { variable: 'PORT' }], ':$PORT'],
  [[{ variable: 'HOST' }, ':', { variable: 'PORT' }], '$HOST:$PORT'],
  [[{ variable: 'A' }, 'b'], '${A}b'],
  [['a b', { variable: 'A' }], '"a b$A"'],
  [['"$x`\\', { variable: 'A' }], '"\\"\\$x\\`\\\\$A"'],
  [['a', 'b'], 'ab'],
])('%j is written %s', (parts, expected) => {
  expect(quoteWith(parts)).toBe(expected)
})

test('a word that must stay whole is quoted', () => {
  expect(quoteWith([':', { variable: 'PORT' }], true)).toBe('":$PORT"')
})

test('what is quoted is read back as it was, as a command too', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab =$\'"`\\!~#*?[]{}()<>|&;\n\t:-,é') }), (value) => {
    // Without a character of its own, a word of an empty variable is none.
    const live = quoteWith([value, { variable: 'A' }], value === '')
    for (const dialect of ['sh', 'bash'] as const) {
      for (const script of [`x ${quote(value)}`, `${quote(value)} x`, `x ${live}`]) {
        const { commands, errors } = readScript(script, { dialect, environment: new Environment([['A', '']]) })
        expect(errors).toEqual([])
        expect(commands[0]?.words.map((word) => word.value)).toContain(value)
      }
    }
  }))
})
