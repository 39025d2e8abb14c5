/**
 * Workload → its invocations of gunicorn: what a rule sees. Pure.
 */
import { bounded, isSpent, spend, unread as giveUp, unreadReason } from './budget.ts'
import { nothingBeside } from './shell/beside.ts'
import { normalized, type Folder } from './command-line/working-folder.ts'
import { startedInImage } from './command-line/image-command.ts'
import { inspectCommandLine, mostWords, noParents, wordOf, type CommandLine, type Found, type Inspected,
  type Misstart } from './command-line.ts'
import { AgreedSettings } from './gunicorn/agreed-settings.ts'
import { parseArguments } from './gunicorn/arguments.ts'
import { releasesWithin, versionIn, type Release } from './gunicorn/catalogue.ts'
import { automaticFile, type ConfigText } from './gunicorn/config-file.ts'
import { read, type Variables } from './gunicorn/settings.ts'
import type { Parent } from './gunicorn/termination.ts'
import { broughtBy } from './kubernetes/brought-variables.ts'
import { containerEnvironment, type ContainerEnvironment } from './kubernetes/environment.ts'
import { expand, expandRewritten, longestArgument, tooLong } from './kubernetes/expansion.ts'
import type { Path } from './kubernetes/field.ts'
import type { HiddenCommand } from './kubernetes/hidden-command.ts'
import { mayBeMounted, mountedFile, type ConfigMaps } from './kubernetes/mounted-files.ts'
import { selects, type Service, type Services } from './kubernetes/services.ts'
import type { Element } from './kubernetes/element.ts'
import { valueAt, type Container, type EnvVar, type UnreadContainer, type Workload } from './kubernetes/workload.ts'
import { scriptElements, startedFiles } from './platforms/script-file.ts'
import { Environment } from './shell/environment.ts'
import { literal, type Word } from './shell/word.ts'

/** One gunicorn command line found in a container. */
export interface Invocation extends Found {
  readonly workload: Workload
  readonly container: Container
  readonly environment: ContainerEnvironment
  /** Whether the container may start another gunicorn, where that cannot be read. */
  readonly mayHaveOthers: boolean
  /** What is not in sight of the command, of a container that stands in here for what it may start. */
  readonly hidden?: HiddenCommand
  /** The Services beside it that send traffic to its Pods. */
  readonly services?: readonly Service[]
  /** The file that it stands in, where that is another one than the object: nothing is mended there. */
  readonly standsIn?: string
  /** True where nothing but some words of a gunicorn is in sight, as in GUNICORN_CMD_ARGS: what it refuses of them holds, and nothing else does. */
  readonly isPartial?: boolean
  /** Why it was not read to its end, of a container that stands in here for what it may start. */
  readonly unread?: UnreadContainer
  /** What its command line says in vain, of a container that stands in here for what it may start. */
  readonly misstart?: Misstart
}

/** What is known of the image of a container, which starts gunicorn. */
export interface ImageStart {
  /** `image "shop:1"` */
  readonly name: string
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The folder that its command starts in: an absolute path. */
  readonly folder: string
  /** Where PATH leads for the first word of the command, if that is a script. */
  readonly located?: readonly [word: string, path: string]
  /** The text of a file at an absolute path; null for one that is not had, undefined where there is none. */
  readonly text: (path: string) => string | null | undefined
}

/** What is at hand besides a workload itself: nothing where it is admitted. */
export interface Surroundings {
  readonly configMaps?: ConfigMaps
  readonly services?: Services
  /** Config files that are handed over: `undefined` for one that is not among them. */
  readonly configFile?: CommandLine['configFile']
  /** What the image of a container starts; undefined where that is not known, or no gunicorn is among it. */
  readonly images?: (container: Container) => ImageStart | undefined
  /** True where they are those of the whole repository that the application starts in. */
  readonly isRepository?: boolean
}

/**
 * The invocations of gunicorn in a workload, container by container.
 * @param unread takes the containers that are not read to their end
 * @param misstarts takes what their command lines say in vain
 * @throws {Unread} for those, where it is not given
 */
