import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { workloadKinds } from '../../src/kubernetes/kinds.ts'
import { chart, everything, ofKind, render, withHelm, type KubernetesObject } from './render.ts'

interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** One kind of call that a program makes: `verb resource.group [name] [in namespace]`. */
interface Call {
  readonly verb: string
  readonly resource: string
  readonly name?: string
  /** Cluster-wide, or cluster-scoped, where it is left out. */
  readonly namespace?: string
}

const reads = (...verbs: readonly string[]) => (resource: string): Call[] => verbs.map((verb) => ({ verb, resource }))
const of = (resource: string, names: readonly string[], namespace: string | undefined, ...verbs: readonly string[]): Call[] =>
  names.flatMap((name) => verbs.map((verb) => ({ verb, resource, name, ...(namespace === undefined ? {} : { namespace }) })))

const webhookConfigurations = ['mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io']
const reportKinds = ['policyreports.wgpolicyk8s.io', 'reports.openreports.io']
const plural = (kind: string): string => `${kind.toLowerCase()}s`

/** What each program calls, by the service account that it runs as. */
const calls: Readonly<Record<string, readonly Call[]>> = {
  'paddock-webhook': [
    ...['gunicornpolicies.paddock.dev', 'gunicornexceptions.paddock.dev', 'namespaces'].flatMap(reads('list', 'watch')),
    ...reads('get')('namespaces'),
    ...of('secrets', ['paddock-webhook-tls'], 'paddock', 'get', 'list', 'watch'),
  ],
  'paddock-operator': [
    ...['gunicornpolicies.paddock.dev', 'gunicornexceptions.paddock.dev', 'namespaces'].flatMap(reads('list', 'watch')),
    ...['gunicornpolicies/status.paddock.dev', 'gunicornexceptions/status.paddock.dev'].flatMap(reads('patch')),
    ...workloadKinds.flatMap(({ group, kind }) => reads('get', 'list')(group === '' ? plural(kind) : `${plural(kind)}.${group}`)),
    ...webhookConfigurations.flatMap(reads('create')),
    ...webhookConfigurations.flatMap((resource) => of(resource, ['paddock'], undefined, 'get', 'list', 'watch', 'update')),
    ...reads('get')('namespaces'),
    ...of('clusterroles.rbac.authorization.k8s.io', ['paddock-operator'], undefined, 'get'),
    ...of('customresourcedefinitions.apiextensions.k8s.io', ['gunicornpolicies.paddock.dev', 'gunicornexceptions.paddock.dev'], undefined,
      'get', 'patch'),
    ...reads('create')('events.events.k8s.io'),
    ...reportKinds.flatMap(reads('get', 'list', 'create', 'patch', 'delete')),
    { verb: 'create', resource: 'secrets', namespace: 'paddock' },
    ...of('secrets', ['paddock-ca', 'paddock-webhook-tls'], 'paddock', 'get', 'list', 'watch', 'update', 'delete'),
    { verb: 'create', resource: 'leases.coordination.k8s.io', namespace: 'paddock' },
    ...of('leases.coordination.k8s.io', ['paddock-operator'], 'paddock', 'get', 'update'),
    { verb: 'list', resource: 'endpointslices.discovery.k8s.io', namespace: 'paddock' },
  ],
  'paddock-cleanup': [
    ...webhookConfigurations.flatMap(reads('list')),
    ...webhookConfigurations.flatMap((resource) => of(resource, ['paddock'], undefined, 'delete')),
    ...reportKinds.flatMap(reads('list', 'delete')),
    ...of('deployments.apps', ['paddock-operator'], 'paddock', 'get'),
    ...of('deployments/scale.apps', ['paddock-operator'], 'paddock', 'patch'),
    ...of('secrets', ['paddock-ca', 'paddock-webhook-tls'], 'paddock', 'delete'),
    ...of('leases.coordination.k8s.io', ['paddock-operator'], 'paddock', 'delete'),
  ],
  'paddock-test': [{ verb: 'create', resource: 'deployments.apps', namespace: 'default' }],
}

const rulesOf = (object: KubernetesObject | undefined): readonly PolicyRule[] => (object?.['rules'] ?? []) as readonly PolicyRule[]

/** The rules that bind a service account: those that hold everywhere, and those of one namespace. */
function rights(objects: readonly KubernetesObject[], account: string): { rule: PolicyRule; namespace: string | undefined }[] {
  return ofKind(objects, 'ClusterRoleBinding', 'RoleBinding').flatMap(({ metadata, subjects, roleRef }) => {
    if (!(subjects as { name: string }[]).some(({ name }) => name === account)) return []
    const { kind, name } = roleRef as { kind: string; name: string }
    const role = objects.find((object) =>
      object.kind === kind && object.metadata.name === name && (kind === 'ClusterRole' || object.metadata.namespace === metadata.namespace)
    )
    return rulesOf(role).map((rule) => ({ rule, namespace: metadata.namespace }))
  })
}

function allows({ rule, namespace }: { rule: PolicyRule; namespace: string | undefined }, call: Call): boolean {
  const [resource = '', ...group] = call.resource.split('.')
  return (namespace === undefined || namespace === call.namespace) &&
    rule.apiGroups.includes(group.join('.')) && rule.resources.includes(resource) && rule.verbs.includes(call.verb) &&
    (rule.resourceNames === undefined || (call.name !== undefined && rule.resourceNames.includes(call.name)))
}

