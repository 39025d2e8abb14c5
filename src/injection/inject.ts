/**
 * Settings put into the variables of a container, whose command stays as it is: `PORT`, `WEB_CONCURRENCY`, GUNICORN_CMD_ARGS. Pure.
 *
 * An edit is read back before it is made: what every gunicorn of the container is started with then must be what it was, but for
 * the settings that it is about. Where that is not so, it is not made.
 */
import type { Edit } from '../edit.ts'
import type { Invocation, Surroundings } from '../inspect.ts'
import type { Container } from '../kubernetes/workload.ts'
import type { Terms } from '../rules/rule.ts'
import { Draft } from './draft.ts'
import { Review, type Wanted } from './read-back.ts'

export interface Injected<Key> {
  readonly edits: readonly Edit[]
  /** The fixes that the edits make. */
  readonly made: readonly Key[]
  /** Those that another one stands in the way of, until it is made. */
  readonly later: readonly Key[]
}

/** How often a container is read back. */
const mostAttempts = 3

/** Makes fixes in the variables of a container that have no known obstacle, as many as can be made. `all` are the invocations of the container. */
export function inject<Key>(container: Container, all: readonly Invocation[], wanted: readonly Wanted<Key>[], platform: Terms,
  surroundings?: Surroundings): Injected<Key> {
  let taken = wanted
  for (let attempts = 1;; attempts++) {
    const draft = new Draft(container, platform, all[0]?.releases ?? [])
    const outcomes = taken.map((one) => ({ one, outcome: draft.add(one.fix) }))
    const made = outcomes.filter(({ outcome }) => outcome === 'written').map(({ one }) => one)
    const wrong = new Review(draft, all, made, platform, surroundings).wrong()
    if (wrong.size === 0) {
      const later = outcomes.filter(({ outcome }) => outcome === 'later').map(({ one }) => one.key)
      return { edits: draft.edits(), made: made.map(({ key }) => key), later }
    }
    // What does not go well bit by bit is let be as a whole: a long script would be read again and again.
    taken = taken.filter((one) => (attempts < mostAttempts ? !wrong.has(one) : 'define' in one.fix))
  }
}