export function inspect(workload: Workload, surroundings: Surroundings = none, unread?: UnreadContainer[],
  misstarts?: Invocation[]): Invocation[] {
  const inspected = inspectWorkload(workload, surroundings, unread)
  if (misstarts) {
    for (const { container, misstarts: some } of inspected)
      for (const misstart of some)
        misstarts.push(misstartOf(workload, container, misstart))
  }
  return inspected.flatMap(({ invocations }) => invocations)
}

/** The same with what is wrong with scripts and what was not read, for each container that may start gunicorn. */
export function inspectWorkload(workload: Workload, surroundings: Surroundings = none, unread?: UnreadContainer[]): InspectedContainer[] {
  return bounded(() => {
    const releases = workloadReleases(workload)
    const inspected: InspectedContainer[] = []
    let invocations = 0
    for (const [index, container] of workload.containers.entries()) {
      try {
        const found = inspectContainer(workload, container, releases, surroundings)
        if (!found) continue
        invocations += found.invocations.length
        if (invocations > mostInvocations) giveUp(`at most ${mostInvocations} gunicorns of a workload are looked at`)
        inspected.push(found)
      } catch (error) {
        const reason = unreadReason(error)
        if (reason === undefined || !unread) throw error
        // Where nothing is left of the budget, the rest is looked at no more.
        const rest = isSpent() || invocations > mostInvocations ? workload.containers.slice(index + 1) : []
        unread.push({ container, reason, others: rest.filter((other) => mayStartGunicorn(other, textsOf(other))).length })
        if (rest.length > 0) break
      }
    }
    return inspected
  })
}

/** The most gunicorns of a workload that are looked at: nobody starts as many. */
const mostInvocations = 200

/** The texts of a container's command line. Without a command the image's entry point holds, which as a rule runs what its arguments say. */
export const textsOf = ({ command = [], args = [], platform }: Container): readonly string[] =>
  platform?.elements.map(({ text }) => text) ?? [...command, ...args]

/** Most containers of a cluster are told by this alone; `$(NAME)` may stand for any part of the name. */
function mayStartGunicorn({ process, env }: Container, texts: readonly string[]): boolean {
  if (texts.some((text) => text.includes('gunicorn') || text.includes('$(') || (process !== undefined && text.includes('$')))) return true
  // A shell, or `env -S`, brings variables in.
  return env.some(({ value }) => value?.includes('gunicorn')) && texts.some((text) => text.includes('$'))
}

/** The releases that the gunicorn in a workload's images can be. */
export function workloadReleases({ annotations, gunicorn }: Workload): readonly Release[] {
  const annotated = versionIn(annotations.get('paddock.dev/gunicorn')?.value)
  return releasesWithin(annotated === undefined ? gunicorn : `==${annotated}`)
}

interface InspectedContainer extends Inspected {
  readonly container: Container
  readonly invocations: readonly Invocation[]
}

