/** `paddock check`: the files, one after the other, through a reporter; what is mended is written back. */
import { visible } from '../kubernetes/visible.ts'
import { defaultPlatform, platformOfPreset, platforms, type Platform } from '../platforms/platform.ts'
import { isApiObject } from '../kubernetes/foreign-kinds.ts'
import { readObjects, readWorkloads } from '../kubernetes/workload.ts'
import { imageLookUps, type AskedImages } from './asked-images.ts'
import { checkText, type Checked, type CheckOptions, type DocumentRead } from './check.ts'
import { ConfigMapCollection, configFilesAt, configPlaces, readEach } from './config-files.ts'
import type { Rewrite } from './check-processes.ts'
import { exitStatus, FileError, UsageError } from './exit.ts'
import { diffOf, fileChanges, mend, written, type FileChange } from './file-changes.ts'
import type { DocumentEdits } from '../yaml/edit-manifests.ts'
import { openReports } from './reports/formats.ts'
import { readManifests } from '../yaml/manifests.ts'
import { descriptionNames, folderOf, platformFile, repository } from './repository.ts'
import type { Governing } from './governing.ts'
import { painter, type Io } from './io.ts'
import { counters, failingActions, status, type FailOn } from './outcome.ts'
import { learn } from './learn.ts'
import type { Output } from './reports/outputs.ts'
import { progress } from './progress.ts'
import { emptySummary, placeName, unseenIn, type ReportedFile, type ReportedWorkload, type Reporter,
  type Summary } from './reports/report.ts'
import { ServiceCollection } from './service-collection.ts'
import { excerpt } from './reports/text.ts'

export interface CheckFlags extends AskedImages {
  readonly governing: Governing
  readonly requirements?: string
  /** Files on disk, by the paths at which gunicorn finds them. */
  readonly configFile?: Readonly<Record<string, string>>
  /** Whose Procfile it is; undefined for that of the preset, or else for the default and what others make of it besides. */
  readonly platform?: string
  readonly format?: readonly Output[]
  readonly failOn: FailOn
  readonly fix?: boolean
  readonly diff?: boolean
  /** Patterns of what is left out of folders. */
  readonly exclude?: readonly string[]
  /** What standard input is, by a file's name. */
  readonly stdinFilename?: string
  /** True where the files are those that have changed: others than Paddock reads stand for the platform's file that they belong to. */
  readonly changed?: boolean
  /** Paddock's own. */
  readonly version: string
}

interface RunOptions extends CheckOptions {
  readonly platform: Platform
  /** Whose app_desc.yaml it is: a preset chooses the platform of Procfiles alone. */
  readonly descriptionPlatform: Platform
  /** True where no platform was chosen. */
  readonly compared: boolean
}

