/** `--policy` and `--preset` → the policy of each workload. */
import type { Labels } from '../kubernetes/labels.ts'
import { valueAt } from '../kubernetes/workload.ts'
import type { Governed } from '../policy/governed.ts'
import type { Policy } from '../policy/policy.ts'
import { defaultPreset, preset } from '../policy/presets.ts'
import { UsageError } from './exit.ts'
import type { Io } from './io.ts'
import type { Learner } from './learn.ts'

export interface PolicyFlags {
  readonly policy?: readonly string[]
  /** blueking where none is named. */
  readonly preset?: string | undefined
}

export interface Governing {
  /** The preset that all the policies start from; undefined where they differ. */
  readonly preset: string | undefined
  /** The policy of a workload; undefined where none governs it. */
  readonly policyFor: (workload: Governed) => Policy | undefined
  /** The same object as long as each workload has the same policy, if nothing is learnt meanwhile. */
  readonly state: () => object
  /** The Namespaces that policies choose by, to be learnt of; undefined where none does. */
  readonly namespaces: NamespaceCollection | undefined
  /** What could not be decided, a line each. */
  readonly notes: () => readonly string[]
}

/** Throws a PolicyError where a file holds no sound policies. */
export async function governing({ policy: files = [], preset: named }: PolicyFlags, io: Io): Promise<Governing> {
  const name = named ?? defaultPreset
  if (files.length === 0) {
    const state = {}
    return { preset: name, policyFor: () => preset(name), state: () => state, namespaces: undefined, notes: () => [] }
  }
  const { compiled, contradictionLines, readPolicyObjects } = await import('./policy-files.ts')
  const read = readPolicyObjects(files, io)
  if (named !== undefined && read.policies.length > 0)
    throw new UsageError(`--preset ${named} and --policy cannot go together: write \`preset: ${named}\` in the policy`)
  const policies = compiled(read, name)
  const namespaces = new NamespaceCollection()
  const undecided = new Set<string>()
  const presets = new Set(read.policies.map(({ spec }) => spec.preset ?? name))
  return {
    preset: presets.size > 1 ? undefined : [...presets][0] ?? name,
    policyFor(workload) {
      const labels = namespaces.labels.get(workload.namespace)
      for (const policy of labels ? [] : policies.undecided(workload)) undecided.add(undecidedText(policy, workload))
      return policies.for(workload, labels, io.time())
    },
    state: () => policies.stateAt(io.time()),
    namespaces: policies.needsNamespaces ? namespaces : undefined,
    notes: () => [...contradictionLines(read), ...undecided],
  }
}

function undecidedText(policy: string, { namespace }: Governed): string {
  const which = namespace === '' ? 'what has no namespace' : `namespace "${namespace}"`
  return `GunicornPolicy "${policy}" asks for labels of ${which}, which are not known: it is left out there (check the Namespace object as well)`
}

/** The labels of the Namespaces among the manifests. */
export class NamespaceCollection implements Learner {
  readonly trace = /\bNamespace\b/
  readonly labels = new Map<string, Labels>()

  learn(object: unknown): void {
    const name = valueAt(object, ['metadata', 'name'])
    if (valueAt(object, ['kind']) !== 'Namespace' || typeof name !== 'string') return
    // The API server gives every namespace this label.
    this.labels.set(name, { ...labelsOf(object), 'kubernetes.io/metadata.name': name })
  }
}

const labelsOf = (object: unknown): Labels => (valueAt(object, ['metadata', 'labels']) ?? {}) as Labels
