/** Requests to registries: the network, as cmd hands it in. */
import { lookup as lookUp } from 'node:dns'
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http'
import { Agent, request as secureRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { Http } from '../../oci/registry.ts'
import { forbiddenCode, isForbidden } from './addresses.ts'

/**
 * @param authorities certificates (PEM) that are trusted as well as those of Node, which include NODE_EXTRA_CA_CERTS
 * @param isGuarded true where addresses of this machine and of its link are never spoken to, whatever name they go by
 */
export function requester(authorities: string | undefined, isGuarded = false): Http {
  // Through the proxy that the environment names, as docker and pip do.
  const shared = { keepAlive: false, proxyEnv: process.env, ...(isGuarded ? { lookup: guardedLookUp } : {}) }
  const agents = {
    plain: new PlainAgent(shared),
    verified: new Agent({ ...shared, ...(authorities === undefined ? {} : { ca: [...rootCertificates, authorities] }) }),
    any: new Agent({ ...shared, rejectUnauthorized: false }),
  }
  return ({ url, method, headers, body, isVerified, signal }) =>
    new Promise((resolve, reject) => {
      // An address is not looked up.
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
      if (isGuarded && isIP(host) !== 0 && isForbidden(host)) return reject(forbidden())
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

const forbidden = (): Error => Object.assign(new Error('the address is not spoken to'), { code: forbiddenCode })

/** Of the addresses of a name, only those that may be spoken to: it is the one that is looked at that is spoken to. */
const guardedLookUp: LookupFunction = (hostname, options, done) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, '')
    const allowed = addresses.filter(({ address }) => !isForbidden(address))
    const [first] = allowed
    if (!first) done(forbidden(), '')
    else if (options.all === true) done(null, allowed)
    else done(null, first.address, first.family)
  })
}
