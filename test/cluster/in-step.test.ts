/** The pure part: what a new list and an event come to. How it keeps in step with a real API server: test/e2e/watch.test.ts. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { KubernetesObject } from '../../src/cluster/cluster.ts'
import { difference, keyOf, take, type ObjectEvent } from '../../src/cluster/in-step.ts'

const object = (name: string, uid = 1, version = 1, namespace = 'shop'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name, uid: `${name}-${uid}`, resourceVersion: String(version) },
})

const mapOf = (objects: readonly KubernetesObject[]) => new Map(objects.map((each) => [keyOf(each), each]))

/** Few names, so that they meet. */
const anyObject = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c'),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom('shop', 'bank'),
  )
  .map((parts) => object(...parts))

/** One who is told of changes and keeps what they come to: by uid, and so that nothing is added twice or removed unseen. */
class Follower {
  readonly objects = new Map<string, KubernetesObject>()

  take(changes: readonly ObjectEvent<KubernetesObject>[]): void {
    for (const { type, object: now, former } of changes) {
      if (former !== undefined) expect(this.objects.get(keyOf(former))).toEqual(former)
      if (type === 'added') expect(this.objects.has(keyOf(now))).toBe(false)
      if (type === 'changed') expect(now.metadata.uid).toBe(former.metadata.uid)
      if (type === 'removed') this.objects.delete(keyOf(former))
      else this.objects.set(keyOf(now), now)
    }
  }
}

const versions = (objects: ReadonlyMap<string, KubernetesObject>) =>
  [...objects].map(([key, { metadata }]) => `${key} ${metadata.uid} ${metadata.resourceVersion}`).sort()

test('who is told of the difference between two lists comes from the one to the other', () => {
  fc.assert(
    fc.property(fc.array(anyObject), fc.array(anyObject), (before, after) => {
      const follower = new Follower()
      follower.take(difference(new Map(), mapOf(before)))
      follower.take(difference(mapOf(before), mapOf(after)))
      expect(versions(follower.objects)).toEqual(versions(mapOf(after)))
      expect(difference(mapOf(after), mapOf(after))).toEqual([])
    }),
  )
})

test('who is told of events has what is kept, whatever is told twice or of what is not there', () => {
  const event = fc.tuple(fc.constantFrom('ADDED', 'MODIFIED', 'DELETED'), anyObject)
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const items = new Map<string, KubernetesObject>()
      const follower = new Follower()
      for (const [type, each] of events) {
        const former = follower.objects.get(keyOf(each))
        const changes = take(items, type, each)
        follower.take(changes)
        if (changes.length === 0 && type !== 'DELETED')
          expect([former?.metadata.uid, former?.metadata.resourceVersion]).toEqual([
            each.metadata.uid,
            each.metadata.resourceVersion,
          ])
        expect(versions(follower.objects)).toEqual(versions(items))
      }
    }),
  )
})

test('an object that was made anew under its name was removed, and is added', () => {
  const [old, made] = [object('a', 1, 5), object('a', 2, 9)]
  const told = [
    { type: 'removed', former: old },
    { type: 'added', object: made },
  ]
  expect(difference(mapOf([old]), mapOf([made]))).toEqual(told)
  expect(take(mapOf([old]), 'ADDED', made)).toEqual(told)
})

test('names are free before they are taken', () => {
  const types = difference(mapOf([object('z'), object('b', 1)]), mapOf([object('a'), object('b', 2)])).map(({ type }) => type)
  expect(types).toEqual(['removed', 'removed', 'added', 'added'])
})
