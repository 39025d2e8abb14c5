/** Updates: what the stored object had already, and who writes. With real controllers: test/e2e/existing.test.ts. */
import { describe, expect, test } from '@jest/globals'
import { onFaultOf, responder, type RespondOptions } from '../../src/admission/respond.ts'
import { applyPatch } from '../../src/edit.ts'
import { controllerUsers, makers, userOf } from '../../src/kubernetes/controllers.ts'
import type { AdmissionRequest, AdmissionReview, Operation } from '../../src/kubernetes/review.ts'
import { Policies, type ExceptionObject, type PolicySpec } from '../../src/policy/policies.ts'

const policy = (spec: PolicySpec, name = 'house') => ({ apiVersion: 'paddock.dev/v1alpha1' as const, kind: 'GunicornPolicy' as const,
  metadata: { name }, spec })
const legacy: ExceptionObject = {
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornException',
  metadata: { name: 'legacy', namespace: 'shop' },
  spec: { workloads: [{ name: 'legacy' }], rules: ['loopback-bind'], reason: 'for now' },
}
type Spec = readonly PolicySpec[] | PolicySpec
const respondBy = (specs: Spec, options: RespondOptions = {}) => {
  const policies = new Policies([specs].flat().map((spec, index) => policy(spec, `p${index}`)), [legacy])
  return responder((workload) => policies.for(workload, {}, 0), options)
}

const loopback = ['gunicorn', 'wsgi', '-b', '127.0.0.1:8000']
const bare = ['gunicorn', 'wsgi']
interface Written {
  readonly metadata: object
  readonly spec: { readonly template: { readonly metadata?: object; readonly spec: object } }
}
const deployment = (command: readonly string[], metadata: object = {}, more: object = {}) => ({ apiVersion: 'apps/v1', kind: 'Deployment',
  metadata: { name: 'web', ...metadata },
  spec: { replicas: 1, template: { spec: { containers: [{ name: 'web', image: 'shop:1', command }] } }, ...more } })
const withTemplate = (object: Written, template: object) => ({ ...object,
  spec: { ...object.spec, template: { ...object.spec.template, ...template } } })

const review = (request: Partial<AdmissionRequest>): AdmissionReview => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', namespace: 'shop', userInfo: { username: 'alice' }, ...request } })
const update = (oldObject: unknown, object: unknown, more: Partial<AdmissionRequest> = {}) =>
  review({ operation: 'UPDATE', oldObject, object, ...more })

/** Of the rules that are told of, those that matter here. */
const watched = new Set(['loopback-bind', 'unknown-setting', 'excess-workers', 'short-timeout', 'missing-bind', 'unread-command'])
/** What /validate says: `denied: rule,…` or `warned: …`, or `allowed`. */
function verdict(of: AdmissionReview, specs: Spec = {}, options?: RespondOptions): string {
  const { outcome, findings } = respondBy(specs, options)('validate', of)
  const told = findings.filter(({ action }) => action === (outcome === 'denied' ? 'Deny' : 'Warn')).map(({ rule }) => rule).filter((rule) =>
    watched.has(rule)
  )
  return [outcome, told.join()].filter((text) => text !== '').join(': ')
}
const isMended = (of: AdmissionReview, specs: Spec = {}, options?: RespondOptions): boolean =>
  respondBy(specs, options)('mutate', of).response.response.patch !== undefined

