/** Reviews of workloads: as people write them, with a wrong type anywhere, and by policies of every kind. */
import { responder } from '../../../src/admission/respond.ts'
import { BadReview, readReview } from '../../../src/admission/review.ts'
import type { Random } from '../../conformance/random.ts'
import { asked, malformed, reviewOf, workload } from '../objects.ts'
import { calmSpec, governing, now, wildSpec } from '../policies.ts'
import { reviewed, reviewLaws } from '../review-laws.ts'
import { fieldsOf, listOf, type Broken, type Json, type Target } from '../target.ts'
import { mutated } from '../texts.ts'

function run(input: Json, broken: Broken): void {
  const { asked: what, policies, exceptions, compared } = fieldsOf(input)
  reviewed(JSON.stringify(reviewOf(what)), governing(listOf(policies), listOf(exceptions)), broken, compared === true)
}

const laws = reviewLaws

/** What a rule's id is misspelt as, too. */
export const exception = (random: Random): Json => ({
  workloads: [{ ...(random.chance(0.5) ? { kind: random.pick(['Deployment', 'Pod', 'Job']) } : {}),
    name: random.pick(['shop', 'shop', 'shop-7d9c5b', 'other']) }],
  rules: random.some(['loopback-bind', 'invalid-setting', 'missing-bind', 'missing-workers', 'unknown-setting', 'few-workers'],
    1 + random.below(3)),
  reason: 'for now',
  ...(random.chance(0.5) ? { expiry: random.pick(['2027-01-31T00:00:00Z', '2020-01-31T00:00:00Z']) } : {}),
})

export const reviews: Target = {
  name: 'review',
  share: 30,
  laws,
  run,
  generate: (random) => ({ asked: asked(random, workload(random)), policies: [calmSpec(random)], compared: random.chance(0.2) }),
}

export const malformedReviews: Target = {
  name: 'malformed',
  share: 15,
  laws,
  generate: (random) => {
    let object: Json = workload(random)
    for (let times = random.pick([1, 1, 2, 4]); times > 0; times--) object = malformed(random, object)
    return { asked: asked(random, object), policies: random.chance(0.9) ? [calmSpec(random)] : [], compared: random.chance(0.2) }
  },
  run(input, broken) {
    try {
      run(input, broken)
    } catch (error) {
      if (!(error instanceof BadReview)) throw error
    }
  },
}

export const policies: Target = {
  name: 'policy',
  share: 15,
  laws,
  run,
  generate: (random) => ({
    asked: asked(random, workload(random)),
    policies: Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => wildSpec(random)),
    compared: random.chance(0.2),
    ...(random.chance(0.3) ? { exceptions: [exception(random)] } : {}),
  }),
}

/** What an exception is for and no other: one of another workload, and one that has ended, change nothing. */
export const exceptions: Target = {
  name: 'exception',
  share: 8,
  laws: [...laws, 'excepted'],
  generate: (random) => ({ asked: asked(random, workload(random)), policies: [calmSpec(random)],
    exceptions: Array.from({ length: 1 + random.below(3) }, () => exception(random)), compared: random.chance(0.2) }),
  run(input, broken) {
    run(input, broken)
    const { asked: what, policies, exceptions: given } = fieldsOf(input)
    const review = readReview(JSON.stringify(reviewOf(what)))
    const answer = (list: readonly Json[]): string =>
      JSON.stringify(responder(governing(listOf(policies), list).policyFor)('validate', review).response)
    const idle = listOf(given).filter((one) =>
      hasEnded(one) || listOf(fieldsOf(one)['workloads']).every((workload) => fieldsOf(workload)['name'] === 'other')
    )
    if (idle.length > 0 && answer(idle) !== answer([]))
      broken('excepted', '', 'an exception that has ended, or is for others, changes the answer')
  },
}

const hasEnded = (value: Json): boolean => {
  const { expiry } = fieldsOf(value)
  return typeof expiry === 'string' && Date.parse(expiry) < now
}

/** Texts that are no reviews: refused with a message, or read. */
export const bodies: Target = {
  name: 'body',
  share: 4,
  laws: [...laws, 'refused'],
  generate: (random) => {
    const whole = reviewOf(asked(random, workload(random)))
    const text = JSON.stringify(random.chance(0.5) ? malformed(random, whole) : whole)
    return { text: random.chance(0.6) ? mutated(random, text).slice(0, 5000) : text, policies: [calmSpec(random)] }
  },
  run(input, broken) {
    const { text, policies: specs } = fieldsOf(input)
    try {
      reviewed(String(text), governing(listOf(specs)), broken, false)
    } catch (error) {
      if (!(error instanceof BadReview)) throw error
      if (error.message === '' || error.message.length > 2000)
        broken('refused', 'message', `the message has ${error.message.length} characters`)
    }
  },
}
