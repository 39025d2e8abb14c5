import { expect, test } from '@jest/globals'
import { admissionReview, counter } from '../../bench/review.ts'
import { Budget, within } from '../../src/budget.ts'
import { BodyText } from '../../src/admission/cut.ts'
import { Memo } from '../../src/admission/memo.ts'
import { responder } from '../../src/admission/respond.ts'
import type { Operation } from '../../src/admission/responder.ts'
import { readReview } from '../../src/admission/review.ts'
import { Policies } from '../../src/policy/policies.ts'
import type { PolicyFor } from '../../src/policy/governed.ts'
import { defaultPreset, preset } from '../../src/policy/presets.ts'
import { Random } from '../conformance/random.ts'
import { asked, workload } from '../fuzz/objects.ts'
import { calmSpec, governing, wildSpec } from '../fuzz/policies.ts'
import { filledIn, sent } from './sent.ts'

const bytes = 4 * 1024 * 1024

/** A memo, and who asks it as a server does: what was remembered, or undefined, beside a fresh answer. */
function asking(policyFor: PolicyFor, more: { state?: () => unknown; bytes?: number; isSettled?: () => boolean } = {}) {
  const respond = responder(policyFor)
  const state = {}
  const memo = new Memo({ bytes, respond, state: () => state, ...more })
  const fresh = (operation: Operation, text: string): string =>
    JSON.stringify(within(new Budget(), () => respond(operation, readReview(text))).response)
  const ask = (operation: Operation, text: string): { readonly hit: string | undefined; readonly fresh: string } => {
    const body = Buffer.from(text)
    const found = memo.look(operation, new BodyText(body))
    const answer = fresh(operation, text)
    if (typeof found === 'object' && 'text' in found) return { hit: found.text, fresh: answer }
    if (typeof found === 'object') memo.keep(found, readReview(text), answer)
    return { hit: undefined, fresh: answer }
  }
  return { memo, ask, respond }
}

const house: PolicyFor = () => preset(defaultPreset)
const deployment = (command: readonly string[], more: object = {}) => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { template: { spec: { containers: [{ name: 'web', image: 'shop:1', command, ...more }] } } },
})
const pod = (command: readonly string[]) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { containers: [{ name: 'web', image: 'shop:1', command }] },
})

test.each(['validate', 'mutate'] as const)('/%s: the third of reviews that differ in name and uid is answered from memory', (operation) => {
  const { ask } = asking(house)
  const text = (index: number): string =>
    JSON.stringify(admissionReview(operation)).replaceAll(counter, String(index).padStart(counter.length, '0'))
  const answers = Array.from({ length: 5 }, (_, index) => ask(operation, text(index)))
  expect(answers.map(({ hit }) => hit !== undefined)).toEqual([false, false, true, true, true])
  for (const { hit, fresh } of answers) if (hit !== undefined) expect(hit).toBe(fresh)
})

test('what is asked of one webhook is not answered by the other, nor in another namespace, nor for somebody else', () => {
  const { ask } = asking(house)
  const object = deployment(['gunicorn', 'app'])
  for (let time = 0; time < 3; time++) ask('mutate', sent(`u${time}`, object))
  expect(ask('mutate', sent('u9', object)).hit).toBeDefined()
  expect(ask('validate', sent('u9', object)).hit).toBeUndefined()
  expect(ask('mutate', sent('u9', { ...object, metadata: { name: 'shop', namespace: 'other' } })).hit).toBeUndefined()
  expect(ask('mutate', sent('u9', object, { userInfo: { username: 'eve' } })).hit).toBeUndefined()
  expect(ask('mutate', sent('u9', deployment(['gunicorn', 'apq']))).hit).toBeUndefined()
})

test('an answer that a name was read for is not kept: that of an address which may be the name of the Pod', () => {
  const { ask } = asking(house)
  const named = (name: string) => ({ ...pod(['gunicorn', 'app', '-b', 'shop-x:8000']), metadata: { name, namespace: 'shop' } })
  for (const name of ['a', 'b', 'c', 'shop-x', 'd'])
    expect(ask('validate', sent('u', named(name))).hit).toBeUndefined()
})

