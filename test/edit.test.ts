import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { applyPatch as applyIndependently, type Operation as IndependentOperation } from 'rfc6902'
import { editManifests } from '../src/yaml/edit-manifests.ts'
import { readManifests } from '../src/yaml/manifests.ts'
import { applies, applyEdits, applyPatch, jsonPatch, type Edit } from '../src/edit.ts'
import type { Operation } from '../src/kubernetes/review.ts'

/** A splice as its start, end and text. */
type Splice = readonly [start: number, end: number, text: string]

const edits = (splices: readonly Splice[]): Edit[] => splices.map(([start, end, text]) => ({ op: 'splice', path: ['a'], start, end, text }))

/** What splices make of a string: as an object, as a patch and in a file. */
function made(text: string, splices: readonly Splice[]): { object: unknown; patch: unknown; file: unknown } {
  const object = { a: text }
  const { text: file, refused } = editManifests(JSON.stringify(object), [{ document: 0, edits: edits(splices) }])
  expect(refused).toEqual([])
  const [manifest] = readManifests(file)
  return { object: applyEdits(object, edits(splices)), patch: jsonPatch(object, [edits(splices)]), file: manifest?.value }
}

describe('splices of one string', () => {
  test.each<[string, Splice[], string]>([
    ['in any order', [[4, 5, 'E'], [0, 1, 'A']], 'AbcdEf'],
    ['what is put in stands before what is replaced there', [[2, 3, 'C'], [2, 2, '+']], 'ab+Cdef'],
    ['what is put in at one place keeps its order', [[3, 3, '1'], [0, 0, '0'], [3, 3, '2']], '0abc12def'],
    ['one after the other', [[3, 6, ''], [0, 3, 'x']], 'x'],
    ['at the ends', [[6, 6, '>'], [0, 0, '<']], '<abcdef>'],
    ['units of UTF-16 count', [[0, 0, 'é']], 'éabcdef'],
  ])('%s', (_, splices, result) => {
    expect(made('abcdef', splices)).toEqual({ object: { a: result }, patch: [{ op: 'replace', path: '/a', value: result }],
      file: { a: result } })
  })

  test('come to the same in an object and in a file, in whatever order they are given', () => {
    const text = fc.string({ minLength: 12, maxLength: 12 })
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(text, cuts, fc.array(fc.string(), { minLength: 6, maxLength: 6 }), fc.boolean(), (whole, places, texts, reversed) => {
        const sorted = places.toSorted((a, b) => a - b)
        const splices = sorted.slice(0, -1).map((start,
          index): Splice => [start, index % 2 === 0 ? (sorted[index + 1] ?? start) : start, texts[index] ?? '']
        )
        // Told from the end on, which needs no order.
        let expected = whole
        for (const [start, end, piece] of splices.toReversed()) expected = expected.slice(0, start) + piece + expected.slice(end)
        const { object, file } = made(whole, reversed ? splices.toReversed() : splices)
        expect([object, file]).toEqual([{ a: expected }, { a: expected }])
      }),
    )
  })
})

test('elements are taken out of lists: of an object, by a patch, in a file', () => {
  const object = { list: ['a', 'b', 'c', 'd'] }
  const removals: Edit[] = [{ op: 'remove', path: ['list', 3] }, { op: 'remove', path: ['list', 1] }, { op: 'add', path: ['list', '-'],
    value: 'e' }]
  const left = { list: ['a', 'c', 'e'] }
  expect(applyEdits(object, removals)).toEqual(left)
  const patch = jsonPatch(object, [removals])
  expect(patch).toEqual([{ op: 'remove', path: '/list/3' }, { op: 'remove', path: '/list/1' }, { op: 'add', path: '/list/-', value: 'e' }])
  expect(applyPatch(object, patch)).toEqual(left)
  const { text, refused } = editManifests('list:\n- a\n- b # gone\n- c # stays\n- d\n', [{ document: 0, edits: removals }])
  expect([text, refused]).toEqual(['list:\n- a\n- c # stays\n- e\n', []])
})

