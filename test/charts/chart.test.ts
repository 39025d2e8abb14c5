import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { plainManifests } from '../../scripts/deploy.ts'
import { helm } from '../../scripts/helm.ts'
import { chart, everything, named, nothing, ofKind, parseObjects, render, renderText, withHelm, withValuesFile,
  type KubernetesObject } from './render.ts'

const files = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)]))

const matrix: [string, Readonly<Record<string, unknown>>][] = [
  ['the values as they are', {}],
  ['everything', everything],
  ['as little as possible', nothing],
  ['an issuer of the cluster', { certificates: { mode: 'CertManager', issuerRef: { name: 'platform', kind: 'ClusterIssuer' } } }],
]

interface Container {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly args?: readonly string[]
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly resources: { readonly requests?: Readonly<Record<string, string>>; readonly limits?: Readonly<Record<string, string>> }
}
interface PodSpec {
  readonly serviceAccountName: string
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly containers: readonly Container[]
  readonly volumes?: readonly Readonly<Record<string, unknown>>[]
  readonly terminationGracePeriodSeconds?: number
  readonly [field: string]: unknown
}

const podSpec = ({ kind, spec }: KubernetesObject): PodSpec =>
  (kind === 'Pod' ? spec : (spec as { template: { spec: unknown } }).template.spec) as PodSpec
const withPods = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => ofKind(objects, 'Deployment', 'Job', 'Pod')

withHelm('helm lint finds nothing', () => {
  for (const values of [{}, everything])
    withValuesFile(values, (file) => expect(helm('lint', '--strict', chart, `--values=${file}`)).toContain('0 chart(s) failed'))
})

describe.each(matrix)('%s', (_, values) => {
  withHelm('every object has a name of its own, its labels, and a namespace if it needs one', () => {
    const objects = render(values)
    const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
    const clusterScoped = new Set([
      'ClusterRole',
      'ClusterRoleBinding',
      'CustomResourceDefinition',
      'GunicornPolicy',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ])
    for (const { kind, metadata } of objects) {
      expect({ kind, ...metadata }).toHaveProperty('name')
      if (kind === 'CustomResourceDefinition') continue
      expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'paddock', 'app.kubernetes.io/version': manifest.version })
      expect({ kind, namespaced: metadata.namespace !== undefined }).toEqual({ kind, namespaced: !clusterScoped.has(kind) })
    }
  })

  withHelm('the same comes out each time', () => {
    const once = renderText(values)
    expect(renderText(values)).toBe(once)
    expect(parseObjects(once)).toEqual(render(values))
    // What operators make at run time must not be made by the chart: it would be another at each rendering.
    expect(ofKind(render(values), 'Secret', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration')).toEqual([])
  })

  withHelm('Pods keep the Pod Security Standard `restricted`, have a read-only root and no CPU limit', () => {
    for (const object of withPods(render(values))) {
      const spec = podSpec(object)
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      for (const field of ['hostPID', 'hostIPC']) expect(spec).not.toHaveProperty(field)
      if (spec['hostNetwork'] === true) expect(values).toBe(everything)
      for (const volume of spec.volumes ?? []) expect(volume).not.toHaveProperty('hostPath')
      expect(spec.containers).toHaveLength(1)
      for (const { securityContext, resources } of spec.containers) {
        expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
        expect(resources.limits).toEqual({ memory: expect.any(String) })
        expect(resources.requests).toEqual({ cpu: expect.any(String), memory: expect.any(String) })
      }
    }
  })

  withHelm('a webhook that ends has time to serve on and to answer', () => {
    const webhook = ofKind(render(values), 'Deployment').find(({ metadata }) => metadata.name.endsWith('-webhook'))
    const { terminationGracePeriodSeconds = 30, containers } = podSpec(webhook as KubernetesObject)
    const lameDuck = Number(/^--lame-duck=(\d+)s$/.exec(containers[0]?.args?.find((arg) => arg.startsWith('--lame-duck')) ?? '')?.[1])
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(lameDuck + 10)
  })

  withHelm('no registry is named but the one that was given', () => {
    for (const object of withPods(render(values)))
      for (const { image } of podSpec(object).containers)
        expect(image).toBe(values === everything ? 'registry.example.com/paddock:9.9.9' : `paddock:${manifest.version}`)
  })
})

withHelm('deploy/ is what helm renders', () => {
  const files = plainManifests('Generated by npm run generate. Do not edit.', () => {})
  expect(files.map(([path]) => path)).toEqual(['deploy/paddock.yaml', 'deploy/paddock-cert-manager.yaml', 'deploy/policy.yaml'])
  for (const [path, text] of files) {
    expect({ path, text: readFileSync(path, 'utf8') }).toEqual({ path, text })
    // Nothing in it says that helm is at work, or waits for it.
    expect(text).not.toMatch(/helm\.sh|managed-by: Helm/)
  }
})

test('no file of the chart names a registry', () => {
  for (const path of files(chart))
    expect({ path, found: /\b(docker|gcr|ghcr|quay|registry\.k8s)\.io\b/.exec(readFileSync(path, 'utf8')) }).toEqual({ path, found: null })
})

