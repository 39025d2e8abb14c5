/**
 * Settings as gunicorn puts them together: default < environment < config file < GUNICORN_CMD_ARGS < command line.
 * Source: `gunicorn.app.base.Application.load_config`.
 */
import { spend } from '../budget.ts'
import { literal, type Word } from '../shell/word.ts'
import { alike, alone } from './alike.ts'
import { type Argument, type Arguments, type Assignment, convert, given, lastOfEach, optionNames, parseArguments } from './arguments.ts'
import { badAddress } from './bad-address.ts'
import type { Release } from './catalogue.ts'
import type { Value } from './catalogue/release-file.ts'
import { automaticFile, configured, ConfigReader, type ConfigFile, type ConfigSource, type Configured } from './config-file.ts'
import { emptyLogs } from './empty-log.ts'
import { parseInteger, repr } from './python-value.ts'
import type { Entry, Setting, Source } from './setting.ts'
import { splitWords } from './shlex.ts'
import { validate, type Validated } from './validators.ts'
import { allowedProxies, assignedPort, cmdArgs, concurrency, environmentSettings } from './variables.ts'

export type { Entry, Setting, Source } from './setting.ts'

/** Why gunicorn refuses to start, in its own words. */
export interface StartProblem {
  readonly fault: 'unknown-setting' | 'invalid-setting' | 'missing-application'
  readonly message: string
  readonly source: Source
  /** The environment variable that is at fault. */
  readonly variable?: string
  readonly setting?: string | undefined
  readonly word?: Word | undefined
  /** The releases that refuse, of those that were read for. */
  readonly releases: readonly Release[]
}

/** An option that is given twice: its first value is lost. */
export interface Repeated {
  /** As the last of them is written: `-w`. */
  readonly name: string
  readonly first: Assignment
  readonly last: Assignment
}

/** What an environment variable holds: null where that is unknown, undefined where it is not set. */
export type Variables = (name: string) => string | null | undefined

/** An invocation as releases read it that read it alike. */
export class Reading {
  readonly releases: readonly Release[]
  readonly problems: readonly StartProblem[]
  /** The application; null where it is unknown, undefined where there is none. */
  readonly application: Word | null | undefined
  /** True where it names no application, and a config file that is not in sight may. */
  readonly mayLackApplication: boolean
  /** The operands of the command line, of which gunicorn takes the first for the application; null where they are not known. */
  readonly operands: readonly Word[] | null
  /** The options with one value that the command line gives several, and only the last of which holds. */
  readonly repeated: readonly Repeated[]
  /** The option that ends gunicorn at once: `--help`, `--version`. */
  readonly exits: Arguments['exits']
  /** Why settings that are not written down are unknown: undefined where they are not. */
  readonly unseen: 'config file' | typeof cmdArgs | 'command line' | undefined
  /** The config file, where it was read, and the word that names it, where one of the invocation's own does. */
  readonly configFile: { readonly file: ConfigFile; readonly word: Word | undefined } | undefined
  readonly #written: ReadonlyMap<string, Setting>
  readonly #variables: Variables

  constructor(reader: ReadBy & { readonly written: ReadonlyMap<string, Setting> }) {
    this.releases = reader.releases
    this.problems = reader.problems
    this.application = reader.application
    this.mayLackApplication = reader.mayLackApplication
    this.operands = reader.operands
    this.repeated = reader.repeated
    this.exits = reader.exits
    this.unseen = reader.unseen
    this.configFile = reader.configFile
    this.#written = reader.written
    this.#variables = reader.variables
  }

