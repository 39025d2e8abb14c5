/**
 * A string of a YAML file that Kubernetes does not read, changed in its text. The result is read again by the reader that counts
 * there, and where it does not say what it must, the next way to write it is tried.
 */
import { isDeepStrictEqual } from 'node:util'
import { applySplices, inOrder, type Splice } from '../edit.ts'
import type { Path } from '../kubernetes/field.ts'
import { plainData, valueIn, type Value } from '../platforms/value.ts'
import { spliceScalar } from './strings.ts'
import { buildTree, type Node, type ScalarNode } from './tree.ts'
import { readEvents } from './yaml.ts'

/** What is to become of a string. */
export interface TextChange {
  readonly path: Path
  /** Where it begins in the file, its quotes included. */
  readonly start: number
  /** In rounds: each counts in the string as the one before it left it. */
  readonly rounds: readonly (readonly Splice[])[]
}

/** The file with a string changed; why it cannot be, where it says so. */
export function mendText(source: string, { path, start, rounds }: TextChange, read: (text: string) => Value): { readonly text: string } | { readonly reason: string } {
  let text = source
  for (const splices of rounds) {
    const found = scalarAt(buildTree(text, readEvents(text)).root, start, false, false)
    if (!found) return { reason: 'it has no place of its own in the text' }
    if (found.isShared) return { reason: 'it is anchored, and an alias elsewhere stands for it too' }
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

function spliced(source: string, { tree, node, isFlow }: Found, path: Path, splices: readonly Splice[], read: (text: string) => Value): string | undefined {
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
