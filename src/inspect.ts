/**
 * Workload → its invocations of gunicorn: what a rule sees. Pure.
 */
import { releasesFor, type Release, type Value } from './gunicorn/catalogue.ts'
import { baseName, startedBy } from './gunicorn/invocation.ts'
import { read, unknownSetting, type Entry, type Reading, type Setting, type StartProblem, type Variables } from './gunicorn/settings.ts'
import { signalsGroup } from './gunicorn/signals.ts'
import { containerEnvironment, type ContainerEnvironment } from './kubernetes/environment.ts'
import { expand, firstHoleIn, longestArgument, type Expanded } from './kubernetes/expansion.ts'
import type { Path } from './kubernetes/field.ts'
import type { Container, FieldError, Workload } from './kubernetes/workload.ts'
import { Environment } from './shell/environment.ts'
import { isShell, shellScript, type ShellScript } from './shell/invocation.ts'
import { readScript, type Command, type ScriptError } from './shell/script.ts'
import type { Word } from './shell/word.ts'

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
  /** The command of the script that starts gunicorn; undefined in exec form. */
  readonly command: Command | undefined
  /** `surely`: started in every run of the container in which the commands before it succeed. */
  readonly runs: 'surely' | 'maybe'
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

/** The most words of one command that are read. Nobody writes as many, and it takes as long as they are many. */
const mostWords = 20_000

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
  const releases = releasesFor(workload.annotations.get('paddock.dev/gunicorn')?.value.trim())
  return workload.containers.flatMap((container) => inspectContainer(workload, container, releases))
}

/** What of a workload is too large to be read. */
export function tooLarge({ containers }: Workload): FieldError[] {
  const limit = `may not be longer than ${longestArgument} bytes, which is the longest argument that Linux passes to a program`
  return containers.flatMap(({ path, command = [], args = [] }) => {
    const lists = [{ at: [...path, 'command'], list: command }, { at: [...path, 'args'], list: args }]
    const long = lists.flatMap(({ at, list }) =>
      list.flatMap((value, index): FieldError[] => (value.length > longestArgument ? [{ path: [...at, index], shape: 'Invalid value', value, detail: limit }] : [])),
    )
    const count = command.length + args.length
    const many: FieldError = { path, shape: 'Invalid value', value: count, detail: `more than ${mostWords} words of a command are not read` }
    return count > mostWords ? [many, ...long] : long
  })
}

function inspectContainer(workload: Workload, container: Container, releases: readonly Release[]): Invocation[] {
  const { command = [], args = [], path } = container
  // Without a command the image's entry point holds, which as a rule runs what its arguments say.
  const texts = [...command, ...args]
  if (texts.length > mostWords) return []
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
    // What an image may set besides is not reckoned with: no default could be put in otherwise.
    variables: (name) => {
      const variable = environment.variables.get(name)
      if (variable) return variable.value
      return environment.mayComeFromElsewhere(name) ? null : undefined
    },
    releases,
  })
  return found.invocations.map((invocation) => ({ ...invocation, workload, container, environment }))
}

export interface Inspection {
  readonly invocations: readonly Found[]
  readonly errors: readonly ScriptError[]
  /** True where it may start more than is told here: a script that cannot be seen, a program whose name is not known. */
  readonly unread: boolean
}

/** The invocations of gunicorn that a command line comes to, and what is wrong with its scripts. */
export function inspectCommandLine(line: CommandLine): Inspection {
  return new Inspector(line).run()
}

/** The command of a container's own script that starts the script at hand, which stands in one of its words. */
interface Outer {
  readonly word: Word
  readonly runs: 'surely' | 'maybe'
}

type Starter = Pick<Shell, 'name' | 'signalsGroup'>

type Assigned = readonly (readonly [string, string | null])[]

class Inspector {
  readonly #line: CommandLine
  readonly #found: Found[] = []
  readonly #errors: ScriptError[] = []
  #unread = false

  constructor(line: CommandLine) {
    this.#line = line
  }

