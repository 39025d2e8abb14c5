/** Requests to an API server by a kubeconfig, over connections that are kept: as little as a load needs. */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { parse } from 'yaml'

export interface ApiClient {
  /** @throws where the answer is no 2xx; the message is the server's */
  readonly ask: (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<unknown>
}

interface Kubeconfig {
  readonly 'current-context': string
  readonly contexts: readonly { name: string; context: { cluster: string; user: string } }[]
  readonly clusters: readonly { name: string; cluster: { server: string; 'certificate-authority-data'?: string } }[]
  readonly users: readonly { name: string; user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }[]
}

export function apiClient(kubeconfig: string): ApiClient {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster
  const user = config.users.find(({ name }) => name === context?.user)?.user
  if (!cluster || !user) throw new Error(`${kubeconfig} has no current context`)
  const data = (base64: string | undefined) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64'))
  const agent = new Agent({
    keepAlive: true,
    ca: data(cluster['certificate-authority-data']),
    cert: data(user['client-certificate-data']),
    key: data(user['client-key-data']),
  })
  const headers = { 'content-type': 'application/json', ...(user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }) }
  return {
    ask: (method, path, body) =>
      new Promise((resolve, reject) => {
        const sent = request(new URL(path, cluster.server), { method, agent, headers }, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const answer = JSON.parse(Buffer.concat(chunks).toString()) as { message?: string }
            const { statusCode = 0 } = response
            if (statusCode >= 200 && statusCode < 300) resolve(answer)
            else reject(new Error(`${method} ${path}: ${statusCode}: ${answer.message}`))
          })
        })
        sent.on('error', reject)
        sent.end(body === undefined ? undefined : JSON.stringify(body))
      }),
  }
}
