import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { admissionReview } from '../../bench/review.ts'
import { cut } from '../../src/admission/cut.ts'
import { readReview } from '../../src/admission/review.ts'
import { allKinds } from '../e2e/workloads.ts'

/** A value without `managedFields`, which nothing reads. */
function reduced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reduced)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (name === 'managedFields' ? [] : [[name, reduced(member)]])))
}

test.each(['validate', 'mutate'] as const)(
  'of an update to %s, as an API server writes it, the stored object is taken out, and is there when asked for',
  (operation) => {
    const { request, ...rest } = admissionReview(operation) as { request: Record<string, unknown> }
    const options = { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'], fieldManager: 'kubectl' }
    const text = `${
      JSON.stringify({ ...rest, request: { ...request, operation: 'UPDATE', oldObject: request['object'], dryRun: true, options } })
    }\n`
    const parted = cut(text)
    expect(JSON.parse(parted.oldObject ?? '')).toEqual(request['object'])
    expect(reduced(JSON.parse(parted.text))).toEqual(
      reduced({ ...rest, request: { ...request, oldObject: undefined, operation: 'UPDATE', dryRun: true, options } }),
    )
    expect(reduced(readReview(text))).toEqual(reduced(JSON.parse(text)))
  },
)

test('a stored object that cannot be parsed is none', () => {
  const text =
    '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"UPDATE","object":{},"oldObject":{"a":x},"dryRun":false}}'
  expect(readReview(text).request.oldObject).toBeUndefined()
})

test('whatever stands in the objects, and in whatever order members come, a review reads as if the whole were parsed', () => {
  const words = ['oldObject', 'object', 'dryRun', 'options', 'spec', 'metadata', 'kind', '},"dryRun":false}}', ',"oldObject":{',
    ',"object":{', '\\"', '}', '{', 'x']
  const names = fc.constantFrom(...words)
  const values = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 5 }, names, fc.boolean(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('any'), { maxLength: 3 }),
    object: fc.uniqueArray(fc.tuple(names, tie('any')), { maxLength: 5, selector: ([name]) => name }).map((entries) =>
      Object.fromEntries(entries)
    ),
  }))
  // Mostly the order of an API server, so that there is something to take out; a list of members that may be missing or come elsewhere.
  const orders = fc.oneof({ weight: 3, arbitrary: fc.constant(['userInfo', 'object', 'oldObject', 'dryRun', 'options']) },
    fc.shuffledSubarray(['userInfo', 'object', 'oldObject', 'dryRun', 'options'], { minLength: 1 }))
  let cuts = 0
  fc.assert(
    fc.property(fc.constantFrom(...allKinds), orders, fc.array(values.object, { minLength: 4, maxLength: 4 }), fc.boolean(),
      (kind, order, [object, oldObject, options, extra], dryRun) => {
        const members: Record<string, unknown> = { object: { kind, ...(object as object) }, oldObject, options,
          userInfo: { username: 'ada', extra }, dryRun }
        const request = { uid: 'u', operation: 'DELETE', ...Object.fromEntries(order.map((name) => [name, members[name]])) }
        const text = JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request })
        if (cut(text).oldObject !== undefined) cuts++
        expect(reduced(readReview(text))).toEqual(reduced(JSON.parse(text)))
      }),
    { numRuns: 5000, seed: 1 },
  )
  expect(cuts).toBeGreaterThan(100)
})
