/** The objects of a resource, kept in step with the API server: a list, and then what is told of changes to it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { ApiError, isExpired, NoAnswer } from './api-error.ts'
import { pauseAfter } from './back-off.ts'
import type { Cluster, KubernetesObject, Resource, Selection } from './cluster.ts'

/** What became of an object. One that was made anew under its old name was removed and added. */
export type ObjectEvent<T> =
  | { readonly type: 'added'; readonly object: T; readonly former?: undefined }
  | { readonly type: 'changed'; readonly object: T; readonly former: T }
  | { readonly type: 'removed'; readonly object?: undefined; readonly former: T }

export interface InStep<T> {
  /** By `namespace/name`, or `name` where there are no namespaces. What was known last, where the API server is away. */
  readonly items: ReadonlyMap<string, T>
  /** Resolves when `items` was complete for the first time. Never, where that does not come to pass. */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  /** False while the API server is not heard: `items` may be behind. */
  readonly inTouch: boolean
  /** What happens from now on, after `items` shows it. Returns what ends it. */
  onChange(listener: (change: ObjectEvent<T>) => void): () => void
  /** Ends the watch: nothing is told from now on, and `items` stays as it is. */
  stop(): Promise<void>
}

export interface InStepSettings {
  readonly log: Log
  /** From 0 up to, but not including, 1. */
  readonly random?: () => number
}

const pauses = { first: 500, most: 30_000 }
/** Milliseconds. A watch that lasted this long was no failure. */
const settled = 10_000
/** So often may a watch be turned down before it is begun from a new list: what is wrong may be its version. */
const patience = 3

/** @param selection its `limit` is for each page of a list */
export function inStep<T extends KubernetesObject>(
  cluster: Pick<Cluster, 'pages' | 'watch'>,
  resource: Resource,
  selection: Selection & { readonly limit?: number },
  { log, random = Math.random }: InStepSettings,
): InStep<T> {
  let items = new Map<string, T>()
  let isSynced = false
  let inTouch = false
  const listeners = new Set<(change: ObjectEvent<T>) => void>()
  const { promise: synced, resolve: isInStep } = Promise.withResolvers<void>()
  const stopping = new AbortController()
  const about = { resource: resource.plural, ...(selection.namespace === undefined ? {} : { namespace: selection.namespace }) }

  function tell(changes: readonly ObjectEvent<T>[]): void {
    for (const change of changes) {
      for (const listener of listeners) {
        try {
          listener(change)
        } catch (error) {
          log.error('listener failed', { ...about, error: (error as Error).message })
        }
      }
    }
  }

  /** Lists anew. Returns the version that a watch goes on from. */
  async function list(): Promise<string> {
    const { listed, version } = await consistentList<T>(cluster, resource, selection, stopping.signal)
    stopping.signal.throwIfAborted()
    const changes = difference(items, listed)
    items = listed
    tell(changes)
    if (!isSynced) log.info('in step', { ...about, objects: items.size })
    isSynced = true
    inTouch = true
    isInStep()
    return version
  }

  async function keep(): Promise<void> {
    let version: string | undefined
    let failures = 0
    while (!stopping.signal.aborted) {
      const begun = performance.now()
      let told = false
      try {
        version ??= await list()
        for await (const event of cluster.watch<T>(resource, { ...selection, resourceVersion: version }, stopping.signal)) {
          const at: string = event.type === 'BOOKMARK' ? event.resourceVersion : (event.object.metadata.resourceVersion ?? version)
          told ||= at !== version
          version = at
          inTouch = true
          if (event.type !== 'BOOKMARK') tell(take(items, event.type, event.object))
        }
        // An API server, or what stands before it, that ends each watch at once is not to be stormed.
        failures = told || performance.now() - begun > settled ? 0 : failures + 1
      } catch (error) {
        if (stopping.signal.aborted) return
        failures = told || performance.now() - begun > settled ? 1 : failures + 1
        const expired = isExpired(error)
        // What could not be read may have been an event, so only a new list tells what there is.
        if (
          expired ||
          !(error instanceof ApiError || error instanceof NoAnswer) ||
          (error instanceof ApiError && failures >= patience)
        )
          version = undefined
        if (!expired) {
          log.warn('watch interrupted', { ...about, failures, error: (error as Error).message })
          inTouch = false
        } else if (failures === 1) continue
      }
      if (failures > 0) await sleep(pauseAfter(failures, pauses, random), undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  void keep()
  return {
    get items() {
      return items
    },
    synced,
    get isSynced() {
      return isSynced
    },
    get inTouch() {
      return inTouch
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop() {
      stopping.abort()
      return Promise.resolve()
    },
  }
}

/**
 * All objects as of one version. Where that is compacted away before the last page has come, what happened to the first
 * pages since then would be lost between the list and a watch: so all of it is listed in one go.
 */
async function consistentList<T extends KubernetesObject>(
  cluster: Pick<Cluster, 'pages'>,
  resource: Resource,
  selection: Selection & { readonly limit?: number },
  signal: AbortSignal,
): Promise<{ listed: Map<string, T>; version: string }> {
  const listed = new Map<string, T>()
  let version: string | undefined
  for await (const page of cluster.pages<T>(resource, selection)) {
    signal.throwIfAborted()
    if (version !== undefined && page.resourceVersion !== version)
      return consistentList(cluster, resource, { ...selection, limit: 0 }, signal)
    version = page.resourceVersion
    for (const item of page.items) listed.set(keyOf(item), item)
  }
  return { listed, version: version ?? '' }
}

/** `namespace/name`, or `name` where there are no namespaces. */
export const keyOf = ({ metadata: { namespace, name } }: KubernetesObject): string =>
  namespace === undefined ? name : `${namespace}/${name}`

/** What happened between two lists: removals first, so that a name is free before it is taken. */
export function difference<T extends KubernetesObject>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): ObjectEvent<T>[] {
  const gone = [...before].filter(([key, former]) => after.get(key)?.metadata.uid !== former.metadata.uid)
  const removed = gone.map(([, former]): ObjectEvent<T> => ({ type: 'removed', former }))
  const others = [...after].flatMap(([key, object]): ObjectEvent<T>[] => {
    const former = before.get(key)
    if (former === undefined || former.metadata.uid !== object.metadata.uid) return [{ type: 'added', object }]
    return former.metadata.resourceVersion === object.metadata.resourceVersion ? [] : [{ type: 'changed', object, former }]
  })
  return [...removed, ...others]
}

/** Takes an event into `items`, and says what it comes to: an event that was told before comes to nothing. */
export function take<T extends KubernetesObject>(
  items: Map<string, T>,
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  object: T,
): ObjectEvent<T>[] {
  const key = keyOf(object)
  const former = items.get(key)
  if (type === 'DELETED') {
    items.delete(key)
    return former === undefined ? [] : [{ type: 'removed', former }]
  }
  items.set(key, object)
  if (former === undefined) return [{ type: 'added', object }]
  if (former.metadata.uid !== object.metadata.uid)
    return [
      { type: 'removed', former },
      { type: 'added', object },
    ]
  return former.metadata.resourceVersion === object.metadata.resourceVersion ? [] : [{ type: 'changed', object, former }]
}
