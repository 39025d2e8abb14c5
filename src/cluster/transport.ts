/** Requests to an API server: over connections that are kept, with time limits, repeated where that is safe. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { apiError, ApiError, KubeconfigError, NoAnswer } from './api-error.ts'
import { pauseAfter } from './back-off.ts'
import type { Credentials } from './kubeconfig.ts'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  /** For messages: `list deployments.apps`. */
  readonly asked: string
  readonly accept?: string | undefined
  readonly contentType?: string | undefined
  readonly body?: unknown
}

export interface Transport {
  /** Calls made so far, repeated ones counted each. */
  readonly requests: number
  /** The answer, which is JSON. @throws ApiError, NoAnswer */
  json<T>(call: Call): Promise<T>
  /** The answer as it comes, so many bytes of it at most. @throws ApiError, NoAnswer */
  bytes(call: Call, most: number): Promise<Uint8Array>
  /**
   * The answer as it comes, line by line; before the first an empty one, when the answer begins.
   * @throws ApiError, NoAnswer; also where no byte comes for `silence` milliseconds
   */
  lines(call: Call, silence: number, signal: AbortSignal): AsyncGenerator<string>
  close(): void
}

export interface TransportSettings {
  readonly userAgent: string
  /** Milliseconds in which a call is repeated after it went wrong. */
  readonly patience: number
  /** Milliseconds for a call, from its first byte to the last of the answer. */
  readonly timeout: number
  readonly random: () => number
}

/** Milliseconds. Below the 90 s after which an API server closes a connection that is not used. */
const idle = 60_000
/** Milliseconds between probes of a connection that is silent: as client-go. */
const keepAliveMsecs = 30_000
const pauses = { first: 250, most: 5_000 }

/** Too many requests, a fault, no backend for the moment, a time-out of the API server's own: the next try may go well. */
const passing = new Set([429, 500, 502, 503, 504])
/** Nothing has reached the API server. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

export function transport(credentials: Credentials, { userAgent, patience, timeout, random }: TransportSettings): Transport {
  const plain = credentials.server.startsWith('http:')
  const agentOptions = { keepAlive: true, keepAliveMsecs, timeout: idle, maxFreeSockets: 8 }
  const agent = plain ? new HttpAgent(agentOptions) : new HttpsAgent(agentOptions)
  let requests = 0

  /** One try: the answer's head, with a status of 2xx. */
  async function send({ method, path, asked, accept, contentType, body }: Call, signal: AbortSignal): Promise<IncomingMessage> {
    const { headers, ...options } = await credentials.options()
    const text = body === undefined ? undefined : JSON.stringify(body)
    requests++
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = (plain ? httpRequest : httpsRequest)(new URL(credentials.server + path), {
        agent,
        ...options,
        method,
        signal,
        headers: {
          ...headers,
          accept: accept ?? 'application/json',
          'user-agent': userAgent,
          ...(text === undefined
            ? {}
            : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      })
      sent.once('response', resolve).on('error', reject)
      sent.end(text)
    })
    // Who reads it is told, be it later.
    response.on('error', () => {})
    const code = response.statusCode ?? 0
    if (code >= 200 && code < 300) return response
    throw apiError(asked, code, await read(response), response.headers['retry-after'])
  }

  /** An error as it is thrown: what is no answer of the API server is put into words. */
  function worded({ asked }: Call, error: unknown, limit: AbortSignal): unknown {
    if (error instanceof ApiError || error instanceof NoAnswer || error instanceof KubeconfigError) return error
    if (limit.aborted) return new NoAnswer(`${asked}: ${credentials.server} did not answer in time`, 'ETIMEDOUT', error)
    const { message, code } = error as NodeJS.ErrnoException
    return new NoAnswer(`${asked}: ${credentials.server}: ${message || code}`, code ?? 'ECONNRESET', error)
  }

  /** What is made of the answer; a call that went wrong is repeated. */
  async function answered<T>(call: Call, take: (response: IncomingMessage) => Promise<T>): Promise<T> {
    const end = performance.now() + patience
    for (let failures = 1;; failures++) {
      const limit = AbortSignal.timeout(timeout)
      try {
        return await take(await send(call, limit))
      } catch (thrown) {
        const error = worded(call, thrown, limit)
        const pause = Math.max(
          pauseAfter(failures, pauses, random),
          (error instanceof ApiError ? error.retryAfter : undefined) ?? 0,
        )
        if (!mayRepeat(call, error) || performance.now() + pause > end) throw error
        await sleep(pause)
      }
    }
  }

  return {
    get requests() {
      return requests
    },
    json: <T>(call: Call) => answered(call, async (response) => JSON.parse(await read(response)) as T),
    bytes: (call, most) => answered(call, (response) => readBytes(response, most)),
    async *lines(call, silence, signal) {
      const quiet = new AbortController()
      let timer = setTimeout(() => quiet.abort(), timeout)
      const renew = (milliseconds: number) => {
        clearTimeout(timer)
        timer = setTimeout(() => quiet.abort(), milliseconds)
      }
      try {
        const response = await send(call, AbortSignal.any([signal, quiet.signal]))
        response.setEncoding('utf8')
        let rest = ''
        renew(silence)
        yield ''
        for await (const chunk of response as AsyncIterable<string>) {
          renew(silence)
          const parts = chunk.split('\n')
          parts[0] = rest + parts[0]
          rest = parts.pop() ?? ''
          yield* parts
        }
        if (rest !== '') yield rest
      } catch (error) {
        if (!signal.aborted) throw worded(call, error, quiet.signal)
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => agent.destroy(),
  }
}

async function read(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  const parts: string[] = []
  for await (const part of response as AsyncIterable<string>) parts.push(part)
  return parts.join('')
}

/** No more is read than is wanted: what is left is not waited for. */
async function readBytes(response: IncomingMessage, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response as AsyncIterable<Uint8Array>) {
    parts.push(part)
    length += part.length
    if (length >= most) break
  }
  return Buffer.concat(parts).subarray(0, most)
}

/** A POST that may have been heard would be two. */
function mayRepeat({ method }: Call, error: unknown): boolean {
  if (error instanceof NoAnswer) return unsent.has(error.code) || method !== 'POST'
  if (!(error instanceof ApiError)) return false
  return method === 'POST' ? error.code === 429 : passing.has(error.code)
}
