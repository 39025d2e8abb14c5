/** The other commands of the scripts through which a command is reached. Pure. */
import { spend } from '../budget.ts'
import type { Command } from './command.ts'

/** A question that is asked of each command: it stands by itself, so that what it comes to is remembered. */
type Trait = (command: Command) => boolean

/** One script, without the command in it that leads further. */
interface Part {
  readonly commands: readonly Command[]
  readonly own: Command
}

/** What is found out of a script's commands by a trait, once: each gunicorn of a script asks the same of all others. */
function remembered(find: (commands: readonly Command[], trait: Trait) => number): (commands: readonly Command[], trait: Trait) => number {
  const found = new WeakMap<readonly Command[], Map<Trait, number>>()
  return (commands, trait) => {
    let known = found.get(commands)
    if (!known) found.set(commands, known = new Map())
    let number = known.get(trait)
    if (number === undefined) known.set(trait, number = find(commands, trait))
    return number
  }
}

/** How many commands of a script have a trait. */
const countOf = remembered((commands, trait) => commands.filter(trait).length)

/** Where the last command of a script that has a trait begins; -1 where none has. */
const lastStart = remembered((commands, trait) =>
  commands.reduce((last, command) => (command.start > last && trait(command) ? command.start : last), -1)
)

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

  /** The same without those of a second trait that run in the background with the one that leads further, and are over before it begins. */
  someBut(trait: Trait, isOver: Trait): boolean {
    return this.some(trait) && this.#parts.some(({ commands, own }) => {
      const count = countOf(commands, trait) - (trait(own) ? 1 : 0)
      if (count === 0 || own.job === undefined) return count > 0
      spend(commands.length / 20)
      return count > commands.filter((one) => one.job === own.job && !one.piped && one.start < own.start && isOver(one)).length
    })
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
   * The same of one that is reached where the one that leads further fails.
   * @param isLookedFor whether a script looks for a program before it starts that: if it is not there, a shell goes on that else is replaced by it
   */
  someBehind(trait: Trait, isLookedFor: boolean): boolean {
    return this.#parts.some(({ commands, own }) => !own.background && (!own.exec || isLookedFor) && lastStart(commands, trait) > own.start)
  }
}

export const nothingBeside = new Beside([])
