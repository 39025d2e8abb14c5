/** The operator beside the webhook, each a process: what stands in the cluster, whoever meddles with it and whatever ends. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Cluster, KubernetesObject, Resource } from '../../src/cluster/cluster.ts'
import { connect } from '../../src/cluster/connect.ts'
import { clusterRoles, deployments, gunicornPolicies, leases, mutatingWebhookConfigurations, namespaces, secrets,
  validatingWebhookConfigurations } from '../../src/cluster/resources.ts'
import type { Secret } from '../../src/operator/stored-secret.ts'
import type { Webhook, WebhookConfiguration } from '../../src/operator/webhook-configurations.ts'
import { customResourceDefinitions } from '../../src/policy/custom-resource-definitions.ts'
import { makeCertificates } from '../../src/x509/authority.ts'
import { isSignedBy, read, readAll } from '../../src/x509/read.ts'
import { withClock, type Clock } from '../cluster/clock.ts'
import { pause, startProgram, type Program } from '../cluster/program.ts'
import { sharedCluster } from './kubectl.ts'
import { startOwnCluster, type OwnCluster } from './own-cluster.ts'
import { workload } from './workloads.ts'

const definitions: Resource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition', namespaced: false }
const root = join(import.meta.dirname, '../..')
const ours = 'paddock'
/**
 * What happens in months happens in a minute, by a clock of the operator's own, which is ahead of the API server's: that sees no
 * certificate end. What it does see is whether all that is served is trusted.
 */
const quickly = (): Clock => ({ speed: 4, since: Date.now() })
const options = { fieldManager: 'test', force: true }
const both = [mutatingWebhookConfigurations, validatingWebhookConfigurations]

const suite = sharedCluster() === undefined ? describe.skip : describe

