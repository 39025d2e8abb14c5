/** What is derived from charts/paddock/values.yaml: its schema, which refuses what does not belong, and the table of the chart's page. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml'
import { presetNames } from '../src/policy/presets.ts'
import { rules } from '../src/rules/index.ts'

const root = dirname(import.meta.dirname)

type Schema = Readonly<Record<string, unknown>>

interface Value {
  /** `webhook.resources` */
  readonly path: string
  /** The comment above it. */
  readonly comment: string
  readonly value: unknown
  /** Undefined where the value is taken as a whole. */
  readonly values: readonly Value[] | undefined
}

const strings: Schema = { type: 'object', additionalProperties: { type: 'string' } }
/** What Kubernetes itself checks. */
const open: Schema = { type: 'object' }
const objects: Schema = { type: 'array', items: open }
/** As Go writes them: 168h, 1m30s. */
const duration: Schema = { type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(h|m|s|ms))+$' }
const port: Schema = { type: 'integer', minimum: 1, maximum: 65535 }
const namespace: Schema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' }
const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({ type: 'object', additionalProperties: false,
  properties, ...more })

const action: Schema = {
  anyOf: [{ type: ['string', 'object'] }, { const: false }],
  description: 'Off, Audit, Warn, Fix, Deny, or {action, otherwise}. Without quotes, YAML takes Off for false, which means the same here.',
}

/** For the values of both Deployments. */
const pods: Readonly<Record<string, Schema>> = {
  resources: object({ requests: open, limits: open }),
  args: { type: 'array', items: { type: 'string', pattern: '^--' } },
  env: { type: 'array', items: { ...open, required: ['name'] } },
  podLabels: strings,
  podAnnotations: strings,
  nodeSelector: strings,
  tolerations: objects,
  affinity: open,
  serviceAnnotations: strings,
  serviceAccountAnnotations: strings,
}
const below = (path: string, schemas: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [`${path}.${name}`, schema]))

