/**
 * Containers that may start gunicorn and show no command of it: why that is, and what can be told of it all the same. Pure.
 */
import { isSpent, spend, unreadReason } from './budget.ts'
import type { Unread } from './command-line.ts'
import { namesGunicorn } from './gunicorn-name.ts'
import { AgreedSettings } from './gunicorn/agreed-settings.ts'
import { baseName } from './gunicorn/invocation.ts'
import { isAnother, starters, supervisors } from './gunicorn/programs.ts'
import { read, type Variables } from './gunicorn/settings.ts'
import { splitWords } from './gunicorn/shlex.ts'
import { cmdArgs } from './gunicorn/variables.ts'
import { gunicornItself, hiddenApplication, inspectContainer, mayStart, mountedScript, standIn, textsOf, workloadReleases, type Invocation,
  type Surroundings } from './inspect.ts'
import { containerEnvironment, type ContainerEnvironment } from './kubernetes/environment.ts'
import type { Path } from './kubernetes/field.ts'
import { hiddenCommand, isMade, isScript, isShellName, type HiddenCommand } from './kubernetes/hidden-command.ts'
import type { Container, UnreadContainer, Workload } from './kubernetes/workload.ts'
import type { Word } from './shell/word.ts'

/**
 * The containers whose command is not in sight, each as an invocation of which nothing is known; and those of which some words are
 * known, which gunicorn reads whatever else it is told.
 * @param unread the containers that are told of as unread: of those, no programs are looked for
 * @param withRelease gives the workload with what is known of its gunicorn release: it is asked where words are read
 */
export function* inspectUnseen(
  workload: Workload,
  invocations: readonly Invocation[],
  surroundings: Surroundings = {},
  unread: readonly UnreadContainer[] = [],
  withRelease = (one: Workload): Workload => one,
): Generator<Invocation> {
  const seen = new Set(invocations.map(({ container }) => container))
  const told = new Set(unread.map(({ container }) => container))
  const ends = new Set(unread.flatMap(({ container, others }) => (others > 0 ? container : [])))
  let isBehindEnd = false
  for (const container of workload.containers) {
    spend(1)
    if (ends.has(container)) isBehindEnd = true
    if (seen.has(container) || container.list !== 'containers' || (isBehindEnd && mayStart(container))) continue
    const programs = new Programs(workload, container)
    const hidden = hiddenCommand(workload, container) ?? (isMade(workload) || told.has(container) ? undefined : behind(container, programs))
    // Of a script that is at hand, what it starts is known.
    const isRead = hidden?.kind === 'script' && hidden.value !== undefined &&
      mountedScript(workload, container, hidden.value, surroundings) !== undefined
    if (hidden && !isRead) yield { ...standIn(workload, container, hidden.path), hidden }
    yield* partly(workload, container, programs, withRelease)
  }
}

/** What a container starts, as far as that is in sight; looked for when it is asked for. */
class Programs {
  readonly container: Container
  readonly #workload: Workload
  #all: readonly Unread[] | undefined
  /** True where something is started that is not known before it is run. */
  startsUnknown = false

  constructor(workload: Workload, container: Container) {
    this.container = container
    this.#workload = workload
  }

  get all(): readonly Unread[] {
    return (this.#all ??= this.#find())
  }

  /** Those of a container that is not read to its end, which is told elsewhere, are none. */
  #find(): readonly Unread[] {
    const found: Unread[] = []
    try {
      const inspected = inspectContainer(this.#workload, this.container, workloadReleases(this.#workload), {}, (program) =>
        found.push(program))
      this.startsUnknown = inspected?.mayStartMore === true
      return found
    } catch (error) {
      if (isSpent() || unreadReason(error) === undefined) throw error
      return []
    }
  }
}

const setsArguments = ({ env }: Container): boolean => env.some(({ name }) => name === cmdArgs)

