/** `--policy` and `--preset` → the policy of each workload. */
import type { Labels } from '../kubernetes/labels.ts'
import { readObjects, valueAt } from '../kubernetes/workload.ts'
import type { Governed } from '../policy/governed.ts'
import type { Policy } from '../policy/policy.ts'
import { defaultPreset, preset } from '../policy/presets.ts'
import { UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { readManifests } from './manifests.ts'

export interface PolicyFlags {
  readonly policy?: readonly string[]
  /** blueking where none is named. */
  readonly preset?: string | undefined
}

export interface Governing {
  /** The policy of a workload; undefined where none governs it. */
  readonly policyFor: (workload: Governed) => Policy | undefined
  /** True where it matters which labels namespaces have. */
  readonly needsNamespaces: boolean
  /** Takes up the labels of the Namespaces that a text of manifests holds. */
  readonly learnNamespaces: (text: string) => void
  /** What could not be decided, a line each. */
  readonly notes: () => readonly string[]
}

/** Throws a PolicyError where a file holds no sound policies. */
export async function governing({ policy: files = [], preset: named }: PolicyFlags, io: Io): Promise<Governing> {
  const name = named ?? defaultPreset
  if (files.length === 0) return { policyFor: () => preset(name), needsNamespaces: false, learnNamespaces: () => {}, notes: () => [] }
  const { compiled, contradictionLines, readPolicyObjects } = await import('./policy-files.ts')
  const read = readPolicyObjects(files, io)
  if (named !== undefined && read.policies.length > 0) throw new UsageError(`--preset ${named} and --policy cannot go together: write \`preset: ${named}\` in the policy`)
  const policies = compiled(read, name)
  const namespaces = new Map<string, Labels>()
  const undecided = new Set<string>()
  return {
    policyFor(workload) {
      const labels = namespaces.get(workload.namespace)
      for (const policy of labels ? [] : policies.undecided(workload)) undecided.add(undecidedText(policy, workload))
      return policies.for(workload, labels, io.time())
    },
    needsNamespaces: policies.needsNamespaces,
    learnNamespaces: (text) => {
      for (const [namespace, labels] of namespaceLabels(text)) namespaces.set(namespace, labels)
    },
    notes: () => [...contradictionLines(read), ...undecided],
  }
}

function undecidedText(policy: string, { namespace }: Governed): string {
  const which = namespace === '' ? 'what has no namespace' : `namespace "${namespace}"`
  return `GunicornPolicy "${policy}" asks for labels of ${which}, which are not known: it is left out there (check the Namespace object as well)`
}

/** The labels of the Namespace objects in a text. */
export function* namespaceLabels(text: string): Generator<[namespace: string, labels: Labels]> {
  if (!/\bNamespace\b/.test(text)) return
  for (const { value } of readManifests(text))
    for (const { item } of readObjects(value)) {
      const name = valueAt(item, ['metadata', 'name'])
      if (valueAt(item, ['kind']) !== 'Namespace' || typeof name !== 'string') continue
      // The API server gives every namespace this label.
      yield [name, { ...labelsOf(item), 'kubernetes.io/metadata.name': name }]
    }
}

const labelsOf = (object: unknown): Labels => (valueAt(object, ['metadata', 'labels']) ?? {}) as Labels
