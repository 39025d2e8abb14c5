import { expect, test } from '@jest/globals'
import { ApiError } from '../../src/cluster/api-error.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { Events } from '../../src/operator/events.ts'
import type { Result } from '../../src/operator/results.ts'

type Event = { metadata: { name: string; namespace: string }; reason: string; note: string; eventTime: string; regarding: object }

const result = (name: string, rule: string, action: Result['properties']['action'], more: Partial<Result> = {}): Result => ({
  source: 'paddock',
  category: 'gunicorn: Start',
  scored: true,
  policy: 'platform',
  rule,
  severity: 'high',
  result: action === 'Deny' ? 'fail' : 'warn',
  message: `a message [${rule}]`,
  resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name, uid: `uid-${name}` }],
  properties: { action, container: 'web', field: 'spec', remedy: 'Do it.', resultID: `${name} ${rule}` },
  ...more,
})

function recorder(fails: (event: Event) => Error | undefined = () => undefined, settings: { queue?: number } = {}) {
  const created: Event[] = []
  const failures: unknown[] = []
  let dropped = 0
  const cluster = { async create(_: unknown, event: Event) {
    const error = fails(event)
    if (error) throw error
    created.push(event)
    return event
  } } as unknown as Cluster
  const events = new Events(cluster, { instance: 'operator-1', now: () => Date.parse('2026-11-24T00:00:00.5Z'),
    failed: (error) => failures.push(error), dropped: () => dropped++, pace: 10_000, ...settings })
  return { events, created, failures, dropped: () => dropped }
}

test('one Event for each workload and action, for what is denied or warned of', async () => {
  const { events, created } = recorder()
  events.tell([
    result('web', 'loopback-bind', 'Deny'),
    result('web', 'python2-gevent', 'Deny', { policy: 'python' }),
    result('web', 'short-timeout', 'Warn'),
    result('web', 'missing-bind', 'Fix'),
    result('web', 'log-file', 'Audit'),
    result('web', 'few-workers', 'Deny', { result: 'skip' }),
    result('api', 'short-timeout', 'Warn'),
  ])
  await events.told()
  expect(created.map(({ reason, note }) => `${reason}: ${note}`)).toEqual([
    'WouldBeDenied: violates GunicornPolicy "platform": a message [loopback-bind] Do it. violates GunicornPolicy "python": a message [python2-gevent] Do it.',
    'WouldBeWarnedOf: would violate GunicornPolicy "platform": a message [short-timeout] Do it.',
    'WouldBeWarnedOf: would violate GunicornPolicy "platform": a message [short-timeout] Do it.',
  ])
  expect(created[0]).toMatchObject({ eventTime: '2026-11-24T00:00:00.500000Z', reportingInstance: 'operator-1',
    regarding: { kind: 'Deployment', name: 'web', uid: 'uid-web' } })
  expect(created[0]?.metadata.name).toMatch(/^web\.[0-9a-f]{16}$/)
})

test('the same has the same name, whoever says it and in whatever order; something else has another', async () => {
  const names: string[] = []
  const both = [result('web', 'a', 'Deny'), result('web', 'b', 'Deny')]
  for (const results of [both, both.toReversed(), [result('web', 'a', 'Deny')]]) {
    const { events, created } = recorder()
    events.tell(results)
    await events.told()
    names.push(...created.map(({ metadata }) => metadata.name))
  }
  expect(names[0]).toBe(names[1])
  expect(names[0]).not.toBe(names[2])
})

test('an Event that stands is no failure; another is, and the next is told all the same', async () => {
  const { events, created, failures } = recorder(({ regarding }) => {
    const { name } = regarding as { name: string }
    return name === 'web' ? new ApiError('taken', 409, 'AlreadyExists') : name === 'api' ? new ApiError('no', 403, 'Forbidden') : undefined
  })
  events.tell(['web', 'api', 'wiki'].map((name) => result(name, 'a', 'Deny')))
  await events.told()
  expect(created.map(({ regarding }) => (regarding as { name: string }).name)).toEqual(['wiki'])
  expect(failures).toHaveLength(1)
})

test('a note is cut where the API server would turn it down, and a name too', async () => {
  const { events, created } = recorder()
  events.tell([result('w'.repeat(253), 'a', 'Deny', { message: 'ä'.repeat(2000) })])
  await events.told()
  expect(Buffer.byteLength(created[0]?.note ?? '')).toBeLessThanOrEqual(1024)
  expect(created[0]?.note).toMatch(/ä…$/)
  expect(created[0]?.metadata.name).toHaveLength(253)
})

test('what is too much to wait for is left out and counted; what waits when it stops is left out', async () => {
  const { events, created, dropped } = recorder(undefined, { queue: 3 })
  events.tell(Array.from({ length: 10 }, (_, index) => result(`web-${index}`, 'a', 'Deny')))
  await events.told()
  expect([created.length, dropped()]).toEqual([3, 7])
  const stopped = recorder()
  stopped.events.tell(Array.from({ length: 10 }, (_, index) => result(`web-${index}`, 'a', 'Deny')))
  await stopped.events.stop()
  expect(stopped.created.length).toBeLessThan(2)
})
