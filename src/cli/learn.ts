/** What manifests tell of the workloads beside them: each text is read once, for all who want to know of it. */
import type { Path } from '../kubernetes/field.ts'
import { readObjects } from '../kubernetes/workload.ts'
import { readManifests } from '../yaml/manifests.ts'

/** Where an object is written. */
export interface Written {
  /** The file's, as messages name it. */
  readonly name: string
  readonly text: string
  /** From 0. */
  readonly document: number
  readonly path: Path
}

/** Who wants to know of some objects. */
export interface Learner {
  /** Found in each text that holds such an object; most texts hold none, and are not read. */
  readonly trace: RegExp
  /** Takes in an object, if it is of those. */
  learn(object: unknown, written: Written): void
}

export function learn(name: string, text: string, learners: readonly Learner[]): void {
  const asking = learners.filter(({ trace }) => trace.test(text))
  if (asking.length === 0) return
  for (const { value, index: document } of readManifests(text))
    for (const { item, path } of readObjects(value)) for (const learner of asking) learner.learn(item, { name, text, document, path })
}
