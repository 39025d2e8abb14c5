/** Edits: how a fix is written down. For the API server they become a JSON Patch, for files `src/yaml` makes them in the text. Pure. */
import { jsonPointer, type Path } from './kubernetes/field.ts'
import type { Operation } from './kubernetes/review.ts'
import { valueAt } from './kubernetes/workload.ts'

/**
 * One edit of a value. Paths mean what they mean in a JSON Patch: each edit sees what those before it left. Splices of one string are
 * made together: they all count in the string as the round before left it.
 */
export type Edit =
  | WholeEdit
  /** Replaces the characters from `start` to `end` of the string at `path`. */
  | ({ readonly op: 'splice'; readonly path: Path } & Splice)

/** An edit of a whole value. Steps into lists may be numbers in either form. */
type WholeEdit =
  /** Adds: a last step of `-` appends to a list, a number inserts before that element, a name adds a member. */
  | { readonly op: 'add' | 'replace'; readonly path: Path; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: Path }

/** An edit of one of several rounds, from 0: it counts in what the rounds before left. Without a number, it is of the only one. */
export type RoundEdit = Edit & { readonly round?: number }

/** Text to be put in the place of the characters from `start` to `end` of a string: UTF-16 units, end exclusive. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The edits of all rounds in a row, each with the round that it is of. */
export const inRounds = (rounds: readonly (readonly Edit[])[]): RoundEdit[] =>
  rounds.flatMap((edits, round) => edits.map((edit) => ({ ...edit, round })))

/** Splices of one string as they follow each other: what is put in at a place stands before what is replaced there, and keeps its order. */
export const inOrder = <T extends Splice>(splices: readonly T[]): T[] => splices.toSorted((a, b) => a.start - b.start || a.end - b.end)

/** A string with splices made, which are in order and apart. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let [result, done] = ['', 0]
  for (const splice of splices) {
    result += text.slice(done, splice.start) + splice.text
    done = splice.end
  }
  return result + text.slice(done)
}

/**
 * The JSON Patch that makes rounds of edits to an object: each round is made to what the one before it left, and a
 * patch's operations are carried out in order, so one patch holds them all.
 */
export function jsonPatch(object: unknown, rounds: readonly (readonly Edit[])[]): Operation[] {
  const operations: Operation[] = []
  let current = object
  for (const [index, edits] of rounds.entries()) {
    // Words that are added to one list come with one path.
    let last: Path | undefined
    let pointer = ''
    for (const change of wholeValues(current, edits)) {
      if (change.path !== last) pointer = jsonPointer(last = change.path)
      operations.push(change.op === 'remove' ? { op: change.op, path: pointer } : { op: change.op, path: pointer, value: change.value })
    }
    if (index < rounds.length - 1) current = applyEdits(current, edits)
  }
  return operations
}

/** The object with the edits made; the given one is left as it is. */
export const applyEdits = (object: unknown, edits: readonly Edit[]): unknown => carriedOut(object, wholeValues(object, edits)).value

/** The object with a JSON Patch of additions, replacements and removals made; the given one is left as it is. */
export const applyPatch = (object: unknown, operations: readonly Operation[]): unknown => carriedOut(object, changesOf(operations)).value

/** True where a patch of additions, replacements and removals can be made to an object as RFC 6902 has it: in order, each where there is such a place. */
export const applies = (object: unknown, operations: readonly Operation[]): boolean =>
  onlyGrow(object, operations) || carriedOut(object, changesOf(operations)).isWhole

/**
 * True where each operation of a patch has its place in the object as it is, and leaves every place that it has: it adds to the
 * end of a list, or puts something where nothing is that holds more. Nearly all patches are like that, and nothing need be copied.
 */
function onlyGrow(object: unknown, operations: readonly Operation[]): boolean {
  let pointer: string | undefined
  let parent: unknown
  let last = ''
  for (const { op, path } of operations) {
    // Words that are added to one list come with one path.
    if (path !== pointer) {
      const steps = pointerPath(pointer = path) as readonly string[]
      if (steps.length === 0) return false
      parent = object
      last = steps.at(-1) ?? ''
      for (let index = 0; index < steps.length - 1; index++) {
        const step = steps[index] as string
        if (!has(parent, step)) return false
        parent = (parent as Record<string, unknown>)[step]
      }
      if (typeof parent !== 'object' || parent === null) return false
    }
    if (op === 'add' && Array.isArray(parent)) {
      if (last !== '-') return false
    } else if (op === 'add' || op === 'replace') {
      const isThere = has(parent, last)
      if (isThere ? typeof (parent as Record<string, unknown>)[last] === 'object' : op === 'replace') return false
    } else return false
  }
  return true
}

