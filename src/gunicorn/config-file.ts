/**
 * Config files, read without running them: what gunicorn gets of the names that they bind.
 * Source: `gunicorn.app.base.Application.load_config_from_module_name_or_filename` and the validators of `gunicorn.config`.
 */
import { isCertain, readModule, type EnvironmentOf, type Module } from '../python/module.ts'
import type { PythonValue } from '../python/value.ts'
import { isKnown } from '../python/value.ts'
import { compareReleases, type Release } from './catalogue.ts'
import type { Value } from './catalogue/release-file.ts'
import { hookArguments } from './hooks.ts'
import { repr } from './python-value.ts'
import { validate, type Validated } from './validators.ts'

/** The text of a config file, and how it is called where a message speaks of it. */
export interface ConfigText {
  readonly name: string
  readonly text: string
  /** Where whoever hands it over has it from, in his own words. */
  readonly origin?: string | undefined
}

/** Where config files are had. */
export interface ConfigSource {
  /**
   * The file at a path, which may be relative to the folder that gunicorn starts in: `gunicorn.conf.py` is what it looks for
   * where no other is named. Undefined where it surely is not there, null where that, or what it holds, is not known.
   */
  readonly file: (path: string) => ConfigText | null | undefined
  /**
   * Whether the folder that gunicorn starts in is not in sight, so that a file may be there which is not found: then nothing is made
   * of it but that it may be. Without it, what is not found is not there.
   */
  readonly mayHide?: (() => boolean) | undefined
  /** What the file finds in its environment. */
  readonly environment: EnvironmentOf
}

/** The file that gunicorn reads from the folder that it starts in, where no other is named. */
export const automaticFile = 'gunicorn.conf.py'

/** A config file that was read. */
export interface ConfigFile {
  readonly name: string
  readonly origin: string | undefined
  /** Undefined where no Python runs it. */
  readonly module: Module | undefined
  /** Why no Python runs it. */
  readonly problem: string | undefined
  /** Whether it asks how many cores the machine has. */
  readonly countsCores: boolean
}

/** What a config file makes of one setting. */
export interface Configured {
  readonly name: string
  readonly line: number
  /** As gunicorn holds it; undefined where it is unknown or gunicorn refuses it. */
  readonly value: Value | undefined
  /** True where it may be that it is not set after all. */
  readonly isUnsure: boolean
  /** Why gunicorn refuses it. */
  readonly error: string | undefined
}

/**
 * How Python and shells ask for the cores of the machine, or for those that the process may run on, which a limit of CPU time does not
 * change either: `prlimit --nproc` does not.
 */