describe('a patch applies', () => {
  const object = { a: { b: ['x', 'y'], 'c/d': 1, n: null } }
  test.each<[string, Operation, boolean]>([
    ['a member', { op: 'add', path: '/a/new', value: 1 }, true],
    ['a member of what there is not', { op: 'add', path: '/z/new', value: 1 }, false],
    ['a member of a text', { op: 'add', path: '/a/b/0/new', value: 1 }, false],
    ['a member of null', { op: 'add', path: '/a/n/new', value: 1 }, false],
    ['the end of a list', { op: 'add', path: '/a/b/-', value: 'z' }, true],
    ['the end of a list that there is not', { op: 'add', path: '/a/z/-', value: 'z' }, false],
    ['behind the end of a list', { op: 'add', path: '/a/b/2', value: 'z' }, true],
    ['further behind', { op: 'add', path: '/a/b/3', value: 'z' }, false],
    ['no number', { op: 'add', path: '/a/b/01', value: 'z' }, false],
    ['an element', { op: 'replace', path: '/a/b/1', value: 'z' }, true],
    ['an element that there is not', { op: 'replace', path: '/a/b/2', value: 'z' }, false],
    ['a member by its escaped name', { op: 'replace', path: '/a/c~1d', value: 2 }, true],
    ['a member that there is not', { op: 'replace', path: '/a/z', value: 2 }, false],
    ['what is inherited', { op: 'replace', path: '/a/constructor', value: 2 }, false],
    ['an element taken out', { op: 'remove', path: '/a/b/0' }, true],
    ['one that there is not', { op: 'remove', path: '/a/b/2' }, false],
    ['a member taken out', { op: 'remove', path: '/a/b' }, true],
    ['everything', { op: 'remove', path: '' }, false],
  ])('%s', (_what, operation, expected) => {
    expect(applies(object, [operation])).toBe(expected)
  })

  test('operations follow each other, and the object is left as it is', () => {
    const before = structuredClone(object)
    expect(
      applies(object, [{ op: 'add', path: '/a/l', value: [] }, { op: 'add', path: '/a/l/-', value: 1 }, { op: 'replace', path: '/a/l/0',
        value: 2 }, { op: 'remove', path: '/a/l/0' }]),
    ).toBe(true)
    expect(applies(object, [{ op: 'remove', path: '/a/b/0' }, { op: 'remove', path: '/a/b/1' }])).toBe(false)
    expect(object).toEqual(before)
  })
})

test('a patch applies where each of its operations applies to what those before it leave', () => {
  const object = { a: { b: ['x', 'y', { c: ['z'] }], 'd/e': 1, n: null } }
  const path = fc.constantFrom('', '/a', '/a/b', '/a/b/-', '/a/b/0', '/a/b/1', '/a/b/2', '/a/b/3', '/a/b/01', '/a/b/2/c', '/a/b/2/c/-',
    '/a/b/2/c/0', '/a/d~1e', '/a/n', '/a/n/m', '/a/f', '/a/f/-', '/a/f/g', '/z')
  const before = structuredClone(object)
  const value = fc.constantFrom<unknown[]>('text', 1, null, [], {}, { g: ['h'] }, ['i'])
  const operation = fc.oneof(
    fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value }),
    fc.record({ op: fc.constant('remove' as const), path }),
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 5 }), (operations: Operation[]) => {
      let current: unknown = object
      const expected = operations.every((one) => {
        if (!applies(current, [one])) return false
        current = applyPatch(structuredClone(current), [structuredClone(one)])
        return true
      })
      expect(applies(object, operations)).toBe(expected)
      if (!expected) return
      const independent = structuredClone(object)
      expect(applyIndependently(independent, JSON.parse(JSON.stringify(operations)) as IndependentOperation[])).toEqual(
        operations.map(() => null),
      )
      expect(applyPatch(object, operations)).toEqual(independent)
      expect(object).toEqual(before)
    }),
    { numRuns: 2000 },
  )
})
