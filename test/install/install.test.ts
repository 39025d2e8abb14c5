/**
 * The whole of Paddock on a real cluster with a node: image, chart, operator, webhook, and a gunicorn that starts with
 * what the webhook made of its Deployment. Each test stands on the one before it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { capture, pause } from '../cluster/program.ts'
import { kubectlFor, succeed, type Kubectl } from '../e2e/kubectl.ts'
import { Creations, inWords, isFlawless } from '../faults/creations.ts'
import { makeGunicornImage } from './gunicorn-image.ts'
import { helmFor, type Helm } from './helm.ts'
import { additions, allObjects } from './objects.ts'

const repository = join(import.meta.dirname, '../..')
const chart = join(repository, 'charts/paddock')
const shopImage = 'localhost/shop:1'
const paddockImage = { repository: 'localhost/paddock', tag: 'under-test' }
/** Workloads are refused where the webhook does not answer, and denied where the policy says so. */
const values = [
  `image.repository=${paddockImage.repository}`,
  `image.tag=${paddockImage.tag}`,
  'image.pullPolicy=Never',
  'failurePolicy=Fail',
  'policies.default.enforcement=Deny',
].flatMap((value) => ['--set', value])
/** The access log's format in the platform's guide, as what gunicorn writes of a request. */
const accessLogLine =
  /^\[[\d.]+\] (-|\S+) - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/saddle HTTP\/1\.1" 200 \d+ 8 "-" "kubectl\S* [^"]*"$/m

const say = (text: string) => process.stderr.write(`${text}\n`)

let folder: string
let cluster: Cluster
let helm: Helm
let shop: Kubectl
let paddock: Kubectl
let before: ReadonlySet<string>
const cleanUp: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-install-'))
  cleanUp.unshift(() => rm(folder, { recursive: true, force: true }))
  cluster = await startCluster((line) => say(`cluster: ${line}`), process.env, { node: true })
  cleanUp.unshift(() => cluster.stop())
  helm = await helmFor(cluster.kubeconfig, folder)
  shop = kubectlFor(cluster, 'shop', folder)
  paddock = kubectlFor(cluster, 'paddock', folder)

  const images = { paddock: join(folder, 'paddock.tar'), shop: join(folder, 'shop.tar') }
  const tag = `${paddockImage.repository}:${paddockImage.tag}`
  const build = [join(repository, 'scripts/image.ts'), '--tag', tag, '--output', images.paddock]
  await capture(process.execPath, build, { seconds: 300 })
  await makeGunicornImage('23.0.0', shopImage, images.shop)
  for (const archive of Object.values(images)) await cluster.loadImage(archive)

  for (const kubectl of [shop, paddock]) await namespaceWithAccount(kubectl, kubectl === shop ? 'shop' : 'paddock')
  before = await allObjects(shop)
}, 1_800_000)

afterAll(async () => {
  for (const step of cleanUp) await step()
}, 120_000)

test('helm install waits until all Pods are ready, which serve with certificates of their own making', async () => {
  await helm('install', 'paddock', chart, '--namespace', 'paddock', '--wait', '--timeout', '3m', ...values)
  const ready = 'jsonpath={.items[*].status.containerStatuses[*].ready}'
  expect(await succeed(paddock(['get', 'pods', '--output', ready]))).toBe('true true true true')
  expect(await succeed(paddock(['get', 'secret', 'paddock-webhook-tls', '--output=jsonpath={.type}']))).toBe('kubernetes.io/tls')
  await inForce()
})

test('a Deployment that would break is denied through the Service', async () => {
  const { status, stderr } = await dryRun(deployment('bad', ['gunicorn', 'wsgi', '-k', 'gevent']))
  expect(stderr).toContain('admission webhook "validate.paddock.dev" denied the request: violates GunicornPolicy "default": ')
  expect(stderr).toContain('[missing-worker-dependency]')
  expect(status).toBe(1)
})

test.each([
  { name: 'as a list of words', command: ['gunicorn', 'wsgi'] },
  { name: 'in a shell script', command: ['sh', '-c', 'exec gunicorn wsgi'] },
])('gunicorn, started $name, runs with what was put in', async ({ command }) => {
  const name = command[0] === 'sh' ? 'script' : 'words'
  await succeed(shop(['apply', '-f', '-'], deployment(name, command)))
  await succeed(shop(['rollout', 'status', 'deployment', name, '--timeout=60s']))
  const pod = await succeed(shop(['get', 'pod', '-l', `app=${name}`, '--output=jsonpath={.items[0].metadata.name}']))
  // The cluster's own way to a Pod, wherever this machine stands.
  const path = `/api/v1/namespaces/shop/pods/${pod}:5000/proxy/saddle`
  expect(await succeed(shop(['get', '--raw', path]))).toBe('saddled\n')
  const log = await succeed(shop(['logs', pod]))
  expect(log).toContain('Listening at: http://0.0.0.0:5000')
  expect(log.match(/Booting worker with pid/g)).toHaveLength(4)
  expect(log).toMatch(accessLogLine)
  say(`${name}: ${accessLogLine.exec(log)?.[0]}`)
  await succeed(shop(['delete', 'deployment', name]))
})

