/** The same object has the same findings, whoever looks: `check`, `review`, `scan`, and the operator's reports. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { dump } from 'js-yaml'
import { jsonLog } from '../../src/log.ts'
import { openScan } from '../../src/cli/scan-cluster.ts'
import type { Cluster, KubernetesObject, Resource } from '../../src/cluster/cluster.ts'
import { connect } from '../../src/cluster/connect.ts'
import { createMetrics } from '../../src/operator/metrics.ts'
import { LivePolicies } from '../../src/cluster/policies.ts'
import { deployments } from '../../src/cluster/resources.ts'
import type { Result } from '../../src/operator/results.ts'
import { startScan } from '../../src/operator/scan-loop.ts'
import { customResourceDefinitions } from '../../src/policy/custom-resource-definitions.ts'
import { pause } from '../cluster/program.ts'
import { run } from '../cli/in-memory.ts'
import { fixtureIds, readFixture, type Case } from '../rule-fixture.ts'
import { kubectlFor, sharedCluster, succeed, type Kubectl, type SharedCluster } from './kubectl.ts'

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe

type Found = { rule: string; action: string; container: string; field: string; message: string; remedy: string }
type Checked = { workloads: { name: string; namespace: string; findings: Found[] }[] }

/** A line for each finding, by workload. */
function lines(named: Iterable<readonly [name: string, findings: readonly Found[]]>): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [name, findings] of named)
    if (findings.length > 0)
      (found[name] ??= []).push(
        ...findings.map(({ rule, action, container, field, message, remedy }) =>
          [action, container, rule, field, message, remedy].join(' | ')
        ),
      )
  for (const texts of Object.values(found)) texts.sort()
  return found
}

const jobs: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true }

/** Of names in config files, which stand in no object. */
const notInObjects = ['ignored-name']

