import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProgram, untilReady, type Environment, type Program } from './program.ts'

/**
 * Starts etcd and kube-apiserver on free ports of the loopback interface, with their state in a temporary folder.
 * Nothing else runs: objects are stored and admitted as in any cluster, but no controller acts on them.
 * @returns the path of the administrator's kubeconfig, and how to stop and forget it all
 */
export async function startControlPlane(
  programs: { etcd: string; 'kube-apiserver': string },
  environment: Environment,
): Promise<{ kubeconfig: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'paddock-cluster-'))
  const running: Program[] = []
  const stop = async () => {
    for (const program of running.reverse()) await program.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const start = (name: keyof typeof programs, flags: Record<string, string>) => {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    const program = startProgram(programs[name], args, { logFile: join(folder, `${name}.log`), environment })
    running.push(program)
    return program
  }

  try {
    const [port, clients, peers] = (await freePorts(3)) as [number, number, number]
    const etcd = start('etcd', {
      'data-dir': join(folder, 'etcd'),
      'listen-client-urls': `http://127.0.0.1:${clients}`,
      'advertise-client-urls': `http://127.0.0.1:${clients}`,
      'listen-peer-urls': `http://127.0.0.1:${peers}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${peers}`,
      'initial-cluster': `default=http://127.0.0.1:${peers}`,
      'unsafe-no-fsync': 'true',
    })

    const pki = join(folder, 'pki')
    const token = randomBytes(16).toString('hex')
    await mkdir(pki)
    await writeFile(join(folder, 'tokens.csv'), `${token},admin,1,"system:masters"\n`)
    await writeServiceAccountKeys(pki)
    const apiserver = start('kube-apiserver', {
      'etcd-servers': `http://127.0.0.1:${clients}`,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(port),
      // Without a certificate of ours it makes one here, and puts the authority that signed it into the same file.
      'cert-dir': pki,
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': join(pki, 'service-account.pub'),
      'service-account-signing-key-file': join(pki, 'service-account.key'),
      'service-cluster-ip-range': '10.96.0.0/16',
      'token-auth-file': join(folder, 'tokens.csv'),
      'authorization-mode': 'RBAC',
      'allow-privileged': 'true',
      // The controllers that would make service accounts and endpoints do not run here.
      'disable-admission-plugins': 'ServiceAccount',
      'endpoint-reconciler-type': 'none',
    })

    const serving = async (path: string) => {
      const ca = await readFile(join(pki, 'apiserver.crt'), 'utf8').catch(() => undefined)
      return ca !== undefined && (await answers(`https://127.0.0.1:${port}${path}`, ca, token))
    }
    await untilReady('etcd', etcd, async () => (await etcd.output()).includes('ready to serve client requests'), 30)
    await untilReady('kube-apiserver', apiserver, () => serving('/readyz'), 60)
    await untilReady('kube-apiserver', apiserver, () => serving('/api/v1/namespaces/kube-node-lease'), 30)

    const kubeconfig = join(folder, 'kubeconfig')
    const ca = await readFile(join(pki, 'apiserver.crt'), 'base64')
    await writeFile(kubeconfig, kubeconfigText(`https://127.0.0.1:${port}`, ca, token), { mode: 0o600 })
    return { kubeconfig, stop }
  } catch (error) {
    await stop()
    throw error
  }
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
async function freePorts(count: number): Promise<number[]> {
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
