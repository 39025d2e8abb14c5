/**
 * Tar archives as a stream: ustar, PAX, GNU long names and sparse files. Strict: what is cut, or does not add up, is an error and
 * never an archive of fewer files. Sources: POSIX.1-2017 `pax`, the manual of GNU tar ("Basic Tar Format", "Sparse Formats").
 */
import { ImageError } from './image-error.ts'

export interface TarEntry {
  /** As it is written, without a slash at its end. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'symlink' | 'hardlink' | 'other'
  /** Bytes of a file as it is once unpacked. */
  readonly size: number
  /** What a link leads to; else empty. */
  readonly link: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Takes an entry. What it returns takes the content of a file whole, once it is there; undefined where nobody wants it. */
export type OnEntry = (entry: TarEntry) => ((content: Uint8Array) => void) | undefined

const block = 512
/** The longest header of PAX, or long name, in bytes. */
const largestHeader = 1024 * 1024
/** The longest path. Linux has 4096. */
const longestPath = 4096

interface Sparse {
  readonly size: number
  /** Pairs of offset and length; undefined where they stand in front of the content. */
  readonly map: readonly (readonly [offset: number, length: number])[] | undefined
}

type State = 'header' | 'body' | 'padding' | 'zero' | 'ended' | 'sparse'

export class TarReader {
  readonly #onEntry: OnEntry
  #state: State = 'header'
  /** Bytes that wait for the rest of their block. */
  readonly #held = new Uint8Array(block)
  #heldLength = 0
  /** Of the body at hand: what is left of it, then its padding. */
  #left = 0
  #padding = 0
  #parts: Uint8Array[] | undefined
  #done: ((content: Uint8Array) => void) | undefined
  #global: ReadonlyMap<string, string> = new Map()
  #pax: ReadonlyMap<string, string> | undefined
  #longName: string | undefined
  #longLink: string | undefined
  /** A header of the old GNU format whose map goes on. */
  #pending: { header: Uint8Array; map: [number, number][] } | undefined

  constructor(onEntry: OnEntry) {
    this.#onEntry = onEntry
  }

  /** @throws {ImageError} for what is no tar archive */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && this.#state !== 'ended') {
      if (this.#state === 'body' || this.#state === 'padding') {
        const take = Math.min(this.#left, chunk.length - at)
        if (this.#state === 'body') this.#parts?.push(chunk.slice(at, at + take))
        at += take
        this.#left -= take
        if (this.#left === 0) this.#endOfPart()
        continue
      }
      if (this.#heldLength === 0 && chunk.length - at >= block) {
        this.#block(chunk.subarray(at, at + block))
        at += block
        continue
      }
      const take = Math.min(block - this.#heldLength, chunk.length - at)
      this.#held.set(chunk.subarray(at, at + take), this.#heldLength)
      this.#heldLength += take
      at += take
      if (this.#heldLength === block) {
        this.#heldLength = 0
        this.#block(this.#held.slice())
      }
    }
  }

  /** True behind its last block. */
  get isEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Passes over the content at hand, which is not handed in then. @returns its bytes, with what fills its last block */
  skip(): number {
    if (this.#state !== 'body') return 0
    const bytes = this.#left + this.#padding
    this.#state = 'header'
    return bytes
  }

  /** @throws {ImageError} where the archive has not come to its end: two blocks of zeros */
  end(): void {
    if (this.#state !== 'ended') throw new ImageError('the archive is cut off: it does not end with two blocks of zeros')
  }

  #endOfPart(): void {
    if (this.#state === 'body') {
      const [done, parts] = [this.#done, this.#parts]
      this.#done = this.#parts = undefined
      this.#left = this.#padding
      this.#state = this.#left > 0 ? 'padding' : 'header'
      if (done && parts) done(Buffer.concat(parts))
    } else this.#state = 'header'
  }

  #block(header: Uint8Array): void {
    if (this.#state === 'sparse' && this.#pending) return this.#continueSparse(header)
    if (header.every((byte) => byte === 0)) {
      this.#state = this.#state === 'zero' ? 'ended' : 'zero'
      return
    }
    if (this.#state === 'zero') throw new ImageError('the archive is broken: something follows a block of zeros')
    checkSum(header)
    const type = String.fromCharCode(header[156] ?? 0)
    const size = number(header, 124, 12)
    switch (type) {
      case 'x':
      case 'g':
        return this.#own(size, (content) => {
          const records = paxRecords(content)
          if (type === 'x') this.#pax = records
          else this.#global = new Map([...this.#global, ...records])
        })
      case 'L':
        return this.#own(size, (content) => void (this.#longName = untilNull(content)))
      case 'K':
        return this.#own(size, (content) => void (this.#longLink = untilNull(content)))
      case 'M':
        throw new ImageError('the archive is one of several volumes')
      case 'S': {
        const map: [number, number][] = []
        this.#pending = { header: header.slice(), map }
        readMap(header, 386, 4, map)
        if (header[482] === 1) {
          this.#state = 'sparse'
          return undefined
        }
        return this.#oldSparse()
      }
      default:
        return this.#entry(header, type, size, undefined)
    }
  }

  #continueSparse(extension: Uint8Array): void {
    const { map } = this.#pending!
    readMap(extension, 0, 21, map)
    if (map.length > 100_000) throw new ImageError('the archive is broken: the map of a sparse file does not end')
    if (extension[504] !== 1) this.#oldSparse()
  }

  #oldSparse(): void {
    const { header, map } = this.#pending!
    this.#pending = undefined
    this.#state = 'header'
    this.#entry(header, '0', number(header, 124, 12), { size: number(header, 483, 12), map })
  }

  /** Reads the content of a header that describes the next one. */
  #own(size: number, done: (content: Uint8Array) => void): void {
    if (size > largestHeader) throw new ImageError(`a header of the archive has ${size} bytes, and ${largestHeader} are read at most`)
    this.#body(size, done)
  }