/** What is worth a closer look, among the words of a container. */
const mayBeBehind = /gunicorn|\.(?:sh|bash)\b|\/(?:docker-)?(?:entrypoint|start|run|launch|boot|init|serve|web)\b/

function isWorthALook({ container }: Programs, texts: readonly string[]): boolean {
  if (setsArguments(container)) return true
  return texts.some((text) => mayBeBehind.test(text) || text.split(/[\s;&|()]+/, mostFirstWords).some((word) => isStarter(baseName(word))))
}

/** So many words of a text are looked at for the names of programs. */
const mostFirstWords = 50

const isStarter = (name: string): boolean => starters.has(name) || supervisors.has(name)

/** The program behind which gunicorn may be, where none is seen to be started. */
function behind(container: Container, programs: Programs): HiddenCommand | undefined {
  const texts = textsOf(container)
  if (!isWorthALook(programs, texts)) return undefined
  const at = (value: string): Path => {
    const { command = [], args = [], path } = container
    const [inCommand, inArgs] = [command.indexOf(value), args.indexOf(value)]
    return inCommand >= 0 ? [...path, 'command', inCommand] : inArgs >= 0 ? [...path, 'args', inArgs] : path
  }
  const named = texts.some((text) => namesGunicorn(text) || importsGunicorn(text))
  const speaking = named
    ? programs.all.find(({ name, words }) =>
      !isDoneBy(baseName(name), words) && words.some(({ value, text }, index) => index > 0 && speaksOf(name, value ?? text))
    ) : undefined
  if (speaking) return { kind: 'program', path: container.path, value: scriptOf(speaking) ?? speaking.name }
  for (const program of programs.all) {
    const name = baseName(program.name)
    const kind = isOneOf(starters.get(name)?.subcommands, program) ? 'starter'
      : isOneOf(supervisors.get(name), program) ? 'supervisor' : undefined
    if (kind) return { kind, path: at(program.name), value: program.name }
  }
  // What comes before the last has ended by then; of a platform's own file, the repository is looked into for scripts.
  const last = programs.all.findLast(({ name }) => !passing.has(name))
  const script = last && !container.platform ? scriptOf(last) : undefined
  if (script !== undefined) return { kind: 'script', path: at(script), value: script }
  if (named && programs.startsUnknown && programs.all.every(({ name, words }) => isAnother(baseName(name), words)))
    return { kind: 'unknown', path: container.path }
  if (named && !programs.startsUnknown && texts.some((text) => writesCommand.test(text))) return { kind: 'unreached', path: container.path }
  const meant = setsArguments(container) ? programs.all.find(({ name, words }) => !isAnother(baseName(name), words)) : undefined
  return meant && { kind: 'variable', path: at(meant.name), value: meant.name }
}

