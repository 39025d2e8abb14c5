import fc from 'fast-check'
import { describe, expect, test } from '@jest/globals'
import type { Labels } from '../../src/kubernetes/labels.ts'
import type { ExceptionObject } from '../../src/policy/gunicorn-exception.ts'
import type { PolicySpec } from '../../src/policy/gunicorn-policy.ts'
import type { Governed } from '../../src/policy/governed.ts'
import { Policies, type Decision, type PolicyObject } from '../../src/policy/policies.ts'
import { preset, presetNames } from '../../src/policy/presets.ts'
import { rules } from '../../src/rules/index.ts'

type Selector = NonNullable<NonNullable<PolicySpec['match']>['namespaceSelector']>

const now = Date.parse('2026-11-24T12:00:00Z')

const policy = (name: string, spec: PolicySpec): PolicyObject => ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy',
  metadata: { name }, spec })

const exception = (name: string, spec: Partial<ExceptionObject['spec']>, namespace = 'shop'): ExceptionObject => ({
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornException',
  metadata: { name, namespace },
  spec: { workloads: [{ name: 'checkout' }], rules: ['loopback-bind'], reason: 'for now', ...spec },
})

const deployment = (more: Partial<Governed> = {}): Governed => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'checkout',
  labels: { tier: 'web' },
  owners: [],
  ...more,
})

const actionOf = (policies: readonly PolicyObject[], rule: string, workload = deployment(), labels: Labels | undefined = {}):
  | string
  | undefined => {
  const decided = new Policies(policies).for(workload, labels, now)?.rules[rule]
  return decided && `${decided.action} by ${decided.policy}`
}

describe('who governs', () => {
  test.each<[string, PolicySpec['match'], boolean]>([
    ['no match', undefined, true],
    ['the kind', { kinds: ['Deployment', 'Job'] }, true],
    ['another kind', { kinds: ['Job'] }, false],
    ['labels of the namespace', { namespaceSelector: { matchLabels: { team: 'a' } } }, true],
    ['other labels of the namespace', { namespaceSelector: { matchLabels: { team: 'b' } } }, false],
    ['any namespace', { namespaceSelector: {} }, true],
    ['labels of the workload', { workloadSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'api'] }] } }, true],
    ['other labels of the workload', { workloadSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['web'] }] } },
      false],
    ['one that holds, one that does not', { kinds: ['Deployment'], namespaceSelector: { matchLabels: { team: 'b' } } }, false],
    ['all that is asked for', { kinds: ['Deployment'], namespaceSelector: { matchLabels: { team: 'a' } },
      workloadSelector: { matchLabels: { tier: 'web' } } }, true],
  ])('%s', (_, match, expected) => {
    const found = new Policies([policy('p', match ? { match } : {})]).for(deployment(), { team: 'a' }, now)
    expect(found?.name).toBe(expected ? 'p' : undefined)
  })

  test('no policies govern nothing', () => {
    expect(new Policies([]).for(deployment(), {}, now)).toBeUndefined()
  })

  test.each<[string, Selector, string]>([
    ['a label that is not known', { matchLabels: { team: 'a' } }, 'unknown'],
    ['a label that must not be there', { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }, 'unknown'],
    ['the name', { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }, 'yes'],
    ['another name, and a label that is not known', { matchLabels: { team: 'a', 'kubernetes.io/metadata.name': 'cart' } }, 'no'],
    ['the name, and a label that is not known', { matchLabels: { team: 'a', 'kubernetes.io/metadata.name': 'shop' } }, 'unknown'],
  ])('of a namespace whose labels are not known: %s', (_, namespaceSelector, expected) => {
    const policies = new Policies([policy('p', { match: { namespaceSelector } })])
    expect(policies.explain(deployment(), undefined, now).policies.map(({ governs }) => governs)).toEqual([expected])
    expect(policies.for(deployment(), undefined, now)?.name).toBe(expected === 'yes' ? 'p' : undefined)
    expect(policies.undecided(deployment())).toEqual(expected === 'unknown' ? ['p'] : [])
  })
})