  #body(size: number, done: ((content: Uint8Array) => void) | undefined): void {
    this.#done = done
    this.#parts = done && []
    this.#left = size
    this.#padding = (block - (size % block)) % block
    this.#state = 'body'
    if (size === 0) this.#endOfPart()
  }

  #entry(header: Uint8Array, type: string, written: number, oldSparse: Sparse | undefined): void {
    const pax = this.#pax
    const key = (name: string): string | undefined => pax?.get(name) ?? this.#global.get(name)
    const sparse = oldSparse ?? paxSparse(pax)
    const stored = decimal(key('size')) ?? written
    let path = pax?.get('GNU.sparse.name') ?? key('path') ?? this.#longName ?? nameIn(header)
    const link = key('linkpath') ?? this.#longLink ?? text(header, 157, 100)
    const isFolder = type === '5' || type === 'D' || ((type === '0' || type === '\0') && path.endsWith('/'))
    while (path.endsWith('/')) path = path.slice(0, -1)
    this.#pax = this.#longName = this.#longLink = undefined
    if (path.length > longestPath || link.length > longestPath)
      throw new ImageError(`a path of the archive is longer than ${longestPath} characters`)
    const kind = isFolder ? 'folder' : kinds[type] ?? 'other'
    // What has no content has none, whatever its size says: as Go's reader has it, which unpacks layers.
    const hasBody = kind === 'file' || (kind === 'other' && !/[346]/.test(type)) || type === 'D'
    const size = kind === 'file' ? (sparse?.size ?? stored) : 0
    const entry: TarEntry = { path, kind, size, link, mode: number(header, 100, 8), uid: decimal(key('uid')) ?? number(header, 108, 8),
      gid: decimal(key('gid')) ?? number(header, 116, 8) }
    // The header of a volume names no file.
    const take = type === 'V' ? undefined : this.#onEntry(entry)
    this.#body(hasBody ? stored : 0, take && (sparse ? (content) => take(unfolded(content, sparse)) : take))
  }
}

const kinds: Readonly<Record<string, TarEntry['kind']>> = { '0': 'file', '\0': 'file', '7': 'file', '1': 'hardlink', '2': 'symlink',
  '5': 'folder' }

