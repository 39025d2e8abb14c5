// The load of bench/under-bulk.ts: as many at once as it is told ask about one bulk, again and again; or send all of it but a byte.
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { bulks, bulkyPod, largestNumber } from './bulks.ts'

export interface BulkLoad {
  readonly port: number
  readonly ca: string
  readonly name: string
  readonly width: number
  readonly seconds: number
}

/** Connections that promise so many bytes, and stop one short of them until the process ends. */
export interface StalledLoad {
  readonly port: number
  readonly ca: string
  readonly connections: number
  readonly length: number
}

/** Status codes with how often each was answered; 0 for a connection that was closed. */
export type BulkAnswers = [status: number, count: number][]

// It stands for other machines, which take no processor from the webhook.
setPriority(19)

process.once('message', (load: BulkLoad | StalledLoad) => ('name' in load ? ask(load) : stall(load)))

async function ask({ port, ca, name, width, seconds }: BulkLoad): Promise<void> {
  const bulk = bulks.find((one) => one.name === name)
  if (!bulk) throw new Error(`there is no bulk "${name}"`)
  const object = bulkyPod(bulk, largestNumber(bulk))
  const body = Buffer.from(
    JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
      request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object } }),
  )
  const agent = new Agent({ keepAlive: true, maxSockets: width })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const one = async (path: string): Promise<number> => {
    const asked = request({ host: '127.0.0.1', port, path, method: 'POST', agent, ca, servername: 'localhost', headers })
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
    response.resume()
    await once(response, 'end')
    return response.statusCode
  }
  const answers = new Map<number, number>()
  const end = performance.now() + seconds * 1000
  await Promise.all(Array.from({ length: width }, async (_, index) => {
    do {
      const status = await one(index % 2 === 0 ? '/mutate?timeout=2s' : '/validate?timeout=2s').catch(() => 0)
      answers.set(status, (answers.get(status) ?? 0) + 1)
      // Otherwise it would be the bytes that are measured: 250 MB of them a second.
      await sleep(1_000)
    } while (performance.now() < end)
  }))
  process.send?.([...answers] satisfies BulkAnswers)
}

async function stall({ port, ca, connections, length }: StalledLoad): Promise<void> {
  const body = Buffer.alloc(length - 1, ' ')
  await Promise.all(Array.from({ length: connections }, async () => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    socket.write(`POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`)
    socket.write(body)
  }))
  process.send?.('sent')
}
