/** The schema of `PolicyTest`: what `paddock policy test` validates by, and what schemas/ publishes for editors. */
import { presetNames } from '../policy/presets.ts'
import { rules } from '../rules/index.ts'

const text = (description: string) => ({ description, type: 'string', minLength: 1 }) as const
const texts = (description: string) => ({ description, type: 'array', items: { type: 'string', minLength: 1 } }) as const

export const resultSchema = {
  description: 'What is expected of a workload; of the findings of one rule, where it names one.',
  type: 'object',
  required: ['workload'],
  additionalProperties: false,
  anyOf: [{ required: ['decision'] }, { required: ['action'] }, { required: ['policy'] }, { required: ['exception'] }],
  properties: {
    workload: text('`Deployment shop/checkout`, or without the kind.'),
    rule: { description: 'The rule whose findings are meant.', enum: rules.map(({ id }) => id) },
    decision: { description: 'What becomes of the workload.', enum: ['Allow', 'Deny'] },
    action: { description: 'What is done about the findings; None where there must not be any.',
      enum: ['None', 'Audit', 'Warn', 'Fix', 'Deny'] },
    policy: text('The GunicornPolicy that decides so.'),
    exception: text('The GunicornException that lets the findings pass; None where none does.'),
  },
} as const

export const policyTestSchema = {
  description: 'Policies, manifests, and what is expected of their workloads.',
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata', 'manifests', 'results'],
  additionalProperties: false,
  properties: {
    apiVersion: { enum: ['paddock.dev/v1alpha1'] },
    kind: { enum: ['PolicyTest'] },
    metadata: { description: 'Its name.', type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } },
    policies: texts('Files and folders with policies and exceptions, from the folder of this file.'),
    manifests: texts('Files and folders with workloads, from the folder of this file.'),
    preset: { description: 'What is gone by where there are no policies.', enum: presetNames },
    requirements: text('A requirements.txt that speaks for workloads without an annotation of their own.'),
    now: { description: 'The time at which exceptions are looked at (2027-01-31T00:00:00Z); now where it is left out.', type: 'string',
      format: 'date-time' },
    results: { description: 'What is expected, one by one.', type: 'array', minItems: 1, items: resultSchema },
  },
} as const
