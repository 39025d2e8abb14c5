/** Reviews that differ in what nothing was read from, and in anything at all: what is remembered is what would be answered. */
import { BodyText } from '../../../src/admission/cut.ts'
import { Memo } from '../../../src/admission/memo.ts'
import { responder } from '../../../src/admission/respond.ts'
import type { Operation } from '../../../src/admission/responder.ts'
import { BadReview, bringsObject, readReview } from '../../../src/admission/review.ts'
import { filledIn, sent } from '../../admission/sent.ts'
import { Random } from '../../conformance/random.ts'
import { asked, workload } from '../objects.ts'
import { calmSpec, governing, wildSpec } from '../policies.ts'
import { fieldsOf, listOf, textOf, type Broken, type Json, type Target } from '../target.ts'
import { exception } from './reviews.ts'

/** What a text is changed by, so that it looks as if it had gaps, or has them elsewhere. */
// dprint-ignore: a list of words
const pieces = ['"', '\\', '\u0000', '}', '{', '[', ']', ',', '"name":"x",', '"uid":"u",', '"generation":01', '"status":{}', ',"status":{}', '7', 'é',
  '},"spec":{"replicas":1,', 'kube-api-access-abcde', '"name":"kube-api-access-abcde",', ',"object":{}', ',"oldObject":{},"dryRun":false', '-1', '1e9', ' ']

function changed(random: Random, text: string): string {
  // Mostly near the head, where gaps are.
  const at = random.below(random.chance(0.7) ? Math.min(text.length, 900) : text.length)
  const kept = text.slice(0, at)
  return random.chance(0.5) ? kept + random.pick(pieces) + text.slice(at)
    : kept + random.pick(pieces) + text.slice(at + 1 + random.below(8))
}

function run(input: Json, broken: Broken): void {
  const { object, user, isUpdate, policies, exceptions, seed } = fieldsOf(input)
  const random = new Random(Number(seed) || 0)
  const { policyFor } = governing(listOf(policies), listOf(exceptions))
  const respond = responder(policyFor)
  const state = {}
  const memo = new Memo({ bytes: 2 ** 20, respond, state: () => state })

  const fresh = (operation: Operation, text: string): string => {
    try {
      const review = readReview(text)
      return bringsObject(review.request) ? JSON.stringify(respond(operation, review).response) : 'no object'
    } catch (error) {
      if (error instanceof BadReview) return error.message
      throw error
    }
  }
  const ask = (operation: Operation, text: string): void => {
    const body = Buffer.from(text)
    const found = memo.look(operation, new BodyText(body))
    if (found === 'awaited') throw new Error('nobody waits')
    const answer = fresh(operation, body.toString())
    if (found && 'text' in found && found.text !== answer)
      broken('remembered', operation, `${found.text} is remembered, and ${answer} is right, of ${text}`)
    if (found && !('text' in found) && answer.startsWith('{')) memo.keep(found, readReview(text), answer)
  }

  let text = ''
  for (let time = 0; time < 4; time++) {
    const [one, former] = [filledIn(random, fieldsOf(object)), filledIn(random, fieldsOf(object))]
    text = sent(`u-${random.below(1e9)}`, one, { userInfo: { username: textOf(user) },
      ...(isUpdate === true ? { operation: 'UPDATE', oldObject: former } : {}) })
    for (const operation of ['mutate', 'validate'] as const) ask(operation, text)
  }
  for (let time = 0; time < 12; time++) {
    const other = changed(random, text)
    for (let again = 0; again < 3; again++) ask(random.pick(['mutate', 'validate']), other)
  }
}

export const memo: Target = {
  name: 'memo',
  share: 10,
  laws: ['remembered'],
  run,
  generate(random) {
    const object = workload(random)
    const { user, old } = asked(random, object)
    return { object, user: user ?? '', isUpdate: old !== undefined, policies: [random.chance(0.5) ? calmSpec(random) : wildSpec(random)],
      exceptions: random.chance(0.2) ? [exception(random)] : [], seed: random.below(2 ** 31) }
  },
}
