/** What every report format is given. */
import type { CheckedWorkload, Unreadable } from './check.ts'

export interface Summary {
  files: number
  workloads: number
  invocations: number
  /** Findings, by what is done about them. */
  denied: number
  warned: number
  fixed: number
  audited: number
  unreadable: number
  /** True where the fixes were written to the files. */
  written: boolean
}

/** Called as things are found; `lines` gives a line of the file, from 1. */
export interface Reporter {
  workload(file: string, lines: (line: number) => string, workload: CheckedWorkload): void
  unreadable(file: string, lines: (line: number) => string, problem: Unreadable): void
  end(summary: Summary): void
}
