/**
 * Images, as a scan asks for them: with what a review has found out, or for itself, so that both say the same. A scan waits longer than a
 * review does, and not for ever: what is not known by then is unknown in this round, and its namespace is to be looked at again.
 */
import { bounded } from '../budget.ts'
import type { Case } from '../judge.ts'
import type { Workload } from '../kubernetes/workload.ts'
import type { Policy } from '../policy/policy.ts'
import { asksOf, pythonOf, surroundingsOf } from './asks.ts'
import type { Images } from './images.ts'

/** A workload that is to be judged. */
interface Scanned {
  readonly workload: Workload
  readonly policy: Policy
  readonly namespace: string
}

interface Patience {
  /** Milliseconds that the workloads that are asked for together are waited for. */
  readonly together: number
  /** Milliseconds that all of a round is waited for. */
  readonly round: number
}

const usualPatience: Patience = { together: 10_000, round: 60_000 }

export class ScannedImages {
  readonly #images: Pick<Images, 'prepare' | 'areKnown' | 'known'>
  readonly #patience: Patience
  #left = 0
  #behind = new Set<string>()

  constructor(images: Pick<Images, 'prepare' | 'areKnown' | 'known'>, patience = usualPatience) {
    this.#images = images
    this.#patience = patience
  }

  /** A round begins. */
  begin(): void {
    this.#left = this.#patience.round
    this.#behind = new Set()
  }

  /** Namespaces whose images were not all known in this round. */
  get behind(): ReadonlySet<string> {
    return this.#behind
  }

  /** Has the images of some workloads looked into: few enough that they may be asked for at once. Never rejects. */
  async learn(scanned: readonly Scanned[]): Promise<void> {
    const asked = scanned.flatMap((one) => {
      const { workload, policy: { dependencies }, namespace } = one
      if (dependencies.images !== 'Always') return []
      try {
        return [{ namespace, dependencies, asks: bounded(() => asksOf(workload, namespace)) }]
      } catch {
        // What it cannot be read for is told by who judges it.
        return []
      }
    })
    const began = performance.now()
    const most = Math.min(this.#patience.together, this.#left)
    // A timer may be early by a part of a millisecond.
    if (most >= 1) {
      await Promise.all(
        asked.flatMap(({ asks, dependencies }) => this.#images.prepare(asks, { ...dependencies, imageBudget: most }, most) ?? []),
      )
      this.#left -= performance.now() - began
    }
    for (const { asks, dependencies, namespace } of asked)
      if (!this.#images.areKnown(asks, dependencies)) this.#behind.add(namespace)
  }

  /** What is known of a workload: nothing where its policy has no images looked into. */
  known({ workload, policy, namespace }: Scanned): Pick<Case, 'python' | 'surroundings'> {
    if (policy.dependencies.images !== 'Always') return {}
    const images = this.#images.known(workload, namespace, policy.dependencies)
    return { python: pythonOf(workload, images), surroundings: surroundingsOf(images) }
  }
}
