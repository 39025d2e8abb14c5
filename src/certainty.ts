/**
 * Deny on evidence: what a policy would deny is denied only where the container fails whatever is there that Paddock does not see.
 * That is so for every release that its gunicorn may be of, and for every way that a script may take. Every denial of a rule goes
 * through here. Pure.
 */
import type { Invocation } from './inspect.ts'
import { isLasting } from './kubernetes/pod-fields.ts'
import { valueAt, type Container } from './kubernetes/workload.ts'
import type { Command } from './shell/command.ts'
import { isOverAtOnce, mayServe } from './shell/programs.ts'
import type { Problem } from './rules/rule.ts'

/** Why a problem is no evidence by itself, as the end of its message, which is empty where the message says it already; undefined where it is evidence. */
export function doubtAbout({ releases, doubt }: Problem, invocation: Invocation, isError: boolean): string | undefined {
  if (doubt !== undefined) return doubt
  // Not every release minds.
  if (releases) return ''
  if (invocation.runs !== 'maybe') return undefined
  if (invocation.isPartial) return 'if the container starts gunicorn'
  return invocation.command && !(isError && isStartedForEver(invocation)) ? unlessReached : undefined
}

const unlessReached = 'if the script reaches this command'

/**
 * Whether a container is started again however it ends, so that a script which ends without a server is no way to run it. Of kinds
 * that are not known, the controller may say otherwise than the template; and a hook may start what serves.
 */
function isStartedForEver({ workload, container: { written }, container }: Invocation): boolean {
  if (workload.pod === undefined || workload.kind.isForeign || !isLasting(workload, container)) return false
  const policy = valueAt(written, ['restartPolicy']) ?? valueAt(workload.pod.spec, ['restartPolicy']) ?? 'Always'
  return policy === 'Always' && valueAt(written, ['restartPolicyRules']) === undefined &&
    valueAt(written, ['lifecycle', 'postStart']) === undefined
}

/** Which containers of a workload may start although one of their gunicorns does not. */
export class Alternatives {
  /** How many of a container's gunicorns may serve. */
  readonly #serving = new Map<Container, number>()
  readonly #denied: ReadonlySet<Invocation>
  readonly #hiding = new Map<string, boolean>()
  /** Whether a command may serve and is no gunicorn that is seen. */
  readonly #mayServe = (command: Command): boolean => mayServe(command) && !this.#seen.has(command)
  /** The commands that are seen to start gunicorn. */
  readonly #seen: ReadonlySet<Command | undefined>

  /** `all` are the gunicorns of the workload, `denied` those that surely fail where they are run. */
  constructor(all: readonly Invocation[], denied: ReadonlySet<Invocation>) {
    this.#denied = denied
    this.#seen = new Set(all.map(({ command }) => command))
    for (const one of all) if (this.#serves(one)) this.#serving.set(one.container, (this.#serving.get(one.container) ?? 0) + 1)
  }

  /** Whether the script may do anything but start gunicorns that fail, and what it is done with at once. */
  #hasOtherWays(invocation: Invocation): boolean {
    const { beside, container, mayHaveOthers, parents } = invocation
    if (mayHaveOthers || (this.#serving.get(container) ?? 0) > 0) return true
    if (parents.some((parent) => parent.kind === 'shell' && this.#hides(parent.script))) return true
    return beside.someExcept(staysOrStarts, this.#seen)
  }

  /** Whether a script may start what is not seen; each is looked at once. */
  #hides(script: string): boolean {
    let known = this.#hiding.get(script)
    if (known === undefined) this.#hiding.set(script, known = hides.test(script))
    return known
  }

  #serves(invocation: Invocation): boolean {
    return invocation.settings.serves && !this.#denied.has(invocation)
  }

  /** What the container of a gunicorn may start in its place, as the end of a message; undefined where that is nothing. */
  to(invocation: Invocation): string | undefined {
    if (!invocation.command) return undefined
    if (invocation.runs === 'maybe') return this.#hasOtherWays(invocation) ? unlessReached : undefined
    if ((this.#serving.get(invocation.container) ?? 0) > (this.#serves(invocation) ? 1 : 0))
      return 'unless another gunicorn of the script starts'
    if (invocation.beside.someBehind(this.#mayServe,
      invocation.parents.some((parent) => parent.kind === 'shell' && looksForGunicorn.test(parent.script))))
      return 'unless what stands behind it serves in its place'
    if (!invocation.mayHaveOthers) return undefined
    if (invocation.beside.someExcept(isUnseen, this.#seen)) return 'unless the script starts another gunicorn'
    return isLast(invocation) ? undefined : 'unless the script starts another gunicorn behind it, where that cannot be seen'
  }
}

const staysOrStarts = (command: Command): boolean => !isOverAtOnce(command)

/** What may start a program that does not stand among the commands of a script. */
const hides = /\$\(|`|\(\(|[<>]\(|@P\}/

/** As in `command -v gunicorn && exec gunicorn …`. */
const looksForGunicorn = /\b(?:command[ \t]+-[vV]|which|type|hash)[ \t]+(?:[\w./-]*\/)?gunicorn/

/** What stands in front of gunicorn in an unknown way may be nothing, and what it stands in for where another is set, too: `${SERVER:-gunicorn}`. */
const isUnseen = ({ words }: Command): boolean => words[0]?.value === null && words.some(({ text }) => text.includes('gunicorn'))

/** Whether nothing runs after a gunicorn, in none of the scripts that it is started by. */
const isLast = ({ command, parents }: Invocation): boolean =>
  command?.ends === true && parents.every((parent) => parent.kind !== 'shell' || parent.command.ends)