/** `program` takes the programs that are started besides; where it is given, a container is looked at that says nothing of gunicorn, too. */
export function inspectContainer(
  workload: Workload,
  container: Container,
  releases: readonly Release[],
  surroundings: Surroundings,
  program?: CommandLine['program'],
): InspectedContainer | undefined {
  const { command = [], path } = container
  const texts = textsOf(container)
  if (!program && !mayStart(container, surroundings, texts)) return undefined
  if (texts.length > mostWords) giveUp(`at most ${mostWords} words of a command are read`)
  // A container with a longer one does not start; a file may be longer.
  const isTooLong = (text: string | undefined): boolean => text !== undefined && text.length > longestArgument
  if ((!container.platform && texts.some(isTooLong)) || container.env.some(({ value }) => isTooLong(value)))
    giveUp(tooLong)
  spend(texts.length)
  const environment = containerEnvironment(container, workload.enableServiceLinks,
    broughtBy(workload, container, surroundings.configMaps, surroundings.services))
  const elements = container.platform?.elements ?? texts.map((text, index) => ({
    path: index < command.length ? [...path, 'command', index] : [...path, 'args', index - command.length],
    text,
    expanded: container.process ? expandRewritten(text, environment.lookup) : expand(text, environment.lookup),
  }))
  if (elements.some(({ expanded }) => expanded.isTooLong)) giveUp(tooLong)
  const image = container.platform ? undefined : surroundings.images?.(container)
  const found = inspectCommandLine({
    elements,
    path,
    text: container.platform?.text,
    ...(container.platform ? { escaped: String } : {}),
    // An image may set more variables than the object shows.
    environment: () => shellEnvironment(environment, image),
    variables: variablesOf(environment, image),
    releases,
    program,
    configFile: (path, folder) => {
      const given = configFileOf(workload, container, surroundings, path, folder)
      return given ?? (image && configInImage(container, image, path, folder)) ?? given
    },
    mayHideConfig: (folder) => mayHideConfig(workload, container, surroundings, folder),
  })
  const before = command.length === 0 && !container.platform ? [entryPoint] : noParents
  const invocations = found.invocations.map((invocation): Invocation => ({
    ...invocation,
    workload,
    container,
    environment,
    mayHaveOthers: found.mayStartMore || found.unread.length > 0,
    parents: before.length === 0 ? invocation.parents : [...before, ...invocation.parents],
  }))
  // What is in sight is judged by itself: what a script of the image makes of it is not known better there.
  if (image && invocations.length === 0) invocations.push(...inImage(workload, container, image, environment, releases, surroundings))
  const services = surroundings.services?.(workload.namespace).filter((service) =>
    selects(service, valueAt(workload.written, [...workload.kind.metadata, 'labels']))
  )
  const mounted = surroundings.configMaps ? inMountedScripts(workload, container, elements, environment, releases, surroundings) : []
  const all = mounted.length > 0 ? [...invocations, ...mounted.flatMap((script) => script.invocations)] : invocations
  // The entry point may be a shell, or run its arguments by one.
  // It is never certain: with ENTRYPOINT ["sh", "-c"], or a launcher as buildpacks have it, one element is a whole command line, and only the image tells.
  const own = before.length === 0 ? found.misstarts
    : found.misstarts.map((
      { split, ...misstart },
    ) => (split || misstart.kind === 'script' ? { doubt: "unless the image's entry point is a shell", ...misstart } : misstart))
  const misstarts = mounted.length > 0 ? [...own, ...mounted.flatMap((script) => script.misstarts)] : own
  return { ...found, container, misstarts,
    invocations: services && services.length > 0 ? all.map((invocation) => ({ ...invocation, services })) : all }
}

/** Whether what a container runs before its program brings Python packages in: what is known of the image is not all that is there then. */
export const mayInstall = (container: Container): boolean =>
  textsOf(container).some((text, index, all) => installing.test(text) || (text === 'install' && /^pip[\d.]*$/.test(all[index - 1] ?? '')))

const installing =
  /\b(?:pip[\d.]*|pipx|uv|poetry|pipenv|pdm|conda|mamba|micromamba|apt|apt-get|apk|dnf|yum)\s+(?:[\w-]+\s+|-\S+\s+){0,3}(?:install|add|sync|update|upgrade)\b|^--with(?:=|$)|\s--with[\s=]/

/** Whether a container may start gunicorn, by itself or by what stands beside it. */
export const mayStart = (container: Container, surroundings: Surroundings = none, texts = textsOf(container)): boolean =>
  mayStartGunicorn(container, texts) || mayBeBrought(container, texts, surroundings) || surroundings.images?.(container) !== undefined

/** Whether what stands beside a container may start gunicorn: a script that is mounted, a variable that a shell brings in. */
const mayBeBrought = ({ written, envFrom }: Container, texts: readonly string[], { configMaps }: Surroundings): boolean =>
  configMaps !== undefined &&
  (texts.some((text) => text.includes('/')) && valueAt(written, ['volumeMounts']) !== undefined ||
    (envFrom.length > 0 && texts.some((text) => text.includes('$'))))

/** The file at an absolute path that a container starts, where a ConfigMap at hand holds it. */
export function mountedScript(workload: Workload, container: Container, path: string, { configMaps }: Surroundings): {
  readonly text: string
  readonly configMap: string
} | undefined {
  if (!configMaps || !path.startsWith('/') || valueAt(container.written, ['volumeMounts']) === undefined) return undefined
  const found = mountedFile(workload, container, absolute(path), configMaps)
  return typeof found === 'object' ? found : undefined
}