function changesOf(operations: readonly Operation[]): readonly WholeEdit[] {
  let pointer: string | undefined
  let path: Path = []
  return operations.flatMap((operation): WholeEdit[] => {
    // Words that are added to one list come with one path.
    if (operation.path !== pointer) path = pointerPath(pointer = operation.path)
    if (operation.op === 'remove') return [{ op: operation.op, path }]
    return operation.op === 'test' ? [] : [{ op: operation.op, path, value: operation.value }]
  })
}

/** An object with changes made, each to what those before it have left. What no change leads to is shared with the given object. */
function carriedOut(object: unknown, changes: readonly WholeEdit[]): { readonly value: unknown; readonly isWhole: boolean } {
  const own = copier()
  const value = own(object)
  let isWhole = true
  for (const change of changes) isWhole = isMade(value, change, own) && isWhole
  return { value, isWhole }
}

/** Makes a change to a value that may be changed; false where there is no such place. */
function isMade(value: unknown, change: WholeEdit, own: (value: unknown) => unknown): boolean {
  const { path } = change
  let parent = value
  for (let index = 0; index < path.length - 1; index++) {
    const step = path[index] as string | number
    if (!has(parent, step)) return false
    const child = (parent as Record<string, unknown>)[step]
    const copy = own(child)
    if (copy !== child) put(parent, step, copy)
    parent = copy
  }
  const last = path.at(-1)
  // The whole object: no patch of ours replaces that.
  if (last === undefined || typeof parent !== 'object' || parent === null) return false
  if (change.op === 'add') {
    if (!Array.isArray(parent)) put(parent, last, change.value)
    else if (last === '-') parent.push(change.value)
    else if (indexOf(last) > parent.length) return false
    else parent.splice(indexOf(last), 0, change.value)
    return true
  }
  if (!has(parent, last)) return false
  if (change.op !== 'remove') put(parent, last, change.value)
  else if (Array.isArray(parent)) parent.splice(indexOf(last), 1)
  else Reflect.deleteProperty(parent, last)
  return true
}

/** The number of an element; more than there can be for what is none. */
const indexOf = (step: string | number): number => (typeof step === 'number' || /^(0|[1-9]\d*)$/.test(step) ? Number(step) : Infinity)

const has = (value: unknown, step: string | number): boolean =>
  Array.isArray(value) ? indexOf(step) < value.length : typeof value === 'object' && value !== null && Object.hasOwn(value, step)

/** Copies values, each once, so that they can be changed: what is not copied is shared with where it comes from. */
function copier(): (value: unknown) => unknown {
  const copies = new Set<unknown>()
  return (value) => {
    if (typeof value !== 'object' || value === null || copies.has(value)) return value
    const copy: unknown = Array.isArray(value) ? value.slice() : { ...value }
    copies.add(copy)
    return copy
  }
}

const pointerPath = (pointer: string): Path =>
  pointer.split('/').slice(1).map((step) => (step.includes('~') ? step.replaceAll('~1', '/').replaceAll('~0', '~') : step))

/** Sets an element or a member. Defined, not assigned: a key may be `__proto__`. */
function put(parent: unknown, step: string | number, value: unknown): void {
  if (Array.isArray(parent)) parent[Number(step)] = value
  else if (typeof parent === 'object' && parent !== null)
    Object.defineProperty(parent, String(step), { value, writable: true, enumerable: true, configurable: true })
}

/** The edits with every string that is spliced replaced as a whole. */
function wholeValues(object: unknown, edits: readonly Edit[]): readonly WholeEdit[] {
  if (edits.every((edit) => edit.op !== 'splice')) return edits
  const splices = Map.groupBy(
    edits.filter((edit) => edit.op === 'splice'),
    (edit) => jsonPointer(edit.path),
  )
  return edits.flatMap((edit): WholeEdit[] => {
    if (edit.op !== 'splice') return [edit]
    const group = splices.get(jsonPointer(edit.path)) ?? []
    return group[0] === edit ? [{ op: 'replace', path: edit.path, value: applySplices(String(valueAt(object, edit.path)), inOrder(group)) }]
      : []
  })
}
