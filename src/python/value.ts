/** Values of Python, as far as a module's plain assignments make them. */

export type PythonValue =
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'str'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'None' }
  | Sequence
  | Mapping
  /** A function that the module defines, and how many positional parameters it has, where that is certain. */
  | { readonly type: 'function'; readonly arity: number | undefined }
  /** One that is not known, of a type that is: a whole number or a float, a float from Python 3 on, a `pathlib.Path`. */
  | { readonly type: 'some'; readonly of: 'number' | 'float' | 'path' }
  /** What an import brings: `os`, `os.environ.get`. */
  | { readonly type: 'imported'; readonly path: string }
  | typeof unknown

export interface Sequence {
  readonly type: 'tuple' | 'list' | 'set'
  readonly items: readonly PythonValue[]
  /** How many values it holds, and they do. */
  readonly size: number
  /** True once something may have changed it. */
  isTouched: boolean
}

export interface Mapping {
  readonly type: 'dict'
  readonly entries: readonly (readonly [PythonValue, PythonValue])[]
  readonly size: number
  isTouched: boolean
}

export const unknown = { type: 'unknown' } as const
export const some = (of: 'number' | 'float' | 'path'): PythonValue => ({ type: 'some', of })
export const none = { type: 'None' } as const

export const int = (value: bigint): PythonValue => ({ type: 'int', value })
export const str = (value: string): PythonValue => ({ type: 'str', value })
export const bool = (value: boolean): PythonValue => ({ type: 'bool', value })

/** Values do not grow past what a person would write. */
const largest = 10_000

const sizeOf = (values: readonly PythonValue[]): number => values.reduce((size, value) => size + ('size' in value ? value.size : 0) + 1, 0)

/** A list, a tuple or a set; unknown where it is too large. */
export function sequence(type: Sequence['type'], items: readonly PythonValue[]): PythonValue {
  const size = sizeOf(items)
  if (size > largest) { for (const item of items) touch(item) }
  return size > largest ? unknown : { type, items, size, isTouched: false }
}

/** A dictionary; unknown where it is too large. */
export function mapping(entries: Mapping['entries']): PythonValue {
  const size = sizeOf(entries.flat())
  if (size > largest) { for (const item of entries.flat()) touch(item) }
  return size > largest ? unknown : { type: 'dict', entries, size, isTouched: false }
}

/** A value that may be changed from now on: it, and what it holds, is no longer known. */
export function touch(value: PythonValue): void {
  if (value.type === 'dict') {
    if (value.isTouched) return
    value.isTouched = true
    for (const [key, held] of value.entries) {
      touch(key)
      touch(held)
    }
  } else if (value.type === 'list' || value.type === 'tuple' || value.type === 'set') {
    if (value.isTouched) return
    // What a tuple holds stays where it is, and may change there.
    value.isTouched = value.type !== 'tuple'
    for (const item of value.items) touch(item)
  }
}

/** True where a value and all that it holds are known. */
export function isKnown(value: PythonValue): boolean {
  switch (value.type) {
    case 'unknown':
    case 'some':
    case 'imported':
      return false
    case 'dict':
      return !value.isTouched && value.entries.every(([key, held]) => isKnown(key) && isKnown(held))
    case 'list':
    case 'tuple':
    case 'set':
      return !value.isTouched && value.items.every(isKnown)
    default:
      return true
  }
}

/** `bool(value)`; undefined where it is unknown. */
export function truth(value: PythonValue): boolean | undefined {
  switch (value.type) {
    case 'int':
      return value.value !== 0n
    case 'float':
      return value.value !== 0
    case 'str':
      return value.value !== ''
    case 'bool':
      return value.value
    case 'None':
      return false
    case 'dict':
      return value.isTouched ? undefined : value.entries.length > 0
    case 'list':
    case 'tuple':
      return value.isTouched ? undefined : value.items.length > 0
    case 'function':
      return true
    default:
      return undefined
  }
}
