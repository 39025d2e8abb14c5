/** The webhook as a process serves it: a certificate, a port, and an end that is drained. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import type { PolicyFor } from '../policy/governed.ts'
import { certificateFolder } from './certificate-folder.ts'
import { onFaultOf, responder } from './respond.ts'
import { createServer, type ServerOptions } from './server.ts'

export { jsonLog } from './log.ts'
export { warmUp } from './warm-up.ts'

export interface ServingOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly policyFor: PolicyFor
  /** Where `tls.crt`, `tls.key` and `ca.crt` are, or are made; undefined for a certificate that lives as long as the process. */
  readonly certDir: string | undefined
  readonly exemptNamespaces: readonly string[]
  readonly log: ServerOptions['log']
  /** Milliseconds from "not ready" to the closing of the port. */
  readonly lameDuck: number
  readonly now: number
}

export interface Serving {
  readonly url: string
  /** The CA of the certificate; undefined where somebody put a certificate there without it. */
  readonly ca: string | undefined
  /** Drains: `lameDuck` milliseconds, or those given here. */
  readonly stop: (lameDuck?: number) => Promise<void>
  readonly stopped: Promise<void>
}

/** Serves. Throws with the system's `code` (`EADDRINUSE`) where the port cannot be opened. */
export async function serve({ host, port, policyFor, certDir, exemptNamespaces, log, lameDuck, now }: ServingOptions): Promise<Serving> {
  const hosts = [...new Set(['localhost', '127.0.0.1', ...(host === '0.0.0.0' || host === '::' ? [] : [host])])]
  const { key, cert, ca } = certDir === undefined ? await passingCertificate(hosts, now) : await certificateFolder(certDir, hosts, now)
  const respond = responder(policyFor, { exemptNamespaces })
  const server = createServer({ respond, tls: { key, cert }, log, onFault: (review) => onFaultOf(policyFor, review), lameDuck })
  const address = await server.listen({ host, port })
  const { promise: stopped, resolve } = Promise.withResolvers<void>()
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: `https://${name}:${address.port}`,
    ca,
    stopped,
    async stop(delay) {
      await server.stop(delay === undefined ? {} : { lameDuck: delay })
      resolve()
    },
  }
}

/** A certificate that nobody needs once the process has ended. */
async function passingCertificate(hosts: readonly string[], now: number): ReturnType<typeof certificateFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'paddock-'))
  try {
    return await certificateFolder(folder, hosts, now)
  } finally {
    await rm(folder, { recursive: true })
  }
}
