/** What a rule is, and how it words a problem. */
import { spend } from '../budget.ts'
import { isLoopback, parseAddress, type Address } from '../gunicorn/address.ts'
import { adviceOnVariable, oneDash } from '../gunicorn/advice.ts'
import { isGunicorn } from '../gunicorn-name.ts'
import { isRepackaged, versionIn, type Release } from '../gunicorn/catalogue.ts'
import type { Value } from '../gunicorn/catalogue/release-file.ts'
import type { Entry, Reading, Setting, StartProblem } from '../gunicorn/settings.ts'
import { isNeeded, needingSettings, needsFor, type Need } from '../gunicorn/worker-classes.ts'
import { effectOf } from '../gunicorn/worker-facts.ts'
import type { Found, Misstart, Place } from '../command-line.ts'
import type { Invocation } from '../inspect.ts'
import { containerEnvironment } from '../kubernetes/environment.ts'
import { expand, expandRewritten } from '../kubernetes/expansion.ts'
import { hasHostNetwork, isLasting, lastingContainers, workingFolder } from '../kubernetes/pod-fields.ts'
import type { Path, Shape } from '../kubernetes/field.ts'
import { sidecarCallsLoopback } from '../kubernetes/sidecars.ts'
import { valueAt, type Container } from '../kubernetes/workload.ts'
import type { Command } from '../shell/command.ts'
import { containerPassesOn, isProxy as isProxyCommand, mayPassOn, namesProxy } from '../shell/programs.ts'
import type { Word } from '../shell/word.ts'

export type Severity = 'error' | 'warning' | 'info'

/** What may be done about a finding. */
export const actions = ['Off', 'Audit', 'Warn', 'Fix', 'Deny'] as const
export type Action = (typeof actions)[number]

/** How an edit mends a problem: a setting and its new value, or a word taken apart. */
export type Fix =
  /**
   * `$PORT` (the platform's port variable) in a value stays a variable. With `entry`, that value of the setting is
   * replaced where it stands; without, the setting is added.
   */
  | { readonly setting: string; readonly value: string | number | true; readonly entry?: Entry }
  /** Text is put in front of a value where it stands on the command line, be its value known or not. */
  | { readonly put: string; readonly before: Entry }
  | { readonly split: Word; readonly into: readonly string[] }
  /** Text of the string at a path is put in place of what stands there. */
  | { readonly path: Path; readonly splices: readonly { readonly start: number; readonly end: number; readonly text: string }[] }
  /** The option of this setting, one without a value, is left out wherever it stands. */
  | { readonly drop: string }
  /** The program takes the place of the shell that starts it. */
  | { readonly exec: true }
  /** Nothing but the port variable is missing. */
  | { readonly define: 'port' }

/** What a rule yields. */
export interface Problem {
  readonly place: Place
  readonly shape: Shape
  /** The offending value, as it is written. */
  readonly value?: unknown
  /** What is allowed, in the words of the message guide: lower case, no full stop, one sentence. */
  readonly detail: string
  /** Instead of the rule's own, where it can be more exact. */
  readonly remedy?: string
  readonly fix?: Fix
  /** The setting whose value it is about, of a rule that reads several. */
  readonly about?: string
  /** The releases for which this is a problem, where the image's release is not known and others do not mind. */
  readonly releases?: readonly Release[]
  /** What is not in sight and may make it no problem after all, as the end of the message: `unless …`. Then nothing is denied for it. */
  readonly doubt?: string
}

/** What the platform offers and asks for, as the policy tells it. */
export interface Platform {
  /** The values that are put in where nothing sets the setting. */
  readonly defaults: Readonly<Record<string, string | number>>
  /** Whether they are also put in where gunicorn goes by them anyway. */
  readonly explicit: boolean
  readonly port: {
    /** The variable by which the platform assigns the port. */
    readonly env: string
    /** What it is defined as where the container names no port; null for nothing. */
    readonly fallback: number | null
  }
  /** Where settings are put in: on the command line, or in the variables of the container. */
  readonly injection: 'Command' | 'Environment'
  /** The worker class that takes the place of one whose distribution is missing; null for none. */
  readonly workerFallback: string | null
}

/** Whether a Python distribution is there, and how that is known. */
export interface Installed {
  readonly state: 'Installed' | 'Absent' | 'Unknown'
  /** A PEP 440 specifier of the versions it can be: empty for any. */
  readonly specifier: string
  /** Where that was read: `annotation "paddock.dev/requirements"`; empty where nothing was. */
  readonly evidence: string
}

