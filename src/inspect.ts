/**
 * Workload → its invocations of gunicorn: what a rule sees. Pure.
 */
import { releasesFor, type Release, type Value } from './gunicorn/catalogue.ts'
import { automaticFile, type ConfigFile, type ConfigSource, type ConfigText } from './gunicorn/config-file.ts'
import { baseName, startedBy } from './gunicorn/invocation.ts'
import { read, unknownSetting, type Entry, type Reading, type Setting, type StartProblem, type Variables } from './gunicorn/settings.ts'
import { signalsGroup } from './gunicorn/signals.ts'
import { containerEnvironment, type ContainerEnvironment } from './kubernetes/environment.ts'
import { expand, expandRewritten, firstHoleIn } from './kubernetes/expansion.ts'
import type { Path } from './kubernetes/field.ts'
import { hiddenCommand, type HiddenCommand } from './kubernetes/hidden-command.ts'
import { mayBeMounted, mountedFile, type ConfigMaps } from './kubernetes/mounted-files.ts'
import { valueAt, type Container, type Element, type Workload } from './kubernetes/workload.ts'
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
  /** Offsets in the file that the object was read from, where it is said there: what holds then. */
  readonly inFile?: { readonly start: number; readonly end: number }
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
  /** The shell that runs that script; undefined in exec form, and for a script within a script. */
  readonly shell: Shell | undefined
  /** `surely`: started in every run of the container in which the commands before it succeed. */
  readonly runs: 'surely' | 'maybe'
  readonly place: Place
  readonly insertion: Insertion
  readonly settings: Settings
  /** What gunicorn finds in its environment. */
  readonly variables: Variables
  /** The releases that the gunicorn in the image can be. */
  readonly releases: readonly Release[]
  readonly placeOf: (word: Word) => Place
  /** What is not in sight of the command, of a container that stands in here for what it may start. */
  readonly hidden?: HiddenCommand
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

  /** The config file that is read, where it was at hand. */
  get configFile(): ConfigFile | undefined {
    return this.readings[0]?.configFile?.file
  }

  /** The word that names it, where one of the invocation's own does. */
  get configWord(): Word | undefined {
    return this.readings[0]?.configFile?.word
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
  readonly elements: readonly Element[]
  /** Where a message about the command line as a whole points to. */
  readonly path: Path
  /** What a shell that the command line starts finds in its environment; asked for only where there is one. */
  readonly environment: () => Environment
  /** What gunicorn finds in its environment where nothing on the command line changes that. */
  readonly variables: Variables
  readonly releases: readonly Release[]
  /**
   * A config file by its path, which may be relative: undefined where it surely is not there, null where that, or what it holds,
   * is not known. `isAtHome` where the command line has not left the folder that it was started in. Without it, none is had.
   */
  readonly configFile?: ((path: string, isAtHome: () => boolean) => ConfigText | null | undefined) | undefined
}

/** What is at hand besides a workload itself: nothing where it is admitted. */
export interface Surroundings {
  readonly configMaps?: ConfigMaps
  /** Config files that are handed over: `undefined` for one that is not among them. */
  readonly configFile?: CommandLine['configFile']
}

/** An invocation as a command line alone tells it. */
export type Found = Omit<Invocation, 'workload' | 'container' | 'environment'>

/** The invocations of gunicorn in a workload, container by container. */
export function inspect(workload: Workload, surroundings: Surroundings = none): Invocation[] {
  const releases = releasesFor(workload.annotations.get('paddock.dev/gunicorn')?.value.trim() ?? workload.gunicorn)
  return workload.containers.flatMap((container) => inspectContainer(workload, container, releases, surroundings))
}

