import { describe, expect, test } from '@jest/globals'
import { bulks, bulkyPod, largestNumber } from '../bench/bulks.ts'
import { responder } from '../src/admission/respond.ts'
import type { AdmissionReview } from '../src/kubernetes/review.ts'
import { Budget, within } from '../src/budget.ts'
import { override } from '../src/policy/policy.ts'
import { preset } from '../src/policy/presets.ts'

const wrong = { command: ['gunicorn', '-k', 'nope', 'a'] }
const blueking = preset('blueking')
if (!blueking) throw new Error('there is no such preset')
const policies = { usual: blueking, strict: override(blueking, 'strict', { rules: { 'unread-command': 'Deny' } }) }

const reviewOf = (object: object): AdmissionReview => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object } })

describe.each(bulks.map((bulk) => [bulk.name, bulk] as const))('%s', (_, bulk) => {
  const pods = [...new Set([bulk.usual, largestNumber(bulk)])].map((n) => bulkyPod(bulk, n, [wrong]))

  test('what is wrong beside it is denied, or it is told as unread; who wants no way round has none', () => {
    for (const pod of pods) {
      const { outcome, findings } = responder(() => policies.usual)('validate', reviewOf(pod))
      if (outcome !== 'denied')
        expect([outcome, findings.map(({ rule }) => rule)]).toEqual(['warned', expect.arrayContaining(['unread-command'])])
      expect(responder(() => policies.strict)('validate', reviewOf(pod)).outcome).toBe('denied')
    }
  })

  test('what is put in is no more than is told', () => {
    for (const pod of pods) expect(['allowed', 'fixed']).toContain(responder(() => policies.usual)('mutate', reviewOf(pod)).outcome)
  })

  test('it takes no more steps than there are', () => {
    for (const pod of pods)
      for (const operation of ['mutate', 'validate'] as const) {
        const budget = new Budget()
        within(budget, () => responder(() => policies.usual)(operation, reviewOf(pod)))
        expect(budget.left < 0 && !budget.isSpent).toBe(false)
      }
  })
})
