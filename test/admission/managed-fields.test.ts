import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { admissionReview } from '../../bench/review.ts'
import { managedFieldsIn } from '../../src/admission/managed-fields.ts'
import { allKinds } from '../e2e/workloads.ts'

/** A text without them, where they can be told. */
function withoutManagedFields(text: string): string {
  const found = managedFieldsIn(text, text.indexOf('"object":{"kind":"'), text.length)
  return found ? text.slice(0, found.start) + text.slice(found.end) : text
}

/** A value without members of that name, wherever they stand: nothing reads one. */
function reduced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reduced)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (name === 'managedFields' ? [] : [[name, reduced(member)]])))
}

test('of what the API server sends, they are left out, and nothing else is', () => {
  for (const operation of ['validate', 'mutate'] as const) {
    const text = JSON.stringify(admissionReview(operation))
    const cut = withoutManagedFields(text)
    expect(cut.length).toBeLessThan(text.length - 1000)
    const { metadata } = (JSON.parse(cut) as { request: { object: { metadata: object } } }).request.object
    expect(metadata).not.toHaveProperty('managedFields')
    expect(reduced(JSON.parse(cut))).toEqual(reduced(JSON.parse(text)))
  }
})

test('whatever stands in an object, in whatever order, nothing else is left out', () => {
  const words = ['managedFields', 'spec', 'metadata', 'kind', 'apiVersion', 'ownerReferences', 'template', 'object', 'f:spec',
    'k:{"a":[1]}', '}]},"spec":', ',"managedFields":[{', ']', '[', '\\"', 'x']
  const names = fc.constantFrom(...words)
  const values = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 5 }, names, fc.integer(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('any'), { maxLength: 4 }),
    object: fc.uniqueArray(fc.tuple(names, tie('any')), { maxLength: 6, selector: ([name]) => name }).map((entries) =>
      Object.fromEntries(entries)
    ),
  }))
  const metadata = fc.uniqueArray(fc.tuple(names, values.any), { maxLength: 6, selector: ([name]) => name })
  const lists = fc.array(values.object, { minLength: 1, maxLength: 3 })
  let cuts = 0
  fc.assert(
    fc.property(fc.constantFrom(...allKinds), metadata, lists, values.any, fc.boolean(), (kind, members, managedFields, spec, isTyped) => {
      const head = isTyped ? { kind, apiVersion: 'v1' } : { apiVersion: 'v1', kind }
      const object = { ...head, metadata: { ...Object.fromEntries(members), managedFields }, spec }
      const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1',
        request: { uid: 'u', object, oldObject: object, options: members } }
      const text = JSON.stringify(review)
      const cut = withoutManagedFields(text)
      if (cut === text) return
      cuts++
      expect(reduced(JSON.parse(cut))).toEqual(reduced(review))
    }),
    { numRuns: 5000, seed: 1 },
  )
  expect(cuts).toBeGreaterThan(100)
})
