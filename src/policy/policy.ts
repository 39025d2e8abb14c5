/** A policy as the engine uses it: complete, with everything resolved. */
import { rules } from '../rules/index.ts'
import type { Action, Terms } from '../rules/rule.ts'
import type { PolicySpec } from './gunicorn-policy.ts'

export type { Action, PolicySpec }

export interface RulePolicy {
  readonly action: Action
  /** What is done where the action is Fix and the fix cannot mend it. */
  readonly otherwise: Exclude<Action, 'Fix'>
  /** The name of the GunicornPolicy, or of the preset, that says so. */
  readonly policy: string
}

export interface Policy extends Terms {
  /** Of several policies, the name of the one that goes first. */
  readonly name: string
  readonly rules: Readonly<Record<string, RulePolicy>>
  /** The rules that a workload may switch off for itself, by the annotation `paddock.dev/allow`. */
  readonly allow: ReadonlySet<string>
  /** The rules whose findings are let pass, with the name of the GunicornException that says so. */
  readonly exceptions: ReadonlyMap<string, string>
  /**
   * What is done on an update about what the stored object had already: it is told; it is mended, too; it is denied as if it were new.
   */
  readonly existing: 'Warn' | 'Fix' | 'Deny'
  /** What is done about a workload that Paddock fails on. */
  readonly onFault: 'Allow' | 'Deny'
  readonly dependencies: DependencyTerms
}

/** How it is found out what is installed in an image. */
export interface DependencyTerms {
  /** Whether images are looked into where a workload is admitted. */
  readonly images: 'Never' | 'Always'
  /** Milliseconds that an admission waits for an image. */
  readonly imageBudget: number
  /** The registries that are looked into: `registry.example.com:5000`, `*.example.com`, or `*` for every one. */
  readonly registries: readonly string[]
}

/** Lays a written policy over the one that it starts from. A default of null is none, and so is an address of nothing. */
export function override(base: Policy, name: string, spec: PolicySpec): Policy {
  const merged = Object.entries({ ...base.defaults, ...spec.defaults }).filter((entry): entry is [string, string | number] =>
    entry[1] !== null && !(entry[0] === 'bind' && entry[1] === '')
  )
  const written = Object.entries(spec.rules ?? {}).map(([id, rule]): [string, RulePolicy] => [id, { ...rulePolicy(rule), policy: name }])
  return {
    name,
    defaults: Object.fromEntries(merged),
    explicit: spec.explicit ?? base.explicit,
    port: { ...base.port, ...spec.port },
    injection: spec.injection ?? base.injection,
    workerFallback: spec.workerFallback === undefined ? base.workerFallback : spec.workerFallback,
    rules: { ...base.rules, ...Object.fromEntries(written) },
    allow: spec.allow ? new Set(spec.allow) : withoutDenied(base.allow, spec),
    exceptions: base.exceptions,
    existing: spec.existing ?? base.existing,
    onFault: spec.onFault ?? base.onFault,
    dependencies: { ...base.dependencies, ...spec.dependencies },
  }
}

/** Who lets workloads switch a rule off has not been asked about one that is raised to Deny. */
function withoutDenied(allow: ReadonlySet<string>, { rules: written = {} }: PolicySpec): ReadonlySet<string> {
  const denied = Object.entries(written).flatMap((
    [id, rule],
  ) => (Object.values(rulePolicy(rule)).includes('Deny') && allow.has(id) ? [id] : []))
  return denied.length === 0 ? allow : new Set([...allow].filter((id) => !denied.includes(id)))
}

/** A policy whose every word is said by the policy of another name. */
export function attributed(policy: Policy, name: string): Policy {
  return { ...policy, name, rules: Object.fromEntries(Object.entries(policy.rules).map(([id, rule]) => [id, { ...rule, policy: name }])) }
}

/** An action as it is meant. */
const actionOf = <T extends Action>(action: T | false): T | 'Off' => (action === false ? 'Off' : action)

function rulePolicy(rule: NonNullable<PolicySpec['rules']>[string]): Pick<RulePolicy, 'action' | 'otherwise'> {
  return typeof rule === 'object' ? { action: actionOf(rule.action), otherwise: actionOf(rule.otherwise ?? 'Warn') }
    : { action: actionOf(rule), otherwise: 'Warn' }
}

/** Whether what is found may be denied: at once, or where it cannot be mended. */
export const mayDeny = ({ action, otherwise }: { readonly action: Action; readonly otherwise: Action }): boolean =>
  action === 'Deny' || (action === 'Fix' && otherwise === 'Deny')

/** The policy that does nothing: what a preset is written over. */
export const nothing: Policy = {
  name: '',
  defaults: {},
  explicit: false,
  port: { env: 'PORT', fallback: null },
  injection: 'Command',
  workerFallback: null,
  rules: Object.fromEntries(rules.map(({ id }) => [id, { action: 'Off', otherwise: 'Off', policy: '' }])),
  allow: new Set(),
  exceptions: new Map(),
  existing: 'Warn',
  onFault: 'Allow',
  dependencies: { images: 'Never', imageBudget: 500, registries: ['*'] },
}
