/** Sidecars that a webhook puts into a Pod whose annotations or labels ask for them, which are not among its containers yet. */
import { valueAt, type Workload } from './workload.ts'

/** Annotations and labels by which meshes are asked for: some of their releases and settings pass requests on to the loopback address. */
const meshes: Readonly<Record<string, RegExp>> = {
  'sidecar.istio.io/inject': /^true$/,
  'istio.io/rev': /./,
  'linkerd.io/inject': /^(enabled|ingress)$/,
  'kuma.io/sidecar-injection': /^(enabled|true)$/,
  'consul.hashicorp.com/connect-inject': /^true$/,
  'appmesh.k8s.aws/sidecarInjectorWebhook': /^enabled$/,
}

/**
 * Whether a sidecar that is put in calls the application at 127.0.0.1. Dapr's does, once it is told the application's port.
 * Source: docs.dapr.io, "Dapr arguments and annotations for daprd": `app-channel-address` is 127.0.0.1 unless set.
 */
export function sidecarCallsLoopback({ annotations, kind, written }: Workload): 'yes' | 'unknown' | 'no' {
  if (annotations.get('dapr.io/enabled')?.value === 'true' && annotations.has('dapr.io/app-port')) {
    const address = annotations.get('dapr.io/app-channel-address')?.value ?? '127.0.0.1'
    return /^(127\.|localhost$|::1$|\[::1\]$)/.test(address) ? 'yes' : 'no'
  }
  for (const [name, asks] of Object.entries(meshes))
    for (const value of [annotations.get(name)?.value, valueAt(written, [...kind.metadata, 'labels', name])])
      if (typeof value === 'string' && asks.test(value)) return 'unknown'
  return 'no'
}
