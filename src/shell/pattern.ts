/**
 * The patterns of `${NAME#PATTERN}`, `${NAME%PATTERN}` and `case`: plain characters, `*`, `?` and sets of characters.
 */

import { spend } from '../budget.ts'

/** `*`, `?`, a character that stands for itself, or a set of which one character stands there. */
export type Piece =
  | { readonly any: 'many' | 'one' }
  | { readonly character: string }
  | { readonly set: ReadonlySet<string>; readonly negated: boolean }

/** The largest product of text and pattern lengths that is worked out. */
const mostWork = 1_000_000

/**
 * The text without what the pattern matches at its start (or end), the shortest match or the longest; null where that is too
 * much work, or depends on how a shell counts characters.
 */
export function remove(text: string, pattern: readonly Piece[], from: 'start' | 'end', longest: boolean): string | null {
  if (text.length * pattern.length > mostWork) return null
  // A shell that counts bytes and one that counts characters differ over `?` here.
  if (!/^[\x01-\x7f]*$/.test(text)) return null
  const length = from === 'start'
    ? match(text, pattern, longest)
    : match([...text].reverse().join(''), pattern.toReversed(), longest)
  return from === 'start' ? text.slice(length) : text.slice(0, text.length - length)
}

/**
 * The text with what the pattern matches replaced, as bash's `${NAME/PATTERN/TEXT}` does; null where that is too much work. It
 * must hold ASCII characters alone.
 */
export function replace(
  text: string,
  pattern: readonly Piece[],
  replacement: string,
  where: 'first' | 'all' | 'start' | 'end',
): string | null {
  if (pattern.length === 0) return text
  if (text.length * text.length * pattern.length > mostWork) return null
  if (where === 'end') {
    for (let from = 0; from <= text.length; from++)
      if (matches(text.slice(from), pattern) === true) return text.slice(0, from) + replacement
    return text
  }
  let result = ''
  for (let at = 0; at < text.length;) {
    const length = reach(text.slice(at), pattern).lastIndexOf(true)
    if (length > 0) {
      result += replacement
      at += length
      if (where !== 'all') return result + text.slice(at)
    } else {
      if (where === 'start') return text
      result += text[at] ?? ''
      at++
    }
  }
  return result
}

/** Whether the pattern matches the whole text; null where that is too much work, or depends on how a shell counts characters. */
export function matches(text: string, pattern: readonly Piece[]): boolean | null {
  if (text.length * pattern.length > mostWork) return null
  spend(text.length / 200)
  if (!/^[\x01-\x7f]*$/.test(text)) return null
  return reach(text, pattern)[text.length] ?? false
}

/** How many characters at the start of the text the whole pattern can match; 0 where it matches none. */
function match(text: string, pattern: readonly Piece[], longest: boolean): number {
  const reached = reach(text, pattern)
  return Math.max(0, longest ? reached.lastIndexOf(true) : reached.indexOf(true))
}

/** For each number of characters, whether the pattern can match as many at the start of the text. */
function reach(text: string, pattern: readonly Piece[]): readonly boolean[] {
  spend(text.length * pattern.length / 100)
  let reached = new Array<boolean>(text.length + 1).fill(false)
  reached[0] = true
  for (const piece of pattern) {
    const next = new Array<boolean>(text.length + 1).fill(false)
    for (let i = 0; i <= text.length; i++) {
      if ('set' in piece) next[i] = i > 0 && reached[i - 1] === true && piece.set.has(text[i - 1] ?? '') !== piece.negated
      else if ('character' in piece) next[i] = i > 0 && reached[i - 1] === true && text[i - 1] === piece.character
      else if (piece.any === 'one') next[i] = i > 0 && reached[i - 1] === true
      else next[i] = reached[i] === true || (i > 0 && next[i - 1] === true)
    }
    reached = next
  }
  return reached
}
