/** Which of many policies govern a workload: what that costs does not depend on how many others there are. Pure. */
import { selectsKnown, type Labels } from '../kubernetes/labels.ts'
import type { Governed } from './governed.ts'
import type { PolicySpec } from './gunicorn-policy.ts'

/** A policy as it is looked at. */
export interface Compiled {
  readonly name: string
  readonly spec: PolicySpec
  readonly kinds: ReadonlySet<string> | undefined
}

/** The label that every namespace has, with its name. Source: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const namespaceName = 'kubernetes.io/metadata.name'

/** Whether a policy governs a workload; undefined where it depends on what is not known of the namespace. */
export function governs({ spec, kinds }: Compiled, workload: Governed, namespaceLabels: Labels | undefined): boolean | undefined {
  const { match } = spec
  if (!match) return true
  if (kinds && !kinds.has(workload.kind)) return false
  if (match.workloadSelector && selectsKnown(match.workloadSelector, workload.labels, true) !== true) return false
  return match.namespaceSelector ? selectsNamespace(match.namespaceSelector, workload, namespaceLabels) : true
}

export function selectsNamespace(selector: NonNullable<NonNullable<PolicySpec['match']>['namespaceSelector']>, { namespace }: Governed,
  labels: Labels | undefined): boolean | undefined {
  if (labels) return selectsKnown(selector, labels, true)
  return selectsKnown(selector, namespace === '' ? {} : { [namespaceName]: namespace }, false)
}

/** Policies that govern a kind of workload in a namespace, by their numbers, as far as the labels of a workload let them. */
interface Choice {
  /** Those that do not ask for labels of workloads. */
  readonly always: readonly number[]
  /** Those as a text. */
  readonly key: string
  /** Those that ask for a label of a certain value, by one such label and its value. */
  readonly byLabel: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>
  /** Those that ask for labels in another way. */
  readonly others: readonly number[]
}

/** So many namespaces are kept in mind. */
const mostNamespaces = 1_000

export class Choices {
  readonly #policies: readonly Compiled[]
  /** By namespace, and by kind within it, as long as the namespace has the same labels. */
  readonly #namespaces = new Map<string, { readonly labels: Labels | undefined; readonly kinds: Map<string, Choice> }>()
  /** By which policies there are: namespaces are alike. */
  readonly #known = new Map<string, Choice>()

  /** @param policies those that go first in front */
  constructor(policies: readonly Compiled[]) {
    this.#policies = policies
  }

  /** The numbers of the policies that govern a workload, as a text: empty where none does. */
  of(workload: Governed, namespaceLabels: Labels | undefined): string {
    const { always, key, byLabel, others } = this.#choice(workload, namespaceLabels)
    if (byLabel.size === 0 && others.length === 0) return key
    const more = others.filter((index) => this.#selects(index, workload))
    for (const [name, values] of byLabel) {
      const value = Object.hasOwn(workload.labels, name) ? workload.labels[name] : undefined
      const some = value === undefined ? undefined : values.get(value)
      if (some) more.push(...some.filter((index) => this.#selects(index, workload)))
    }
    return more.length === 0 ? key : keyOf([...always, ...more].sort((a, b) => a - b))
  }

  #selects(index: number, { labels }: Governed): boolean {
    const selector = this.#policies[index]?.spec.match?.workloadSelector
    return selector === undefined || selectsKnown(selector, labels, true) === true
  }

  #choice(workload: Governed, labels: Labels | undefined): Choice {
    const { namespace, kind } = workload
    let here = this.#namespaces.get(namespace)
    if (!here || here.labels !== labels) {
      if (this.#namespaces.size >= mostNamespaces) this.#namespaces.clear()
      this.#namespaces.set(namespace, here = { labels, kinds: new Map() })
    }
    let choice = here.kinds.get(kind)
    // Nobody has so many kinds of workloads.
    if (!choice && here.kinds.size < mostKinds) here.kinds.set(kind, choice = this.#choose(workload, labels))
    return choice ?? this.#choose(workload, labels)
  }

  #choose(workload: Governed, labels: Labels | undefined): Choice {
    const here = this.#policies.flatMap(({ spec: { match }, kinds }, index) => {
      if (kinds && !kinds.has(workload.kind)) return []
      return match?.namespaceSelector === undefined || selectsNamespace(match.namespaceSelector, workload, labels) === true ? index : []
    })
    const all = keyOf(here)
    const known = this.#known.get(all)
    if (known) return known
    const always: number[] = []
    const others: number[] = []
    const byLabel = new Map<string, Map<string, number[]>>()
    for (const index of here) {
      const selector = this.#policies[index]?.spec.match?.workloadSelector
      const [label] = Object.entries(selector?.matchLabels ?? {})
      if (!selector) always.push(index)
      else if (!label) others.push(index)
      else {
        const [name, value] = label
        const values = byLabel.get(name) ?? new Map<string, number[]>()
        byLabel.set(name, values)
        values.set(value, [...values.get(value) ?? [], index])
      }
    }
    const choice = { always, key: keyOf(always), byLabel, others }
    if (this.#known.size >= mostNamespaces) this.#known.clear()
    this.#known.set(all, choice)
    return choice
  }
}

const mostKinds = 40
const keyOf = (indices: readonly number[]): string => indices.map((index) => `${index},`).join('')
