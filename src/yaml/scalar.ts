/** The text of YAML scalars: which character of a value stands where, and how a value is written. */
import { CHOMPING_MODE, SCALAR_STYLE } from 'js-yaml'
import type { ScalarEvent } from 'js-yaml'
import { afterBreak, isBreak, lineEnd } from './tree.ts'
import { resolvePlain } from './values.ts'

/** A decoded scalar. Unit i of the value (UTF-16) is written at source[starts[i] … ends[i]). */
export interface Decoded {
  readonly value: string
  /** One more than the value has units: the last is where the value ends. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** The value of a scalar with the place of each of its UTF-16 units in the source. */
export function decodeScalar(source: string, event: ScalarEvent): Decoded {
  const decoder = new Decoder(source)
  if (event.valueStart === -1) return decoder.finish(0)
  const block = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK
  return block ? decodeBlock(decoder, source, event) : decodeFlow(decoder, source, event)
}

class Decoder {
  readonly #source: string
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #value = ''

  constructor(source: string) {
    this.#source = source
  }

  get length(): number {
    return this.#value.length
  }

  /** Text that stands for `value` as a whole, each unit of it. */
  add(value: string, start: number, end: number): void {
    for (let unit = 0; unit < value.length; unit++) {
      this.#starts.push(start)
      this.#ends.push(end)
    }
    this.#value += value
  }

  /** Text that stands for itself. */
  addVerbatim(start: number, end: number): void {
    for (let at = start; at < end; at++) {
      this.#starts.push(at)
      this.#ends.push(at + 1)
    }
    this.#value += this.#source.slice(start, end)
  }

  /** Where the last unit ends; `otherwise` where there is none. */
  lastEnd(otherwise: number): number {
    return this.#ends.at(-1) ?? otherwise
  }

  truncate(length: number): void {
    this.#starts.length = this.#ends.length = length
    this.#value = this.#value.slice(0, length)
  }

