/** The other commands of the scripts through which a command is reached. Pure. */
import type { Command } from './command.ts'

/** A question that is asked of each command: it stands by itself, so that what it comes to is remembered. */
type Trait = (command: Command) => boolean

/** One script, without the command in it that leads further. */
interface Part {
  readonly commands: readonly Command[]
  readonly own: Command
}

/** How many commands of a script have a trait: each gunicorn of a script asks the same of all others. */
const counts = new WeakMap<readonly Command[], Map<Trait, number>>()

function countOf(commands: readonly Command[], trait: Trait): number {
  let known = counts.get(commands)
  if (!known) counts.set(commands, known = new Map())
  let count = known.get(trait)
  if (count === undefined) known.set(trait, count = commands.filter(trait).length)
  return count
}

/** Where the last command of a script that has a trait begins; -1 where none has. */
const lasts = new WeakMap<readonly Command[], Map<Trait, number>>()

function lastStart(commands: readonly Command[], trait: Trait): number {
  let known = lasts.get(commands)
  if (!known) lasts.set(commands, known = new Map())
  let last = known.get(trait)
  if (last !== undefined) return last
  last = -1
  for (const command of commands) if (command.start > last && trait(command)) last = command.start
  known.set(trait, last)
  return last
}

export class Beside {
  readonly #parts: readonly Part[]

  constructor(parts: readonly Part[]) {
    this.#parts = parts
  }

  /** The same with the other commands of a script that is reached through `own`. */
  within(commands: readonly Command[], own: Command): Beside {
    return new Beside([...this.#parts, { commands, own }])
  }

  /** Whether one of them has a trait. */
  some(trait: Trait): boolean {
    return this.#parts.some(({ commands, own }) => countOf(commands, trait) > (trait(own) ? 1 : 0))
  }

  /** The same without some that are known. */
  someExcept(trait: Trait, known: ReadonlySet<Command | undefined>): boolean {
    return this.some(trait) &&
      this.#parts.some(({ commands, own }) => commands.some((command) => command !== own && trait(command) && !known.has(command)))
  }

  /** Whether one of those that stand behind has a trait. */
  someAfter(trait: Trait): boolean {
    return this.#parts.some(({ commands, own }) => lastStart(commands, trait) > own.start)
  }

  /**
   * Whether a command stands behind, and is reached where the one that leads further fails.
   * @param last where the last of the commands that are asked for begins, by those of a script
   * @param isLookedFor whether a script looks for a program before it starts that: if it is not there, a shell goes on that else is replaced by it
   */
  someBehind(last: (commands: readonly Command[]) => number, isLookedFor: boolean): boolean {
    return this.#parts.some(({ commands, own }) => !own.background && (!own.exec || isLookedFor) && last(commands) > own.start)
  }
}

export const nothingBeside = new Beside([])