/** What is known of the Python in the image. */
export interface Python {
  /** Such as `2.7`; undefined where it is not known. */
  readonly version: string | undefined
  /** Where that was read. */
  readonly evidence: string
  readonly installed: (distribution: string) => Installed
}

/** What a rule sees. */
export interface Subject extends Invocation {
  readonly platform: Platform
  readonly python: Python
  /**
   * Whether the port variable is defined, or the fix can define it: `wrong` where what it is defined as is no port, so that nothing
   * may be made to read it; `unknown` where that cannot be seen.
   */
  readonly portVariable: 'defined' | 'wrong' | 'definable' | 'unknown' | 'none'
  /** All gunicorns of the workload, where several run beside each other: in containers of their own, or in the background of a script. */
  readonly inPod?: readonly Invocation[]
  /** What the workload wants to switch off and may not, where it stands for itself as a whole; `isRule` where there is such a rule. */
  readonly refused?: readonly { readonly id: string; readonly isRule: boolean }[]
}

export interface Rule {
  /** The fault, kebab-case; reads after "allow"; never renamed. */
  readonly id: string
  readonly severity: Severity
  /** What presets do about it unless they say otherwise. */
  readonly action: Action
  /** True where a workload may switch it off for itself, by `paddock.dev/allow`, unless a policy says otherwise. */
  readonly mayBeAllowed?: boolean
  /** One line, no full stop. */
  readonly summary: string
  /** What happens at run time, in the present tense. */
  readonly why: string
  /** An order; ends with a full stop. */
  readonly remedy: string
  /** The settings that it reads, by gunicorn's names. */
  readonly settings: readonly string[]
  /** True for a rule that speaks where nothing sets its settings; others are not asked then. */
  readonly unset?: boolean
  /** True for a rule that also looks at invocations that gunicorn refuses or that do not serve. */
  readonly always?: boolean
  /** True for a rule about words that gunicorn refuses whatever else it is told: it looks as well at those of a gunicorn that is not in sight itself. */
  readonly isAboutWords?: boolean
  /** `hidden` for a rule that speaks of containers whose command is not in sight, `unread` for those that were not read to their end, `workload` for one of workloads as a whole, and of nothing else. */
  readonly of?: 'hidden' | 'unread' | 'workload'
  readonly check: (subject: Subject) => Iterable<Problem>
  /** For a rule that also speaks of what a command line says in vain. */
  readonly ofMisstart?: (misstart: Misstart) => Problem | undefined
}

export function defineRule(rule: Rule): Rule {
  return rule
}

/** A value of a setting is wrong. */
export function invalid(subject: Subject, setting: Setting, entry: Entry, detail: string, rest: Partial<Problem> = {}): Problem {
  return { place: placeOf(subject, setting, entry), shape: 'Invalid value', value: written(setting, entry), detail: detail + whereIn(entry), about: setting.name, ...rest }
}

/** What a command line says in vain, as a problem. */
export function vain({ place, text, detail, remedy, doubt }: Misstart, fix?: Fix): Problem {
  return { place, shape: 'Invalid value', value: text, detail, ...(remedy === undefined ? {} : { remedy }), ...(doubt === undefined ? {} : { doubt }), ...(fix ? { fix } : {}) }
}

/** The numbers that a setting is set to, as far as they are known, each with where it was set. */
export function* numbers({ settings }: Subject, name: string): Iterable<{ setting: Setting; entry: Entry; value: number }> {
  const setting = settings.get(name)
  if (!setting) return
  for (const entry of settings.entries(name)) if (typeof entry.value === 'number') yield { setting, entry, value: entry.value }
}

/** A value of a setting is none of those that there are. */
export function notSupported(subject: Subject, setting: Setting, entry: Entry, known: readonly string[], rest: Partial<Problem> = {}): Problem {
  const listed = [...known].sort().map((name) => `"${name}"`).join(', ')
  const detail = `supported values: ${listed}`
  return { place: placeOf(subject, setting, entry), shape: 'Unsupported value', value: written(setting, entry), detail: detail + whereIn(entry), about: setting.name, ...rest }
}

/** Nothing sets a setting that must be set. */
export function required(subject: Subject, detail: string, rest: Partial<Problem> = {}): Problem {
  return { place: subject.place, shape: 'Required value', detail, ...rest }
}

