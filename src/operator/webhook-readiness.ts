/** Whether the webhook serves: a configuration that comes before it would hold up the cluster. */
import { request } from 'node:https'
import type { Cluster, KubernetesObject } from '../cluster/cluster.ts'
import { endpointSlices } from '../cluster/resources.ts'
import type { ConfigurationSettings } from './webhook-configurations.ts'

/** discovery.k8s.io/v1 EndpointSlice. */
interface EndpointSlice extends KubernetesObject {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null
}

/** Milliseconds. */
const patience = 2000

/** True where the Service has a ready endpoint; where there is a URL in its place, it answers that it is ready. */
export async function isReady(cluster: Pick<Cluster, 'pages'>, { name, namespace, url }: ConfigurationSettings,
  bundle: string): Promise<boolean> {
  if (url !== undefined) return answers(`${url}/readyz`, bundle)
  const labelSelector = `kubernetes.io/service-name=${name}-webhook`
  for await (const { items } of cluster.pages<EndpointSlice>(endpointSlices, { namespace, labelSelector }))
    // Unknown is to be taken for ready. Source: k8s.io/api/discovery/v1.
    if (items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready !== false))) return true
  return false
}

function answers(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { ca, agent: false, timeout: patience }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
    asked.end()
  })
}
