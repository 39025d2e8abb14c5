/** `paddock check`: the files, one after the other, through a reporter; what is mended is written back. */
import { fieldPath } from '../kubernetes/field.ts'
import type { Policy } from '../policy/policy.ts'
import { checkText, type Checked, type CheckOptions } from './check.ts'
import { exitStatus } from './command.ts'
import type { Change } from './edit.ts'
import { painter, type Io } from './io.ts'
import { jsonReporter } from './json-report.ts'
import { progress } from './progress.ts'
import type { Reporter, Summary } from './report.ts'
import { textReporter } from './text.ts'

export interface CheckFlags {
  readonly policy: Policy
  readonly requirements?: string
  readonly format: 'text' | 'json'
  readonly failOn: 'deny' | 'warn' | 'audit' | 'fix' | 'never'
  readonly fix?: boolean
  readonly diff?: boolean
}

export async function runCheck(paths: readonly string[], flags: CheckFlags, io: Io): Promise<number> {
  const { requirements } = flags
  const options: CheckOptions = {
    policy: flags.policy,
    requirements: requirements === undefined ? undefined : { text: io.readFile(requirements), path: requirements },
  }
  const summary: Summary = { files: 0, workloads: 0, invocations: 0, denied: 0, warned: 0, fixed: 0, audited: 0, unreadable: 0, written: flags.fix === true }
  const paint = painter(io.stdout, io.env)
  const write = (text: string): void => io.stdout.write(text)
  // With --diff alone, the diff is what is asked for.
  const reporter = flags.format === 'json' ? jsonReporter(write) : flags.diff && !flags.fix ? diffOnly(write) : textReporter(write, paint)
  const bar = progress(io)
  for (const file of files(paths, summary, io)) {
    const name = file === '-' ? 'standard input' : file
    let text: string
    try {
      text = file === '-' ? await io.readInput() : io.readFile(file)
    } catch (error) {
      unreadableFile(file, error, summary, io)
      continue
    }
    summary.files += 1
    const edits = checkFile(name, text, options, summary, reporter, io, bar)
    if (edits.length > 0 && (flags.fix || flags.diff)) await mendFile(file, text, edits, flags, io)
  }
  bar.end()
  reporter.end(summary)
  return status(summary, flags.failOn)
}

function* files(paths: readonly string[], summary: Summary, io: Io): Generator<string> {
  for (const path of paths) {
    if (path === '-') yield path
    else
      try {
        yield* io.listFiles(path)
      } catch (error) {
        unreadableFile(path, error, summary, io)
      }
  }
}

function unreadableFile(path: string, error: unknown, summary: Summary, io: Io): void {
  summary.unreadable += 1
  io.stderr.write(`paddock: ${path}: ${error instanceof Error ? error.message : String(error)}\n`)
}

function checkFile(name: string, text: string, options: CheckOptions, summary: Summary, reporter: Reporter, io: Io, bar: ReturnType<typeof progress>): readonly Change[] {
  const edits: Change[] = []
  const lines = lineReader(text)
  for (const checked of checkText(text, options, (edit) => edits.push(edit))) {
    count(checked, summary)
    if ('workload' in checked) reporter.workload(name, lines, checked.workload)
    else {
      reporter.unreadable(name, lines, checked.unreadable)
      const { line, column, message } = checked.unreadable
      io.stderr.write(`paddock: ${name}:${line}:${column}: ${message}\n`)
    }
    bar.step(name, summary.workloads)
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
  for (const { finding } of checked.workload.findings) {
    if (finding.action === 'Deny') summary.denied += 1
    else if (finding.action === 'Warn') summary.warned += 1
    else if (finding.action === 'Fix') summary.fixed += 1
    else summary.audited += 1
  }
}

/** Gives a line of a text by its number, from 1. Lines are asked for in order, more or less. */
function lineReader(text: string): (line: number) => string {
  let number = 1
  let start = 0
  return (line) => {
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
}

async function mendFile(file: string, text: string, edits: readonly Change[], { fix, diff }: CheckFlags, io: Io): Promise<void> {
  const { editManifests } = await import('./edit.ts')
  const { text: mended, refused } = editManifests(text, edits)
  for (const { line, path, reason } of refused) io.stderr.write(`paddock: ${file}:${line}: ${fieldPath(path)}: not fixed: ${reason}\n`)
  if (mended === text) return
  if (diff) {
    const { unifiedDiff } = await import('./diff.ts')
    io.stdout.write(unifiedDiff(file, text, mended, painter(io.stdout, io.env)))
  }
  if (!fix) return
  if (file === '-') io.stdout.write(mended)
  else io.writeFile(file, mended)
}

/** With `--diff` alone nothing is said but the diff. */
function diffOnly(write: (text: string) => void): Reporter {
  return { workload() {}, unreadable() {}, end: ({ fixed }) => (fixed === 0 ? write('') : undefined) }
}

/** Each action with what is at or above it. */
const atOrAbove: Readonly<Record<CheckFlags['failOn'], readonly (keyof Summary)[]>> = {
  deny: ['denied'],
  warn: ['denied', 'warned'],
  fix: ['denied', 'warned', 'fixed'],
  audit: ['denied', 'warned', 'fixed', 'audited'],
  never: [],
}

function status(summary: Summary, failOn: CheckFlags['failOn']): number {
  if (summary.unreadable > 0) return exitStatus.unreadable
  const failing = atOrAbove[failOn].filter((key) => !(key === 'fixed' && summary.written))
  return failing.some((key) => Number(summary[key]) > 0) ? exitStatus.found : exitStatus.ok
}
