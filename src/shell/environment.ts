/**
 * Environment variables as far as they are known.
 *
 * A closed environment holds all there is: what it does not hold is unset. In an open one (a container, whose
 * image may define more) a name that it does not hold is unknown.
 */
export class Environment {
  readonly #values: Map<string, string | null | undefined>
  readonly closed: boolean
  /** True where something that cannot be seen, such as a sourced file, may have set any variable to anything. */
  readonly tampered: boolean

  /** A value of null is unknown, one of undefined is surely unset. */
  constructor(values: Iterable<readonly [string, string | null | undefined]> = [], closed = true, tampered = false) {
    this.#values = new Map(values)
    this.closed = closed
    this.tampered = tampered
  }

  /** The value; null where it is unknown; undefined where the variable is surely unset. */
  get(name: string): string | null | undefined {
    const value = this.#values.get(name)
    if (value !== undefined) return value
    return this.closed || this.#values.has(name) ? undefined : null
  }

  /** True where it is written down what the variable is, be its value known or not. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The variables that are written down. */
  entries(): IterableIterator<[string, string | null | undefined]> {
    return this.#values.entries()
  }

  /** This environment with more variables on top. */
  with(values: Iterable<readonly [string, string | null | undefined]>): Environment {
    return new Environment([...this.#values, ...values], this.closed, this.tampered)
  }
}
