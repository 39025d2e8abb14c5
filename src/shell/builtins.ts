/**
 * What the builtins of a shell do to its variables.
 */
import { spend } from '../budget.ts'
import { test } from './condition.ts'
import { shellName, type Scope } from './scope.ts'
import type { Word } from './word.ts'

export interface Effect {
  /** Whether it succeeds: null where that is unknown. */
  readonly status: boolean | null
  /** True for what POSIX calls a special builtin: assignments before it may stay. */
  readonly special?: boolean
  /** Where the shell goes no further here: it ends, with a failure, or goes on behind a loop or a function; or it may end. */
  readonly leaves?: 'script' | 'script with failure' | 'loop' | 'function' | 'maybe'
  /** True where names or pipelines mean something else from here on. */
  readonly alters?: boolean
}

const succeeds: Effect = { status: true }
const unknown: Effect = { status: null }
const special: Effect = { status: null, special: true }
const identifier = /^[A-Za-z_]\w*$/

/** Whether the arguments `NAME=VALUE` of a command are read as assignments. */
export function declares(name: string): boolean {
  return /^(export|readonly|local|declare|typeset|alias)$/.test(name)
}

/** Runs a builtin; undefined where the name is none that changes anything. */
export function runBuiltin(
  name: string,
  words: readonly Word[],
  scope: Scope,
  dialect: 'sh' | 'bash',
  inFunction: boolean,
): Effect | undefined {
  switch (name) {
    case ':':
      return { status: true, special: true }
    case 'true':
      return succeeds
    case 'false':
      return { status: false }
    case 'test':
      return { status: test(words.slice(1), dialect) }
    case '[':
      return { status: words.at(-1)?.value === ']' ? test(words.slice(1, -1), dialect) : null }
    case 'exit':
      return leave(words)
    case 'return':
      return { status: null, special: true, leaves: 'function' }
    case 'break':
    case 'continue':
      return { status: null, special: true, leaves: 'loop' }
    case 'export':
    case 'readonly':
    case 'local':
    case 'declare':
    case 'typeset':
      return declare(name, words, scope, dialect, inFunction)
    case 'unset':
      return unset(words, scope)
    case 'getopts':
      return getopts(words, scope, inFunction)
    case 'read':
    case 'mapfile':
    case 'readarray':
    case 'let':
      return forget(name, words, scope)
    case 'wait':
      return words[1]?.value?.startsWith('-') === true ? forget(name, words, scope) : unknown
    case 'printf':
      if (words[1] === undefined || (words[1].value ?? words[1].prefix) !== '' && !/^-(v|$)/.test(words[1].prefix)) return unknown
      return forget(name, words, scope)
    case 'set':
      return set(words, scope)
    case 'shift':
      return shift(words, scope, dialect)
    case '.':
    case 'source':
      if (activates(words)) return activate(scope)
      scope.lose()
      return special
    case 'alias':
      return dialect === 'sh' ? { status: null, alters: true } : unknown
    case 'shopt':
    case 'enable':
      return dialect === 'bash' ? { status: null, alters: true } : undefined
    default:
      return undefined
  }
}

/** What the activation scripts of venv, virtualenv and uv set, or unset. */
const activation = (
  'PATH VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME PKG_CONFIG_PATH TCL_LIBRARY TK_LIBRARY PS1 SCRIPT_PATH _OLD_VIRTUAL_PATH ' +
  '_OLD_VIRTUAL_PYTHONHOME _OLD_VIRTUAL_PS1 _OLD_PKG_CONFIG_PATH _OLD_VIRTUAL_TCL_LIBRARY _OLD_VIRTUAL_TK_LIBRARY'
).split(' ')

