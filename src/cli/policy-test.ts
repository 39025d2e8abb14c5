/** `PolicyTest`, as a file holds it: policies, manifests, and what is expected of their workloads. */
import { Ajv } from 'ajv'
import { fieldPath, isObject, type Path } from '../kubernetes/field.ts'
import { valueAt } from '../kubernetes/workload.ts'
import { UsageError } from './exit.ts'
import { readManifests, type Manifest } from '../yaml/manifests.ts'
import { policyTestSchema, resultSchema } from './policy-test-schema.ts'

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

/** The tests of a file. Throws a UsageError that names each field at fault, with its place. */
export function policyTests(file: string, content: string): PolicyTest[] {
  return [...readManifests(content)].map((manifest) => {
    const { error } = manifest
    if (error) throw new UsageError(`${file}:${error.line}:${error.column}: ${error.message}`)
    const problems = problemsIn(manifest)
    if (problems.length > 0) throw new UsageError(problems.map((problem) => `${file}:${problem}`).join('\n'))
    const { metadata, policies = [], manifests, preset, requirements, now, results } = manifest.value as Partial<PolicyTest> & {
      metadata: { name: string }
      manifests: string[]
      results: Expected[]
    }
    return { file, name: metadata.name, policies, manifests, preset, requirements, now, results }
  })
}

function problemsIn(manifest: Manifest): string[] {
  const results = valueAt(manifest.value, ['results'])
  const each = Array.isArray(results) ? results.flatMap((_, index) => [...resultProblems(manifest, index)]) : []
  return [...objectProblems(manifest, [], policyTestSchema), ...each]
}

function* resultProblems(manifest: Manifest, index: number): Generator<string> {
  const path = ['results', index]
  const problems = [...objectProblems(manifest, path, resultSchema)]
  yield* problems
  const expects = resultSchema.anyOf.some(({ required: [field] }) => valueAt(manifest.value, [...path, field]) !== undefined)
  if (problems.length === 0 && !expects)
    yield `${place(manifest, path)}: results[${index}]: must expect a decision, an action, a policy or an exception`
}

type FieldSchema = Readonly<Record<string, unknown>>

const ajv = new Ajv({ strict: false, formats: { 'date-time': (time: string) => !Number.isNaN(Date.parse(time)) } })

/** What is wrong with the fields of an object, each as a whole. */
function* objectProblems(manifest: Manifest, path: Path,
  { required, properties }: { readonly required: readonly string[];
    readonly properties: Readonly<Record<string, FieldSchema>> }): Generator<string> {
  const value = valueAt(manifest.value, path)
  if (!isObject(value)) return yield `${place(manifest, path)}: ${fieldPath(path)}: must be an object`
  for (const field of required)
    if (!Object.hasOwn(value, field)) yield `${place(manifest, path)}: ${fieldPath([...path, field])}: Required value: must be set`
  for (const [field, member] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, field) ? properties[field] : undefined
    const detail = schema ? wrong(schema, member) : `must be one of ${Object.keys(properties).join(', ')}`
    if (detail !== undefined) yield `${place(manifest, [...path, field])}: ${fieldPath([...path, field])}: ${detail}`
  }
}

/** What a field must be, where its value is not that. The results are looked at one by one. */
function wrong(schema: FieldSchema, value: unknown): string | undefined {
  const { enum: names, type, format, minItems } = schema as { enum?: readonly string[]; type?: string; format?: string; minItems?: number }
  if (ajv.validate(minItems === undefined ? schema : { type, minItems }, value)) return undefined
  if (names) return `must be one of ${names.map((name) => `"${name}"`).join(', ')}`
  if (type === 'array') return minItems === undefined ? 'must be a list of strings' : 'must be a list with at least one item'
  if (type === 'object') return 'must have a name'
  return format === undefined ? 'must be a string' : 'must be a time, such as 2027-01-31T00:00:00Z'
}

function place(manifest: Manifest, path: readonly (string | number)[]): string {
  const found = manifest.locate(path, 'key') ?? manifest.locate(path)
  return found ? `${found.line}:${found.column}` : String(manifest.line)
}
