/** What is remembered of images, and who waits for what. With real registries behind it: test/e2e/images.test.ts. */
import { describe, expect, test } from '@jest/globals'
import { ask, Looks, terms } from './looks.ts'

const pinned = `sha256:${'2'.repeat(64)}`

describe('images', () => {
  test('one look-up, however many ask', async () => {
    const looks = new Looks()
    looks.isHeld = true
    const all = Array.from({ length: 200 }, () => looks.learn(ask('shop:1')))
    setImmediate(() => looks.release())
    expect(new Set((await Promise.all(all)).flat())).toEqual(new Set(['sha256:1']))
    expect([looks.opened, looks.looked]).toEqual([['shop:1'], ['sha256:1']])
    // Another name of the same image is opened, and not looked into.
    expect(await looks.learn(ask('shop:latest'))).toEqual(['sha256:1'])
    expect([looks.opened.length, looks.looked.length]).toEqual([2, 1])
  })

  test('nobody waits longer than the budget, and whoever comes behind it not at all; what arrives later answers the next', async () => {
    const looks = new Looks()
    looks.isHeld = true
    expect(await looks.images.prepare([ask('shop:1')], { ...terms, imageBudget: 20 }, 10_000)).toBeUndefined()
    expect(looks.images.answers([ask('shop:1')], terms)).toEqual(['it is being looked into: apply it again in a moment'])
    looks.now = 600
    expect(looks.images.prepare([ask('shop:1')], terms, 10_000)).toBeUndefined()
    // What has been mended is another command, and waits for the same registry.
    expect(looks.images.prepare([ask('shop:1', ['gunicorn', '-w', '4'])], terms, 10_000)).toBeUndefined()
    looks.now = 0
    // The caller's own patience goes first.
    expect(await looks.images.prepare([ask('shop:1')], { ...terms, imageBudget: 10_000 }, 10)).toBeUndefined()
    looks.release()
    expect(await looks.learn(ask('shop:1'))).toEqual(['sha256:1'])
    expect(looks.images.prepare([ask('shop:1')], terms, 10_000)).toBeUndefined()
  })

  test('200 that ask at once for an image that is not known: it is asked for once, and none waits beyond the budget', async () => {
    const looks = new Looks()
    looks.isHeld = true
    const budget = 200
    const waits = await Promise.all(Array.from({ length: 200 }, async () => {
      const began = performance.now()
      await looks.images.prepare([ask('shop:1')], { ...terms, imageBudget: budget }, 60_000)
      return performance.now() - began
    }))
    expect(Math.min(...waits)).toBeGreaterThan(budget * 0.9)
    expect(Math.max(...waits)).toBeLessThan(budget * 10)
    expect(looks.opened).toEqual(['shop:1'])
    looks.release()
    const all = await Promise.all(Array.from({ length: 200 }, () => looks.learn(ask('shop:1'))))
    expect(new Set(all.flat())).toEqual(new Set(['sha256:1']))
    expect([looks.opened, looks.looked]).toEqual([['shop:1'], ['sha256:1']])
  })

  test('a tag is asked for again soon, and a digest late', async () => {
    const looks = new Looks()
    expect(await looks.learn(ask('shop:1'), ask(`shop@${pinned}`))).toEqual(['sha256:1', 'sha256:1'])
    looks.tags['shop:1'] = 'sha256:3'
    expect(await looks.learn(ask('shop:1'))).toEqual(['sha256:1'])
    looks.now = 3_001
    expect(await looks.learn(ask('shop:1'), ask(`shop@${pinned}`))).toEqual(['sha256:3', 'sha256:1'])
    expect(looks.opened).toEqual(['shop:1', `shop@${pinned}`, 'shop:1'])
  })

  test('a failure is told, and remembered for a while', async () => {
    const looks = new Looks()
    looks.tags['gone:1'] = 'registry.example.com cannot be reached'
    for (let times = 0; times < 3; times++) expect(await looks.learn(ask('gone:1'))).toEqual(['registry.example.com cannot be reached'])
    looks.failure = 'it takes too long'
    for (let times = 0; times < 3; times++)
      expect(await looks.learn(ask('slow:1', ['gunicorn', String(times)]))).toEqual(['it takes too long'])
    expect([looks.opened, looks.looked]).toEqual([['gone:1', 'slow:1'], ['sha256:1']])
    looks.failure = undefined
    looks.tags['gone:1'] = 'sha256:9'
    looks.now = 60_001
    expect(await looks.learn(ask('gone:1'), ask('slow:1'))).toEqual(['sha256:9', 'sha256:1'])
  })

  test('each namespace asks by itself: what one may pull, another may not', async () => {
    const looks = new Looks()
    await looks.learn(ask('shop:1'))
    await looks.learn(ask('shop:1', ['gunicorn'], 'bank'))
    expect(looks.opened).toEqual(['shop:1', 'shop:1'])
  })

  test('registries by a list; what is no image; more containers than are looked at', async () => {
    const looks = new Looks()
    const only = (...registries: string[]) => ({ ...terms, registries })
    const answers = async (image: string, ...registries: string[]): Promise<unknown> => {
      await looks.images.prepare([ask(image)], only(...registries), 1000)
      const [answer] = looks.images.answers([ask(image)], only(...registries))
      return typeof answer === 'string' ? answer : 'looked into'
    }
    expect(await answers('shop:1', 'docker.io')).toBe('looked into')
    expect(await answers('a.example.com:5000/shop:1', '*.example.com')).toBe('looked into')
    expect(await answers('example.com:5000/shop', 'example.com:5000')).toBe('looked into')
    expect(await answers('example.com/shop', '*.example.com')).toBe('the policy does not have example.com looked into')
    expect(await answers('badexample.com/shop', '*.example.com')).toBe('the policy does not have badexample.com looked into')
    expect(await answers('shop:1')).toBe('the policy does not have docker.io looked into')
    expect(await answers('Shop:1', '*')).toMatch(/^"Shop:1" is no image: /)
    const many = Array.from({ length: 11 }, (_, index) => ask(`shop:${index}`))
    expect((await looks.learn(...many)).at(-1)).toBe('at most 10 containers of a workload are looked into')
  })

  test('what is kept is bounded', async () => {
    const looks = new Looks()
    looks.size = 1024 * 1024
    for (let index = 0; index < 12; index++) {
      looks.tags[`shop:${index}`] = `sha256:${index}`
      await looks.learn(ask(`shop:${index}`))
    }
    looks.now = 10_000
    for (const index of [11, 0]) await looks.learn(ask(`shop:${index}`))
    // The last one was kept; the first one was not.
    expect(looks.looked.slice(12)).toEqual(['sha256:0'])
  })
})
