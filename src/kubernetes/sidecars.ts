/** Sidecars that a webhook puts into a Pod whose annotations ask for them, which are not among its containers yet. */
import type { Workload } from './workload.ts'

/** Annotations by which meshes are asked for: some of their releases and settings pass requests on to the loopback address. */
const meshes: Readonly<Record<string, string>> = {
  'sidecar.istio.io/inject': 'true',
  'linkerd.io/inject': 'enabled',
  'kuma.io/sidecar-injection': 'enabled',
  'consul.hashicorp.com/connect-inject': 'true',
  'appmesh.k8s.aws/sidecarInjectorWebhook': 'enabled',
}

/**
 * Whether a sidecar that is put in calls the application at 127.0.0.1. Dapr's does, once it is told the application's port.
 * Source: docs.dapr.io, "Dapr arguments and annotations for daprd": `app-channel-address` is 127.0.0.1 unless set.
 */
export function sidecarCallsLoopback({ annotations }: Workload): 'yes' | 'unknown' | 'no' {
  if (annotations.get('dapr.io/enabled')?.value === 'true' && annotations.has('dapr.io/app-port')) {
    const address = annotations.get('dapr.io/app-channel-address')?.value ?? '127.0.0.1'
    return /^(127\.|localhost$|::1$|\[::1\]$)/.test(address) ? 'yes' : 'no'
  }
  for (const [name, value] of Object.entries(meshes)) if (annotations.get(name)?.value === value) return 'unknown'
  return 'no'
}
