/**
 * What Paddock's pair of webhooks adds to the creation of a Deployment through a real API server, beside no webhook and
 * beside a bare Fastify pair that answers the same patch as a constant: `npm run bench:api`.
 *
 * Three namespaces stand for the three. Rounds alternate between them and medians are taken, so that what else the
 * machine does falls on all. The API server comes from test/cluster/cluster.ts.
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerReview } from '../src/admission/answer.ts'
import { presetNamed } from '../src/policy/read.ts'
import { makeCertificates } from '../src/x509/authority.ts'
import { startCluster } from '../test/cluster/cluster.ts'
import { apiClient, type ApiClient } from './api-client.ts'
import { bareCommand, paddockCommand, startContestant } from './contestant.ts'
import { admissionReview, deploymentToCreate } from './review.ts'

/** Creations per round, by the number of clients that create one after the other. */
const loads = [
  { clients: 1, creations: 100 },
  { clients: 16, creations: 640 },
]
const rounds = 9
/** To reach: what Paddock's pair adds, as a ratio to what the bare pair adds. */
const goal = 1.25

const pairs = ['none', 'bare', 'paddock'] as const
type Pair = (typeof pairs)[number]

/** Milliseconds. */
interface Latency {
  readonly p50: number
  readonly p99: number
}

async function main(): Promise<void> {
  const cluster = await startCluster((line) => console.error(`cluster: ${line}`))
  const folder = mkdtempSync(join(tmpdir(), 'paddock-bench-'))
  const children: ChildProcess[] = []
  const api = apiClient(cluster.kubeconfig)
  try {
    const { key, cert, ca } = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
    for (const [name, text] of Object.entries({ 'tls.key': key, 'tls.crt': cert, 'ca.crt': ca, 'patch.json': constantPatch() }))
      writeFileSync(join(folder, name), text)
    const commands = { bare: [...bareCommand, join(folder, 'patch.json')], paddock: paddockCommand }
    for (const pair of pairs) {
      const namespace = namespaceOf(pair)
      await api.ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      if (pair === 'none') continue
      const { child, port } = await startContestant(commands[pair], folder, ca)
      children.push(child)
      for (const configuration of configurations(namespace, port, ca))
        await api.ask('POST', `/apis/admissionregistration.k8s.io/v1/${configuration.kind.toLowerCase()}s`, configuration)
    }
    await expectAnswers(api)
    for (const { clients, creations } of loads) report(clients, creations, await measure(api, clients, creations))
  } finally {
    await removeAll(api)
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
    await cluster.stop()
  }
}

const namespaceOf = (pair: Pair): string => `bench-${pair}`
const deploymentsOf = (pair: Pair): string => `/apis/apps/v1/namespaces/${namespaceOf(pair)}/deployments`

/** What Paddock makes of the Deployment of this bench. */
function constantPatch(): string {
  const { response } = answerReview('mutate', JSON.stringify(admissionReview('mutate')), () => presetNamed('blueking'))
  if (response.patch === undefined) throw new Error('the Deployment of this bench is not patched')
  return Buffer.from(response.patch, 'base64').toString()
}

function configurations(namespace: string, port: number, ca: string): { readonly kind: string }[] {
  return ['Mutating', 'Validating'].map((type) => {
    const operation = type === 'Mutating' ? 'mutate' : 'validate'
    const webhook = {
      name: `${operation}.${namespace}.paddock.dev`,
      admissionReviewVersions: ['v1'],
      clientConfig: { url: `https://127.0.0.1:${port}/${operation}`, caBundle: Buffer.from(ca).toString('base64') },
      rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      timeoutSeconds: 5,
    }
    return { apiVersion: 'admissionregistration.k8s.io/v1', kind: `${type}WebhookConfiguration`, metadata: { name: namespace },
      webhooks: [webhook] }
  })
}

/** That what is measured is what it says: no patch in the one namespace, the same one in the others. */
async function expectAnswers(api: ApiClient): Promise<void> {
  const deadline = Date.now() + 10_000
  const command = async (pair: Pair): Promise<string> => {
    const created = (await api.ask('POST', `${deploymentsOf(pair)}?dryRun=All`, deploymentToCreate(namespaceOf(pair), 'sample'))) as {
      spec: { template: { spec: { containers: { command: string[] }[] } } }
    }
    return JSON.stringify(created.spec.template.spec.containers[0]?.command)
  }
  // The API server takes a moment to notice new webhooks.
  for (;;) {
    const [none, bare, paddock] = [await command('none'), await command('bare'), await command('paddock')]
    if (bare === paddock && bare !== none) return
    if (Date.now() > deadline) throw new Error(`not the commands that were expected: ${none}, ${bare}, ${paddock}`)
  }
}

async function measure(api: ApiClient, clients: number, creations: number): Promise<Record<Pair, Latency>> {
  const measured: Record<Pair, Latency[]> = { none: [], bare: [], paddock: [] }
  for (let round = -1; round < rounds; round++) {
    for (const pair of pairs) {
      const latency = await createMany(api, pair, clients, creations)
      await api.ask('DELETE', deploymentsOf(pair))
      // The first warms all up.
      if (round >= 0) measured[pair].push(latency)
    }
  }
  const middle = (latencies: readonly Latency[]): Latency => ({ p50: quantile(latencies.map(({ p50 }) => p50), 0.5),
    p99: quantile(latencies.map(({ p99 }) => p99), 0.5) })
  return { none: middle(measured.none), bare: middle(measured.bare), paddock: middle(measured.paddock) }
}

let made = 0

/** Each client creates the next when its last is there. */
async function createMany(api: ApiClient, pair: Pair, clients: number, creations: number): Promise<Latency> {
  const latencies: number[] = []
  let left = creations
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const deployment = deploymentToCreate(namespaceOf(pair), `shop-${++made}`)
      const start = performance.now()
      await api.ask('POST', deploymentsOf(pair), deployment)
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? NaN
}

function report(clients: number, creations: number, latency: Readonly<Record<Pair, Latency>>): void {
  const added = { bare: latency.bare.p50 - latency.none.p50, paddock: latency.paddock.p50 - latency.none.p50 }
  const ratio = added.paddock / added.bare
  console.log(`\n${clients === 1 ? '1 client' : `${clients} clients`}, medians of ${rounds} rounds of ${creations} creations, ms`)
  console.log(`${''.padEnd(10)}${'p50'.padStart(8)}${'p99'.padStart(8)}${'added'.padStart(8)}`)
  for (const pair of pairs) {
    const { p50, p99 } = latency[pair]
    console.log(
      `${pair.padEnd(10)}${p50.toFixed(2).padStart(8)}${p99.toFixed(2).padStart(8)}${
        (pair === 'none' ? '' : added[pair].toFixed(2)).padStart(8)
      }`,
    )
  }
  console.log(`paddock adds ${ratio.toFixed(2)} times what bare adds: <= ${goal} ${ratio <= goal ? 'ok' : 'MISSED'}`)
}

async function removeAll(api: ApiClient): Promise<void> {
  for (const pair of pairs.slice(1)) {
    for (const plural of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'])
      await api.ask('DELETE', `/apis/admissionregistration.k8s.io/v1/${plural}/${namespaceOf(pair)}`).catch(() => undefined)
  }
  for (const pair of pairs) await api.ask('DELETE', `/api/v1/namespaces/${namespaceOf(pair)}`).catch(() => undefined)
}

await main()
