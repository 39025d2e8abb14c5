/**
 * What a shell knows at one point of a script: variables, parameters, functions and options.
 */
import { spend } from '../budget.ts'
import { DerivedEnvironment, Environment } from './environment.ts'
import type { Syntax } from './syntax.ts'
import type { Word } from './word.ts'

/** A variable. */
export interface Variable {
  /** Null where it is unknown, undefined where it is unset. */
  readonly value: string | null | undefined
  /** Null where that is unknown. */
  readonly exported: boolean | null
  /** True where it is read-only; null where that is unknown. */
  readonly fixed: boolean | null
  /** What an array of bash holds, where it is known how many there are. */
  readonly elements?: readonly Element[]
  /** True where the value is unknown, but a whole number as shells write them. */
  readonly isNumber?: boolean
}

/** An element of an array: one word, as far as it is known. */
export type Element = Pick<Word, 'value' | 'prefix'>

const isSameArray = (one: readonly Element[] | undefined, other: readonly Element[] | undefined): boolean =>
  one === other ||
  (one?.length === other?.length &&
    one?.every(({ value, prefix }, index) => value === other?.[index]?.value && prefix === other.at(index)?.prefix) === true)

/** Whether a variable is a whole number for sure. */
export const isNumber = ({ value, isNumber: number = false }: Variable): boolean =>
  number || (value != null && /^-?(?:0|[1-9]\d{0,17})$/.test(value))

/**
 * Whether the shell gets here: `surely` where every command before succeeds, `maybe` where that depends on a condition,
 * `never` after an `exit`, an `exec` or the like.
 */
export type Reach = 'surely' | 'maybe' | 'never'

const anything: Variable = { value: null, exported: null, fixed: false }
const unset: Variable = { value: undefined, exported: false, fixed: false }
const none: ReadonlyMap<string, never> = new Map<string, never>()

/** `$0` where nothing says what it is. */
export const shellName: Word = { value: null, prefix: '', splits: false, text: '$0', start: 0, end: 0 }

/** Variables that a shell keeps for itself, whatever its environment says (dash, bash and busybox taken together). */
const kept = new Set((
  '_ IFS OPTIND OPTARG OPTERR PWD OLDPWD PPID LINENO SHLVL PS1 PS2 PS4 RANDOM SRANDOM SECONDS EPOCHSECONDS ' +
  'EPOCHREALTIME UID EUID GROUPS FUNCNAME FUNCNEST DIRSTACK HOSTTYPE MACHTYPE OSTYPE PIPESTATUS SHELLOPTS BASHOPTS ' +
  'HISTCMD COMP_WORDBREAKS COLUMNS LINES'
).split(' '))

/** Variables that a shell may set where its environment does not. */
const defaulted = new Set('PATH HOME SHELL TERM HOSTNAME LOGNAME USER MAILCHECK TZ'.split(' '))

/** Variables that a shell puts into the environment of its commands by itself. */
const given = ['PWD', 'OLDPWD', 'SHLVL', '_'] as const

/** A variable that stands before a command: `NAME=VALUE command`. */
export interface Assigned {
  readonly name: string
  readonly value: string | null
}

/** A function, with the script that it stands in. */
export interface Definition {
  readonly node: Syntax.Function
  readonly source: string
}

/** What reading one script may take, and what is the same wherever in it the shell is. */
export class Budget {
  /** Variables that are copied where ways part and meet; past it, every variable is unknown. */
  left = 200_000
  /** Characters that expansions bring; past it, they are unknown. */
  characters = 500_000
  /** Characters of loops and functions that are read once more, for each time that they run; past it, they are read once for all. */
  repeated = 50_000
  /** Characters that are read once more for a way that is followed apart; past it, ways are joined. */
  apart = 30_000
  /** Variables that do not keep what they are given: something else may set them at any time, or changes what they get. */
  readonly unsteady = new Set<string>()
  /** True once a variable may be another name of any variable: `declare -n`. */
  renamed = false
  /** The functions of the script, wherever they are defined. */
  readonly functions = new Set<string>()
}

