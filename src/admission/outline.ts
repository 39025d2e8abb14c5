/** What can be told of the bytes of a review without parsing them: how much they hold, and what stands at their head. */

const quote = 0x22, backslash = 0x5c, comma = 0x2c, colon = 0x3a
const brace = 0x7b, braceEnd = 0x7d, bracket = 0x5b, bracketEnd = 0x5d

/**
 * True where a JSON text holds more than so many values and names. To parse many small ones takes a thousand times what a long text
 * does, in time and in memory: 7 MB of `[[],[],…` are 5 seconds and 150 MiB. A name costs as much as a value, or more: all of an object are told apart.
 */
export function holdsMoreThan(most: number, bytes: Uint8Array): boolean {
  let values = 1
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) at = endOfString(bytes, at)
    else if ((byte === comma || byte === colon || byte === bracket || byte === brace) && ++values > most) return true
  }
  return false
}

/** Where the quote is that ends the string that begins at `at`; the end of all where there is none. */
function endOfString(bytes: Uint8Array, at: number): number {
  for (let end = at + 1;; end++) {
    end = bytes.indexOf(quote, end)
    if (end < 0) return bytes.length
    let backslashes = 0
    while (bytes[end - 1 - backslashes] === backslash) backslashes++
    if (backslashes % 2 === 0) return end
  }
}

/** Bytes that are looked at for the head: metadata, whose annotations may be of 256 KiB, stands before the rest. */
export const headLimit = 512 * 1024
/** Deeper than anything that is asked of a head: labels, and the references to owners. */
const deepest = 6

/** What of a review's object is its head. */
const headKeys = new Set(['apiVersion', 'kind', 'metadata'])
const left = new Set(['request.oldObject', 'request.options', 'request.object.metadata.managedFields'])

/**
 * The head of a review as JSON: all but what its object says beside `apiVersion`, `kind` and `metadata`, and the former object.
 * It ends where half a mebibyte does, or what is no JSON begins, and is whole JSON all the same.
 */
export function headOf(body: Uint8Array): string {
  const head = new Head(body.subarray(0, headLimit))
  head.value('', 0)
  return head.text
}

/** The annotations of an object. Of them only those of Paddock's own prefix are asked for; there may be a hundred thousand others. */
const annotations = 'request.object.metadata.annotations'
const ownPrefix = Buffer.from('"paddock.dev/')

class Head {
  text = ''
  /** Whether one of the annotations is written. */
  #isAnnotated = false
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Writes the value that stands here. False where it does not end. */
  value(path: string, depth: number): boolean {
    this.#blank()
    if (path === annotations) this.#isAnnotated = false
    const first = this.#bytes[this.#at]
    const isWritten = depth <= deepest && !left.has(path) &&
      !(path.startsWith('request.object.') && !headKeys.has(path.split('.')[2] ?? ''))
    if (isWritten && first === brace) return this.#members('{}', (index) => this.#member(path, depth, index === 0))
    if (isWritten && first === bracket) return this.#members('[]', (index) => this.#element(path, depth, index === 0))
    const start = this.#at
    const isWhole = this.#skip()
    this.text += isWritten && isWhole && first !== brace && first !== bracket ? this.#bytes.toString('utf8', start, this.#at) : 'null'
    return isWhole
  }

  /** Writes what stands in brackets. */
  #members(brackets: string, next: (index: number) => boolean): boolean {
    this.#at++
    this.text += brackets[0]
    let isWhole = true
    this.#blank()
    if (this.#bytes[this.#at] === brackets.charCodeAt(1)) this.#at++
    else {
      for (let index = 0;; index++) {
        isWhole = next(index)
        if (!isWhole) break
        this.#blank()
        const byte = this.#bytes[this.#at++]
        if (byte === comma) continue
        isWhole = byte === brackets.charCodeAt(1)
        break
      }
    }
    this.text += brackets[1]
    return isWhole
  }

  #member(path: string, depth: number, isFirst: boolean): boolean {
    this.#blank()
    const start = this.#at
    if (this.#bytes[start] !== quote || !this.#skip()) return false
    if (path === annotations) {
      if (!this.#startsAt(start, ownPrefix)) return this.#passed()
      isFirst = !this.#isAnnotated
      this.#isAnnotated = true
    }
    const key = this.#bytes.toString('utf8', start, this.#at)
    this.#blank()
    if (this.#bytes[this.#at++] !== colon) return false
    this.text += `${isFirst ? '' : ','}${key}:`
    return this.value(`${path}${path === '' ? '' : '.'}${key.slice(1, -1)}`, depth + 1)
  }

  #startsAt(start: number, text: Uint8Array): boolean {
    for (let index = 0; index < text.length; index++) if (this.#bytes[start + index] !== text[index]) return false
    return true
  }

  /** Passes over the rest of a member, from its colon on. */
  #passed(): boolean {
    this.#blank()
    if (this.#bytes[this.#at++] !== colon) return false
    this.#blank()
    return this.#skip()
  }

  #element(path: string, depth: number, isFirst: boolean): boolean {
    if (!isFirst) this.text += ','
    return this.value(`${path}[]`, depth + 1)
  }

  /** Passes over a value. False where it does not end. */
  #skip(): boolean {
    const bytes = this.#bytes
    let open = 0
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at]
      if (byte === quote) {
        this.#at = endOfString(bytes, this.#at)
        if (this.#at === bytes.length) return false
        if (open > 0) continue
        this.#at++
        return true
      }
      if (byte === brace || byte === bracket) open++
      else if (byte === braceEnd || byte === bracketEnd) {
        if (open === 0) return true
        if (--open > 0) continue
        this.#at++
        return true
      } else if (byte === comma && open === 0) return true
    }
    return false
  }

  #blank(): void {
    while (blanks.has(this.#bytes[this.#at] ?? 0)) this.#at++
  }
}

const blanks = new Set([0x20, 0x09, 0x0a, 0x0d])