/** Some programs sum signed bytes. */
function checkSum(header: Uint8Array): void {
  let [unsigned, signed] = [0, 0]
  for (let at = 0; at < block; at++) {
    const byte = at >= 148 && at < 156 ? 32 : header[at]!
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const told = number(header, 148, 8)
  if (told !== unsigned && told !== signed) throw new ImageError('the archive is broken: a header does not add up')
}

/** Octal digits between blanks; or, with the first bit set, bytes (base 256). */
function number(header: Uint8Array, at: number, length: number): number {
  const first = header[at]!
  if (first & 0x80) {
    if (first & 0x40) throw new ImageError('the archive is broken: a number is below zero')
    let value = first & 0x3f
    for (let index = at + 1; index < at + length; index++) value = value * 256 + header[index]!
    if (!Number.isSafeInteger(value)) throw new ImageError('the archive is broken: a number is too large')
    return value
  }
  const digits = text(header, at, length).trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw new ImageError('the archive is broken: a number is none')
  return Number.parseInt(digits, 8)
}

function text(header: Uint8Array, at: number, length: number): string {
  return untilNull(header.subarray(at, at + length))
}

function untilNull(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return utf8(end < 0 ? bytes : bytes.subarray(0, end))
}

const decoder = new TextDecoder()
const utf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

/** In ustar a prefix may stand in front of the name; in GNU's format other fields are in its place. */
function nameIn(header: Uint8Array): string {
  const name = text(header, 0, 100)
  const isUstar = text(header, 257, 6) === 'ustar'
  const prefix = isUstar ? text(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** `LENGTH KEY=VALUE\n`, where the length is that of the whole record in bytes. */
function paxRecords(content: Uint8Array): Map<string, string> {
  const records = new Map<string, string>()
  const map: string[] = []
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(32, at)
    const length = blank < 0 ? Number.NaN : Number(utf8(content.subarray(at, blank)))
    const end = at + length
    const equals = content.indexOf(61, blank)
    if (!Number.isInteger(length) || end > content.length || equals < 0 || equals >= end || content[end - 1] !== 10) {
      // Zeros fill up what some programs write.
      if (content.subarray(at).every((byte) => byte === 0)) break
      throw new ImageError('the archive is broken: a record of a PAX header has another length than it says')
    }
    const [key, value] = [utf8(content.subarray(blank + 1, equals)), utf8(content.subarray(equals + 1, end - 1))]
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') map.push(value)
    records.set(key, value)
    at = end
  }
  if (map.length > 0) records.set('GNU.sparse.map', map.join(','))
  return records
}

function decimal(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const read = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(read)) throw new ImageError('the archive is broken: a number of a PAX header is none')
  return read
}

/** Formats 0.0, 0.1 and 1.0 of GNU's sparse files. */
function paxSparse(pax: ReadonlyMap<string, string> | undefined): Sparse | undefined {
  if (!pax) return undefined
  const size = decimal(pax.get('GNU.sparse.realsize') ?? pax.get('GNU.sparse.size'))
  if (size === undefined) return undefined
  if (pax.get('GNU.sparse.major') === '1') return { size, map: undefined }
  return { size, map: pairs((pax.get('GNU.sparse.map') ?? '').split(',').filter((part) => part !== '').map((part) => decimal(part) ?? 0)) }
}

function pairs(numbers: readonly number[]): [number, number][] {
  const all: [number, number][] = []
  for (let at = 0; at + 1 < numbers.length; at += 2) all.push([numbers[at]!, numbers[at + 1]!])
  return all
}

function readMap(header: Uint8Array, at: number, count: number, map: [number, number][]): void {
  for (let index = 0; index < count; index++) {
    const from = at + index * 24
    if (header[from] === 0) return
    map.push([number(header, from, 12), number(header, from + 12, 12)])
  }
}

/** The content of a sparse file with its holes. */
function unfolded(stored: Uint8Array, { size, map }: Sparse): Uint8Array {
  let [at, parts] = [0, map]
  if (!parts) {
    // Decimal numbers, each on a line, in front of the content: how many pairs there are, then the pairs.
    const line = (): number => {
      const end = stored.indexOf(10, at)
      const value = end < 0 ? undefined : decimal(utf8(stored.subarray(at, end)))
      if (value === undefined) throw new ImageError('the archive is broken: the map of a sparse file does not end')
      at = end + 1
      return value
    }
    const numbers: number[] = []
    for (let left = line() * 2; left > 0; left--) numbers.push(line())
    parts = pairs(numbers)
    at = Math.ceil(at / block) * block
  }
  const content = new Uint8Array(size)
  for (const [offset, length] of parts) {
    if (offset + length > size || at + length > stored.length)
      throw new ImageError('the archive is broken: the map of a sparse file leads out of it')
    content.set(stored.subarray(at, at + length), offset)
    at += length
  }
  return content
}
