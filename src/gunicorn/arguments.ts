/**
 * A command line as argparse takes it apart, for one release (or several that agree on every option it names).
 * Source: CPython's `argparse.ArgumentParser._parse_known_args` and `_parse_optional`; Pythons 3.8 to 3.14 agree
 * on all that matters here.
 */
import { spend } from '../budget.ts'
import type { Word } from '../shell/word.ts'
import type { Option, Release } from './catalogue.ts'
import { parseInteger, repr } from './python-value.ts'

/** A value as it stands on the command line. */
export interface Argument {
  /** The text; null where it is unknown. */
  readonly text: string | null
  /** The known characters before the first unknown part. */
  readonly prefix: string
  readonly word: Word
  /** Where the value begins in the word's value: 0, or what stands before it (`--bind=`, `-b`). */
  readonly offset: number
}

/** An option on the command line, with what it takes. */
export interface Assignment {
  readonly option: Option
  readonly flag: string
  /** The word that the option stands in. */
  readonly word: Word
  /** Undefined for an option that takes no value, or did without one. */
  readonly argument: Argument | undefined
}

export interface ArgumentError {
  /** In argparse's own words. */
  readonly message: string
  readonly fault: 'setting' | 'value'
  readonly word: Word
  /** The setting whose value is at fault. */
  readonly setting: string | undefined
}

export interface Arguments {
  /**
   * What is set, in order. Null stands for a word that may be anything, options included: what was set before it
   * may have been set again.
   */
  readonly assignments: readonly (Assignment | null)[]
  /** The words of the first run of positional arguments: the application, and what gunicorn ignores. */
  readonly positionals: readonly Word[]
  /** True where a word that may be anything stands before or among the positional arguments. */
  readonly positionalsUnknown: boolean
  readonly errors: readonly ArgumentError[]
  /** The option that ends gunicorn at once, with exit status 0. */
  readonly exits: 'help' | 'version' | undefined
  /** The index of the word `--`, behind which all is positional; -1 where there is none. */
  readonly separator: number
}

/** What a word is before it is known what stands around it. */
type Role =
  | { readonly role: 'positional' | 'separator' | 'anything' }
  | { readonly role: 'option'; readonly option: Option; readonly flag: string; readonly explicit: Argument | undefined }
  | { readonly role: 'unrecognized' }
  | { readonly role: 'ambiguous'; readonly matches: readonly string[] }

const positional: Role = { role: 'positional' }
const anything: Role = { role: 'anything' }
const unrecognized: Role = { role: 'unrecognized' }
const separator: Role = { role: 'separator' }

const argument = (word: Word, offset: number): Argument => ({
  text: word.value === null ? null : word.value.slice(offset),
  prefix: word.prefix.slice(offset),
  word,
  offset,
})

/** `ArgumentParser._parse_optional`. */
function roleOf(word: Word, release: Release): Role {
  const text = word.prefix
  if (text === '') return word.value === null ? anything : positional
  if (text[0] !== '-') return positional
  const unknown = word.value === null
  if (text.length === 1) return unknown ? anything : positional
  return text[1] === '-' ? longRole(word, text, unknown, release) : shortRole(word, text, unknown, release)
}

function longRole(word: Word, text: string, unknown: boolean, release: Release): Role {
  const equals = text.indexOf('=')
  // Without the `=`, what follows the known part may make another name of it.
  if (unknown && equals < 0) return anything
  const match = release.long(equals < 0 ? text : text.slice(0, equals))
  if (match === null) return !unknown && text.includes(' ') ? positional : unrecognized
  if ('ambiguous' in match) return { role: 'ambiguous', matches: match.ambiguous }
  return { role: 'option', ...match, explicit: equals < 0 ? undefined : argument(word, equals + 1) }
}

function shortRole(word: Word, text: string, unknown: boolean, release: Release): Role {
  const flag = text.slice(0, 2)
  const option = release.exact(flag)
  if (option) {
    if (text.length === 2 && !unknown) return { role: 'option', option, flag, explicit: undefined }
    return { role: 'option', option, flag, explicit: argument(word, text[2] === '=' ? 3 : 2) }
  }
  if (unknown) return unrecognized
  if (/^-\d+$|^-\d*\.\d+$/.test(text)) return positional
  return text.includes(' ') ? positional : unrecognized
}

/**
 * The names by which releases may tell a command line apart: all that looks like an option.
 * Two releases that match each of them alike read the command line alike.
 */