export async function runCheck(paths: readonly string[], flags: CheckFlags, io: Io): Promise<number> {
  const { requirements } = flags
  const configMaps = new ConfigMapCollection()
  const services = new ServiceCollection()
  const chosen = flags.platform ?? platformOfPreset[flags.governing.preset ?? '']
  const platform = platforms[chosen ?? defaultPlatform]
  if (!platform) throw new UsageError(`there is no platform ${JSON.stringify(flags.platform)}`)
  const descriptionPlatform = flags.platform === undefined ? platforms[defaultPlatform]! : platform
  const handedOver = readEach(flags.configFile ?? {}, io)
  const options: RunOptions = {
    platform,
    descriptionPlatform,
    compared: chosen === undefined,
    policyFor: flags.governing.policyFor,
    requirements: requirements === undefined ? undefined : { text: io.readFile(requirements), path: requirements },
  }
  const [configFile, handedPlaces] = [configFilesAt(handedOver), configPlaces(flags.configFile ?? {}, handedOver)]
  const lookUps = await imageLookUps(flags, io)
  const beside = (file: string): RunOptions => {
    const places = configMaps.placesBeside(file)
    return { ...options, imagePython: lookUps && ((workload, written) => lookUps.python(workload, written)), imageStarts: lookUps?.starts,
      surroundings: { configMaps: configMaps.beside(file), services: services.beside(file), configFile },
      configPlaces: (origin, line) => handedPlaces(origin, line) ?? places(origin, line) }
  }
  const summary = emptySummary(flags.fix === true)
  const isText = (flags.format ?? []).every(({ format, file }) => file !== undefined || format === 'text')
  const reporter = reporterFor(paths, flags, io)
  const told: Telling = { summary, reporter, isText, io }
  let [unmended, unwritten] = [0, 0]
  const scripts = new Map<string, string>()
  const bar = progress(io)
  const listed = [...files(paths, flags, told)]
  const read = reader(io)
  // A Namespace may stand behind what is in it, a ConfigMap behind what mounts it.
  for (const { file } of listed) {
    // What cannot be read is told of when it is checked.
    const text = await read(file).catch(() => '')
    learn(file === '-' ? (flags.stdinFilename ?? 'standard input') : file, text, [configMaps, services,
      ...(flags.governing.namespaces ? [flags.governing.namespaces] : [])])
    if (lookUps) {
      for (const { value } of readManifests(text))
        for (const { item } of readObjects(value)) for (const workload of readWorkloads(item)) await lookUps.learn(workload)
    }
  }
  for (const { file, isNamed } of listed) {
    let text: string
    try {
      text = await read(file)
    } catch (error) {
      unreadableFile(file, error, told)
      continue
    }
    const isInput = file === '-'
    const path = isInput ? (flags.stdinFilename ?? file) : file
    if (isNamed && !isUnderstood(path, text)) {
      if (flags.changed !== true) unreadableFile(file, new FileError(file, notUnderstood(path)), told)
      if (flags.fix && isInput) io.stdout.raw(text)
      continue
    }
    summary.files += 1
    const reported = { name: isInput ? (flags.stdinFilename ?? 'standard input') : file, line: lineReader(text) }
    const { changes, found } = await checkFile(reported, path, text, beside(reported.name), told, bar)
    /** The files that are not mended as they should be. */
    const unsound = new Set<string>()
    for (const change of flags.fix || flags.diff ? changes : []) {
      const { file: name, text: before, folder } = change
      const { text: after, refused } = await mend(change, scripts, io)
      unmended += refused
      if (refused > 0) unsound.add(name)
      if (flags.diff && after !== before) io.stdout.write(await diffOf(isInput ? reported.name : name, before, after, io))
      if (flags.fix && isInput && name === path) io.stdout.raw(after)
      else if (flags.fix && after !== before && !written(folder, name, after, io)) {
        unsound.add(name)
        unwritten += 1
      }
    }
    if (flags.fix && isInput && changes.every((change) => change.file !== path)) io.stdout.raw(text)
    for (const { file: place, name, workload } of found) {
      const told = unsound.has(name) ? workload : mended(workload)
      summary.fixed += told.findings.filter(({ fixed }) => fixed).length
      reporter.workload(place, told)
    }
  }
  bar.end()
  for (const note of [...configMaps.notes(), ...services.notes(), ...(lookUps?.notes() ?? [])])
    io.stderr.write(`paddock: ${visible(note)}\n`)
  for (const note of flags.governing.notes()) io.stderr.write(`paddock: ${visible(note)}\n`)
  reporter.end(summary)
  if (unwritten > 0) return exitStatus.unreadable
  return status(summary, failingActions(flags.failOn, summary.written && unmended === 0))
}

/** Where what is found is told. */
interface Telling {
  readonly summary: Summary
  readonly reporter: Reporter
  /** True where people read the report on the screen on which they read what cannot be read. */
  readonly isText: boolean
  readonly io: Io
}

/** A workload in a file that was mended as a whole: of others it is not said what was. */
const mended = (workload: ReportedWorkload): ReportedWorkload => ({ ...workload,
  findings: workload.findings.map((one) => ({ ...one, fixed: one.fixable })) })

const isManifestName = (path: string): boolean => /\.(ya?ml|json)$/.test(path)

/** Whether a file that was named is one that Paddock reads: by its name, or by what it holds. */
function isUnderstood(path: string, text: string): boolean {
  if (platformFile(path) !== undefined || (isManifestName(path) && !text.includes('gunicorn'))) return true
  let [documents, errors] = [0, 0]
  for (const { value, error } of readManifests(text)) {
    if (error) errors += 1
    else if ([...readObjects(value)].some(({ item }) => isApiObject(item))) return true
    documents += 1
  }
  // What is broken is told as that, where it is meant for YAML or JSON.
  return documents === 0 || (errors > 0 && (isManifestName(path) || path === '-')) || /(^|\/)kustomization\.ya?ml$/.test(path)
}

