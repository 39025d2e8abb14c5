/** The head of a review that is not read: what of it is kept, and that it is whole JSON wherever it ends. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { headOf } from '../../src/admission/outline.ts'

const reviewWith = (metadata: object): string =>
  JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { uid: 'u', operation: 'CREATE', object: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [{ name: 'web' }] },
  } } })

const metadataIn = (text: string): unknown =>
  (JSON.parse(headOf(Buffer.from(text))) as { request: { object: { metadata: unknown } } }).request.object.metadata

test('of annotations it has those of Paddock, wherever they stand among others', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('paddock.dev/allow', 'paddock.dev/gunicorn', 'paddock.dev', 'a"b', 'a\\'))
  fc.assert(
    fc.property(fc.dictionary(key, fc.string(), { noNullPrototype: true }),
      fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (annotations, labels) => {
      const own = Object.fromEntries(Object.entries(annotations).filter(([name]) => name.startsWith('paddock.dev/')))
      expect(metadataIn(reviewWith({ name: 'web', labels, annotations, ownerReferences: [] })))
        .toEqual({ name: 'web', labels, annotations: own, ownerReferences: [] })
    }),
  )
})

test('two lists of annotations, which JSON lets stand, are whole each', () => {
  const text = reviewWith({ a: 1 }).replace('"a":1',
    '"annotations":{"paddock.dev/a":"1","b":"2"},"annotations":{"c":"3","paddock.dev/d":"4"}')
  expect(metadataIn(text)).toEqual({ annotations: { 'paddock.dev/d': '4' } })
})

test('it is JSON wherever the bytes end', () => {
  const text = reviewWith({ name: 'web', annotations: { a: '{"b": [1]}', 'paddock.dev/allow': 'x', c: 'y' }, labels: { app: 'web' } })
  for (let end = text.indexOf('"object":{') + 10; end <= text.length; end++)
    expect(() => JSON.parse(headOf(Buffer.from(text.slice(0, end)))) as unknown).not.toThrow()
})
