/**
 * Real clients beside Paddock: what kubectl's commands do with good, mendable and bad workloads; a mutating webhook of others that
 * runs before or after Paddock's; and a MutatingAdmissionPolicy, which runs before all webhooks.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Operation } from 'rfc6902'
import { makeCertificates } from '../../src/x509/authority.ts'
import { pause } from '../cluster/program.ts'
import { kubectlFor, sharedCluster, succeed, type Answer, type Kubectl } from './kubectl.ts'
import { startOwnCluster, type OwnCluster } from './own-cluster.ts'
import { startWebhook, webhookConfigurations, type Webhook } from './webhook.ts'

const suite = sharedCluster() === undefined ? describe.skip : describe

const image = 'registry.invalid/shop:1'
const namespace = 'shop'
/** As the guide has it: nothing to mend, nothing to say. */
const good = ['gunicorn', 'wsgi', '-b', ':$(PORT)', '-w', '4', '--access-logfile', '-', '--error-logfile', '-', '--access-logformat',
  `[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"`]
/** Mended: nothing says where it listens, or how it logs. */
const bare = ['gunicorn', 'wsgi']
/** Denied. */
const loopback = ['gunicorn', 'wsgi', '-b', '127.0.0.1:8000']

interface Container {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { name: string; value: string }[]
}
interface Stored {
  readonly metadata: { readonly name: string; readonly generation: number }
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } }
}

const port = { name: 'PORT', value: '5000' }
const deployment = (name: string, containers: readonly Container[], labels: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels },
  spec: { replicas: 1, selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { automountServiceAccountToken: false, containers } } },
})
const web = (command: readonly string[]): Container => ({ name: 'web', image, command, env: [port] })
const cronJob = (name: string, command: readonly string[]) => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name },
  spec: { schedule: '0 5 1 1 *', jobTemplate: {
    spec: { template: { spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [web(command)] } } },
  } },
})

