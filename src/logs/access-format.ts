/** `--access-logformat` → a reader of the lines that it makes. Sources: gunicorn's `glogging.Logger.atoms`, aiohttp's `web_log.AccessLogger`. */
import { accessLogTime } from './time.ts'

/** What an access line says. One object for all of them. */
export class AccessLine {
  status = 0
  /** Seconds; NaN where the line does not say. */
  duration = NaN
  /** Milliseconds since 1970; NaN where the line does not say. */
  time = NaN
  /** True where `time` is when the request began. */
  isStart = false
  pid = NaN
  /** Where the path stands in the text, without the query; -1 where the line does not say. */
  pathStart = -1
  pathEnd = -1
  /** True where fields are left that gunicorn has no values for as the application failed: the duration is wrong then. */
  isFailed = false

  clear(): void {
    this.status = 0
    this.duration = NaN
    this.time = NaN
    this.isStart = false
    this.pid = NaN
    this.pathStart = -1
    this.pathEnd = -1
    this.isFailed = false
  }
}

/** A field and the text behind it. `free` is any text, the others have a form by which they end. */
interface Field {
  readonly name: string
  readonly form: 'time' | 'integer' | 'decimal' | 'bytes' | 'process' | 'free'
  readonly after: string
}

export interface AccessFormat {
  readonly before: string
  readonly fields: readonly Field[]
  readonly isStart: boolean
  /** True where it tells how long a request took. */
  readonly hasDuration: boolean
}

const forms: Readonly<Record<string, Field['form']>> = { t: 'time', s: 'integer', D: 'integer', M: 'integer', T: 'integer', L: 'decimal',
  b: 'bytes', B: 'bytes', p: 'process' }

/** aiohttp's names → gunicorn's, where they mean the same. */
const aiohttpNames: Readonly<Record<string, string>> = { a: 'h', t: 't', P: 'p', r: 'r', s: 's', b: 'b', T: 'T', Tf: 'L', D: 'D' }

/** Reads a format; undefined where its lines cannot be told apart, as two texts of any kind stand side by side. */
export function compileFormat(format: string): AccessFormat | undefined {
  const isAiohttp = !format.includes('%(') && /%[atPrsbTD{]/.test(format)
  const pattern = isAiohttp ? /%(?:\{([\w-]{1,200})\}([ioe])|(Tf|[atPrsbTD%]))/g
    : /%(?:\(([^()]{1,200})\)[-#0 +]{0,5}\d{0,5}(?:\.\d{1,5})?([a-zA-Z])|(%))/g
  let [before, last] = ['', 0]
  const fields: { name: string; form: Field['form']; after: string }[] = []
  const literal = (text: string): void => {
    const field = fields.at(-1)
    if (field) field.after += text
    else before += text
  }
  for (const match of format.matchAll(pattern)) {
    literal(format.slice(last, match.index))
    last = match.index + match[0].length
    if (match[0] === '%%') literal('%')
    else {
      const name = isAiohttp ? (match[1] === undefined ? aiohttpNames[match[3] ?? ''] ?? '' : `{${match[1].toLowerCase()}}${match[2]}`)
        : (match[1] ?? '')
      const former = fields.at(-1)
      // Two texts of any kind side by side are one: where the one ends and the other begins, nobody can tell.
      if (former?.form === 'free' && former.after === '' && (forms[name] ?? 'free') === 'free') former.name = ''
      else fields.push({ name, form: isAiohttp && name === 'p' ? 'process' : forms[name] ?? 'free', after: '' })
    }
  }
  literal(format.slice(last))
  const isUnclear = fields.some(({ form, after }, index) => form === 'free' && after === '' && index < fields.length - 1)
  if (isUnclear || !fields.some(({ name }) => name === 's')) return undefined
  // The log is bytes.
  const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
  return {
    before: bytes(before),
    fields: fields.map((field) => ({ ...field, after: bytes(field.after) })),
    isStart: isAiohttp,
    hasDuration: fields.some(({ name }) => name === 'D' || name === 'M' || name === 'L' || name === 'T'),
  }
}

/** Candidates for the end of a text that are tried on one line. */
const mostTries = 64

/** Where a piece of text stands between two places; -1 where it does not. */
function find(text: string, piece: string, start: number, end: number): number {
  const at = text.indexOf(piece, start)
  return at > end - piece.length ? -1 : at
}

function digitsEnd(text: string, start: number, end: number): number {
  let at = start
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code < 48 || code > 57) break
    at++
  }
  return at
}

function integer(text: string, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) value = value * 10 + text.charCodeAt(at) - 48
  return value
}

/** Reads lines of one format. */
export class FormatReader {
  readonly format: AccessFormat
  #tries = 0
  #text = ''
  #end = 0
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  /** From where the text behind each field was looked for last, and where it was found: none is in between, so that no text is gone through twice. */
  readonly #lookedFrom: Int32Array
  readonly #foundAt: Int32Array
  readonly #hasBetter: { readonly T: boolean; readonly M: boolean }

  constructor(format: AccessFormat) {
    this.format = format
    this.#starts = new Int32Array(format.fields.length)
    this.#ends = new Int32Array(format.fields.length)
    this.#lookedFrom = new Int32Array(format.fields.length).fill(-1)
    this.#foundAt = new Int32Array(format.fields.length).fill(-1)
    const has = (name: string): boolean => format.fields.some((field) => field.name === name)
    this.#hasBetter = { M: has('D') || has('L'), T: has('D') || has('L') || has('M') }
  }

