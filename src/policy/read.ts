/** GunicornPolicies and GunicornExceptions as files hold them. */
import type { Path } from '../kubernetes/field.ts'
import { valueAt } from '../kubernetes/workload.ts'
import type { ExceptionObject } from './gunicorn-exception.ts'
import type { PolicyObject } from './gunicorn-policy.ts'
import type { Policy } from './policy.ts'
import { PolicyError } from './policy-error.ts'
import { preset, presetNames } from './presets.ts'
import { problemsOf, type SchemaProblem } from './validate.ts'

/** An object that was read, and where its fields stand. */
export interface Document {
  readonly value: unknown
  /** `policies.yaml:3:5` */
  readonly place: (path: Path) => string
}

const kinds = ['GunicornPolicy', 'GunicornException'] as const

export interface ReadPolicies {
  readonly policies: readonly PolicyObject[]
  readonly exceptions: readonly ExceptionObject[]
  /** Where a field of one of them stands. */
  readonly place: (object: PolicyObject | ExceptionObject, path: Path) => string
}

/** The policies and exceptions among documents, which must be nothing else. Throws a PolicyError that names each field at fault. */
export function readPolicies(documents: readonly Document[]): ReadPolicies {
  const wrong = [...documents.flatMap((document) => problemsIn(document.value).map((problem) => ({ document, problem }))),
    ...repeated(documents)]
  if (wrong.length > 0)
    throw new PolicyError(wrong.map(({ document, problem }) => `${document.place(problem.path)}: ${problem.message}`).join('\n'))
  const ofKind = (kind: (typeof kinds)[number]): unknown[] => documents.map(({ value }) => value).filter((value) => kindOf(value) === kind)
  const place: ReadPolicies['place'] = (object, path) => documents.find(({ value }) => value === object)?.place(path) ?? ''
  return { policies: ofKind('GunicornPolicy') as PolicyObject[], exceptions: ofKind('GunicornException') as ExceptionObject[], place }
}

const kindOf = (value: unknown): unknown => valueAt(value, ['kind'])

function problemsIn(value: unknown): readonly SchemaProblem[] {
  const kind = kinds.find((one) => one === kindOf(value))
  if (kind) return problemsOf(kind, value)
  const supported = kinds.map((one) => `"${one}"`).join(', ')
  return [{ path: ['kind'], message: `kind: Unsupported value: ${JSON.stringify(kindOf(value) ?? null)}: supported values: ${supported}` }]
}

/** Of two objects of one name a cluster would keep the later one. */
function repeated(documents: readonly Document[]): { readonly document: Document; readonly problem: SchemaProblem }[] {
  const fields = [['kind'], ['metadata', 'namespace'], ['metadata', 'name']]
  const same = Map.groupBy(documents, ({ value }) => JSON.stringify(fields.map((field) => valueAt(value, field) ?? null)))
  return [...same.values()].flatMap(([, ...more]) =>
    more.map((document) => {
      const path = ['metadata', 'name']
      const message = `metadata.name: Duplicate value: ${JSON.stringify(valueAt(document.value, path) ?? null)}: must be the name of one ${
        nameOf(kindOf(document.value))
      } only`
      return { document, problem: { path, message } }
    })
  )
}

const nameOf = (kind: unknown): string => (typeof kind === 'string' ? kind : 'object')

/** A preset by its name. Throws a PolicyError that lists the names there are. */
export function presetNamed(name: string): Policy {
  const found = preset(name)
  if (!found)
    throw new PolicyError(`preset: Unsupported value: "${name}": supported values: ${presetNames.map((one) => `"${one}"`).join(', ')}`)
  return found
}