/** Whether a virtual environment is activated: by a file `bin/activate` with nothing behind it, and not one of conda's. */
function activates(words: readonly Word[]): boolean {
  const [, file] = words
  return words.length === 2 && file !== undefined && /^["']?[\w$~{}./-]*\/bin\/activate["']?$/.test(file.text) &&
    !/conda|mamba/i.test(file.text)
}

function activate(scope: Scope): Effect {
  for (const name of activation) scope.forget(name)
  // Functions that it defines, or may: nothing is known once one is called.
  scope.budget.functions.add('deactivate').add('pydoc')
  return special
}

function leave(words: readonly Word[]): Effect {
  const status = words[1]?.value
  const fails = typeof status === 'string' && /^[1-9]\d*$/.test(status)
  return { status: null, special: true, leaves: fails ? 'script with failure' : 'script' }
}

/** `export`, `readonly`, `local`, `declare`, `typeset`. */
function declare(builtin: string, words: readonly Word[], scope: Scope, dialect: 'sh' | 'bash', inFunction: boolean): Effect {
  let options = ''
  let status: boolean | null = true
  let index = 1
  for (; index < words.length; index++) {
    const value = words[index]?.value
    if (value == null || !/^[-+]./.test(value)) break
    if (value === '--') {
      index++
      break
    }
    options += value
  }
  const bare = builtin === 'local' || builtin === 'declare' || builtin === 'typeset'
  // dash stops at an option of another shell, and at `local` outside of a function.
  const stops = builtin === 'local' ? !inFunction : dialect === 'sh' && /[^-p]/.test(options)
  const plain = !stops && (builtin === 'export' ? options === '' || options === '-n' : options === '')
  // In bash: another name of a variable; what reckons, or changes letters, whenever it is given something.
  if (bare && options.includes('n')) scope.rename()
  const changes = bare && /[ilcu]/.test(options)
  for (const word of words.slice(index)) {
    const { value, prefix } = word
    const at = prefix.indexOf('=')
    const name = at < 0 ? (value ?? prefix) : prefix.slice(0, at)
    if (changes && identifier.test(name)) scope.unsettle(name)
    if (word.splits || !identifier.test(name) || (value === null && at < 0)) {
      // One that cannot be read may name any variable; an array or `NAME+=` names this one.
      if (/^[A-Za-z_]\w*(\+?=|\[)/.test(word.text) && !word.splits) scope.forget(/^\w+/.exec(word.text)?.[0] ?? name)
      else if (value === null) scope.lose()
      status = null
      continue
    }
    const assigned = value === null ? null : value.slice(at + 1)
    if (!plain || (dialect === 'sh' && bare && builtin !== 'local') || (bare && at < 0)) scope.forget(name)
    else if (bare) scope.assignLocal(name, assigned)
    else if (at >= 0) scope.assign(name, assigned)
    if (plain && builtin === 'export') scope.export(name, options !== '-n')
    if (plain && builtin === 'readonly') scope.fix(name)
    if (word.text.includes('(') || word.text.includes('`')) status = null
  }
  const effect = { status, special: builtin === 'export' || builtin === 'readonly' }
  return stops ? { ...effect, status: null, leaves: 'maybe' } : effect
}

function unset(words: readonly Word[], scope: Scope): Effect {
  let functions = false
  for (const { value, splits } of words.slice(1)) {
    if (value === null || splits) scope.lose()
    else if (value === '-f') functions = true
    else if (!identifier.test(value)) scope.forget(/^\w*/.exec(value)?.[0] || '_')
    else if (scope.isFunction(value) !== false) {
      scope.undefine(value)
      scope.forget(value)
    } else if (!functions && value !== '-v') scope.unset(value)
  }
  return { status: null, special: true }
}

/** What sets variables that are named in its words to what cannot be known. */
function forget(name: string, words: readonly Word[], scope: Scope): Effect {
  if (name === 'read') scope.forget('REPLY')
  if (name === 'mapfile' || name === 'readarray') scope.forget('MAPFILE')
  for (let index = 1; index < words.length; index++) {
    const { value = null, splits = false } = words[index] ?? {}
    if (value === null || splits) scope.lose()
    // `-p PROMPT` and the like.
    else if (name === 'read' && /^-[a-z]*[dinNptu]$/.test(value) && words[index + 1]?.splits === false) index++
    else for (const found of value.match(/[A-Za-z_]\w*/g) ?? []) scope.forget(found)
  }
  return unknown
}

/** `getopts OPTIONS NAME` over parameters that are known, as long as they are options that are meant. */
function getopts(words: readonly Word[], scope: Scope, inFunction: boolean): Effect {
  const [, first, second, ...others] = words
  const [options, name] = [first?.value ?? null, second?.value ?? null]
  const { getopts: state, parameters } = scope
  const isReadable = options !== null && /^:?(?:[A-Za-z0-9]:?)+$/.test(options) && name !== null && identifier.test(name) &&
    others.length === 0 && !inFunction
  const given = parameters?.every(({ value, splits }, index) => index === 0 || (value !== null && !splits)) === true ? parameters : null
  if (!isReadable || given === null || state === null || (state.of !== null && state.of !== given)) {
    scope.getopts = null
    scope.forget('OPTARG')
    return forget('getopts', words, scope)
  }
  spend(1)
  const text = given[state.index]?.value ?? ''
  const isEnd = state.offset === 1 && (!/^-./.test(text) || text === '--')
  scope.assign(name, isEnd ? '?' : text.charAt(state.offset))
  if (isEnd) {
    const index = state.index + (text === '--' ? 1 : 0)
    scope.forget('OPTARG')
    scope.restore('OPTIND', { value: String(index), exported: false, fixed: false })
    scope.getopts = { index, offset: 1, of: given }
    return { status: false }
  }
  const at = options.indexOf(text.charAt(state.offset), options.startsWith(':') ? 1 : 0)
  const takes = options.charAt(at + 1) === ':'
  const rest = text.slice(state.offset + 1)
  const value = !takes ? undefined : rest !== '' ? rest : given[state.index + 1]?.value
  if (at < 0 || text.charAt(state.offset) === ':' || (takes && value == null)) {
    scope.getopts = null
    scope.forget('OPTARG')
    scope.forget(name)
    return unknown
  }
  scope.restore('OPTARG', { value: takes ? value : null, exported: false, fixed: false })
  scope.forget('OPTIND')
  scope.getopts = !takes && rest !== '' ? { ...state, offset: state.offset + 1, of: given }
    : { index: state.index + (takes && rest === '' ? 2 : 1), offset: 1, of: given }
  return succeeds
}

/**
 * `read` of bash from a known here-string of one line, with IFS as every shell starts with it: `read -r A B`, `read -ra LIST`.
 * False where it does more than that.
 */
export function readKnown(words: readonly Word[], text: string, scope: Scope): boolean {
  const names: string[] = []
  let list = false
  let raw = false
  for (const { value, splits } of words.slice(1)) {
    if (value === null || splits) return false
    if (/^-[ra]+$/.test(value) && names.length === 0) {
      list ||= value.includes('a')
      raw ||= value.includes('r')
      // The name of the list follows at once.
      if (value.includes('a') && !value.endsWith('a')) return false
    } else if (identifier.test(value)) names.push(value)
    else return false
  }
  const [first] = names
  if (first === undefined || !scope.plainIfs || text.includes('\n') || (!raw && text.includes('\\')) || (list && names.length > 1))
    return false
  spend(1 + text.length / 50)
  const trimmed = text.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '')
  if (list) {
    scope.assignElements(first, trimmed === '' ? [] : trimmed.split(/[ \t]+/).map((value) => ({ value, prefix: value })))
    return true
  }
  let rest = trimmed
  for (const [index, name] of names.entries()) {
    const end = index === names.length - 1 ? rest.length : rest.search(/[ \t]|$/)
    scope.assign(name, rest.slice(0, end))
    rest = rest.slice(end).replace(/^[ \t]+/, '')
  }
  return true
}

/** `set -- A B`, `set -a`, `set +f`, `set -o NAME`. */
function set(words: readonly Word[], scope: Scope): Effect {
  // Options that change how the rest is read, or whether it runs.
  let odd = false
  let index = 1
  for (; index < words.length; index++) {
    const word = words[index]
    const value = word?.value
    if (word === undefined || value == null || word.splits) {
      if (word !== undefined && !word.splits && /^[^-+]/.test(word.prefix)) break
      scope.parameters = null
      scope.noglob =
        scope.allexport =
        scope.nounset =
        scope.errexit =
          null
      return { ...special, leaves: 'maybe' }
    }
    if (value === '--' || value === '-') {
      spend(words.length / 50)
      scope.parameters = [scope.parameters?.[0] ?? shellName, ...words.slice(index + 1)]
      return { status: true, special: true }
    }
    if (!/^[-+]/.test(value)) break
    const on = value.startsWith('-')
    for (const letter of value.slice(1)) {
      const option = letter === 'o' ? (words[++index]?.value ?? '') : letter
      if (option === 'a' || option === 'allexport') scope.allexport = on
      else if (option === 'f' || option === 'noglob') scope.noglob = on
      else if (option === 'e' || option === 'errexit') scope.errexit = on
      else if (option === 'u' || option === 'nounset') scope.nounset = on
      else if (option === 'n' || option === 'noexec' || option === 'k' || option === 'keyword' || option === 'posix') odd = true
    }
  }
  if (index < words.length) scope.parameters = [scope.parameters?.[0] ?? shellName, ...words.slice(index)]
  return odd ? { status: true, special: true, leaves: 'maybe' } : { status: true, special: true }
}

function shift(words: readonly Word[], scope: Scope, dialect: 'sh' | 'bash'): Effect {
  const count = words[1] === undefined ? '1' : words[1].value
  const { parameters } = scope
  if (parameters === null) return special
  spend(parameters.length / 50)
  const unsure = words[1]?.splits === true || parameters.some((word) => word.splits)
  if (count === null || !/^\d{1,6}$/.test(count) || unsure) {
    scope.parameters = null
    return { ...special, leaves: 'maybe' }
  }
  // More than there are: an error, which ends dash. Elsewhere all stay.
  if (Number(count) > parameters.length - 1) return dialect === 'bash' ? { status: false, special: true } : { ...special, leaves: 'maybe' }
  scope.parameters = [...parameters.slice(0, 1), ...parameters.slice(1 + Number(count))]
  return { status: true, special: true }
}

/** How many words `exec`, which stands at `from`, and its options are, and whether it empties the environment. */
export function execOptions(words: readonly Word[], from = 0): { count: number; emptied: boolean } {
  let emptied = false
  let index = from + 1
  for (; index < words.length; index++) {
    const value = words[index]?.value
    if (value == null || !/^-[acl]*-?/.test(value) || !value.startsWith('-') || value === '-') break
    if (value === '--') return { count: index + 1 - from, emptied }
    const match = /^-([cl]*)(a?)(.*)$/s.exec(value)
    if (match === null || (match[2] === '' && match[3] !== '')) break
    if (match[1]?.includes('c') === true) emptied = true
    if (match[2] === 'a' && match[3] === '') index++
  }
  return { count: index - from, emptied }
}

/** How many words `command`, which stands at `from`, and its options are; null where it only tells what a name is. */
export function commandOptions(words: readonly Word[], from = 0): number | null {
  let index = from + 1
  for (; index < words.length; index++) {
    const value = words[index]?.value
    if (value === '--') return index + 1 - from
    if (value == null || !/^-[pvV]+$/.test(value)) break
    if (/[vV]/.test(value)) return null
  }
  return index - from
}
