import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { pause, startProgram, untilReady, type Program } from '../cluster/program.ts'

/** What became of a load of creations. */
export type Figures = {
  tried: number
  created: number
  /** Denied with the words of a policy, and meant to be. */
  denied: number
  /** Refused or not answered for any other reason: the reason, to how often. */
  failed: Map<string, number>
  /** When each of these was begun, in milliseconds by `performance.now`. */
  failedFrom: number[]
  /** Created according to the answer, and not there afterwards. */
  lost: number
  /** Created without what the policy puts in. */
  unfixed: number
  /** Created although the policy denies it. */
  letIn: number
  /** The longest that an answer took, in milliseconds. */
  slowest: number
}

/** Whether nothing was held back but what the policy denies, and all that should be there is. */
export function isFlawless({ failed, lost, unfixed, letIn }: Figures): boolean {
  return failed.size === 0 && lost === 0 && unfixed === 0 && letIn === 0
}

/** One line, for the test's output. */
export function inWords({ failed, ...figures }: Figures): string {
  const { tried, created, denied, lost, unfixed, letIn, slowest } = figures
  const failures = [...failed].map(([reason, count]) => `\n    ${count} × ${reason}`)
  return (
    `${tried} creations tried: ${created} created, ${denied} denied by policy, ${sum(failed)} refused otherwise, ` +
    `${lost} lost, ${unfixed} unfixed, ${letIn} let in against the policy; slowest answer ${Math.round(slowest)} ms` +
    failures.join('')
  )
}

function sum(counts: Map<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}

type Deployment = {
  metadata: { name: string }
  spec: { template: { spec: { containers: { command: string[] }[] } } }
}

let loads = 0

/** A steady load of creations of Deployments, of which every tenth is one that the policy denies. */
export class Creations {
  readonly #proxy: Program
  readonly #address: string
  readonly #namespace: string
  readonly #prefix = `load-${++loads}`
  readonly #created = new Set<string>()
  readonly #running: Promise<void>
  #ended = false
  readonly #figures: Figures = {
    tried: 0,
    created: 0,
    denied: 0,
    failed: new Map(),
    failedFrom: [],
    lost: 0,
    unfixed: 0,
    letIn: 0,
    slowest: 0,
  }

  private constructor(proxy: Program, address: string, namespace: string, perSecond: number) {
    this.#proxy = proxy
    this.#address = address
    this.#namespace = namespace
    this.#running = this.#load(perSecond)
  }

  /** Starts the load; through `kubectl proxy`, which reaches whatever the kubeconfig names. */
  static async start(
    cluster: Pick<Cluster, 'kubectl' | 'kubeconfig'>,
    { namespace, folder, perSecond }: { namespace: string; folder: string; perSecond: number },
  ): Promise<Creations> {
    const args = ['--kubeconfig', cluster.kubeconfig, 'proxy', '--port=0']
    const proxy = startProgram(cluster.kubectl, args, { logFile: join(folder, `proxy-${loads + 1}.log`) })
    const serving = /Starting to serve on (\S+)/
    await untilReady('kubectl proxy', proxy, async () => serving.test(await proxy.output()), 20)
    const [, address = ''] = serving.exec(await proxy.output()) ?? []
    return new Creations(proxy, `http://${address}`, namespace, perSecond)
  }

  /** How many have been tried so far. */
  get tried(): number {
    return this.#figures.tried
  }

  /** Ends the load, waits for what is still under way, and looks what is there of it. */
  async stop(): Promise<Figures> {
    this.#ended = true
    await this.#running
    const stored = await this.#stored()
    this.#figures.lost = [...this.#created].filter((name) => !stored.has(name)).length
    await this.#proxy.stop()
    return this.#figures
  }

  async #load(perSecond: number): Promise<void> {
    const under: Set<Promise<void>> = new Set()
    const started = Date.now()
    for (let number = 0; !this.#ended; number++) {
      const due = started + (number * 1000) / perSecond
      if (due > Date.now()) await pause(due - Date.now())
      const attempt = this.#create(number).finally(() => under.delete(attempt))
      under.add(attempt)
    }
    await Promise.all(under)
  }

  async #create(number: number): Promise<void> {
    const figures = this.#figures
    const denied = number % 10 === 9
    const name = `${this.#prefix}-${number}`
    figures.tried++
    const started = performance.now()
    const { status, text } = await this.#post(deployment(name, denied))
    figures.slowest = Math.max(figures.slowest, performance.now() - started)
    if (status === 201) {
      figures.created++
      this.#created.add(name)
      if (denied) figures.letIn++
      else if (!isFixed(JSON.parse(text) as Deployment)) figures.unfixed++
    } else if (denied && text.includes('denied the request: violates GunicornPolicy')) figures.denied++
    else {
      const reason = `${status}: ${reasonOf(text).replaceAll(name, 'NAME').replaceAll(/:\d{4,5}\b/g, ':PORT')}`
      figures.failed.set(reason, (figures.failed.get(reason) ?? 0) + 1)
      figures.failedFrom.push(started)
    }
  }

  async #post(object: object): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${this.#address}/apis/apps/v1/namespaces/${this.#namespace}/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(object),
        signal: AbortSignal.timeout(60_000),
      })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      return { status: 0, text: String((error as Error).cause ?? error) }
    }
  }

  /** The names of this load's Deployments that are there. */
  async #stored(): Promise<Set<string>> {
    const names = new Set<string>()
    let next = ''
    do {
      const path = `/apis/apps/v1/namespaces/${this.#namespace}/deployments?limit=500&continue=${next}`
      const response = await fetch(this.#address + path)
      const { items, metadata } = (await response.json()) as { items: Deployment[]; metadata: { continue?: string } }
      for (const item of items) names.add(item.metadata.name)
      next = metadata.continue ?? ''
    } while (next !== '')
    return names
  }
}

function deployment(name: string, denied: boolean): object {
  const labels = { app: name }
  const command = denied ? ['gunicorn', 'wsgi', '-k', 'gevent'] : ['gunicorn', 'wsgi']
  // Without gevent among the requirements, it is known to be absent.
  const annotations = { 'paddock.dev/requirements': 'gunicorn==23.0.0\n' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, annotations },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'registry.invalid/shop:1', command }] } },
    },
  }
}

function isFixed({ spec }: Deployment): boolean {
  return spec.template.spec.containers[0]?.command.includes('-b') === true
}

function reasonOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text
  } catch {
    return text.trim()
  }
}
