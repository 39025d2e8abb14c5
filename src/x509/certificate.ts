/** Writes certificates: RFC 5280, P-256, ECDSA with SHA-256. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { bits, explicit, integer, octets, oid, sequence, set, time, utf8, yes } from './der.ts'
import type { Der } from './der.ts'

/** Gives so many random bytes. */
export type Random = (size: number) => Buffer

/** What is certified, by whom, and from when until when, in milliseconds since 1970. */
export interface Content {
  readonly issuer: Der
  readonly subject: Der
  readonly publicKey: KeyObject
  readonly from: number
  readonly until: number
  readonly extensions: readonly Der[]
}

// RFC 5480, section 2.1.1 and appendix A; RFC 5758, section 3.2
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

export const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** RFC 5280, section 4.1: what is to be signed, with what, and the signature. In PEM. */
export function certificate({ issuer, subject, publicKey, from, until, extensions }: Content, signer: KeyObject, random: Random): string {
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.of(2))), // version 3
    integer(serial(random)),
    ecdsaWithSha256,
    issuer,
    sequence(time(new Date(from)), time(new Date(until))),
    subject,
    spki(publicKey),
    explicit(3, sequence(...extensions)),
  )
  return pem(sequence(toBeSigned, ecdsaWithSha256, bits(sign('sha256', toBeSigned, signer))))
}

/** 4.1.2.2: positive, at most 20 bytes. 16 bytes, the first bit 0 and the second 1: 126 random bits, never zero. */
function serial(random: Random): Buffer {
  const bytes = Buffer.from(random(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes
}

/** O=`organization`, CN=`commonName`. */
export function distinguishedName(organization: string, commonName: string): Der {
  const attribute = (type: string, value: string) => set(sequence(oid(type), utf8(value)))
  return sequence(attribute('2.5.4.10', organization), attribute('2.5.4.3', commonName))
}

/** 4.2: identifier, critical unless left out, and the value inside octets. */
export function extension(type: string, value: Der, critical = false): Der {
  return sequence(oid(type), ...(critical ? [yes] : []), octets(value))
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

/** RFC 7093, method 1: 20 bytes of the SHA-256 of the public key's bits, the last 65 of a P-256 SubjectPublicKeyInfo. */
export const keyIdentifier = (key: KeyObject): Buffer => createHash('sha256').update(spki(key).subarray(-65)).digest().subarray(0, 20)

/** RFC 7468: base64 in lines of 64. */
function pem(der: Der): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
}
