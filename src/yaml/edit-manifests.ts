/**
 * Edits of manifests, made in their text: comments, layout and quoting stay, and only the lines that an edit is about change.
 *
 * Each edit is written in the way that changes least; the result is read again, and where it is not the value that it must be,
 * the next way is tried. What cannot be edited so is refused with a reason and left as it was.
 */
import { isDeepStrictEqual } from 'node:util'
import { applySplices, inOrder, type RoundEdit, type Splice } from '../edit.ts'
import { isObject, type Path } from '../kubernetes/field.ts'
import { valueAt } from '../kubernetes/workload.ts'
import { readDocument, readManifests } from './manifests.ts'
import type { Manifest } from './manifests.ts'
import { itemIndex, pathInPart } from './parts.ts'
import { insertItems, insertMember, removeEntry, replaceNode } from './rewrite.ts'
import { spliceScalar } from './strings.ts'
import type { Parsed } from './style.ts'
import { buildTree, resolve, walk } from './tree.ts'
import type { Item, Node, Pair, Step } from './tree.ts'
import { readEvents, setMember } from './values.ts'

/** Edits of one document that are made together or not at all. */
export interface DocumentEdits {
  /** The document's `index` among the manifests of the file. */
  readonly document: number
  readonly edits: readonly RoundEdit[]
}

/** A change that was not made. */
export interface Refusal {
  readonly change: DocumentEdits
  /** The line of what was to be edited, from 1; of the nearest thing around it where it is not there yet. */
  readonly line: number
  /** The path of the edit that could not be made. */
  readonly path: Path
  readonly reason: string
}

/**
 * Makes changes in a text of manifests; what is not changed stays byte for byte. The changes of one document are made in their
 * order; once one has been refused, later ones of the same object (the document, or an item of a `List`) are too.
 */
export function editManifests(text: string, changes: readonly DocumentEdits[]): { text: string; refused: Refusal[] } {
  const refused: Refusal[] = []
  const wanted = Map.groupBy(changes, (change) => change.document)
  const texts: string[] = []
  let done = 0
  for (const manifest of readManifests(text)) {
    const own = wanted.get(manifest.index)
    if (own === undefined) continue
    wanted.delete(manifest.index)
    const refuse: Refuse = (change, path, reason) => {
      refused.push({ change, line: nearestLine(manifest, path), path, reason })
    }
    if (manifest.error) {
      for (const change of own) refuse(change, [], manifest.error.message)
      continue
    }
    texts.push(text.slice(done, manifest.start), editDocument(manifest, own, refuse))
    done = manifest.end
  }
  for (const change of [...wanted.values()].flat())
    refused.push({ change, line: 1, path: [], reason: 'the file has no such document' })
  return { text: texts.join('') + text.slice(done), refused }
}

function nearestLine(manifest: Manifest, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const place = manifest.locate(path.slice(0, length))
    if (place) return place.line
  }
  return manifest.error?.line ?? manifest.line
}

type Refuse = (change: DocumentEdits, path: Path, reason: string) => void

function editDocument(manifest: Manifest, changes: readonly DocumentEdits[], refuse: Refuse): string {
  const { source } = manifest
  const byItem = Map.groupBy(changes, itemOf)
  const parts = byItem.has(undefined) || byItem.size < 2 ? undefined : manifest.items
  if (!parts) return editPart(source, changes, refuse, (path) => path)
  const texts: string[] = []
  let done = 0
  for (const [index, part] of parts.entries()) {
    const own = byItem.get(index)
    if (!own) continue
    byItem.delete(index)
    texts.push(
      source.slice(done, part.start),
      editPart(source.slice(part.start, part.end), own, refuse, (path) => pathInPart(part, path)),
    )
    done = part.end
  }
  for (const change of [...byItem.values()].flat()) refuse(change, change.edits[0]!.path, 'there is no such item')
  return texts.join('') + source.slice(done)
}

/** The item of a `List` that a change is made within; undefined where it is about none, several, or one as a whole. */
function itemOf({ edits }: DocumentEdits): number | undefined {
  const indexes = new Set(edits.map(({ path }) => (path.length > 2 ? itemIndex(path) : undefined)))
  return indexes.size === 1 ? [...indexes][0] : undefined
}

/** Why an edit cannot be made. */
class Refused extends Error {
  override readonly name = 'Refused'
}

