import type { Status } from '../kubernetes/review.ts'

/**
 * meta/v1 `StatusReason`s by HTTP status code, as the API server pairs them.
 * Source: k8s.io/apimachinery/pkg/api/errors, pkg/apis/meta/v1/types.go.
 */
const reasons = {
  400: 'BadRequest',
  401: 'Unauthorized',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  // What k8s.io/apimachinery calls "the server thinks the headers are too large" has no reason of its own.
  431: 'BadRequest',
  500: 'InternalError',
} as const

export type Code = keyof typeof reasons

/** A Status as the body of an answer: the API server quotes its message to who made the request. */
export interface StatusObject extends Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Record<string, never>
}

/** A failure as a Kubernetes Status object. `code` is the HTTP status code it is sent with. */
export function failure(code: Code, message: string): StatusObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: reasons[code], code }
}
