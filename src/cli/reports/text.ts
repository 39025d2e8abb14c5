/** The text that people read: place, message, the line with a caret, the remedy, a summary. */
import { visible, visibleLines } from '../../kubernetes/visible.ts'
import type { Workload } from '../../kubernetes/workload.ts'
import type { Finding } from '../../finding.ts'
import type { Style } from '../io.ts'
import { lookedAt, outcome, placeName, type ReportedFile, type ReportedFinding, type Reporter, type Span } from './report.ts'

type Paint = (style: Style, text: string) => string

const styles: Readonly<Record<string, Style>> = { deny: 'red', warn: 'yellow', fix: 'green', audit: 'blue' }

/** A line that is longer is cut, around what it is about. */
const widestLine = 160

/** @param isShown true where what cannot be read is told elsewhere on the same screen */
export function textReporter(write: (text: string) => void, paint: Paint, isShown = false): Reporter {
  return {
    workload(file, { workload, findings }) {
      // What stands at one place is said in one go, and the line is shown once.
      // What was mended is there no more.
      const places = Map.groupBy(findings.filter(({ fixed }) => !fixed), ({ span }) => span && `${span.line}:${span.column}:${span.width}`)
      for (const found of places.values()) write(`${findingsText(file, workload, found, paint)}\n`)
    },
    unreadable(file, { span, workload, message }) {
      if (isShown) return
      const place = paint('bold', `${placeName(file, span, workload)}:`)
      write(`${place} ${paint('red', 'error:')} ${visible(message)}\n${excerpt(file, span, paint)}\n`)
    },
    end(summary) {
      write(`${lookedAt(summary)}: ${outcome(summary)}\n`)
    },
  }
}

function findingsText(file: ReportedFile | undefined, workload: Workload, findings: readonly ReportedFinding[], paint: Paint): string {
  const span = findings[0]?.span
  const place = paint('bold', `${placeName(file, span, workload)}:`)
  const messages = findings.map(({ finding }) => {
    const action = finding.action.toLowerCase()
    return `${place} ${paint(styles[action] ?? 'bold', `${action}:`)} ${finding.message}\n`
  })
  const remedies = new Set(findings.map(({ finding }) => `   ${paint('dim', '=')} ${remark(finding)}\n`))
  return messages.join('') + excerpt(file, span, paint) + [...remedies].join('')
}

const remark = (
  finding: Finding,
): string => (finding.exception === undefined ? finding.remedy : visible(`Let pass by GunicornException "${finding.exception}".`))

/** The line, with a caret under the column, and tildes under the rest of what is meant. */
export function excerpt(file: ReportedFile | undefined, span: Span | undefined, paint: Paint): string {
  if (!file || !span) return ''
  const { line, column, width } = span
  const text = file.line(line)
  if (text.trim() === '') return ''
  const from = text.length > widestLine ? Math.max(0, column - 1 - widestLine / 4) : 0
  const [start, end] = [column - 1 - from, column - 1 - from + width]
  const shown = visibleLines(text.slice(from, from + widestLine))
  const margin = String(line)
  const before = visibleLines(text.slice(from, from + start)).replaceAll(/[^\t]/g, ' ')
  const meant = visibleLines(text.slice(from, from + Math.min(end, widestLine))).length - before.length
  const marks = `^${'~'.repeat(Math.max(0, meant - 1))}`
  return `  ${paint('dim', `${margin} |`)} ${shown}\n  ${' '.repeat(margin.length)} ${paint('dim', '|')} ${before}${paint('cyan', marks)}\n`
}