test('a denial, which names what it is about, is told anew', () => {
  const { ask } = asking(house)
  for (const name of ['a', 'b', 'c']) {
    const { hit, fresh } = ask('validate', sent('u', { ...deployment(['gunicorn', 'app', '-b', '127.0.0.1:8000']), metadata: { name } }))
    expect(hit).toBeUndefined()
    expect(JSON.parse(fresh)).toMatchObject({ response: { allowed: false, status: { details: { name } } } })
  }
})

test('an update whose stored object is asked for is answered anew', () => {
  const { ask } = asking(house)
  const object = deployment(['gunicorn', 'app', '-b', '127.0.0.1:8000'])
  for (const command of ['x', 'y', 'z'])
    expect(ask('validate', sent('u', object, { operation: 'UPDATE', oldObject: deployment(['gunicorn', command]) })).hit).toBeUndefined()
  const sound = pod(['true'])
  const update = (version: number): string =>
    sent(`u${version}`, { ...sound, metadata: { name: 'a', namespace: 'b', resourceVersion: String(version) } }, { operation: 'UPDATE',
      oldObject: { ...sound, metadata: { name: 'a', resourceVersion: String(version - 1) } } })
  expect([1, 2, 3].map((version) => ask('validate', update(version)).hit !== undefined)).toEqual([false, false, true])
})

test('with another state of the policies, all is forgotten; what is not settled is not kept', () => {
  let state = {}
  let isSettled = false
  const { ask, memo } = asking(house, { state: () => state, isSettled: () => isSettled })
  const isHit = (): boolean => ask('mutate', sent('u', deployment(['gunicorn', 'app']))).hit !== undefined
  expect([isHit(), isHit(), isHit()]).toEqual([false, false, false])
  isSettled = true
  expect([isHit(), isHit()]).toEqual([false, true])
  state = {}
  expect([isHit(), isHit()]).toEqual([false, true])
  expect(memo.bytes).toBeGreaterThan(0)
  state = {}
  isHit()
  expect(memo.counts).toMatchObject({ hit: 2 })
})

test('an exception ends by the clock, and what was remembered before is forgotten', () => {
  let now = 0
  const policies = new Policies([{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'house' }, spec: {} }], [{
    apiVersion: 'paddock.dev/v1alpha1',
    kind: 'GunicornException',
    metadata: { name: 'for-now', namespace: 'shop' },
    spec: { workloads: [{ name: 'other' }], rules: ['loopback-bind'], reason: 'r', expiry: '2026-12-01T00:00:00Z' },
  }])
  const [before, after] = [policies.stateAt(0), policies.stateAt(Date.parse('2026-12-01T00:00:00Z'))]
  expect(after).not.toBe(before)
  expect(policies.stateAt(Date.parse('2027-12-01T00:00:00Z'))).toBe(after)
  expect(policies.stateAt(now)).not.toBe(after)
  const { ask } = asking((workload) => policies.for(workload, {}, now), { state: () => policies.stateAt(now) })
  const isHit = (name: string): boolean =>
    ask('mutate', sent('u', { ...deployment(['gunicorn', 'app']), metadata: { name, namespace: 'shop' } })).hit !== undefined
  // Whether the exception is meant for it is told by its name.
  expect(['a', 'b', 'c'].map(isHit)).toEqual([false, false, false])
  now = Date.parse('2026-12-01T00:00:00Z')
  // For one that has ended, nobody asks for a name.
  expect(['a', 'b', 'c'].map(isHit)).toEqual([false, true, true])
})

test('no more is kept than was said, and what is asked for stays', () => {
  const { ask, memo } = asking(house, { bytes: 40_000 })
  const text = (index: number): string => sent('u', deployment(['gunicorn', `app${index}`]))
  const often = text(-1)
  for (let index = 0; index < 200; index++) {
    ask('mutate', often)
    ask('mutate', text(index))
    ask('mutate', text(index))
    expect(memo.bytes).toBeLessThanOrEqual(40_000)
  }
  expect(ask('mutate', often).hit).toBeDefined()
  expect(ask('mutate', text(199)).hit).toBeDefined()
  expect(ask('mutate', text(0)).hit).toBeUndefined()
})

