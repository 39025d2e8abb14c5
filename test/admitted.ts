/** Objects as an API server with both webhooks would let them in: patches are applied by a library that is not ours. */
import { applyPatch, type Operation } from 'rfc6902'
import { responder } from '../src/admission/respond.ts'
import type { AdmissionResponse, AdmissionReview } from '../src/kubernetes/review.ts'
import type { Finding } from '../src/finding.ts'
import { Policies, type PolicySpec } from '../src/policy/policies.ts'

/** What comes of a creation. */
export interface Admitted {
  /** As `/mutate` leaves it. */
  readonly object: object
  /** The rules that were told as mended. */
  readonly mended: readonly string[]
  /** The rules by which `/validate` denies it then; none where it lets it in. */
  readonly denied: readonly string[]
  /** The rules of which `/validate` speaks in any way. */
  readonly told: readonly string[]
  /** What is told as mended and found again. */
  readonly foundAgain: readonly string[]
}

const rulesOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ rule }) => rule))].sort()

/** What is told, without where it stands, which a fix may have moved, and why it is not mended. */
const toldBy = (findings: readonly Finding[]): string[] =>
  findings.map(({ container, field, message }) =>
    `${container}: ${message.slice(field.length).replace(/, and is not mended, .* \[/, ' [')}`
  )

/** An object's way by one policy. */
export class Admission {
  readonly #respond

  constructor(spec: PolicySpec) {
    const policies = new Policies([{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'p' }, spec }])
    if (policies.problems.length > 0) throw new Error(`the policy is broken: ${policies.problems.map(({ message }) => message).join('; ')}`)
    this.#respond = responder((workload) => policies.for(workload, {}, 0))
  }

  /** What `/mutate` makes of an object. Throws where the patch does not apply, as the API server would. */
  mutated(object: object): Pick<Admitted, 'object' | 'mended'> {
    const { object: result, findings } = this.#mutate(object)
    return { object: result, mended: rulesOf(findings) }
  }

  /** What `/validate` says of an object. */
  validated(object: object): Pick<Admitted, 'denied' | 'told'> {
    const { response, findings } = this.#review('validate', object)
    return { denied: response.allowed ? [] : rulesOf(findings.filter(({ action }) => action === 'Deny')), told: rulesOf(findings) }
  }

  admitted(object: object): Admitted {
    const { object: result, findings } = this.#mutate(object)
    const again = new Set(toldBy(this.#review('validate', result).findings))
    return { object: result, mended: rulesOf(findings), ...this.validated(result),
      foundAgain: toldBy(findings).filter((one) => again.has(one)) }
  }

  #mutate(object: object): { readonly object: object; readonly findings: readonly Finding[] } {
    const { response, findings } = this.#review('mutate', object)
    if (!response.allowed) throw new Error('/mutate has denied')
    const { patch } = response
    const operations = patch === undefined ? [] : (JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[])
    // As it comes over the wire: what is shared in memory is not shared there.
    const result = JSON.parse(JSON.stringify(object)) as object
    for (const error of applyPatch(result, operations)) if (error) throw error
    return { object: result, findings }
  }

  #review(operation: 'mutate' | 'validate',
    object: object): { readonly response: AdmissionResponse; readonly findings: readonly Finding[] } {
    const { response, findings } = this.#respond(operation, review(object))
    return { response: response.response, findings: findings as readonly Finding[] }
  }
}

const review = (object: object): AdmissionReview => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object },
})

/** A Pod with one container named `web`. */
export const podWith = (container: object,
  more: { readonly annotations?: Readonly<Record<string, string>>; readonly spec?: object } = {}): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'shop', ...(more.annotations ? { annotations: more.annotations } : {}) },
    spec: { ...more.spec, containers: [{ name: 'web', ...container }] },
  })