suite('the operator', () => {
  let own: OwnCluster
  let client: Cluster
  let folder: string
  let webhook: Program
  let port = 0
  let started = 0
  const running = new Set<Program>()
  const endings: (() => void)[] = []
  const keeping = new Set<() => void>()

  beforeAll(async () => {
    own = await startOwnCluster()
    folder = await mkdtemp(join(tmpdir(), 'paddock-operator-'))
    await promisify(execFile)(process.execPath, [join(root, 'scripts/build.ts'), join(folder, 'dist')])
    client = await connect({ kubeconfig: own.kubeconfig, userAgent: 'paddock-test/0' })
    for (const definition of customResourceDefinitions()) await client.apply(definitions, definition, options)
    // The API server has to have heard of the definition.
    await until(() => policy({ preset: 'blueking' }).then(() => true, () => false), 'there is a policy')
    for (const name of [ours, 'shop']) await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }, 240_000)
  afterAll(async () => {
    for (const end of endings) end()
    await pause(2000)
    for (const program of running) await program.stop()
    client?.close()
    await own?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  function start(main: 'operator' | 'webhook', args: readonly string[], clock: Clock = {}): Program {
    const given = [...withClock(clock), join(folder, 'dist', `${main}.js`), ...args, '--kubeconfig', own.kubeconfig, '--namespace', ours]
    const program = startProgram(process.execPath, given, { logFile: join(folder, `${main}-${started++}.log`) })
    running.add(program)
    void program.exited.then(() => running.delete(program))
    return program
  }
  const startWebhook = async (): Promise<void> => {
    if (port !== 0) return
    webhook = start('webhook', ['--host', '127.0.0.1', '--port', String(port), '--lame-duck', '1s'])
    await until(async () => /"listening".*"port":\d+/.test(await webhook.output()), 'the webhook listens', 60)
    port = Number(/"listening".*"port":(\d+)/.exec(await webhook.output())?.[1])
  }
  const startOperator = (args: readonly string[] = [], clock?: Clock): Program =>
    start('operator', ['--host', '127.0.0.1', '--port', '0', '--webhook-url', `https://127.0.0.1:${port}`, '--failure-policy', 'Fail',
      '--lease-duration', '3s', '--timeout', '10s', '--reports', 'None', ...args], clock)
  const acts = async (operator: Program): Promise<boolean> => (await operator.output()).includes('"msg":"leading"')

  /** An operator that is started again whenever it ends, as the kubelet does. */
  function keepOperator(args: readonly string[], clock?: Clock) {
    let current = startOperator(args, clock)
    let isWanted = true
    const kept = (async () => {
      for (;;) {
        await current.exited
        if (!isWanted) return
        current = startOperator(args, clock)
      }
    })()
    const letGo = () => (isWanted = false)
    keeping.add(letGo)
    return {
      get current() {
        return current
      },
      /** Its exit status. */
      async stop(): Promise<number> {
        letGo()
        current.signal('SIGTERM')
        await kept
        return current.exited
      },
    }
  }

  async function until(condition: () => Promise<boolean>, what: string, seconds = 120): Promise<number> {
    const began = Date.now()
    while (!(await condition())) {
      if (Date.now() - began > seconds * 1000)
        throw new Error(`not within ${seconds} s: ${what}\n${(await Promise.all([...running].map((one) => one.output()))).join('\n---\n')}`)
      await pause(25)
    }
    return Date.now() - began
  }

  const configurations = (): Promise<(WebhookConfiguration | undefined)[]> =>
    Promise.all(both.map((resource) => client.get<WebhookConfiguration>(resource, { name: ours })))
  const hooks = async (): Promise<(Webhook | undefined)[]> => (await configurations()).map((one) => one?.webhooks?.[0])
  const secret = (name: string): Promise<Secret | undefined> => client.get<Secret>(secrets, { namespace: ours, name: `${ours}-${name}` })
  const text = async (name: string, key: string): Promise<string> =>
    Buffer.from((await secret(name))?.data?.[key] ?? '', 'base64').toString()
  const policy = (spec: object, name = 'house') =>
    client.apply(gunicornPolicies, { apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name }, spec } as never,
      options)

  /** Creates a Deployment and takes it away again. Why it was refused; undefined where it was not. */
  async function creation(name: string, bind: string): Promise<string | undefined> {
    const object = { ...workload('Deployment', { command: ['gunicorn', 'wsgi', '-b', bind] }), metadata: { name, namespace: 'shop' } }
    try {
      await client.create(deployments, object)
    } catch (error) {
      return (error as Error).message
    }
    await client.delete(deployments, { namespace: 'shop', name })
    return undefined
  }
  const isEnforced = async (): Promise<boolean> => ((await creation('probe', '127.0.0.1:8000')) ?? '').includes('loopback-bind')

  /** Creates Deployments, in bursts that no pool of connections can hold, until it is told to end. */
  function load(): { readonly created: number; stop: () => Promise<{ created: number; failed: string[] }> } {
    const ending = new AbortController()
    endings.push(() => ending.abort())
    let created = 0
    const failed: string[] = []
    const work = (async () => {
      for (let burst = 0; !ending.signal.aborted; burst++) {
        const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => creation(`load-${burst}-${index}`, '0.0.0.0:8000')))
        created += answers.filter((answer) => answer === undefined).length
        failed.push(...answers.filter((answer) => answer !== undefined))
        await pause(50)
      }
    })()
    return {
      get created() {
        return created
      },
      async stop() {
        ending.abort()
        await work
        return { created, failed }
      },
    }
  }

  /** Watches certificates come and go. */
  function observe() {
    const ending = new AbortController()
    endings.push(() => ending.abort())
    const seen = { certificates: new Set<string>(), authorities: new Set<string>(), mostTrusted: 0 }
    const work = (async () => {
      while (!ending.signal.aborted) {
        const [serving, bundle] = [read(await text('webhook-tls', 'tls.crt')), readAll(await text('ca', 'bundle.crt'))]
        if (serving) seen.certificates.add(serving.certificate.serialNumber)
        for (const { certificate } of bundle)
          if (serving && isSignedBy(serving.certificate, certificate)) seen.authorities.add(certificate.serialNumber)
        seen.mostTrusted = Math.max(seen.mostTrusted, bundle.length)
        await pause(200)
      }
    })()
    return { seen, stop: async () => (ending.abort(), await work) }
  }

  /** An operator that a failed test has left behind. */
  async function endOperators(): Promise<void> {
    for (const letGo of keeping) letGo()
    for (const program of running) {
      if (program === webhook) continue
      program.signal('SIGKILL')
      await program.exited
    }
  }

  describe('for good', () => {
    let operator: Program

    test('from nothing to a denied Deployment: first the webhook, then the configurations', async () => {
      await startWebhook()
      webhook.signal('SIGSTOP')
      operator = startOperator()
      await until(async () => (await secret('webhook-tls')) !== undefined, 'there is a certificate', 60)
      await pause(3000)
      expect(await configurations()).toEqual([undefined, undefined])
      webhook.signal('SIGCONT')
      const took = await until(isEnforced, 'a Deployment is denied')
      process.stderr.write(`operator: enforced ${took} ms after the webhook was ready\n`)
      const [mutating, validating] = await hooks()
      expect([mutating?.failurePolicy, validating?.timeoutSeconds, mutating?.reinvocationPolicy]).toEqual(['Fail', 10, 'IfNeeded'])
      expect((await secret('ca'))?.type).toBe('Opaque')
    }, 120_000)

    const edits: [string, (webhook: Record<string, unknown>, all: Record<string, unknown>[]) => void][] = [
      ['the caBundle emptied', (one) => ((one['clientConfig'] as Record<string, unknown>)['caBundle'] = '')],
      ['the caBundle of somebody else', (
        one,
      ) => ((one['clientConfig'] as Record<string, unknown>)['caBundle'] = Buffer.from(
        makeCertificates(['localhost'], Date.now(), randomBytes).ca,
      ).toString('base64'))],
      ['no rules', (one) => (one['rules'] = [])],
      ['a condition more', (one) => (one['matchConditions'] as object[]).push({ name: 'never', expression: 'false' })],
      ['another failurePolicy', (one) => (one['failurePolicy'] = 'Ignore')],
      ['a selector of objects', (one) => (one['objectSelector'] = { matchLabels: { paddock: 'please' } })],
      ['other namespaces', (one) => (one['namespaceSelector'] = { matchLabels: { paddock: 'please' } })],
      ['a webhook more', (one, all) => all.push({ ...one, name: 'more.example.com', failurePolicy: 'Ignore' })],
      ['no webhook', (_one, all) => all.splice(0)],
    ]
    test.each(edits)('a hand has been at a configuration, and it is put back: %s', async (_what, edit) => {
      const before = await configurations()
      for (const [index, resource] of both.entries()) {
        const object = structuredClone(before[index]) as unknown as KubernetesObject & { webhooks: Record<string, unknown>[] }
        edit(object.webhooks[0] ?? {}, object.webhooks)
        await client.replace(resource, object)
      }
      const wanted = JSON.stringify(before.map((one) => one?.webhooks))
      const took = await until(async () => JSON.stringify((await configurations()).map((one) => one?.webhooks)) === wanted,
        'it is put back')
      process.stderr.write(`operator: put back in ${took} ms\n`)
    })

    test('a configuration that is deleted comes back, and its labels and owner', async () => {
      const role = await client.create(clusterRoles, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole',
        metadata: { name: `${ours}-operator` } })
      for (const resource of both) expect(await client.delete(resource, { name: ours })).toBe(true)
      await until(async () => (await configurations()).every((one) => one?.metadata.ownerReferences?.[0]?.uid === role.metadata.uid),
        'they are back, and owned')
      const [mutating] = await configurations()
      expect(mutating?.metadata.labels).toMatchObject({ 'app.kubernetes.io/managed-by': 'paddock-operator',
        'app.kubernetes.io/instance': ours })
      await until(isEnforced, 'a Deployment is denied')
    })

    test('the configurations follow the policies', async () => {
      await policy({ preset: 'blueking', match: { kinds: ['CronJob'], namespaceSelector: { matchLabels: { tier: 'web' } } },
        rules: { 'missing-bind': 'Off' } })
      await until(async () => (await hooks())[1]?.rules.length === 1, 'one kind is asked about')
      const [, validating] = await hooks()
      expect(validating?.rules).toEqual([{ apiGroups: ['batch'], apiVersions: ['*'], resources: ['cronjobs'],
        operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' }])
      expect(validating?.namespaceSelector).toMatchObject({ matchLabels: { tier: 'web' } })
      await client.delete(gunicornPolicies, { name: 'house' })
      await until(async () => (await hooks()).every((one) => one === undefined), 'no webhook is asked')
      expect((await configurations()).map((one) => one?.metadata.name)).toEqual([ours, ours])
      await policy({ preset: 'blueking' })
      await until(isEnforced, 'a Deployment is denied')
    })

    test('a second operator waits, and takes over from one that is killed', async () => {
      const second = startOperator()
      await until(async () => (await second.output()).includes('waiting for the lease'), 'the second waits', 60)
      await pause(4000)
      expect(await acts(second)).toBe(false)
      operator.signal('SIGKILL')
      await until(() => acts(second), 'the second acts')
      await client.delete(validatingWebhookConfigurations, { name: ours })
      await until(isEnforced, 'a Deployment is denied')
      // Told to end, it leaves the Lease to the next at once.
      const third = startOperator()
      await until(async () => (await third.output()).includes('waiting for the lease'), 'the third waits', 60)
      const holder = async () =>
        (await client.get<KubernetesObject & { spec: { holderIdentity?: string } }>(leases, { namespace: ours, name: `${ours}-operator` }))
          ?.spec.holderIdentity
      const held = await holder()
      second.signal('SIGTERM')
      expect(await second.exited).toBe(0)
      expect(await holder()).not.toBe(held)
      await until(() => acts(third), 'the third acts')
      operator = third
    }, 120_000)

    test('an operator whose Lease somebody takes ends', async () => {
      const lease = await client.get<KubernetesObject & { spec: object }>(leases, { namespace: ours, name: `${ours}-operator` })
      if (!lease) throw new Error('there is no Lease')
      await client.replace(leases, { ...lease, spec: { ...lease.spec, holderIdentity: 'somebody else' } })
      expect(await operator.exited).not.toBe(0)
      await client.delete(leases, { namespace: ours, name: `${ours}-operator` })
    })
  })

  /** Until so many authorities have signed what was served, under load. `meddle` is called all the time, and says whether it is done. */
  async function renewals(authorities: number, seconds: number,
    meddle: () => Promise<boolean>): Promise<ReturnType<typeof observe>['seen']> {
    const creations = load()
    const observed = observe()
    const began = Date.now()
    const isEnough = () => observed.seen.authorities.size >= authorities && creations.created >= 500
    while (!((await meddle()) && isEnough()) && Date.now() - began < seconds * 1000) await pause(20)
    // Until the first of them is trusted no more.
    await until(async () => readAll(await text('ca', 'bundle.crt')).length === 1, 'the former authority is gone', 300)
    const { created, failed } = await creations.stop()
    await observed.stop()
    const { seen } = observed
    process.stderr.write(
      `operator: ${created} creations in ${
        Math.round((Date.now() - began) / 1000)
      } s, ${failed.length} failed; ${seen.certificates.size} certificates, ${seen.authorities.size} authorities, ${seen.mostTrusted} trusted at once at most\n`,
    )
    expect(failed).toEqual([])
    expect(created).toBeGreaterThanOrEqual(500)
    expect(seen.authorities.size).toBeGreaterThanOrEqual(authorities)
    expect(seen.mostTrusted).toBeGreaterThanOrEqual(2)
    return seen
  }

  /** As if there had never been an operator: certificates of a week would be trusted for a week. */
  async function fresh(): Promise<void> {
    await endOperators()
    await startWebhook()
    expect(await start('operator', ['cleanup']).exited).toBe(0)
  }

  test('certificates are renewed and the authority is replaced under load: no creation fails', async () => {
    await fresh()
    const operator = keepOperator(['--certificate-lifetime', '60s', '--ca-lifetime', '180s', '--lease-duration', '15s'], quickly())
    await until(isEnforced, 'a Deployment is denied')
    const { certificates } = await renewals(2, 300, async () => true)
    expect(certificates.size).toBeGreaterThanOrEqual(4)
    expect(await operator.stop()).toBe(0)
  }, 600_000)

  test('the operator is killed in the middle of that, again and again: no creation fails', async () => {
    await fresh()
    // By the right time: an operator that is away for a while is away for as much of a certificate's life.
    const operator = keepOperator(['--certificate-lifetime', '45s', '--ca-lifetime', '135s'])
    const left = async () => (read(await text('webhook-tls', 'tls.crt'))?.until ?? 0) - Date.now()
    await until(async () => (await acts(operator.current)) && (await left()) > 30_000, 'there is a certificate')
    await until(isEnforced, 'a Deployment is denied')
    let [kills, known] = [0, 0]
    await renewals(2, 400, async () => {
      const { current } = operator
      const steps = (await current.output()).split('"certificates written"').length - 1
      if (steps === known || kills >= 8) return kills >= 3
      known = steps
      // A moment after it has written something; with time left to start another.
      await pause(Math.random() * 150)
      if ((await left()) < 15_000) return false
      current.signal('SIGKILL')
      kills += 1
      known = 0
      await until(async () => operator.current !== current && (await acts(operator.current)), 'another acts')
      return kills >= 3
    })
    process.stderr.write(`operator: killed ${kills} times\n`)
    expect(kills).toBeGreaterThanOrEqual(3)
    await operator.stop()
  }, 900_000)

  test('Secrets that are deleted or damaged under load are made anew, by a clock that is wrong too: no creation fails', async () => {
    await fresh()
    const operator = keepOperator(['--lease-duration', '15s'], { ahead: -5 * 60_000 })
    await until(isEnforced, 'a Deployment is denied')
    const creations = load()
    const observed = observe()
    const isWhole = async () => {
      const [cert, bundle] = [read(await text('webhook-tls', 'tls.crt')), readAll(await text('ca', 'bundle.crt'))]
      return cert !== undefined && bundle.some(({ certificate }) => isSignedBy(cert.certificate, certificate)) &&
        (await hooks()).every((one) =>
          one?.clientConfig.caBundle === Buffer.from(bundle.map(({ certificate }) => certificate.toString()).join('')).toString('base64')
        )
    }
    await until(isWhole, 'all is well')
    const damages: (() => Promise<unknown>)[] = [
      () => client.delete(secrets, { namespace: ours, name: `${ours}-webhook-tls` }),
      () => client.delete(secrets, { namespace: ours, name: `${ours}-ca` }),
      async () => client.replace(secrets, { ...(await secret('ca')), data: { 'ca.crt': 'aGVsbG8=' } } as never),
      async () =>
        client.replace(secrets, { ...(await secret('webhook-tls')), data: { 'tls.crt': '', 'tls.key': '' }, immutable: true } as never),
    ]
    for (const damage of damages) {
      await damage()
      await pause(500)
      const took = await until(isWhole, 'all is well again')
      process.stderr.write(`operator: repaired in ${took + 500} ms\n`)
    }
    const { created, failed } = await creations.stop()
    await observed.stop()
    process.stderr.write(
      `operator: ${created} creations, ${failed.length} failed; ${observed.seen.certificates.size} certificates, ${observed.seen.authorities.size} authorities\n`,
    )
    expect(failed).toEqual([])
    expect(await operator.stop()).toBe(0)
  }, 300_000)

  test("cert-manager's certificate is trusted, and another after it", async () => {
    const put = async () => {
      const made = makeCertificates(['127.0.0.1'], Date.now(), randomBytes)
      const base64 = (content: string) => Buffer.from(content).toString('base64')
      const data = { 'tls.crt': base64(made.cert), 'tls.key': base64(made.key), 'ca.crt': base64(made.ca) }
      const { metadata } = (await secret('webhook-tls')) ?? {}
      if (metadata) await client.delete(secrets, { namespace: ours, name: `${ours}-webhook-tls` })
      await client.create(secrets,
        { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: `${ours}-webhook-tls`, namespace: ours },
          data } as never)
      return data['ca.crt']
    }
    await client.delete(secrets, { namespace: ours, name: `${ours}-ca` })
    await fresh()
    const operator = startOperator(['--certificates', 'CertManager'])
    for (let count = 0; count < 2; count++) {
      const ca = await put()
      await until(async () => (await hooks()).every((one) => one?.clientConfig.caBundle === ca), 'its authority is trusted', 60)
      await until(isEnforced, 'a Deployment is denied')
    }
    expect(await secret('ca')).toBeUndefined()
    operator.signal('SIGTERM')
    expect(await operator.exited).toBe(0)
  }, 120_000)

  test('cleanup leaves nothing, and finds nothing the second time', async () => {
    await endOperators()
    const operator = startOperator()
    await until(async () => (await secret('ca')) !== undefined, 'there is an authority', 60)
    operator.signal('SIGTERM')
    await operator.exited
    for (let count = 0; count < 2; count++) {
      const began = Date.now()
      const program = start('operator', ['cleanup'])
      expect(await program.exited).toBe(0)
      process.stderr.write(`operator: cleaned up in ${Date.now() - began} ms\n`)
      expect(await configurations()).toEqual([undefined, undefined])
      expect([await secret('ca'), await secret('webhook-tls'), await client.get(leases, { namespace: ours, name: `${ours}-operator` })])
        .toEqual([undefined, undefined, undefined])
    }
    expect(await creation('free', '127.0.0.1:8000')).toBeUndefined()
  }, 60_000)
})
