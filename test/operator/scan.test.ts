import { describe, expect, test } from '@jest/globals'
import type { Cluster, KubernetesObject, Resource, Selection } from '../../src/cluster/cluster.ts'
import { everything } from '../../src/operator/area.ts'
import { judgeStored } from '../../src/judge.ts'
import { RememberedReports, StoredReports } from '../../src/operator/reports.ts'
import type { Result } from '../../src/operator/results.ts'
import { scan, type ScanOptions } from '../../src/operator/scan.ts'
import { Totals } from '../../src/operator/totals.ts'
import { workloadKind } from '../../src/kubernetes/kinds.ts'
import { Policies } from '../../src/policy/policies.ts'
import { deployments, pods } from '../../src/cluster/resources.ts'
import { batches, kindKey, type ServedKind } from '../../src/cluster/workloads.ts'

const served = (resource: Resource): ServedKind => {
  const kind = workloadKind(resource.group === '' ? 'v1' : `${resource.group}/v1`, resource.kind)
  if (!kind) throw new Error(resource.kind)
  return { kind, resource }
}
const [deployment, pod] = [served(deployments), served(pods)]
const policies = new Policies([{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'platform' },
  spec: { preset: 'blueking' } }])

const goodWords = ['-w', '4', '-b', ':$(PORT)', '--access-logfile', '-', '--error-logfile', '-', '--access-logformat', '%(h)s',
  '--worker-tmp-dir', '/dev/shm']

/** Of that name, in a namespace; it binds to loopback. */
function workload(kind: 'Deployment' | 'Pod', namespace: string, name: string, more: object = {}): KubernetesObject {
  const spec = { containers: [{ name: 'web', command: ['gunicorn', '-b', '127.0.0.1:80', 'wsgi'] }] }
  const metadata = { namespace, name, uid: `${namespace}-${name}`, ...more }
  return kind === 'Pod' ? ({ apiVersion: 'v1', kind, metadata, spec } as KubernetesObject)
    : ({ apiVersion: 'apps/v1', kind, metadata, spec: { template: { spec } } } as KubernetesObject)
}

/** An API server in so far as it stores objects, sorted as they are given, and counts what it is asked for. */
function stored(
  pages: Partial<Record<string, KubernetesObject[][]>>,
): { cluster: Cluster; asked: string[]; reports: Map<string, KubernetesObject & { results: Result[] }> } {
  const asked: string[] = []
  const reports = new Map<string, KubernetesObject & { results: Result[] }>()
  const cluster = {
    async get(resource: Resource, { namespace, name }: { namespace?: string; name: string }) {
      asked.push(`get ${resource.plural} ${namespace}/${name}`)
      if (resource.plural === 'reports') return reports.get(`${namespace}/${name}`)
      return pages[resource.plural]?.flat().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
    },
    async *pages(resource: Resource, { namespace, metadataOnly = false }: Selection = {}) {
      asked.push(`list ${resource.plural} ${namespace ?? '*'}${metadataOnly ? ' metadata' : ''}`)
      const items = resource.plural === 'reports' ? [[...reports.values()]] : (pages[resource.plural] ?? [[]])
      for (const page of items)
        yield { resourceVersion: '1',
          items: page.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace).map((
            one,
          ) => (metadataOnly ? { apiVersion: one.apiVersion, kind: one.kind, metadata: one.metadata } : one)) }
    },
    async apply(_: Resource, object: KubernetesObject & { results: Result[] }) {
      asked.push(`apply ${object.metadata.namespace}/${object.metadata.name}`)
      reports.set(`${object.metadata.namespace}/${object.metadata.name}`, object)
      return object
    },
    async delete(_: Resource, { namespace, name }: { namespace?: string; name: string }) {
      asked.push(`delete ${namespace}/${name}`)
      return reports.delete(`${namespace}/${name}`)
    },
  } as unknown as Cluster
  return { cluster, asked, reports }
}

const reportKind: Resource = { group: 'openreports.io', version: 'v1alpha1', plural: 'reports', kind: 'Report', namespaced: true }

