/** Several GunicornPolicies and GunicornExceptions → the policy of a workload. Pure. */
import { selectsKnown, type Labels } from '../kubernetes/labels.ts'
import type { Action } from '../rules/rule.ts'
import { Choices, governs, selectsNamespace, type Compiled } from './choices.ts'
import { Exceptions, type HeldException } from './exceptions.ts'
import type { Governed } from './governed.ts'
import type { ExceptionObject } from './gunicorn-exception.ts'
import type { PolicyObject, PolicySpec } from './gunicorn-policy.ts'
import { isReviewedAsOwner } from './made.ts'
import { attributed, nothing, override, type Policy } from './policy.ts'
import { defaultPreset, preset, presetObject } from './presets.ts'
import { soundPolicy, type PolicyProblem } from './sound.ts'

export type { ExceptionObject, Governed, PolicyObject, PolicyProblem, PolicySpec }

/** Who said what. */
export interface Decision {
  /** `rules.missing-bind`, `defaults.workers`, `port.env`, `allow`, … */
  readonly field: string
  readonly value: unknown
  /** For a rule: what is done where the action is Fix and the fix cannot mend it. */
  readonly otherwise?: Exclude<Action, 'Fix'>
  /** The GunicornPolicy that says so. */
  readonly policy: string
  /** The preset by which it says so; undefined where it says so itself. */
  readonly preset: string | undefined
  /** The exception that lets the rule's findings pass. */
  readonly exception?: string
}

/** What a policy says of a workload, and why. */
export interface Standing {
  readonly name: string
  readonly priority: number
  /** Unknown where it depends on labels of the namespace that are not known: such a policy does not govern. */
  readonly governs: 'yes' | 'no' | 'unknown'
  /** What its match says: `its kinds are Deployment, Job`. */
  readonly why: string
}

export interface Explanation {
  /** All policies, those that go first in front. */
  readonly policies: readonly Standing[]
  /** The exceptions of the workload, those that have ended too. */
  readonly exceptions: readonly HeldException[]
  /** Empty where nothing governs it. */
  readonly decisions: readonly Decision[]
}

export class Policies {
  /** What is wrong with them; the rest holds. */
  readonly problems: readonly PolicyProblem[]
  /** Those that go first in front. */
  readonly #policies: readonly Compiled[]
  readonly #choices: Choices
  readonly #exceptions: Exceptions
  /** What several policies come to, by which ones they are. */
  readonly #merged = new Map<string, Policy>()

