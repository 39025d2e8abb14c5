/** The operator: of several processes one acts, and keeps what Paddock needs in the cluster, and scans it. */
import type { Log } from '../log.ts'
import type { Random } from '../x509/authority.ts'
import { cleanup } from './cleanup.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { connect } from '../cluster/connect.ts'
import { keepConfigurations } from './configuration-keeper.ts'
import { upgradeDefinitions } from './definitions.ts'
import { serveProbes } from './http.ts'
import { lead } from './leader.ts'
import { lookingInto } from './looking.ts'
import { createMetrics } from './metrics.ts'
import { operatorOptions, type OperatorOptions } from './options.ts'
import { LivePolicies } from '../cluster/policies.ts'
import { startScan } from './scan-loop.ts'

export interface Surroundings {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Another for each process: the Pod's name. */
  readonly instance: string
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly randomBytes: Random
  /** What the thread runs that looks into images: `cmd/looking.ts`. */
  readonly looking: URL
}

/** Runs until the signal aborts. @throws LeaseLost; and an error to show to who started it */
export async function operator(surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  const { args, env, version, log, now } = surroundings
  const options = operatorOptions(args, env)
  const cluster = await connect({ kubeconfig: options.kubeconfig, userAgent: `paddock-operator/${version}` })
  try {
    if (options.command === 'cleanup') await cleanup(cluster, options, { log, now })
    else await run(cluster, options, surroundings, signal)
  } finally {
    cluster.close()
  }
}

async function run(cluster: Cluster, options: OperatorOptions, { instance, version, log, now, randomBytes, looking }: Surroundings,
  signal: AbortSignal): Promise<void> {
  const { namespace, name, host, port, leaseDuration } = options
  const looks = options.lookingInto && lookingInto(cluster, options, options.lookingInto, looking, log)
  const metrics = createMetrics(() => cluster.requests, looks?.totals)
  const policies = new LivePolicies(cluster, { log })
  const probes = await serveProbes({
    host,
    port,
    unready: () => (policies.isSynced ? undefined : 'the policies are not known yet'),
    metrics: () => metrics.text(),
  })
  log.info('started', { port: probes.port, namespace, name })
  const identity = `${instance}_${crypto.randomUUID()}`
  try {
    await lead(cluster, { namespace, name: `${name}-operator`, identity, leaseDuration, log, now }, async (acting) => {
      metrics.leading(true)
      await upgradeDefinitions(cluster, version, log)
      const { scanInterval: interval, reports, excludedNamespaces, webhookUrl: url } = options
      const scan = startScan(cluster, { interval, reports, excludedNamespaces: [namespace, ...excludedNamespaces], instance }, policies, {
        log,
        metrics,
        images: looks?.images,
        now,
      })
      await keepConfigurations(cluster, { ...options, url, hosts: hosts(options) }, policies.changes.policies, { log, metrics, now,
        randomBytes }, acting)
      await scan.stop()
      metrics.leading(false)
    }, signal)
  } finally {
    await Promise.all([policies.stop(), probes.stop(), looks?.stop()])
  }
}

/** What the webhook is called by: the API server asks for the first. */
function hosts({ name, namespace, webhookUrl }: OperatorOptions): readonly string[] {
  const service = `${name}-webhook.${namespace}`
  const own = webhookUrl === undefined ? [] : [new URL(webhookUrl).hostname.replace(/^\[|\]$/g, '')]
  return [`${service}.svc`, service, `${service}.svc.cluster.local`, ...own]
}
