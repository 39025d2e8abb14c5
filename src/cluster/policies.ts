/** The policies of a cluster, with what they depend on: GunicornPolicies, GunicornExceptions, and the labels of namespaces. */
import { isDeepStrictEqual } from 'node:util'
import type { Labels } from '../kubernetes/labels.ts'
import { Policies, type ExceptionObject, type Governed, type PolicyObject } from '../policy/policies.ts'
import type { Policy } from '../policy/policy.ts'
import { isMissing } from './api-error.ts'
import type { Cluster, KubernetesObject, Resource, Selection } from './cluster.ts'
import { inStep, keyOf, type ObjectEvent, type InStep, type InStepSettings } from './in-step.ts'
import { NamespaceLookUps } from './namespace-look-ups.ts'
import { gunicornExceptions, gunicornPolicies, namespaces } from './resources.ts'

/** Those objects as they are now, or as they were when they were read. */
interface Sources {
  readonly policies: ReadonlyMap<string, PolicyObject>
  readonly exceptions: ReadonlyMap<string, ExceptionObject>
  /** With metadata only. */
  readonly namespaces: ReadonlyMap<string, KubernetesObject>
}

/** The same each time: what is known of a namespace is remembered by its labels. */
const noLabels: Labels = {}

/** Which policy governs a workload of the cluster. */
export class PoliciesInCluster {
  readonly objects: Sources
  #policies: Policies | undefined
  #state: { readonly of: object } | undefined

  constructor(objects: Sources) {
    this.objects = objects
  }

