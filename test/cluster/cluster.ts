import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { startBox } from './box.ts'
import { startControlPlane, type ControlPlane } from './control-plane.ts'
import { downloadEnvtest, findEnvtest } from './envtest.ts'
import { buildPause, buildProgram, builtPath, type BuiltProgram } from './go.ts'
import { startKind } from './kind.ts'
import { nodePrograms, startNode, type NodePrograms } from './node.ts'
import { capture, isExecutable, onPath, type Environment } from './program.ts'

/** A real Kubernetes API server, for tests. */
export type Cluster = {
  /** Path of a kubeconfig whose user may do everything. */
  kubeconfig: string
  /** Path of a kubectl. */
  kubectl: string
  source: 'PADDOCK_TEST_KUBECONFIG' | 'kind' | 'envtest' | 'go'
  /** The address of this machine at which the API server can reach a webhook. */
  webhookHost: string
  /** Loads an archive of images (`docker save`) into every node, for Pods that never pull them. Fails without a node. */
  loadImage(archive: string): Promise<void>
  /** etcd and the API server themselves, where they were started here. */
  controlPlane?: ControlPlane
  /** Stops what was started and forgets its state; a cluster that was there before is left alone. */
  stop(): Promise<void>
}

/** No cluster could be had. The message says, a line for each way, what was tried and why it failed. */
export class NoCluster extends Error {
  override name = 'NoCluster'
}

/** What the cluster has to have beside etcd and kube-apiserver. */
export type Needs = {
  /** Controllers that act on what is stored: the garbage collector among them. */
  controllers?: boolean
  /** One node at least that runs Pods, and controllers. Without Docker that takes Linux, root and Go. */
  node?: boolean
  /** etcd and the API server as processes of this machine, which a test may then stop and start. */
  processes?: boolean
}

/** What a way to a cluster gives; a kubectl only where it brings one along. */
type Started = Pick<Cluster, 'kubeconfig' | 'stop'> & Partial<Omit<Cluster, 'source'>>

/**
 * Brings up a real Kubernetes control plane in the first of these ways that works:
 *
 * 1. `PADDOCK_TEST_KUBECONFIG`: the cluster of that kubeconfig. It is used as it is and never torn down. Its API
 *    server must be able to reach this machine, at `PADDOCK_TEST_WEBHOOK_HOST` (127.0.0.1 unless set), and its user
 *    must be allowed to create namespaces, workloads and webhook configurations. `PADDOCK_TEST_LOAD_IMAGE` is a shell
 *    command that loads an archive of images into its nodes; the archive's path is put behind it.
 * 2. kind, where Docker answers and `kind` or Go is on PATH.
 * 3. envtest: etcd and kube-apiserver from `KUBEBUILDER_ASSETS`, or fetched as setup-envtest would. Not where a node
 *    is needed.
 * 4. Go: the same programs built from their modules, by `npm run cluster`; or now, which takes some 10 minutes, where
 *    `PADDOCK_REQUIRE_CLUSTER` is 1.
 *
 * Controllers and the parts of a node are always built so, except where kind brings them.
 *
 * What is fetched or built is kept below `PADDOCK_CACHE`, or `~/.cache/paddock`, and nothing is fetched while what was
 * built is still there. kubectl is the one on PATH, else the one that comes with the cluster, else built.
 * @throws NoCluster where none works
 */
export async function startCluster(
  log: (line: string) => void,
  environment: Environment = process.env,
  needs: Needs = {},
): Promise<Cluster> {
  if (environment['PADDOCK_TEST_KUBECONFIG'] !== undefined && needs.processes !== true) {
    const source = 'PADDOCK_TEST_KUBECONFIG'
    try {
      return await cluster(source, await useKubeconfig(environment), environment, log)
    } catch (error) {
      throw new NoCluster(`The cluster that ${source} names cannot be used: ${(error as Error).message}`)
    }
  }

  const ways = { kind: startKind, envtest: startEnvtest, go: startBuilt } as const
  const outOfReach = 'its etcd and API server are not processes of this machine'
  const failures = [`PADDOCK_TEST_KUBECONFIG: ${needs.processes === true ? outOfReach : 'not set'}`]
  if (needs.processes === true) failures.push(`kind: ${outOfReach}`)
  for (const source of needs.processes === true ? (['envtest', 'go'] as const) : (['kind', 'envtest', 'go'] as const)) {
    try {
      const started = await ways[source](environment, log, needs)
      return await cluster(source, started, environment, log)
    } catch (error) {
      failures.push(`${source}: ${(error as Error).message}`)
    }
  }
  throw new NoCluster(`No Kubernetes API server could be had:\n${failures.map((line) => `  ${line}`).join('\n')}`)
}

