/**
 * What a script is read as: its commands, each with the words and the environment that it gets.
 */
import type { Environment } from './environment.ts'
import type { Dialect, ShellOptions } from './invocation.ts'
import type { Refusal } from './refusal.ts'
import type { Exports } from './scope.ts'
import type { Word } from './word.ts'

/** `NAME=VALUE` before a command; `value` is null where it is unknown. */
export interface Assignment {
  readonly name: string
  readonly value: string | null
  readonly start: number
  readonly end: number
}

/** A simple command of a script. Offsets are UTF-16 offsets in the script, ends exclusive. */
export interface Command {
  /**
   * What the program gets, its name first, as far as it is known. A known unquoted expansion that becomes several words gives
   * several, which share `text`, `start` and `end`.
   */
  readonly words: readonly Word[]
  readonly assignments: readonly Assignment[]
  /** What it may get, where that is one of several lists of words that are known or all of them one after the other; undefined for `words`. */
  readonly alternatives?: readonly (readonly Word[])[] | undefined
  /** The environment that the program gets. */
  readonly environment: Environment
  /** From the first word or assignment to the last word. */
  readonly start: number
  readonly end: number
  /** Where words may be added, after a blank, so that they are this command's last words. */
  readonly insertAt: number
  /** `surely`: reached in every run of the script in which the commands before it succeed. */
  readonly runs: 'surely' | 'maybe'
  /** True where the builtin `exec` stood before the words, which are those after it and its options. */
  readonly exec: boolean
  readonly background: boolean
  /** What it runs in the background with: of that, what stands before it is over before it begins. Undefined also where that is not sure. */
  readonly job?: object | undefined
  /** True where it is part of a pipeline, or its output is a word of another command. */
  readonly piped: boolean
  /**
   * True where it is written within a word or in backquotes (`eval 'gunicorn app'`), so that what is put in at `insertAt` is read
   * twice: its quotes would not hold.
   */
  readonly embedded: boolean
  /** True where nothing of the script can run after it, and it runs in the shell's own process tree, not in a subshell. */
  readonly last: boolean
  /** The same, whether or not the script surely gets there. */
  readonly ends: boolean
  /** True where it has no redirection and is no part of a compound command: `if`, `case`, braces. */
  readonly bare: boolean
  /** The text of the here-document that is its standard input, if one is. */
  readonly input?: Word | undefined
}

export interface ScriptError {
  readonly message: string
  readonly start: number
  readonly end: number
}

export interface Script {
  readonly commands: readonly Command[]
  /** What bash cannot read, or not every `sh` alike. Commands on such a line, and after it, are `maybe`; some may be missing. */
  readonly errors: readonly ScriptError[]
  /** Why no shell takes it; undefined where one may. */
  readonly refusal?: Refusal | undefined
  /** True where a trap is set. Its commands are listed, as `maybe`, where they are written as one quoted word. */
  readonly traps: boolean
  /** True where it runs what cannot be seen: a file that is sourced, a text that `eval` gets from elsewhere. */
  readonly unread: boolean
}

export interface ScriptContext {
  readonly dialect: Dialect
  /** What the shell gets. */
  readonly environment: Environment
  /** `$0`, `$1`, …: of `sh -c SCRIPT NAME A B` the words `NAME A B`. */
  readonly parameters?: readonly Word[]
  /** What the shell was told on its command line. */
  readonly options?: Partial<ShellOptions>
}

/** How a command is written down. */
export type Written = Pick<Command, 'start' | 'end' | 'exec' | 'embedded' | 'bare' | 'input'>

/** A command that was found. What it gets is worked out when it is asked for. */
export class FoundCommand implements Command {
  readonly words: readonly Word[]
  readonly assignments: readonly Assignment[]
  readonly start: number
  readonly end: number
  readonly insertAt: number
  runs: 'surely' | 'maybe'
  readonly exec: boolean
  readonly background: boolean
  readonly job: object | undefined
  readonly piped: boolean
  embedded: boolean
  last: boolean
  ends: boolean
  readonly bare: boolean
  readonly input: Word | undefined
  readonly exports: Exports
  alternatives: readonly (readonly Word[])[] | undefined
  /** True where it is several runs that are not the same. */
  isMixed = false

  constructor(
    words: readonly Word[],
    assignments: readonly Assignment[],
    exports: Exports,
    { start, end, exec, embedded, bare, input }: Written,
    place: Pick<Command, 'background' | 'job' | 'piped'>,
    runs: 'surely' | 'maybe',
    ends: boolean,
  ) {
    this.words = words
    this.assignments = assignments
    this.exports = exports
    this.start = start
    this.end = end
    this.insertAt = end
    this.runs = runs
    this.exec = exec
    this.background = place.background
    this.job = place.job
    this.piped = place.piped
    this.embedded = embedded
    this.ends = ends
    this.last = ends && runs === 'surely'
    this.bare = bare
    this.input = input
  }

  get environment(): Environment {
    return this.exports.environment
  }
}
