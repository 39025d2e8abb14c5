/**
 * YAML text to values with the meaning that Python gives it: `yaml.safe_load` of PyYAML, which is how BlueKing reads its files.
 *
 * It is YAML 1.1: `yes` and `on` are booleans (but not `y`), `1:30` is ninety, `010` is eight, `1e3` is a string, of a key that
 * stands twice the last holds, `<<` merges, an unknown tag is an error. js-yaml parses; the meaning is given here. Source:
 * PyYAML 6.0, lib/yaml/resolver.py and constructor.py; test/conformance/platforms.test.ts asks the real one.
 */
import { EVENT_ID, SCALAR_STYLE, getScalarValue } from 'js-yaml'
import type { Event, ScalarEvent } from 'js-yaml'
import type { Entry, Mapping, Range, Scalar, Text, Value } from './python-value.ts'
import { decodeScalar } from './scalar.ts'
import { buildTree, resolve, type MapNode, type Node, type ScalarNode } from './tree.ts'
import { YamlError, countDocuments, readEvents } from './values.ts'

/** How many values the aliases of one document may add, so that a small file cannot become a huge one. */
const mostAliased = 100_000

/** Reads the one document of a text. Throws YamlError where Python would not read it. */
export function readPythonYaml(source: string): Value {
  return read(source, false)
}

function read(source: string, texts: boolean): Value {
  const events = readEvents(source)
  const documents = countDocuments(events)
  checkAliases(source, events)
  if (documents > 1) throw new YamlError('more than one document where one was expected', 0)
  const empty = { type: 'null', text: 'None', start: source.length, end: source.length } as const
  if (!texts) {
    checkTabs(source, events)
    if (/^\.\.\.(?:\s|$)/.test(source.slice(firstContent(source)))) throw new YamlError("expected '<document start>', but found '...'", 0)
  }
  return documents === 0 ? empty : new Reader(source, texts).read(buildTree(source, events).root)
}

/** Where the first line begins that is neither empty nor a comment. */
function firstContent(source: string): number {
  const passedOver = /[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n)/y
  let start = source.startsWith('\ufeff') ? 1 : 0
  passedOver.lastIndex = start
  while (passedOver.test(source)) start = passedOver.lastIndex
  return start
}

/** Throws YamlError for a tab between words: Python's reader has no word that may begin with one. */
function checkTabs(source: string, events: readonly Event[]): void {
  if (!source.includes('\t')) return
  let done = 0
  const check = (to: number): void => {
    for (const { 0: line, index } of source.slice(done, to).matchAll(/[^\r\n]+/g)) {
      const comment = /(?:^|[ \t])#/.exec(line)?.index ?? line.length
      const tab = line.slice(0, comment + 1).replace(/#$/, '').indexOf('\t')
      if (tab >= 0) throw new YamlError("found character '\\t' that cannot start any token", done + index + tab)
    }
  }
  for (const event of events) {
    if (event.type !== EVENT_ID.SCALAR || event.style === SCALAR_STYLE.PLAIN || event.valueStart < done) continue
    check(event.valueStart)
    done = event.valueEnd
  }
  check(source.length)
}

/** The same with every scalar as the text that it is, and null as an empty one: what Go decodes into a map of strings. */
export function readPlainTexts(source: string): Value {
  return read(source, true)
}

/** Throws YamlError where an alias stands for nothing, or for what it is part of, and where two nodes have one anchor. */
function checkAliases(source: string, events: readonly Event[]): void {
  const known = new Set<string>()
  const open: (string | undefined)[] = []
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      const closed = open.pop()
      if (closed !== undefined) known.add(closed)
    } else if (event.type === EVENT_ID.ALIAS) {
      const name = source.slice(event.anchorStart, event.anchorEnd)
      if (!known.has(name)) throw new YamlError(`unknown alias *${name}`, event.anchorStart - 1)
    } else {
      const anchor = event.type === EVENT_ID.DOCUMENT || event.anchorStart === -1 ? undefined
        : source.slice(event.anchorStart, event.anchorEnd)
      if (anchor !== undefined && (known.has(anchor) || open.includes(anchor)))
        throw new YamlError(`found duplicate anchor ${JSON.stringify(anchor)}`,
          event.type === EVENT_ID.DOCUMENT ? 0 : event.anchorStart - 1)
      if (event.type !== EVENT_ID.SCALAR) open.push(anchor)
      else if (anchor !== undefined) known.add(anchor)
    }
  }
}