/** Edits a text that is read alone; `pathIn` makes paths of the document into paths of its value. */
function editPart(source: string, changes: readonly DocumentEdits[], refuse: Refuse, pathIn: (path: Path) => Path): string {
  let current = readPart(source, false)
  const closed = new Set<string>()
  for (const change of changes) {
    const { edits: own } = change
    const object = objectAt(own[0]?.path ?? [])
    const operations = mergeEdits(own.map((edit) => ({ ...edit, path: pathIn(edit.path) })))
    let at = 0
    try {
      if (closed.has(object)) throw new Refused('another change of the same object could not be made')
      if (current === undefined) throw new Refused('there is no object or list that it could be in')
      let changed: ReadPart = current
      for (const operation of operations) {
        at = operation.index
        changed = perform(changed, operation)
      }
      current = changed
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      closed.add(object)
      refuse(change, own[at]?.path ?? [], error.message)
    }
  }
  return current?.source ?? source
}

/** Names the object that a path is about: the steps into items of a `List`. */
function objectAt(path: Path): string {
  let length = 0
  while (path[length] === 'items' && typeof path[length + 1] === 'number') length += 2
  return path.slice(0, length).join('/')
}

interface ReadPart extends Parsed {
  readonly value: unknown
}

/** Reads a text with its tree; undefined where it has no value, or where it is `json` and would not stay so. */
function readPart(source: string, json: boolean): ReadPart | undefined {
  const read = readDocument(source)
  if (read === undefined || read.error || (json && !read.isJson)) return undefined
  return {
    source,
    value: read.value,
    tree: buildTree(source, read.events ?? readEvents(source)).root,
    json: read.isJson === true,
  }
}

/** An edit as it is made. `index` is that of the first edit that it stands for. */
type Operation = { readonly index: number } & (
  | { readonly op: 'add'; readonly path: Path; readonly values: readonly unknown[] }
  | { readonly op: 'replace'; readonly path: Path; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: Path }
  | { readonly op: 'splice'; readonly path: Path; readonly splices: readonly Splice[] }
)

/** The edits with splices of one string together, and additions to one list that follow one another. */
function mergeEdits(edits: readonly RoundEdit[]): Operation[] {
  const operations: Operation[] = []
  for (const [index, edit] of edits.entries()) {
    const last = operations.at(-1)
    if (edit.op === 'splice') {
      const splices = edits.filter(
        (other) => other.op === 'splice' && other.round === edit.round && isDeepStrictEqual(other.path, edit.path),
      ) as (typeof edit)[]
      if (splices[0] === edit) operations.push({ op: 'splice', path: edit.path, splices: inOrder(splices), index })
    } else if (edit.op === 'add' && last?.op === 'add' && continues(last.path, last.values.length, edit.path)) {
      operations[operations.length - 1] = { ...last, values: [...last.values, edit.value] }
    } else {
      const { op, path } = edit
      if (op === 'add') operations.push({ op, path, values: [edit.value], index })
      else operations.push(op === 'remove' ? { op, path, index } : { op, path, value: edit.value, index })
    }
  }
  return operations
}

/** True where an addition comes right after `count` others to the same list. */
function continues(first: Path, count: number, path: Path): boolean {
  const [start, key] = [first.at(-1), path.at(-1)]
  const follows = typeof start === 'number' ? key === start + count : start === '-' && key === '-'
  return follows && isDeepStrictEqual(path.slice(0, -1), first.slice(0, -1))
}

/** Makes an edit in value and text. Throws Refused where the text cannot be made to say what the value must be. */
function perform(part: ReadPart, operation: Operation): ReadPart {
  const expected = applied(part.value, operation)
  if (isDeepStrictEqual(expected, part.value)) return part
  for (const splices of candidates(part, operation, valueAt(expected, operation.path))) {
    const changed = readPart(applySplices(part.source, splices), part.json)
    if (changed && isDeepStrictEqual(changed.value, expected)) return changed
  }
  throw new Refused('no way was found to write it so that it reads back as it must')
}

/** What an operation makes of a value, which shares with it what stays. Throws Refused where the operation does not fit. */
function applied(value: unknown, operation: Operation, path: Path = operation.path): unknown {
  const [key, ...rest] = path
  if (key === undefined) throw new Refused('the document as a whole cannot be edited')
  if (Array.isArray(value)) {
    if (rest.length === 0) return appliedToList(value, key, operation)
    return typeof key === 'number' && key in value
      ? value.with(key, applied(value[key], operation, rest))
      : applied(undefined, operation, rest)
  }
  if (!isObject(value)) throw new Refused('there is no object or list that it could be in')
  const name = String(key)
  const current = Object.hasOwn(value, name) ? value[name] : undefined
  const members = Object.entries(value)
  if (rest.length === 0 && operation.op !== 'add' && current === undefined) throw new Refused('there is no such value')
  if (rest.length === 0 && operation.op === 'remove') return objectOf(members.filter(([other]) => other !== name))
  return objectOf([...members, [name, rest.length === 0 ? newValue(current, operation) : applied(current, operation, rest)]])
}

