/** The items of a `List` as parts of its text that are read alone, so that a long list takes no more than its items do. */
import type { Event } from 'js-yaml'
import { EVENT_ID } from 'js-yaml'
import type { Path } from '../kubernetes/field.ts'
import { afterBreak, buildTree, isFirstOnLine, lineEnd, lineStart, walk } from './tree.ts'
import type { ListNode } from './tree.ts'

export interface Part {
  /** Offsets into the text of the document, end exclusive. */
  readonly start: number
  readonly end: number
  /** True where the text is a list of one item, false where it is the item itself. */
  readonly isList: boolean
}

/** The parts of a document, one for each of its `items`. Undefined where it has none, or where they may depend on one another. */
export function itemParts(source: string, events: readonly Event[]): Part[] | undefined {
  const document = events.find((event) => event.type === EVENT_ID.DOCUMENT)
  const { root, hasAnchors } = buildTree(source, events, 2)
  const list = walk(root, ['items'])?.at(-1)?.node
  if (list?.kind !== 'list' || hasAnchors || document?.directives.length !== 0) return undefined
  if (list.flow) return list.items.map(({ start, value }) => ({ start, end: value.end, isList: false }))
  return isFirstOnLine(source, list.start) ? list.items.map((_, index) => blockPart(source, list, index)) : undefined
}

function blockPart(source: string, list: ListNode, index: number): Part {
  const { start, value } = list.items[index]!
  const next = list.items[index + 1]
  return {
    start: lineStart(source, start),
    end: next ? lineStart(source, next.start) : afterBlankLines(source, value.end),
    isList: true,
  }
}

/** The offset after the line of an offset and the blank lines that follow, which may belong to a block scalar. */
function afterBlankLines(source: string, offset: number): number {
  let end = afterBreak(source, lineEnd(source, offset))
  while (end < source.length && source.slice(end, lineEnd(source, end)).trim() === '')
    end = afterBreak(source, lineEnd(source, end))
  return end
}

/** The item of `items` that a path leads into; undefined where it leads elsewhere, or to the item as a whole. */
export function itemIndex(path: Path): number | undefined {
  return path.length > 2 && path[0] === 'items' && typeof path[1] === 'number' ? path[1] : undefined
}

/** A path of the document as a path of the part that it leads into. */
export function pathInPart(part: Part, path: Path): Path {
  return part.isList ? [0, ...path.slice(2)] : path.slice(2)
}
