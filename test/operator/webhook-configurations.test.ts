import { describe, expect, test } from '@jest/globals'
import { workloadKinds } from '../../src/kubernetes/kinds.ts'
import type { PolicyObject } from '../../src/policy/gunicorn-policy.ts'
import { preset } from '../../src/policy/presets.ts'
import { configuration, isUpToDate, webhooks, type ConfigurationSettings, type Webhook } from '../../src/operator/webhook-configurations.ts'
import type { ServedKind } from '../../src/cluster/workloads.ts'

const settings: ConfigurationSettings = { name: 'paddock', namespace: 'guard', failurePolicy: 'Ignore', timeout: 2,
  excludedNamespaces: ['ci', 'kube-system'], url: undefined }
const builtIn = ['', 'apps', 'batch']

/** What an API server with these groups serves. */
const served = (groups: readonly string[] = builtIn): ServedKind[] =>
  workloadKinds.filter(({ group }) => groups.includes(group)).map((kind) => ({
    kind,
    resource: { group: kind.group, version: 'v1', plural: `${kind.kind.toLowerCase()}s`, kind: kind.kind, namespaced: true },
  }))

const policy = (spec: PolicyObject['spec'], name = 'house'): PolicyObject => ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy',
  metadata: { name }, spec })
const everyRule = Object.keys(preset('blueking')?.rules ?? {})

const both = (policies: readonly PolicyObject[], groups?: readonly string[]) => webhooks(policies, served(groups), settings, 'PEM')
function only(hooks: readonly Webhook[]): Webhook {
  const [hook] = hooks
  if (!hook || hooks.length > 1) throw new Error(`${hooks.length} webhooks`)
  return hook
}
const asked = ({ rules }: Webhook) =>
  rules.map(({ apiGroups, resources, operations }) =>
    `${operations.join('+')} ${resources.join(',')}${apiGroups.join() === '' ? '' : `.${apiGroups.join()}`}`
  )

describe('the webhooks', () => {
  test('ask about every kind that is served, and not about updates that can bring nothing', () => {
    const { mutating, validating } = both([policy({})])
    for (const [hook, more] of [[only(mutating), []], [only(validating), ['UPDATE pods/ephemeralcontainers']]] as const) {
      expect(asked(hook)).toEqual([
        'CREATE pods',
        'CREATE+UPDATE podtemplates,replicationcontrollers',
        'CREATE+UPDATE daemonsets,deployments,replicasets,statefulsets.apps',
        'CREATE jobs.batch',
        'CREATE+UPDATE cronjobs.batch',
        ...more,
      ])
    }
    const all = both([policy({})], [...builtIn, 'argoproj.io', 'serving.knative.dev'])
    expect(asked(only(all.validating))).toEqual(expect.arrayContaining([
      'CREATE+UPDATE rollouts.argoproj.io',
      'CREATE revisions.serving.knative.dev',
      'CREATE+UPDATE configurations,services.serving.knative.dev',
    ]))
    expect(all.validating[0]?.rules).toHaveLength(9)
  })

  test('are as the settings say, with all that the API server would fill in', () => {
    const { mutating, validating } = both([policy({})])
    const { rules: _rules, matchConditions: _conditions, ...rest } = only(validating)
    expect(rest).toEqual({
      name: 'validate.paddock.dev',
      admissionReviewVersions: ['v1'],
      clientConfig: { service: { name: 'paddock-webhook', namespace: 'guard', path: '/validate', port: 443 }, caBundle: 'UEVN' },
      failurePolicy: 'Ignore',
      matchPolicy: 'Equivalent',
      namespaceSelector: {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['ci', 'guard', 'kube-node-lease', 'kube-system'] },
          { key: 'paddock.dev/admission', operator: 'NotIn', values: ['disabled'] },
        ],
      },
      objectSelector: {},
      sideEffects: 'None',
      timeoutSeconds: 2,
    })
    expect(only(mutating).reinvocationPolicy).toBe('IfNeeded')
    expect(only(webhooks([policy({})], served(), { ...settings, url: 'https://127.0.0.1:8443' }, '').mutating).clientConfig).toEqual({
      url: 'https://127.0.0.1:8443/mutate',
    })
  })

  test('are none without a policy, and none that fixes where no policy does', () => {
    expect(both([])).toEqual({ mutating: [], validating: [] })
    expect(both([policy({ preset: 'kubernetes', match: { kinds: ['Rollout'] } })])).toEqual({ mutating: [], validating: [] })
    const { rules } = only(both([policy({})]).validating)
    expect(rules.length).toBeGreaterThan(0)
    const actions = (action: 'Off' | 'Audit') => Object.fromEntries(everyRule.map((id) => [id, action]))
    expect(both([policy({ rules: actions('Off') })])).toEqual({ mutating: [], validating: [] })
    const audit = both([policy({ rules: actions('Audit') })])
    expect([audit.mutating.length, audit.validating.length]).toEqual([0, 1])
    // One that cannot be read as to whom it governs governs nobody.
    expect(both([policy({ match: { kinds: ['Nothing'] } })])).toEqual({ mutating: [], validating: [] })
  })

  test('ask for containers whose command is not in sight where they are told of', () => {
    const asks = (spec: PolicyObject['spec']): boolean =>
      only(both([policy(spec)]).validating).matchConditions.every(({ name }) => name !== 'may-start-gunicorn')
    const asksForAll = (action: NonNullable<PolicyObject['spec']['rules']>[string]): boolean =>
      asks({ rules: { 'unresolved-command': action } })
    // What an image starts is in no word of the object.
    expect([asks({}), asks({ dependencies: { images: 'Never' } }), asks({ dependencies: { images: 'Always' } })]).toEqual([false, false,
      true])
    expect((['Off', 'Audit', 'Warn', 'Deny', 'Fix'] as const).map(asksForAll)).toEqual([false, false, true, true, true])
    expect((['Off', 'Audit', 'Warn', 'Deny'] as const).map((otherwise) => asksForAll({ action: 'Fix', otherwise }))).toEqual([false, false,
      true, true])
  })

  test('ask about the kinds and namespaces that policies name', () => {
    const web = { matchLabels: { tier: 'web' } }
    const one = only(both([policy({ match: { kinds: ['Deployment', 'CronJob'], namespaceSelector: web } })]).validating)
    expect(asked(one)).toEqual(['CREATE+UPDATE deployments.apps', 'CREATE+UPDATE cronjobs.batch'])
    expect(one.namespaceSelector).toMatchObject(web)
    const expressions = [{ key: 'tier', operator: 'Exists' as const }]
    const two = only(
      both([policy({ match: { namespaceSelector: { matchExpressions: expressions } } }),
        policy({ match: { namespaceSelector: { matchExpressions: expressions }, kinds: ['Pod'] } }, 'pods')]).validating,
    )
    expect(two.namespaceSelector.matchExpressions?.slice(2)).toEqual(expressions)
    expect(asked(only(both([policy({ match: { kinds: ['Pod'] } })]).validating))).toEqual(['CREATE pods',
      'UPDATE pods/ephemeralcontainers'])
    // Of several selectors none can be taken.
    const others = only(both([policy({ match: { namespaceSelector: web } }), policy({}, 'other')]).validating)
    expect(others.namespaceSelector).toEqual(only(both([policy({})]).validating).namespaceSelector)
  })
})

