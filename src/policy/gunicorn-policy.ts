/** `GunicornPolicy`: the one source of its CustomResourceDefinition, its type, its validation and its page. */
import type { FromSchema } from 'json-schema-to-ts'
import { releases } from '../gunicorn/catalogue.ts'
import { workloadKinds } from '../kubernetes/kinds.ts'
import { rules } from '../rules/index.ts'
import { actions } from '../rules/rule.ts'
import { presetNames } from './presets.ts'
import { selectorSchema } from './selector-schema.ts'
import { countSchema, statusSchemaOf } from './status-schema.ts'
import { validation } from './validation.ts'

/** Settings that say where others come from. */
const sources: readonly string[] = ['config', 'paste']

const ruleIds: readonly string[] = rules.map(({ id }) => id)
const kinds: readonly string[] = [...new Set(workloadKinds.map(({ kind }) => kind))].sort()

/** The settings that can be put in: those whose value an option of the command line takes. */
export const injectableSettings: readonly string[] = [...new Set(releases.flatMap((release) =>
  Object.entries(release.settings)
    .filter(([name, { flags, action, nargs }]) =>
      flags.length > 0 && nargs !== 0 && (action === 'store' || action === 'append') && !sources.includes(name)
    )
    .map(([name]) => name)
))].sort()

const injections = ['Command', 'Environment'] as const
const withoutFix = ['Off', 'Audit', 'Warn', 'Deny'] as const

/** YAML 1.1, which kubectl and Helm read, takes an Off without quotes for false. */
const written = [...actions, false] as const
const writtenWithoutFix = [...withoutFix, false] as const

const ruleSchema = {
  // What a message says is allowed.
  title: `must be one of ${actions.map((action) => `"${action}"`).join(', ')}, or {action, otherwise}`,
  anyOf: [
    { enum: written },
    {
      type: 'object',
      required: ['action'],
      additionalProperties: false,
      properties: {
        action: { description: 'What is done about a finding: Off, Audit, Warn, Fix or Deny.', enum: written },
        otherwise: {
          description:
            'What is done where the action is Fix and the fix cannot mend it: Off, Audit, Warn or Deny. Warn where it is left out.',
          enum: writtenWithoutFix,
        },
      },
    },
  ],
} as const

/** A property for each rule, for `kubectl explain`; one type for them all. */
const rulesSchema = {
  description: 'What is done about the findings of each rule. A rule that is left out does what the preset says.',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    rules.map((
      { id, summary },
    ) => [id, { description: `${sentence(summary)} Off, Audit, Warn, Fix, Deny, or {action, otherwise}.`, ...ruleSchema }]),
  ),
} as unknown as { readonly type: 'object'; readonly additionalProperties: typeof ruleSchema }

