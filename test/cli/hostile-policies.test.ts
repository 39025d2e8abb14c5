/** Policies and exceptions with any value at any place: a clear message, status 2, and never an error of Paddock's own. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { run } from './in-memory.ts'

const policy = {
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornPolicy',
  metadata: { name: 'p', namespace: 'n', labels: { a: 'b' } },
  spec: {
    priority: 1,
    preset: 'kubernetes',
    injection: 'Command',
    enforcement: 'Enforce',
    port: { env: 'PORT', fallback: 8000 },
    allow: ['missing-bind'],
    match: { kinds: ['Pod'], namespaces: ['a'],
      namespaceSelector: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
      workloadSelector: { matchLabels: { a: 'b' } } },
    rules: { 'missing-bind': 'Warn' },
    defaults: { workers: 2, accesslog: '-' },
  },
}
const exception = {
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornException',
  metadata: { name: 'e', namespace: 'n' },
  spec: { workloads: [{ kind: 'Pod', name: 'w' }], rules: ['missing-bind'], reason: 'r', owner: 'o', expiry: '2027-01-31T00:00:00Z' },
}
const pod = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'w', namespace: 'n' },
  spec: { containers: [{ name: 'c', command: ['gunicorn', 'a:b'] }] } })

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const name = fc.oneof(
  fc.constantFrom('toString', 'valueOf', '__proto__', 'constructor', 'hasOwnProperty', 'length', 'name', 'kind', 'spec', 'items', 'message',
    '', '~/', 'a.b', '0', '\n'),
  fc.string({ maxLength: 4 }),
)
const anything: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, fc.constantFrom<Json>(null, true, 0, -1, 1e308, '', '\n', 'GunicornPolicy', 'Fix', {}, []),
    fc.string({ maxLength: 6 }), fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true })),
})).value

/** The paths of all values of a document. */
const paths = (value: unknown,
  at: readonly string[] = []): (readonly string[])[] => [at,
  ...(typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, member]) => paths(member, [...at, key])) : [])]

/** The document with another value at a path, or one more member there. */
function changed(document: unknown, path: readonly string[], value: Json, more: string | undefined): unknown {
  const [step, ...rest] = path
  if (step === undefined) {
    const isObject = typeof document === 'object' && document !== null && !Array.isArray(document)
    return more === undefined || !isObject ? value : Object.fromEntries([...Object.entries(document), [more, value]])
  }
  if (Array.isArray(document))
    return document.map((item, index) => (String(index) === step ? changed(item, rest, value, more) : item as unknown))
  return Object.fromEntries(
    Object.entries(document as object).map(([key, member]) => [key, key === step ? changed(member, rest, value, more) : member as unknown]),
  )
}

const documents = fc.constantFrom<object>(policy, exception).chain((document) =>
  fc.array(fc.tuple(fc.constantFrom(...paths(document)), anything, fc.option(name, { nil: undefined })), { minLength: 1, maxLength: 3 })
    .map((changes) =>
      changes.reduce<unknown>((left, [path, value, more]) => {
        try {
          return changed(left, path, value, more)
        } catch {
          // What it was to be put into is gone.
          return left
        }
      }, document)
    )
)

/** js-yaml’s own types are of no account here: JSON is YAML. */
const text = (several: readonly unknown[]): string => several.map((one) => JSON.stringify(one) ?? 'null').join('\n---\n')

describe.each([['policy', 'validate', 'p.yaml'], ['check', '--policy', 'p.yaml', 'a.yaml'], ['policy', 'explain', 'n/w', '--policy',
  'p.yaml', 'a.yaml'], ['policy', 'test', 't/paddock-test.yaml']])('%s %s', (...words) => {
    const suite =
      'apiVersion: paddock.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: t}\npolicies: [../p.yaml]\nmanifests: [../a.yaml]\nresults: [{workload: n/w, decision: Allow}]\n'
    const ends = async (input: string): Promise<void> => {
      const { status, out, err } = await run(words, { 'p.yaml': input, 'a.yaml': pod, 't/paddock-test.yaml': suite })
      expect([0, 1, 2]).toContain(status)
      expect(out + err).not.toMatch(/TypeError|RangeError|Cannot |is not a function|\[object|undefined/)
      if (status === 2) expect(err).toMatch(/^paddock: (?:p\.yaml(?::\d+:\d+|:\d+)?: |there is no workload)/)
    }

    test('whatever stands at any place', async () => {
      await fc.assert(fc.asyncProperty(fc.array(documents, { minLength: 1, maxLength: 2 }).map(text), ends), { numRuns: 300 })
    })

    test.each([
      ['a kind that is an object, twice', [{ kind: { toString: 1 } }, { kind: { toString: 1 } }]],
      ['an exception of a namespace that is an object', [{ ...exception, metadata: { name: 'e', namespace: { toString: 1 } } }]],
      ['one of two policies without a name that is a text', [policy, { ...policy, metadata: { name: { toString: 1 } } }, { ...policy,
        metadata: { name: { toString: 1 } } }]],
    ])('%s', async (_, several) => {
      await ends(text(several))
      expect((await run(words, { 'p.yaml': text(several), 'a.yaml': pod, 't/paddock-test.yaml': suite })).status).toBe(2)
    })
  })
