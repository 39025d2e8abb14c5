/** What every report format is given, whether it was read from files or from a cluster. */
import type { Decision } from '../../judge.ts'
import type { Operation } from '../../kubernetes/review.ts'
import { visible } from '../../kubernetes/visible.ts'
import type { Workload } from '../../kubernetes/workload.ts'
import type { Finding } from '../../finding.ts'

/** A file that is reported on. */
export interface ReportedFile {
  readonly name: string
  /** A line of its text by its number, from 1; empty where there is none. */
  readonly line: (number: number) => string
}

/** Where something stands in a file: line and column count from 1, columns and width in UTF-16 units. */
export interface Span {
  readonly line: number
  readonly column: number
  /** How many characters it takes. */
  readonly width: number
}

export interface ReportedFinding {
  readonly finding: Finding
  /** True where the fix can be made in the object. */
  readonly fixable: boolean
  /** True where it has been made, and is written to the file. */
  readonly fixed: boolean
  /** Undefined for what was not read from a file. */
  readonly span?: Span | undefined
}

export interface ReportedWorkload {
  readonly workload: Workload
  /** Which document of its file it stands in, from 0, and on which line; undefined for what was not read from a file. */
  readonly document?: number | undefined
  readonly line?: number | undefined
  readonly invocations: number
  readonly decision: Decision
  readonly findings: readonly ReportedFinding[]
  /** The JSON Patch that the webhook would answer; worked out when it is asked for. */
  readonly patch: () => readonly Operation[]
}

/** A file, a document or an object that could not be read, or a part of one. */
export interface Unreadable {
  readonly message: string
  /** Undefined where all of the file is meant, or there is none. */
  readonly span?: Span | undefined
  /** The workload that it is about, where there is one. */
  readonly workload?: Workload | undefined
}

export interface Summary {
  files: number
  workloads: number
  invocations: number
  /** Findings, by what is done about them. */
  denied: number
  warned: number
  fixable: number
  audited: number
  /** Of those that can be fixed, the ones that are, and are written to their files. */
  fixed: number
  unreadable: number
  /** Containers that may start gunicorn and were not looked into. */
  unseen: number
  /** Files, documents and charts that were not looked at, and may have something to do with gunicorn. */
  passedOver: number
  /** True where fixes are written to the files, as far as they can be. */
  written: boolean
}

/** Before anything was looked at. */
export const emptySummary = (written: boolean): Summary => ({ files: 0, workloads: 0, invocations: 0, denied: 0, warned: 0, fixable: 0,
  audited: 0, fixed: 0, unreadable: 0, unseen: 0, passedOver: 0, written })

/** A report in one format. Called as things are found, file by file; the file is undefined for what is in a cluster. */
export interface Reporter {
  workload(file: ReportedFile | undefined, workload: ReportedWorkload): void
  unreadable(file: ReportedFile | undefined, problem: Unreadable): void
  end(summary: Summary): void
}

/** How a workload is named to people: `Deployment default/web`. */
export function workloadName({ kind, namespace, name }: Workload): string {
  return visible(`${kind.kind} ${namespace === '' ? '' : `${namespace}/`}${name === '' ? 'without a name' : name}`)
}

/** Who decided what is done about a finding: `GunicornPolicy "p"`, with the exception that lets it pass. */
export function decidedBy({ policy, exception }: Finding): string {
  return visible(`GunicornPolicy "${policy}"${exception === undefined ? '' : `, excepted by GunicornException "${exception}"`}`)
}

/** `a.yaml:7:3`, or as much of it as there is; the workload where it is in no file. */
export function placeName(file: ReportedFile | undefined, span: Span | undefined, workload: Workload | undefined): string {
  if (!file) return workload ? workloadName(workload) : ''
  const name = visible(file.name)
  return span ? `${name}:${span.line}:${span.column}` : name
}

/** The column after the span, which is cut off at the end of its first line; undefined where nothing of that is left. */
export function endColumn(file: ReportedFile, { line, column, width }: Span): number | undefined {
  const end = Math.min(column + width, file.line(line).length + 1)
  return end > column ? end : undefined
}

/** `1 file`, `2 files`. */
export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`

/** Rules that speak of what was not looked into. */
const unseenRules: ReadonlySet<string> = new Set(['unresolved-command', 'unread-command', 'unseen-script'])

/** How many containers of a workload were not looked into. */
export const unseenIn = (findings: readonly ReportedFinding[]): number => {
  let unseen = 0
  for (const { finding } of findings) if (unseenRules.has(finding.rule)) unseen += 1
  return unseen
}

/** What was looked at: `1 file, 2 workloads, 2 gunicorn commands`. */
export function lookedAt({ files, workloads, invocations, unseen, passedOver }: Summary): string {
  const parts = [
    count(workloads, 'workload'),
    count(invocations, 'gunicorn command'),
    ...(unseen > 0 ? [`${count(unseen, 'container')} not looked into`] : []),
    ...(passedOver > 0 ? [`${passedOver} passed over`] : []),
  ]
  return (files > 0 ? [count(files, 'file'), ...parts] : parts).join(', ')
}

/** What came of it: `1 denied, 2 to fix`. */
export function outcome({ workloads, passedOver, files, denied, warned, fixable, audited, fixed, unreadable, written }: Summary): string {
  const toFix = written ? 'not fixed' : files > 0 ? 'to fix (`paddock check --fix`)' : 'to fix'
  const parts = [
    denied > 0 ? `${denied} denied` : '',
    warned > 0 ? `${warned} warned of` : '',
    fixed > 0 ? `${fixed} fixed` : '',
    fixable > fixed ? `${fixable - fixed} ${toFix}` : '',
    audited > 0 ? `${audited} audited` : '',
    unreadable > 0 ? `${unreadable} unreadable` : '',
  ].filter((part) => part !== '')
  if (parts.length > 0) return parts.join(', ')
  return workloads > 0 ? (passedOver > 0 ? 'nothing found in the rest' : 'nothing found') : 'nothing to check'
}