  /** A setting; undefined where this release has none of that name. Its value is undefined where it is unknown. */
  get(name: string): Setting | undefined {
    const entry = this.releases[0]?.settings[name]
    if (!entry) return undefined
    const written = this.#written.get(name)
    if (written) return written
    if (this.unseen !== undefined) return { name, source: this.unseen, value: undefined, entries: [] }
    const given = environmentSettings.includes(name) ? fromEnvironment(name, this.#variables) : undefined
    return given ?? defaultSetting(name, this.releases)
  }

  /** True where nothing sets a setting, be it in sight or not: the short way to ask for what nearly all settings are. */
  isLeft(name: string): boolean {
    return this.unseen === undefined && !this.#written.has(name) && !environmentSettings.includes(name)
  }

  /** The same with settings written down over all that is there. */
  with(settings: ReadonlyMap<string, Setting>): Reading {
    const { releases, problems, application, mayLackApplication, operands, repeated, exits, unseen, configFile } = this
    return new Reading({ releases, problems: [...problems], application, mayLackApplication, operands, repeated: [...repeated], exits,
      unseen, configFile, written: new Map([...this.#written, ...settings]), variables: this.#variables })
  }

  /** The settings that an option or a variable sets, in order. */
  written(): readonly Setting[] {
    const variables = this.unseen === undefined
      ? environmentSettings.map((name) => this.#written.get(name) ?? fromEnvironment(name, this.#variables)) : []
    const named = new Set(this.#written.keys())
    return [...this.#written.values(), ...variables.filter((setting) => setting !== undefined && !named.has(setting.name))].filter(
      (setting) => setting !== undefined,
    )
  }
}

/** A setting of which it is known that something sets it, and not to what. */
export function unknownSetting(setting: Setting): Setting {
  return { ...setting, value: undefined, entries: setting.entries.map((entry) => ({ ...entry, value: undefined })) }
}

/** Defaults by the group of releases that they are for: the groups of `alike`, which are few and live on. */
const defaultSettings = new WeakMap<readonly Release[], Map<string, Setting>>()

/** A setting that nothing sets. Its value is what all the releases have for a default; undefined where they differ. */
function defaultSetting(name: string, releases: readonly Release[]): Setting {
  let known = defaultSettings.get(releases)
  if (!known) defaultSettings.set(releases, known = new Map())
  let setting = known.get(name)
  if (!setting) {
    const [first, ...others] = releases.map((release) => release.settings[name]?.default ?? null)
    const differs = others.some((value) => JSON.stringify(value) !== JSON.stringify(first))
    setting = { name, source: 'default', value: differs ? undefined : (first ?? null), entries: [] }
    known.set(name, setting)
  }
  return setting
}

/** The settings whose default gunicorn takes from the environment. */
function fromEnvironment(name: string, variables: Variables): Setting | undefined {
  const make = (variable: string, valueOf: (text: string) => Value | undefined): Setting | undefined => {
    const text = variables(variable)
    if (text === undefined) return undefined
    const value = text === null ? undefined : valueOf(text)
    return { name, source: 'environment', value, entries: [{ value, flag: undefined, word: undefined, argument: undefined }] }
  }
  if (name === 'bind') return make(assignedPort, (port) => [`0.0.0.0:${port}`])
  if (name === 'workers') return make(concurrency, (text) => parseInteger(text))
  if (name === 'forwarded_allow_ips')
    return make(allowedProxies, (text) => {
      const outcome = validate('validate_string_to_list', text)
      return outcome !== 'unknown' && 'value' in outcome ? outcome.value : undefined
    })
  return undefined
}

/**
 * Reads the words after `gunicorn`, once for each group of releases that read them alike.
 * A group's problems name its releases; a caller that does not know the release has to hear all groups.
 *
 * @param source where config files are had; without one, what `-c` names is unknown, and no other is reckoned with
 */
export function read(words: readonly Word[], variables: Variables, releases: readonly Release[],
  source?: ConfigSource): readonly Reading[] {
  const files = source && new ConfigReader(source)
  const fromVariable = variables(cmdArgs)
  const inVariable = typeof fromVariable === 'string' && fromVariable !== '' ? splitWords(fromVariable) : []
  const names = optionNames(Array.isArray(inVariable) && inVariable.length > 0 ? [...words, ...inVariable] : words)
  const validated = variables(allowedProxies) === undefined ? [] : ['--forwarded-allow-ips']
  const groups = alike(releases, validated.length === 0 ? names : [...names, ...validated])
  return groups.flatMap((group) => {
    const reading = new Reading(new Reader(words, inVariable, variables, group, files))
    // What a file sets, each release may take otherwise: it has no option that would tell them apart.
    if (reading.configFile === undefined || group.length === 1) return reading
    return group.map((release) => new Reading(new Reader(words, inVariable, variables, alone(release), files)))
  })
}

/** More options are not told of that are given several times. */
const mostRepeated = 20

/** More problems are not told of addresses. */
const mostProblems = 300

/** What a reading takes from its reader. */
type ReadBy = Pick<Reader,
  'releases' | 'problems' | 'application' | 'mayLackApplication' | 'operands' | 'repeated' | 'exits' | 'unseen' | 'configFile'
    | 'variables'>

/** Puts the layers of one group of releases together. */
class Reader {
  readonly releases: readonly Release[]
  readonly variables: Variables
  readonly written = new Map<string, Setting>()
  readonly problems: StartProblem[] = []
  application: Word | null | undefined
  mayLackApplication = false
  operands: readonly Word[] | null = null
  readonly repeated: Repeated[] = []
  exits: Arguments['exits']
  unseen: Reading['unseen']
  configFile: Reading['configFile']
  readonly #files: ConfigReader | undefined
  #namesConfig = false

  constructor(words: readonly Word[], inVariable: ReturnType<typeof splitWords>, variables: Variables, releases: readonly Release[],
    files: ConfigReader | undefined) {
    this.releases = releases
    this.variables = variables
    this.#files = files
    const [release] = releases
    if (!release) return
    this.#checkEnvironment()
    const line = parseArguments(words, release)
    this.#usageErrors(line, 'command line')
    if (this.#exitsAfter(line)) return
    this.#findApplication(line)
    const fromVariable = this.#variableArguments(inVariable, release)
    if (fromVariable && this.#exitsAfter(fromVariable)) return
    this.#readPaste(line)
    this.#readConfig(line, fromVariable, release)
    if (fromVariable) this.#layer(fromVariable, cmdArgs)
    this.#layer(line, 'command line')
    this.#findConfiguredApplication(line)
    this.#checkAddresses()
  }

  #problem(fault: StartProblem['fault'], message: string, source: Source, rest: Partial<StartProblem> = {}): void {
    this.problems.push({ fault, message, source, releases: this.releases, ...rest })
  }

  #usageErrors({ errors }: Arguments, source: Source): void {
    for (const { fault, message, word, setting } of errors)
      this.#problem(fault === 'setting' ? 'unknown-setting' : 'invalid-setting', message, source, { word, setting })
  }

  #variableArguments(inVariable: ReturnType<typeof splitWords>, release: Release): Arguments | undefined {
    if (this.variables(cmdArgs) === null) {
      this.unseen = cmdArgs
      return undefined
    }
    if (!Array.isArray(inVariable)) {
      this.#problem('invalid-setting', inVariable.error, cmdArgs, { variable: cmdArgs })
      return undefined
    }
    if (inVariable.length === 0) return undefined
    const parsed = parseArguments(inVariable, release)
    this.#usageErrors(parsed, cmdArgs)
    return parsed
  }

  /** `--help` and `--version` end gunicorn when they are reached: what comes behind them is not read, nor could it be mended. */
  #exitsAfter({ exits }: Arguments): boolean {
    this.exits = exits
    return exits !== undefined
  }

  /**
   * Exactly one config file is read: the command line's, else that of GUNICORN_CMD_ARGS, else the one in the folder that gunicorn
   * starts in. /dev/null holds nothing: the usual way to keep that one out.
   */
  #readConfig(line: Arguments, fromVariable: Arguments | undefined, release: Release): void {
    const onLine = given(line, 'config')
    const named = onLine ?? given(fromVariable, 'config')
    this.#namesConfig = named !== undefined
    if (named?.text === '/dev/null' || named?.text === 'file:/dev/null') return
    // A word that may be anything may name another file, or override what this one says. A variable that is not seen can do no more
    // than override what a file says that the command line names.
    const isOverridden = this.unseen === cmdArgs
    const isHidden = (this.unseen !== undefined && !(isOverridden && onLine)) || line.assignments.includes(null)
    const file = isHidden ? null : this.#file(named)
    if (!named && (isHidden || file === undefined)) return
    if (!file) {
      // What a file may set is left alone, whatever variables may set beside it.
      this.unseen = 'config file'
      return
    }
    const word = onLine?.word
    this.configFile = { file, word }
    if (file.problem !== undefined) this.#problem('invalid-setting', file.problem, 'config file', { setting: 'config', word })
    if (file.module?.mayHoldMore) this.unseen ??= 'config file'
    for (const one of file.module ? configured(file.module, release) : []) this.#configure(one, file.name, word)
    if (isOverridden) { for (const [name, setting] of this.written) this.written.set(name, unknownSetting(setting)) }
  }

  #file(named: Argument | undefined): ConfigFile | null | undefined {
    if (!this.#files) return named ? null : undefined
    return named?.text === null ? null : this.#files.read(named?.text ?? automaticFile)
  }

  #configure({ name, line, value, isUnsure, error }: Configured, file: string, word: Word | undefined): void {
    const where = `${file}, line ${line}`
    if (error !== undefined) this.#problem('invalid-setting', `${error} (${where})`, 'config file', { setting: name, word })
    const entry = (one: Value | undefined): Entry => ({ value: one, flag: undefined, word, argument: undefined, line: where })
    const isList = Array.isArray(value) && value.length > 0 && this.releases[0]?.settings[name]?.action === 'append'
    const entries = isUnsure ? [] : isList ? value.map((item: Value) => entry([item])) : [entry(value)]
    this.written.set(name, { name, source: 'config file', value, entries })
  }

  /** The file of `--paste` may configure logging; in old releases it may set anything. */
  #readPaste(line: Arguments): void {
    if (!given(line, 'paste')) return
    if (this.releases.some((release) => release.pasteSetsAnything)) this.unseen ??= 'config file'
    this.written.set('logconfig', { name: 'logconfig', source: 'config file', value: undefined, entries: [] })
  }

  #layer({ assignments }: Arguments, source: typeof cmdArgs | 'command line'): void {
    const appended = new Map<string, { readonly entries: Entry[]; last: Assignment }>()
    const layer = new Map<string, Setting>()
    const last = lastOfEach(assignments)
    // A word that may be anything may set anything: what was set before it is no longer known.
    const hidden = assignments.lastIndexOf(null)
    /** Where each setting is set last. */
    const placed = new Map<string, number>()
    if (hidden >= 0) {
      this.unseen = source
      this.written.clear()
    }
    for (const [index, assignment] of assignments.entries()) {
      if (assignment === null) continue
      spend(1)
      const { name } = assignment.option
      const list = appended.get(name)
      if (assignment.option.action === 'append') {
        const entry = this.#entry(assignment, source, true)
        const entries = list?.entries ?? []
        entries.push(entry)
        if (list) list.last = assignment
        else appended.set(name, { entries, last: assignment })
        layer.set(name, { name, source, value: undefined, entries })
      } else {
        if (source === 'command line' && assignment.argument && layer.has(name)) this.#repeat(assignment, last.get(name), assignments)
        const entry = this.#entry(assignment, source, last.get(name) === assignment)
        layer.set(name, { name, source, value: entry.value, entries: [entry] })
      }
      if (hidden >= 0) placed.set(name, index)
    }
    for (const [name, setting] of layer) {
      const list = appended.get(name)
      // What a word that may be anything has added to the list cannot be seen.
      if (hidden >= 0) this.written.set(name, (placed.get(name) ?? 0) < hidden ? unknownSetting(setting) : setting)
      else this.written.set(name, list ? this.#listSetting(setting, list.last) : setting)
    }
  }

  /** Notes an option once it is given for the last time. */
  #repeat(assignment: Assignment, last: Assignment | undefined, assignments: Arguments['assignments']): void {
    if (last !== assignment || this.repeated.length === mostRepeated) return
    const first = assignments.find((one) => one?.option === assignment.option)
    spend(assignments.length / 50)
    const isSame = (first?.argument?.word.text ?? '') === assignment.argument?.word.text
    if (first && !isSame) this.repeated.push({ name: assignment.flag, first, last: assignment })
  }

  #listSetting(setting: Setting, last: Assignment): Setting {
    const values: unknown[] = []
    for (const { value } of setting.entries) {
      if (value === undefined) return setting
      if (Array.isArray(value)) { for (const one of value) values.push(one) }
      else values.push(value)
    }
    const { name, source, entries } = setting
    return { name, source, value: this.#listed(last, values as Value), entries }
  }

  #listed(assignment: Assignment, value: Value): Value | undefined {
    const outcome = validate(assignment.option.validator, value)
    return outcome !== 'unknown' && 'value' in outcome ? outcome.value : undefined
  }

