import { mkdtemp, rm } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture, onPath, type Environment } from './program.ts'
import { versions } from './versions.ts'

const configuration = join(import.meta.dirname, '../../deploy/kind.yaml')

/**
 * Creates a kind cluster of its own for this run.
 * @returns the administrator's kubeconfig, and the address of this machine that the cluster's nodes can reach: the
 *   gateway of the Docker network that kind puts them in
 * @throws where Docker or kind is missing, or the nodes could not reach a webhook on this machine
 */
export async function startKind(
  environment: Environment,
  log: (line: string) => void,
): Promise<{
  kubeconfig: string
  webhookHost: string
  loadImage(archive: string): Promise<void>
  stop(): Promise<void>
}> {
  if ((await onPath('docker', environment)) === undefined) throw new Error('docker is not on PATH')
  const docker = (...args: string[]) => capture('docker', args, { seconds: 20, environment })
  const system = await docker('info', '--format', '{{.OperatingSystem}}')
  if (process.platform !== 'linux' || system.startsWith('Docker Desktop'))
    throw new Error('its nodes can only reach this machine where Docker runs on Linux without a virtual machine')

  const [command, ...first] = await kindCommand(environment)
  const kind = (...args: string[]) => capture(command, [...first, ...args], { seconds: 900, environment })
  const folder = await mkdtemp(join(tmpdir(), 'paddock-kind-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const name = `paddock-test-${process.pid}`
  const stop = async () => {
    await kind('delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    log(`creating the kind cluster ${name}; the first time its node image is fetched`)
    await kind('create', 'cluster', '--name', name, '--config', configuration, '--kubeconfig', kubeconfig, '--wait', '180s')
    const webhookHost = gateway(JSON.parse(await docker('network', 'inspect', 'kind')) as Network[])
    const loadImage = async (archive: string) => {
      await kind('load', 'image-archive', archive, '--name', name)
    }
    return { kubeconfig, webhookHost, loadImage, stop }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}

async function kindCommand(environment: Environment): Promise<[string, ...string[]]> {
  const kind = await onPath('kind', environment)
  if (kind !== undefined) return [kind]
  const go = await onPath('go', environment)
  if (go !== undefined) return [go, 'run', `sigs.k8s.io/kind@${versions.kind}`]
  throw new Error('docker answers, but neither kind nor go is on PATH')
}

/** What `docker network inspect` tells of a network, so far as it is read here. */
type Network = { IPAM: { Config: { Gateway?: string }[] } }

/** The IPv4 gateway of a Docker network, where it is an address of this machine. */
function gateway(networks: Network[]): string {
  const gateways = networks.flatMap(({ IPAM }) => IPAM.Config.map(({ Gateway }) => Gateway))
  const own = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
  const found = gateways.find((address) => address !== undefined && address.includes('.') && own.includes(address))
  if (found === undefined) throw new Error("the gateway of kind's network is not an address of this machine")
  return found
}
