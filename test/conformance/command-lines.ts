/** Generated command lines, good and bad, for asking gunicorn and Paddock the same questions. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandLine } from './gunicorn.ts'
import { Random } from './random.ts'
import { applications, oddWords, valuesOf, wrongNames } from './setting-values.ts'

interface Setting {
  name: string
  flags: string[]
  action: string
  nargs: string | number | null
  type: string | null
  validator: string
}

interface Release {
  settings: Record<string, Omit<Setting, 'name'>>
}

/**
 * Command lines with their environments: the same for the same seed. They hold every flag of every release in the
 * catalogue, and nothing that depends on the machine but two files that every one has (/dev/null and /tmp) and some
 * that none has (/nonexistent/…).
 */
export function commandLines(seed: number, count: number): CommandLine[] {
  const generator = new Generator(seed)
  return Array.from({ length: count }, () => generator.commandLine())
}

/** Every form of every setting that a release has had: proxy_protocol is two, as it was a flag once. */
const settings: Setting[] = readSettings()
/** What people really set, so that not every line holds what is rare. */
// dprint-ignore: a list of words
const common = settings.filter(({ name }) => [
  'bind', 'workers', 'worker_class', 'threads', 'timeout', 'graceful_timeout', 'keepalive', 'max_requests',
  'max_requests_jitter', 'preload_app', 'chdir', 'daemon', 'raw_env', 'pidfile', 'worker_tmp_dir', 'user', 'group', 'umask',
  'forwarded_allow_ips', 'accesslog', 'errorlog', 'loglevel', 'access_log_format', 'config', 'proc_name', 'statsd_host',
  'reload', 'capture_output', 'enable_stdio_inheritance',
].includes(name))

/** What else gunicorn reads, or people think that it reads. */
const variables: readonly { share: number; names: readonly string[]; values: readonly string[] }[] = [
  { share: 0.1, names: ['WEB_CONCURRENCY'], values: ['1', '3', '3', ' 3 ', '0', '+2', '', 'auto', '2.5', '-1', '1_0', '٣'] },
  { share: 0.1, names: ['PORT'], values: ['80', '5000', '5000', '', 'tcp://10.0.0.1:80', 'http', ' 80', '80:81', '-1', '8_0'] },
  { share: 0.06, names: ['FORWARDED_ALLOW_IPS'], values: ['*', '10.0.0.1', '10.0.0.1, ::1', '', '10.0.0.0/8', 'host', '"*"'] },
  { share: 0.05, names: ['GUNICORN_WORKERS', 'GUNICORN_BIND', 'WORKERS', 'TIMEOUT', 'SENDFILE'], values: ['4', ':80', 'x'] },
]

/** Texts of GUNICORN_CMD_ARGS that no words make up. */
// dprint-ignore: a list of words
const oddTexts = [
  '', ' ', '\n', '"', "'", '\\', "-w 3 '", '-w 3 \\', '--workers=3 # more', 'app:app', '-h', '--version', '-w $WORKERS',
  "-w '3'4", '-w 3 ""',
]

function readSettings(): Setting[] {
  const folder = join(import.meta.dirname, '..', '..', 'src', 'gunicorn', 'catalogue')
  const found = new Map<string, Setting>()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json')).sort()) {
    const release = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Release
    for (const [name, setting] of Object.entries(release.settings))
      if (setting.flags.length > 0) found.set(`${name} ${setting.action}`, { ...setting, name })
  }
  return [...found.values()]
}

/** Pythons before 3.13 refuse what is glued to `-v` and is no other flag, later ones end at the `-v`. */
const withoutJunk = (word: string): string => word.replace(/^(-[DR]*[hv][DRhv]*).+$/s, '$1')

