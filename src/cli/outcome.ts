/** What a run comes to: its counts, and its exit status. */
import { exitStatus } from './exit.ts'
import type { Summary } from './reports/report.ts'

/** `--fail-on`: the least action that a run fails for. */
export type FailOn = 'deny' | 'warn' | 'audit' | 'fix' | 'never'

/** From the gravest to what is only noted. */
const actions = ['Deny', 'Warn', 'Fix', 'Audit'] as const

/** The actions that end with exit status 1: what is at or above the one that was named, without what has been mended. */
export function failingActions(failOn: FailOn, written: boolean): ReadonlySet<string> {
  const last = actions.findIndex((action) => action.toLowerCase() === failOn)
  return new Set(actions.slice(0, last + 1).filter((action) => !(action === 'Fix' && written)))
}

export const counters = { Deny: 'denied', Warn: 'warned', Fix: 'fixable', Audit: 'audited' } as const

export function status(summary: Summary, failing: ReadonlySet<string>): number {
  if (summary.unreadable > 0) return exitStatus.unreadable
  return actions.some((action) => failing.has(action) && summary[counters[action]] > 0) ? exitStatus.found : exitStatus.ok
}
