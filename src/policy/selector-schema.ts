/** meta/v1 LabelSelector as a schema. */
import type { LabelRequirement } from '../kubernetes/labels.ts'
import { validation } from './validation.ts'

/** One end of a label's name or value. Source: k8s.io/apimachinery/pkg/api/validate/content. */
const labelValue = '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$'
const labelName = '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'

/** A label selector; `what` is what it selects. */
export const selectorSchema = {
  type: 'object',
  additionalProperties: false,
  'x-kubernetes-map-type': 'atomic',
  properties: {
    matchLabels: {
      description: 'Labels with the value that each must have.',
      type: 'object',
      maxProperties: 64,
      additionalProperties: { type: 'string', maxLength: 63, pattern: labelValue },
    },
    matchExpressions: {
      description: 'Requirements that must all hold.',
      type: 'array',
      maxItems: 64,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        required: ['key', 'operator'],
        additionalProperties: false,
        properties: {
          key: { description: 'The label.', type: 'string', maxLength: 317, pattern: labelName },
          operator: {
            description: 'How the label is compared with the values. A label that is not there is NotIn any values.',
            type: 'string',
            enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
          },
          values: {
            description: 'The values, for In and NotIn.',
            type: 'array',
            maxItems: 64,
            'x-kubernetes-list-type': 'atomic',
            items: { type: 'string', maxLength: 63, pattern: labelValue },
          },
        },
        'x-kubernetes-validations': [
          validation(
            "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
            'In and NotIn must have values, Exists and DoesNotExist must have none',
            ({ operator, values = [] }: LabelRequirement) => (operator === 'In' || operator === 'NotIn') === values.length > 0,
            {
              oneOf: [
                { required: ['values'], properties: { operator: { enum: ['In', 'NotIn'] }, values: { minItems: 1 } } },
                { properties: { operator: { enum: ['Exists', 'DoesNotExist'] }, values: { maxItems: 0 } } },
              ],
            },
          ),
        ],
      },
    },
  },
} as const
