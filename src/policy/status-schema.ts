/** meta/v1 Condition as a schema. */
const conditionsSchema = {
  description: 'What holds for the object now.',
  type: 'array',
  maxItems: 16,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
    additionalProperties: false,
    properties: {
      type: { description: 'What is reported.', type: 'string', maxLength: 316 },
      status: { description: 'Whether it holds.', type: 'string', enum: ['True', 'False', 'Unknown'] },
      observedGeneration: { description: 'The generation of the object that it describes.', type: 'integer', format: 'int64', minimum: 0 },
      lastTransitionTime: { description: 'When the status changed.', type: 'string', format: 'date-time' },
      reason: { description: 'Why, in one CamelCase word.', type: 'string', minLength: 1, maxLength: 1024,
        pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' },
      message: { description: 'Why, in words.', type: 'string', maxLength: 32768 },
    },
  },
} as const

const observedGenerationSchema = {
  description: 'The generation of the object that the status is about.',
  type: 'integer',
  format: 'int64',
  minimum: 0,
} as const

/** How many of something there are. */
export const countSchema = <Text extends string>(description: Text) =>
  ({ description, type: 'integer', format: 'int64', minimum: 0 }) as const

/** The status of an object of ours, with what is counted of it. */
export const statusSchemaOf = <const Counts extends object>(counts: Counts) =>
  ({
    description: 'What Paddock makes of it.',
    type: 'object',
    additionalProperties: false,
    properties: {
      observedGeneration: observedGenerationSchema,
      conditions: conditionsSchema,
      counts: { description: 'What the last scan found.', type: 'object', additionalProperties: false, properties: counts },
    },
  }) as const
