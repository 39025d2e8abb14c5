import { randomBytes, createPrivateKey } from 'node:crypto'
import type { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { issuer, makeCertificates } from '../x509/authority.ts'
import { isFor, isKeyOf, isSignedBy, read } from '../x509/read.ts'

/** What a webhook serves with. `ca` is missing where somebody put a certificate there without its CA. */
export interface Serving {
  readonly key: string
  readonly cert: string
  readonly ca?: string
  /** True where they were made just now. */
  readonly made: boolean
}

/** Milliseconds. A certificate of its own making, of a year, is made anew when it has less than this left. */
const renewal = 30 * 86_400_000

/**
 * The certificate in a folder: `tls.crt`, `tls.key` and `ca.crt`, as a Secret of type kubernetes.io/tls holds them.
 *
 * One that somebody put there is used if it can be, and never written over. Where there is none, one is made for
 * these hosts; and one that was made here is made anew, with its CA, when it is about to expire, when it is not valid yet (the
 * clock was set back, and nobody would trust it), when it lacks a host, or when its files do not belong together.
 *
 * @param hosts DNS names and IP addresses, IPv6 without brackets
 * @param now milliseconds since 1970
 * @throws an error that names the file where a certificate that somebody put there cannot be used
 */
export async function certificateFolder(folder: string, hosts: readonly string[], now: number): Promise<Serving> {
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') }
  const cert = await content(files.cert)
  const key = await content(files.key)
  const ca = await content(files.ca)

  if (cert === undefined && (key !== undefined || ca !== undefined)) {
    const other = key === undefined ? 'ca.crt' : 'tls.key'
    throw new Error(`${files.cert}: is missing beside ${other}: put it there, or remove what is`)
  }
  if (cert !== undefined) {
    const leaf = certificate(cert, files.cert)
    if (leaf.issuer !== issuer) {
      if (key === undefined) throw new Error(`${files.key}: is missing beside tls.crt`)
      check(leaf, key, now, files)
      if (ca === undefined) return { key, cert, made: false }
      certificate(ca, files.ca)
      return { key, cert, ca, made: false }
    }
    // Files of one making, which serve all hosts for a while to come.
    const authority = read(ca ?? '')?.certificate
    const whole = key !== undefined && authority !== undefined && isKeyOf(leaf, key) && isSignedBy(leaf, authority)
    const lasts = leaf.validFromDate.getTime() <= now && leaf.validToDate.getTime() > now + renewal
    if (whole && isFor(leaf, hosts) && lasts) return { key, cert, ca: ca ?? '', made: false }
  }

  const made = makeCertificates(hosts, now, randomBytes)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // The certificate first: by it, files that a crash left half written are known for ours.
  await replace(files.cert, made.cert, 0o644)
  await replace(files.key, made.key, 0o600)
  await replace(files.ca, made.ca, 0o644)
  return { ...made, made: true }
}

async function content(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${file}: cannot be read: ${(error as NodeJS.ErrnoException).code}`, { cause: error })
  }
}

function certificate(text: string, file: string): X509Certificate {
  const found = read(text)
  if (!found) throw new Error(`${file}: must be a PEM certificate`)
  return found.certificate
}

/** A certificate that somebody put there: can it be served? */
function check(leaf: X509Certificate, key: string, now: number, files: { cert: string; key: string }): void {
  let privateKey
  try {
    privateKey = createPrivateKey(key)
  } catch {
    throw new Error(`${files.key}: must be a PEM private key without a passphrase`)
  }
  if (!leaf.checkPrivateKey(privateKey)) throw new Error(`${files.key}: is not the private key of tls.crt`)
  const [from, until] = [leaf.validFromDate, leaf.validToDate]
  if (until.getTime() <= now) throw new Error(`${files.cert}: expired at ${until.toISOString()}`)
  if (from.getTime() > now) throw new Error(`${files.cert}: is not valid before ${from.toISOString()}`)
}

/** Writes a file whole: whoever reads it has the former content or this. */
async function replace(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}.new`
  await writeFile(temporary, text, { mode, flush: true })
  await rename(temporary, file)
}
