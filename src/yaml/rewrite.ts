/** What additions, removals and replacements come to in the text of a document. */
import type { Splice } from '../edit.ts'
import { styleFor } from './style.ts'
import type { Parsed } from './style.ts'
import { afterLastLine, columnOf, isBreak, isCollection, isFirstOnLine, keptEnd, lineEnd, lineIndent, lineStart, resolve,
  skipSpace } from './tree.ts'
import type { Collection, Item, ListNode, MapNode, Node, Pair } from './tree.ts'
import { isSimple, newLine, writeBlock, writeBlockMember, writeBlockPair, writeFlow, writeFlowPair } from './write.ts'
import type { Style } from './write.ts'

/** Puts items into a list, before the item that has this index (its length: at the end). */
export function insertItems(parsed: Parsed, list: ListNode, index: number, values: readonly unknown[]): Splice[] {
  const neighbour = list.items[Math.max(index - 1, 0)]
  const style = styleFor(parsed, list, neighbour?.value)
  if (list.flow)
    return insertFlow(parsed.source, list, index, (column) => values.map((value) => writeFlow(value, style, column)), style)
  const gap = dashGap(parsed.source, neighbour)
  const inFlow = neighbour !== undefined && isCollection(neighbour.value) && neighbour.value.flow && neighbour.value.items.length > 0
  return insertBlock(parsed.source, list, index, style, (column) =>
    values.map(
      (value) => `-${gap}${inFlow ? writeFlow(value, style, column) : writeBlock(value, style, column + 1 + gap.length)}`,
    ))
}

/** Puts a member at the end of an object that does not have it. */
export function insertMember(parsed: Parsed, map: MapNode, name: string, value: unknown): Splice[] {
  const style = styleFor(parsed, map, map.items.at(-1)?.value)
  const end = map.items.length
  if (map.flow) return insertFlow(parsed.source, map, end, (column) => [writeFlowPair(name, value, style, column)], style)
  return insertBlock(parsed.source, map, end, style, (column) => [writeBlockPair(name, value, style, column)])
}

/** Takes a member or an item out of its parent, with its line where it has one of its own. */
export function removeEntry(parsed: Parsed, parent: Collection, member: Pair | Item, holder: Pair | Item | undefined): Splice[] {
  const { source } = parsed
  const entries: readonly (Pair | Item)[] = parent.items
  const index = entries.indexOf(member)
  if (parent.flow) return removeFlow(source, parent, index)
  if (entries.length === 1) return replaceNode(parsed, parent, holder, false, parent.kind === 'list' ? [] : {})
  if (isFirstOnLine(source, member.start))
    return [{ start: lineStart(source, member.start), end: afterLastLine(source, member.value), text: '' }]
  return [{ start: member.start, end: entries[index + 1]!.start, text: '' }]
}

/**
 * Puts another value in the place of a node. `holder` is the member or item that the node is the value of (none for the root),
 * `flow` says whether it stands in brackets.
 */
export function replaceNode(
  parsed: Parsed,
  node: Node,
  holder: Pair | Item | undefined,
  flow: boolean,
  value: unknown,
): Splice[] {
  const { source } = parsed
  const style = styleFor(parsed, resolve(node), node)
  const from = holder === undefined ? node.start : 'key' in holder ? holder.afterColon : flow ? holder.start : holder.start + 1
  const end = node.end
  if (flow || isSimple(value)) {
    const text = flow ? writeFlow(value, style, lineIndent(source, node.start)) : writeBlock(value, style, 0)
    const isAbsent = node.outer === end
    if (isAbsent) return [{ start: end, end, text: end === from && source[end - 1] !== ' ' ? ` ${text}` : text }]
    if (lineEnd(source, from) >= node.outer) return [{ start: node.outer, end, text }]
    return [
      { start: from, end: from, text: ` ${text}` },
      { start: lineStart(source, node.outer), end: afterLastLine(source, node), text: '' },
    ]
  }
  const column = columnOf(source, holder?.start ?? node.start)
  if (holder === undefined) return [{ start: from, end, text: writeBlock(value, style, column) }]
  return [
    {
      start: from,
      end,
      text: 'key' in holder ? writeBlockMember(value, style, column) : ` ${writeBlock(value, style, column + 2)}`,
    },
  ]
}

