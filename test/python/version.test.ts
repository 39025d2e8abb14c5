import { describe, expect, test } from '@jest/globals'
import { satisfies } from '@renovatebot/pep440'
import fc from 'fast-check'
import { admits, newestWithin, pinned } from '../../src/python/version.ts'
import { amount } from '../amount.ts'
import { expectLinear } from '../growth.ts'

test.each([
  ['==1.2', '1.2'],
  ['== 1.2', '1.2'],
  ['===1.2', '1.2'],
  ['===20240101-custom', '20240101-custom'],
  ['==2.0+cu118', '2.0+cu118'],
  ['==1.2,<2', '1.2'],
  ['>=1,==1.2', '1.2'],
  ['==1.2,<1', null],
  ['==1.2.*', null],
  ['>=1.2', null],
  ['~=1.2', null],
  ['', null],
  ['==${VERSION}', null],
])('%j pins %j', (specifier, version) => {
  expect(pinned(specifier)).toBe(version)
})

describe('admits', () => {
  test.each([
    ['==1.1.2', '<=1.2', 'all'],
    ['==1.2', '<=1.2', 'all'],
    ['==1.2.0', '<=1.2', 'all'],
    ['==1.2.2', '<=1.2', 'none'],
    ['<1.3', '<=1.2', 'some'],
    ['<=1.2', '<=1.2', 'all'],
    ['<1.2', '<=1.2', 'all'],
    ['>=20', '<=1.2', 'none'],
    ['>1.2', '<=1.2', 'none'],
    ['>=1.2', '<=1.2', 'some'],
    ['', '<=1.2', 'some'],
    ['', '', 'all'],
    ['!=1.2', '<=1.2', 'some'],
    ['!=1.2,>=1.2', '<=1.2', 'none'],
    ['~=1.2', '<2', 'all'],
    ['~=1.2.3', '<1.3', 'all'],
    ['~=1.2.3', '<1.2.9', 'some'],
    ['==20.*', '>=20', 'all'],
    ['==1.2.*', '<=1.2', 'some'],
    ['==1!1.0', '<=1.2', 'none'],
    ['==1.2.post1', '<=1.2', 'none'],
    ['==1.2.post1', '<1.3', 'all'],
    ['==1.2+local', '<=1.2', 'all'],
    ['===1.2', '<=1.2', 'all'],
    ['==1.3a1', '<=1.2', 'none'],
    ['>=1.2a1,<1.2', '<1.2', 'unknown'],
    ['>=1.2a1,<=1.2', '<1.2', 'none'],
    ['>=1.2,<1.2.1', '<=1.2', 'some'],
    ['>1.2,<1.2.post9', '<=1.2', 'unknown'],
    ['<1.0', '>=1.0', 'none'],
    ['>=1.2.dev0,<=1.2.post1', '<1.2.post2.dev0', 'all'],
  ])('of what %j admits, within %j is: %s', (specifier, bound, answer) => {
    expect(admits(specifier, bound)).toBe(answer)
  })

  test.each([
    ['what cannot be read', '==${VERSION}'],
    ['what is no version', '===20240101-custom'],
    ['what older pips took', '>=1.0.*'],
    ['what nothing fits', '>=2,<1'],
    ['what nothing is before', '<0'],
    ['two pins of builds', '==1.0+a,==1.0+b'],
    ['what pip releases read differently', '<1.0.post1'],
    ['what pip releases read differently', '>1.0a1'],
    ['a number too long to be exact', '>=10000000000000000.1'],
    ['more than fifty clauses', `>=1${',!=2'.repeat(50)}`],
  ])('%s (%j) is unknown', (_, specifier) => {
    expect(admits(specifier, '<=1.2')).toBe('unknown')
  })

  test('a bound that cannot be read is unknown', () => {
    expect(admits('==1.0', '=1')).toBe('unknown')
    expect(admits('==1.0', '==1.0+a')).toBe('unknown')
  })
})

test.each([
  ['', '>=19.8', true],
  ['', '<26', false],
  ['<25', '<26', true],
  ['<=26', '<26', false],
  ['==25.3', '>=19.8,<26', true],
  ['>=20,<0.112', '<0.112', null],
  ['<0.112', '>=0.111,<0.112', true],
  ['<0.111', '>=0.111,<0.112', false],
  ['!=27', '>=20', true],
  ['==${VERSION}', '>=20', null],
])('the newest that %j admits is within %j: %j', (specifier, bound, within) => {
  expect(newestWithin(specifier, bound)).toBe(within)
})

