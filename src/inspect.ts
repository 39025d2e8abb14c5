/**
 * Workload → its invocations of gunicorn: what a rule sees. Pure.
 */
import { applySplices, inOrder } from './edit.ts'
import { parseArguments } from './gunicorn/arguments.ts'
import { releasesFor, type Release, type Value } from './gunicorn/catalogue.ts'
import { baseName, startedBy, type Started } from './gunicorn/invocation.ts'
import { passage, type Passage } from './gunicorn/passage.ts'
import { read, unknownSetting, type Entry, type Reading, type Setting, type StartProblem, type Variables } from './gunicorn/settings.ts'
import { signalsGroup } from './gunicorn/signals.ts'
import { containerEnvironment, type ContainerEnvironment } from './kubernetes/environment.ts'
import { expand, firstHoleIn, type Expanded } from './kubernetes/expansion.ts'
import type { Path } from './kubernetes/field.ts'
import type { Container, Workload } from './kubernetes/workload.ts'
import { Environment } from './shell/environment.ts'
import { shellScript, type ShellScript } from './shell/invocation.ts'
import { readScript, type Command, type ScriptError } from './shell/script.ts'
import { literal, type Word } from './shell/word.ts'

/** A place in an object, and within the string that stands there. */
export interface Place {
  readonly path: Path
  /** UTF-16 offsets in the string at `path`, end exclusive; all of it where they are undefined. */
  readonly start?: number
  readonly end?: number
}

/** Where words can be added to an invocation; why they cannot where it says so. */
export type Insertion =
  | { readonly kind: 'list'; readonly path: Path; readonly before: number | undefined }
  | { readonly kind: 'text'; readonly path: Path; readonly offset: number; readonly before: boolean }
  | { readonly kind: 'none'; readonly reason: string }

/** The shell whose script starts gunicorn: the container's first process, or the child of an init program. */
export interface Shell {
  /** Its base name: `sh`, `bash`; `busybox` for `busybox sh`. */
  readonly name: string
  /** True where an init program in front of it sends signals to all processes of its group. */
  readonly signalsGroup: boolean
  /** True where its script sets a trap. */
  readonly traps: boolean
  /** True where its script starts other programs as well, which may stay. */
  readonly others: () => boolean
  /** Where `exec ` may be put in front of what is started; undefined where it may not. */
  readonly seat: () => Place | undefined
}

/** One gunicorn command line found in a container. */
export interface Invocation {
  readonly workload: Workload
  readonly container: Container
  readonly environment: ContainerEnvironment
  /** `exec`: the words are list elements, and nobody expands `$VAR`. `shell`: they stand in a script. */
  readonly form: 'exec' | 'shell'
  /** The words from gunicorn's own name on. */
  readonly words: readonly Word[]
  /** What wrappers do to the environment on its way to gunicorn. */
  readonly passage: Passage
  /** The command of the script that starts gunicorn; undefined in exec form. */
  readonly command: Command | undefined
  /** The shell that runs that script; undefined in exec form, and for a script within a script. */
  readonly shell: Shell | undefined
  readonly place: Place
  readonly insertion: Insertion
  readonly settings: Settings
  /** What gunicorn finds in its environment. */
  readonly variables: Variables
  /** The releases that the gunicorn in the image can be. */
  readonly releases: readonly Release[]
  readonly placeOf: (word: Word) => Place
  /** Whether a script of the container may start gunicorn where that cannot be read. */
  readonly mayHaveOthers: () => boolean
}

/** An invocation's settings: what all the releases that it may be of, and that do not refuse it, agree on. */
class Settings {
  readonly readings: readonly Reading[]
  readonly #starting: readonly Reading[]
  #merged: Map<string, Setting | undefined> | undefined
  #problems: readonly StartProblem[] | undefined

  constructor(readings: readonly Reading[]) {
    this.readings = readings
    const starting = readings.filter((reading) => reading.problems.length === 0)
    this.#starting = starting.length > 0 ? starting : readings
  }