function inspectContainer(workload: Workload, container: Container, releases: readonly Release[], surroundings: Surroundings): Invocation[] {
  const { command = [], args = [], path } = container
  // Without a command the image's entry point holds, which as a rule runs what its arguments say.
  const texts = container.elements?.map(({ text }) => text) ?? [...command, ...args]
  // Most containers of a cluster are told by this alone; `$(NAME)` may stand for any part of the name.
  if (!texts.some((text) => text.includes('gunicorn') || text.includes('$(') || (container.isRewritten && text.includes('$')))) return []
  const environment = containerEnvironment(container, workload.enableServiceLinks)
  const elements = container.elements ?? texts.map((text, index) => ({
    path: index < command.length ? [...path, 'command', index] : [...path, 'args', index - command.length],
    text,
    expanded: container.isRewritten ? expandRewritten(text, environment.lookup) : expand(text, environment.lookup),
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
    configFile: (path, isAtHome) => configFileOf(workload, container, surroundings, path, isAtHome),
  })
  return found.invocations.map((invocation) => ({ ...invocation, workload, container, environment }))
}

const none: Surroundings = {}

/** The containers whose command is in their image, each as an invocation of which nothing is known. */
export function* inspectHidden(workload: Workload, invocations: readonly Invocation[]): Generator<Invocation> {
  for (const container of workload.containers) {
    const hidden = invocations.some((invocation) => invocation.container === container) ? undefined : hiddenCommand(workload, container)
    if (!hidden) continue
    const place = { path: hidden.path }
    yield {
      workload,
      container,
      environment: containerEnvironment(container, workload.enableServiceLinks),
      form: 'exec',
      words: [],
      command: undefined,
      shell: undefined,
      runs: 'maybe',
      place,
      insertion: { kind: 'none', reason: 'the command is not in sight' },
      settings: new Settings([]),
      variables: () => null,
      releases: [],
      placeOf: () => place,
      hidden,
    }
  }
}

/** The config file at a path, as a container sees it. */
function configFileOf(
  workload: Workload, container: Container, { configMaps = () => undefined, configFile }: Surroundings, path: string, isAtHome: () => boolean,
): ConfigText | null | undefined {
  const given = configFile?.(path, isAtHome)
  if (given !== undefined) return given
  // What an image holds is not reckoned with, and neither is what a disk does: what gunicorn finds by itself is there where a volume brings it.
  const isAutomatic = path === automaticFile
  if (isAutomatic && valueAt(container.written, ['volumeMounts']) === undefined) return undefined
  const workingDir = valueAt(container.written, ['workingDir'])
  const folder = path.startsWith('/') ? '' : typeof workingDir === 'string' && workingDir.startsWith('/') && isAtHome() ? `${workingDir}/` : undefined
  if (folder === undefined) return isAutomatic && !mayBeMounted(workload, container, automaticFile) ? undefined : null
  const found = mountedFile(workload, container, normalize(folder + path), configMaps)
  if (typeof found === 'object') return { name: `${path.slice(path.lastIndexOf('/') + 1)} of ConfigMap "${found.configMap}"`, text: found.text }
  if (found === 'absent') return undefined
  return found === 'elsewhere' && isAutomatic ? undefined : null
}

/** A path without `.`, `..` and `//`. */
function normalize(path: string): string {
  const steps: string[] = []
  for (const step of path.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '' && step !== '.') steps.push(step)
  }
  return `/${steps.join('/')}`
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

type Starter = Pick<Shell, 'name' | 'signalsGroup'>
/** The command of a container's own script that starts the script at hand, which stands in one of its words. */
interface Outer {
  readonly word: Word
  readonly runs: 'surely' | 'maybe'
}

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
    const words = elements.map(wordOf)
    const started = startedBy(words)
    if (started.kind === 'gunicorn') this.#execForm(words, started.index, started.assigned)
    if (started.kind === 'program') {
      const script = shellScript(words.slice(started.index))
      const element = script ? elements[started.index + script.script] : undefined
      const starter = { name: baseName(words[started.index]?.value ?? ''), signalsGroup: signalsGroup(words.slice(0, started.index)) }
      // What stands between the quotes of a longer string is a script within it.
      const word = element?.at ? words[elements.indexOf(element)] : undefined
      const outer: Outer | undefined = word && { word, runs: 'surely' }
      if (script && element) this.#script(element, element.expanded.text, script, environment().with(started.assigned), starter, outer)
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
    const named = elements[index]
    if (named?.at) return this.#splitForm(words, index, assigned, named.path)
    const last = elements.at(-1)?.path ?? path
    const at = hasSeparator(own) ? elements[index + 1]?.path : undefined
    const position = at?.at(-1)
    this.#add(own, this.#variables(assigned), this.#configFiles(words, index, assigned, () => this.#line.environment()), {
      form: 'exec',
      command: undefined,
      shell: undefined,
      runs: 'surely',
      place: { path: elements[index]?.path.slice(0, -1) ?? path },
      insertion: { kind: 'list', path: (at ?? last).slice(0, -1), before: typeof position === 'number' ? position : undefined },
      placeOf: (word) => ({ path: elements[words.indexOf(word)]?.path ?? path }),
    })
  }

  /** The words of a string that is split at blanks, as a shell quotes and as no shell expands: written like those of a script. */
  #splitForm(words: readonly Word[], index: number, assigned: Assigned, path: Path): void {
    const own = words.slice(index)
    const end = own.at(-1)?.end ?? 0
    const next = own[1]
    this.#add(own, this.#variables(assigned), this.#configFiles(words, index, assigned, () => this.#line.environment()), {
      form: 'shell',
      command: undefined,
      shell: undefined,
      runs: 'surely',
      place: { path, start: own[0]?.start ?? 0, end },
      insertion: hasSeparator(own) && next ? { kind: 'text', path, offset: next.start, before: true } : { kind: 'text', path, offset: end, before: false },
      placeOf: ({ start, end }) => ({ path, start, end }),
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
        this.#shellForm(element, command, started.index, started.assigned, starter && { ...starter, traps: script.traps, others: () => hasOthers(script.commands, command) }, outer?.word, doubt, script.errors.length === 0)
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
    { path, expanded, at }: CommandLine['elements'][number],
    command: Command,
    index: number,
    assigned: Assigned,
    starter: Omit<Shell, 'seat'> | undefined,
    nested: Word | undefined,
    doubt: 'surely' | 'maybe' | undefined,
    isReadable: boolean,
  ): void {
    const span = ({ start, end }: { start: number; end: number }): Place =>
      nested && at ? { path, ...at } : { path, start: expanded.source(start), end: expanded.source(end) }
    const own = command.words.slice(index)
    const insertion = (): Insertion => {
      if (nested || command.embedded) return { kind: 'none', reason: 'it stands in a script within a script' }
      if (!isReadable) return { kind: 'none', reason: 'the script cannot be read to its end' }
      // At the end of a script it stands for itself; a blank behind it would be escaped.
      if (/(?:^|[^\\])(?:\\\\)*\\$/.test(own.at(-1)?.text ?? '')) return { kind: 'none', reason: 'it ends with a backslash' }
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
    const leaves = (): boolean => /\b(cd|pushd|popd|chdir)\b/.test(expanded.text)
    this.#add(own, this.#variables(assigned, command.environment), this.#configFiles(command.words, index, assigned, () => command.environment, leaves), {
      form: 'shell',
      command,
      shell: starter && { ...starter, seat },
      runs: doubt === 'maybe' ? doubt : command.runs,
      place: span(nested ?? command),
      insertion: insertion(),
      placeOf: (word) => span(nested ?? word),
    })
  }

  /** Where the invocation at an index finds config files, and what they find in their environment. */
  #configFiles(words: readonly Word[], index: number, assigned: Assigned, environment: () => Environment, leaves = (): boolean => false): ConfigSource | undefined {
    const { configFile } = this.#line
    if (!configFile) return undefined
    // The options of a wrapper may name another folder, or take variables away.
    const isPlain = (): boolean =>
      words.slice(0, index).every(({ value }) => value !== null && (!value.startsWith('-') || value === '--' || value === '-m' || value === '-u'))
    return {
      file: (path) => configFile(path, () => isPlain() && !leaves() && !environment().tampered),
      environment: (name) => {
        const set = assigned.findLast(([variable]) => variable === name)
        if (set) return set[1]
        // A shell sets some variables of its own, and so does Python where it finds no locale.
        return isPlain() && !/^(PWD|OLDPWD|SHLVL|_|LC_CTYPE)$/.test(name) ? environment().get(name) : null
      },
    }
  }

  #add(
    words: readonly Word[], variables: Variables, source: ConfigSource | undefined,
    rest: Pick<Found, 'form' | 'command' | 'shell' | 'runs' | 'place' | 'insertion' | 'placeOf'>,
  ): void {
    const { releases } = this.#line
    this.#found.push({ ...rest, words, variables, releases, settings: new Settings(read(words.slice(1), variables, releases, source)) })
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

function wordOf({ expanded: { text: value }, text, at }: Element): Word {
  const unknown = firstHoleIn(value)
  const { start, end } = at ?? { start: 0, end: text.length }
  if (unknown < 0) return { value, prefix: value, splits: false, text, start, end }
  return { value: null, prefix: value.slice(0, unknown), splits: false, text, start, end }
}
