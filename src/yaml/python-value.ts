/**
 * A document as a platform's reader sees it: values with where they stand. Reading the text is the business of others; what
 * they hand over keeps what a plain object would lose: the type of a key, keys that stand twice, how Python writes a value.
 */

/** A part of a file: UTF-16 offsets, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface Text extends Range {
  readonly type: 'string'
  readonly value: string
  /** Where in the file a unit of the value (UTF-16) stands; the value's length gives its end. */
  readonly offset: (unit: number) => number
}

/** A number, boolean, date or null. */
export interface Scalar extends Range {
  readonly type: 'null' | 'bool' | 'int' | 'float' | 'date'
  /** As Python's `str` writes it. */
  readonly text: string
}

export interface List extends Range {
  readonly type: 'list'
  readonly items: readonly Value[]
}

export interface Entry {
  readonly key: Value
  readonly value: Value
}

export interface Mapping extends Range {
  readonly type: 'map'
  /** Each key once; of a key that stands twice the last holds. Those of merge keys come first. */
  readonly entries: readonly Entry[]
  /** The earlier entries of a key that stands twice, which do not hold. */
  readonly overridden: readonly Entry[]
}

export type Value = Text | Scalar | List | Mapping

/** The value of a key that is a string; undefined where there is none. */
export function member(value: Value | undefined, name: string): Value | undefined {
  const entry = value?.type === 'map' ? entryOf(value, name) : undefined
  return entry?.key.type === 'string' ? entry.value : undefined
}

/** The value at a path; undefined where there is none. */
export function valueIn(value: Value, path: readonly (string | number)[]): Value | undefined {
  let at: Value | undefined = value
  for (const step of path) {
    if (typeof step === 'number') at = at?.type === 'list' ? at.items[step] : undefined
    else at = at?.type === 'map' ? entryOf(at, step)?.value : undefined
  }
  return at
}

/** Entries by their names, of mappings that were asked for one. */
const indexes = new WeakMap<Mapping, ReadonlyMap<string, Entry>>()

/** The entry that a name stands for; of a key and a string that are written alike, the string. */
function entryOf(mapping: Mapping, name: string): Entry | undefined {
  let index = indexes.get(mapping)
  if (!index) {
    const strings = mapping.entries.filter(({ key }) => key.type === 'string')
    index = new Map([...mapping.entries, ...strings].map((entry) => [keyText(entry.key), entry]))
    indexes.set(mapping, index)
  }
  return index.get(name)
}

/** How a key is called in a path. */
export const keyText = (key: Value): string => (key.type === 'string' ? key.value : str(key))

/** What Python's `str` makes of a value. */
export function str(value: Value): string {
  return value.type === 'string' ? value.value : repr(value)
}

/** What Python's `repr` makes of a value. */
function repr(value: Value): string {
  switch (value.type) {
    case 'string':
      return stringRepr(value.value)
    case 'list':
      return `[${value.items.map(repr).join(', ')}]`
    case 'map':
      return `{${value.entries.map((entry) => `${repr(entry.key)}: ${repr(entry.value)}`).join(', ')}}`
    case 'date':
      return `datetime.date(${value.text.split('-').map(Number).join(', ')})`
    default:
      return value.text
  }
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const body = text.replaceAll(/[\\\n\r\t]/g, (char) => escapes[char] ?? char).replaceAll(quote, `\\${quote}`)
  return quote + body + quote
}

/** The value as plain data: paths into it are paths of the document. What stands twice stands once. */
export function plainData(value: Value): unknown {
  switch (value.type) {
    case 'string':
      return value.value
    case 'list':
      return value.items.map(plainData)
    case 'map':
      return Object.fromEntries(value.entries.map((entry) => [keyText(entry.key), plainData(entry.value)]))
    case 'null':
      return null
    case 'bool':
      return value.text === 'True'
    case 'int':
    case 'float':
      return Number(value.text)
    default:
      return value.text
  }
}
