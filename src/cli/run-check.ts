/** `paddock check`: the files, one after the other, through a reporter; what is mended is written back. */
import { applySplices, inOrder, type Splice } from '../edit.ts'
import { fieldPath, type Path } from '../kubernetes/field.ts'
import { visible } from '../kubernetes/visible.ts'
import { defaultPlatform, platforms, type Platform } from '../platforms/platform.ts'
import { checkText, type Checked, type CheckOptions } from './check.ts'
import { ConfigMapCollection, configFilesAt, readEach } from './config-files.ts'
import type { Rewrite } from './check-processes.ts'
import { exitStatus, FileError, UsageError } from './exit.ts'
import type { Change } from './edit.ts'
import { openReports } from './formats.ts'
import { folderOf, platformFile, repository } from './repository.ts'
import type { Governing } from './governing.ts'
import { painter, type Io } from './io.ts'
import { Lines } from './lines.ts'
import type { Output } from './outputs.ts'
import { progress } from './progress.ts'
import { placeName, type ReportedFile, type Reporter, type Summary } from './report.ts'

export interface CheckFlags {
  readonly governing: Governing
  readonly requirements?: string
  /** Files on disk, by the paths at which gunicorn finds them. */
  readonly configFile?: Readonly<Record<string, string>>
  /** Whose Procfile it is; undefined for the default, and for what others make of it besides. */
  readonly platform?: string
  readonly format?: readonly Output[]
  readonly failOn: 'deny' | 'warn' | 'audit' | 'fix' | 'never'
  readonly fix?: boolean
  readonly diff?: boolean
  /** Paddock's own. */
  readonly version: string
}

interface RunOptions extends CheckOptions {
  readonly platform: Platform
  /** True where no platform was chosen. */
  readonly compared: boolean
}

export async function runCheck(paths: readonly string[], flags: CheckFlags, io: Io): Promise<number> {
  const { requirements } = flags
  const configMaps = new ConfigMapCollection()
  const platform = platforms[flags.platform ?? defaultPlatform]
  if (!platform) throw new UsageError(`there is no platform ${JSON.stringify(flags.platform)}`)
  const options: RunOptions = {
    surroundings: { configMaps: configMaps.find, configFile: configFilesAt(readEach(flags.configFile ?? {}, io)) },
    platform,
    compared: flags.platform === undefined,
    policyFor: flags.governing.policyFor,
    requirements: requirements === undefined ? undefined : { text: io.readFile(requirements), path: requirements },
  }
  const summary: Summary = { files: 0, workloads: 0, invocations: 0, denied: 0, warned: 0, fixed: 0, audited: 0, unreadable: 0, written: flags.fix === true }
  const reporter = reporterFor(paths, flags, io)
  let [unmended, unwritten] = [0, 0]
  const scripts = new Map<string, string>()
  const bar = progress(io)
  const listed = [...files(paths, summary, reporter, io)]
  const read = reader(io)
  await learn(listed, read, (text) => {
    configMaps.add(text)
    if (flags.governing.needsNamespaces) flags.governing.learnNamespaces(text)
  })
  for (const file of listed) {
    let text: string
    try {
      text = await read(file)
    } catch (error) {
      unreadableFile(file, error, summary, reporter, io)
      continue
    }
    summary.files += 1
    const reported = { name: file === '-' ? 'standard input' : file, line: lineReader(text) }
    const changes = await checkFile(reported, file, text, options, summary, reporter, io, bar)
    for (const change of flags.fix || flags.diff ? changes : []) {
      const { file, text, folder } = change
      const mended = await mend(change, scripts, io)
      unmended += mended.refused
      if (flags.diff && mended.text !== text) io.stdout.write(await diffOf(file, text, mended.text, io))
      if (flags.fix && file === '-') io.stdout.raw(mended.text)
      else if (flags.fix && mended.text !== text && !written(folder, file, mended.text, io)) unwritten += 1
    }
    if (flags.fix && file === '-' && changes.length === 0) io.stdout.raw(text)
  }
  bar.end()
  for (const note of flags.governing.notes()) io.stderr.write(`paddock: ${visible(note)}\n`)
  reporter.end(summary)
  if (unwritten > 0) return exitStatus.unreadable
  return status(summary, failingActions(flags.failOn, summary.written && unmended === 0))
}