  /** The policies, compiled. Another object after each change of a policy or an exception. */
  get policies(): Policies {
    return (this.#policies ??= new Policies([...this.objects.policies.values()], [...this.objects.exceptions.values()]))
  }

  /** Undefined for a namespace that is not known. */
  labelsOf(namespace: string): Labels | undefined {
    const found = this.objects.namespaces.get(namespace)
    return found && (found.metadata.labels ?? noLabels)
  }

  /** By namespace. */
  get namespaceLabels(): ReadonlyMap<string, Labels> {
    return new Map([...this.objects.namespaces].map(([name, { metadata }]) => [name, metadata.labels ?? {}]))
  }

  /** Whether some policy has images looked into. */
  get needsImages(): boolean {
    return this.policies.needsImages
  }

  /** Undefined where none governs it. `now`: milliseconds since 1970. */
  for(workload: Governed, now: number): Policy | undefined {
    return this.policies.for(workload, this.labelsOf(workload.namespace), now)
  }

  /** The same object as long as `for` has the same policy for each workload of whose namespace enough is known. */
  stateAt(now: number): object {
    const of = this.policies.stateAt(now)
    if (this.#state?.of !== of) this.#state = { of }
    return this.#state
  }

  /** Whether enough is known of a namespace: its labels, where any policy asks for labels. */
  isKnown(namespace: string): boolean {
    return this.labelsOf(namespace) !== undefined || !this.policies.needsNamespaces
  }

  /** The labels of a namespace are others. */
  protected relabelled(): void {
    this.#state = undefined
  }

  /** Has the policies compiled again when they are asked for next: a burst of changes costs as much as one. */
  protected forget(): void {
    this.#policies = undefined
  }
}

/**
 * The policies as they are now, for who asks once.
 * @param namespace undefined for the exceptions and labels of all namespaces
 * @throws an ApiError; where the API server does not know of policies, it says so
 */
export async function readPolicies(cluster: Pick<Cluster, 'get' | 'pages'>, namespace?: string): Promise<PoliciesInCluster> {
  const all = async <T extends KubernetesObject>(resource: Resource, selection: Selection): Promise<Map<string, T>> => {
    const items: [string, T][] = []
    for await (const page of cluster.pages<T>(resource, selection)) for (const item of page.items) items.push([keyOf(item), item])
    return new Map(items)
  }
  const one = async (name: string): Promise<Map<string, KubernetesObject>> => {
    const found = await cluster.get(namespaces, { name })
    return new Map(found === undefined ? [] : [[name, found]])
  }
  try {
    const [policies, exceptions, labels] = await Promise.all([
      all<PolicyObject>(gunicornPolicies, {}),
      all<ExceptionObject>(gunicornExceptions, { namespace }),
      namespace === undefined ? all<KubernetesObject>(namespaces, { metadataOnly: true }) : one(namespace),
    ])
    return new PoliciesInCluster({ policies, exceptions, namespaces: labels })
  } catch (error) {
    if (!isMissing(error)) throw error
    throw Object.assign(
      new Error(
        `${(error as Error).message}: GunicornPolicies are not known to ${gunicornPolicies.group} here: install Paddock`,
        { cause: error },
      ),
      { code: 'ENOENT' },
    )
  }
}

/** The policies, kept in step with the cluster. */
export class LivePolicies extends PoliciesInCluster {
  readonly changes: {
    readonly policies: InStep<PolicyObject>
    readonly exceptions: InStep<ExceptionObject>
    readonly namespaces: InStep<KubernetesObject>
  }
  /** Resolves when all are known. */
  readonly synced: Promise<void>
  /** Of namespaces that are asked for one by one, until they are told of. */
  readonly #lookUps: NamespaceLookUps

  constructor(cluster: Cluster, settings: InStepSettings) {
    const changes = {
      policies: inStep<PolicyObject>(cluster, gunicornPolicies, {}, settings),
      exceptions: inStep<ExceptionObject>(cluster, gunicornExceptions, {}, settings),
      namespaces: inStep<KubernetesObject>(cluster, namespaces, { metadataOnly: true }, settings),
    }
    super({
      get policies() {
        return changes.policies.items
      },
      get exceptions() {
        return changes.exceptions.items
      },
      get namespaces() {
        return changes.namespaces.items
      },
    })
    this.changes = changes
    this.#lookUps = new NamespaceLookUps({ get: (name) => cluster.get(namespaces, { name }), log: settings.log,
      now: () => performance.now() })
    this.synced = Promise.all([changes.policies.synced, changes.exceptions.synced, changes.namespaces.synced]).then(() => {})
    const changed = (change: ObjectEvent<PolicyObject | ExceptionObject>) => {
      if (!isStatusOnly(change)) this.forget()
    }
    changes.policies.onChange(changed)
    changes.exceptions.onChange(changed)
    changes.namespaces.onChange(({ type, object, former }) => {
      this.#lookUps.forget((object ?? former).metadata.name)
      if (type !== 'changed' || !isDeepStrictEqual(object.metadata.labels, former.metadata.labels)) this.relabelled()
    })
  }

  get isSynced(): boolean {
    return this.#all.every(({ isSynced }) => isSynced)
  }

  /** False while the API server is not heard: what was known last holds. */
  get inTouch(): boolean {
    return this.#all.every(({ inTouch }) => inTouch)
  }

  get #all(): readonly InStep<KubernetesObject>[] {
    const { policies, exceptions, namespaces: spaces } = this.changes
    return [policies, exceptions, spaces]
  }

  override labelsOf(namespace: string): Labels | undefined {
    return super.labelsOf(namespace) ?? this.#lookUps.labelsOf(namespace)
  }

  /**
   * Sees to it that the labels of a namespace are known before a workload of it is judged: one that was made a moment ago
   * may not have been told of. Undefined where they are, no policy asks for labels, or there is no such namespace. Never rejects,
   * and waits for half a second at most: then the policies that ask for labels do not govern.
   */
  lookUp(namespace: string): Promise<void> | undefined {
    return this.isKnown(namespace) ? undefined : this.#lookUps.lookUp(namespace)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((each) => each.stop()))
  }
}

/** The operator writes the status of policies; nothing depends on it. */
function isStatusOnly({ type, object, former }: ObjectEvent<PolicyObject | ExceptionObject>): boolean {
  return (
    type === 'changed' && object.metadata.generation !== undefined && object.metadata.generation === former.metadata.generation
  )
}
