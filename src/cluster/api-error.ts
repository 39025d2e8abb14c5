/** What goes wrong between Paddock and an API server. */

/** What an API server answers instead of what it was asked for. */
export class ApiError extends Error {
  /** HTTP status code. */
  readonly code: number
  /** meta/v1 `StatusReason`: `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Gone`, `Expired`, …; may be empty. */
  readonly reason: string
  /** Milliseconds that the API server asks to wait before the next try. */
  readonly retryAfter: number | undefined
  /** Where a list can be taken up whose version is gone. */
  readonly continue: string | undefined

  constructor(
    message: string,
    code: number,
    reason: string,
    more: { retryAfter?: number | undefined; continue?: string | undefined } = {},
  ) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.reason = reason
    this.retryAfter = more.retryAfter
    this.continue = more.continue
  }
}

/** No answer came: the API server cannot be reached, does not answer in time, or the connection was lost. */
export class NoAnswer extends Error {
  /** The system's (`ECONNREFUSED`, `ECONNRESET`), or `ETIMEDOUT`. */
  readonly code: string

  constructor(message: string, code: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'NoAnswer'
    this.code = code
  }
}

/** Where the API server is, or who is asking, is not to be found. */
export class KubeconfigError extends Error {
  readonly code = 'KUBECONFIG'
}

/** The object was changed by somebody else, or a field is somebody else's (409 Conflict; not AlreadyExists). */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.reason === 'Conflict'

/** The name is taken. */
export const isTaken = (error: unknown): boolean => error instanceof ApiError && error.reason === 'AlreadyExists'

/** There is no such object, or no such resource. */
export const isMissing = (error: unknown): boolean => error instanceof ApiError && error.code === 404

/** The version that a watch or a list asked for is no longer kept. */
export const isExpired = (error: unknown): boolean => error instanceof ApiError && (error.code === 410 || error.reason === 'Expired')

/** meta/v1 Status, as far as it is read. Source: k8s.io/apimachinery/pkg/apis/meta/v1/types.go. */
interface Status {
  readonly message?: string
  readonly reason?: string
  readonly code?: number
  readonly metadata?: { readonly continue?: string }
  readonly details?: { readonly retryAfterSeconds?: number }
}

/**
 * The error that an answer is.
 * @param asked what was asked for, which the message begins with: `list deployments.apps`
 * @param code HTTP status code
 * @param body the answer: a Status, or what a proxy on the way had to say
 * @param retryAfter the header `Retry-After`, in seconds; as a date it is not looked at, which no API server sends
 */
export function apiError(asked: string, code: number, body: string | Status, retryAfter?: string): ApiError {
  const status = typeof body === 'string' ? statusOf(body) : body
  const seconds = Number(retryAfter ?? status.details?.retryAfterSeconds ?? NaN)
  return new ApiError(
    `${asked}: ${status.message ?? `the API server answered ${code}`}`,
    status.code ?? code,
    status.reason ?? '',
    {
      retryAfter: Number.isFinite(seconds) ? seconds * 1000 : undefined,
      continue: status.metadata?.continue,
    },
  )
}

function statusOf(body: string): Status {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // No JSON.
  }
  const text = body.trim().replaceAll(/\s+/g, ' ').slice(0, 200)
  return text === '' ? {} : { message: text }
}
