/** The JSON Schemas of schemas/, by which editors complete and check the files that people write. */
import { policyTestSchema } from '../src/cli/policy-test-schema.ts'
import { descriptionFields, type Field, type Fields } from '../src/platforms/description-schema.ts'
import { gunicornExceptionSchema } from '../src/policy/gunicorn-exception.ts'
import { gunicornPolicySchema } from '../src/policy/gunicorn-policy.ts'

type Schema = Readonly<Record<string, unknown>>

const draft = 'http://json-schema.org/draft-07/schema#'

/** Each file's path and text. `mark` says that it is generated. */
export function schemaFiles(mark: string): [path: string, text: string][] {
  const schemas: Readonly<Record<string, Schema>> = {
    'gunicorn-policy': object('GunicornPolicy', 'How the workloads that start gunicorn are governed.', gunicornPolicySchema.spec),
    'gunicorn-exception': object('GunicornException', 'Findings that are let pass for a time, with the reason.', gunicornExceptionSchema.spec),
    'policy-test': { title: 'PolicyTest', ...policyTestSchema },
    'app-desc': {
      title: 'app_desc.yaml', description: 'The description of an app of BlueKing PaaS. What is not listed, the platform passes over without a word.',
      // oxlint-disable-next-line no-thenable -- JSON Schema's own word
      if: { required: ['spec_version'] }, then: fields(descriptionFields[2]), else: fields(descriptionFields[3]),
    },
  }
  return Object.entries(schemas).map(([name, schema]) => [`schemas/${name}.json`, `${JSON.stringify({ $schema: draft, $comment: mark, ...schema }, null, 2)}\n`])
}

const object = (kind: string, description: string, spec: Schema): Schema => ({
  title: kind, description, type: 'object', required: ['apiVersion', 'kind', 'metadata', 'spec'], additionalProperties: false,
  properties: {
    apiVersion: { const: 'paddock.dev/v1alpha1' }, kind: { const: kind },
    metadata: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } },
    spec: plain(spec), status: { type: 'object' },
  },
})

/** A schema without what is the API server's alone. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !key.startsWith('x-kubernetes-') && key !== 'format').map(([key, value]) => [key, plain(value)]))
}

function fields(of: Fields): Schema {
  const required = Object.entries(of).filter(([, field]) => field.required).map(([name]) => name)
  return { type: 'object', ...(required.length > 0 && { required }), additionalProperties: false, properties: Object.fromEntries(Object.entries(of).map(([name, field]) => [name, nullable(field)])) }
}

const nullable = (field: Field): Schema => (field.nullable ? { anyOf: [schemaOf(field), { type: 'null' }] } : schemaOf(field))

function schemaOf(field: Field): Schema {
  switch (field.type) {
    case 'any':
      return {}
    case 'string':
      if (field.choices) return { enum: field.choices }
      // A number is taken for a string.
      return { type: ['string', 'number'], ...(!field.blank && { minLength: 1 }), ...(field.longest !== undefined && { maxLength: field.longest }) }
    case 'integer':
      return { type: 'integer', ...(field.least !== undefined && { minimum: field.least }), ...(field.most !== undefined && { maximum: field.most }) }
    case 'object':
      return fields(field.fields)
    case 'names':
      return { type: 'object', ...(field.filled && { minProperties: 1 }), additionalProperties: nullable(field.of) }
    case 'list':
      return { type: 'array', ...(field.filled && { minItems: 1 }), items: nullable(field.of) }
  }
}
