/** Answers a review as the server does, without one. */
import type { AdmissionAnswer, AdmissionResponse, AdmissionReview, Operation as PatchOperation } from '../kubernetes/review.ts'
import { applyPatch } from '../edit.ts'
import type { PolicyFor } from '../policy/governed.ts'
import { uninspected } from './fault.ts'
import { responder } from './respond.ts'
import type { Operation } from './responder.ts'
import { bringsObject, readReview } from './review.ts'

/**
 * The answer to the text of a review. `both` is what the API server comes to: what `/mutate` made of the object is
 * judged by `/validate`, and the answer carries the patch and the warnings of both.
 *
 * @throws {BadReview} where the text is no review.
 */
export function answerReview(operation: Operation | 'both', text: string, policyFor: PolicyFor): AdmissionAnswer {
  const review = readReview(text)
  if (!bringsObject(review.request)) return uninspected(review).response
  const respond = responder(policyFor)
  if (operation !== 'both') return respond(operation, review).response
  const mutated = respond('mutate', review).response
  if (!mutated.response.allowed) return mutated
  const validated = respond('validate', patched(review, mutated.response.patch)).response
  if (!validated.response.allowed) return validated
  const warnings = [...(mutated.response.warnings ?? []), ...(validated.response.warnings ?? [])]
  const auditAnnotations = both(validated.response.auditAnnotations, mutated.response.auditAnnotations)
  return {
    ...validated,
    response: {
      ...mutated.response,
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(Object.keys(auditAnnotations).length > 0 ? { auditAnnotations } : {}),
    },
  }
}

/** The annotations of both webhooks; the lists of policies are put together. */
function both(first: AdmissionResponse['auditAnnotations'] = {},
  second: AdmissionResponse['auditAnnotations'] = {}): Readonly<Record<string, string>> {
  const policies = new Set([second, first].flatMap(({ policy }) => policy?.split(',') ?? []))
  return { ...first, ...second, ...(policies.size > 0 ? { policy: [...policies].join(',') } : {}) }
}

function patched(review: AdmissionReview, patch: string | undefined): AdmissionReview {
  if (patch === undefined) return review
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as PatchOperation[]
  return { ...review, request: { ...review.request, object: applyPatch(review.request.object, operations) } }
}
