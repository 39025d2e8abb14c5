/**
 * `sh -c SCRIPT`: which word is the script, and what else the shell is told.
 *
 * The option rules are those of the shells themselves: dash 0.5.12 (options.c), bash 5.2 (shell.c, parse_shell_options)
 * and busybox ash 1.35 (shell/ash.c), as test/conformance/shell.test.ts sees them.
 */
import { spend } from '../budget.ts'
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
  /** The index, in the words, of the script's text; the number of words where it comes from the standard input. */
  readonly script: number
  /** True where it comes from the standard input: what the script starts may read some of it. */
  readonly isInput: boolean
  readonly dialect: Dialect
  /** `$0`, `$1`, …: what comes after the script. */
  readonly parameters: readonly Word[]
  readonly options: ShellOptions
}

const dialects: ReadonlyMap<string, Dialect> = new Map([
  ['sh', 'sh'],
  ['dash', 'sh'],
  ['ash', 'sh'],
  ['bash', 'bash'],
  ['rbash', 'bash'],
])

/**
 * Letters of options with no value: those that any shell of the dialect takes. One that another shell refuses keeps it from
 * running anything. What is not here makes every shell stop, or do what cannot be told.
 */
const letters: Readonly<Record<Dialect, string>> = {
  sh: 'abefhiklmnpstuvxBCEHIPTV',
  bash: 'abefhiklmnprstuvxBCDEHPT',
}

/** bash's long options (shell.c, long_args), which come first; those with a value take it from the next word. */
// dprint-ignore: a list of words
const longFlags = new Set([
  'debug', 'debugger', 'login', 'noediting', 'noprofile', 'norc', 'posix', 'restricted', 'verbose',
])
const longWithValue = new Set(['init-file', 'rcfile'])

/** Names for `-o`: dash's, bash's and busybox's together. */
const names = new Set((
  'allexport braceexpand debug emacs errexit errtrace functrace hashall histexpand history ignoreeof interactive ' +
  'interactive-comments keyword monitor noclobber noexec noglob nolog notify nounset onecmd physical pipefail posix privileged ' +
  'stdin verbose vi xtrace'
).split(' '))

/** The options that change what a script means, or whether it runs. */
const telling: ReadonlyMap<string, keyof ShellOptions> = new Map([
  ['a', 'allexport'],
  ['e', 'errexit'],
  ['f', 'noglob'],
  ['i', 'interactive'],
  ['l', 'login'],
  ['n', 'noexec'],
  ['u', 'nounset'],
  ['allexport', 'allexport'],
  ['errexit', 'errexit'],
  ['noexec', 'noexec'],
  ['noglob', 'noglob'],
  ['nounset', 'nounset'],
])

/**
 * Reads the words of a command that starts a shell with `-c`; with `input`, of one that reads its script from its standard input
 * too. Null for any other command, for a shell that runs a file, and where an unknown word hides which word is the script.
 * @param from the word at which the command begins
 */
export function shellScript(words: readonly Word[], input = false, from = 0): ShellScript | null {
  const name = words[from]
  if (name?.value == null || name.splits) return null
  const shell = name.value.slice(name.value.lastIndexOf('/') + 1)
  const applet = shell === 'busybox' ? words[from + 1] : name
  if (applet?.value == null || applet.splits || (applet !== name && applet.value === 'bash')) return null
  const dialect = dialects.get(applet === name ? shell : applet.value)
  return dialect === undefined ? null : new Reader(words, from, dialect, from + (applet === name ? 1 : 2), input).read()
}

/** Whether a command starts a shell, whatever that is told to run. */
export function isShell([first]: readonly Word[]): boolean {
  const name = first?.value?.slice(first.value.lastIndexOf('/') + 1)
  return name === 'busybox' || (name !== undefined && dialects.has(name))
}

class Reader {
  readonly #words: readonly Word[]
  readonly #from: number
  readonly #dialect: Dialect
  #index: number
  #command = false
  #standard = false
  readonly #input: boolean
  readonly #options: { -readonly [Name in keyof ShellOptions]: boolean } = {
    login: false,
    interactive: false,
    errexit: false,
    nounset: false,
    noglob: false,
    allexport: false,
    noexec: false,
  }

  constructor(words: readonly Word[], from: number, dialect: Dialect, index: number, input: boolean) {
    this.#input = input
    this.#words = words
    this.#from = from
    this.#dialect = dialect
    this.#index = index
  }

  read(): ShellScript | null {
    if (this.#dialect === 'bash' && !this.#readLong()) return null
    for (;;) {
      const word = this.#words[this.#index]
      if (word === undefined && this.#input && !this.#command) break
      // Which word is the script depends on every word up to it.
      if (word === undefined || word.splits) return null
      if (!/^[+-]/.test(word.prefix)) {
        if (word.value === null && word.prefix === '') return null
        break
      }
      if (word.value === null) return null
      this.#index++
      // A lone `-`, as `--`, ends the options.
      if (word.value === '-' || word.value === '--') break
      if (word.value.startsWith('--') ? !this.#isBusyboxLong(word.value) : !this.#readCluster(word.value)) return null
    }
    const script = this.#words[this.#index]
    const rest = { dialect: this.#dialect, options: this.#options }
    if (this.#input && !this.#command && (this.#standard || script === undefined) && !this.#options.interactive) {
      const parameters = [...this.#words.slice(this.#from, this.#from + 1), ...this.#words.slice(this.#index)]
      return { ...rest, script: this.#words.length, isInput: true, parameters }
    }
    if (!this.#command || script === undefined || script.splits) return null
    return { ...rest, script: this.#index, isInput: false, parameters: this.#words.slice(this.#index + 1) }
  }

  /** bash's long options, with one dash or two. False where bash does something else than run a script. */
  #readLong(): boolean {
    for (;;) {
      const word = this.#words[this.#index]
      const name = word?.value == null || word.splits ? undefined : /^--?([a-z-]{2,})$/.exec(word.value)?.[1]
      if (name === undefined) return true
      if (longWithValue.has(name)) this.#index++
      // With one dash it is a cluster of letters.
      else if (!longFlags.has(name)) return word?.value?.startsWith('--') === false
      if (name === 'login') this.#options.login = true
      this.#index++
    }
  }

  /** busybox passes over what begins with two dashes; dash stops there, and so does bash as `sh` at most of them. */
  #isBusyboxLong(option: string): boolean {
    if (option === '--login') this.#options.login = true
    return this.#dialect === 'sh' && !longWithValue.has(option.slice(2))
  }

  /** `-euxo`, `+x`: letters, of which each `o` (and bash's `O`) takes a word of its own. */
  #readCluster(cluster: string): boolean {
    spend(cluster.length / 20)
    const on = cluster.startsWith('-')
    for (const letter of cluster.slice(1)) {
      if (letter === 'c') this.#command = true
      else if (letter === 's') this.#standard = true
      else if (letter === 'o' || (letter === 'O' && this.#dialect === 'bash')) {
        const value = this.#words[this.#index++]
        if (value?.value == null || value.splits || (letter === 'o' && !names.has(value.value))) return false
        if (letter === 'o') this.#set(value.value, on)
      } else if (letters[this.#dialect].includes(letter)) this.#set(letter, on)
      else return false
    }
    return true
  }

  #set(name: string, on: boolean): void {
    const option = telling.get(name)
    if (option !== undefined) this.#options[option] = on
  }
}
