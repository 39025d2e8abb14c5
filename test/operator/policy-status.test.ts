import { describe, expect, test } from '@jest/globals'
import type { KubernetesObject } from '../../src/cluster/cluster.ts'
import { judgeStored } from '../../src/judge.ts'
import { exceptionStatuses, policyStatuses, writeStatuses, type Known } from '../../src/operator/policy-status.ts'
import { Tally, Totals } from '../../src/operator/totals.ts'
import { Policies, type ExceptionObject, type PolicyObject } from '../../src/policy/policies.ts'

const now = Date.parse('2026-11-24T12:00:00.250Z')
const policy = (name: string, spec: object, generation = 1): PolicyObject => ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy',
  metadata: { name, generation }, spec })
const exception = (name: string, spec: object): ExceptionObject => ({
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornException',
  metadata: { name, namespace: 'shop', generation: 2 },
  spec: { workloads: [{ name: 'web' }], rules: ['loopback-bind'], reason: 'a test', ...spec },
})
const workload = (name: string): KubernetesObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'shop', name },
    spec: {
      template: {
        spec: {
          containers: [{ name: 'web',
            command: ['gunicorn', '-b', '127.0.0.1:80', '--timeout', '10', '--worker-tmp-dir', '/dev/shm', 'wsgi'] }],
        },
      },
    },
  }) as KubernetesObject

function known(policies: PolicyObject[], exceptions: ExceptionObject[], workloads: string[], more: Partial<Known> = {}): Known {
  const all = new Policies(policies, exceptions)
  const tally = new Tally()
  for (const name of workloads) {
    const judged = judgeStored(workload(name), all, {}, now)
    if (judged) tally.add(judged)
  }
  const totals = new Totals()
  totals.set('deployments.apps', 'shop', tally)
  return { problems: all.problems, totals, scanned: true, now, ...more }
}

