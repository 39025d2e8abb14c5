/** Processes of a platform's file → findings and fixes, in that file and in the scripts of the repository that it starts. */
import { applyEdits, inRounds, type Edit } from '../edit.ts'
import type { Surroundings } from '../inspect.ts'
import type { Path } from '../kubernetes/field.ts'
import { valueAt, type Workload } from '../kubernetes/workload.ts'
import { platformRule, type Remark } from '../platforms/remarks.ts'
import { judge, type Verdict } from '../judge.ts'
import type { Finding } from '../finding.ts'
import type { Process, WrittenText } from '../platforms/process.ts'
import { modeOf, workloadOf } from '../platforms/process-workload.ts'
import type { Platform } from '../platforms/platform.ts'
import { processScripts, type ProcessScript } from '../platforms/process-scripts.ts'
import type { Range, Value } from '../yaml/python-value.ts'
import type { Governed } from '../policy/governed.ts'
import { nothing, type Policy } from '../policy/policy.ts'
import type { Python } from '../python/known.ts'
import { placed, type Checked, type CheckOptions } from './check.ts'
import { Lines } from '../yaml/lines.ts'
import type { TextChange } from '../yaml/mend-text.ts'
import { configFilesIn, lineSpan, type ConfigPlaces } from './config-files.ts'
import { readPlatformFile, type ReadFile } from './platform-files.ts'
import { descriptionNames, type PlatformFile, type Repository } from './repository.ts'
import type { ReportedFinding, Span } from './reports/report.ts'
import { repositoryPython } from './repository-python.ts'
import { SharedScripts, type Started, type Starter } from './shared-scripts.ts'

/** What is to become of a file. */
export interface Rewrite {
  /** The file; undefined for the one that is checked. */
  readonly script: string | undefined
  /** The text of the script. */
  readonly before?: string
  /** Edits of a YAML document, made in its style; changes of one string in it; or text to be put in place. */
  readonly edits?: readonly Edit[]
  readonly change?: TextChange & { readonly read: (text: string) => Value }
  readonly splice?: Range & { readonly text: string }
}

export interface ProcessOptions extends CheckOptions {
  readonly platform: Platform
  /** True where no platform was chosen: where others read a line differently is told. */
  readonly compared: boolean
  readonly repository: Repository
  /** The folder that the file is in, as it was named, with a slash behind it. */
  readonly folder: string
}

/** Checks the text of a platform's file. What is to be rewritten is handed to `rewrite`. */
export function* checkPlatformFile(kind: PlatformFile, text: string, options: ProcessOptions,
  rewrite: (rewrite: Rewrite) => void): Generator<Checked> {
  const file = readPlatformFile(kind, text, options)
  const lines = new Lines(text)
  for (const { message, start, end } of file.faults) yield { unreadable: { message, span: spanIn(lines, { start, end }) } }
  const pythons = new Map<string, Python>()
  const checksOf = (of: ReadFile, where: Lines): ProcessCheck[] =>
    of.processes.map((process) => new ProcessCheck(process, of, where, pythons, options, rewrite))
  const own = checksOf(file, lines)
  const others = fileBeside(kind, options)
  const beside = others ? checksOf(others.file, new Lines(others.text)) : []
  // In the same order, whichever of the two is checked.
  const shared = new SharedScripts((kind === 'Procfile' ? [...own, ...beside] : [...beside, ...own]).map((check) => check.starter))
  const mended = new Set<string>()
  for (const check of own) yield* check.run(shared, mended)
}

/** The other one of the two files that may stand beside each other, whose processes may start the same scripts. */
function fileBeside(kind: PlatformFile, options: ProcessOptions): { readonly file: ReadFile; readonly text: string } | undefined {
  if (options.platform.dialect !== 'blueking') return undefined
  const other = kind === 'Procfile' ? 'app_desc' : 'Procfile'
  const text = (other === 'Procfile' ? ['Procfile'] : descriptionNames).map((name) => options.repository(name)).find((one) =>
    one !== undefined
  )
  return text === undefined ? undefined : { file: readPlatformFile(other, text, options), text }
}

class ProcessCheck {
  readonly #process: Process
  readonly #file: ReadFile
  readonly #lines: Lines
  readonly #options: ProcessOptions
  readonly #rewrite: (rewrite: Rewrite) => void
  readonly #policy: Policy
  readonly #python: Python
  /** Where the repository of the process begins, with a slash behind it. */
  readonly #folder: string
  readonly #repository: Repository
  readonly #surroundings: Surroundings
  readonly #workload: Workload
  readonly #started: readonly Started[]
  /** The scripts that it starts and that are not there. */
  readonly #missing: string[] = []

