import { describe, expect, test } from '@jest/globals'
import { onFaultOf, responder } from '../../src/admission/respond.ts'
import type { AdmissionReview } from '../../src/kubernetes/review.ts'
import type { ExceptionObject, PolicySpec } from '../../src/policy/policies.ts'
import { Policies, type Governed } from '../../src/policy/policies.ts'

const policy = (name: string, spec: PolicySpec) => ({ apiVersion: 'paddock.dev/v1alpha1' as const, kind: 'GunicornPolicy' as const,
  metadata: { name }, spec })
const exception = (name: string, rules: string[]): ExceptionObject => ({
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornException',
  metadata: { name, namespace: 'shop' },
  spec: { workloads: [{ name: 'web' }], rules, reason: 'for now' },
})

const review = (command: readonly string[], namespace = 'shop', more: object = {}): AdmissionReview => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    operation: 'CREATE',
    namespace,
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...more },
      spec: { containers: [{ name: 'app', command, env: [{ name: 'PORT', value: '5000' }] }] } },
  },
})

const complete = ['gunicorn', 'app', '-w', '4', '-b', ':$(PORT)', '--access-logfile', '-', '--error-logfile', '-', '--access-logformat',
  '%(h)s', '--worker-tmp-dir', '/dev/shm']

const respondBy = (policies: Policies) => responder((workload: Governed) => policies.for(workload, {}, 0))

describe('what no policy governs', () => {
  const respond = respondBy(new Policies([policy('jobs', { match: { kinds: ['Job'] } })]))
  test.each(['mutate', 'validate'] as const)('%s: it is let in, and nothing is said', (operation) => {
    expect(respond(operation, review(['gunicorn', '--nope'])).response.response).toEqual({ uid: 'u', allowed: true })
  })
})

describe('where several policies decide', () => {
  const respond = respondBy(
    new Policies([policy('high', { priority: 1, rules: { 'loopback-bind': 'Deny', 'few-workers': 'Warn', 'missing-workers': 'Fix' } }),
      policy('base', { preset: 'blueking' })]),
  )

  test('a denial says who wants what', () => {
    const { response } = respond('validate', review(['gunicorn', 'app', '-b', '127.0.0.1:80', '-k', 'sunc'])).response
    expect(response.status?.message).toMatch(
      /^violates GunicornPolicy "high": \S+ Invalid value: "127\.0\.0\.1:80": .* \[loopback-bind\] .*\.\nviolates GunicornPolicy "base": .*"sunc".* \[unknown-worker-class\] .*\.$/,
    )
    expect(response.auditAnnotations?.['policy']).toBe('base,high')
    expect(response.status?.details?.causes).toHaveLength(2)
  })

  test('warnings each name theirs', () => {
    const { response } = respond('validate', review([...complete.slice(0, 3), '1', ...complete.slice(4), '-t', '10'])).response
    expect(response.warnings?.map((text) => /^would violate GunicornPolicy "(\w+)".*\[([\w-]+)\]/.exec(text)?.slice(1))).toEqual([['high',
      'few-workers'], ['base', 'short-timeout']])
  })

  test('and so does what is fixed', () => {
    const { response } = respond('mutate', review(['gunicorn', 'app', '-b', ':$(PORT)'])).response
    expect(response.warnings).toEqual([
      'fixes by GunicornPolicy "base" in container "app": missing-access-log, missing-access-log-format, missing-error-log',
      'fixes by GunicornPolicy "high" in container "app": missing-workers',
    ])
    expect(response.auditAnnotations).toEqual({ policy: 'base,high',
      fixed: 'missing-access-log,missing-access-log-format,missing-error-log,missing-workers' })
  })
})

