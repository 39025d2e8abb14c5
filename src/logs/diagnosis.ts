/** What `diagnose` answers: the contract (DESIGN.md, "Diagnosis"). Times are in seconds. */
import type { Bar } from './timeline.ts'
import type { ConclusionId, Evidence } from './tally.ts'

export type Confidence = 'certain' | 'likely' | 'possible'

export interface Advice {
  /** An order. */
  readonly text: string
  /** gunicorn's name of the setting to change; null where it is none. */
  readonly setting: string | null
  /** What to change it to; null where that hangs on the application. */
  readonly value: string | number | boolean | null
  /** What that is expected to bring. */
  readonly expected: string
}

export interface Conclusion {
  readonly id: ConclusionId
  readonly confidence: Confidence
  readonly summary: string
  readonly evidence: readonly Evidence[]
  readonly advice: readonly Advice[]
}

export interface Diagnosis {
  readonly apiVersion: 'paddock.dev/v1alpha1'
  readonly kind: 'Diagnosis'
  /** null: the log does not carry it. */
  readonly healthy: boolean | null
  /** The gunicorn releases that say so of themselves. */
  readonly releases: readonly string[]
  readonly read: { readonly lines: number; readonly understood: number; readonly bytes: number; readonly from: string | null;
    readonly to: string | null }
  readonly events: Readonly<Record<string, { readonly count: number; readonly first: string | null; readonly last: string | null }>>
  readonly conclusions: readonly Conclusion[]
  readonly requests: RequestFigures | null
}

export interface RequestFigures {
  readonly count: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  /** The share of the workers' time, or of their threads', that requests took; null where their number is not known, or they serve many at once. */
  readonly busy: number | null
  /** Short requests that were served only once a long one had ended; null where the log does not carry it. */
  readonly waited: number | null
  readonly slowest: readonly { readonly path: string; readonly count: number; readonly p95: number }[]
}

/** What is drawn beside. */
export interface Chart {
  readonly bars: readonly Bar[]
  /** Seconds of a bar. */
  readonly width: number
  /** Requests that can be in the work at once; undefined where that is not known. */
  readonly slots: number | undefined
  readonly paths: readonly { readonly path: string; readonly count: number; readonly p50: number; readonly p95: number;
    readonly share: number }[]
}
