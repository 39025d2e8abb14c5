/**
 * Advice, tried on the file that the settings stand in: the engine's edits are made to its text, and what comes out is judged as
 * `check` judges it. Advice that the policy would then find fault with is not given.
 */
import type { RoundEdit } from '../edit.ts'
import { gracePeriod } from '../kubernetes/pod-fields.ts'
import { readObjects, readWorkloads } from '../kubernetes/workload.ts'
import type { Advice, Conclusion, Diagnosis } from '../logs/diagnosis.ts'
import { defaultPlatform, platforms } from '../platforms/platform.ts'
import { governed } from '../policy/governed.ts'
import { nothing } from '../policy/policy.ts'
import { wantingOnly } from '../policy/wanted.ts'
import type { DocumentEdits } from '../yaml/edit-manifests.ts'
import { readManifests } from '../yaml/manifests.ts'
import { checkText, type Checked, type CheckOptions } from './check.ts'
import type { Rewrite } from './check-processes.ts'
import type { Place } from './circumstances.ts'
import { ConfigMapCollection, configFilesAt, readEach } from './config-files.ts'
import { fileChanges, mend } from './file-changes.ts'
import type { Governing } from './governing.ts'
import type { Io } from './io.ts'
import { learn } from './learn.ts'
import { platformFile, repository, type Repository } from './repository.ts'
import { ServiceCollection } from './service-collection.ts'

type Value = string | number | boolean
type Settings = Readonly<Record<string, Value>>

/** What goes with a setting. */
const companions: Readonly<Record<string, Settings>> = { max_requests: { max_requests_jitter: 100 } }

/** Seconds that a Pod waits for its container beyond what gunicorn gives its requests. */
const leeway = 10

/** The distributions that values need. */
const needed: Readonly<Record<string, string>> = { gevent: 'gevent' }

/** Findings that say no more than that a distribution is not there, or may not be. */
const ofDependencies: ReadonlySet<string> = new Set(['missing-worker-dependency', 'unverified-worker-dependency'])

export interface TrialSettings {
  readonly governing: Governing
  readonly requirements?: string | undefined
  readonly configFile?: Readonly<Record<string, string>> | undefined
}

/** What comes of settings. */
interface Tried {
  /** The files that change, as they are then. */
  readonly texts: ReadonlyMap<string, string>
  /** What is then found that was not before: rule → message. */
  readonly faults: ReadonlyMap<string, string>
  /** What is added to requirements.txt. */
  readonly added: string | undefined
}

/** Tries settings on a file. */
export class Trial {
  readonly #place: Place
  readonly #text: string
  readonly #options: CheckOptions
  readonly #governing: Governing
  readonly #repository: Repository
  readonly #io: Io
  readonly #known = new Map<string, Promise<Tried>>()
  #before: Map<string, string[]> | undefined

