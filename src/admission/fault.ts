import type { AdmissionAnswer, AdmissionResponse, AdmissionReview } from '../kubernetes/review.ts'
import type { Answer, Operation } from './responder.ts'

const warning = 'Paddock could not inspect this object because of an internal fault: see its log'

/** An answer to a review, as the API server wants it. */
function envelope(response: AdmissionResponse): AdmissionAnswer {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
}

/** The answer where there is no object to inspect: a deletion, a connection. */
export function uninspected(review: AdmissionReview): Answer {
  return { response: envelope({ uid: review.request.uid, allowed: true }), outcome: 'allowed', findings: [] }
}

/**
 * The answer to a review that an inspection failed on. To mend is no condition of being let in: what is to be turned away,
 * `/validate` is asked about.
 */
export function faulted(review: AdmissionReview, onFault: 'Allow' | 'Deny', operation: Operation): Answer {
  const { uid } = review.request
  const response: AdmissionResponse = onFault === 'Allow' || operation === 'mutate'
    ? { uid, allowed: true, warnings: [warning] }
    : { uid, allowed: false, status: { status: 'Failure', code: 500, reason: 'InternalError', message: warning } }
  return { response: envelope(response), outcome: 'fault', findings: [] }
}

/**
 * What of an exception may be logged: its class and where it was thrown.
 * Not its message, which may quote the object that it was thrown on.
 */
export function withoutContent(error: unknown): { readonly type: string; readonly stack: readonly string[] } {
  if (!(error instanceof Error)) return { type: typeof error, stack: [] }
  const stack = error.stack ?? ''
  const frames = stack.slice(stack.indexOf(error.message) + error.message.length).split('\n')
  return { type: error.name, stack: frames.map((frame) => frame.trim()).filter((frame) => frame.startsWith('at ')) }
}
