/** Where each node of one YAML document stands in its text. Built only when a place is asked for. */
import { CHOMPING_MODE, COLLECTION_STYLE, EVENT_ID, SCALAR_STYLE } from 'js-yaml'
import type { AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml'
import type { Path } from '../kubernetes/field.ts'
import { isMergeKey, keyName, scalarValue } from './values.ts'

interface Ranged {
  /** Where the node begins, after its anchor and tag; quotes, brackets and the `|` of a block scalar belong to it. */
  readonly start: number
  /** Where its text ends. The blank lines after a block scalar are not counted. */
  readonly end: number
  /** Where the node begins with its anchor and tag. */
  readonly outer: number
  /** True where an alias or a merge key elsewhere stands for this node too. */
  shared: boolean
}

export interface ScalarNode extends Ranged {
  readonly kind: 'scalar'
  readonly event: ScalarEvent
}

export interface ListNode extends Ranged {
  readonly kind: 'list'
  readonly flow: boolean
  readonly items: readonly Item[]
}

export interface MapNode extends Ranged {
  readonly kind: 'map'
  readonly flow: boolean
  readonly items: readonly Pair[]
}

export interface AliasNode extends Ranged {
  readonly kind: 'alias'
  readonly target: Node
}

export type Node = ScalarNode | ListNode | MapNode | AliasNode

/** A node that has entries. */
export type Collection = ListNode | MapNode

/** One element of a list. */
export interface Item {
  /** Where the element begins: its dash, or its value in a flow list. */
  readonly start: number
  readonly value: Node
}

/** One member of a mapping. */
export interface Pair {
  /** Where the member begins: its key (or the `?` before it). */
  readonly start: number
  readonly key: Node
  /** The name of the member; undefined for a merge key. */
  readonly name: string | undefined
  /** Where what follows the colon begins; the end of the key where there is no colon. */
  readonly afterColon: number
  readonly value: Node
}

const ABSENT = -1
const [TAB, SPACE, HASH, PERCENT, COMMA, DASH, COLON, QUESTION] = [9, 32, 35, 37, 44, 45, 58, 63]

export interface Tree {
  readonly root: Node
  /** True where a node has an anchor, so that parts of the document may depend on one another. */
  readonly hasAnchors: boolean
}

/**
 * The tree of the one document that the events stand for, which must have been read without an error. Nodes below `depth` levels
 * (0 for the root) are left out.
 */
export function buildTree(source: string, events: readonly Event[], depth = Infinity): Tree {
  const anchors = new Map<string, Node>()
  let next = events.findIndex((event) => event.type === EVENT_ID.DOCUMENT) + 1
  let cursor = afterMarker(source)
  let level = 0
  const root = readNode()
  return { root, hasAnchors: anchors.size > 0 }

  function readNode(): Node {
    const event = events[next++]!
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return remember(event, readScalar(event))
      case EVENT_ID.SEQUENCE:
        return remember(event, readList(event))
      case EVENT_ID.MAPPING:
        return remember(event, readMap(event))
      case EVENT_ID.ALIAS:
        return readAlias(event)
      default:
        throw new TypeError('a document must have one node')
    }
  }

  function remember<Kind extends Node>(event: ScalarEvent | SequenceEvent | MappingEvent, node: Kind): Kind {
    if (event.anchorStart !== ABSENT) anchors.set(source.slice(event.anchorStart, event.anchorEnd), node)
    return node
  }

  function readAlias(event: AliasEvent): AliasNode {
    const target = anchors.get(source.slice(event.anchorStart, event.anchorEnd))!
    target.shared = true
    const start = event.anchorStart - 1
    cursor = event.anchorEnd
    return { kind: 'alias', start, end: cursor, outer: start, shared: false, target }
  }

  /** Where a node's anchor and tag begin and end; `start` twice where it has none. */
  function properties(event: ScalarEvent | SequenceEvent | MappingEvent, start: number): { outer: number; inner: number } {
    let outer = start
    if (event.tagStart !== ABSENT) outer = Math.min(outer, event.tagStart)
    if (event.anchorStart !== ABSENT) outer = Math.min(outer, event.anchorStart - 1)
    return { outer, inner: Math.max(event.tagEnd, event.anchorEnd) }
  }

  function readScalar(event: ScalarEvent): ScalarNode {
    const { inner } = properties(event, cursor)
    if (inner !== ABSENT) cursor = inner
    let start = event.valueStart
    let end = event.valueEnd
    if (start === ABSENT) {
      start = end = cursor
    } else if (event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED) {
      start--
      end++
    } else if (event.style !== SCALAR_STYLE.PLAIN) {
      start = skipSpace(source, cursor)
      end = blockEnd(source, event, start)
    }
    cursor = Math.max(end, event.valueEnd)
    return { kind: 'scalar', start, end, outer: properties(event, start).outer, shared: false, event }
  }

  function readList(event: SequenceEvent): ListNode {
    const { start } = event
    const { outer } = properties(event, start)
    const flow = event.style === COLLECTION_STYLE.FLOW
    const items: Item[] = []
    let last = cursor
    cursor = flow ? start + 1 : start
    level++
    while (events[next]!.type !== EVENT_ID.POP) {
      const dash = skipSpace(source, cursor)
      cursor = flow ? dash : dash + 1
      const value = readNode()
      if (level <= depth) items.push({ start: flow ? value.outer : dash, value })
      last = value.end
      if (flow) cursor = afterComma(last)
    }
    level--
    next++
    const end = flow ? skipSpace(source, cursor) + 1 : last
    if (flow) cursor = end
    return { kind: 'list', flow, start, end, outer, shared: false, items }
  }

  function readMap(event: MappingEvent): MapNode {
    const { start } = event
    const { outer } = properties(event, start)
    const flow = event.style === COLLECTION_STYLE.FLOW
    // `[a: b]` holds a mapping of one member without braces.
    const braced = flow && source[start] === '{'
    const items: Pair[] = []
    let last = cursor
    cursor = braced ? start + 1 : start
    level++
    while (events[next]!.type !== EVENT_ID.POP) {
      const pair = readPair(flow)
      if (level <= depth) items.push(pair)
      last = pair.value.end
      if (braced) cursor = afterComma(last)
    }
    level--
    next++
    const end = braced ? skipSpace(source, cursor) + 1 : last
    if (braced) cursor = end
    return { kind: 'map', flow, start, end, outer, shared: false, items }
  }

  function readPair(flow: boolean): Pair {
    const first = skipSpace(source, cursor)
    const explicit = isIndicator(source, first, QUESTION)
    if (explicit) cursor = first + 1
    const event = events[next]!
    const key = readNode()
    const name = isMergeKey(source, event) ? undefined : memberName(source, key)
    const colon = skipSpace(source, cursor)
    const hasColon = flow ? source.charCodeAt(colon) === COLON : isIndicator(source, colon, COLON)
    const afterColon = hasColon ? colon + 1 : key.end
    cursor = afterColon
    const value = readNode()
    return { start: explicit ? first : key.outer, key, name, afterColon, value }
  }

  function afterComma(offset: number): number {
    const comma = skipSpace(source, offset)
    return source.charCodeAt(comma) === COMMA ? comma + 1 : offset
  }
}

