import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { request as plainRequest } from 'node:http'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { makeCertificates } from '../../src/x509/authority.ts'
import { jsonLog } from '../../src/log.ts'
import type { Respond } from '../../src/admission/responder.ts'
import { createServer } from '../../src/admission/server.ts'
import type { Server, ServerOptions } from '../../src/admission/server.ts'
import { allow, json, refusal, answer, plain, review, kinds } from './reviews.ts'

jest.setTimeout(60_000)

const tls = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
const mebibyte = 1024 * 1024

interface Started {
  readonly server: Server
  readonly port: number
  /** What was logged so far, `time` left out. */
  log(): Record<string, unknown>[]
}

const running = new Set<Server>()
afterEach(async () => {
  await Promise.all([...running].map((server) => server.stop({ lameDuck: 0 })))
  running.clear()
})

async function start(options: Partial<ServerOptions> = {}): Promise<Started> {
  let lines = ''
  // Each line in a second of its own: none is one too many.
  let time = Date.now()
  const log = jsonLog('info', (line) => void (lines += line), () => (time += 1000))
  const server = createServer({ respond: allow, tls, log, lameDuck: 0, grace: 300, ...options })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  running.add(server)
  const logged = () =>
    lines
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { time, ...rest } = JSON.parse(line) as Record<string, unknown>
        expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        return rest
      })
  return { server, port, log: logged }
}

interface Reply {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

interface Sent {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly agent?: Agent
  readonly ca?: string
}

function send(port: number, path: string, { method = 'POST', headers, body, agent, ca = tls.ca }: Sent = {}): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const call = request({ host: 'localhost', port, path, method, headers: { ...type, ...headers }, ca, agent: agent ?? false })
  call.on('error', reject)
  call.on('response', (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
  })
  call.end(body)
  return promise
}

/** An answer as a whole: status, content type and body. */
async function whole(port: number, path: string, sent?: Sent) {
  const { status, headers, text } = await send(port, path, sent)
  const type = headers['content-type']
  return { status, type, body: type?.includes('json') ? (JSON.parse(text) as unknown) : text }
}

const ok = { status: 200, type: 'text/plain; charset=utf-8', body: 'ok' }
const get: Sent = { method: 'GET' }
const post = (fields: unknown): Sent => ({ body: typeof fields === 'string' ? fields : JSON.stringify(fields) })

