/** A GunicornPolicy, as the engine uses it: complete, with everything resolved. */
import { rules } from '../rules/index.ts'
import type { Platform } from '../rules/rule.ts'

/** What is done about a finding. */
export type Action = 'Off' | 'Audit' | 'Warn' | 'Fix' | 'Deny'

export interface RulePolicy {
  readonly action: Action
  /** What is done where the action is Fix and the fix cannot mend it. */
  readonly otherwise: Exclude<Action, 'Fix'>
}

export interface Policy extends Platform {
  readonly name: string
  readonly rules: Readonly<Record<string, RulePolicy>>
  /** The rules that a workload may switch off for itself, by the annotation `paddock.dev/allow`. */
  readonly allow: ReadonlySet<string>
  /** What is done about a workload that Paddock fails on. */
  readonly onFault: 'Allow' | 'Deny'
}

/** A policy as it is written: what it leaves out, its preset says. */
export interface PolicySpec {
  readonly preset?: string
  readonly defaults?: Readonly<Record<string, string | number | null>>
  readonly port?: { readonly env?: string; readonly fallback?: number | null }
  readonly workerFallback?: string | null
  readonly rules?: Readonly<Record<string, Action | { readonly action: Action; readonly otherwise?: Exclude<Action, 'Fix'> }>>
  readonly allow?: readonly string[]
  readonly onFault?: 'Allow' | 'Deny'
}

/** Lays a written policy over the one that it starts from. A default of null is none. */
export function override(base: Policy, name: string, spec: PolicySpec): Policy {
  const merged = Object.entries({ ...base.defaults, ...spec.defaults }).filter((entry): entry is [string, string | number] => entry[1] !== null)
  const written = Object.entries(spec.rules ?? {}).map(([id, rule]): [string, RulePolicy] => [id, rulePolicy(rule)])
  return {
    name,
    defaults: Object.fromEntries(merged),
    port: { ...base.port, ...spec.port },
    workerFallback: spec.workerFallback === undefined ? base.workerFallback : spec.workerFallback,
    rules: { ...base.rules, ...Object.fromEntries(written) },
    allow: spec.allow ? new Set(spec.allow) : base.allow,
    onFault: spec.onFault ?? base.onFault,
  }
}

function rulePolicy(rule: NonNullable<PolicySpec['rules']>[string]): RulePolicy {
  return typeof rule === 'string' ? { action: rule, otherwise: 'Warn' } : { action: rule.action, otherwise: rule.otherwise ?? 'Warn' }
}

/** The policy that does nothing: what a preset is written over. */
export const nothing: Policy = {
  name: '',
  defaults: {},
  port: { env: 'PORT', fallback: null },
  workerFallback: null,
  rules: Object.fromEntries(rules.map(({ id }) => [id, { action: 'Off', otherwise: 'Off' }])),
  allow: new Set(),
  onFault: 'Allow',
}