describe.each(Object.keys(calls))('%s', (account) => {
  withHelm('may do what its program does', () => {
    const granted = rights(render(), account)
    expect(granted.length).toBeGreaterThan(0)
    expect(calls[account]?.filter((call) => !granted.some((right) => allows(right, call)))).toEqual([])
  })

  withHelm('may do nothing else', () => {
    const spare = rights(render(), account).flatMap(({ rule, namespace }) =>
      rule.apiGroups.flatMap((group) =>
        rule.resources.flatMap((resource) =>
          rule.verbs.map((verb) => ({
            right: { rule: { ...rule, apiGroups: [group], resources: [resource], verbs: [verb] }, namespace },
            told: `${verb} ${resource}.${group} in ${namespace ?? 'all namespaces'}`,
          }))
        )
      )
    )
      .filter(({ right }) => !calls[account]?.some((call) => allows(right, call)))
      .map(({ told }) => told)
    expect(spare).toEqual([])
  })
})

withHelm('no rule has a wildcard, and Secrets are read by name', () => {
  const roles = [...ofKind(render(), 'Role', 'ClusterRole'), ...ofKind(render(everything), 'Role', 'ClusterRole')]
  for (const role of roles)
    for (const rule of rulesOf(role)) {
      const name = role.metadata.name
      expect({ name, wild: [...rule.apiGroups, ...rule.resources, ...rule.verbs].filter((word) => word.includes('*')) }).toEqual({ name,
        wild: [] })
      // What pulls images is bound to the namespaces that somebody names.
      if (!rule.resources.includes('secrets') || name.endsWith('-webhook-pull-secrets')) continue
      expect({ name, kind: role.kind }).toEqual({ name, kind: 'Role' })
      if (rule.resourceNames === undefined) expect({ name, verbs: rule.verbs }).toEqual({ name, verbs: ['create'] })
    }
})

withHelm('Secrets that images are pulled with are read where that is asked for, one by one, and not unless images are looked into', () => {
  const bound = (images: object): string[] =>
    ofKind(render({ images }), 'ClusterRoleBinding', 'RoleBinding').flatMap((
      { kind, metadata, roleRef },
    ) => ((roleRef as { name: string }).name === 'paddock-webhook-pull-secrets' ? [`${kind} ${metadata.namespace ?? ''}`] : []))
  expect(bound({ enabled: true })).toEqual([])
  expect(bound({ pullSecretNamespaces: ['*'] })).toEqual([])
  expect(bound({ enabled: true, pullSecretNamespaces: ['shop', 'bank'] })).toEqual(['RoleBinding shop', 'RoleBinding bank'])
  expect(bound({ enabled: true, pullSecretNamespaces: ['*'] })).toEqual(['ClusterRoleBinding '])
  const objects = render({ images: { enabled: true, pullSecretNamespaces: ['shop'] } })
  for (const account of ['paddock-webhook', 'paddock-operator']) {
    expect(rulesOf(objects.find(({ kind, metadata }) => kind === 'Role' && metadata.name === account)).at(-1)).toEqual({
      apiGroups: [''],
      resources: ['configmaps'],
      verbs: ['get', 'list', 'watch', 'create', 'update', 'delete'],
    })
    expect(rights(objects, account).some((right) => allows(right, { verb: 'get', resource: 'secrets', name: 'any', namespace: 'shop' })))
      .toBe(true)
    expect(rights(objects, account).some((right) => allows(right, { verb: 'get', resource: 'secrets', name: 'any', namespace: 'bank' })))
      .toBe(false)
  }
  expect(rulesOf(objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'paddock-webhook-pull-secrets')))
    .toEqual([{ apiGroups: [''], resources: ['secrets', 'serviceaccounts'], verbs: ['get'] }])
})

withHelm('who may edit a namespace may not write policies or exceptions for that', () => {
  for (const role of ofKind(render(), 'ClusterRole')) {
    const aggregated = Object.keys(role.metadata.labels).filter((label) => label.includes('aggregate-to-'))
    if (aggregated.length === 0) continue
    expect(aggregated).toEqual(['rbac.authorization.k8s.io/aggregate-to-view'])
    for (const { verbs } of rulesOf(role)) expect(verbs).toEqual(['get', 'list', 'watch'])
  }
})

test('every rule of the programs says why', () => {
  for (const path of ['webhook/rbac.yaml', 'operator/rbac.yaml', 'cleanup.yaml', 'tests/admission.yaml']) {
    const lines = readFileSync(join(chart, 'templates', path), 'utf8').split('\n')
    for (const block of lines.join('\n').split(/^rules:\n/m).slice(1)) {
      const rules = block.split(/^---/m)[0]?.split('\n') ?? []
      // A comment speaks of the rules below it, up to the next one.
      expect({ path, first: rules[0]?.trim().slice(0, 1) }).toEqual({ path, first: '#' })
      expect(rules.filter((line) => line.trim().startsWith('#')).length).toBeGreaterThan(0)
    }
  }
  expect(readdirSync(join(chart, 'templates'))).toContain('cleanup.yaml')
})