describe('a review', () => {
  test('is handed on as it came, with its operation, and the answer goes back as it is', async () => {
    const seen: unknown[] = []
    const { port } = await start({
      respond: (operation, review) => {
        seen.push(operation, review)
        return allow(operation, review)
      },
    })
    const sent = review({ namespace: 'shop', name: 'web', dryRun: true, oldObject: null })
    expect(await whole(port, '/mutate?timeout=10s', post(sent))).toEqual(answer({ uid: 'abc-1', allowed: true }))
    expect(await whole(port, '/validate?timeout=10s', post(sent))).toEqual(answer({ uid: 'abc-1', allowed: true }))
    expect(seen).toEqual(['mutate', sent, 'validate', sent])
  })

  test.each(['DELETE', 'CONNECT'])('of a %s is let in without an inspection', async (operation) => {
    const { port, log } = await start({
      respond: () => {
        throw new Error('must not be asked')
      },
    })
    const sent = review({ operation, object: null, oldObject: { kind: 'Pod' } })
    expect(await whole(port, '/validate', post(sent))).toEqual(answer({ uid: 'abc-1', allowed: true }))
    expect(log().filter(({ level }) => level === 'error')).toEqual([])
  })

  test('may have keys named as those of every object', async () => {
    let object: Record<string, unknown> = {}
    const { port } = await start({
      respond: (operation, review) => {
        object = review.request.object as Record<string, unknown>
        return allow(operation, review)
      },
    })
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":1,"toString":null}'
    const body = JSON.stringify(review()).replace(/"object":\{.*\}\}\}/, `"object":${text}}}`)
    expect(await whole(port, '/mutate', { body })).toEqual(answer({ uid: 'abc-1', allowed: true }))
    expect(JSON.stringify(object)).toBe(text)
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test.each([10_000, 100_000])('may be nested %d deep', async (depth) => {
    const { port } = await start()
    const nest = (open: string, close: string) =>
      JSON.stringify(review()).replace(/"object":\{.*\}\}\}/, `"object":{"spec":${open.repeat(depth)}1${close.repeat(depth)}}}}`)
    expect(await whole(port, '/mutate', { body: nest('{"a":', '}') })).toEqual(answer({ uid: 'abc-1', allowed: true }))
    expect(await whole(port, '/validate', { body: nest('[', ']') })).toEqual(answer({ uid: 'abc-1', allowed: true }))
  })

  test('may be of 7 MiB, in one piece or in chunks', async () => {
    const { port } = await start()
    const body = JSON.stringify(review()).padEnd(7 * mebibyte)
    expect(await whole(port, '/mutate', { body })).toEqual(answer({ uid: 'abc-1', allowed: true }))
    const chunked = { body, headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/json; charset=UTF-8' } }
    expect(await whole(port, '/mutate', chunked)).toEqual(answer({ uid: 'abc-1', allowed: true }))
  })

  test('has its own answer where others come with it: what is no review, what fails, what waits', async () => {
    const { port } = await start({
      respond: (operation, review) => {
        if (review.request.uid.startsWith('fails')) throw new TypeError('must not be told')
        return allow(operation, review)
      },
      prepare: ({ request: { uid } }) => (uid.includes('waits') ? sleep(5) : undefined),
    })
    const agent = new Agent({ keepAlive: true })
    const kinds = ['', 'fails-', 'waits-', 'fails-waits-', 'no review ']
    const asked = Array.from({ length: 100 }, async (_, index) => {
      const kind = kinds[index % kinds.length] ?? ''
      const { status, text } = await send(port, index % 3 === 0 ? '/mutate' : '/validate', {
        ...post(kind.startsWith('no') ? kind : review({ uid: `${kind}${index}` })),
        agent,
      })
      const uid = status === 200 ? (JSON.parse(text) as { response: { uid: string; allowed: boolean } }).response.uid : undefined
      expect([status, uid]).toEqual(kind.startsWith('no') ? [400, undefined] : [200, `${kind}${index}`])
    })
    await Promise.all(asked)
    agent.destroy()
  })

  test('goes over a connection that is kept for longer than the API server keeps it', async () => {
    const { port } = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const headers = []
    for (let i = 0; i < 2; i++) headers.push((await send(port, '/validate', { ...post(review()), agent })).headers)
    expect(headers.map((header) => [header.connection, header['keep-alive']])).toEqual([
      ['keep-alive', 'timeout=100'],
      ['keep-alive', 'timeout=100'],
    ])
    agent.destroy()
  })
})

