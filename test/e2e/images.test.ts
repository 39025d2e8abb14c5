/** Images that are looked into as workloads are admitted: a real API server, the webhook's process, and registries. */
import { randomBytes } from 'node:crypto'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect } from '../../src/cluster/connect.ts'
import type { Cluster, KubernetesObject, Resource } from '../../src/cluster/cluster.ts'
import { gunicornPolicies, namespaces, secrets } from '../../src/cluster/resources.ts'
import { LivePolicies } from '../../src/cluster/policies.ts'
import { jsonLog } from '../../src/log.ts'
import { lookingInto } from '../../src/operator/looking.ts'
import { createMetrics } from '../../src/operator/metrics.ts'
import { startScan } from '../../src/operator/scan-loop.ts'
import { customResourceDefinitions } from '../../src/policy/custom-resource-definitions.ts'
import { makeCertificates } from '../../src/x509/authority.ts'
import { pause, startProgram, type Program } from '../cluster/program.ts'
import { DockerRegistry, findRegistry } from '../conformance/docker-registry.ts'
import { kubectlFor, sharedCluster, succeed, type Kubectl } from './kubectl.ts'
import { startOwnCluster, type OwnCluster } from './own-cluster.ts'
import { ownAddress, pythonImage, ServedImages } from './served-images.ts'
import { webhookConfigurations } from './webhook.ts'

const definitions: Resource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition', namespaced: false }
const main = join(import.meta.dirname, '../../cmd/webhook.ts')
const program = await findRegistry().catch(() => undefined)
const suite = sharedCluster() === undefined || ownAddress === undefined || program === undefined ? describe.skip : describe
const options = { fieldManager: 'test', force: true }

