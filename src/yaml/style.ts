/** The style of the text around a place, which what is written there follows. */
import { SCALAR_STYLE } from 'js-yaml'
import type { Quote } from './scalar.ts'
import { columnOf, isCollection, isFirstOnLine, lineIndent } from './tree.ts'
import type { Item, Node, Pair } from './tree.ts'
import type { Style } from './write.ts'

/** A text and its tree. */
export interface Parsed {
  readonly source: string
  readonly tree: Node
  /** True where the text is JSON and must stay so. */
  readonly json: boolean
}

/** The style of the text around a place: in `node`, next to `neighbour`. */
export function styleFor(parsed: Parsed, node: Node, neighbour: Node | undefined): Style {
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
export function styleQuote(node: Node | undefined): Quote | undefined {
  if (node?.kind !== 'scalar') return undefined
  const quotes: Partial<Record<number, Quote>> = {
    [SCALAR_STYLE.PLAIN]: 'plain',
    [SCALAR_STYLE.SINGLE_QUOTED]: 'single',
    [SCALAR_STYLE.DOUBLE_QUOTED]: 'double',
  }
  return quotes[node.event.style]
}

/** Of collections, as each of many scalars of a text asks for the text as a whole; null where nothing in it is quoted. */
const quotes = new WeakMap<Node, 'single' | 'double' | null>()

/** The quotes of the first quoted scalar in a node. */
export function nearestQuote(node: Node | undefined): 'single' | 'double' | undefined {
  const quote = styleQuote(node)
  if (quote === 'single' || quote === 'double') return quote
  if (!node || !isCollection(node)) return undefined
  let known = quotes.get(node)
  if (known === undefined) quotes.set(node, known = firstOf(node.items, (item) => nearestQuote(item.value)) ?? null)
  return known ?? undefined
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

/** The line break that a text has first. */
export function lineBreakOf(source: string): string {
  return /\r\n|\n|\r/.exec(source)?.[0] ?? '\n'
}
