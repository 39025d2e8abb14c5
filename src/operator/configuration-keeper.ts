/**
 * Keeps the certificates and both webhook configurations as they are to be: after a change of a policy, in time, and when
 * somebody else changes or deletes one.
 *
 * Each round reads all of it anew, and writes over what it has read only. The configurations are read before the bundle that
 * goes into them, so that none can be set back to an older bundle, and no certificate is served that is not trusted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { PolicyObject } from '../policy/gunicorn-policy.ts'
import type { Random } from '../x509/authority.ts'
import { read, readAll } from '../x509/read.ts'
import { ApiError } from '../cluster/api-error.ts'
import { authorityContent, authoritySecret, readSecrets, servingContent, servingSecret, writeStep,
  type CertificateSecrets } from './certificate-secrets.ts'
import { nextStep, type CertificateSettings, type Step } from './certificates.ts'
import type { Cluster, OwnerReference, Resource } from '../cluster/cluster.ts'
import { inStep, type InStep } from '../cluster/in-step.ts'
import type { Metrics } from './metrics.ts'
import { clusterRoles, mutatingWebhookConfigurations, secrets, validatingWebhookConfigurations } from '../cluster/resources.ts'
import { rounds } from '../cluster/rounds.ts'
import { configuration, isUpToDate, webhooks, type ConfigurationSettings, type Webhook,
  type WebhookConfiguration } from './webhook-configurations.ts'
import { isReady } from './webhook-readiness.ts'
import { servedKinds, type ServedKind } from '../cluster/workloads.ts'

export interface KeeperSettings extends ConfigurationSettings, CertificateSettings {
  /** Who makes the certificates: the operator, or cert-manager. */
  readonly certificates: 'Self' | 'CertManager'
}

export interface KeeperSurroundings {
  readonly log: Log
  readonly metrics: Pick<Metrics, 'certificateEnds'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly randomBytes: Random
}

/** Milliseconds. All is looked at again so often, though nothing was told of. */
const resync = 60_000
/** Milliseconds until it is asked again whether the webhook serves. */
const lookout = 1000
/** So many times within a minute is put back at once what somebody else changes, and then every so many milliseconds. */
const patience = { writes: 20, pause: 5000 }

const kinds = [
  { kind: 'MutatingWebhookConfiguration', resource: mutatingWebhookConfigurations, part: 'mutating' },
  { kind: 'ValidatingWebhookConfiguration', resource: validatingWebhookConfigurations, part: 'validating' },
] as const

type Standing = Record<'mutating' | 'validating', WebhookConfiguration | undefined>

/** Keeps them until the signal aborts. */
export async function keepConfigurations(
  cluster: Cluster,
  settings: KeeperSettings,
  policies: InStep<PolicyObject>,
  surroundings: KeeperSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { log } = surroundings
  const keeper = new Keeper(cluster, settings, policies, surroundings)
  const { wake, run } = rounds({ round: () => keeper.round(signal),
    failed: (error) => log.warn('round failed', { error: (error as Error).message }) })
  const watched = (resource: Resource, { name, namespace }: { name: string; namespace?: string }) =>
    inStep(cluster, resource, { namespace, fieldSelector: `metadata.name=${name}` }, { log })
  const watches = [
    ...kinds.map(({ resource }) => watched(resource, { name: settings.name })),
    watched(secrets, servingSecret(settings)),
    ...(settings.certificates === 'Self' ? [watched(secrets, authoritySecret(settings))] : []),
  ]
  const endings = [policies, ...watches].map((one) => (one as InStep<PolicyObject>).onChange(wake))
  void policies.synced.then(wake)
  await run(signal)
  for (const end of endings) end()
  await Promise.all(watches.map((one) => one.stop()))
}

class Keeper {
  readonly #cluster: Cluster
  readonly #settings: KeeperSettings
  readonly #policies: InStep<PolicyObject>
  readonly #surroundings: KeeperSurroundings
  /** The bundles in force, and since when by a clock that nobody sets. */
  #inForce = { text: '', since: performance.now() }
  #served: { readonly kinds: readonly ServedKind[]; readonly at: number } | undefined
  /** When configurations were written, by the same clock. */
  #writes: number[] = []

  constructor(cluster: Cluster, settings: KeeperSettings, policies: InStep<PolicyObject>, surroundings: KeeperSurroundings) {
    this.#cluster = cluster
    this.#settings = settings
    this.#policies = policies
    this.#surroundings = surroundings
  }

