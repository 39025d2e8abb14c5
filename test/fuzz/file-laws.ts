/** The laws of files: what holds of `check`, of `check --fix` and of `explain`, whatever the files hold. */
import { run } from '../cli/in-memory.ts'
import type { Broken } from './target.ts'

export const fileLaws = ['status', 'terminal', 'report', 'again', 'kept', 'unreadable', 'time'] as const

export type Files = Readonly<Record<string, string>>

interface Report {
  readonly workloads: readonly { readonly file: string; readonly name: string;
    readonly findings: readonly { readonly rule: string; readonly action: string }[]; readonly decision: string }[]
  readonly summary: Readonly<Record<string, number>>
}

export interface Checked {
  readonly report: Report | undefined
  /** The files as `--fix` leaves them. */
  readonly fixed: Files
  readonly err: string
}

/** Milliseconds that `check` may take for files of some KB. */
const mostTime = 1000

/** Checks files that are there and mends them. `paths`: what is named on the command line. */
export async function checked(files: Files, paths: readonly string[], flags: readonly string[], broken: Broken): Promise<Checked> {
  const start = performance.now()
  const plain = await run(['check', ...paths, ...flags], files)
  if (performance.now() - start > mostTime / 2) {
    // The promise is kept within one turn but for what is loaded the first time.
    const before = process.cpuUsage()
    await run(['check', ...paths, ...flags], files)
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1000 > mostTime) broken('time', '', `check takes ${((user + system) / 1000).toFixed(0)} ms of processor time`)
  }
  const json = await run(['check', ...paths, ...flags, '--format', 'json'], files)
  const fix = await run(['check', ...paths, ...flags, '--fix'], files)
  const again = await run(['check', ...paths, ...flags, '--fix'], fix.files)
  for (const { status } of [plain, json, fix, again])
    if (![0, 1, 2].includes(status)) broken('status', String(status), `the exit status is ${status}`)
  if (plain.status !== json.status) broken('status', 'format', `the exit status is ${plain.status} with text and ${json.status} with JSON`)
  for (const text of [plain.out, plain.err, fix.out, fix.err]) terminal(text, broken)
  const report = parsed(json.out)
  if (!report && json.out !== '') broken('report', '', `the report is no JSON: ${json.out.slice(0, 200)}`)
  for (const [path, text] of Object.entries(fix.files)) {
    if (again.files[path] !== text) broken('again', '', `a second --fix changes ${path}: ${difference(text, again.files[path] ?? '')}`)
    kept(path, files[path] ?? '', text, broken)
  }
  return { report, fixed: fix.files, err: fix.err }
}

/** What goes to a terminal has no control character, and no line that another program takes for its own. */
export function terminal(text: string, broken: Broken): void {
  const found = /[^\P{Cc}\n\t]/u.exec(text)
  if (found)
    broken('terminal', 'control character',
      `${JSON.stringify(found[0])} is written in ${JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 20))}`)
  if (/^::/m.test(text)) broken('terminal', 'workflow command', `a line begins with "::": ${JSON.stringify(/^::.*/m.exec(text)?.[0])}`)
}

function parsed(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report
  } catch {
    return undefined
  }
}

const breaks = (text: string): ReadonlySet<string> => new Set(text.match(/\r\n|\r|\n/g))

/** Comments are what they were, and there is no line break of another kind. */
function kept(path: string, before: string, after: string, broken: Broken): void {
  if (before === after) return
  // What is put in may be the first line break of a file that had none.
  const [was, is] = [breaks(before), breaks(after)]
  if (was.size > 0 && ![...is].every((one) => was.has(one)))
    broken('kept', 'line breaks', `the line breaks of ${path} were ${JSON.stringify([...was])}, and are ${JSON.stringify([...is])}`)
  // Within a block scalar, a line that begins so is text.
  const hasBlocks = /[|>][-+\d]*[ \t]*(?:#.*)?$/m.test(before)
  const comments = (text: string): string => text.split(/\r\n|\r|\n/).filter((line) => (hasBlocks ? /^#/ : /^\s*#/).test(line)).join('\n')
  if (comments(before) !== comments(after))
    broken('kept', 'comments', `comments of ${path} have changed: ${difference(comments(before), comments(after))}`)
}

function difference(before: string, after: string): string {
  let start = 0
  while (start < before.length && before[start] === after[start]) start++
  return `${JSON.stringify(before.slice(Math.max(0, start - 20), start + 80))} → ${
    JSON.stringify(after.slice(Math.max(0, start - 20), start + 80))
  }`
}

/** `explain` of files, to be read by people. */
export async function explained(files: Files, paths: readonly string[], broken: Broken): Promise<void> {
  const { status, out, err } = await run(['explain', ...paths], files)
  if (![0, 1, 2].includes(status)) broken('status', `explain ${status}`, `the exit status of explain is ${status}`)
  terminal(out, broken)
  terminal(err, broken)
}
