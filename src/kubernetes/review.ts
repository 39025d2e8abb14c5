/** admission.k8s.io/v1, the fields that Paddock reads and writes. */

export interface AdmissionRequest {
  readonly uid: string
  readonly operation: string
  readonly namespace?: string
  readonly name?: string
  readonly object?: unknown
  /** On an update, the object as it is stored. */
  readonly oldObject?: unknown
  /** `ephemeralcontainers`; undefined for the object itself. */
  readonly subResource?: string
  /** Who asks. The API server always tells; a file need not. */
  readonly userInfo?: { readonly username?: string }
  readonly dryRun?: boolean
}

export interface AdmissionReview {
  readonly apiVersion: 'admission.k8s.io/v1'
  readonly kind: 'AdmissionReview'
  readonly request: AdmissionRequest
}

/** meta/v1 Status, as a denial carries it. */
export interface Status {
  readonly status: 'Failure'
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly details?: {
    readonly name?: string
    readonly kind?: string
    readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[]
  }
}

export interface AdmissionResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly status?: Status
  /** A JSON Patch, base64. */
  readonly patch?: string
  readonly patchType?: 'JSONPatch'
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

export interface AdmissionAnswer {
  readonly apiVersion: 'admission.k8s.io/v1'
  readonly kind: 'AdmissionReview'
  readonly response: AdmissionResponse
}

/** One operation of a JSON Patch (RFC 6902). */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
