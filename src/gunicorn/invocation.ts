/**
 * Where in a command line gunicorn is started: by its own name, as a Python module, behind wrappers.
 */
import { descend, spend } from '../budget.ts'
import { gunicornNames, isGunicorn } from '../gunicorn-name.ts'
import { Environment } from '../shell/environment.ts'
import { locatedIn, type Word } from '../shell/word.ts'
import type { Variables } from './settings.ts'
import { splitString } from './split-string.ts'
import { pythonInterpreter, pythonModules, wrappers, type EnvironmentChange, type Option, type Step, type Wrapper } from './wrappers.ts'

/** What a wrapper does to the environment, in order; `value` is null where it is unknown. */
export type Change =
  | { readonly change: 'clears' }
  | { readonly change: 'loads' }
  /** `names`: only these, where it is not all. */
  | { readonly change: 'resets'; readonly names?: readonly string[] }
  | { readonly change: 'sets'; readonly name: string; readonly value: string | null | undefined }

/** A wrapper on the way to what is started in the end. */
export interface Passed {
  /** Its name as a message gives it: `tini`, `poetry`. */
  readonly name: string
  readonly stays: boolean
  /** Whether a SIGTERM that it gets, where it stays, reaches what it starts; null where that is not known. */
  readonly passes: boolean | null
  /** True where an option behind the command would be the wrapper's, as no `--` stands between: there is none, and none may be added. */
  readonly grabs: boolean
}

interface Passage {
  readonly changes: readonly Change[]
  /** The wrappers, the outermost first. */
  readonly passed: readonly Passed[]
}

/** What a command line starts. */
export type Started =
  /** gunicorn: its own words are those from `index + 1` on. */
  | ({ readonly kind: 'gunicorn'; readonly index: number } & Passage)
  /** Another program: its name stands at `index`. A shell may be among them. */
  | ({ readonly kind: 'program'; readonly index: number } & Passage)
  /**
   * A command within one word: from character `offset` of the word at `index` on. A shell reads it, whose `$0` and so on are the
   * `parameters`; or it is taken apart by its quotes alone.
   */
  | ({
    readonly kind: 'string'
    readonly index: number
    readonly offset: number
    readonly reader: 'shell' | 'words'
    /** The shell, where it is named. */
    readonly shell: string | undefined
    readonly parameters: readonly Word[]
  } & Passage)
  /** It cannot be worked out. */
  | { readonly kind: 'unknown' }

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const isPython = (name: string): boolean => /^(python|pypy)(\d+(\.\d+)*)?$/.test(name)

/** The index of the last word that may be an option, worked out when it is asked for: wrappers behind one another all ask. */
function lastOptionOf(words: readonly Word[]): () => number {
  let index: number | undefined
  return () => {
    if (index === undefined) {
      spend(words.length / 50)
      index = words.findLastIndex(({ prefix, splits }) => splits || prefix.startsWith('-'))
    }
    return index
  }
}

/** Looks through wrappers for the program that a command line starts in the end. A string that a wrapper takes apart stays one. */
export function startedBy(words: readonly Word[], from = 0): Started {
  const found = walked(words, from)
  return found.kind === 'split' ? { kind: 'program', index: found.program, changes: found.changes, passed: found.passed } : found
}

/** A command line, with the strings of `env -S` taken apart. */
export interface Unfolded {
  readonly words: readonly Word[]
  /** For each of the words the index of the one that it was, or was part of; undefined where nothing was taken apart. */
  readonly origins: readonly number[] | undefined
  readonly started: Started
}

/** The same where such strings are taken apart. `variables` are those that the command line finds; asked for only where there is one. */
export function unfolded(words: readonly Word[], variables: () => Variables): Unfolded {
  let current = words
  let origins: readonly number[] | undefined
  for (let depth = 0;; depth++) {
    descend(depth)
    const found = walked(current, 0)
    if (found.kind !== 'split') return { words: current, origins, started: found }
    const { option, next, text, cluster } = found
    const split = splitString(text, changedVariables(found.changes, variables()))
    if (split === undefined)
      return { words: current, origins, started: { kind: 'program', index: found.program, changes: found.changes, passed: found.passed } }
    spend((current.length + split.length) / 10)
    const holder = current[next - 1]!
    const made = [...(cluster === '' ? [] : [{ value: cluster, prefix: cluster }]), ...split].map((word): Word => ({ ...holder, ...word,
      splits: false })
    )
    const was = (index: number): number => origins?.[index] ?? index
    origins = [...current.slice(0, option).map((_, index) => was(index)), ...made.map(() => was(next - 1)),
      ...current.slice(next).map((_, index) => was(next + index))]
    current = [...current.slice(0, option), ...made, ...current.slice(next)]
  }
}

