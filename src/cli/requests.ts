/** Requests to registries, and to the helpers that keep credentials for them: the network, as cmd hands it in. */
import { spawn } from 'node:child_process'
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http'
import { Agent, request as secureRequest } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { AskHelper } from '../oci/credentials.ts'
import { ImageError } from '../oci/image-error.ts'
import type { Http } from '../oci/registry.ts'

/** @param authorities certificates (PEM) that are trusted as well as those of Node, which include NODE_EXTRA_CA_CERTS */
export function requester(authorities: string | undefined): Http {
  // Through the proxy that the environment names, as docker and pip do.
  const shared = { keepAlive: false, proxyEnv: process.env }
  const agents = {
    plain: new PlainAgent(shared),
    verified: new Agent({ ...shared, ...(authorities === undefined ? {} : { ca: [...rootCertificates, authorities] }) }),
    any: new Agent({ ...shared, rejectUnauthorized: false }),
  }
  return ({ url, method, headers, body, isVerified, signal }) =>
    new Promise((resolve, reject) => {
      const options = { method, signal,
        headers: { 'user-agent': 'paddock', ...headers,
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) } }
      const answered = (response: IncomingMessage): void => {
        // What fails later is told to who reads it.
        response.on('error', () => {})
        resolve({
          status: response.statusCode ?? 0,
          header: (name) => {
            const value = response.headers[name]
            return Array.isArray(value) ? value[0] : value
          },
          body: response,
          discard: () => void response.destroy(),
        })
      }
      const sent = url.protocol === 'http:' ? plainRequest(url, { ...options, agent: agents.plain }, answered)
        : secureRequest(url, { ...options, agent: isVerified ? agents.verified : agents.any }, answered)
      sent.on('error', reject)
      sent.end(body)
    })
}

/** Milliseconds that a helper has, and bytes that it may answer. */
const patience = 4000
const largestAnswer = 64 * 1024

export const ask: AskHelper = (name, server) =>
  new Promise((resolve, reject) => {
    const failed = (why: string): void => reject(new ImageError(`docker-credential-${name} ${why}`))
    const helper = spawn(`docker-credential-${name}`, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: patience })
    let answer = ''
    helper.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (answer.length > largestAnswer) helper.kill()
    })
    helper.on('error', () => failed('is not installed'))
    helper.on('close', (status) => {
      if (status === null) failed('does not answer in time')
      // It says so where it knows nothing of a server.
      else resolve(status === 0 ? answer : undefined)
    })
    helper.stdin.on('error', () => {})
    helper.stdin.end(server)
  })