const specSchema = {
  description: 'What is governed, and how. What is left out, the preset says.',
  type: 'object',
  additionalProperties: false,
  properties: {
    preset: { description: 'The preset that the policy starts from. blueking where no policy that governs a workload names one.',
      type: 'string', enum: presetNames },
    priority: {
      description:
        'Where several policies govern a workload, what the one with the highest priority says goes. 0 where it is left out. Of equal ones, the more specific match goes first, then the name.',
      type: 'integer',
      format: 'int32',
      'x-kubernetes-validations': [
        validation('self >= -1000 && self <= 1000', 'must be between -1000 and 1000, inclusive',
          (priority: number) => priority >= -1000 && priority <= 1000, { minimum: -1000, maximum: 1000 }),
      ],
    },
    match: {
      description: 'The workloads that it governs: those for which all that is named holds. Every workload where it is left out.',
      type: 'object',
      additionalProperties: false,
      properties: {
        kinds: {
          description: 'The kinds of workload.',
          type: 'array',
          minItems: 1,
          maxItems: 32,
          'x-kubernetes-list-type': 'set',
          items: { type: 'string', enum: kinds },
        },
        namespaceSelector: { ...selectorSchema, description: 'Selects namespaces by their labels.' },
        workloadSelector: { ...selectorSchema, description: 'Selects workloads by their own labels, not those of their Pods.' },
      },
      'x-kubernetes-validations': [
        validation(
          'has(self.kinds) || has(self.namespaceSelector) || has(self.workloadSelector)',
          'must name kinds, a namespaceSelector or a workloadSelector: leave match out to govern every workload',
          (match: object) => Object.keys(match).length > 0,
          { minProperties: 1 },
        ),
      ],
    },
    defaults: {
      description:
        'The settings that are put in where nothing sets them, by the names that gunicorn gives them. null takes away what the preset says.',
      type: 'object',
      maxProperties: 64,
      additionalProperties: { title: 'must be a string, an integer, or null',
        anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] },
      propertyNames: { enum: injectableSettings },
    },
    explicit: {
      description:
        'Whether settings are also put in where gunicorn uses them anyway: an error log on the console, or the address of PORT where the container defines it. The preset says what no policy says.',
      type: 'boolean',
    },
    injection: {
      description:
        'Where settings are put in: Command, on the command line; Environment, in the variables of the container, and command and args stay as they are. Command where no policy names one.',
      type: 'string',
      enum: injections,
    },
    port: {
      description: 'How the platform assigns the port.',
      type: 'object',
      additionalProperties: false,
      properties: {
        env: { description: 'The variable that holds it.', type: 'string', maxLength: 253, pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        fallback: {
          description:
            'What the variable is defined as where nothing defines it and the container names no port. null for nothing: the bind is then left alone.',
          title: 'must be a port number from 1 to 65535, or null',
          anyOf: [{ type: 'integer', format: 'int32', minimum: 1, maximum: 65535 }, { type: 'null' }],
        },
      },
    },
    workerFallback: {
      description:
        'The worker class that takes the place of one whose distribution is missing, where missing-worker-dependency is to be fixed. null for none.',
      title: 'must be a worker class, or null',
      anyOf: [{ type: 'string', minLength: 1, maxLength: 253 }, { type: 'null' }],
    },
    dependencies: {
      description: 'How it is found out what is installed in an image, besides what annotations tell.',
      type: 'object',
      additionalProperties: false,
      properties: {
        images: {
          description:
            'Whether the webhook looks into images: Always, or Never. Never where no policy names one. The chart has to let it: images.enabled.',
          type: 'string',
          enum: ['Never', 'Always'],
        },
        imageBudget: {
          description:
            'Milliseconds that an admission waits for an image that is not known yet; looking goes on behind it. 500 where no policy names them.',
          type: 'integer',
          format: 'int32',
          'x-kubernetes-validations': [
            validation('self >= 0 && self <= 10000', 'must be between 0 and 10000, inclusive',
              (milliseconds: number) => milliseconds >= 0 && milliseconds <= 10_000, { minimum: 0, maximum: 10_000 }),
          ],
        },
        registries: {
          description:
            'The registries that are looked into, as images name them: registry.example.com, registry.example.com:5000, *.example.com, or * for every one. Every one where no policy names any.',
          type: 'array',
          maxItems: 64,
          items: { type: 'string', minLength: 1, maxLength: 253 },
        },
      },
    },
    rules: rulesSchema,
    allow: {
      description:
        'The rules that a workload may switch off for itself, by the annotation paddock.dev/allow. Where it is left out, those of the preset, without what this policy sets to Deny.',
      type: 'array',
      maxItems: 128,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', enum: ruleIds },
    },
    existing: {
      description:
        'What is done on an update about what the stored object had already. Warn: it is reported, and what would be denied is let in. Fix: it is mended as well, which replaces running Pods. Deny: it is denied as if it were new. Warn where no policy names it.',
      type: 'string',
      enum: ['Warn', 'Fix', 'Deny'],
    },
    onFault: { description: 'What is done about a workload that Paddock itself fails on.', type: 'string', enum: ['Allow', 'Deny'] },
  },
} as const

const statusSchema = statusSchemaOf({
  workloads: countSchema('Workloads that it governs, alone or with others.'),
  denied: countSchema('Findings that it denies.'),
  warned: countSchema('Findings that it warns of.'),
  fixed: countSchema('Findings that it fixes.'),
  audited: countSchema('Findings that it audits.'),
  excepted: countSchema('Findings that a GunicornException lets pass.'),
})

export const gunicornPolicySchema = { spec: specSchema, status: statusSchema } as const

/** A policy as it is written: what it leaves out, its preset says. */
export type PolicySpec = FromSchema<typeof specSchema>
export type PolicyStatus = FromSchema<typeof statusSchema>

export interface PolicyObject {
  readonly apiVersion: 'paddock.dev/v1alpha1'
  readonly kind: 'GunicornPolicy'
  readonly metadata: { readonly name: string; readonly uid?: string; readonly generation?: number; readonly resourceVersion?: string }
  readonly spec: PolicySpec
  readonly status?: PolicyStatus
}

/** A rule's summary as a sentence. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
