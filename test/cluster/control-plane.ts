import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProgram, untilReady, type Environment, type Program } from './program.ts'

/** What the one node of a test cluster is called. */
export const nodeName = 'node1'
/** Where Services have their addresses. */
const serviceRange = '10.96.0.0/16'

/** The components that have a part in the cluster, with the user and the groups that each is. */
const users = {
  admin: ['admin', 'system:masters'],
  'kube-controller-manager': ['system:kube-controller-manager', ''],
  'kube-scheduler': ['system:kube-scheduler', ''],
  kubelet: [`system:node:${nodeName}`, 'system:nodes'],
  'kube-proxy': ['system:kube-proxy', ''],
} as const

export type Component = Exclude<keyof typeof users, 'admin'>

/**
 * The programs of a control plane. Without kube-controller-manager, objects are stored and admitted as in any cluster,
 * but nothing acts on them; without kube-scheduler, Pods wait for a node.
 */
export type ControlPlanePrograms = {
  etcd: string
  'kube-apiserver': string
  'kube-controller-manager'?: string
  'kube-scheduler'?: string
}

export type ControlPlane = {
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string
  /** Path of a component's kubeconfig, in which the API server stands at an address that the component reaches. */
  kubeconfigOf(component: Component, host?: string): Promise<string>
  /** Where the state of it all is kept until it stops. */
  folder: string
  /** What runs, by name; another process after a restart. */
  running: Map<string, Program>
  /** Starts one that has ended, or is to end now, with what it was started with, and waits until it serves again. */
  restart(name: 'etcd' | 'kube-apiserver', more?: Record<string, string>): Promise<void>
  /** Stops what runs, the last first, and forgets its state. */
  stop(): Promise<void>
}

/**
 * Starts the programs of a control plane on free ports of the loopback interface, with their state in a temporary
 * folder.
 * @param address - of this machine, where a node reaches the API server, which then listens on all interfaces
 */