/** The line of the config file that sets it, which no place in the object can show. */
const whereIn = ({ line }: Entry): string => (line === undefined ? '' : ` (${line})`)

/** Where a value was set: its word, that of the config file, or the environment variable that holds it. */
function placeOf(subject: Subject, setting: Setting, entry: Entry): Place {
  if (setting.source === 'command line' || setting.source === 'config file') {
    const word = entry.argument?.word ?? entry.word
    return word ? subject.placeOf(word) : subject.place
  }
  const variable = variableOf(setting)
  return variable === undefined ? subject.place : variablePlace(subject, variable)
}

/** Where an environment variable is defined, as far as that can be seen. */
function variablePlace(subject: Subject, name: string): Place {
  const variable = subject.environment.variables.get(name)
  return variable ? { path: variable.entry.path ?? [...subject.container.envPath, variable.entry.index, 'value'] } : subject.place
}

const environmentVariables: Readonly<Record<string, string>> = { bind: 'PORT', workers: 'WEB_CONCURRENCY', forwarded_allow_ips: 'FORWARDED_ALLOW_IPS' }

function variableOf(setting: Setting): string | undefined {
  if (setting.source === 'GUNICORN_CMD_ARGS') return 'GUNICORN_CMD_ARGS'
  return setting.source === 'environment' ? environmentVariables[setting.name] : undefined
}

/** The value as it was written; for what no text holds, as gunicorn holds it. */
function written(setting: Setting, entry: Entry): unknown {
  return entry.argument?.text ?? single(entry.value) ?? setting.value
}

/** The one value of a list entry. */
export function single(value: Value | undefined): Value | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** The address that an entry of `bind` holds; undefined where that is not known. */
export function addressOf({ value }: Entry): Address | undefined {
  const text = single(value)
  return typeof text === 'string' ? parseAddress(text) : undefined
}

/** A text with each form of the port's variable (`${PORT:-8000}`, `$(PORT)`) as `$PORT`; undefined where it holds none. */
export function withPortVariable(text: string, env: string): string | undefined {
  if (!text.includes('$')) return undefined
  const forms = new RegExp(`\\$(?:\\(${env}\\)|\\{${env}(?::?-[^{}]*)?\\}|${env}(?![A-Za-z0-9_]))`, 'g')
  return forms.test(text) ? text.replace(forms, () => `$${env}`) : undefined
}

/** What to do about a variable in an element of a list, where the text is left with its name: nothing defines it there, or it is no `$(NAME)`. */
function fillingRemedy({ environment: { variables } }: Subject, text: string): string | undefined {
  const name = /\$\((\w+)\)/.exec(text)?.[1]
  if (name !== undefined && variables.has(name)) {
    const [holder] = [...variables].find(([other, { entry }]) => other !== name && entry.value?.includes(`$(${name})`)) ?? []
    return holder === undefined ? `Write \`$(${name})\`, with one \`$\`.` : `Define ${name} in \`env\` before ${holder}.`
  }
  return adviceOnVariable(text, true)
}

/** True for what a Service can send traffic to, as it stands in a variable. */
export const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535

/**
 * Whether a word names the port's variable where nobody expands it: true as well where it would be expanded to something else if
 * the variable held a port. What the variable holds may look like its own name (`PORT: $(PORT)`): then it is the variable that is at fault.
 */
export function namesPort({ container, workload, platform, portVariable }: Subject, source: Setting['source'], word: Word): boolean {
  if (portVariable !== 'wrong') return true
  const { env } = platform.port
  const good = container.env.map((variable) => (variable.name === env ? { ...variable, value: '5000' } : variable))
  const { lookup, variables } = containerEnvironment({ ...container, env: good }, workload.enableServiceLinks)
  const text = source === 'GUNICORN_CMD_ARGS' ? variables.get(source)?.value : (container.isRewritten ? expandRewritten : expand)(word.text, lookup).text
  return typeof text !== 'string' || withPortVariable(text, env) !== undefined
}

/** True for a number that gunicorn takes for a host: as an address, 8080 is 0.0.31.144. Zero alone is every address. */
export const isBarePort = (bind: string): boolean => /^[1-9]\d{0,4}$/.test(bind.trim()) && Number(bind) <= 65535

