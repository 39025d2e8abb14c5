/** With a real API server: test/e2e/watch.test.ts. */
import { expect, test } from '@jest/globals'
import { jsonLog } from '../../src/log.ts'
import type { KubernetesObject } from '../../src/cluster/cluster.ts'
import { NamespaceLookUps } from '../../src/cluster/namespace-look-ups.ts'

/** An API server that answers when it is told to. */
function asked(answer: (name: string) => KubernetesObject | undefined) {
  const names: string[] = []
  const open: (() => void)[] = []
  const clock = { time: 0 }
  const lines: string[] = []
  const lookUps = new NamespaceLookUps({
    async get(name) {
      names.push(name)
      await new Promise<void>((resolve) => open.push(resolve))
      return answer(name)
    },
    log: jsonLog('info', (line) => lines.push(line), () => clock.time),
    now: () => clock.time,
  })
  const settle = async (): Promise<void> => {
    for (const resolve of open.splice(0)) resolve()
    await new Promise(setImmediate)
  }
  return { lookUps, names, clock, lines, settle }
}

const namespace = (name: string, labels?: Record<string, string>): KubernetesObject => ({ apiVersion: 'v1', kind: 'Namespace',
  metadata: { name, uid: name, resourceVersion: '1', ...(labels ? { labels } : {}) } })

test('a namespace is asked for once, however many wait, and then known until something else tells of it', async () => {
  const { lookUps, names, settle } = asked((name) => namespace(name, { team: 'a' }))
  const waiting = [lookUps.lookUp('shop'), lookUps.lookUp('shop'), lookUps.lookUp('shop')]
  await settle()
  await Promise.all(waiting.map((each) => each ?? Promise.resolve()))
  expect([names, lookUps.labelsOf('shop'), lookUps.lookUp('shop')]).toEqual([['shop'], { team: 'a' }, undefined])
  lookUps.forget('shop')
  expect(lookUps.labelsOf('shop')).toBeUndefined()
})

test('one that there is not is asked for again after five seconds, or where something told of it', async () => {
  const { lookUps, names, clock, settle } = asked(() => undefined)
  const waiting = lookUps.lookUp('gone')
  await settle()
  await waiting
  clock.time = 4_999
  expect([lookUps.labelsOf('gone'), lookUps.lookUp('gone')]).toEqual([undefined, undefined])
  clock.time = 5_000
  expect(lookUps.lookUp('gone')).toBeInstanceOf(Promise)
  await settle()
  lookUps.forget('gone')
  expect(lookUps.lookUp('gone')).toBeInstanceOf(Promise)
  await settle()
  expect(names).toEqual(['gone', 'gone', 'gone'])
})

test('ten are asked for at a time, a hundred wait, and more are unknown at once', async () => {
  const { lookUps, names, settle } = asked((name) => namespace(name))
  const waiting = Array.from({ length: 300 }, (_, index) => lookUps.lookUp(`a${index}`))
  expect([names.length, waiting.filter((each) => each !== undefined).length]).toEqual([10, 110])
  for (let round = 0; round < 11; round++) {
    await settle()
    expect(names.length).toBeLessThanOrEqual(10 * (round + 2))
  }
  await Promise.all(waiting.map((each) => each ?? Promise.resolve()))
  expect([names.length, lookUps.labelsOf('a109'), lookUps.labelsOf('a110')]).toEqual([110, {}, undefined])
})

test.each(['', '-a', 'a-', 'A', 'a.b', '../secrets', 'a'.repeat(64), 'x'.repeat(2_000_000)])(
  'what is the name of no namespace is not asked for: %.20s',
  (name) => {
    const { lookUps, names } = asked(() => undefined)
    expect([lookUps.lookUp(name), names]).toEqual([undefined, []])
  },
)

test('an API server that fails is asked again after a second', async () => {
  const { lookUps, names, clock, lines, settle } = asked(() => {
    throw new Error('no')
  })
  const waiting = lookUps.lookUp('shop')
  await settle()
  await waiting
  expect([lookUps.lookUp('shop'), lines.map((line) => (JSON.parse(line) as { msg: string }).msg)]).toEqual([undefined, [
    'namespace not read',
  ]])
  clock.time = 1_000
  void lookUps.lookUp('shop')
  expect(names).toEqual(['shop', 'shop'])
})

test('a review waits for half a second at most', async () => {
  const { lookUps } = asked(() => undefined)
  await lookUps.lookUp('slow')
  expect(lookUps.labelsOf('slow')).toBeUndefined()
})
