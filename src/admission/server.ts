import { once } from 'node:events'
import { STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AdmissionReview } from '../kubernetes/review.ts'
import { faulted, uninspected, withoutContent } from './fault.ts'
import type { Log } from './log.ts'
import { createMetrics, type Gauge } from './metrics.ts'
import type { Answer, Operation, Respond } from './responder.ts'
import { BadReview, bringsObject, readReview } from './review.ts'
import { failure } from './status.ts'
import type { Code } from './status.ts'

/** A certificate, with what stands between it and its CA, and its private key: PEM. */
export interface KeyPair {
  readonly key: string | Buffer
  readonly cert: string | Buffer
}

export interface ServerOptions {
  readonly respond: Respond
  readonly tls: KeyPair
  readonly log: Log
  /** What becomes of an object that `respond` throws on: `Allow` unless it says otherwise. */
  readonly onFault?: (review: AdmissionReview) => 'Allow' | 'Deny'
  /** Why the server is not ready, which `/readyz` tells; undefined where it is. It is ready at once unless set. */
  readonly unready?: () => string | undefined
  /** What a review waits for before it is answered; undefined for nothing, which is the rule. Never rejects. */
  readonly prepare?: (review: AdmissionReview) => Promise<void> | undefined
  /** What else `/metrics` tells. */
  readonly gauges?: readonly Gauge[]
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
   * Serves another certificate from the next connection on. Connections that are open go on.
   * @throws where key and certificate are no pair; the former certificate stays.
   */
  reload(tls: KeyPair): void
  /** Not ready, lame duck, closed. Resolves when the last request was answered or its grace is over. */
  stop(options?: { readonly lameDuck?: number }): Promise<void>
}

/** Bytes: as controller-runtime's webhook server. An update brings two objects, of the 3 MiB each that the API server takes. */
const bodyLimit = 7 * 1024 * 1024
/** Milliseconds. Above the 90 s that the API server keeps an idle connection: closed here, it could be about to be used. */
const keepAliveTimeout = 100_000
/** Milliseconds: as controller-runtime's `ReadHeaderTimeout`. */
const headersTimeout = 32_000
/** Milliseconds for a whole request. The longest that a webhook can be given is 30 s, so nobody waits for a later one. */
const requestTimeout = 35_000
/** Milliseconds, after which a connection that does not shake hands is closed. */
const handshakeTimeout = 10_000
const minVersion = 'TLSv1.2'
const json = 'application/json; charset=utf-8'

/**
 * The webhook server: `/mutate`, `/validate`, `/livez`, `/readyz` and `/metrics` over HTTPS.
 *
 * The webhook's own timeout, which the API server sends as `?timeout=10s`, is not looked at: `respond` waits for
 * nothing, and a clock in the same thread could not interrupt it.
 */
export function createServer({ respond, tls, log, onFault = () => 'Allow', lameDuck = 5_000, grace = 5_000, ...more }: ServerOptions): Server {
  const { unready = () => undefined, prepare = () => undefined, gauges = [] } = more
  const metrics = createMetrics(gauges)
  let stopped: Promise<void> | undefined

  const app = fastify({
    https: { ...tls, minVersion, handshakeTimeout, headersTimeout, connectionsCheckingInterval: 5_000 },
    bodyLimit,
    keepAliveTimeout,
    requestTimeout,
    exposeHeadRoutes: false,
    clientErrorHandler: refuse,
    frameworkErrors: (_error, request, reply) => reject(request, reply, 400, 'the path of the request must be valid'),
  })
  // Only JSON, and that as text: it is parsed where a failure to do so has words.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  for (const operation of ['mutate', 'validate'] as const) {
    app.post<{ Body: string | undefined }>(`/${operation}`, (request, reply) => {
      const start = performance.now()
      const review = readReview(request.body ?? '')
      const waiting = prepare(review)
      if (waiting === undefined) return respondTo(operation, review, start, reply)
      return waiting.then(() => {
        respondTo(operation, review, start, reply)
        return reply
      })
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
    if (error.code === 'ECONNRESET') return log.debug('client left')
    if (error.statusCode === 413) {
      // Answered when all of it has come: a connection that is closed with bytes unread is reset, and the answer is lost.
      request.raw.once('end', () => reject(request, reply, 413, `the request body must be at most ${bodyLimit} bytes`))
      request.raw.resume()
      return
    }
    if (error.statusCode === 415) return reject(request, reply, 415, 'the content type must be application/json')
    if (error.statusCode !== undefined && error.statusCode < 500) return reject(request, reply, 400, error.message)
    log.error('request failed', withoutContent(error))
    send(reply, 500, json, JSON.stringify(failure(500, 'the server failed; its log says more')))
  })

  const sockets = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  function respondTo(operation: Operation, review: AdmissionReview, start: number, reply: FastifyReply): void {
    const { answer, text } = inspect(operation, review)
    metrics.reviewed(operation, answer.outcome, (performance.now() - start) / 1000)
    for (const { rule, action } of answer.findings) metrics.found(rule, action)
    send(reply, 200, json, text)
  }

  function inspect(operation: Operation, review: AdmissionReview): { answer: Answer; text: string } {
    try {
      const answer = bringsObject(review.request) ? respond(operation, review) : uninspected(review)
      return { answer, text: JSON.stringify(answer.response) }
    } catch (error) {
      metrics.faulted()
      const { uid, namespace, name } = review.request
      log.error('internal fault', { operation, uid, namespace, name, ...withoutContent(error) })
      const answer = faulted(review, onFault(review))
      return { answer, text: JSON.stringify(answer.response) }
    }
  }

  function send(reply: FastifyReply, code: number, type: string, text: string): void {
    if (stopped !== undefined) reply.header('connection', 'close')
    reply.code(code).header('content-type', type).send(text)
  }

  /** Turns a request away. What it says may quote the request, and is not logged. */
  function reject(request: FastifyRequest, reply: FastifyReply, code: Code, message: string, field?: string): void {
    metrics.rejected(code)
    log.info('request rejected', { code, field, method: request.method, remote: request.ip })
    send(reply, code, json, JSON.stringify(failure(code, message)))
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
    const overdue = setTimeout(() => sockets.forEach((socket) => socket.destroy()), grace)
    await new Promise((resolve) => app.server.close(resolve))
    clearTimeout(overdue)
    await app.close()
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
    reload(pair) {
      app.server.setSecureContext({ ...pair, minVersion })
      log.info('certificate reloaded')
    },
    stop(options) {
      stopped ??= drain(options?.lameDuck ?? lameDuck)
      return stopped
    },
  }
}

/** The methods of the paths, for who asks with another. */
const methods = new Map([
  ['/mutate', 'POST'],
  ['/validate', 'POST'],
  ['/livez', 'GET'],
  ['/readyz', 'GET'],
  ['/metrics', 'GET'],
])

const malformed = { code: 400, message: 'the request must be HTTP/1.1' } as const

/** What Node says of a request that it could not read, as it is answered. */
const clientErrors: Readonly<Record<string, { code: Code; message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 408, message: `the whole request must come within ${requestTimeout / 1000} seconds` },
  HPE_HEADER_OVERFLOW: { code: 431, message: 'the request headers must be at most 16384 bytes' },
}