describe('what becomes of values', () => {
  withHelm('they reach the programs as flags', () => {
    const flags = (values: object, name: string) => podSpec(named(render({ ...values }), 'Deployment', name)).containers[0]?.args
    expect(flags({}, 'paddock-webhook')).toEqual(['--port=8443', '--tls-secret=paddock-webhook-tls', '--lame-duck=5s', '--memo=4'])
    expect(flags({}, 'paddock-operator')).toEqual([
      '--name=paddock',
      '--failure-policy=Ignore',
      '--timeout=2s',
      '--certificates=Self',
      '--ca-lifetime=8760h',
      '--certificate-lifetime=168h',
      '--scan-interval=1h',
      '--reports=Auto',
      '--port=8080',
    ])
    const limits = (values: object, name: string) => podSpec(named(render({ ...values }), 'Deployment', name)).containers[0]?.resources
    expect([limits({}, 'paddock-webhook'), limits(everything, 'saddle-webhook')]).toMatchObject([{ limits: { memory: '384Mi' } }, {
      limits: { memory: '768Mi' },
    }])
    expect(flags(everything, 'saddle-webhook')).toEqual(['--port=10250', '--tls-secret=saddle-webhook-tls', '--lame-duck=20s', '--memo=0',
      '--images', '--image-platform=linux/arm64', '--registry-ca=/etc/paddock/registries/ca.crt',
      '--insecure-registry=registry.internal:5000', '--host=0.0.0.0'])
    expect(flags(everything, 'saddle-operator')).toEqual(expect.arrayContaining([
      '--name=saddle',
      '--failure-policy=Fail',
      '--timeout=5s',
      '--certificates=CertManager',
      '--exclude-namespaces=legacy,istio-system',
      '--images',
      '--image-platform=linux/arm64',
      '--registry-ca=/etc/paddock/registries/ca.crt',
      '--insecure-registry=registry.internal:5000',
    ]))
    expect(limits(everything, 'saddle-operator')).toMatchObject({ limits: { memory: '768Mi' } })
  })

  withHelm('a digest pins the image', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const images = withPods(render({ image: { digest, tag: 'ignored' } })).map((object) => podSpec(object).containers[0]?.image)
    expect(new Set(images)).toEqual(new Set([`paddock@${digest}`]))
  })

  withHelm('names follow the release', () => {
    const names = parseObjects(renderText({}, 'gallop')).filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name)
    expect(names).toEqual(['gallop-paddock-operator', 'gallop-paddock-webhook'])
  })

  withHelm('a bad value is refused with what would be right', () => {
    const bad = {
      failurePolicy: 'Sometimes',
      timeoutSeconds: 31,
      certificates: { mode: 'Manual', lifetime: 'a week' },
      policies: { default: { enforcement: 'Refuse' } },
      webhook: { replicas: 0, port: 443, args: ['verbose'] },
      replicas: 3,
    }
    let message = ''
    try {
      renderText(bad)
    } catch (error) {
      ;({ message } = error as Error)
    }
    expect(message.split('\n').filter((line) => line.includes("at '")).map((line) => line.trim()).sort()).toEqual([
      "- at '': additional properties 'replicas' not allowed",
      "- at '/certificates': validation failed",
      "- at '/certificates/lifetime': 'a week' does not match pattern '^([0-9]+(\\\\.[0-9]+)?(h|m|s|ms))+$'",
      "- at '/certificates/mode': value must be one of 'Self', 'CertManager'",
      "- at '/failurePolicy': value must be one of 'Ignore', 'Fail'",
      "- at '/policies/default/enforcement': value must be one of 'Audit', 'Warn', 'Fix', 'Deny'",
      "- at '/timeoutSeconds': maximum: got 31, want 30",
      "- at '/webhook': validation failed",
      "- at '/webhook/args/0': 'verbose' does not match pattern '^--'",
      "- at '/webhook/port': minimum: got 443, want 1,024",
      "- at '/webhook/replicas': minimum: got 0, want 1",
    ])
  })
})

test('Chart.yaml tells Artifact Hub what there is', () => {
  const { version, appVersion, annotations } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as {
    version: string
    appVersion: string
    annotations: Readonly<Record<string, string>>
  }
  expect([version, appVersion]).toEqual([manifest.version, manifest.version])
  const annotation = (name: string): unknown => parse(annotations[`artifacthub.io/${name}`] ?? '')
  expect(annotations['artifacthub.io/license']).toBe(manifest.license)
  expect(annotation('images')).toEqual([{ name: 'paddock', image: `paddock:${manifest.version}` }])
  expect((annotation('changes') as { kind: string }[]).map(({ kind }) => kind)).toContain('added')
  const definitions = files(join(chart, 'crds')).map((path) =>
    parse(readFileSync(path, 'utf8')) as { metadata: { name: string }; spec: { names: { kind: string }; versions: { name: string }[] } }
  )
  const told = (annotation('crds') as { name: string; kind: string; version: string }[]).map(({ name, kind, version: of }) => ({ name, kind,
    version: of })
  )
  expect(told.sort((a, b) => a.name.localeCompare(b.name))).toEqual(
    definitions.map(({ metadata, spec }) => ({ name: metadata.name, kind: spec.names.kind, version: spec.versions[0]?.name })).sort((a,
      b) => a.name.localeCompare(b.name)
    ),
  )
})