describe('which policy goes first', () => {
  const selector = { matchLabels: { tier: 'web' } }
  test.each<[string, string, PolicyObject[]]>([
    ['the higher priority', 'b', [policy('a', { priority: 1 }), policy('b', { priority: 2 })]],
    ['a priority of 0 before one below it', 'b', [policy('a', { priority: -1 }), policy('b', {})]],
    ['priority before specificity', 'b', [policy('a', { match: { workloadSelector: selector } }), policy('b', { priority: 1 })]],
    ['a match before none', 'b', [policy('a', {}), policy('b', { match: { kinds: ['Deployment'] } })]],
    ['two fields before one', 'b', [policy('a', { match: { workloadSelector: selector } }),
      policy('b', { match: { kinds: ['Deployment'], namespaceSelector: {} } })]],
    ['workloads before namespaces', 'b', [policy('a', { match: { namespaceSelector: {} } }),
      policy('b', { match: { workloadSelector: selector } })]],
    ['namespaces before kinds', 'b', [policy('a', { match: { kinds: ['Deployment'] } }),
      policy('b', { match: { namespaceSelector: {} } })]],
    ['the name', 'a', [policy('b', {}), policy('a', {})]],
  ])('%s', (_, first, policies) => {
    const all = policies.map((one) => ({ ...one, spec: { ...one.spec, rules: { 'log-file': 'Audit' as const } } }))
    expect(actionOf(all, 'log-file')).toBe(`Audit by ${first}`)
    expect(new Policies(all).for(deployment(), {}, now)?.name).toBe(first)
  })

  test('each rule for itself', () => {
    const both = [policy('high', { priority: 2, rules: { 'log-file': 'Off' } }),
      policy('low', { rules: { 'log-file': 'Deny', 'few-workers': { action: 'Fix', otherwise: 'Deny' } } })]
    expect(actionOf(both, 'log-file')).toBe('Off by high')
    expect(actionOf(both, 'few-workers')).toBe('Fix by low')
    // What neither names is the default preset's, which the first one brings along.
    expect(actionOf(both, 'loopback-bind')).toBe('Deny by high')
  })

  test('the preset is that of the first policy that names one', () => {
    const both = [policy('high', { priority: 2 }), policy('middle', { priority: 1, preset: 'kubernetes' }),
      policy('low', { preset: 'blueking' })]
    expect(actionOf(both, 'missing-workers')).toBe('Off by middle')
    expect(new Policies(both).for(deployment(), {}, now)?.port.fallback).toBeNull()
  })

  test('defaults and the port, word by word', () => {
    const both = [policy('high', { priority: 2, defaults: { workers: null, timeout: 60 }, port: { env: 'HTTP_PORT' } }),
      policy('low', { defaults: { workers: 8, threads: 2 }, port: { fallback: 80 } })]
    const merged = new Policies(both).for(deployment(), {}, now)
    expect(merged?.defaults).toMatchObject({ timeout: 60, threads: 2, bind: ':$PORT' })
    expect(merged?.defaults).not.toHaveProperty('workers')
    expect(merged?.port).toEqual({ env: 'HTTP_PORT', fallback: 80 })
  })
})

describe('exceptions', () => {
  const policies = [policy('p', {})]
  const excepted = (exceptions: ExceptionObject[], workload = deployment(),
    at = now): unknown => [...(new Policies(policies, exceptions).for(workload, {}, at)?.exceptions ?? [])]

  test.each<[string, Partial<Governed>, boolean]>([
    ['the workload', {}, true],
    ['another one', { name: 'cart' }, false],
    ['another namespace', { namespace: 'bank' }, false],
    ['what its Deployment made', { kind: 'Pod', name: 'checkout-5d4f-x',
      owners: [{ kind: 'ReplicaSet', name: 'checkout-5d4f' }, { kind: 'Deployment', name: 'checkout' }] }, true],
    ['what another Deployment made', { kind: 'Pod', name: 'cart-5d4f-x',
      owners: [{ kind: 'ReplicaSet', name: 'cart-5d4f' }, { kind: 'Deployment', name: 'cart' }] }, false],
  ])('%s', (_, workload, holds) => {
    expect(excepted([exception('e', {})], deployment(workload))).toEqual(holds ? [['loopback-bind', 'e']] : [])
  })

  test('of one kind only', () => {
    expect(excepted([exception('e', { workloads: [{ kind: 'Job', name: 'checkout' }] })])).toEqual([])
  })

  test('until they end, and not a moment longer', () => {
    const ends = [exception('e', { expiry: '2026-11-24T13:00:00+01:00' })]
    expect(excepted(ends, deployment(), now - 1)).toEqual([['loopback-bind', 'e']])
    expect(excepted(ends, deployment(), now)).toEqual([])
    expect(new Policies(policies, ends).explain(deployment(), {}, now).exceptions).toMatchObject([{ name: 'e', holds: false }])
  })

  test('of several the first by name', () => {
    expect(excepted([exception('b', {}), exception('a', { rules: ['log-file', 'loopback-bind'] })])).toEqual([['log-file', 'a'], [
      'loopback-bind',
      'a',
    ]])
  })

  test('the explanation names them', () => {
    const { decisions } = new Policies(policies, [exception('e', {})]).explain(deployment(), {}, now)
    expect(decisions.filter((decision) => decision.exception !== undefined).map(({ field, exception: by }) => [field, by])).toEqual([[
      'rules.loopback-bind',
      'e',
    ]])
  })
})

