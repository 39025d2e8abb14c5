import { describe, expect } from '@jest/globals'
import type { Action } from '../../src/policy/policy.ts'
import { preset, presetNames } from '../../src/policy/presets.ts'
import { everything, ofKind, render, withHelm, type KubernetesObject } from './render.ts'

type Rules = Readonly<Record<string, Action>>

/** The rules of each of these policies, by its name. */
function rulesOf(policies: Readonly<Record<string, object>>): Readonly<Record<string, Rules>> {
  const objects = ofKind(render({ policies: { default: null, ...policies } }), 'GunicornPolicy')
  return Object.fromEntries(objects.map(({ metadata, spec }) => [metadata.name, (spec as { rules: Rules }).rules]))
}

/** What each action of a preset becomes. */
const becomes: Readonly<Record<string, Readonly<Record<Action, Action>>>> = {
  Audit: { Off: 'Off', Audit: 'Audit', Warn: 'Audit', Fix: 'Audit', Deny: 'Audit' },
  Warn: { Off: 'Off', Audit: 'Audit', Warn: 'Warn', Fix: 'Warn', Deny: 'Warn' },
  Fix: { Off: 'Off', Audit: 'Audit', Warn: 'Warn', Fix: 'Fix', Deny: 'Warn' },
  Deny: { Off: 'Off', Audit: 'Audit', Warn: 'Warn', Fix: 'Fix', Deny: 'Deny' },
}

describe.each(Object.entries(becomes))('enforcement: %s', (enforcement, lowered) => {
  withHelm('lowers what is stronger, of every preset and every rule', () => {
    const found = rulesOf(Object.fromEntries(presetNames.map((name) => [name, { enforcement, spec: { preset: name } }])))
    for (const name of presetNames) {
      const rules = Object.entries(preset(name)?.rules ?? {})
      expect(found[name]).toEqual(Object.fromEntries(rules.map(([id, { action }]) => [id, lowered[action]])))
    }
  })
})

withHelm('a first installation warns, and neither fixes nor denies', () => {
  const [policy, ...others] = ofKind(render(), 'GunicornPolicy')
  expect(others).toEqual([])
  expect(policy?.metadata.name).toBe('default')
  const { rules, priority } = (policy as KubernetesObject)['spec'] as { rules: Readonly<Record<string, Action>>; priority: number }
  expect(new Set(Object.values(rules))).toEqual(new Set(['Audit', 'Warn']))
  expect(priority).toBe(-100)
})

withHelm('a rule that is named does what it says', () => {
  const { shop } = rulesOf({ shop: { enforcement: 'Warn', spec: { rules: { 'loopback-bind': 'Deny', 'few-workers': 'Off' } } } })
  expect(shop).toMatchObject({ 'loopback-bind': 'Deny', 'few-workers': 'Off', 'unknown-setting': 'Warn' })
})

withHelm('a rule may say what becomes of what cannot be mended', () => {
  const rule = { action: 'Fix', otherwise: 'Deny' }
  const { shop } = rulesOf({ shop: { enforcement: 'Warn', spec: { rules: { 'log-file': rule } } } })
  expect(shop).toMatchObject({ 'log-file': rule, 'missing-bind': 'Warn' })
})

withHelm('a rule that there is not, and what is no action, are refused', () => {
  expect(() => render({ policies: { default: { spec: { rules: { 'few-worker': 'Warn' } } } } })).toThrow(
    "invalid propertyName 'few-worker'",
  )
  expect(() => render({ policies: { default: { spec: { rules: { 'few-workers': true } } } } })).toThrow(
    "'/policies/default/spec/rules/few-workers'",
  )
})

withHelm('an Off that YAML takes for false is Off, also where a policy is enforced to less', () => {
  for (const enforcement of [undefined, 'Warn']) {
    const [policy] = ofKind(
      render({ policies: { default: { ...(enforcement ? { enforcement } : {}), spec: { rules: { 'few-workers': false } } } } }),
      'GunicornPolicy',
    )
    expect(policy?.['spec']).toMatchObject({ rules: { 'few-workers': 'Off' } })
  }
})

withHelm('without enforcement, a policy is what it says', () => {
  const plain = ofKind(render(everything), 'GunicornPolicy').find(({ metadata }) => metadata.name === 'plain')
  expect(plain?.['spec']).toEqual({ preset: 'blueking', rules: { 'few-workers': 'Off' } })
})

withHelm('the default policy can be left out', () => {
  expect(ofKind(render({ policies: { default: null } }), 'GunicornPolicy')).toEqual([])
})
