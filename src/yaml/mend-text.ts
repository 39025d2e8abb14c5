/**
 * A string of a YAML file that Kubernetes does not read, changed in its text. The result is read again by the reader that counts
 * there, and where it does not say what it must, the next way to write it is tried.
 */
import { isDeepStrictEqual } from 'node:util'
import { SCALAR_STYLE } from 'js-yaml'
import { applySplices, inOrder, type Splice } from '../edit.ts'
import type { Path } from '../kubernetes/field.ts'
import { valueAt } from '../kubernetes/workload.ts'
import { plainData, valueIn, type Value } from './python-value.ts'
import { spliceScalar } from './strings.ts'
import { buildTree, type Node, type ScalarNode } from './tree.ts'
import { readEvents } from './values.ts'

/** What is to become of a string. */
export interface TextChange {
  readonly path: Path
  /** Where it begins in the file, its quotes included. */
  readonly start: number
  /** In rounds: each counts in the string as the one before it left it. */
  readonly rounds: readonly (readonly Splice[])[]
}

/** A change that was not made, and why. */
interface Refused<T> {
  readonly change: T
  readonly reason: string
}

/**
 * The file with strings changed, which are given in their order. They are changed together, which reads the file once or twice; where
 * the result does not say what it must, one half after the other, so that one that cannot be changed keeps no other from it.
 */
export function mendTexts<T extends TextChange>(source: string, changes: readonly T[],
  read: (text: string) => Value): { readonly text: string; readonly refused: readonly Refused<T>[] } {
  if (changes.length < 2) return mendApart(source, changes, read)
  // What stands for something else too is left out first: half by half, each of them would have the file read anew.
  const { root } = buildTree(source, readEvents(source))
  const shared = new Set([...scalarsIn(root, root, false, false)].flatMap(([start, { isShared }]) => (isShared ? start : [])))
  const refused = changes.filter(({ start }) => shared.has(start)).map((change) => ({ change, reason: anchored }))
  const outcome = mendApart(source, changes.filter(({ start }) => !shared.has(start)), read)
  return { text: outcome.text, refused: [...refused, ...outcome.refused] }
}

const anchored = 'it is anchored, and an alias elsewhere stands for it too'

function mendApart<T extends TextChange>(source: string, changes: readonly T[],
  read: (text: string) => Value): { readonly text: string; readonly refused: readonly Refused<T>[] } {
  const [first] = changes
  if (!first) return { text: source, refused: [] }
  if (changes.length === 1) {
    const outcome = mendText(source, first, read)
    return 'text' in outcome ? { text: outcome.text, refused: [] } : { text: source, refused: [{ change: first, reason: outcome.reason }] }
  }
  // Many of a file are written in one style: what does not do without quotes for one does not for the others.
  const together = mendTogether(source, changes, read, 0) ?? mendTogether(source, changes, read, 1)
  if (together !== undefined) return { text: together, refused: [] }
  // From the end on, so that the places of what stands before still hold.
  const middle = changes.length >> 1
  const later = mendApart(source, changes.slice(middle), read)
  const earlier = mendApart(later.text, changes.slice(0, middle), read)
  return { text: earlier.text, refused: [...earlier.refused, ...later.refused] }
}

/** All changes in the ways that are tried first, plain strings in the given one; undefined where one of them does not work out. */
function mendTogether(source: string, changes: readonly TextChange[], read: (text: string) => Value, way: number): string | undefined {
  let text = source
  const starts = changes.map(({ start }) => start)
  for (let round = 0; round < Math.max(...changes.map(({ rounds }) => rounds.length)); round++) {
    const { root } = buildTree(text, readEvents(text))
    const scalars = new Map(scalarsIn(root, root, false, false))
    const before = read(text)
    const expected = plainData(before)
    const all: Splice[] = []
    let shift = 0
    for (const [index, { path, rounds }] of changes.entries()) {
      const found = scalars.get(starts[index] ?? -1)
      starts[index] = (starts[index] ?? 0) + shift
      const splices = inOrder(rounds[round] ?? [])
      if (splices.length === 0) continue
      const own = valueIn(before, path)
      if (!found || found.isShared || own?.type !== 'string') return undefined
      const ways = [...spliceScalar({ source: text, tree: root, json: false }, found.node, splices, found.isFlow)]
      const candidate = found.node.event.style === SCALAR_STYLE.PLAIN ? (ways[way] ?? ways[0]) : ways[0]
      if (!candidate || !put(expected, path, applySplices(own.value, splices))) return undefined
      all.push(...candidate)
      shift += candidate.reduce((sum, { start, end, text: written }) => sum + written.length - (end - start), 0)
    }
    text = applySplices(text, inOrder(all))
    if (!isDeepStrictEqual(readable(text, read), expected)) return undefined
  }
  return text
}

