/** `PolicyTest`, as a file holds it: policies, manifests, and what is expected of their workloads. */
import { valueAt } from '../kubernetes/workload.ts'
import { presetNames } from '../policy/presets.ts'
import { rules } from '../rules/index.ts'
import { UsageError } from './exit.ts'
import { readManifests, type Manifest } from './manifests.ts'

export interface PolicyTest {
  readonly file: string
  readonly name: string
  /** Paths from the folder of the file: files and folders. */
  readonly policies: readonly string[]
  readonly manifests: readonly string[]
  /** What is gone by where there are no policies. */
  /** blueking where none is named. */
  readonly preset?: string | undefined
  /** The path of a requirements.txt that speaks for workloads without an annotation of their own. */
  readonly requirements: string | undefined
  /** The time at which exceptions are looked at, RFC 3339; undefined for now. */
  readonly now: string | undefined
  readonly results: readonly Expected[]
}

/** What is expected of a workload; of the findings of one rule, where it names one. */
export interface Expected {
  /** `Deployment shop/checkout`, or without the kind. */
  readonly workload: string
  readonly rule?: string
  readonly decision?: string
  /** What is done about the findings; None where there must not be any. */
  readonly action?: string
  /** Who decides so: a GunicornPolicy. */
  readonly policy?: string
  /** The GunicornException that lets them pass; None where none does. */
  readonly exception?: string
}

type Check = (value: unknown) => string | undefined

const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a string')
const texts: Check = (value) => (Array.isArray(value) && value.every((one) => text(one) === undefined) ? undefined : 'must be a list of strings')
const oneOf = (values: readonly string[]): Check => (value) => (values.includes(value as string) ? undefined : `must be one of ${values.map((one) => `"${one}"`).join(', ')}`)
const time: Check = (value) => (typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? undefined : 'must be a time, such as 2027-01-31T00:00:00Z')
const list: Check = (value) => (Array.isArray(value) && value.length > 0 ? undefined : 'must be a list with at least one item')

const fields: Readonly<Record<string, Check>> = {
  apiVersion: oneOf(['paddock.dev/v1alpha1']),
  kind: oneOf(['PolicyTest']),
  metadata: (value) => text(valueAt(value, ['name'])) && 'must have a name',
  policies: texts,
  manifests: texts,
  preset: oneOf(presetNames),
  requirements: text,
  now: time,
  results: list,
}
const requiredFields = ['apiVersion', 'kind', 'metadata', 'manifests', 'results']

const resultFields: Readonly<Record<string, Check>> = {
  workload: text,
  rule: oneOf(rules.map(({ id }) => id)),
  decision: oneOf(['Allow', 'Deny']),
  action: oneOf(['None', 'Audit', 'Warn', 'Fix', 'Deny']),
  policy: text,
  exception: text,
}

/** The tests of a file. Throws a UsageError that names each field at fault, with its place. */
export function policyTests(file: string, content: string): PolicyTest[] {
  return [...readManifests(content)].map((manifest) => {
    const { error } = manifest
    if (error) throw new UsageError(`${file}:${error.line}:${error.column}: ${error.message}`)
    const problems = problemsIn(manifest)
    if (problems.length > 0) throw new UsageError(problems.map((problem) => `${file}:${problem}`).join('\n'))
    const { metadata, policies = [], manifests, preset, requirements, now, results } = manifest.value as Partial<PolicyTest> & { metadata: { name: string }; manifests: string[]; results: Expected[] }
    return { file, name: metadata.name, policies, manifests, preset, requirements, now, results }
  })
}

function problemsIn(manifest: Manifest): string[] {
  const results = valueAt(manifest.value, ['results'])
  const each = Array.isArray(results) ? results.flatMap((_, index) => [...resultProblems(manifest, index)]) : []
  return [...objectProblems(manifest, [], fields, requiredFields), ...each]
}

function* resultProblems(manifest: Manifest, index: number): Generator<string> {
  const path = ['results', index]
  const problems = [...objectProblems(manifest, path, resultFields, ['workload'])]
  yield* problems
  const result = valueAt(manifest.value, path)
  const expects = ['decision', 'action', 'policy', 'exception'].some((field) => valueAt(result, [field]) !== undefined)
  if (problems.length === 0 && !expects) yield `${place(manifest, path)}: results[${index}]: must expect a decision, an action, a policy or an exception`
}

function* objectProblems(manifest: Manifest, path: readonly (string | number)[], known: Readonly<Record<string, Check>>, required: readonly string[]): Generator<string> {
  const value = valueAt(manifest.value, path)
  const name = (field: string): string => [...path, field].join('.').replaceAll(/\.(\d+)/g, '[$1]')
  if (typeof value !== 'object' || value === null) yield `${place(manifest, path)}: ${name('').replace(/\.$/, '')}: must be an object`
  else {
    for (const field of required) if (!Object.hasOwn(value, field)) yield `${place(manifest, path)}: ${name(field)}: Required value: must be set`
    for (const [field, member] of Object.entries(value)) {
      const problem = Object.hasOwn(known, field) ? known[field]?.(member) : `must be one of ${Object.keys(known).join(', ')}`
      if (problem !== undefined) yield `${place(manifest, [...path, field])}: ${name(field)}: ${problem}`
    }
  }
}

function place(manifest: Manifest, path: readonly (string | number)[]): string {
  const found = manifest.locate(path, 'key') ?? manifest.locate(path)
  return found ? `${found.line}:${found.column}` : String(manifest.line)
}