  /** One round. Returns the milliseconds that there is nothing to do for. */
  async round(signal: AbortSignal): Promise<number> {
    const standing = await this.#standing()
    const stored = await readSecrets(this.#cluster, this.#settings)
    this.#tell(stored)
    const step = this.#settings.certificates === 'Self' ? this.#step(standing, stored) : undefined
    // The bundle that goes into the configurations is one that stands.
    if (step?.kind === 'authority') return this.#take(step, stored)
    const { wait, changed } = await this.#configure(standing, this.#bundle(stored))
    if (step?.kind === 'serving') return this.#take(step, stored)
    if (changed) await this.#calm(signal)
    return changed ? 0 : Math.min(resync, wait, step?.for ?? resync)
  }

  async #standing(): Promise<Standing> {
    const { name } = this.#settings
    const [mutating, validating] = await Promise.all(
      kinds.map(({ resource }) => this.#cluster.get<WebhookConfiguration>(resource, { name })),
    )
    return { mutating, validating }
  }

  #step(standing: Standing, { authority, serving }: CertificateSecrets): Step {
    const { now, randomBytes } = this.#surroundings
    const inForce = Object.values(standing).flatMap((one) => one?.webhooks ?? []).map(caBundle)
    const text = inForce.join('\n')
    if (text !== this.#inForce.text) this.#inForce = { text, since: performance.now() }
    const content = { authority: authority && authorityContent(authority), serving: serving && servingContent(serving) }
    return nextStep({ ...content, inForce, inForceFor: performance.now() - this.#inForce.since }, this.#settings, now(), randomBytes)
  }

  async #take(step: Exclude<Step, { kind: 'wait' }>, stored: CertificateSecrets): Promise<number> {
    await writeStep(this.#cluster, this.#settings, stored, step)
    this.#surroundings.log.info('certificates written', { secret: step.kind, reason: step.reason })
    return 0
  }

  /** What is to be trusted; empty while it is not known. */
  #bundle({ authority, serving }: CertificateSecrets): string {
    if (this.#settings.certificates === 'Self') return authority ? authorityContent(authority).bundle : ''
    const text = serving ? servingContent(serving).bundle : ''
    return readAll(text).length > 0 ? text : ''
  }

  /** Tells when the certificates end. cert-manager's authority stands beside what it has signed. */
  #tell({ authority, serving }: CertificateSecrets): void {
    const ca = this.#settings.certificates === 'Self' ? authority && authorityContent(authority).ca?.cert
      : serving && servingContent(serving).bundle
    for (const [name, cert] of [['ca', ca], ['serving', serving && servingContent(serving).cert]] as const) {
      const found = read(cert ?? '')
      if (found) this.#surroundings.metrics.certificateEnds(name, found.until)
    }
  }

  async #configure(standing: Standing, bundle: string): Promise<{ readonly wait: number; readonly changed: boolean }> {
    const wanted = this.#policies.isSynced ? webhooks([...this.#policies.items.values()], await this.#servedKinds(), this.#settings, bundle)
      : undefined
    // First the webhook, then the configuration. One that is there stays while the webhook is away: that is failurePolicy's business.
    const isFirst = wanted && kinds.some(({ part }) => wanted[part].length > 0 && (standing[part]?.webhooks ?? []).length === 0)
    const isServed = !isFirst || (bundle !== '' && (await isReady(this.#cluster, this.#settings, bundle)))
    const owner = await this.#owner()
    let changed = false
    for (const { kind, resource, part } of kinds) {
      const present = standing[part]
      const current = present?.webhooks ?? []
      const hooks = wanted && (current.length > 0 || isServed) ? wanted[part] : current
      if (!present && hooks.length === 0) continue
      const object = configuration(kind, this.#settings.name, hooks.map((hook, index) => trusting(hook, bundle, current[index])), owner,
        present)
      if (present && isUpToDate(present, object)) continue
      if (present) await this.#cluster.replace(resource, object)
      else await this.#cluster.create(resource, object)
      this.#surroundings.log.info('webhook configuration written', { kind, webhooks: hooks.length,
        reason: present ? 'it was not what it is to be' : 'there was none' })
      changed = true
    }
    return { changed, wait: isServed ? resync : lookout }
  }

  /** Somebody who changes it back each time is not to be fought as fast as both can. */
  async #calm(signal: AbortSignal): Promise<void> {
    const now = performance.now()
    this.#writes = [...this.#writes.filter((at) => at > now - 60_000), now]
    if (this.#writes.length > patience.writes) await sleep(patience.pause, undefined, { signal }).catch(() => {})
  }

  /** Kinds of other makers come and go with their definitions. */
  async #servedKinds(): Promise<readonly ServedKind[]> {
    const now = performance.now()
    if (!this.#served || now - this.#served.at > resync) this.#served = { kinds: await servedKinds(this.#cluster), at: now }
    return this.#served.kinds
  }

  /** With the ClusterRole of the operator its configurations go, whoever removes it. */
  async #owner(): Promise<OwnerReference | undefined> {
    try {
      const role = await this.#cluster.get(clusterRoles, { name: `${this.#settings.name}-operator` })
      const { uid, name } = role?.metadata ?? {}
      return uid !== undefined && name !== undefined ? { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name, uid }
        : undefined
    } catch (error) {
      if (error instanceof ApiError && error.code === 403) return undefined
      throw error
    }
  }
}

const caBundle = ({ clientConfig }: Webhook): string => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString()

/** The webhook with the bundle; with that of the one which stands, where the bundle is not known. */
function trusting(hook: Webhook, bundle: string, current: Webhook | undefined): Webhook {
  const text = bundle === '' ? current?.clientConfig.caBundle : Buffer.from(bundle).toString('base64')
  return text === undefined ? hook : { ...hook, clientConfig: { ...hook.clientConfig, caBundle: text } }
}