/** What the default does not tell of a value. A value that stands here is taken as a whole. */
const known: Readonly<Record<string, Schema>> = {
  fullnameOverride: { pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$', maxLength: 40 },
  'image.repository': { minLength: 1, pattern: '^[^@\\s]+$' },
  'image.digest': { pattern: '^(sha256:[0-9a-f]{64})?$' },
  'image.pullPolicy': { enum: ['IfNotPresent', 'Always', 'Never'] },
  imagePullSecrets: { type: 'array', items: object({ name: { type: 'string', minLength: 1 } }, { required: ['name'] }) },
  labels: strings,
  annotations: strings,
  failurePolicy: { enum: ['Ignore', 'Fail'] },
  timeoutSeconds: { minimum: 1, maximum: 30 },
  excludeNamespaces: { type: 'array', items: namespace, uniqueItems: true },
  'certificates.mode': { enum: ['Self', 'CertManager'] },
  'certificates.authorityLifetime': duration,
  'certificates.lifetime': duration,
  'certificates.issuerRef': object({ name: { type: 'string' }, kind: { type: 'string' }, group: { type: 'string' } }),
  policies: {
    type: 'object',
    propertyNames: { pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' },
    additionalProperties: {
      type: ['object', 'null'],
      additionalProperties: false,
      properties: {
        enforcement: { enum: ['Audit', 'Warn', 'Fix', 'Deny'] },
        // The API server checks all of it; what the chart itself reads, and what YAML makes of Off, is better said sooner.
        spec: { type: 'object',
          properties: { preset: { enum: presetNames },
            rules: { type: 'object', propertyNames: { enum: rules.map(({ id }) => id) }, additionalProperties: action } } },
      },
    },
  },
  'images.pullSecretNamespaces': { type: 'array', items: { ...namespace, pattern: '^(\\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$' },
    uniqueItems: true },
  'images.registryPorts': { type: 'array', items: port, minItems: 1, uniqueItems: true },
  'images.insecureRegistries': { type: 'array', items: { type: 'string', pattern: '^[^/\\s]+$' }, uniqueItems: true },
  'images.platform': { pattern: '^(linux/[a-z0-9]+(/[a-z0-9]+)?)?$' },
  'scan.interval': duration,
  'scan.reports': { enum: ['Auto', 'None'] },
  ...below('webhook', pods),
  'webhook.replicas': { minimum: 1 },
  'webhook.port': { ...port, minimum: 1024 },
  'webhook.lameDuckSeconds': { minimum: 0, maximum: 300 },
  'webhook.memo': { minimum: 0, maximum: 9999 },
  'webhook.controllers': { type: 'array', items: { type: 'string', pattern: '^[^,\\s]+$' }, uniqueItems: true },
  'webhook.topologySpreadConstraints': objects,
  'webhook.podDisruptionBudget.maxUnavailable': { type: ['integer', 'string'], pattern: '^[0-9]+%$', minimum: 0 },
  ...below('operator', pods),
  'operator.replicas': { minimum: 1, maximum: 2 },
  podSecurityContext: open,
  securityContext: open,
  'resourceQuota.pods': { minimum: 1 },
  'networkPolicy.apiServerPorts': { type: 'array', items: port, minItems: 1, uniqueItems: true },
  'serviceMonitor.interval': duration,
  'serviceMonitor.labels': strings,
  'prometheusRule.certificateHours': { minimum: 1 },
  'prometheusRule.scanHours': { minimum: 1 },
  'prometheusRule.labels': strings,
  'dashboard.labels': strings,
  'dashboard.annotations': strings,
  'cleanup.deadlineSeconds': { minimum: 30 },
  'tests.namespace': namespace,
}

/** The values, as values.yaml has them. @throws where one has no comment, or something is known of what is not there */
export function chartValues(): readonly Value[] {
  const text = readFileSync(join(root, 'charts/paddock/values.yaml'), 'utf8')
  const lines = text.split('\n')
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter })
  if (!isMap(document.contents)) throw new Error('values.yaml is no mapping')
  const seen = new Set<string>()
  const values = read(document.contents, '')
  const unseen = Object.keys(known).filter((path) => !seen.has(path))
  if (unseen.length > 0) throw new Error(`values.yaml lacks ${unseen.join(', ')}`)
  return values

  function read(map: YAMLMap, prefix: string): Value[] {
    return map.items.map(({ key, value }): Value => {
      if (!isScalar(key) || !key.range) throw new Error('values.yaml has a key that is no word')
      const path = `${prefix}${String(key.value)}`
      seen.add(path)
      const comment = commentAbove(counter.linePos(key.range[0]).line)
      if (comment === '') throw new Error(`values.yaml: ${path} has no comment`)
      const whole = path in known || !isMap(value) || value.items.length === 0
      const plain = isMap(value) ? (value.toJS(document) as unknown) : (value as { toJS(of: unknown): unknown }).toJS(document)
      return { path, comment, value: plain, values: whole ? undefined : read(value, `${path}.`) }
    })
  }

  /** @param line from 1 on */
  function commentAbove(line: number): string {
    let first = line - 1
    while (/^\s*#/.test(lines[first - 1] ?? '')) first--
    return lines.slice(first, line - 1).map((text) => text.replace(/^\s*# ?/, '')).join('\n')
  }
}

export function valuesSchema(mark: string): string {
  const properties = Object.fromEntries(chartValues().map((value) => [nameOf(value), schemaOf(value)]))
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: mark,
    title: 'Values of the chart paddock',
    ...object({ ...properties, global: { ...open, description: 'What a chart that contains this one tells all of its charts.' } }),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

const nameOf = ({ path }: Value): string => path.slice(path.lastIndexOf('.') + 1)

function schemaOf({ path, comment, value, values }: Value): Schema {
  const description = comment.split('\n').map((line) => line.trim()).join(' ')
  if (values) return { description, ...object(Object.fromEntries(values.map((inner) => [nameOf(inner), schemaOf(inner)]))) }
  return { description, ...typeOf(value), ...known[path] }
}

function typeOf(value: unknown): Schema {
  if (Array.isArray(value)) return { type: 'array' }
  return { type: Number.isInteger(value) ? 'integer' : typeof value }
}

/** A table of all values, in Markdown. */
export function valuesTable(): string {
  const rows = (values: readonly Value[]): string[] => values.flatMap((value) => (value.values ? rows(value.values) : [row(value)]))
  const row = ({ path, comment, value }: Value): string =>
    `| \`${path}\` | ${cell(comment.replaceAll('\n', '<br>'))} | \`${cell(JSON.stringify(value))}\` |`
  const cell = (text: string): string => text.replaceAll('|', '\\|')
  return ['| value | | default |', '| --- | --- | --- |', ...rows(chartValues())].join('\n')
}