test('a text that has gaps where none should be is answered as any other', () => {
  const { ask } = asking(house)
  const text = sent('u', deployment(['gunicorn', 'app']))
  const hostile = [
    text.replace('"uid":"u"', '"uid":"u\\n"'),
    text.replace('"uid":"u"', '"uid":"u","uid":"v"'),
    text.replace('"metadata":{"name":"shop"', '"metadata":{"name":"shop","name":"shap"'),
    text.replace('"metadata":{"name":"shop"', '"metadata":{"name":7'),
    text.replace('"metadata":{"name":"shop"', '"metadata":{"name":"shop","generation":01'),
    `${text}x`,
    text.slice(0, -1),
    text.replace('"dryRun"', '"metadata":{"name":"x"},"dryRun"'),
  ]
  const outcome = (one: string): unknown => {
    try {
      const { hit, fresh } = ask('mutate', one)
      return hit === undefined || hit === fresh ? fresh : `${hit} instead of ${fresh}`
    } catch (error) {
      return (error as Error).message
    }
  }
  for (const one of hostile) expect([outcome(one), outcome(one), outcome(one)]).toEqual(Array(3).fill(outcome(one)))
})

/** The shadow: every hit is compared with a fresh answer, over workloads of all kinds and policies of all sorts. */
test('whatever is remembered is what would be answered', () => {
  const random = new Random(14)
  let hits = 0
  const outcomes = new Map<string, number>()
  for (let family = 0; family < 150; family++) {
    const specs = [random.chance(0.5) ? calmSpec(random) : wildSpec(random)]
    const exceptions = random.chance(0.2) ? [{ workloads: [{ name: 'shop' }], rules: ['missing-bind', 'loopback-bind'], reason: 'r' }] : []
    const { policyFor } = governing(specs, exceptions)
    const { ask, respond } = asking(policyFor)
    const object = workload(random) as Readonly<Record<string, unknown>>
    const { user, old } = asked(random, object as never)
    const operation = old === undefined ? 'CREATE' : 'UPDATE'
    for (let time = 0; time < 7; time++) {
      const one = filledIn(random, object)
      const oldObject = operation === 'UPDATE' ? filledIn(random, object) : null
      const text = sent(`u-${random.below(1e9)}`, one, { userInfo: { username: user }, operation, oldObject })
      for (const webhook of ['mutate', 'validate'] as const) {
        const { hit, fresh } = ask(webhook, text)
        if (hit === undefined) continue
        if (hit !== fresh) throw new Error(`${hit} is remembered of ${text}, and ${fresh} is right`)
        hits++
        const { outcome } = respond(webhook, readReview(text))
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    }
  }
  expect(hits).toBeGreaterThan(300)
  expect(new Set(outcomes.keys())).toEqual(new Set(['allowed', 'fixed', 'warned']))
})

test('those that come at the same time wait for the first of them; what is in vain is not tried again', () => {
  const respond = responder(house)
  let asked = 0
  const state = {}
  const memo = new Memo({ bytes, respond: (...review) => (asked++, respond(...review)), state: () => state })
  const look = (text: string, isWaiting: boolean) => memo.look('validate', new BodyText(Buffer.from(text)), isWaiting)
  const text = sent('u', deployment(['gunicorn', 'app', '-b', '127.0.0.1:8000']))
  expect(look(text, true)).toBeUndefined()
  const first = look(text, true)
  expect([look(text, true), typeof look(text, false)]).toEqual(['awaited', 'object'])
  if (typeof first !== 'object' || 'text' in first) throw new Error('it is no candidate')
  const review = readReview(text)
  memo.keep(first, review, JSON.stringify(respond('validate', review).response))
  memo.settle()
  expect([asked, look(text, true), look(text, false)]).toEqual([1, undefined, undefined])
})
