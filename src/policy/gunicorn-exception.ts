/** `GunicornException`: the one source of its CustomResourceDefinition, its type, its validation and its page. */
import type { FromSchema } from 'json-schema-to-ts'
import { workloadKinds } from '../kubernetes/kinds.ts'
import { rules } from '../rules/index.ts'
import { countSchema, statusSchemaOf } from './status-schema.ts'
import { validation } from './validation.ts'

/** A time as RFC 3339 writes it, with its offset: `2027-01-31T00:00:00Z`. */
const rfc3339 =
  '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$'

const specSchema = {
  description: 'Which findings of which workloads are let pass, why, and until when.',
  type: 'object',
  required: ['workloads', 'rules', 'reason'],
  additionalProperties: false,
  properties: {
    workloads: {
      description:
        'The workloads, by their names in the namespace of the exception. What they make (ReplicaSets, Jobs, Pods) is meant as well.',
      type: 'array',
      minItems: 1,
      maxItems: 64,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        required: ['name'],
        additionalProperties: false,
        properties: {
          kind: { description: 'The kind of workload. Any kind where it is left out.', type: 'string',
            enum: [...new Set(workloadKinds.map(({ kind }): string => kind))].sort() as readonly string[] },
          name: { description: 'The name of the workload.', type: 'string', minLength: 1, maxLength: 253 },
        },
      },
    },
    rules: {
      description: 'The rules whose findings are let pass.',
      type: 'array',
      minItems: 1,
      maxItems: 128,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', enum: rules.map(({ id }) => id) as readonly string[] },
    },
    reason: {
      description: 'Why: for those who come upon it later.',
      type: 'string',
      maxLength: 1024,
      'x-kubernetes-validations': [
        validation("self.matches('[^[:space:]]')", 'must say why the findings are let pass', (reason: string) => reason.trim() !== '', {
          pattern: '\\S',
        }),
      ],
    },
    owner: { description: 'Who answers for it.', type: 'string', maxLength: 253 },
    expiry: {
      description: 'When it ends, as RFC 3339 writes a time (2027-01-31T00:00:00Z). It has no end where it is left out.',
      type: 'string',
      maxLength: 64,
      'x-kubernetes-validations': [
        validation(`self.matches(r'${rfc3339}')`, 'must be a time as RFC 3339 writes it, such as 2027-01-31T00:00:00Z',
          (expiry: string) => new RegExp(rfc3339).test(expiry), { pattern: rfc3339 }),
      ],
    },
  },
} as const

const statusSchema = statusSchemaOf({
  workloads: countSchema('Workloads that it holds for.'),
  findings: countSchema('Findings that it lets pass.'),
})

export const gunicornExceptionSchema = { spec: specSchema, status: statusSchema } as const

export type ExceptionSpec = FromSchema<typeof specSchema>
export type ExceptionStatus = FromSchema<typeof statusSchema>

export interface ExceptionObject {
  readonly apiVersion: 'paddock.dev/v1alpha1'
  readonly kind: 'GunicornException'
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid?: string; readonly generation?: number;
    readonly resourceVersion?: string }
  readonly spec: ExceptionSpec
  readonly status?: ExceptionStatus
}
