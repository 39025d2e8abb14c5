/** Makes an input smaller by leaving parts out, as long as it still breaks the law. */
import type { Json } from './target.ts'

/**
 * @param breaks whether an input breaks the same law in the same way
 * @param until when to be content with what was reached, as `performance.now()` tells it
 */
export async function shrink(input: Json, breaks: (input: Json) => Promise<boolean>, until: number): Promise<Json> {
  let smallest = input
  for (let found = true; found;) {
    found = false
    for (const candidate of smaller(smallest)) {
      if (performance.now() > until) return smallest
      if (!(await breaks(candidate))) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
}

/** What is left of a value without some of it, the least first. */
function* smaller(value: Json): Generator<Json> {
  if (typeof value === 'string') yield* shorter(value, (start, end) => value.slice(0, start) + value.slice(end))
  else if (typeof value === 'number' && Number.isInteger(value) && value > 1) yield* [1, Math.floor(value / 2), value - 1]
  else if (Array.isArray(value)) {
    const list = value as readonly Json[]
    yield* shorter(list, (start, end) => list.toSpliced(start, end - start))
    for (const [index, item] of list.entries()) for (const less of smaller(item)) yield list.with(index, less)
  } else if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
    for (const [name] of members) yield Object.fromEntries(members.filter(([other]) => other !== name))
    for (const [name, item] of members)
      for (const less of smaller(item)) yield Object.fromEntries(members.map(([other, kept]) => [other, other === name ? less : kept]))
  }
}

/** Leaves out chunks: all, halves, quarters, … down to one. */
function* shorter<Part extends Json>({ length }: { readonly length: number },
  without: (start: number, end: number) => Part): Generator<Part> {
  for (let size = length; size >= 1; size = Math.floor(size / 2)) {
    // Of a long text, single characters would take for ever.
    if (length / size > 400) return
    for (let start = 0; start < length; start += size) yield without(start, Math.min(length, start + size))
  }
}