async function cluster(
  source: Cluster['source'],
  started: Started,
  environment: Environment,
  log: (line: string) => void,
): Promise<Cluster> {
  try {
    const { kubeconfig } = started
    const kubectl = (await onPath('kubectl', environment)) ?? started.kubectl ?? (await buildProgram('kubectl', environment, log))
    await capture(kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'], { seconds: 30, environment })
    return { webhookHost: '127.0.0.1', loadImage: noNode, ...started, kubectl, source }
  } catch (error) {
    await started.stop()
    throw error
  }
}

async function noNode(): Promise<never> {
  throw new Error('the cluster has no node to load an image into')
}

async function useKubeconfig(environment: Environment): Promise<Started> {
  const kubeconfig = environment['PADDOCK_TEST_KUBECONFIG'] ?? ''
  await access(kubeconfig)
  const webhookHost = environment['PADDOCK_TEST_WEBHOOK_HOST']
  const load = environment['PADDOCK_TEST_LOAD_IMAGE']
  return {
    kubeconfig,
    ...(webhookHost === undefined ? {} : { webhookHost }),
    async loadImage(archive) {
      if (load === undefined) throw new Error('PADDOCK_TEST_LOAD_IMAGE is not set: it is to load an archive into the nodes')
      await capture('sh', ['-c', `${load} "$1"`, 'sh', archive], { seconds: 300, environment })
    },
    stop: async () => {},
  }
}

async function startEnvtest(environment: Environment, log: (line: string) => void, needs: Needs): Promise<Started> {
  if (needs.node === true) throw new Error('it has no node')
  let folder = await findEnvtest(environment)
  if (folder === undefined) {
    if (await isExecutable(builtPath('kube-apiserver', environment)))
      throw new Error('KUBEBUILDER_ASSETS is not set, and nothing is fetched while a kube-apiserver built with Go is there')
    folder = await downloadEnvtest(environment, log)
  }
  const programs = { etcd: join(folder, 'etcd'), 'kube-apiserver': join(folder, 'kube-apiserver') }
  const controlPlane = await startControlPlane(
    { ...programs, ...(await builtControllers(environment, log, needs)) },
    environment,
  )
  return { ...controlPlane, controlPlane, kubectl: join(folder, 'kubectl') }
}

async function startBuilt(environment: Environment, log: (line: string) => void, needs: Needs): Promise<Started> {
  const built = (name: BuiltProgram) => buildProgram(name, environment, log)
  const start = async (address?: string) => {
    const programs = { etcd: await built('etcd'), 'kube-apiserver': await built('kube-apiserver') }
    return startControlPlane({ ...programs, ...(await builtControllers(environment, log, needs)) }, environment, address)
  }
  if (needs.node !== true) {
    const controlPlane = await start()
    return { ...controlPlane, controlPlane }
  }

  const ends: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of ends.reverse()) await end()
  }
  try {
    // First what a machine may refuse, then what takes long.
    const box = await startBox(environment)
    ends.push(box.stop)
    const parts = { pause: await buildPause(environment) } as NodePrograms
    for (const name of ['kubectl', ...nodePrograms] as const) parts[name] = await built(name)
    const controlPlane = await start(box.host)
    ends.unshift(controlPlane.stop)
    const loadImage = await startNode(controlPlane, box, parts, environment)
    return { kubeconfig: controlPlane.kubeconfig, controlPlane, loadImage, webhookHost: box.host, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function builtControllers(
  environment: Environment,
  log: (line: string) => void,
  { controllers, node }: Needs,
): Promise<{ 'kube-controller-manager'?: string; 'kube-scheduler'?: string }> {
  const built = (name: BuiltProgram) => buildProgram(name, environment, log)
  return {
    ...(controllers || node ? { 'kube-controller-manager': await built('kube-controller-manager') } : {}),
    ...(node ? { 'kube-scheduler': await built('kube-scheduler') } : {}),
  }
}
