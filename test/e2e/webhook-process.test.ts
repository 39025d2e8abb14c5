/** The webhook as a process of a cluster: policies and certificate change under it, and the API server goes and comes. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AdmissionResponse } from '../../src/kubernetes/review.ts'
import type { Cluster, Resource } from '../../src/cluster/cluster.ts'
import { connect } from '../../src/cluster/connect.ts'
import { gunicornExceptions, gunicornPolicies, namespaces, secrets } from '../../src/cluster/resources.ts'
import { customResourceDefinitions } from '../../src/policy/custom-resource-definitions.ts'
import { makeCertificates } from '../../src/x509/authority.ts'
import { pause, startProgram, type Program } from '../cluster/program.ts'
import { sharedCluster } from './kubectl.ts'
import { startOwnCluster, type OwnCluster } from './own-cluster.ts'
import { workload } from './workloads.ts'

const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const main = join(import.meta.dirname, '../../cmd/webhook.ts')
const ours = 'paddock'
const options = { fieldManager: 'test', force: true }

const suite = sharedCluster() === undefined ? describe.skip : describe

suite('the webhook process', () => {
  let own: OwnCluster
  let client: Cluster
  let webhook: Program
  let folder: string
  let port = 0
  /** The certificates that a client trusts. */
  let ca = ''

  beforeAll(async () => {
    own = await startOwnCluster()
    folder = await mkdtemp(join(tmpdir(), 'paddock-webhook-'))
    client = await connect({ kubeconfig: own.kubeconfig, userAgent: 'paddock-test/0', patience: 30_000 })
    for (const name of [ours, 'shop', 'bank'])
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    const args = [
      main,
      '--kubeconfig',
      own.kubeconfig,
      '--namespace',
      ours,
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--lame-duck',
      '4s',
    ]
    webhook = startProgram(process.execPath, args, { logFile: join(folder, 'log') })
    await until(async () => /"listening".*"port":\d+/.test(await webhook.output()), 'it listens', 60)
    port = Number(/"listening".*"port":(\d+)/.exec(await webhook.output())?.[1])
  }, 120_000)
  afterAll(async () => {
    await webhook?.stop()
    client?.close()
    await own?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 120_000)

  type Reply = { status: number; text: string; socket: TLSSocket }

  /** Trusts nobody but `ca`, once that is there; an agent whom it trusts itself. */
  function ask(method: string, path: string, body?: string, agent: Agent | false = false): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const trust = agent !== false ? {} : ca === '' ? { rejectUnauthorized: false } : { ca }
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const asked = request({ host: '127.0.0.1', port, method, path, agent, headers, ...trust }, (response) => {
      const { socket } = response
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response
        .on('end', () => resolve({ status: response.statusCode ?? 0, text, socket: socket as TLSSocket }))
        .on('error', reject)
    })
    asked.on('error', reject).end(body)
    return promise
  }
  const get = async (path: string) => {
    const { status, text } = await ask('GET', path)
    return `${status} ${text}`
  }
  const metric = async (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await get('/metrics'))?.[1])

  const loopback = { command: ['gunicorn', 'wsgi', '-b', '127.0.0.1:8000', '-w', '4'] }

  function review(namespace: string, name = 'web'): string {
    const object = { ...workload('Deployment', loopback), metadata: { name, namespace } }
    const kind = { group: 'apps', version: 'v1', kind: 'Deployment' }
    return JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u', kind, name, namespace, operation: 'CREATE', object },
    })
  }
  async function validate(namespace: string, name?: string): Promise<AdmissionResponse> {
    const { status, text } = await ask('POST', '/validate?timeout=2s', review(namespace, name))
    expect(status).toBe(200)
    return (JSON.parse(text) as { response: AdmissionResponse }).response
  }
  /** What becomes of a workload that listens on loopback only. */
  async function verdict(namespace: string, name?: string): Promise<string> {
    const { allowed, warnings, status } = await validate(namespace, name)
    const by = /GunicornPolicy "([^"]+)"/.exec(
      status?.message ?? warnings?.find((text) => text.includes('loopback-bind')) ?? '',
    )?.[1]
    return `${allowed ? (by === undefined ? 'allowed' : 'warned') : 'denied'}${by === undefined ? '' : ` by ${by}`}`
  }

  const policy = (name: string, action: string, more: object = {}) =>
    client.apply(
      gunicornPolicies,
      {
        apiVersion: 'paddock.dev/v1alpha1',
        kind: 'GunicornPolicy',
        metadata: { name },
        spec: { rules: { 'loopback-bind': action }, ...more },
      } as never,
      options,
    )

  async function certify(): Promise<{ cert: string; ca: string }> {
    const made = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const data = { 'tls.crt': base64(made.cert), 'tls.key': base64(made.key), 'ca.crt': base64(made.ca) }
    await client.apply(
      secrets,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: { name: 'paddock-webhook-tls', namespace: ours },
        data,
      } as never,
      options,
    )
    return made
  }

  async function until(condition: () => Promise<boolean>, what: string, seconds = 40): Promise<number> {
    const began = Date.now()
    while (!(await condition())) {
      if (Date.now() - began > seconds * 1000) throw new Error(`not within ${seconds} s: ${what}\n${await webhook.output()}`)
      await pause(25)
    }
    return Date.now() - began
  }
  const becomes = (want: string, namespace = 'shop') => until(async () => (await verdict(namespace)) === want, `a workload is ${want}`)

  test('lives at once, and is ready when there is a certificate and policies are known', async () => {
    expect(await get('/livez')).toBe('200 ok')
    expect(await get('/readyz')).toBe('503 there is no certificate yet')
    const made = await certify()
    await until(async () => (await get('/readyz')) !== '503 there is no certificate yet', 'the certificate is taken')
    ca = made.ca
    expect(await get('/readyz')).toBe('503 policies are not known yet')
    expect(await metric('paddock_policies_in_touch')).toBe(0)
    for (const definition of customResourceDefinitions()) await client.apply(definitions, definition, options)
    await until(async () => (await get('/readyz')) === '200 ok', 'it is ready', 60)
    // The watch of a definition that was made just now may be refused once more; it is ready with what it has read.
    await until(async () => (await metric('paddock_policies_in_touch')) === 1, 'changes are heard of', 60)
    expect(await metric('paddock_certificate_expiry_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000)
  }, 180_000)

  test('without a policy nothing is said; each change of one takes effect', async () => {
    expect(await validate('shop')).toEqual({ uid: 'u', allowed: true })
    await policy('house', 'Deny')
    const after = await becomes('denied by house')
    await policy('house', 'Warn')
    await becomes('warned by house')
    await policy('shop', 'Deny', { priority: 10, match: { namespaceSelector: { matchLabels: { team: 'shop' } } } })
    await client.apply(
      namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'shop' } } },
      options,
    )
    await becomes('denied by shop')
    expect(await verdict('bank')).toBe('warned by house')
    const exception = { workloads: [{ name: 'web' }], rules: ['loopback-bind'], reason: 'a sidecar forwards to it' }
    await client.apply(
      gunicornExceptions,
      {
        apiVersion: 'paddock.dev/v1alpha1',
        kind: 'GunicornException',
        metadata: { namespace: 'shop', name: 'sidecar' },
        spec: exception,
      } as never,
      options,
    )
    await becomes('allowed')
    expect(await verdict('shop', 'other')).toBe('denied by shop')
    await client.delete(gunicornExceptions, { namespace: 'shop', name: 'sidecar' })
    await becomes('denied by shop')
    process.stderr.write(`      a policy holds ${after} ms after it was written\n`)
  }, 120_000)

  test("a workload that follows its namespace at once is judged by the namespace's labels", async () => {
    for (let index = 0; index < 10; index++) {
      const name = `fresh-${index}`
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { team: 'shop' } } })
      expect(await verdict(name)).toBe('denied by shop')
    }
    // One that nobody knows of is judged all the same.
    expect(await verdict('nowhere')).toBe('warned by house')
  }, 120_000)

  test('another certificate is served from the next connection on, and none is dropped', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca })
    const before = await ask('POST', '/validate', review('shop'), agent)
    const old = before.socket.getPeerCertificate().fingerprint256
    let [reviews, failures] = [0, 0]
    const over = new AbortController()
    const load = (async () => {
      while (!over.signal.aborted) {
        await ask('POST', '/validate', review('shop'), agent).then(
          () => reviews++,
          () => failures++,
        )
      }
    })()
    const formerCa = ca
    const made = await certify()
    ca = `${formerCa}\n${made.ca}`
    await until(
      async () => (await ask('GET', '/livez')).socket.getPeerCertificate().fingerprint256 !== old,
      'the new certificate is served',
    )
    ca = made.ca
    expect(await get('/readyz')).toBe('200 ok')
    const after = await ask('POST', '/validate', review('shop'), agent)
    over.abort()
    await load
    // The connection that was there is there still.
    expect(after.socket.getPeerCertificate().fingerprint256).toBe(old)
    expect([reviews > 0, failures]).toEqual([true, 0])
    agent.destroy()

    // One that is none changes nothing; nor does its deletion.
    await client.apply(
      secrets,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: { name: 'paddock-webhook-tls', namespace: ours },
        data: { 'tls.crt': 'bm9uZQ==', 'tls.key': 'bm9uZQ==' },
      } as never,
      options,
    )
    await until(async () => (await webhook.output()).includes('certificate not taken'), 'what is no certificate is turned down')
    await client.delete(secrets, { namespace: ours, name: 'paddock-webhook-tls' })
    await until(async () => (await webhook.output()).includes('certificate deleted'), 'its deletion is seen')
    expect(await get('/readyz')).toBe('200 ok')
    expect(await verdict('shop')).toBe('denied by shop')
  }, 120_000)

  test('with the API server gone it stays ready and judges as before; what changed meanwhile holds when that is back', async () => {
    await own.kill()
    await until(async () => (await metric('paddock_policies_in_touch')) === 0, 'the loss is seen')
    for (let index = 0; index < 20; index++) {
      expect(await verdict('shop')).toBe('denied by shop')
      expect(await get('/readyz')).toBe('200 ok')
    }
    expect(await verdict('unheard-of')).toBe('warned by house')
    await own.controlPlane.restart('kube-apiserver')
    await policy('shop', 'Off', { priority: 10, match: { namespaceSelector: { matchLabels: { team: 'shop' } } } })
    await becomes('allowed')
    await until(async () => (await metric('paddock_policies_in_touch')) === 1, 'all is heard again', 40)
  }, 120_000)

  test('SIGTERM: not ready at once, answering for a while, then gone', async () => {
    const agent = new Agent({ keepAlive: true, ca })
    webhook.signal('SIGTERM')
    await until(async () => (await get('/readyz')) === '503 shutting down', 'it is not ready')
    for (let answered = 0; answered < 5; answered++, await pause(200))
      expect((await ask('POST', '/validate', review('bank'), agent)).status).toBe(200)
    expect(await webhook.exited).toBe(0)
    agent.destroy()
    await expect(get('/livez')).rejects.toThrow('ECONNREFUSED')
  }, 120_000)

  test('a start that cannot succeed says why', async () => {
    const failing = async (...args: string[]) => {
      const program = startProgram(process.execPath, [main, ...args], {
        logFile: join(folder, 'failing'),
        environment: { PATH: process.env['PATH'] },
      })
      const status = await program.exited
      return {
        status,
        ...(JSON.parse((await program.output()).trim().split('\n').at(-1) ?? '') as { msg: string; error: string }),
      }
    }
    expect(await failing()).toMatchObject({
      status: 2,
      msg: 'not started',
      error: '--namespace must be given where $POD_NAMESPACE is not set',
    })
    expect(await failing('--namespace', 'a', '--lame-duck', '5')).toMatchObject({
      status: 2,
      error: '--lame-duck: "5" must be a duration as Go writes it, such as 5s',
    })
    expect((await failing('--namespace', 'a')).error).toMatch(/^no cluster to ask: /)
    const { server, busyPort } = await busy()
    expect(
      (await failing('--namespace', 'a', '--kubeconfig', own.kubeconfig, '--host', '127.0.0.1', '--port', String(busyPort)))
        .error,
    ).toMatch(/EADDRINUSE/)
    server.close()
  }, 120_000)

  async function busy() {
    const { createServer } = await import('node:net')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { server, busyPort: (server.address() as { port: number }).port }
  }
})