describe('an update that leaves the template alone', () => {
  const changes: [string, Written, object][] = [
    ['an annotation', deployment(loopback), deployment(loopback, { annotations: { note: 'x' } })],
    ['a label', deployment(loopback), deployment(loopback, { labels: { team: 'x' } })],
    ['replicas', deployment(loopback), deployment(loopback, {}, { replicas: 3 })],
    ['an owner taken off', deployment(loopback, { ownerReferences: [{ kind: 'ConfigMap', name: 'x' }] }), deployment(loopback)],
    ['nothing', deployment(loopback), deployment(loopback)],
  ]
  test.each(changes)('is let in with a warning, and not mended: %s', (_what, before, after) => {
    expect([verdict(update(before, after)), isMended(update(before, after))]).toEqual(['warned: loopback-bind', false])
  })
  test.each(changes)('is denied or mended where the policy says so: %s', (_what, before, after) => {
    expect([verdict(update(before, after), { existing: 'Deny' }), isMended(update(before, after), { existing: 'Deny' })]).toEqual([
      'denied: loopback-bind',
      false,
    ])
    expect([verdict(update(before, after), { existing: 'Fix' }), isMended(update(before, after), { existing: 'Fix' })]).toEqual([
      'warned: loopback-bind',
      true,
    ])
  })
  test('what would have been mended is told', () => {
    expect(verdict(update(deployment(bare), deployment(bare, { annotations: { a: 'b' } })))).toMatch(/^warned: .*missing-bind/)
    expect(verdict(update(deployment(bare), deployment(bare)), { rules: { 'missing-bind': { action: 'Fix', otherwise: 'Deny' } } }))
      .toMatch(/^warned: .*missing-bind/)
  })
  test('as Go writes it, which puts in and leaves out what is empty', () => {
    const [before] = [deployment(loopback)]
    const [container] = before.spec.template.spec.containers
    const after = withTemplate(before, { metadata: { creationTimestamp: null },
      spec: { containers: [{ ...container, resources: {}, args: [], stdin: false, workingDir: '' }], hostNetwork: false } })
    expect([verdict(update(before, after)), isMended(update(before, after))]).toEqual(['warned: loopback-bind', false])
    expect(isMended(update(after, before))).toBe(false)
  })
  test('of a CronJob that is suspended', () => {
    const cronJob = (suspend: boolean) => ({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'x' },
      spec: { suspend, jobTemplate: { spec: { template: { spec: { containers: [{ name: 'web', command: loopback }] } } } } } })
    expect([verdict(update(cronJob(false), cronJob(true))), isMended(update(cronJob(false), cronJob(true)))]).toEqual([
      'warned: loopback-bind',
      false,
    ])
  })
  test('of a BkApp that is scaled, and of one that is not', () => {
    const app = (replicas: number, args: readonly string[]) => ({ apiVersion: 'paas.bk.tencent.com/v1alpha2', kind: 'BkApp',
      metadata: { name: 'x' }, spec: { processes: [{ name: 'web', replicas, command: ['gunicorn'], args }] } })
    expect(isMended(update(app(1, ['wsgi']), app(3, ['wsgi'])))).toBe(false)
    expect(isMended(update(app(1, ['wsgi']), app(1, ['wsgi', '-w', '4'])))).toBe(true)
  })
  test('is let in though the inspection fails on it', () => {
    const policies = new Policies([policy({ onFault: 'Deny' })])
    const onFault = (after: object) => onFaultOf((workload) => policies.for(workload, {}, 0), update(deployment(loopback), after))
    expect([onFault(deployment(loopback, {}, { replicas: 5 })), onFault(deployment(bare))]).toEqual(['Allow', 'Deny'])
  })
})