function options(given: Partial<ScanOptions> = {}): ScanOptions & { failures: string[]; fresh: Result[] } {
  const failures: string[] = []
  const fresh: Result[] = []
  return {
    kinds: [deployment],
    isGoverned: () => true,
    isExcluded: () => false,
    judge: (object) => judgeStored(object, policies, {}, 0),
    reports: new RememberedReports(),
    announce: (results) => void fresh.push(...results),
    totals: new Totals(),
    failed: (step, { kind, namespace = '*' }, error) => void failures.push(`${step} ${kind} ${namespace}: ${(error as Error).message}`),
    signal: new AbortController().signal,
    failures,
    fresh,
    ...given,
  }
}

const namesOf = async (source: AsyncIterable<{ namespace: string; objects: readonly KubernetesObject[] }>): Promise<string[]> => {
  const names: string[] = []
  for await (const { namespace, objects } of source) names.push(`${namespace}: ${objects.map(({ metadata }) => metadata.name).join(' ')}`)
  return names
}

describe('workloads', () => {
  const scanned = new Set([kindKey(deployment.kind), kindKey(pod.kind), 'apps/ReplicaSet'])
  const by = (kind: string, apiVersion = 'apps/v1', controller = true) => ({
    ownerReferences: [{ apiVersion, kind, name: 'x', uid: 'x', controller }],
  })

  test('what a scanned workload has made is passed over, and what is being deleted', async () => {
    const { cluster } = stored({ deployments: [[
      workload('Deployment', 'a', 'own'),
      workload('Deployment', 'a', 'made', by('Deployment')),
      workload('Deployment', 'a', 'of-another', by('Shop', 'shop.example.com/v1')),
      workload('Deployment', 'a', 'of-an-unscanned-kind', by('StatefulSet')),
      workload('Deployment', 'a', 'only-owned', by('ReplicaSet', 'apps/v1', false)),
      workload('Deployment', 'a', 'going', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    ]] })
    expect(await namesOf(batches(cluster, deployment, scanned, {}))).toEqual(['a: own of-another of-an-unscanned-kind only-owned'])
  })

  test('of kinds that others make, few are fetched and many are listed', async () => {
    const made = (namespace: string) =>
      Array.from({ length: 30 }, (_, index) => workload('Pod', namespace, `made-${index}`, by('ReplicaSet')))
    const many = Array.from({ length: 9 }, (_, index) => workload('Pod', 'b', `own-${index}`))
    const { cluster, asked } = stored({
      pods: [[...made('a'), workload('Pod', 'a', 'one')], [workload('Pod', 'a', 'two'), ...many], made('c')],
    })
    const names = await namesOf(batches(cluster, pod, scanned, {}))
    // Of the namespace that is listed, each page comes, be it empty.
    expect(names.filter((line) => line !== 'b: ')).toEqual(['a: one two', `b: ${many.map(({ metadata }) => metadata.name).join(' ')}`,
      'c: '])
    expect(asked).toEqual(['list pods * metadata', 'get pods a/one', 'get pods a/two', 'list pods b'])
  })
})

describe('a scan', () => {
  test('a namespace is told when it is through; one that comes back is listed as a whole', async () => {
    const { cluster, asked } = stored({ deployments: [
      [workload('Deployment', 'a', 'one'), workload('Deployment', 'a', 'two')],
      [workload('Deployment', 'a', 'three'), workload('Deployment', 'b', 'one')],
      [workload('Deployment', 'a', 'late')],
    ] })
    const told: string[] = []
    const reports = new RememberedReports()
    const tell = reports.tell.bind(reports)
    reports.tell = (kind, namespace, results, announce) => {
      told.push(`${namespace} ${new Set(results.map(({ resources: [{ name }] }) => name)).size}`)
      return tell(kind, namespace, results, announce)
    }
    const given = options({ reports })
    expect(await scan(cluster, everything, given)).toBe(true)
    expect(told).toEqual(['a 3', 'b 1', 'a 4'])
    expect(asked).toEqual(['list deployments *', 'list deployments a'])
    expect(given.totals.workloads()).toEqual(new Map([['deployments.apps', 5]]))
    expect(new Set(given.fresh.map(({ resources: [{ name }] }) => name))).toEqual(new Set(['one', 'two', 'three', 'late']))
  })

  test('a few namespaces are listed one by one, and others are left as they are', async () => {
    const { cluster, asked, reports: written } = stored({
      deployments: [[workload('Deployment', 'a', 'one'), workload('Deployment', 'b', 'one'), workload('Deployment', 'c', 'one')]],
    })
    const reports = new StoredReports(cluster, reportKind, () => 1_800_000_000_000)
    await scan(cluster, [{ kinds: new Set(['Deployment']), namespaces: new Set(['b', 'gone']) }], options({ reports }))
    // Reports are written while the next namespace is listed.
    expect(asked.toSorted()).toEqual(['apply b/paddock-deployments.apps', 'list deployments b', 'list deployments gone'])
    expect([...written.keys()]).toEqual(['b/paddock-deployments.apps'])
    expect(await scan(cluster, [{ kinds: new Set(['Job']) }], options({ reports }))).toBe(true)
  })

  test('what is known is not written again, by another process either', async () => {
    const objects = [workload('Deployment', 'a', 'one'), workload('Deployment', 'b', 'one')]
    const { cluster, asked, reports: written } = stored({ deployments: [objects] })
    await scan(cluster, everything, options({ reports: new StoredReports(cluster, reportKind, () => 1_800_000_000_000) }))
    expect(written.get('a/paddock-deployments.apps')).toMatchObject({
      apiVersion: 'openreports.io/v1alpha1',
      kind: 'Report',
      source: 'paddock',
      scope: { kind: 'Namespace', name: 'a' },
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'paddock', 'paddock.dev/kind': 'deployments.apps' } },
    })
    asked.length = 0
    const reports = new StoredReports(cluster, reportKind, () => 1_800_000_000_000)
    await reports.read()
    const again = options({ reports })
    await scan(cluster, everything, again)
    expect(asked).toEqual(['list reports * metadata', 'list deployments *'])
    expect(again.fresh).toEqual([])

    // One more workload, and one that is gone: what is new of them is told as new.
    objects.splice(1, 1, workload('Deployment', 'a', 'two'))
    asked.length = 0
    const later = options({ reports })
    await scan(cluster, everything, later)
    expect(new Set(later.fresh.map(({ resources: [{ name }] }) => name))).toEqual(new Set(['two']))
    expect(asked).toEqual(['list deployments *', 'get reports a/paddock-deployments.apps', 'delete b/paddock-deployments.apps',
      'apply a/paddock-deployments.apps'])
    expect(reports.count).toBe(1)
  })

  test('each result has an id of its own, and the time at which it was first seen; what passes is counted', async () => {
    const fine = workload('Deployment', 'a', 'fine')
    Object.assign((fine as unknown as { spec: { template: { spec: object } } }).spec.template.spec, {
      containers: [{ name: 'web', command: ['gunicorn', ...goodWords, 'wsgi'], env: [{ name: 'PORT', value: '5000' }] }],
    })
    const twice = workload('Deployment', 'a', 'twice')
    Object.assign((twice as unknown as { spec: { template: { spec: object } } }).spec.template.spec, {
      containers: [{ name: 'web', command: ['sh', '-c', 'gunicorn -t 5 a:a & exec gunicorn -t 6 b:b'] }],
    })
    const objects = [workload('Deployment', 'a', 'one'), twice, fine]
    const { cluster, reports: written } = stored({ deployments: [objects] })
    let now = 1_800_000_000_500
    const reports = new StoredReports(cluster, reportKind, () => now)
    const report = async () => {
      await scan(cluster, everything, options({ reports }))
      return written.get('a/paddock-deployments.apps') as KubernetesObject & { results: Result[]; summary: { pass: number } }
    }
    const first = await report()
    const ids = first.results.map(({ properties: { resultID } }) => resultID)
    expect(new Set(ids).size).toBe(ids.length)
    expect(first.summary.pass).toBe(1)
    expect(first.results).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ scored: true, category: 'gunicorn: Server Socket', rule: 'loopback-bind',
          timestamp: { seconds: 1_800_000_000, nanos: 0 } }),
      ]),
    )

    now += 60_000
    objects.push(workload('Deployment', 'a', 'two'))
    const second = await report()
    const times = new Map(second.results.map(({ resources: [{ name }], timestamp }) => [name, timestamp?.seconds]))
    expect(times).toEqual(new Map([['one', 1_800_000_000], ['twice', 1_800_000_000], ['two', 1_800_000_060]]))
    expect(second.results.map(({ properties: { resultID } }) => resultID)).toEqual(expect.arrayContaining(ids))
  })

  test('a namespace with much to tell has several reports, and one more workload changes one of them', async () => {
    const objects = Array.from({ length: 300 }, (_, index) => workload('Deployment', 'a', `web-${index}`))
    const { cluster, asked, reports: written } = stored({ deployments: [objects] })
    const reports = new StoredReports(cluster, reportKind, () => 1_800_000_000_000)
    const given = options({ reports })
    await scan(cluster, everything, given)
    expect(written.size).toBeGreaterThan(2)
    expect(reports.count).toBe(written.size)
    for (const report of written.values()) expect(JSON.stringify(report).length).toBeLessThan(1024 * 1024)
    const all = [...written.values()].flatMap(({ results }) => results)
    expect(all).toHaveLength([...given.totals.findings()].reduce((sum, { number }) => sum + number, 0))
    for (const [name, of] of Map.groupBy(all, ({ resources: [{ name: workloadName }] }) => workloadName))
      expect([name, of.length]).toEqual([name, all.length / 300])

    objects.push(workload('Deployment', 'a', 'another'))
    asked.length = 0
    await scan(cluster, everything, options({ reports }))
    expect(asked.filter((one) => one.startsWith('apply'))).toHaveLength(1)
    objects.length = 0
    await scan(cluster, everything, options({ reports }))
    expect(written.size).toBe(0)
  }, 30_000)

  test('what cannot be read stays as it was told, and the rest is done', async () => {
    const { cluster } = stored({ deployments: [[workload('Deployment', 'a', 'one')]], pods: [[workload('Pod', 'a', 'one')]] })
    const reports = new RememberedReports()
    const given = options({ reports, kinds: [deployment, pod] })
    expect(await scan(cluster, everything, given)).toBe(true)
    const pages = cluster.pages.bind(cluster)
    const failing = { ...cluster, pages: (resource: Resource, selection?: Selection) => {
      if (resource.plural === 'deployments') throw new Error('forbidden')
      return pages(resource, selection)
    } } as Cluster
    expect(await scan(failing, everything, given)).toBe(false)
    expect(given.failures).toEqual(['list deployments.apps *: forbidden'])
    expect(reports.namespaces(deployment)).toEqual(['a'])
    expect(given.totals.workloads()).toEqual(new Map([['deployments.apps', 1], ['pods', 1]]))
  })

  test('a fault with one workload is none of the others', async () => {
    const { cluster } = stored({ deployments: [[workload('Deployment', 'a', 'one'), workload('Deployment', 'a', 'two')]] })
    const given = options({ judge: (object) => {
      if (object.metadata.name === 'one') throw new Error('a fault')
      return judgeStored(object, policies, {}, 0)
    } })
    expect(await scan(cluster, everything, given)).toBe(false)
    expect(given.failures).toEqual(['judge deployments.apps a: a fault'])
    expect(given.totals.workloads()).toEqual(new Map([['deployments.apps', 1]]))
  })

  test('a kind that no policy governs is not listed, and told no more', async () => {
    const { cluster, asked } = stored({ deployments: [[workload('Deployment', 'a', 'one')]], pods: [[workload('Pod', 'a', 'one')]] })
    const reports = new RememberedReports()
    const given = options({ reports, kinds: [deployment, pod] })
    await scan(cluster, everything, given)
    asked.length = 0
    await scan(cluster, everything, { ...given, isGoverned: (kind) => kind === 'Pod' })
    expect(asked).toEqual(['list pods * metadata', 'get pods a/one'])
    expect([reports.namespaces(deployment), reports.namespaces(pod)]).toEqual([[], ['a']])
    expect(given.totals.workloads()).toEqual(new Map([['pods', 1]]))
  })

  test('what is left out is told no more', async () => {
    const { cluster } = stored({ deployments: [[workload('Deployment', 'a', 'one'), workload('Deployment', 'b', 'one')]] })
    const reports = new RememberedReports()
    await scan(cluster, everything, options({ reports }))
    const given = options({ reports, isExcluded: (namespace) => namespace === 'a' })
    await scan(cluster, everything, given)
    expect(reports.namespaces(deployment)).toEqual(['b'])
    await scan(cluster, [{ namespaces: new Set(['b']) }], { ...given, isExcluded: () => true })
    expect(reports.namespaces(deployment)).toEqual([])
    expect([...given.totals.workloads()]).toEqual([])
  })
})
