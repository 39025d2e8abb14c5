/** JSON values as YAML text, in the style of the text around them. */
import { writeString } from './scalar.ts'
import type { Quoting } from './scalar.ts'
import { isObject } from '../kubernetes/field.ts'

export interface Style {
  readonly strings: Quoting
  readonly keys: Quoting
  readonly lineBreak: string
  /** How much deeper a mapping stands than the key it belongs to, in columns. */
  readonly indent: number
  /** The same for a list: 0 where its dashes stand under the key. */
  readonly listIndent: number
  /** What stands between two entries, and between key and value, of a collection in brackets. */
  readonly comma: string
  readonly colon: string
  /** True for JSON over several lines: each entry on a line of its own. */
  readonly pretty: boolean
}

/** True for what has no entries, and so stands on one line in every style. */
export function isSimple(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return !isObject(value) || Object.keys(value).length === 0
}

/** A value in brackets, or a scalar. For pretty JSON, `column` is where the line that it begins on is indented to. */
export function writeFlow(value: unknown, style: Style, column: number): string {
  if (typeof value === 'string') return writeString(value, style.strings, true)
  if (isSimple(value)) return JSON.stringify(value)
  const inner = column + style.indent
  const entries = Array.isArray(value)
    ? value.map((item) => writeFlow(item, style, inner))
    : Object.entries(value as object).map(([name, member]) => writeFlowPair(name, member, style, inner))
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (!style.pretty) return `${open}${entries.join(style.comma)}${close}`
  return `${open}${newLine(style, inner)}${entries.join(`,${newLine(style, inner)}`)}${newLine(style, column)}${close}`
}

/** A member of an object in braces. */
export function writeFlowPair(name: string, value: unknown, style: Style, column: number): string {
  return `${writeString(name, style.keys, true)}${style.colon}${writeFlow(value, style, column)}`
}

/** A value in block style. It begins at `column`, and so do its further lines. */
export function writeBlock(value: unknown, style: Style, column: number): string {
  if (typeof value === 'string') return writeString(value, style.strings, false)
  if (isSimple(value)) return JSON.stringify(value)
  const entries = Array.isArray(value)
    ? value.map((item) => `- ${writeBlock(item, style, column + 2)}`)
    : Object.entries(value as object).map(([name, member]) => writeBlockPair(name, member, style, column))
  return entries.join(newLine(style, column))
}

/** A member of an object in block style, whose key stands at `column`. */
export function writeBlockPair(name: string, value: unknown, style: Style, column: number): string {
  return `${writeString(name, style.keys, false)}:${writeBlockMember(value, style, column)}`
}

/** What follows the colon of a key at `column`. */
export function writeBlockMember(value: unknown, style: Style, column: number): string {
  if (isSimple(value)) return ` ${writeBlock(value, style, column)}`
  const inner = column + (Array.isArray(value) ? style.listIndent : style.indent)
  return newLine(style, inner) + writeBlock(value, style, inner)
}

export function newLine(style: Style, column: number): string {
  return style.lineBreak + ' '.repeat(column)
}
