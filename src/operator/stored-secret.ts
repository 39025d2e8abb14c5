/** Secrets that the operator keeps: texts in their data, written only where nobody was faster. */
import { ApiError } from '../cluster/api-error.ts'
import type { Cluster, KubernetesObject } from '../cluster/cluster.ts'
import { secrets } from '../cluster/resources.ts'

export interface Secret extends KubernetesObject {
  readonly type?: string
  readonly immutable?: boolean
  readonly data?: Readonly<Record<string, string>>
}

/** What a Secret is to be. */
export interface SecretContent {
  readonly namespace: string
  readonly name: string
  readonly type: 'Opaque' | 'kubernetes.io/tls'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly texts: Readonly<Record<string, string>>
}

/** A text of a Secret; empty where it holds none of that name. */
export const textOf = (secret: Secret | undefined, key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString()

/**
 * Writes a Secret over the one that was read; undefined where there was none.
 * @throws an ApiError with reason `Conflict` or `AlreadyExists` where it is another by now
 */
export async function writeSecret(cluster: Pick<Cluster, 'create' | 'replace' | 'delete'>, read: Secret | undefined,
  content: SecretContent): Promise<void> {
  const { namespace, name, type, labels, annotations = {}, texts } = content
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
  const fresh = { apiVersion: 'v1', kind: 'Secret', type, metadata: { name, namespace, labels, annotations }, data }
  if (!read) return void (await cluster.create(secrets, fresh))
  const { resourceVersion, labels: others, annotations: notes } = read.metadata
  const kept = { name, namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) }
  const metadata = { ...kept, labels: { ...others, ...labels }, annotations: { ...without(notes), ...annotations } }
  try {
    await cluster.replace(secrets, { ...fresh, metadata })
  } catch (error) {
    // The type of a Secret stays, and all of one that somebody has made immutable.
    if (!(error instanceof ApiError) || error.code !== 422) throw error
    await cluster.delete(secrets, { namespace, name }, resourceVersion === undefined ? {} : { preconditions: { resourceVersion } })
    await cluster.create(secrets, fresh)
  }
}

/** The annotations of others. */
const without = (annotations: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([name]) => !name.startsWith('paddock.dev/')))
