/** Reviews that are large, or take long: over real sockets, read in a real thread. */
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:https'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { answerReview } from '../../src/admission/answer.ts'
import { jsonLog } from '../../src/log.ts'
import { ReadingThread, type ReadingThreadSettings } from '../../src/admission/reading-thread.ts'
import { onFaultOf, responder } from '../../src/admission/respond.ts'
import { createServer, type Server } from '../../src/admission/server.ts'
import type { AdmissionAnswer, AdmissionResponse } from '../../src/kubernetes/review.ts'
import type { PolicyFor } from '../../src/policy/governed.ts'
import { Policies } from '../../src/policy/policies.ts'
import { makeCertificates } from '../../src/x509/authority.ts'

jest.setTimeout(120_000)

const tls = makeCertificates(['localhost'], Date.now(), randomBytes)
const entry = new URL('../../cmd/reading.ts', import.meta.url)
const hostile = new URL('hostile-reading.ts', import.meta.url)

const running = new Set<Server>()
afterEach(async () => {
  await Promise.all([...running].map((server) => server.stop({ lameDuck: 0 })))
  running.clear()
})

interface Started {
  readonly thread: ReadingThread
  readonly lines: Record<string, unknown>[]
  ask(path: string, body?: string): Promise<{ status: number | undefined; text: string }>
  review(operation: string, body: string): Promise<AdmissionResponse>
  metric(name: string): Promise<number>
}