  /** `kept` where argparse keeps the value, which gunicorn then validates. */
  #entry(assignment: Assignment, source: Source, kept: boolean): Entry {
    const { option, flag, word, argument } = assignment
    const value = this.#value(assignment, source, kept)
    return { value, flag: option.flags.includes(flag) ? flag : option.flags[0], word, argument }
  }

  #value({ option, word, argument }: Assignment, source: Source, kept: boolean): Value | undefined {
    let given: Value = option.constant
    if (argument) {
      if (argument.text === null) return undefined
      given = argument.text
      if (option.type !== 'str') {
        const number = convert(option.type, argument.text)
        if (number === undefined) return undefined
        given = number
      }
      if (option.action === 'append') return typeof given === 'string' ? [this.#stripped(given)] : undefined
    }
    const outcome: Validated = validate(option.validator, given)
    if (outcome === 'unknown') return undefined
    if ('value' in outcome) return outcome.value
    if (kept) this.#problem('invalid-setting', outcome.error, source, { setting: option.name, word: argument?.word ?? word })
    return undefined
  }

  #stripped(text: string): string {
    const outcome = validate('validate_string', text)
    return outcome !== 'unknown' && 'value' in outcome ? String(outcome.value) : text
  }

  /** The application that the command line names. */
  #findApplication(line: Arguments): void {
    const [first] = line.positionals
    if (!line.positionalsUnknown) this.operands = line.positionals
    if (line.positionalsUnknown || given(line, 'paste')) this.application = null
    else if (first) this.application = first
    else if (line.errors.length === 0) this.#missesApplication(this.releases.filter((release) => release.wantsApplicationFirst))
  }

  /** What the command line does not name a config file may name, in releases that have waited for it. */
  #findConfiguredApplication(line: Arguments): void {
    if (this.application !== undefined || line.errors.length > 0) return
    const waiting = this.releases.filter((release) => !release.wantsApplicationFirst)
    const named = waiting.length > 0 ? this.written.get('wsgi_app') : undefined
    if (named) this.application = typeof named.value === 'string' ? literal(named.value) : null
    // Nothing is what an application is where nothing is written.
    const isNone = named?.value === null
    if (isNone) this.application = undefined
    if (named && !isNone) return
    const isKnown = isNone || this.unseen === undefined
    if (isKnown && waiting.length > 0 && !this.configFile && !this.#namesConfig && this.#files?.mayHide() === true) {
      // Nobody starts gunicorn so but beside such a file, which may set anything.
      this.mayLackApplication = true
      this.unseen = 'config file'
      this.application = null
    } else if (isKnown) this.#missesApplication(waiting)
    else if (waiting.length > 0) this.application = null
  }

  #missesApplication(releases: readonly Release[]): void {
    if (releases.length > 0) this.#problem('missing-application', 'No application module specified.', 'command line', { releases })
  }

  /** The defaults that come from the environment are read whether they are used or not. */
  #checkEnvironment(): void {
    this.#checkAllowedAddresses()
    const text = this.variables(concurrency)
    if (typeof text !== 'string') return
    const number = parseInteger(text)
    const rest = { setting: 'workers', variable: concurrency }
    if (number === undefined)
      this.#problem('invalid-setting', `invalid literal for int() with base 10: ${repr(text)}`, 'environment', rest)
    else if (number < 0) this.#problem('invalid-setting', `Value must be positive: ${number}`, 'environment', rest)
  }

  #checkAllowedAddresses(): void {
    const text = this.variables(allowedProxies)
    const option = this.releases[0]?.exact('--forwarded-allow-ips')
    if (typeof text !== 'string' || !option) return
    const outcome = validate(option.validator, text)
    if (outcome === 'unknown' || 'value' in outcome) return
    const rest = { setting: option.name, variable: allowedProxies }
    this.#problem('invalid-setting', outcome.error, 'environment', rest)
  }

  /** What the arbiter checks before it binds: the addresses, the logs, and the variables of `raw_env`. */
  #checkAddresses(): void {
    const bind = this.written.get('bind') ?? (this.unseen === undefined ? fromEnvironment('bind', this.variables) : undefined)
    for (const entry of bind?.entries ?? []) {
      const text = Array.isArray(entry.value) ? entry.value[0] : undefined
      if (typeof text !== 'string') continue
      spend(1)
      const bad = badAddress(text, this.releases)
      if (!bad || !bind) continue
      // One is enough for gunicorn not to start.
      if (this.problems.length > mostProblems) break
      const { message, releases } = bad
      const where = bind.source === 'environment' ? { variable: 'PORT' } : { word: entry.argument?.word ?? entry.word }
      this.#problem('invalid-setting', message, bind.source, { setting: 'bind', releases, ...where })
    }
    const logger = this.written.get('logger_class') ??
      (this.unseen === undefined ? defaultSetting('logger_class', this.releases) : undefined)
    for (const { name, source, entries: [entry] } of emptyLogs(this.written, logger?.value))
      this.#problem('invalid-setting', `'' isn't writable${entry?.line === undefined ? '' : ` (${entry.line})`}`, source, { setting: name,
        word: entry?.argument?.word ?? entry?.word })
    const env = this.written.get('raw_env')
    for (const entry of env?.entries ?? []) {
      const text = Array.isArray(entry.value) ? entry.value[0] : undefined
      if (env && typeof text === 'string' && !text.includes('='))
        this.#problem('invalid-setting', `environment setting ${repr(text)} invalid`, env.source, { setting: 'raw_env',
          word: entry.argument?.word ?? entry.word })
    }
  }
}
