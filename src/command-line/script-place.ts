/** A script as it stands in an object: where its parts stand, and where words may be put into it. */
import type { Splice } from '../edit.ts'
import type { Path } from '../kubernetes/field.ts'
import type { Command } from '../shell/script.ts'
import type { Word } from '../shell/word.ts'

/** A place in an object, and within the string that stands there. */
export interface Place {
  readonly path: Path
  /** UTF-16 offsets in the string at `path`, end exclusive; all of it where they are undefined. */
  readonly start?: number
  readonly end?: number
  /** Offsets in the file that the object was read from, where it is said there: what holds then. */
  readonly inFile?: { readonly start: number; readonly end: number }
}

/** Where words can be added to an invocation; why they cannot where it says so. */
export type Insertion =
  | { readonly kind: 'list'; readonly path: Path; readonly before: number | undefined }
  /**
   * `offset` counts in the script; `between` is what parts one option from the next there: a blank, or a line break of the
   * script's style. `inherits`: whether the container's variables come to the script, be they there now or added.
   */
  | { readonly kind: 'text'; readonly offset: number; readonly before: boolean; readonly between: string; readonly inherits: boolean }
  | { readonly kind: 'none'; readonly reason: string }

/** A script as it stands in an object, be it within other scripts. */
export interface ScriptPlace {
  readonly text: string
  /** True where it stands in another script. */
  readonly nested?: boolean
  readonly path: Path
  /** Where units start … end of the script stand in the string at `path`. */
  readonly place: (start: number, end: number) => { readonly start: number; readonly end: number }
  /** What puts text of the script in the place of units start … end; undefined where that cannot be written surely. */
  readonly splice: (splice: Splice) => Splice | undefined
}

export const isWhole = (splices: readonly (Splice | undefined)[]): splices is readonly Splice[] =>
  splices.length > 0 && !splices.includes(undefined)

/** Puts words into a script, with a blank behind a number that would stand directly before a redirection, and be its descriptor: `-w 4>log`. */
export function spliced(script: ScriptPlace, { start, end, text }: Splice): Splice | undefined {
  const isNumber = /[<>]/.test(script.text.charAt(end)) &&
    /(?:^|[\s;&|()])\d+$/.test(script.text.slice(Math.max(0, start - 32), start) + text)
  return script.splice({ start, end, text: isNumber ? `${text} ` : text })
}

export const withinScript = 'it stands in a script within a script'
export const embedded = `${withinScript}, which \`eval\` or the like reads`

/** A script that a command reads from its standard input: it is read, and left as it is. */
export function hereDocument(outer: ScriptPlace, { value, start, end }: Word): ScriptPlace {
  return { text: value ?? '', path: outer.path, place: () => outer.place(start, end), splice: () => undefined }
}

/** What the last line between two places begins with that goes on from the one before it; undefined where none does. */
function lastIndent(text: string, from: number, to: number): string | undefined {
  for (let at = text.lastIndexOf('\\\n', to - 2); at >= from; at = text.lastIndexOf('\\\n', at - 1)) {
    let end = at + 2
    while (end < to && (text[end] === ' ' || text[end] === '\t')) end++
    if (end < to && text[end] !== '\n' && text[end] !== '\r') return text.slice(at + 2, end)
    if (at === 0) break
  }
  return undefined
}

export function insertionIn(script: ScriptPlace, command: Command, own: readonly Word[],
  { closed, inherits }: { readonly closed: string | undefined; readonly inherits: boolean }): Insertion {
  if (closed !== undefined) return { kind: 'none', reason: closed }
  if (command.embedded) return { kind: 'none', reason: embedded }
  // At the end of a script it stands for itself; a blank behind it would be escaped.
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(own.at(-1)?.text ?? '')) return { kind: 'none', reason: 'it ends with a backslash' }
  const [name, next] = own
  let [offset, before] = [command.insertAt, false]
  // A carriage return at the end of a line is part of its last word: behind it, it would end that word and not the line.
  if (hasSeparator(own) || own.some(({ text }) => text.endsWith('\r'))) {
    if (!name || !next || next.start < name.end) return { kind: 'none', reason: 'it is made by an expansion' }
    ;[offset, before] = [next.start, true]
  }
  if (!script.splice({ start: offset, end: offset, text: ' ' }))
    return { kind: 'none', reason: 'it stands in a script within a script, in quotes that look the same' }
  // Where each option stands on a line of its own, so does what is added.
  const indent = before || !name ? undefined : lastIndent(script.text, name.end, offset)
  return { kind: 'text', offset, before, between: indent === undefined ? ' ' : ` \\\n${indent}`, inherits }
}

/**
 * Whether a `--` stands among the words. What comes behind it is positional, and the application may stand before it:
 * only in front of all of them are options safe.
 */
export const hasSeparator = (words: readonly Word[]): boolean => words.some((word) => word.value === '--')
