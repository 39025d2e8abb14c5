/** Whom a certificate speaks for: DNS names and IP addresses as a subject alternative name holds them. */
import { isIP } from 'node:net'
import { implicit } from './der.ts'
import type { Der } from './der.ts'

/**
 * RFC 5280, section 4.2.1.6: iPAddress is [7], dNSName is [2].
 *
 * @param host a DNS name, or an IP address (IPv6 without brackets)
 * @throws where it is neither
 */
export function generalName(host: string): Der {
  if (isIP(host) !== 0) return implicit(7, addressBytes(host))
  if (!/^(\*\.)?[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/i.test(host)) {
    throw new Error(`${JSON.stringify(host)} must be a DNS name or an IP address to have a certificate`)
  }
  return implicit(2, Buffer.from(host, 'ascii'))
}

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
