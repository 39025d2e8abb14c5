/** What the command line asks of the other skins, which `cmd` hands over: it imports neither of them. */
import type { Explained } from '../cluster/explained.ts'
import type { PolicyFor } from '../policy/governed.ts'
import type { DiagnosedWorkload, DiagnoseTarget } from './run-diagnose.ts'
import type { ScannedCluster, ScanTarget } from './run-scan.ts'

/** What other skins do for the command line. */
export interface Skins {
  readonly serve: (options: ServeOptions) => Promise<Serving>
  /** The webhook's answer to a review; `both` mutates, then validates what came out. Throws what is wrong with the review. */
  readonly review: (operation: 'mutate' | 'validate' | 'both', review: string, policyFor: PolicyFor) => Promise<unknown>
  /** What a cluster knows of a workload. Throws what keeps it from answering. */
  readonly explained: (workload: { readonly namespace: string; readonly name: string }, target: Target) => Promise<Explained>
  /** The workloads of a cluster. Throws what keeps it from answering. */
  readonly scan: (target: ScanTarget) => Promise<ScannedCluster>
  /** What a cluster knows of a workload, and its logs. Throws what keeps it from answering. */
  readonly diagnosed: (target: DiagnoseTarget) => Promise<DiagnosedWorkload>
}

/** Which cluster: that of `$KUBECONFIG`, and of its current context, unless they are given. */
export interface Target {
  readonly kubeconfig?: string
  readonly context?: string
}

export interface ServeOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly policyFor: PolicyFor
  /** The same object as long as `policyFor` has the same policy for each workload. */
  readonly state: () => object
  /** Bytes of answers that are remembered; 0 for none. */
  readonly memo: number
  readonly certDir: string | undefined
  /** A file with the authorities whose clients may send reviews; undefined where anybody may. */
  readonly clientCa: string | undefined
}

/** A webhook that serves. */
export interface Serving {
  readonly url: string
  /** The CA of its certificate, where it is known. */
  readonly ca: string | undefined
  /** Drains for so many milliseconds; as long as the skin thinks right where it is left out. */
  readonly stop: (lameDuck?: number) => Promise<void>
  /** Resolves once it has stopped, be it by a signal. */
  readonly stopped: Promise<void>
}