/** How a setting was set, for a message: `-k`, `-k in GUNICORN_CMD_ARGS`, `WEB_CONCURRENCY`. */
export function setBy(setting: Setting, entry: Entry): string {
  if (setting.source === 'command line') return `\`${entry.flag ?? setting.name}\``
  if (setting.source === 'GUNICORN_CMD_ARGS') return `\`${entry.flag ?? setting.name}\` in GUNICORN_CMD_ARGS`
  return variableOf(setting) ?? setting.source
}

/** What makes gunicorn refuse to start, of one kind, each with the releases that refuse where others do not. */
export function* refusals(subject: Subject, fault: StartProblem['fault']): Iterable<{ problem: StartProblem; place: Place; releases: readonly Release[] | undefined }> {
  const { problems } = subject.settings
  if (problems.length === 0) return
  const refusing = new Set<Release>()
  for (const some of new Set(problems.map(({ releases }) => releases))) for (const release of some) refusing.add(release)
  const all = subject.releases.every((release) => refusing.has(release))
  // Releases that read the words alike tell the same; each word is spoken of once.
  const seen = new Map<unknown, { problem: StartProblem; releases: Release[] }>()
  for (const problem of problems) {
    if (problem.fault !== fault) continue
    const key = problem.word ?? problem.variable ?? problem.message
    const known = seen.get(key)
    if (known) known.releases.push(...problem.releases)
    else seen.set(key, { problem, releases: [...problem.releases] })
  }
  for (const { problem, releases } of seen.values())
    yield { problem, place: refusalPlace(subject, problem), releases: all ? undefined : releases }
}

function refusalPlace(subject: Subject, problem: StartProblem): Place {
  if (problem.source === 'GUNICORN_CMD_ARGS') return variablePlace(subject, 'GUNICORN_CMD_ARGS')
  if (problem.variable !== undefined) return variablePlace(subject, problem.variable)
  return problem.word ? subject.placeOf(problem.word) : subject.place
}

/** A setting that nothing sets and the platform has a default for. */
export function* missing(subject: Subject, setting: string): Iterable<Problem> {
  const value = subject.platform.defaults[setting]
  if (value === undefined || subject.settings.isSet(setting) !== 'no' || goesByItself(subject, setting, value)) return
  const effect = effectOf(setting, value, subject.settings)
  if (effect === 'ignored' || effect === 'refused') return
  yield required(subject, `\`${setting}\` must be set`, effect === 'unknown' ? {} : { fix: { setting, value } })
}

/** Whether gunicorn goes by a value of the platform without being told, and need not be. */
function goesByItself({ platform, settings }: Subject, name: string, value: string | number): boolean {
  if (platform.explicit) return false
  const held = settings.value(name)
  return held !== undefined && held !== null && String(held) === String(value)
}

/** The ports that gunicorn listens on, those that are reached from outside the Pod apart; undefined where not all of its addresses are known, or nothing says any. */
export function boundPorts({ settings }: Subject): { readonly reached: readonly number[]; readonly inside: readonly number[] } | undefined {
  const setting = settings.get('bind')
  if (setting?.value === undefined || setting.source === 'default') return undefined
  const addresses = setting.entries.map(addressOf).filter((address) => address !== undefined)
  if (addresses.length < setting.entries.length || addresses.some(({ kind }) => kind === 'fd' || kind === 'bad')) return undefined
  const ports = (isInside: boolean): number[] => addresses.flatMap((address) => (address.kind === 'tcp' && isLoopback(address) === isInside ? [address.port] : []))
  return { reached: ports(false), inside: ports(true) }
}

const isAnother = ({ words }: Command): boolean => words.slice(0, 4).some(({ value }) => value != null && isGunicorn(value))
const isFront = (command: Command): boolean => !isAnother(command) && isProxyCommand(command)
const mayBeFront = (command: Command): boolean => !isAnother(command) && mayPassOn(command)

/** Who may pass requests on to a gunicorn: programs of the same script, containers of the same Pod, which share its address, and those of the node. */
export function inFront({ workload, container, beside }: Subject): 'a proxy' | `another ${string}` | 'a program of the node' | undefined {
  // Nobody passes requests on to a container for debugging.
  const others = workload.pod && isLasting(workload, container) ? othersOf(workload, container) : noOthers
  const sidecar = sidecarCallsLoopback(workload)
  if (beside.some(isFront) || others.proxies > 0 || sidecar === 'yes') return 'a proxy'
  if (beside.some(mayBeFront)) return 'another program of the script'
  // What else its image starts is not in sight.
  if (isProxy(container)) return 'another program of the image'
  if (others.unknown > 0 || sidecar === 'unknown') return 'another container of the Pod'
  return hasHostNetwork(workload) ? 'a program of the node' : undefined
}

