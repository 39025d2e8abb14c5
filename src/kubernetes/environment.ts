/**
 * The environment of a container as its object tells it.
 *
 * What an image sets (`ENV`) cannot be seen here and takes no part in `$(VAR)`.
 */
import { spend, unread } from '../budget.ts'
import type { Brought } from './brought-variables.ts'
import { expand, firstHoleIn, longestArgument, tooLong, type Lookup } from './expansion.ts'
import type { Container, EnvFrom, EnvVar } from './workload.ts'

/** A variable of `env`. */
interface Variable {
  /** Expanded, once it is asked for: the value, or null where it is unknown. */
  readonly value: string | null
  readonly entry: EnvVar
}

export interface ContainerEnvironment {
  /** The variables of `env`. Of several with one name, the last. */
  readonly variables: ReadonlyMap<string, Variable>
  /** True where an `envFrom`, which cannot be read here, may define the name. */
  readonly mayComeFromElsewhere: (name: string) => boolean
  /** What `$(NAME)` stands for in `command` and `args`. */
  readonly lookup: Lookup
}

/**
 * How much text `$(NAME)` may come to in a container, in UTF-16 units. Linux passes 2 MiB of arguments and environment to a
 * program as a rule (a quarter of the stack's limit: execve(2)), so that a container with more does not start.
 */
const mostExpanded = 2 ** 20

/**
 * Names that the kubelet may define for Services of the namespace: `{SVC}_SERVICE_HOST`, `{SVC}_PORT_80_TCP`, …
 * Source: k8s.io/kubernetes/pkg/kubelet/envvars.
 */
const isServiceLink = (name: string): boolean =>
  /^[A-Z0-9_]+$/.test(name) &&
  /._(?:SERVICE_HOST$|SERVICE_PORT(?:$|_.)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$)/.test(name)

export function containerEnvironment(container: Container, enableServiceLinks: boolean, brought?: Brought): ContainerEnvironment {
  const mayComeFromElsewhere = prefixesOf(brought ? brought.unknown : container.envFrom)
  const outside: Lookup = (name) => {
    if (mayComeFromElsewhere(name)) return null
    return isServiceLink(name) && (enableServiceLinks || name.startsWith('KUBERNETES_')) ? null : undefined
  }
  const definitions = new Definitions(container.assigned ? [...container.env, ...container.assigned] : container.env, outside)
  // In `env`, what comes from elsewhere is not expanded; in `command` and `args` it is.
  const variables = brought && brought.values.size > 0 ? withBrought(definitions.last, brought) : definitions.last
  const lookup: Lookup = (name) => {
    const variable = variables.get(name)
    if (!variable) return outside(name)
    const { value } = variable
    if (value !== null) definitions.take(value.length)
    return value
  }
  return { variables, mayComeFromElsewhere, lookup }
}

/** The container's own, and under them what is brought in, which cannot be changed at the container: its entries have no value. */
function withBrought(own: ReadonlyMap<string, Variable>, { values }: Brought): ReadonlyMap<string, Variable> {
  spend(own.size / 4 + values.size)
  const all = new Map<string, Variable>(
    Array.from(values, ([name, { value, path }]) => [name, { value, entry: { name, value: undefined, index: -1, path } }] as const),
  )
  for (const [name, variable] of own) all.set(name, variable)
  return all
}

/** Variables in order: each sees those above it. */
class Definitions {
  /** By name, the last of each. */
  readonly last = new Map<string, Definition>()
  readonly #outside: Lookup
  /** All of a name, in order, where there are several. */
  #repeated: Map<string, Definition[]> | undefined
  #left = mostExpanded

  constructor(env: readonly EnvVar[], outside: Lookup) {
    this.#outside = outside
    spend(env.length / 4)
    for (const [position, entry] of env.entries()) {
      const definition = new Definition(entry, position, this)
      const former = this.last.get(entry.name)
      if (former) this.#repeat(former, definition)
      this.last.set(entry.name, definition)
    }
  }

  #repeat(former: Definition, definition: Definition): void {
    const { name } = definition.entry
    this.#repeated ??= new Map()
    const all = this.#repeated.get(name)
    if (all) all.push(definition)
    else this.#repeated.set(name, [former, definition])
  }

  /** Takes so much off what may be expanded. */
  take(units: number): void {
    this.#left -= units
    if (this.#left < 0) unread(`variables and the words that refer to them are expanded to at most ${mostExpanded} characters`)
  }

  /** The last variable of a name above a position. */
  #above(name: string, position: number): Definition | undefined {
    const last = this.last.get(name)
    if (!last || last.position < position) return last
    const all = this.#repeated?.get(name)
    if (!all) return undefined
    let [low, high] = [0, all.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((all[middle]?.position ?? 0) < position) low = middle + 1
      else high = middle
    }
    return all[low - 1]
  }

  /** Expands a variable, and before it those that it refers to, be the chain of them as long as it may. */
  expand(definition: Definition): void {
    const waiting = [definition]
    for (let one = waiting.at(-1); one; one = waiting.at(-1)) {
      const { entry: { value: written = '' }, position } = one
      const before = waiting.length
      const expanded = one.known === undefined ? expand(written, (name) => {
        const above = this.#above(name, position)
        if (!above) return this.#outside(name)
        if (above.known === undefined) waiting.push(above)
        return above.known ?? null
      }) : undefined
      // What it refers to comes first; then it is expanded again.
      if (waiting.length > before) continue
      waiting.pop()
      if (!expanded) continue
      if (expanded.isTooLong) unread(tooLong)
      this.take(expanded.text.length)
      one.known = firstHoleIn(expanded.text) < 0 ? expanded.text : null
    }
  }
}

class Definition implements Variable {
  readonly entry: EnvVar
  /** Which of the variables it is. */
  readonly position: number
  /** Undefined until it is expanded. */
  known: string | null | undefined
  readonly #all: Definitions

  constructor(entry: EnvVar, position: number, all: Definitions) {
    this.entry = entry
    this.position = position
    this.#all = all
    const { value } = entry
    this.known = value === undefined || value.length > longestArgument ? null : value.includes('$') ? undefined : value
  }

  get value(): string | null {
    if (this.known === undefined) this.#all.expand(this)
    return this.known ?? null
  }
}

const never = (): boolean => false

/** Whether a name begins with one of the prefixes. */
function prefixesOf(sources: readonly EnvFrom[]): (name: string) => boolean {
  if (sources.length === 0) return never
  let prefixes: readonly string[] | undefined
  return (name) => {
    prefixes ??= shortest(sources)
    let [low, high] = [0, prefixes.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((prefixes[middle] ?? '') <= name) low = middle + 1
      else high = middle
    }
    const nearest = prefixes[low - 1]
    return nearest !== undefined && name.startsWith(nearest)
  }
}

/** The prefixes in order, without those that begin with another one: only the one before a name can be a prefix of it. */
function shortest(sources: readonly EnvFrom[]): readonly string[] {
  spend(sources.length)
  const kept: string[] = []
  for (const prefix of sources.map((source) => source.prefix).sort()) {
    const last = kept.at(-1)
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix)
  }
  return kept
}
