import { describe, expect, test } from '@jest/globals'
import { dump } from 'js-yaml'
import type { Skins } from '../../src/cli/skins.ts'
import type { ScannedCluster, ScanTarget } from '../../src/cli/run-scan.ts'
import type { KubernetesObject } from '../../src/cluster/cluster.ts'
import { judgeStored } from '../../src/judge.ts'
import type { ExceptionObject, PolicyObject } from '../../src/policy/policies.ts'
import { run } from './in-memory.ts'

const now = Date.parse('2026-11-24T00:00:00Z')

const deployment = (name: string, ...flags: string[]): KubernetesObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'shop', name },
    spec: { template: { spec: { containers: [{ name: 'web', command: ['gunicorn', 'wsgi', ...flags] }] } } },
  }) as KubernetesObject

const quiet = { preset: 'kubernetes' as const, rules: Object.fromEntries(
  ['missing-access-log', 'missing-error-log', 'missing-access-log-format', 'missing-workers', 'missing-bind', 'missing-default',
    'ignored-port', 'few-workers', 'heartbeat-on-disk'].map((id) => [id, 'Off']),
) }
const policy = (rules: Record<string, string>, name = 'platform', more: object = {}): PolicyObject =>
  ({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name },
    spec: { ...quiet, rules: { ...quiet.rules, ...rules }, ...more } }) as PolicyObject
const exception = (workload: string): ExceptionObject => ({
  apiVersion: 'paddock.dev/v1alpha1',
  kind: 'GunicornException',
  metadata: { name: workload, namespace: 'shop' },
  spec: { workloads: [{ name: workload }], rules: ['loopback-bind'], reason: 'a test' },
})

/** A cluster that holds these; the engine is the operator's. */
function cluster(policies: PolicyObject[], objects: KubernetesObject[],
  more: { unreadable?: string[]; exceptions?: ExceptionObject[] } = {}
): { scan: Skins['scan']; targets: ScanTarget[]; closed: () => boolean } {
  const targets: ScanTarget[] = []
  let closed = false
  const scanned: ScannedCluster = {
    policies,
    exceptions: more.exceptions ?? [],
    async *judged(sets) {
      for (const object of objects) {
        const verdicts = sets.map((one) => judgeStored(object, one, {}, now))
        if (verdicts.some((verdict) => verdict !== undefined)) yield { verdicts }
      }
      for (const unreadable of more.unreadable ?? []) yield { unreadable }
    },
    close: () => void (closed = true),
  }
  return { targets, closed: () => closed, scan: async (target) => (targets.push(target), scanned) }
}

const objects = [deployment('loop', '-b', '127.0.0.1:80'), deployment('hasty', '-b', ':80', '--timeout', '10'),
  deployment('fine', '-b', ':80')]
const standing = policy({ 'loopback-bind': 'Deny', 'short-timeout': 'Warn' })

describe('scan', () => {
  test('what is found in the cluster, by its policies', async () => {
    const { scan, closed } = cluster([standing], objects)
    const { status, out, err } = await run(['scan'], {}, { scan })
    expect([status, err]).toEqual([1, ''])
    expect(out).toBe(
      `Deployment shop/loop: deny: spec.template.spec.containers[0].command[3]: Invalid value: "127.0.0.1:80": must not be a loopback address [loopback-bind]
   = Bind to '0.0.0.0:PORT' or '[::]:PORT'.

Deployment shop/hasty: warn: spec.template.spec.containers[0].command[5]: Invalid value: "10": \`timeout\` must be greater than or equal to 30, the default, as a request that exceeds it is forcibly interrupted with a 502 [short-timeout]
   = Leave the timeout at 30 seconds, or set it to 1 minute or a larger value: \`--timeout 120\` sets it to two minutes.

3 workloads, 3 gunicorn commands: 1 denied, 1 warned of
`,
    )
    expect(closed()).toBe(true)
  })

  test.each([[['--fail-on', 'never'], 0], [['--fail-on', 'warn'], 1], [['--fail-on', 'deny'], 1]])(
    'ends with the status that is asked for: %j',
    async (flags, want) => {
      expect((await run(['scan', ...flags], {}, { scan: cluster([standing], objects).scan })).status).toBe(want)
    },
  )

  test('what to look at is passed on', async () => {
    const { scan, targets } = cluster([standing], objects)
    await run(['scan', '-n', 'shop', '--kind', 'Deployment', '--kind', 'Job', '--context', 'test', '--kubeconfig', 'k'], {}, { scan })
    expect(targets).toMatchObject([{ namespace: 'shop', kind: ['Deployment', 'Job'], context: 'test', kubeconfig: 'k' }])
    const { status, err } = await run(['scan', '--kind', 'Sheep'], {}, { scan })
    expect([status, err]).toEqual([2, expect.stringContaining('Allowed choices are BkApp, CloneSet')])
  })

  test('the formats of check', async () => {
    const { out } = await run(['scan', '--format', 'json'], {}, { scan: cluster([standing], objects).scan })
    expect(JSON.parse(out)).toMatchObject({
      kind: 'CheckResult',
      summary: { files: 0, workloads: 3, invocations: 3, denied: 1, warned: 1 },
      workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'loop', decision: 'Deny',
        findings: [{ rule: 'loopback-bind', policy: 'platform' }] }, { name: 'hasty' }, { name: 'fine', findings: [] }],
    })
    const { files } = await run(['scan', '--format', 'sarif=found.sarif', '--format', 'markdown=found.md'], {}, {
      scan: cluster([standing], objects).scan,
    })
    expect(JSON.parse(files['found.sarif'] ?? '')).toMatchObject({
      runs: [{ results: [{ ruleId: 'loopback-bind' }, { ruleId: 'short-timeout' }] }],
    })
    expect(files['found.md']).toContain('Deployment shop/loop')
  })

  test.each(['junit', 'github', 'markdown', 'sarif'])('%s, of what is in no file', async (format) => {
    const { status, out } = await run(['scan', '--format', format], {}, { scan: cluster([standing], objects).scan })
    expect(status).toBe(1)
    expect(out).toContain('must not be a loopback address')
    expect(out).toContain('shop/loop')
  })

  test('what cannot be read is named, and the rest is looked at', async () => {
    const { status, out, err } = await run(['scan', '--fail-on', 'never'], {}, {
      scan: cluster([standing], objects, { unreadable: ['list jobs.batch: forbidden'] }).scan,
    })
    expect(status).toBe(2)
    expect(err).toBe('paddock: list jobs.batch: forbidden\n')
    expect(out).toContain('1 denied, 1 warned of, 1 unreadable')
  })

  test('a cluster without policies', async () => {
    const { status, err, out } = await run(['scan'], {}, { scan: cluster([], objects).scan })
    expect([status, out]).toEqual([2, ''])
    expect(err).toBe(
      'paddock: there is no GunicornPolicy in the cluster: try one with --policy FILE, or one that ships with Paddock with --preset NAME\n',
    )
    expect((await run(['scan', '--preset', 'kubernetes'], {}, { scan: cluster([], objects).scan })).out).toContain(
      'Deployment shop/loop: deny: ',
    )
  })
})

