/**
 * `sh -c SCRIPT`: which word is the script, and what else the shell is told.
 *
 * The option rules are those of the shells themselves: dash 0.5.12 (options.c), bash 5.2 (shell.c, parse_shell_options)
 * and busybox ash 1.35 (shell/ash.c), as test/conformance/shell.test.ts sees them.
 */
import type { Word } from './word.ts'

export type Dialect = 'sh' | 'bash'

export interface ShellOptions {
  /** Reads the profile first, which may set any variable. */
  readonly login: boolean
  /** Reads start-up files or prompts: `-i`. */
  readonly interactive: boolean
  readonly errexit: boolean
  readonly nounset: boolean
  readonly noglob: boolean
  readonly allexport: boolean
  /** Reads the script and runs none of it: `-n`. */
  readonly noexec: boolean
}

export interface ShellScript {
  /** The index, in the words, of the script's text. */
  readonly script: number
  readonly dialect: Dialect
  /** `$0`, `$1`, …: what comes after the script. */
  readonly parameters: readonly Word[]
  readonly options: ShellOptions
}

const dialects: ReadonlyMap<string, Dialect> = new Map([
  ['sh', 'sh'], ['dash', 'sh'], ['ash', 'sh'], ['bash', 'bash'], ['rbash', 'bash'],
])

/** Single-letter options with no value, by dialect. What is not here makes the shell stop, or do what cannot be told. */
const letters: Readonly<Record<Dialect, string>> = { sh: 'aCefiIlmnuvxbE', bash: 'abefhiklmnprtuvxBCDEHPT' }

/** bash's long options (shell.c, long_args); those with a value take it from the next word. */
const longFlags = new Set([
  'debug', 'debugger', 'dump-po-strings', 'dump-strings', 'login', 'noediting', 'noprofile', 'norc', 'posix', 'pretty-print', 'restricted', 'verbose',
])
const longWithValue = new Set(['init-file', 'rcfile'])

/** Long names of options for `-o`. */
const named: ReadonlyMap<string, keyof ShellOptions> = new Map([
  ['errexit', 'errexit'], ['nounset', 'nounset'], ['noglob', 'noglob'], ['allexport', 'allexport'], ['noexec', 'noexec'],
])
const lettered: ReadonlyMap<string, keyof ShellOptions> = new Map([
  ['e', 'errexit'], ['u', 'nounset'], ['f', 'noglob'], ['a', 'allexport'], ['n', 'noexec'], ['l', 'login'], ['i', 'interactive'],
])

/**
 * Reads the words of a command that starts a shell with `-c`. Null for any other command, for a shell that runs a file, and
 * where an unknown word hides which word is the script.
 */
export function shellScript(words: readonly Word[]): ShellScript | null {
  const name = words[0]
  if (name?.value == null || name.splits) return null
  const shell = name.value.slice(name.value.lastIndexOf('/') + 1)
  const applet = shell === 'busybox' ? words[1] : name
  if (applet?.value == null || applet.splits || (applet !== name && applet.value === 'bash')) return null
  const dialect = dialects.get(applet === name ? shell : applet.value)
  return dialect === undefined ? null : new Reader(words, dialect, applet === name ? 1 : 2).read()
}

class Reader {
  readonly #words: readonly Word[]
  readonly #dialect: Dialect
  #index: number
  #command = false
  readonly #options: { -readonly [Name in keyof ShellOptions]: boolean } = {
    login: false, interactive: false, errexit: false, nounset: false, noglob: false, allexport: false, noexec: false,
  }

  constructor(words: readonly Word[], dialect: Dialect, index: number) {
    this.#words = words
    this.#dialect = dialect
    this.#index = index
  }

  read(): ShellScript | null {
    if (this.#dialect === 'bash' && !this.#readLong()) return null
    for (;;) {
      const word = this.#words[this.#index]
      // Which word is the script hangs on every word up to it.
      if (word === undefined || word.splits) return null
      if (word.value === null ? !/^[^+-]/.test(word.prefix) : /^[+-]/.test(word.value)) {
        if (word.value === null) return null
        this.#index++
        // A lone `-`, as `--`, ends the options.
        if (word.value === '-' || word.value === '--') break
        if (!this.#readCluster(word.value)) return null
      } else break
    }
    const script = this.#words[this.#index]
    if (!this.#command || script === undefined || script.splits) return null
    return { script: this.#index, dialect: this.#dialect, parameters: this.#words.slice(this.#index + 1), options: this.#options }
  }

  /** bash's long options, which must come first, with one dash or two. False where bash would not get to a script. */
  #readLong(): boolean {
    for (;;) {
      const word = this.#words[this.#index]
      const name = word?.value == null || word.splits ? undefined : /^--?([a-z-]{2,})$/.exec(word.value)?.[1]
      if (name === undefined) return true
      if (longWithValue.has(name)) this.#index++
      else if (!longFlags.has(name)) return !word?.value?.startsWith('--')
      if (name === 'login') this.#options.login = true
      this.#index++
    }
  }

  /** `-euxo`, `+x`: letters, of which each `o` (and bash's `O`) takes a word of its own. */
  #readCluster(cluster: string): boolean {
    const on = cluster.startsWith('-')
    for (const letter of cluster.slice(1)) {
      if (letter === 'c' && on) this.#command = true
      else if (letter === 'o' || (letter === 'O' && this.#dialect === 'bash')) {
        const value = this.#words[this.#index++]
        if (value?.value == null || value.splits) return false
        const option = letter === 'o' ? named.get(value.value) : undefined
        if (option !== undefined) this.#options[option] = on
      } else if (letters[this.#dialect].includes(letter)) {
        const option = lettered.get(letter)
        if (option !== undefined) this.#options[option] = on
      } else return false
    }
    return true
  }
}
