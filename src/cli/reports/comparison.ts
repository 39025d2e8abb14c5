/** What other policies would change: findings before and after, and how that is written. */
import type { Workload } from '../../kubernetes/workload.ts'
import type { Finding } from '../../finding.ts'
import type { Style } from '../io.ts'
import { count, lookedAt, workloadName, type Summary } from './report.ts'

/** A finding that another policy makes something else of. One of both is there. */
export interface Difference {
  readonly was: Finding | undefined
  readonly now: Finding | undefined
}

/** Findings of the same fault are those of one rule at one place. */
export function changesOf(before: readonly Finding[], after: readonly Finding[]): Difference[] {
  const standing = Map.groupBy(before, faultOf)
  const changes: Difference[] = []
  for (const now of after) {
    const was = standing.get(faultOf(now))?.shift()
    if (was?.action !== now.action || was.exception !== now.exception) changes.push({ was, now })
  }
  for (const left of standing.values()) for (const was of left) changes.push({ was, now: undefined })
  return changes
}

const faultOf = ({ rule, container, place: { path, start = -1 } }: Finding): string => JSON.stringify([rule, container, path, start])

/** What is done about a finding, as the summary counts it. */
const words = { Deny: 'denied', Warn: 'warned of', Fix: 'fixed', Audit: 'audited' } as const
type Word = (typeof words)[keyof typeof words] | 'let pass'

const wordOf = ({ action, exception }: Finding): Word => (exception !== undefined ? 'let pass' : words[action])

export interface ComparisonReporter {
  changes(workload: Workload, changes: readonly Difference[]): void
  end(summary: Summary): void
}

type Paint = (style: Style, text: string) => string

const styles: Readonly<Record<Word, Style>> = { denied: 'red', 'warned of': 'yellow', fixed: 'green', audited: 'blue', 'let pass': 'dim' }

/** `newly denied`, `warned of, no longer denied`, `no longer fixed`, a line each; then how many of each there are. */
export function textComparison(write: (text: string) => void, paint: Paint): ComparisonReporter {
  const counts = new Counts()
  return {
    changes(workload, changes) {
      const remedies = new Set<string>()
      for (const change of changes) {
        counts.add(workload, change)
        const { was, now } = change
        const finding = now ?? was
        if (!finding) continue
        const what = now ? paint(styles[wordOf(now)], was ? `${wordOf(now)}, no longer ${wordOf(was)}` : `newly ${wordOf(now)}`)
          : paint('dim', `no longer ${was ? wordOf(was) : ''}`)
        write(`${paint('bold', `${workloadName(workload)}:`)} ${what}: ${finding.message}\n`)
        if (now && wordOf(now) !== 'fixed') remedies.add(`   ${paint('dim', '=')} ${now.remedy}\n`)
      }
      if (changes.length > 0) write(`${[...remedies].join('')}\n`)
    },
    end(summary) {
      const lines = counts.lines()
      const unreadable = summary.unreadable > 0 ? `, ${summary.unreadable} unreadable` : ''
      write(
        `${lookedAt(summary)}${unreadable}${
          lines.length === 0 ? ': nothing changes' : `:\n${lines.map((line) => `  ${line}\n`).join('').trimEnd()}`
        }\n`,
      )
    },
  }
}

/** One ScanComparison. */
export function jsonComparison(write: (text: string) => void): ComparisonReporter {
  const counts = new Counts()
  const workloads: string[] = []
  return {
    changes(workload, changes) {
      for (const change of changes) counts.add(workload, change)
      if (changes.length > 0) workloads.push(JSON.stringify(workloadResult(workload, changes)))
    },
    end({ workloads: number, invocations, unreadable }) {
      const summary = { workloads: number, invocations, unreadable, changes: counts.all() }
      write(`{"apiVersion":"paddock.dev/v1alpha1","kind":"ScanComparison","summary":${JSON.stringify(summary)},"workloads":[`)
      for (const [index, text] of workloads.entries()) write(`${index === 0 ? '' : ','}${text}`)
      write(']}\n')
    },
  }
}

function workloadResult(workload: Workload, changes: readonly Difference[]): object {
  const told = (finding: Finding | undefined): object | null =>
    finding === undefined ? null : {
      action: finding.action,
      policy: finding.policy,
      ...(finding.exception === undefined ? {} : { exception: finding.exception }),
    }
  return {
    apiVersion: workload.apiVersion,
    kind: workload.kind.kind,
    namespace: workload.namespace,
    name: workload.name,
    changes: changes.flatMap(({ was, now }) => {
      const finding = now ?? was
      if (!finding) return []
      const { rule, severity, container, field, message, remedy } = finding
      return { before: told(was), after: told(now), rule, severity, container, field, message, remedy }
    }),
  }
}

interface Amount {
  findings: number
  workloads: number
}

/** How many findings, in how many workloads, are newly or no longer what they are. */
class Counts {
  readonly #counts = new Map<string, Amount & { last: Workload | undefined }>()

  add(workload: Workload, { was, now }: Difference): void {
    if (now) this.#increase(`newly ${wordOf(now)}`, workload)
    if (was) this.#increase(`no longer ${wordOf(was)}`, workload)
  }

  #increase(what: string, workload: Workload): void {
    let count = this.#counts.get(what)
    if (!count) this.#counts.set(what, count = { findings: 0, workloads: 0, last: undefined })
    count.findings += 1
    // The changes of a workload come in one go.
    if (count.last !== workload) count.workloads += 1
    count.last = workload
  }

  /** The gravest first. */
  all(): Record<string, Amount> {
    const order = (['denied', 'warned of', 'fixed', 'audited', 'let pass'] as const).flatMap((
      word,
    ) => [`newly ${word}`, `no longer ${word}`])
    return Object.fromEntries(order.flatMap((what) => {
      const count = this.#counts.get(what)
      return count ? [[what, { findings: count.findings, workloads: count.workloads }]] : []
    }))
  }

  /** `newly denied          2 findings in 1 workload`, a line for each. */
  lines(): string[] {
    const rows = Object.entries(this.all()).map(([what, { findings, workloads }]) =>
      [what, `${count(findings, 'finding')} in ${count(workloads, 'workload')}`] as const
    )
    const widest = Math.max(0, ...rows.map(([what]) => what.length))
    return rows.map(([what, text]) => `${what.padEnd(widest)}  ${text}`)
  }
}
