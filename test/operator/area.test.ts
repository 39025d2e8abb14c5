import { describe, expect, test } from '@jest/globals'
import { affected, everything, governedKinds, heldFor, namespacesOf, type Area, type Standing } from '../../src/operator/area.ts'
import type { ExceptionObject, PolicyObject } from '../../src/policy/policies.ts'

const policy = (name: string, spec: PolicyObject['spec']): PolicyObject => ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy',
  metadata: { name }, spec })
const exception = (namespace: string, name: string, spec: Partial<ExceptionObject['spec']> = {}): ExceptionObject => ({
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornException',
  metadata: { name, namespace },
  spec: { workloads: [{ name: 'web' }], rules: ['loopback-bind'], reason: 'a test', ...spec },
})

const namespaces = { shop: { team: 'a' }, forum: { team: 'a' }, wiki: { team: 'b' } }
const standing = (policies: PolicyObject[] = [], exceptions: ExceptionObject[] = [],
  labels: Record<string, Record<string, string>> = namespaces): Standing => ({
    policies: new Map(policies.map((one) => [one.metadata.name, one])),
    exceptions: new Map(exceptions.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one])),
    namespaces: new Map(Object.entries(labels)),
  })

/** An area as it is for some kinds. */
const shown = (area: Area): Record<string, 'all' | string[]> =>
  Object.fromEntries(['Deployment', 'Job'].map((kind) => {
    const of = namespacesOf(area, kind)
    return [kind, of === 'all' ? 'all' : [...of].sort()]
  }))

const teamA = { namespaceSelector: { matchLabels: { team: 'a' } } }

describe('what is looked at again', () => {
  test('nothing, where nothing has changed', () => {
    const now = standing([policy('all', {})], [exception('shop', 'one')])
    expect(affected(now, structuredClone(now))).toEqual([])
    expect(affected(now, { ...now, policies: new Map([['all', { ...policy('all', {}), status: { observedGeneration: 3 } }]]) })).toEqual([])
  })

  test.each<[string, Standing, Standing, Record<string, 'all' | string[]>]>([
    ['a policy for all that is new', standing(), standing([policy('all', {})]), { Deployment: 'all', Job: 'all' }],
    ['one that is gone', standing([policy('jobs', { match: { kinds: ['Job'] } })]), standing(), { Deployment: [], Job: 'all' }],
    ['one that says something else', standing([policy('a', { match: teamA })]),
      standing([policy('a', { match: teamA, rules: { 'loopback-bind': 'Warn' } })]), { Deployment: ['forum', 'shop'],
      Job: ['forum', 'shop'] }],
    [
      'one that governs others than before',
      standing([policy('a', { match: { ...teamA, kinds: ['Job'] } })]),
      standing([policy('a', { match: { namespaceSelector: { matchLabels: { team: 'b' } }, kinds: ['Deployment'] } })]),
      { Deployment: ['wiki'], Job: ['forum', 'shop'] },
    ],
    ['an exception', standing(), standing([], [exception('shop', 'one')]), { Deployment: ['shop'], Job: ['shop'] }],
    ['an exception of kinds', standing([], [exception('shop', 'one', { workloads: [{ kind: 'Job', name: 'web' }] })]), standing(), {
      Deployment: [],
      Job: ['shop'],
    }],
    [
      'labels that a policy asks for',
      standing([policy('a', { match: { ...teamA, kinds: ['Job'] } })]),
      standing([policy('a', { match: { ...teamA, kinds: ['Job'] } })], [], { ...namespaces, wiki: { team: 'a' } }),
      { Deployment: [], Job: ['wiki'] },
    ],
    ['a namespace that is left out from now on', standing([policy('all', {})]),
      standing([policy('all', {})], [], { ...namespaces, wiki: { team: 'b', 'paddock.dev/admission': 'disabled' } }), {
      Deployment: ['wiki'],
      Job: ['wiki'],
    }],
  ])('%s', (_, before, after, want) => {
    expect(shown(affected(before, after))).toEqual(want)
  })

  test('nothing, for labels that no policy asks for, and for namespaces that come and go', () => {
    const policies = [policy('a', { match: teamA })]
    expect(affected(standing(policies), standing(policies, [], { shop: { team: 'a', colour: 'red' }, new: { team: 'a' } }))).toEqual([])
  })

  test('what is broken governs nobody', () => {
    const broken = { ...policy('a', {}), spec: { match: { namespaceSelector: 7 } } } as unknown as PolicyObject
    expect(affected(standing(), standing([broken]))).toEqual([])
    expect(heldFor({ ...exception('shop', 'one'), spec: {} } as unknown as ExceptionObject)).toEqual([])
  })

  test('the kinds that policies may govern', () => {
    const kinds = (...policies: PolicyObject[]): string[] => ['Deployment', 'Job', 'Pod'].filter(governedKinds(policies))
    expect(kinds()).toEqual([])
    expect(kinds(policy('a', { match: { kinds: ['Job'] } }), policy('b', { match: { kinds: ['Pod'] } }))).toEqual(['Job', 'Pod'])
    expect(kinds(policy('a', { match: { kinds: ['Job'] } }), policy('b', { match: teamA }))).toEqual(['Deployment', 'Job', 'Pod'])
    expect(kinds({ ...policy('a', {}), spec: { match: 7 } } as unknown as PolicyObject)).toEqual([])
  })

  test('everything', () => {
    expect(shown(everything)).toEqual({ Deployment: 'all', Job: 'all' })
  })
})
