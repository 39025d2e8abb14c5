/** Files of GunicornPolicies and GunicornExceptions. */
import { policyContradictions } from '../contradictions.ts'
import type { Path } from '../kubernetes/field.ts'
import { readObjects } from '../kubernetes/workload.ts'
import { Policies } from '../policy/policies.ts'
import { presetObject } from '../policy/presets.ts'
import { readPolicies, type Document } from '../policy/read.ts'
import { UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { readManifests, type Manifest } from '../yaml/manifests.ts'

/** What policies say against themselves, a line each. */
export const contradictionLines = ({ policies, place }: Pick<ReturnType<typeof readPolicies>, 'policies' | 'place'>): string[] =>
  policies.flatMap((policy) => policyContradictions(policy).map(({ path, message }) => `${place(policy, path)}: ${message}`))

/** The policies and exceptions of files and folders. Throws a PolicyError that names each field at fault. */
export const readPolicyObjects = (paths: readonly string[], io: Io): ReturnType<typeof readPolicies> =>
  readPolicies(policyDocuments(paths, io))

/** The same, compiled. Where they hold exceptions alone, the preset is the policy that these are exceptions of. */
export function readPolicyFiles(paths: readonly string[], presetName: string, io: Io): Policies {
  return compiled(readPolicyObjects(paths, io), presetName)
}

/** Objects of files, compiled: see readPolicyFiles. */
export function compiled({ policies, exceptions }: Pick<ReturnType<typeof readPolicies>, 'policies' | 'exceptions'>,
  presetName: string): Policies {
  const preset = presetObject(presetName)
  return new Policies(policies.length > 0 || !preset ? policies : [preset], exceptions)
}

/** The objects of files and folders. Throws a UsageError where there are none, or one cannot be read. */
function policyDocuments(paths: readonly string[], io: Io): readonly Document[] {
  return paths.flatMap((path) => {
    const documents = io.listFiles(path).flatMap((file) => [...documentsIn(file, io.readFile(file))])
    if (documents.length === 0) throw new UsageError(`${path}: there must be a GunicornPolicy or a GunicornException`)
    return documents
  })
}

function* documentsIn(file: string, text: string): Generator<Document> {
  for (const manifest of readManifests(text)) {
    if (manifest.error) throw new UsageError(`${file}:${manifest.error.line}:${manifest.error.column}: ${manifest.error.message}`)
    for (const { item, path } of readObjects(manifest.value))
      yield { value: item, place: (field) => placeOf(file, manifest, [...path, ...field]) }
  }
}

/** Where a field stands; for one that is not there, what holds it. */
function placeOf(file: string, manifest: Manifest, path: Path): string {
  for (let length = path.length; length > 0; length--) {
    const found = manifest.locate(path.slice(0, length))
    if (found) return `${file}:${found.line}:${found.column}`
  }
  return `${file}:${manifest.line}`
}
