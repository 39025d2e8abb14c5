/**
 * Environment variables as far as they are known.
 *
 * A closed environment holds all there is: what it does not hold is unset. In an open one (a container, whose
 * image may define more) a name that it does not hold is unknown.
 */
import { spend } from '../budget.ts'

type Value = string | null | undefined

export class Environment {
  readonly #values: ReadonlyMap<string, Value>
  readonly closed: boolean
  /** True where something that cannot be seen, such as a sourced file, may have set any variable to anything. */
  readonly tampered: boolean

  /** A value of null is unknown, one of undefined is surely unset. */
  constructor(values: Iterable<readonly [string, Value]> = [], closed = true, tampered = false) {
    this.#values = new Map(values)
    this.closed = closed
    this.tampered = tampered
  }

  /** The value; null where it is unknown; undefined where the variable is surely unset. */
  get(name: string): Value {
    const value = this.#values.get(name)
    if (value !== undefined) return value
    return this.closed || this.#values.has(name) ? undefined : null
  }

  /** True where it is written down what the variable is, be its value known or not. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The variables that are written down. */
  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries()
  }

  /** This environment with more variables on top. */
  with(values: Iterable<readonly [string, Value]>): Environment {
    const own = new Map(values)
    return new DerivedEnvironment(this, () => own.keys(), (name) => (own.has(name) ? { value: own.get(name) } : undefined))
  }
}

/** Another environment, with some variables on top. They are looked up where they are kept: most commands ask for few of them. */
export class DerivedEnvironment extends Environment {
  readonly #outer: Environment
  readonly #names: () => Iterable<string>
  readonly #own: (name: string) => { readonly value: Value } | undefined

  /** @param own what is on top; undefined for what the other environment says */
  constructor(outer: Environment, names: () => Iterable<string>, own: (name: string) => { readonly value: Value } | undefined) {
    super([], outer.closed, outer.tampered)
    this.#outer = outer
    this.#names = names
    this.#own = own
  }

  override get(name: string): Value {
    const own = this.#own(name)
    return own === undefined ? this.#outer.get(name) : own.value
  }

  override has(name: string): boolean {
    return this.#own(name) !== undefined || this.#outer.has(name)
  }

  override entries(): IterableIterator<[string, Value]> {
    const values = new Map(this.#outer.entries())
    for (const name of this.#names()) values.set(name, this.get(name))
    spend(values.size / 5)
    return values.entries()
  }
}
