import { NoCluster, startCluster, type Cluster } from '../cluster/cluster.ts'

/** The cluster of this run, for stop-cluster.ts. */
export let cluster: Cluster | undefined

/**
 * Runs once before all e2e suites, which find the cluster in `PADDOCK_E2E_CLUSTER`. Without a cluster they are skipped,
 * unless `PADDOCK_REQUIRE_CLUSTER` is 1.
 */
export default async function startForAllSuites(): Promise<void> {
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const started = Date.now()
  try {
    cluster = await startCluster((line) => say(`cluster: ${line}`))
  } catch (error) {
    if (!(error instanceof NoCluster) || process.env['PADDOCK_REQUIRE_CLUSTER'] === '1') throw error
    say(`The e2e tests did not run. ${error.message}`)
    return
  }
  // JSON leaves out `stop`, which is stop-cluster.ts's business.
  process.env['PADDOCK_E2E_CLUSTER'] = JSON.stringify(cluster)
  say(`cluster: up in ${((Date.now() - started) / 1000).toFixed(1)} s (${cluster.source})`)
}
