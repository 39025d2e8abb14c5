// The load: keep-alive TLS connections that each send the next review when the last is answered.
// A process of its own, that does as little as it can: requests are bytes made beforehand, answers are looked at by offset.
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Operation } from '../src/admission/responder.ts'
import { admissionReview, counter } from './review.ts'

/** One round, as it is asked for. */
export interface Round {
  readonly port: number
  readonly ca: string
  readonly operation: Operation
  readonly connections: number
  readonly requests: number
}

/** What came of it. Latencies in milliseconds, the CPU of the load itself in seconds. */
export interface Result {
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  /** The body of one answer, to be looked at. */
  readonly sample: string
}

const pools = new Map<string, Promise<TLSSocket[]>>()
let sent = 0

function open({ port, ca, connections }: Round): Promise<TLSSocket[]> {
  const sockets = Array.from({ length: connections }, async () => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    await once(socket, 'secureConnect')
    return socket
  })
  return Promise.all(sockets)
}

/** The bytes of a request, and where in them the counter stands. */
function template(operation: Operation): { bytes: Buffer; places: number[] } {
  const body = JSON.stringify(admissionReview(operation))
  const head = [
    `POST /${operation}?timeout=10s HTTP/1.1`,
    'Host: paddock.paddock.svc:443',
    'User-Agent: kube-apiserver-admission',
    'Accept: application/json, */*',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ]
  const text = `${head.join('\r\n')}\r\n\r\n${body}`
  const places = [...text.matchAll(new RegExp(counter, 'g'))].map((match) => match.index)
  return { bytes: Buffer.from(text, 'latin1'), places }
}

async function run(round: Round): Promise<Result> {
  const key = String(round.port)
  if (!pools.has(key)) pools.set(key, open(round))
  const sockets = (await pools.get(key)) as TLSSocket[]
  const { bytes, places } = template(round.operation)
  const latencies = new Float64Array(round.requests)
  let begun = 0
  let ended = 0
  let sample = ''
  const { promise, resolve, reject } = Promise.withResolvers<void>()

  const before = process.cpuUsage()
  const start = performance.now()
  for (const socket of sockets) {
    const request = Buffer.from(bytes)
    let digits = ''
    let at = 0
    let answer = ''
    const send = () => {
      if (begun === round.requests) return
      begun++
      digits = String(++sent).padStart(counter.length, '0')
      for (const place of places) request.write(digits, place, 'latin1')
      at = performance.now()
      socket.write(request)
    }
    const receive = (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      const end = answer.indexOf('\r\n\r\n') + 4
      if (end === 3) return
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1])
      if (answer.length < end + length) return
      if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(digits) || !answer.includes('"allowed":true')) {
        return reject(new Error(`not the answer that was expected: ${answer}`))
      }
      latencies[ended++] = performance.now() - at
      if (ended === round.requests) {
        sample = answer.slice(end)
        resolve()
      }
      answer = ''
      send()
    }
    socket.removeAllListeners('data').on('data', receive)
    socket.removeAllListeners('close').once('close', () => reject(new Error('the server closed a connection under load')))
    send()
  }
  await promise
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  latencies.sort()
  const quantile = (q: number) => latencies[Math.floor(q * (round.requests - 1))] ?? NaN
  return { seconds, p50: quantile(0.5), p99: quantile(0.99), cpu: (user + system) / 1e6, sample }
}

process.on('message', (round: Round) => {
  run(round).then(
    (result) => process.send?.(result),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit())