describe('an update that brings another template', () => {
  const before = deployment(loopback)
  const containers = (...commands: readonly (readonly string[])[]) =>
    withTemplate(before, {
      spec: {
        containers: commands.map((command, index) => ({ name: index === 0 ? 'web' : `c${index}`, image: 'shop:2', command,
          ports: [{ containerPort: 8000 }] })
        ),
      },
    })

  test('is mended, and an old fault that stays only warns', () => {
    expect([verdict(update(before, containers(loopback))), isMended(update(before, containers(loopback)))]).toEqual([
      'warned: loopback-bind',
      true,
    ])
  })
  test.each<[string, readonly (readonly string[])[], string]>([
    ['another value', [['gunicorn', 'wsgi', '-b', '127.0.0.1:9000']], 'denied: loopback-bind'],
    ['another rule', [[...loopback, '--nope']], 'denied: unknown-setting'],
    ['the same fault in another container', [loopback, loopback], 'denied: loopback-bind'],
    ['the same fault in the same container, once more', [['sh', '-c', 'gunicorn wsgi -b 127.0.0.1:8000 & gunicorn wsgi -b 127.0.0.1:8000']],
      'denied: loopback-bind'],
    ['the words moved', [['python', '-m', 'gunicorn', '--bind=127.0.0.1:8000', 'wsgi']], 'warned: loopback-bind'],
    ['a container moved', [['celery'], loopback], 'denied: loopback-bind'],
    ['the fault gone', [['gunicorn', 'wsgi', '-b', ':8000']], 'allowed'],
  ])('a new fault is denied: %s', (_what, commands, expected) => {
    const got = verdict(update(before, containers(...commands)))
    // Others that the preset warns of do not matter here.
    if (expected === 'allowed') expect(got).not.toMatch(/denied|loopback/)
    else expect(got.startsWith(expected.split(':')[0] ?? '') && got.includes(expected.split(': ')[1] ?? '')).toBe(true)
  })
  test('one fault of two that is taken away, and containers in another order', () => {
    const two = withTemplate(before, {
      spec: { containers: [{ name: 'a', command: ['gunicorn', 'wsgi', '--nope', '--never'] }, { name: 'b', command: loopback }] },
    })
    const turned = withTemplate(before, {
      spec: { containers: [{ name: 'b', command: loopback }, { name: 'a', command: ['gunicorn', 'wsgi', '--never'] }] },
    })
    expect(verdict(update(two, turned))).toMatch(/^warned: .*loopback-bind/)
  })
  test('numbers in the reason depend on other fields', () => {
    const limited = (memory: string) =>
      withTemplate(before, {
        spec: {
          containers: [{ name: 'web', command: ['gunicorn', 'wsgi', '-b', ':8000', '-w', '64'], resources: { limits: { memory } } }],
        },
      })
    const rules = { 'excess-workers': 'Deny' } as const
    expect(verdict(update(limited('128Mi'), limited('256Mi')), { rules })).toMatch(/^warned: .*excess-workers/)
    expect(verdict(review({ object: limited('256Mi') }), { rules })).toMatch(/^denied: .*excess-workers/)
  })
  test('one that is no longer switched off is new', () => {
    const allowing = (annotations: object) => deployment(['gunicorn', 'wsgi', '-b', ':8000', '-t', '5'], { annotations })
    const spec: PolicySpec = { rules: { 'short-timeout': 'Deny' }, allow: ['short-timeout'] }
    expect(verdict(update(allowing({ 'paddock.dev/allow': 'short-timeout' }), allowing({})), spec)).toMatch(/^denied: .*short-timeout/)
  })
  test('what is not read to its end is old where nothing of it has changed', () => {
    const bulk = (app: string, image = 'shop:1') =>
      withTemplate(before, { spec: { containers: [{ name: 'web', image, command: ['sh', '-c', `gunicorn ${app}; `.repeat(5000)] }] } })
    const spec: PolicySpec = { rules: { 'unread-command': 'Deny' } }
    expect(verdict(review({ object: bulk('a') }), spec)).toMatch(/^denied: .*unread-command/)
    expect(verdict(update(bulk('a'), bulk('a', 'shop:2')), spec)).toMatch(/^warned/)
    expect(verdict(update(bulk('a'), bulk('b')), spec)).toMatch(/^denied: .*unread-command/)
  })
  test('nothing is known to have been there without the stored object', () => {
    for (const oldObject of [undefined, null, 'x'])
      expect(verdict(update(oldObject, deployment(loopback)))).toMatch(/^denied: loopback-bind/)
    expect(verdict(update({}, deployment(loopback)))).toMatch(/^denied: loopback-bind/)
    expect(verdict(review({ object: deployment(loopback), oldObject: deployment(loopback) }))).toMatch(/^denied: loopback-bind/)
  })
})

