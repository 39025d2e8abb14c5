/** Findings of one rule that were acted on in one way. */
export interface Counted {
  readonly rule: string
  readonly action: string
  readonly count: number
}

export function counted(findings: readonly { readonly rule: string; readonly action: string }[]): Counted[] {
  const counts = new Map<string, Counted>()
  for (const { rule, action } of findings) {
    const key = `${rule} ${action}`
    counts.set(key, { rule, action, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()]
}
