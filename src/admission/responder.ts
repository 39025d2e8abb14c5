import type { AdmissionAnswer, AdmissionReview } from '../kubernetes/review.ts'

/** What a webhook is asked for: to change an object, or to judge it. */
export type Operation = 'mutate' | 'validate'

/** What came of a review: let in as it is, changed, let in with warnings, turned away; or that the inspection failed. */
export type Outcome = 'allowed' | 'fixed' | 'warned' | 'denied' | 'fault'

/** The answer to a review, and what of it is counted. */
export interface Answer {
  readonly response: AdmissionAnswer
  readonly outcome: Outcome
  readonly findings: readonly { readonly rule: string; readonly action: string }[]
}

/**
 * Answers a review. Synchronous and pure: the same review has the same answer.
 *
 * It is asked where an object is to be created or updated; everything else is let in without it. It may throw, which
 * the server turns into the answer to an internal fault.
 */
export type Respond = (operation: Operation, review: AdmissionReview) => Answer