const coresAsked =
  /\b(?:process_)?cpu_count\(|\bsched_getaffinity\(|_NPROCESSORS_(?:ONLN|CONF)\b|(?<![\w-])nproc\b|\/proc\/(?:cpuinfo|stat)\b|\/sys\/devices\/system\/cpu\b|\blscpu\b/

/** Whether a text of Python or of a shell asks how many cores there are. */
export const asksForCores = (text: string): boolean => coresAsked.test(text)

/** Reads config files from a source, each once. */
export class ConfigReader {
  readonly #source: ConfigSource
  readonly #files = new Map<string, ConfigFile | null | undefined>()

  constructor(source: ConfigSource) {
    this.#source = source
  }

  /** Whether a file may stand in the folder that gunicorn starts in, and is not in sight. */
  mayHide(): boolean {
    return this.#source.mayHide?.() === true
  }

  /**
   * The file that is named so (`file:` and `python:` may stand in front); undefined where it is not there, null where it cannot
   * be told what it holds.
   */
  read(named: string): ConfigFile | null | undefined {
    if (!this.#files.has(named)) this.#files.set(named, this.#read(named))
    return this.#files.get(named)
  }

  #read(named: string): ConfigFile | null | undefined {
    const empty = named === 'python:' ? 'Empty module name' : named === 'file:' ? "'' doesn't exist" : undefined
    if (empty !== undefined) return { name: named, origin: undefined, module: undefined, problem: empty, countsCores: false }
    // Which folder a module is found in depends on what is installed. What is compiled is no text.
    if (named.startsWith('python:') || named.endsWith('.pyc')) return null
    const file = this.#source.file(named.startsWith('file:') ? named.slice('file:'.length) : named)
    if (!file) return file
    const module = readModule(file.text, '__config__', this.#source.environment)
    if (!('refused' in module)) {
      const { failure } = module
      return { name: file.name, origin: file.origin, module, countsCores: asksForCores(file.text),
        problem: failure && `${file.name}, line ${failure.line}: ${failure.message}` }
    }
    return module.refused
      ? { name: file.name, origin: file.origin, module: undefined, problem: `${file.name}, line ${module.line}: ${module.message}`,
        countsCores: false } : null
  }
}

/** What a release makes of the names that a config file binds: of settings and hooks. It ignores others. */
export function* configured({ names }: Module, release: Release): Generator<Configured> {
  for (const [name, binding] of names) {
    const entry = Object.hasOwn(release.settings, name) ? release.settings[name] : undefined
    const hook = hookArguments(name, release)
    if (!entry && !hook) continue
    const { line, isUnsure } = binding
    if (hook) {
      const error = isCertain(binding) ? refusedHook(binding.value, hook) : undefined
      yield { name, line, value: undefined, isUnsure, error }
      continue
    }
    const validator = release.validatorOf(name)
    const outcome: Validated = isCertain(binding) || (!isUnsure && isTyped(binding.value, release))
      ? validateValue(validator, binding.value)
      : 'unknown'
    const value = outcome !== 'unknown' && 'value' in outcome ? outcome.value : undefined
    yield { name, line, value, isUnsure, error: outcome !== 'unknown' && 'error' in outcome ? outcome.error : undefined }
  }
}

/** Whether enough is known of a value by its type: `/` makes a float from Python 3 on, and gunicorn 20 runs on no other. */
const isTyped = (value: PythonValue, release: Release): boolean =>
  value.type === 'some' && (value.of === 'path' || (value.of === 'float' && compareReleases(release.name, '20.0') >= 0))

function refusedHook(value: PythonValue, takes: readonly number[]): string | undefined {
  if (value.type === 'str') return undefined
  if (value.type !== 'function') return `Value is not callable: ${shown(value)}`
  if (value.arity === undefined || takes.includes(value.arity)) return undefined
  return `Value must have an arity of: ${takes.at(-1)}`
}

const notAString = (value: PythonValue): Validated => ({ error: `Not a string: ${shown(value)}` })
const noCast = (value: PythonValue): Validated => ({ error: `Invalid type for casting: ${shown(value)}` })

type Typed = (value: PythonValue, validator: string) => Validated

/** What takes a string, or nothing. */
const text = (nothing: Value, refuse: (value: PythonValue) => Validated = notAString): Typed => (value, validator) => {
  if (value.type === 'str') return validate(validator, value.value)
  return value.type === 'None' ? { value: nothing } : refuse(value)
}

const integer: Typed = (value, validator) => {
  if (value.type === 'str') return validate(validator, value.value)
  if (value.type === 'bool') return validate(validator, Number(value.value))
  if (value.type !== 'int') return { error: "int() can't convert non-string with explicit base" }
  return Number.isSafeInteger(Number(value.value)) ? validate(validator, Number(value.value)) : 'unknown'
}

const listOfStrings: Typed = (value, validator) => {
  const isEmpty = value.type === 'None' || (value.type === 'bool' && !value.value) || (value.type === 'int' && value.value === 0n) ||
    (value.type === 'float' && value.value === 0)
  if (isEmpty || (value.type === 'str' && value.value === '')) return { value: [] }
  if (value.type === 'str') return validate(validator, [value.value])
  if (value.type === 'int' || value.type === 'float' || value.type === 'bool') return { error: `'${value.type}' object is not iterable` }
  if (value.type !== 'list' && value.type !== 'tuple' && value.type !== 'dict') return 'unknown'
  const items: string[] = []
  // Of a dictionary the keys.
  for (const item of value.type === 'dict' ? value.entries.map(([key]) => key) : value.items) {
    if (item.type === 'None') return 'unknown'
    if (item.type !== 'str') return notAString(item)
    items.push(item.value)
  }
  return validate(validator, items)
}

/** By validator: what it makes of values that are no strings. What is not listed takes strings, of which alone it is told. */
const typed: Readonly<Record<string, Typed>> = {
  ignored: (value) => {
    const plain = plainValue(value)
    return plain === undefined ? 'unknown' : { value: plain }
  },
  validate_string: text(null),
  validate_class: (value, validator) => (value.type === 'function' ? 'unknown' : text(null)(value, validator)),
  validate_string_to_list: text([]),
  validate_string_to_addr_list: text([]),
  validate_string_to_network_list: text([]),
  validate_hostport: text(null),
  validate_statsd_address: text(null),
  validate_list_string: listOfStrings,
  validate_list_of_existing_files: (
    value,
  ) => (value.type === 'None' || (value.type === 'list' && value.items.length === 0) ? { value: [] } : 'unknown'),
  validate_list_of_files_or_patterns: (
    value,
  ) => (value.type === 'None' || (value.type === 'list' && value.items.length === 0) ? { value: [] } : 'unknown'),
  validate_pos_int: integer,
  validate_http2_window_size: integer,
  validate_http2_stream_limit: integer,
  validate_http2_frame_size: integer,
  validate_bool: (value, validator) => (value.type === 'bool' ? { value: value.value } : text(null, noCast)(value, validator)),
  validate_dict: (value) => {
    if (value.type !== 'dict') return { error: `Value is not a dictionary: ${shown(value)} ` }
    const plain = plainValue(value)
    return plain === undefined ? 'unknown' : { value: plain }
  },
  validate_user: (value, validator) => identifier(value, validator),
  validate_group: (value, validator) => identifier(value, validator),
  validate_header_map_behaviour: text(null, noCast),
  validate_chdir: (value,
    validator) => (value.type === 'None' ? { error: "join() argument must be str, bytes, or os.PathLike object, not 'NoneType'" }
      : value.type === 'str' ? validate(validator, value.value) : value.type === 'some' ? notAString(value) : 'unknown'),
  validate_reload_engine: (value, validator) => (value.type === 'str' ? validate(validator, value.value)
    : value.type === 'None' ? { error: 'Invalid reload_engine: None' } : 'unknown'),
  validate_proxy_protocol: (value, validator) =>
    value.type === 'bool' ? { value: value.value ? 'auto' : 'off' }
      : text('off', () => ({ error: 'proxy_protocol must be string or bool' }))(value, validator),
  validate_asgi_loop: text('auto', noCast),
  validate_asgi_lifespan: text('auto', noCast),
  validate_http_parser: text('auto', () => ({ error: 'http_parser must be a string' })),
  validate_http_protocols: text(['h1'], () => ({ error: 'http_protocols must be a string' })),
  validate_http_protocols_without_h3: text(['h1'], () => ({ error: 'http_protocols must be a string' })),
}

function identifier(value: PythonValue, validator: string): Validated {
  if (value.type === 'str') return validate(validator, value.value)
  return value.type === 'int' && Number.isSafeInteger(Number(value.value)) ? { value: Number(value.value) } : 'unknown'
}

/** Validates a known value as gunicorn does when a config file sets it. */
function validateValue(validator: string, value: PythonValue): Validated {
  const check = Object.hasOwn(typed, validator) ? typed[validator] : undefined
  if (check) return check(value, validator)
  return value.type === 'str' ? validate(validator, value.value) : 'unknown'
}

/** A value as JSON has it; undefined where it has none. */
function plainValue(value: PythonValue): Value | undefined {
  if (!isKnown(value)) return undefined
  switch (value.type) {
    case 'str':
    case 'bool':
      return value.value
    case 'int':
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : undefined
    case 'float':
      return Number.isFinite(value.value) ? value.value : undefined
    case 'None':
      return null
    case 'list':
    case 'tuple': {
      const items = value.items.map(plainValue)
      return items.includes(undefined) ? undefined : (items as Value[])
    }
    case 'dict': {
      const entries = value.entries.map(([key, held]) => [key.type === 'str' ? key.value : '', plainValue(held)] as const)
      return entries.some(([, held]) => held === undefined) ? undefined : (Object.fromEntries(entries) as Value)
    }
    default:
      return undefined
  }
}

/** A value as `str()` writes it, about. */
function shown(value: PythonValue): string {
  switch (value.type) {
    case 'str':
      return value.value
    case 'int':
    case 'float':
      return String(value.value)
    case 'bool':
      return value.value ? 'True' : 'False'
    case 'None':
      return 'None'
    case 'list':
      return `[${value.items.map((item) => (item.type === 'str' ? repr(item.value) : shown(item))).join(', ')}]`
    case 'some':
      return `a ${value.of}`
    default:
      return `a ${value.type}`
  }
}
