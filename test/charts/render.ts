/** What helm makes of the chart. Each set of values is rendered once a run: helm takes a tenth of a second. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { helm, noHelm } from '../../scripts/helm.ts'

export const chart = 'charts/paddock'

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

type Values = Readonly<Record<string, unknown>>

/** A test for machines that can run helm. The others say why they cannot. */
export const withHelm = noHelm === undefined ? test : test.skip
if (noHelm !== undefined) process.stderr.write(`The chart is not tested: ${noHelm}\n`)

/** The text that helm renders from the chart's values and these. @throws with what helm says, where it refuses */
export function renderText(values: Values = {}, release = 'paddock'): string {
  return withValuesFile(values, (file) => helm('template', release, chart, '--namespace=paddock', '--include-crds', `--values=${file}`))
}

/** Runs something with a file that holds the values. */
export function withValuesFile<T>(values: Values, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'paddock-values-'))
  try {
    const file = join(folder, 'values.json')
    writeFileSync(file, JSON.stringify(values))
    return use(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const rendered = new Map<string, readonly KubernetesObject[]>()

/** The objects that helm renders, hooks and CRDs among them. */
export function render(values: Values = {}): readonly KubernetesObject[] {
  const key = JSON.stringify(values)
  let objects = rendered.get(key)
  if (objects === undefined) rendered.set(key, objects = parseObjects(renderText(values)))
  return objects
}

/** @throws where the text is no YAML, or has a key twice */
export function parseObjects(text: string): readonly KubernetesObject[] {
  const objects: KubernetesObject[] = []
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors
    if (error) throw error
    const object = document.toJS() as KubernetesObject | null
    if (object !== null) objects.push(object)
  }
  return objects
}

export function ofKind(objects: readonly KubernetesObject[], ...kinds: readonly string[]): readonly KubernetesObject[] {
  return objects.filter(({ kind }) => kinds.includes(kind))
}

/** @throws where there is none */
export function named(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  if (!found) throw new Error(`there is no ${kind} ${name}`)
  return found
}

/** Everything switched on that can be, with every value that is a choice set to something else than by default. */
export const everything: Values = {
  fullnameOverride: 'saddle',
  image: { repository: 'registry.example.com/paddock', tag: '9.9.9', pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  labels: { team: 'platform' },
  annotations: { 'example.com/owner': 'platform' },
  failurePolicy: 'Fail',
  timeoutSeconds: 5,
  excludeNamespaces: ['legacy', 'istio-system'],
  certificates: { mode: 'CertManager' },
  policies: {
    default: { enforcement: 'Audit' },
    shops: { enforcement: 'Deny',
      spec: { preset: 'kubernetes', priority: 10, match: { namespaceSelector: { matchLabels: { team: 'shop' } } } } },
    plain: { spec: { preset: 'blueking', rules: { 'few-workers': 'Off' } } },
  },
  images: { enabled: true, pullSecretNamespaces: ['shop'], registryPorts: [443, 5000], caConfigMap: 'registries',
    insecureRegistries: ['registry.internal:5000'], platform: 'linux/arm64' },
  webhook: {
    replicas: 5,
    port: 10250,
    lameDuckSeconds: 20,
    memo: 0,
    hostNetwork: true,
    args: ['--host=0.0.0.0'],
    env: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=200' }],
    podLabels: { mesh: 'none' },
    podAnnotations: { 'example.com/scrape': 'no' },
    tolerations: [{ operator: 'Exists' }],
    affinity: { podAntiAffinity: {} },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }],
    serviceAnnotations: { 'example.com/service': 'yes' },
    serviceAccountAnnotations: { 'example.com/role': 'none' },
    podDisruptionBudget: { maxUnavailable: '40%' },
  },
  operator: { replicas: 2, podLabels: { mesh: 'none' }, tolerations: [{ operator: 'Exists' }] },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
  dashboard: { enabled: true, annotations: { grafana_folder: 'Platform' } },
}

/** Everything switched off that can be. */
export const nothing: Values = {
  policies: { default: null },
  webhook: { replicas: 1, podDisruptionBudget: { enabled: false } },
  podSecurityContext: { runAsUser: null, runAsGroup: null },
  priorityClassName: '',
  networkPolicy: { enabled: false },
  namespaceLabelGuard: { enabled: false },
  userRoles: { enabled: false },
  cleanup: { enabled: false },
}