  constructor(process: Process, file: ReadFile, lines: Lines, pythons: Map<string, Python>, options: ProcessOptions,
    rewrite: (rewrite: Rewrite) => void) {
    this.#process = process
    this.#file = file
    this.#lines = lines
    this.#options = options
    this.#rewrite = rewrite
    this.#policy = policyOf(process, options)
    const { folder = '' } = process
    this.#folder = folder === '' ? '' : `${folder}/`
    this.#repository = (path) => options.repository(this.#folder + path)
    this.#surroundings = { configFile: configFilesIn(this.#repository, options.platform.folders, options.surroundings?.configFile),
      isRepository: true }
    this.#python = pythons.get(folder) ?? repositoryPython(options.requirements, this.#repository, this.#folder)
    pythons.set(folder, this.#python)
    this.#workload = workloadOf(process, options.platform)
    const files = { read: this.#repository, unseen: (name: string) => void this.#missing.push(name) }
    this.#started = [...processScripts(process, this.#workload, options.platform, files)].map((script) => this.#startedAs(script))
  }

  get #name(): string {
    return `process ${JSON.stringify(this.#process.name)}`
  }

  /** What it starts. */
  get starter(): Starter {
    const { command } = this.#process
    const texts = command.form === 'text' ? [command.text.value] : command.form === 'list' ? command.words.map(({ value }) => value) : []
    return { name: this.#name, folder: this.#folder, texts: [...texts, ...this.#started.map(({ text }) => text)], started: this.#started }
  }

  /** `mended`: the scripts of which it is known what becomes of them. */
  *run(shared: SharedScripts, mended: Set<string>): Generator<Checked> {
    const process = this.#process
    const object = this.#file.object(process)
    const started = this.#workload
    const unseen = this.#missing.map((file) => this.#unseen(file))
    const told = (workload: Workload): Workload => ({ ...workload, remarks: [...(workload.remarks ?? []), ...unseen] })
    const own = told(started)
    const read = (edited: unknown): Workload => told(workloadOf(withTexts(process, edited), this.#options.platform))
    const policy = modeOf(process.command, this.#options.platform) === 'splits' ? withoutQuotes(this.#policy) : this.#policy
    const checked = this.#check(own, object, policy, read, (finding) => this.#spanOf(finding))
    const scripts = this.#started.flatMap((script) => this.#script(script, shared, mended))
    if (checked.edits.length > 0) this.#mend(object, checked.edits)
    // A script that does no more than start the next, or a process that starts one, has nothing to tell.
    const parts = [{ ...checked, checked: checked.workload as Checked }, ...scripts].filter(({ found }, index, all) =>
      found > 0 || index === all.length - 1
    )
    for (const [index, { checked: one }] of parts.entries())
      yield* 'workload' in one ? placed({ ...one, isPart: index > 0 || process.path.length === 0 }, this.#configPlace)
        : [{ ...one, isPart: index > 0 || process.path.length === 0 }]
  }

  /** Those in the repository, and those that were handed over. */
  readonly #configPlace: ConfigPlaces = (origin, line) => {
    const text = this.#repository(origin)
    return text === undefined ? this.#options.configPlaces?.(origin, line)
      : { name: this.#options.folder + this.#folder + origin, text, span: lineSpan(text, line) }
  }

  #unseen(file: string): Remark {
    const { path } = this.#process
    const detail = `must be in the repository to be checked, and ${JSON.stringify(file)} is not`
    return { rule: 'unseen-script', path, inFile: this.#start, shape: 'Not found', value: file, detail,
      remedy: platformRule('unseen-script').remedy }
  }

  #check(own: Workload, object: unknown, policy: Policy, read: (edited: unknown) => Workload | undefined,
    span: (finding: Finding) => Span
  ): { workload: Checked & { readonly workload: object }; edits: readonly (readonly Edit[])[]; found: number } {
    const verdict = judge({ object, workload: own, policy, python: this.#python, surroundings: this.#surroundings, read,
      isFixed: this.#isFixed })
    return { edits: verdict.rounds, ...this.#told(own, verdict, undefined, span) }
  }

  /** What the platform refuses as a whole is left as it is. */
  get #isFixed(): boolean {
    return this.#file.faults.length > 0
  }

  #told(own: Workload, verdict: Verdict, line: number | undefined,
    span: (finding: Finding) => Span): { workload: Checked & { readonly workload: object }; found: number } {
    const { findings, mended, gunicorns, invocations, decision } = verdict
    return {
      found: gunicorns.length + findings.length,
      workload: {
        workload: {
          document: 0,
          line: line ?? this.#spanAt(this.#start).line,
          workload: own,
          invocations,
          decision,
          findings: findings.map((finding): ReportedFinding => ({ finding, span: span(finding), fixable: mended.has(finding),
            fixed: false })
          ),
          patch: () => verdict.patch(),
        },
      },
    }
  }

  #mend(object: unknown, rounds: readonly (readonly Edit[])[]): void {
    const { command } = this.#process
    const { read } = this.#file
    if (command.form !== 'text') return this.#rewrite({ script: undefined, edits: inRounds(rounds) })
    const { path, range } = command.text
    if (read)
      return this.#rewrite({ script: undefined,
        change: { path, start: range.start, rounds: rounds.map((edits) => edits.filter((edit) => edit.op === 'splice')), read } })
    const mended = rounds.reduce((left: unknown, edits) => applyEdits(left, edits), object)
    this.#rewrite({ script: undefined, splice: { ...range, text: String(valueAt(mended, path)) } })
  }

  // Scripts of the repository

  #startedAs({ file, text, workload, withText }: ProcessScript): Started {
    const { path } = this.#process
    const sharing = { name: this.#name, object: objectWith(path, text), path, workload, policy: this.#policy, python: this.#python,
      surroundings: this.#surroundings, read: withText, isFixed: this.#isFixed }
    return { name: this.#folder + file, text, sharing }
  }

  /** Checks a script as this process starts it, and mends it as all want it that do. */
  #script(started: Started, shared: SharedScripts, mended: Set<string>): { readonly checked: Checked; readonly found: number }[] {
    const { name, text, sharing: { path, object, workload } } = started
    const verdict = shared.verdict(started, this.#folder)
    if (!verdict) return []
    const lines = new Lines(text)
    const { workload: checked, found } = this.#told(workload, verdict, 1,
      ({ place: { start = 0, end = start + 1 } }) => spanIn(lines, { start, end }))
    if (verdict.rounds.length > 0 && !mended.has(name)) {
      const after = verdict.rounds.reduce((left: unknown, round) => applyEdits(left, round), object)
      this.#rewrite({ script: name, before: text, splice: { start: 0, end: text.length, text: String(valueAt(after, path)) } })
    }
    mended.add(name)
    return [{ found, checked: { ...checked, file: { name, text } } }]
  }

  // Places

  /** Where the process begins. */
  get #start(): Range {
    const { command } = this.#process
    if (command.form === 'text') return command.text.range
    return (command.form === 'list' ? command.words[0]?.range : undefined) ?? { start: 0, end: 1 }
  }