describe('what is no review is turned away in words, and the server serves on', () => {
  const body = 'the request body must be'
  const text = JSON.stringify(review())
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['nothing', '', `${body} an AdmissionReview of admission.k8s.io/v1, not empty`],
    ['words', 'hello', `${body} JSON: Unexpected token 'h', "hello" is not valid JSON`],
    [
      'a review cut in half',
      text.slice(0, 100),
      `${body} JSON: Unterminated string in JSON at position 100 (line 1 column 101)`,
    ],
    ['YAML', 'kind: AdmissionReview\n', `${body} JSON: Unexpected token 'k', "kind: Admi"... is not valid JSON`],
    ['null', 'null', `${body} an AdmissionReview of admission.k8s.io/v1, not null`],
    ['a number', '5', `${body} an AdmissionReview of admission.k8s.io/v1, not a number`],
    ['a list', [review()], `${body} an AdmissionReview of admission.k8s.io/v1, not an array`],
    ['10,000 lists', '['.repeat(10_000) + ']'.repeat(10_000), `${body} an AdmissionReview of admission.k8s.io/v1, not an array`],
    ['100,000 open lists', '['.repeat(100_000), `${body} JSON: Unexpected end of JSON input`],
    ['an empty object', {}, 'kind: Required value: must be "AdmissionReview"'],
    ['a Pod', { apiVersion: 'v1', kind: 'Pod' }, 'kind: Unsupported value: "Pod": supported values: "AdmissionReview"'],
    ['a kind that is no word', { ...plain, kind: { a: 1 } }, 'kind: Invalid value: must be a string, not an object'],
    [
      'a kind of a mebibyte',
      { ...plain, kind: 'k'.repeat(mebibyte) },
      `kind: Unsupported value: "${'k'.repeat(64)}…": supported values: "AdmissionReview"`,
    ],
    ['no version', { kind: 'AdmissionReview' }, 'apiVersion: Required value: must be "admission.k8s.io/v1"'],
    [
      'the version before',
      { ...review(), apiVersion: 'admission.k8s.io/v1beta1' },
      'apiVersion: Unsupported value: "admission.k8s.io/v1beta1": supported values: "admission.k8s.io/v1"',
    ],
    ['no request', plain, 'request: Required value: must hold the request to review'],
    ['a request that is null', { ...plain, request: null }, 'request: Required value: must hold the request to review'],
    ['a request that is a list', { ...plain, request: [] }, 'request: Invalid value: must be an object, not an array'],
    ['an answer', { ...plain, response: { uid: 'a' } }, 'request: Required value: must hold the request to review'],
    ['no uid', review({ uid: undefined }), 'request.uid: Required value: must be the identifier that the answer repeats'],
    ['an empty uid', review({ uid: '' }), 'request.uid: Required value: must be the identifier that the answer repeats'],
    ['a uid that is a number', review({ uid: 7 }), 'request.uid: Invalid value: must be a string, not a number'],
    [
      'no operation',
      review({ operation: undefined }),
      'request.operation: Required value: must be one of "CONNECT", "CREATE", "DELETE", "UPDATE"',
    ],
    [
      'an operation that there is not',
      review({ operation: 'PATCH' }),
      'request.operation: Unsupported value: "PATCH": supported values: "CONNECT", "CREATE", "DELETE", "UPDATE"',
    ],
    ['a text as userInfo', review({ userInfo: 'admin' }), 'request.userInfo: Invalid value: must be an object, not a string'],
    ['a number as username', review({ userInfo: { username: 5 } }),
      'request.userInfo.username: Invalid value: must be a string, not a number'],
    ['a number as namespace', review({ namespace: 5 }), 'request.namespace: Invalid value: must be a string, not a number'],
    ['a name that is true', review({ name: true }), 'request.name: Invalid value: must be a string, not a boolean'],
    ['no object', review({ object: undefined }), 'request.object: Required value: must hold the object on CREATE'],
    [
      'an object that is null',
      review({ operation: 'UPDATE', object: null }),
      'request.object: Required value: must hold the object on UPDATE',
    ],
    ['an object that is text', review({ object: 'text' }), 'request.object: Invalid value: must be an object, not a string'],
  ]

  test('400', async () => {
    const { port, log } = await start()
    for (const [, sent, message] of cases) {
      expect(await whole(port, '/mutate', post(sent))).toEqual(refusal(400, 'BadRequest', message))
    }
    expect(await whole(port, '/validate')).toEqual(refusal(400, 'BadRequest', cases[0]?.[2] ?? ''))
    expect(await whole(port, '/validate', post(review()))).toEqual(answer({ uid: 'abc-1', allowed: true }))

    expect(log().slice(1)).toHaveLength(cases.length + 1)
    expect(kinds(log().slice(1))).toEqual(['info request rejected'])
    const values = { code: 400, field: 'kind', method: 'POST', remote: '127.0.0.1' }
    expect(log()[11]).toEqual({ level: 'info', msg: 'request rejected', ...values })
    const { text } = await send(port, '/metrics', get)
    expect(text).toContain(`paddock_rejected_requests_total{code="400"} ${cases.length + 1}\n`)
    expect(text).toContain('paddock_faults_total 0\n')
  })

  test('413: 8 MiB, in one piece or in chunks', async () => {
    const { port, log } = await start()
    const large = JSON.stringify(review()).padEnd(8 * mebibyte)
    const expected = refusal(413, 'RequestEntityTooLarge', 'the request body must be at most 7340032 bytes')
    expect(await whole(port, '/mutate', { body: large })).toEqual(expected)
    expect(await whole(port, '/mutate', { body: large, headers: { 'transfer-encoding': 'chunked' } })).toEqual(expected)
    expect(await whole(port, '/validate', post(review()))).toEqual(answer({ uid: 'abc-1', allowed: true }))
    expect(log().filter(({ level }) => level !== 'info')).toEqual([])
  })

  const types = ['text/plain', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'nonsense', '']
  test.each(types)('415: %j', async (type) => {
    const { port } = await start()
    const expected = refusal(415, 'UnsupportedMediaType', 'the content type must be application/json')
    expect(await whole(port, '/mutate', { ...post(review()), headers: { 'content-type': type } })).toEqual(expected)
  })

  test('404 and 405', async () => {
    const { port } = await start()
    const paths = 'the path must be one of /mutate, /validate, /livez, /readyz, /metrics'
    expect(await whole(port, '/', get)).toEqual(refusal(404, 'NotFound', paths))
    expect(await whole(port, '/mutate/', post(review()))).toEqual(refusal(404, 'NotFound', paths))
    expect(await whole(port, '/%ff', get)).toEqual(refusal(400, 'BadRequest', 'the path of the request must be valid'))
    expect(await whole(port, '/mutate?a', get)).toEqual(refusal(405, 'MethodNotAllowed', 'the method must be POST'))
    expect(await whole(port, '/readyz', post({}))).toEqual(refusal(405, 'MethodNotAllowed', 'the method must be GET'))
    expect((await send(port, '/validate', { method: 'PUT', ...post(review()) })).headers.allow).toBe('POST')
  })

  test('what is no HTTP, or no TLS', async () => {
    const { port, log } = await start()
    const raw = async (text: string) => {
      const socket = await open(port)
      socket.write(text)
      return received(socket)
    }
    const [head, body] = (await raw('these are words\r\n\r\n')).split('\r\n\r\n')
    const fields = ['HTTP/1.1 400 Bad Request', 'Connection: close', `Content-Type: ${json}`, 'Content-Length: 142']
    expect(head?.split('\r\n')).toEqual(fields)
    expect(JSON.parse(body ?? '')).toEqual(refusal(400, 'BadRequest', 'the request must be HTTP/1.1').body)
    expect(await raw(`GET /livez HTTP/1.1\r\nhost: a\r\na: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [^]*"the request headers must be at most 16384 bytes"/,
    )
    const unencrypted = plainRequest({ host: '127.0.0.1', port, path: '/livez' })
    unencrypted.end()
    await expect(once(unencrypted, 'response')).rejects.toThrow()
    await expect(open(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow()
    await expect(open(port, { ca: undefined })).rejects.toThrow()

    expect(await whole(port, '/livez', get)).toEqual(ok)
    expect(kinds(log().slice(1))).toEqual(['info not an HTTPS request'])
  })

  test('a client that leaves in the middle of its request', async () => {
    const { port, log } = await start()
    const transport = connectPlain(port, '127.0.0.1')
    const sockets = [await open(port), await open(port, { socket: transport })]
    for (const socket of sockets) {
      socket.write('POST /mutate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"kind":')
    }
    await sleep(50)
    sockets[0]?.destroy()
    transport.resetAndDestroy()
    await sleep(50)
    expect(await whole(port, '/validate', post(review()))).toEqual(answer({ uid: 'abc-1', allowed: true }))
    expect(log().map(({ msg }) => msg)).toEqual(['listening'])
    expect((await send(port, '/metrics', get)).text).not.toContain('paddock_rejected_requests_total{')
  })
})

describe('an internal fault', () => {
  const respond: Respond = (_operation, review) => {
    throw new TypeError(`cannot read\n    at ${JSON.stringify(review.request.object)}`)
  }
  const words = 'Paddock could not inspect this object because of an internal fault: see its log'

  test('lets the object in with a warning, is counted, and is logged without the object', async () => {
    const { port, log } = await start({ respond })
    const sent = post(review({ namespace: 'shop', name: 'web', object: { password: 'secret' } }))
    expect(await whole(port, '/validate', sent)).toEqual(answer({ uid: 'abc-1', allowed: true, warnings: [words] }))

    const [line, ...more] = log().filter(({ level }) => level === 'error')
    expect(more).toEqual([])
    const { stack, ...rest } = line as { stack: string[] }
    const about = { operation: 'validate', uid: 'abc-1', namespace: 'shop', name: 'web', type: 'TypeError' }
    expect(rest).toEqual({ level: 'error', ...about, msg: 'internal fault' })
    expect(stack[0]).toMatch(/^at respond \(.*server\.test\.ts:\d+:\d+\)$/)
    expect(JSON.stringify(line)).not.toContain('secret')
    const { text } = await send(port, '/metrics', get)
    expect(text).toContain('paddock_faults_total 1\n')
    expect(text).toContain('paddock_admission_reviews_total{operation="validate",outcome="fault"} 1\n')
  })

  test('denies it where that is asked for', async () => {
    const { port } = await start({ respond, onFault: () => 'Deny' })
    const status = { status: 'Failure', code: 500, reason: 'InternalError', message: words }
    expect(await whole(port, '/validate', post(review()))).toEqual(answer({ uid: 'abc-1', allowed: false, status }))
    // What is not mended is judged all the same.
    expect(await whole(port, '/mutate', post(review()))).toEqual(answer({ uid: 'abc-1', allowed: true, warnings: [words] }))
  })

  test('is an answer, too, that cannot be written', async () => {
    const { port } = await start({
      respond: (operation, review) => {
        const answer = allow(operation, review) as { response: { response: { self?: unknown } } }
        answer.response.response.self = answer
        return answer as ReturnType<Respond>
      },
    })
    expect(await whole(port, '/mutate', post(review()))).toEqual(answer({ uid: 'abc-1', allowed: true, warnings: [words] }))
  })
})

test('metrics: reviews by operation and outcome, their duration, findings, and the process', async () => {
  const { port } = await start()
  for (const path of ['/mutate', '/mutate', '/validate']) await send(port, path, post(review()))
  const { status, headers, text } = await send(port, '/metrics', get)
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  const own = text.split('\n').filter((line) => line.startsWith('paddock_') && !/_bucket|_sum/.test(line))
  const zero = (operation: string, ...outcomes: string[]) =>
    outcomes.map((outcome) => `paddock_admission_reviews_total{operation="${operation}",outcome="${outcome}"} 0`)
  expect(own).toEqual([
    ...zero('mutate', 'allowed'),
    'paddock_admission_reviews_total{operation="mutate",outcome="fixed"} 2',
    ...zero('mutate', 'warned', 'denied', 'fault'),
    ...zero('validate', 'allowed', 'fixed'),
    'paddock_admission_reviews_total{operation="validate",outcome="warned"} 1',
    ...zero('validate', 'denied', 'fault'),
    'paddock_admission_review_duration_seconds_count{operation="mutate"} 2',
    'paddock_admission_review_duration_seconds_count{operation="validate"} 1',
    'paddock_findings_total{rule="missing-bind",action="Fix"} 2',
    'paddock_findings_total{rule="missing-bind",action="Warn"} 1',
    'paddock_faults_total 0',
    'paddock_slow_reviews_total{operation="mutate"} 0',
    'paddock_slow_reviews_total{operation="validate"} 0',
    ...['steps', 'large', 'slow', 'died', 'waited'].map((cause) => `paddock_unread_reviews_total{cause="${cause}"} 0`),
    'paddock_connections_closed_total 0',
    'paddock_log_lines_lost_total{reason="rate"} 0',
    'paddock_log_lines_lost_total{reason="unwritable"} 0',
    'paddock_bodies_held_bytes 0',
  ])
  expect(text).toContain('paddock_admission_review_duration_seconds_bucket{le="0.00005",operation="mutate"} ')
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
})

describe('the certificate', () => {
  const other = makeCertificates(['localhost'], Date.now(), randomBytes)

  test('is exchanged for new connections, and open ones go on', async () => {
    const { server, port } = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await send(port, '/validate', { ...post(review()), agent })
    server.reload({ key: other.key, cert: other.cert })
    expect((await send(port, '/validate', { ...post(review()), agent })).status).toBe(200)
    await expect(send(port, '/validate', post(review()))).rejects.toThrow('unable to verify the first certificate')
    expect((await send(port, '/validate', { ...post(review()), ca: other.ca })).status).toBe(200)
    await expect(open(port, { ca: other.ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow()
    agent.destroy()
  })

  test('stays when the new one is no pair', async () => {
    const { server, port } = await start()
    expect(() => server.reload({ key: tls.key, cert: other.cert })).toThrow('the key must be the private key of the certificate')
    expect((await send(port, '/validate', post(review()))).status).toBe(200)
  })
})

describe('shutting down', () => {
  const half = JSON.stringify(review())
  const head = `POST /validate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${half.length}\r\n\r\n`

  test('first says that it is not ready and serves on, then closes the port', async () => {
    const { server, port, log } = await start()
    expect(await whole(port, '/readyz', get)).toEqual(ok)
    const agent = new Agent({ keepAlive: true })
    await send(port, '/validate', { ...post(review()), agent })

    const stopped = server.stop({ lameDuck: 300 })
    const expected = { status: 503, type: 'text/plain; charset=utf-8', body: 'shutting down' }
    expect(await whole(port, '/readyz', get)).toEqual(expected)
    expect((await whole(port, '/livez', get)).status).toBe(200)
    const { status, headers } = await send(port, '/validate', { ...post(review()), agent })
    expect([status, headers.connection]).toEqual([200, 'close'])
    await stopped
    await expect(send(port, '/livez', get)).rejects.toThrow('ECONNREFUSED')
    expect(kinds(log())).toEqual(['info listening', 'info draining', 'info stopped'])
    expect(server.stop()).toBe(stopped)
    agent.destroy()
  })

  test('waits for a request that is under way, and answers it', async () => {
    const { server, port } = await start({ grace: 5_000 })
    const socket = await open(port)
    socket.write(head + half.slice(0, 20))
    await sleep(50)
    const stopped = server.stop()
    await sleep(100)
    socket.write(half.slice(20))
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*"allowed":true/)
    await stopped
  })

  test('does not wait for ever: for half a request, an idle connection, half a handshake', async () => {
    const { server, port } = await start({ grace: 200 })
    const sockets = [await open(port), await open(port), connectPlain(port, '127.0.0.1')]
    sockets[0]?.write(head + half.slice(0, 20))
    await sleep(50)
    const closed = sockets.map((socket) => once(socket.on('error', () => {}).resume(), 'close'))
    await server.stop()
    await Promise.all(closed)
  })
})

test('a taken port is an error with its code', async () => {
  const { port } = await start()
  const second = createServer({ respond: allow, tls, log: jsonLog('silent', () => {}, Date.now) })
  await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await second.stop({ lameDuck: 0 })
})

async function open(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: 'localhost', port, ca: tls.ca, servername: 'localhost', ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** All that comes over a connection until it is closed. */
async function received(socket: TLSSocket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

/** The level and the words of log lines, each once. */
