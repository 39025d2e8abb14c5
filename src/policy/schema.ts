/** What a GunicornPolicy may hold: a structural schema, as a CustomResourceDefinition takes it. */
import { Ajv, type ErrorObject } from 'ajv'
import { rules } from '../rules/index.ts'
import { presetNames } from './presets.ts'

const actions = ['Off', 'Audit', 'Warn', 'Fix', 'Deny'] as const
const otherwise = ['Off', 'Audit', 'Warn', 'Deny'] as const

/** The `description` of alternatives is what a message says is allowed. */
const ruleSchema = {
  description: `must be one of ${actions.join(', ')}, or {action, otherwise}`,
  anyOf: [
    { type: 'string', enum: actions },
    {
      type: 'object',
      required: ['action'],
      additionalProperties: false,
      properties: { action: { type: 'string', enum: actions }, otherwise: { type: 'string', enum: otherwise } },
    },
  ],
}

const policySchema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  properties: {
    apiVersion: { const: 'paddock.dev/v1alpha1' },
    kind: { const: 'GunicornPolicy' },
    metadata: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } },
    spec: {
      type: 'object',
      additionalProperties: false,
      properties: {
        preset: { type: 'string', enum: presetNames },
        defaults: { type: 'object', additionalProperties: { description: 'must be a string, a number, or null', anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] } },
        port: {
          type: 'object',
          additionalProperties: false,
          properties: {
            env: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
            fallback: { description: 'must be a port number from 1 to 65535, or null', anyOf: [{ type: 'integer', minimum: 1, maximum: 65535 }, { type: 'null' }] },
          },
        },
        workerFallback: { description: 'must be a worker class, or null', anyOf: [{ type: 'string', minLength: 1 }, { type: 'null' }] },
        rules: { type: 'object', additionalProperties: false, properties: Object.fromEntries(rules.map(({ id }) => [id, ruleSchema])) },
        allow: { type: 'array', items: { type: 'string', enum: rules.map(({ id }) => id) } },
        onFault: { type: 'string', enum: ['Allow', 'Deny'] },
      },
    },
  },
}

/** What is wrong with a policy, as `field: detail`; nothing where it is right. */
export function policyProblems(object: unknown): readonly string[] {
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true })
  const validate = ajv.compile(policySchema)
  if (validate(object)) return []
  // Of the errors of alternatives, the last one sums up.
  const errors = (validate.errors ?? []).filter((error) => !/\/anyOf\/\d+\//.test(error.schemaPath))
  return [...new Set(errors.map(problemText))]
}

function problemText({ instancePath, keyword, message, params, parentSchema }: ErrorObject): string {
  const field = instancePath.slice(1).replaceAll('/', '.') || 'policy'
  if (keyword === 'additionalProperties') return `${field}: Forbidden: there is no field "${String(params['additionalProperty'])}"`
  if (keyword === 'required') return `${field}.${String(params['missingProperty'])}: Required value: must be set`
  if (keyword === 'enum') return `${field}: Unsupported value: supported values: ${(params['allowedValues'] as string[]).map((value) => `"${value}"`).join(', ')}`
  if (keyword === 'const') return `${field}: Invalid value: must be "${String(params['allowedValue'])}"`
  if (keyword === 'anyOf') return `${field}: Invalid value: ${String(parentSchema?.['description'])}`
  return `${field}: Invalid value: ${message ?? 'is not valid'}`
}
