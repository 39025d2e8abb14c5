// The load: keep-alive TLS connections that each send the next review when the last is answered.
// A process of its own, that does as little as it can: requests are bytes made beforehand, answers are looked at by offset.
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Operation } from '../src/admission/responder.ts'
import { filling, stream, templateOf, type StreamName, type Written } from './streams.ts'

/** One round, as it is asked for. */
export interface Round {
  readonly port: number
  readonly ca: string
  readonly operation: Operation
  readonly stream: StreamName
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
/** Reviews that were sent, to each port and of each stream. */
const sent = new Map<string, number>()
const streams = new Map<string, readonly Written[]>()

function open({ port, ca, connections }: Round): Promise<TLSSocket[]> {
  const sockets = Array.from({ length: connections }, async () => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    await once(socket, 'secureConnect')
    return socket
  })
  return Promise.all(sockets)
}

async function run(round: Round): Promise<Result> {
  const key = String(round.port)
  if (!pools.has(key)) pools.set(key, open(round))
  const sockets = (await pools.get(key)) as TLSSocket[]
  const kind = `${round.stream} ${round.operation}`
  const written = streams.get(kind) ?? stream(round.stream, round.operation)
  streams.set(kind, written)
  const counted = `${key} ${kind}`
  const latencies = new Float64Array(round.requests)
  let begun = 0
  let ended = 0
  let sample = ''
  const { promise, resolve, reject } = Promise.withResolvers<void>()

  const before = process.cpuUsage()
  const start = performance.now()
  for (const socket of sockets) {
    const requests = written.map(({ bytes }) => Buffer.from(bytes))
    let digits = ''
    let at = 0
    let answer = ''
    const send = () => {
      if (begun === round.requests) return
      begun++
      const review = sent.get(counted) ?? 0
      sent.set(counted, review + 1)
      const template = templateOf(round.stream, review)
      const index = review % written.length
      const request = requests[index]!
      for (const { at: place, fill } of written[index]!.places) request.write(filling(fill, review, template), place, 'latin1')
      digits = filling('review', review, template)
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
