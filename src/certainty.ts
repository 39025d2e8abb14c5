/**
 * Deny on evidence: what a policy would deny is denied only where the container fails whatever is there that Paddock does not see.
 * That is so for every release that its gunicorn may be of, and for every way that a script may take. Every denial of a rule goes
 * through here. Pure.
 */
import { spend } from './budget.ts'
import type { Invocation } from './inspect.ts'
import type { Command } from './shell/command.ts'
import type { Problem } from './rules/rule.ts'

/** Why a problem is no evidence by itself, as the end of its message, which is empty where the message says it already; undefined where it is evidence. */
export function doubtAbout({ releases, doubt }: Problem, { command, runs }: Invocation): string | undefined {
  if (doubt !== undefined) return doubt
  // Not every release minds.
  if (releases) return ''
  return command && runs === 'maybe' ? 'if the script comes to this command' : undefined
}

/**
 * Why a container may start although one of its gunicorns does not; undefined where it does not. `all` are the gunicorns of the
 * workload, `denied` those that surely fail where they are run.
 */
export function mayStartOtherwise(invocation: Invocation, all: readonly Invocation[], denied: ReadonlySet<Invocation>): string | undefined {
  if (!invocation.command) return undefined
  spend(all.length / 20)
  if (all.some((other) => other !== invocation && other.container === invocation.container && other.settings.serves && !denied.has(other)))
    return 'unless another gunicorn of the script starts'
  // What stands in front of gunicorn in an unknown way may be nothing, and what it stands in for where another is set, too: `${SERVER:-gunicorn}`.
  const isUnseen = ({ words }: Command): boolean => words[0]?.value === null && words.some(({ text }) => text.includes('gunicorn'))
  if (invocation.mayHaveOthers && invocation.beside().some((command) => isUnseen(command) && !all.some((other) => other.command === command)))
    return 'unless the script starts another gunicorn'
  return invocation.mayHaveOthers && !isLast(invocation) ? 'unless the script starts another gunicorn behind it, where that cannot be seen' : undefined
}

/** Whether nothing runs after a gunicorn, in none of the scripts that it is started by. */
const isLast = ({ command, parents }: Invocation): boolean =>
  command?.ends === true && parents.every((parent) => parent.kind !== 'shell' || parent.command.ends)
