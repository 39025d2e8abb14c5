/** Something for each kind of workload and namespace. */
export class ByNamespace<T> {
  readonly #kinds = new Map<string, Map<string, T>>()

  get(kind: string, namespace: string): T | undefined {
    return this.#kinds.get(kind)?.get(namespace)
  }

  set(kind: string, namespace: string, value: T): void {
    let ofKind = this.#kinds.get(kind)
    if (!ofKind) this.#kinds.set(kind, ofKind = new Map())
    ofKind.set(namespace, value)
  }

  delete(kind: string, namespace: string): void {
    this.#kinds.get(kind)?.delete(namespace)
  }

  /** The namespaces that there is something for, of a kind. */
  namespaces(kind: string): string[] {
    return [...(this.#kinds.get(kind)?.keys() ?? [])]
  }

  *entries(): Generator<readonly [kind: string, namespace: string, value: T]> {
    for (const [kind, ofKind] of this.#kinds) for (const [namespace, value] of ofKind) yield [kind, namespace, value]
  }

  *values(): Generator<T> {
    for (const ofKind of this.#kinds.values()) yield* ofKind.values()
  }
}
