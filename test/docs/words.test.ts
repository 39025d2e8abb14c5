/** Who does what, first: words that put it last, or leave it open, stand neither in the documentation nor in a message. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parseSync, Visitor } from 'oxc-parser'

/** Each with what reads better. */
const unread: readonly (readonly [RegExp, string])[] = [
  [/\b(?:told|tells?) of\b/, 'reports, reported'],
  [/\b(?:comes?|came) to\b/, 'is, gives, reaches, does'],
  [/\bbe (?:they|it)\b/, 'whether it is, also'],
  [/\b(?:is|are|was|were|be) had\b/, 'there is, Paddock has, can be installed'],
  [/\bwhat of\b/i, 'which part of'],
  [/\bhangs? on\b/, 'depends on'],
]

const found = (text: string): string[] =>
  unread.flatMap((
    [word, better],
  ) => (word.test(text) ? [`"${word.exec(text)?.[0]}" (better: ${better}) in: ${text.trim().slice(0, 160)}`] : []))

/** Decisions are kept as they were written. */
const pages = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'charts/paddock/README.md',
  ...['docs', 'docs/rules'].flatMap((folder) =>
    readdirSync(folder).filter((name) => name.endsWith('.md')).map((name) => join(folder, name))
  ),
]

test.each(pages)('%s', (page) => {
  const paragraphs = readFileSync(page, 'utf8').split(/\n\s*\n|\n(?=[|-])/)
  expect(paragraphs.map((text) => text.replaceAll(/\s+/g, ' ')).flatMap(found)).toEqual([])
})

const sources = ['src', 'cmd'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name))
)

test('what the programs say', () => {
  const said = sources.flatMap((path) => {
    const texts: string[] = []
    new Visitor({
      Literal: ({ value }) => void (typeof value === 'string' && texts.push(value)),
      TemplateElement: ({ value }) => void texts.push(value.cooked ?? ''),
    }).visit(parseSync(path, readFileSync(path, 'utf8')).program)
    return texts.flatMap(found).map((problem) => `${path}: ${problem}`)
  })
  expect(said).toEqual([])
})
