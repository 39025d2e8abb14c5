/** The schemas → CustomResourceDefinitions, as apiextensions.k8s.io/v1 takes them. */
import { gunicornExceptionSchema } from './gunicorn-exception.ts'
import { gunicornPolicySchema } from './gunicorn-policy.ts'

/** A schema in JSON, whatever it holds. */
type Schema = Readonly<Record<string, unknown>>

interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  readonly description?: string
  /** Shown with `-o wide` only where it is above 0. */
  readonly priority?: number
}

interface Kind {
  readonly kind: string
  readonly plural: string
  readonly shortName: string
  readonly scope: 'Cluster' | 'Namespaced'
  readonly description: string
  readonly schema: { readonly spec: Schema; readonly status: Schema }
  readonly columns: readonly Column[]
}

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: object
}

const group = 'paddock.dev'
const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
const ready: Column = { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status",
  description: 'Whether all of it holds.' }

const kinds: readonly Kind[] = [
  {
    kind: 'GunicornPolicy',
    plural: 'gunicornpolicies',
    shortName: 'gpol',
    scope: 'Cluster',
    description: 'How the workloads that start gunicorn are governed: which rules act how, which defaults are put in, where.',
    schema: gunicornPolicySchema,
    columns: [
      { name: 'Preset', type: 'string', jsonPath: '.spec.preset', description: 'The preset that it starts from.' },
      { name: 'Priority', type: 'integer', jsonPath: '.spec.priority', description: 'The highest goes first.' },
      ready,
      { name: 'Workloads', type: 'integer', jsonPath: '.status.counts.workloads', description: 'Workloads that it governs.' },
      { name: 'Denied', type: 'integer', jsonPath: '.status.counts.denied', description: 'Findings that it denies.' },
      { name: 'Warned', type: 'integer', jsonPath: '.status.counts.warned', description: 'Findings that it warns of.' },
      { name: 'Fixed', type: 'integer', jsonPath: '.status.counts.fixed', description: 'Findings that it fixes.', priority: 1 },
      { name: 'Audited', type: 'integer', jsonPath: '.status.counts.audited', description: 'Findings that it audits.', priority: 1 },
      age,
    ],
  },
  {
    kind: 'GunicornException',
    plural: 'gunicornexceptions',
    shortName: 'gexc',
    scope: 'Namespaced',
    description: 'Findings of some workloads of a namespace that are let pass for a time, with the reason.',
    schema: gunicornExceptionSchema,
    columns: [
      { name: 'Owner', type: 'string', jsonPath: '.spec.owner', description: 'Who answers for it.' },
      { name: 'Expiry', type: 'string', jsonPath: '.spec.expiry', description: 'When it ends.' },
      ready,
      { name: 'Findings', type: 'integer', jsonPath: '.status.counts.findings', description: 'Findings that it lets pass.' },
      { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why.', priority: 1 },
      age,
    ],
  },
]

/** Which release of Paddock a definition is of. */
export const versionAnnotation = 'paddock.dev/version'

/** The CustomResourceDefinitions of GunicornPolicy and GunicornException, as a release of Paddock has them. */
export const customResourceDefinitions = (version?: string): readonly CustomResourceDefinition[] =>
  kinds.map((kind) => definition(kind, version))

function definition({ kind, plural, shortName, scope, description, schema, columns }: Kind,
  version: string | undefined): CustomResourceDefinition {
  const apiVersion = { type: 'string', description: `${group}/v1alpha1` }
  const properties = { apiVersion, kind: { type: 'string', description: kind }, metadata: { type: 'object' }, spec: structural(schema.spec),
    status: structural(schema.status) }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(version === undefined ? {} : { annotations: { [versionAnnotation]: version } }) },
    spec: {
      group,
      scope,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: [shortName], categories: ['paddock'] },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { description, type: 'object', required: ['spec'], properties } },
          subresources: { status: {} },
          additionalPrinterColumns: columns,
        },
      ],
    },
  }
}

/**
 * A schema as the API server wants it: structural, which has neither closed objects nor types in alternatives. Unknown fields
 * are told of by the API server itself.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
function structural(schema: Schema): Schema {
  const { title: _, anyOf, additionalProperties, properties, items, propertyNames, 'x-kubernetes-validations': validations, ...rest } =
    schema
  const cel = [...celOf(validations), ...namesInCel(propertyNames)]
  return {
    ...rest,
    ...(anyOf === undefined ? {} : alternatives(anyOf as readonly Schema[])),
    ...(isObject(additionalProperties) ? { additionalProperties: structural(additionalProperties) } : {}),
    ...(isObject(properties)
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, structural(value as Schema)])) } : {}),
    ...(isObject(items) ? { items: structural(items) } : {}),
    ...(cel.length === 0 ? {} : { 'x-kubernetes-validations': cel }),
  }
}

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null

/** Validations without their code. */
const celOf = (validations: unknown): object[] =>
  ((validations ?? []) as { rule: string; message: string }[]).map(({ rule, message }) => ({ rule, message }))

/** The names that the members of a map may have. */
function namesInCel(propertyNames: unknown): object[] {
  if (!isObject(propertyNames)) return []
  const names = propertyNames['enum'] as readonly string[]
  return [{ rule: `self.all(name, name in ${JSON.stringify(names)})`, message: `there must be no other names than ${names.join(', ')}` }]
}

/** The three kinds of alternatives that the schemas have. */
function alternatives(anyOf: readonly Schema[]): Schema {
  const others = anyOf.filter(({ type }) => type !== 'null')
  const nullable = others.length < anyOf.length ? { nullable: true } : {}
  const [first, second] = others
  if (first && !second) return { ...structural(first), ...nullable }
  if (second?.['type'] === 'integer') return { 'x-kubernetes-int-or-string': true, ...nullable }
  if (first && second) return { ...wordOrObject(first, second), ...nullable }
  throw new Error('there are no alternatives')
}

/**
 * One of some words, or an object: a type that a structural schema cannot tell. So it has none, and value validations do it all.
 * What is no object passes those of objects, which is what `not: {maxProperties: 0}` is for; and the number of fields closes
 * the object, whose unknown fields would be kept unseen.
 */
function wordOrObject(word: Schema, object: Schema): Schema {
  const properties = object['properties'] as Readonly<Record<string, Schema>>
  const names = Object.keys(properties)
  const required = object['required'] as readonly string[]
  const shapes = required.length === names.length ? [names] : [required, names]
  const values = (some: readonly string[]): Schema => Object.fromEntries(some.map((name) => [name, { enum: properties[name]?.['enum'] }]))
  return {
    'x-kubernetes-preserve-unknown-fields': true,
    properties: Object.fromEntries(
      names.map((name) => [name, { description: properties[name]?.['description'], 'x-kubernetes-preserve-unknown-fields': true }]),
    ),
    anyOf: [
      { enum: word['enum'] },
      ...shapes.map((some) => ({ not: { maxProperties: 0 }, required: some, maxProperties: some.length, properties: values(some) })),
    ],
  }
}