test('under a load of creations, an upgrade and a rolling restart refuse none', async () => {
  const load = await Creations.start(cluster, { namespace: 'shop', folder, perSecond: 10 })
  await untilTried(load, 20)
  await helm('upgrade', 'paddock', chart, '--namespace', 'paddock', '--wait', '--timeout', '4m', ...values, '--set',
    'webhook.podAnnotations.upgraded=once', '--set', 'operator.podAnnotations.upgraded=once')
  const upgraded = load.tried
  for (const name of ['paddock-webhook', 'paddock-operator']) {
    await succeed(paddock(['rollout', 'restart', 'deployment', name]))
    await succeed(paddock(['rollout', 'status', 'deployment', name, '--timeout=180s']))
  }
  await untilTried(load, load.tried + 20)
  const figures = await load.stop()
  say(`upgrade (${upgraded} creations) and rolling restart: ${inWords(figures)}`)
  expect(isFlawless(figures)).toBe(true)
  expect(figures.denied).toBeGreaterThan(0)
  await succeed(shop(['delete', 'deployments', '--all', '--wait=false']))
}, 600_000)

test('helm test passes', async () => {
  // Of a test that fails, helm says nothing more.
  const told = await helm('test', 'paddock', '--namespace', 'paddock', '--logs', '--timeout', '2m').catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await succeed(paddock(['logs', 'paddock-test']))}`, { cause: error })
  })
  say(told)
})

test('with every Pod of Paddock gone, only what it governs is held back', async () => {
  await succeed(paddock(['scale', 'deployment', '--all', '--replicas=0']))
  const parts = 'app.kubernetes.io/component in (webhook, operator)'
  await succeed(paddock(['wait', '--for=delete', 'pod', '--selector', parts, '--timeout=60s']))
  const held = await dryRun(deployment('held', ['gunicorn', 'wsgi']))
  expect(held.stderr).toContain('failed calling webhook')
  for (const namespace of ['kube-system', 'paddock']) {
    const pod = podThatStarts(`lockout-${namespace}`)
    await succeed(paddock(['--namespace', namespace, 'create', '-f', '-'], pod))
    await succeed(paddock(['--namespace', namespace, 'wait', '--for=condition=Ready', 'pod', pod.metadata.name, '--timeout=60s']))
    await succeed(paddock(['--namespace', namespace, 'delete', 'pod', pod.metadata.name, '--grace-period=1']))
  }
  await succeed(paddock(['scale', 'deployment', 'paddock-webhook', '--replicas=3']))
  await succeed(paddock(['scale', 'deployment', 'paddock-operator', '--replicas=1']))
  for (const name of ['paddock-webhook', 'paddock-operator'])
    await succeed(paddock(['rollout', 'status', 'deployment', name, '--timeout=120s']))
  await inForce()
}, 400_000)

test('after helm uninstall, nothing is held back, and nothing is left but the CRDs', async () => {
  const load = await Creations.start(cluster, { namespace: 'shop', folder, perSecond: 5 })
  await untilTried(load, 5)
  await helm('uninstall', 'paddock', '--namespace', 'paddock', '--wait', '--timeout', '3m')
  const started = performance.now()
  const object = deployment('after', ['gunicorn', '-k', 'gevent', 'wsgi'])
  expect(await dryRun(object)).toMatchObject({ status: 0, stderr: '' })
  say(`the first creation after helm uninstall: ${Math.round(performance.now() - started)} ms`)
  const figures = await load.stop()
  say(`helm uninstall: ${inWords(figures)}`)
  // What is created after the webhooks have gone is neither fixed nor denied, which is the point; none is refused.
  expect([...figures.failed.keys()]).toEqual([])
  expect(figures.lost).toBe(0)

  await succeed(shop(['delete', 'deployments', '--all', '--cascade=foreground']))
  await succeed(paddock(['wait', '--for=delete', 'pod', '--all', '--timeout=60s']))
  const left = additions(await allObjects(shop), before)
  say(`left of Paddock:\n  ${left.join('\n  ')}`)
  expect(left).toEqual([
    'apiservices.apiregistration.k8s.io v1alpha1.paddock.dev',
    'customresourcedefinitions.apiextensions.k8s.io gunicornexceptions.paddock.dev',
    'customresourcedefinitions.apiextensions.k8s.io gunicornpolicies.paddock.dev',
  ])
}, 400_000)

/** A namespace whose Pods can start. */
async function namespaceWithAccount(kubectl: Kubectl, name: string): Promise<void> {
  await succeed(kubectl(['create', 'namespace', name]))
  await succeed(kubectl(['wait', '--for=create', 'serviceaccount/default', 'configmap/kube-root-ca.crt', '--timeout=30s']))
}

function dryRun(object: object) {
  return shop(['create', '--dry-run=server', '-f', '-'], object)
}

/** Waits until the API server asks the webhooks. */
async function inForce(): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 250) {
    const { stderr } = await dryRun(deployment('probe', ['gunicorn', 'wsgi', '-k', 'gevent']))
    if (stderr.includes('denied the request')) return
    await pause(250)
  }
  throw new Error('the webhooks are not in force after a minute')
}

async function untilTried(load: Creations, count: number): Promise<void> {
  while (load.tried < count) await pause(100)
}

function deployment(name: string, command: string[]): object {
  const labels = { app: name }
  const container = { name: 'web', image: shopImage, imagePullPolicy: 'Never', command }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, annotations: { 'paddock.dev/requirements': 'gunicorn==23.0.0\n' } },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ ...container, readinessProbe: { tcpSocket: { port: 5000 }, periodSeconds: 1 } }],
        },
      },
    },
  }
}

function podThatStarts(name: string) {
  const container = { name: 'web', image: shopImage, imagePullPolicy: 'Never', command: ['gunicorn', 'wsgi'] }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [container] } }
}