function memberName(source: string, key: Node): string {
  const node = resolve(key)
  return node.kind === 'scalar' ? keyName(scalarValue(source, node.event), node.start) : ''
}

/** The node that an alias stands for; any other node itself. */
export function resolve(node: Node): Exclude<Node, AliasNode> {
  return node.kind === 'alias' ? resolve(node.target) : node
}

/** One step on the way to a node. */
export interface Step {
  readonly node: Node
  /** What holds the node in its parent; undefined for the root. */
  readonly member: Pair | Item | undefined
  /** True where the member was found through a merge key. */
  readonly merged: boolean
}

/** The nodes on the way from the root to the path's end, both included; undefined where there is no such node. */
export function walk(root: Node, path: Path): Step[] | undefined {
  const steps: Step[] = [{ node: root, member: undefined, merged: false }]
  for (const key of path) {
    const parent = resolve(steps.at(-1)!.node)
    const step = typeof key === 'number' ? listStep(parent, key) : mapStep(parent, key)
    if (step === undefined) return undefined
    steps.push(step)
  }
  return steps
}

function listStep(list: Node, index: number): Step | undefined {
  const member = list.kind === 'list' ? list.items[index] : undefined
  return member && { node: member.value, member, merged: false }
}

/** The member that counts is the last one: Go applies keys and merges in the order in which they stand. */
function mapStep(map: Node, name: string): Step | undefined {
  if (map.kind !== 'map') return undefined
  for (const pair of map.items.toReversed()) {
    if (pair.name === name) return { node: pair.value, member: pair, merged: false }
    if (pair.name !== undefined) continue
    for (const source of pair.value.kind === 'list' ? pair.value.items.map((item) => item.value) : [pair.value]) {
      const step = mapStep(resolve(source), name)
      if (step) return { ...step, merged: true }
    }
  }
  return undefined
}

