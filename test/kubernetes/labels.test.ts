import fc from 'fast-check'
import { describe, expect, test } from '@jest/globals'
import { selects, selectsKnown, type LabelSelector, type Labels } from '../../src/kubernetes/labels.ts'

/** The table of the documentation: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
describe('a selector', () => {
  const labels = { tier: 'web', env: '' }
  test.each<[string, LabelSelector, boolean]>([
    ['of nothing selects everything', {}, true],
    ['of an equal label', { matchLabels: { tier: 'web' } }, true],
    ['of another value', { matchLabels: { tier: 'db' } }, false],
    ['of a label that is not there', { matchLabels: { team: 'a' } }, false],
    ['of an empty value', { matchLabels: { env: '' } }, true],
    ['of a name that every object has', { matchLabels: { toString: 'x' } }, false],
    ['In', { matchExpressions: [{ key: 'tier', operator: 'In', values: ['db', 'web'] }] }, true],
    ['In, of a label that is not there', { matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }] }, false],
    ['NotIn', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['web'] }] }, false],
    ['NotIn, of a label that is not there', { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] }, true],
    ['Exists', { matchExpressions: [{ key: 'env', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] }, false],
    ['of all that it asks for', { matchLabels: { tier: 'web' }, matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }, true],
    ['of one that does not hold', { matchLabels: { tier: 'web' }, matchExpressions: [{ key: 'team', operator: 'Exists' }] }, false],
  ])('%s', (_, selector, expected) => {
    expect(selects(selector, labels)).toBe(expected)
  })
})

const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c')
const values = fc.array(fc.constantFrom('1', '2'), { minLength: 1, maxLength: 2 })
const labels: fc.Arbitrary<Labels> = fc.dictionary(key, fc.constantFrom('1', '2'), { noNullPrototype: true })
const requirement = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
)
const selector: fc.Arbitrary<LabelSelector> = fc.record({ matchLabels: labels, matchExpressions: fc.array(requirement, { maxLength: 3 }) })

test('what is known of some labels is true of all that they can be part of', () => {
  fc.assert(fc.property(selector, labels, fc.array(key), (asked, all, hidden) => {
    const known = Object.fromEntries(Object.entries(all).filter(([name]) => !hidden.includes(name)))
    const verdict = selectsKnown(asked, known, false)
    if (verdict !== undefined) expect(verdict).toBe(selects(asked, all))
  }))
})
