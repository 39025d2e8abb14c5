/** Where certificates stand in the cluster: the Secret of the authority, which only the operator reads, and that of the webhook. */
import type { Certified } from '../x509/authority.ts'
import type { AuthorityContent, ServingContent, Step } from './certificates.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { secrets } from '../cluster/resources.ts'
import { textOf, writeSecret, type Secret } from './stored-secret.ts'
import { labels } from './webhook-configurations.ts'

/** The release: what the names of its objects begin with, and where they are. */
export interface Release {
  readonly name: string
  readonly namespace: string
}

export const authoritySecret = ({ name, namespace }: Release) => ({ namespace, name: `${name}-ca` })
export const servingSecret = ({ name, namespace }: Release) => ({ namespace, name: `${name}-webhook-tls` })

export interface CertificateSecrets {
  readonly authority: Secret | undefined
  readonly serving: Secret | undefined
}

/** The annotations that hold what `AuthorityContent` says of times: RFC 3339. */
const issuedUntil = 'paddock.dev/issued-until'
const retiredUntil = 'paddock.dev/retired-until'

export function authorityContent(secret: Secret): AuthorityContent {
  const certified = (name: string): Certified | undefined => {
    const pair = { cert: textOf(secret, `${name}.crt`), key: textOf(secret, `${name}.key`) }
    return pair.cert === '' && pair.key === '' ? undefined : pair
  }
  const date = (annotation: string): number | undefined => {
    const at = Date.parse(secret.metadata.annotations?.[annotation] ?? '')
    return Number.isNaN(at) ? undefined : at
  }
  return { ca: certified('ca'), next: certified('next'), bundle: textOf(secret, 'bundle.crt'), issuedUntil: date(issuedUntil),
    retiredUntil: date(retiredUntil) }
}

export const servingContent = (secret: Secret): ServingContent => ({ cert: textOf(secret, 'tls.crt'), key: textOf(secret, 'tls.key'),
  bundle: textOf(secret, 'ca.crt') })

/** Writes what a step has come to over what was read. @throws an ApiError where it is another by now */
export async function writeStep(cluster: Pick<Cluster, 'create' | 'replace' | 'delete'>, release: Release, read: CertificateSecrets,
  step: Exclude<Step, { kind: 'wait' }>): Promise<void> {
  if (step.kind === 'serving') {
    const { cert, key, bundle } = step.content
    const texts = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': bundle }
    return writeSecret(cluster, read.serving, { ...servingSecret(release), type: 'kubernetes.io/tls', labels: labels(release.name), texts })
  }
  const { ca, next, bundle, ...times } = step.content
  const texts = { 'ca.crt': ca?.cert, 'ca.key': ca?.key, 'next.crt': next?.cert, 'next.key': next?.key, 'bundle.crt': bundle }
  const annotations = { [issuedUntil]: date(times.issuedUntil), [retiredUntil]: date(times.retiredUntil) }
  return writeSecret(cluster, read.authority, { ...authoritySecret(release), type: 'Opaque', labels: labels(release.name),
    annotations: set(annotations), texts: set(texts) })
}

const date = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString())

const set = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined))

export async function readSecrets(cluster: Pick<Cluster, 'get'>, release: Release): Promise<CertificateSecrets> {
  const [authority, serving] = await Promise.all(
    [authoritySecret, servingSecret].map((place) => cluster.get<Secret>(secrets, place(release))),
  )
  return { authority, serving }
}
