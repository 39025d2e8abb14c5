/** Objects as an API server with both webhooks would let them in: patches are applied by a library that is not ours. */
import { applyPatch, type Operation } from 'rfc6902'
import { responder } from '../src/admission/respond.ts'
import type { AdmissionReview } from '../src/kubernetes/review.ts'
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
}

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
    const { response, findings } = this.#respond('mutate', review(object))
    if (!response.response.allowed) throw new Error('/mutate has denied')
    const { patch } = response.response
    const operations = patch === undefined ? [] : (JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[])
    const result = structuredClone(object)
    for (const error of applyPatch(result, operations)) if (error) throw error
    return { object: result, mended: [...new Set(findings.map(({ rule }) => rule))].sort() }
  }

  /** What `/validate` says of an object. */
  validated(object: object): Pick<Admitted, 'denied' | 'told'> {
    const { response, findings } = this.#respond('validate', review(object))
    const ids = (some: typeof findings): string[] => [...new Set(some.map(({ rule }) => rule))].sort()
    return { denied: response.response.allowed ? [] : ids(findings.filter(({ action }) => action === 'Deny')), told: ids(findings) }
  }

  admitted(object: object): Admitted {
    const mutated = this.mutated(object)
    return { ...mutated, ...this.validated(mutated.object) }
  }
}

const review = (object: object): AdmissionReview => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object },
})

/** A Pod with one container named `web`. */
export const podWith = (container: object, more: { readonly annotations?: Readonly<Record<string, string>>; readonly spec?: object } = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shop', ...(more.annotations ? { annotations: more.annotations } : {}) },
  spec: { ...more.spec, containers: [{ name: 'web', ...container }] },
})