export function optionNames(words: readonly Word[]): readonly string[] {
  const names: string[] = []
  for (const { prefix } of words) {
    if (prefix.length < 2 || prefix[0] !== '-') continue
    if (prefix[1] !== '-') {
      // A cluster may hold any short option: `-Dw4`.
      for (let i = 1; i < Math.min(prefix.length, 12); i++) names.push(`-${prefix[i]}`)
    } else if (prefix.length > 2) {
      const equals = prefix.indexOf('=')
      names.push(equals < 0 ? prefix : prefix.slice(0, equals))
    }
  }
  return names.length > 50 ? [...new Set(names)] : names
}

/** Takes the words after `gunicorn` apart. */
export function parseArguments(words: readonly Word[], release: Release): Arguments {
  return new Parser(words, release).parse()
}

/** More errors of a kind are not told: one is enough for gunicorn not to start. */
const mostErrors = 300

class Parser {
  readonly #words: readonly Word[]
  readonly #release: Release
  readonly #roles: Role[] = []
  readonly #assignments: (Assignment | null)[] = []
  readonly #errors: ArgumentError[] = []
  readonly #extras: Word[] = []
  #positionals: readonly Word[] | undefined
  #positionalsUnknown = false
  #uncertain = false
  #ambiguous = false
  #exits: Arguments['exits']
  #separator = -1

  constructor(words: readonly Word[], release: Release) {
    this.#words = words
    this.#release = release
  }

