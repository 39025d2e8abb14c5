import { describe, expect, test } from '@jest/globals'
import { governed } from '../../src/policy/governed.ts'

const made = (kind: string, name: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: `${name}-`, namespace: 'shop', labels,
    ownerReferences: [{ kind: 'Node', name: 'n' }, { apiVersion: 'apps/v1', kind, name, controller: true }] },
})

test('what an object says of itself', () => {
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop', labels: { tier: 'web' } },
    spec: { template: { metadata: { labels: { tier: 'other' } } } } }
  expect(governed(object)).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', labels: { tier: 'web' },
    owners: [] })
})

test('the namespace of the request, where the object has none', () => {
  expect(governed({ metadata: {} }, 'shop').namespace).toBe('shop')
  expect(governed({ metadata: { namespace: 'cart' } }, 'shop').namespace).toBe('cart')
  expect(governed({}).namespace).toBe('')
})

describe('what made it', () => {
  test.each([
    ['a ReplicaSet of a Deployment', made('ReplicaSet', 'web-api-5d4f6c7b8', { 'pod-template-hash': '5d4f6c7b8' }), [
      'ReplicaSet web-api-5d4f6c7b8',
      'Deployment web-api',
    ]],
    ['a ReplicaSet of a Rollout', made('ReplicaSet', 'web-5d4f', { 'rollouts-pod-template-hash': '5d4f' }), ['ReplicaSet web-5d4f',
      'Rollout web']],
    ['a ReplicaSet that nothing made', made('ReplicaSet', 'web'), ['ReplicaSet web']],
    ['a ReplicaSet with the hash of another', made('ReplicaSet', 'web-5d4f', { 'pod-template-hash': '9999' }), ['ReplicaSet web-5d4f']],
    ['a Job of a CronJob', made('Job', 'nightly-29103480'), ['Job nightly-29103480', 'CronJob nightly']],
    ['a Job', made('Job', 'nightly'), ['Job nightly']],
    ['a StatefulSet', made('StatefulSet', 'db'), ['StatefulSet db']],
  ])('%s', (_, object, owners) => {
    expect(governed(object).owners.map(({ kind, name }) => `${kind} ${name}`)).toEqual(owners)
    expect(governed(object).name).toBe('')
  })
})

test.each([[null], ['text'], [[]], [{ metadata: 'x' }], [{ metadata: { labels: [], ownerReferences: {} } }], [{
  metadata: { ownerReferences: [null, { controller: true }] },
}]])('nothing is taken on trust: %j', (object) => {
  expect(governed(object)).toMatchObject({ namespace: '', name: '', owners: [] })
})

test('labels that are no text are left out', () => {
  expect(governed({ metadata: { labels: { a: '1', b: 2 } } }).labels).toEqual({ a: '1' })
})