describe('what controllers write', () => {
  const owner = (kind: string, name: string, apiVersion = 'apps/v1') => ({
    ownerReferences: [{ apiVersion, kind, name, controller: true }],
  })
  const pod = (metadata: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', ...metadata },
    spec: { containers: [{ name: 'web', command: loopback }] } })
  const replicaSet = (metadata: object) => ({ ...deployment(loopback, metadata), kind: 'ReplicaSet' })
  const specs: Spec[] = [{}, [{}, { match: { workloadSelector: { matchLabels: { no: 'such' } } } }], {
    match: { kinds: ['Pod', 'ReplicaSet'] },
  }, { existing: 'Fix' }, { existing: 'Deny' }]

  test.each(controllerUsers)('%s: is not mended, and later on not judged', (username) => {
    for (const spec of specs) {
      expect(isMended(review({ object: replicaSet({}), userInfo: { username } }), spec)).toBe(false)
      expect(isMended(update(replicaSet(owner('Deployment', 'web')), replicaSet({}), { userInfo: { username } }), spec)).toBe(false)
      expect(verdict(update(deployment(bare), deployment([...loopback, '--nope']), { userInfo: { username } }), spec)).toBe('allowed')
    }
  })
  const byReplicaSets = { userInfo: { username: userOf('replicaset-controller') } }
  test('is judged when it is made by those that have not judged what it is made of', () => {
    const made = review({ object: pod(owner('ReplicaSet', 'web-1')), ...byReplicaSets })
    expect(verdict(made, {})).toBe('allowed')
    // That another policy is asked about Pods is none of its business.
    expect(
      verdict(made, [{}, { match: { workloadSelector: { matchLabels: { no: 'such' } } }, rules: { 'loopback-bind': 'Deny' },
        priority: 5 }]),
    ).toBe('allowed')
    expect(verdict(made, { match: { kinds: ['Pod'] } })).toMatch(/^denied: loopback-bind/)
    expect(verdict(made, { match: { kinds: ['Pod', 'ReplicaSet'] } })).toBe('allowed')
    expect(
      verdict(review({ object: pod({ ...owner('ReplicaSet', 'web-1'), labels: { tier: 'web' } }), ...byReplicaSets }), [{}, {
        match: { workloadSelector: { matchLabels: { tier: 'web' } } },
        rules: { 'loopback-bind': 'Deny' },
        priority: 5,
      }]),
    ).toMatch(/^denied: loopback-bind/)
    // Nobody else is believed.
    expect(verdict(review({ object: pod(owner('ReplicaSet', 'web-1')) }))).toMatch(/^denied: loopback-bind/)
  })
  test('all that make something are known', () => {
    expect(makers).toHaveLength(7)
    expect(new Set(controllerUsers).size).toBe(10)
  })

  const argo = 'system:serviceaccount:argo-rollouts:argo-rollouts'
  const byArgo = { userInfo: { username: argo } }
  test('of others: what they make out of a workload is not mended, and is judged unless they are named', () => {
    const made = replicaSet(owner('Rollout', 'web', 'argoproj.io/v1alpha1'))
    expect([isMended(review({ object: made, ...byArgo })), isMended(review({ object: made }))]).toEqual([false, true])
    // Of what they make out of an object that Paddock does not know, it is the first to see.
    expect(isMended(review({ object: deployment(bare, owner('Shop', 'web', 'example.com/v1')), ...byArgo }), {}, { controllers: [argo] }))
      .toBe(true)
    expect([verdict(review({ object: made, ...byArgo })), verdict(review({ object: made, ...byArgo }), {}, { controllers: [argo] })])
      .toEqual([expect.stringMatching(/^denied: loopback-bind/), 'allowed'])
    expect(
      verdict(review({ object: deployment(loopback, owner('Shop', 'web', 'example.com/v1')), ...byArgo }), {}, { controllers: [argo] }),
    ).toMatch(/^denied: loopback-bind/)
  })

  const hashed = { labels: { 'pod-template-hash': 'abc', 'rollouts-pod-template-hash': 'abc' } }
  const ofLegacy = { ...owner('ReplicaSet', 'legacy-abc'), ...hashed }
  test('an exception holds for what they have made, and not for what only says so', () => {
    const pods: PolicySpec = { match: { kinds: ['Pod'] } }
    expect(verdict(review({ object: pod(ofLegacy), ...byReplicaSets }), pods)).not.toMatch(/denied/)
    for (const username of ['alice', 'system:serviceaccount:shop:replicaset-controller', 'system:serviceaccount:shop:default', ''])
      expect(verdict(review({ object: pod(ofLegacy), userInfo: { username } }), pods)).toMatch(/^denied: loopback-bind/)
    // In a file it is not known who writes.
    const { userInfo: _user, ...request } = review({ object: pod(ofLegacy) }).request
    expect(verdict({ ...review({}), request }, pods)).not.toMatch(/denied/)
    const made = replicaSet({ ...owner('Rollout', 'legacy', 'argoproj.io/v1alpha1') })
    const replicaSets: PolicySpec = { match: { kinds: ['ReplicaSet'] } }
    expect([verdict(review({ object: made, ...byArgo }), replicaSets),
      verdict(review({ object: made, ...byArgo }), replicaSets, { controllers: [argo] })]).toEqual([
        expect.stringMatching(/^denied: loopback-bind/),
        expect.not.stringMatching(/denied/),
      ])
  })
})

