/**
 * `--format github`: annotations of a GitHub Actions run. GitHub shows ten errors, ten warnings and ten notices of a step; all of
 * them stand in its log. Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; escapes as
 * in packages/core/src/command.ts of actions/toolkit.
 */
import type { Finding } from '../../finding.ts'
import { decidedBy, endColumn, lookedAt, outcome, workloadName, type ReportedFile, type Reporter, type Span } from './report.ts'

const commands: Readonly<Record<Finding['action'], string>> = { Deny: 'error', Warn: 'warning', Fix: 'notice', Audit: 'notice' }

export function githubReporter(write: (text: string) => void): Reporter {
  return {
    workload(file, { workload, findings }) {
      for (const { finding, span } of findings) {
        const { action, rule, container } = finding
        const title = `${rule} (${action.toLowerCase()}): ${workloadName(workload)}, container ${container}`
        const message = `${finding.message} ${finding.remedy} (${decidedBy(finding)})`
        write(annotation(commands[action], { file, span, title, message }))
      }
    },
    unreadable(file, { message, span, workload }) {
      write(annotation('error', { file, span, title: workload ? workloadName(workload) : 'cannot be read', message }))
    },
    end(summary) {
      write(`${lookedAt(summary)}: ${outcome(summary)}\n`)
    },
  }
}

interface Annotation {
  readonly file: ReportedFile | undefined
  readonly span: Span | undefined
  readonly title: string
  readonly message: string
}

function annotation(command: string, { file, span, title, message }: Annotation): string {
  const place = file && span ? { line: span.line, col: span.column, endColumn: endColumn(file, span) } : {}
  const properties = Object.entries({ file: file?.name, ...place, title }).filter(([, value]) => value !== undefined)
  const written = properties.map(([name, value]) => `${name}=${propertyText(String(value))}`)
  return `::${command} ${written.join(',')}::${messageText(message)}\n`
}

const escaped = (text: string, characters: RegExp): string =>
  text.replaceAll(characters, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

const messageText = (text: string): string => escaped(text, /[%\r\n]/g)

const propertyText = (text: string): string => escaped(text, /[%\r\n:,]/g)
