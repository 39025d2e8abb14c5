/** The conditions as a real API server evaluates them: whatever Paddock finds an invocation in, it is asked about. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { inspect } from '../../src/inspect.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import { matchConditions } from '../../src/operator/match-conditions.ts'
import { makeCertificates } from '../../src/x509/authority.ts'
import { containers } from '../conformance/containers.ts'
import { Random } from '../conformance/random.ts'
import { pause } from '../cluster/program.ts'
import { kubectlFor, sharedCluster, succeed, type Kubectl } from './kubectl.ts'
import { allKinds, workload, type Container, type Workload } from './workloads.ts'

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe
const namespace = `paddock-conditions-${process.pid}`
const mib = 2 ** 20

suite('the match conditions', () => {
  let folder: string
  let server: Server
  let kubectl: Kubectl

  /** A webhook that turns away all that it is asked about. */
  beforeAll(async () => {
    if (!cluster) return
    folder = await mkdtemp(join(tmpdir(), 'paddock-conditions-'))
    kubectl = kubectlFor(cluster, namespace, folder)
    const { key, cert, ca } = makeCertificates([cluster.webhookHost], Date.now(), randomBytes)
    server = createServer({ key, cert }, (request, response) => {
      void json(request).then((review) => {
        const { uid } = (review as { request: { uid: string } }).request
        response.end(
          JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
            response: { uid, allowed: false, status: { message: 'asked' } } }),
        )
      })
    }).listen(0, cluster.webhookHost)
    await once(server, 'listening')
    await succeed(kubectl(['create', 'namespace', namespace]))
    const finalized = { ...workload('Deployment', { command: ['gunicorn', 'wsgi'] }),
      metadata: { name: 'ending', finalizers: ['example.com/held'] } }
    await succeed(kubectl(['create', '-f', '-'], finalized))
    await succeed(kubectl(['delete', 'deployment', 'ending', '--wait=false']))
    await succeed(kubectl(['create', '-f', '-'], {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: namespace },
      webhooks: [{
        name: 'asked.paddock.dev',
        admissionReviewVersions: ['v1'],
        clientConfig: { url: `https://${cluster.webhookHost}:${(server.address() as AddressInfo).port}/`,
          caBundle: Buffer.from(ca).toString('base64') },
        rules: ['', 'apps', 'batch'].map((group) => ({ apiGroups: [group], apiVersions: ['*'], resources: ['*'],
          operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' })
        ),
        failurePolicy: 'Fail',
        sideEffects: 'None',
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        matchConditions: matchConditions('validate', [{ match: undefined }]),
      }],
    }))
    for (let tries = 0;; tries++, await pause(100)) {
      if (tries > 100) throw new Error('the configuration does not take effect')
      if ((await isAsked([workload('Pod', { command: ['gunicorn'] })]))[0]) break
    }
  }, 60_000)
  afterAll(async () => {
    if (!cluster) return
    await kubectl(['delete', 'validatingwebhookconfiguration', namespace])
    await kubectl(['patch', 'deployment', 'ending', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
    await kubectl(['delete', 'namespace', namespace, '--wait=false'])
    server.close()
    server.closeAllConnections()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  /** Whether the webhook is asked about each object. @throws where the API server says anything else */
  async function isAsked(objects: readonly Workload[], args: readonly string[] = []): Promise<boolean[]> {
    const items = objects.map((object, index) => ({ ...object, metadata: { ...object.metadata, name: `x-${index}` } }))
    const { stdout, stderr } = await kubectl(['create', '--dry-run=server', '--validate=false', '-o', 'name', '-f', '-', ...args], {
      apiVersion: 'v1',
      kind: 'List',
      items,
    })
    const created = new Set([...stdout.matchAll(/\/x-(\d+)$/gm)].map(([, index]) => Number(index)))
    const errors = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Warning: '))
    const others = errors.filter((line) => !line.includes('admission webhook "asked.paddock.dev" denied the request: asked'))
    expect(others).toEqual([])
    expect(errors.length + created.size).toBe(objects.length)
    return items.map((_, index) => !created.has(index))
  }

  /** Whether Paddock finds an invocation. */
  function finds(object: Workload): boolean {
    const read = readWorkload(object)
    if (!read) throw new Error('it is no workload')
    return inspect(read).length > 0
  }

  /** How many of those objects are passed over that Paddock finds nothing in. @throws where one is that it finds something in */
  async function passedOver(objects: readonly Workload[]): Promise<{ found: number; nothing: number; passed: number }> {
    const missed: Workload[] = []
    let [found, passed] = [0, 0]
    for (let from = 0; from < objects.length; from += 100) {
      const some = objects.slice(from, from + 100)
      const asked = await isAsked(some)
      for (const [index, object] of some.entries()) {
        if (finds(object)) found++
        if (!asked[index]) passed++
        if (!asked[index] && finds(object)) missed.push(object)
      }
    }
    expect(missed.map((object) => JSON.stringify(object))).toEqual([])
    return { found, nothing: objects.length - found, passed }
  }

  /** Of a definition whose objects may hold anything; of what is stored the API server sends no more than it does of a new one. */
  const odd = [
    {},
    { spec: null },
    { spec: [] },
    { spec: 'x' },
    { spec: 7 },
    { spec: {} },
    { spec: { template: null } },
    { spec: { template: 'x' } },
    { spec: { template: [] } },
    { spec: { template: { spec: null } } },
    { spec: { template: { spec: 'x' } } },
    { spec: { template: { spec: { containers: null } } } },
    { spec: { template: { spec: { containers: 'gunicorn' } } } },
    { spec: { template: { spec: { containers: {} } } } },
    { spec: { template: { spec: { containers: [null, 'x', 7, [], {}] } } } },
    ...[null, 'gunicorn', {}, 7, [null], [7], [{}], [['gunicorn']], ['gunicorn', null], ['$(A)', 7]].flatMap((value) =>
      ['command', 'args'].map((field) => ({ spec: { template: { spec: { containers: [{ name: 'a', [field]: value }] } } } }))
    ),
    ...[null, 'x', {}, [null], ['x'], [{}], [{ name: 'A', value: 7 }], [{ name: 'A', value: null }], [{ name: 'A', value: {} }]].map((
      env,
    ) => ({ spec: { template: { spec: { containers: [{ name: 'a', command: ['$(A)'], env }] } } } })),
    { template: 'x' },
    { template: { spec: [] } },
    { spec: { jobTemplate: 'x' } },
    { spec: { jobTemplate: { spec: [] } } },
    { spec: { jobTemplate: { spec: { template: 7 } } } },
    // What it costs to compare two templates.
    ...['a', 'b'].flatMap((end) =>
      [['x'.repeat(800_000) + end], [...Array.from({ length: 50_000 }, () => 'x'), end]].map((command) => ({
        spec: { template: { spec: { containers: [{ name: 'a', command }] } } },
      }))
    ),
    { spec: { template: { metadata: 'x' } } },
    { spec: { template: { metadata: { labels: [], annotations: 'x' } } } },
    { template: { metadata: { annotations: ['x'] } } },
  ]

  test.each(['mutate', 'validate'] as const)('%s: no object makes them fail, be it created or updated', async (operation) => {
    const name = `${namespace}-${operation}`
    const group = `${operation}.paddock.test`
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `odds.${group}` },
      spec: { group, scope: 'Namespaced', names: { plural: 'odds', kind: 'Odd' },
        versions: [{ name: 'v1', served: true, storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] },
    }
    const configuration = JSON.parse(await succeed(kubectl(['get', 'validatingwebhookconfiguration', namespace, '-o', 'json']))) as {
      webhooks: object[]
    }
    const hook = { ...configuration.webhooks[0],
      rules: [{ apiGroups: [group], apiVersions: ['*'], resources: ['*'], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' }] }
    await succeed(kubectl(['create', '-f', '-'], definition))
    try {
      await succeed(kubectl(['wait', '--for=condition=Established', `crd/odds.${group}`, '--timeout=30s']))
      const items = odd.map((object, index) => ({ apiVersion: `${group}/v1`, kind: 'Odd', metadata: { name: `x-${index}` }, ...object }))
      const list = { apiVersion: 'v1', kind: 'List', items }
      for (let tries = 0; (await kubectl(['create', '--dry-run=server', '-f', '-'], items[0])).status !== 0; tries++, await pause(100))
        if (tries > 100) throw new Error('the definition does not take effect')
      await succeed(kubectl(['create', '--validate=false', '-f', '-'], list))
      await succeed(kubectl(['create', '-f', '-'], {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name },
        webhooks: [{ ...hook, matchConditions: matchConditions(operation, [{ match: undefined, readsImages: true }]) }],
      }))
      const probe = { apiVersion: `${group}/v1`, kind: 'Odd', metadata: { name: 'probe' },
        spec: { template: { spec: { containers: [{ name: 'a', command: ['gunicorn'] }] } } } }
      for (let tries = 0; !(await kubectl(['create', '--dry-run=server', '-f', '-'], probe)).stderr.includes('asked');
        tries++, await pause(100)) if (tries > 100) throw new Error('the configuration does not take effect')
      const answers = [
        await kubectl(['create', '--dry-run=server', '--validate=false', '-f', '-'], { ...list,
          items: items.map((item) => ({ ...item, metadata: { name: `${item.metadata.name}-new` } })) }),
        await kubectl(['annotate', '--dry-run=server', 'odds', '--all', 'note=x']),
        // Each becomes the one behind it.
        await kubectl(['replace', '--dry-run=server', '--validate=false', '-f', '-'], { ...list,
          items: items.map(({ metadata }, index) => ({ ...items[(index + 1) % items.length], metadata })) }),
      ]
      for (const { stderr } of answers)
        expect(stderr.split('\n').filter((line) => line !== '' && !line.includes('denied the request: asked'))).toEqual([])
      if (operation === 'mutate') expect(answers[1]?.stderr).toBe('')
    } finally {
      await kubectl(['delete', 'validatingwebhookconfiguration', name, '--ignore-not-found'])
      await kubectl(['delete', 'crd', `odds.${group}`, '--wait=false'])
    }
  }, 120_000)

  const random = new Random(Number(process.env['PADDOCK_SEED'] ?? 4))
  const anyKind = (container: object): Workload => workload(random.pick(allKinds), container)
  const told = (what: string, { found, nothing, passed }: Awaited<ReturnType<typeof passedOver>>) =>
    process.stderr.write(
      `match conditions: ${what}: Paddock finds gunicorn in ${found}, and is asked about all; of ${nothing} others ${passed} are passed over\n`,
    )

  test('what people write, with gunicorn and with another program in its place', async () => {
    const count = 400
    const written = containers(7, count, '/etc/gunicorn.conf.py').map(({ container }) => container)
    const others = written.slice(0, count / 2).map((container) =>
      JSON.parse(JSON.stringify(container).replaceAll('gunicorn', 'celery').replaceAll('guni\\\\corn', 'celery')) as object
    )
    const outcome = await passedOver([...written, ...others].map(anyKind))
    told('containers as people write them', outcome)
    expect(outcome.found).toBeGreaterThan(count / 3)
    expect(outcome.passed).toBeGreaterThan(count / 8)
  }, 120_000)

  test('words, quotes and variables put together at random', async () => {
    const pieces = ['guni', 'corn', 'gunicorn', 'gun', 'icorn', '$(A)', '$(B)', '$(C)', '$(D)', '$A', '${B}', '$$', '/', ' ', '=', ':', "'",
      '"', '\\', 'sh', 'ba', 'app:app', 'python3', '-m', '-c', 'exec ', 'env', '.app.wsgiapp', 'x', '`']
    const words = [...pieces, 'sh', 'bash', '-c', '/bin/sh', 'exec gunicorn app:app', '$(A)$(B) app:app', 'python', '-m', 'env', 'tini',
      '--']
    const text = (from: readonly string[], most: number): string =>
      Array.from({ length: 1 + random.below(most) }, () => random.pick(from)).join('')
    const starts = ['gunicorn', '$(A)$(B)', 'guni$(B)', '$(A)corn', '/opt/$(C)', '$(C)', '/opt/$(A)$(B)', 'python -m $(C)',
      'sh -c guni\\corn;$(date)', '$(D) -c "guni"corn;$(date)', 'env $(A)$(B)', 'tini -- $(C)', "ba$(D) -c gun'icorn'`$(date)`"]
    const list = () => Array.from({ length: random.below(5) }, () => (random.chance(0.4) ? random.pick(words) : text(pieces, 4)))
    /** What the names are as a rule. */
    const usual: Record<string, string> = { A: 'guni', B: 'corn', C: 'gunicorn', D: 'sh' }
    const container = () => ({
      ...(random.chance(0.7) ? { command: random.chance(0.4) ? [...random.pick(starts).split(' '), ...list()] : list() } : {}),
      ...(random.chance(0.6) ? { args: list() } : {}),
      env: ['A', 'B', 'C', 'D'].filter(() => random.chance(0.6)).map((
        name,
      ) => (random.chance(0.1) ? { name, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }
        : { name, value: random.chance(0.5) ? (usual[name] ?? '') : text([...words, 'a', ''], 2) })
      ),
    })
    const outcome = await passedOver(Array.from({ length: 1000 }, () => anyKind(container())))
    told('words at random', outcome)
    expect(outcome.found).toBeGreaterThan(50)
    expect(outcome.passed).toBeGreaterThan(50)
  }, 240_000)

  const spelled: [string, object, boolean][] = [
    ['no command', {}, false],
    ['another program', { command: ['nginx', '-g', 'daemon off;'] }, false],
    ["another program, with gunicorn's own variable", { command: ['./serve'],
      env: [{ name: 'A' }, { name: 'GUNICORN_CMD_ARGS', value: '-w 2' }] }, true],
    ["no command, with gunicorn's own variable", { env: [{ name: 'GUNICORN_CMD_ARGS', value: '-w 2' }] }, true],
    ['a process of the image', { command: ['web'] }, true],
    ['the launcher of buildpacks', { args: ['/cnb/process/web'] }, true],
    ['web as an argument', { command: ['node', 'web'] }, false],
    ['another program in a script', { command: ['sh', '-c', 'exec celery -A shop worker'] }, false],
    ['what many agents of nodes have', { args: ['--node=$(NODE_NAME)', '--endpoint=$(CSI_ENDPOINT)', 'http://$(HOST_IP):8080/'],
      env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }, { name: 'CSI_ENDPOINT',
        value: 'unix:///csi/csi.sock' }] }, false],
    ['gunicorn in the environment only', { command: ['run'], env: [{ name: 'SERVER', value: 'gunicorn' }] }, false],
    ['gunicorn in a variable that a shell brings in', { command: ['sh', '-c', 'exec $SERVER app'],
      env: [{ name: 'SERVER', value: 'gunicorn' }] }, true],
    ['a variable that a shell brings in, of another program', { command: ['sh', '-c', 'exec $SERVER app'],
      env: [{ name: 'SERVER', value: 'uwsgi' }] }, false],
    ['by its path', { command: ['/venv/bin/gunicorn', 'wsgi'] }, true],
    ['as a module', { command: ['python', '-m', 'gunicorn', 'wsgi'] }, true],
    ['all of it in one element', { command: ['gunicorn wsgi -w 4'] }, true],
    ['in args', { args: ['gunicorn', 'wsgi'] }, true],
    ['from a variable', { command: ['$(SERVER)', 'wsgi'], env: [{ name: 'SERVER', value: 'gunicorn' }] }, true],
    ['from a variable of a variable', { command: ['$(B)'], env: [{ name: 'A', value: 'gunicorn' }, { name: 'B', value: '$(A)' }] }, true],
    ['half of it from a variable', { command: ['guni$(X)', 'wsgi'], env: [{ name: 'X', value: 'corn' }] }, true],
    ['the other half', { command: ['$(X)corn', 'wsgi'], env: [{ name: 'X', value: 'guni' }] }, true],
    ['from two', { command: ['$(X)$(Y)', 'wsgi'], env: [{ name: 'X', value: 'guni' }, { name: 'Y', value: 'corn' }] }, true],
    ['in a script that expands', { command: ['sh', '-c', 'guni\\corn -w $(nproc) wsgi'] }, true],
    ['by a shell from a variable', { command: ['$(SHELL)', '-c', 'echo $(date); "guni"corn wsgi'],
      env: [{ name: 'SHELL', value: '/bin/bash' }] }, true],
    ['in a script of a variable', { command: ['sh', '-c', '$(START)'], env: [{ name: 'START', value: "exec guni'corn' wsgi" }] }, true],
  ]
  test('of every kind, and however it is spelled', async () => {
    const objects = spelled.map(([, container]) => workload('Deployment', container as Omit<Container, 'name'>))
    expect((await isAsked(objects)).map((asked, index) => `${asked}: ${spelled[index]?.[0]}`)).toEqual(
      spelled.map(([what, , asked]) => `${asked}: ${what}`),
    )
    expect(await isAsked(allKinds.map((kind) => workload(kind, { command: ['gunicorn'] })))).toEqual(allKinds.map(() => true))
    expect(await isAsked(allKinds.map((kind) => workload(kind, { command: ['nginx'] })))).toEqual(allKinds.map(() => false))
    const { spec, ...pod } = workload('Pod', { command: ['nginx'] }) as Workload & { spec: object }
    expect(
      await isAsked([{ ...pod,
        spec: { ...spec, initContainers: [{ name: 'first', image: 'registry.invalid/shop:1', command: ['gunicorn'] }] } }]),
    ).toEqual([true])
  }, 60_000)

  const many = (count: number, container: (index: number) => object): Workload => {
    const { spec, ...pod } = workload('Pod', {}) as Workload & { spec: object }
    return { ...pod,
      spec: { ...spec,
        containers: Array.from({ length: count },
          (_, index) => ({ name: `c-${index}`, image: 'registry.invalid/shop:1', ...container(index) })) } }
  }
  const variables = (count: number, value = 'x'.repeat(50)) => Array.from({ length: count }, (_, index) => ({ name: `E${index}`, value }))
  const sizes: [string, () => Workload, boolean][] = [
    ['a script of 1 MiB', () => workload('Pod', { command: ['sh', '-c', 'x'.repeat(mib)] }), false],
    ['a script of 1 MiB that expands', () => workload('Pod', { command: ['sh', '-c', `${'x'.repeat(mib)}$(date)`] }), true],
    ['an element of 1.4 MiB that expands', () => workload('Pod', { command: ['run', `${'-'.repeat(1.4 * mib)}=$(A)`] }), true],
    ['many that expand, 1.3 MiB of them', () => workload('Pod', { args: Array.from({ length: 150 }, () => `${'-'.repeat(9000)}=$(A)`) }),
      false],
    ['500 containers', () => many(500, () => ({ command: ['nginx'] })), true],
    ['40 containers of 200 elements', () => many(40, () => ({ command: Array.from({ length: 200 }, () => `${'-'.repeat(100)}=$(A)`) })),
      false],
    ['500 variables', () => workload('Pod', { command: ['run', '--a=$(A)'], env: variables(500) }), true],
    ['40 containers of 200 variables', () => many(40, () => ({ command: ['run', '--a=$(A)'], env: variables(200, 'x'.repeat(100)) })),
      false],
    ['5000 elements', () => workload('Pod', { command: Array.from({ length: 5000 }, () => 'x') }), true],
  ]
  test.each(sizes)('are within what they may cost: %s', async (_what, object, asked) => {
    expect(await isAsked([object()])).toEqual([asked])
  }, 60_000)

  test('who writes an object decides only where nobody else can be that user', async () => {
    const pod = workload('Pod', { command: ['gunicorn'] })
    const as = (user: string, object: Workload = pod) => isAsked([object], [`--as=${user}`, '--as-group=system:masters'])
    for (const controller of ['replicaset-controller', 'daemon-set-controller', 'job-controller', 'deployment-controller'])
      expect(await as(`system:serviceaccount:kube-system:${controller}`)).toEqual([false])
    for (const user of ['system:serviceaccount:shop:replicaset-controller', 'replicaset-controller',
      'system:serviceaccount:kube-system:helper', 'admin']) expect(await as(user)).toEqual([true])
    const mirror = { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } },
      spec: { ...(pod['spec'] as object), nodeName: 'node1' } }
    expect([await as('system:node:node1', mirror), await as('system:node:node1'), await as('admin', mirror)]).toEqual([[false], [true], [
      true,
    ]])
  }, 60_000)

  test('an object that is being deleted may lose its finalizers', async () => {
    await succeed(kubectl(['label', 'deployment', 'ending', 'more=yes']))
    const { status, stderr } = await kubectl(['create', '-f', '-'], { ...workload('Deployment', { command: ['gunicorn'] }),
      metadata: { name: 'staying' } })
    expect([status, stderr]).toEqual([1, expect.stringContaining('asked')])
  })
})
