/** What `paddock diagnose deployment/NAME` reads of a cluster: the workload, its Pods, their logs and what the kubelet says of them. */
import { ApiError } from '../cluster/api-error.ts'
import type { Cluster, KubernetesObject, Resource } from '../cluster/cluster.ts'
import { connect, type ConnectSettings } from '../cluster/connect.ts'
import { pods as podResource } from '../cluster/resources.ts'
import { servedKinds, type ServedKind } from '../cluster/workloads.ts'
import { isObject } from '../kubernetes/field.ts'
import { valueAt } from '../kubernetes/workload.ts'
import type { ContainerFacts, PodEvent } from '../logs/containers.ts'
import { UsageError } from './exit.ts'
import { mergeLogs, type ContainerLog } from './merged-logs.ts'
import type { DiagnosedWorkload, DiagnoseTarget } from './run-diagnose.ts'

/** The core group's can be asked for by what they are about. */
const coreEvents: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }

/** Pods whose logs are read: the newest ones. */
const mostPods = 20

/** Bytes of all logs together, and of one of them: its last lines. */
const mostBytes = 64 * 2 ** 20
const mostOfOne = 16 * 2 ** 20

/** Bytes of a line, reckoned low: so many lines are asked for that they do not exceed the bytes, from whose end the API server would cut. */
const shortLine = 100

/** Pages of events, of 500 each. */
const mostEventPages = 4

/** As kubectl abbreviates them. */
const shortNames: Readonly<Record<string, string>> = { deploy: 'Deployment', sts: 'StatefulSet', ds: 'DaemonSet', rs: 'ReplicaSet',
  po: 'Pod', rc: 'ReplicationController' }

/** @throws an ApiError, a NoAnswer or a KubeconfigError; a UsageError where there is no such workload */
export async function openWorkload({ kind, name, namespace: asked, sinceSeconds, ...settings }: DiagnoseTarget & ConnectSettings): Promise<
  DiagnosedWorkload
> {
  const cluster = await connect(settings)
  try {
    const namespace = asked ?? cluster.namespace
    const served = kindNamed(await servedKinds(cluster), kind)
    const object = await cluster.get(served.resource, { namespace, name })
    if (!object) throw new UsageError(`${kind}/${name}: there is none in namespace ${JSON.stringify(namespace)}`)
    const notes: string[] = []
    const all = await podsOf(cluster, object, namespace, notes)
    const facts = all.flatMap(factsOf)
    const events = await eventsOf(cluster, namespace, new Set(all.map(({ metadata }) => metadata.name)), notes)
    const earliest = sinceSeconds === undefined ? -Infinity : Date.now() - sinceSeconds * 1000
    const isRecent = (at: number): boolean => Number.isNaN(at) || at >= earliest
    const read = all.slice(0, mostPods)
    if (all.length > read.length) notes.push(`${all.length} Pods: the logs of the ${read.length} newest are read`)
    const logs = await logsOf(cluster, namespace, read, facts, sinceSeconds, notes)
    return {
      object,
      facts: facts.map((fact) => (fact.end && !isRecent(fact.end.at) ? { ...fact, end: undefined } : fact)),
      events: events.filter(({ at }) => isRecent(at)),
      notes,
      chunks: mergeLogs(logs),
      bytes: logs.reduce((sum, { parts }) => sum + parts.reduce((length, part) => length + part.length, 0), 0),
    }
  } finally {
    cluster.close()
  }
}

function kindNamed(served: readonly ServedKind[], word: string): ServedKind {
  const name = (shortNames[word] ?? word).toLowerCase()
  const found = served.find(({ kind, resource }) => [kind.kind.toLowerCase(), resource.plural].includes(name))
  if (!found) throw new UsageError(`${word}: the cluster serves no such kind of workload`)
  return found
}

type Pod = KubernetesObject

/** The Pods of a workload, the newest first. */
async function podsOf(cluster: Cluster, object: KubernetesObject, namespace: string, notes: string[]): Promise<readonly Pod[]> {
  if (object.kind === 'Pod') return [object]
  const labelSelector = selectorOf(valueAt(object, ['spec', 'selector']))
  if (labelSelector === '')
    throw new UsageError(`${object.kind}/${object.metadata.name} selects no Pods: name one of those that it has made`)
  const found: Pod[] = []
  for await (const { items } of cluster.pages(podResource, { namespace, labelSelector })) {
    found.push(...items)
    if (found.length >= 1000) break
  }
  if (found.length === 0) notes.push(`${object.kind}/${object.metadata.name} has no Pods`)
  const created = ({ metadata }: Pod): string => metadata.creationTimestamp ?? ''
  return found.sort((one, other) => created(other).localeCompare(created(one)))
}

/** A LabelSelector, or the plain map of old kinds, as a query; empty where it selects nothing. */
function selectorOf(selector: unknown): string {
  if (!isObject(selector)) return ''
  const isOld = !('matchLabels' in selector) && !('matchExpressions' in selector)
  const labels = isOld ? selector : valueAt(selector, ['matchLabels'])
  const equal = isObject(labels) ? Object.entries(labels).map(([name, value]) => `${name}=${String(value)}`) : []
  const expressions = valueAt(selector, ['matchExpressions'])
  const others = Array.isArray(expressions) ? expressions.flatMap((one: unknown) => expressionText(one)) : []
  return [...equal, ...others].join(',')
}

