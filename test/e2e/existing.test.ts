/** What was there before Paddock: real controllers and people go on with it, whatever policies there are, and nothing of it is rolled out anew. */
import { mkdtemp, rm } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { customResourceDefinitions } from '../../src/policy/custom-resource-definitions.ts'
import type { PolicySpec } from '../../src/policy/policies.ts'
import { pause, startProgram, type Program } from '../cluster/program.ts'
import { kubectlFor, sharedCluster, succeed, type Answer, type Kubectl, type SharedCluster } from './kubectl.ts'
import { startOwnCluster, type OwnCluster } from './own-cluster.ts'

const root = join(import.meta.dirname, '../..')
const suite = sharedCluster() === undefined ? describe.skip : describe

/** Mended by the preset, and warned of. */
const short = ['gunicorn', 'wsgi', '-t', '1', '-w', '2']
/** Denied by the preset, which cannot mend it. */
const loopback = ['gunicorn', 'wsgi', '-b', '127.0.0.1:8000']
const broken = [...loopback, '--nope']
const image = 'registry.invalid/shop:1'

const template = (name: string, command: readonly string[], more: object = {}) => ({ metadata: { labels: { app: name } },
  spec: { automountServiceAccountToken: false, containers: [{ name: 'web', image, command }], ...more } })
const deployment = (name: string, command: readonly string[]) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: template(name, command) } })
const cronJob = (name: string, command: readonly string[]) => ({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name },
  spec: { schedule: '0 5 1 1 *', jobTemplate: { spec: { template: template(name, command, { restartPolicy: 'Never' }) } } } })
const pod = (name: string, command: readonly string[], metadata: object = {}) => ({ apiVersion: 'v1', kind: 'Pod',
  metadata: { name, ...metadata }, spec: template(name, command).spec })

interface Stored {
  readonly metadata: { readonly name: string; readonly generation: number; readonly ownerReferences?: readonly { name: string }[] }
  readonly spec: { readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { command: string[] }[] } } }
}

const everywhere: PolicySpec = { preset: 'blueking' }
const shapes: Record<string, Record<string, PolicySpec>> = {
  'no policy': {},
  'one policy for all': { house: everywhere },
  'one that selects nothing by labels': { house: everywhere,
    extra: { preset: 'blueking', priority: 5, match: { workloadSelector: { matchLabels: { no: 'such' } } } } },
  'one that selects a namespace': {
    house: { preset: 'blueking', match: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } } },
  },
  'several, one of them for ReplicaSets alone': {
    house: everywhere,
    replicasets: { priority: 3, match: { kinds: ['ReplicaSet'] }, rules: { 'missing-workers': 'Fix', 'short-timeout': 'Warn' } },
    labels: { priority: 5,
      match: { kinds: ['Deployment'], workloadSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } },
      rules: { 'few-workers': 'Deny' } },
    shop: { preset: 'kubernetes', priority: 7, match: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } } },
  },
}

