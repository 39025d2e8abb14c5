/** What a server holds at most, and whom it answers: over real sockets. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { connect as connectPlain, createServer as createPlainServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Connections, type Connection } from '../../src/admission/connections.ts'
import { jsonLog } from '../../src/log.ts'
import type { Respond } from '../../src/admission/responder.ts'
import { serve } from '../../src/admission/serve.ts'
import { createServer, type Server, type ServerOptions } from '../../src/admission/server.ts'
import { makeCertificates } from '../../src/x509/authority.ts'
import { clientAuthority, clientCertificate } from '../client-certificate.ts'

jest.setTimeout(120_000)

const tls = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
const mebibyte = 1024 * 1024

const running = new Set<{ stop(options?: object): Promise<void> }>()
afterEach(async () => {
  await Promise.all([...running].map((server) => server.stop({ lameDuck: 0 })))
  running.clear()
})

const silent = jsonLog('silent', () => {}, Date.now)
const allow: Respond = (_operation, { request: { uid } }) => ({
  response: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } },
  outcome: 'allowed',
  findings: [],
})

async function start(options: Partial<ServerOptions> = {}): Promise<{ server: Server; port: number }> {
  const server = createServer({ respond: allow, tls, log: silent, lameDuck: 0, grace: 300, ...options })
  running.add(server)
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  return { server, port }
}

const review = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', object: {} } })

function ask(port: number, path: string, body?: string,
  options: object = {}): Promise<{ status: number | undefined; retryAfter: string | undefined; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof ask>>>()
  const asked = request({ host: 'localhost', port, path, method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' }, ca: tls.ca, agent: false, ...options }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => (text += part))
    response.on('end', () => resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'], text }))
  })
  asked.on('error', reject).end(body)
  return promise
}

async function open(port: number): Promise<TLSSocket> {
  const socket = connect({ host: 'localhost', port, ca: tls.ca, servername: 'localhost' })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

const head = (length: number | 'chunked') =>
  `POST /validate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${
    length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`
  }\r\n\r\n`

const held = async (port: number): Promise<number> =>
  Number(/^paddock_bodies_held_bytes (\d+)$/m.exec((await ask(port, '/metrics')).text)?.[1])

async function until(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('bodies that are held', () => {
  test('are 40 MiB of large ones, as they are announced; more are told to come again, and small ones are answered', async () => {
    const { port } = await start()
    const sockets = await Promise.all(Array.from({ length: 7 }, () => open(port)))
    for (const socket of sockets.slice(0, 5)) socket.write(head(7 * mebibyte))
    await until(async () => (await held(port)) === 35 * mebibyte)
    const large = review.padEnd(7 * mebibyte)
    expect(await ask(port, '/validate', large)).toMatchObject({ status: 429, retryAfter: '1',
      text: expect.stringContaining('"reason":"TooManyRequests"') })
    expect(await ask(port, '/validate', review.padEnd(5 * mebibyte))).toMatchObject({ status: 200 })
    expect(await ask(port, '/validate', review)).toMatchObject({ status: 200 })
    sockets[0]?.destroy()
    await until(async () => (await held(port)) === 28 * mebibyte)
    expect(await ask(port, '/validate', large)).toMatchObject({ status: 200 })
    expect(await held(port)).toBe(28 * mebibyte)
    for (const socket of sockets) socket.destroy()
    await until(async () => (await held(port)) === 0)
  })

  test('are counted as they come where they come in chunks', async () => {
    const { port } = await start()
    const sockets = await Promise.all(Array.from({ length: 5 }, () => open(port)))
    const chunk = `${(7 * mebibyte).toString(16)}\r\n${' '.repeat(7 * mebibyte)}`
    for (const socket of sockets) socket.write(head('chunked') + chunk)
    await until(async () => (await held(port)) === 35 * mebibyte)
    expect(
      await ask(port, '/validate', review.padEnd(7 * mebibyte), {
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      }),
    ).toMatchObject({ status: 429 })
    expect(await ask(port, '/validate', review, { headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } }))
      .toMatchObject({ status: 200 })
    for (const socket of sockets) socket.destroy()
    await until(async () => (await held(port)) === 0)
  })

  test('of small ones are 16 MiB', async () => {
    const { port } = await start()
    const sockets = await Promise.all(Array.from({ length: 256 }, () => open(port)))
    for (const socket of sockets) socket.write(head(64 * 1024))
    await until(async () => (await held(port)) === 16 * mebibyte)
    expect(await ask(port, '/validate', review)).toMatchObject({ status: 429 })
    expect(await ask(port, '/livez')).toMatchObject({ status: 200 })
    expect(await ask(port, '/validate', review.padEnd(mebibyte))).toMatchObject({ status: 200 })
    for (const socket of sockets) socket.destroy()
    await until(async () => (await ask(port, '/validate', review)).status === 200)
  })
})

test('a body without end is cut off', async () => {
  const { port } = await start()
  const socket = await open(port)
  let text = ''
  socket.on('data', (part: Buffer) => (text += part.toString()))
  // What is on its way when the server closes fails to be written.
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.write(head('chunked'))
  let sent = 0
  const chunk = `100000\r\n${' '.repeat(mebibyte)}\r\n`
  while (!socket.destroyed && sent < 200) {
    sent++
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), closed])
  }
  await closed
  expect(sent).toBeLessThan(40)
  expect(text === '' || text.startsWith('HTTP/1.1 413')).toBe(true)
  expect(await ask(port, '/livez')).toMatchObject({ status: 200 })
})

test('who is turned away before all has come has a moment to send the rest', async () => {
  const { port } = await start()
  const socket = await open(port)
  socket.write(head(1000).replace('application/json', 'text/plain') + ' ')
  const [first] = (await once(socket, 'data')) as [Buffer]
  expect(first.toString()).toMatch(/^HTTP\/1\.1 415/)
  await once(socket, 'close')
})

describe('connections', () => {
  async function pairs(most: number) {
    const connections = new Connections(most)
    const taken: Socket[] = []
    const server = createPlainServer((socket) => {
      taken.push(socket.on('error', () => {}))
      connections.add(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const dial = async () => {
      const count = taken.length
      const socket = connectPlain(port, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      while (taken.length === count) await new Promise(setImmediate)
      return socket
    }
    return { connections, taken, dial, close: () => server.close() }
  }

  test('are at most so many: the one that was of use longest ago goes for a new one, never one that is being answered', async () => {
    const { connections, taken, dial, close } = await pairs(3)
    const [first, second, third] = [await dial(), await dial(), await dial()]
    connections.begin(taken[0] as Socket)
    connections.end(connections.begin(taken[1] as Socket) as Connection)
    await dial()
    expect(taken.map((socket) => socket.destroyed)).toEqual([false, false, true, false])
    await dial()
    expect(taken.map((socket) => socket.destroyed)).toEqual([false, true, true, false, false])
    for (const socket of taken.slice(3)) connections.begin(socket)
    await dial()
    expect(taken.map((socket) => socket.destroyed)).toEqual([false, true, true, false, false, true])
    expect(connections.closed).toBe(3)
    connections.closeAll()
    expect(taken.every((socket) => socket.destroyed)).toBe(true)
    for (const socket of [first, second, third]) socket.destroy()
    close()
  })
})

describe('a client authority', () => {
  const authority = clientAuthority()
  const other = clientAuthority()
  const known = clientCertificate(authority)
  const refused = { status: 401,
    text: expect.stringContaining('a client certificate must be presented that is signed by an authority of --client-ca') }

  test('has reviews taken from its clients only, and probes and metrics answered', async () => {
    const { port } = await start({ clientCa: authority.cert })
    for (const path of ['/mutate', '/validate']) {
      expect(await ask(port, path, review, known)).toMatchObject({ status: 200 })
      expect(await ask(port, path, review)).toMatchObject(refused)
      expect(await ask(port, path, review, clientCertificate(other))).toMatchObject(refused)
      expect(await ask(port, path, review, clientCertificate(authority, Date.now() - 60_000))).toMatchObject(refused)
      // A serving certificate is none of a client's.
      expect(await ask(port, path, review, { cert: tls.cert, key: tls.key })).toMatchObject(refused)
    }
    for (const path of ['/livez', '/readyz', '/metrics']) expect(await ask(port, path)).toMatchObject({ status: 200 })
  })

  test('is exchanged with the certificate', async () => {
    const { server, port } = await start({ clientCa: authority.cert })
    server.reload(tls, `${authority.cert}${other.cert}`)
    expect(await ask(port, '/validate', review, clientCertificate(other))).toMatchObject({ status: 200 })
    server.reload(tls)
    expect(await ask(port, '/validate', review, known)).toMatchObject({ status: 200 })
    server.reload(tls, other.cert)
    expect(await ask(port, '/validate', review, known)).toMatchObject(refused)
  })

  test('without one, what a client presents is not looked at', async () => {
    const { port } = await start()
    expect(await ask(port, '/validate', review, known)).toMatchObject({ status: 200 })
  })

  test('holds for a session that is resumed', async () => {
    const { port } = await start({ clientCa: authority.cert })
    const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 })
    for (const _ of [1, 2, 3]) {
      expect(await ask(port, '/validate', review, { agent, ...known })).toMatchObject({ status: 200 })
      expect(await ask(port, '/validate', review, { agent })).toMatchObject(refused)
    }
  })
})

test('a key of another kind than the certificate is refused, and the former pair is served', async () => {
  const { server, port } = await start()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' } })
  expect(() => server.reload({ cert: tls.cert, key: rsa.privateKey })).toThrow('the key must be the private key of the certificate')
  expect(() => server.reload({ cert: 'none', key: tls.key })).toThrow('the key must be the private key of the certificate')
  expect(await ask(port, '/validate', review)).toMatchObject({ status: 200 })
})

describe('a folder of certificates that is served', () => {
  const folders: string[] = []
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

  async function serving(clock: { now: number }) {
    const folder = mkdtempSync(join(tmpdir(), 'paddock-served-'))
    folders.push(folder)
    writeFileSync(join(folder, 'clients.crt'), clientAuthority().cert)
    const messages: string[] = []
    const log = jsonLog('info', (line) => void messages.push((JSON.parse(line) as { msg: string }).msg), Date.now)
    const served = await serve({
      host: '127.0.0.1',
      port: 0,
      policyFor: () => undefined,
      state: () => clock,
      memo: 0,
      certDir: folder,
      clientCa: join(folder, 'clients.crt'),
      reading: new URL('../../cmd/reading.ts', import.meta.url),
      exemptNamespaces: [],
      log,
      lameDuck: 0,
      now: () => clock.now,
      lookEvery: 20,
    })
    running.add({ stop: () => served.stop(0) })
    const port = Number(new URL(served.url).port)
    const fingerprint = async () => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      return createHash('sha256').update(raw).digest('hex')
    }
    return { folder, messages, port, fingerprint }
  }

  test('is served anew when its files are others, or its clients', async () => {
    const { folder, messages, fingerprint, port } = await serving({ now: Date.now() })
    const first = await fingerprint()
    const made = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
    for (const [name, text] of [['ca.crt', made.ca], ['tls.key', made.key], ['tls.crt', made.cert]] as const)
      writeFileSync(join(folder, name), text)
    await until(async () => (await fingerprint()) !== first)
    const authority = clientAuthority()
    writeFileSync(join(folder, 'clients.crt'), authority.cert)
    await until(async () =>
      (await ask(port, '/validate', review, { ...clientCertificate(authority), rejectUnauthorized: false })).status === 200
    )
    writeFileSync(join(folder, 'clients.crt'), 'none')
    await until(() => Promise.resolve(messages.includes('certificate not taken')))
    expect(await ask(port, '/validate', review, { ...clientCertificate(authority), rejectUnauthorized: false })).toMatchObject({
      status: 200,
    })
  })

  test('is made anew, which is told, where the clock was set back', async () => {
    const clock = { now: Date.now() }
    const { messages, fingerprint } = await serving(clock)
    const first = await fingerprint()
    clock.now -= 86_400_000
    await until(async () => (await fingerprint()) !== first)
    await until(() => Promise.resolve(messages.includes('certificate made anew: clients must trust its CA')))
  })
})