export class Scope {
  readonly #outer: Environment
  readonly budget: Budget
  /** The variables that the script has touched. Copied before it is written to while another scope, or a command, holds it. */
  #variables: ReadonlyMap<string, Variable> = none
  #held = true
  /** True once every variable that was not touched since may be anything. */
  #lost = false
  /** The names that are functions for sure. Copied as the variables are. */
  #functions: ReadonlyMap<string, Definition> = none
  #holdsFunctions = false
  /** `$0`, `$1`, …: never empty; null where they are unknown. */
  parameters: readonly Word[] | null
  /** Whether IFS is what every shell starts with, `set -f`, `-a`, `-u` and `-e` are on: null where that is unknown. */
  plainIfs = true
  noglob: boolean | null = false
  allexport: boolean | null = false
  nounset: boolean | null = false
  errexit: boolean | null = false
  /** Where `getopts` goes on: the parameter, and the character in it, of the parameters that it began with. Null where that is unknown. */
  getopts: { readonly index: number; readonly offset: number; readonly of: readonly Word[] | null } | null = { index: 1, offset: 1,
    of: null }
  reach: Reach = 'surely'
  /** True once a read-only variable was to be set: dash ends there. */
  refused = false
  /** True where the shell only gets here after a command that failed. */
  afterFailure = false

  constructor(outer: Environment, parameters: readonly Word[] | null, budget: Budget) {
    this.#outer = outer
    this.budget = budget
    this.parameters = parameters
  }