const isProxy = ({ name, written }: Container): boolean => namesProxy(`${name} ${String(valueAt(written, ['image']) ?? '')}`)

interface Fronts {
  readonly proxies: number
  readonly unknown: number
}

const noOthers: Fronts = { proxies: 0, unknown: 0 }

/** What the containers of a Pod do to requests, found out once for all of them. */
const frontsOf = new WeakMap<Invocation['workload'], { readonly all: Fronts; readonly each: ReadonlyMap<Container, 'yes' | 'no' | 'unknown'> }>()

/** How many containers beside one pass requests on, and of how many that is not known. */
function othersOf(workload: Invocation['workload'], own: Container): Fronts {
  let fronts = frontsOf.get(workload)
  if (!fronts) {
    const lasting = lastingContainers(workload)
    spend(lasting.length / 5)
    const each = new Map(lasting.map((one) => [one, isProxy(one) ? 'yes' as const : containerPassesOn(one.command ? [...one.command.slice(0, 4), ...(one.args ?? []).slice(0, 4)] : [])]))
    const count = (wanted: string): number => [...each.values()].filter((one) => one === wanted).length
    frontsOf.set(workload, (fronts = { all: { proxies: count('yes'), unknown: count('unknown') }, each }))
  }
  const mine = fronts.each.get(own)
  return { proxies: fronts.all.proxies - (mine === 'yes' ? 1 : 0), unknown: fronts.all.unknown - (mine === 'unknown' ? 1 : 0) }
}

/** What the settings need beside gunicorn, each with the releases that need it where others do not. */
export function* needs({ settings, releases }: Subject): Iterable<{ setting: Setting; entry: Entry; need: Need; isFirst: boolean; releases: readonly Release[] | undefined }> {
  for (const name of needingSettings) {
    const setting = settings.get(name)
    if (!setting) continue
    for (const entry of settings.entries(name))
      for (const [index, need] of needsFor(name, entry.value ?? null).entries()) {
        const needing = releases.filter((release) => isNeeded(need, release))
        if (needing.length > 0) yield { setting, entry, need, isFirst: index === 0, releases: needing.length < releases.length ? needing : undefined }
      }
  }
}

/** Whether words from there reach gunicorn as they are written, as no shell reads them. */
export const isUnexpanded = ({ form }: Subject, source: Setting['source']): boolean => (form === 'exec' && source === 'command line') || source === 'GUNICORN_CMD_ARGS'

