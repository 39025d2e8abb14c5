/**
 * YAML text to values, with the meaning that Kubernetes gives it.
 *
 * kubectl and the API server read YAML through sigs.k8s.io/yaml, which is Go's yaml.v2: YAML 1.1 booleans (`yes`, `on`, `y`),
 * octal `0644`, `1_000`, no base-60 numbers, dates as strings, merge keys applied in their order, unknown tags ignored.
 * js-yaml parses; the meaning is given here, because none of its schemas has it. What differs on purpose: a duplicate key is
 * an error (Go takes the last one), and `%YAML 1.2` is accepted.
 */
import { EVENT_ID, SCALAR_STYLE, YAMLException, getScalarValue, parseEvents } from 'js-yaml'
import type { Event, ScalarEvent } from 'js-yaml'
import { isObject } from '../kubernetes/field.ts'

/** Collections nested deeper than this are refused. */
export const MAX_DEPTH = 100

/** How many values the aliases of one document may add, so that a small file cannot become a huge object. */
const MAX_ALIASED = 100_000

const ABSENT = -1

/** Text that is not YAML, or YAML that is no JSON value. `offset` is in UTF-16 units from the start of the text. */
export class YamlError extends Error {
  override readonly name = 'YamlError'
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** The events of a text. Throws YamlError where it is not YAML, or nested deeper than so many levels. */
export function readEvents(source: string, deepest = MAX_DEPTH): Event[] {
  try {
    return parse(source, deepest)
  } catch (error) {
    if (!(error instanceof YamlError) || error.message !== TOO_SHALLOW) throw error
    return readShallow(source, error, deepest)
  }
}

/** What js-yaml says of a line in brackets or quotes that stands no deeper than the key it belongs to, or has a tab in it. */
const TOO_SHALLOW = 'deficient indentation'

/** How much text is read anew for lines that stand too shallow, in UTF-16 units, before it is given up. */
const MAX_REREAD = 8_000_000

/**
 * The events of a text with lines that stand too shallow, which YAML forbids and Go allows (`args: [` closed by a `]` right under
 * it). How deep such a line stands means nothing, so it is read as if it stood deeper than any other, and its tabs as blanks.
 */
function readShallow(source: string, first: YamlError, deepest: number): Event[] {
  const indent = ' '.repeat(deepestLine(source) + 1)
  const shallow = new Set<number>()
  let starts: readonly number[] = []
  let blank = source
  const original = (offset: number): number => {
    let [low, high] = [0, starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (starts[middle]! + middle * indent.length < offset) low = middle + 1
      else high = middle
    }
    if (low === 0) return offset
    return Math.max(offset - low * indent.length, starts[low - 1]!)
  }
  const indented = (end: number): string => {
    const texts: string[] = []
    let done = 0
    for (const start of starts) {
      if (start > end) break
      texts.push(blank.slice(done, start), indent)
      done = start
    }
    return texts.join('') + blank.slice(done, end)
  }
  let offset = first.offset
  for (let reread = source.length; reread < MAX_REREAD; reread += 2 * source.length) {
    const start = Math.max(source.lastIndexOf('\n', offset - 1), source.lastIndexOf('\r', offset - 1)) + 1
    const before = blank.slice(start, offset)
    if (before.trim() !== '' && before.includes('\t')) {
      blank = blank.slice(0, start) + before.replaceAll('\t', ' ') + blank.slice(offset)
    } else if (before.trim() === '' && !shallow.has(start)) {
      for (const line of linesWithin(source, start, contextOf(indented(start) + indent, deepest))) shallow.add(line)
      starts = [...shallow].sort((a, b) => a - b)
    } else break
    try {
      return parse(indented(source.length), deepest).map((event) => mapOffsets(event, original))
    } catch (error) {
      if (!(error instanceof YamlError)) throw error
      offset = original(error.offset)
      if (error.message !== TOO_SHALLOW) throw new YamlError(error.message, offset)
    }
  }
  throw first
}

type Context = 'single' | 'double' | 'flow' | undefined

/** What a text ends in the middle of. */
function contextOf(text: string, deepest: number): Context {
  try {
    parse(text, deepest)
    return undefined
  } catch (error) {
    const [, within] = /^unexpected end of the stream within a (single|double|flow)\b/.exec((error as Error).message) ?? []
    return within as Context
  }
}

/** Where lines begin from `start` on that surely stand within the quotes or brackets that it stands in. */
function* linesWithin(source: string, start: number, context: Context): Generator<number> {
  yield start
  if (context === undefined) return
  // Of brackets it is not known how many are open: one.
  let depth = 1
  let quote: Context = context === 'flow' ? undefined : context
  for (let at = start; at < source.length; at++) {
    const char = source[at]
    if (char === '\n' || (char === '\r' && source[at + 1] !== '\n')) yield at + 1
    else if (quote === 'double' && char === '\\') at += 1
    else if (quote !== undefined && char === (quote === 'double' ? '"' : "'")) {
      if (quote === 'single' && source[at + 1] === "'") at += 1
      else if (context !== 'flow') return
      else quote = undefined
    } else if (quote === undefined) {
      // What may be a comment, or a quote within a word, is left to the reader.
      if (char === '#' || ((char === '"' || char === "'") && !/[\s,[{:]/.test(source[at - 1] ?? ' '))) return
      if (char === '"' || char === "'") quote = char === '"' ? 'double' : 'single'
      if (char === '[' || char === '{') depth += 1
      if ((char === ']' || char === '}') && --depth === 0) return
    }
  }
}

function deepestLine(source: string): number {
  let deepest = 0
  for (const [blanks] of source.matchAll(/^ +/gm)) deepest = Math.max(deepest, blanks.length)
  return deepest
}

function mapOffsets(event: Event, map: (offset: number) => number): Event {
  const entries = Object.entries(event).map(([name, value]) => [
    name,
    /(?:Start|End|^start)$/.test(name) && typeof value === 'number' && value >= 0 ? map(value) : value,
  ])
  return Object.fromEntries(entries) as Event
}

function parse(source: string, deepest: number): Event[] {
  try {
    // js-yaml counts one level more while it looks whether a collection is a key.
    return parseEvents(source, { maxDepth: deepest + 1 })
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const reason = error.reason.startsWith('nesting exceeded') ? `nested deeper than ${deepest} levels` : error.reason
    throw new YamlError(reason, error.mark?.position ?? 0)
  }
}

/** True where a line holds `{{…}}`, which a template is filled in at. */
export function holdsTemplate(source: string): boolean {
  for (let open = source.indexOf('{{'); open >= 0;) {
    const close = source.indexOf('}}', open + 2)
    if (close < 0) return false
    const lineBreak = source.lastIndexOf('\n', close)
    if (lineBreak < open) return true
    open = source.indexOf('{{', lineBreak)
  }
  return false
}

/** The number of documents that events stand for. */
export function countDocuments(events: readonly Event[]): number {
  let count = 0
  for (const event of events) if (event.type === EVENT_ID.DOCUMENT) count++
  return count
}

/**
 * The value of the first document: JSON values only, without shared parts; null where the document is empty.
 * Throws YamlError for duplicate keys, keys that are no scalars, unknown aliases and numbers that JSON does not have.
 */
export function readValue(source: string, events: readonly Event[]): unknown {
  const anchors = new Map<string, unknown>()
  let aliased = 0
  let next = events.findIndex((event) => event.type === EVENT_ID.DOCUMENT) + 1

  function read(): unknown {
    const event = events[next++]!
    if (event.type === EVENT_ID.SCALAR) {
      const value = scalarValue(source, event)
      if (event.anchorStart !== ABSENT) anchors.set(source.slice(event.anchorStart, event.anchorEnd), value)
      return value
    }
    if (event.type === EVENT_ID.ALIAS) return readAlias(event.anchorStart, event.anchorEnd)
    if (event.type !== EVENT_ID.SEQUENCE && event.type !== EVENT_ID.MAPPING) return null
    const anchor = event.anchorStart === ABSENT ? undefined : source.slice(event.anchorStart, event.anchorEnd)
    // From here to its end the anchor names the node it is in, and no earlier one of the same name.
    if (anchor !== undefined) anchors.delete(anchor)
    const value = event.type === EVENT_ID.SEQUENCE ? readSequence() : readMapping()
    if (anchor !== undefined) anchors.set(anchor, value)
    return value
  }

  function readSequence(): unknown[] {
    const items: unknown[] = []
    while (events[next]!.type !== EVENT_ID.POP) items.push(read())
    next++
    return items
  }

  function readMapping(): Record<string, unknown> {
    const entries: Record<string, unknown> = {}
    let merged: Set<string> | undefined
    for (let key = events[next]!; key.type !== EVENT_ID.POP; key = events[next]!) {
      const offset = eventOffset(key)
      if (isMergeKey(source, key)) {
        next++
        merged ??= new Set()
        for (const part of readMerged(offset)) {
          for (const [name, value] of Object.entries(part)) {
            if (!Object.hasOwn(entries, name)) merged.add(name)
            setMember(entries, name, value)
          }
        }
        continue
      }
      const name = keyName(read(), offset)
      if (Object.hasOwn(entries, name) && !merged?.delete(name))
        throw new YamlError(`duplicate key ${JSON.stringify(name)}`, offset)
      setMember(entries, name, read())
    }
    next++
    return entries
  }

  /** What a merge key brings in, the least important first. */
  function readMerged(offset: number): Record<string, unknown>[] {
    const isList = events[next]!.type === EVENT_ID.SEQUENCE
    const value = read()
    const parts: unknown[] = isList ? (value as unknown[]).toReversed() : [value]
    if (!parts.every(isObject)) throw new YamlError('a merge key (<<) must be given a mapping or a list of mappings', offset)
    return parts
  }

  function readAlias(start: number, end: number): unknown {
    const name = source.slice(start, end)
    if (!anchors.has(name)) throw new YamlError(`unknown alias *${name}`, start - 1)
    return copy(anchors.get(name), start - 1)
  }

  function copy(value: unknown, offset: number): unknown {
    if (++aliased > MAX_ALIASED) throw new YamlError(`aliases must not expand to more than ${MAX_ALIASED} values`, offset)
    if (Array.isArray(value)) return value.map((item) => copy(item, offset))
    if (!isObject(value)) return value
    const entries: Record<string, unknown> = {}
    for (const name of Object.keys(value)) setMember(entries, name, copy(value[name], offset))
    return entries
  }

  return read()
}

/** Sets a member as data, whatever its name: `__proto__` too becomes a plain own property. */
export function setMember(entries: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(entries, name, { value, writable: true, enumerable: true, configurable: true })
  else entries[name] = value
}

/** True for the key `<<`, which stands for the members of its value. */
export function isMergeKey(source: string, event: Event): boolean {
  if (event.type !== EVENT_ID.SCALAR || event.style !== SCALAR_STYLE.PLAIN || event.valueEnd - event.valueStart !== 2)
    return false
  if (!source.startsWith('<<', event.valueStart)) return false
  return event.tagStart === ABSENT || tagName(source, event) === 'merge'
}

/** The name of a mapping key, given its value. Throws YamlError where it can be no name. */
export function keyName(key: unknown, offset: number): string {
  if (typeof key === 'string') return key
  if (typeof key === 'number' || typeof key === 'boolean') return String(key)
  throw new YamlError(`a mapping key must be a string, not ${key === null ? 'null' : 'a collection'}`, offset)
}

/** The value of a scalar. Throws YamlError where its tag does not fit, or where it is no JSON value. */
export function scalarValue(source: string, event: ScalarEvent): unknown {
  const text = getScalarValue(source, event)
  if (event.tagStart === ABSENT && event.style !== SCALAR_STYLE.PLAIN) return text
  const value = event.tagStart === ABSENT ? resolvePlain(text) : resolveTagged(text, tagName(source, event), event.tagStart)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new YamlError(`${text} is not a JSON number`, event.valueStart)
  return value
}

/** The short name of a tag (`str` of `!!str`), or the tag as it is written where it is none of YAML's own. */
function tagName(source: string, event: ScalarEvent): string {
  const tag = source.slice(event.tagStart, event.tagEnd)
  return /^!<tag:yaml\.org,2002:(.*)>$/.exec(tag)?.[1] ?? (tag.startsWith('!!') ? tag.slice(2) : tag)
}

function resolveTagged(text: string, tag: string, offset: number): unknown {
  if (tag === 'binary') return Buffer.from(text, 'base64').toString('utf8')
  const type = { null: 'object', bool: 'boolean', int: 'number', float: 'number' }[tag]
  if (type === undefined) return text
  const value = resolvePlain(text)
  if (typeof value !== type || (tag === 'int' && !Number.isInteger(value))) {
    throw new YamlError(`${JSON.stringify(text)} is not of the type !!${tag}`, offset)
  }
  return value
}

const WORDS = new Map<string, boolean | number | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
])
const LONGEST_WORD = 5
const INTEGER = /^[-+]?(?:0[0-7]*|[1-9][0-9]*|0[oO][0-7]+|0[xX][0-9a-fA-F]+|0[bB][01]+)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const POINT_FLOAT = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/

/** What a plain (unquoted) scalar stands for, as Go's yaml.v2 resolves it. */
export function resolvePlain(text: string): string | number | boolean | null {
  if (text.length <= LONGEST_WORD) {
    const word = WORDS.get(text)
    if (word !== undefined) return word
  }
  const first = text.charCodeAt(0)
  const isDigit = first >= 48 && first <= 57
  if (!isDigit && first !== 43 && first !== 45)
    return first === 46 && POINT_FLOAT.test(text) ? finite(text.replaceAll('_', ''), text) : text
  const plain = text.includes('_') ? text.replaceAll('_', '') : text
  if (INTEGER.test(plain)) return integer(plain)
  return FLOAT.test(plain) ? finite(plain, text) : text
}

function integer(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const digits = text.replace(/^[-+]/, '')
  const magnitude = /^0[0-9]/.test(digits) ? parseInt(digits, 8) : Number(digits)
  // Not -0, which Go's integers do not have.
  return magnitude === 0 ? 0 : sign * magnitude
}

function finite(number: string, text: string): number | string {
  const value = Number(number)
  return Number.isFinite(value) ? value : text
}

function eventOffset(event: Event): number {
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) return 0
  if (event.anchorStart !== ABSENT) return event.anchorStart - 1
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart
  if (event.tagStart !== ABSENT) return event.tagStart
  const start = event.type === EVENT_ID.SCALAR ? event.valueStart : event.start
  const quoted = event.type === EVENT_ID.SCALAR &&
    (event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED)
  return Math.max(quoted ? start - 1 : start, 0)
}