  parse(): Arguments {
    spend(this.#words.length * 0.5)
    this.#assignRoles()
    let at = 0
    while (at < this.#words.length && this.#exits === undefined) at = this.#takesWords(at) ? this.#positionalRun(at) : this.#option(at)
    if (this.#exits === undefined && this.#extras.length > 0 && !this.#uncertain && !this.#ambiguous) {
      // One error for each, so that each is shown where it stands.
      spend(Math.min(this.#extras.length, mostErrors))
      for (const word of this.#extras.slice(0, mostErrors))
        this.#errors.push({ message: `unrecognized arguments: ${word.value ?? word.text}`, fault: 'setting', word, setting: undefined })
    }
    return {
      assignments: this.#assignments,
      positionals: this.#positionals ?? [],
      positionalsUnknown: this.#positionalsUnknown,
      errors: this.#errors,
      exits: this.#exits,
      separator: this.#separator,
    }
  }

  #assignRoles(): void {
    for (const word of this.#words) {
      if (this.#separator >= 0) this.#roles.push(positional)
      else if (word.value === '--') {
        this.#separator = this.#roles.length
        this.#roles.push(separator)
      } else this.#roles.push(roleOf(word, this.#release))
    }
    const ambiguous = this.#roles.findIndex((role) => role.role === 'ambiguous')
    if (ambiguous >= 0) this.#ambiguity(ambiguous)
  }

  /** Python reports an ambiguous name before anything else, wherever it stands. */
  #ambiguity(index: number): void {
    const role = this.#roles[index]
    const word = this.#words[index]
    if (role?.role !== 'ambiguous' || !word || this.#roles.slice(0, index).includes(anything)) return
    const written = word.value ?? word.prefix
    const message = `ambiguous option: ${written} could match ${role.matches.join(', ')}`
    this.#ambiguous = true
    this.#errors.push({ message, fault: 'setting', word, setting: undefined })
  }

  #takesWords(at: number): boolean {
    const role = this.#roles[at]?.role
    return role === 'positional' || role === 'separator' || role === 'anything'
  }

  /** A run of positional arguments: the first one holds the application, a later one is not recognized. */
  #positionalRun(start: number): number {
    let end = start
    while (end < this.#words.length && this.#takesWords(end)) end++
    const first = this.#positionals === undefined
    const run: Word[] = []
    for (let at = start; at < end; at++) {
      const word = this.#words[at]
      const role = this.#roles[at]
      if (!word || role === separator) continue
      if (role === anything || (word.splits && word.value === null)) this.#unknownWord(first && run.length === 0)
      run.push(word)
    }
    if (first && run.length > 0) this.#positionals = run
    else if (!first) { for (const word of this.#words.slice(start, end)) this.#extras.push(word) }
    return end
  }

  #unknownWord(beforeApplication: boolean): void {
    this.#uncertain = true
    this.#assignments.push(null)
    if (beforeApplication) this.#positionalsUnknown = true
  }

  /** `told` is made for an error that is told. */
  #error(fault: ArgumentError['fault'], word: Word, option: Option, told: () => string): void {
    if (this.#uncertain || this.#errors.length >= mostErrors) return
    spend(1)
    this.#errors.push({ message: `argument ${option.flags.join('/')}: ${told()}`, fault, word, setting: option.name })
  }

  /** `consume_optional`: an option, or a cluster of them, with its value. Returns the index of the next word. */
  #option(at: number): number {
    const role = this.#roles[at]
    const word = this.#words[at]
    if (!word || !role) return at + 1
    if (role.role !== 'option') {
      if (role.role === 'unrecognized') this.#extras.push(word)
      return at + 1
    }
    let { option, flag, explicit } = role
    while (explicit && option.takes === 'none') {
      spend(0.5)
      // `-Dw4`: what follows a short option without a value is another short option.
      const next = explicit.prefix[0]
      const following: Option | undefined = next !== undefined && flag[1] !== '-' ? this.#release.exact(`-${next}`) : undefined
      if (!following) {
        const { text } = explicit
        if (text !== null) this.#error('value', word, option, () => `ignored explicit argument ${repr(text)}`)
        return at + 1
      }
      this.#assign(option, flag, word, undefined)
      if (this.#exits !== undefined) return at + 1
      option = following
      flag = `-${next}`
      const offset: number = explicit.offset + 1
      const rest = argument(word, offset)
      // Pythons before and after 3.12 disagree on whether `-Dw=4` drops the `=`.
      const undecided = rest.prefix[0] === '=' && following.takes !== 'none'
      explicit = rest.text === '' ? undefined : undecided ? { ...rest, text: null, prefix: '' } : rest
    }
    // Pythons before 3.13 take a glued `--` for no value.
    if (explicit?.text === '--' && option.type === 'str') explicit = { ...explicit, text: null, prefix: '' }
    if (explicit || option.takes === 'none') {
      this.#assign(option, flag, word, explicit)
      return at + 1
    }
    return this.#separateValue(at, option, flag, word)
  }

  #separateValue(at: number, option: Option, flag: string, word: Word): number {
    const next = this.#words[at + 1]
    const role = this.#roles[at + 1]
    // A word that may be anything is taken for the value that must stand here.
    if (next && (role === positional || (role === anything && option.takes === 'one'))) {
      this.#assign(option, flag, word, argument(next, 0))
      return at + 2
    }
    if (option.takes === 'one') this.#error('value', word, option, () => 'expected one argument')
    else if (role !== anything) this.#assign(option, flag, word, undefined)
    return at + 1
  }

  #assign(option: Option, flag: string, word: Word, value: Argument | undefined): void {
    spend(0.3)
    if (option.action === 'help' || option.action === 'version') {
      if (!this.#uncertain && this.#errors.length === 0) this.#exits = option.action
      return
    }
    const text = option.type === 'str' ? null : (value?.text ?? null)
    if (text !== null && option.type !== 'str' && convert(option.type, text) === undefined)
      this.#error('value', value?.word ?? word, option, () => `invalid ${option.type} value: ${repr(text)}`)
    this.#assignments.push({ option, flag, word, argument: value })
  }
}

/** What argparse makes of a number's text; undefined where it is none. */
export function convert(type: 'int' | 'auto_int', text: string): number | undefined {
  if (type === 'int') return parseInteger(text)
  // `gunicorn.config.auto_int`: a leading 0 is Python 2's octal.
  return parseInteger(/^0\p{Nd}/u.test(text) ? text.replace('0', '0o') : text, 0)
}

/** The value that a setting is given, unless it is empty: gunicorn then takes a file for not given. */
export function given(line: Arguments | undefined, name: string): Argument | undefined {
  const argument = line?.assignments.findLast((assignment) => assignment?.option.name === name)?.argument
  return argument?.text === '' ? undefined : argument
}

/**
 * The assignment of each setting that argparse keeps, and gunicorn validates: the last one. None where a word behind it
 * may be anything.
 */
export function lastOfEach(assignments: Arguments['assignments']): ReadonlyMap<string, Assignment> {
  const last = new Map<string, Assignment>()
  for (const assignment of assignments) {
    if (assignment === null) last.clear()
    else last.set(assignment.option.name, assignment)
  }
  return last
}