  #spanOf({ place: { path, start, end, inFile } }: Finding): Span {
    if (inFile) return this.#spanAt(inFile)
    const text = this.#textAt(path)
    if (!text) return this.#spanAt(this.#file.rangeAt?.(path) ?? this.#start)
    if (start === undefined || !text.offset) return this.#spanAt(text.range)
    const from = text.offset(Math.min(start, text.value.length))
    const to = end === undefined ? from + 1 : text.offset(Math.min(end, text.value.length))
    return this.#spanAt({ start: from, end: to })
  }

  #textAt(path: Path): WrittenText | undefined {
    const { command } = this.#process
    const texts = command.form === 'text' ? [command.text] : command.form === 'list' ? command.words : []
    return texts.find((text) => text.path.length === path.length && text.path.every((step, index) => step === path[index]))
  }

  #spanAt(range: Range): Span {
    return spanIn(this.#lines, range)
  }
}

function spanIn(lines: Lines, { start, end }: Range): Span {
  return { ...lines.position(start), width: Math.max(1, end - start) }
}

/** The process with the texts of its command as they stand in an object. */
function withTexts(process: Process, object: unknown): Process {
  const { command } = process
  if (command.form === 'text')
    return { ...process, command: { form: 'text', text: { ...command.text, value: String(valueAt(object, command.text.path)) } } }
  if (command.form === 'none') return process
  const words = command.lists.flatMap((list) => {
    const value = valueAt(object, list)
    return (Array.isArray(value) ? value : []).map((word, index): WrittenText => ({ path: [...list, index], value: String(word),
      range: { start: 0, end: 1 }, offset: undefined })
    )
  })
  return { ...process, command: { ...command, words } }
}

function objectWith(path: Path, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, step) => (typeof step === 'number' ? Object.assign([], { [step]: inner }) : { [step]: inner }),
    value)
}

/** Settings go into the command: no process has variables of its own. */
const onCommandLine = { injection: 'Command' } as const

/** The port is the platform's: where it assigns none, no file of it can. */
function policyOf({ kind, apiVersion, name }: Process, { policyFor }: CheckOptions): Policy {
  const governed: Governed = { apiVersion, kind, namespace: '', name, labels: {}, owners: [] }
  const policy = policyFor(governed) ?? nothing
  return { ...policy, port: { ...policy.port, fallback: null }, ...onCommandLine }
}

/** The policy for a text in which quotes do not hold: what needs them cannot be put in. */
function withoutQuotes(policy: Policy): Policy {
  return { ...policy,
    defaults: Object.fromEntries(Object.entries(policy.defaults).filter(([, value]) => /^[\w.,:/@%+=$-]*$/.test(String(value)))) }
}