const notUnderstood = (path: string): string =>
  `is not a file that Paddock reads: Kubernetes manifests, Procfile, app_desc.yaml${
    path === '-' ? ' (say what it is by --stdin-filename Procfile)' : ''
  }`

/** Reads files; standard input, which can be read once, is kept. */
function reader(io: Io): (file: string) => Promise<string> {
  let input: Promise<string> | undefined
  return async (file) => (file === '-' ? (input ??= io.readInput()) : io.readFile(file))
}

/** A file that is looked at; one that was named has to be one that Paddock reads. */
interface Listed {
  readonly file: string
  readonly isNamed: boolean
}

function* files(paths: readonly string[], { exclude = [], changed = false }: CheckFlags, told: Telling): Generator<Listed> {
  const { io, summary } = told
  const seen = new Set<string>()
  const foreign: string[] = []
  const passedOver = (folder: string, what: 'chart' | 'foreign'): void => {
    if (what === 'foreign') foreign.push(folder)
    else {
      summary.passedOver += 1
      io.stderr.write(`paddock: ${visible(`${folder}: a Helm chart is passed over: check what \`helm template\` makes of it`)}\n`)
    }
  }
  for (const path of changed ? paths.flatMap((one) => besides(one, io)) : paths) {
    if (path === '-') yield { file: path, isNamed: true }
    else
      try {
        const before = summary.passedOver + foreign.length
        const listed = io.listFiles(path, 'Procfile', { exclude, passedOver })
        if (listed.length === 0 && before === summary.passedOver + foreign.length)
          throw new FileError(path, 'holds no manifest, Procfile or app_desc.yaml')
        for (const file of listed) {
          if (changed && seen.has(file)) continue
          seen.add(file)
          yield { file, isNamed: file === path }
        }
      } catch (error) {
        unreadableFile(path, error, told)
      }
  }
  if (foreign.length > 0)
    io.stderr.write(
      `paddock: ${
        visible(
          `passed over, unless named: ${foreign.slice(0, 5).join(', ')}${
            foreign.length > 5 ? ` and ${foreign.length - 5} more folders` : ''
          }`,
        )
      }\n`,
    )
}

/** What a file that has changed is checked by: itself where it is one that is read, and the nearest platform's file around it, whose process may read it. */
function besides(path: string, io: Io): string[] {
  const own = platformFile(path) !== undefined || (isManifestName(path) && !isOfChart(path, io)) ? [path] : []
  if (platformFile(path) !== undefined) return own
  for (let folder = folderOf(path);; folder = folderOf(folder.slice(0, -1))) {
    const beside = ['Procfile', ...descriptionNames].map((name) => folder + name).filter((name) => isThere(name, io))
    if (beside.length > 0) return [...own, ...beside]
    if (folder === '' || folder === '/') return own
  }
}

/** True for a template of a Helm chart, which is no YAML before it is rendered. */
function isOfChart(path: string, io: Io): boolean {
  const at = `/${path}`.lastIndexOf('/templates/')
  return at >= 0 && isThere(`${path.slice(0, at)}Chart.yaml`, io)
}

function isThere(path: string, io: Io): boolean {
  try {
    return io.listFiles(path).length > 0
  } catch {
    return false
  }
}

function unreadableFile(path: string, error: unknown, { summary, reporter, io }: Telling): void {
  const message = error instanceof FileError ? error.reason : error instanceof Error ? error.message : String(error)
  const name = path === '-' ? 'standard input' : path
  summary.unreadable += 1
  reporter.unreadable({ name, line: () => '' }, { message })
  io.stderr.write(`paddock: ${visible(`${name}: ${message}`)}\n`)
}

/** What goes to standard output is one thing: a report, a diff, or what was read from standard input, mended. */
function reporterFor(paths: readonly string[], { format = [], fix = false, diff = false, failOn, version }: CheckFlags, io: Io): Reporter {
  const shown = format.find(({ file }) => file === undefined)
  const files = format.filter(({ file }) => file !== undefined)
  if (diff && shown && shown.format !== 'text')
    throw new UsageError(
      `--diff goes to standard output, as does --format ${shown.format}: give the format a file, as in --format ${shown.format}=FILE`,
    )
  const mendsInput = fix && paths.includes('-')
  if (diff && mendsInput) throw new UsageError('--diff goes to standard output, as does what --fix makes of standard input')
  // A run that says nothing and fails is of no use. With --diff alone, the diff is what is asked for.
  const text = shown ?? (diff && !fix ? undefined : { format: 'text' as const })
  const failing = failingActions(failOn, false)
  const options = { version, fails: (action: string) => failing.has(action), tellsUnreadable: true }
  return openReports(text ? [text, ...files] : files, options, mendsInput ? io.stderr : io.stdout, io)
}

/** What was found in a file, and is told once it is known what of it is mended. */
interface FoundIn {
  readonly file: ReportedFile
  readonly name: string
  readonly workload: ReportedWorkload
}

async function checkFile(reported: ReportedFile, path: string, text: string, options: RunOptions,
  { summary, reporter, isText, io }: Telling,
  bar: ReturnType<typeof progress>): Promise<{ readonly changes: readonly FileChange[]; readonly found: readonly FoundIn[] }> {
  const edits: DocumentEdits[] = []
  const rewrites: Rewrite[] = []
  const folder = folderOf(path)
  const kind = platformFile(path)
  const document = ({ remark, isLeft, line }: DocumentRead): void => {
    if (isLeft) summary.passedOver += 1
    if (remark !== undefined) io.stderr.write(`paddock: ${visible(`${reported.name}:${line}: ${remark}`)}\n`)
  }
  const platform = kind === 'app_desc' ? options.descriptionPlatform : options.platform
  if (kind === 'app_desc' && platform.dialect !== 'blueking') {
    summary.passedOver += 1
    io.stderr.write(`paddock: ${visible(`${reported.name} is passed over: of the platforms, BlueKing's alone reads it`)}\n`)
  }
  const checks = kind === undefined
    ? checkText(text, { ...options, document }, (edit) => edits.push(edit))
    : (await import('./check-processes.ts')).checkPlatformFile(kind, text, { ...options, platform, folder,
      repository: repository(path, io, (message) => io.stderr.write(`paddock: ${message}\n`)) }, (rewrite) => rewrites.push(rewrite))
  const found: FoundIn[] = []
  for (const checked of checks) {
    const file = checked.file
      ? { name: checked.file.isFound ? checked.file.name : folder + checked.file.name, line: lineReader(checked.file.text) } : reported
    count(checked, summary)
    if ('workload' in checked) {
      // Only what may be mended waits.
      if (summary.written) found.push({ file, name: checked.file ? file.name : path, workload: checked.workload })
      else reporter.workload(file, checked.workload)
    } else {
      const { span, message } = checked.unreadable
      reporter.unreadable(file, checked.unreadable)
      io.stderr.write(
        `paddock: ${placeName(file, span, undefined)}: ${visible(message)}\n${
          isText ? excerpt(file, span, painter(io.stderr, io.env)) : ''
        }`,
      )
    }
    bar.step(file.name, summary.workloads)
  }
  return { changes: fileChanges(path, text, edits, rewrites), found }
}

function count(checked: Checked, summary: Summary): void {
  if ('unreadable' in checked) {
    summary.unreadable += 1
    return
  }
  if (!checked.isPart) summary.workloads += 1
  summary.invocations += checked.workload.invocations
  summary.unseen += unseenIn(checked.workload.findings)
  for (const { finding } of checked.workload.findings) summary[counters[finding.action]] += 1
}

/** Gives a line of a text by its number, from 1. Lines are asked for in order, more or less, and one often several times. */
function lineReader(text: string): (line: number) => string {
  let number = 1
  let start = 0
  let last: { readonly line: number; readonly text: string } | undefined
  const read = (line: number): string => {
    if (line < number) [number, start] = [1, 0]
    while (number < line) {
      const next = text.indexOf('\n', start)
      if (next < 0) return ''
      start = next + 1
      number += 1
    }
    const end = text.indexOf('\n', start)
    return text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '')
  }
  return (line) => {
    if (last?.line !== line) last = { line, text: read(line) }
    return last.text
  }
}
