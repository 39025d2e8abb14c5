/** The webhook of a cluster: its policies and its certificate change while it serves. */
import { randomBytes } from 'node:crypto'
import type { Policy } from '../policy/policy.ts'
import type { Governed } from '../policy/policies.ts'
import { makeCertificates } from '../x509/authority.ts'
import { read } from '../x509/read.ts'
import { ClientCa } from './client-ca.ts'
import type { Images } from '../images/images.ts'
import { LiveImages } from './live-images.ts'
import { Memo } from './memo.ts'
import { ReadingThread } from './reading-thread.ts'
import { judgedBy, onFaultOf, responder } from './respond.ts'
import { createServer, type KeyPair, type ServerOptions } from './server.ts'

export { jsonLog } from '../log.ts'
export { warmUp } from './warm-up.ts'

/** What changes. */
export interface LiveSources {
  readonly policies: {
    /** Undefined where none governs the workload. */
    for(workload: Governed, now: number): Policy | undefined
    /** Sees to it that what is known of a namespace is enough to judge a workload of it; undefined where it is. Never rejects. */
    lookUp(namespace: string): Promise<void> | undefined
    /** Whether some policy has images looked into. */
    readonly needsImages: boolean
    /** Whether nothing is left to be looked up of a namespace. */
    isKnown(namespace: string): boolean
    /** The same object as long as `for` has the same policy for each workload of a namespace that is known. */
    stateAt(now: number): object
    /** True once all policies are known; they are from then on. */
    readonly isSynced: boolean
    /** False while changes are not heard of. */
    readonly inTouch: boolean
  }
  /** Undefined until there is one. */
  readonly certificate: KeyPair | undefined
  onCertificate(listener: (pair: KeyPair) => void): void
}

export interface LiveOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** A file with the authorities whose clients may send reviews; undefined where anybody may. */
  readonly clientCa: string | undefined
  /** What the thread for large reviews runs. */
  readonly reading: URL
  /** What looks into images; undefined where nothing may. */
  readonly images?: Images | undefined
  readonly exemptNamespaces: readonly string[]
  /** Bytes of answers that are remembered; 0 for none. */
  readonly memo: number
  /** Users that make workloads out of others, beside the cluster's own controllers. */
  readonly controllers?: readonly string[]
  readonly log: ServerOptions['log']
  /** Milliseconds from "not ready" to the closing of the port. */
  readonly lameDuck: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds after which it is looked whether the file of client authorities is another: a minute unless set. */
  readonly lookEvery?: number
}

/**
 * Serves. Ready once all policies are known and a certificate is there, and from then on: where the API server goes away,
 * what was known last holds. Until there is a certificate, probes are answered with one that nobody trusts.
 *
 * @returns what ends it, when what is under way is answered
 * @throws with the system's `code` (`EADDRINUSE`) where the port cannot be opened
 */
export async function serveLive(
  sources: LiveSources,
  { host, port, exemptNamespaces, memo, controllers = [], log, lameDuck, now, reading, images, lookEvery = 60_000, ...files }: LiveOptions,
): Promise<{ port: number; stop: (lameDuck?: number) => Promise<void> }> {
  const { policies } = sources
  const policyFor = (workload: Governed): Policy | undefined => policies.for(workload, now())
  /** Of the certificate that is served, in seconds since 1970; undefined until there is one. */
  let expiry: number | undefined
  const clientCa = await ClientCa.read(files.clientCa)
  const options = { exemptNamespaces, controllers }
  const known = new LiveImages(images, policies, judgedBy(policyFor, options))
  let served: KeyPair = makeCertificates(['localhost'], now(), randomBytes)
  const respond = responder(policyFor, options, known.imagesFor)
  const server = createServer({
    respond,
    // What is found in images comes to be known at any time: nothing is kept where that is asked for.
    memo: memo > 0
      ? new Memo({ bytes: memo, respond, state: () => policies.stateAt(now()),
        isSettled: ({ request: { namespace = '' } }) => policies.isKnown(namespace) && !policies.needsImages }) : undefined,
    thread: new ReadingThread({ entry: reading, policyFor, prepare: (namespace) => policies.lookUp(namespace), images: known.ofThread,
      options, log }),
    tls: served,
    ...clientCa.asked,
    log,
    lameDuck,
    onFault: (review) => onFaultOf(policyFor, review, options),
    prepare: known.prepare,
    totals: images?.totals ?? [],
    unready: () => expiry === undefined ? 'there is no certificate yet' : policies.isSynced ? undefined : 'policies are not known yet',
    gauges: [
      {
        name: 'paddock_certificate_expiry_timestamp_seconds',
        help: 'When the certificate that is served ends, in seconds since 1970.',
        value: () => expiry,
      },
      {
        name: 'paddock_policies_in_touch',
        help: '1 while changes of policies are heard of, 0 while the API server is away and those known last hold.',
        value: () => Number(policies.isSynced && policies.inTouch),
      },
    ],
  })
  const take = (pair: KeyPair) => {
    try {
      server.reload(pair)
      served = pair
      const { from = 0, until = 0 } = read(String(pair.cert)) ?? {}
      expiry = until / 1000
      if (from > now()) log.warn('certificate not valid yet: is the clock right?', { from: new Date(from).toISOString() })
    } catch (error) {
      log.error('certificate not taken', { error: (error as Error).message })
    }
  }
  sources.onCertificate(take)
  if (sources.certificate !== undefined) take(sources.certificate)
  const look = async (): Promise<void> => {
    try {
      if (await clientCa.isRead()) server.reload(served, clientCa.pem)
    } catch (error) {
      log.warn('client authorities not taken', { error: (error as Error).message })
    }
  }
  const looking = setInterval(() => void look(), lookEvery).unref()
  const address = await server.listen({ host, port })
  const stop = (delay = lameDuck): Promise<void> => {
    clearInterval(looking)
    return server.stop({ lameDuck: delay }).then(() => images?.stop())
  }
  return { port: address.port, stop }
}
