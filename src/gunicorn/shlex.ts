/**
 * `shlex.split(text)`: how gunicorn takes GUNICORN_CMD_ARGS apart. POSIX quoting, no comments, no expansion.
 * Source: CPython's `shlex.shlex.read_token` with `posix=True`, `whitespace_split=True` and no commenters.
 */
import { spend } from '../budget.ts'
import type { Word } from '../shell/word.ts'

/** The words with their places; undefined where a quotation is not closed or nothing follows a backslash. */
export function splitWords(text: string): Word[] | { readonly error: string } {
  spend(text.length / 20)
  const words: Word[] = []
  let value = ''
  let start = -1
  let quote = ''
  const end = (at: number): void => {
    if (start >= 0) words.push({ value, prefix: value, splits: false, text: text.slice(start, at), start, end: at })
    value = ''
    start = -1
  }
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (quote === '' && /[ \t\r\n]/.test(char)) {
      end(at)
      continue
    }
    if (start < 0) start = at
    if (char === quote) quote = ''
    else if (quote === '' && (char === "'" || char === '"')) quote = char
    else if (char === '\\' && quote !== "'") {
      at += 1
      const next = text[at]
      if (next === undefined) return { error: 'No escaped character' }
      // Within double quotes a backslash escapes only itself and the quote.
      value += quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next
    } else value += char
  }
  if (quote !== '') return { error: 'No closing quotation' }
  end(text.length)
  return words
}

/** A word as it is written for `shlex.split` to give it back. */
export function quoteWord(value: string): string {
  if (value !== '' && !/[\s'"\\]/.test(value)) return value
  return value.includes("'") ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `'${value}'`
}
