import { spawnSync } from 'node:child_process'
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { issue, makeAuthority, makeCertificates } from '../../src/x509/authority.ts'
import { isFor, isKeyOf, isSignedBy, read, readAll } from '../../src/x509/read.ts'

const names = ['localhost', 'paddock.paddock-system.svc', '*.example.com']
const hosts = [...names, '127.0.0.1', '::1', '2001:db8::7:0:1', '::ffff:192.0.2.1']
const day = 86_400_000
const now = Date.now()

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'paddock-authority-'))
})
afterAll(() => rmSync(root, { recursive: true }))

describe('a certificate of its own making', () => {
  const { key, cert, ca } = makeCertificates(hosts, now, randomBytes)
  const other = makeCertificates(hosts, now, randomBytes)
  const leaf = new X509Certificate(cert)
  const authority = new X509Certificate(ca)

  test('is signed by its CA, fits its key, and is valid from an hour ago for a year', () => {
    expect(leaf.verify(authority.publicKey)).toBe(true)
    expect(leaf.checkIssued(authority)).toBe(true)
    expect(authority.verify(authority.publicKey)).toBe(true)
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect([authority.ca, leaf.ca]).toEqual([true, false])
    expect([leaf.subject, leaf.issuer]).toEqual(['O=Paddock\nCN=Paddock webhook', 'O=Paddock\nCN=Paddock self-made CA'])
    const second = Math.floor(now / 1000) * 1000
    for (const one of [leaf, authority]) {
      expect([one.validFromDate.getTime(), one.validToDate.getTime()]).toEqual([second - 3_600_000, second + 365 * day])
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
    expect(validFromDate.toISOString()).toBe('2049-12-31T11:00:00.000Z')
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

describe('an authority', () => {
  const first = makeAuthority(now, day, randomBytes)
  const second = makeAuthority(now, day, randomBytes)
  const leaf = issue(first, ['localhost'], now, day / 2, randomBytes)
  const certificateOf = (pem: string) => {
    const found = read(pem)
    if (!found) throw new Error('there is no certificate')
    return found.certificate
  }

  test('signs certificates that end when they are asked to, and no later than itself', () => {
    const second = Math.floor(now / 1000) * 1000
    expect(read(leaf.cert)?.until).toBe(second + day / 2)
    expect(read(issue(first, ['localhost'], now, 2 * day, randomBytes).cert)?.until).toBe(second + day)
  })

  test('is told from another of the same name by its key', () => {
    const [one, other] = [certificateOf(first.cert), certificateOf(second.cert)]
    expect(one.subject).toBe(other.subject)
    expect([isSignedBy(certificateOf(leaf.cert), one), isSignedBy(certificateOf(leaf.cert), other)]).toEqual([true, false])
    expect([isKeyOf(one, first.key), isKeyOf(one, second.key), isKeyOf(one, 'no key')]).toEqual([true, false, false])
    expect([isFor(certificateOf(leaf.cert), ['localhost']), isFor(certificateOf(leaf.cert), ['localhost', '::1'])]).toEqual([true, false])
  })

  test.each([['first', 'last'], ['last', 'first']])('stands in a bundle with another, %s or %s', async (place) => {
    const bundle = place === 'first' ? first.cert + second.cert : second.cert + first.cert
    const server = createServer(leaf, (socket) => socket.end('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect({ host: 'localhost', port: (server.address() as AddressInfo).port, ca: bundle })
    await once(socket, 'secureConnect')
    socket.destroy()
    server.close()
    const folder = mkdtempSync(join(root, 'bundle-'))
    writeFileSync(join(folder, 'ca.crt'), bundle)
    writeFileSync(join(folder, 'tls.crt'), leaf.cert)
    const verified = spawnSync('openssl', ['verify', '-x509_strict', '-CAfile', 'ca.crt', 'tls.crt'], { cwd: folder, encoding: 'utf8' })
    if (!verified.error) expect(verified.stdout).toBe('tls.crt: OK\n')
  })

  test('is read out of a bundle, once each, whatever else stands there', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
    const found = readAll(`# ours\n${first.cert}\n${broken}${second.cert.replaceAll('\n', '\r\n')}${first.cert}hello`)
    expect(found.map(({ certificate }) => certificate.fingerprint256)).toEqual(
      [first, second].map(({ cert }) => certificateOf(cert).fingerprint256),
    )
    expect([read('hello'), read(''), readAll('hello')]).toEqual([undefined, undefined, []])
  })
})
