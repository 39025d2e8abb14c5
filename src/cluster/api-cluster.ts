/** The Cluster that speaks to an API server: its paths, queries and answers. */
import { apiError, ApiError, isMissing } from './api-error.ts'
import type { Cluster, KubernetesObject, NewObject, Page, Place, Resource, Selection, WatchEvent } from './cluster.ts'
import { apiVersion, path, pods } from './resources.ts'
import type { Call, Transport } from './transport.ts'

interface List<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items: T[] | null
}

interface ResourceList {
  readonly resources: readonly { name: string; kind: string; namespaced: boolean; group?: string; version?: string }[]
}

/**
 * Seconds that a watch lasts at least, and up to twice of that. A connection that a router on the way has forgotten is
 * silent for ever; bookmarks do not come where nothing has happened yet. So this is how late a change is seen at worst.
 */
const watchSeconds = 60
/** Milliseconds that the API server may be late in ending it. */
const slack = 15_000

export function apiCluster(
  { server, namespace }: Pick<Cluster, 'server' | 'namespace'>,
  transport: Transport,
  random: () => number,
): Cluster {
  const call = <T>(call: Call): Promise<T> => transport.json<T>(call)

  return {
    server,
    namespace,
    get requests() {
      return transport.requests
    },

    get: (resource, place) => absent(call({ method: 'GET', path: objectPath(resource, place), asked: asked('get', resource, place) })),

    async *pages<T extends KubernetesObject>(
      resource: Resource,
      selection: Selection & { limit?: number } = {},
    ): AsyncGenerator<Page<T>> {
      const { limit = 500, metadataOnly = false } = selection
      let token = ''
      do {
        const page = await list<T>(token)
        const items = page.items ?? []
        for (const item of items) complete(item, resource)
        yield { items, resourceVersion: page.metadata.resourceVersion ?? '' }
        token = page.metadata.continue ?? ''
      } while (token !== '')

      async function list<T>(from: string): Promise<List<T>> {
        const query = { limit: String(limit), continue: from, ...selectors(selection) }
        const accept = metadataOnly ? metadataAs('PartialObjectMetadataList') : undefined
        try {
          return await call({
            method: 'GET',
            path: withQuery(path(resource, selection.namespace), query),
            asked: asked('list', resource, selection),
            accept,
          })
        } catch (error) {
          // The version of this list is gone; the answer says where the present one goes on.
          if (error instanceof ApiError && error.code === 410 && error.continue !== undefined && error.continue !== from)
            return list(error.continue)
          throw error
        }
      }
    },

    async *watch<T extends KubernetesObject>(
      resource: Resource,
      selection: Selection & { readonly resourceVersion: string },
      signal: AbortSignal,
    ): AsyncGenerator<WatchEvent<T>> {
      const seconds = Math.round(watchSeconds * (1 + random()))
      const query = {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: selection.resourceVersion,
        timeoutSeconds: String(seconds),
        ...selectors(selection),
      }
      const what = asked('watch', resource, selection)
      const accept = selection.metadataOnly === true ? metadataAs('PartialObjectMetadata') : undefined
      const request: Call = { method: 'GET', path: withQuery(path(resource, selection.namespace), query), asked: what, accept }
      for await (const line of transport.lines(request, seconds * 1000 + slack, signal)) {
        if (line === '') {
          yield { type: 'BOOKMARK', resourceVersion: selection.resourceVersion }
          continue
        }
        const { type, object } = JSON.parse(line) as { type: string; object: T }
        switch (type) {
          case 'ADDED':
          case 'MODIFIED':
          case 'DELETED':
            complete(object, resource)
            yield { type, object }
            break
          case 'BOOKMARK':
            yield { type, resourceVersion: object.metadata.resourceVersion ?? '' }
            break
          case 'ERROR':
            throw apiError(what, 500, object as object)
          default:
            throw new ApiError(`${what}: the API server reports "${type}"`, 500, '')
        }
      }
    },

    create: <T extends NewObject>(resource: Resource, object: T) =>
      call<T & KubernetesObject>({
        method: 'POST',
        path: path(resource, object.metadata.namespace),
        asked: asked('create', resource, object.metadata),
        body: object,
      }),

    replace: (resource, object, subresource) =>
      call({
        method: 'PUT',
        path: objectPath(resource, object.metadata, subresource),
        asked: asked('update', resource, object.metadata, subresource),
        body: object,
      }),

    apply: <T extends NewObject>(
      resource: Resource,
      object: T,
      { fieldManager, force = false, subresource }: Parameters<Cluster['apply']>[2],
    ) => {
      const place = { namespace: object.metadata.namespace, name: object.metadata.name ?? '' }
      return call<T & KubernetesObject>({
        method: 'PATCH',
        path: withQuery(objectPath(resource, place, subresource), { fieldManager, force: String(force) }),
        asked: asked('patch', resource, place, subresource),
        contentType: 'application/apply-patch+yaml',
        body: object,
      })
    },

    async delete(resource, place, options) {
      const answer = await absent(
        call<object>({
          method: 'DELETE',
          path: objectPath(resource, place),
          asked: asked('delete', resource, place),
          body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options },
        }),
      )
      return answer !== undefined
    },

    log: (pod, query, most) =>
      absent(
        transport.bytes({ method: 'GET', path: withQuery(objectPath(pods, pod, 'log'), query), asked: asked('get', pods, pod, 'log'),
          accept: '*/*' }, most),
      ),

    async served(group) {
      const get = <T>(at: string) => absent(call<T>({ method: 'GET', path: at, asked: `discover the group "${group}"` }))
      const version = group === '' ? 'v1'
        : (await get<{ preferredVersion: { version: string } }>(`/apis/${group}`))?.preferredVersion.version
      if (version === undefined) return []
      const list = await get<ResourceList>(group === '' ? '/api/v1' : `/apis/${group}/${version}`)
      return (list?.resources ?? [])
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced }) => ({ group, version, plural: name, kind, namespaced }))
    },

    close: () => transport.close(),
  }
}

/** Undefined for what is not there. */
async function absent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function objectPath(resource: Resource, { namespace, name }: Place, subresource?: string): string {
  if (name === '') throw new TypeError(`an object of kind ${resource.kind} must have a name`)
  return path(resource, resource.namespaced ? namespace : undefined, name, subresource)
}

const selectors = ({ labelSelector = '', fieldSelector = '' }: Selection) => ({ labelSelector, fieldSelector })

/** Parameters that are empty are left out. */
function withQuery(at: string, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ''))
  return query.size === 0 ? at : `${at}?${query}`
}

const metadataAs = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`

/** Verb, resource and object, as the API server's authorizer names them: `get deployments.apps/scale "shop/web"`. */
function asked(verb: string, { plural, group }: Resource, { namespace, name }: Partial<Place>, subresource?: string): string {
  const resource = [group === '' ? plural : `${plural}.${group}`, ...(subresource === undefined ? [] : [subresource])].join('/')
  const object = name === undefined
    ? namespace === undefined
      ? ''
      : ` in "${namespace}"`
    : ` "${namespace === undefined ? '' : `${namespace}/`}${name}"`
  return `${verb} ${resource}${object}`
}

/** In place: an object that says what it is, without what takes the most room and is never asked for. */
function complete(object: KubernetesObject, resource: Resource): void {
  const open = object as { apiVersion: string; kind: string; metadata: { managedFields?: unknown } }
  open.apiVersion = apiVersion(resource)
  open.kind = resource.kind
  delete open.metadata.managedFields
}