describe('scan with other policies', () => {
  const scanWith = (given: object[], flags: string[] = [], exceptions: ExceptionObject[] = []) =>
    run(['scan', '--policy', 'new.yaml', ...flags], { 'new.yaml': given.map((one) => dump(one)).join('---\n') }, {
      scan: cluster([standing], objects, { exceptions }).scan,
    })

  test('says what they would change', async () => {
    const { status, out } = await scanWith([policy({ 'loopback-bind': 'Warn', 'short-timeout': 'Deny' })])
    expect(status).toBe(1)
    expect(out.split('\n').map((line) => line.replace(/: spec\..*\[/, ' ['))).toEqual([
      'Deployment shop/loop: warned of, no longer denied [loopback-bind]',
      "   = Bind to '0.0.0.0:PORT' or '[::]:PORT'.",
      '',
      'Deployment shop/hasty: denied, no longer warned of [short-timeout]',
      '   = Leave the timeout at 30 seconds, or set it to 1 minute or a larger value: `--timeout 120` sets it to two minutes.',
      '',
      '3 workloads, 3 gunicorn commands:',
      '  newly denied         1 finding in 1 workload',
      '  no longer denied     1 finding in 1 workload',
      '  newly warned of      1 finding in 1 workload',
      '  no longer warned of  1 finding in 1 workload',
      '',
    ])
  })

  test('fails only for what is new', async () => {
    const { status, out } = await scanWith([policy({ 'loopback-bind': 'Deny', 'short-timeout': 'Warn' })])
    expect([status, out]).toEqual([0, '3 workloads, 3 gunicorn commands: nothing changes\n'])
    expect((await scanWith([policy({ 'loopback-bind': 'Deny', 'short-timeout': 'Off' })])).out).toContain(
      'Deployment shop/hasty: no longer warned of: ',
    )
  })

  test('a policy beside those of the cluster, and an exception', async () => {
    const { out } = await scanWith([policy({ 'short-timeout': 'Deny' }, 'team', { priority: 5 }), exception('loop')])
    expect(out).toContain('Deployment shop/hasty: denied, no longer warned of: ')
    expect(out).toContain('Deployment shop/loop: let pass, no longer denied: ')
    expect(out).toContain('  newly let pass       1 finding in 1 workload\n')
    // What is let pass already stays so.
    expect((await scanWith([policy({ 'loopback-bind': 'Deny', 'short-timeout': 'Warn' })], [], [exception('loop')])).out).toContain(
      'nothing changes',
    )
  })

  test('as JSON, and in the other formats what is new', async () => {
    const given = [policy({ 'loopback-bind': 'Warn', 'short-timeout': 'Off' })]
    const { out, files } = await scanWith(given, ['--format', 'json', '--format', 'sarif=new.sarif'])
    expect(JSON.parse(out)).toEqual({
      apiVersion: 'paddock.dev/v1alpha1',
      kind: 'ScanComparison',
      summary: {
        workloads: 3,
        invocations: 3,
        unreadable: 0,
        changes: { 'no longer denied': { findings: 1, workloads: 1 }, 'newly warned of': { findings: 1, workloads: 1 },
          'no longer warned of': { findings: 1, workloads: 1 } },
      },
      workloads: [
        { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'loop', changes: [
          expect.objectContaining({ before: { action: 'Deny', policy: 'platform' }, after: { action: 'Warn', policy: 'platform' },
            rule: 'loopback-bind', field: 'spec.template.spec.containers[0].command[3]' }),
        ] },
        { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'hasty',
          changes: [expect.objectContaining({ before: { action: 'Warn', policy: 'platform' }, after: null, rule: 'short-timeout' })] },
      ],
    })
    expect(JSON.parse(files['new.sarif'] ?? '')).toMatchObject({ runs: [{ results: [{ ruleId: 'loopback-bind' }] }] })
    expect((await scanWith(given, ['--format', 'text=changes.txt', '--format', 'json'])).files['changes.txt']).toContain(
      '  newly warned of ',
    )
  })

  test('a file that is no policy', async () => {
    const { status, err } = await scanWith([{ apiVersion: 'v1', kind: 'Pod' }])
    expect([status, err]).toEqual([2, expect.stringContaining('new.yaml:2:7: kind: Unsupported value: "Pod"')])
  })
})