describe('a policy', () => {
  test('what it governs and finds, each by who decides', () => {
    const policies = [policy('platform', { preset: 'blueking' }, 4), policy('strict', { priority: 5, rules: { 'short-timeout': 'Deny' } }),
      policy('idle', { match: { kinds: ['Job'] } })]
    const statuses = policyStatuses(policies, known(policies, [exception('web', {})], ['web', 'api']))
    // Each lacks the access log, its format, the error log and workers, and binds a port of its own; web's loopback is let pass.
    expect(statuses.get('platform')).toMatchObject({ observedGeneration: 4,
      counts: { workloads: 2, denied: 1, warned: 2, fixed: 8, audited: 0, excepted: 1 } })
    expect(statuses.get('strict')).toMatchObject({ counts: { workloads: 2, denied: 2, warned: 0, fixed: 0, audited: 0, excepted: 0 } })
    expect(statuses.get('idle')?.counts).toEqual({ workloads: 0, denied: 0, warned: 0, fixed: 0, audited: 0, excepted: 0 })
    expect(statuses.get('idle')?.conditions).toEqual([
      { type: 'Accepted', status: 'True', reason: 'Valid', message: 'it is valid', observedGeneration: 1,
        lastTransitionTime: '2026-11-24T12:00:00Z' },
      { type: 'Ready', status: 'True', reason: 'Scanned', message: 'the workloads that it governs have been scanned', observedGeneration: 1,
        lastTransitionTime: '2026-11-24T12:00:00Z' },
    ])
  })

  test('a broken one says what is wrong with it', () => {
    const policies = [policy('broken', { preset: 'blueking', rules: { 'no-such-rule': 'Deny', 'short-timeout': 'Deny' } })]
    const status = policyStatuses(policies, known(policies, [], ['web'])).get('broken')
    expect(status?.conditions).toMatchObject([
      { type: 'Accepted', status: 'False', reason: 'Invalid', message: expect.stringContaining('spec.rules.no-such-rule') },
      { type: 'Ready', status: 'False', reason: 'Invalid' },
    ])
    // The rest of it holds.
    expect(status?.counts).toMatchObject({ workloads: 1, denied: 2 })
  })

  test('one that says something against itself is accepted, and told', () => {
    const policies = [policy('p', { defaults: { bind: ':8000' }, rules: { 'ignored-port': 'Deny' } })]
    expect(policyStatuses(policies, known(policies, [], [])).get('p')?.conditions?.[0]).toMatchObject({
      type: 'Accepted',
      status: 'True',
      reason: 'Contradictory',
      message: expect.stringMatching(/^it is valid, and says something against itself: spec\.defaults\.bind: .*ignored-port/),
    })
  })

  test('before the first scan, nothing is made up', () => {
    const policies = [policy('platform', {})]
    const status = policyStatuses(policies, known(policies, [], [], { scanned: false })).get('platform')
    expect(status).not.toHaveProperty('counts')
    expect(status?.conditions?.[1]).toMatchObject({ type: 'Ready', status: 'Unknown', reason: 'Pending' })
  })

  test('a condition keeps the time since when it has been so', () => {
    const policies = [policy('platform', {})]
    const first = policyStatuses(policies, known(policies, [], ['web']))
    const later = [{ ...policy('platform', { rules: { nope: 'Deny' } }, 2), status: first.get('platform') }] as PolicyObject[]
    const second = policyStatuses(later, known(later, [], ['web'], { now: now + 60_000 })).get('platform')
    expect(second?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(['2026-11-24T12:01:00Z',
      '2026-11-24T12:01:00Z'])
    const third = policyStatuses([{ ...policy('platform', {}, 3), status: first.get('platform') } as PolicyObject],
      known(policies, [], ['web'], { now: now + 60_000 })).get('platform')
    expect(third?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(['2026-11-24T12:00:00Z', '2026-11-24T12:00:00Z'])
  })
})

test.each<[string, object, object]>([
  ['without an end', {}, { status: 'True', reason: 'Active', message: 'it has no end' }],
  ['with an end to come', { expiry: '2026-11-24T14:00:00+01:00' }, { status: 'True', reason: 'Active',
    message: 'it ends at 2026-11-24T14:00:00+01:00' }],
  ['that has ended', { expiry: '2026-11-24T13:00:00+01:00' }, { status: 'False', reason: 'Expired',
    message: 'it ended at 2026-11-24T13:00:00+01:00' }],
  ['of no workload', { workloads: [{ name: 'nobody' }] }, { status: 'True', reason: 'Unmatched' }],
  ['that is broken', { rules: ['nope'] }, { status: 'False', reason: 'Invalid', message: expect.stringContaining('spec.rules[0]') }],
])('an exception %s', (_, spec, want) => {
  const exceptions = [exception('one', spec)]
  const statuses = exceptionStatuses(exceptions, known([policy('platform', {})], exceptions, ['web']))
  expect(statuses.get('shop/one')).toMatchObject({ observedGeneration: 2, conditions: [{ type: 'Active', ...want }] })
})

test('an exception counts what it lets pass', () => {
  const exceptions = [exception('one', {})]
  expect(exceptionStatuses(exceptions, known([policy('platform', {})], exceptions, ['web', 'api'])).get('shop/one')?.counts).toEqual({
    workloads: 1,
    findings: 1,
  })
})

test('only what has changed is written, and what fails keeps nothing else from it', async () => {
  const policies = [policy('one', {}), policy('two', {}), policy('three', {})]
  const given = known(policies, [], ['web'])
  const statuses = policyStatuses(policies, given)
  const written: string[] = []
  const failures: unknown[] = []
  const cluster = { async apply(_: unknown, { metadata }: { metadata: { name: string } }) {
    if (metadata.name === 'one') throw new Error('away')
    written.push(metadata.name)
    return {} as never
  } } as never
  await writeStatuses(cluster, policies.map((
    one,
  ) => (one.metadata.name === 'two' ? { ...one, status: JSON.parse(JSON.stringify(statuses.get('two'))) as object } : one)), [], given,
    (error) => failures.push(error))
  expect(written).toEqual(['three'])
  expect(failures).toEqual([new Error('away')])
})