describe('what is broken', () => {
  const broken = (spec: unknown): PolicyObject => policy('p', spec as PolicySpec)

  test.each<[string, unknown, string, (found: ReturnType<Policies['for']>) => unknown, unknown]>([
    ['a rule that there is not', { rules: { nope: 'Deny', 'log-file': 'Audit' } }, 'spec.rules.nope: Forbidden: ',
      (found) => found?.rules['log-file']?.action, 'Audit'],
    ['an action that there is not', { rules: { 'log-file': 'Refuse', 'few-workers': 'Deny' } },
      'spec.rules.log-file: Invalid value: "Refuse": ', (found) => [found?.rules['log-file']?.action, found?.rules['few-workers']?.action],
      ['Warn', 'Deny']],
    ['a default that there is not', { defaults: { worker: 3, timeout: 60 } }, 'spec.defaults.worker: Unsupported value: "worker": ',
      (found) => found?.defaults['timeout'], 60],
    ['two allowed rules that there are not', { allow: ['nope', 'log-file', 'neither'] }, 'spec.allow[0]: Unsupported value: "nope": ',
      (found) => [...(found?.allow ?? [])], ['log-file']],
    ['a preset that there is not', { preset: 'nope', rules: { 'log-file': 'Audit' } }, 'spec.preset: Unsupported value: "nope": ',
      (found) => found?.rules['log-file']?.action, 'Audit'],
    ['a port that is none', { port: { env: 'P', fallback: 70000 } }, 'spec.port.fallback: Invalid value: 70000: ', (found) => found?.port, {
      env: 'P',
      fallback: 5000,
    }],
    ['a match that is wrong', { match: { kinds: ['Nope'] } }, 'spec.match.kinds[0]: Unsupported value: "Nope": ', (found) => found,
      undefined],
    ['a priority out of bounds', { priority: 1001 }, 'spec.priority: Invalid value: 1001: must be between -1000 and 1000, inclusive',
      (found) => found, undefined],
    ['no spec', undefined, 'spec: Required value: must be set', (found) => found, undefined],
  ])('%s', (_, spec, message, look, expected) => {
    const policies = new Policies([broken(spec)])
    expect(policies.problems[0]).toMatchObject({ kind: 'GunicornPolicy', name: 'p', message: expect.stringContaining(message) })
    expect(look(policies.for(deployment(), {}, now))).toEqual(expected)
  })

  test.each<[string, unknown, string, readonly string[]]>([
    ['an end that is none', { expiry: 'tomorrow' }, 'spec.expiry: Invalid value: "tomorrow": must be a time as RFC 3339 writes it', []],
    ['no reason', { reason: ' ' }, 'spec.reason: Invalid value: " ": must say why', []],
    ['a rule that there is not', { rules: ['nope', 'log-file'] }, 'spec.rules[0]: Unsupported value: "nope": ', ['log-file']],
    ['no rules that there are', { rules: ['nope'] }, 'spec.rules[0]: Unsupported value: "nope": ', []],
  ])('an exception with %s', (_, spec, message, left) => {
    const policies = new Policies([policy('p', {})], [exception('e', spec as Partial<ExceptionObject['spec']>)])
    expect(policies.problems[0]).toMatchObject({ kind: 'GunicornException', namespace: 'shop', name: 'e',
      message: expect.stringContaining(message) })
    expect([...(policies.for(deployment(), {}, now)?.exceptions.keys() ?? [])]).toEqual(left)
  })

  test('it is not changed', () => {
    const object = broken({ rules: { nope: 'Deny' } })
    const before = structuredClone(object)
    new Policies([object])
    expect(object).toEqual(before)
  })
})

