/**
 * `--format sarif`: SARIF 2.1.0, for code scanning.
 * Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html.
 */
import type { Workload } from '../../kubernetes/workload.ts'
import type { Finding } from '../../finding.ts'
import { catalogue, type Entry } from '../../catalogue.ts'
import type { Severity } from '../../rules/rule.ts'
import { endColumn, placeName, workloadName } from './report.ts'
import type { ReportedFile, ReportedFinding, Reporter, Span, Unreadable } from './report.ts'

type Level = 'error' | 'warning' | 'note'

const levels: Readonly<Record<Finding['action'], Level>> = { Deny: 'error', Warn: 'warning', Fix: 'note', Audit: 'note' }

const severityLevels: Readonly<Record<Severity, Level>> = { error: 'error', warning: 'warning', info: 'note' }

/**
 * GitHub refuses a run with more results, and shows the 5,000 gravest.
 * Source: https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit.
 */
const mostResults = 25_000

const ruleIndexes: ReadonlyMap<string, number> = new Map(catalogue.map(({ id }, index) => [id, index]))

export function sarifReporter(write: (text: string) => void, { version }: { readonly version: string }): Reporter {
  // Kept as text, which takes a tenth of the memory of the objects.
  const results: Readonly<Record<Level, string[]>> = { error: [], warning: [], note: [] }
  const notifications: object[] = []
  const identities = new Map<string, number>()
  return {
    workload(file, { workload, findings }) {
      for (const found of findings) {
        const identity = fingerprint(file, workload, found.finding)
        const nth = (identities.get(identity) ?? 0) + 1
        identities.set(identity, nth)
        const level = levels[found.finding.action]
        const partialFingerprints = { 'paddock/v1': `${identity}:${nth}` }
        results[level].push(JSON.stringify({ ...result(file, workload, found), level, partialFingerprints }))
      }
    },
    unreadable(file, problem) {
      notifications.push(notification(file, problem))
    },
    end({ unreadable }) {
      const all = [...results.error, ...results.warning, ...results.note]
      const left = all.length - mostResults
      const leftOut = { text: `${left} more findings were left out, the gravest ones kept` }
      if (left > 0) notifications.push({ level: 'warning', message: leftOut })
      const run = {
        tool: { driver: { name: 'Paddock', version, semanticVersion: version, rules: catalogue.map(descriptor) } },
        invocations: [{ executionSuccessful: unreadable === 0, toolExecutionNotifications: notifications }],
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { '%SRCROOT%': { description: { text: 'The folder that Paddock was started in.' } } },
      }
      const head = JSON.stringify({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] })
      // The results are the last of the run, which closes with `}]}`.
      write(`${head.slice(0, -3)},"results":[`)
      for (const [index, text] of all.slice(0, mostResults).entries()) write(`${index === 0 ? '\n' : ',\n'}${text}`)
      write(']}]}\n')
    },
  }
}

function descriptor({ id, severity, summary, why, remedy }: Entry): object {
  return {
    id,
    name: id.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: messageText(`${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`) },
    fullDescription: { text: messageText(why) },
    help: { text: messageText(`${why} ${remedy}`), markdown: messageText(`${why}\n\n**${remedy}**`) },
    defaultConfiguration: { level: severityLevels[severity] },
    properties: { tags: ['gunicorn', 'kubernetes'], 'problem.severity': severity === 'info' ? 'recommendation' : severity },
  }
}

function result(file: ReportedFile | undefined, workload: Workload, { finding, span, fixable, fixed }: ReportedFinding): object {
  const justification = `GunicornException "${finding.exception}"`
  return {
    ruleId: finding.rule,
    ruleIndex: ruleIndexes.get(finding.rule),
    message: { text: messageText(`${finding.message} ${finding.remedy}`) },
    locations: [location(file, span, workload, finding.container)],
    suppressions: finding.exception === undefined ? undefined : [{ kind: 'external', status: 'accepted', justification }],
    properties: { action: finding.action, policy: finding.policy, fixable, fixed },
  }
}

/** What cannot be read is told of the run, not of the code: no rule speaks of it. */
function notification(file: ReportedFile | undefined, { message, span, workload }: Unreadable): object {
  const place = placeName(file, span, workload)
  return {
    level: 'error',
    message: { text: messageText(place === '' ? message : `${place}: ${message}`) },
    locations: file || workload ? [location(file, span, workload)] : undefined,
  }
}

function location(file: ReportedFile | undefined, span: Span | undefined, workload?: Workload, container?: string): object {
  return {
    physicalLocation: file && { artifactLocation: artifactLocation(file.name), region: span && region(file, span) },
    logicalLocations: workload && [logicalLocation(workload, container)],
  }
}

function logicalLocation(workload: Workload, container: string | undefined): object {
  const name = workloadName(workload)
  return container === undefined
    ? { name: workload.name, fullyQualifiedName: name, kind: 'resource' }
    : { name: container, fullyQualifiedName: `${name}, container ${container}`, kind: 'resource' }
}

function artifactLocation(name: string): object {
  const uri = name.replace(/^(?:\.\/)+/, '').split('/').map(encodeURIComponent).join('/')
  return name.startsWith('/') ? { uri: `file://${uri}` } : { uri, uriBaseId: '%SRCROOT%' }
}

function region(file: ReportedFile, span: Span): object {
  return { startLine: span.line, startColumn: span.column, endColumn: endColumn(file, span) }
}

/** What a finding is known by from one run to the next, wherever it moves in its file. */
function fingerprint(file: ReportedFile | undefined, workload: Workload, finding: Finding): string {
  const { kind, namespace, name } = workload
  const identity = [file?.name, kind.kind, namespace, name, finding.container, finding.rule, finding.value]
  // Loaded for this format alone: it would take five milliseconds of every start.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32)
}

/** Section 3.11.5: braces stand for placeholders, and are doubled where they mean themselves. */
const messageText = (text: string): string => text.replaceAll(/[{}]/g, '$&$&')