function objectOf(members: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [name, value] of members) setMember(object, name, value)
  return object
}

function appliedToList(list: readonly unknown[], key: string | number, operation: Operation): unknown[] {
  const end = operation.op === 'add' ? list.length : list.length - 1
  const index = key === '-' && operation.op === 'add' ? end : key
  if (typeof index !== 'number' || index < 0 || index > end) throw new Refused('there is no such place in the list')
  if (operation.op === 'add') return list.toSpliced(index, 0, ...operation.values)
  return operation.op === 'remove' ? list.toSpliced(index, 1) : list.with(index, newValue(list[index], operation))
}

function newValue(current: unknown, operation: Operation): unknown {
  if (operation.op === 'add') return operation.values.at(-1)
  if (operation.op !== 'splice') return operation.op === 'replace' ? operation.value : undefined
  if (typeof current !== 'string') throw new Refused('the value must be a string')
  let done = 0
  for (const { start, end } of operation.splices) {
    if (!(start >= done && end >= start && end <= current.length))
      throw new Refused('the splices must lie within the string and apart')
    done = end
  }
  return applySplices(current, operation.splices)
}

/**
 * The ways to write an operation, the best first; `value` is what its path must hold. Throws Refused where the text must not be
 * touched.
 */
function* candidates(part: ReadPart, operation: Operation, value: unknown): Generator<Splice[]> {
  const { path } = operation
  const parent = ownNode(part.tree, path.slice(0, -1))
  if (parent.kind !== 'map' && parent.kind !== 'list') return
  if (parent.kind === 'map' && parent.flow && part.source[parent.start] !== '{')
    throw new Refused('it stands in a mapping without braces')
  if (operation.op === 'add' && parent.kind === 'list') {
    const key = path.at(-1)
    yield insertItems(part, parent, typeof key === 'number' ? key : parent.items.length, operation.values)
    return
  }
  const steps = walk(part.tree, path)
  if (steps === undefined) {
    if (parent.kind === 'map') yield insertMember(part, parent, String(path.at(-1)), value)
    return
  }
  checkOwn(steps)
  const { node, member } = steps.at(-1)!
  if (operation.op === 'remove') {
    if (holdsShared(node)) throw new Refused('it holds an anchor that is used elsewhere')
    yield removeEntry(part, parent, member!, steps.at(-2)!.member)
    return
  }
  const current = valueAt(part.value, path)
  if (node.kind === 'scalar' && typeof current === 'string' && typeof value === 'string') {
    const splices = operation.op === 'splice' ? operation.splices : [difference(current, value)]
    yield* spliceScalar(part, node, splices, parent.flow)
    return
  }
  if (holdsShared(node)) throw new Refused('it holds an anchor that is used elsewhere')
  yield replaceNode(part, node, member, parent.flow, value)
}

/** The one splice that makes a string of another, without what both have in common. */
function difference(current: string, value: string): Splice {
  const shorter = Math.min(current.length, value.length)
  let start = 0
  while (start < shorter && current[start] === value[start]) start++
  let same = 0
  while (same < shorter - start && current.at(-1 - same) === value.at(-1 - same)) same++
  return { start, end: current.length - same, text: value.slice(start, value.length - same) }
}

function ownNode(tree: Node, path: Path): Exclude<Node, { kind: 'alias' }> {
  const steps = walk(tree, path)
  if (steps === undefined) throw new Refused('it has no place of its own in the text')
  checkOwn(steps)
  return resolve(steps.at(-1)!.node)
}

/** Throws Refused where a node stands for another value too. */
function checkOwn(steps: readonly Step[]): void {
  for (const { node, merged } of steps) {
    if (merged) throw new Refused('it comes through a merge key (<<)')
    if (node.kind === 'alias') throw new Refused('it is an alias of another value')
    if (node.shared) throw new Refused('it is anchored, and an alias elsewhere stands for it too')
  }
}

function holdsShared(node: Node): boolean {
  if (node.kind !== 'list' && node.kind !== 'map') return node.shared
  const items: readonly (Item | Pair)[] = node.items
  return node.shared || items.some((item) => holdsShared(item.value) || ('key' in item && item.key.shared))
}