async function start(policyFor: PolicyFor, settings: Partial<ReadingThreadSettings> = {}): Promise<Started> {
  const lines: Record<string, unknown>[] = []
  let time = Date.now()
  const log = jsonLog('info', (line) => void lines.push(JSON.parse(line) as Record<string, unknown>), () => (time += 1000))
  const options = { exemptNamespaces: ['paddock'] }
  // A thread that has just started, on a busy machine, may take a review for longer than any is given where they are served.
  const thread = new ReadingThread({ entry, policyFor, options, log, limit: 20_000, ...settings })
  const server = createServer({
    respond: responder(policyFor, options),
    thread,
    tls,
    log,
    lameDuck: 0,
    grace: 300,
    onFault: (review) => onFaultOf(policyFor, review),
    prepare: ({ request: { namespace = '' } }) => settings.prepare?.(namespace),
  })
  running.add(server)
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true, ca: tls.ca })
  const ask: Started['ask'] = (path, body) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; text: string }>()
    const asked = request({ host: 'localhost', port, path, method: body === undefined ? 'GET' : 'POST', agent,
      headers: body === undefined ? {} : { 'content-type': 'application/json' } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    asked.on('error', reject).end(body)
    return promise
  }
  return {
    thread,
    lines,
    ask,
    async review(operation, body) {
      // Long enough for a thread to start on a busy machine.
      const { status, text } = await ask(`/${operation}?timeout=100s`, body)
      if (status !== 200) throw new Error(text)
      return (JSON.parse(text) as AdmissionAnswer).response
    },
    metric: async (name) => Number(new RegExp(`^${name.replaceAll(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec((await ask('/metrics')).text)?.[1]),
  }
}

const policies = (spec: object) => {
  const all = new Policies([{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'house' }, spec } as never])
  return (workload: Parameters<PolicyFor>[0]) => all.for(workload, {}, Date.now())
}
const denying = policies({ rules: { 'unread-command': 'Deny', 'loopback-bind': 'Deny' } })

/** A review of a Deployment. `bytes` makes it so large. */
function deployment(container: object, { bytes = 0, name = 'web', namespace = 'shop', more = {}, uid = 'abc' } = {}): string {
  // Each of a length that Linux passes to a program.
  const env = Array.from({ length: Math.ceil(bytes / 50_000) }, (_, index) => ({ name: `BULK${index}`, value: 'x'.repeat(50_000) }))
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels: { app: name } }, ...more,
    spec: { template: { spec: { containers: [{ name: 'web', env, ...container }] } } } }
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: { uid, operation: 'CREATE', namespace, object } })
}
const loopback = { command: ['gunicorn', 'wsgi', '-b', '127.0.0.1:80'] }
const large = { bytes: 300_000 }

describe('a large review', () => {
  test('has the answer that a small one has', async () => {
    const { review, thread } = await start(denying)
    for (const command of [loopback.command, ['gunicorn', 'wsgi'], ['sh', '-c', 'exec gunicorn wsgi -w 2']]) {
      for (const operation of ['mutate', 'validate'] as const) {
        const body = deployment({ command }, large)
        expect(await review(operation, body)).toEqual(answerReview(operation, body, denying).response)
      }
    }
    expect(thread.isStarted).toBe(true)
  })

  test('is judged by the policy of its moment, and not where nothing is held back', async () => {
    let current: PolicyFor = denying
    const { review } = await start((workload) => current(workload))
    expect((await review('validate', deployment(loopback, large))).allowed).toBe(false)
    expect(await review('validate', deployment(loopback, { ...large, namespace: 'paddock' }))).toEqual({ uid: 'abc', allowed: true })
    current = policies({ rules: { 'loopback-bind': 'Warn' } })
    expect((await review('validate', deployment(loopback, large))).allowed).toBe(true)
    current = () => undefined
    expect(await review('validate', deployment(loopback, large))).toEqual({ uid: 'abc', allowed: true })
  })

  test('waits for what is not known of its namespace', async () => {
    let isKnown = false
    const asked: string[] = []
    const { review } = await start((workload) => (isKnown ? denying(workload) : undefined), {
      async prepare(namespace) {
        asked.push(namespace)
        await new Promise(setImmediate)
        isKnown = true
      },
    })
    expect((await review('validate', deployment(loopback, large))).allowed).toBe(false)
    expect(asked).toEqual(['shop'])
  })

  test('that is no review is turned away in words', async () => {
    const { ask } = await start(denying)
    expect((await ask('/validate', deployment(loopback, large).slice(0, -3))).text).toContain('the request body must be JSON')
    expect((await ask('/validate', deployment(loopback, large).replace('"CREATE"', '"PATCH"'))).text).toContain(
      'request.operation: Unsupported value',
    )
  })

  test('is an internal fault where its policy cannot be told', async () => {
    const { review, metric, lines } = await start(() => {
      throw new Error('secret')
    })
    expect((await review('validate', deployment(loopback, large))).warnings).toEqual([
      expect.stringContaining('because of an internal fault'),
    ])
    expect(await metric('paddock_faults_total')).toBe(1)
    expect(JSON.stringify(lines.filter(({ msg }) => msg === 'internal fault'))).toContain('"uid":"abc","namespace":"shop"')
    expect(JSON.stringify(lines)).not.toContain('secret')
  })

  test('of more values than are parsed is unread, as its policy says', async () => {
    const args = Array.from({ length: 400_000 }, () => '')
    const { review, metric } = await start((workload) => (workload.labels['app'] === 'web' ? denying : policies({}))(workload))
    const denied = await review('validate', deployment({ ...loopback, args }))
    expect([denied.allowed, denied.status?.message]).toEqual([false, expect.stringContaining(
      'violates GunicornPolicy "house": spec.template.spec.containers[0]: Invalid value: "(all)": must be small enough',
    )])
    expect((await review('mutate', deployment({ ...loopback, args }))).allowed).toBe(true)
    const warned = await review('validate', deployment({ ...loopback, args }, { name: 'other' }))
    expect([warned.allowed, warned.warnings?.[0]]).toEqual([true, expect.stringContaining('[unread-command]')])
    expect(await metric('paddock_unread_reviews_total{cause="large"}')).toBe(3)
  })

  test('of a kind that is no workload, and a deletion, are let in', async () => {
    const { review } = await start(denying)
    const lists = Array.from({ length: 200_000 }, () => [])
    const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
      request: { uid: 'u', operation: 'CREATE', object: { apiVersion: 'v1', kind: 'ConfigMap', lists } } }
    expect(await review('validate', JSON.stringify(body))).toEqual({ uid: 'u', allowed: true })
    expect(
      await review('validate',
        JSON.stringify({ ...body, request: { ...body.request, operation: 'DELETE', object: null, oldObject: body.request.object } })),
    ).toEqual({ uid: 'u', allowed: true })
  })
})

test('a small review that takes long is read in the thread, with a whole budget', async () => {
  const { review, thread } = await start(denying)
  const script = `${'a=1\n'.repeat(3000)}exec gunicorn wsgi -b 127.0.0.1:80`
  const body = deployment({ command: ['sh', '-c', script] })
  expect(await review('validate', body)).toEqual(answerReview('validate', body, denying).response)
  expect(thread.isStarted).toBe(true)
})

test('an ordinary review does not start the thread', async () => {
  const { review, thread } = await start(denying)
  expect((await review('validate', deployment(loopback))).allowed).toBe(false)
  expect(thread.isStarted).toBe(false)
})

describe('a thread that does not come to an end with a review', () => {
  const doing = (what: string, more: object = {}) => deployment(loopback, { ...large, more: { do: what }, ...more })

  test.each([
    ['exit', 'died', 'exit 3'],
    ['fill', 'died', 'ERR_WORKER_OUT_OF_MEMORY'],
    ['loop', 'slow', 'it took too long'],
  ])('%s: is given up, the review is unread, and the next is read in another', async (what, cause, reason) => {
    const { review, metric, lines } = await start(denying, { entry: hostile, limit: 3_000, heap: 32 })
    const denied = await review('validate', doing(what))
    expect([denied.allowed, denied.uid, denied.status?.message]).toEqual([false, 'abc', expect.stringContaining('[unread-command]')])
    const next = await review('validate', doing('nothing'))
    expect(next.status?.message).toContain('[loopback-bind]')
    expect(await metric(`paddock_unread_reviews_total{cause="${cause}"}`)).toBe(1)
    expect(lines.filter(({ msg }) => msg === 'reading thread given up').map((line) => line['reason'])).toEqual([reason])
    expect(lines.filter(({ msg }) => msg === 'review not read')).toEqual([
      expect.objectContaining({ cause, uid: 'abc', namespace: 'shop', operation: 'validate' }),
    ])
    expect(await metric('paddock_faults_total')).toBe(0)
  })

  test('does not hold up probes and other reviews, nor those that wait for longer than they are waited for', async () => {
    const { ask, review, metric } = await start(denying, { entry: hostile, limit: 6_000 })
    const order: string[] = []
    const told = (name: string) => () => order.push(name)
    const looping = review('validate', doing('loop')).then(told('loop'))
    const waiting = ask('/validate?timeout=1s', doing('nothing', { uid: 'later' })).then(({ text }) => {
      order.push('waited')
      expect(text).toContain('[unread-command]')
    })
    await ask('/livez').then(told('probe'))
    await review('validate', deployment(loopback)).then(told('small'))
    await Promise.all([looping, waiting])
    expect(order).toEqual(['probe', 'small', 'waited', 'loop'])
    expect([await metric('paddock_unread_reviews_total{cause="waited"}'), await metric('paddock_unread_reviews_total{cause="slow"}')])
      .toEqual([1, 1])
  })
})

test('the thread ends when it is not needed, and starts again', async () => {
  const { review, thread } = await start(denying, { idle: 1000 })
  for (const _ of [1, 2]) {
    expect((await review('validate', deployment(loopback, large))).allowed).toBe(false)
    expect(thread.isStarted).toBe(true)
    while (thread.isStarted) await new Promise((resolve) => setTimeout(resolve, 20))
  }
})