  constructor(place: Place, text: string, { governing, requirements, configFile = {} }: TrialSettings, io: Io) {
    this.#place = place
    this.#text = text
    this.#governing = governing
    this.#io = io
    this.#repository = repository(place.file, io, () => {})
    const [configMaps, services] = [new ConfigMapCollection(), new ServiceCollection()]
    learn(place.file, text, [configMaps, services, ...(governing.namespaces ? [governing.namespaces] : [])])
    this.#options = {
      policyFor: governing.policyFor,
      requirements: requirements === undefined ? undefined : { text: io.readFile(requirements), path: requirements },
      surroundings: { configMaps: configMaps.beside(place.file), services: services.beside(place.file),
        configFile: configFilesAt(readEach(configFile, io)) },
    }
  }

  /** What comes of these settings, each with what goes with it. */
  with(settings: Settings): Promise<Tried> {
    const key = JSON.stringify(settings)
    const known = this.#known.get(key) ?? this.#tried(settings)
    this.#known.set(key, known)
    return known
  }

  async #tried(settings: Settings): Promise<Tried> {
    const wanted = Object.assign({}, ...Object.keys(settings).map((name) => companions[name] ?? {}), settings) as Settings
    const texts = await this.#changed(wanted)
    const faults = await this.#faults(texts)
    const distribution = needed[String(wanted['worker_class'])]
    const lacks = distribution !== undefined && [...faults.keys()].some((rule) => ofDependencies.has(rule))
    if (!lacks || texts.size === 0) return { texts, faults, added: undefined }
    const name = `${this.#place.folder}requirements.txt`
    const requirements = platformFile(this.#place.file) === undefined ? undefined : this.#repository(name)
    const extended = requirements === undefined ? undefined : withRequirement(requirements, distribution)
    if (extended === undefined) return { texts, faults, added: undefined }
    const all = new Map([...texts, [this.#folder + name, extended]])
    return { texts: all, faults: await this.#faults(all), added: distribution }
  }

  get #folder(): string {
    return this.#place.file.slice(0, this.#place.file.lastIndexOf('/') + 1)
  }

  /** The texts of the files that settings change. */
  async #changed(settings: Settings): Promise<ReadonlyMap<string, string>> {
    const { file, kind, namespace, name, container } = this.#place
    let isFound = false
    const [edits, rewrites]: [DocumentEdits[], Rewrite[]] = [[], []]
    const policyFor: CheckOptions['policyFor'] = (of) => {
      if (isFound || of.kind !== kind || of.namespace !== namespace || of.name !== name) return nothing
      isFound = true
      return wantingOnly(this.#governing.policyFor(of) ?? nothing, { container, settings })
    }
    await this.#check(this.#text, new Map(), { ...this.#options, policyFor }, edits, rewrites)
    const { graceful_timeout: patience } = settings
    if (typeof patience === 'number' && edits.length > 0) edits.push(...this.#grace(patience))
    const texts = new Map<string, string>()
    const scripts = new Map<string, string>()
    for (const change of fileChanges(file, this.#text, edits, rewrites)) {
      const { text, refused } = await mend(change, scripts, this.#io)
      if (refused > 0) return new Map()
      if (text !== change.text) texts.set(change.file, text)
    }
    return texts
  }

  /** A Pod that waits longer than gunicorn does. */
  #grace(patience: number): readonly DocumentEdits[] {
    for (const { value, index } of readManifests(this.#text))
      for (const { item, path } of readObjects(value)) {
        const { kind, namespace, name } = governed(item)
        if (kind !== this.#place.kind || namespace !== this.#place.namespace || name !== this.#place.name) continue
        const grace = readWorkloads(item).map(gracePeriod).find((one) => one !== undefined)
        if (!grace || grace.seconds > patience) return []
        const edit: RoundEdit = { op: grace.isWritten ? 'replace' : 'add', path: [...path, ...grace.path], value: patience + leeway }
        return [{ document: index, edits: [edit] }]
      }
    return []
  }

  /** What is found in the files as they would be, and is not in them as they are. */
  async #faults(texts: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
    this.#before ??= messagesOf(await this.#check(this.#text, new Map(), this.#options))
    const after = messagesOf(await this.#check(texts.get(this.#place.file) ?? this.#text, texts, this.#options))
    const faults = new Map<string, string>()
    for (const [rule, messages] of after)
      if (messages.length > (this.#before.get(rule)?.length ?? 0)) faults.set(rule.slice(rule.lastIndexOf(' ') + 1), messages.at(-1) ?? '')
    return faults
  }

  async #check(text: string, texts: ReadonlyMap<string, string>, options: CheckOptions, edits: DocumentEdits[] = [],
    rewrites: Rewrite[] = []): Promise<readonly Checked[]> {
    const { file } = this.#place
    const kind = platformFile(file)
    if (kind === undefined) return [...checkText(text, options, (edit) => edits.push(edit))]
    const platform = platforms[defaultPlatform]
    if (!platform) return []
    const { checkPlatformFile } = await import('./check-processes.ts')
    return [
      ...checkPlatformFile(kind, text, { ...options, platform, compared: false, folder: this.#folder,
        repository: (path) => texts.get(this.#folder + path) ?? this.#repository(path) }, (rewrite) => rewrites.push(rewrite)),
    ]
  }
}

/** Messages of what is denied, warned of or mended, by workload, container and rule. */
function messagesOf(checks: readonly Checked[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const checked of checks) {
    if ('unreadable' in checked) continue
    const { workload, findings } = checked.workload
    for (const { finding } of findings) {
      if (finding.action === 'Audit') continue
      const key = JSON.stringify([workload.kind.kind, finding.container]) + ` ${finding.rule}`
      found.set(key, [...(found.get(key) ?? []), finding.message])
    }
  }
  return found
}

/** A requirements.txt with one more distribution; undefined where pip would then refuse the file, or not read the line. */
function withRequirement(text: string, distribution: string): string | undefined {
  if (text.includes('--hash') || text.includes('--require-hashes') || /\\\r?\n?$/.test(text)) return undefined
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  return `${text}${text === '' || text.endsWith('\n') ? '' : end}${distribution}${end}`
}

/** What is done, and what is left out. */
export interface Advised {
  readonly diagnosis: Diagnosis
  /** The files to be written; empty where nothing can be. */
  readonly texts: ReadonlyMap<string, string>
  /** What is written, in words. */
  readonly written: readonly string[]
  /** Advice that is not given, and why. */
  readonly left: readonly string[]
}

/** The diagnosis with the advice that holds, and the change that it comes to. */
export async function advised(diagnosis: Diagnosis, trial: Trial): Promise<Advised> {
  const left = new Set<string>()
  const conclusions: Conclusion[] = []
  for (const conclusion of diagnosis.conclusions) {
    const advice: Advice[] = []
    for (const one of conclusion.advice) {
      const settings = settingsOf(one)
      // The advice itself says what has to be installed.
      const [fault] = settings ? [...(await trial.with(settings)).faults].filter(([rule]) => !ofDependencies.has(rule)) : []
      if (fault) left.add(`${one.text} ${fault[1]}`)
      else advice.push(one)
    }
    conclusions.push({ ...conclusion, advice })
  }
  return { diagnosis: { ...diagnosis, conclusions }, left: [...left], ...await change(conclusions, trial) }
}

/** The first step of each conclusion that can be written and that nothing speaks against, all together. */
async function change(conclusions: readonly Conclusion[], trial: Trial): Promise<Pick<Advised, 'texts' | 'written'>> {
  let chosen: Settings = {}
  let tried: Tried | undefined
  for (const { advice } of conclusions) {
    // One step at a time, as the guide has it: what another conclusion takes already may cure this one as well.
    if (advice.some(({ setting, value }) => setting !== null && value !== null && chosen[setting] === value)) continue
    for (const one of advice) {
      const settings = settingsOf(one)
      if (!settings) continue
      const all = { ...chosen, ...settings }
      const next = await trial.with(all)
      if (next.texts.size === 0 || next.faults.size > 0) continue
      chosen = all
      tried = next
      break
    }
  }
  if (!tried) return { texts: new Map(), written: [] }
  const written = Object.entries(chosen).map(([name, value]) => `${name} is ${String(value)}`)
  return { texts: tried.texts, written: tried.added === undefined ? written : [...written, `${tried.added} is in requirements.txt`] }
}

const settingsOf = ({ setting, value }: Advice): Settings | undefined =>
  setting === null || value === null ? undefined : { [setting]: value }