  /** A setting; undefined where no release has one of that name. Its value is undefined where it is unknown. */
  get(name: string): Setting | undefined {
    if (this.#starting.length === 1) return this.#starting[0]?.get(name)
    this.#merged ??= new Map()
    if (!this.#merged.has(name)) this.#merged.set(name, merge(this.#starting.flatMap((reading) => reading.get(name) ?? [])))
    return this.#merged.get(name)
  }

  /** The value of a setting, where it is known. */
  value(name: string): Value | undefined {
    return this.get(name)?.value
  }

  /** The entries of a setting that are known, with where they come from; none where it has its default. */
  entries(name: string): readonly Entry[] {
    const entries = this.get(name)?.entries
    return entries === undefined || entries.length === 0 ? noEntries : entries.filter((entry) => entry.value !== undefined)
  }

  /** Whether anything sets it: `unknown` where something that cannot be seen may. */
  isSet(name: string): 'yes' | 'no' | 'unknown' {
    const setting = this.get(name)
    if (!setting || setting.source === 'default') return 'no'
    return setting.entries.length > 0 ? 'yes' : 'unknown'
  }

  /** Why gunicorn refuses to start. */
  get problems(): readonly StartProblem[] {
    return (this.#problems ??= this.readings.flatMap((reading) => reading.problems))
  }

  /** True where gunicorn serves: it does not end at once (`--version`), nor after a check of its configuration. */
  get serves(): boolean {
    return this.#starting.every((reading) => reading.exits === undefined && !isTrue(reading, 'check_config') && !isTrue(reading, 'print_config'))
  }

  /** The application; null where it is unknown, undefined where there is none. */
  get application(): string | null | undefined {
    const [first, ...others] = this.#starting.map((reading) => (reading.application ? reading.application.value : reading.application))
    return others.every((other) => other === first) ? first : null
  }
}

const noEntries: readonly Entry[] = []

const isTrue = (reading: Reading, name: string): boolean => reading.get(name)?.value === true

function merge(settings: readonly Setting[]): Setting | undefined {
  const [first, ...others] = settings
  if (!first) return undefined
  const same = (other: Setting): boolean =>
    other.source === first.source && (other.value === first.value || JSON.stringify(other.value) === JSON.stringify(first.value))
  return others.every(same) ? first : unknownSetting(first)
}

/** The longest a chain of shells within shells may get before it is left alone. */
const deepestShell = 8

/** A command line before any shell: list elements, each with the path where it stands. */
export interface CommandLine {
  readonly elements: readonly { readonly path: Path; readonly text: string; readonly expanded: Expanded }[]
  /** Where a message about the command line as a whole points to. */
  readonly path: Path
  /** What a shell that the command line starts finds in its environment; asked for only where there is one. */
  readonly environment: () => Environment
  /** What gunicorn finds in its environment where nothing on the command line changes that. */
  readonly variables: Variables
  readonly releases: readonly Release[]
}

/** An invocation as a command line alone tells it. */
export type Found = Omit<Invocation, 'workload' | 'container' | 'environment'>

/** The invocations of gunicorn in a workload, container by container. */
export function inspect(workload: Workload): Invocation[] {
  const releases = releasesOf(workload)
  return workload.containers.flatMap((container) => inspectContainer(workload, container, releases))
}

/** The releases that the gunicorn in a workload's images can be. */
export const releasesOf = ({ annotations }: Workload): readonly Release[] => releasesFor(annotations.get('paddock.dev/gunicorn')?.value.trim())

/**
 * The gunicorn that the entry point of a container's image starts, by what the object tells of it: its arguments and its
 * variables. What the entry point puts on the command line itself is not seen, the application included.
 */
export function inspectImage(workload: Workload, container: Container): Invocation {
  const { args = [], path } = container
  const environment = containerEnvironment(container, workload.enableServiceLinks)
  const own = args.map((text) => wordOf(expand(text, environment.lookup), text))
  const releases = releasesOf(workload)
  const variables = variablesOf(environment)
  const named = releases.some((release) => parseArguments(own, release).positionals.length > 0)
  const words = [entryPoint, ...(named ? [] : [hiddenApplication]), ...own]
  return {
    workload,
    container,
    environment,
    form: 'exec',
    words,
    passage: 'kept',
    command: undefined,
    shell: undefined,
    place: { path },
    insertion: { kind: 'none', reason: 'the entry point of the image is not in sight' },
    placeOf: (word) => ({ path: own.includes(word) ? [...path, 'args', own.indexOf(word)] : path }),
    releases,
    variables,
    settings: new Settings(read(words.slice(1), variables, releases)),
    mayHaveOthers: () => false,
  }
}

const entryPoint = literal('gunicorn')
/** Some application, of which only that it is there is known. */
const hiddenApplication: Word = { value: null, prefix: 'application', splits: false, text: '', start: 0, end: 0 }

/** What gunicorn finds in a container's environment. What an image may set besides is not reckoned with: no default could be put in otherwise. */
const variablesOf = ({ variables, mayComeFromElsewhere }: ContainerEnvironment): Variables => (name) => {
  const variable = variables.get(name)
  if (variable) return variable.value
  return mayComeFromElsewhere(name) ? null : undefined
}

function inspectContainer(workload: Workload, container: Container, releases: readonly Release[]): Invocation[] {
  const { command = [], args = [], path } = container
  // Without a command the image's entry point holds, which as a rule runs what its arguments say.
  const texts = [...command, ...args]
  // Most containers of a cluster are told by this alone; `$(NAME)` may stand for any part of the name.
  if (!texts.some((text) => text.includes('gunicorn') || text.includes('$('))) return []
  const environment = containerEnvironment(container, workload.enableServiceLinks)
  const elements = texts.map((text, index) => ({
    path: index < command.length ? [...path, 'command', index] : [...path, 'args', index - command.length],
    text,
    expanded: expand(text, environment.lookup),
  }))
  const found = inspectCommandLine({
    elements,
    path,
    // An image may set more variables than the object shows.
    environment: () => new Environment([...environment.variables].map(([name, { value }]) => [name, value]), false),
    variables: variablesOf(environment),
    releases,
  })
  return found.invocations.map((invocation) => ({ ...invocation, workload, container, environment }))
}

/** The invocations of gunicorn that a command line comes to, and what is wrong with its scripts. */
export function inspectCommandLine(line: CommandLine): { readonly invocations: readonly Found[]; readonly errors: readonly ScriptError[] } {
  return new Inspector(line).run()
}

/** What wrappers start, and with which variables of their own. */
type Wrapped = Pick<Extract<Started, { index: number }>, 'index' | 'assigned'>

/** The environment of what wrappers start. */
function handedOn(environment: Environment, words: readonly Word[], { index, assigned }: Wrapped): Environment {
  const way = passage(words, index)
  if (way === 'emptied') return new Environment(assigned)
  const values = way === 'kept' ? [] : [...environment.entries()].map(([name, value]) => [name, value === undefined ? undefined : null] as const)
  return environment.with([...values, ...assigned])
}

type Starter = Pick<Shell, 'name' | 'signalsGroup'>

class Inspector {
  readonly #line: CommandLine
  readonly #found: Found[] = []
  readonly #errors: ScriptError[] = []
  readonly #scripts: { readonly text: string; readonly commands: readonly Command[] }[] = []
  #mayStartMore: boolean | undefined

  constructor(line: CommandLine) {
    this.#line = line
  }

  run(): ReturnType<typeof inspectCommandLine> {
    const { elements, environment } = this.#line
    const words = elements.map(({ expanded, text }) => wordOf(expanded, text))
    const started = startedBy(words)
    if (started.kind === 'gunicorn') this.#execForm(words, started)
    if (started.kind === 'program') {
      const script = shellScript(words.slice(started.index))
      const element = script ? elements[started.index + script.script] : undefined
      const starter = { name: baseName(words[started.index]?.value ?? ''), signalsGroup: signalsGroup(words.slice(0, started.index)) }
      if (script && element) this.#script(element, element.expanded.text, script, handedOn(environment(), words, started), starter)
    }
    return { invocations: this.#found, errors: this.#errors }
  }

  #variables(words: readonly Word[], { index, assigned }: Wrapped, shell?: Environment): Variables {
    const way = passage(words, index)
    if (assigned.length === 0 && !shell && way === 'kept') return this.#line.variables
    const before = new Map(assigned)
    return (name) => {
      if (before.has(name)) return before.get(name)
      if (way === 'emptied') return undefined
      // A script that runs what cannot be seen may have set anything.
      const value = shell?.has(name) || shell?.tampered || shell?.closed ? shell.get(name) : this.#line.variables(name)
      return way === 'doubtful' && value !== undefined ? null : value
    }
  }

  #execForm(words: readonly Word[], wrapped: Wrapped): void {
    const { elements, path } = this.#line
    const { index } = wrapped
    const own = words.slice(index)
    const last = elements.at(-1)?.path ?? path
    const at = hasSeparator(own) ? elements[index + 1]?.path : undefined
    const position = at?.at(-1)
    this.#add(own, this.#variables(words, wrapped), {
      form: 'exec',
      passage: passage(words, index),
      command: undefined,
      shell: undefined,
      place: { path: elements[index]?.path.slice(0, -1) ?? path },
      insertion: { kind: 'list', path: (at ?? last).slice(0, -1), before: typeof position === 'number' ? position : undefined },
      placeOf: (word) => ({ path: elements[words.indexOf(word)]?.path ?? path }),
    })
  }

