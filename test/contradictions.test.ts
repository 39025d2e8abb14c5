/** Policies that say something against what they put in themselves. */
import { expect, test } from '@jest/globals'
import { policyContradictions } from '../src/contradictions.ts'
import type { PolicySpec } from '../src/policy/policies.ts'
import { presetNames, presetObject } from '../src/policy/presets.ts'

const told = (spec: PolicySpec): string[] =>
  policyContradictions({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'p' }, spec }).map(({ message }) =>
    message
  )

test.each(presetNames)('preset %s says nothing against itself', (name) => {
  const preset = presetObject(name)
  expect(preset && policyContradictions(preset)).toEqual([])
})

test.each<[string, PolicySpec, string[]]>([
  ['a default that is denied', { preset: 'blueking', defaults: { bind: ':8000' }, rules: { 'ignored-port': 'Deny' } }, [
    'spec.defaults.bind: Invalid value: ":8000": must not fall under ignored-port, which the policy denies: it is not put in',
  ]],
  ['where the platform tells no port but the container does', { preset: 'kubernetes', defaults: { bind: ':8000' },
    rules: { 'ignored-port': 'Deny' } }, [
    'spec.defaults.bind: Invalid value: ":8000": must not fall under ignored-port, which the policy denies: it is not put in',
  ]],
  ['one that is mended', { defaults: { bind: ':8000' }, rules: { 'ignored-port': 'Fix' } }, [
    'spec.defaults.bind: Invalid value: ":8000": must not fall under ignored-port, which the policy mends: it is put in, and mended in its turn',
  ]],
  ["a preset's default that is denied", { preset: 'cloud-run', rules: { 'disabled-timeout': 'Deny' } }, [
    'spec.rules.disabled-timeout: Invalid value: "Deny": must not deny by disabled-timeout what the policy itself puts in: `timeout` of 0',
  ]],
  ['in the newest release', { rules: { 'dropped-log-header': 'Deny' } }, [
    expect.stringMatching(
      /^spec\.rules\.dropped-log-header: Invalid value: "Deny": must not deny by dropped-log-header what the policy itself puts in: `access_log_format` of "\[%\(h\)s\]/,
    ) as unknown as string,
  ]],
  ['whom it governs does not matter', { match: { kinds: ['Job'] }, defaults: { bind: '127.0.0.1:8000' } }, [
    'spec.defaults.bind: Invalid value: "127.0.0.1:8000": must not fall under loopback-bind, which the policy denies: it is not put in',
  ]],
  ['and neither that it is not told', { defaults: { bind: '127.0.0.1:8000' },
    rules: { 'missing-bind': { action: 'Fix', otherwise: 'Off' } } }, [
    'spec.defaults.bind: Invalid value: "127.0.0.1:8000": must not fall under loopback-bind, which the policy denies: it is not put in',
  ]],
  ['two that only do together', { preset: 'kubernetes', defaults: { workers: 2, worker_class: 'gthread', threads: 4 },
    rules: { 'missing-workers': 'Fix', 'few-workers': 'Deny' } }, []],
  ['the heartbeat depends on the Pod', { rules: { 'heartbeat-on-disk': 'Fix' } }, []],
])('%s', (_, spec, expected) => {
  expect(told(spec)).toEqual(expected)
})
