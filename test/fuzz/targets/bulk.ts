/** What is large on purpose: it takes no longer for it, and hides nothing. */
import { responder } from '../../../src/admission/respond.ts'
import { readReview } from '../../../src/admission/review.ts'
import { annotationBulks, bulks, deniedContainer } from '../bulks.ts'
import { leastTime, mostTime } from '../cost.ts'
import { governing } from '../policies.ts'
import { reviewed, reviewLaws } from '../review-laws.ts'
import { fieldsOf, textOf, type Fields, type Json, type Target } from '../target.ts'

const names = [...Object.keys(bulks), ...Object.keys(annotationBulks).map((name) => `annotation: ${name}`)]

/** An object that holds the bulk; undefined for one that there is not. */
function objectOf(name: string, count: number): Fields | undefined {
  const [, annotation] = /^annotation: (.*)$/.exec(name) ?? []
  const annotations = annotation === undefined ? undefined : annotationBulks[annotation]?.make(count)
  const spec = annotation === undefined ? bulks[name]?.make(count) : { containers: [deniedContainer] }
  if (!spec || (annotation !== undefined && !annotations)) return undefined
  const head = { apiVersion: 'apps/v1', kind: 'Deployment',
    metadata: { name: 'shop', namespace: 'shop', ...(annotations ? { annotations } : {}) } }
  return { ...head, spec: { template: { spec } } }
}

const reviewOf = (object: Json): Fields => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
  request: { uid: '1', operation: 'CREATE', namespace: 'shop', object } })

/** No program can be started with such a word: include/uapi/linux/binfmts.h, MAX_ARG_STRLEN. */
const hasLongWord = (
  value: Json,
): boolean => (typeof value === 'string' ? value.length >= 131_072
  : typeof value === 'object' && value !== null && Object.values(value).some(hasLongWord))

/** Milliseconds below which the times of two reviews are not compared: there the clock and the machine tell more than the input. */
const shortest = 30
/** What twice as much may take, beside what it takes at once. */
const mostGrowth = 2.6

export const bulk: Target = {
  name: 'bulk',
  share: 0.2,
  laws: [...reviewLaws, 'growth', 'denied'],
  generate: (random) => {
    const name = random.pick(names)
    const most = bulks[name]?.most ?? annotationBulks[name.replace('annotation: ', '')]?.most ?? 0
    // As many small ones as large ones.
    return { name, count: Math.max(1, Math.round(most ** (0.3 + 0.7 * random.next()))), strict: random.chance(0.5),
      spec: random.chance(0.2) ? { injection: 'Environment' } : {} }
  },
  run(input, broken) {
    const { name, count, strict, spec } = fieldsOf(input)
    const object = objectOf(textOf(name), Number(count))
    if (!object) return
    const written = fieldsOf(spec)
    const { policies, policyFor } = governing([strict === true ? { ...written, rules: { 'unread-command': 'Deny' } } : written])
    const text = JSON.stringify(reviewOf(object))
    // An API server takes no larger one.
    if (text.length > 3 * 1024 * 1024) return
    const kinds = (law: string, kind: string, detail: string): void => broken(law, `${textOf(name)}: ${kind}`, detail)
    const result = reviewed(text, { policies, policyFor }, kinds, text.length < 10_000)
    const { response } = result?.validated.response ?? {}
    const isTold = response?.auditAnnotations?.['rules']?.split(',').includes('unread-command') === true
    if (response?.allowed && (strict === true || !isTold))
      broken('denied', hasLongWord(object) ? 'a word that is longer than Linux takes'
        : `${textOf(name)}: ${strict === true ? 'unread is to be denied' : 'neither denied nor unread'}`,
        `${textOf(name)} × ${Number(count)} is let in with ${JSON.stringify(response.warnings ?? [])}`)
    const larger = objectOf(textOf(name), 2 * Number(count))
    const double = JSON.stringify(reviewOf(larger ?? {}))
    if (double.length > 3 * 1024 * 1024) return
    for (const webhook of ['mutate', 'validate'] as const) {
      const respond = responder(policyFor)
      const [single, twice] = [readReview(text), readReview(double)]
      // Most are told at once to take less.
      const longer = leastTime(() => respond(webhook, twice), shortest)
      if (longer <= shortest) continue
      const times = [leastTime(() => respond(webhook, single)), longer] as const
      if (times[1] > mostGrowth * times[0])
        kinds('growth', webhook,
          `${webhook} takes ${times[0].toFixed(1)} ms of processor time, and ${times[1].toFixed(1)} ms for twice as much`)
      if (times[1] > mostTime)
        kinds('time', webhook, `${webhook} takes ${times[1].toFixed(0)} ms of processor time at least for ${2 * Number(count)}`)
    }
  },
}
