/** Policies that reviews are answered by, from nothing said to nonsense. */
import { workloadKinds } from '../../src/kubernetes/kinds.ts'
import { injectableSettings } from '../../src/policy/gunicorn-policy.ts'
import { Policies } from '../../src/policy/policies.ts'
import type { PolicyObject } from '../../src/policy/gunicorn-policy.ts'
import type { ExceptionObject } from '../../src/policy/gunicorn-exception.ts'
import type { PolicyFor } from '../../src/policy/governed.ts'
import { presetNames } from '../../src/policy/presets.ts'
import { rules } from '../../src/rules/index.ts'
import type { Random } from '../conformance/random.ts'
import { valuesOf } from '../conformance/setting-values.ts'
import type { Fields, Json } from './target.ts'

/** When it is, for the end of exceptions: the same in each run. */
export const now = Date.parse('2026-12-01T00:00:00Z')

const ids = rules.map(({ id }) => id)
const actions = ['Off', 'Audit', 'Warn', 'Fix', 'Deny']

/** The spec of a policy that changes little of a preset. */
export function calmSpec(random: Random): Fields {
  return {
    preset: random.pick(presetNames),
    ...(random.chance(0.2) ? { injection: 'Environment' } : {}),
    ...(random.chance(0.1) ? { rules: { 'unread-command': 'Deny' } } : {}),
    ...(random.chance(0.1) ? { workerFallback: 'gthread' } : {}),
    ...(random.chance(0.1) ? { port: { env: 'HTTP_PORT', fallback: 8080 } } : {}),
  }
}

/** The spec of a policy that the schema takes, whatever comes of it. */
export function wildSpec(random: Random): Fields {
  const some = <T>(share: number, make: () => T): T | undefined => (random.chance(share) ? make() : undefined)
  const fields: Record<string, Json | undefined> = {
    preset: some(0.7, () => random.pick(presetNames)),
    priority: some(0.1, () => random.below(2001) - 1000),
    match: some(0.1, () => ({ kinds: random.some(kinds, 1 + random.below(4)) })),
    injection: some(0.4, () => random.pick(['Command', 'Environment'])),
    defaults: some(0.5,
      () => Object.fromEntries(random.some(injectableSettings, 1 + random.below(5)).map((name) => [name, defaultOf(random, name)]))),
    port: some(0.2,
      () => ({ ...(random.chance(0.7) ? { env: random.pick(['PORT', 'HTTP_PORT', 'GUNICORN_CMD_ARGS', '_', 'WEB_CONCURRENCY']) } : {}),
        ...(random.chance(0.7) ? { fallback: random.pick([null, 1, 80, 8000, 65535]) } : {}) })),
    workerFallback: some(0.2, () => random.pick([null, 'gthread', 'sync', 'gevent', 'nope', 'a.b.C'])),
    dependencies: some(0.1, () => ({ images: random.pick(['Never', 'Always']) })),
    rules: some(0.8, () => Object.fromEntries(random.some(ids, random.below(12)).map((id) => [id, actionOf(random)]))),
    allow: some(0.2, () => random.some(ids, random.below(8))),
    onFault: some(0.2, () => random.pick(['Allow', 'Deny'])),
  }
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined))
}

const kinds = [...new Set(workloadKinds.map(({ kind }) => kind))]

const actionOf = (
  random: Random,
): Json => (random.chance(0.8) ? random.pick(actions)
  : { action: random.pick(actions), ...(random.chance(0.5) ? { otherwise: random.pick(['Off', 'Audit', 'Warn', 'Deny']) } : {}) })

function defaultOf(random: Random, name: string): Json {
  if (random.chance(0.1)) return null
  if (name === 'bind') return random.pick([':$PORT', ':8000', '127.0.0.1:$PORT', '0.0.0.0:80', '[::]:$PORT', 'unix:/run/x.sock'])
  if (random.chance(0.2)) return random.below(100)
  return random.pick(valuesOf(name, '', null))
}

export interface Governing {
  readonly policies: Policies
  readonly policyFor: PolicyFor
}

const known = new Map<string, Governing>()

/** Compiles policies and exceptions, given as their specs. What is known already is not compiled again. */
export function governing(specs: readonly Json[], exceptions: readonly Json[] = []): Governing {
  const key = JSON.stringify([specs, exceptions])
  const found = known.get(key)
  if (found) return found
  if (known.size > 200) known.clear()
  const head = (kind: string, index: number, namespace?: string): object => ({ apiVersion: 'paddock.dev/v1alpha1', kind,
    metadata: { name: `${kind.toLowerCase()}-${index}`, ...(namespace === undefined ? {} : { namespace }) } })
  const policies = new Policies(
    specs.map((spec, index) => ({ ...head('GunicornPolicy', index), spec }) as PolicyObject),
    exceptions.map((spec, index) => ({ ...head('GunicornException', index, 'shop'), spec }) as ExceptionObject),
  )
  const made = { policies, policyFor: (governed: Parameters<PolicyFor>[0]) => policies.for(governed, undefined, now) }
  known.set(key, made)
  return made
}
