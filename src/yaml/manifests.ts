/** Kubernetes manifests in a text: YAML of any number of documents, or JSON. */
import type { Event, ScalarEvent } from 'js-yaml'
import { isObject, type Path } from '../kubernetes/field.ts'
import { readJson } from './json.ts'
import { Lines } from './lines.ts'
import type { Position } from './lines.ts'
import { itemIndex, itemParts, pathInPart, splitItems } from './parts.ts'
import type { Part } from './parts.ts'
import { decodeScalar } from './scalar.ts'
import type { Decoded } from './scalar.ts'
import { buildTree, contentStart, isBreak, lineEnd, afterBreak, resolve, skipSpace, walk } from './tree.ts'
import type { Node, Step } from './tree.ts'
import { MAX_DEPTH, YamlError, countDocuments, holdsTemplate, readEvents, readValue } from './values.ts'

/** Why a document could not be read, and where. */
export interface ManifestError extends Position {
  readonly message: string
  /** In UTF-16 units from the start of the file. */
  readonly offset: number
}

/** A part of a file: UTF-16 offsets, end exclusive, and the line and column of its start. */
export interface Place extends Position {
  readonly start: number
  readonly end: number
}

/** One document of a file. */
export class Manifest {
  /** Which document of the file this is, from 0; documents without content are not counted. */
  readonly index: number
  /** Where the document stands in the file, its `---` included: UTF-16 offsets, end exclusive. */
  readonly start: number
  readonly end: number
  /** A JSON value; undefined where there is an error. */
  readonly value: unknown
  readonly error: ManifestError | undefined
  readonly #file: string
  readonly #lines: Lines
  #events: Event[] | undefined
  #items: readonly Part[] | undefined
  /** The scalar that was decoded last. */
  #decoded: { readonly event: ScalarEvent; readonly decoded: Decoded } | undefined
  /** The part that was looked at last (undefined: all of the document), its text and its tree. */
  #part: Part | undefined
  #text = ''
  #tree: Node | undefined

  /** `read` is what reading the document gave: its value or its error, and its events where they are known. */
  constructor(file: string, lines: Lines, index: number, start: number, end: number, read: Reading) {
    this.index = index
    this.start = start
    this.end = end
    this.#file = file
    this.#lines = lines
    this.#events = read.events
    this.#items = read.items
    this.value = read.value
    const { error } = read
    this.error = error && { message: error.message, offset: start + error.offset, ...lines.position(start + error.offset) }
  }

  /** The line of the document's first content, from 1. */
  get line(): number {
    return this.position(this.start + contentStart(this.source)).line
  }

  /** The text of the document. */
  get source(): string {
    return this.#file.slice(this.start, this.end)
  }

  /** The line and column of an offset into the file. */
  position(offset: number): Position {
    return this.#lines.position(offset)
  }

  /**
   * Where the value at a path stands (or its key), quotes and brackets included. What comes from an alias or a merge key
   * is where it is written. Undefined where there is no such value, and no key for an element of a list.
   */
  locate(path: Path, part: 'value' | 'key' = 'value'): Place | undefined {
    const { step, start } = this.#find(path) ?? {}
    if (step === undefined || start === undefined) return undefined
    const key = step.member && 'key' in step.member ? step.member.key : undefined
    const node = part === 'key' ? key : resolve(step.node)
    return node && { start: start + node.start, end: start + node.end, ...this.position(start + node.start) }
  }

  /**
   * Where in the file a character of a scalar stands, whatever the scalar's style: `valueOffset` counts UTF-16 units of the
   * value, its length standing for the end. Undefined where there is no such scalar or character.
   */
  sourceOffset(path: Path, valueOffset: number): number | undefined {
    const found = this.#find(path)
    const node = found && resolve(found.step.node)
    if (found === undefined || node?.kind !== 'scalar') return undefined
    const offset = this.#decode(found.source, node.event).starts[valueOffset]
    return offset === undefined ? undefined : found.start + offset
  }

  /** One scalar may have many findings: it is decoded once for all that come one after the other. */
  #decode(source: string, event: ScalarEvent): Decoded {
    if (this.#decoded?.event !== event) this.#decoded = { event, decoded: decodeScalar(source, event) }
    return this.#decoded.decoded
  }

  /** The parts of a document that holds a list of objects, where they can be read alone. */
  get items(): readonly Part[] | undefined {
    if (this.#items === undefined) {
      const hasItems = isObject(this.value) && Array.isArray(this.value['items'])
      this.#items = hasItems ? itemParts(this.source, this.#readEvents()) : undefined
      this.#items ??= []
    }
    return this.#items.length === 0 ? undefined : this.#items
  }