test('an update that leaves the template alone is asked about where any policy wants it mended', () => {
  const asks = (...policies: PolicyObject[]) =>
    both(policies).mutating[0]?.matchConditions.every(({ name }) => name !== 'brings-a-template')
  expect(asks(policy({}))).toBe(false)
  expect(asks(policy({ existing: 'Deny' }))).toBe(false)
  expect(asks(policy({ existing: 'Fix' }))).toBe(true)
  // The word of one policy holds for the rules of another.
  expect(asks(policy({}), policy({ existing: 'Fix', rules: Object.fromEntries(everyRule.map((id) => [id, 'Off' as const])) }, 'other')))
    .toBe(true)
})

describe('a configuration', () => {
  const { validating } = both([policy({})])
  const owner = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'paddock-operator', uid: '1' }
  const kind = 'ValidatingWebhookConfiguration'

  test('keeps what others have written on it, and an owner that was made anew is replaced', () => {
    const standing = { ...configuration(kind, 'paddock', [], { ...owner, uid: '0' }),
      metadata: { name: 'paddock', resourceVersion: '7', labels: { theirs: 'yes' }, annotations: { note: 'x' },
        ownerReferences: [{ ...owner, uid: '0' }, { ...owner, kind: 'Namespace', name: 'x', uid: '9' }] } }
    const { metadata, webhooks: hooks } = configuration(kind, 'paddock', validating, owner, standing)
    expect(metadata.labels).toMatchObject({ theirs: 'yes', 'app.kubernetes.io/managed-by': 'paddock-operator' })
    expect([metadata.resourceVersion, metadata.annotations]).toEqual(['7', { note: 'x' }])
    expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['9', '1'])
    expect(hooks).toBe(validating)
  })

  test('is up to date in whatever order its fields stand, and without its empty list', () => {
    const wanted = configuration(kind, 'paddock', validating, owner)
    const reversed = JSON.parse(
      JSON.stringify(wanted, (_key, value: unknown) => (typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse()) : value)),
    ) as typeof wanted
    expect(isUpToDate(reversed, wanted)).toBe(true)
    expect(isUpToDate(configuration(kind, 'paddock', [], owner), wanted)).toBe(false)
    expect(isUpToDate(configuration(kind, 'paddock', validating, undefined), wanted)).toBe(false)
    const { webhooks: _hooks, ...empty } = configuration(kind, 'paddock', [], owner)
    expect(isUpToDate(empty, configuration(kind, 'paddock', [], owner))).toBe(true)
  })
})
