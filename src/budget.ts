/**
 * What reading one object may cost: counted, never timed, so that the same object has the same answer everywhere. Every reader
 * draws from it (shell, Kubernetes expansion, options, Python, YAML, requirements, rules), whatever construct it is in. Where it
 * ends, what is left is unread, which is told by the rule `unread-command`.
 *
 * The budget at hand is a variable of this file and no parameter: reading is synchronous, and a reader that nobody hands a
 * budget to is the one that has no bound. `docs/decisions/0041-one-budget.md` says more.
 */

/** Steps that reading one object may take. A step is about a microsecond of a processor of 2026. */
export const mostSteps = 40_000

/** How deep constructs are followed into each other, be they of a shell, of Python or of Kubernetes. */
const deepestNesting = 100

/** What one reading may cost. */
export class Budget {
  /** Steps that are left. */
  left: number
  /** True once something was left unread. */
  isSpent = false

  /** @param steps how many there are: `mostSteps`, or fewer for who wants to know soon whether that is enough */
  constructor(steps = mostSteps) {
    this.left = steps
  }
}

/** Thrown where reading ends before its end. Who reads container by container catches it, and says so. */
class Unread extends Error {
  override name = 'Unread'
}

const tooDeep = `what is nested is followed at most ${deepestNesting} deep`

let current: Budget | undefined

/** Runs what draws from a budget. */
export function within<Result>(budget: Budget, run: () => Result): Result {
  const former = current
  current = budget
  try {
    return run()
  } finally {
    current = former
  }
}

/** The same with the budget at hand, or with a new one where there is none. */
export function bounded<Result>(run: () => Result): Result {
  return current ? run() : within(new Budget(), run)
}

/**
 * Takes steps off the budget at hand. Where there is none, nothing bounds what is read: a library's own tests.
 * @throws {Unread} where they are not left
 */
export function spend(steps: number): void {
  if (!current) return
  current.left -= steps
  if (current.left < 0) unread(`at most ${mostSteps} steps are taken`)
}

/** What comes of a function, and the steps that it takes. */
export function measured<Result>(run: () => Result): { readonly result: Result; readonly steps: number } {
  return bounded(() => {
    const before = current?.left ?? 0
    const result = run()
    return { result, steps: before - (current?.left ?? 0) }
  })
}

/** @throws {Unread} for what is nested deeper than `deepestNesting` */
export function descend(depth: number): void {
  if (depth > deepestNesting) unread(tooDeep)
}

/**
 * Gives up reading what is at hand.
 * @param limit what of it is read at most, for a message: `at most 40000 steps are taken`
 */
export function unread(limit: string): never {
  if (current) current.isSpent = true
  throw new Unread(limit)
}

/** Why something was left unread; undefined for what was thrown for another reason. */
export function unreadReason(error: unknown): string | undefined {
  if (error instanceof Unread) return error.message
  // What no count foresaw: the stack has an end of its own.
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    if (current) current.isSpent = true
    return tooDeep
  }
  return undefined
}

/** True where the budget at hand has ended: what is left is not even looked at. */
export const isSpent = (): boolean => current !== undefined && current.left < 0

/** What is read; undefined where it is not read to its end, which is told elsewhere. */
export function unlessUnread<Result>(run: () => Result): Result | undefined {
  try {
    return bounded(run)
  } catch (error) {
    if (unreadReason(error) === undefined) throw error
    return undefined
  }
}
