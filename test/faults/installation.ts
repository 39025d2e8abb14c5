import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { withClock, type Clock } from '../cluster/clock.ts'
import { freePorts, type ControlPlane } from '../cluster/control-plane.ts'
import { capture, pause } from '../cluster/program.ts'
import { kubectlFor, succeed, type Kubectl } from '../e2e/kubectl.ts'
import { Part } from './part.ts'

const repository = join(import.meta.dirname, '../..')
const namespace = 'paddock'
/** As deploy/paddock.yaml says it to the kubelet. */
const probe = { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }
/** What of deploy/paddock.yaml is for Pods, which are processes here. */
const forPods = new Set(['Deployment', 'PodDisruptionBudget', 'NetworkPolicy', 'ResourceQuota', 'Job'])

/** A webhook, and the EndpointSlice that leads to it. */
interface Endpoint {
  readonly part: Part
  readonly port: number
  ready: boolean
  isKept: boolean
  kept: Promise<void>
}

export interface Start {
  readonly flags?: readonly string[]
  /** Seconds by which its clock is wrong. */
  readonly skew?: number
  /** Where its time of day goes faster. */
  readonly clock?: Clock
}

/**
 * Paddock on a real control plane: the objects of deploy/paddock.yaml, and its programs as processes of this machine
 * that have the rights of their ServiceAccounts. The Service leads to the webhooks by EndpointSlices, which are kept as
 * the kubelet and the endpoint controllers would: a webhook is ready once its probe succeeds, it is not after two
 * failures, a second after its process has ended (which is then started again), and at once when it is told to end.
 */
export class Installation {
  readonly cluster: Cluster
  readonly controlPlane: ControlPlane
  readonly folder: string
  /** In the namespace of the workloads. */
  readonly shop: Kubectl
  /** In Paddock's own namespace. */
  readonly paddock: Kubectl
  readonly #parts = new Map<string, Part>()
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #host: string
  readonly #dist: string

  private constructor(cluster: Cluster, controlPlane: ControlPlane, folder: string, host: string) {
    this.cluster = cluster
    this.controlPlane = controlPlane
    this.folder = folder
    this.#host = host
    this.#dist = join(folder, 'dist')
    this.shop = kubectlFor(cluster, 'shop', folder)
    this.paddock = kubectlFor(cluster, namespace, folder)
  }