  run(): Inspection {
    const { elements, environment } = this.#line
    const words = elements.map(({ expanded, text }) => wordOf(expanded, text))
    const started = startedBy(words)
    if (started.kind === 'gunicorn') this.#execForm(words, started.index, started.assigned)
    if (started.kind === 'program') {
      const script = shellScript(words.slice(started.index))
      const element = script ? elements[started.index + script.script] : undefined
      const starter = { name: baseName(words[started.index]?.value ?? ''), signalsGroup: signalsGroup(words.slice(0, started.index)) }
      if (script && element) this.#script(element, element.expanded.text, script, environment().with(started.assigned), starter)
    }
    return { invocations: this.#found, errors: this.#errors, unread: this.#unread }
  }

  #variables(assigned: Assigned, shell?: Environment): Variables {
    if (assigned.length === 0 && !shell) return this.#line.variables
    const before = new Map(assigned)
    return (name) => {
      if (before.has(name)) return before.get(name)
      // A script that runs what cannot be seen may have set anything.
      if (shell?.has(name) || shell?.tampered) return shell.get(name)
      return this.#line.variables(name)
    }
  }

  #execForm(words: readonly Word[], index: number, assigned: Assigned): void {
    const { elements, path } = this.#line
    const own = words.slice(index)
    const last = elements.at(-1)?.path ?? path
    const at = hasSeparator(own) ? elements[index + 1]?.path : undefined
    const position = at?.at(-1)
    this.#add(own, this.#variables(assigned), {
      form: 'exec',
      command: undefined,
      runs: 'surely',
      shell: undefined,
      place: { path: elements[index]?.path.slice(0, -1) ?? path },
      insertion: { kind: 'list', path: (at ?? last).slice(0, -1), before: typeof position === 'number' ? position : undefined },
      placeOf: (word) => ({ path: elements[words.indexOf(word)]?.path ?? path }),
    })
  }

  #script(
    element: CommandLine['elements'][number], text: string, shell: ShellScript, environment: Environment, starter: Starter | undefined,
    outer?: Outer, depth = 0,
  ): void {
    const { dialect, parameters, options } = shell
    const script = readScript(text, { dialect, parameters, options, environment })
    this.#errors.push(...script.errors)
    if (script.unread) this.#unread = true
    for (const [index, command] of script.commands.entries()) {
      // What runs before may read the rest of a script that is the standard input.
      const doubt = shell.isInput && index > 0 ? 'maybe' : outer?.runs
      const started = startedBy(command.words)
      if (started.kind === 'unknown' && command.words.length > 0) this.#unread = true
      if (started.kind === 'gunicorn')
        this.#shellForm(
          element, command, started.index, started.assigned,
          starter && { ...starter, traps: script.traps, others: () => hasOthers(script.commands, command) },
          outer?.word, doubt, script.errors.length === 0,
        )
      if (started.kind !== 'program' || depth >= deepestShell) continue
      const words = command.words.slice(started.index)
      const inner = shellScript(words, command.input !== undefined)
      const word = inner?.isInput === true ? command.input : inner ? words[inner.script] : undefined
      if (inner && typeof word?.value === 'string') {
        const place = { word: outer?.word ?? word, runs: doubt === 'maybe' ? doubt : command.runs }
        this.#script(element, word.value, inner, command.environment.with(started.assigned), undefined, place, depth + 1)
      } else if (isShell(words)) this.#unread = true
    }
  }

  #shellForm(
    { path, expanded }: CommandLine['elements'][number],
    command: Command,
    index: number,
    assigned: Assigned,
    starter: Omit<Shell, 'seat'> | undefined,
    nested: Word | undefined,
    doubt: 'surely' | 'maybe' | undefined,
    isReadable: boolean,
  ): void {
    const span = ({ start, end }: { start: number; end: number }): Place => ({
      path, start: expanded.source(start), end: expanded.source(end),
    })
    const own = command.words.slice(index)
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
    this.#add(own, this.#variables(assigned, command.environment), {
      form: 'shell',
      command,
      runs: doubt === 'maybe' ? doubt : command.runs,
      shell: starter && { ...starter, seat },
      place: span(nested ?? command),
      insertion: insertion(),
      placeOf: (word) => span(nested ?? word),
    })
  }

  #add(
    words: readonly Word[], variables: Variables,
    rest: Pick<Found, 'form' | 'command' | 'runs' | 'shell' | 'place' | 'insertion' | 'placeOf'>,
  ): void {
    const { releases } = this.#line
    if (words.length > mostWords) {
      this.#unread = true
      this.#errors.push({ message: `commands of more than ${mostWords} words are not read`, start: 0, end: 1 })
      return
    }
    this.#found.push({ ...rest, words, variables, releases, settings: new Settings(read(words.slice(1), variables, releases)) })
  }
}

/**
 * Whether a `--` stands among the words. What comes behind it is positional, and the application may stand before it:
 * only in front of all of them are options safe.
 */
const hasSeparator = (words: readonly Word[]): boolean => words.some((word) => word.value === '--')

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