  /** A scope of its own that starts as this one is. */
  copy(): Scope {
    const copy = new Scope(this.#outer, this.parameters, this.budget)
    this.#held = true
    copy.#variables = this.#variables
    copy.#lost = this.#lost
    this.#holdsFunctions = false
    copy.#functions = this.#functions
    copy.plainIfs = this.plainIfs
    copy.noglob = this.noglob
    copy.allexport = this.allexport
    copy.nounset = this.nounset
    copy.errexit = this.errexit
    copy.getopts = this.getopts
    copy.refused = this.refused
    copy.reach = this.reach
    copy.afterFailure = this.afterFailure
    return copy
  }

  /** What holds where the shell may have come from either scope. `reach` stays this one's. */
  join(other: Scope): void {
    if (other.#lost && !this.#lost) this.lose()
    if (this.#variables !== other.#variables) {
      spend((this.#variables.size + other.#variables.size) / 4)
      this.budget.left -= this.#variables.size + other.#variables.size
      if (this.budget.left <= 0) this.lose()
      for (const name of other.#variables.keys()) if (!this.#variables.has(name)) this.#join(name, other)
      for (const name of this.#variables.keys()) this.#join(name, other)
    }
    if (this.#functions !== other.#functions) {
      spend(this.#functions.size / 5)
      this.#holdsFunctions = false
      this.#functions = new Map([...this.#functions].filter(([name, { node }]) => other.#functions.get(name)?.node === node))
    }
    if (this.parameters !== other.parameters) this.parameters = null
    if (!other.plainIfs) this.plainIfs = false
    if (this.noglob !== other.noglob) this.noglob = null
    if (this.allexport !== other.allexport) this.allexport = null
    if (this.nounset !== other.nounset) this.nounset = null
    if (this.errexit !== other.errexit) this.errexit = null
    if (this.getopts !== other.getopts) this.getopts = null
  }

  /** The variables that are different in another scope, and `@` for the parameters; undefined where anything may be. */
  differences(other: Scope): string[] | undefined {
    if (this.#lost || other.#lost) return undefined
    const names = this.#variables === other.#variables ? [] : [...new Set([...this.#variables.keys(), ...other.#variables.keys()])]
    spend(names.length / 4)
    const different = names.filter((name) => {
      const [mine, theirs] = [this.variable(name), other.variable(name)]
      return mine.value !== theirs.value || !isSameArray(mine.elements, theirs.elements) || mine.isNumber !== theirs.isNumber
    })
    const [mine, theirs] = [this.parameters, other.parameters]
    const isSame = mine === theirs ||
      (mine?.length === theirs?.length && mine?.every((word, index) => word.value === theirs?.[index]?.value) === true)
    return isSame ? different : [...different, '@']
  }

  #join(name: string, other: Scope): void {
    const mine = this.variable(name)
    const theirs = other.variable(name)
    spend((mine.elements?.length ?? 0) / 20)
    if (isSameArray(mine.elements, theirs.elements) && mine.value === theirs.value && mine.isNumber === theirs.isNumber &&
      mine.exported === theirs.exported && mine.fixed === theirs.fixed) return
    this.#put(name, {
      value: mine.value === theirs.value ? mine.value : null,
      exported: mine.exported === theirs.exported ? mine.exported : null,
      fixed: mine.fixed === theirs.fixed ? mine.fixed : null,
      ...(isNumber(mine) && isNumber(theirs) ? { isNumber: true } : {}),
    })
  }

  variable(name: string): Variable {
    const touched = this.#variables.get(name)
    if (touched !== undefined) return touched
    if (this.#lost || kept.has(name)) return anything
    const value = this.#outer.get(name)
    if (value === undefined) return defaulted.has(name) ? anything : unset
    if (value === null && !this.#outer.has(name)) return anything
    return { value, exported: true, fixed: false }
  }

  /** The value of a variable; null where it is unknown, undefined where it is unset. */
  value(name: string): string | null | undefined {
    return this.variable(name).value
  }

  /** Sets a variable as `NAME=VALUE` does. */
  assign(name: string, value: string | null | undefined): void {
    const before = this.variable(name).exported
    const exported = before === true || this.allexport === true ? true : before === false ? this.allexport : null
    this.#write(name, { value: kept.has(name) ? null : value, exported, fixed: false })
  }

  /** Makes a variable an array. */
  assignElements(name: string, elements: readonly Element[]): void {
    const { fixed, exported } = this.variable(name)
    this.#write(name, kept.has(name) ? anything : { value: null, exported, fixed, elements })
  }

  /** Notes that what is not known of a variable is a whole number. */
  count(name: string): void {
    const variable = this.variable(name)
    if (variable.value === null && !kept.has(name)) this.#put(name, { ...variable, isNumber: true })
  }

  /** Gives a variable back what it was before a function made it its own. */
  restore(name: string, variable: Variable): void {
    this.#put(name, variable)
  }

  /** Sets a variable of a function. */
  assignLocal(name: string, value: string | null): void {
    this.#write(name, { value: kept.has(name) ? null : value, exported: null, fixed: false })
  }

  export(name: string, exported: boolean): void {
    this.#put(name, { ...this.variable(name), exported })
  }

  /** `readonly`. */
  fix(name: string): void {
    this.#put(name, { ...this.variable(name), fixed: true })
  }

  unset(name: string): void {
    this.#write(name, kept.has(name) ? anything : unset)
  }

  /** From here on the variable may be anything, but where it is read-only; with `mayFix` it may be read-only too. */
  forget(name: string, mayFix = false): void {
    const { fixed } = this.variable(name)
    if (fixed === true) return
    if (name === 'IFS') this.plainIfs = false
    this.#put(name, { ...anything, fixed: mayFix ? null : fixed })
  }

  /** From here on it may be anything, whatever it is given. */
  unsettle(name: string): void {
    this.budget.unsteady.add(name)
    this.forget(name)
  }

  /** From here on any variable may be another name of any other. */
  rename(): void {
    this.budget.renamed = true
    this.lose()
  }

  /** From here on everything may be anything. */
  lose(): void {
    this.#variables = none
    this.#held = true
    this.#lost = true
    this.parameters = null
    this.plainIfs = false
    this.noglob = null
    this.allexport = null
    this.nounset = null
    this.errexit = null
    this.getopts = null
    this.#functions = none
    this.#holdsFunctions = false
  }

  /** Sets a variable, unless it is read-only. */
  #write(name: string, variable: Variable): void {
    const { fixed } = this.variable(name)
    if (fixed !== false) this.refused = true
    if (fixed === true) return
    if (name === 'IFS') this.plainIfs = false
    this.#put(name, fixed === null || this.budget.renamed || this.budget.unsteady.has(name) ? { ...anything, fixed } : variable)
  }

  #put(name: string, variable: Variable): void {
    if (name === 'OPTIND') this.getopts = null
    if (this.budget.left <= 0) {
      if (!this.#lost || this.#variables.size > 0) this.lose()
      return
    }
    if (this.#held) {
      spend(this.#variables.size / 4)
      this.budget.left -= this.#variables.size + 1
      this.#variables = new Map(this.#variables)
      this.#held = false
    }
    ;(this.#variables as Map<string, Variable>).set(name, variable)
  }

  /** Whether a name is a function: null where that is unknown. */
  isFunction(name: string): boolean | null {
    return this.#functions.has(name) ? true : this.budget.functions.has(name) ? null : false
  }

  /** What a function does, where it is known. */
  definition(name: string): Definition | undefined {
    return this.#functions.get(name)
  }

  define(name: string, definition: Definition): void {
    this.budget.functions.add(name)
    spend(1)
    if (!this.#holdsFunctions) {
      spend(this.#functions.size / 4)
      this.budget.left -= this.#functions.size
      if (this.budget.left <= 0) return
      this.#functions = new Map(this.#functions)
      this.#holdsFunctions = true
    }
    ;(this.#functions as Map<string, Definition>).set(name, definition)
  }

  /** `unset -f`. */
  undefine(name: string): void {
    spend(this.#functions.size / 5)
    this.#holdsFunctions = false
    if (this.#functions.has(name)) this.#functions = new Map([...this.#functions].filter(([other]) => other !== name))
  }

  /** What a command gets that starts here, with its own assignments on top. It is worked out when it is asked for. */
  exports(own: readonly Assigned[]): Exports {
    this.#held = true
    return new Exports(this.#lost ? new Environment([], false, true) : this.#outer, this.#variables, own)
  }
}

/** The environment that a command gets, worked out once, when it is asked for. */
export class Exports {
  readonly #outer: Environment
  readonly #variables: ReadonlyMap<string, Variable>
  readonly #own: readonly Assigned[]
  #environment: Environment | undefined

  constructor(outer: Environment, variables: ReadonlyMap<string, Variable> = none, own: readonly Assigned[] = []) {
    this.#outer = outer
    this.#variables = variables
    this.#own = own
  }

  /** What is known where a command may get either. */
  static either(one: Exports, other: Exports): Exports {
    return new JoinedExports(one, other)
  }

  /** How many environments it comes from. */
  get count(): number {
    return 1
  }

  get environment(): Environment {
    return (this.#environment ??= this.make())
  }

  protected make(): Environment {
    const outer = this.#outer
    // An open environment says `unknown` of what it does not hold; a closed one has to be told what the shell adds.
    const corrected = outer.closed ? given : given.filter((name) => outer.has(name))
    if (this.#variables.size === 0 && this.#own.length === 0 && corrected.length === 0) return outer
    spend(1 + this.#own.length / 5)
    const own = new Map<string, string | null>([...corrected.map((name) => [name, null] as const),
      ...this.#own.map(({ name, value }) => [name, value] as const)])
    const first = new Set(this.#own.map(({ name }) => name))
    const variables = this.#variables
    const names = function*(): Iterable<string> {
      yield* variables.keys()
      yield* own.keys()
    }
    return new DerivedEnvironment(outer, names, (name) => {
      const variable = first.has(name) ? undefined : variables.get(name)
      if (variable === undefined) return own.has(name) ? { value: own.get(name) } : undefined
      return {
        value: variable.exported === false || variable.value === undefined ? undefined : variable.exported === null ? null : variable.value,
      }
    })
  }
}

/** How many environments are compared; what may be any of more is unknown. */
const mostJoined = 16

class JoinedExports extends Exports {
  readonly #one: Exports
  readonly #other: Exports
  readonly #count: number

  constructor(one: Exports, other: Exports) {
    super(new Environment())
    this.#one = one
    this.#other = other
    this.#count = Math.min(one.count + other.count, mostJoined + 1)
  }

  override get count(): number {
    return this.#count
  }

  protected override make(): Environment {
    if (this.#count > mostJoined) return new Environment([], false, true)
    const [one, other] = [this.#one.environment, this.#other.environment]
    const names = new Set([...one.entries(), ...other.entries()].map(([name]) => name))
    spend(names.size / 2)
    const value = (name: string): string | null | undefined => (one.get(name) === other.get(name) ? one.get(name) : null)
    return new Environment([...names].map((name) => [name, value(name)]), one.closed && other.closed, one.tampered || other.tampered)
  }
}
