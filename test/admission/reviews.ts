/** Reviews, and what a server answers, by the shapes that they have on the wire. */
import type { Respond } from '../../src/admission/responder.ts'
import type { AdmissionReview } from '../../src/kubernetes/review.ts'

export const allow: Respond = (operation, { request: { uid } }) => ({
  response: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } },
  outcome: operation === 'mutate' ? 'fixed' : 'warned',
  findings: [{ rule: 'missing-bind', action: operation === 'mutate' ? 'Fix' : 'Warn' }],
})

export const json = 'application/json; charset=utf-8'
export const refusal = (code: number, reason: string, message: string) => ({
  status: code,
  type: json,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
})
export const answer = (response: Record<string, unknown>) => ({
  status: 200,
  type: json,
  body: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response },
})

export const plain = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } as const

export function review(request: Record<string, unknown> = {}): AdmissionReview {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [] } }
  return { ...plain, request: { uid: 'abc-1', operation: 'CREATE', object, ...request } }
}

export function kinds(lines: readonly Record<string, unknown>[]): string[] {
  return [...new Set(lines.map(({ level, msg }) => [level, msg].join(' ')))]
}
