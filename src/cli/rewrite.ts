/** What one edit comes to in the text of a document: the ways to write it, the one that changes least first. */
import { CHOMPING_MODE, SCALAR_STYLE } from 'js-yaml'
import { decodeScalar, escape, isPrintable, writeString } from './scalar.ts'
import type { Decoded, Quote } from './scalar.ts'
import {
  afterLastLine,
  columnOf,
  isBreak,
  isFirstOnLine,
  keptEnd,
  lineEnd,
  lineIndent,
  lineStart,
  resolve,
  skipSpace,
} from './tree.ts'
import type { Item, ListNode, MapNode, Node, Pair, ScalarNode } from './tree.ts'
import { isSimple, newLine, writeBlock, writeBlockMember, writeBlockPair, writeFlow, writeFlowPair } from './write.ts'
import type { Style } from './write.ts'

/** Text to be put in the place of source[start … end). */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A text and its tree. */
export interface Parsed {
  readonly source: string
  readonly tree: Node
  /** True where the text is JSON and must stay so. */
  readonly json: boolean
}

type Collection = ListNode | MapNode

/** Puts items into a list, before the item that has this index (its length: at the end). */
export function insertItems(parsed: Parsed, list: ListNode, index: number, values: readonly unknown[]): Splice[] {
  const neighbour = list.items[Math.max(index - 1, 0)]
  const style = styleFor(parsed, list, neighbour?.value)
  if (list.flow)
    return insertFlow(parsed.source, list, index, (column) => values.map((value) => writeFlow(value, style, column)), style)
  const gap = dashGap(parsed.source, neighbour)
  const inFlow =
    neighbour !== undefined && isCollection(neighbour.value) && neighbour.value.flow && neighbour.value.items.length > 0
  return insertBlock(parsed.source, list, index, style, (column) =>
    values.map(
      (value) => `-${gap}${inFlow ? writeFlow(value, style, column) : writeBlock(value, style, column + 1 + gap.length)}`,
    ),
  )
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

/** Puts another value in the place of a node. `holder` is the member or item that it is the value of, `flow` whether in brackets. */
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

/** Makes changes in a string; `splices` count in its units (UTF-16), in order and apart. Gives the ways to do it, the one that keeps most first. */
export function* spliceScalar(parsed: Parsed, node: ScalarNode, splices: readonly Splice[], flow: boolean): Generator<Splice[]> {
  const { source, tree } = parsed
  const decoded = decodeScalar(source, node.event)
  const changed = applySplices(decoded.value, splices)
  const whole = (text: string): Splice[] => [{ start: node.start, end: node.end, text }]
  const inSource = (write: (text: string) => string): Splice[] =>
    splices.map(({ start, end, text }) => ({ ...sourceRange(decoded, start, end), text: write(text) }))
  const otherwise = quoteFor(changed, nearestQuote(tree) ?? 'double')
  const isOneLine = splices.every(({ text }) => isPrintable(text))
  switch (node.event.style) {
    case SCALAR_STYLE.PLAIN: {
      yield inSource(String)
      const [mark, quoted] =
        otherwise === 'single' ? ["'", doubleQuotes] : ['"', (text: string) => text.replace(/["\\]/g, '\\$&')]
      if (isOneLine) yield whole(mark + applyAround(source, node, inSource(quoted), quoted) + mark)
      break
    }
    case SCALAR_STYLE.SINGLE_QUOTED:
      if (isOneLine) yield inSource(doubleQuotes)
      break
    case SCALAR_STYLE.DOUBLE_QUOTED:
      yield inSource(escape)
      break
    default:
      if (changed !== '') yield* spliceBlock(source, node, decoded, splices)
      yield* rewriteBlock(source, node, changed)
  }
  yield whole(writeString(changed, { quote: styleQuote(node) ?? otherwise, otherwise }, flow))
}

/** A text with splices made, which are in order and apart. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  return applyAround(text, { start: 0, end: text.length }, splices, String)
}

/** A part of a text with splices made, and what is between them written anew. */
function applyAround(
  text: string,
  part: { start: number; end: number },
  splices: readonly Splice[],
  write: (text: string) => string,
): string {
  const pieces: string[] = []
  let done = part.start
  for (const { start, end, text: piece } of splices) {
    pieces.push(write(text.slice(done, start)), piece)
    done = end
  }
  return pieces.join('') + write(text.slice(done, part.end))
}

/** Where units start … end of a plain or quoted scalar stand. */
function sourceRange({ starts, ends }: Decoded, start: number, end: number): { start: number; end: number } {
  const from = starts[start]!
  return { start: from, end: end > start ? ends[end - 1]! : from }
}

function doubleQuotes(text: string): string {
  return text.replaceAll("'", "''")
}

/** Changes within the lines of a block scalar; new lines get its indentation. */
function* spliceBlock(
  source: string,
  node: ScalarNode,
  { value, starts }: Decoded,
  splices: readonly Splice[],
): Generator<Splice[]> {
  const { indent, style, valueStart } = node.event
  if (indent < 0 || (style === SCALAR_STYLE.FOLDED_BLOCK && splices.some(({ text }) => text.includes('\n')))) return
  const pad = ' '.repeat(indent)
  yield splices.map(({ start, end, text }) => {
    const from = starts[start]!
    const rest = value.slice(end)
    const beginsLine = rest === '' && from > valueStart && isBreak(source.charCodeAt(from - 1))
    const lines = text.split('\n').map((line, index, all) => {
      const isEmpty = line === '' && (index < all.length - 1 || rest === '' || rest.startsWith('\n'))
      return isEmpty || (index === 0 && !beginsLine) ? line : pad + line
    })
    return { start: from, end: end > start ? starts[end]! : from, text: lines.join(lineBreakOf(source)) }
  })
}

/** The whole block scalar anew, in literal style at its old indentation. */
function* rewriteBlock(source: string, node: ScalarNode, value: string): Generator<Splice[]> {
  const { indent, chomping } = node.event
  if (indent < 0 || !/^[^\s]/.test(value) || /\n\n$/.test(value) || chomping === CHOMPING_MODE.KEEP) return
  const comment = source.slice(node.start, lineEnd(source, node.start)).replace(/^[|>][-+\d]*/, '')
  const lines = value.replace(/\n$/, '').split('\n')
  const body = lines.map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
  const text = [`|${value.endsWith('\n') ? '' : '-'}${comment}`, ...body].join(lineBreakOf(source))
  yield [{ start: node.start, end: node.end, text }]
}

/** The quotes that need fewer escapes; the usual ones where that is the same. */
function quoteFor(value: string, usual: 'single' | 'double'): 'single' | 'double' {
  const [single, double] = [value.includes("'"), /["\\]/.test(value)]
  return single === double ? usual : single ? 'double' : 'single'
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

/** The style of the text around a place: in `node`, next to `neighbour`. */
function styleFor(parsed: Parsed, node: Node, neighbour: Node | undefined): Style {
  const { source, tree, json } = parsed
  const pretty = json && /[\r\n]/.test(source)
  const otherwise = nearestQuote(neighbour) ?? nearestQuote(node) ?? nearestQuote(tree) ?? 'double'
  const sample = neighbour?.kind === 'map' ? neighbour : node.kind === 'map' ? node : undefined
  const firstKey = sample?.items[0]?.key
  const keys: Quote = json ? 'double' : (styleQuote(firstKey) ?? 'plain')
  const strings: Quote = json ? 'double' : (styleQuote(neighbour) ?? (neighbour?.kind === 'map' ? keys : 'plain'))
  return {
    strings: { quote: strings, otherwise },
    keys: { quote: keys, otherwise },
    lineBreak: lineBreakOf(source),
    indent: json ? jsonIndent(source, tree) : (blockIndent(source, node, 'map') ?? blockIndent(source, tree, 'map') ?? 2),
    listIndent: blockIndent(source, node, 'list') ?? blockIndent(source, tree, 'list') ?? 2,
    comma: commaOf(source, node) ?? (json ? commaOf(source, tree) : undefined) ?? ', ',
    colon: keys === 'plain' ? ': ' : ((sample && colonOf(source, sample)) ?? colonOf(source, tree) ?? ': '),
    pretty,
  }
}

/** How a scalar is quoted; undefined for what is no scalar or a block scalar. */
function styleQuote(node: Node | undefined): Quote | undefined {
  if (node?.kind !== 'scalar') return undefined
  const quotes: Partial<Record<number, Quote>> = {
    [SCALAR_STYLE.PLAIN]: 'plain',
    [SCALAR_STYLE.SINGLE_QUOTED]: 'single',
    [SCALAR_STYLE.DOUBLE_QUOTED]: 'double',
  }
  return quotes[node.event.style]
}

/** The quotes of the first quoted scalar in a node. */
function nearestQuote(node: Node | undefined): 'single' | 'double' | undefined {
  const quote = styleQuote(node)
  if (quote === 'single' || quote === 'double') return quote
  return node && isCollection(node) ? firstOf(node.items, (item) => nearestQuote(item.value)) : undefined
}

/** How much deeper than their keys the block collections of a kind stand in a node. */
function blockIndent(source: string, node: Node, kind: 'map' | 'list'): number | undefined {
  if (!isCollection(node) || node.flow) return undefined
  return firstOf<Pair | Item, number>(node.items, (member) => {
    const { value } = member
    if ('key' in member && value.kind === kind && !value.flow)
      return columnOf(source, value.start) - columnOf(source, member.start)
    return blockIndent(source, value, kind)
  })
}

function jsonIndent(source: string, tree: Node): number {
  const first = isCollection(tree) ? tree.items[0] : undefined
  return first && isFirstOnLine(source, first.start) ? columnOf(source, first.start) - lineIndent(source, tree.start) : 2
}

function commaOf(source: string, node: Node): string | undefined {
  if (!isCollection(node) || !node.flow) return undefined
  const entries: readonly (Pair | Item)[] = node.items
  return firstOf(entries.slice(1), (entry, index) => matched(source.slice(entries[index]!.value.end, entry.start), /^, *$/))
}

function colonOf(source: string, node: Node): string | undefined {
  if (node.kind !== 'map' || !node.flow) return undefined
  return firstOf(node.items, (pair) => matched(source.slice(pair.key.end, pair.value.outer), /^: *$/))
}

function matched(text: string, pattern: RegExp): string | undefined {
  return pattern.test(text) ? text : undefined
}

function firstOf<Entry, Result>(
  entries: readonly Entry[],
  find: (entry: Entry, index: number) => Result | undefined,
): Result | undefined {
  for (const [index, entry] of entries.entries()) {
    const result = find(entry, index)
    if (result !== undefined) return result
  }
  return undefined
}

/** The blanks between a dash and its item. */
function dashGap(source: string, item: Item | undefined): string {
  const gap = item === undefined ? '' : source.slice(item.start + 1, item.value.outer)
  return /^ +$/.test(gap) ? gap : ' '
}

function isCollection(node: Node): node is Collection {
  return node.kind === 'list' || node.kind === 'map'
}

function lineBreakOf(source: string): string {
  return /\r\n|\n|\r/.exec(source)?.[0] ?? '\n'
}
