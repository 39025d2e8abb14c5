import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { startControlPlane } from './control-plane.ts'
import { downloadEnvtest, findEnvtest } from './envtest.ts'
import { buildProgram, builtPath } from './go.ts'
import { startKind } from './kind.ts'
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
  /** Stops what was started and forgets its state; a cluster that was there before is left alone. */
  stop(): Promise<void>
}

/** No cluster could be had. The message says, a line for each way, what was tried and why it failed. */
export class NoCluster extends Error {
  override name = 'NoCluster'
}

/** What a way to a cluster gives; a kubectl only where it brings one along. */
type Started = Pick<Cluster, 'kubeconfig' | 'stop'> & { webhookHost?: string; kubectl?: string }

/**
 * Brings up a real Kubernetes control plane in the first of these ways that works:
 *
 * 1. `PADDOCK_TEST_KUBECONFIG`: the cluster of that kubeconfig. It is used as it is and never torn down. Its API
 *    server must be able to reach this machine, at `PADDOCK_TEST_WEBHOOK_HOST` (127.0.0.1 unless set), and its user
 *    must be allowed to create namespaces, workloads and webhook configurations.
 * 2. kind, where Docker answers and `kind` or Go is on PATH.
 * 3. envtest: etcd and kube-apiserver from `KUBEBUILDER_ASSETS`, or fetched as setup-envtest would.
 * 4. Go: the same programs built from their modules. That takes some 10 minutes once, and seconds afterwards.
 *
 * What is fetched or built is kept below `PADDOCK_CACHE`, or `~/.cache/paddock`, and nothing is fetched while what was
 * built is still there. kubectl is the one on PATH, else the one that comes with the cluster, else built.
 * @throws NoCluster where none works
 */
export async function startCluster(log: (line: string) => void, environment: Environment = process.env): Promise<Cluster> {
  if (environment['PADDOCK_TEST_KUBECONFIG'] !== undefined) {
    const source = 'PADDOCK_TEST_KUBECONFIG'
    try {
      return await cluster(source, await useKubeconfig(environment), environment, log)
    } catch (error) {
      throw new NoCluster(`The cluster that ${source} names cannot be used: ${(error as Error).message}`)
    }
  }

  const ways = { kind: startKind, envtest: startEnvtest, go: startBuilt } as const
  const failures = ['PADDOCK_TEST_KUBECONFIG: not set']
  for (const source of ['kind', 'envtest', 'go'] as const) {
    try {
      const started = await ways[source](environment, log)
      return await cluster(source, started, environment, log)
    } catch (error) {
      failures.push(`${source}: ${(error as Error).message}`)
    }
  }
  throw new NoCluster(`No Kubernetes API server could be had:\n${failures.map((line) => `  ${line}`).join('\n')}`)
}

async function cluster(
  source: Cluster['source'],
  { kubeconfig, stop, webhookHost = '127.0.0.1', kubectl }: Started,
  environment: Environment,
  log: (line: string) => void,
): Promise<Cluster> {
  try {
    const found = (await onPath('kubectl', environment)) ?? kubectl ?? (await buildProgram('kubectl', environment, log))
    await capture(found, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'], { seconds: 30, environment })
    return { kubeconfig, kubectl: found, source, webhookHost, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function useKubeconfig(environment: Environment): Promise<Started> {
  const kubeconfig = environment['PADDOCK_TEST_KUBECONFIG'] ?? ''
  await access(kubeconfig)
  return { kubeconfig, webhookHost: environment['PADDOCK_TEST_WEBHOOK_HOST'] ?? '127.0.0.1', stop: async () => {} }
}

async function startEnvtest(environment: Environment, log: (line: string) => void): Promise<Started> {
  let folder = await findEnvtest(environment)
  if (folder === undefined) {
    if (await isExecutable(builtPath('kube-apiserver', environment)))
      throw new Error('KUBEBUILDER_ASSETS is not set, and nothing is fetched while a kube-apiserver built with Go is there')
    folder = await downloadEnvtest(environment, log)
  }
  const programs = { etcd: join(folder, 'etcd'), 'kube-apiserver': join(folder, 'kube-apiserver') }
  return { ...(await startControlPlane(programs, environment)), kubectl: join(folder, 'kubectl') }
}

async function startBuilt(environment: Environment, log: (line: string) => void): Promise<Started> {
  const etcd = await buildProgram('etcd', environment, log)
  const apiserver = await buildProgram('kube-apiserver', environment, log)
  return startControlPlane({ etcd, 'kube-apiserver': apiserver }, environment)
}
