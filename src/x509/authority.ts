/** A certificate authority of Paddock's own, and the serving certificates that it signs. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { certificate, distinguishedName, extension, keyIdentifier, newKeys } from './certificate.ts'
import type { Random } from './certificate.ts'
import { bits, implicit, integer, octets, oid, sequence, yes } from './der.ts'
import { generalName } from './name.ts'
import { read } from './read.ts'

export type { Random } from './certificate.ts'

/** A certificate and its private key, each in PEM. */
export interface Certified {
  readonly cert: string
  readonly key: string
}

/**
 * The name of every authority made here: by it such a certificate is told from one that somebody else put there. What tells
 * one authority from another is its key.
 */
export const issuer = 'O=Paddock\nCN=Paddock self-made CA'

/** Milliseconds. A certificate is valid from this long before it was made, for clocks that are behind. */
export const head = 60 * 60_000

const year = 365 * 86_400_000

const authorityName = distinguishedName('Paddock', 'Paddock self-made CA')

/**
 * Makes an authority.
 *
 * @param now milliseconds since 1970
 * @param lifetime milliseconds from `now` until it ends
 */
export function makeAuthority(now: number, lifetime: number, random: Random): Certified {
  const { publicKey, privateKey } = newKeys()
  const cert = certificate({
    issuer: authorityName,
    subject: authorityName,
    publicKey,
    from: now - head,
    until: now + lifetime,
    extensions: [
      // RFC 5280, 4.2.1.9: a CA, of certificates that are none. 4.2.1.3: keyCertSign (bit 5) and cRLSign (bit 6)
      extension('2.5.29.19', sequence(yes, integer(Buffer.of(0))), true),
      extension('2.5.29.15', bits(Buffer.of(0b0000_0110), 1), true),
      extension('2.5.29.14', octets(keyIdentifier(publicKey))),
    ],
  }, privateKey, random)
  return { cert, key: keyText(privateKey) }
}

/**
 * Makes a key and a serving certificate for it. It ends no later than its authority.
 *
 * @param hosts DNS names and IP addresses, IPv6 without brackets; at least one
 * @param now milliseconds since 1970
 * @param lifetime milliseconds from `now` until it ends
 * @throws where a host is neither a DNS name nor an IP address, and where the authority is not one of `makeAuthority`
 */
export function issue(authority: Certified, hosts: readonly string[], now: number, lifetime: number, random: Random): Certified {
  const signer = createPrivateKey(authority.key)
  const until = read(authority.cert)?.until
  if (until === undefined) throw new Error('the certificate of the authority must be one in PEM')
  const { publicKey, privateKey } = newKeys()
  const cert = certificate({
    issuer: authorityName,
    subject: distinguishedName('Paddock', 'Paddock webhook'),
    publicKey,
    from: now - head,
    until: Math.min(now + lifetime, until),
    extensions: [
      // 4.2.1.9: no CA. 4.2.1.3: digitalSignature (bit 0). 4.2.1.12: serverAuth
      extension('2.5.29.19', sequence(), true),
      extension('2.5.29.15', bits(Buffer.of(0b1000_0000), 7), true),
      extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
      // 4.2.1.2, 4.2.1.1: which key this is, and which signed it. 4.2.1.6: whom it speaks for
      extension('2.5.29.14', octets(keyIdentifier(publicKey))),
      extension('2.5.29.35', sequence(implicit(0, keyIdentifier(createPublicKey(signer))))),
      extension('2.5.29.17', sequence(...hosts.map(generalName))),
    ],
  }, signer, random)
  return { cert, key: keyText(privateKey) }
}

/**
 * Makes a serving certificate with an authority of its own, `ca`, whose key is thrown away: nobody can sign another with it.
 *
 * @param lifetime milliseconds from `now` until both end
 * @throws as `issue`
 */
export function makeCertificates(hosts: readonly string[], now: number, random: Random, lifetime = year): Certified & {
  readonly ca: string
} {
  const authority = makeAuthority(now, lifetime, random)
  return { ...issue(authority, hosts, now, lifetime, random), ca: authority.cert }
}

const keyText = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string