/** Whether the variables in a word of a script get to gunicorn as they are written: the shell that reads it leaves them. */
export const isLeft = ({ form }: Subject, source: Setting['source'], word: Word | undefined): boolean =>
  form === 'shell' && source === 'command line' && word?.value != null && /\$[({A-Za-z_]/.test(word.value)

/** What to write for a variable that gets to gunicorn as it is written; undefined where there is none. */
export function adviceOnUnexpanded(subject: Subject, source: Setting['source'], value: string, word: Word | undefined): string | undefined {
  if (!isLeft(subject, source, word)) return isUnexpanded(subject, source) ? fillingRemedy(subject, value) : undefined
  const text = word?.text ?? ''
  const quoted = text.replace(/'([^'"\\`!]*)'/g, '"$1"')
  if (quoted !== text && !quoted.includes("'")) return `Write \`${quoted}\`: in single quotes no shell expands a variable.`
  if (/\\\$/.test(text)) return `Write \`${text.replaceAll('\\$', '$')}\`: behind a backslash no shell expands a variable.`
  return 'Write the value itself: a shell does not expand the variables that stand in the value of another one.'
}

/** The folder that gunicorn is started in and stays in; undefined where that is not known. */
export const startFolder = ({ settings, container }: Subject): string | undefined => (settings.isSet('chdir') === 'no' ? workingFolder(container) : undefined)

/** True for Python 2. */
export const isPython2 = ({ python }: Subject): boolean => /^2(\.|$)/.test(python.version ?? '')

/** Which gunicorn is in the image, and who says so. */
export interface KnownRelease {
  /** A PEP 440 specifier of the releases that it can be. */
  readonly specifier: string
  /** The same for people: of a release that is pinned, its number alone. */
  readonly told: string
  readonly evidence: string
  readonly place?: Place
  /** Packaged by somebody else, who may have mended what the release has wrong. */
  readonly isRepackaged: boolean
}

/** The one answer to which gunicorn is in the image: the annotation's, else that of the requirements; undefined where neither tells. */
export function knownRelease({ workload, python }: Pick<Subject, 'workload' | 'python'>): KnownRelease | undefined {
  const annotation = workload.annotations.get('paddock.dev/gunicorn')
  const version = versionIn(annotation?.value)
  if (annotation && version !== undefined)
    return { specifier: `==${version}`, told: version, evidence: 'annotation paddock.dev/gunicorn', place: { path: annotation.path }, isRepackaged: isRepackaged(annotation.value) }
  const { state, specifier, evidence } = python.installed('gunicorn')
  return state === 'Installed' && specifier !== '' ? { specifier, told: specifier.replace(/^={2,3}/, ''), evidence, isRepackaged: isRepackaged(specifier) } : undefined
}

/** True where logging is configured as a whole, or may be: where its logs go is then said there. */
export function logsElsewhere({ settings }: Subject): boolean {
  return ['logconfig', 'logconfig_json', 'logger_class', 'syslog'].some((name) => settings.isSet(name) !== 'no')
}

/** The operands of a command line, where all releases tell the same ones, or all that are told. */
export function operandsOf(readings: readonly Reading[]): readonly Word[] {
  for (const { operands } of readings) if (operands && operands.length > 0) return operands
  return noWords
}

const noWords: readonly Word[] = []

/** Whether a word stands behind a long option with one dash, which takes the rest of its own name for its value. */
export function isBehindOneDash({ words, releases }: Subject, word: Word): boolean {
  const before = words[words.indexOf(word) - 1]
  return before?.value?.startsWith('-') === true && !before.value.includes('=') && oneDash(before.value, releases) !== undefined
}

/** What a script does at its end that is done at once. */
const passing = /^(echo|printf|true|:|exit|date|pwd|whoami|hostname|id)(\s|$)/

/** The same where a script has sent nothing into the background that it could wait for. */
const passingAlone = new RegExp(`${passing.source}|^wait(\\s|$)`)

/** Whether gunicorn runs in the background of the container's own script, which ends at once behind it, and the container with it. */
export function isLeftBehind({ command, script, shell, settings }: Pick<Found, 'command' | 'script' | 'shell' | 'settings'>): boolean {
  if (!command?.background || command.runs !== 'surely' || !script || !shell || shell.traps || settings.value('daemon') === true) return false
  const rest = script.text.slice(command.end)
  // What it prints may go elsewhere: `> log 2>&1`.
  const at = rest.replaceAll(/[<>]&\d?|&>/g, (found) => ' '.repeat(found.length)).indexOf('&')
  return at >= 0 && !/[;\n|()]/.test(rest.slice(0, at)) && passesAtOnce(rest.slice(at + 1), passing)
}

const isInBackground = ({ background }: Command): boolean => background

/** What may send something into the background that is not seen. */
const mayLeave = ({ words: [first] }: Command): boolean => first !== undefined && (first.value === null || /^(\.|source|eval)$/.test(first.value))

/** Whether a script ends at once behind a gunicorn that has gone into the background by itself: no shell waits for what is not its own. */
export function endsBehind({ command, script, shell, beside }: Pick<Found, 'command' | 'script' | 'shell' | 'beside'>): boolean {
  if (!command || command.background || command.piped || !script || !shell || shell.traps) return false
  const [redirected = ''] = /^[^;&|\n()]*(?:[<>]&\d[^;&|\n()]*)*/.exec(script.text.slice(command.end)) ?? []
  const rest = script.text.slice(command.end + redirected.length)
  return passesAtOnce(rest.replaceAll(/&&|\|\||\$[?!]/g, (found) => (found.startsWith('$') ? '' : ';')), passingAlone) && !beside.some(isInBackground) && !(/\bwait\b/.test(rest) && (beside.some(mayLeave) || /[<>]\(/.test(script.text)))
}

function passesAtOnce(rest: string, passes: RegExp): boolean {
  spend(rest.length / 100)
  return rest.split(/[;\n]/).every((part) => part.trim() === '' || part.trim().startsWith('#') || (passes.test(part.trim()) && !/[&|`$]/.test(part)))
}
