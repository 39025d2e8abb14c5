/** Whether what a controller makes has been judged already, with what it is made of. */
import type { PolicySpec } from './gunicorn-policy.ts'

/**
 * True where a policy that governs what a controller makes governs what it makes it out of as well: by kind, and not by labels,
 * which differ.
 */
export function isReviewedAsOwner(match: PolicySpec['match'], makes: string, outOf: string): boolean {
  if (match?.kinds === undefined) return match?.workloadSelector === undefined
  return !match.kinds.includes(makes) || (match.kinds.includes(outOf) && match.workloadSelector === undefined)
}