suite('all ways to look at an object', () => {
  const space = `paddock-engine-${process.pid}`
  const labels = { 'paddock.test/suite': space }
  const policy = {
    apiVersion: 'paddock.dev/v1alpha1',
    kind: 'GunicornPolicy',
    metadata: { name: space },
    spec: { preset: 'blueking', defaults: { timeout: 60 }, match: { workloadSelector: { matchLabels: labels } },
      rules: { 'missing-error-log': 'Warn', 'short-timeout': 'Deny' } },
  }
  const files = { 'policy.yaml': dump(policy) }
  const cleanUp: (() => Promise<unknown>)[] = []
  /** As the API server has stored them. */
  const stored: KubernetesObject[] = []
  let refused = 0
  let kubectl: Kubectl
  let client: Cluster
  let checked: Checked

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paddock-e2e-'))
    cleanUp.unshift(() => rm(folder, { recursive: true, force: true }))
    const { kubeconfig } = cluster as SharedCluster
    kubectl = kubectlFor(cluster as SharedCluster, space, folder)
    client = await connect({ kubeconfig, userAgent: 'paddock-test' })
    cleanUp.unshift(async () => client.close())
    await succeed(kubectl(['apply', '--server-side', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: customResourceDefinitions() }))
    const reports = 'reports.openreports.io'
    await succeed(kubectl(['apply', '-f', join(import.meta.dirname, `../operator/crds/${reports}.yaml`)]))
    cleanUp.unshift(() => succeed(kubectl(['delete', `crd/${reports}`])))
    await succeed(
      kubectl(['wait', '--for=condition=Established', '--timeout=30s', `crd/${reports}`,
        ...customResourceDefinitions().map(({ metadata }) => `crd/${metadata.name}`)]),
    )
    await succeed(kubectl(['apply', '-f', '-'], policy))
    cleanUp.unshift(() => succeed(kubectl(['delete', 'gunicornpolicy', space])))
    await succeed(kubectl(['create', 'namespace', space]))
    cleanUp.unshift(() => succeed(kubectl(['delete', 'namespace', space, '--wait=false'])))
    const cases = fixtureIds().flatMap((id) => {
      const { bad, good } = readFixture(id)
      return [...bad, ...good].map((one, index) => objectOf(`${id}-${index}`, one))
    })
    for (const object of cases) {
      try {
        stored.push(await client.create(object.kind === 'Job' ? jobs : deployments, object))
      } catch {
        // A case for what files may hold, and no API server takes.
        refused++
      }
    }
    const { out } = await run(['check', 'objects.yaml', '--policy', 'policy.yaml', '--format', 'json'], { ...files,
      'objects.yaml': stored.map((object) => dump(object, { noRefs: true })).join('---\n') })
    checked = JSON.parse(out) as Checked
  }, 120_000)

  afterAll(async () => {
    for (const step of cleanUp) await step()
  }, 60_000)

  function objectOf(name: string, { containers, initContainers, annotations, pod, kind }: Case): KubernetesObject {
    const withImage = (list: Case['containers'] | undefined) =>
      list?.map((container) => ({ image: 'registry.invalid/shop:1', ...container }))
    const spec = { ...pod, containers: withImage(containers), ...(initContainers ? { initContainers: withImage(initContainers) } : {}) }
    const metadata = { name, namespace: space, labels }
    // Nothing that is created here has Pods.
    if (kind === 'Job')
      return { apiVersion: 'batch/v1', kind, metadata,
        spec: { suspend: true, template: { metadata: { annotations }, spec: { restartPolicy: 'Never', ...spec } } } } as KubernetesObject
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata,
      spec: { replicas: 0, selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name }, annotations }, spec } } } as KubernetesObject
  }

  const byCheck = () => lines(checked.workloads.map(({ name, findings }) => [name, findings] as const))

  test('every rule finds something', () => {
    expect(refused).toBeLessThan(stored.length / 10)
    const found = new Set(checked.workloads.flatMap(({ findings }) => findings.map(({ rule }) => rule)))
    expect(fixtureIds().filter((id) => !found.has(id))).toEqual(notInObjects)
  })

  test('scan finds what check finds', async () => {
    const { kubeconfig } = cluster as SharedCluster
    const scan = (target: object) => openScan({ ...target, kubeconfig, userAgent: 'paddock-test', now: Date.now() })
    const { out, err } = await run(['scan', '--namespace', space, '--format', 'json'], {}, { scan })
    expect(err).toBe('')
    const scanned = JSON.parse(out) as Checked
    expect(scanned.workloads).toHaveLength(stored.length)
    expect(lines(scanned.workloads.map(({ name, findings }) => [name, findings] as const))).toEqual(byCheck())
  })

  test('so do the reports of the operator', async () => {
    const log = jsonLog('silent', () => {}, Date.now)
    const live = new LivePolicies(client, { log })
    const scan = startScan(client, { interval: 3_600_000, reports: 'Auto', excludedNamespaces: [], instance: 'test' }, live, { log,
      metrics: createMetrics(() => 0), now: Date.now })
    while (scan.rounds.all === 0) await pause(100)
    await scan.stop()
    await live.stop()
    const { items } = JSON.parse(await succeed(kubectl(['get', 'reports.openreports.io', '-o', 'json']))) as {
      items: { results: Result[] }[]
    }
    const results = items.flatMap((report) => report.results)
    expect(
      lines(
        results.map(({ rule, message, properties: { action, container, field, remedy }, resources: [{ name }] }) =>
          [name, [{ rule, action, container, field, message, remedy }]] as const
        ),
      ),
    ).toEqual(byCheck())
  }, 60_000)

  test('and the webhook denies what is to be denied', async () => {
    const found = new Map(checked.workloads.map(({ name, findings }) => [name, findings]))
    for (const object of stored) {
      const request = { uid: object.metadata.uid, operation: 'CREATE', namespace: space, name: object.metadata.name, object }
      const { out } = await run(['review', '--policy', 'policy.yaml', 'review.json'], { ...files,
        'review.json': JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }) })
      const { response } = JSON.parse(out) as {
        response: { allowed: boolean; warnings?: string[]; status?: { details: { causes: { message: string }[] } } }
      }
      // What the mutating webhook has put in may be where the validating one finds it then.
      const denied = (response.status?.details.causes ?? []).map(({ message }) => fixtureIds().find((id) => message.includes(`[${id}]`)))
      const expected = (found.get(object.metadata.name) ?? []).filter(({ action }) => action === 'Deny').map(({ rule }) => rule)
      expect([object.metadata.name, response.allowed]).toEqual([object.metadata.name, expected.length === 0])
      expect(new Set(denied)).toEqual(new Set(expected))
    }
  })
})
