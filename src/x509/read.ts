/** What is read of certificates that stand somewhere: nothing of them is taken on trust. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate with its validity in milliseconds since 1970. */
export interface Read {
  readonly certificate: X509Certificate
  readonly from: number
  readonly until: number
}

/** The first certificate of a PEM text; undefined where there is none that can be read. */
export function read(text: string): Read | undefined {
  try {
    const certificate = new X509Certificate(text)
    return { certificate, from: certificate.validFromDate.getTime(), until: certificate.validToDate.getTime() }
  } catch {
    return undefined
  }
}

/** The certificates of a PEM text, one after the other, each once; what cannot be read is left out. */
export function readAll(text: string): Read[] {
  const found = (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((one) => read(one) ?? [])
  return [...new Map(found.map((one) => [one.certificate.fingerprint256, one])).values()]
}

/** A certificate as PEM, always in the same form. */
export const pemOf = (certificate: X509Certificate): string => certificate.toString()

/** True where the PEM text is the private key of the certificate. */
export function isKeyOf(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

/** True where the certificate bears the authority's signature. */
export const isSignedBy = (certificate: X509Certificate, authority: X509Certificate): boolean =>
  certificate.checkIssued(authority) && certificate.verify(authority.publicKey)

/** True where the certificate speaks for all of these DNS names and IP addresses. */
export const isFor = (certificate: X509Certificate, hosts: readonly string[]): boolean =>
  hosts.every((host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined)
