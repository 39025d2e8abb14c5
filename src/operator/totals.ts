/** What the scan has found so far, in numbers: kept for each kind and namespace, so that a part can be looked at again. */
import type { Policy } from '../policy/policy.ts'
import { ByNamespace } from './by-namespace.ts'
import type { Verdict } from '../judge.ts'

/** Of what is counted apart; few, and known. */
export interface Count {
  readonly policy: string
  readonly rule: string
  readonly action: 'Audit' | 'Warn' | 'Fix' | 'Deny'
  /** The GunicornException (`namespace/name`) that lets it pass. */
  readonly exception: string | undefined
}

/** The numbers of one kind and namespace. */
export class Tally {
  /** Those that a policy governs. */
  workloads = 0
  invocations = 0
  /** Workloads by the policies that have a say in them. */
  readonly governed = new Map<string, number>()
  /** Workloads by the exception that holds for them. */
  readonly excepted = new Map<string, number>()
  readonly #findings = new Map<string, { readonly count: Count; number: number }>()

  add({ workload, policy, invocations, findings }: Verdict): void {
    this.workloads += 1
    this.invocations += invocations
    for (const name of namesIn(policy)) increase(this.governed, name)
    for (const name of new Set(policy.exceptions.values())) increase(this.excepted, `${workload.namespace}/${name}`)
    for (const { policy: by, rule, action, exception: name } of findings) {
      const exception = name === undefined ? undefined : `${workload.namespace}/${name}`
      const count: Count = { policy: by, rule, action, exception }
      const key = Object.values(count).join(' ')
      const before = this.#findings.get(key)
      if (before) before.number += 1
      else this.#findings.set(key, { count, number: 1 })
    }
  }

  get findings(): Iterable<{ readonly count: Count; readonly number: number }> {
    return this.#findings.values()
  }
}

/** By the rules of a policy, which it shares with what an exception makes of it. */
const names = new WeakMap<Policy['rules'], ReadonlySet<string>>()

/** The policies that a policy was made of. */
function namesIn({ name, rules }: Policy): ReadonlySet<string> {
  let found = names.get(rules)
  if (!found) names.set(rules, found = new Set([name, ...Object.values(rules).map(({ policy }) => policy)]))
  return found
}

const increase = (counts: Map<string, number>, key: string, by = 1): void => void counts.set(key, (counts.get(key) ?? 0) + by)

/** The numbers of the whole cluster. */
export class Totals {
  readonly #tallies = new ByNamespace<Tally>()

  /** Takes the place of what was known of a kind in a namespace. */
  set(kind: string, namespace: string, tally: Tally): void {
    if (tally.workloads > 0) this.#tallies.set(kind, namespace, tally)
    else this.#tallies.delete(kind, namespace)
  }

  /** Forgets what was found in namespaces that are gone. */
  keep(isThere: (namespace: string) => boolean): void {
    for (const [kind, namespace] of this.#tallies.entries()) if (!isThere(namespace)) this.#tallies.delete(kind, namespace)
  }

  /** The namespaces in which there were workloads of a kind. */
  namespaces(kind: string): string[] {
    return this.#tallies.namespaces(kind)
  }

  /** Workloads that a policy governs, by kind. */
  workloads(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const [kind, , tally] of this.#tallies.entries()) increase(counts, kind, tally.workloads)
    return counts
  }

  /** Workloads by the policies that have a say in them. */
  governed(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const tally of this.#tallies.values()) for (const [policy, number] of tally.governed) increase(counts, policy, number)
    return counts
  }

  /** Workloads by the exception (`namespace/name`) that holds for them. */
  excepted(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const tally of this.#tallies.values()) for (const [exception, number] of tally.excepted) increase(counts, exception, number)
    return counts
  }

  *findings(): Generator<{ readonly count: Count; readonly number: number }> {
    for (const tally of this.#tallies.values()) yield* tally.findings
  }
}
