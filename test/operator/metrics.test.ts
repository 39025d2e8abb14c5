import { expect, test } from '@jest/globals'
import { createMetrics } from '../../src/operator/metrics.ts'
import { judgeStored } from '../../src/judge.ts'
import { Tally, Totals } from '../../src/operator/totals.ts'
import { Policies } from '../../src/policy/policies.ts'

const policies = new Policies(
  [{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'platform' }, spec: { preset: 'blueking' } }],
  [{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornException', metadata: { name: 'one', namespace: 'b' },
    spec: { workloads: [{ name: 'web' }], rules: ['loopback-bind'], reason: 'a test' } }],
)

function tallied(namespace: string, number: number): Tally {
  const tally = new Tally()
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace, name: 'web' },
    spec: { template: { spec: { containers: [{ name: 'web', command: ['gunicorn', '-b', '127.0.0.1:80', 'wsgi'] }] } } } }
  for (let index = 0; index < number; index++) {
    const judged = judgeStored(object, policies, {}, 0)
    if (judged) tally.add(judged)
  }
  return tally
}

const values = (text: string, name: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)).map((line) => line.slice(name.length))

test('what the scan knows, by rule and action; what is no more is not told', async () => {
  let requests = 3
  const metrics = createMetrics(() => requests)
  const totals = new Totals()
  totals.set('deployments.apps', 'a', tallied('a', 2))
  totals.set('deployments.apps', 'b', tallied('b', 1))
  metrics.found(totals, 2)
  const text = await metrics.text()
  expect(values(text, 'paddock_scan_workloads')).toEqual(['{kind="deployments.apps"} 3'])
  expect(values(text, 'paddock_scan_findings').filter((line) => line.includes('loopback-bind')).sort()).toEqual([
    '{rule="loopback-bind",action="Deny"} 2',
    '{rule="loopback-bind",action="Excepted"} 1',
  ])
  expect(values(text, 'paddock_scan_reports')).toEqual([' 2'])
  expect(values(text, 'paddock_api_requests_total')).toEqual([' 3'])

  requests = 10
  totals.set('deployments.apps', 'a', new Tally())
  totals.keep((namespace) => namespace !== 'b')
  metrics.found(totals, 0)
  const later = await metrics.text()
  expect(values(later, 'paddock_scan_workloads')).toEqual([])
  expect(values(later, 'paddock_scan_findings')).toEqual([])
  expect(values(later, 'paddock_api_requests_total')).toEqual([' 10'])
})

test('leader, certificates, exceptions, scans and failures', async () => {
  const metrics = createMetrics(() => 0)
  expect(values(await metrics.text(), 'paddock_leader')).toEqual([' 0'])
  metrics.leading(true)
  metrics.certificateEnds('ca', 2_000_000_000_000)
  metrics.exceptions(3, 1)
  metrics.scanned('part', 1500, 1_000_000_000_000)
  metrics.scanned('all', 20_000, 1_700_000_000_000)
  metrics.failed('list')
  metrics.eventDropped()
  const text = await metrics.text()
  expect(values(text, 'paddock_leader')).toEqual([' 1'])
  expect(values(text, 'paddock_certificate_expiry_timestamp_seconds')).toEqual(['{certificate="ca"} 2000000000'])
  expect([...values(text, 'paddock_exceptions'), ...values(text, 'paddock_exceptions_expiring')]).toEqual([' 3', ' 1'])
  expect(values(text, 'paddock_scan_duration_seconds_sum')).toEqual(['{extent="part"} 1.5', '{extent="all"} 20'])
  expect(values(text, 'paddock_scan_last_success_timestamp_seconds')).toEqual([' 1700000000'])
  expect(values(text, 'paddock_scan_failures_total')).toEqual(['{step="list"} 1'])
  expect(values(text, 'paddock_events_dropped_total')).toEqual([' 1'])
})
