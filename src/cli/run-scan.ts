/** `paddock scan`: the workloads of a cluster against its policies, or what other policies would change. */
import { visible, visibleJson, visibleLines } from '../kubernetes/visible.ts'
import { Policies, type ExceptionObject, type PolicyObject } from '../policy/policies.ts'
import { presetObject } from '../policy/presets.ts'
import { imageLookUps, type AskedImages } from './asked-images.ts'
import { UsageError } from './exit.ts'
import type { ImageLookUps } from './image-look-ups.ts'
import { changesOf, jsonComparison, textComparison, type ComparisonReporter } from './reports/comparison.ts'
import { openReports } from './reports/formats.ts'
import { painter, type Io } from './io.ts'
import type { Output } from './reports/outputs.ts'
import { readPolicyObjects } from './policy-files.ts'
import { decisionOn, type Verdict } from '../judge.ts'
import { progress } from './progress.ts'
import { emptySummary, unseenIn, type Reporter } from './reports/report.ts'
import { counters, failingActions, status } from './outcome.ts'

/** What is read of a cluster. */
export interface ScannedCluster {
  /** Those of the cluster; empty where it does not know of any. */
  readonly policies: readonly PolicyObject[]
  readonly exceptions: readonly ExceptionObject[]
  /**
   * The verdict on each workload under each of the sets of policies, in their order; undefined where none of a set governs it. A
   * kind that cannot be read is reported, and the others are read.
   * @param images what looks into the images of workloads, where that is asked for
   */
  readonly judged: (
    policies: readonly Policies[],
    images?: ImageLookUps,
  ) => AsyncIterable<{ readonly verdicts: readonly (Verdict | undefined)[] } | { readonly unreadable: string }>
  readonly close: () => void
}

/** What of a cluster is read. */
export interface ScanTarget {
  /** Undefined for all namespaces. */
  readonly namespace?: string
  /** `Deployment`; undefined for all kinds. */
  readonly kind?: readonly string[]
  readonly kubeconfig?: string
  readonly context?: string
}

export interface ScanFlags extends ScanTarget, AskedImages {
  readonly policy?: readonly string[]
  readonly preset?: string
  readonly format?: readonly Output[]
  readonly failOn: 'deny' | 'warn' | 'audit' | 'fix' | 'never'
  /** Paddock's own. */
  readonly version: string
}

type Objects = Pick<ScannedCluster, 'policies' | 'exceptions'>

export async function runScan(flags: ScanFlags, open: (target: ScanTarget) => Promise<ScannedCluster>, io: Io): Promise<number> {
  const given = policiesGiven(flags, io)
  const cluster = await open(flags)
  try {
    const { before, after } = policySets(cluster, given)
    return await scan(cluster, before, after, flags, io)
  } finally {
    cluster.close()
  }
}

/** Those that are to be tried. */
function policiesGiven({ policy = [], preset }: ScanFlags, io: Io): Objects {
  const { policies, exceptions } = readPolicyObjects(policy, io)
  const named = preset === undefined ? undefined : presetObject(preset)
  return { policies: named ? [...policies, named] : policies, exceptions }
}

/** The cluster's policies, and what they are once those that are given are applied. */
function policySets(cluster: Objects, given: Objects): { readonly before: Policies | undefined; readonly after: Policies } {
  const isTried = given.policies.length + given.exceptions.length > 0
  if (given.policies.length + cluster.policies.length === 0)
    throw new UsageError(
      'there is no GunicornPolicy in the cluster: try one with --policy FILE, or one that ships with Paddock with --preset NAME',
    )
  const after = new Policies(applied(cluster.policies, given.policies), applied(cluster.exceptions, given.exceptions))
  // Where there is no policy yet, all would be new, which goes without saying.
  return { before: isTried && cluster.policies.length > 0 ? new Policies(cluster.policies, cluster.exceptions) : undefined, after }
}

