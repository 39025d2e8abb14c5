/** Takes away what the operator has made: what runs before Paddock is removed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { authoritySecret, servingSecret, type Release } from './certificate-secrets.ts'
import { ApiError } from '../cluster/api-error.ts'
import type { Cluster, KubernetesObject, Place, Resource } from '../cluster/cluster.ts'
import { removeReports } from './reports.ts'
import { deployments, leases, mutatingWebhookConfigurations, secrets, validatingWebhookConfigurations } from '../cluster/resources.ts'
import { labels } from './webhook-configurations.ts'

/** Milliseconds for all of it; and for an operator that is to end. */
const patience = 30_000
const notice = 10_000
/** Milliseconds for which nothing has come back. */
const quiet = 1500

interface Deployment extends KubernetesObject {
  readonly spec: { readonly replicas?: number }
  readonly status?: { readonly replicas?: number }
}

/**
 * The webhook configurations, the Secrets of the certificates, the Lease and the reports. What is not there is well.
 *
 * @throws where something is left after half a minute
 */
export async function cleanup(cluster: Cluster, release: Release,
  { log, now }: { readonly log: Log; readonly now: () => number }): Promise<void> {
  const end = now() + patience
  const failures: string[] = []
  await stopOperator(cluster, release, Math.min(end, now() + notice), now).catch((error: Error) =>
    log.warn('operator not stopped', { error: error.message })
  )
  while (!(await isClean(cluster, release, log, failures))) {
    if (now() >= end) throw new Error(`something is left: ${failures.join('; ') || 'it is made again as soon as it is deleted'}`)
    await sleep(quiet)
  }
  log.info('cleaned up')
}

/** One that runs would make everything again. */
async function stopOperator(cluster: Cluster, { name, namespace }: Release, end: number, now: () => number): Promise<void> {
  const place = { namespace, name: `${name}-operator` }
  const running = async () => {
    const found = await cluster.get<Deployment>(deployments, place)
    return found !== undefined && ((found.spec.replicas ?? 1) > 0 || (found.status?.replicas ?? 0) > 0)
  }
  if (!(await running())) return
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: place, spec: { replicas: 0 } }
  await cluster.apply(deployments, scale, { fieldManager: 'paddock-cleanup', force: true, subresource: 'scale' })
  while (now() < end && (await running())) await sleep(250)
}

/** Deletes what is there. True where nothing was, and all of it could be looked at. */
async function isClean(cluster: Cluster, release: Release, log: Log, failures: string[]): Promise<boolean> {
  failures.length = 0
  let found = 0
  const attempt = async (what: string, work: () => Promise<number>) => {
    try {
      found += await work()
    } catch (error) {
      failures.push(`${what}: ${(error as Error).message}`)
      log.warn('not deleted', { what, error: (error as Error).message })
    }
  }
  const remove = async (resource: Resource, place: Place) => {
    const isThere = await cluster.delete(resource, place)
    if (isThere) log.info('deleted', { kind: resource.kind, name: place.name })
    return Number(isThere)
  }
  // First what stands in others' way.
  for (const resource of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
    await attempt(resource.plural, async () => {
      let removed = 0
      for (const name of new Set([release.name, ...(await labelled(cluster, resource, release))]))
        removed += await remove(resource, { name })
      return removed
    })
  }
  for (const place of [servingSecret(release), authoritySecret(release)]) await attempt(place.name, () => remove(secrets, place))
  await attempt('lease', () => remove(leases, { namespace: release.namespace, name: `${release.name}-operator` }))
  await attempt('reports', () => removeAllReports(cluster).then(() => 0))
  return found === 0 && failures.length === 0
}

async function labelled(cluster: Cluster, resource: Resource, { name }: Release): Promise<string[]> {
  const labelSelector = Object.entries(labels(name)).map(([key, value]) => `${key}=${value}`).join(',')
  const names: string[] = []
  try {
    for await (const { items } of cluster.pages(resource, { labelSelector, metadataOnly: true }))
      names.push(...items.map(({ metadata }) => metadata.name))
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error
  }
  return names
}

/** Of either kind, whatever was installed when. */
async function removeAllReports(cluster: Cluster): Promise<void> {
  for (const [group, kind] of [['openreports.io', 'Report'], ['wgpolicyk8s.io', 'PolicyReport']] as const) {
    const resource = (await cluster.served(group)).find((one) => one.kind === kind)
    if (resource) await removeReports(cluster, resource)
  }
}