describe('an exception', () => {
  const policies = new Policies([policy('p', {})], [exception('until-march', ['loopback-bind', 'missing-workers'])])
  const respond = respondBy(policies)
  const loopback = ['gunicorn', 'app', '-b', '127.0.0.1:5000', ...complete.slice(6)]

  test('lets the finding pass, and is named in the audit log', () => {
    const answer = respond('validate', review(loopback))
    expect(answer.response.response).toEqual({ uid: 'u', allowed: true,
      auditAnnotations: { policy: 'p', rules: 'loopback-bind,missing-workers', exceptions: 'until-march' } })
    expect(answer.findings.map(({ rule, action }) => [rule, action])).toEqual([['loopback-bind', 'Audit'], ['missing-workers', 'Audit']])
  })

  test('is none in another namespace', () => {
    expect(respond('validate', review(loopback, 'cart')).response.response.allowed).toBe(false)
  })

  test('keeps its rule from being fixed, and no other', () => {
    const { response } = respond('mutate', review(['gunicorn', 'app'])).response
    expect(response.auditAnnotations?.['fixed']).toBe('missing-access-log,missing-access-log-format,missing-bind,missing-error-log')
  })

  test('holds for the Pod of a Deployment of that name', () => {
    const more = { name: undefined, generateName: 'web-5d4f-', labels: { 'pod-template-hash': '5d4f' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-5d4f', controller: true }] }
    expect(respond('validate', review(loopback, 'shop', more)).response.response.allowed).toBe(true)
  })
})

describe('what is known of images', () => {
  const policies = (spec: PolicySpec): Policies =>
    new Policies([policy('house', { preset: 'kubernetes', defaults: { accesslog: null }, ...spec })])
  const bare = { digest: 'sha256:1', python: '3.12', folders: ['/site'],
    distributions: { gunicorn: { state: 'Installed', version: '23.0.0', evidence: 'layer sha256:1: gunicorn-23.0.0.dist-info' },
      gevent: { state: 'Absent', evidence: '' } } } as const
  const asked = { dependencies: { images: 'Always' } } as const
  const gevent = review(['gunicorn', 'app', '-b', ':8000', '-k', 'gevent'], 'shop')
  const pod = (gevent.request.object as { spec: { containers: [{ image: string }] } }).spec
  pod.containers[0].image = 'shop:1'
  const respond = (spec: PolicySpec, answer: typeof bare | string | undefined) =>
    responder((workload: Governed) => policies(spec).for(workload, {}, 0), {}, () => () => answer)

  test('it is denied where it is absent, warned of where that is not known, and neither where the policy does not ask', () => {
    const denied = respond(asked, bare)('validate', gevent).response.response
    expect(denied.status?.message).toContain('needs gevent, which is not in image "shop:1" [missing-worker-dependency]')
    const [unknown] = respond(asked, 'registry.example.com cannot be reached')('validate', gevent).response.response.warnings ?? []
    expect(unknown).toContain('needs gevent, and its image (registry.example.com cannot be reached) does not tell')
    const [unasked] = respond({}, bare)('validate', gevent).response.response.warnings ?? []
    expect(unasked).toContain('needs gevent, and nothing tells whether it is installed')
  })

  test('the class that takes its place is told, with why', () => {
    const spec: PolicySpec = { ...asked, workerFallback: 'gthread', rules: { 'missing-worker-dependency': 'Fix' } }
    const { patch, warnings } = respond(spec, bare)('mutate', gevent).response.response
    expect(JSON.parse(Buffer.from(patch ?? '', 'base64').toString())).toEqual([
      { op: 'replace', path: '/spec/containers/0/command/5', value: 'gthread' },
      { op: 'add', path: '/spec/containers/0/command/-', value: '--threads' },
      { op: 'add', path: '/spec/containers/0/command/-', value: '4' },
    ])
    expect(warnings).toEqual([
      'GunicornPolicy "house" puts gthread in its place: `worker_class` of container "app", set by `-k`, needs gevent, which is not in image "shop:1". Add gevent to requirements.txt, or take another worker class.',
      'fixes by GunicornPolicy "house" in container "app": missing-worker-dependency',
    ])
  })

  test('an update of what was there already', () => {
    const spec: PolicySpec = { ...asked }
    const update = { ...gevent,
      request: { ...gevent.request, operation: 'UPDATE',
        oldObject: structuredClone({ ...(gevent.request.object as object),
          metadata: { name: 'web', labels: { a: 'b' } } }) } } as AdmissionReview
    ;(update.request as { object: object }).object = { ...(gevent.request.object as object), apiVersion: 'v1', kind: 'Pod' }
    expect(respond(spec, bare)('validate', update).response.response.allowed).toBe(true)
  })
})

test('what is done about a fault is the policy of the workload to say', () => {
  const policies = new Policies([policy('strict', { match: { namespaceSelector: { matchLabels: { env: 'prod' } } }, onFault: 'Deny' }),
    policy('base', {})])
  const onFault = (namespace: string) =>
    onFaultOf((workload) => policies.for(workload, { env: workload.namespace }, 0), review([], namespace))
  expect([onFault('prod'), onFault('dev')]).toEqual(['Deny', 'Allow'])
  expect(onFaultOf(() => {
    throw new Error('broken')
  }, review([]))).toBe('Allow')
})
