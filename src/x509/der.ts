/**
 * Writes DER, the encoding of certificates: each value is a tag, a length and its content (ITU-T X.690, section 8.1).
 * Only what a certificate needs.
 */
export type Der = Buffer

/** Any value: a tag and its content. Lengths of 128 and more are written as a count of bytes and the bytes (8.1.3). */
export function tagged(tag: number, ...content: readonly Uint8Array[]): Der {
  const body = Buffer.concat(content)
  const length: number[] = []
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  const head = body.length < 0x80 ? [body.length] : [0x80 | length.length, ...length]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}

export const sequence = (...items: readonly Der[]): Der => tagged(0x30, ...items)
export const set = (...items: readonly Der[]): Der => tagged(0x31, ...items)
export const octets = (content: Uint8Array): Der => tagged(0x04, content)
export const utf8 = (text: string): Der => tagged(0x0c, Buffer.from(text))
/** True. A false is a default everywhere in a certificate, and defaults are left out (11.5). */
export const yes: Der = tagged(0x01, Buffer.from([0xff]))
/** `[n]` around a value. */
export const explicit = (n: number, content: Der): Der => tagged(0xa0 | n, content)
/** `[n]` in place of a value's own tag, for a value that holds no others. */
export const implicit = (n: number, content: Uint8Array): Der => tagged(0x80 | n, content)

/** A whole number that is not negative, from its bytes, most significant first: the shortest form, its top bit clear (8.3). */
export function integer(bytes: Uint8Array): Der {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const shortest = bytes.subarray(start)
  return tagged(0x02, ...((shortest[0] ?? 0) >= 0x80 ? [Buffer.of(0), shortest] : [shortest]))
}

/** Bits, of which the last `unused` of the last byte do not count (8.6). */
export const bits = (content: Uint8Array, unused = 0): Der => tagged(0x03, Buffer.of(unused), content)

/** An object identifier, `1.2.840.10045.4.3.2`: base 128, the first two numbers in one (8.19). */
export function oid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const digits = [number % 128]
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(0x80 | (left % 128))
    return digits
  })
  return tagged(0x06, Buffer.from(bytes))
}

/** A time in whole seconds, UTC: UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, section 4.1.2.5). */
export function time(date: Date): Der {
  const digits = `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`
  return date.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}
