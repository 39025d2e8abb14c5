/** What the server makes of sources that change. With a real cluster behind it: test/e2e/webhook-process.test.ts. */
import { randomBytes } from 'node:crypto'
import { request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, expect, test } from '@jest/globals'
import { jsonLog } from '../../src/log.ts'
import { serveLive, type LiveSources } from '../../src/admission/serve-live.ts'
import type { KeyPair } from '../../src/admission/server.ts'
import type { AdmissionAnswer } from '../../src/kubernetes/review.ts'
import { Policies, type Governed } from '../../src/policy/policies.ts'
import { makeCertificates } from '../../src/x509/authority.ts'

let stop: (() => Promise<void>) | undefined
afterEach(() => stop?.())

/** Sources in memory. */
class Sources implements LiveSources {
  all = new Policies([])
  labels: Record<string, string> | undefined = {}
  isSynced = false
  inTouch = false
  certificate: KeyPair | undefined
  lookUps: string[] = []
  found: Promise<void> | undefined
  readonly listeners: ((pair: KeyPair) => void)[] = []
  readonly policies: LiveSources['policies'] = sourcesOf(this)

  onCertificate(listener: (pair: KeyPair) => void): void {
    this.listeners.push(listener)
  }
  certify(pair: KeyPair): void {
    this.certificate = pair
    for (const listener of this.listeners) listener(pair)
  }
}

const sourcesOf = (sources: Sources): LiveSources['policies'] => ({
  for: (workload: Governed, now: number) => sources.all.for(workload, sources.labels, now),
  isKnown: () => sources.found === undefined,
  stateAt: (now) => sources.all.stateAt(now),
  lookUp(namespace) {
    sources.lookUps.push(namespace)
    return sources.found
  },
  get needsImages() {
    return sources.all.needsImages
  },
  get isSynced() {
    return sources.isSynced
  },
  get inTouch() {
    return sources.inTouch
  },
})

const logged: string[] = []
async function start(sources: Sources): Promise<number> {
  const log = jsonLog('info', (line) => logged.push(line), Date.now)
  const serving = await serveLive(sources, {
    host: '::1',
    port: 0,
    clientCa: undefined,
    reading: new URL('../../cmd/reading.ts', import.meta.url),
    exemptNamespaces: ['paddock'],
    log,
    lameDuck: 0,
    memo: 1024 * 1024,
    now: Date.now,
  })
  stop = serving.stop
  return serving.port
}

function ask(port: number, path: string, body?: object): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const asked = request(
    { host: '::1', port, path, method: body === undefined ? 'GET' : 'POST', headers, agent: false, rejectUnauthorized: false },
    (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    },
  )
  asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

function served(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket: TLSSocket = connect({ host: '::1', port, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().fingerprint256)
    socket.end()
  })
  socket.on('error', reject)
  return promise
}

const container = { name: 'web', command: ['gunicorn', 'wsgi', '-b', '127.0.0.1:8000'] }
const object = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { template: { spec: { containers: [container] } } },
}
const review = (namespace: string) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', namespace, operation: 'CREATE', object },
})
const policy = (spec: object) =>
  ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'house' }, spec }) as const
const isAllowed = (answer: string) => (JSON.parse(answer.slice(4)) as AdmissionAnswer).response.allowed

test('ready is who has a certificate and knows the policies; and stays so', async () => {
  const sources = new Sources()
  const port = await start(sources)
  expect([await ask(port, '/livez'), await ask(port, '/readyz')]).toEqual(['200 ok', '503 there is no certificate yet'])
  const passing = await served(port)
  expect(await ask(port, '/metrics')).not.toMatch(/^paddock_certificate_expiry_timestamp_seconds \d/m)

  const pair = makeCertificates(['localhost'], Date.now(), randomBytes, 86_400_000)
  sources.certify(pair)
  expect(await ask(port, '/readyz')).toBe('503 policies are not known yet')
  expect(await served(port)).not.toBe(passing)
  sources.isSynced = true
  sources.inTouch = true
  expect(await ask(port, '/readyz')).toBe('200 ok')
  const metrics = await ask(port, '/metrics')
  expect(metrics).toMatch(/^paddock_policies_in_touch 1$/m)
  const expiry = Number(/^paddock_certificate_expiry_timestamp_seconds (\S+)$/m.exec(metrics)?.[1])
  expect(Math.round((expiry - Date.now() / 1000) / 3600)).toBe(24)

  sources.inTouch = false
  expect(await ask(port, '/readyz')).toBe('200 ok')
  expect(await ask(port, '/metrics')).toMatch(/^paddock_policies_in_touch 0$/m)
})

test('what is no pair is not taken', async () => {
  const sources = new Sources()
  sources.certificate = makeCertificates(['localhost'], Date.now(), randomBytes)
  const port = await start(sources)
  const before = await served(port)
  logged.length = 0
  sources.certify({ cert: makeCertificates(['localhost'], Date.now(), randomBytes).cert, key: String(sources.certificate.key) })
  expect(logged.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['certificate not taken'])
  expect(await served(port)).toBe(before)
})

test('each review is judged by the policies of its moment', async () => {
  const sources = new Sources()
  const port = await start(sources)
  const allowed = async (namespace: string) => isAllowed(await ask(port, '/validate', review(namespace)))
  expect(await allowed('shop')).toBe(true)
  sources.all = new Policies([policy({ rules: { 'loopback-bind': 'Deny' } })])
  expect([await allowed('shop'), await allowed('paddock'), await allowed('kube-system')]).toEqual([false, true, true])
  sources.all = new Policies([policy({ rules: { 'loopback-bind': 'Warn' } })])
  expect(await allowed('shop')).toBe(true)
})

test('a review waits for what is not known of its namespace', async () => {
  const sources = new Sources()
  sources.all = new Policies([
    policy({ rules: { 'loopback-bind': 'Deny' }, match: { namespaceSelector: { matchLabels: { team: 'shop' } } } }),
  ])
  sources.labels = undefined
  sources.found = new Promise((resolve) => {
    setTimeout(() => {
      sources.labels = { team: 'shop' }
      resolve()
    }, 50)
  })
  const port = await start(sources)
  expect(isAllowed(await ask(port, '/validate', review('shop')))).toBe(false)
  expect(sources.lookUps).toEqual(['shop'])
})
