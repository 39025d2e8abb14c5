/**
 * Python's own reading and writing of plain values, as far as gunicorn's command line needs it.
 * Source: the Python language reference, "Integer literals", and the library reference of `int`, `str` and `repr`.
 */
import { spend } from '../budget.ts'

/** What `str.strip()` strips: Unicode white space, and the four information separators. */
const outerSpace = /^[\s\u001c-\u001f\u0085]+|(?<![\s\u001c-\u001f\u0085])[\s\u001c-\u001f\u0085]+$/gu

/** `str.strip()`. JavaScript's `trim` differs in U+FEFF, U+0085 and the information separators. */
export function strip(text: string): string {
  const first = text.charCodeAt(0)
  const last = text.charCodeAt(text.length - 1)
  // The usual word begins and ends with visible ASCII.
  if (first > 32 && first < 127 && last > 32 && last < 127) return text
  return text.includes('\ufeff') ? stripMarks(text) : text.replace(outerSpace, '')
}

/** U+FEFF is white space in a JavaScript regular expression, and none in Python. */
function stripMarks(text: string): string {
  let start = 0
  let end = text.length
  const blank = (at: number): boolean => text[at] !== '\ufeff' && text.charAt(at).replace(outerSpace, '') === ''
  while (start < end && blank(start)) start++
  while (end > start && blank(end - 1)) end--
  return text.slice(start, end)
}

/** Decimal digits of any script, as `int()` takes them, to ASCII. */
function asciiDigits(text: string): string {
  if (!/[^\u0000-\u007f]/u.test(text)) return text
  return text.replace(/\p{Nd}/gu, (digit) => {
    // Unicode encodes decimal digits in contiguous runs of ten, 0 first (Unicode standard, section 4.6).
    const code = digit.codePointAt(0) ?? 0
    let first = code
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--
    return String((code - first) % 10)
  })
}

/** `int(text, base)` for base 10 and 0; undefined where Python raises ValueError. */
export function parseInteger(text: string, base: 10 | 0 = 10): number | undefined {
  // The usual number.
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  const digits = asciiDigits(strip(text))
  const match = /^([+-]?)(.*)$/s.exec(digits)
  if (!match) return undefined
  const [, sign, body = ''] = match
  const magnitude = base === 0 ? parsePrefixed(body) : parseDecimal(body)
  if (magnitude === undefined) return undefined
  return sign === '-' && magnitude !== 0 ? -magnitude : magnitude
}

const parseDecimal = (body: string): number | undefined => (/^\d+(_\d+)*$/.test(body) ? Number(body.replaceAll('_', '')) : undefined)

/** Base 0: an integer literal of the language. A leading zero needs a base, or more zeros. */
function parsePrefixed(body: string): number | undefined {
  if (/^0[xX](_?[\da-fA-F])+$/.test(body) || /^0[oO](_?[0-7])+$/.test(body) || /^0[bB](_?[01])+$/.test(body))
    return Number(body.replaceAll('_', ''))
  if (/^0(_?0)*$/.test(body)) return 0
  return /^[1-9](_?\d)*$/.test(body) ? parseDecimal(body) : undefined
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** `repr()` of a string. */
export function repr(text: string): string {
  spend(text.length / 200)
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const body = text.replaceAll(/[\\'"\0-\x1f\x7f-\x9f]/g, (char) => {
    if (char === '\\' || char === quote) return `\\${char}`
    if (char === "'" || char === '"') return char
    return escapes[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return quote + body + quote
}
