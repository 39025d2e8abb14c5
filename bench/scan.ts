/**
 * The operator's scan of 20,000 Deployments in a real API server: how long the first takes and a second one after a change
 * of the policy, what the process holds at most, and how many API calls that is: `npm run bench scan`. `dist` is measured, or
 * the folder that PADDOCK_DIST names. The API server comes from test/cluster/cluster.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parse } from 'yaml'
import { applyEdits } from '../src/edit.ts'
import { readWorkload } from '../src/kubernetes/workload.ts'
import { judge } from '../src/judge.ts'
import type { Cluster, KubernetesObject } from '../src/cluster/cluster.ts'
import { connect } from '../src/cluster/connect.ts'
import { servedReports } from '../src/operator/reports.ts'
import { deployments, gunicornPolicies, namespaces } from '../src/cluster/resources.ts'
import { customResourceDefinitions } from '../src/policy/custom-resource-definitions.ts'
import { presetNamed } from '../src/policy/read.ts'
import { startCluster } from '../test/cluster/cluster.ts'
import { deployment } from './deployment.ts'
import { cores, measure } from './measure.ts'

const number = Number(process.env['DEPLOYMENTS'] ?? 20_000)
const spaces = Number(process.env['NAMESPACES'] ?? 200)
const clients = 32
/** MiB. */
const goal = 250
/** As in its Pod, where Node takes half of the memory limit of 512 MiB for the most that its heap may grow to. */
const podFlags = '--max-semi-space-size=4 --max-old-space-size=256'
const dist = process.env['PADDOCK_DIST'] ?? join(import.meta.dirname, '../dist')
const crds = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', kind: 'CustomResourceDefinition',
  namespaced: false } as const

const cluster = await startCluster((line) => console.error(`cluster: ${line}`))
const client = await connect({ kubeconfig: cluster.kubeconfig, userAgent: 'paddock-bench' })
let operator: ChildProcess | undefined
try {
  await prepare(client)
  operator = spawn(process.execPath, [
    ...(process.env['NODE_FLAGS'] ?? podFlags).split(' '),
    join(dist, 'operator.js'),
    '--namespace',
    'default',
    '--kubeconfig',
    cluster.kubeconfig,
    '--webhook-url',
    'https://127.0.0.1:9',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--lease-duration',
    '60s',
  ], { stdio: ['ignore', process.env['NODE_FLAGS'] ? 'inherit' : 'ignore', 'pipe'] })
  const scans = scansOf(operator)
  say('first scan', scanText(await scans.next(), operator))
  say('its reports', await reportsOf(client))
  await client.apply(gunicornPolicies, policy({ 'loopback-bind': 'Warn' }), { fieldManager: 'bench', force: true })
  say('after a change of one rule for all', scanText(await scans.next(), operator))
  await client.apply(gunicornPolicies, policyOfOne('team-0'), { fieldManager: 'bench', force: true })
  say('after a policy for one namespace', scanText(await scans.next(), operator))
  const command = [process.execPath, join(dist, 'paddock.js'), 'scan', '--kubeconfig', cluster.kubeconfig, '--fail-on', 'never']
  const { seconds, memory } = await measure(command, 1)
  say('`paddock scan`', `${seconds.toFixed(1)} s, peak ${memory.toFixed(0)} MiB`)
} finally {
  if (operator && operator.exitCode === null) {
    operator.kill('SIGTERM')
    await once(operator, 'exit')
  }
  client.close()
  await cluster.stop()
}

function policy(rules: Record<string, string>): KubernetesObject {
  return { apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'platform' },
    spec: { preset: 'blueking', rules } } as KubernetesObject
}

function policyOfOne(namespace: string): KubernetesObject {
  const match = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }
  return { ...policy({}), metadata: { name: namespace },
    spec: { priority: 1, match, rules: { 'loopback-bind': 'Deny' } } } as KubernetesObject
}

async function prepare(api: Cluster): Promise<void> {
  const started = performance.now()
  const report = parse(
    readFileSync(join(import.meta.dirname, '../test/operator/crds/reports.openreports.io.yaml'), 'utf8'),
  ) as KubernetesObject
  for (const definition of [...customResourceDefinitions(), report]) await api.create(crds, definition)
  while ((await api.served('paddock.dev')).length < 2 || (await servedReports(api)).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 200))
  await api.create(gunicornPolicies, policy({}))
  for (let index = 0; index < spaces; index++)
    await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `team-${index}` } })
  let next = 0
  await Promise.all(Array.from({ length: clients }, async () => {
    while (next < number) await api.create(deployments, object(next++))
  }))
  console.log(`\n${number} Deployments in ${spaces} namespaces made in ${((performance.now() - started) / 1000).toFixed(0)} s; ${cores}`)
}

/** Half of them as their teams wrote them, half as the webhook leaves them. */
function object(index: number): KubernetesObject {
  const written = parse(deployment(index)) as KubernetesObject
  const own = { ...written, metadata: { ...written.metadata, namespace: `team-${Math.floor((index * spaces) / number)}` } }
  const workload = readWorkload(own)
  if (!workload || Math.floor(index / 5) % 2 === 0) return own
  return judge({ object: own, workload, policy: presetNamed('blueking') }).rounds.reduce<unknown>((left, edits) => applyEdits(left, edits),
    own) as KubernetesObject
}

interface Scan {
  readonly extent: string
  readonly complete: boolean
  readonly workloads: number
  readonly seconds: number
  readonly requests: number
}

/** What the operator logs at the end of each scan. */
async function* scansOf({ stderr }: ChildProcess): AsyncGenerator<Scan, undefined> {
  if (!stderr) throw new TypeError('its log is read')
  for await (const line of createInterface({ input: stderr })) {
    const entry = JSON.parse(line) as Scan & { msg: string; level: string }
    if (entry.msg === 'scanned') yield entry
    else if (entry.level !== 'info') console.error(line)
  }
  return undefined
}

async function reportsOf(api: Cluster): Promise<string> {
  const [resource] = await servedReports(api)
  if (!resource) throw new Error('there is no kind of report')
  const sizes: number[] = []
  let results = 0
  for await (const { items } of api.pages<KubernetesObject & { results: unknown[] }>(resource, { limit: 50 }))
    for (const report of items) {
      sizes.push(JSON.stringify(report).length)
      results += report.results.length
    }
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
  return `${sizes.length} reports, ${results} results, ${mib(sizes.reduce((sum, size) => sum + size, 0))} MiB, the largest ${
    mib(Math.max(...sizes))
  } MiB`
}

/** @throws where the operator has ended */
function scanText({ value: scan }: IteratorResult<Scan, undefined>, { pid }: ChildProcess): string {
  if (!scan) throw new Error('the operator has ended')
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024
  // Behind the name, which may hold spaces: utime and stime, in hundredths of a second.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  const processor = (Number(fields[11]) + Number(fields[12])) / 100
  return [
    `${scan.seconds.toFixed(1)} s (${processor.toFixed(1)} s of processor since the start)`,
    `${scan.requests} API calls`,
    `${scan.workloads} workloads${scan.complete ? '' : ' (incomplete)'}`,
    `peak ${peak.toFixed(0)} MiB (to reach: under ${goal} MiB)`,
  ].join(', ')
}

function say(what: string, text: string): void {
  console.log(`  ${what.padEnd(36)} ${text}`)
}