class Generator {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  commandLine(): CommandLine {
    const env: Record<string, string> = {}
    if (this.#random.chance(0.25)) env['GUNICORN_CMD_ARGS'] = this.argumentsText()
    for (const { share, names, values } of variables)
      if (this.#random.chance(share)) env[this.#random.pick(names)] = this.#random.pick(values)
    return { argv: ['gunicorn', ...this.words(this.#random.chance(0.93))], env }
  }

  /** Settings, an application where one is wanted, and now and then a mistake. */
  private words(application: boolean): string[] {
    const parts = Array.from({ length: this.#random.below(this.#random.pick([2, 3, 4, 6])) }, () => this.settingTimes())
    const insert = (...words: string[]): unknown => parts.splice(this.#random.below(parts.length + 1), 0, words)
    if (application) {
      const at = this.#random.pick([0, parts.length, this.#random.below(parts.length + 1)])
      parts.splice(at, 0, [this.#random.pick(applications)])
    }
    if (this.#random.chance(0.05)) insert(this.#random.pick(applications))
    if (this.#random.chance(0.03)) insert(this.#random.pick(wrongNames))
    if (this.#random.chance(0.03)) insert(this.#random.pick(wrongNames), this.#random.pick(['4', ':80', 'x']))
    if (this.#random.chance(0.04)) insert('--')
    if (this.#random.chance(0.12)) insert(this.#random.pick(oddWords))
    const words = parts.flat().map(withoutJunk)
    return this.#random.chance(0.07) ? this.spoil(words).map(withoutJunk) : words
  }

  /** A setting, now and then twice: the last one wins, or both are kept. */
  private settingTimes(): string[] {
    const setting = this.#random.pick(this.#random.chance(0.6) ? common : settings)
    return this.#random.chance(0.08) ? [...this.setting(setting), ...this.setting(setting)] : this.setting(setting)
  }

  private setting(setting: Setting): string[] {
    const flag = this.#random.pick(setting.flags)
    const short = !flag.startsWith('--')
    const name = short || this.#random.chance(0.75) ? flag : this.abbreviation(flag)
    if (setting.nargs === 0) {
      if (this.#random.chance(0.05)) return this.withValue(name, 'True')
      return [short && this.#random.chance(0.1) ? name + this.#random.pick(['D', 'R', 'D4']) : name]
    }
    if (setting.nargs === '?' && this.#random.chance(0.5)) return [name]
    return this.withValue(name, this.value(setting))
  }

  /** The first values fit, as far as any do, and are taken more often. */
  private value(setting: Setting): string {
    const values = valuesOf(setting.name, setting.validator, setting.type)
    return this.#random.pick(this.#random.chance(0.6) ? values.slice(0, Math.ceil(values.length / 3)) : values)
  }

  private withValue(name: string, value: string): string[] {
    if (this.#random.chance(0.015)) return [name]
    // Python before and after 3.13 read a glued `--` differently, and a `=` in a cluster (`-Dw=4`).
    if (value === '--' || value.startsWith('=')) return [name, value]
    if (name.startsWith('--')) return this.#random.pick([[name, value], [`${name}=${value}`]])
    const letter = name.slice(1)
    return this.#random.pick([
      [name, value],
      [name, value],
      [name + value],
      [`${name}=${value}`],
      [`${name} ${value}`],
      [`-D${letter}${value}`],
      [`-R${letter}`, value],
    ])
  }

  private abbreviation(flag: string): string {
    return flag.slice(0, 3 + this.#random.below(flag.length - 2))
  }

  /** One slip of the hand. */
  private spoil(words: string[]): string[] {
    const at = this.#random.below(words.length)
    const word = words[at]
    const next = words[at + 1]
    if (word === undefined || next === undefined) return words
    const shorter = word.slice(0, -1)
    return words.toSpliced(at, 2, ...this.#random.pick([
      [next],
      [word, word, next],
      [next, word],
      [`${word} ${next}`],
      // A glued `--` is not asked about: see withValue.
      [/[=\w]--$/.test(shorter) ? word : shorter, next],
      [word.slice(1), next],
      [/^--|^-\w$/.test(word) ? `${word}=` : word, next],
    ]))
  }

  private argumentsText(): string {
    if (this.#random.chance(0.06)) return this.#random.pick(oddTexts)
    const words = this.words(this.#random.chance(0.05))
    return words.map((word) => this.quoted(word)).join(this.#random.pick([' ', ' ', ' ', '  ', '\n', '\t']))
  }

  private quoted(word: string): string {
    if (/^[\w@%+=:,./-]+$/.test(word) && this.#random.chance(0.8)) return word
    // As it stands, it may fall apart, or lack a quote.
    if (this.#random.chance(0.06)) return word
    const inside = (text: string): string => text.replace(/["\\]/g, '\\$&')
    return this.#random.pick([
      `'${word.replaceAll("'", `'"'"'`)}'`,
      `"${inside(word)}"`,
      word === '' ? "''" : word.replace(/[^\w@%+=:,./-]/gu, '\\$&'),
      `${word.slice(0, 1).replace(/\W/, '\\$&')}"${inside(word.slice(1))}"`,
    ])
  }
}