  #script(
    element: CommandLine['elements'][number], text: string, shell: ShellScript, environment: Environment, starter: Starter | undefined,
    nested?: Word, depth = 0,
  ): void {
    const { dialect, parameters, options } = shell
    const script = readScript(text, { dialect, parameters, options, environment })
    this.#errors.push(...script.errors)
    this.#scripts.push({ text, commands: script.commands })
    for (const command of script.commands) {
      const started = startedBy(command.words)
      if (started.kind === 'gunicorn')
        this.#shellForm(element, command, started, starter && { ...starter, traps: script.traps, others: () => hasOthers(script.commands, command) }, nested, script.errors.length === 0)
      if (started.kind !== 'program' || depth >= deepestShell) continue
      const words = command.words.slice(started.index)
      const inner = shellScript(words)
      const word = inner ? words[inner.script] : undefined
      if (inner && typeof word?.value === 'string')
        this.#script(element, word.value, inner, handedOn(command.environment, command.words, started), undefined, nested ?? word, depth + 1)
    }
  }

  #shellForm(
    { path, expanded }: CommandLine['elements'][number],
    command: Command,
    wrapped: Wrapped,
    starter: Omit<Shell, 'seat'> | undefined,
    nested: Word | undefined,
    isReadable: boolean,
  ): void {
    const span = ({ start, end }: { start: number; end: number }): Place => ({
      path, start: expanded.source(start), end: expanded.source(end),
    })
    const own = command.words.slice(wrapped.index)
    const insertion = (): Insertion => {
      if (nested || command.embedded) return { kind: 'none', reason: 'it stands in a script within a script' }
      if (!isReadable) return { kind: 'none', reason: 'the script cannot be read to its end' }
      if (!hasSeparator(own)) return { kind: 'text', path, offset: expanded.source(command.insertAt), before: false }
      const [name, next] = own
      if (!name || !next || next.start < name.end) return { kind: 'none', reason: 'it is made by an expansion' }
      return { kind: 'text', path, offset: expanded.source(next.start), before: true }
    }
    const seat = (): Place | undefined => {
      const [first] = command.words
      const from = command.assignments.at(-1)?.end ?? command.start
      // With `command` in front of it, or the like, it is another matter.
      return first && isBlank(expanded.text.slice(from, first.start)) ? span(first) : undefined
    }
    this.#add(own, this.#variables(command.words, wrapped, command.environment), {
      form: 'shell',
      passage: passage(command.words, wrapped.index),
      command,
      shell: starter && { ...starter, seat },
      place: span(nested ?? command),
      insertion: insertion(),
      placeOf: (word) => span(nested ?? word),
    })
  }

  #add(words: readonly Word[], variables: Variables, rest: Pick<Found, 'form' | 'passage' | 'command' | 'shell' | 'place' | 'insertion' | 'placeOf'>): void {
    const { releases } = this.#line
    const mayHaveOthers = (): boolean => (this.#mayStartMore ??= this.#scripts.some(({ text, commands }) => mayStartMore(text, commands)))
    this.#found.push({ ...rest, words, variables, mayHaveOthers, releases, settings: new Settings(read(words.slice(1), variables, releases)) })
  }
}

