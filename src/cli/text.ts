/** The text that people read: place, message, the line with a caret, the remedy, a summary. */
import type { PlacedFinding } from './check.ts'
import type { Style } from './io.ts'
import type { Reporter, Summary } from './report.ts'

type Paint = (style: Style, text: string) => string

const styles: Readonly<Record<string, Style>> = { deny: 'red', warn: 'yellow', fix: 'green', audit: 'blue' }

/** A line that is longer is cut, around what it is about. */
const widestLine = 160

export function textReporter(write: (text: string) => void, paint: Paint): Reporter {
  return {
    workload(file, lines, { findings }) {
      // What stands at one place is said in one go, and the line is shown once.
      const places = Map.groupBy(findings, ({ line, column, width }) => `${line}:${column}:${width}`)
      for (const found of places.values()) write(`${findingsText(file, lines, found, paint)}\n`)
    },
    unreadable(file, lines, problem) {
      const place = paint('bold', `${file}:${problem.line}:${problem.column}:`)
      write(`${place} ${paint('red', 'error:')} ${problem.message}\n${excerpt(lines, problem.line, problem.column, 1, paint)}\n`)
    },
    end(summary) {
      write(`${summaryText(summary)}\n`)
    },
  }
}

function findingsText(file: string, lines: (line: number) => string, findings: readonly PlacedFinding[], paint: Paint): string {
  const [first] = findings
  if (!first) return ''
  const { line, column, width } = first
  const place = paint('bold', `${file}:${line}:${column}:`)
  const messages = findings.map(({ finding }) => {
    const action = finding.action.toLowerCase()
    return `${place} ${paint(styles[action] ?? 'bold', `${action}:`)} ${finding.message}\n`
  })
  const remedies = new Set(findings.filter(({ fixed }) => !fixed).map(({ finding }) => `   ${paint('dim', '=')} ${finding.remedy}\n`))
  return messages.join('') + excerpt(lines, line, column, width, paint) + [...remedies].join('')
}

/** The line, with a caret under the column, and tildes under the rest of what is meant. */
function excerpt(lines: (line: number) => string, line: number, column: number, width: number, paint: Paint): string {
  const text = lines(line)
  if (text.trim() === '') return ''
  const from = text.length > widestLine ? Math.max(0, column - 1 - widestLine / 4) : 0
  const shown = text.slice(from, from + widestLine)
  const margin = String(line)
  const before = shown.slice(0, column - 1 - from).replaceAll(/[^\t]/g, ' ')
  const room = Math.max(1, shown.length - before.length)
  const marks = `^${'~'.repeat(Math.max(0, Math.min(width, room) - 1))}`
  return `  ${paint('dim', `${margin} |`)} ${shown}\n  ${' '.repeat(margin.length)} ${paint('dim', '|')} ${before}${paint('cyan', marks)}\n`
}

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`

function summaryText(summary: Summary): string {
  const { files, workloads, invocations, denied, warned, fixed, audited, unreadable } = summary
  const outcome = [
    denied > 0 ? `${denied} denied` : '',
    warned > 0 ? `${warned} warned of` : '',
    fixed > 0 ? `${fixed} ${summary.written ? 'fixed' : 'to fix (`paddock check --fix`)'}` : '',
    audited > 0 ? `${audited} audited` : '',
    unreadable > 0 ? `${unreadable} unreadable` : '',
  ].filter((part) => part !== '')
  const looked = `${count(files, 'file')}, ${count(workloads, 'workload')}, ${count(invocations, 'gunicorn command')}`
  return `${looked}: ${outcome.length === 0 ? 'nothing found' : outcome.join(', ')}`
}
