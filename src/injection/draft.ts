/** New values of a container's variables, as they are put together. */
import { applySplices, inOrder, type Edit, type Splice } from '../edit.ts'
import type { Release } from '../gunicorn/catalogue.ts'
import { omit } from '../gunicorn/omission.ts'
import type { Entry } from '../gunicorn/settings.ts'
import { quoteWord, splitWords } from '../gunicorn/shlex.ts'
import { cmdArgs, concurrency } from '../gunicorn/variables.ts'
import { containerEnvironment } from '../kubernetes/environment.ts'
import { escape, expand, type Expanded, type Lookup } from '../kubernetes/expansion.ts'
import type { Container, EnvVar } from '../kubernetes/workload.ts'
import type { Fix, Terms } from '../rules/rule.ts'
import type { Word } from '../shell/word.ts'
import { isChange, takesConcurrency, type Setter } from './variables.ts'

export class Draft {
  readonly container: Container
  readonly #platform: Terms
  readonly #releases: readonly Release[]
  readonly #entry: EnvVar | undefined
  readonly #raw: string
  readonly #added = new Map<string, Setter['value']>()
  readonly #splices = new Map<number, Splice>()
  readonly #dropped = new Set<string>()
  #workers: Setter['value'] | undefined
  #known: Read | undefined
  #needsPort = false
  #refersToPort = false

  constructor(container: Container, platform: Terms, releases: readonly Release[]) {
    this.container = container
    this.#platform = platform
    this.#releases = releases
    this.#entry = container.env.findLast(({ name }) => name === cmdArgs)
    this.#raw = this.#entry?.value ?? ''
  }