/** True where an indicator (`-`, `?`, `:`) stands at an offset, with a blank or nothing behind it. */
function isIndicator(source: string, offset: number, code: number): boolean {
  if (source.charCodeAt(offset) !== code) return false
  const following = source.charCodeAt(offset + 1)
  return Number.isNaN(following) || following === SPACE || following === TAB || isBreak(following)
}

/** Where the first content of a document begins, after directives, `---`, blank lines and comments. */
export function contentStart(source: string): number {
  return skipSpace(source, afterMarker(source))
}

/** The offset after the `---` of a document, or that of its first content. */
function afterMarker(source: string): number {
  let offset = skipSpace(source, source.charCodeAt(0) === 0xfeff ? 1 : 0)
  while (source.charCodeAt(offset) === PERCENT) offset = skipSpace(source, lineEnd(source, offset))
  return source.startsWith('---', offset) && isIndicator(source, offset + 2, DASH) ? offset + 3 : offset
}

/** The first offset from here on that is neither blank nor in a comment. */
export function skipSpace(source: string, offset: number): number {
  for (;;) {
    const code = source.charCodeAt(offset)
    if (code === HASH) offset = lineEnd(source, offset)
    else if (code === SPACE || code === TAB || isBreak(code)) offset++
    else return offset
  }
}

export function isBreak(code: number): boolean {
  return code === 10 || code === 13
}

/** The offset of the line break that ends the line of an offset, or the end of the text. */
export function lineEnd(source: string, offset: number): number {
  while (offset < source.length && !isBreak(source.charCodeAt(offset))) offset++
  return offset
}

/** The offset of the first character of the line of an offset. */
export function lineStart(source: string, offset: number): number {
  while (offset > 0 && !isBreak(source.charCodeAt(offset - 1))) offset--
  return offset === 0 && source.charCodeAt(0) === 0xfeff ? 1 : offset
}

/** The offset after the line break at an offset. */
export function afterBreak(source: string, offset: number): number {
  if (offset >= source.length) return source.length
  return source.startsWith('\r\n', offset) ? offset + 2 : offset + 1
}

/** The end of the last line of a block scalar that is not blank; the end of its header where there is none. */
function blockEnd(source: string, event: ScalarEvent, header: number): number {
  let end = event.valueEnd
  while (end > event.valueStart) {
    const start = lineStart(source, isBreak(source.charCodeAt(end - 1)) ? beforeBreak(source, end) : end)
    const line = source.slice(start, lineEnd(source, start))
    if (/[^ ]/.test(line) || (event.indent >= 0 && line.length > event.indent)) return start + line.length
    end = start
  }
  return lineEnd(source, header)
}

/** The offset of the line break that ends right before an offset. */
function beforeBreak(source: string, offset: number): number {
  return source.startsWith('\r\n', offset - 2) ? offset - 2 : offset - 1
}

/** Where a block scalar that keeps its trailing line breaks (`|+`) ends, if a node ends with one. */
export function keptEnd(node: Node): number | undefined {
  if (node.kind === 'scalar') {
    const block = node.event.style === SCALAR_STYLE.LITERAL_BLOCK || node.event.style === SCALAR_STYLE.FOLDED_BLOCK
    return block && node.event.chomping === CHOMPING_MODE.KEEP ? node.event.valueEnd : undefined
  }
  return node.kind === 'alias' || node.flow ? undefined : keptEnd(node.items.at(-1)!.value)
}

/** The offset after the last line of a node in block style. */
export function afterLastLine(source: string, node: Node): number {
  return keptEnd(node) ?? afterBreak(source, lineEnd(source, node.end))
}

/** How many characters stand before an offset in its line. */
export function columnOf(source: string, offset: number): number {
  return offset - lineStart(source, offset)
}

/** The width of the blanks that the line of an offset begins with. */
export function lineIndent(source: string, offset: number): number {
  return /^[ \t]*/.exec(source.slice(lineStart(source, offset), offset))![0].length
}

/** True where only blanks stand before an offset in its line. */
export function isFirstOnLine(source: string, offset: number): boolean {
  return lineIndent(source, offset) === columnOf(source, offset)
}

export function isCollection(node: Node): node is Collection {
  return node.kind === 'list' || node.kind === 'map'
}
