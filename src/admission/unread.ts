/** The answer to a review that was not read: by the policy of what stands at its head, as where reading ends before its end. */
import { Budget, within } from '../budget.ts'
import type { AdmissionReview } from '../kubernetes/review.ts'
import { workloadKind } from '../kubernetes/kinds.ts'
import { valueAt } from '../kubernetes/workload.ts'
import { uninspected } from './fault.ts'
import { headOf } from './outline.ts'
import type { Answer, Operation, Respond } from './responder.ts'
import { bringsObject, readReview } from './review.ts'

/** Stands for all containers. */
const unknown = [{ name: '(all)' }]

/** @throws {BadReview} where there is not even the head of a review */
export function unreadReview(body: Uint8Array): AdmissionReview {
  const review = readReview(headOf(body))
  const { object } = review.request
  const kind = bringsObject(review.request) ? workloadKind(valueAt(object, ['apiVersion']), valueAt(object, ['kind'])) : undefined
  if (!kind) return review
  const spec = kind.spec.toReversed().reduce<object>((inner, name) => ({ [name]: inner }), { [kind.holds ?? 'containers']: unknown })
  return { ...review, request: { ...review.request, object: { ...(object as object), ...spec } } }
}

/** What the policy says of what is unread. May throw, as `respond`. */
export function unreadAnswer(respond: Respond, operation: Operation, review: AdmissionReview): Answer {
  return bringsObject(review.request) ? within(new Budget(0), () => respond(operation, review)) : uninspected(review)
}