suite('images', () => {
  let own: OwnCluster
  let client: Cluster
  let kubectl: Kubectl
  let webhook: Program
  let folder: string
  let registry: DockerRegistry
  let served: ServedImages
  let cold: ServedImages
  let port = 0
  let ca = ''
  let flags = (): string[] => []

  beforeAll(async () => {
    const address = ownAddress ?? ''
    own = await startOwnCluster()
    folder = await mkdtemp(join(tmpdir(), 'paddock-images-'))
    client = await connect({ kubeconfig: own.kubeconfig, userAgent: 'paddock-test/0', patience: 30_000 })
    kubectl = kubectlFor({ kubeconfig: own.kubeconfig, kubectl: own.program } as never, 'shop', folder)
    for (const name of ['paddock', 'shop']) await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    for (const definition of customResourceDefinitions()) await client.apply(definitions, definition, options)
    registry = await DockerRegistry.start(program ?? '', address)
    login = { auths: { [registry.host]: { auth: Buffer.from('user:secret').toString('base64') } } }
    served = await ServedImages.start(address, await pythonImage())
    cold = await ServedImages.start(address, await pythonImage({ tornado: '6.3' }))
    const certificate = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
    ca = certificate.ca
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    await client.apply(secrets,
      { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'paddock-webhook-tls', namespace: 'paddock' },
        data: { 'tls.crt': base64(certificate.cert), 'tls.key': base64(certificate.key) } } as never, options)
    flags =
      () => [main, '--kubeconfig', own.kubeconfig, '--namespace', 'paddock', '--host', '127.0.0.1', '--port', '0', '--lame-duck', '0s',
        '--images', '--image-platform', 'linux/amd64', '--registry-ca', registry.ca, '--insecure-registry', served.host,
        '--insecure-registry', cold.host]
    webhook = startProgram(process.execPath, flags(), { logFile: join(folder, 'log') })
    await until(async () => /"listening".*"port":\d+/.test(await webhook.output()), 'it listens')
    port = Number(/"listening".*"port":(\d+)/.exec(await webhook.output())?.[1])
    await policy({})
    await until(async () => (await get('/readyz')) === 'ok', 'it is ready')
    const configurations = await webhookConfigurations(
      { address: `127.0.0.1:${port}`, authority: Buffer.from(ca), output: webhook.output, stop: () => Promise.resolve() },
      'processes' as never,
      'paddock-test',
      { timeoutSeconds: 10 },
    )
    // As the operator leaves it out where a policy has images looked into.
    for (const { webhooks } of (configurations as { items: { webhooks: { matchConditions: { name: string }[] }[] }[] }).items)
      for (const hook of webhooks) hook.matchConditions = hook.matchConditions.filter(({ name }) => name !== 'may-start-gunicorn')
    expect(await kubectl(['apply', '-f', '-'], configurations)).toMatchObject({ status: 0 })
    let told = ''
    await until(async () => (told = await create(pod('docker.io/nothing/none:1', 'sync', 'first'))).includes('missing-access-log'),
      'it is asked', 10)
      .catch((error: Error) => {
        throw new Error(`${error.message}\n${told}`)
      })
  }, 180_000)
  afterAll(async () => {
    await webhook?.stop()
    client?.close()
    await served?.stop()
    await cold?.stop()
    registry?.stop()
    await own?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 120_000)

  let login: object

  const policy = (dependencies: object): Promise<unknown> =>
    client.apply(gunicornPolicies,
      { apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'house' },
        spec: { preset: 'kubernetes', dependencies: { images: 'Always', imageBudget: 5000, ...dependencies } } } as never, options)

  const pod = (image: string, workerClass: string, name = 'web', more: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { containers: [{ name: 'web', image, command: ['gunicorn', '-k', workerClass, '-b', ':8000', 'wsgi'] }], ...more },
  })

  /** What kubectl says to a Pod that is to be made, which is not. */
  async function create(object: object): Promise<string> {
    const { stdout, stderr } = await kubectl(['create', '--dry-run=server', '-f', '-'], object)
    return `${stdout}${stderr}`
  }

  async function post(path: string, body: string | undefined, at: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const sent = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' } }
    request({ host: '127.0.0.1', port: at, path, rejectUnauthorized: false, ...sent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve(text))
    }).on('error', reject).end(body)
    return promise
  }
  const get = (path: string, at = port): Promise<string> => post(path, undefined, at)
  const lookUps = async (outcome: string): Promise<number> =>
    Number(new RegExp(`^paddock_image_lookups_total\\{outcome="${outcome}"\\} (\\d+)`, 'm').exec(await get('/metrics'))?.[1] ?? 0)

  async function until(condition: () => Promise<boolean>, what: string, seconds = 60): Promise<void> {
    const began = Date.now()
    while (!(await condition())) {
      if (Date.now() - began > seconds * 1000) throw new Error(`not within ${seconds} s: ${what}\n${await webhook?.output()}`)
      await pause(50)
    }
  }

  test('what is absent is denied, with what was seen; what is there is let in', async () => {
    const bare = await pythonImage()
    const whole = await pythonImage({ gevent: '24.11.1' })
    await registry.push('shop/bare', '1', bare.layout, [bare.manifest])
    await registry.push('shop/whole', '1', whole.layout, [whole.manifest])
    await client.apply(secrets,
      { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/dockerconfigjson', metadata: { name: 'pull', namespace: 'shop' },
        data: { '.dockerconfigjson': Buffer.from(JSON.stringify(login)).toString('base64') } } as never, options)
    const pulling = { imagePullSecrets: [{ name: 'pull' }] }
    const denied = await create(pod(`${registry.host}/shop/bare:1`, 'gevent', 'web', pulling))
    expect(denied).toMatch(/needs gevent, which is not in image "[^"]+\/shop\/bare:1"/)
    expect(denied).toContain('[missing-worker-dependency]')
    const allowed = await create(pod(`${registry.host}/shop/whole:1`, 'gevent', 'web', pulling))
    expect(allowed).not.toMatch(/worker-dependency/)
    expect(allowed).toContain('pod/web created')
    // Nobody's credentials: what it needs is unknown, and told.
    const unknown = await create(pod(`${registry.host}/shop/bare:1`, 'gevent'))
    expect(unknown).toContain('pod/web created')
    expect(unknown).toMatch(/unverified-worker-dependency/)
    expect(await webhook.output()).not.toMatch(/c2VjcmV0|user:secret|dXNlcjpzZWNyZXQ/)
  }, 120_000)

  test('the credentials of the service account', async () => {
    const accounts: Resource = { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true }
    await client.apply(accounts,
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'puller', namespace: 'shop' },
        imagePullSecrets: [{ name: 'pull' }] } as never, options)
    expect(await create(pod(`${registry.host}/shop/bare:1`, 'gevent', 'web', { serviceAccountName: 'puller' })))
      .toContain('[missing-worker-dependency]')
  }, 120_000)

  test('what an image starts by itself is judged like a command', async () => {
    const entry = await pythonImage({}, { Entrypoint: ['/app/start.sh'] }, [['app/start.sh',
      '#!/bin/sh\nexec gunicorn -k gevent -b :8000 wsgi\n']])
    const other = await pythonImage({}, { Entrypoint: ['celery', 'worker'] })
    await registry.push('shop/entry', '1', entry.layout, [entry.manifest])
    await registry.push('shop/other', '1', other.layout, [other.manifest])
    const bare = (image: string): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop' },
      spec: { containers: [{ name: 'web', image }], imagePullSecrets: [{ name: 'pull' }] } })
    const denied = await create(bare(`${registry.host}/shop/entry:1`))
    expect(denied).toMatch(/spec\.containers\[0\]\.image: .*needs gevent, which is not in image .*\[missing-worker-dependency\]/)
    expect(await create(bare(`${registry.host}/shop/other:1`))).toBe('pod/web created (server dry run)\n')
  }, 120_000)

  test('one image, 200 workloads at once: its layers are read once', async () => {
    served.asked.clear()
    const before = await lookUps('read')
    const began = Date.now()
    const answers = await Promise.all(
      Array.from({ length: 200 },
        (_, index) =>
          client.create({ group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
            pod(`${served.host}/team/app:1`, 'gevent', `many-${index}`) as never).then(() => 'let in', (error: Error) => error.message)),
    )
    const took = Date.now() - began
    expect(answers.filter((answer) => answer.includes('needs gevent, which is not in image'))).toHaveLength(200)
    const [config = '', ...layers] = served.blobs
    expect(layers.map((digest) => served.asked.get(digest))).toEqual([1, 1])
    // Whoever comes after the tag was asked for asks for it again.
    expect(served.asked.get(config)).toBeLessThan(10)
    // With the command as it came, and as it was mended.
    expect(await lookUps('read')).toBe(before + 2)
    process.stderr.write(`      200 workloads with one image: ${took} ms in all\n`)
  }, 120_000)

  test('what one replica has found out, another knows: one that looks at the same time, and one that starts later', async () => {
    const fresh = await ServedImages.start(ownAddress ?? '', await pythonImage({ tornado: '6.4' }))
    const others = ['other', 'later'].map((name) => join(folder, name))
    const start = async (logFile: string): Promise<{ program: Program; port: number }> => {
      const program = startProgram(process.execPath, [...flags(), '--insecure-registry', fresh.host], { logFile })
      await until(async () => /"listening".*"port":\d+/.test(await program.output()), 'another one listens')
      const at = Number(/"listening".*"port":(\d+)/.exec(await program.output())?.[1])
      await until(async () => (await get('/readyz', at)) === 'ok', 'another one is ready')
      return { program, port: at }
    }
    const running: Program[] = []
    try {
      const ask = async (at: number): Promise<string> => {
        const object = pod(`${fresh.host}/team/shared:1`, 'gevent')
        const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
          request: { uid: 'u', name: 'web', namespace: 'shop', operation: 'CREATE', kind: { group: '', version: 'v1', kind: 'Pod' },
            object } }
        return post('/validate?timeout=10s', JSON.stringify(review), at)
      }
      const [first, second] = await Promise.all([start(others[0]!), start(`${others[0]!}-too`)])
      running.push(first.program, second.program)
      const absent = /needs gevent, which is not in image/
      for (const told of await Promise.all([ask(first.port), ask(second.port)])) expect(told).toMatch(absent)
      const layers = (): (number | undefined)[] => fresh.blobs.slice(1).map((digest) => fresh.asked.get(digest))
      expect(layers()).toEqual([1, 1])
      const third = await start(others[1]!)
      running.push(third.program)
      expect(await ask(third.port)).toMatch(absent)
      expect(layers()).toEqual([1, 1])
      const kept = await succeed(
        kubectl(['get', 'configmaps', '--namespace', 'paddock', '--selector', 'paddock.dev/image', '--output',
          'jsonpath={.items[*].data.summary\\.json}']),
      )
      expect(kept).toContain(`"digest":"${fresh.digest}"`)
    } finally {
      await Promise.all(running.map((one) => one.stop()))
      await fresh.stop()
    }
  }, 180_000)

  test('the scan says what admission says, of images that either has looked into', async () => {
    const log = jsonLog('debug', () => {}, Date.now)
    const events: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }
    const deployments: Resource = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true }
    const deployment = (name: string, spec: object): object => ({ apiVersion: 'apps/v1', kind: 'Deployment',
      metadata: { name, namespace: 'shop' },
      spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec } } })
    const specOf = (image: string, workerClass: string, more: object = {}): object =>
      (pod(image, workerClass, '', more) as { spec: object })
        .spec
    const pulling = { imagePullSecrets: [{ name: 'pull' }] }
    const specs: Record<string, object> = {
      bare: specOf(`${registry.host}/shop/bare:1`, 'gevent', pulling),
      whole: specOf(`${registry.host}/shop/whole:1`, 'gevent', pulling),
      refused: specOf(`${registry.host}/shop/bare:1`, 'gevent'),
      entry: { containers: [{ name: 'web', image: `${registry.host}/shop/entry:1` }], ...pulling },
      served: specOf(`${served.host}/team/app:1`, 'gevent'),
      cold: specOf(`${cold.host}/team/cold:1`, 'gevent'),
      tornado: specOf(`${cold.host}/team/cold:1`, 'tornado'),
    }
    // They are there before anybody asks for images.
    await policy({ images: 'Never' })
    await pause(500)
    for (const [name, spec] of Object.entries(specs)) await client.create(deployments, deployment(name, spec) as never)
    await policy({})
    await pause(500)
    served.asked.clear()
    const looks = lookingInto(client, { namespace: 'paddock', name: 'paddock' }, { platform: 'linux/amd64', registryCa: registry.ca,
      insecure: [served.host, cold.host] }, new URL('../../cmd/looking.ts', import.meta.url), log)
    const live = new LivePolicies(client, { log })
    // What others have found is known once it is listed.
    await pause(1000)
    const scan = startScan(client, { interval: 3_600_000, reports: 'None', excludedNamespaces: ['paddock'], instance: 'test' }, live, { log,
      metrics: createMetrics(() => 0), images: looks.images, now: Date.now })
    const dependency = /\[((?:missing|unverified)-worker-dependency)\]/
    const scanned = async (): Promise<Record<string, string>> => {
      const found: Record<string, string> = {}
      for await (const { items } of client.pages<KubernetesObject & { regarding: { kind: string; name: string }; note: string }>(events, {
        namespace: 'shop',
      }))
        for (const { regarding, note } of items)
          if (regarding.kind === 'Deployment' && dependency.test(note)) found[regarding.name] = dependency.exec(note)?.[1] ?? ''
      return found
    }
    const expected = { bare: 'missing-worker-dependency', refused: 'unverified-worker-dependency', entry: 'missing-worker-dependency',
      served: 'missing-worker-dependency', cold: 'missing-worker-dependency' }
    try {
      await until(async () => Object.keys(await scanned()).length >= Object.keys(expected).length, 'the scan has told', 60)
      expect(await scanned()).toEqual(expected)
      // What the webhook has looked into is not read again; and what the scan has, the webhook does not read.
      expect(served.blobs.slice(1).map((digest) => served.asked.get(digest))).toEqual([undefined, undefined])
      const layers = (): (number | undefined)[] => cold.blobs.slice(1).map((digest) => cold.asked.get(digest))
      expect(layers()).toEqual([1, 1])
      const shared = await lookUps('shared')
      const admitted: Record<string, string> = {}
      for (const [name, spec] of Object.entries(specs)) {
        const found = dependency.exec(await create(deployment(`${name}-again`, spec)))?.[1]
        if (found !== undefined) admitted[name] = found
      }
      expect(admitted).toEqual(expected)
      // What the scan has found answers the command as it came; as it was mended it is another one, for which the layers are read again.
      expect(await lookUps('shared')).toBeGreaterThan(shared)
      expect(layers()).toEqual([2, 2])

      // A person's scan, with a person's credentials.
      const config = join(folder, 'docker.json')
      await writeFile(config, JSON.stringify(login))
      const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../cmd/paddock.ts'), 'scan', '--images',
        '--kubeconfig', own.kubeconfig, '--namespace', 'shop', '--kind', 'Deployment', '--format', 'json', '--fail-on', 'never',
        '--registry-config', config, '--registry-ca', registry.ca, '--insecure-registry', served.host, '--insecure-registry', cold.host])
      const { workloads } = JSON.parse(stdout) as { workloads: { name: string; findings: { rule: string }[] }[] }
      const told = workloads.flatMap(({ name, findings }) =>
        findings.flatMap(({ rule }) => (rule.endsWith('worker-dependency') ? [[name, rule]] : []))
      )
      expect(Object.fromEntries(told)).toEqual({ ...expected, refused: 'missing-worker-dependency' })
    } finally {
      await scan.stop()
      await Promise.all([looks.stop(), live.stop()])
    }
  }, 180_000)

  test('a registry that is away, slow or wrong: an answer within the budget, and it is unknown', async () => {
    await policy({ imageBudget: 300 })
    await pause(500)
    const slow = (_: unknown, response: ServerResponse): void => {
      response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' })
      const timer = setInterval(() => response.write('{'), 1000)
      response.on('close', () => clearInterval(timer))
    }
    const status = (code: number) => (_: unknown, response: ServerResponse): void =>
      void response.writeHead(code, { 'www-authenticate': 'Basic realm="x"' }).end()
    const cases = { slow, silent: () => {}, refusing: status(401), busy: status(429), broken: status(500),
      garbage: (_: unknown, response: ServerResponse) => void response.end('}{') }
    for (const [name, behaviour] of Object.entries(cases)) {
      served.behaviour = behaviour
      const review = async (): Promise<number> => {
        const began = Date.now()
        const told = await create(pod(`${served.host}/team/${name}:1`, 'gevent'))
        expect(told).toContain('pod/web created')
        expect(told).toMatch(/unverified-worker-dependency/)
        return Date.now() - began
      }
      const first = await review()
      const second = await review()
      process.stderr.write(`      ${name}: ${first} ms, again ${second} ms, kubectl among it\n`)
    }
    served.behaviour = undefined
    const gone = await create(pod(`${ownAddress}:1/team/gone:1`, 'gevent'))
    expect(gone).toMatch(/nobody listens there.*unverified-worker-dependency/s)
    for (const host of ['localhost:5000', '127.0.0.1:5000', '169.254.169.254', '[::1]:5000'])
      expect(await create(pod(`${host}/team/app:1`, 'gevent'))).toMatch(/has a local address/)
  }, 180_000)

  test('registries by a list', async () => {
    await policy({ registries: ['registry.example.com', '*.internal'] })
    await pause(500)
    served.asked.clear()
    expect(await create(pod(`${served.host}/team/other:1`, 'gevent'))).toMatch(/the policy does not have \S+ looked into/)
    expect(served.asked.size).toBe(0)
  }, 60_000)
})
