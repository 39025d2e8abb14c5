import { once } from 'node:events'
import { STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import fastify from 'fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Budget, unreadReason, within } from '../budget.ts'
import type { AdmissionReview } from '../kubernetes/review.ts'
import { isKeyOf, read } from '../x509/read.ts'
import { Bodies, BodyHead, BodyRefused, smallBody, tooLarge } from './bodies.ts'
import { BodyText } from './cut.ts'
import { Connections } from './connections.ts'
import { faulted, uninspected, withoutContent } from './fault.ts'
import type { CountingLog } from '../log.ts'
import type { Candidate, Memo, Remembered } from './memo.ts'
import { createMetrics, slow, type Gauge, type Total, type Unread } from './metrics.ts'
import type { ReadingThread } from './reading-thread.ts'
import type { Answer, Operation, Respond } from './responder.ts'
import { BadReview, bringsObject, readQuickly, readReview } from './review.ts'
import { failure } from './status.ts'
import type { Code } from './status.ts'
import { Turns } from './turns.ts'
import { unreadAnswer, unreadReview } from './unread.ts'

/** A certificate, with what stands between it and its CA, and its private key: PEM. */
export interface KeyPair {
  readonly key: string | Buffer
  readonly cert: string | Buffer
}

export interface ServerOptions {
  readonly respond: Respond
  /** Where reviews are read that are large, or take long; without one, all of them are read here. */
  readonly thread?: ReadingThread
  readonly tls: KeyPair
  /** The certificates of the authorities, in PEM, one of which must have signed the certificate of who sends a review; unless set, anybody may. */
  readonly clientCa?: string
  readonly log: CountingLog
  /** What becomes of an object that `respond` throws on: `Allow` unless it says otherwise. */
  readonly onFault?: (review: AdmissionReview) => 'Allow' | 'Deny'
  /** Why the server is not ready, which `/readyz` tells; undefined where it is. It is ready at once unless set. */
  readonly unready?: () => string | undefined
  /** What a review waits for before it is answered, for so many milliseconds at most; undefined for nothing, which is the rule. Never rejects. */
  readonly prepare?: (review: AdmissionReview, operation: Operation, most: number) => Promise<void> | undefined
  /** Answers that are given again; without one, each review is answered anew. */
  readonly memo?: Memo | undefined
  /** What else `/metrics` tells. */
  readonly gauges?: readonly Gauge[]
  readonly totals?: readonly Total[]
  /** Milliseconds from "not ready" to the closing of the port, in which Services turn elsewhere: 5,000 unless set. */
  readonly lameDuck?: number
  /** Milliseconds that requests in flight have from then on: 5,000 unless set. */
  readonly grace?: number
}

export interface Server {
  /**
   * Opens the port; 0 takes a free one. Resolves to the address that it listens on.
   * @throws with the system's `code` (`EADDRINUSE`, `EACCES`) where it cannot be opened.
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<AddressInfo>
  /**
   * Serves another certificate, and asks for those of another authority, from the next connection on. Connections that are open go on.
   * @param clientCa the former unless given
   * @throws where key and certificate are no pair; the former certificate stays.
   */
  reload(tls: KeyPair, clientCa?: string): void
  /** Not ready, lame duck, closed. Resolves when the last request was answered or its grace is over. */
  stop(options?: { readonly lameDuck?: number }): Promise<void>
}

/** Steps that a review may take here, where all others wait meanwhile: those of an ordinary one are below a hundred. */
const quickSteps = 2_000
/** Reviews that wait for the thread at most. The sum of their bodies is bounded by itself. */
const mostWaiting = 256
/** Connections at most: each takes 40 KiB. An API server opens as many as it has requests under way. */
const mostConnections = 1_000
/** Milliseconds. Above the 90 s that the API server keeps an idle connection: closed here, it could be about to be used. */
const keepAliveTimeout = 100_000
/** Milliseconds for the head of a request. */
const headersTimeout = 10_000
/** Milliseconds for a whole request: an API server has all of it when it begins to send. */
const requestTimeout = 10_000
/** Milliseconds, after which a connection that does not shake hands is closed. */
const handshakeTimeout = 10_000
/** Milliseconds in which the rest of a request must come that was turned away before its end. */
const remainder = 1_000
/** Milliseconds that an API server waits for an answer unless it says otherwise, and the share of it in which there is one. */
const usualTimeout = 10_000
const inTime = 0.7
const minVersion = 'TLSv1.2'
const json = 'application/json; charset=utf-8'

/**
 * The webhook server: `/mutate`, `/validate`, `/livez`, `/readyz` and `/metrics` over HTTPS.
 *
 * Reviews go two ways. Nearly all are small, and are answered here, each within a small budget. What is larger, or uses it
 * up, goes to the thread, so that this one is free for the others and for probes; there it is answered within the webhook's own
 * timeout, which the API server sends as `?timeout=10s`, read or unread.
 */
export function createServer(
  { respond, tls, log, onFault = () => 'Allow', lameDuck = 5_000, grace = 5_000, ...more }: ServerOptions,
): Server {
  const { unready = () => undefined, prepare = () => undefined, gauges = [], totals = [], thread, memo } = more
  const bodies = new Bodies()
  const connections = new Connections(mostConnections)
  const turns = new Turns<Asked>((pieces) => handle(pieces))
  const metrics = createMetrics(
    [
      ...gauges,
      { name: 'paddock_bodies_held_bytes', help: 'Bytes of request bodies that are held.', value: () => bodies.bytes },
      { name: 'paddock_memo_bytes', help: 'Bytes of reviews and answers that are remembered.', value: () => memo?.bytes },
    ],
    [
      { name: 'paddock_connections_closed_total', help: 'Connections that were closed for others, as too many were open.',
        values: () => ({ '': connections.closed }) },
      { name: 'paddock_log_lines_lost_total', help: 'Log lines that were not written, by reason (rate, unwritable).', label: 'reason',
        values: () => log.lost },
      ...totals,
      { name: 'paddock_memo_reviews_total', help: 'Reviews whose answer was looked for in the memo, by result (hit, miss).',
        label: 'result', values: () => ({ ...memo?.counts }) },
    ],
  )
  let clientCa = more.clientCa
  let stopped: Promise<void> | undefined

  const secured = (pair: KeyPair) => ({ ...pair, minVersion, ...(clientCa === undefined ? {} : { ca: clientCa }) }) as const
  const app = fastify({
    https: {
      ...secured(tls),
      handshakeTimeout,
      headersTimeout,
      connectionsCheckingInterval: 1_000,
      // Whoever has none can still ask how the server is.
      requestCert: clientCa !== undefined,
      rejectUnauthorized: false,
    },
    keepAliveTimeout,
    requestTimeout,
    exposeHeadRoutes: false,
    clientErrorHandler: refuse,
    frameworkErrors: (_error, request, reply) => reject(request, reply, 400, 'the path of the request must be valid'),
  })
  // Only JSON, and that as bytes: it is parsed where a failure to do so has words, and maybe in another thread.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', ({ raw }, _payload, done) => {
    if (Number(raw.headers['content-length']) > smallBody) thread?.need()
    bodies.receive(raw, done)
  })
  app.addHook('onRequest', ({ raw }, reply, done) => {
    if (raw.method === 'POST') reply.raw.once('close', () => bodies.letGo(raw))
    done()
  })

  for (const operation of ['mutate', 'validate'] as const) {
    app.post<{ Body: Buffer | BodyHead | undefined }>(`/${operation}`, {
      onRequest(request, reply, done) {
        if (clientCa === undefined || (request.raw.socket as TLSSocket).authorized) return done()
        reject(request, reply, 401, 'a client certificate must be presented that is signed by an authority of --client-ca')
      },
      handler(request, reply) {
        const { body = Buffer.alloc(0), raw: { socket } } = request
        const connection = connections.begin(socket)
        if (connection) reply.raw.once('close', () => connections.end(connection))
        const start = performance.now()
        if (body instanceof BodyHead) return beyond(body, { operation, body: body.bytes, request, reply, start })
        turns.add({ operation, body, request, reply, start })
      },
    })
  }
  app.get('/livez', (_request, reply) => send(reply, 200, 'text/plain; charset=utf-8', 'ok'))
  app.get('/readyz', (_request, reply) => {
    const reason = stopped === undefined ? unready() : 'shutting down'
    if (reason === undefined) send(reply, 200, 'text/plain; charset=utf-8', 'ok')
    else send(reply, 503, 'text/plain; charset=utf-8', reason)
  })
  app.get('/metrics', async (_request, reply) => {
    send(reply, 200, metrics.contentType, await metrics.text())
    return reply
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.replace(/\?.*$/s, '')
    const method = methods.get(path)
    if (method === undefined) return reject(request, reply, 404, `the path must be one of ${[...methods.keys()].join(', ')}`)
    reply.header('allow', method)
    reject(request, reply, 405, `the method must be ${method}`)
  })
  app.setErrorHandler((error: Error & { code?: string; statusCode?: number }, request, reply) => {
    if (error instanceof BadReview) return reject(request, reply, 400, error.message, error.field)
    if (error instanceof BodyRefused) return reject(request, reply, error.status, error.message)
    if (error.code === 'ECONNRESET') return log.debug('client left')
    if (error.statusCode === 415) return reject(request, reply, 415, 'the content type must be application/json')
    if (error.statusCode !== undefined && error.statusCode < 500) return reject(request, reply, 400, error.message)
    log.error('request failed', withoutContent(error))
    send(reply, 500, json, JSON.stringify(failure(500, 'the server failed; its log says more')))
  })
  app.server.on('connection', (socket: Socket) => connections.add(socket))

  /** Answers what has come in one turn, stage by stage; what fails for one review is told to who sent that one. */
  function handle(all: readonly Asked[], isLast = false): void {
    const read: Read[] = []
    const judged: Judged[] = []
    const alike: Asked[] = []
    for (const asked of all) attempt(asked, () => parse(asked, read, isLast ? undefined : alike))
    for (const one of read) attempt(one.asked, () => judge(one, judged))
    const worth: [Judged, text: string][] = []
    for (const one of judged)
      attempt(one.asked, () => {
        const text = respondWith(one.asked, one.answer)
        if (one.candidate && text !== undefined) worth.push([one, text])
      })
    for (const [{ candidate, review }, text] of worth) if (candidate) memo?.keep(candidate, review, text)
    memo?.settle()
    // Those that are as others which came at the same time.
    if (alike.length > 0) handle(alike, true)
  }

  /** Runs what may fail, be it at once or later. */
  function attempt(asked: Asked, run: () => void | Promise<unknown>): void {
    const fail = (error: unknown): void => void asked.reply.send(error)
    try {
      run()?.catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  /** Reads a review. Only what waits returns a promise: nearly all are answered at once. `alike` takes one that is put off. */
  function parse(asked: Asked, read: Read[], alike?: Asked[]): void | Promise<unknown> {
    const { body, operation } = asked
    if (thread && body.length > smallBody) return inThread(thread, asked)
    const text = new BodyText(body)
    const found = memo?.look(operation, text, alike !== undefined)
    if (found === 'awaited') return void alike?.push(asked)
    if (found && 'text' in found) return again(asked, found)
    const review = thread ? readQuickly(text) : readReview(text.text)
    if (!review) return thread && inThread(thread, asked)
    const waiting = prepare(review, operation, inTime * patienceOf(asked.request.url))
    if (!waiting) return void read.push({ asked, review, candidate: found })
    // What it waits for may be another thing the next time: nothing is kept of it.
    return waiting.then(() => {
      const judged: Judged[] = []
      const further = judge({ asked, review }, judged)
      for (const { answer } of judged) respondWith(asked, answer)
      return further
    })
  }

  function judge({ asked, review, candidate }: Read, judged: Judged[]): void | Promise<unknown> {
    const { operation } = asked
    const began = performance.now()
    const budget = thread ? new Budget(quickSteps) : new Budget()
    let answer: Answer
    try {
      answer = bringsObject(review.request) ? within(budget, () => respond(operation, review)) : uninspected(review)
    } catch (error) {
      if (unreadReason(error) === undefined)
        return fault(asked, { ...review.request, ...withoutContent(error) }, faulted(review, onFault(review), operation))
      if (!thread) return unread(asked, review, 'steps')
      budget.isSpent = true
      answer = uninspected(review)
    }
    // By the clock, which is never behind the processor's time: to ask for that costs as much as a rule.
    if (performance.now() - began > slow) metrics.slow(operation)
    if (thread && budget.isSpent) return inThread(thread, asked)
    if (budget.isSpent) metrics.unread('steps')
    judged.push({ asked, review, answer, candidate })
  }

  /** Answers a review that is larger than what is read, by what stands at its head. */
  async function beyond({ bytes }: BodyHead, asked: Asked): Promise<FastifyReply> {
    const { reply } = asked
    // What is whole in its head is a review with something behind it.
    if (isJson(bytes.toString())) throw tooLarge()
    let review: AdmissionReview
    try {
      review = unreadReview(bytes)
    } catch (error) {
      throw error instanceof BadReview ? tooLarge() : error
    }
    await prepare(review, asked.operation, 0)
    unread(asked, review, 'large')
    return reply
  }

  async function inThread(reader: ReadingThread, asked: Asked): Promise<FastifyReply> {
    const { operation, body, request, reply } = asked
    if (reader.waiting >= mostWaiting) {
      reject(request, reply, 429, 'too many large reviews are waiting: send it again later')
      return reply
    }
    const { length } = body
    const left = new AbortController()
    reply.raw.once('close', () => left.abort())
    const read = await reader.review(operation, body, patienceOf(request.url), left.signal)
    if (left.signal.aborted) {
      log.debug('client left')
      return reply.hijack()
    }
    if (read.comesTo === 'bad review') reject(request, reply, 400, read.message, read.field)
    else if (read.comesTo === 'unread') {
      const review = unreadReview(read.head)
      await prepare(review, operation, 0)
      unread(asked, review, read.cause, length)
    } else if (read.comesTo === 'fault') {
      // Not even parsed, or not to be written down: the head tells what it is about.
      const review = unreadReview(read.head)
      fault(asked, { uid: read.uid, namespace: read.namespace, name: read.name, ...read.error }, faulted(review, read.onFault, operation))
    } else {
      if (read.milliseconds > slow) metrics.slow(operation)
      if (read.isSpent) metrics.unread('steps')
      count(asked, read.outcome, read.findings)
      send(reply, 200, json, read.text)
    }
    return reply
  }

  /** Answers a review that was not read as its policy says. */
  function unread(asked: Asked, review: AdmissionReview, cause: Unread, bytes = asked.body.length): void {
    metrics.unread(cause)
    const { uid, namespace, name } = review.request
    log.warn('review not read', { operation: asked.operation, cause, uid, namespace, name, bytes })
    try {
      respondWith(asked, unreadAnswer(respond, asked.operation, review))
    } catch (error) {
      fault(asked, { uid, namespace, name, ...withoutContent(error) }, faulted(review, onFault(review), asked.operation))
    }
  }

  /** @throws where the answer cannot be written down */
  function respondWith(asked: Asked, answer: Answer): string | undefined {
    let text: string
    try {
      text = JSON.stringify(answer.response)
    } catch (error) {
      const review = readReview(asked.body.toString())
      fault(asked, { ...review.request, ...withoutContent(error) }, faulted(review, onFault(review), asked.operation))
      return undefined
    }
    count(asked, answer.outcome, answer.findings)
    send(asked.reply, 200, json, text)
    return text
  }

  /** Gives an answer once more. */
  function again(asked: Asked, { text, outcome, findings }: Remembered): void {
    count(asked, outcome, findings)
    send(asked.reply, 200, json, text)
  }

  function fault(asked: Asked, { uid, namespace, name, type, stack }: Fault, answer: Answer): void {
    metrics.faulted()
    log.error('internal fault', { operation: asked.operation, uid, namespace, name, type, stack })
    respondWith(asked, answer)
  }

  function count({ operation, start }: Asked, outcome: Answer['outcome'],
    findings: readonly { rule: string; action: string; count?: number }[]): void {
    metrics.reviewed(operation, outcome, (performance.now() - start) / 1000)
    for (const finding of findings) metrics.found(finding.rule, finding.action, finding.count ?? 1)
  }

  function send(reply: FastifyReply, code: number, type: string, text: string): void {
    if (stopped !== undefined) reply.header('connection', 'close')
    reply.code(code).header('content-type', type).send(text)
  }

  /** Turns a request away. What it says may quote the request, and is not logged. */
  function reject(request: FastifyRequest, reply: FastifyReply, code: Code, message: string, field?: string): void {
    metrics.rejected(code)
    log.info('request rejected', { code, field, method: request.method, remote: request.ip })
    // client-go sends it again by itself, as long as the webhook's timeout lets it: k8s.io/client-go/rest/with_retry.go.
    if (code === 429) reply.header('retry-after', '1')
    if (!request.raw.complete) finish(request.raw)
    send(reply, code, json, JSON.stringify(failure(code, message)))
  }

  /** Who is told no before all of a request has come is given a moment to send the rest: closed at once, the answer would be lost. */
  function finish(raw: FastifyRequest['raw']): void {
    setTimeout(() => {
      if (!raw.complete) raw.socket.destroy()
    }, remainder).unref()
  }

  /** What is no HTTP, or no TLS, on a socket: the default of Fastify, with a Status object. */
  function refuse(error: Error & { code?: string }, socket: Socket): void {
    // The client left, be it with a reset or in the middle of its request.
    if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE' || socket.destroyed) return void socket.destroy()
    log.info('not an HTTPS request', { reason: error.code, remote: socket.remoteAddress })
    const known = clientErrors[error.code ?? ''] ?? (error.code?.startsWith('HPE_') ? malformed : undefined)
    if (known !== undefined && socket.writable) {
      const { code, message } = known
      metrics.rejected(code)
      const body = JSON.stringify(failure(code, message))
      const head = `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nConnection: close\r\nContent-Type: ${json}\r\n`
      socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    }
    socket.destroy(error)
  }

  async function drain(delay: number): Promise<void> {
    log.info('draining', { lameDuck: delay })
    await sleep(delay)
    // Not through Fastify's own close yet: from there on it answers 503, which turns workloads away where failurePolicy is Fail.
    const overdue = setTimeout(() => connections.closeAll(), grace)
    await new Promise((resolve) => app.server.close(resolve))
    clearTimeout(overdue)
    await Promise.all([app.close(), thread?.stop()])
    log.info('stopped')
  }

  return {
    async listen({ host, port }) {
      await app.ready()
      app.server.listen(port, host)
      await once(app.server, 'listening')
      // What goes wrong from here on (too many open files) is about one connection, and must not end the process.
      app.server.on('error', ({ code }: NodeJS.ErrnoException) => log.error('connection not accepted', { code }))
      const address = app.server.address() as AddressInfo
      log.info('listening', { address: address.address, port: address.port })
      return address
    },
    reload(pair, authority = clientCa) {
      // OpenSSL compares the two within one kind of key only: with an RSA key for an EC certificate, no handshake would succeed.
      const leaf = read(String(pair.cert))?.certificate
      if (!leaf || !isKeyOf(leaf, String(pair.key))) throw new Error('the key must be the private key of the certificate')
      clientCa = authority
      app.server.setSecureContext(secured(pair))
      log.info('certificate reloaded')
    },
    stop(options) {
      stopped ??= drain(options?.lameDuck ?? lameDuck)
      return stopped
    },
  }
}

/** A review that is to be answered. */
interface Asked {
  readonly operation: Operation
  readonly body: Buffer
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** When all of it had come: `performance.now()`. */
  readonly start: number
}

/** A review that was read, and is to be judged. */
interface Read {
  readonly asked: Asked
  readonly review: AdmissionReview
  /** Where its answer may be kept. */
  readonly candidate?: Candidate | undefined
}

/** A review whose answer is to be sent. */
interface Judged extends Read {
  readonly answer: Answer
}

/** What is logged of an internal fault. */
interface Fault extends ReturnType<typeof withoutContent> {
  readonly uid: string
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

/** Milliseconds in which a review must be answered for the answer to be heard. */
function patienceOf(url: string): number {
  const seconds = /[?&]timeout=(\d{1,3})s/.exec(url)?.[1]
  return inTime * (seconds === undefined ? usualTimeout : Number(seconds) * 1000)
}

/** The methods of the paths, for who asks with another. */
const methods = new Map([
  ['/mutate', 'POST'],
  ['/validate', 'POST'],
  ['/livez', 'GET'],
  ['/readyz', 'GET'],
  ['/metrics', 'GET'],
])

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const malformed = { code: 400, message: 'the request must be HTTP/1.1' } as const

/** What Node says of a request that it could not read, as it is answered. */
const clientErrors: Readonly<Record<string, { code: Code; message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 408, message: `the whole request must come within ${requestTimeout / 1000} seconds` },
  HPE_HEADER_OVERFLOW: { code: 431, message: 'the request headers must be at most 16384 bytes' },
}
