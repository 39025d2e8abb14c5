/** What the webhook serves with and by: its certificate and the policies, as they stand in the cluster. */
import type { Log } from '../log.ts'
import type { Cluster, KubernetesObject, OwnerReference } from '../cluster/cluster.ts'
import { inStep } from '../cluster/in-step.ts'
import { ownerIn } from '../images/in-cluster.ts'
import { LivePolicies } from '../cluster/policies.ts'
import { secrets } from '../cluster/resources.ts'

/** A certificate, with what stands between it and its CA, and its private key: PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** A Secret of type kubernetes.io/tls. */
interface TlsSecret extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface WebhookSources {
  readonly policies: LivePolicies
  /** Undefined while there is none, or none that is whole. The last one stays where the Secret is deleted. */
  readonly certificate: KeyPair | undefined
  /** The Secret that it is in, for what goes with it; undefined until it is there. */
  readonly owner: OwnerReference | undefined
  /** Another certificate is there. */
  onCertificate(listener: (pair: KeyPair) => void): void
}

/** @param secret where the certificate is: the Secret's namespace and name */
export function webhookSources(
  cluster: Cluster,
  secret: { readonly namespace: string; readonly name: string },
  settings: { readonly log: Log; readonly random?: () => number },
): WebhookSources {
  const { log } = settings
  const policies = new LivePolicies(cluster, settings)
  // By its name, so that the right to read it can be given for this one Secret.
  const kept = inStep<TlsSecret>(
    cluster,
    secrets,
    { namespace: secret.namespace, fieldSelector: `metadata.name=${secret.name}` },
    settings,
  )
  const listeners: ((pair: KeyPair) => void)[] = []
  let certificate: KeyPair | undefined

  kept.onChange(({ object }) => {
    if (object === undefined) return log.warn('certificate deleted', { ...secret })
    const [cert, key] = [decoded(object, 'tls.crt'), decoded(object, 'tls.key')]
    if (cert === '' || key === '') return log.warn('certificate incomplete', { ...secret })
    if (certificate?.cert === cert && certificate.key === key) return
    certificate = { cert, key }
    for (const listener of listeners) listener(certificate)
  })
  return {
    policies,
    get certificate() {
      return certificate
    },
    get owner() {
      return ownerIn(kept.items)
    },
    onCertificate: (listener) => void listeners.push(listener),
  }
}

const decoded = ({ data }: TlsSecret, key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString()
