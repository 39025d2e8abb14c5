import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { run } from './in-memory.ts'

const policies = `apiVersion: paddock.dev/v1alpha1
kind: GunicornPolicy
metadata: {name: storefront}
spec:
  priority: 10
  match: {namespaceSelector: {matchLabels: {team: storefront}}}
  rules: {loopback-bind: Audit}
---
apiVersion: paddock.dev/v1alpha1
kind: GunicornPolicy
metadata: {name: base}
spec: {preset: kubernetes}
---
apiVersion: paddock.dev/v1alpha1
kind: GunicornPolicy
metadata: {name: jobs}
spec: {match: {kinds: [Job]}}
`
const exception = `apiVersion: paddock.dev/v1alpha1
kind: GunicornException
metadata: {name: legacy, namespace: shop}
spec: {workloads: [{name: web}], rules: [loopback-bind], reason: the sidecar, owner: me, expiry: 2027-01-01T00:00:00Z}
`
const pod = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: app
      command: [gunicorn, app, -b, "127.0.0.1:8000", --access-logfile, "-", --error-logfile, "-", --worker-tmp-dir, /dev/shm]
`
const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: storefront}}\n'

interface Json {
  readonly workloads: readonly { readonly findings: readonly Record<string, unknown>[] }[]
}

const found = (out: string): unknown[] =>
  (JSON.parse(out) as Json).workloads.flatMap(({ findings }) =>
    findings.map(({ rule, action, policy, exception: by }) => [rule, action, policy, by])
  )

describe('check --policy', () => {
  test.each<[string, Record<string, string>, string[], unknown[]]>([
    ['several documents; the namespace stands in another file, behind', { 'a.yaml': pod, 'b.yaml': namespace }, ['--policy', 'p.yaml'], [[
      'loopback-bind',
      'Audit',
      'storefront',
      undefined,
    ]]],
    ['a namespace that is not known', { 'a.yaml': pod }, ['--policy', 'p.yaml'], [['loopback-bind', 'Deny', 'base', undefined]]],
    ['several files', { 'a.yaml': pod }, ['--policy', 'p.yaml', '--policy', 'e.yaml'], [['loopback-bind', 'Audit', 'base', 'legacy']]],
    ['a folder', { 'a.yaml': pod, 'policies/p.yaml': policies, 'policies/e.yaml': exception }, ['--policy', 'policies'], [['loopback-bind',
      'Audit', 'base', 'legacy']]],
    ['exceptions alone, of the preset', { 'a.yaml': pod }, ['--policy', 'e.yaml', '--preset', 'kubernetes'], [['loopback-bind', 'Audit',
      'kubernetes', 'legacy']]],
    ['a policy that governs nothing here', { 'a.yaml': pod }, ['--policy', 'j.yaml'], []],
  ])('%s', async (_, files, flags, expected) => {
    const given = { 'p.yaml': policies, 'e.yaml': exception, 'j.yaml': policies.split('---\n')[2] ?? '', ...files }
    const { out } = await run(['check', '--format', 'json', ...flags, 'a.yaml', ...('b.yaml' in files ? ['b.yaml'] : [])], given)
    expect(found(out)).toEqual(expected)
  })

  test('what depends on labels that are not known is said', async () => {
    const { err } = await run(['check', '--policy', 'p.yaml', 'a.yaml'], { 'p.yaml': policies,
      'a.yaml': `${pod}---\n${pod.replace('web,', 'api,')}` })
    expect(err).toBe(
      'paddock: GunicornPolicy "storefront" asks for labels of namespace "shop", which are not known: it is left out there (check the Namespace object as well)\n',
    )
  })

  test('standard input is read once', async () => {
    const { status, out } = await run(['check', '--policy', 'p.yaml', '--format', 'json', '-'], { 'p.yaml': policies }, {
      input: `${pod}---\n${namespace}`,
    })
    expect([status, found(out)]).toEqual([0, [['loopback-bind', 'Audit', 'storefront', undefined]]])
  })

  test.each([
    ['a faulty field, with its place',
      'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: p}\nspec:\n  priority: 5000\n',
      'paddock: p.yaml:5:13: spec.priority: Invalid value: 5000: must be between -1000 and 1000, inclusive\n'],
    ['the same name twice', `${policies}---\n${policies.split('---\n')[1]}`,
      'paddock: p.yaml:21:18: metadata.name: Duplicate value: "base": must be the name of one GunicornPolicy only\n'],
    ['another kind', namespace,
      'paddock: p.yaml:2:7: kind: Unsupported value: "Namespace": supported values: "GunicornPolicy", "GunicornException"\n'],
    ['nothing', '# nothing\n', 'paddock: p.yaml: there must be a GunicornPolicy or a GunicornException\n'],
    ['no YAML', 'a: [', expect.stringMatching(/^paddock: p\.yaml:1:\d+: .+\n$/)],
  ])('is refused: %s', async (_, text, message) => {
    expect(await run(['check', '--policy', 'p.yaml', 'a.yaml'], { 'p.yaml': text, 'a.yaml': pod })).toMatchObject({ status: 2, out: '',
      err: message })
  })
})

describe('policy show and validate', () => {
  test('a preset as it is written is a policy that comes to the same', async () => {
    const { out } = await run(['policy', 'show', 'kubernetes'])
    const { out: valid } = await run(['policy', 'validate', 'p.yaml'], { 'p.yaml': out })
    expect(valid).toBe('GunicornPolicy "kubernetes" is valid\n')
    const files = { 'p.yaml': out, 'a.yaml': pod }
    expect((await run(['check', '--policy', 'p.yaml', '--format', 'json', 'a.yaml'], files)).out).toBe(
      (await run(['check', '--preset', 'kubernetes', '--format', 'json', 'a.yaml'], files)).out,
    )
  })

  test('what is valid is named', async () => {
    const { status, out } = await run(['policy', 'validate', 'p.yaml', 'e.yaml'], { 'p.yaml': policies, 'e.yaml': exception })
    expect([status, out]).toEqual([0,
      'GunicornPolicy "storefront" is valid\nGunicornPolicy "base" is valid\nGunicornPolicy "jobs" is valid\nGunicornException "shop/legacy" is valid\n'])
  })
})

const contradictory =
  'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: p}\nspec:\n  defaults: {bind: ":8000"}\n  rules: {ignored-port: Deny}\n'

test('what a policy says against itself is told, and it is valid', async () => {
  const line =
    'p.yaml:5:20: spec.defaults.bind: Invalid value: ":8000": must not fall under ignored-port, which the policy denies: it is not put in\n'
  expect(await run(['policy', 'validate', 'p.yaml'], { 'p.yaml': contradictory })).toMatchObject({ status: 0,
    out: 'GunicornPolicy "p" is valid\n', err: line })
  const { status, out, err } = await run(['check', '--policy', 'p.yaml', 'a.yaml'], { 'p.yaml': contradictory,
    'a.yaml': pod.replace(', -b, "127.0.0.1:8000"', '') })
  expect([status, err]).toEqual([0, `paddock: ${line}`])
  expect(out).toContain(
    '`bind` must be set to the port in PORT, and is not mended, as what is put in would fall under ignored-port, which the policy denies [missing-bind]',
  )
})

describe('policy explain', () => {
  const files = { 'p.yaml': policies, 'e.yaml': exception, 'm/a.yaml': pod, 'm/b.yaml': namespace }

  test('who governs, and who decides what', async () => {
    const { status, out } = await run(['policy', 'explain', 'shop/web', 'm', '--policy', 'p.yaml', '--policy', 'e.yaml'], files)
    expect(status).toBe(0)
    expect(out).toMatch(
      /^Pod shop\/web\n\ngoverned by\n {2}storefront {2}priority 10 .*\n {2}base +priority 0 .*\n\nnot governed by\n {2}jobs {2}priority 0 {2}its kinds are Job\n/,
    )
    expect(out).toMatch(/\n\nexceptions\n {2}legacy {2}until 2027-01-01T00:00:00Z {2}loopback-bind {2}the sidecar \(me\)\n/)
    expect(out).toMatch(/\n {2}loopback-bind +Audit; let pass by legacy +storefront\n/)
    expect(out).toMatch(/\n {2}missing-bind +Fix, otherwise Warn +base, by its preset kubernetes\n/)
    expect(out).toMatch(/\nsettings\n {2}accesslog +- +base, by its preset kubernetes\n/)
  })

  test('as JSON', async () => {
    const { out } = await run(['policy', 'explain', 'shop/web', 'm/a.yaml', '--policy', 'p.yaml', '--format', 'json'], files)
    expect(JSON.parse(out)).toMatchObject({
      workload: { kind: 'Pod', namespace: 'shop', name: 'web' },
      policies: [{ name: 'storefront', governs: 'unknown' }, { name: 'jobs', governs: 'no' }, { name: 'base', governs: 'yes' }],
      decisions: expect.arrayContaining([{ field: 'rules.loopback-bind', value: 'Deny', policy: 'base', preset: 'kubernetes' }]),
    })
  })

  test('nothing governs it', async () => {
    const { out } = await run(['policy', 'explain', 'shop/web', 'm', '--policy', 'j.yaml'], { ...files,
      'j.yaml': policies.split('---\n')[2] ?? '' })
    expect(out).toContain('No policy governs it: it is let in, and nothing is said.\n')
  })

  test.each([
    [['shop/api', 'm'], 'there is no workload "shop/api"'],
    [['web', 'm'], 'there is no workload "web"'],
    [['a/b/c', 'm'], 'a/b/c: must be NAMESPACE/NAME'],
    [['web'], 'web: must be NAMESPACE/NAME'],
    [['shop/web', 'm', 'twice'], 'there are several workloads "shop/web": choose one with --kind Pod, Job'],
  ])('%j', async (argv, message) => {
    const { status, err } = await run(['policy', 'explain', ...argv], { ...files,
      twice: pod.replace('v1\nkind: Pod', 'batch/v1\nkind: Job') })
    expect([status, err]).toEqual([2, `paddock: ${message}\n`])
  })
})

describe('policy test', () => {
  const head =
    'apiVersion: paddock.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: storefront}\npolicies: [../p.yaml, ../e.yaml]\nmanifests: [../m]\n'
  const files = { 'p.yaml': policies, 'e.yaml': exception, 'm/a.yaml': pod, 'm/b.yaml': namespace }
  const testing = (results: string, more = '', flags: string[] = []) =>
    run(['policy', 'test', 't', ...flags], { ...files, 't/paddock-test.yaml': `${head}${more}results:\n${results}` })

  test('what is as expected', async () => {
    const { status, out } = await testing(
      '  - {workload: Pod shop/web, decision: Allow}\n  - {workload: shop/web, rule: loopback-bind, action: Audit, policy: storefront, exception: legacy}\n  - {workload: shop/web, rule: few-workers, action: None}\n',
    )
    expect(out).toBe(
      't/paddock-test.yaml: storefront\n  ok    Pod shop/web\n  ok    shop/web: loopback-bind\n  ok    shop/web: few-workers\n\n1 test, 3 results: all as expected\n',
    )
    expect(status).toBe(0)
  })

  test.each([
    ['{workload: shop/web, decision: Deny}', 'shop/web: decision must be Deny, and is Allow'],
    ['{workload: shop/web, rule: loopback-bind, action: Deny}', 'shop/web: loopback-bind: action must be Deny, and is Audit'],
    ['{workload: shop/web, rule: loopback-bind, exception: None}', 'shop/web: loopback-bind: exception must be None, and is legacy'],
    ['{workload: shop/web, rule: log-file, action: Warn}', 'shop/web: log-file: action must be Warn, and is None'],
    ['{workload: Job shop/web, decision: Deny}', 'Job shop/web: there is no workload "Job shop/web" in the manifests'],
  ])('what is not: %s', async (result, failure) => {
    const { status, out } = await testing(`  - ${result}\n`)
    expect([status, out]).toEqual([1, `t/paddock-test.yaml: storefront\n  FAIL  ${failure}\n\n1 test, 1 result: 1 not as expected\n`])
  })

  test('at another time', async () => {
    const { status } = await testing('  - {workload: shop/web, rule: loopback-bind, action: Audit, exception: None}\n',
      'now: 2027-01-01T00:00:00Z\n')
    expect(status).toBe(0)
  })

  test('as JUnit and as JSON', async () => {
    const result = '  - {workload: shop/web, decision: Deny}\n  - {workload: shop/web, decision: Allow}\n'
    expect((await testing(result, '', ['--format', 'junit'])).out).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="paddock policy test" tests="2" failures="1"><testsuite name="t/paddock-test.yaml" tests="2" failures="1"><testcase classname="storefront" name="shop/web"><failure message="decision must be Deny, and is Allow"/></testcase>
<testcase classname="storefront" name="shop/web"/></testsuite></testsuites>
`)
    expect(JSON.parse((await testing(result, '', ['--format', 'json'])).out)).toMatchObject({
      tests: [{ results: [{ passed: false }, { passed: true }] }],
    })
  })

  test.each([
    ['  - {workload: shop/web}\n', '', 't/paddock-test.yaml:7:5: results[0]: must expect a decision, an action, a policy or an exception'],
    ['  - {workload: shop/web, rule: nope, action: Warn}\n', '',
      /^paddock: t\/paddock-test\.yaml:7:26: results\[0\]\.rule: must be one of "bare-port", /],
    ['  - {workload: shop/web, decison: Deny}\n', '',
      't/paddock-test.yaml:7:26: results[0].decison: must be one of workload, rule, decision, action, policy, exception'],
    ['  - {decision: Deny}\n', 'polices: []\n',
      't/paddock-test.yaml:6:1: polices: must be one of apiVersion, kind, metadata, policies, manifests, preset, requirements, now, results\nt/paddock-test.yaml:8:5: results[0].workload: Required value: must be set'],
    ['  - {workload: shop/web, decision: Allow}\n', 'requirements: nowhere.txt\n', /nowhere\.txt: no such file/],
  ])('a test that is wrong: %s%s', async (results, more, message) => {
    const { status, err } = await testing(results, more)
    expect(status).toBe(2)
    expect(err).toEqual(typeof message === 'string' ? `paddock: ${message}\n` : expect.stringMatching(message))
  })

  test('the example', async () => {
    const folder = join(import.meta.dirname, '../../examples')
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
    const examples = Object.fromEntries(names.map((name) => [`examples/${name}`, readFileSync(join(folder, name), 'utf8')]))
    const { status, out } = await run(['policy', 'test', 'examples'], examples)
    expect(out).toMatch(/\n2 tests, 6 results: all as expected\n$/)
    expect(status).toBe(0)
  })

  test('no tests are bad usage', async () => {
    expect(await run(['policy', 'test', 'm'], files)).toMatchObject({ status: 2,
      err: 'paddock: m: there must be a file named paddock-test.yaml\n' })
  })
})