/** A string that is to be taken apart, which comes before all that is told of a command line. */
interface Split extends Passage {
  readonly kind: 'split'
  /** Where the program stands whose option it is. */
  readonly program: number
  /** Where the option stands, and the first word behind its value. */
  readonly option: number
  readonly next: number
  /** The options in front of it in its own word. */
  readonly cluster: string
  readonly text: string
}

function walked(words: readonly Word[], from: number): Started | Split {
  const changes: Change[] = []
  const passed: Passed[] = []
  const lastOption = lastOptionOf(words)
  let at = from
  let isModule = false
  let glued: string | undefined
  // The program to speak of where what it starts is none that is known.
  let program = from
  let last: Wrapper | undefined
  for (;;) {
    spend(2)
    const word = words[at]
    const name = glued ?? word?.value
    if (word === undefined || name === undefined) return { kind: 'unknown' }
    if (isModule || last?.isPython === true) {
      if (isModule ? name === 'gunicorn' || name === 'gunicorn.app.wsgiapp' : name?.includes('/') === true && isGunicorn(name))
        return { kind: 'gunicorn', index: at, changes, passed }
      const inner = isModule && name !== null && Object.hasOwn(pythonModules, name) ? pythonModules[name] : undefined
      if (inner === undefined) return { kind: 'program', index: program, changes, passed }
      last = inner
    } else {
      // `$VENV/bin/gunicorn`: the folder does not matter.
      const path = name ?? locatedIn(word.text) ?? word.text.replace(/(?<!["'])["']+$/, '')
      const base = baseName(last?.namesEnvironment === true ? path.slice(path.indexOf(':') + 1) : path)
      if (gunicornNames.has(base)) return { kind: 'gunicorn', index: at, changes, passed }
      // Nor does it for `$VENV/bin/python`, or a wrapper.
      if (name === null && (!/\/[\w.-]+$/.test(path) || !(isPython(base) || Object.hasOwn(wrappers, base)))) return { kind: 'unknown' }
      program = at
      last = isPython(base) ? pythonInterpreter : Object.hasOwn(wrappers, base) ? wrappers[base] : undefined
      if (last === undefined) return { kind: 'program', index: at, changes, passed }
    }
    const walk = new Walk(last, words, at + 1, lastOption)
    const arrives = walk.arrives()
    if (walk.split !== undefined) return { kind: 'split', program, ...walk.split, changes, passed }
    if (!arrives) return { kind: 'program', index: program, changes, passed }
    for (const change of walk.changes) changes.push(change)
    const stays = last.stays && !walk.execs
    if (last !== pythonInterpreter)
      passed.push({ name: baseName(name ?? word.text), stays, passes: stays ? (last.passes ?? null) : null, grabs: walk.grabs })
    const { command } = walk
    if (command !== undefined) return { kind: 'string', ...command, shell: walk.shell, parameters: walk.parameters, changes, passed }
    ;({ at, isModule, glued } = walk)
  }
}

/** The way through a wrapper's own words. */
class Walk {
  at: number
  isModule = false
  /** The module, where it stands in one word with its option, at which the way ends then. */
  glued: string | undefined
  execs = false
  grabs = false
  readonly changes: Change[] = []
  command: { readonly index: number; readonly offset: number; readonly reader: 'shell' | 'words' } | undefined
  /** The value of an option `-s` of `su` and its like. */
  shell: string | undefined
  parameters: readonly Word[] = []
  /** The option whose value is to be taken apart before anything else is read. */
  split: Pick<Split, 'option' | 'next' | 'cluster' | 'text'> | undefined
  /** The options that a `--` ended. */
  #separated = false
  /** `-u USER`, with which `runuser` starts a command itself. */
  #hasUser = false
  /** Whether what the wrapper does by itself to the environment is undone. */
  #keeps = false
  readonly #wrapper: Wrapper
  readonly #words: readonly Word[]
  readonly #lastOption: () => number

  constructor(wrapper: Wrapper, words: readonly Word[], at: number, lastOption: () => number) {
    this.#lastOption = lastOption
    this.#wrapper = wrapper
    this.#words = words
    this.at = at
  }

  /** Goes on to the command; false where there is none, or none that can be seen. */
  arrives(): boolean {
    const { permutes, steps, environment, overwrites } = this.#wrapper
    if (permutes === true ? !this.#permuted(steps[0]!) : !steps.every((step) => this.#passes(step))) return false
    if (environment !== undefined && !this.#keeps) this.#change(environment, undefined)
    if (overwrites !== undefined) this.changes.push({ change: 'resets', names: overwrites })
    return this.command !== undefined || this.at < this.#words.length
  }

  #passes(step: Step): boolean {
    switch (step.kind) {
      case 'options':
        return this.#options(step)
      case 'subcommand':
        return step.names.includes(this.#words[this.at++]?.value ?? '')
      case 'operand':
        return this.at++ < this.#words.length
      case 'ended':
        return this.#separated || this.#hasNoOptions()
      case 'spared':
        this.grabs = true
        spend((this.#words.length - this.at) / 20)
        return this.#words.every(({ prefix, splits }, index) => index < this.at || (!splits && !step.options.test(prefix)))
      case 'separator': {
        let index = this.at
        while (index < this.#words.length && this.#words[index]?.value !== '--') index++
        spend((index - this.at) / 50)
        if (index === this.#words.length) return false
        this.at = index + 1
        return true
      }
      case 'assignments':
        this.#assignments()
        return true
    }
  }

  /** Whether the command has no options, which the wrapper would take for its own. */
  #hasNoOptions(): boolean {
    this.grabs = true
    return this.#lastOption() < this.at
  }

  #assignments(): void {
    for (;;) {
      const word = this.#words[this.at]
      const match = /^([A-Za-z_]\w*)=/.exec(word?.prefix ?? '')
      if (!match) return
      spend(1)
      const [head, name = ''] = match
      this.changes.push({ change: 'sets', name, value: word?.value?.slice(head.length) ?? null })
      this.at += 1
    }
  }

  #options(step: Extract<Step, { kind: 'options' }>): boolean {
    for (;;) {
      const word = this.#words[this.at]
      const text = word?.prefix ?? ''
      if (!text.startsWith('-') || (text === '-' && !(word?.value === '-' && step.known.has('-')))) return true
      if (word?.value === '--') {
        this.at += 1
        this.#separated = true
        return true
      }
      spend(1)
      if (!this.#option(step, word!, text)) return false
      // The rest of the words are the command's own, where the command is one of them.
      if (this.command !== undefined || this.glued !== undefined) return true
      if (this.split !== undefined) return false
    }
  }

  /** One word of options, with its value. */
  #option({ known, oneDash }: Extract<Step, { kind: 'options' }>, word: Word, text: string): boolean {
    const [, dashes = '', name = '', glued] = /^(-|--)([^-=][^=]*)?(=[^]*)?$/.exec(text) ?? []
    if (dashes === '--' || (oneDash && dashes === '-')) {
      const option = known.get(name)
      if (option === undefined || (name.length === 1 && !oneDash)) return false
      return this.#take(name, option, word, glued === undefined ? undefined : dashes.length + name.length + 1)
    }
    if (text === '-') return this.#take('-', known.get('-')!, word, undefined)
    const number = known.get('#')
    if (number !== undefined && /^-\d+$/.test(text) && word.value !== null) return this.#take('#', number, word, undefined)
    for (let at = 1; at < text.length; at++) {
      spend(1 / 4)
      const letter = text[at]!
      const option = known.get(letter)
      if (option === undefined) return false
      const isLast = at + 1 === text.length && word.value !== null
      if (option.value !== 'none') return this.#take(letter, option, word, isLast ? undefined : at + 1)
      // What cannot be seen may be another option.
      if (at + 1 === text.length && word.value === null) return false
      if (!this.#take(letter, option, word, undefined, at + 1 < text.length)) return false
    }
    return true
  }

  /** Takes an option; `offset` is where its glued value begins in its word. */
  #take(name: string, option: Option, word: Word, offset: number | undefined, goesOn = false): boolean {
    if (offset === undefined && word.value === null) return false
    if (option.isModule === true) this.isModule = true
    if (option.execs === true) this.execs = true
    const takesNext = option.value === 'next' && offset === undefined
    if (option.value === 'none' && offset !== undefined) return false
    const index = takesNext ? this.at + 1 : this.at
    const holder = this.#words[index]
    if (holder === undefined) return false
    const start = takesNext ? 0 : (offset ?? word.text.length)
    if (option.isModule === true && offset !== undefined) {
      if (holder.value === null) return false
      this.glued = holder.value.slice(start)
      return true
    }
    if (option.splits === true) {
      if (holder.value === null || holder.splits) return false
      const cluster = /^-[^-]/.test(word.prefix) ? word.prefix.slice(0, word.prefix.indexOf(name)) : ''
      this.split = { option: this.at, next: index + 1, cluster: cluster === '-' ? '' : cluster, text: holder.value.slice(start) }
      return true
    }
    if (option.command !== undefined) this.command = { index, offset: start, reader: option.command }
    else if (name === 'u' || name === 'user') this.#hasUser = true
    else if (name === 's' || name === 'shell') this.shell = holder.value?.slice(start)
    if (option.environment !== undefined) this.#change(option.environment, holder.value === null ? null : holder.value.slice(start))
    if (!goesOn) this.at = index + 1
    return true
  }

  #change(change: EnvironmentChange, value: string | null | undefined): void {
    if (change === 'keeps') {
      // `--preserve-env=LIST` keeps those alone that it names.
      if (value === undefined || value === '') this.#keeps = true
      return
    }
    if (change === 'unsets' || change === 'assigns') {
      if (value == null) this.changes.push({ change: 'loads' })
      else if (change === 'unsets') this.changes.push({ change: 'sets', name: value, value: undefined })
      else this.changes.push({ change: 'sets', name: value.replace(/=[^]*/, ''), value: value.slice(value.indexOf('=') + 1) })
    } else this.changes.push({ change })
  }

  /** Options that may stand anywhere, up to `--`; the rest are operands. */
  #permuted(step: Step): boolean {
    if (step.kind !== 'options') return false
    const operands: Word[] = []
    let first: number | undefined
    let command: Walk['command']
    while (this.at < this.#words.length && !this.#separated) {
      const before = this.at
      if (!this.#options(step)) return false
      command = this.command ?? command
      this.command = undefined
      if (this.#separated) break
      if (this.at === before) {
        spend(1 / 2)
        first ??= this.at
        operands.push(this.#words[this.at++]!)
      }
    }
    const rest = this.#words.slice(this.at)
    this.command = command
    if (command === undefined) {
      if (this.#separated) return this.#hasUser && operands.length === 0
      this.at = first ?? this.at
      return this.#hasUser && this.#hasNoOptions()
    }
    // Behind the user, or the file of `script`, stand what the shell gets as `$0` and so on.
    this.parameters = [...operands, ...rest].slice(1)
    return true
  }
}

/** What a program finds of variables where wrappers have changed them. */
export function changedVariables(changes: readonly Change[], variables: Variables): Variables {
  if (changes.length === 0) return variables
  const known = new Map<string, string | null | undefined>()
  return (name) => {
    if (!known.has(name)) known.set(name, changed(changes, name, variables))
    return known.get(name)
  }
}

function changed(changes: readonly Change[], name: string, variables: Variables): string | null | undefined {
  spend(changes.length / 50)
  // What sets the variable last, or all of them, and whether something behind it may have set it to something else.
  let isReset = false
  for (const one of changes.toReversed()) {
    let value: string | null | undefined
    if (one.change === 'resets') {
      isReset ||= one.names?.includes(name) !== false
      continue
    } else if (one.change === 'loads') value = null
    else if (one.change === 'sets') {
      if (one.name !== name) continue
      value = one.value
    }
    return isReset && value !== undefined ? null : value
  }
  const value = variables(name)
  return isReset && value !== undefined ? null : value
}

/** The same for the environment of a shell. */
export function changedEnvironment(changes: readonly Change[], environment: Environment): Environment {
  let base = environment
  // What is on top of it.
  const own = new Map<string, string | null | undefined>()
  let wasReset = false
  for (const one of changes) {
    spend(1 / 4)
    if (one.change === 'sets') {
      own.set(one.name, one.value)
      wasReset = false
    } else if (one.change === 'clears' || one.change === 'loads') {
      own.clear()
      base = one.change === 'clears' ? new Environment() : new Environment([], false, true)
    } else if (!wasReset) {
      const names = one.names ?? [...base.entries()].map(([name]) => name).concat(...own.keys())
      spend(names.length / 5)
      for (const name of names) {
        const isKnown = own.has(name) ? own.get(name) !== undefined : base.has(name) && base.get(name) !== undefined
        if (isKnown) own.set(name, null)
      }
      // A second time it comes to the same.
      wasReset = one.names === undefined
    }
  }
  return own.size === 0 ? base : base.with(own)
}