/** As `kubectl apply` would leave them: one of the same name takes the place of what was there. */
function applied<T extends { readonly metadata: { readonly name: string; readonly namespace?: string } }>(standing: readonly T[],
  given: readonly T[]): T[] {
  const key = ({ metadata: { namespace = '', name } }: T): string => `${namespace}/${name}`
  return [...new Map([...standing, ...given].map((object) => [key(object), object])).values()]
}

async function scan(cluster: ScannedCluster, before: Policies | undefined, after: Policies, flags: ScanFlags, io: Io): Promise<number> {
  const summary = emptySummary(false)
  const failing = failingActions(flags.failOn, false)
  const { reporter, comparison } = reporters(before !== undefined, failing, flags, io)
  const bar = progress(io)
  const lookUps = await imageLookUps(flags, io)
  for await (const one of cluster.judged(before ? [after, before] : [after], lookUps)) {
    if ('unreadable' in one) {
      summary.unreadable += 1
      reporter.unreadable(undefined, { message: one.unreadable })
      io.stderr.write(`paddock: ${visible(one.unreadable)}\n`)
      continue
    }
    const [becomes, was] = one.verdicts
    const scanned = becomes ?? was
    if (!scanned) continue
    const { workload, invocations } = scanned
    const changes = before ? changesOf(was?.findings ?? [], becomes?.findings ?? []) : []
    comparison.changes(workload, changes)
    // Of a comparison, what is new is what counts.
    const findings = before ? changes.flatMap(({ now }) => now ?? []) : scanned.findings
    summary.workloads += 1
    summary.invocations += invocations
    for (const { action } of findings) summary[counters[action]] += 1
    const reported = findings.map((finding) => ({ finding, fixable: finding.action === 'Fix', fixed: false }))
    summary.unseen += unseenIn(reported)
    reporter.workload(undefined, { workload, invocations, decision: decisionOn(findings), findings: reported, patch: () =>
      scanned.patch() })
    bar.step('cluster', summary.workloads)
  }
  bar.end()
  for (const note of lookUps?.notes() ?? []) io.stderr.write(`paddock: ${visible(note)}\n`)
  reporter.end(summary)
  comparison.end(summary)
  return status(summary, failing)
}

const silent: ComparisonReporter = { changes() {}, end() {} }

/** The formats of `check`. Of a comparison, text and json have forms of their own; the others tell what is new. */
function reporters(isComparison: boolean, failing: ReadonlySet<string>, { format = [{ format: 'text' }], version }: ScanFlags,
  io: Io): { reporter: Reporter; comparison: ComparisonReporter } {
  const isOwn = (output: Output): boolean => isComparison && (output.format === 'text' || output.format === 'json')
  const outputs = format.some(({ file }) => file === undefined) ? format : [{ format: 'text' } as const, ...format]
  const reporter = openReports(outputs.filter((output) => !isOwn(output)), { version, fails: (action) => failing.has(action) }, io.stdout,
    io)
  const comparisons = outputs.filter(isOwn).map((output) => comparisonIn(output, io))
  if (comparisons.length === 0) return { reporter, comparison: silent }
  return {
    reporter,
    comparison: {
      changes: (workload, changes) => comparisons.forEach((one) => one.changes(workload, changes)),
      end: (summary) => comparisons.forEach((one) => one.end(summary)),
    },
  }
}

function comparisonIn({ format, file }: Output, io: Io): ComparisonReporter {
  const chunks: string[] = []
  const escape = format === 'json' ? visibleJson : file === undefined ? (text: string) => text : visibleLines
  const write = file === undefined ? (text: string) => io.stdout.write(escape(text)) : (text: string) => void chunks.push(escape(text))
  const paint = file === undefined ? painter(io.stdout, io.env) : (_: unknown, text: string) => text
  const reporter = format === 'json' ? jsonComparison(write) : textComparison(write, paint)
  return {
    ...reporter,
    end(summary) {
      reporter.end(summary)
      if (file !== undefined) io.writeFile(file, chunks.join(''))
    },
  }
}