/** Puts a text in the place of another one in plain data. */
function put(value: unknown, path: Path, text: string): boolean {
  const holder = path.slice(0, -1).reduce<unknown>((at, step) => valueAt(at, [step]), value)
  const last = path.at(-1)
  if (typeof holder !== 'object' || holder === null || last === undefined) return false
  return Reflect.defineProperty(holder, last, { value: text, writable: true, enumerable: true, configurable: true })
}

/** The scalars of a tree by where they begin. */
function* scalarsIn(tree: Node, node: Node, isFlow: boolean, isShared: boolean): Generator<[start: number, found: Found]> {
  const shared = isShared || node.shared
  if (node.kind === 'scalar') yield [node.start, { tree, node, isFlow, isShared: shared }]
  else if (node.kind !== 'alias') { for (const { value } of node.items) yield* scalarsIn(tree, value, isFlow || node.flow, shared) }
}

/** The file with a string changed; why it cannot be, where it says so. */
function mendText(source: string, { path, start, rounds }: TextChange, read: (text: string) => Value): { readonly text: string } | {
  readonly reason: string
} {
  let text = source
  for (const splices of rounds) {
    const found = scalarAt(buildTree(text, readEvents(text)).root, start, false, false)
    if (!found) return { reason: 'it has no place of its own in the text' }
    if (found.isShared) return { reason: anchored }
    const changed = spliced(text, found, path, inOrder(splices), read)
    if (changed === undefined) return { reason: 'no way was found to write it so that it reads back as it must' }
    text = changed
  }
  return { text }
}

interface Found {
  readonly tree: Node
  readonly node: ScalarNode
  readonly isFlow: boolean
  /** True where an alias or a merge key stands for it, or for what it is in. */
  readonly isShared: boolean
}

/** The scalar that begins at an offset. */
function scalarAt(node: Node, start: number, isFlow: boolean, isShared: boolean): Found | undefined {
  const shared = isShared || node.shared
  if (node.kind === 'scalar') return node.start === start ? { tree: node, node, isFlow, isShared: shared } : undefined
  if (node.kind === 'alias') return undefined
  for (const { value } of node.items) {
    const found = value.outer <= start ? scalarAt(value, start, isFlow || node.flow, shared) : undefined
    if (found) return { ...found, tree: node }
  }
  return undefined
}

function spliced(source: string, { tree, node, isFlow }: Found, path: Path, splices: readonly Splice[], read: (text: string) => Value):
  | string
  | undefined {
  const before = read(source)
  const own = valueIn(before, path)
  if (own?.type !== 'string') return undefined
  const expected = applySplices(own.value, splices)
  for (const candidate of spliceScalar({ source, tree, json: false }, node, splices, isFlow)) {
    const text = applySplices(source, candidate)
    const after = readable(text, read)
    if (after && isDeepStrictEqual(after, replaced(plainData(before), path, expected))) return text
  }
  return undefined
}

function readable(text: string, read: (text: string) => Value): unknown {
  try {
    return plainData(read(text))
  } catch {
    return undefined
  }
}

function replaced(value: unknown, [step, ...rest]: Path, text: string): unknown {
  if (step === undefined) return text
  if (Array.isArray(value)) return value.with(Number(step), replaced(value[Number(step)], rest, text))
  const fields = value as Record<string, unknown>
  return { ...fields, [step]: replaced(fields[step], rest, text) }
}