suite('real clients', () => {
  let own: OwnCluster
  let webhook: Webhook
  let kubectl: Kubectl
  let folder: string

  beforeAll(async () => {
    own = await startOwnCluster(true)
    folder = await mkdtemp(join(tmpdir(), 'paddock-clients-'))
    const editor = join(folder, 'editor')
    await writeFile(editor, '#!/bin/sh\nsed -i "s/replicas: [0-9]*/replicas: 2/" "$1"\n')
    await chmod(editor, 0o755)
    process.env['KUBE_EDITOR'] = editor
    kubectl = kubectlFor({ ...sharedCluster()!, kubeconfig: own.kubeconfig, kubectl: own.program }, namespace, folder)
    await succeed(kubectl(['create', 'namespace', namespace]))
    await succeed(
      kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List',
        items: [deployment('old', [web(loopback)]), cronJob('old', loopback)] }),
    )
    await until(async () => (await kubectl(['get', 'replicaset', '-l', 'app=old', '-o', 'name'])).stdout !== '',
      'a ReplicaSet of what was there before')
    webhook = await startWebhook('127.0.0.1', folder)
    await succeed(kubectl(['create', '-f', '-'], await webhookConfigurations(webhook, 'go', namespace)))
    await until(async () => (await create(deployment('probe', [web(loopback)]))).status === 1, 'the webhooks hold')
  }, 600_000)
  afterAll(async () => {
    await webhook?.stop()
    await own?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  }, 60_000)

  const create = (object: object): Promise<Answer> => kubectl(['create', '--dry-run=server', '-f', '-'], object)
  const get = async (name: string): Promise<Stored> =>
    JSON.parse(await succeed(kubectl(['get', 'deployment', name, '-o', 'json']))) as Stored
  const containers = ({ spec }: Stored): readonly Container[] => spec.template.spec.containers

  async function until(condition: () => Promise<boolean>, what: string, seconds = 60): Promise<void> {
    const end = Date.now() + seconds * 1000
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
      await pause(200)
    }
  }

  describe('kubectl', () => {
    /** What a command says: `fixes` and `would violate` are warnings, `denied` is an error that names the rule. */
    type Said = 'nothing' | 'fixes' | 'would violate' | 'denied'
    const said = ({ status, stderr }: Answer): string => {
      const lines = stderr.split('\n').filter((line) => line !== '')
      if (status !== 0)
        return /admission webhook "validate\.paddock\.dev" denied the request: violates GunicornPolicy "\w+": .*\[loopback-bind\]/s.test(
            stderr,
          ) ? 'denied' : stderr
      if (lines.length === 0) return 'nothing'
      if (lines.some((line) => !line.startsWith('Warning: '))) return stderr
      return lines.some((line) => line.includes('would violate')) ? 'would violate'
        : lines.every((line) => line.includes('fixes')) ? 'fixes' : stderr
    }

    beforeAll(async () => {
      await succeed(kubectl(['create', '-f', '-'], deployment('good', [web(good)])))
      await succeed(kubectl(['create', '-f', '-'], deployment('bare', [web(bare)])))
      await succeed(kubectl(['create', '-f', '-'], cronJob('good', good)))
      await succeed(
        kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'good' }, spec: { containers: [web(good)] } }),
      )
    })

    const patch = (command: readonly string[]) =>
      JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'web', command }] } } } })
    const replace = (command: readonly string[]) =>
      JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/command', value: command }])
    const dry = '--dry-run=server'
    // In their order, as some build on what those before them left.
    test.each<{ args: readonly string[]; expected: Said; input?: object }>([
      { args: ['apply', '-f', '-'], expected: 'fixes', input: deployment('applied', [web(bare)]) },
      { args: ['apply', '-f', '-', dry], expected: 'fixes', input: deployment('dry', [web(bare)]) },
      { args: ['apply', '--server-side', '-f', '-'], expected: 'fixes', input: deployment('server-side', [web(bare)]) },
      { args: ['create', '-f', '-', dry], expected: 'denied', input: deployment('bad', [web(loopback)]) },
      { args: ['apply', '-f', '-', dry], expected: 'denied', input: deployment('bad', [web(loopback)]) },
      { args: ['apply', '--server-side', '-f', '-', dry], expected: 'denied', input: deployment('bad', [web(loopback)]) },
      { args: ['replace', '-f', '-'], expected: 'nothing', input: deployment('good', [web(good)]) },
      { args: ['replace', '-f', '-'], expected: 'denied', input: deployment('good', [web(loopback)]) },
      { args: ['scale', 'deployment/good', '--replicas=2'], expected: 'nothing' },
      { args: ['scale', 'deployment/old', '--replicas=2'], expected: 'nothing' },
      { args: ['annotate', 'deployment/good', 'note=x'], expected: 'nothing' },
      { args: ['annotate', 'deployment/old', 'note=x'], expected: 'would violate' },
      { args: ['label', 'deployment/good', 'team=y'], expected: 'nothing' },
      { args: ['label', 'deployment/old', 'team=y'], expected: 'would violate' },
      { args: ['rollout', 'pause', 'deployment/old'], expected: 'would violate' },
      { args: ['rollout', 'resume', 'deployment/old'], expected: 'would violate' },
      { args: ['rollout', 'restart', 'deployment/good'], expected: 'nothing' },
      { args: ['rollout', 'undo', 'deployment/good'], expected: 'nothing' },
      { args: ['rollout', 'history', 'deployment/good'], expected: 'nothing' },
      { args: ['set', 'image', 'deployment/good', 'web=registry.invalid/shop:2'], expected: 'nothing' },
      { args: ['set', 'env', 'deployment/good', 'A=b'], expected: 'nothing' },
      { args: ['set', 'env', 'deployment/good', 'GUNICORN_CMD_ARGS=-b 127.0.0.1:8000'], expected: 'nothing' },
      { args: ['set', 'resources', 'deployment/good', '--requests=cpu=100m'], expected: 'nothing' },
      { args: ['autoscale', 'deployment/good', '--min=1', '--max=2'], expected: 'nothing' },
      { args: ['patch', 'deployment/good', '-p', patch(loopback)], expected: 'denied' },
      { args: ['patch', 'deployment/good', '--type=json', '-p', replace(loopback)], expected: 'denied' },
      { args: ['patch', 'deployment/good', '--type=json', '-p', replace(good)], expected: 'nothing' },
      { args: ['patch', 'deployment/good', '--type=merge', '-p', '{"spec":{"replicas":1}}'], expected: 'nothing' },
      { args: ['patch', 'deployment/old', '--type=merge', '-p', '{"spec":{"replicas":0}}'], expected: 'would violate' },
      { args: ['edit', 'deployment/good'], expected: 'nothing' },
      { args: ['edit', 'deployment/old'], expected: 'would violate' },
      { args: ['patch', 'cronjob/old', '-p', '{"spec":{"suspend":true}}'], expected: 'would violate' },
      { args: ['create', 'deployment', 'made', `--image=${image}`, dry, '--', ...loopback], expected: 'denied' },
      { args: ['create', 'job', 'made', `--image=${image}`, dry, '--', ...loopback], expected: 'denied' },
      { args: ['create', 'cronjob', 'made', `--image=${image}`, '--schedule=0 5 1 1 *', dry, '--', ...loopback], expected: 'denied' },
      { args: ['create', 'job', 'from-good', '--from=cronjob/good'], expected: 'nothing' },
      { args: ['create', 'job', 'from-old', '--from=cronjob/old', dry], expected: 'denied' },
      { args: ['run', 'ran', `--image=${image}`, '--env=PORT=5000', dry, '--command', '--', ...loopback], expected: 'denied' },
      { args: ['run', 'ran', `--image=${image}`, '--env=PORT=5000', dry, '--command', '--', ...good], expected: 'nothing' },
      { args: ['debug', 'good', `--image=${image}`, '--profile=general', '--', 'sh'], expected: 'nothing' },
      { args: ['debug', 'good', `--image=${image}`, '--profile=general', '--', ...loopback], expected: 'denied' },
      { args: ['expose', 'deployment/good', '--port=80', '--target-port=5000'], expected: 'nothing' },
      { args: ['delete', 'job/from-good', '--cascade=background'], expected: 'nothing' },
      { args: ['delete', 'deployment/old', '--cascade=foreground', '--timeout=60s'], expected: 'nothing' },
      { args: ['delete', 'cronjob/old'], expected: 'nothing' },
    ])('$args: $expected', async ({ args, expected, input }) => {
      expect(said(await kubectl([...args], input))).toBe(expected)
    }, 90_000)

    test('apply and apply --server-side a second time: no new generation, and diff is empty', async () => {
      for (const [name, flags] of [['applied', []], ['server-side', ['--server-side']]] as const) {
        const { metadata } = await get(name)
        expect(await kubectl(['diff', ...flags, '-f', '-'], deployment(name, [web(bare)]))).toMatchObject({ status: 0, stdout: '' })
        await succeed(kubectl(['apply', ...flags, '-f', '-'], deployment(name, [web(bare)])))
        expect((await get(name)).metadata.generation).toBe(metadata.generation)
      }
    })

    test('diff of what is denied says so, with a status above 1', async () => {
      const { status, stderr } = await kubectl(['diff', '-f', '-'], deployment('good', [web(loopback)]))
      expect([status > 1, stderr]).toEqual([true, expect.stringContaining('[loopback-bind]')])
    })

    test('run --dry-run=server -o yaml shows what is mended', async () => {
      expect(await succeed(kubectl(['run', 'shown', `--image=${image}`, dry, '-o', 'yaml', '--command', '--', ...bare]))).toContain(
        '--access-logfile',
      )
    })
  })

  describe.each(['aaa-side', 'zzz-side'])('a webhook of others, %s', (name) => {
    describe.each(['IfNeeded', 'Never'])('reinvocationPolicy: %s', (reinvocationPolicy) => {
      let side: Server
      let operations: readonly Operation[] = []

      beforeAll(async () => {
        const { cert, key, ca } = makeCertificates(['127.0.0.1'], Date.now(), randomBytes)
        side = createServer({ cert, key }, (request, reply) => {
          void textOf(request).then((body) => {
            const { request: { uid, object } } = JSON.parse(body) as {
              request: { uid: string; object: { metadata: { annotations?: object }; spec: Stored['spec'] } }
            }
            // A webhook must be able to be asked again: it acts once.
            const acted = JSON.stringify(object.spec).includes('"side"') || JSON.stringify(object.spec).includes('SIDE')
            const patch = Buffer.from(JSON.stringify(acted ? [] : operations)).toString('base64')
            reply.setHeader('Content-Type', 'application/json').end(
              JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
                response: { uid, allowed: true, patchType: 'JSONPatch', patch } }),
            )
          })
        })
        await new Promise<void>((resolve) => void side.listen(0, '127.0.0.1', resolve))
        await succeed(kubectl(['create', '-f', '-'], {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind: 'MutatingWebhookConfiguration',
          metadata: { name },
          webhooks: [{
            name: 'side.example.com',
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
            failurePolicy: 'Fail',
            reinvocationPolicy,
            clientConfig: { url: `https://127.0.0.1:${(side.address() as AddressInfo).port}/`,
              caBundle: Buffer.from(ca).toString('base64') },
            rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] }],
            objectSelector: { matchLabels: { side: 'yes' } },
          }],
        }))
        operations = [{ op: 'add', path: '/spec/template/spec/containers/0/env/0', value: { name: 'SIDE', value: 'probe' } }]
        await until(
          async () =>
            (await kubectl(['create', '--dry-run=server', '-o', 'yaml', '-f', '-'], sided('probe', [web(good)]))).stdout.includes('SIDE'),
          'the webhook of others holds',
        )
      }, 90_000)
      afterAll(async () => {
        await kubectl(['delete', 'mutatingwebhookconfiguration', name])
        side.closeAllConnections()
        await new Promise((resolve) => side.close(resolve))
      })

      const sided = (as: string, list: readonly Container[]) => deployment(as, list, { side: 'yes' })
      const add = (path: string,
        value: unknown): readonly Operation[] => [{ op: 'add', path: `/spec/template/spec/containers/${path}`, value }]
      const sidecar = (command: readonly string[]): Container => ({ name: 'side', image, command, env: [{ name: 'PORT', value: '5001' }] })

      /** Created, applied again, annotated, compared: what came of the first is what stays. */
      async function settles(as: string, object: object): Promise<readonly Container[]> {
        await succeed(kubectl(['apply', '-f', '-'], object))
        const first = await get(as)
        await succeed(kubectl(['apply', '-f', '-'], object))
        expect(await kubectl(['diff', '-f', '-'], object)).toMatchObject({ status: 0, stdout: '' })
        expect((await get(as)).metadata.generation).toBe(first.metadata.generation)
        // Of a Deployment, annotations count in the generation, too.
        await succeed(kubectl(['annotate', 'deployment', as, 'note=x']))
        expect(containers(await get(as))).toEqual(containers(first))
        await succeed(kubectl(['delete', 'deployment', as]))
        return containers(first)
      }

      test('a sidecar is mended', async () => {
        operations = add('-', sidecar(['gunicorn', 'admin:app', '-b', ':5001']))
        const [, side] = await settles('sided', sided('sided', [web(good)]))
        expect(side?.command).toEqual(expect.arrayContaining(['gunicorn', 'admin:app', '-b', ':5001', '--access-logfile', '-']))
      }, 60_000)

      test('a sidecar that is as the guide has it is left as it is', async () => {
        operations = add('-', sidecar(good))
        expect((await settles('sided', sided('sided', [web(good)]))).map(({ command }) => command)).toEqual([good, good])
      }, 60_000)

      test('a bad sidecar is denied, by its own path', async () => {
        operations = add('-', { ...sidecar(loopback), command: ['gunicorn', 'admin:app', '-k', 'nope'] })
        const { status, stderr } = await create(sided('sided', [web(good)]))
        expect([status, stderr]).toEqual([1, expect.stringContaining('spec.template.spec.containers[1].command')])
      })

      test('a container in front of the others moves the path', async () => {
        operations = add('0', { ...sidecar(['memcached']) })
        const list = await settles('sided', sided('sided', [web(bare)]))
        expect(list.map((one) => one.name)).toEqual(['side', 'web'])
        expect(list[0]?.command).toEqual(['memcached'])
        expect(list[1]?.command).toEqual(expect.arrayContaining([...bare, '--access-logfile']))
        const { stderr } = await create(sided('sided', [web(loopback)]))
        expect(stderr).toContain('spec.template.spec.containers[1].command[3]')
      }, 60_000)

      test('a variable in front of the others stays there', async () => {
        operations = add('0/env/0', { name: 'SIDE', value: 'yes' })
        const [only] = await settles('sided', sided('sided', [web(bare)]))
        expect(only?.env?.map((one) => one.name)).toEqual(['SIDE', 'PORT'])
      }, 60_000)

      test('WEB_CONCURRENCY is a choice of workers where it comes first', async () => {
        operations = [...add('0/env/0', { name: 'SIDE', value: 'yes' }), ...add('0/env/-', { name: 'WEB_CONCURRENCY', value: '3' })]
        await succeed(kubectl(['apply', '-f', '-'], sided('sided', [web(bare)])))
        const command = containers(await get('sided'))[0]?.command
        // Behind Paddock it comes too late for the first time: docs/troubleshooting.md.
        if (name === 'aaa-side') expect(command).not.toContain('-w')
        else expect(command).toEqual(expect.arrayContaining(['-w', '4']))
        await succeed(kubectl(['delete', 'deployment', 'sided']))
      }, 60_000)
    })
  })

  describe('a MutatingAdmissionPolicy', () => {
    let served = false

    beforeAll(async () => {
      served = (await kubectl(['get', 'mutatingadmissionpolicies'])).status === 0
      if (!served) return
      const args =
        `object.metadata.labels["args"] == "bad" ? ["-b", "127.0.0.1:8000"] : object.metadata.labels["args"] == "good" ? ["-b", ":8000"] : ["-w", "2"]`
      const api = JSON.parse(await succeed(kubectl(['get', '--raw', '/apis/admissionregistration.k8s.io']))) as {
        preferredVersion: { groupVersion: string }
      }
      const of = (kind: string, spec: object) => ({ apiVersion: api.preferredVersion.groupVersion, kind,
        metadata: { name: 'args.example.com' }, spec })
      await succeed(kubectl(['create', '-f', '-'], {
        apiVersion: 'v1',
        kind: 'List',
        items: [
          of('MutatingAdmissionPolicy', {
            matchConstraints: {
              resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] }],
            },
            matchConditions: [{ name: 'labelled', expression: 'has(object.metadata.labels) && "args" in object.metadata.labels' }],
            failurePolicy: 'Fail',
            reinvocationPolicy: 'Never',
            // A list that is set as a whole cannot be written by an ApplyConfiguration.
            mutations: [{ patchType: 'JSONPatch',
              jsonPatch: { expression: `[JSONPatch{op: "add", path: "/spec/template/spec/containers/0/args", value: ${args}}]` } }],
          }),
          of('MutatingAdmissionPolicyBinding', { policyName: 'args.example.com' }),
        ],
      }))
      await until(async () => (await create(labelled('probe', 'bad'))).status === 1, 'the policy holds')
    }, 90_000)
    afterAll(async () => {
      if (served) await kubectl(['delete', 'mutatingadmissionpolicy/args.example.com', 'mutatingadmissionpolicybinding/args.example.com'])
    })

    const labelled = (name: string, args: string) => deployment(name, [web(['gunicorn', 'wsgi'])], { args })

    test('what it puts in is denied by its own path', async () => {
      if (!served) return process.stderr.write('the API server knows no MutatingAdmissionPolicy\n')
      const { status, stderr } = await create(labelled('by-policy', 'bad'))
      expect([status, stderr]).toEqual([1,
        expect.stringContaining('spec.template.spec.containers[0].args[1]: Invalid value: "127.0.0.1:8000"')])
    })

    test.each(['good', 'few'])('what it puts in is mended once: %s', async (value) => {
      if (!served) return
      const object = labelled(`by-policy-${value}`, value)
      await succeed(kubectl(['apply', '-f', '-'], object))
      const first = await get(`by-policy-${value}`)
      expect([...(containers(first)[0]?.command ?? []), ...(containers(first)[0]?.args ?? [])]).toEqual(
        expect.arrayContaining(['--access-logfile']),
      )
      expect(await kubectl(['diff', '-f', '-'], object)).toMatchObject({ status: 0, stdout: '' })
      await succeed(kubectl(['apply', '-f', '-'], object))
      expect((await get(`by-policy-${value}`)).metadata.generation).toBe(first.metadata.generation)
    }, 60_000)
  })
})
