/** Requests to a real HTTP server that misbehaves. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { ApiError, NoAnswer } from '../../src/cluster/api-error.ts'
import { transport, type Transport } from '../../src/cluster/transport.ts'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

interface Seen {
  readonly method: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Milliseconds after the first. */
  readonly at: number
}

/** A server that answers each request with the next of these, and what it has seen. */
async function answering(
  answers: readonly ((response: ServerResponse) => void)[],
  host = '127.0.0.1',
  limits: { patience?: number; timeout?: number } = {},
): Promise<{ client: Transport; seen: Seen[]; server: Server }> {
  const seen: Seen[] = []
  let first: number | undefined
  const server = createServer((request, response) => {
    let body = ''
    const at = performance.now()
    first ??= at
    const start = first
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      seen.push({ method: request.method, headers: request.headers, body, at: at - start })
      const answer = answers[Math.min(seen.length, answers.length) - 1]
      answer?.(response)
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  const credentials = {
    server: `http://${name}:${port}`,
    namespace: 'default',
    options: async () => ({ headers: { authorization: 'Bearer abc' } }),
  }
  const client = transport(credentials, {
    userAgent: 'paddock-test/1',
    patience: 5000,
    timeout: 2000,
    random: () => 0,
    ...limits,
  })
  ends.push(() => {
    client.close()
    server.closeAllConnections()
    server.close()
  })
  return { client, seen, server }
}

const fine = (response: ServerResponse) => void response.end('{"fine":true}')
const cut = (response: ServerResponse) => void response.destroy()
const failing = (code: number, headers: Record<string, string> = {}, body = '') => (response: ServerResponse) =>
  void response.writeHead(code, headers).end(body)
const status = (code: number, reason: string, message: string) =>
  failing(
    code,
    { 'content-type': 'application/json' },
    JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message }),
  )
const get = { method: 'GET', path: '/api/v1/pods?limit=5', asked: 'list pods' } as const
const post = { method: 'POST', path: '/api/v1/pods', asked: 'create pods "a"', body: { kind: 'Pod' } } as const

test.each(['127.0.0.1', '::1'])('asks at %s, and says who it is', async (host) => {
  const { client, seen } = await answering([fine], host)
  expect(await client.json(get)).toEqual({ fine: true })
  expect(await client.json({ ...post, method: 'PATCH', contentType: 'application/apply-patch+yaml' })).toEqual({ fine: true })
  expect(seen.map(({ method, body }) => [method, body])).toEqual([
    ['GET', ''],
    ['PATCH', '{"kind":"Pod"}'],
  ])
  expect(seen[1]?.headers).toMatchObject({
    authorization: 'Bearer abc',
    'user-agent': 'paddock-test/1',
    accept: 'application/json',
    'content-type': 'application/apply-patch+yaml',
  })
  expect(client.requests).toBe(2)
})

test.each([
  ['a lost connection', cut],
  ['429', failing(429)],
  ['500', failing(500)],
  ['503', failing(503, {}, 'no backend')],
  [
    'half an answer',
    (response: ServerResponse) => (
      response.writeHead(200, { 'content-length': '100' }).write('{"fi'), setTimeout(() => response.destroy(), 20)
    ),
  ],
])('asks again after %s', async (_, fault) => {
  const { client, seen } = await answering([fault, fault, fine])
  expect(await client.json(get)).toEqual({ fine: true })
  expect(seen).toHaveLength(3)
  expect(client.requests).toBe(3)
})

test('waits as long as it is asked to', async () => {
  const { client, seen } = await answering([failing(429, { 'retry-after': '1' }), fine])
  await client.json(post)
  expect(seen.map(({ at }) => at >= 990)).toEqual([false, true])
})

test('what may have been heard is not said twice', async () => {
  const { client, seen } = await answering([cut])
  await expect(client.json(post)).rejects.toThrow(/^create pods "a": http:\/\/127\.0\.0\.1:\d+: socket hang up$/)
  await expect(client.json(post)).rejects.toMatchObject({ name: 'NoAnswer', code: 'ECONNRESET' })
  expect(seen).toHaveLength(2)
  const failed = await answering([failing(500)])
  await expect(failed.client.json(post)).rejects.toMatchObject({ code: 500 })
  expect(failed.seen).toHaveLength(1)
})

