/** What the API server hands on: warnings, the message of a denial, annotations of its audit log. All of it is bounded. Pure. */
import { causeReason, fieldMessage, fieldPath, type FieldError } from '../kubernetes/field.ts'
import type { Status } from '../kubernetes/review.ts'
import { visible } from '../kubernetes/visible.ts'
import type { Workload } from '../kubernetes/workload.ts'
import type { Finding } from '../finding.ts'

/** So many findings are told one by one; the rest are counted. */
export const mostTold = 20

/**
 * Characters. The API server hands on 4,096 of all the warnings of a request together. Past that it cuts each to 256, and loses
 * the last. A webhook that mends may be asked twice, where another one has changed the object after it.
 * Source: k8s.io/apiserver/pkg/endpoints/filters/warning.go.
 */
const budget = { mutate: 1_000, validate: 1_900 }
/** What is left of a warning in any case, whatever other webhooks have to say. */
const longestWarning = 256
/** Characters of one finding in a denial, and of an annotation of the audit log. */
const longestLine = 1_024

/** A text cut to so many characters at most. */
const cut = (text: string,
  most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`)

const moreFindings = (count: number): string => `and ${count} more ${count === 1 ? 'finding' : 'findings'}: see \`paddock check\``

/** What violates a policy and is let in, behind the fields that cannot be read. */
export function warningsOf(findings: readonly Finding[], errors: readonly FieldError[] = []): readonly string[] {
  const unread = errorLines(errors.slice(0, mostTold)).map((line) => cut(line, longestWarning))
  const texts = findings.slice(0, mostTold - unread.length)
    .map(({ policy, message, remedy }) => shortened(visible(`would violate GunicornPolicy "${policy}": ${message}`), visible(` ${remedy}`)))
  return within(budget.validate, [...unread, ...texts], errors.length + findings.length,
    (told, rest) => `${told} ${told === 1 ? 'finding is' : 'findings are'} shown here, ${moreFindings(rest)}`)
}

/** What is mended, by container. */
export function fixWarnings(findings: readonly Finding[]): readonly string[] {
  const groups = groupsOf(findings)
  const replaced = findings.filter(({ rule, fix }) => rule === 'missing-worker-dependency' && fix && 'entry' in fix)
  const texts = [
    // Who asked for another worker class is to know that it is not the one that runs, and why.
    ...replaced.map(({ policy, fix, detail, remedy }) =>
      shortened(visible(`GunicornPolicy "${policy}" puts ${fix && 'value' in fix ? fix.value : ''} in its place: ${detail}`),
        visible(`. ${remedy}`))
    ),
    ...groups.map(({ container, policy, some }) =>
      cut(visible(`fixes by GunicornPolicy "${policy}" in container "${container}": ${ruleList(some).replaceAll(',', ', ')}`),
        longestWarning)
    ),
  ].slice(0, mostTold)
  return within(budget.mutate, texts, groups.length + replaced.length,
    (told, rest) =>
      `fixes ${findings.length} findings: those of ${told} ${
        told === 1 ? 'container' : 'containers'
      } are shown here, and ${rest} more: see \`paddock check --diff\``)
}

interface Group {
  readonly container: Finding['container']
  readonly policy: string
  readonly some: readonly Finding[]
}

/** Findings by container, and then by policy. */
function groupsOf(findings: readonly Finding[]): readonly Group[] {
  const [first] = findings
  // Nearly always one policy mends one container.
  if (first && findings.every(({ container, policy }) => container === first.container && policy === first.policy))
    return [{ container: first.container, policy: first.policy, some: findings }]
  return [...Map.groupBy(findings, ({ container }) => container)].flatMap(([container, mended]) =>
    [...Map.groupBy(mended, ({ policy }) => policy)].map(([policy, some]) => ({ container, policy, some }))
  )
}

/** As many of the texts as there is room for. What is left out is told first, as what comes last may get lost. */
function within(room: number, texts: readonly string[], count: number, summary: (told: number, rest: number) => string): readonly string[] {
  let sum = texts.reduce((length, text) => length + text.length, 0)
  if (texts.length === count && sum <= room) return texts
  let told = Math.min(texts.length, count - 1)
  for (sum -= texts[told]?.length ?? 0; told > 0 && sum + summary(told, count - told).length > room; told--)
    sum -= texts[told - 1]?.length ?? 0
  return [summary(told, count - told), ...texts.slice(0, told)]
}

/** The text with what may follow it, cut to what the API server passes on whole. */
const shortened = (text: string,
  more: string): string => (text.length + more.length <= longestWarning ? text + more : cutBeforeRule(text, longestWarning))

/** A message cut to so many characters at most, with its rule. */
function cutBeforeRule(message: string, most: number): string {
  if (message.length <= most) return message
  const rule = / \[[a-z0-9-]+\]$/.exec(message)?.[0] ?? ''
  return `${cut(message, most - rule.length)}${rule}`
}

/** The answer to an object that is turned away. */
export function denial(workload: Workload, findings: readonly Finding[]): Status {
  const told = findings.slice(0, mostTold)
  const text = ({ message, remedy }: Finding): string =>
    `${cutBeforeRule(visible(message), longestLine)} ${cut(visible(remedy), longestLine)}`
  const lines = told.map((finding) => `violates GunicornPolicy "${visible(finding.policy)}": ${text(finding)}`)
  if (told.length < findings.length) lines.push(moreFindings(findings.length - told.length))
  return {
    status: 'Failure',
    code: 403,
    reason: 'Forbidden',
    message: lines.join('\n'),
    details: detailsOf(workload,
      told.map((finding) => ({ reason: causeReason[finding.shape], field: cut(visible(finding.field), longestLine),
        message: text(finding) })
      )),
  }
}

/** What is wrong with the types of fields, as the API server words it. */
const errorLines = (errors: readonly FieldError[]): string[] =>
  errors.map(({ path, shape, value, detail }) => cut(visible(fieldMessage(path, shape, value, detail)), longestLine))

/** The answer to an object with fields of a wrong type, such as a definition of somebody's own may let pass. */
export function invalidity(workload: Workload, errors: readonly FieldError[]): Status {
  const told = errors.slice(0, mostTold)
  const lines = errorLines(told)
  const more = told.length < errors.length ? `, ${moreFindings(errors.length - told.length)}` : ''
  return {
    status: 'Failure',
    code: 422,
    reason: 'Invalid',
    message: `${workload.kind.kind} "${cut(visible(workload.name), longestWarning)}" is invalid: ${lines.join(', ')}${more}`,
    details: detailsOf(workload,
      told.map(({ path, shape }, index) => ({ reason: causeReason[shape], field: cut(visible(fieldPath(path)), longestLine),
        message: lines[index] ?? '' })
      )),
  }
}

const detailsOf = ({ name, kind }: Workload, causes: NonNullable<Status['details']>['causes']): NonNullable<Status['details']> => ({
  name: cut(visible(name), longestWarning),
  kind: kind.kind,
  causes,
})

export const policyList = (findings: readonly Finding[]): string => listed(findings.map(({ policy }) => policy))

export const ruleList = (findings: readonly Finding[]): string => listed(findings.map(({ rule }) => rule))

/** Each name once, as many as an annotation holds. */
export function listed(names: readonly string[]): string {
  const each = [...new Set(names)]
  const whole = visible(each.join(','))
  if (whole.length <= longestLine) return whole
  let text = ''
  for (const [index, name] of each.entries()) {
    const next = text === '' ? visible(name) : `${text},${visible(name)}`
    if (next.length > longestLine) return `${text},and ${each.length - index} more`
    text = next
  }
  return text
}