/**
 * Whether a `--` stands among the words. What comes behind it is positional, and the application may stand before it:
 * only in front of all of them are options safe.
 */
const hasSeparator = (words: readonly Word[]): boolean => words.some((word) => word.value === '--')

/** gunicorn as a program may be named: by its path, as a default of a variable, as a module; not in the name of a file. */
const gunicornByName = /gunicorn(?![\w./-])|gunicorn\.app/

/** Programs that start no other, whatever they are told. */
const startNothing = new Set('[ cat chmod chown cp echo ls mkdir mv pip pip3 pkill printf rm test touch type which'.split(' '))

/** Whether gunicorn is named in a script outside of comments and of those commands of which it is known what they start. */
function mayStartMore(text: string, commands: readonly Command[]): boolean {
  if (!gunicornByName.test(text)) return false
  const splices = commands.filter(startsWhatIsKnown).map(({ start, end }) => ({ start, end, text: ' ' }))
  let done = 0
  const apart = inOrder(splices).filter(({ start, end }) => start >= done && (done = end) > start)
  return applySplices(text, apart).split('\n').some((line) => gunicornByName.test(withoutComment(line)))
}

/** A line of a script up to a comment that no quotation can be taken for. */
function withoutComment(line: string): string {
  const quoted = line.search(/['"`$][^'"`$]*$/)
  const comment = line.slice(quoted + 1).search(quoted < 0 ? /(?:^|\s)#/ : /\s#/)
  return comment < 0 ? line : line.slice(0, quoted + 1 + comment)
}

function startsWhatIsKnown({ words }: Command): boolean {
  const started = startedBy(words)
  if (started.kind !== 'program') return started.kind === 'gunicorn'
  const own = words.slice(started.index)
  const inner = shellScript(own)
  // What stands in a script within is looked at by itself.
  if (typeof (inner && own[inner.script]?.value) === 'string') return true
  return startNothing.has(own[0]?.value ?? '') || !own.some(({ value, text }) => gunicornByName.test(value ?? text))
}

/** Programs that a script is done with once it goes on, and builtins. */
const passing = new Set((
  '. : [ alias basename cat cd chmod chown command cp date dirname echo eval exit export false grep hostname id ls mkdir mv printenv ' +
  'printf pwd read readonly rm sed set shift sleep source test touch trap true type ulimit umask unset wait whoami'
).split(' '))

function hasOthers(commands: readonly Command[], own: Command): boolean {
  return commands.some((command) => command !== own && !passing.has(baseName(command.words[0]?.value ?? '?')))
}

const isBlank = (text: string): boolean => text.replaceAll('\\\n', '').trim() === ''

function wordOf({ text: value }: Expanded, text: string): Word {
  const unknown = firstHoleIn(value)
  const end = text.length
  if (unknown < 0) return { value, prefix: value, splits: false, text, start: 0, end }
  return { value: null, prefix: value.slice(0, unknown), splits: false, text, start: 0, end }
}