/** What is found in a script that a ConfigMap holds. */
interface InScript {
  readonly invocations: readonly Invocation[]
  readonly misstarts: readonly Misstart[]
}

/** The gunicorns of scripts that a container starts and a ConfigMap holds, and what those say in vain. They are told at the word that names the script. */
function inMountedScripts(workload: Workload, container: Container, elements: readonly Element[], environment: ContainerEnvironment,
  releases: readonly Release[], surroundings: Surroundings): InScript[] {
  if (container.platform) return []
  const env = Array.from(environment.variables, ([name, { value }], index): EnvVar => ({ name, value: value ?? undefined, index }))
  return [...startedFiles(elements, env, [''])].flatMap((file) => {
    const script = mountedScript(workload, container, file.name, surroundings)
    const place = elements.find(({ text }) => text === file.name) ?? elements.find(({ text }) => text.includes(file.name))
    const made = script && place && scriptElements(file, script.text, place.path)
    if (!script || !place || !made) return []
    const start = place.text.indexOf(file.name)
    const found = inspectCommandLine({
      elements: made.map((element) => ({ ...element, at: { start, end: start + file.name.length } })),
      path: place.path,
      environment: () => new Environment(file.variables.map(({ name, value }) => [name, value ?? null]), false, file.tampered),
      variables: variablesOf(environment),
      releases,
      configFile: (path, folder) => configFileOf(workload, container, surroundings, path, folder),
      mayHideConfig: (folder) => mayHideConfig(workload, container, surroundings, folder),
    })
    const standsIn = `${file.name.slice(file.name.lastIndexOf('/') + 1)} of ConfigMap "${script.configMap}"`
    const isUnsure = file.runs === 'maybe'
    return [{
      invocations: found.invocations.map((invocation) => {
        const runs = isUnsure ? 'maybe' : invocation.runs
        // What starts the script may start something else in its place, which does not stand beside its commands.
        return { ...invocation, workload, container, environment, mayHaveOthers: found.mayStartMore || runs === 'maybe', standsIn, runs }
      }),
      // It is not mended here.
      misstarts: found.misstarts.map(({ split: _split, splices: _splices, ...misstart }) => ({
        ...misstart,
        place: { path: place.path, start, end: start + file.name.length },
        detail: `${misstart.detail} (${standsIn})`,
        ...(isUnsure ? { doubt: misstart.doubt ?? 'if that script runs' } : {}),
      })),
    }]
  })
}

/** The gunicorns that a container starts by what its image holds: its own command, or scripts. They are told at the image, or at the word that names it. */
function inImage(workload: Workload, container: Container, image: ImageStart, environment: ContainerEnvironment,
  releases: readonly Release[], surroundings: Surroundings): Invocation[] {
  const { command, args, path } = container
  const given = (text: string, at: Path): Element => ({ path: at, text, expanded: expand(text, environment.lookup) })
  const own = (text: string): Element => ({ path: [...path, 'image'], text, at: { start: 0, end: image.name.length },
    expanded: { text, unknown: [], undefined: [], source: (offset) => offset } })
  const behind = args?.map((text, index) => given(text, [...path, 'args', index])) ?? []
  const elements = command ? [...command.map((text, index) => given(text, [...path, 'command', index])), ...behind]
    : [...image.entrypoint.map(own), ...(args ? behind : image.cmd.map(own))]
  const [word, found] = image.located ?? []
  const [first, ...rest] = elements
  const located = first && found !== undefined && first.text === word
    ? [{ ...first, text: found, expanded: { ...first.expanded, text: found } }, ...rest] : elements
  // What an envFrom brings goes over what the image sets.
  const variables = new Map<string, string | null>([
    // The runtime of containers sets them, and shells do.
    ...['HOME', 'HOSTNAME', 'PWD', 'TERM'].map((name) => [name, null] as const),
    ...Object.entries(image.env).map(([name, value]) => [name, environment.mayComeFromElsewhere(name) ? null : value] as const),
  ])
  for (const [name, { value }] of environment.variables) variables.set(name, value)
  const { started, mayStartMore } = startedInImage({
    elements: located,
    folder: folderIn(container, image),
    variables: [...variables],
    mayComeFromElsewhere: environment.mayComeFromElsewhere,
    isClosed: container.envFrom.length === 0,
    releases,
    text: textIn(container, image),
    configFile: (file, startsIn) =>
      (surroundings.configMaps && configFileOf(workload, container, surroundings, file, startsIn)) ?? undefined,
  })
  return started.map(({ found: invocation, script }): Invocation => ({
    ...invocation,
    workload,
    container,
    environment,
    mayHaveOthers: mayStartMore,
    insertion: { kind: 'none', reason: 'it stands in the image' },
    ...(script === undefined ? {} : { standsIn: `${script.slice(script.lastIndexOf('/') + 1)} of ${image.name}` }),
  }))
}

