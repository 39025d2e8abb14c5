/** Images, as a webhook that serves asks for them: before a review is answered, and while it is. */
import { Budget, within } from '../budget.ts'
import type { AdmissionReview } from '../kubernetes/review.ts'
import { asksOf, type ImageAnswer } from '../images/asks.ts'
import type { Images } from '../images/images.ts'
import type { AskedImages } from './reading.ts'
import type { ImagesFor, Judged } from './respond.ts'
import type { Operation } from './responder.ts'
import { bringsObject } from './review.ts'

interface AskedPolicies {
  lookUp(namespace: string): Promise<void> | undefined
  readonly needsImages: boolean
}

/** Steps that finding out which images a review is about may take: those of an ordinary one are below a hundred. */
const mostSteps = 2_000
/** Milliseconds that a review in the thread waits for images: it has a limit of its own. */
const mostInThread = 750

export class LiveImages {
  readonly #images: Images | undefined
  readonly #policies: AskedPolicies
  readonly #judged: (operation: Operation, review: AdmissionReview) => Judged | undefined

  /** @param images undefined where nothing may look into images */
  constructor(images: Images | undefined, policies: AskedPolicies,
    judged: (operation: Operation, review: AdmissionReview) => Judged | undefined) {
    this.#images = images
    this.#policies = policies
    this.#judged = judged
  }

  /** Labels of the namespace first: they tell which policies govern it. Never rejects. */
  readonly prepare = (review: AdmissionReview, operation: Operation, most: number): Promise<void> | undefined => {
    const labels = this.#policies.lookUp(review.request.namespace ?? '')
    if (!this.#images || !this.#policies.needsImages || !bringsObject(review.request)) return labels
    return labels ? labels.then(() => this.#prepareImages(review, operation, most)) : this.#prepareImages(review, operation, most)
  }

  #prepareImages(review: AdmissionReview, operation: Operation, most: number): Promise<void> | undefined {
    try {
      return within(new Budget(mostSteps), () => {
        const judged = this.#judged(operation, review)
        if (judged?.policy.dependencies.images !== 'Always') return undefined
        return this.#images?.prepare(asksOf(judged.workload, review.request.namespace ?? ''), judged.policy.dependencies, most)
      })
    } catch {
      // What it cannot be read for is told by who answers it.
      return undefined
    }
  }

  readonly imagesFor: ImagesFor = (workload, namespace, { dependencies }) => {
    if (!this.#images) return () => notAllowed
    return this.#images.known(workload, namespace, dependencies)
  }

  readonly ofThread = async ({ images, dependencies }: AskedImages): Promise<readonly ImageAnswer[]> => {
    if (!this.#images) return images.map(() => notAllowed)
    await this.#images.prepare(images, dependencies, mostInThread)
    return this.#images.answers(images, dependencies)
  }
}

const notAllowed = 'this webhook may not look into images: images.enabled of its chart is not set'
