/** The JSON Schemas of schemas/, by which editors complete and check the files that people write. */
import { policyTestSchema } from '../src/cli/policy-test-schema.ts'
import { isObject } from '../src/kubernetes/field.ts'
import { descriptionFields, type Field, type Fields } from '../src/platforms/description-schema.ts'
import { objectSchemas } from '../src/policy/validate.ts'
import type { Validation } from '../src/policy/validation.ts'

type Schema = Readonly<Record<string, unknown>>

const draft = 'http://json-schema.org/draft-07/schema#'

/** Each file's path and text. `mark` says that it is generated. */
export function schemaFiles(mark: string): [path: string, text: string][] {
  const schemas: Readonly<Record<string, Schema>> = {
    'gunicorn-policy': { title: 'GunicornPolicy', description: 'How the workloads that start gunicorn are governed.',
      ...plain(objectSchemas.GunicornPolicy) },
    'gunicorn-exception': { title: 'GunicornException', description: 'Findings that are let pass for a time, with the reason.',
      ...plain(objectSchemas.GunicornException) },
    'policy-test': { title: 'PolicyTest', ...policyTestSchema },
    'app-desc': {
      title: 'app_desc.yaml',
      description: 'The description of an app of BlueKing PaaS. What is not listed, the platform passes over without a word.',
      if: { anyOf: versionIs(2) },
      // oxlint-disable-next-line no-thenable -- JSON Schema's own word
      then: { ...fields(descriptionFields[2]), oneOf: versionIs(2) },
      else: { ...fields(descriptionFields[3]), oneOf: versionIs(3) },
    },
  }
  return Object.entries(schemas).map((
    [name, schema],
  ) => [`schemas/${name}.json`, `${JSON.stringify({ $schema: draft, $comment: mark, ...schema }, null, 2)}\n`])
}

/** A schema without what is the API server's alone: what its rules in CEL say, JSON Schema says in its own words. */
function plain(schema: Schema): Schema {
  const validations = (schema['x-kubernetes-validations'] ?? []) as readonly Validation[]
  const kept = Object.entries(schema).filter(([key]) => !key.startsWith('x-kubernetes-') && key !== 'format')
  return Object.assign({}, ...validations.map((one) => one.schema),
    Object.fromEntries(kept.map(([key, value]) => [key, plainIn(value)]))) as Schema
}

function plainIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainIn)
  return isObject(value) ? plain(value) : value
}

/** `spec_version or specVersion`, as `versionOf` reads it; where both are said, the second is one too many. */
function versionIs(number: 2 | 3): Schema[] {
  const untrue = { enum: [null, false, 0, '', [], {}] }
  return [
    { required: ['spec_version'], properties: { spec_version: { const: number }, specVersion: untrue } },
    { required: ['specVersion'], properties: { specVersion: { const: number }, spec_version: untrue } },
  ]
}

function fields(of: Fields): Schema {
  const required = Object.entries(of).filter(([, field]) => field.required).map(([name]) => name)
  return { type: 'object', ...(required.length > 0 && { required }), additionalProperties: false,
    properties: Object.fromEntries(Object.entries(of).map(([name, field]) => [name, nullable(field)])) }
}

const nullable = (field: Field): Schema => (field.nullable ? { anyOf: [schemaOf(field), { type: 'null' }] } : schemaOf(field))

function schemaOf(field: Field): Schema {
  switch (field.type) {
    case 'any':
      return {}
    case 'string':
      if (field.choices) return { enum: field.choices }
      // A number is taken for a string.
      return { type: ['string', 'number'], ...(!field.blank && { pattern: '\\S' }),
        ...(field.longest !== undefined && { maxLength: field.longest }) }
    case 'integer':
      return {
        anyOf: [{ type: 'integer', ...(field.least !== undefined && { minimum: field.least }),
          ...(field.most !== undefined && { maximum: field.most }) }, { type: 'string', pattern: integerText(field) }],
      }
    case 'object':
      return fields(field.fields)
    case 'names':
      return { type: 'object', ...(field.filled && { minProperties: 1 }), additionalProperties: nullable(field.of) }
    case 'list':
      return { type: 'array', ...(field.filled && { minItems: 1 }), items: nullable(field.of) }
  }
}

/** A string that is taken for an integer, with the bounds that the fields have. */
function integerText({ least, most }: Extract<Field, { type: 'integer' }>): string {
  const digits = textsOfBounds.get(`${least}..${most}`)
  if (digits === undefined) throw new Error(`no pattern for the integers from ${least} to ${most}`)
  return `^\\s*(?:${digits})(?:\\.0*)?\\s*$`
}

const textsOfBounds: ReadonlyMap<string, string> = new Map([
  ['undefined..undefined', '[-+]?\\d+'],
  ['0..undefined', '\\+?\\d+|-0+'],
  ['1..undefined', '\\+?0*[1-9]\\d*'],
  ['1..65535', '\\+?0*(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'],
])