  finish(end: number): Decoded {
    return { value: this.#value, starts: [...this.#starts, end], ends: this.#ends }
  }
}

/** Plain and quoted scalars: escapes, doubled quotes, folded lines. */
function decodeFlow(decoder: Decoder, source: string, event: ScalarEvent): Decoded {
  const { valueStart, valueEnd, style } = event
  // Blanks that follow the first `solid` units are dropped where the line ends.
  let solid = 0
  let at = valueStart
  while (at < valueEnd) {
    const char = source[at]!
    if (char === "'" && style === SCALAR_STYLE.SINGLE_QUOTED) {
      decoder.add("'", at, at + 2)
      at += 2
      solid = decoder.length
    } else if (char === '\\' && style === SCALAR_STYLE.DOUBLE_QUOTED) {
      const [value, length] = readEscape(source, at)
      const end = length === 0 ? skipBlank(source, at + 1, valueEnd) : at + length
      decoder.add(value, at, end)
      at = end
      solid = decoder.length
    } else if (isBreak(source.charCodeAt(at))) {
      decoder.truncate(solid)
      at = addFold(decoder, source, at, valueStart, valueEnd)
      solid = decoder.length
    } else {
      decoder.addVerbatim(at, at + 1)
      at++
      if (char !== ' ' && char !== '\t') solid = decoder.length
    }
  }
  return decoder.finish(valueEnd)
}

/** One line break folds into a blank; of several, the first is dropped. Returns where the text goes on. */
function addFold(decoder: Decoder, source: string, at: number, start: number, limit: number): number {
  const breaks: number[] = []
  const end = skipBlank(source, at, limit)
  for (let position = at; position < end; position++) {
    if (!isBreak(source.charCodeAt(position))) continue
    breaks.push(position)
    position = afterBreak(source, position) - 1
  }
  if (breaks.length === 1) decoder.add(' ', decoder.lastEnd(start), end)
  else for (const [index, position] of breaks.slice(1).entries()) decoder.add('\n', position, breaks[index + 2] ?? end)
  return end
}

function skipBlank(source: string, at: number, limit: number): number {
  while (at < limit && (source[at] === ' ' || source[at] === '\t' || isBreak(source.charCodeAt(at)))) at++
  return at
}

const ESCAPES: Readonly<Record<string, string>> = {
  0: '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}

/** The value of an escape and the length of its text; length 0 for an escaped line break, which stands for nothing. */
function readEscape(source: string, at: number): [value: string, length: number] {
  const char = source[at + 1]!
  if (isBreak(char.charCodeAt(0))) return ['', 0]
  const digits = { x: 2, u: 4, U: 8 }[char]
  if (digits === undefined) return [ESCAPES[char] ?? '', 2]
  const code = parseInt(source.slice(at + 2, at + 2 + digits), 16)
  return [code > 0x10ffff ? '\ufffd\ufffd' : String.fromCodePoint(code), 2 + digits]
}

/** Literal and folded block scalars. */
function decodeBlock(decoder: Decoder, source: string, event: ScalarEvent): Decoded {
  const { valueStart, valueEnd, chomping } = event
  const indent = Math.max(event.indent, 0)
  const folded = event.style === SCALAR_STYLE.FOLDED_BLOCK
  // The line breaks since the last line that is not empty, that line's own included.
  let breaks: number[] = []
  let hasContent = false
  let moreIndented = false
  let end = valueStart
  for (let at = valueStart; at < valueEnd;) {
    const lineStop = Math.min(lineEnd(source, at), valueEnd)
    let text = at
    while (text < lineStop && text - at < indent && source[text] === ' ') text++
    if (event.indent >= 0 && text < lineStop) {
      const deeper = source[text] === ' ' || source[text] === '\t'
      if (!folded || deeper || moreIndented || !hasContent) addBreaks(decoder, source, breaks)
      else if (breaks.length === 1) decoder.add(' ', breaks[0]!, text)
      else addBreaks(decoder, source, breaks.slice(1))
      if (folded) moreIndented = deeper
      decoder.addVerbatim(text, lineStop)
      hasContent = true
      breaks = []
      end = lineStop
    }
    breaks.push(lineStop)
    at = lineStop < valueEnd ? afterBreak(source, lineStop) : valueEnd
  }
  if (chomping === CHOMPING_MODE.KEEP) addBreaks(decoder, source, breaks)
  else if (chomping === CHOMPING_MODE.CLIP && hasContent) addBreaks(decoder, source, breaks.slice(0, 1))
  return decoder.finish(decoder.lastEnd(end))
}

function addBreaks(decoder: Decoder, source: string, breaks: readonly number[]): void {
  for (const at of breaks) decoder.add('\n', at, afterBreak(source, at))
}

/** How a string may be written on one line. */
export type Quote = 'plain' | 'single' | 'double'

/** Characters that YAML reads only when they are escaped, and what a plain or single-quoted scalar on one line cannot hold. */
const UNPRINTABLE = /[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]|[\u2028\u2029]/u
const UNPRINTABLES = new RegExp(UNPRINTABLE.source, 'gu')

/** How strings are quoted: as `quote` says, or as `otherwise` says where a plain scalar would not be this very string. */
export interface Quoting {
  readonly quote: Quote
  readonly otherwise: 'single' | 'double'
}

/**
 * A string on one line, in double quotes where the style asked for cannot hold it. Plain is used only where every YAML reader
 * takes the text for this very string.
 */
export function writeString(value: string, quoting: Quoting, flow: boolean): string {
  if (quoting.quote === 'plain' && isPlain(value, flow)) return value
  const quote = quoting.quote === 'plain' ? quoting.otherwise : quoting.quote
  return quote === 'single' && isPrintable(value) ? `'${value.replaceAll("'", "''")}'` : `"${escape(value)}"`
}

/** True where a string may stand in single quotes on one line. */
export function isPrintable(value: string): boolean {
  return !UNPRINTABLE.test(value)
}

/** A text as it stands between double quotes; JSON reads it too. */
export function escape(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replace(UNPRINTABLES, (char) =>
      char
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''))
}

/** First characters that no YAML reader takes for an indicator; a dash only before a letter or another dash. */
const PLAIN_START = /^(?:[\p{L}\p{N}_./$(\\^;+]|-[\p{L}-])/u
/** What ends a plain scalar or starts a comment. */
const PLAIN_BREAK = /:(?:\s|$)|\s#|\s$|^---|^\.\.\./
const FLOW_BREAK = /[,[\]{}:?'"]/
/** Numbers and dates of YAML 1.1 that Go's yaml.v2 takes for strings. */
const ELSEWHERE_NO_STRING = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?$|^\d{4}-\d\d?-\d\d?(?:[Tt ]|$)/

function isPlain(value: string, flow: boolean): boolean {
  if (!PLAIN_START.test(value) || UNPRINTABLE.test(value) || PLAIN_BREAK.test(value) || (flow && FLOW_BREAK.test(value)))
    return false
  return typeof resolvePlain(value) === 'string' && !ELSEWHERE_NO_STRING.test(value)
}
