/** A scan that asks for images. On a real API server, beside admission: test/e2e/images.test.ts. */
import { expect, test } from '@jest/globals'
import { ScannedImages } from '../../src/images/scanned.ts'
import { judgeStored, storedCase } from '../../src/judge.ts'
import { Policies } from '../../src/policy/policies.ts'
import { Looks } from './looks.ts'

const policy = (images: 'Always' | 'Never'): Policies =>
  new Policies([
    { apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'house' },
      spec: { preset: 'kubernetes', dependencies: { images } } },
  ], [])

const pod = (image: string, namespace = 'shop'): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace },
  spec: { containers: [{ name: 'web', image, command: ['gunicorn', '-k', 'gevent', '-b', ':8000', 'wsgi'] }] } })

/** What a round of a scan finds of a workload's gevent: the rule, and from where it knows. */
async function round(images: ScannedImages, policies: Policies, ...objects: object[]): Promise<string[]> {
  images.begin()
  await images.learn(objects.flatMap((object) => storedCase(object, policies, {}, 0) ?? []))
  return objects.map((object) =>
    judgeStored(object, policies, {}, 0, (stored) => images.known(stored))?.findings.flatMap(({ rule, message, action }) =>
      rule.endsWith('worker-dependency') ? [`${action} ${rule} ${/being looked into|it is away|is not in image/.exec(message)?.[0] ?? ''}`]
        : []
    ).join() ?? ''
  )
}

test('what an image lacks is found as a review finds it', async () => {
  const looks = new Looks()
  looks.distributions = { gevent: { state: 'Absent', evidence: '' } }
  const images = new ScannedImages(looks.images)
  expect(await round(images, policy('Always'), pod('shop:1'))).toEqual(['Deny missing-worker-dependency is not in image'])
  expect(await round(images, policy('Never'), pod('other:1'))).toEqual(['Warn unverified-worker-dependency '])
  expect([looks.opened, images.behind.size]).toEqual([['shop:1'], 0])
})

test('what is not known in time is unknown, and its namespace is behind, until it is known', async () => {
  const looks = new Looks()
  looks.distributions = { gevent: { state: 'Absent', evidence: '' } }
  looks.isHeld = true
  const images = new ScannedImages(looks.images, { together: 10, round: 20 })
  expect(await round(images, policy('Always'), pod('shop:1'), pod('bank:1', 'bank'))).toEqual([
    'Warn unverified-worker-dependency being looked into',
    'Warn unverified-worker-dependency being looked into',
  ])
  expect([...images.behind]).toEqual(['shop', 'bank'])
  looks.release()
  // What they were opened for goes on meanwhile.
  await looks.images.prepare([], { images: 'Always', imageBudget: 0, registries: [] }, 0)
  await new Promise((resolve) => setTimeout(resolve, 1))
  expect(await round(images, policy('Always'), pod('shop:1'), pod('bank:1', 'bank'))).toEqual(
    Array.from({ length: 2 }, () => 'Deny missing-worker-dependency is not in image'),
  )
  expect(images.behind.size).toBe(0)
})

test('once a round has waited for as long as it may, images are not asked for any more', async () => {
  const looks = new Looks()
  looks.isHeld = true
  const images = new ScannedImages(looks.images, { together: 10, round: 10 })
  const policies = policy('Always')
  await round(images, policies, pod('shop:1'))
  await images.learn([pod('shop:2')].flatMap((object) => storedCase(object, policies, {}, 0) ?? []))
  expect(looks.opened).toEqual(['shop:1'])
  expect([...images.behind]).toEqual(['shop'])
})

test('an image that is not had is no reason to look again at once', async () => {
  const looks = new Looks()
  looks.tags['gone:1'] = 'it is away'
  const images = new ScannedImages(looks.images)
  expect(await round(images, policy('Always'), pod('gone:1'))).toEqual(['Warn unverified-worker-dependency it is away'])
  expect(images.behind.size).toBe(0)
})