describe('containers for debugging', () => {
  const pod = (command: readonly string[], ...ephemeral: readonly (readonly [string, readonly string[]])[]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'web', command }], ephemeralContainers: ephemeral.map(([name, words]) => ({ name, command: words })) },
  })
  const debugged = (before: object, after: object) => update(before, after, { subResource: 'ephemeralcontainers' })

  test.each(['Warn', 'Fix', 'Deny'] as const)('are judged, alone, and never mended: existing is %s', (existing) => {
    const spec = { existing }
    for (const command of [loopback, ['nginx']]) {
      expect(verdict(debugged(pod(command), pod(command, ['a', loopback])), spec)).toMatch(/^denied: loopback-bind/)
      expect(verdict(debugged(pod(command), pod(command, ['a', ['sh']])), spec)).toBe('allowed')
      // One that is there cannot be taken away.
      expect(verdict(debugged(pod(command, ['a', loopback]), pod(command, ['a', loopback], ['b', ['sh']])), spec)).toBe('allowed')
      expect(isMended(debugged(pod(command), pod(command, ['a', bare])), spec)).toBe(false)
    }
    expect(verdict(update(pod(loopback), pod(loopback, ['a', loopback])), spec)).toBe('allowed')
  })
})

describe('what is malformed', () => {
  const broken = { apiVersion: 'apps.kruise.io/v1alpha1', kind: 'CloneSet', metadata: { name: 'x' },
    spec: { template: { spec: { containers: [{ name: 'a', args: 'gunicorn app' }, { name: 'b', command: bare }] } } } }
  const audit: PolicySpec = {
    rules: Object.fromEntries(
      Object.keys(
        new Policies([policy({})]).for({ apiVersion: '', kind: '', namespace: '', name: '', labels: {}, owners: [] }, {}, 0)?.rules ?? {},
      ).map((id) => [id, 'Audit']),
    ),
  }
  const warn: PolicySpec = { rules: Object.fromEntries(Object.keys(audit.rules ?? {}).map((id) => [id, 'Warn'])) }

  test('is let be by /mutate, and spoken of where a policy governs it', () => {
    for (const spec of [{}, audit, warn])
      expect(respondBy(spec)('mutate', review({ object: broken })).response.response).toEqual({ uid: 'u', allowed: true })
    expect(respondBy({})('validate', review({ object: broken })).response.response.status).toMatchObject({ code: 422,
      message: 'CloneSet "x" is invalid: spec.template.spec.containers[0].args: Invalid value: "gunicorn app": must be a list of strings' })
    expect(respondBy({ match: { kinds: ['Pod'] } })('validate', review({ object: broken })).response.response).toEqual({ uid: 'u',
      allowed: true })
    expect(respondBy(audit)('validate', review({ object: broken })).response.response).not.toHaveProperty('warnings')
    const warned = respondBy(warn)('validate', review({ object: broken })).response.response
    expect([warned.allowed, warned.warnings?.[0], warned.warnings?.[1]]).toEqual([true,
      expect.stringContaining('containers[0].args: Invalid value'), expect.stringContaining('containers[1]')])
  })
  test('what was so before is no reason to deny an update, and what is new in the rest is', () => {
    expect(verdict(update(broken, { ...broken, metadata: { name: 'x', labels: { a: 'b' } } }))).toMatch(/^warned/)
    const worse = { ...broken, spec: {
      template: {
        spec: {
          containers: [broken.spec.template.spec.containers[0], { name: 'b', command: loopback, ports: [{ containerPort: 8000 }] }],
        },
      },
    } }
    expect(verdict(update(broken, worse))).toMatch(/^denied: loopback-bind/)
    expect(respondBy({ existing: 'Deny' })('validate', update(broken, broken)).response.response.status?.code).toBe(422)
  })
})

test('a patch that is sent applies', () => {
  for (const command of [bare, ['sh', '-c', 'exec gunicorn wsgi'], ['gunicorn', '--workers 4', 'wsgi']]) {
    const object = deployment(command)
    const { patch = '' } = respondBy({})('mutate', review({ object })).response.response
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[]
    expect(isMended(review({ object: applyPatch(object, operations) }))).toBe(false)
  }
})
