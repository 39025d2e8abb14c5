import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { jsonLog } from '../../src/log.ts'
import type { Cluster, KubernetesObject } from '../../src/cluster/cluster.ts'
import { connect } from '../../src/cluster/connect.ts'
import { createMetrics } from '../../src/operator/metrics.ts'
import { LivePolicies } from '../../src/cluster/policies.ts'
import type { Result } from '../../src/operator/results.ts'
import { startScan, type RunningScan, type ScanSettings } from '../../src/operator/scan-loop.ts'
import { customResourceDefinitions } from '../../src/policy/custom-resource-definitions.ts'
import { pause } from '../cluster/program.ts'
import { kubectlFor, sharedCluster, succeed, type Kubectl, type SharedCluster } from './kubectl.ts'
import { workload, type Container, type Workload } from './workloads.ts'

const crds = join(import.meta.dirname, '../operator/crds')
const openReports = join(crds, 'reports.openreports.io.yaml')
const policyReports = join(crds, 'policyreports.wgpolicyk8s.io.yaml')

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe

const loopback: Omit<Container, 'name'> = { command: ['gunicorn', 'wsgi', '-b', '127.0.0.1:8000', '-w', '4'] }

suite('the scan of a real cluster', () => {
  const space = `paddock-scan-${process.pid}`
  const cleanUp: (() => Promise<unknown>)[] = []
  let kubectl: Kubectl
  let client: Cluster
  let folder: string
  let logged: string[] = []
  let running: { scan: RunningScan; stop: () => Promise<void>; metrics: () => Promise<string> } | undefined

  const apply = (object: { metadata: { namespace?: string } } | object): Promise<string> => {
    const { namespace: at = 'default' } = (object as KubernetesObject).metadata
    return succeed(kubectl(['apply', '-n', at, '--server-side', '--force-conflicts', '-f', '-'], object))
  }
  const get = async <T>(...what: string[]): Promise<T> => JSON.parse(await succeed(kubectl(['get', ...what, '-o', 'json']))) as T
  const list = async <T>(...what: string[]): Promise<T[]> => (await get<{ items: T[] }>(...what)).items

  const named = (name: string, namespace: string, object: Workload): Workload => ({ ...object,
    metadata: { ...object.metadata, name, namespace } as Workload['metadata'] })
  const policy = (name: string, spec: object): object => ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name },
    spec })
  const here = { namespaceSelector: { matchLabels: { 'paddock.test/suite': space } } }

  async function start(settings: Partial<ScanSettings> = {}, by: Cluster = client): Promise<void> {
    await running?.stop()
    logged = []
    const log = jsonLog('debug', (line) => logged.push(line), Date.now)
    const live = new LivePolicies(by, { log })
    const metrics = createMetrics(() => by.requests)
    const scan = startScan(by, { interval: 3_600_000, reports: 'Auto', excludedNamespaces: [`${space}-excluded`], instance: 'test',
      settle: 50, lookout: 500, ...settings }, live, { log, metrics, now: Date.now })
    running = {
      scan,
      metrics: () => metrics.text(),
      async stop() {
        await scan.stop()
        await live.stop()
        running = undefined
      },
    }
  }

  /** Waits until a round of an extent has come to its end. */
  const round = (extent: 'all' | 'part', number: number): Promise<void> =>
    until(`${number} rounds of ${extent}`, async () => (running?.scan.rounds[extent] ?? 0) >= number)

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (await isSo()) return
      await pause(100)
    }
    throw new Error(`not within 30 s: ${what}\n${logged.join('')}`)
  }

  async function install(file: string): Promise<void> {
    await succeed(kubectl(['apply', '-f', file]))
    const crd = `crd/${file.slice(file.lastIndexOf('/') + 1, -'.yaml'.length)}`
    await succeed(kubectl(['wait', '--for=condition=Established', '--timeout=30s', crd]))
    cleanUp.unshift(() => succeed(kubectl(['delete', '--ignore-not-found', crd])))
  }

  type Report = KubernetesObject & { results: Result[]; summary: Record<string, number> }
  const reportsIn = (at: string, kind = 'reports.openreports.io'): Promise<Report[]> => list<Report>(kind, '-n', at)
  const versions = async (at: string): Promise<string[]> =>
    (await reportsIn(at)).map(({ metadata: { name, resourceVersion } }) => `${name} ${resourceVersion}`)
  const told = (reports: Report[]): string[] =>
    reports.flatMap(({ results }) =>
      results.map(({ policy: by, rule, result, resources: [{ kind, name }] }) => `${kind} ${name}: ${result}: ${rule} by ${by}`)
    ).sort()
  type Event = { regarding: { kind: string; name: string }; reason: string; note: string }
  const eventsIn = (at: string): Promise<Event[]> => list<Event>('events.events.k8s.io', '-n', at)

  async function namespace(name: string, labels: Record<string, string> = { 'paddock.test/suite': space }): Promise<string> {
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
    cleanUp.unshift(() => succeed(kubectl(['delete', 'namespace', name, '--wait=false'])))
    return name
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paddock-e2e-'))
    cleanUp.unshift(() => rm(folder, { recursive: true, force: true }))
    kubectl = kubectlFor(cluster as SharedCluster, 'default', folder)
    client = await connect({ kubeconfig: (cluster as SharedCluster).kubeconfig, userAgent: 'paddock-test' })
    cleanUp.unshift(async () => client.close())
    for (const definition of customResourceDefinitions()) await apply(definition)
    await succeed(
      kubectl(['wait', '--for=condition=Established', '--timeout=30s',
        ...customResourceDefinitions().map(({ metadata }) => `crd/${metadata.name}`)]),
    )
    await apply(
      policy(space, { preset: 'kubernetes', match: here,
        rules: { 'loopback-bind': 'Deny', 'few-workers': 'Warn', 'missing-access-log': 'Off' } }),
    )
    cleanUp.unshift(() => succeed(kubectl(['delete', 'gunicornpolicies', '--all'])))
  }, 120_000)

  afterEach(() => running?.stop())

  afterAll(async () => {
    await running?.stop()
    for (const step of cleanUp) await step()
  }, 60_000)

  test('without a kind of report, Events tell what is new, once', async () => {
    const shop = await namespace(`${space}-events`)
    await apply(named('web', shop, workload('Deployment', loopback)))
    await apply(named('fine', shop, workload('Deployment', { command: ['nginx'] })))
    await start()
    await round('all', 1)
    await until('an Event', async () => (await eventsIn(shop)).length > 0)
    const [event, ...more] = await eventsIn(shop)
    expect(more).toEqual([])
    expect(event).toMatchObject({ regarding: { kind: 'Deployment', name: 'web', namespace: shop }, reason: 'WouldBeDenied',
      type: 'Warning' })
    expect(event?.note).toMatch(
      new RegExp(`^violates GunicornPolicy "${space}": spec\\.template\\.spec\\.containers\\[0\\]\\..* \\[loopback-bind\\] .*\\.$`),
    )

    // Neither another round nor another process says it again.
    await start({ interval: 300 })
    await round('all', 3)
    await running?.stop()
    expect(await eventsIn(shop)).toHaveLength(1)
  }, 60_000)

  test('a kind of report that is installed later is noticed', async () => {
    const shop = await namespace(`${space}-later`)
    await apply(named('web', shop, workload('Deployment', loopback)))
    await start()
    await round('all', 1)
    await install(policyReports)
    await round('all', 2)
    expect(told(await reportsIn(shop, 'policyreports.wgpolicyk8s.io'))).toContain(`Deployment web: fail: loopback-bind by ${space}`)
    await install(openReports)
    await round('all', 3)
    expect(told(await reportsIn(shop))).toContain(`Deployment web: fail: loopback-bind by ${space}`)
    expect(await list('policyreports.wgpolicyk8s.io', '-A')).toEqual([])
  }, 60_000)

  test('what others make is told at its maker, and what is left out is not told', async () => {
    const shop = await namespace(`${space}-shop`)
    for (const excluded of [`${space}-excluded`, `${space}-out`])
      await namespace(excluded, { 'paddock.test/suite': space,
        ...(excluded.endsWith('-out') ? { 'paddock.dev/admission': 'disabled' } : {}) })
    for (const kind of ['Deployment', 'StatefulSet', 'CronJob', 'Job', 'ReplicaSet', 'PodTemplate'] as const)
      for (const at of [shop, `${space}-excluded`, `${space}-out`])
        await apply(named(`own-${kind.toLowerCase()}`, at, workload(kind, loopback)))
    const maker = await get<KubernetesObject>('deployment', 'own-deployment', '-n', shop)
    const made = named('made', shop, workload('ReplicaSet', loopback))
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'own-deployment', uid: maker.metadata.uid, controller: true }
    await apply({ ...made, metadata: { ...made.metadata, ownerReferences: [owner] } })
    // More than are fetched one by one.
    for (let index = 0; index < 10; index++) await apply(named(`job-${index}`, shop, workload('Job', loopback)))

    await start()
    await round('all', 1)
    const reports = await reportsIn(shop)
    expect(reports.map(({ metadata }) => metadata.name).sort()).toEqual(
      ['paddock-cronjobs.batch', 'paddock-deployments.apps', 'paddock-jobs.batch', 'paddock-podtemplates', 'paddock-replicasets.apps',
        'paddock-statefulsets.apps'],
    )
    expect(told(reports).filter((line) => line.includes('loopback-bind'))).toEqual(
      [...['CronJob', 'Deployment', 'Job', 'PodTemplate', 'ReplicaSet', 'StatefulSet'].map((kind) => `${kind} own-${kind.toLowerCase()}`),
        ...Array.from({ length: 10 }, (_, index) => `Job job-${index}`)]
        .map((one) => `${one}: fail: loopback-bind by ${space}`).sort(),
    )
    for (const { metadata, summary, results } of reports) {
      expect(metadata.labels?.['app.kubernetes.io/managed-by']).toBe('paddock')
      expect(summary['fail']).toBe(results.filter(({ result }) => result === 'fail').length)
    }
    expect(await reportsIn(`${space}-excluded`)).toEqual([])
    expect(await reportsIn(`${space}-out`)).toEqual([])
    expect(await running?.metrics()).toMatch(/^paddock_scan_workloads\{kind="jobs.batch"\} 11$/m)
    expect(await running?.metrics()).toMatch(/^paddock_scan_findings\{rule="loopback-bind",action="Deny"\} \d+$/m)

    // What is known is not written again; what has gone is told no more.
    const before = await versions(shop)
    await start()
    await round('all', 1)
    expect(await versions(shop)).toEqual(before)
    await succeed(kubectl(['delete', 'statefulset', 'own-statefulset', '-n', shop]))
    await start()
    await round('all', 1)
    expect(await versions(shop)).toEqual(before.filter((one) => !one.includes('statefulsets')))
  }, 120_000)

  test('a change of a policy has what it affects looked at again, and nothing else', async () => {
    const [one, other] = [await namespace(`${space}-one`), await namespace(`${space}-other`, { 'paddock.test/other': space })]
    for (const at of [one, other])
      for (const kind of ['Deployment', 'StatefulSet'] as const) await apply(named('web', at, workload(kind, loopback)))
    const narrow = (rules: object): object =>
      policy(`${space}-narrow`, { priority: 10,
        match: { kinds: ['StatefulSet'], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': one } } }, rules })
    await start()
    await round('all', 1)
    expect(await versions(other)).toEqual([])
    const [deployments, statefulSets] = await versions(one)

    await apply(narrow({ 'loopback-bind': 'Warn' }))
    await round('part', 1)
    const reports = await reportsIn(one)
    expect(told(reports)).toEqual(
      expect.arrayContaining([`StatefulSet web: warn: loopback-bind by ${space}-narrow`,
        `Deployment web: fail: loopback-bind by ${space}`]),
    )
    expect((await versions(one))[0]).toBe(deployments)
    expect((await versions(one))[1]).not.toBe(statefulSets)
    const line = logged.map((text) => JSON.parse(text) as { msg: string; extent?: string; requests?: number }).find(({ extent }) =>
      extent === 'part'
    )
    // Discovery of the groups, one list, the report read and written.
    expect(line?.requests).toBeLessThanOrEqual(12)
    await until('its status', async () => {
      const { status } = await get<
        { status?: { counts?: { workloads: number; warned: number }; conditions?: { type: string; status: string }[] } }
      >('gunicornpolicy', `${space}-narrow`)
      return status?.counts?.workloads === 1 && status.counts.warned >= 1 &&
        status.conditions?.every(({ status: so }) => so === 'True') === true
    })

    // A namespace that comes under a policy by its labels.
    await succeed(kubectl(['label', 'namespace', other, `paddock.test/suite=${space}`]))
    await round('part', 2)
    expect(told(await reportsIn(other))).toContain(`Deployment web: fail: loopback-bind by ${space}`)
    await succeed(kubectl(['label', 'namespace', other, 'paddock.test/suite-']))
    await round('part', 3)
    expect(await reportsIn(other)).toEqual([])
    await succeed(kubectl(['delete', 'gunicornpolicy', `${space}-narrow`]))
    await round('part', 4)
    expect(told(await reportsIn(one))).toContain(`StatefulSet web: fail: loopback-bind by ${space}`)
  }, 120_000)

  test('what an exception lets pass is skipped, until it ends', async () => {
    const shop = await namespace(`${space}-excepted`)
    await apply(named('web', shop, workload('Deployment', loopback)))
    await start()
    await round('all', 1)
    const expiry = new Date(Date.now() + 5000).toISOString()
    const spec = { workloads: [{ name: 'web' }], rules: ['loopback-bind'], reason: 'it listens behind a proxy', owner: 'shop@example.com',
      expiry }
    await apply({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornException', metadata: { name: 'web', namespace: shop }, spec })
    await round('part', 1)
    const [report] = await reportsIn(shop)
    expect(report?.results.filter(({ rule }) => rule === 'loopback-bind')).toMatchObject([{ result: 'skip',
      properties: { exception: 'web', action: 'Audit' } }])
    type Told = { status?: { conditions: { type: string; status: string; reason: string }[]; counts: object } }
    await until('its status', async () => (await get<Told>('gunicornexception', 'web', '-n', shop)).status !== undefined)
    expect((await get<Told>('gunicornexception', 'web', '-n', shop)).status).toMatchObject({
      conditions: [{ type: 'Active', status: 'True', reason: 'Active' }],
      counts: { workloads: 1, findings: 1 },
    })
    expect(await running?.metrics()).toMatch(/^paddock_exceptions_expiring 1$/m)

    await round('part', 2)
    expect(told(await reportsIn(shop))).toContain(`Deployment web: fail: loopback-bind by ${space}`)
    await until('that it has ended',
      async () => (await get<Told>('gunicornexception', 'web', '-n', shop)).status?.conditions[0]?.reason === 'Expired')
    expect(await running?.metrics()).toMatch(/^paddock_exceptions_expiring 0$/m)
  }, 60_000)

  test('where rights are missing, the rest is done, and it is told what is not', async () => {
    const [may, mayNot] = [await namespace(`${space}-may`), await namespace(`${space}-may-not`)]
    for (const at of [may, mayNot])
      for (const kind of ['Deployment', 'StatefulSet'] as const) await apply(named('web', at, workload(kind, loopback)))
    await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'scan', namespace: may } })
    const subjects = [{ kind: 'ServiceAccount', name: 'scan', namespace: may }]
    const rbac = 'rbac.authorization.k8s.io'
    const read = ['get', 'list', 'watch']
    await apply({ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: `${space}-read` }, rules: [
      { apiGroups: ['paddock.dev', ''], resources: ['gunicornpolicies', 'gunicornexceptions', 'namespaces'], verbs: read },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: read },
      { apiGroups: ['openreports.io'], resources: ['reports'], verbs: read },
    ] })
    await apply({ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: `${space}-write` },
      rules: [{ apiGroups: ['openreports.io'], resources: ['reports'], verbs: ['create', 'patch', 'delete'] }] })
    const roleRef = (name: string) => ({ apiGroup: rbac, kind: 'ClusterRole', name })
    await apply({ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: `${space}-read` },
      roleRef: roleRef(`${space}-read`), subjects })
    await apply({ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name: 'write', namespace: may },
      roleRef: roleRef(`${space}-write`), subjects })
    cleanUp.unshift(() =>
      succeed(kubectl(['delete', `clusterrole/${space}-read`, `clusterrole/${space}-write`, `clusterrolebinding/${space}-read`]))
    )

    const token = (await succeed(kubectl(['create', 'token', 'scan', '-n', may]))).trim()
    const kubeconfig = join(folder, 'restricted.kubeconfig')
    const config = parse(await readFile((cluster as SharedCluster).kubeconfig, 'utf8')) as { users: { name: string; user: object }[] }
    await writeFile(kubeconfig, JSON.stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }))
    const restricted = await connect({ kubeconfig, userAgent: 'paddock-test', patience: 1000 })

    await start({}, restricted)
    await round('all', 1)
    expect(told(await reportsIn(may))).toContain(`Deployment web: fail: loopback-bind by ${space}`)
    expect(await reportsIn(mayNot)).toEqual([])
    const failures = logged.map((text) =>
      JSON.parse(text) as { msg: string; step?: string; kind?: string; namespace?: string; error?: string }
    ).filter(({ msg }) => msg === 'scan step failed')
    expect(failures).toContainEqual(
      expect.objectContaining({ step: 'list', kind: 'statefulsets.apps', error: expect.stringContaining('forbidden') }),
    )
    expect(failures).toContainEqual(
      expect.objectContaining({ step: 'report', namespace: mayNot, kind: 'deployments.apps', error: expect.stringContaining('forbidden') }),
    )
    const metrics = await running?.metrics()
    expect(metrics).toMatch(/^paddock_scan_failures_total\{step="list"\} \d+$/m)
    expect(metrics).not.toMatch(/^paddock_scan_last_success_timestamp_seconds [1-9]/m)
    await running?.stop()
    restricted.close()
  }, 60_000)
})
