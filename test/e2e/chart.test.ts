import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import { helm, noHelm } from '../../scripts/helm.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { connect } from '../../src/cluster/connect.ts'
import { definitions, upgradeDefinitions } from '../../src/operator/definitions.ts'
import { capture, pause, startProgram, untilReady, type Program } from '../cluster/program.ts'
import { kubectlFor, sharedCluster, succeed, type Kubectl, type SharedCluster } from './kubectl.ts'

const cluster = sharedCluster()
const suite = cluster === undefined || noHelm !== undefined ? describe.skip : describe
const repository = join(import.meta.dirname, '../..')

interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields?: unknown
  }
}

/** What gunicorn would listen on is reached by nobody: an error that `blueking` denies. */
const loopback = (namespace: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'web:1', command: ['gunicorn', '-b', '127.0.0.1:8000', 'wsgi'] }] },
    },
  },
})

suite('the chart on a real API server', () => {
  const name = `paddock-chart-${process.pid}`
  const team = `${name}-team`
  const policy = (enforcement: string): object => ({
    policies: { default: null,
      [name]: { enforcement,
        spec: { preset: 'blueking', match: { namespaceSelector: { matchLabels: { 'paddock.test/suite': name } } } } } },
    fullnameOverride: name,
  })
  const programs: Program[] = []
  let folder: string
  let kubectl: Kubectl
  let admin: string
  let client: Cluster
  let webhookAddress: { host: string; port: number } | undefined

  const run = (action: string, values: object, ...args: string[]): string =>
    helm(action, name, 'charts/paddock', '--namespace', name, '--kubeconfig', admin, `--set-json=${setJson(values)}`, ...args)
  const get = async <T>(...what: string[]): Promise<T> => JSON.parse(await succeed(kubectl(['get', ...what, '-o', 'json']))) as T
  /** With the rights that the chart gives to the account, and no others. */
  async function kubeconfigOf(account: string): Promise<string> {
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } }
    const answer = JSON.parse(
      await succeed(kubectl(['create', '--raw', `/api/v1/namespaces/${name}/serviceaccounts/${account}/token`, '-f', '-'], request)),
    ) as { status: { token: string } }
    const config = parse(await readFile(admin, 'utf8')) as { users: { user: object }[] }
    for (const user of config.users) user.user = { token: answer.status.token }
    const file = join(folder, `${account}.kubeconfig`)
    await writeFile(file, JSON.stringify(config), { mode: 0o600 })
    return file
  }
  function start(program: string, ...args: string[]): Program {
    const started = startProgram(process.execPath, [join(repository, 'cmd', `${program}.ts`), `--namespace=${name}`, ...args], {
      logFile: join(folder, `${program}.log`),
    })
    programs.push(started)
    return started
  }
  /** Asks again until it is so. @throws with what it was at last */
  async function eventually<T>(ask: () => Promise<T>, so: (answer: T) => boolean, seconds = 45): Promise<T> {
    const end = Date.now() + seconds * 1000
    for (;;) {
      const answer = await ask()
      if (so(answer)) return answer
      if (Date.now() > end) throw new Error(`it did not come to be so: ${JSON.stringify(answer)}`)
      await pause(100)
    }
  }
  const tried = () => kubectl(['apply', '--dry-run=server', '-f', '-'], loopback(team))

  beforeAll(async () => {
    const shared = cluster as SharedCluster
    folder = await mkdtemp(join(tmpdir(), 'paddock-chart-'))
    admin = shared.kubeconfig
    // No namespace: what is applied is of several.
    kubectl = kubectlFor(shared, '', folder)
    client = await connect({ kubeconfig: admin })
    await succeed(
      kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace',
        metadata: { name: team, labels: { 'paddock.test/suite': name } } }),
    )
    await succeed(kubectl(['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' } },
    }))
  })

  afterAll(async () => {
    for (const program of programs) await program.stop()
    client?.close()
    await kubectl(['delete', '--wait=false', '--ignore-not-found', 'namespace', name, team])
    await kubectl(['delete', '--ignore-not-found', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', '-l',
      `app.kubernetes.io/instance=${name}`])
    try {
      helm('uninstall', name, '--namespace', name, '--kubeconfig', admin, '--no-hooks', '--ignore-not-found')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('is installed with its CRDs and its policy in one go, and upgraded', async () => {
    expect(run('install', policy('Audit'))).toContain(`GunicornPolicy "${name}": says nothing to users and changes nothing`)
    const { spec } = await get<{ spec: { rules: Readonly<Record<string, string>> } }>('gunicornpolicy', name)
    expect(spec.rules['loopback-bind']).toBe('Audit')
    expect(run('upgrade', policy('Warn'))).toContain(`GunicornPolicy "${name}": warns, and changes nothing`)
    const { spec: upgraded } = await get<{ spec: { rules: Readonly<Record<string, string>> } }>('gunicornpolicy', name)
    expect(upgraded.rules['loopback-bind']).toBe('Warn')
  })

  test('Pods, and those of hooks, are what `restricted` allows', async () => {
    const text = helm('template', name, 'charts/paddock', '--namespace', name, `--set-json=${setJson(policy('Warn'))}`)
    const pods = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject | null)
      .filter((object) => object && ['Deployment', 'Job', 'Pod'].includes(object.kind))
    expect(pods).toHaveLength(4)
    const { status, stderr } = await kubectl(['apply', '--dry-run=server', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: pods })
    // Where no controller has made the account of the test's Pod, it does not get that far.
    expect(stderr).not.toContain('PodSecurity')
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) })
  })

  test('webhook and operator do their work with the rights that they are given', async () => {
    const port = await freePort()
    webhookAddress = { host: (cluster as SharedCluster).webhookHost, port }
    const [webhookConfig, operatorConfig] = [await kubeconfigOf(`${name}-webhook`), await kubeconfigOf(`${name}-operator`)]
    const host = (cluster as SharedCluster).webhookHost
    const webhook = start('webhook', `--kubeconfig=${webhookConfig}`, `--tls-secret=${name}-webhook-tls`, `--host=${host}`,
      `--port=${port}`)
    const operator = start('operator', `--kubeconfig=${operatorConfig}`, `--name=${name}`, '--host=127.0.0.1', '--port=0',
      `--webhook-url=https://${host}:${port}`)
    await untilReady('the operator', operator, async () => (await kubectl(['get', 'validatingwebhookconfiguration', name])).status === 0,
      30)
    const { status, stderr } = await eventually(tried, ({ stderr: said }) => said.includes('loopback-bind'))
    expect(stderr).toContain(`Warning: would violate GunicornPolicy "${name}"`)
    expect(status).toBe(0)
    // One go for all: status, secrets, lease, scan.
    await eventually(() => get<{ status?: { counts?: object } }>('gunicornpolicy', name), (object) => object.status?.counts !== undefined)
    for (const program of [webhook, operator])
      expect((await program.output()).split('\n').filter((line) => /forbidden|"level":"(warn|error)"/i.test(line))).toEqual([])
  })

  test('what helm test runs finds the webhook and its answer', async () => {
    const values = { ...policy('Warn'), tests: { namespace: team } }
    const hooks = parseAllDocuments(helm('template', name, 'charts/paddock', '--namespace', name, `--set-json=${setJson(values)}`))
      .map((document) => document.toJS() as KubernetesObject | null)
      .filter((object) => object?.metadata.annotations?.['helm.sh/hook'] === 'test')
    const pod = hooks.find((object) => object?.kind === 'Pod') as unknown as { spec: { containers: [{ command: string[] }] } }
    await succeed(
      kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: hooks.filter((object) => object?.kind !== 'Pod') }),
    )
    const config = parse(await readFile(await kubeconfigOf(`${name}-test`), 'utf8')) as {
      clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }]
      users: [{ user: { token: string } }]
    }
    const [{ cluster: api }] = config.clusters
    const secret = await get<{ data: Record<string, string> }>('secret', `${name}-webhook-tls`, '--namespace', name)
    // What the kubelet would put into the Pod.
    await writeFile(join(folder, 'token'), config.users[0].user.token)
    await writeFile(join(folder, 'ca.crt'), api['certificate-authority-data'], 'base64')
    await writeFile(join(folder, 'authority.crt'), secret.data['ca.crt'] ?? '', 'base64')
    const [, ...args] = pod.spec.containers[0].command
    const script = (args.pop() ?? '').replace('/var/run/secrets/kubernetes.io/serviceaccount', folder).replace('/certificates/ca.crt',
      join(folder, 'authority.crt'))
    const { hostname, port } = new URL(api.server)
    const ask = (governed: string, namespace: string) =>
      capture(process.execPath, [...args, script], {
        seconds: 30,
        environment: {
          SERVICE: `${name}-webhook.${name}.svc`,
          ADDRESS: webhookAddress?.host ?? '',
          PORT: String(webhookAddress?.port),
          NAMESPACE: namespace,
          GOVERNED: governed,
          KUBERNETES_SERVICE_HOST: hostname,
          KUBERNETES_SERVICE_PORT: port,
        },
      })
    expect((await ask('true', team)).split('\n')).toEqual([
      'ok: the webhook is ready, reached through its Service with a certificate that its authority signed',
      'ok: the API server took the Deployment of the dry run, or Paddock denied it',
      'ok: a gunicorn that listens on loopback is warned of or denied',
    ])
    // In a namespace in which the account may do nothing.
    await expect(ask('true', 'default')).rejects.toThrow('took the Deployment of the dry run')
    await succeed(
      kubectl(['delete', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: hooks.filter((object) => object?.kind !== 'Pod') }),
    )
  })

  test('with enforcement Deny, the same is denied', async () => {
    run('upgrade', policy('Deny'))
    const { status, stderr } = await eventually(tried, (answer) => answer.status !== 0)
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(`violates GunicornPolicy "${name}"`) })
    expect(stderr).toContain('[loopback-bind]')
  })

  // As Argo CD applies, with `ServerSideApply=true`; Flux for a Kustomization; Flux for a HelmRelease.
  test.each(['argocd-controller', 'kustomize-controller', 'helm-controller'])(
    'what %s applies shows no drift after the operator has written its part',
    async (manager) => {
      const text = helm('template', name, 'charts/paddock', '--namespace', name, '--include-crds', '--no-hooks',
        `--set-json=${setJson(policy('Deny'))}`)
      const sync = (...more: string[]) =>
        kubectl(['apply', '--server-side', '--force-conflicts', `--field-manager=${manager}`, ...more, '-f', '-'], text)
      const live = async (): Promise<KubernetesObject[]> =>
        (JSON.parse(await succeed(kubectl(['get', '--show-managed-fields', '-o', 'json', '-f', '-'], text))) as {
          items: KubernetesObject[]
        }).items
      await succeed(sync())
      // A status that is lost is written again.
      await succeed(kubectl(['patch', 'gunicornpolicy', name, '--subresource=status', '--type=merge', '-p', '{"status":null}']))
      await eventually(() => get<{ status?: { conditions?: object } }>('gunicornpolicy', name),
        ({ status }) => status?.conditions !== undefined)
      const before = await settled(live)
      expect(before.length).toBeGreaterThan(20)

      // What these controllers ask first: would there be a difference?
      const { items: wouldBe } = JSON.parse(await succeed(sync('--dry-run=server', '-o', 'json'))) as { items: KubernetesObject[] }
      expect(wouldBe.map(withoutManager)).toEqual(before.map(withoutManager))
      expect((await kubectl(['diff', '--server-side', '--force-conflicts', `--field-manager=${manager}`, '-f', '-'], text)).stdout).toBe('')
      // And the sync itself writes nothing.
      await succeed(sync())
      expect((await live()).map(version)).toEqual(before.map(version))
    },
  )

  // As Flux compares, and Argo CD with ServerSideDiff=true,IncludeMutationWebhook=true.
  test.each(['kustomize-controller', 'argocd-controller'])(
    'a workload that is mended shows no drift to %s, though its manifest lacks what was added',
    async (manager) => {
      const manifest = JSON.stringify({ ...loopback(team), metadata: { name: `mended-${manager}`, namespace: team } }).replace(
        '"-b","127.0.0.1:8000",',
        '',
      )
      const sync = (...more: string[]) =>
        kubectl(['apply', '--server-side', '--force-conflicts', `--field-manager=${manager}`, ...more, '-f', '-'], manifest)
      const live = () =>
        get<KubernetesObject & { spec: { template: { spec: { containers: [{ command: string[] }] } } } }>('deployment', `mended-${manager}`,
          '--namespace', team)
      await succeed(sync())
      const before = await live()
      expect(before.spec.template.spec.containers[0].command).toEqual(expect.arrayContaining(['gunicorn', 'wsgi', '-b', ':$(PORT)']))
      const { status, stdout } = await kubectl(['diff', '--server-side', '--force-conflicts', `--field-manager=${manager}`, '-f', '-'],
        manifest)
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
      await succeed(sync())
      expect((await live()).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    },
  )

  test('the operator brings its CRDs up to date, and leaves newer ones alone', async () => {
    const place = { name: 'gunicornpolicies.paddock.dev' }
    const schema = async () => {
      const { metadata, spec } = await get<
        { metadata: KubernetesObject['metadata']; spec: { versions: { additionalPrinterColumns?: object[] }[] } }
      >('crd', place.name)
      return { version: metadata.annotations?.['paddock.dev/version'], columns: spec.versions[0]?.additionalPrinterColumns?.length ?? 0 }
    }
    const lines: string[] = []
    const log = { debug: () => {}, info: (message: string) => lines.push(message), warn: () => {},
      error: (message: string, fields?: object) => lines.push(`${message} ${JSON.stringify(fields)}`) }
    const own = await connect({ kubeconfig: await kubeconfigOf(`${name}-operator`) })
    try {
      const today = await schema()
      const older = [
        { op: 'add', path: '/metadata/annotations/paddock.dev~1version', value: '0.0.1' },
        { op: 'remove', path: '/spec/versions/0/additionalPrinterColumns' },
      ]
      await succeed(kubectl(['patch', 'crd', place.name, '--type=json', '-p', JSON.stringify(older)]))
      await upgradeDefinitions(own, today.version ?? '', log)
      expect(await schema()).toEqual(today)
      expect(lines).toEqual(['definition brought up to date'])
      await upgradeDefinitions(own, '0.0.2', log)
      expect(await schema()).toEqual(today)
      expect(lines).toHaveLength(1)
      expect(await client.get(definitions, place)).toBeDefined()
    } finally {
      own.close()
    }
  })

  describe('the label that exempts a namespace', () => {
    const label = 'paddock.dev/admission'
    const change = (user: string, ...to: string[]) => kubectl(['label', 'namespace', team, '--overwrite', ...to, `--as=${user}`])
    const role = (rules: object[]): object => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole',
      metadata: { name: `${name}-ns` }, rules })
    const binding = (user: string, to: string): object => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `${name}-${user}-${to === `${name}-ns` ? 'ns' : 'policies'}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: to },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    })
    const rights = [
      role([{ apiGroups: [''], resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
        verbs: ['get', 'create', 'update', 'patch'] }]),
      binding('editor', `${name}-ns`),
      binding('keeper', `${name}-ns`),
      binding('keeper', `${name}-policy-editor`),
    ]
    const refused = { status: 1, stdout: '', stderr: expect.stringContaining('metadata.labels[paddock.dev/admission]: Forbidden') }

    beforeAll(async () => {
      await succeed(kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: rights }))
      // The API server takes up a policy of this kind within a moment.
      await eventually(() => change('editor', `${label}=probe`, '--dry-run=server'), ({ status }) => status !== 0)
    })
    afterAll(async () => {
      await kubectl(['delete', '--ignore-not-found', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: rights })
    })

    test('is not for those who may edit the namespace, by whatever way', async () => {
      expect(await change('editor', `${label}=disabled`)).toEqual(refused)
      for (const subresource of ['status']) {
        const patch = JSON.stringify({ metadata: { labels: { [label]: 'disabled' } } })
        expect(await kubectl(['patch', 'namespace', team, `--subresource=${subresource}`, '--type=merge', '-p', patch, '--as=editor']))
          .toEqual(refused)
      }
      const labelled = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${team}-2`, labels: { [label]: 'disabled' } } }
      expect(await kubectl(['create', '--as=editor', '-f', '-'], labelled)).toEqual(refused)
      expect((await change('editor', 'some=label')).status).toBe(0)
    })

    test('is for those who may change policies; and then nobody else changes or removes it', async () => {
      expect((await change('keeper', `${label}=disabled`)).status).toBe(0)
      // The API server itself leaves the namespace out.
      expect((await tried()).status).toBe(0)
      expect(await change('editor', `${label}-`)).toEqual(refused)
      expect(await change('editor', `${label}=other`)).toEqual(refused)
      expect((await change('editor', 'some=other')).status).toBe(0)
      expect((await change('keeper', `${label}-`)).status).toBe(0)
      expect((await change('admin', `${label}=disabled`)).status).toBe(1)
      expect((await kubectl(['label', 'namespace', team, `${label}=disabled`])).status).toBe(0)
      expect((await kubectl(['label', 'namespace', team, `${label}-`])).status).toBe(0)
      await eventually(tried, ({ status }) => status !== 0)
    })
  })

  test('the cleanup of the hook and helm uninstall leave nothing but the CRDs', async () => {
    const hooks = parseAllDocuments(helm('template', name, 'charts/paddock', '--namespace', name, `--set-json=${setJson(policy('Deny'))}`))
      .map((document) => document.toJS() as KubernetesObject | null)
      .filter((object) => object?.metadata.annotations?.['helm.sh/hook'] === 'pre-delete' && object.kind !== 'Job')
    expect(hooks).toHaveLength(5)
    await succeed(kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: hooks }))
    // Nothing but the Deployment's scale tells a Pod to end; here it is a process.
    await programs.at(-1)?.stop()
    const config = await kubeconfigOf(`${name}-cleanup`)
    const said = await capture(process.execPath, [join(repository, 'cmd/operator.ts'), 'cleanup', `--namespace=${name}`, `--name=${name}`,
      `--kubeconfig=${config}`], { seconds: 45 }).then(() => '', (error: Error) => error.message)
    expect(said).toBe('')
    expect((await get<{ spec: { replicas: number } }>('deployment', `${name}-operator`, '--namespace', name)).spec.replicas).toBe(0)
    await succeed(kubectl(['delete', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: hooks }))
    expect((await tried()).status).toBe(0)

    helm('uninstall', name, '--namespace', name, '--kubeconfig', admin, '--no-hooks')
    const kinds = (await succeed(kubectl(['api-resources', '--verbs=list', '-o', 'name']))).trim().split('\n').filter((kind) =>
      !kind.startsWith('events')
    )
    const left = await kubectl(['get', kinds.join(','), '--all-namespaces', '-o', 'name', '-l', `app.kubernetes.io/instance=${name}`])
    expect(left.stdout).toBe('')
    const leases = await succeed(kubectl(['get', 'secrets,leases', '--namespace', name, '-o', 'name']))
    expect(leases).toBe('')
    expect((await kubectl(['get', 'crd', 'gunicornpolicies.paddock.dev', 'gunicornexceptions.paddock.dev'])).status).toBe(0)
  })

  // These have names that are fixed, and would lay themselves over an installation of somebody's own.
  const ofOwn = cluster?.source === 'PADDOCK_TEST_KUBECONFIG' ? test.skip : test
  ofOwn('of deploy/, a second kubectl apply --server-side changes nothing', async () => {
    const policies = await readFile(join(repository, 'deploy/policy.yaml'), 'utf8')
    let text = ''
    try {
      for (const file of ['paddock', 'paddock-cert-manager']) {
        // cert-manager is not here; its objects are not either.
        const documents = (await readFile(join(repository, 'deploy', `${file}.yaml`), 'utf8')).split(/^---\n/m).filter((document) =>
          !document.includes('cert-manager.io/v1')
        )
        text = [...documents, ...policies.split(/^---\n/m)].join('---\n')
        const apply = () => kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], text)
        const versions = async () =>
          (JSON.parse(await succeed(kubectl(['get', '--show-managed-fields', '-o', 'json', '-f', '-'], text))) as {
            items: KubernetesObject[]
          }).items.map(version)
        await succeed(apply())
        const before = await settled(versions)
        await succeed(apply())
        expect(await versions()).toEqual(before)
      }
    } finally {
      const own = text.split(/^---\n/m).filter((document) => !/^kind: CustomResourceDefinition$/m.test(document)).join('---\n')
      await kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], own)
    }
  })
})

/** Once it is the same twice: controllers of the API server write statuses of their own. */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  let before = await ask()
  for (let tries = 0; tries < 40; tries++) {
    await pause(500)
    const now = await ask()
    if (JSON.stringify(now) === JSON.stringify(before)) return now
    before = now
  }
  throw new Error('it does not come to rest')
}

const version = ({ kind, metadata }: KubernetesObject): string =>
  `${kind} ${metadata.name} ${metadata.resourceVersion} ${JSON.stringify(metadata.managedFields)}`

/** Times in managedFields say when one was asked. */
function withoutManager(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** `a={"b":1},c="d"`, as --set-json takes it. */
const setJson = (values: object): string => Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
