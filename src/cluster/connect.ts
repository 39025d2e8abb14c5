/** The way to an API server: the one door to `@kubernetes/client-node`. */
import { readFileSync } from 'node:fs'
import { apiCluster } from './api-cluster.ts'
import type { Cluster } from './cluster.ts'
import { transport } from './transport.ts'

export interface ConnectSettings {
  /** A file; undefined for `$KUBECONFIG`, `~/.kube/config`, or the Pod's own credentials. */
  readonly kubeconfig?: string | undefined
  /** Undefined for the kubeconfig's own choice. */
  readonly context?: string | undefined
  /** Who is asking, for the API server's audit log: `paddock-operator/0.1.0`. `paddock` unless set. */
  readonly userAgent?: string
  /** Milliseconds in which a call is repeated: 10,000 unless set. A person at a terminal waits for less. */
  readonly patience?: number
  /** Milliseconds for a call: 30,000 unless set. */
  readonly timeout?: number
  readonly random?: () => number
}

/** @throws KubeconfigError where no API server is to be found; whether it answers is seen with the first call. */
export async function connect(settings: ConnectSettings): Promise<Cluster> {
  const { kubeconfig, context, userAgent = 'paddock', patience = 10_000, timeout = 30_000, random = Math.random } = settings
  const { credentials } = await import('./kubeconfig.ts')
  const found = credentials(kubeconfig, context, (path) => readFileSync(path, 'utf8'))
  return apiCluster(found, transport(found, { userAgent, patience, timeout, random }), random)
}
