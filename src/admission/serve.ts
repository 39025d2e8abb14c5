/** The webhook as a process serves it: a certificate, a port, and an end that is drained. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import type { PolicyFor } from '../policy/governed.ts'
import { certificateFolder, type Serving as Certificates } from './certificate-folder.ts'
import { ClientCa } from './client-ca.ts'
import { Memo } from './memo.ts'
import { ReadingThread } from './reading-thread.ts'
import { onFaultOf, responder } from './respond.ts'
import { createServer, type ServerOptions } from './server.ts'

export { jsonLog } from '../log.ts'
export { warmUp } from './warm-up.ts'

export interface ServingOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly policyFor: PolicyFor
  /** The same object as long as `policyFor` has the same policy for each workload. */
  readonly state: () => object
  /** Bytes of answers that are remembered; 0 for none. */
  readonly memo: number
  /** Where `tls.crt`, `tls.key` and `ca.crt` are, or are made; undefined for a certificate that lives as long as the process. */
  readonly certDir: string | undefined
  /** A file with the authorities whose clients may send reviews; undefined where anybody may. */
  readonly clientCa: string | undefined
  /** What the thread for large reviews runs. */
  readonly reading: URL
  readonly exemptNamespaces: readonly string[]
  readonly log: ServerOptions['log']
  /** Milliseconds from "not ready" to the closing of the port. */
  readonly lameDuck: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds after which it is looked whether the files of certificates are others: a minute unless set. */
  readonly lookEvery?: number
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
export async function serve(options: ServingOptions): Promise<Serving> {
  const { host, port, policyFor, state, memo, certDir, exemptNamespaces, log, lameDuck, now, lookEvery = 60_000 } = options
  const hosts = [...new Set(['localhost', '127.0.0.1', ...(host === '0.0.0.0' || host === '::' ? [] : [host])])]
  const clientCa = await ClientCa.read(options.clientCa)
  let served = certDir === undefined ? await passingCertificate(hosts, now()) : await certificateFolder(certDir, hosts, now())
  const responding = { exemptNamespaces }
  const respond = responder(policyFor, responding)
  const server = createServer({
    respond,
    memo: memo > 0 ? new Memo({ bytes: memo, respond, state }) : undefined,
    thread: new ReadingThread({ entry: options.reading, policyFor, options: responding, log }),
    tls: served,
    ...clientCa.asked,
    log,
    onFault: (review) => onFaultOf(policyFor, review),
    lameDuck,
  })
  const address = await server.listen({ host, port })
  const look = async (): Promise<void> => {
    try {
      const found = certDir === undefined ? served : await certificateFolder(certDir, hosts, now())
      if (!(await clientCa.isRead()) && isSame(found, served)) return
      server.reload(found, clientCa.pem)
      served = found
      if (found.made) log.warn('certificate made anew: clients must trust its CA', { folder: certDir })
    } catch (error) {
      log.warn('certificate not taken', { error: (error as Error).message })
    }
  }
  const looking = setInterval(() => void look(), lookEvery).unref()
  const { promise: stopped, resolve } = Promise.withResolvers<void>()
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: `https://${name}:${address.port}`,
    ca: served.ca,
    stopped,
    async stop(delay) {
      clearInterval(looking)
      await server.stop(delay === undefined ? {} : { lameDuck: delay })
      resolve()
    },
  }
}

const isSame = (one: Certificates, other: Certificates): boolean => one.cert === other.cert && one.key === other.key

/** A certificate that nobody needs once the process has ended. */
async function passingCertificate(hosts: readonly string[], now: number): ReturnType<typeof certificateFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'paddock-'))
  try {
    return await certificateFolder(folder, hosts, now)
  } finally {
    await rm(folder, { recursive: true })
  }
}