  static async start(log: (line: string) => void): Promise<Installation> {
    const host = ownAddress()
    const cluster = await startCluster(log, process.env, { controllers: true, processes: true })
    const folder = await mkdtemp(join(tmpdir(), 'paddock-faults-'))
    const installation = new Installation(cluster, cluster.controlPlane as ControlPlane, folder, host)
    try {
      await capture(process.execPath, [join(repository, 'scripts/build.ts'), installation.#dist], { seconds: 120 })
      await installation.#apply()
    } catch (error) {
      await installation.stop()
      throw error
    }
    return installation
  }

  async stop(): Promise<void> {
    for (const part of this.#parts.values()) await part.signal('SIGKILL').catch(() => {})
    for (const name of this.#parts.keys()) await this.end(name)
    await this.cluster.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Starts a webhook; resolves once its EndpointSlice says that it is ready. */
  async startWebhook(name: string, { flags = [], ...clocks }: Start = {}): Promise<Part> {
    const [port = 0] = await freePorts(1)
    const args = [`--host=${this.#host}`, `--port=${port}`, '--lame-duck=5s', ...flags]
    const notReady = async () => {
      const endpoint = this.#endpoints.get(name)
      if (endpoint !== undefined) await this.#write(endpoint, false)
    }
    const part = new Part(name, await this.#command(name, 'webhook', args, clocks), this.folder, notReady)
    this.#parts.set(name, part)
    const endpoint: Endpoint = { part, port, ready: false, isKept: true, kept: Promise.resolve() }
    this.#endpoints.set(name, endpoint)
    endpoint.kept = this.#keep(endpoint)
    await this.untilReady(name)
    return part
  }

  async startOperator(name: string, { flags = [], ...clocks }: Start = {}): Promise<Part> {
    const [port = 0] = await freePorts(1)
    const args = ['--name=paddock', '--failure-policy=Fail', '--timeout=5s', '--lease-duration=5s', `--port=${port}`, ...flags]
    const part = new Part(name, await this.#command(name, 'operator', args, clocks), this.folder, async () => {})
    this.#parts.set(name, part)
    return part
  }

  /** As the kubelet ends a Pod: a webhook is taken out of its EndpointSlice while it is told to end. */
  async end(name: string): Promise<void> {
    const part = this.#parts.get(name)
    const endpoint = this.#endpoints.get(name)
    this.#parts.delete(name)
    this.#endpoints.delete(name)
    if (endpoint !== undefined) endpoint.isKept = false
    await Promise.all([part?.end(), endpoint === undefined ? undefined : this.#write(endpoint, false)])
    await endpoint?.kept
  }

  /** Waits until `holds`. @throws after `seconds`, naming `what` */
  async until(what: string, holds: () => Promise<boolean>, seconds = 120): Promise<void> {
    const deadline = Date.now() + seconds * 1000
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`${what}: not after ${seconds} s\n${await this.#lastWords()}`)
      await pause(100)
    }
  }

  /** Waits until the API server asks the webhooks. */
  async untilInForce(): Promise<void> {
    await this.until('the webhooks are in force', async () => {
      const { stderr } = await this.shop(['create', '--dry-run=server', '-f', '-'], denied)
      return stderr.includes('denied the request: violates GunicornPolicy')
    })
  }

  part(name: string): Part {
    const part = this.#parts.get(name)
    if (part === undefined) throw new Error(`there is no ${name}`)
    return part
  }

  /** Waits until a webhook's EndpointSlice says that it is ready, or that it is not. */
  async untilReady(name: string, ready = true): Promise<void> {
    await this.until(`${name} is ${ready ? '' : 'not '}ready`, async () => this.#endpoints.get(name)?.ready === ready)
  }

  async #lastWords(): Promise<string> {
    const words = [...this.#parts.values()].map(async (part) => `${part.name}: ${(await part.said()).slice(-4).join('\n  ')}`)
    return (await Promise.all(words)).join('\n')
  }

  async #apply(): Promise<void> {
    const crds = join(repository, 'charts/paddock/crds')
    for (const file of await readdir(crds)) await succeed(this.shop(['apply', '--server-side', '-f', join(crds, file)]))
    await succeed(this.shop(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']))
    const text = await readFile(join(repository, 'deploy/paddock.yaml'), 'utf8')
    const items = parseAllDocuments(text).map((document) => document.toJS() as { kind: string } | null)
    const wanted = items.filter((item) => item !== null && !forPods.has(item.kind))
    await succeed(this.paddock(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: wanted }))
    await succeed(this.shop(['create', 'namespace', 'shop']))
    await this.setPolicy()
  }

  /** Puts up the policy that the load is judged by, as it is to be. */
  async setPolicy(spec: object = { preset: 'blueking' }): Promise<void> {
    const policy = { apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'default' }, spec }
    await succeed(this.shop(['apply', '-f', '-'], policy))
  }

  /** The command that starts a program of Paddock with the rights of its ServiceAccount. */
  async #command(name: string, program: 'webhook' | 'operator', flags: readonly string[],
    { skew, clock = {} }: Omit<Start, 'flags'>): Promise<string[]> {
    const kubeconfig = join(this.folder, `${name}.kubeconfig`)
    const admin = JSON.parse(await readFile(this.cluster.kubeconfig, 'utf8')) as { users: { user: object }[] }
    const token = await succeed(this.paddock(['create', 'token', `${namespace}-${program}`, '--duration=6h']))
    for (const entry of admin.users) entry.user = { token: token.trim() }
    await writeFile(kubeconfig, JSON.stringify(admin), { mode: 0o600 })
    const wrong = skew === undefined ? [] : [`LD_PRELOAD=${await skewedClock(this.folder)}`, `SKEW_SECONDS=${skew}`]
    const bundle = join(this.#dist, `${program}.js`)
    const variables = [`POD_NAMESPACE=${namespace}`, `POD_NAME=${name}`, ...wrong]
    return ['env', ...variables, process.execPath, ...withClock(clock), bundle, `--kubeconfig=${kubeconfig}`, `--namespace=${namespace}`,
      ...flags]
  }

  /** Probes a webhook, and writes down what comes of it. */
  async #keep(endpoint: Endpoint): Promise<void> {
    let failures = 0
    await this.#write(endpoint, false)
    while (endpoint.isKept) {
      const next = pause(endpoint.ready ? probe.periodSeconds * 1000 : 250)
      const answered = await isReady(this.#host, endpoint.port)
      failures = answered ? 0 : failures + 1
      const ready = answered || (endpoint.ready && failures < probe.failureThreshold)
      if (endpoint.isKept && ready !== endpoint.ready) await this.#write(endpoint, ready)
      // A period is from one probe to the next, however long it takes.
      await next
    }
  }

  async #write(endpoint: Endpoint, ready: boolean): Promise<void> {
    const { status } = await this.paddock(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: endpoint.part.name, labels: { 'kubernetes.io/service-name': 'paddock-webhook' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: endpoint.port, protocol: 'TCP' }],
      endpoints: [{ addresses: [this.#host], conditions: { ready, serving: ready, terminating: false } }],
    })
    // The API server may be away for a while: what is not written is tried again by the next probe.
    if (status === 0) endpoint.ready = ready
  }
}

/** A Pod that `blueking` denies: without gevent among the requirements, it is known to be absent. */
export const denied = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'denied', annotations: { 'paddock.dev/requirements': 'gunicorn==23.0.0\n' } },
  spec: { containers: [{ name: 'web', image: 'registry.invalid/shop:1', command: ['gunicorn', 'wsgi', '-k', 'gevent'] }] },
}

/** An address of this machine that may stand in an EndpointSlice: none of the loopback interface may. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
  const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (found === undefined) throw new Error('this machine has no IPv4 address that a Service could lead to')
  return found.address
}

function isReady(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // The kubelet does not look whose certificate it is either.
    const settings = { host, port, path: '/readyz', rejectUnauthorized: false, agent: false, timeout: probe.timeoutSeconds * 1000 }
    const asked = request(settings, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
    asked.end()
  })
}

/** The library that makes a clock wrong. */
async function skewedClock(folder: string): Promise<string> {
  const library = join(folder, 'skew.so')
  await capture('cc', ['-shared', '-fPIC', '-O2', '-o', library, join(import.meta.dirname, 'skew.c'), '-ldl'], { seconds: 60 })
  return library
}
