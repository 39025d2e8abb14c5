/** `--format markdown`: a table for a pull request's comment or a job's summary, the gravest findings first. */
import { visibleLines } from '../../kubernetes/visible.ts'
import type { Finding } from '../../finding.ts'
import { decidedBy, lookedAt, outcome, placeName, workloadName, type Reporter } from './report.ts'

/** In UTF-16 units: GitHub takes comments of 65,536 characters and summaries of 1 MiB. */
const longest = 60_000

type Row = 'Unreadable' | Finding['action']

export function markdownReporter(write: (text: string) => void): Reporter {
  const rows: Readonly<Record<Row, string[]>> = { Unreadable: [], Deny: [], Warn: [], Fix: [], Audit: [] }
  return {
    workload(file, { workload, findings }) {
      for (const { finding, span, fixed } of findings) {
        const { action, container, message, remedy } = finding
        const where = [file ? code(placeName(file, span, workload)) : '', code(workloadName(workload)), `container ${code(container)}`]
        const what = [code(message), fixed ? '' : prose(remedy)]
        rows[action].push(row([`**${action}**`, code(decidedBy(finding))], where, what))
      }
    },
    unreadable(file, { message, span, workload }) {
      const where = [file ? code(placeName(file, span, workload)) : '', workload ? code(workloadName(workload)) : '']
      rows.Unreadable.push(row(['**Unreadable**'], where, [code(message)]))
    },
    end(summary) {
      const all = Object.values(rows).flat()
      write(`### Paddock: ${outcome(summary)}\n\n${lookedAt(summary)}\n`)
      if (all.length === 0) return
      write('\n| | where | what |\n| --- | --- | --- |\n')
      let left = longest
      const kept = all.findIndex((text) => (left -= text.length) < 0)
      const shown = kept < 0 ? all : all.slice(0, kept)
      write(shown.join(''))
      if (shown.length < all.length) write(`\nand ${all.length - shown.length} more\n`)
    },
  }
}

const row = (...cells: readonly (readonly string[])[]): string =>
  `| ${cells.map((lines) => lines.filter((line) => line !== '').join('<br>')).join(' | ')} |\n`

/** Our own words, which are Markdown already. */
const prose = (text: string): string => text.replaceAll('|', '\\|')

/**
 * Text of others as code, in which nothing is a link, a mention, HTML or mathematics. A pipe would end the cell even there, and
 * its backslash cannot itself be escaped: what holds one before a pipe is written with entities.
 */
export function code(text: string): string {
  const line = visibleLines(text.replaceAll(/\s/g, ' '))
  if (line === '') return ''
  if (line.includes('\\|') || line.trim() === '')
    return `<code>${line.replaceAll(/[^\w ]/gu, (character) => `&#${character.codePointAt(0)};`)}</code>`
  const longestRun = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longestRun + 1)
  // One blank at either end is taken away, where both are there.
  const pad = /^`|`$|^ .* $/.test(line) ? ' ' : ''
  return `${fence}${pad}${line.replaceAll('|', '\\|')}${pad}${fence}`
}
