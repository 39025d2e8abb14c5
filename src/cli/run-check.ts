/** `paddock check`: the files, one after the other, through a reporter; what is mended is written back. */
import { fieldPath } from '../kubernetes/field.ts'
import { checkText, type Checked, type CheckOptions } from './check.ts'
import { ConfigMapCollection, configFilesAt, readEach } from './config-files.ts'
import { exitStatus, UsageError } from './command.ts'
import type { Change } from './edit.ts'
import { openReports } from './formats.ts'
import type { Governing } from './governing.ts'
import { painter, type Io } from './io.ts'
import type { Output } from './outputs.ts'
import { progress } from './progress.ts'
import { placeName, type ReportedFile, type Reporter, type Summary } from './report.ts'

export interface CheckFlags {
  readonly governing: Governing
  readonly requirements?: string
  /** Files on disk, by the paths at which gunicorn finds them. */
  readonly configFile?: Readonly<Record<string, string>>
  readonly format?: readonly Output[]
  readonly failOn: 'deny' | 'warn' | 'audit' | 'fix' | 'never'
  readonly fix?: boolean
  readonly diff?: boolean
  /** Paddock's own. */
  readonly version: string
}

export async function runCheck(paths: readonly string[], flags: CheckFlags, io: Io): Promise<number> {
  const { requirements } = flags
  const configMaps = new ConfigMapCollection()
  const options: CheckOptions = {
    surroundings: { configMaps: configMaps.find, configFile: configFilesAt(readEach(flags.configFile ?? {}, io)) },
    policyFor: flags.governing.policyFor,
    requirements: requirements === undefined ? undefined : { text: io.readFile(requirements), path: requirements },
  }
  const summary: Summary = { files: 0, workloads: 0, invocations: 0, denied: 0, warned: 0, fixed: 0, audited: 0, unreadable: 0, written: flags.fix === true }
  const reporter = reporterFor(paths, flags, io)
  let unmended = 0
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
    const edits = checkFile(reported, text, options, summary, reporter, io, bar)
    const { text: mended, refused } = edits.length > 0 && (flags.fix || flags.diff) ? await mend(file, text, edits, io) : { text, refused: 0 }
    unmended += refused
    if (flags.diff && mended !== text) io.stdout.write(await diffOf(file, text, mended, io))
    if (flags.fix && file === '-') io.stdout.write(mended)
    else if (flags.fix && mended !== text) io.writeFile(file, mended)
  }
  bar.end()
  for (const note of flags.governing.notes()) io.stderr.write(`paddock: ${note}\n`)
  reporter.end(summary)
  return status(summary, failingActions(flags.failOn, summary.written && unmended === 0))
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
        yield* io.listFiles(path)
      } catch (error) {
        unreadableFile(path, error, summary, reporter, io)
      }
  }
}

function unreadableFile(path: string, error: unknown, summary: Summary, reporter: Reporter, io: Io): void {
  const message = error instanceof Error ? error.message : String(error)
  summary.unreadable += 1
  reporter.unreadable({ name: path, line: () => '' }, { message })
  io.stderr.write(`paddock: ${path}: ${message}\n`)
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

function checkFile(file: ReportedFile, text: string, options: CheckOptions, summary: Summary, reporter: Reporter, io: Io, bar: ReturnType<typeof progress>): readonly Change[] {
  const edits: Change[] = []
  for (const checked of checkText(text, options, (edit) => edits.push(edit))) {
    count(checked, summary)
    if ('workload' in checked) reporter.workload(file, checked.workload)
    else {
      reporter.unreadable(file, checked.unreadable)
      io.stderr.write(`paddock: ${placeName(file, checked.unreadable.span, undefined)}: ${checked.unreadable.message}\n`)
    }
    bar.step(file.name, summary.workloads)
  }
  return edits
}

function count(checked: Checked, summary: Summary): void {
  if ('unreadable' in checked) {
    summary.unreadable += 1
    return
  }
  summary.workloads += 1
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
async function mend(file: string, text: string, edits: readonly Change[], io: Io): Promise<{ text: string; refused: number }> {
  const { editManifests } = await import('./edit.ts')
  const { text: mended, refused } = editManifests(text, edits)
  for (const { line, path, reason } of refused) io.stderr.write(`paddock: ${file}:${line}: ${fieldPath(path)}: not fixed: ${reason}\n`)
  return { text: mended, refused: refused.length }
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
