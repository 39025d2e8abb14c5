import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { certificateFolder } from '../../src/admission/certificate-folder.ts'
import { makeCertificates } from '../../src/x509/authority.ts'

const day = 86_400_000
const now = Date.now()

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'paddock-certificates-'))
})
afterAll(() => rmSync(root, { recursive: true }))

describe('a folder of certificates', () => {
  let folder = ''
  beforeEach(() => {
    folder = join(mkdtempSync(join(root, 'folder-')), 'certificates')
  })
  const put = (files: Record<string, string>) => {
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  }
  const local = ['localhost', '127.0.0.1']
  const of = (asked: readonly string[] = local, at = now) => certificateFolder(folder, asked, at)

  test('is made where there is none, its key for its owner only, and used from then on', async () => {
    const first = await of()
    expect(first.made).toBe(true)
    const there = readdirSync(folder).toSorted()
    expect(there).toEqual(['ca.crt', 'tls.crt', 'tls.key'])
    expect(there.map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o644, 0o644, 0o600])
    expect(readFileSync(join(folder, 'tls.crt'), 'utf8')).toBe(first.cert)
    expect(await of()).toEqual({ ...first, made: false })
    expect(await of(local, now + 300 * day)).toEqual({ ...first, made: false })
  })

  test('is made anew when its own has less than 30 days left', async () => {
    const first = await of()
    const second = await of(local, now + 336 * day)
    expect(second.made).toBe(true)
    expect(second.ca).not.toBe(first.ca)
    expect(await of(local, now + 336 * day)).toEqual({ ...second, made: false })
  })

  test('is made anew when its own lacks a host', async () => {
    await of()
    const { made, cert } = await of([...local, '10.1.2.3'])
    expect([made, new X509Certificate(cert).checkIP('10.1.2.3')]).toEqual([true, '10.1.2.3'])
    expect((await of()).cert).toBe(cert)
  })

  test.each(['tls.key', 'ca.crt', 'tls.key and ca.crt'])('is made anew when a crash left its own without %s', async (gone) => {
    const first = await of()
    for (const name of gone.split(' and ')) rmSync(join(folder, name))
    const second = await of()
    expect([second.made, second.cert === first.cert]).toEqual([true, false])
  })

  test('is made anew when the files of its own are of two makings', async () => {
    await of()
    const other = makeCertificates(local, now, randomBytes)
    put({ 'tls.crt': other.cert })
    expect((await of()).made).toBe(true)
    put({ 'ca.crt': other.ca })
    expect((await of()).made).toBe(true)
  })

  describe('of somebody else', () => {
    // Only its issuer tells it from one of our own.
    const foreign = (from: number) => {
      const { key, cert, ca } = makeCertificates(['webhook.example'], from, randomBytes)
      return { key, cert: renamed(cert), ca }
    }
    const theirs = foreign(now)

    test('is used, whatever its hosts, with its CA or without', async () => {
      put({ 'tls.crt': theirs.cert, 'tls.key': theirs.key })
      expect(await of()).toEqual({ key: theirs.key, cert: theirs.cert, made: false })
      put({ 'ca.crt': theirs.ca })
      expect(await of()).toEqual({ ...theirs, made: false })
    })

    const expired = foreign(now - 400 * day)
    const future = foreign(now + 400 * day)
    const otherKey = foreign(now).key
    test.each([
      ['no certificate', { 'tls.key': theirs.key }, 'tls.crt: is missing beside tls.key: put it there, or remove what is'],
      ['a CA only', { 'ca.crt': theirs.ca }, 'tls.crt: is missing beside ca.crt: put it there, or remove what is'],
      ['no key', { 'tls.crt': theirs.cert }, 'tls.key: is missing beside tls.crt'],
      ['a certificate that is none', { 'tls.crt': 'hello', 'tls.key': theirs.key }, 'tls.crt: must be a PEM certificate'],
      [
        'a key that is none',
        { 'tls.crt': theirs.cert, 'tls.key': theirs.cert },
        'tls.key: must be a PEM private key without a passphrase',
      ],
      ['another key', { 'tls.crt': theirs.cert, 'tls.key': otherKey }, 'tls.key: is not the private key of tls.crt'],
      [
        'a CA that is none',
        { 'tls.crt': theirs.cert, 'tls.key': theirs.key, 'ca.crt': '' },
        'ca.crt: must be a PEM certificate',
      ],
      [
        'one that has expired',
        { 'tls.crt': expired.cert, 'tls.key': expired.key },
        `tls.crt: expired at ${edge(expired.cert, 'validToDate')}`,
      ],
      [
        'one that is not valid yet',
        { 'tls.crt': future.cert, 'tls.key': future.key },
        `tls.crt: is not valid before ${edge(future.cert, 'validFromDate')}`,
      ],
    ] as const)('is an error that names the file, and nothing is written: %s', async (_case, files, message) => {
      put(files)
      await expect(of()).rejects.toThrow(new Error(join(folder, message)))
      expect(readdirSync(folder).toSorted()).toEqual(Object.keys(files).toSorted())
    })

    test('cannot be read', async () => {
      mkdirSync(join(folder, 'tls.crt'), { recursive: true })
      await expect(of()).rejects.toThrow(`${join(folder, 'tls.crt')}: cannot be read: EISDIR`)
    })
  })
})

function edge(cert: string, side: 'validFromDate' | 'validToDate'): string {
  return new X509Certificate(cert)[side].toISOString()
}

/** The same certificate under the name of another issuer, as long as that of ours. */
function renamed(cert: string): string {
  const der = Buffer.from(new X509Certificate(cert).raw)
  der.write("Another company's CA", der.indexOf('Paddock self-made CA'))
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`
}
