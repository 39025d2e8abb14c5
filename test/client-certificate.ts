/** Certificates that a client presents. */
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { makeAuthority, type Certified } from '../src/x509/authority.ts'
import { certificate, distinguishedName, extension, keyIdentifier, newKeys } from '../src/x509/certificate.ts'
import { bits, implicit, oid, sequence } from '../src/x509/der.ts'

const hour = 3_600_000

/** An authority whose clients may call. */
export const clientAuthority = (): Certified => makeAuthority(Date.now(), 24 * hour, randomBytes)

/** A client's certificate, signed by one of `clientAuthority`. */
export function clientCertificate(authority: Certified, until = Date.now() + hour): Certified {
  const { publicKey, privateKey } = newKeys()
  const signer = createPrivateKey(authority.key)
  const content = {
    issuer: distinguishedName('Paddock', 'Paddock self-made CA'),
    subject: distinguishedName('system:masters', 'kube-apiserver'),
    publicKey,
    from: Date.now() - 2 * hour,
    until,
    extensions: [
      // RFC 5280, 4.2.1.9: no CA. 4.2.1.3: digitalSignature. 4.2.1.12: clientAuth. 4.2.1.1: which key signed it
      extension('2.5.29.19', sequence(), true),
      extension('2.5.29.15', bits(Buffer.of(0b1000_0000), 7), true),
      extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.2'))),
      extension('2.5.29.35', sequence(implicit(0, keyIdentifier(createPublicKey(signer))))),
    ],
  }
  return { cert: certificate(content, signer, randomBytes), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}
