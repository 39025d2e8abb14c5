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

const [TAB, HASH, DASH] = [9, 35, 45]

/**
 * The items of a list in block style by their first columns alone, without parsing, and the text with `items: []` in their place.
 * Undefined where there is no such list. Where each part and the rest can be read by themselves, they are what the whole text
 * says: a line of an item that stands as shallow as its dash is the next one, or there is a quote or bracket left open.
 */
export function splitItems(source: string): { readonly parts: readonly Part[]; readonly rest: string } | undefined {
  const key = /^items:[ \t]*(?:\r\n?|\n)/m.exec(source)
  if (!key || /^%/m.test(source.slice(0, key.index))) return undefined
  const first = key.index + key[0].length
  const indent = /^ */.exec(source.slice(first, first + 100))?.[0].length ?? 0
  const starts: number[] = []
  let at = first
  for (let next = at; at < source.length; at = next) {
    const end = lineEnd(source, at)
    next = afterBreak(source, end)
    let column = at
    while (source.charCodeAt(column) === 32) column++
    const code = source.charCodeAt(column)
    if (column === end || code === HASH) continue
    if (column - at === indent && code === DASH && (column + 1 === end || source.charCodeAt(column + 1) === 32)) starts.push(at)
    else if (column - at <= indent) {
      // Not always allowed, which depends on what stands before it.
      if (code === TAB) return undefined
      break
    }
  }
  if (starts[0] !== first) return undefined
  const parts = starts.map((start, index) => ({ start, end: starts[index + 1] ?? at, isList: true }))
  return { parts, rest: `${source.slice(0, key.index)}items: []\n${source.slice(at)}` }
}

/** The item of `items` that a path leads to, or into; undefined where it leads elsewhere. */
export function itemIndex(path: Path): number | undefined {
  return path[0] === 'items' && typeof path[1] === 'number' ? path[1] : undefined
}

/** A path of the document as a path of the part that it leads into. */
export function pathInPart(part: Part, path: Path): Path {
  return part.isList ? [0, ...path.slice(2)] : path.slice(2)
}