/** Whether a script has gunicorn for a command, which nothing of it gets to where none is seen to be started. */
const writesCommand = /(?:^|[;&|(\n])[ \t]*(?:exec[ \t]+)?gunicorn3?[ \t]+[\w-]/

/** Whether a text speaks of gunicorn to a program: to Python, also as code that imports it. */
const speaksOf = (program: string, text: string): boolean =>
  namesGunicorn(text) || (/^(python|pypy)/.test(baseName(program)) && importsGunicorn(text))

const importsGunicorn = (text: string): boolean => /\b(?:import|from)\s+gunicorn\b|['"]gunicorn['".]/.test(text)

/** What may stand behind a program that has served, and says nothing of what it was. */
const passing = new Set(['[', ':', '.', 'true', 'exit', 'echo', 'sleep', 'wait', 'set', 'export', 'cd'])

const isOneOf = (subcommands: readonly string[] | undefined, { words }: Unread): boolean =>
  subcommands !== undefined &&
  (subcommands.length === 0 || words.some(({ value }, index) => index > 0 && index < 20 && subcommands.includes(value ?? '')))

/** The script that a program is, or that a shell is given by its name. */
function scriptOf({ name, words }: Unread): string | undefined {
  if (!isShellName(name)) return isScript(name) ? name : undefined
  const operand = words.slice(1, 6).find(({ value }) => !value?.startsWith('-') && !value?.startsWith('+'))?.value
  return operand == null || words[1]?.value === '-s' ? undefined : operand
}

/** Whether a program does something with the name, and does not start what it names. */
const isDoneBy = (name: string, words: readonly Word[]): boolean => {
  if (startsNamed.has(name)) return false
  if (name !== 'sh' && name !== 'bash' && name !== 'dash' && isAnother(name, words)) return true
  return /^(python|pypy|uv|poetry|pipenv|pdm|conda|mamba)/.test(name) &&
    words.some(({ value }) => value !== null && /^(pip|install|add|sync|list|show|freeze)$/.test(value))
}

/** Programs that are no gunicorn, and may start what their words name. */
const startsNamed = new Set(['xargs', 'vault', 'ssh', 'docker', 'kubectl'])

/** What is known of a gunicorn that is not seen to be started. */
function* partly(unknown: Workload, container: Container, programs: Programs,
  withRelease: (workload: Workload) => Workload): Generator<Invocation> {
  const { path, command = [], args = [] } = container
  const hasArguments = setsArguments(container)
  const hasOptions = textsOf(container).some((text) => text.includes('-gunicorn-opts'))
  if (!hasArguments && !hasOptions) return
  const workload = withRelease(unknown)
  const environment = containerEnvironment(container, workload.enableServiceLinks)
  const given = hasArguments ? environment.variables.get(cmdArgs)?.value : undefined
  // Somebody means a gunicorn, unless all that is started is something else.
  if (typeof given === 'string' &&
    !(programs.all.length > 0 && !programs.startsUnknown && programs.all.every(({ name, words }) => isAnother(baseName(name), words))))
    yield { ...partial(workload, container, environment, [], (name) => (name === cmdArgs ? given : null), () => ({ path })),
      runs: mayStartOther(container, programs) ? 'maybe' : 'surely' }
  for (const { name, words } of hasOptions ? programs.all : []) {
    const option = starters.get(baseName(name))?.options?.find((one) =>
      words.some(({ value }) => value === one || value?.startsWith(`${one}=`))
    )
    if (option === undefined) continue
    const index = words.findIndex(({ value }) => value === option || value?.startsWith(`${option}=`))
    const holder = words[index]?.value === option ? words[index + 1] : words[index]
    const text = holder?.value?.slice(words[index]?.value === option ? 0 : option.length + 1)
    if (holder === undefined || text === undefined) continue
    const split = splitWords(text)
    if (!Array.isArray(split)) continue
    const all = [...command, ...args]
    const at = all.findIndex((one) => one === holder.text)
    const place = { path: at < 0 ? path : at < command.length ? [...path, 'command', at] : [...path, 'args', at - command.length] }
    yield partial(workload, container, environment, split, () => null, () => place)
  }
}

/** Whether a container may keep its variable from gunicorn, or start something else in its place. */
const mayStartOther = (container: Container, { all }: Programs): boolean =>
  textsOf(container).some((text, index, texts) =>
    text.includes(cmdArgs) || /\benv\s+-/.test(text) || (baseName(text) === 'env' && texts[index + 1]?.startsWith('-') === true)
  ) ||
  all.some(({ name, words }) => !passing.has(name) && isAnother(baseName(name), words))

function partial(workload: Workload, container: Container, environment: ContainerEnvironment, own: readonly Word[], variables: Variables,
  placeOf: Invocation['placeOf']): Invocation {
  const releases = workloadReleases(workload)
  const words = [gunicornItself, ...own, hiddenApplication]
  return {
    ...standIn(workload, container, container.path),
    environment,
    words,
    placeOf,
    releases,
    variables,
    settings: new AgreedSettings(read(words.slice(1), variables, releases)),
    // Whichever gunicorn the container starts reads them.
    runs: 'surely',
    isPartial: true,
  }
}
