import { spawnSync } from 'node:child_process'
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { certificateFolder } from '../../src/admission/certificate-folder.ts'
import { makeCertificates } from '../../src/admission/certificates.ts'
import { integer, oid, tagged, time } from '../../src/admission/der.ts'

const names = ['localhost', 'paddock.paddock-system.svc', '*.example.com']
const hosts = [...names, '127.0.0.1', '::1', '2001:db8::7:0:1', '::ffff:192.0.2.1']
const day = 86_400_000
const now = Date.now()

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'paddock-certificates-'))
})
afterAll(() => rmSync(root, { recursive: true }))

describe('a certificate of its own making', () => {
  const { key, cert, ca } = makeCertificates(hosts, now, randomBytes)
  const other = makeCertificates(hosts, now, randomBytes)
  const leaf = new X509Certificate(cert)
  const authority = new X509Certificate(ca)

  test('is signed by its CA, fits its key, and is valid from five minutes ago for a year', () => {
    expect(leaf.verify(authority.publicKey)).toBe(true)
    expect(leaf.checkIssued(authority)).toBe(true)
    expect(authority.verify(authority.publicKey)).toBe(true)
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect([authority.ca, leaf.ca]).toEqual([true, false])
    expect([leaf.subject, leaf.issuer]).toEqual(['O=Paddock\nCN=Paddock webhook', 'O=Paddock\nCN=Paddock self-made CA'])
    const second = Math.floor(now / 1000) * 1000
    for (const one of [leaf, authority]) {
      expect([one.validFromDate.getTime(), one.validToDate.getTime()]).toEqual([second - 300_000, second + 365 * day])
      expect(one.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
    }
    expect(leaf.serialNumber).not.toBe(authority.serialNumber)
  })

  test('speaks for its hosts and for no others', () => {
    const asked = ['localhost', 'paddock.paddock-system.svc', 'a.example.com', 'example.com', 'paddock.svc', '127.0.0.1']
    expect(asked.map((name) => leaf.checkHost(name) !== undefined)).toEqual([true, true, true, false, false, false])
    const addresses = ['127.0.0.1', '::1', '2001:db8::7:0:1', '::ffff:192.0.2.1', '127.0.0.2', '::2']
    expect(addresses.map((address) => leaf.checkIP(address) !== undefined)).toEqual([true, true, true, true, false, false])
  })

  test('holds through the end of its years in the form of dates from 2050 on', () => {
    const late = makeCertificates(['localhost'], Date.UTC(2049, 11, 31, 12), randomBytes)
    const { validFromDate, validToDate } = new X509Certificate(late.cert)
    expect(validFromDate.toISOString()).toBe('2049-12-31T11:55:00.000Z')
    expect(validToDate.toISOString()).toBe('2050-12-31T12:00:00.000Z')
  })

  test('has any random serial number, shortest form and positive', () => {
    for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
      const made = makeCertificates(['localhost'], now, (size) => Buffer.alloc(size, byte))
      expect(new X509Certificate(made.cert).serialNumber).toMatch(/^[4-7]/)
    }
  })

  test.each(['', 'bad host', 'a..b', '-a', '[::1]', 'ünï.example'])('is not made for %j', (host) => {
    expect(() => makeCertificates([host], now, randomBytes)).toThrow(
      new Error(`${JSON.stringify(host)} must be a DNS name or an IP address to have a certificate`),
    )
  })

  test.each([
    ['by name', 'localhost', {}, null],
    ['by address', '127.0.0.1', {}, null],
    ['not by another name', 'localhost', { servername: 'elsewhere.example' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['not under another CA', 'localhost', { ca: other.ca }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('shakes hands %s', async (_how, host, options, failure) => {
    const server = createServer({ key, cert }, (socket) => socket.end('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect({ host, port: (server.address() as AddressInfo).port, ca, ...options })
    const code = await once(socket, 'secureConnect').then(() => null, (error: NodeJS.ErrnoException) => error.code)
    expect(code).toBe(failure)
    socket.destroy()
    server.close()
  })

  // The one program here that a machine may lack; what Node itself can tell is tested above.
  const openssl = 'openssl'
  const there = spawnSync(openssl, ['version']).status === 0
  ;(there ? test : test.skip)('passes openssl verify -x509_strict', () => {
    const folder = mkdtempSync(join(root, 'openssl-'))
    writeFileSync(join(folder, 'ca.crt'), ca)
    writeFileSync(join(folder, 'tls.crt'), cert)
    const verify = (...more: string[]) => {
      const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.crt', ...more, 'tls.crt']
      return spawnSync(openssl, args, { cwd: folder, encoding: 'utf8' }).stdout
    }
    for (const host of hosts) {
      const name = host.replace('*', 'a')
      expect(verify(/^[\d:.a-f]+$/.test(name) ? '-verify_ip' : '-verify_hostname', name)).toBe('tls.crt: OK\n')
    }
    expect(verify('-verify_hostname', 'elsewhere.example')).toBe('')
  })
})

test('DER: the examples of X.690, and lengths and numbers on either side of a byte', () => {
  const hex = (der: Buffer) => der.toString('hex')
  expect(hex(oid('2.999.3'))).toBe('0603883703')
  expect(hex(oid('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302')
  const numbers = { '00': '020100', '0000': '020100', '7f': '02017f', '80': '02020080', '0080': '02020080', ff01: '020300ff01' }
  for (const [bytes, der] of Object.entries(numbers)) expect(hex(integer(Buffer.from(bytes, 'hex')))).toBe(der)
  const sizes = { 0: '0400', 127: '047f', 128: '048180', 255: '0481ff', 256: '04820100', 65_536: '0483010000' }
  for (const [size, head] of Object.entries(sizes)) {
    expect(hex(tagged(4, Buffer.alloc(Number(size))))).toBe(head + '00'.repeat(Number(size)))
  }
  expect(time(new Date('2049-12-31T23:59:59.900Z')).toString('latin1')).toBe('\x17\x0d491231235959Z')
  expect(time(new Date('2050-01-01T00:00:00Z')).toString('latin1')).toBe('\x18\x0f20500101000000Z')
})

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
