/** GunicornExceptions: which findings of which workloads are let pass, until when. */
import type { Governed } from './governed.ts'
import type { ExceptionObject, ExceptionSpec } from './gunicorn-exception.ts'
import { soundException, type PolicyProblem } from './sound.ts'

/** An exception of a workload. */
export interface HeldException {
  readonly name: string
  /** False where it has ended. */
  readonly holds: boolean
  readonly rules: readonly string[]
  readonly reason: string
  readonly owner: string | undefined
  /** As it is written; undefined where it has no end. */
  readonly expiry: string | undefined
}

interface Compiled {
  readonly name: string
  readonly spec: ExceptionSpec
  /** Milliseconds since 1970; infinite where it has no end. */
  readonly end: number
}

const none: ReadonlyMap<string, string> = new Map()

export class Exceptions {
  readonly problems: readonly PolicyProblem[]
  /** By their namespaces; within one, by their names. */
  readonly #exceptions: ReadonlyMap<string, readonly Compiled[]>
  /** The same, and within a namespace by the names of the workloads that they are for; with the end of the last. */
  readonly #named: ReadonlyMap<string, { readonly end: number; readonly byWorkload: ReadonlyMap<string, readonly Compiled[]> }>
  /** Between which two ends a moment was. */
  #state = { from: Infinity, until: Infinity }

  constructor(objects: readonly ExceptionObject[]) {
    const sound = objects.map(soundException)
    this.problems = sound.flatMap(({ problems }) => problems)
    const whole = sound.flatMap(({ exception }) => exception ?? []).sort((a, b) => byName(a.metadata, b.metadata))
    const byNamespace = Map.groupBy(whole, ({ metadata }) => metadata.namespace ?? '')
    this.#exceptions = new Map([...byNamespace].map(([namespace, some]) => [namespace, some.map(compiled)]))
    this.#named = new Map(
      [...this.#exceptions].map((
        [namespace, some],
      ) => [namespace, { end: some.reduce((last, { end }) => Math.max(last, end), -Infinity), byWorkload: namedIn(some) }]),
    )
  }

  /** The same object as long as the same of them have ended. */
  stateAt(now: number): object {
    if (now >= this.#state.from && now < this.#state.until) return this.#state
    let [from, until] = [-Infinity, Infinity]
    for (const some of this.#exceptions.values())
      for (const { end } of some)
        if (end <= now) from = Math.max(from, end)
        else until = Math.min(until, end)
    this.#state = { from, until }
    return this.#state
  }

  /** The rules whose findings are let pass, with the name of the exception; of several, the first by name. */
  for(workload: Governed, now: number): ReadonlyMap<string, string> {
    const here = this.#named.get(workload.namespace)
    // Where all have ended, nobody asks for a name.
    if (!here || !(now < here.end)) return none
    const found = [workload, ...workload.owners].flatMap(({ name }) => here.byWorkload.get(name) ?? [])
    if (found.length === 0) return none
    const rules = new Map<string, string>()
    for (const { name, spec, end } of found.sort(byName))
      if (now < end && isMeant(spec, workload)) { for (const id of spec.rules) if (!rules.has(id)) rules.set(id, name) }
    return rules
  }

  /** All exceptions of a workload, those that have ended too. */
  all(workload: Governed, now: number): readonly HeldException[] {
    const here = this.#exceptions.get(workload.namespace) ?? []
    return here
      .filter(({ spec }) => isMeant(spec, workload))
      .map(({ name, spec: { rules, reason, owner, expiry }, end }) => ({ name, holds: now < end, rules, reason, owner, expiry }))
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

function namedIn(exceptions: readonly Compiled[]): Map<string, Compiled[]> {
  const named = new Map<string, Compiled[]>()
  for (const one of exceptions)
    for (const name of new Set(one.spec.workloads.map((workload) => workload.name))) {
      const some = named.get(name)
      if (some) some.push(one)
      else named.set(name, [one])
    }
  return named
}

const compiled = ({ metadata, spec }: ExceptionObject): Compiled => ({
  name: metadata.name,
  spec,
  end: spec.expiry === undefined ? Infinity : Date.parse(spec.expiry),
})

/** What a workload makes is meant with it. */
function isMeant({ workloads }: ExceptionSpec, { kind, name, owners }: Governed): boolean {
  return workloads.some((one) =>
    [{ kind, name }, ...owners].some((other) => other.name === one.name && (one.kind === undefined || one.kind === other.kind))
  )
}
