import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { bits, explicit, implicit, integer, octets, oid, sequence, set, time, utf8, yes } from './der.ts'
import type { Der } from './der.ts'

/** A serving certificate of its own making: PEM. `ca` is what a client trusts, `caBundle` in a webhook configuration. */
export interface Certificates {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

/** Gives so many random bytes. */
export type Random = (size: number) => Buffer

/** The name of every CA made here: by it such a certificate is told from one that somebody else put there. */
export const issuer = 'O=Paddock\nCN=Paddock self-made CA'

/** Milliseconds. A certificate is valid from this long ago on, for clocks that are behind. */
const head = 5 * 60_000
/** Milliseconds. */
const day = 86_400_000

// RFC 5480, section 2.1.1 and appendix A; RFC 5758, section 3.2
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

/**
 * Makes a CA and a certificate that it signs for these DNS names and IP addresses: P-256, ECDSA with SHA-256, as
 * RFC 5280 wants them. The CA's key is thrown away, so that nobody can sign another with it.
 *
 * @param hosts DNS names and IP addresses, IPv6 without brackets; at least one
 * @param now milliseconds since 1970
 * @param days how long both are valid
 * @throws where a host is neither a DNS name nor an IP address
 */
export function makeCertificates(hosts: readonly string[], now: number, random: Random, days = 365): Certificates {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authority = keyIdentifier(ca.publicKey)
  const validity = { from: now - head, until: now + days * day }
  const common = { issuer: name('Paddock self-made CA'), signer: ca.privateKey, ...validity, random }
  const root = certificate({
    ...common,
    subject: common.issuer,
    publicKey: ca.publicKey,
    extensions: [
      // RFC 5280, 4.2.1.9: a CA, of certificates that are none. 4.2.1.3: keyCertSign (bit 5) and cRLSign (bit 6)
      extension('2.5.29.19', sequence(yes, integer(Buffer.of(0))), true),
      extension('2.5.29.15', bits(Buffer.of(0b0000_0110), 1), true),
      extension('2.5.29.14', octets(authority)),
    ],
  })
  const serving = certificate({
    ...common,
    subject: name('Paddock webhook'),
    publicKey: leaf.publicKey,
    extensions: [
      // 4.2.1.9: no CA. 4.2.1.3: digitalSignature (bit 0). 4.2.1.12: serverAuth
      extension('2.5.29.19', sequence(), true),
      extension('2.5.29.15', bits(Buffer.of(0b1000_0000), 7), true),
      extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
      // 4.2.1.2, 4.2.1.1: which key this is, and which signed it. 4.2.1.6: whom it speaks for
      extension('2.5.29.14', octets(keyIdentifier(leaf.publicKey))),
      extension('2.5.29.35', sequence(implicit(0, authority))),
      extension('2.5.29.17', sequence(...hosts.map(generalName))),
    ],
  })
  return { key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert: pem(serving), ca: pem(root) }
}

/** RFC 5280, section 4.1: what is to be signed, with what, and the signature. */
function certificate(parts: {
  issuer: Der
  subject: Der
  publicKey: KeyObject
  signer: KeyObject
  from: number
  until: number
  random: Random
  extensions: readonly Der[]
}): Der {
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.of(2))), // version 3
    integer(serial(parts.random)),
    ecdsaWithSha256,
    parts.issuer,
    sequence(time(new Date(parts.from)), time(new Date(parts.until))),
    parts.subject,
    spki(parts.publicKey),
    explicit(3, sequence(...parts.extensions)),
  )
  return sequence(toBeSigned, ecdsaWithSha256, bits(sign('sha256', toBeSigned, parts.signer)))
}

/** 4.1.2.2: positive, at most 20 bytes. 16 bytes, the first bit 0 and the second 1: 126 random bits, never zero. */
function serial(random: Random): Buffer {
  const bytes = Buffer.from(random(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes
}

/** O=Paddock, CN=`commonName`. */
function name(commonName: string): Der {
  const attribute = (type: string, value: string) => set(sequence(oid(type), utf8(value)))
  return sequence(attribute('2.5.4.10', 'Paddock'), attribute('2.5.4.3', commonName))
}

/** 4.2: identifier, critical unless left out, and the value inside octets. */
function extension(type: string, value: Der, critical = false): Der {
  return sequence(oid(type), ...(critical ? [yes] : []), octets(value))
}

/** 4.2.1.6: iPAddress is [7], dNSName is [2]. */
function generalName(host: string): Der {
  if (isIP(host) !== 0) return implicit(7, addressBytes(host))
  if (!/^(\*\.)?[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/i.test(host)) {
    throw new Error(`${JSON.stringify(host)} must be a DNS name or an IP address to have a certificate`)
  }
  return implicit(2, Buffer.from(host, 'ascii'))
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

/** RFC 7093, method 1: 20 bytes of the SHA-256 of the public key's bits, the last 65 of a P-256 SubjectPublicKeyInfo. */
const keyIdentifier = (key: KeyObject): Buffer => createHash('sha256').update(spki(key).subarray(-65)).digest().subarray(0, 20)

/** The 4 or 16 bytes of an IP address. */
function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split('.').map(Number))
  // A URL writes every form of an IPv6 address in hexadecimal groups, with at most one `::`.
  const [before = '', after] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::')
  const groups = (text = '') => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)))
  const [left, right] = [groups(before), groups(after)]
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

/** RFC 7468: base64 in lines of 64. */
function pem(der: Der): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
}