/** Writes what has been mended; false, and why is said, where it lies elsewhere or cannot be written. */
function written(folder: string, file: string, text: string, io: Io): boolean {
  try {
    io.writeWithin(folder, file, text)
    return true
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    io.stderr.write(`paddock: ${error.message}: not fixed\n`)
    return false
  }
}

/** Reads files; standard input, which can be read once, is kept. */
function reader(io: Io): (file: string) => Promise<string> {
  let input: Promise<string> | undefined
  return async (file) => (file === '-' ? (input ??= io.readInput()) : io.readFile(file))
}

/** A Namespace may stand behind what is in it, a ConfigMap behind what mounts it. */
async function learn(listed: readonly string[], read: (file: string) => Promise<string>, from: (text: string) => void): Promise<void> {
  for (const file of listed) {
    // What cannot be read is told of when it is checked.
    const text = await read(file).catch(() => '')
    from(text)
  }
}

function* files(paths: readonly string[], summary: Summary, reporter: Reporter, io: Io): Generator<string> {
  for (const path of paths) {
    if (path === '-') yield path
    else
      try {
        yield* io.listFiles(path, 'Procfile')
      } catch (error) {
        unreadableFile(path, error, summary, reporter, io)
      }
  }
}

function unreadableFile(path: string, error: unknown, summary: Summary, reporter: Reporter, io: Io): void {
  const message = error instanceof FileError ? error.reason : error instanceof Error ? error.message : String(error)
  summary.unreadable += 1
  reporter.unreadable({ name: path, line: () => '' }, { message })
  io.stderr.write(`paddock: ${visible(`${path}: ${message}`)}\n`)
}

/** What goes to standard output is one thing: a report, a diff, or what was read from standard input, mended. */
function reporterFor(paths: readonly string[], { format = [], fix = false, diff = false, failOn, version }: CheckFlags, io: Io): Reporter {
  const shown = format.find(({ file }) => file === undefined)
  const files = format.filter(({ file }) => file !== undefined)
  if (diff && shown && shown.format !== 'text')
    throw new UsageError(`--diff goes to standard output, as does --format ${shown.format}: give the format a file, as in --format ${shown.format}=FILE`)
  const mendsInput = fix && paths.includes('-')
  if (diff && mendsInput) throw new UsageError('--diff goes to standard output, as does what --fix makes of standard input')
  // A run that says nothing and fails is of no use. With --diff alone, the diff is what is asked for.
  const text = shown ?? (diff && !fix ? undefined : { format: 'text' as const })
  const failing = failingActions(failOn, fix)
  const options = { version, fails: (action: string) => failing.has(action) }
  return openReports(text ? [text, ...files] : files, options, mendsInput ? io.stderr : io.stdout, io)
}

/** What is to become of a file: edits of its documents, or text to be put in its place. */
interface FileChange {
  readonly file: string
  /** The folder of the repository that it is in. */
  readonly folder: string
  readonly text: string
  readonly edits: readonly Change[]
  readonly splices: readonly Splice[]
  readonly changes: readonly NonNullable<Rewrite['change']>[]
  /** True for a script, which several processes may start. */
  readonly isScript: boolean
}