export async function startControlPlane(
  programs: ControlPlanePrograms,
  environment: Environment,
  address?: string,
): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'paddock-cluster-'))
  const running = new Map<string, Program>()
  const stop = async () => {
    for (const program of [...running.values()].reverse()) await program.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const start = (name: keyof ControlPlanePrograms, flags: Record<string, string>) => {
    const program = startProgram(programs[name] ?? name, asFlags(flags), {
      logFile: join(folder, `${name}.log`),
      environment: { ...environment, NO_PROXY: '*' },
    })
    running.set(name, program)
    return program
  }

  try {
    const [port, clients, peers] = (await freePorts(3)) as [number, number, number]
    // The certificate that the API server makes for itself names the address that it listens on, else localhost.
    const here = address === undefined ? '127.0.0.1' : 'localhost'
    const pki = join(folder, 'pki')
    await mkdir(pki)
    const tokens = await writeUsers(join(folder, 'tokens.csv'))
    await writeServiceAccountKeys(pki)

    const serving = async (path: string) => {
      const ca = await readFile(join(pki, 'apiserver.crt'), 'utf8').catch(() => undefined)
      return ca !== undefined && (await answers(`https://${here}:${port}${path}`, ca, tokens.admin))
    }
    const steps = {
      async etcd() {
        const etcd = start('etcd', {
          'data-dir': join(folder, 'etcd'),
          'listen-client-urls': `http://127.0.0.1:${clients}`,
          'advertise-client-urls': `http://127.0.0.1:${clients}`,
          'listen-peer-urls': `http://127.0.0.1:${peers}`,
          'initial-advertise-peer-urls': `http://127.0.0.1:${peers}`,
          'initial-cluster': `default=http://127.0.0.1:${peers}`,
          'unsafe-no-fsync': 'true',
        })
        await untilReady('etcd', etcd, async () => (await etcd.output()).includes('ready to serve client requests'), 30)
      },
      async 'kube-apiserver'(more: Record<string, string> = {}) {
        const apiserver = start('kube-apiserver', {
          'etcd-servers': `http://127.0.0.1:${clients}`,
          'bind-address': address === undefined ? '127.0.0.1' : '0.0.0.0',
          'advertise-address': address ?? '127.0.0.1',
          'secure-port': String(port),
          // Without a certificate of ours it makes one here, and puts the authority that signed it into the same file.
          'cert-dir': pki,
          'service-account-issuer': 'https://kubernetes.default.svc',
          'service-account-key-file': join(pki, 'service-account.pub'),
          'service-account-signing-key-file': join(pki, 'service-account.key'),
          'service-cluster-ip-range': serviceRange,
          'token-auth-file': join(folder, 'tokens.csv'),
          'authorization-mode': 'Node,RBAC',
          'allow-privileged': 'true',
          // A webhook's Service is reached by its EndpointSlices: this machine needs no route to ClusterIPs.
          'enable-aggregator-routing': 'true',
          'kubelet-preferred-address-types': 'InternalIP',
          ...(address === undefined
            // Nobody makes the tokens that Pods would mount, nor is there a Service to reach the API server by.
            ? { 'disable-admission-plugins': 'ServiceAccount', 'endpoint-reconciler-type': 'none' }
            : {}),
          ...more,
        })
        await untilReady('kube-apiserver', apiserver, () => serving('/readyz'), 60)
        await untilReady('kube-apiserver', apiserver, () => serving('/api/v1/namespaces/kube-node-lease'), 30)
      },
    }

    const kubeconfigOf = async (user: keyof typeof users, host = here) => {
      const path = join(folder, `${user}.kubeconfig`)
      const ca = await readFile(join(pki, 'apiserver.crt'), 'base64')
      await writeFile(path, kubeconfigText(`https://${host}:${port}`, ca, tokens[user]), { mode: 0o600 })
      return path
    }

    await steps.etcd()
    await steps['kube-apiserver']()
    if (programs['kube-controller-manager'] !== undefined) {
      const [authority = ''] = (await readFile(join(pki, 'apiserver.crt'), 'utf8')).match(/-----BEGIN[^]+?-----END.*\n/g)?.slice(-1) ?? []
      await writeFile(join(pki, 'authority.crt'), authority)
      const controllers = start('kube-controller-manager', {
        kubeconfig: await kubeconfigOf('kube-controller-manager'),
        'use-service-account-credentials': 'true',
        'service-account-private-key-file': join(pki, 'service-account.key'),
        'root-ca-file': join(pki, 'authority.crt'),
        'service-cluster-ip-range': serviceRange,
        'leader-elect': 'false',
        'secure-port': '0',
        // A test's load is not to make it late with everything else.
        'kube-api-qps': '300',
        'kube-api-burst': '600',
        'concurrent-deployment-syncs': '20',
        'concurrent-replicaset-syncs': '20',
      })
      const path = '/api/v1/namespaces/default/serviceaccounts/default'
      await untilReady('kube-controller-manager', controllers, () => serving(path), 60)
    }
    if (programs['kube-scheduler'] !== undefined) {
      const kubeconfig = await kubeconfigOf('kube-scheduler')
      start('kube-scheduler', { kubeconfig, 'leader-elect': 'false', 'secure-port': '0' })
    }
    return {
      kubeconfig: await kubeconfigOf('admin'),
      kubeconfigOf,
      folder,
      running,
      async restart(name, more) {
        await running.get(name)?.stop()
        await steps[name](more)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Flags as Go programs take them. */
export function asFlags(flags: Record<string, string>): string[] {
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
}

/** JSON is YAML, and so a kubeconfig. */
function kubeconfigText(server: string, ca: string, token: string): string {
  const name = 'paddock-test'
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  })
}

/** Gives each user a token, and writes them down as the API server reads them. */
async function writeUsers(file: string): Promise<Record<keyof typeof users, string>> {
  const entries = Object.entries(users).map(([key, user]) => ({ key, user, token: randomBytes(16).toString('hex') }))
  const lines = entries.map(({ user: [name, group], token }) => `${token},${name},${name},"${group}"\n`)
  await writeFile(file, lines.join(''), { mode: 0o600 })
  return Object.fromEntries(entries.map(({ key, token }) => [key, token])) as Record<keyof typeof users, string>
}

async function writeServiceAccountKeys(folder: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  await writeFile(join(folder, 'service-account.pub'), publicKey)
  await writeFile(join(folder, 'service-account.key'), privateKey, { mode: 0o600 })
}

/** Ports that nobody listens on; all are held until the last is found, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Whether a GET is answered with 200. */
function answers(url: string, ca: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` }
    const asked = request(url, { ca, agent: false, timeout: 2000, headers }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
    asked.end()
  })
}