  /** @returns whether the line is of this format; `line` holds what it says then */
  read(text: string, start: number, end: number, line: AccessLine): boolean {
    const { before, fields, isStart } = this.format
    if (before !== '' && !text.startsWith(before, start)) return false
    if (this.#text !== text) {
      this.#text = text
      this.#lookedFrom.fill(-1)
      this.#foundAt.fill(-1)
    }
    this.#end = end
    this.#tries = 0
    const isRead = this.#match(0, start + before.length)
    if (!isRead) return false
    line.clear()
    line.isStart = isStart
    let [hasAgent, hasNone] = [false, true]
    for (let index = 0; index < fields.length; index++) {
      const [from, to] = [this.#starts[index] ?? 0, this.#ends[index] ?? 0]
      switch (fields[index]?.name) {
        case 's':
          line.status = integer(text, from, to)
          break
        case 'D':
          line.duration = integer(text, from, to) / 1e6
          break
        case 'M':
          if (!this.#hasBetter.M) line.duration = integer(text, from, to) / 1e3
          break
        case 'L': {
          const point = find(text, '.', from, to)
          line.duration = point < 0 ? integer(text, from, to)
            : integer(text, from, point) + integer(text, point + 1, to) / 10 ** (to - point - 1)
          break
        }
        case 'T':
          if (!this.#hasBetter.T) line.duration = integer(text, from, to)
          break
        case 't':
          line.time = accessLogTime(text, from + 1)
          break
        case 'p':
          line.pid = integer(text, from, to)
          break
        case 'r':
          this.#request(text, from, to, line)
          break
        case 'U':
          if (text.startsWith('None', from) && to - from === 4) line.isFailed = true
          else if (line.pathStart < 0) [line.pathStart, line.pathEnd] = [from, to]
          break
        case 'a':
        case 'f':
          hasAgent = true
          if (!(to - from === 1 && text.charCodeAt(from) === 45)) hasNone = false
          break
      }
    }
    if (hasAgent && hasNone && line.status === 500) line.isFailed = true
    return true
  }

  /** Where the text behind a field stands next; -1 where it does not up to the end of the line. */
  #next(index: number, after: string, start: number): number {
    let at = this.#foundAt[index] ?? -1
    if (start < (this.#lookedFrom[index] ?? -1) || start > at) {
      at = this.#text.indexOf(after, start)
      if (at < 0) at = this.#text.length
      this.#foundAt[index] = at
      this.#lookedFrom[index] = start
    }
    return at > this.#end - after.length ? -1 : at
  }

  /** `GET /path?query HTTP/1.1` */
  #request(text: string, from: number, to: number, line: AccessLine): void {
    const start = find(text, ' ', from, to)
    if (start < 0) return
    let end = find(text, ' ', start + 1, to)
    if (end < 0) end = to
    const query = find(text, '?', start + 1, end)
    line.pathStart = start + 1
    line.pathEnd = query < 0 ? end : query
  }

  /** Whether the fields from one on match from a place on, up to the end of the line. */
  #match(index: number, start: number): boolean {
    const field = this.format.fields[index]
    if (!field) return start === this.#end
    this.#starts[index] = start
    if (field.form !== 'free') {
      const end = this.#formEnd(field, index, start)
      return end >= 0 && this.#text.startsWith(field.after, end) && end + field.after.length <= this.#end &&
        this.#match(index + 1, end + field.after.length)
    }
    if (field.after === '') {
      this.#ends[index] = this.#end
      return this.#match(index + 1, this.#end)
    }
    const isQuoted = field.after.charCodeAt(0) === 34
    let escaped = -1
    for (let at = this.#next(index, field.after, start); at >= 0; at = this.#next(index, field.after, at + 1)) {
      // gunicorn writes \" for a quote, and leaves a backslash at the end of a value as it is.
      if (isQuoted && at > start && this.#text.charCodeAt(at - 1) === 92) {
        if (escaped < 0) escaped = at
        continue
      }
      if (++this.#tries > mostTries) return false
      this.#ends[index] = at
      if (this.#match(index + 1, at + field.after.length)) return true
      this.#starts[index] = start
    }
    if (escaped < 0 || ++this.#tries > mostTries) return false
    this.#ends[index] = escaped
    return this.#match(index + 1, escaped + field.after.length)
  }

  /** Where a field ends that has a form; -1 where there is none of it. */
  #formEnd({ form }: Field, index: number, start: number): number {
    const [text, limit] = [this.#text, this.#end]
    switch (form) {
      case 'time': {
        // `[30/Nov/2026:16:17:44 +0000]`
        if (text.charCodeAt(start) !== 91 || text.charCodeAt(start + 27) !== 93 || start + 28 > limit) return -1
        this.#ends[index] = start + 28
        return start + 28
      }
      case 'process': {
        const isMarked = text.charCodeAt(start) === 60
        const from = isMarked ? start + 1 : start
        const end = digitsEnd(text, from, limit)
        if (end === from || (isMarked && text.charCodeAt(end) !== 62)) return -1
        this.#starts[index] = from
        this.#ends[index] = end
        return isMarked ? end + 1 : end
      }
      case 'bytes': {
        const end = text.charCodeAt(start) === 45 ? start + 1 : text.startsWith('None', start) ? start + 4 : digitsEnd(text, start, limit)
        this.#ends[index] = end
        return end > start ? end : -1
      }
      case 'decimal': {
        const point = digitsEnd(text, start, limit)
        const end = text.charCodeAt(point) === 46 ? digitsEnd(text, point + 1, limit) : point
        this.#ends[index] = end
        return end > start && end - start < 25 ? end : -1
      }
      default: {
        const end = digitsEnd(text, start, limit)
        this.#ends[index] = end
        return end > start && end - start < 19 ? end : -1
      }
    }
  }
}