class Reader {
  readonly #source: string
  readonly #texts: boolean
  #aliased = 0

  constructor(source: string, texts: boolean) {
    this.#source = source
    this.#texts = texts
  }

  read(node: Node): Value {
    if (node.kind === 'alias' && ++this.#aliased > mostAliased)
      throw new YamlError(`aliases must not expand to more than ${mostAliased} values`, node.start)
    const target = resolve(node)
    const { start, end } = target
    if (target.kind === 'scalar') return this.#scalar(target)
    if (target.kind === 'list') return { type: 'list', start, end, items: target.items.map(({ value }) => this.#counted(value)) }
    return this.#mapping(target)
  }

  #counted(node: Node): Value {
    // Once within an alias everything counts, which bounds an alias of aliases.
    if (this.#aliased > 0 && ++this.#aliased > mostAliased)
      throw new YamlError(`aliases must not expand to more than ${mostAliased} values`, node.start)
    return this.read(node)
  }

  #mapping(node: MapNode): Mapping {
    const merged: Entry[] = []
    const own = new Set<Entry>()
    for (const { name, key, value } of node.items) {
      if (name === undefined) merged.unshift(...this.#merged(value))
      else own.add({ key: this.#key(key), value: this.#counted(value) })
    }
    const holding = new Map<string, Entry>()
    const overridden: Entry[] = []
    for (const entry of merged) holding.set(identity(entry.key), entry)
    for (const entry of own) {
      const id = identity(entry.key)
      const earlier = holding.get(id)
      if (earlier && own.has(earlier)) overridden.push(earlier)
      // Python keeps the key that it has, be it True where 1 comes.
      holding.set(id, earlier && earlier.key.type !== entry.key.type ? { key: earlier.key, value: entry.value } : entry)
    }
    return { type: 'map', start: node.start, end: node.end, entries: [...holding.values()], overridden }
  }

  #key(node: Node): Value {
    const key = this.read(node)
    if (key.type === 'list' || key.type === 'map') throw new YamlError('found unhashable key', node.start)
    return key
  }

  /** What a merge key brings in, what goes first last. */
  #merged(value: Node): readonly Entry[] {
    const target = resolve(value)
    const parts = target.kind === 'list' ? target.items.map((item) => item.value).toReversed() : [value]
    return parts.flatMap((part) => {
      const read = this.#counted(part)
      if (read.type !== 'map') throw new YamlError('a merge key (<<) must be given a mapping or a list of mappings', part.start)
      return read.entries
    })
  }

  #scalar(node: ScalarNode): Text | Scalar {
    const { event, start, end } = node
    const range = { start, end }
    const tag = event.tagStart === -1 ? undefined : this.#source.slice(event.tagStart, event.tagEnd)
    const text = this.#value(event)
    if (this.#texts) return this.#text(node, event.style === SCALAR_STYLE.PLAIN && isNull(text) ? '' : text, range)
    const resolved = tag === undefined ? (event.style === SCALAR_STYLE.PLAIN ? resolvePlain(text) : undefined) : tagged(tag, text, node)
    if (resolved === 'value') throw new YamlError("could not determine a constructor for the tag 'tag:yaml.org,2002:value'", start)
    return resolved ? { ...resolved, ...range } : this.#text(node, text, range)
  }

  /** Python adds no line break to a block that ends the file without one. */
  #value(event: ScalarEvent): string {
    const value = getScalarValue(this.#source, event)
    const isBlock = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK
    return isBlock && !this.#texts && event.valueEnd === this.#source.length && !/[\r\n]$/.test(this.#source) ? value.replace(/\n$/, '')
      : value
  }

  #text({ event }: ScalarNode, value: string, range: Range): Text {
    let starts: readonly number[] | undefined
    const offset = (unit: number): number => (starts ??= decodeScalar(this.#source, event).starts)[unit] ?? range.end
    return { type: 'string', value, ...range, offset }
  }
}

type Resolved = Pick<Scalar, 'type' | 'text'>

const identity = (key: Value): string => {
  if (key.type === 'string') return `s${key.value}`
  // True, 1 and 1.0 are one key in Python.
  if (key.type === 'bool') return key.text === 'True' ? 'n1' : 'n0'
  return key.type === 'int' || key.type === 'float' ? `n${Number(key.text)}` : `${key.type}${'text' in key ? key.text : ''}`
}

function tagged(tag: string, text: string, { start }: ScalarNode): Resolved | undefined {
  const name = /^!<tag:yaml\.org,2002:(.*)>$/.exec(tag)?.[1] ?? (tag.startsWith('!!') ? tag.slice(2) : tag)
  if (name === 'str' || tag === '!') return undefined
  const resolved = resolvePlain(text)
  if (name === 'null') return { type: 'null', text: 'None' }
  if ((name === 'int' || name === 'bool' || name === 'float') && resolved && resolved !== 'value' && resolved.type === name) return resolved
  if (name === 'float' && resolved && resolved !== 'value' && resolved.type === 'int')
    return { type: 'float', text: floatText(Number(resolved.text)) }
  throw new YamlError(`could not determine a constructor for the tag ${JSON.stringify(tag)}, or its value is no such value`, start)
}

const booleans = new Map([
  ...['yes', 'true', 'on'].flatMap((word) => cases(word).map((one) => [one, 'True'] as const)),
  ...['no', 'false', 'off'].flatMap((word) => cases(word).map((one) => [one, 'False'] as const)),
])

function cases(word: string): string[] {
  return [word, word.slice(0, 1).toUpperCase() + word.slice(1), word.toUpperCase()]
}

// The expressions of resolver.py. What of them begins with which character is the same as there: no other text matches.
const integer = /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/
const float =
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const date = /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/

const isNull = (text: string): boolean => text === '' || /^(?:~|null|Null|NULL)$/.test(text)

/** What a plain scalar stands for; undefined for a string, `value` for what Python cannot construct. */
function resolvePlain(text: string): Resolved | 'value' | undefined {
  if (isNull(text)) return { type: 'null', text: 'None' }
  if (text === '=' || text === '<<') return 'value'
  const bool = booleans.get(text)
  if (bool !== undefined) return { type: 'bool', text: bool }
  if (!/^[-+.\d]/.test(text)) return undefined
  if (integer.test(text)) return { type: 'int', text: String(integerValue(text.replaceAll('_', ''))) }
  if (float.test(text)) return { type: 'float', text: floatText(floatValue(text.replaceAll('_', '').toLowerCase())) }
  return date.test(text) ? { type: 'date', text } : undefined
}

function integerValue(text: string): bigint {
  const negative = text.startsWith('-')
  const digits = text.replace(/^[-+]/, '')
  let value: bigint
  if (digits === '0') value = 0n
  else if (/^0[bx]/.test(digits)) value = BigInt(digits)
  else if (digits.startsWith('0')) value = BigInt(`0o${digits.slice(1) || '0'}`)
  else value = digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n)
  return negative ? -value : value
}

function floatValue(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const digits = text.replace(/^[-+]/, '')
  if (digits === '.inf') return sign * Infinity
  if (digits === '.nan') return NaN
  return sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

/** As Python's `repr` writes a float. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const magnitude = Math.abs(value)
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4))
    return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2')
  return Number.isInteger(value) ? `${value === 0 && Object.is(value, -0) ? '-0' : value}.0` : String(value)
}