  add(fix: Fix): 'written' | 'later' | 'impossible' {
    if ('define' in fix) {
      this.#needsPort = true
      return 'written'
    }
    if (!isChange(fix)) return 'impossible'
    if ('drop' in fix) return this.#drop(fix.drop)
    // What is left out moves what stands around it.
    if (this.#dropped.size > 0) return 'later'
    if (fix.entry) return this.#replace(fix, fix.entry)
    if (fix.setting === 'workers' && takesConcurrency(this.container)) {
      if (this.container.env.some(({ name }) => name === concurrency)) return 'impossible'
      this.#workers = fix.value
      return 'written'
    }
    if (this.#entry && this.#entry.value === undefined) return 'impossible'
    this.#added.set(fix.setting, fix.value)
    this.#notePort(fix)
    return 'written'
  }

  /** Leaves an option out. */
  #drop(setting: string): 'written' | 'later' | 'impossible' {
    if (this.#dropped.has(setting)) return 'written'
    if (this.#dropped.size + this.#splices.size + this.#added.size > 0) return 'later'
    const { words } = this.#read()
    const omissions = Array.isArray(words) ? omit(words, setting, this.#releases) : undefined
    const splices = omissions?.map(({ word, left }): Splice | undefined => {
      const span = this.#span(word)
      if (!span || left !== undefined) return span && word.text === word.value ? { ...span, text: left ?? '' } : undefined
      // The blanks in front go along, or those behind the first word.
      const start = this.#raw.slice(0, span.start).trimEnd().length
      const behind = start === 0 ? (/^\s*/.exec(this.#raw.slice(span.end))?.[0].length ?? 0) : 0
      return { start, end: span.end + behind, text: '' }
    })
    if (!splices || splices.length === 0 || splices.includes(undefined)) return 'impossible'
    for (const splice of splices) if (splice) this.#splices.set(splice.start, splice)
    this.#dropped.add(setting)
    return 'written'
  }

  #notePort({ setting, value }: Setter): void {
    const { env } = this.#platform.port
    if (setting !== 'bind' || !String(value).includes(`$${env}`)) return
    this.#refersToPort = true
    this.#needsPort ||= !this.container.env.some(({ name }) => name === env)
  }

  /** Puts a new value into a word of GUNICORN_CMD_ARGS. */
  #replace(fix: Setter, { argument }: Entry): 'written' | 'later' | 'impossible' {
    const span = argument && this.#span(argument.word)
    if (!argument || !span) return 'impossible'
    const head = argument.word.value?.slice(0, argument.offset) ?? ''
    const text = quoteWord(escape(head) + this.#live(fix.setting, String(fix.value)))
    const known = this.#splices.get(span.start)
    // Every gunicorn of the container has a finding about one and the same word.
    if (known) return known.text === text ? 'written' : 'later'
    this.#splices.set(span.start, { ...span, text })
    this.#notePort(fix)
    return 'written'
  }

  /** Where a word stands in the variable's text as it is written; undefined where an expansion makes more than a part of the word. */
  #span({ start, end, text }: Word): { start: number; end: number } | undefined {
    const { lookup, expanded: { source } } = this.#read()
    const span = { start: source(start), end: source(end) }
    return expand(this.#raw.slice(span.start, span.end), lookup).text === text ? span : undefined
  }

  #read(): Read {
    if (this.#known) return this.#known
    const { env } = this.container
    const { lookup } = containerEnvironment({ ...this.container, env: this.#entry ? env.slice(0, env.indexOf(this.#entry)) : env }, false)
    const expanded = expand(this.#raw, lookup)
    return (this.#known = { lookup, expanded, words: splitWords(expanded.text) })
  }

  /** A value for the kubelet to expand, in which the port's variable stays one. */
  #live(setting: string, value: string): string {
    const { env } = this.#platform.port
    const parts = setting === 'bind' ? value.split(`$${env}`) : [value]
    // A `$` in front of the variable would take its own away.
    return parts.map((part, index) => escape(part) + (part.endsWith('$') && index < parts.length - 1 ? '$' : '')).join(`$(${env})`)
  }

  /** What is put into GUNICORN_CMD_ARGS, in the order of the platform's default command. */
  #options(): string {
    const order = Object.keys(this.#platform.defaults)
    const settings = [...this.#added].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    return settings.map(([setting, value]) => {
      const flag = this.#flagOf(setting)
      return value === true ? flag : `${flag}=${quoteWord(this.#live(setting, String(value)))}`
    }).join(' ')
  }

  /** The long name of a setting's option; behind `=` it takes any value. */
  #flagOf(setting: string): string {
    return this.#releases[0]?.settings[setting]?.flags.find((flag) => flag.startsWith('--')) ?? ''
  }

  /** The changes of GUNICORN_CMD_ARGS as it is written, in order. */
  #changes(): readonly Splice[] {
    const options = this.#options()
    return inOrder(options === '' ? [...this.#splices.values()] : [...this.#splices.values(), this.#insertion(options)])
  }

  #insertion(options: string): Splice {
    const { words, expanded: { source } } = this.#read()
    const separator = Array.isArray(words) ? words.find(({ value }) => value === '--') : undefined
    // Behind `--` all is positional.
    if (separator) return { start: source(separator.start), end: source(separator.start), text: `${options} ` }
    // White space at the end, such as the line break of a block, stays there.
    const last = Array.isArray(words) ? words.at(-1) : undefined
    const end = last ? source(last.end) : 0
    return { start: end, end, text: last ? ` ${options}` : options }
  }

  /** The variable by which the platform assigns the port, where it has to be defined. */
  get port(): Defined | undefined {
    const { env, fallback } = this.#platform.port
    const number = this.container.port ?? fallback
    return this.#needsPort && number !== null ? { name: env, value: String(number) } : undefined
  }

  /** True where the port's variable has to stand above one that is there: a variable can refer to those above it. */
  get #portFirst(): boolean {
    return this.#entry !== undefined && this.#refersToPort
  }

  /** The variables that are put behind those that there are. */
  #appended(): Defined[] {
    const added: Defined[] = []
    if (this.port && !this.#portFirst) added.push(this.port)
    if (this.#workers !== undefined) added.push({ name: concurrency, value: escape(String(this.#workers)) })
    const changes = this.#entry ? [] : this.#changes()
    if (changes.length > 0) added.push({ name: cmdArgs, value: applySplices('', changes) })
    return added
  }

  edits(): readonly Edit[] {
    const { envPath: env, hasEnv, process } = this.container
    const appended = this.#appended()
    if (!hasEnv && appended.length === 0) return []
    if (!hasEnv)
      return [
        process?.lacksEnvParent ? { op: 'add', path: env.slice(0, -1), value: { env: appended } }
          : { op: 'add', path: env, value: appended },
      ]
    const edits: Edit[] = []
    if (this.#entry) {
      const at = [...env, this.#entry.index, 'value']
      const changes = this.#changes()
      // An entry without a value holds the empty string.
      if (this.#raw === '' && changes.length > 0) edits.push({ op: 'add', path: at, value: applySplices('', changes) })
      else edits.push(...changes.map((change): Edit => ({ op: 'splice', path: at, ...change })))
      if (this.port && this.#portFirst) edits.push({ op: 'add', path: [...env, this.#entry.index], value: this.port })
    }
    return [...edits, ...appended.map((value): Edit => ({ op: 'add', path: [...env, '-'], value }))]
  }

  /** The container with the edits made. */
  edited(): Container {
    const env = this.container.env.flatMap((entry) => {
      if (entry !== this.#entry || entry.value === undefined) return [entry]
      const changed = { ...entry, value: applySplices(entry.value, this.#changes()) }
      return this.port && this.#portFirst ? [{ ...this.port, index: entry.index }, changed] : [changed]
    })
    return { ...this.container, env: [...env, ...this.#appended().map(nowhere)] }
  }

  /** The container with nothing new but the port's variable, where that is defined: what it does to scripts that read it is wanted. */
  withPort(): Container | undefined {
    if (!this.port) return undefined
    const at = this.#entry && this.#portFirst ? this.container.env.indexOf(this.#entry) : this.container.env.length
    return { ...this.container, env: this.container.env.toSpliced(at, 0, nowhere(this.port)) }
  }
}

/** GUNICORN_CMD_ARGS as gunicorn gets it, and what it can refer to: the variables above it. */
interface Read {
  readonly lookup: Lookup
  readonly expanded: Expanded
  readonly words: ReturnType<typeof splitWords>
}

type Defined = Omit<EnvVar, 'index' | 'value'> & { readonly value: string }

/** A variable that has no place in the object yet. */
const nowhere = (variable: Defined): EnvVar => ({ ...variable, index: -1 })