function expressionText(expression: unknown): readonly string[] {
  const [key, operator, values] = ['key', 'operator', 'values'].map((name) => valueAt(expression, [name]))
  if (typeof key !== 'string') return []
  const list = Array.isArray(values) ? values.map(String).join(',') : ''
  if (operator === 'In') return [`${key} in (${list})`]
  if (operator === 'NotIn') return [`${key} notin (${list})`]
  return operator === 'Exists' ? [key] : operator === 'DoesNotExist' ? [`!${key}`] : []
}

function factsOf(pod: Pod): readonly ContainerFacts[] {
  const statuses = valueAt(pod, ['status', 'containerStatuses'])
  const containers = valueAt(pod, ['spec', 'containers'])
  return (Array.isArray(statuses) ? statuses : []).map((status: unknown): ContainerFacts => {
    const container = textAt(status, ['name'])
    const written = (Array.isArray(containers) ? containers : []).find((one: unknown) => valueAt(one, ['name']) === container) as unknown
    // One that does not run says its own end; of one that runs, it is the one before.
    const [now, before] = [valueAt(status, ['state', 'terminated']), valueAt(status, ['lastState', 'terminated'])]
    const ended = isObject(now) ? now : isObject(before) ? before : undefined
    const restarts = valueAt(status, ['restartCount'])
    const limit = valueAt(written, ['resources', 'limits', 'memory'])
    const code = valueAt(ended, ['exitCode'])
    return {
      pod: pod.metadata.name,
      container,
      restarts: typeof restarts === 'number' ? restarts : 0,
      end: ended && typeof code === 'number'
        ? { reason: textAt(ended, ['reason']) || 'Error', status: code, at: Date.parse(textAt(ended, ['finishedAt'])) }
        : undefined,
      waiting: textAt(status, ['state', 'waiting', 'reason']) || undefined,
      memoryLimit: typeof limit === 'string' ? limit : undefined,
    }
  })
}

const textAt = (value: unknown, path: readonly string[]): string => {
  const found = valueAt(value, path)
  return typeof found === 'string' ? found : ''
}

/** What the kubelet has told of these Pods; nothing where nobody may know it. */
async function eventsOf(cluster: Cluster, namespace: string, names: ReadonlySet<string>, notes: string[]): Promise<readonly PodEvent[]> {
  const found: PodEvent[] = []
  let left = mostEventPages
  try {
    for await (const { items } of cluster.pages(coreEvents, { namespace, fieldSelector: 'involvedObject.kind=Pod' })) {
      for (const event of items) {
        const pod = textAt(event, ['involvedObject', 'name'])
        if (!names.has(pod)) continue
        const count = valueAt(event, ['series', 'count']) ?? valueAt(event, ['count'])
        const at = ['lastTimestamp', 'eventTime', 'firstTimestamp'].map((field) => Date.parse(textAt(event, [field]))).find((one) =>
          !Number.isNaN(one)
        )
        found.push({ pod, reason: textAt(event, ['reason']), message: textAt(event, ['message']).slice(0, 1000),
          count: typeof count === 'number' && count > 0 ? count : 1, at: at ?? NaN })
      }
      if (--left === 0) break
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    notes.push(`events are not known: ${error.message}`)
  }
  return found
}

/** The logs of all containers, that of the one before a restart in front. */
async function logsOf(cluster: Cluster, namespace: string, pods: readonly Pod[], facts: readonly ContainerFacts[],
  sinceSeconds: number | undefined, notes: string[]): Promise<readonly ContainerLog[]> {
  const wanted = pods.flatMap(({ metadata: { name } }) => facts.filter(({ pod }) => pod === name))
  const streams = wanted.reduce((sum, { restarts }) => sum + (restarts > 0 ? 2 : 1), 0)
  const most = Math.floor(Math.min(mostOfOne, mostBytes / Math.max(1, streams)))
  const since = sinceSeconds === undefined ? {} : { sinceSeconds: String(Math.max(1, Math.ceil(sinceSeconds))) }
  const logs: ContainerLog[] = []
  for (const { pod, container, restarts } of wanted) {
    const read = async (previous: boolean): Promise<Uint8Array> => {
      const query = { container, timestamps: 'true', tailLines: String(Math.floor(most / shortLine)), limitBytes: String(most), ...since,
        ...(previous ? { previous: 'true' } : {}) }
      try {
        const text = await cluster.log({ namespace, name: pod }, query, most) ?? new Uint8Array()
        if (text.length >= most) notes.push(`pod ${pod}, container ${container}: its log is read in part, say --since for less of it`)
        return text
      } catch (error) {
        // It has not started yet, or nobody keeps the log of the one before.
        if (!(error instanceof ApiError) || (error.code !== 400 && !previous)) throw error
        notes.push(`pod ${pod}, container ${container}: no log${previous ? ' from before its restart' : ''}: ${error.message}`)
        return new Uint8Array()
      }
    }
    logs.push({ source: `pod/${pod}/${container}`, parts: [...(restarts > 0 ? [await read(true)] : []), await read(false)] })
  }
  return logs
}
