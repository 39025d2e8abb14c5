import { expect, test } from '@jest/globals'
import { Choices, governs, type Compiled } from '../../src/policy/choices.ts'
import type { Governed } from '../../src/policy/governed.ts'
import type { PolicySpec } from '../../src/policy/gunicorn-policy.ts'
import type { LabelSelector } from '../../src/kubernetes/labels.ts'
import { Policies, type ExceptionObject } from '../../src/policy/policies.ts'
import { Random } from '../conformance/random.ts'
import { amount } from '../amount.ts'

const kinds = ['Deployment', 'Job', 'Pod']
const names = ['app', 'team', 'kubernetes.io/metadata.name', 'toString', '__proto__']
const values = ['a', 'b', 'shop']

function labels(random: Random): Record<string, string> {
  return Object.fromEntries(random.some(names, random.below(4)).map((name) => [name, random.pick(values)]))
}

function selector(random: Random): LabelSelector {
  const operator = random.pick(['In', 'NotIn', 'Exists', 'DoesNotExist'] as const)
  return {
    ...(random.chance(0.7) ? { matchLabels: labels(random) } : {}),
    ...(random.chance(0.3)
      ? { matchExpressions: [{ key: random.pick(names), operator, ...(operator.endsWith('n') ? { values: [random.pick(values)] } : {}) }] }
      : {}),
  }
}

function policy(random: Random, index: number): Compiled {
  const kindsOf = random.chance(0.3) ? random.some(kinds, 1 + random.below(2)) : undefined
  const match = {
    ...(kindsOf ? { kinds: kindsOf } : {}),
    ...(random.chance(0.4) ? { workloadSelector: selector(random) } : {}),
    ...(random.chance(0.4) ? { namespaceSelector: selector(random) } : {}),
  }
  if (random.chance(0.1)) return { name: `p${index}`, spec: {}, kinds: undefined }
  return { name: `p${index}`, spec: { match } as PolicySpec, kinds: kindsOf && new Set(kindsOf) }
}

test('the policies of a workload are those that govern it, whatever was asked before', () => {
  const random = new Random(7)
  for (let set = 0; set < amount(100); set++) {
    const policies = Array.from({ length: random.below(12) }, (_, index) => policy(random, index))
    const choices = new Choices(policies)
    const namespaces = [undefined, labels(random), labels(random), {}]
    for (let time = 0; time < 60; time++) {
      const workload: Governed = { apiVersion: 'v1', kind: random.pick(kinds), namespace: random.pick(['', 'shop', 'a']), name: 'x',
        labels: labels(random), owners: [] }
      const known = random.pick(namespaces)
      const naive = policies.flatMap((one, index) => (governs(one, workload, known) === true ? `${index},` : [])).join('')
      expect(choices.of(workload, known)).toBe(naive)
    }
  }
})

test('of exceptions, those hold that name a workload or what made it', () => {
  const exception = (name: string, workload: { kind?: string; name: string }) =>
    ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornException', metadata: { name, namespace: 'shop' },
      spec: { workloads: [workload], rules: ['missing-bind'], reason: 'r' } }) satisfies ExceptionObject
  const policies = new Policies([{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'p' }, spec: {} }], [
    exception('z', { name: 'web' }),
    exception('b', { kind: 'Deployment', name: 'web' }),
    exception('a', { kind: 'Job', name: 'web' }),
    exception('c', { name: 'constructor' }),
  ])
  const by = (kind: string, name: string, owners: Governed['owners'] = []): string | undefined =>
    policies.for({ apiVersion: 'v1', kind, namespace: 'shop', name, labels: {}, owners }, {}, 0)?.exceptions.get('missing-bind')
  expect([by('Deployment', 'web'), by('Pod', 'web-1', [{ kind: 'ReplicaSet', name: 'web-7' }, { kind: 'Deployment', name: 'web' }]),
    by('Pod', 'web'), by('Pod', 'other'), by('Pod', 'constructor')]).toEqual(['b', 'b', 'z', undefined, 'c'])
})
