/** What is wrong with a GunicornPolicy or a GunicornException, in the words that the API server has for it. */
import { Ajv, type ErrorObject, type SchemaObject } from 'ajv'
import { describe, fieldMessage, fieldPath, type Path } from '../kubernetes/field.ts'
import { refusal } from './default-values.ts'
import { gunicornExceptionSchema } from './gunicorn-exception.ts'
import { gunicornPolicySchema, type PolicyObject } from './gunicorn-policy.ts'
import type { Validation } from './validation.ts'

export interface SchemaProblem {
  readonly path: Path
  /** `spec.rules.missing-bind: Invalid value: "Fixx": must be …`. */
  readonly message: string
}

const keyword = 'x-kubernetes-validations'

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false })
ajv.addKeyword({ keyword, errors: 'full',
  compile: (validations: readonly Validation[], parent) => holds(validations, String(parent['type'])) })

type Check = ((data: unknown) => boolean) & { errors?: Partial<ErrorObject>[] }

/** The code of validations; what is of another type is told of by its type. */
function holds(validations: readonly Validation[], type: string): Check {
  const check: Check = (data) => {
    const failing = typeOf(data) === type ? validations.filter((one) => fails(one, data)) : []
    check.errors = failing.map(({ message }) => ({ keyword, message, params: {} }))
    return failing.length === 0
  }
  return check
}

/** What holds a value of another type within is told of by that type, as an API server asks its rules of sound objects alone. */
function fails({ holds: test }: Validation, data: unknown): boolean {
  try {
    return !test(data as never)
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return 'integer'
  return value === null ? 'null' : typeof value
}

const object = (kind: string, metadata: SchemaObject, spec: SchemaObject): SchemaObject => ({
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  properties: { apiVersion: { const: 'paddock.dev/v1alpha1' }, kind: { const: kind }, metadata, spec },
})

const named = { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 }, namespace: { type: 'string' } } }

/** The schema of a whole object, by its kind. */
export const objectSchemas = {
  GunicornPolicy: object('GunicornPolicy', named, gunicornPolicySchema.spec),
  GunicornException: object('GunicornException', named, gunicornExceptionSchema.spec),
}

const validators = { GunicornPolicy: ajv.compile(objectSchemas.GunicornPolicy),
  GunicornException: ajv.compile(objectSchemas.GunicornException) }

/** What is wrong with an object of the kind; nothing where it is right. */
export function problemsOf(kind: keyof typeof validators, value: unknown): readonly SchemaProblem[] {
  const validate = validators[kind]
  if (validate(value)) return kind === 'GunicornPolicy' ? refusedDefaults(value as PolicyObject) : []
  // Of the errors of alternatives the last one sums up; of a name that is none, the one about the name.
  const errors = (validate.errors ?? []).filter(({ schemaPath, keyword: failed }) =>
    !/\/anyOf\/\d+\//.test(schemaPath) && failed !== 'propertyNames'
  )
  const problems = errors.map(problem)
  return problems.filter(({ message }, index) => problems.findIndex((other) => other.message === message) === index)
}

/** The defaults that gunicorn itself refuses, which no schema tells. */
function refusedDefaults({ spec }: PolicyObject): SchemaProblem[] {
  return Object.entries(spec.defaults ?? {}).flatMap(([name, value]) => {
    const told = value === null ? undefined : refusal(name, value)
    const path = ['spec', 'defaults', name]
    return told === undefined ? []
      : [{ path, message: fieldMessage(path, 'Invalid value', value, `must be a value that gunicorn takes: ${told}`) }]
  })
}

function problem(error: ErrorObject): SchemaProblem {
  const { keyword: failed, params, data, message = '', parentSchema, propertyName } = error
  const at = steps(error.instancePath)
  if (failed === 'additionalProperties') {
    const path = [...at, String(params['additionalProperty'])]
    return { path, message: fieldMessage(path, 'Forbidden', undefined, forbidden(parentSchema)) }
  }
  if (failed === 'required') {
    const path = [...at, String(params['missingProperty'])]
    return { path, message: fieldMessage(path, 'Required value', undefined, 'must be set') }
  }
  if (failed === 'enum') {
    const path = propertyName === undefined ? at : [...at, propertyName]
    const supported = (params['allowedValues'] as string[]).map((value) => `"${value}"`).join(', ')
    return { path, message: fieldMessage(path, 'Unsupported value', propertyName ?? data, `supported values: ${supported}`) }
  }
  const detail = failed === 'anyOf' ? String(parentSchema?.['title']) : (details[failed]?.(params) ?? message)
  return { path: at, message: `${fieldPath(at) || 'object'}: ${describe('Invalid value', data, detail)}` }
}

type Params = Readonly<Record<string, unknown>>

const atLeast = (unit: string) => ({ limit }: Params): string => `must have at least ${Number(limit)} ${unit}${limit === 1 ? '' : 's'}`
const atMost = (unit: string) => ({ limit }: Params): string => `must have at most ${Number(limit)} ${unit}${limit === 1 ? '' : 's'}`

/** What is allowed, in words, by the keyword of the schema that says so. */
const details: Readonly<Record<string, (params: Params) => string>> = {
  const: ({ allowedValue }) => `must be "${String(allowedValue)}"`,
  type: (
    { type },
  ) => (type === 'object' ? 'must be an object'
    : type === 'array' ? 'must be a list' : type === 'integer' ? 'must be an integer' : `must be a ${String(type)}`),
  pattern: ({ pattern }) => `must match ${String(pattern)}`,
  minItems: atLeast('item'),
  maxItems: atMost('item'),
  minLength: atLeast('character'),
  maxLength: atMost('character'),
  maxProperties: atMost('field'),
}

/** What a closed object says of a field that it has not. */
function forbidden(schema: unknown): string {
  const names = Object.keys((schema as { properties?: object } | undefined)?.properties ?? {})
  return `must be one of ${names.join(', ')}`
}

/** The steps of a JSON pointer. */
const steps = (pointer: string): Path =>
  pointer.split('/').slice(1).map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')))
