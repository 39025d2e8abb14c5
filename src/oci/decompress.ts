/** Layers as they are stored → their tar archives, as streams. What is compressed how is told by its first bytes. */
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Readable } from 'node:stream'
import { ImageError } from './image-error.ts'

export type Bytes = AsyncIterable<Uint8Array>

/** Bytes of what is taken out in one piece. */
const chunkSize = 256 * 1024

/** The archive that a stream holds: compressed with gzip or zstd, or as it is. @throws {ImageError} for what is cut off or broken */
export async function* decompressed(stored: Bytes): Bytes {
  const { first, all } = await peeked(stored, 6)
  const kind = formatOf(first)
  if (kind === 'gzip') yield* through(all, () => createGunzip({ chunkSize }))
  else if (kind === 'zstd') yield* zstdFrames(all)
  else if (kind === 'plain') yield* all
  else throw new ImageError(`it is compressed with ${kind}, which is not read`)
}

export function formatOf(first: Uint8Array): 'gzip' | 'zstd' | 'plain' | 'xz' | 'bzip2' {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, index) => first[index] === byte)
  if (begins(0x1f, 0x8b)) return 'gzip'
  if (begins(0x28, 0xb5, 0x2f, 0xfd) || isSkippable(first)) return 'zstd'
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)) return 'xz'
  return begins(0x42, 0x5a, 0x68) ? 'bzip2' : 'plain'
}

const isSkippable = (bytes: Uint8Array): boolean =>
  ((bytes[0] ?? 0) & 0xf0) === 0x50 && bytes[1] === 0x2a && bytes[2] === 0x4d && bytes[3] === 0x18

/** A stream and its first bytes, which are still in it. */
async function peeked(stream: Bytes, length: number): Promise<{ first: Uint8Array; all: Bytes }> {
  const iterator = stream[Symbol.asyncIterator]()
  const parts: Uint8Array[] = []
  for (let have = 0; have < length;) {
    const next = await iterator.next()
    if (next.done) break
    parts.push(next.value)
    have += next.value.length
  }
  const all = async function*(): Bytes {
    try {
      yield* parts.splice(0)
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return { first: Buffer.concat(parts), all: all() }
}

async function* through(stored: Bytes, make: () => NodeJS.ReadWriteStream & Readable): Bytes {
  const source = Readable.from(stored, { objectMode: true })
  const unpacking = make()
  // What fails at the source fails here too.
  source.on('error', (error) => unpacking.destroy(error))
  source.pipe(unpacking)
  try {
    yield* unpacking as AsyncIterable<Uint8Array>
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof ImageError || !/^(?:Z_|ZSTD_|ERR_)/.test(String(code))) throw error
    throw new ImageError(
      message.includes('unexpected end') ? 'what it is compressed to is cut off' : `what it is compressed to is broken: ${message}`,
    )
  } finally {
    source.destroy()
    unpacking.destroy()
  }
}

/**
 * Frames of zstd, one after the other: node:zlib ends with the first one, without a word of those behind it (24.21). Where a frame
 * ends is told by the headers of its blocks. Source: RFC 8878, section 3.1.
 */
async function* zstdFrames(stored: Bytes): Bytes {
  const input = new Input(stored)
  while (await input.has(1)) {
    const magic = await input.take(4)
    if (isSkippable(magic)) {
      await input.skip(Buffer.from(await input.take(4)).readUInt32LE(0))
      continue
    }
    if (Buffer.from(magic).readUInt32LE(0) !== 0xfd2fb528)
      throw new ImageError('what it is compressed to is broken: something follows the last frame of zstd')
    yield* through(zstdFrame(input, magic), () => createZstdDecompress({ chunkSize }))
  }
}

async function* zstdFrame(input: Input, magic: Uint8Array): Bytes {
  const descriptor = await input.take(1)
  const flags = descriptor[0]!
  const isSingle = (flags & 0x20) !== 0
  const rest = (isSingle ? 0 : 1) + [0, 1, 2, 4][flags & 3]! + [isSingle ? 1 : 0, 2, 4, 8][flags >> 6]!
  yield Buffer.concat([magic, descriptor, await input.take(rest)])
  for (let isLast = false; !isLast;) {
    const header = await input.take(3)
    const word = header[0]! | (header[1]! << 8) | (header[2]! << 16)
    isLast = (word & 1) === 1
    yield header
    yield* input.pass(((word >> 1) & 3) === 1 ? 1 : word >> 3)
  }
  if (flags & 4) yield await input.take(4)
}

/** A stream that is read in lengths. */
class Input {
  readonly #iterator: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)

  constructor(stream: Bytes) {
    this.#iterator = stream[Symbol.asyncIterator]()
  }

  /** Whether so many bytes are left. */
  async has(length: number): Promise<boolean> {
    while (this.#chunk.length < length) {
      const next = await this.#iterator.next()
      if (next.done) return false
      this.#chunk = this.#chunk.length === 0 ? next.value : Buffer.concat([this.#chunk, next.value])
    }
    return true
  }

  async take(length: number): Promise<Uint8Array> {
    if (!(await this.has(length))) throw new ImageError('what it is compressed to is cut off')
    const taken = this.#chunk.subarray(0, length)
    this.#chunk = this.#chunk.subarray(length)
    return taken
  }

  /** So many bytes, in the pieces that they come in. */
  async *pass(length: number): Bytes {
    for (let left = length; left > 0;) {
      await this.has(1)
      const part = await this.take(Math.min(left, Math.max(1, this.#chunk.length)))
      left -= part.length
      yield part
    }
  }

  async skip(length: number): Promise<void> {
    for await (const part of this.pass(length)) void part
  }
}