  #readEvents(): Event[] {
    const events = this.#events ?? readEvents(this.source)
    this.#events = undefined
    return events
  }

  /** What stands at the end of a path, and the text that it is in: that of an item, or all. */
  #find(path: Path): { step: Step; source: string; start: number } | undefined {
    if (this.error) return undefined
    const index = itemIndex(path)
    const part = index === undefined ? undefined : this.items?.[index]
    if (part !== this.#part || this.#tree === undefined) {
      this.#part = part
      this.#text = part ? this.source.slice(part.start, part.end) : this.source
      this.#tree = buildTree(this.#text, part ? readEvents(this.#text) : this.#readEvents()).root
    }
    const step = walk(this.#tree, part ? pathInPart(part, path) : path)?.at(-1)
    return step && { step, source: this.#text, start: this.start + (part?.start ?? 0) }
  }
}

/** What comes of reading one document. */
interface Reading {
  readonly value?: unknown
  readonly error?: YamlError
  readonly events?: Event[]
  /** The parts of a list that was read item by item. */
  readonly items?: readonly Part[]
  readonly isJson?: boolean
}

/**
 * The documents of a text, one at a time. A document that cannot be read is given with its error and hides no other one;
 * documents without content are left out.
 */
export function* readManifests(text: string): Generator<Manifest, void, undefined> {
  const lines = new Lines(text)
  let index = 0
  for (const [start, end] of splitDocuments(text)) {
    const reading = readDocument(text.slice(start, end))
    if (reading) yield new Manifest(text, lines, index++, start, end, reading)
  }
}

/** Reads the text of one document; undefined where it has no content. */
export function readDocument(source: string): Reading | undefined {
  const json = readJson(source)
  if (json !== undefined) return { value: json, isJson: true }
  const list = readList(source)
  if (list) return list
  try {
    const events = readEvents(source)
    const documents = countDocuments(events)
    if (documents > 1) throw new YamlError('more than one document where one was expected', 0)
    const value = documents === 0 ? null : readValue(source, events)
    return value === null ? undefined : { value, events }
  } catch (error) {
    if (error instanceof YamlError) return { error: explain(error, source) }
    throw error
  }
}

/** Reads a list item by item, as all of its events take ten times its memory; undefined where it has to be read as a whole. */
function readList(source: string): Reading | undefined {
  const { parts = [], rest = '' } = splitItems(source) ?? {}
  if (parts.length < 2) return undefined
  try {
    const value = readOne(rest, MAX_DEPTH)
    if (!isObject(value) || !Array.isArray(value['items'])) return undefined
    value['items'] = parts.map(({ start, end }) => itemOf(readOne(source.slice(start, end), MAX_DEPTH - 1)))
    return { value, items: parts }
  } catch (error) {
    // Of what is wrong, the whole text says where.
    if (error instanceof YamlError) return undefined
    throw error
  }
}

function readOne(source: string, deepest: number): unknown {
  const events = readEvents(source, deepest)
  if (countDocuments(events) !== 1) throw new YamlError('not one document', 0)
  return readValue(source, events)
}

function itemOf(list: unknown): unknown {
  if (!Array.isArray(list) || list.length !== 1) throw new YamlError('not one item', 0)
  return list[0]
}

/** Says what a broken document probably is. */
function explain(error: YamlError, source: string): YamlError {
  if (!holdsTemplate(source)) return error
  return new YamlError(
    `looks like a Helm template, which must be rendered first (helm template): ${error.message}`,
    error.offset,
  )
}

/**
 * The parts of a text that hold one document each, together the whole text. Exact without parsing: YAML allows no content,
 * not even in quotes, to look like `---` or `...` at the start of a line.
 */
export function* splitDocuments(text: string): Generator<[start: number, end: number], void, undefined> {
  let start = 0
  let dashes = findMarker(text, '---', 0)
  let dots = findMarker(text, '...', 0)
  while (start < text.length) {
    if (dashes === start || (dashes < dots && hasDirectives(text, start))) dashes = findMarker(text, '---', dashes + 3)
    const end = dots < dashes ? afterBreak(text, lineEnd(text, dots)) : dashes
    yield [start, end]
    start = end
    if (dots < end) dots = findMarker(text, '...', end)
  }
}

/** The start of the next line that is a document marker, its byte order mark included; the text's length where there is none. */
function findMarker(text: string, marker: '---' | '...', from: number): number {
  for (let at = text.indexOf(marker, from); at !== -1; at = text.indexOf(marker, at + 1)) {
    const start = text.charCodeAt(at - 1) === 0xfeff ? at - 1 : at
    const following = text.charCodeAt(at + 3)
    const ends = Number.isNaN(following) || following === 32 || following === 9 || isBreak(following)
    if (ends && (start === 0 || isBreak(text.charCodeAt(start - 1)))) return start
  }
  return text.length
}

/** True where a document begins with directives (`%YAML`), whose `---` belongs to the same document. */
function hasDirectives(text: string, start: number): boolean {
  return text[skipSpace(text, text.charCodeAt(start) === 0xfeff ? start + 1 : start)] === '%'
}