function insertFlow(
  source: string,
  node: Collection,
  index: number,
  write: (column: number) => string[],
  style: Style,
): Splice[] {
  const entries: readonly (Pair | Item)[] = node.items
  const last = entries.at(-1)
  if (last === undefined) return insertIntoEmpty(source, node, write, style)
  const next = entries[index]
  const lineIn = lineStart(source, (next ?? last).start)
  const margin = source.slice(lineIn, (next ?? last).start)
  const texts = write(margin.length)
  const ownLines = /^[ \t]*$/.test(margin)
  const separator = ownLines ? `,${style.lineBreak}${margin}` : style.comma
  if (next !== undefined) return [{ start: next.start, end: next.start, text: texts.map((text) => text + separator).join('') }]

  const end = last.value.end
  const after = skipSpace(source, end)
  const trailingComma = source[after] === ','
  const stop = lineEnd(source, trailingComma ? after : end)
  const isClosedThere = node.end <= stop
  const isBare = source.slice(end, stop).trim() === ''
  if (!ownLines || isClosedThere || isBare) return [{ start: end, end, text: texts.map((text) => separator + text).join('') }]
  // The line of the last entry goes on: with a comma, a comment or both.
  const lines = texts.map((text) => style.lineBreak + margin + text)
  if (trailingComma) return [{ start: stop, end: stop, text: lines.map((line) => `${line},`).join('') }]
  return [
    { start: end, end, text: ',' },
    { start: stop, end: stop, text: lines.join(',') },
  ]
}

function insertIntoEmpty(source: string, node: Collection, write: (column: number) => string[], style: Style): Splice[] {
  const [open, close] = [node.start + 1, node.end - 1]
  const end = source.slice(open, close).trim() === '' ? close : open
  if (!style.pretty) return [{ start: open, end, text: write(0).join(style.comma) }]
  const margin = lineIndent(source, node.start)
  const inner = newLine(style, margin + style.indent)
  return [{ start: open, end, text: inner + write(margin + style.indent).join(`,${inner}`) + newLine(style, margin) }]
}

function insertBlock(
  source: string,
  node: Collection,
  index: number,
  style: Style,
  write: (column: number) => string[],
): Splice[] {
  const first = node.items[0]!
  const column = columnOf(source, first.start)
  const texts = write(column)
  if (index === 0)
    return [{ start: first.start, end: first.start, text: texts.map((text) => text + newLine(style, column)).join('') }]
  const previous = node.items[index - 1]!.value
  const kept = keptEnd(previous)
  if (kept !== undefined && isBreak(source.charCodeAt(kept - 1))) {
    return [{ start: kept, end: kept, text: texts.map((text) => ' '.repeat(column) + text + style.lineBreak).join('') }]
  }
  const at = lineEnd(source, previous.end)
  return [{ start: at, end: at, text: texts.map((text) => newLine(style, column) + text).join('') }]
}

function removeFlow(source: string, node: Collection, index: number): Splice[] {
  const { start, value } = node.items[index]!
  const next = node.items[index + 1]
  if (next !== undefined) return [{ start, end: next.start, text: '' }]
  const after = skipSpace(source, value.end)
  const end = source[after] === ',' ? after + 1 : value.end
  const previous = node.items[index - 1]
  if (previous === undefined) return [{ start, end, text: '' }]
  let blank = start
  while (/\s/.test(source[blank - 1]!)) blank--
  if (end > value.end) return [{ start: blank, end, text: '' }]
  const comma = skipSpace(source, previous.value.end)
  return comma + 1 === blank
    ? [{ start: comma, end, text: '' }]
    : [
      { start: comma, end: comma + 1, text: '' },
      { start: blank, end, text: '' },
    ]
}

/** The blanks between a dash and its item. */
function dashGap(source: string, item: Item | undefined): string {
  const gap = item === undefined ? '' : source.slice(item.start + 1, item.value.outer)
  return /^ +$/.test(gap) ? gap : ' '
}