  constructor(policies: readonly PolicyObject[], exceptions: readonly ExceptionObject[] = []) {
    const sound = policies.map(soundPolicy)
    this.#exceptions = new Exceptions(exceptions)
    this.problems = [...sound.flatMap(({ problems }) => problems), ...this.#exceptions.problems]
    this.#policies = sound
      .flatMap(({ policy }) => policy ?? [])
      .map(({ metadata, spec }) => ({ name: metadata.name, spec, kinds: spec.match?.kinds && new Set(spec.match.kinds) }))
      .sort(before)
    this.#choices = new Choices(this.#policies)
  }

  /** True where some policy asks for the labels of namespaces. */
  get needsNamespaces(): boolean {
    return this.#policies.some(({ spec }) => spec.match?.namespaceSelector !== undefined)
  }

  /** True where some policy has images looked into. */
  get needsImages(): boolean {
    return this.#policies.some(({ spec }) => spec.dependencies?.images === 'Always')
  }

  /**
   * The policy of a workload; undefined where none governs it. `namespaceLabels` undefined: they are not known, and a policy
   * that depends on them does not govern. `now`: milliseconds since 1970, for the end of exceptions. Cheap: what several
   * policies come to is worked out once for each set of them.
   */
  for(workload: Governed, namespaceLabels: Labels | undefined, now: number): Policy | undefined {
    const { kind, madeOf } = workload
    const key = this.#choices.of(workload, namespaceLabels)
    if (key === '') return undefined
    const asked = madeOf === undefined ? key : `${key}${kind} of ${madeOf}`
    let policy = this.#merged.get(asked)
    if (!policy) {
      const governing = this.#policies.filter((one) => governs(one, workload, namespaceLabels) === true)
      policy = madeOf === undefined ? merge(governing) : withoutReviewed(merge(governing), governing, kind, madeOf)
      this.#merged.set(asked, policy)
    }
    const exceptions = this.#exceptions.for(workload, now)
    return exceptions.size === 0 ? policy : { ...policy, exceptions }
  }

  /** The same object as long as `for` has the same policy for each workload, if the labels of its namespace are the same. */
  stateAt(now: number): object {
    return this.#exceptions.stateAt(now)
  }

  /** The names of the policies that would govern a workload if the labels of its namespace, which are not known, were such. */
  undecided(workload: Governed): readonly string[] {
    return this.#policies.filter((policy) => governs(policy, workload, undefined) === undefined).map(({ name }) => name)
  }

  /** What each policy says of a workload, and why. */
  explain(workload: Governed, namespaceLabels: Labels | undefined, now: number): Explanation {
    const policies = this.#policies.map((policy) => standing(policy, workload, namespaceLabels))
    const governing = this.#policies.filter((_, index) => policies[index]?.governs === 'yes')
    const policy = this.for(workload, namespaceLabels, now)
    return { policies, exceptions: this.#exceptions.all(workload, now), decisions: policy ? decisions(policy, governing) : [] }
  }
}

/** Orders policies: the one that goes first is less. */
function before(a: Compiled, b: Compiled): number {
  const byPriority = (b.spec.priority ?? 0) - (a.spec.priority ?? 0)
  if (byPriority !== 0) return byPriority
  const bySpecificity = specificity(b.spec) - specificity(a.spec)
  if (bySpecificity !== 0) return bySpecificity
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** The more of the three a match names; of as many, a selector of workloads before one of namespaces before kinds. */
function specificity({ match = {} }: PolicySpec): number {
  return 8 * Object.keys(match).length + (match.workloadSelector ? 4 : 0) + (match.namespaceSelector ? 2 : 0) + (match.kinds ? 1 : 0)
}

/** The first that names a word has it; what none names, the preset says that the first to name one starts from. */
function merge(governing: readonly Compiled[]): Policy {
  const [first] = governing
  const starting = startingFrom(governing)
  const base = attributed(preset(starting.preset) ?? nothing, starting.policy)
  const merged = governing.toReversed().reduce((policy, { name, spec }) => override(policy, name, spec), base)
  return { ...merged, name: first?.name ?? '' }
}

/** The policy of what a controller makes: a policy that has judged what it is made of has nothing more to say. */
function withoutReviewed(policy: Policy, governing: readonly Compiled[], makes: string, outOf: string): Policy {
  const judged = new Set(governing.filter(({ spec }) => isReviewedAsOwner(spec.match, makes, outOf)).map(({ name }) => name))
  const rules = Object.entries(policy.rules).map(([id, rule]) =>
    [id, judged.has(rule.policy) ? { ...rule, action: 'Off' as const } : rule] as const
  )
  return { ...policy, rules: Object.fromEntries(rules) }
}

function startingFrom(governing: readonly Compiled[]): { policy: string; preset: string } {
  const naming = governing.find(({ spec }) => spec.preset !== undefined)
  return { policy: naming?.name ?? governing[0]?.name ?? '', preset: naming?.spec.preset ?? defaultPreset }
}

function standing(policy: Compiled, workload: Governed, namespaceLabels: Labels | undefined): Standing {
  const { name, spec } = policy
  const verdict = governs(policy, workload, namespaceLabels)
  const governing = verdict === undefined ? 'unknown' : verdict ? 'yes' : 'no'
  return { name, priority: spec.priority ?? 0, governs: governing, why: why(policy, workload, namespaceLabels) }
}

/** The part of the match that decides. */
function why({ spec, kinds }: Compiled, workload: Governed, namespaceLabels: Labels | undefined): string {
  const { match } = spec
  if (!match) return 'it has no match, and governs every workload'
  if (kinds && !kinds.has(workload.kind)) return `its kinds are ${[...kinds].join(', ')}`
  if (match.workloadSelector && selectsKnown(match.workloadSelector, workload.labels, true) !== true)
    return 'its workloadSelector does not select the labels of the workload'
  const selected = match.namespaceSelector && selectsNamespace(match.namespaceSelector, workload, namespaceLabels)
  if (selected === false) return 'its namespaceSelector does not select the namespace'
  if (match.namespaceSelector && selected === undefined)
    return 'its namespaceSelector asks for labels of the namespace, which are not known'
  return `its ${Object.keys(match).sort().join(' and ')} ${Object.keys(match).length === 1 ? 'does' : 'do'} match`
}

/** Each word of a policy with who says it. */
function decisions(policy: Policy, governing: readonly Compiled[]): Decision[] {
  const starting = startingFrom(governing)
  const said = (says: (spec: PolicySpec) => unknown): Pick<Decision, 'policy' | 'preset'> => {
    const by = governing.find(({ spec }) => says(spec) !== undefined)
    return by ? { policy: by.name, preset: undefined } : starting
  }
  const rules = Object.entries(policy.rules).map(([id, { action, otherwise }]): Decision => {
    const exception = policy.exceptions.get(id)
    return {
      field: `rules.${id}`,
      value: action,
      ...(action === 'Fix' ? { otherwise } : {}),
      ...said(({ rules: written }) => written?.[id]),
      ...(exception === undefined ? {} : { exception }),
    }
  })
  // A default that is taken away is no default, but somebody's word.
  const names = new Set([...governing.flatMap(({ spec }) => Object.keys(spec.defaults ?? {})), ...Object.keys(policy.defaults),
    ...Object.keys(presetObject(starting.preset)?.spec.defaults ?? {})])
  const defaults = [...names].sort().map((name): Decision => ({ field: `defaults.${name}`, value: policy.defaults[name] ?? null,
    ...said((spec) => spec.defaults?.[name]) })
  )
  return [
    ...rules,
    ...defaults,
    { field: 'port.env', value: policy.port.env, ...said(({ port }) => port?.env) },
    { field: 'port.fallback', value: policy.port.fallback, ...said(({ port }) => port?.fallback) },
    { field: 'injection', value: policy.injection, ...said(({ injection }) => injection) },
    { field: 'explicit', value: policy.explicit, ...said(({ explicit }) => explicit) },
    { field: 'workerFallback', value: policy.workerFallback, ...said((spec) => spec.workerFallback) },
    // The list is its author's, be there rules that others have raised to Deny, which are not on it any more.
    { field: 'allow', value: [...policy.allow], ...said(({ allow }) => allow) },
    { field: 'existing', value: policy.existing, ...said(({ existing }) => existing) },
    { field: 'onFault', value: policy.onFault, ...said(({ onFault }) => onFault) },
    { field: 'dependencies.images', value: policy.dependencies.images, ...said(({ dependencies }) => dependencies?.images) },
    { field: 'dependencies.imageBudget', value: policy.dependencies.imageBudget, ...said(({ dependencies }) => dependencies?.imageBudget) },
    { field: 'dependencies.registries', value: policy.dependencies.registries, ...said(({ dependencies }) => dependencies?.registries) },
  ]
}