/** A config file of the image; undefined where there is none, or nothing is known of it. */
function configInImage(container: Container, image: ImageStart, path: string, startsIn: () => Folder): ConfigText | null | undefined {
  if (!path.startsWith('/') && startsIn() !== '') return undefined
  const at = absolute(path.startsWith('/') ? path : `${folderIn(container, image)}/${path}`)
  const text = textIn(container, image)(at)
  return text == null ? undefined : { name: at, text }
}

function folderIn({ written }: Container, image: ImageStart): string {
  const folder = valueAt(written, ['workingDir'])
  return typeof folder === 'string' && folder.startsWith('/') ? folder : image.folder
}

/** What the container sees of the image's files: a volume lies over what the image has there. */
function textIn({ written }: Container, image: ImageStart): ImageStart['text'] {
  const mounts = valueAt(written, ['volumeMounts'])
  const mounted = (Array.isArray(mounts) ? (mounts as unknown[]) : []).flatMap((mount) => {
    const path = valueAt(mount, ['mountPath'])
    return typeof path === 'string' ? [`${path}/`] : []
  })
  return (file) => (mounted.some((at) => file.startsWith(at)) ? null : image.text(file))
}

const none: Surroundings = {}

/** What a shell finds in its environment. */
function shellEnvironment({ variables, mayComeFromElsewhere }: ContainerEnvironment, image?: ImageStart): Environment {
  spend(variables.size / 3)
  const own = Array.from(variables, ([name, { value }]) => [name, value] as const)
  const under = Object.entries(image?.env ?? {}).filter(([name]) => !variables.has(name) && !mayComeFromElsewhere(name))
  return new Environment([...under, ...own], false)
}

/** What runs `args` where there is no `command`. */
const entryPoint: Parent = { kind: 'wrapper', name: "the image's entry point", stays: true, passes: null }

/** What gunicorn finds in a container's environment. What an image may set besides is not reckoned with unless it is looked into: no default could be put in otherwise. */
const variablesOf = ({ variables, mayComeFromElsewhere }: ContainerEnvironment, image?: ImageStart): Variables => (name) => {
  const variable = variables.get(name)
  if (variable) return variable.value
  if (mayComeFromElsewhere(name)) return null
  return image && Object.hasOwn(image.env, name) ? image.env[name] : undefined
}

/**
 * The gunicorn that the entry point of a container's image starts, by what the object tells of it: its arguments and its
 * variables. What the entry point puts on the command line itself is not seen, the application included.
 */
export function inspectImage(workload: Workload, container: Container): Invocation {
  const { args = [], path } = container
  spend(args.length)
  const environment = containerEnvironment(container, workload.enableServiceLinks)
  const own = args.map((text, index) => wordOf({ path: [...path, 'args', index], text, expanded: expand(text, environment.lookup) }))
  const releases = workloadReleases(workload)
  const variables = variablesOf(environment)
  const named = releases.some((release) => parseArguments(own, release).positionals.length > 0)
  const words = [gunicornItself, ...(named ? [] : [hiddenApplication]), ...own]
  return {
    ...standIn(workload, container, path),
    environment,
    words,
    insertion: { kind: 'none', reason: 'the entry point of the image is not in sight' },
    placeOf: (word) => {
      const index = own.indexOf(word)
      return { path: index < 0 ? path : [...path, 'args', index] }
    },
    releases,
    variables,
    settings: new AgreedSettings(read(words.slice(1), variables, releases)),
    mayHaveOthers: false,
  }
}

