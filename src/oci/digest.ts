/** Digests of blobs: `sha256:…`. Source: OCI image specification, "Digests". */
import { createHash } from 'node:crypto'
import type { Bytes } from './decompress.ts'
import { ImageError } from './image-error.ts'

const known: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 }

export interface Digest {
  readonly algorithm: string
  readonly hex: string
}

/** Undefined for what is none, or of an algorithm that nobody uses. */
export function readDigest(text: string): Digest | undefined {
  const [, algorithm = '', hex = ''] = /^(sha256|sha512):([0-9a-f]+)$/.exec(text) ?? []
  return known[algorithm] === hex.length ? { algorithm, hex } : undefined
}

/** `sha256:1234abcd…` */
export const shortDigest = (digest: string): string => (readDigest(digest) ? `${digest.slice(0, digest.indexOf(':') + 9)}…` : digest)

export const digestOf = (content: Uint8Array | string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

/**
 * A stream that is held to its digest, and to its size where that is told.
 * @param what it is, for a message: `layer sha256:1234abcd…`
 * @throws {ImageError} at its end, or as soon as it is too long
 */
export async function* verified(stream: Bytes, { digest, size }: { readonly digest: string; readonly size?: number | undefined },
  count?: (bytes: number) => void): Bytes {
  const { algorithm, hex } = readDigest(digest) ?? refuse(`${JSON.stringify(digest.slice(0, 100))} is no digest that is known`)
  const hash = createHash(algorithm)
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (size !== undefined && length > size) refuse(`it has more than the ${size} bytes that its descriptor names`)
    hash.update(chunk)
    count?.(chunk.length)
    yield chunk
  }
  if (size !== undefined && length < size) refuse(`it is cut off: it has ${length} of the ${size} bytes that its descriptor names`)
  if (hash.digest('hex') !== hex) refuse('its content is not what its digest tells')
}

/** All of a stream. @throws {ImageError} where it is longer than `most` bytes */
export async function whole(stream: Bytes, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of stream) {
    length += part.length
    if (length > most) refuse(`it has more than ${most} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function refuse(message: string): never {
  throw new ImageError(message)
}