async function checkFile(reported: ReportedFile, path: string, text: string, options: RunOptions, summary: Summary, reporter: Reporter, io: Io, bar: ReturnType<typeof progress>): Promise<readonly FileChange[]> {
  const edits: Change[] = []
  const rewrites: Rewrite[] = []
  const folder = folderOf(path)
  const kind = platformFile(path)
  const found = kind === undefined
    ? checkText(text, options, (edit) => edits.push(edit))
    : (await import('./check-processes.ts')).checkPlatformFile(kind, text, { ...options, repository: repository(path, io, (message) => io.stderr.write(`paddock: ${message}\n`)) }, (rewrite) => rewrites.push(rewrite))
  for (const checked of found) {
    const file = checked.file ? { name: folder + checked.file.name, line: lineReader(checked.file.text) } : reported
    count(checked, summary)
    if ('workload' in checked) reporter.workload(file, checked.workload)
    else {
      reporter.unreadable(file, checked.unreadable)
      io.stderr.write(`paddock: ${placeName(file, checked.unreadable.span, undefined)}: ${visible(checked.unreadable.message)}\n`)
    }
    bar.step(file.name, summary.workloads)
  }
  const own = rewrites.filter(({ script }) => script === undefined)
  edits.push(...own.flatMap((rewrite) => (rewrite.edits ? [{ document: 0, edits: rewrite.edits }] : [])))
  const splices = own.flatMap(({ splice }) => splice ?? [])
  const changes = own.flatMap(({ change }) => change ?? [])
  const scripts = rewrites.flatMap(({ script, before = '', splice }): FileChange[] =>
    (script !== undefined && splice ? [{ file: folder + script, folder, text: before, edits: [], splices: [splice], changes: [], isScript: true }] : []))
  return edits.length + splices.length + changes.length > 0 ? [{ file: path, folder, text, edits, splices, changes, isScript: false }, ...scripts] : scripts
}

function count(checked: Checked, summary: Summary): void {
  if ('unreadable' in checked) {
    summary.unreadable += 1
    return
  }
  if (!checked.isPart) summary.workloads += 1
  summary.invocations += checked.workload.invocations
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

/** Makes the changes, as far as they can be made in the text. */
async function mend({ file, text, edits, splices, changes, isScript }: FileChange, scripts: Map<string, string>, io: Io): Promise<{ text: string; refused: number }> {
  if (splices.length > 0) {
    const mended = applySplices(text, inOrder(splices))
    if (!isScript) return { text: mended, refused: 0 }
    // Several processes may start one script; what each of them needs must be the same.
    const known = scripts.get(file)
    scripts.set(file, known ?? mended)
    if (known !== undefined && known !== mended) io.stderr.write(`paddock: ${visible(file)}: not fixed: several processes start it, and each needs another change\n`)
    return known === undefined ? { text: mended, refused: 0 } : { text, refused: known === mended ? 0 : 1 }
  }
  const { editManifests } = await import('./edit.ts')
  const { mendTexts } = await import('./mend-text.ts')
  let [mended, refused] = [text, 0]
  const refuse = (line: number, path: Path, reason: string): void => {
    io.stderr.write(`paddock: ${visible(`${file}:${line}: ${fieldPath(path)}: not fixed: ${reason}`)}\n`)
    refused += 1
  }
  const [change] = changes
  if (change) {
    const outcome = mendTexts(text, changes.toSorted((a, b) => a.start - b.start), change.read)
    mended = outcome.text
    for (const { change: { start, path }, reason } of outcome.refused) refuse(new Lines(text).position(start).line, path, reason)
  }
  if (edits.length === 0) return { text: mended, refused }
  const edited = editManifests(mended, edits)
  for (const { line, path, reason } of edited.refused) refuse(line, path, reason)
  return { text: edited.text, refused }
}

async function diffOf(file: string, text: string, mended: string, io: Io): Promise<string> {
  const { unifiedDiff } = await import('./diff.ts')
  return unifiedDiff(file, text, mended, painter(io.stdout, io.env))
}

/** From the gravest to what is only noted. */
const actions = ['Deny', 'Warn', 'Fix', 'Audit'] as const

/** The actions that end with exit status 1: what is at or above the one that was named, without what has been mended. */
export function failingActions(failOn: CheckFlags['failOn'], written: boolean): ReadonlySet<string> {
  const last = actions.findIndex((action) => action.toLowerCase() === failOn)
  return new Set(actions.slice(0, last + 1).filter((action) => !(action === 'Fix' && written)))
}

export const counters = { Deny: 'denied', Warn: 'warned', Fix: 'fixed', Audit: 'audited' } as const

export function status(summary: Summary, failing: ReadonlySet<string>): number {
  if (summary.unreadable > 0) return exitStatus.unreadable
  return actions.some((action) => failing.has(action) && summary[counters[action]] > 0) ? exitStatus.found : exitStatus.ok
}