test('gives up when its patience ends', async () => {
  const { client, seen } = await answering([failing(503, {}, '<html>no\n  backend</html>')], '127.0.0.1', { patience: 600 })
  await expect(client.json(get)).rejects.toThrow(new ApiError('list pods: <html>no backend</html>', 503, ''))
  // The pauses are 125, 250 and 500 ms: for a third there is no time, and where the machine is busy none for a second.
  expect([2, 3]).toContain(seen.length)
})

test('a server that does not answer has its time', async () => {
  const { client } = await answering([() => {}], '127.0.0.1', { patience: 0, timeout: 100 })
  await expect(client.json(get)).rejects.toThrow(/^list pods: http:.* did not answer in time$/)
})

test('a server that is not there', async () => {
  const { client, server } = await answering([fine], '127.0.0.1', { patience: 300 })
  const closed = once(server, 'close')
  server.close()
  await closed
  await expect(client.json(post)).rejects.toThrow(NoAnswer)
  await expect(client.json(get)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test.each([
  [
    status(403, 'Forbidden', 'pods is forbidden: User "u" cannot list resource "pods" in API group "" at the cluster scope'),
    403,
    'Forbidden',
  ],
  [status(409, 'Conflict', 'the object has been modified'), 409, 'Conflict'],
  [status(409, 'AlreadyExists', 'pods "a" already exists'), 409, 'AlreadyExists'],
  [status(410, 'Expired', 'too old'), 410, 'Expired'],
  [failing(404, {}, '404 page not found\n'), 404, ''],
])('a refusal is told as it is, once', async (answer, code, reason) => {
  const { client, seen } = await answering([answer])
  const error = await client.json(get).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ code, reason })
  expect((error as Error).message).toMatch(/^list pods: \S/)
  expect(seen).toHaveLength(1)
})

async function taken(lines: AsyncIterable<string>, into: string[] = []): Promise<string[]> {
  for await (const line of lines) into.push(line)
  return into
}

test('lines come whole, however they are cut', async () => {
  const text = Buffer.from('{"a":"ä"}\n{"b":2}\n{"c":3}')
  const { client } = await answering([
    async (response) => {
      for (const byte of text) {
        response.write(Buffer.of(byte))
        if (byte > 127) await new Promise((resolve) => setTimeout(resolve, 20))
      }
      response.end()
    },
  ])
  expect(await taken(client.lines(get, 1000, new AbortController().signal))).toEqual(['', '{"a":"ä"}', '{"b":2}', '{"c":3}'])
})

test('of a stream that is lost the whole lines are told, and then that it is lost', async () => {
  const { client } = await answering([(response) => (response.write('{"a":1}\n{"b'), setTimeout(() => response.destroy(), 50))])
  const lines: string[] = []
  await expect(taken(client.lines(get, 1000, new AbortController().signal), lines)).rejects.toThrow(NoAnswer)
  expect(lines).toEqual(['', '{"a":1}'])
})

test('a stream that is silent is lost; one that speaks is not', async () => {
  const { client } = await answering([
    (response) => {
      let sent = 0
      const timer = setInterval(() => (sent++ < 7 ? response.write('\n') : clearInterval(timer)), 200)
    },
  ])
  const lines: string[] = []
  await expect(taken(client.lines(get, 1000, new AbortController().signal), lines)).rejects.toThrow(/did not answer in time$/)
  expect(lines).toHaveLength(8)
}, 60_000)

test('a stream that nobody wants any more ends without a word', async () => {
  const { client } = await answering([(response) => void response.write('1\n')])
  const stop = new AbortController()
  const lines: string[] = []
  for await (const line of client.lines(get, 60_000, stop.signal)) {
    lines.push(line)
    if (line === '1') stop.abort()
  }
  expect(lines).toEqual(['', '1'])
})
