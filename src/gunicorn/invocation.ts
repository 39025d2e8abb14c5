/**
 * Where in a command line gunicorn is started: by its own name, as a Python module, behind wrappers.
 */
import { Environment } from '../shell/environment.ts'
import type { Word } from '../shell/word.ts'
import type { Variables } from './settings.ts'
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

const noChanges: readonly Change[] = []
const nonePassed: readonly Passed[] = []

/** Looks through wrappers for the program that a command line starts in the end. */
export function startedBy(words: readonly Word[], from = 0): Started {
  let changes = noChanges
  let passed = nonePassed
  let at = from
  let isModule = false
  // The program to speak of where what it starts is none that is known.
  let program = from
  let last: Wrapper | undefined
  for (;;) {
    const word = words[at]
    const name = word?.value
    if (word === undefined || name === undefined) return { kind: 'unknown' }
    if (isModule || last?.isPython === true) {
      const isGunicorn = isModule ? name === 'gunicorn' || name === 'gunicorn.app.wsgiapp' : name?.endsWith('/gunicorn') === true
      if (isGunicorn) return { kind: 'gunicorn', index: at, changes, passed }
      const inner = isModule && name !== null && Object.hasOwn(pythonModules, name) ? pythonModules[name] : undefined
      if (inner === undefined) return { kind: 'program', index: program, changes, passed }
      last = inner
    } else {
      // `$VENV/bin/gunicorn`: the folder does not matter.
      const path = name ?? word.text.replace(/(?<!["'])["']+$/, '')
      const base = baseName(last?.namesEnvironment === true ? path.slice(path.indexOf(':') + 1) : path)
      if (base === 'gunicorn') return { kind: 'gunicorn', index: at, changes, passed }
      if (name === null) return { kind: 'unknown' }
      program = at
      last = isPython(base) ? pythonInterpreter : Object.hasOwn(wrappers, base) ? wrappers[base] : undefined
      if (last === undefined) return { kind: 'program', index: at, changes, passed }
    }
    const walk = new Walk(last, words, at + 1)
    if (!walk.arrives()) return { kind: 'program', index: program, changes, passed }
    if (walk.changes.length > 0) changes = [...changes, ...walk.changes]
    const stays = last.stays && !walk.execs
    if (last !== pythonInterpreter) passed = [...passed, { name: baseName(name ?? word.text), stays, passes: stays ? (last.passes ?? null) : null, grabs: walk.grabs }]
    const { command } = walk
    if (command !== undefined) return { kind: 'string', ...command, shell: walk.shell, parameters: walk.parameters, changes, passed }
    ;({ at, isModule } = walk)
  }
}

/** The way through a wrapper's own words. */
class Walk {
  at: number
  isModule = false
  execs = false
  grabs = false
  readonly changes: Change[] = []
  command: { readonly index: number; readonly offset: number; readonly reader: 'shell' | 'words' } | undefined
  /** The value of an option `-s` of `su` and its like. */
  shell: string | undefined
  parameters: readonly Word[] = []
  /** The options that a `--` ended. */
  #separated = false
  /** `-u USER`, with which `runuser` starts a command itself. */
  #hasUser = false
  /** Whether what the wrapper does by itself to the environment is undone. */
  #keeps = false
  readonly #wrapper: Wrapper
  readonly #words: readonly Word[]

  constructor(wrapper: Wrapper, words: readonly Word[], at: number) {
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
      case 'separator': {
        const index = this.#words.findIndex((word, at) => at >= this.at && word.value === '--')
        this.at = index + 1
        return index >= 0
      }
      case 'assignments':
        this.#assignments()
        return true
    }
  }

  /** Whether the command has no options, which the wrapper would take for its own. */
  #hasNoOptions(): boolean {
    this.grabs = true
    return this.#words.every(({ prefix, splits }, index) => index < this.at || !(splits || prefix.startsWith('-')))
  }

  #assignments(): void {
    for (;;) {
      const word = this.#words[this.at]
      const match = /^([A-Za-z_]\w*)=/.exec(word?.prefix ?? '')
      if (!match) return
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
      if (!this.#option(step, word!, text)) return false
      // The rest of the words are the command's own, where the command is one of them.
      if (this.command !== undefined) return true
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
  const after = (count: number, name: string): string | null | undefined => {
    const last = changes[count - 1]
    if (last === undefined) return variables(name)
    if (last.change === 'clears') return undefined
    if (last.change === 'loads') return null
    if (last.change === 'sets') return last.name === name ? last.value : after(count - 1, name)
    const before = after(count - 1, name)
    return before === undefined || last.names?.includes(name) === false ? before : null
  }
  return (name) => after(changes.length, name)
}

/** The same for the environment of a shell. */
export function changedEnvironment(changes: readonly Change[], environment: Environment): Environment {
  let changed = environment
  for (const one of changes) {
    if (one.change === 'clears') changed = new Environment()
    else if (one.change === 'loads') changed = new Environment([], false, true)
    else if (one.change === 'sets') changed = changed.with([[one.name, one.value]])
    else {
      const { names } = one
      const reset = [...changed.entries()].filter(([name, value]) => value !== undefined && names?.includes(name) !== false)
      changed = changed.with(reset.map(([name]) => [name, null]))
    }
  }
  return changed
}