export const gunicornItself = literal('gunicorn')
/** Some application, of which only that it is there is known. */
export const hiddenApplication: Word = { value: null, prefix: 'application', splits: false, text: '', start: 0, end: 0 }

/** A container that was not read to its end, as an invocation of which nothing is known. */
export function unreadInvocation(workload: Workload, unread: UnreadContainer): Invocation {
  return { ...standIn(workload, unread.container, unread.container.path), unread }
}

/** What a command line says in vain, as an invocation of which nothing is known but the element that may be taken apart. */
function misstartOf(workload: Workload, container: Container, misstart: Misstart): Invocation {
  const { place, split, splices } = misstart
  const list = { kind: 'list', path: place.path.slice(0, -1), before: undefined } as const
  return { ...standIn(workload, container, place.path), ...(split ?? splices ? { insertion: list } : {}), misstart }
}

export function standIn(workload: Workload, container: Container, path: Path): Invocation {
  const place = { path }
  return {
    workload,
    container,
    environment: noEnvironment,
    form: 'exec',
    words: [],
    command: undefined,
    script: undefined,
    parents: noParents,
    shell: undefined,
    beside: nothingBeside,
    runs: 'maybe',
    place,
    insertion: { kind: 'none', reason: 'the command is not in sight' },
    settings: new AgreedSettings([]),
    variables: () => null,
    releases: [],
    placeOf: () => place,
    mayHaveOthers: true,
  }
}

const noEnvironment: ContainerEnvironment = { variables: new Map(), mayComeFromElsewhere: () => true, lookup: () => null }

/** Whether the folder that a container's gunicorn starts in is not in sight: it is in a repository, and where a ConfigMap is the folder. */
function mayHideConfig(workload: Workload, container: Container, { configMaps = () => undefined, isRepository = false }: Surroundings,
  startsIn: () => Folder): boolean {
  const at = startsIn()
  if (typeof at !== 'string' || (at !== '' && !isRepository)) return true
  if (isRepository) return false
  const folder = valueAt(container.written, ['workingDir'])
  return typeof folder !== 'string' || !folder.startsWith('/') ||
    mountedFile(workload, container, absolute(`${folder}/${automaticFile}`), configMaps) !== 'absent'
}

/** A key of a ConfigMap, where config files come from. */
const configMapOrigin = (...key: readonly [namespace: string, name: string, key: string]): string => JSON.stringify(key)

/** The namespace, the name and the key again; undefined for what comes from elsewhere. */
export function configMapKey(origin: string): readonly [namespace: string, name: string, key: string] | undefined {
  return origin.startsWith('["') ? (JSON.parse(origin) as readonly [string, string, string]) : undefined
}

/** The config file at a path, as a container sees it. */
function configFileOf(
  workload: Workload,
  container: Container,
  { configMaps = () => undefined, configFile }: Surroundings,
  path: string,
  startsIn: () => Folder,
): ConfigText | null | undefined {
  const given = configFile?.(path, startsIn)
  if (given !== undefined) return given
  // What an image holds is not reckoned with, and neither is what a disk does: what gunicorn finds by itself is there where a volume brings it.
  const isAutomatic = path === automaticFile
  if (isAutomatic && valueAt(container.written, ['volumeMounts']) === undefined) return undefined
  const workingDir = valueAt(container.written, ['workingDir'])
  const folder = path.startsWith('/') ? ''
    : typeof workingDir === 'string' && workingDir.startsWith('/') && startsIn() === '' ? `${workingDir}/` : undefined
  if (folder === undefined) return isAutomatic && !mayBeMounted(workload, container, automaticFile) ? undefined : null
  const found = mountedFile(workload, container, absolute(folder + path), configMaps)
  if (typeof found === 'object')
    return { name: `${path.slice(path.lastIndexOf('/') + 1)} of ConfigMap "${found.configMap}"`, text: found.text,
      origin: configMapOrigin(workload.namespace, found.configMap, found.key) }
  if (found === 'absent') return undefined
  return found === 'elsewhere' && isAutomatic ? undefined : null
}

/** A path without `.`, `..` and `//`, from the root on. */
export const absolute = (path: string): string => normalized(`/${path}`)