const ids = rules.map(({ id }) => id)
const action = fc.constantFrom('Off' as const, 'Audit' as const, 'Warn' as const, 'Fix' as const, 'Deny' as const)
const otherwise = fc.constantFrom('Off' as const, 'Audit' as const, 'Warn' as const, 'Deny' as const)
const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), { noNullPrototype: true })
const selector: fc.Arbitrary<Selector> = fc.oneof(
  fc.record({ matchLabels: labels }),
  fc.record({ matchExpressions: fc.array(fc.oneof(
    fc.record({ key: fc.constantFrom('a', 'b'), operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.array(fc.constantFrom('1', '2'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ key: fc.constantFrom('a', 'b'), operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  ), { maxLength: 2 }) }),
)
const match = fc.record({ kinds: fc.uniqueArray(fc.constantFrom('Deployment', 'Job'), { minLength: 1 }), namespaceSelector: selector,
  workloadSelector: selector }, { requiredKeys: [], noNullPrototype: true }).filter((one) => Object.keys(one).length > 0)
const spec = fc.record({
  preset: fc.constantFrom(...presetNames),
  priority: fc.integer({ min: -1, max: 1 }),
  match,
  defaults: fc.dictionary(fc.constantFrom('workers', 'timeout', 'threads'), fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(null)), {
    noNullPrototype: true,
  }),
  port: fc.record({ env: fc.constantFrom('PORT', 'HTTP_PORT'), fallback: fc.constantFrom(null, 80, 8000) }, { requiredKeys: [],
    noNullPrototype: true }),
  rules: fc.dictionary(fc.constantFrom(...ids), fc.oneof(action, fc.record({ action, otherwise }, { noNullPrototype: true })), {
    noNullPrototype: true,
    maxKeys: 5,
  }),
  allow: fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 3 }),
  existing: fc.constantFrom('Warn' as const, 'Fix' as const, 'Deny' as const),
  onFault: fc.constantFrom('Allow' as const, 'Deny' as const),
}, { requiredKeys: [], noNullPrototype: true })
const policySet = fc.uniqueArray(fc.tuple(fc.constantFrom('p', 'q', 'r', 's'), spec), { selector: ([name]) => name, maxLength: 4 })
  .map((some) => some.map(([name, written]) => policy(name, written as PolicySpec)))
const workload = fc.record({ kind: fc.constantFrom('Deployment', 'Job', 'Pod'), labels }, { noNullPrototype: true }).map(deployment)

describe('what workloads may switch off', () => {
  const allows = (...specs: PolicySpec[]) =>
    new Policies(specs.map((written, index) => policy(`p${index}`, { priority: -index, ...written }))).for(deployment(), {}, now)?.allow
      .has('short-timeout')
  test.each<[string, PolicySpec[], boolean]>([
    ['what the preset lists', [{}], true],
    ['not what the policy denies', [{ rules: { 'short-timeout': 'Deny' } }], false],
    ['not what it denies where it cannot be mended', [{ rules: { 'short-timeout': { action: 'Fix', otherwise: 'Deny' } } }], false],
    ['what it names itself', [{ rules: { 'short-timeout': 'Deny' }, allow: ['short-timeout'] }], true],
    ['what it makes milder', [{ rules: { 'short-timeout': 'Audit' } }], true],
    ['not what a policy denies over the list of another', [{ rules: { 'short-timeout': 'Deny' } }, { allow: ['short-timeout'] }], false],
    ['what a policy lists over the denial of another', [{ allow: ['short-timeout'] }, { rules: { 'short-timeout': 'Deny' } }], true],
    ['not what another denies', [{ rules: { 'few-workers': 'Deny' } }, { rules: { 'short-timeout': 'Deny' } }], false],
    ['not what another list leaves out', [{ allow: ['few-workers'] }, { allow: ['short-timeout'] }], false],
  ])('%s', (_case, specs, expected) => {
    expect(allows(...specs)).toBe(expected)
  })
})

describe('of any policies', () => {
  test('all that is generated is sound', () => {
    fc.assert(fc.property(policySet, (policies) => expect(new Policies(policies).problems).toEqual([])))
  })

  test('the order in which they come does not matter', () => {
    const shuffled = policySet.chain((policies) =>
      fc.tuple(fc.constant(policies), fc.shuffledSubarray(policies, { minLength: policies.length }))
    )
    fc.assert(fc.property(shuffled, workload, labels, ([policies, others], one, namespace) => {
      expect(new Policies(others).for(one, namespace, now)).toEqual(new Policies(policies).for(one, namespace, now))
      expect(new Policies(others).explain(one, namespace, now)).toEqual(new Policies(policies).explain(one, namespace, now))
    }))
  })

  test('what is remembered is what would be worked out', () => {
    fc.assert(fc.property(policySet, fc.array(fc.tuple(workload, labels), { minLength: 2, maxLength: 8 }), (policies, asked) => {
      const used = new Policies(policies)
      for (const [one, namespace] of [...asked, ...asked])
        expect(used.for(one, namespace, now)).toEqual(new Policies(policies).for(one, namespace, now))
    }))
  })

  test('a policy that does not govern changes nothing', () => {
    fc.assert(fc.property(policySet, workload, labels, (policies, one, namespace) => {
      const all = new Policies(policies)
      const governing = all.explain(one, namespace, now).policies.filter(({ governs }) => governs === 'yes').map(({ name }) => name)
      expect(new Policies(policies.filter(({ metadata }) => governing.includes(metadata.name))).for(one, namespace, now)).toEqual(
        all.for(one, namespace, now),
      )
    }))
  })

  test('the explanation says what holds, and the policy that it names says so', () => {
    fc.assert(fc.property(policySet, workload, labels, (policies, one, namespace) => {
      const all = new Policies(policies)
      const merged = all.for(one, namespace, now)
      const { decisions } = all.explain(one, namespace, now)
      if (!merged) return expect(decisions).toEqual([])
      for (const decision of decisions) {
        expect([decision.field, decision.value]).toEqual([decision.field, valueOf(merged, decision.field)])
        const by = policies.find(({ metadata }) => metadata.name === decision.policy)
        const named = decision.preset === undefined ? writtenValue(by?.spec ?? {}, decision.field) : presetValue(decision)
        // Of the rules that may be switched off, those are left out that somebody denies who does not name them.
        if (decision.field === 'allow') expect(named).toEqual(expect.arrayContaining(decision.value as string[]))
        else expect([decision.field, decision.policy, named]).toEqual([decision.field, decision.policy, decision.value])
        const id = /^rules\.(.*)/.exec(decision.field)?.[1]
        if (id !== undefined) expect(merged.rules[id]?.policy).toBe(decision.policy)
      }
    }))
  })
})

type Merged = NonNullable<ReturnType<Policies['for']>>

function valueOf(merged: Merged, field: string): unknown {
  const [first = '', second = ''] = field.split('.')
  if (first === 'rules') return merged.rules[second]?.action
  if (first === 'defaults') return merged.defaults[second] ?? null
  if (first === 'port') return merged.port[second as 'env' | 'fallback']
  if (first === 'dependencies') return merged.dependencies[second as keyof Merged['dependencies']]
  return first === 'allow' ? [...merged.allow] : merged[first as 'workerFallback' | 'existing' | 'onFault']
}

function writtenValue(written: PolicySpec, field: string): unknown {
  const [first = '', second = ''] = field.split('.')
  const value = (written as Record<string, unknown>)[first]
  const member = second === '' ? value : (value as Record<string, unknown> | undefined)?.[second]
  return first === 'rules' && typeof member === 'object' ? (member as { action: string }).action : member
}

const presetValue = ({ preset: name = '', field }: Decision): unknown => valueOf(preset(name) as Merged, field)