describe('against every version of a list', () => {
  const releases = ['0.9', '1.0', '1.0.1', '1.1', '1.1.2', '1.2', '1.2.3', '1.3', '2.0', '2.1', '3.0']
  const universe = [...releases, '0.0', '0.9.9', '1.2.4', '2.0.1', '2.9', '3.1', '1!7.0'].flatMap((release) =>
    [
      '.dev0',
      '.dev1',
      '.dev2',
      'a1.dev0',
      'a1',
      'a1.post1',
      'a2',
      'rc1',
      '',
      '.post0.dev0',
      '.post0',
      '.post1',
      '.post2',
      '.0.0.1',
    ].map((suffix) => release + suffix)
  )
  const release = fc.constantFrom(...releases)
  const suffixed = fc.tuple(release, fc.constantFrom('', '', 'a1', 'rc1', '.post1', '.dev1')).map((parts) => parts.join(''))
  // What `satisfies` takes less exactly is left out: `<` and `>` of epochs, of pre- and of post-releases, and wildcards that
  // are longer than a version.
  const clause = fc.oneof(
    fc.tuple(fc.constantFrom('<', '>', '~='), release).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom('<=', '>=', '==', '!='), suffixed).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom('==', '!='), fc.constantFrom('1.*', '1.2.*', '2.0.*', '0.*')).map((parts) => parts.join('')),
  )
  const specifiers = fc.array(clause, { maxLength: 3 }).map((clauses) => clauses.join(','))
  /** Which versions of the list a specifier takes. */
  const taken = new Map<string, boolean[]>()
  const takes = (specifier: string): boolean[] => {
    const clauses = specifier.split(',').map((text) => {
      const known = taken.get(text) ?? universe.map((version) => satisfies(version, text, { prereleases: true }))
      taken.set(text, known)
      return known
    })
    return universe.map((version, at) =>
      clauses.every((clause) => clause[at]) &&
      (/a|rc|dev/.test(specifier) || !/a|rc|dev/.test(version))
    )
  }

  test('all, some and none are what they say', () => {
    const seen = { all: 0, some: 0, none: 0, unknown: 0 }
    fc.assert(fc.property(specifiers, clause, (specifier, bound) => {
      const admitted = takes(specifier)
      const inBound = taken.get(bound) ?? (takes(bound), taken.get(bound)!)
      const within = inBound.filter((_, at) => admitted[at])
      const expected = within.length === 0 ? 'unknown' : within.every(Boolean) ? 'all' : within.some(Boolean) ? 'some' : 'none'
      seen[expected]++
      expect(admits(specifier, bound)).toBe(expected)
    }), { numRuns: amount(2000) })
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(amount(10))
  })

  test('what is pinned is the only version', () => {
    const pins = fc.property(specifiers, (specifier) => {
      const version = pinned(specifier)
      const single = /==[^*,]+(?:$|,)/.test(specifier) && takes(specifier).includes(true)
      return version === null ? !single : single && admits(specifier, `==${version}`) === 'all'
    })
    expect(fc.check(pins, { numRuns: amount(1000) }).counterexample).toBeNull()
  })
})

// No answer to the short ones is remembered either: blanks make them longer than what is kept.
test.each<[string, number, (size: number) => string]>([
  ['a version', 100_000, (size) => '1'.repeat(size)],
  ['a version of parts', 50_000, (size) => `==${'1.'.repeat(size)}1`],
  ['bounds', 5000, (size) => `>=1${',<2'.repeat(size)}`],
  ['holes', 49 * 64, (size) => `>0${Array.from({ length: size }, (_, at) => `,!=1.${at}`).join('')}`],
  ['the same hole', 50_000, (size) => `!=1${',!=2'.repeat(size)}`],
  ['a local version', 50_000, (size) => `==1+${'a.'.repeat(size)}`],
  ['operators', 50_000, (size) => '=='.repeat(size)],
])('a long specifier takes no more than it is longer: %s',
  (_, size, specifier) => expectLinear((length) => specifier(length) + ' '.repeat(200), (given) => admits(given, '<=1.2'), size))
