/** The credentials by which the kubelet pulls the images of a Pod: those that it names, and those of its service account. */
import type { Cluster, KubernetesObject } from './cluster.ts'
import { secrets, serviceAccounts } from './resources.ts'

/** What an object says of the credentials of its Pods. */
export interface PullSecrets {
  readonly namespace: string
  /** Empty for the namespace's default one. */
  readonly serviceAccount: string
  /** Names of Secrets. */
  readonly names: readonly string[]
}

interface ServiceAccount extends KubernetesObject {
  readonly imagePullSecrets?: readonly { readonly name?: string }[]
}

interface Secret extends KubernetesObject {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

/** So many Secrets of a Pod are read. */
const mostSecrets = 16

/** A docker config file with `auths` and nothing else: what a Secret says of programs that keep credentials is left out. */
export async function pullCredentials(cluster: Pick<Cluster, 'get'>, { namespace, serviceAccount, names }: PullSecrets): Promise<string> {
  if (namespace === '') return '{}'
  const account = serviceAccount === '' ? 'default' : serviceAccount
  // What the Pod itself names goes first; where it names any, the API server leaves those of its service account out.
  const all = names.length > 0 ? names
    : ((await cluster.get<ServiceAccount>(serviceAccounts, { namespace, name: account }))?.imagePullSecrets ?? [])
      .flatMap(({ name }) => name ?? [])
  const auths: Record<string, unknown> = {}
  const read = await Promise.all(all.slice(0, mostSecrets).map((name) => cluster.get<Secret>(secrets, { namespace, name })))
  for (const secret of read)
    for (const [key, value] of Object.entries(authsOf(secret)))
      if (!Object.hasOwn(auths, key)) auths[key] = value
  return JSON.stringify({ auths })
}

/** Source: `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`, by the documentation of Secrets. */
function authsOf(secret: Secret | undefined): Readonly<Record<string, unknown>> {
  const { type, data = {} } = secret ?? {}
  const key = type === 'kubernetes.io/dockerconfigjson' ? '.dockerconfigjson'
    : type === 'kubernetes.io/dockercfg' ? '.dockercfg' : undefined
  if (key === undefined) return {}
  try {
    const value = JSON.parse(Buffer.from(data[key] ?? '', 'base64').toString()) as Record<string, unknown>
    const auths = key === '.dockercfg' ? value : value['auths']
    return typeof auths === 'object' && auths !== null ? (auths as Record<string, unknown>) : {}
  } catch {
    // The kubelet passes over what is no JSON, too.
    return {}
  }
}
