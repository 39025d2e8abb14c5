/** The operator's own server: probes and metrics over plain HTTP. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ProbesSettings {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Why the process is not ready yet; undefined where it is. */
  readonly unready: () => string | undefined
  /** Why the process has to be started anew; undefined where it lives. */
  readonly unwell?: () => string | undefined
  /** All metrics, in the Prometheus text format. */
  readonly metrics: () => string | Promise<string>
}

export interface Probes {
  readonly port: number
  stop(): Promise<void>
}

/** Prometheus text format, version 0.0.4. */
const metricsType = 'text/plain; version=0.0.4; charset=utf-8'
const plain = 'text/plain; charset=utf-8'

/** Serves `/livez`, `/readyz` and `/metrics`. @throws with the system's `code` (`EADDRINUSE`) where the port cannot be opened */
export async function serveProbes({ host, port, unready, unwell = () => undefined, metrics }: ProbesSettings): Promise<Probes> {
  const probe = (problem: string | undefined) => ({
    status: problem === undefined ? 200 : 503,
    type: plain,
    text: problem ?? 'ok',
  })
  const answer = async (path: string) => {
    if (path === '/livez') return probe(unwell())
    if (path === '/readyz') return probe(unready())
    if (path === '/metrics') return { status: 200, type: metricsType, text: await metrics() }
    return { status: 404, type: plain, text: 'the path must be one of /livez, /readyz, /metrics' }
  }
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 100_000 },
    (request, response) => {
      const [path = ''] = (request.url ?? '').split('?')
      const found = request.method === 'GET' || request.method === 'HEAD'
        ? answer(path)
        : Promise.resolve({ status: 405, type: plain, text: 'the method must be GET' })
      found
        .catch((error: Error) => ({ status: 500, type: plain, text: error.message }))
        .then(({ status, type, text }) =>
          response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : text)
        )
        .catch(() => response.destroy())
    },
  )
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