suite('what was there before', () => {
  let own: OwnCluster
  let folder: string
  let kubectl: Kubectl
  let port = 0
  const running: Program[] = []

  beforeAll(async () => {
    own = await startOwnCluster(true)
    folder = await mkdtemp(join(tmpdir(), 'paddock-existing-'))
    await promisify(execFile)(process.execPath, [join(root, 'scripts/build.ts'), join(folder, 'dist')])
    kubectl = kubectlFor({ kubeconfig: own.kubeconfig, kubectl: own.program } as SharedCluster, 'shop', folder)
    await succeed(kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: customResourceDefinitions() }))
    await succeed(kubectl(['create', 'namespace', 'shop']))
    await succeed(kubectl(['create', 'namespace', 'paddock']))
    await until(async () => (await kubectl(['get', 'gunicornpolicies'])).status === 0, 'policies are known')
    const webhook = start('webhook', ['--host', '127.0.0.1', '--port', '0', '--lame-duck', '1s'])
    await until(async () => /"listening".*"port":\d+/.test(await webhook.output()), 'the webhook listens', 60)
    port = Number(/"listening".*"port":(\d+)/.exec(await webhook.output())?.[1])
    start('operator', ['--host', '127.0.0.1', '--port', '0', '--webhook-url', `https://127.0.0.1:${port}`, '--failure-policy', 'Fail',
      '--timeout', '10s', '--reports', 'None'])
    await until(async () => webhook.output().then((text) => text.includes('certificate reloaded')), 'the webhook has a certificate', 60)
  }, 900_000)
  afterAll(async () => {
    for (const program of running.reverse()) await program.stop()
    await own?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  }, 60_000)

  function start(main: 'operator' | 'webhook', args: readonly string[]): Program {
    const program = startProgram(process.execPath, [join(folder, 'dist', `${main}.js`), ...args, '--kubeconfig', own.kubeconfig,
      '--namespace', 'paddock'], { logFile: join(folder, `${main}.log`) })
    running.push(program)
    return program
  }
  async function until(condition: () => Promise<boolean>, what: string, seconds = 30): Promise<void> {
    const end = Date.now() + seconds * 1000
    while (!(await condition())) {
      if (Date.now() > end)
        throw new Error(`not within ${seconds} s: ${what}\n${(await Promise.all(running.map((one) => one.output()))).join('\n---\n')}`)
      await pause(100)
    }
  }

  const made = new Set<string>()
  /** Has these policies and no others hold, and waits until they do. */
  async function govern(policies: Record<string, PolicySpec>): Promise<void> {
    const former = [...made]
    made.clear()
    for (const [name, spec] of Object.entries(policies)) {
      made.add(name)
      await succeed(
        kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy',
          metadata: { name }, spec }),
      )
    }
    for (const name of former) if (!made.has(name)) await succeed(kubectl(['delete', 'gunicornpolicy', name]))
    const wanted = made.size > 0
    const isDenied = async () =>
      (await kubectl(['create', '--dry-run=server', '-f', '-'], deployment('probe', loopback))).stderr.includes('loopback-bind')
    await until(async () => (await isDenied()) === wanted, wanted ? 'the policies hold' : 'no policy holds')
    // What was written last may not have been heard of by each of the API server's and the webhook's watches.
    await pause(1500)
  }

  const get = async (name: string): Promise<Stored> =>
    JSON.parse(await succeed(kubectl(['get', 'deployment', name, '-o', 'json']))) as Stored
  const replicaSets = async (name: string): Promise<readonly Stored[]> =>
    (JSON.parse(await succeed(kubectl(['get', 'replicaset', '-l', `app=${name}`, '-o', 'json']))) as { items: Stored[] }).items
  const pods = async (name: string): Promise<number> =>
    (JSON.parse(await succeed(kubectl(['get', 'pod', '-l', `app=${name}`, '-o', 'json']))) as { items: unknown[] }).items.length
  const warns = ({ status, stderr }: Answer): void => {
    expect([status, stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Warning: '))]).toEqual([0, []])
  }
  /** The ReplicaSets, once there have been as many for a second, in which a loop makes seven. */
  async function settled(name: string): Promise<readonly Stored[]> {
    let [count, since] = [-1, Date.now()]
    for (;;) {
      const found = await replicaSets(name)
      if (found.length !== count) [count, since] = [found.length, Date.now()]
      if (count > 8) throw new Error(`${count} ReplicaSets of ${name}`)
      if (count > 0 && Date.now() - since > 1000) return found
      await pause(200)
    }
  }
  const template = ({ spec }: Stored) => spec.template

  describe.each(Object.keys(shapes))('with %s', (shape) => {
    const prefix = `s${Object.keys(shapes).indexOf(shape)}`
    const [mendable, denied, job] = [`${prefix}-short`, `${prefix}-loopback`, `${prefix}-job`]

    beforeAll(async () => {
      await govern({})
      for (const object of [deployment(mendable, short), deployment(denied, loopback), cronJob(job, loopback)])
        await succeed(kubectl(['apply', '-f', '-'], object))
      for (const name of [mendable, denied]) await until(async () => (await pods(name)) === 1, `a Pod of ${name}`)
      await govern(shapes[shape] ?? {})
    }, 120_000)

    const both = async (check: (name: string) => Promise<void>): Promise<void> => void (await Promise.all([mendable, denied].map(check)))

    test('nobody rolls it out but who changes its template', () =>
      both(async (name) => {
        const before = await get(name)
        warns(await kubectl(['scale', 'deployment', name, '--replicas=2']))
        await until(async () => (await pods(name)) === 2, `two Pods of ${name}`)
        expect((await settled(name)).map(({ spec }) => spec.replicas)).toEqual([2])
        for (const args of [['annotate', 'deployment', name, 'note=x'], ['label', 'deployment', name, 'team=y'], ['patch', 'deployment',
          name, '-p', '{"metadata":{"finalizers":["example.com/held"]}}'], ['patch', 'deployment', name, '-p',
          '{"metadata":{"finalizers":null},"spec":{"replicas":3}}']])
          warns(await kubectl(args))
        expect(template(await get(name))).toEqual(template(before))
        await until(async () => (await pods(name)) === 3, `three Pods of ${name}`)
        // A Pod that is gone is made again.
        await succeed(kubectl(['delete', 'pod', '-l', `app=${name}`, '--wait=false', '--force']))
        await until(async () => (await pods(name)) === 3, `three Pods of ${name} again`)
        warns(await kubectl(['scale', 'deployment', name, '--replicas=0']))
        await until(async () => (await replicaSets(name)).every(({ spec }) => spec.replicas === 0), `no replicas of ${name}`)
        expect(await settled(name)).toHaveLength(1)
      }), 120_000)

    test('a new template is rolled out once, and back', () =>
      both(async (name) => {
        warns(await kubectl(['scale', 'deployment', name, '--replicas=1']))
        warns(await kubectl(['set', 'image', `deployment/${name}`, 'web=registry.invalid/shop:2']))
        expect(await settled(name)).toHaveLength(2)
        warns(await kubectl(['rollout', 'undo', `deployment/${name}`]))
        // What is mended on the way back is another template than the one that was never mended.
        const most = shape === 'no policy' ? 2 : 3
        expect((await settled(name)).length).toBeLessThanOrEqual(most)
        warns(await kubectl(['rollout', 'restart', `deployment/${name}`]))
        expect((await settled(name)).length).toBeLessThanOrEqual(most + 1)
        const { command } = template(await get(name)).spec.containers[0] ?? { command: [] }
        if (name === denied) expect(command.slice(0, 4)).toEqual(loopback)
        if (shape !== 'no policy') expect(command).toContain('--access-logfile')
      }), 120_000)

    test('a CronJob is suspended, and its template stays', async () => {
      warns(await kubectl(['patch', 'cronjob', job, '-p', '{"spec":{"suspend":true}}']))
      const stored = JSON.parse(await succeed(kubectl(['get', 'cronjob', job, '-o', 'json']))) as {
        spec: { suspend: boolean; jobTemplate: { spec: Stored['spec'] } }
      }
      expect([stored.spec.suspend, stored.spec.jobTemplate.spec.template.spec.containers[0]?.command]).toEqual([true, loopback])
    })

    if (shape !== 'no policy')
      test('a new fault is denied, and what was there is told', async () => {
        const patch = (command: readonly string[]) =>
          kubectl(['patch', 'deployment', denied, '-p',
            JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'web', command }] } } } })])
        const { status, stderr } = await patch(broken)
        expect([status, stderr]).toEqual([1,
          expect.stringMatching(/denied the request: violates GunicornPolicy "\w+": \S+: .*--nope.* \[unknown-setting\]/)])
        const { stderr: told } = await kubectl(['annotate', 'deployment', denied, 'told=yes'])
        expect(told).toContain('Warning: would violate GunicornPolicy')
        expect(told).toContain('[loopback-bind]')
      }, 60_000)

    test('a deletion that leaves the ReplicaSets behind is done at once, and leaves them as they are', async () => {
      await both(async (name) => {
        const before = await settled(name)
        await succeed(kubectl(['delete', 'deployment', name, '--cascade=orphan', '--timeout=20s']))
        const after = await replicaSets(name)
        expect(after.map(template)).toEqual(before.map(template))
        expect(after.flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([])
        await succeed(kubectl(['delete', 'replicaset', '-l', `app=${name}`, '--wait=false']))
      })
    }, 90_000)
  })

  test('a migration of what is stored goes through, and rolls nothing out', async () => {
    await govern({})
    const names = ['m-short', 'm-loopback']
    await succeed(
      kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List',
        items: [deployment('m-short', short), deployment('m-loopback', loopback)] }),
    )
    for (const name of names) await settled(name)
    // Of which `existing: Fix` would mend what anybody else writes.
    await govern({ house: { preset: 'blueking', existing: 'Fix' } })
    const before = await Promise.all(names.map(get))
    const served = await kubectl(['get', '--raw', '/apis/storagemigration.k8s.io'])
    if (served.status !== 0) return process.stderr.write('the API server knows no StorageVersionMigration\n')
    const version = (JSON.parse(served.stdout) as { preferredVersion: { groupVersion: string } }).preferredVersion.groupVersion
    await succeed(
      kubectl(['create', '-f', '-'], { apiVersion: version, kind: 'StorageVersionMigration', metadata: { name: 'deployments' },
        spec: { resource: { group: 'apps', resource: 'deployments' } } }),
    )
    const condition = async () => {
      const { status } = JSON.parse(await succeed(kubectl(['get', 'storageversionmigration', 'deployments', '-o', 'json']))) as {
        status?: { conditions?: { type: string; status: string; message?: string }[] }
      }
      return (status?.conditions ?? []).filter((one) => one.status === 'True')
    }
    await until(async () => (await condition()).some(({ type }) => type === 'Succeeded' || type === 'Failed'), 'the migration has ended',
      120)
    expect((await condition()).map(({ type }) => type)).toContain('Succeeded')
    expect((await Promise.all(names.map(get))).map(({ metadata, spec }) => [metadata.generation, spec])).toEqual(
      before.map(({ metadata, spec }) => [metadata.generation, spec]),
    )
    for (const name of names) expect(await settled(name)).toHaveLength(1)
  }, 240_000)

  test('a policy may have existing faults mended or denied', async () => {
    await govern({})
    for (const name of ['e-short', 'e-loopback'])
      await succeed(kubectl(['apply', '-f', '-'], deployment(name, name === 'e-short' ? short : loopback)))
    await govern({ house: { preset: 'blueking', existing: 'Fix' } })
    warns(await kubectl(['annotate', 'deployment', 'e-loopback', 'note=x']))
    warns(await kubectl(['annotate', 'deployment', 'e-short', 'note=x']))
    expect(template(await get('e-short')).spec.containers[0]?.command).toContain('--access-logfile')
    expect(await settled('e-short')).toHaveLength(2)
    await govern({ house: { preset: 'blueking', existing: 'Deny' } })
    const { status, stderr } = await kubectl(['annotate', 'deployment', 'e-loopback', 'more=y'])
    expect([status, stderr]).toEqual([1, expect.stringContaining('[loopback-bind]')])
  }, 120_000)

  test('containers for debugging are judged, and those that a Pod has are not', async () => {
    await govern({})
    for (const [name, command] of [['plain', ['nginx']], ['old', loopback]] as const)
      await succeed(kubectl(['create', '-f', '-'], pod(name, command)))
    await govern({ house: everywhere })
    const debug = (name: string, as: string, command: readonly string[]) =>
      kubectl(['debug', name, `--image=${image}`, '--profile=general', `--container=${as}`, '--', ...command])
    for (const name of ['plain', 'old']) {
      const { status, stderr } = await debug(name, 'bad', loopback)
      expect([status, stderr]).toEqual([1, expect.stringContaining(
        'spec.ephemeralContainers[0].command[3]: Invalid value: "127.0.0.1:8000": must not be a loopback address [loopback-bind]',
      )])
      expect((await debug(name, 'shell', ['sh'])).status).toBe(0)
      expect((await debug(name, 'good', ['gunicorn', 'wsgi', '-b', '0.0.0.0:8000'])).status).toBe(0)
      expect((await debug(name, 'bad', loopback)).status).toBe(1)
    }
  }, 120_000)

  test('an exception holds for what controllers have made of its workload, and for nothing that only says so', async () => {
    await govern({ house: everywhere,
      extra: { match: { workloadSelector: { matchLabels: { app: 'legacy' } } }, rules: { 'loopback-bind': 'Deny' }, priority: 5 } })
    await succeed(kubectl(['apply', '-f', '-'], {
      apiVersion: 'paddock.dev/v1alpha1',
      kind: 'GunicornException',
      metadata: { name: 'legacy', namespace: 'shop' },
      spec: { workloads: [{ kind: 'Deployment', name: 'legacy' }], rules: ['loopback-bind'], reason: 'for now' },
    }))
    await until(
      async () =>
        (await kubectl(['create', '--dry-run=server', '-f', '-'], { ...deployment('legacy', loopback),
          metadata: { name: 'legacy', labels: { app: 'legacy' } } })).status === 0,
      'the exception holds',
    )
    await succeed(
      kubectl(['create', '-f', '-'], { ...deployment('legacy', loopback), metadata: { name: 'legacy', labels: { app: 'legacy' } } }),
    )
    await until(async () => (await pods('legacy')) === 1, 'a Pod of the Deployment')
    const borrowed = { labels: { app: 'legacy', 'pod-template-hash': 'abc' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'legacy-abc', uid: '0b9e6a3e-0000-4000-8000-000000000000',
        controller: true }] }
    const { status, stderr } = await kubectl(['create', '--dry-run=server', '-f', '-'], pod('borrower', loopback, borrowed))
    expect([status, stderr]).toEqual([1, expect.stringContaining('[loopback-bind]')])
  }, 90_000)

  test('all warnings of a request arrive, the number of those that are not told first', async () => {
    await govern({ house: everywhere })
    const containers = Array.from({ length: 20 },
      (_, index) => ({ name: `web-${index}`, image,
        command: ['gunicorn', 'wsgi', '-t', '1', '-w', '2', '-b', `:${8000 + index}`,
          `--log-file=/var/log/\u0007a\tb\u009f-${index}.log`] }))
    const object = deployment('warned', short)
    const answer = await kubectl(['create', '--dry-run=server', '-f', '-'], { ...object,
      spec: { ...object.spec, template: { ...object.spec.template, spec: { containers } } } })
    warns(answer)
    const warnings = answer.stderr.split('\n').filter((line) => line !== '')
    const told = warnings.filter((line) => /would violate GunicornPolicy "house": \S+: .*\[[\w-]+\]/.test(line))
    const [, count, more] =
      warnings.map((line) => /^Warning: (\d+) findings are shown here, and (\d+) more findings: see `paddock check`$/.exec(line)).find((
        found,
      ) => found !== null) ?? []
    expect(told).toHaveLength(Number(count))
    expect(Number(count) + Number(more)).toBeGreaterThanOrEqual(60)
    expect(warnings.join('').length).toBeLessThan(4096 + 9 * warnings.length)
    expect(warnings.findIndex((line) => line.includes('told here, and') && line.includes('paddock check`'))).toBeLessThan(
      warnings.findIndex((line) => line.includes('would violate')),
    )
    // oxlint-disable-next-line no-control-regex
    expect(answer.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  }, 60_000)
})
