/** A Kubernetes API server as Paddock uses it. */

/** A kind of object that an API server serves. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** What every object carries of `metadata`, as far as it is looked at here. */
export interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly ownerReferences?: readonly OwnerReference[]
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** An object of any kind. In lists `apiVersion` and `kind` are filled in, which the API server leaves out of items. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
}

/** An object that is on its way to the API server. */
export interface NewObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Omit<Metadata, 'name'> & { readonly name?: string; readonly generateName?: string }
}

export interface Place {
  /** Undefined for what is cluster-scoped. */
  readonly namespace?: string | undefined
  readonly name: string
}

export interface Selection {
  /** Undefined for all namespaces. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Objects with `metadata` and nothing else: PartialObjectMetadata, under the names of their own kind. */
  readonly metadataOnly?: boolean | undefined
}

/** Some of the objects of a list, and the version of the list that they are of. */
export interface Page<T> {
  readonly items: T[]
  readonly resourceVersion: string
}

/**
 * What a watch tells. `BOOKMARK` brings no object but the version that all has been told up to; the first comes as soon
 * as the API server has taken the watch up, with the version that it was asked for.
 * A watch that the API server turns down or ends with an error throws it.
 */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

/**
 * The API server, over connections that are kept. Every call has a time limit; those that may be repeated are, after
 * 429, 5xx and a lost connection, with the pause that `Retry-After` asks for. What is left throws an ApiError, or
 * NoAnswer. Objects of lists and watches come without `managedFields`.
 */
export interface Cluster {
  /** The address of the API server. */
  readonly server: string
  /** The namespace of the kubeconfig's context, or of the Pod; `default` where neither names one. */
  readonly namespace: string
  /** API calls made so far, repeated ones counted each. */
  readonly requests: number
  /** Undefined where there is none (404). */
  get<T extends KubernetesObject>(resource: Resource, place: Place): Promise<T | undefined>
  /**
   * All objects of a resource, a page at a time; at least one page, which may be empty. The pages are of one version
   * of the list, unless they take so long that it is compacted away: then the rest is of a later one.
   * @param limit objects a page: 500 unless set
   */
  pages<T extends KubernetesObject>(
    resource: Resource,
    selection?: Selection & { readonly limit?: number },
  ): AsyncGenerator<Page<T>>
  /**
   * What happens from `resourceVersion` on, until the API server ends the watch (which it is asked to after one or two
   * minutes), the connection is lost or silent (throws), or the signal aborts (returns).
   */
  watch<T extends KubernetesObject>(
    resource: Resource,
    selection: Selection & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>>
  /** @throws an ApiError with reason `AlreadyExists` where the name is taken. Repeated after 429 only. */
  create<T extends NewObject>(resource: Resource, object: T): Promise<T & KubernetesObject>
  /** @throws an ApiError with reason `Conflict` where `metadata.resourceVersion` is not that of the stored object. */
  replace<T extends KubernetesObject>(resource: Resource, object: T, subresource?: 'status' | 'scale'): Promise<T>
  /** Server-side apply. @throws an ApiError with reason `Conflict` where another owns a field, and `force` is not set. */
  apply<T extends NewObject>(
    resource: Resource,
    object: T,
    options: { readonly fieldManager: string; readonly force?: boolean; readonly subresource?: 'status' | 'scale' },
  ): Promise<T & KubernetesObject>
  /** False where there is none (404). */
  delete(
    resource: Resource,
    place: Place,
    options?: { readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } },
  ): Promise<boolean>
  /** A Pod's log, as `query` asks for it (`container`, `previous`, `timestamps`, …), so many bytes at most; undefined where there is none. */
  log(pod: Place, query: Readonly<Record<string, string>>, most: number): Promise<Uint8Array | undefined>
  /** What the API server serves of a group, in its preferred version; nothing where it does not know the group. */
  served(group: string): Promise<readonly Resource[]>
  /** Closes the connections that nobody uses. */
  close(): void
}
