import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { packImage } from './archive.ts'
import type { Box } from './box.ts'
import { asFlags, nodeName, type ControlPlane } from './control-plane.ts'
import { capture, untilReady, type Environment } from './program.ts'

/** What a node is made of. */
export const nodePrograms = [
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
  'runc',
  'kubelet',
  'kube-proxy',
  'bridge',
  'loopback',
  'host-local',
] as const
export type NodePrograms = Record<(typeof nodePrograms)[number] | 'kubectl' | 'pause', string>

const sandbox = 'localhost/pause:1'

/**
 * Gives a control plane one node, in a box: containerd with runc, a bridge for the Pods, kubelet and kube-proxy.
 * @returns what loads an archive of images into the node, for Pods that do not pull them
 */
export async function startNode(
  controlPlane: ControlPlane,
  box: Box,
  programs: NodePrograms,
  environment: Environment,
): Promise<(archive: string) => Promise<void>> {
  const folder = join(controlPlane.folder, 'node')
  const network = join(folder, 'network')
  await mkdir(network, { recursive: true })
  const start = (name: 'containerd' | 'kubelet' | 'kube-proxy', flags: Record<string, string>) => {
    // containerd finds its shim and runc on PATH.
    const path = [dirname(programs['containerd-shim-runc-v2']), dirname(programs.runc), environment['PATH']].join(':')
    const args = [`PATH=${path}`, programs[name], ...asFlags(flags)]
    const program = box.start('env', args, join(controlPlane.folder, `${name}.log`))
    controlPlane.running.set(name, program)
    return program
  }

  await writeFile(join(network, '10-bridge.conflist'), JSON.stringify(bridge(box, folder)))
  await writeFile(join(folder, 'containerd.toml'), containerdConfiguration(folder, network, dirname(programs.bridge)))
  await writeFile(join(folder, 'kubelet.yaml'), JSON.stringify(kubeletConfiguration(box, folder)))

  const socket = join(folder, 'containerd.sock')
  const ctr = (...args: string[]) =>
    capture(programs.ctr, ['--address', socket, '--namespace', 'k8s.io', ...args], { seconds: 300, environment })
  const loadImage = async (archive: string) => {
    await ctr('images', 'import', archive)
  }
  const containerd = start('containerd', { config: join(folder, 'containerd.toml') })
  await untilReady('containerd', containerd, () => works(ctr('version')), 60)
  await loadImage(await sandboxImage(programs.pause, folder))

  const kubelet = start('kubelet', {
    config: join(folder, 'kubelet.yaml'),
    kubeconfig: await controlPlane.kubeconfigOf('kubelet', box.host),
    'hostname-override': nodeName,
    'node-ip': box.address,
    'root-dir': join(folder, 'kubelet'),
  })
  start('kube-proxy', {
    kubeconfig: await controlPlane.kubeconfigOf('kube-proxy', box.host),
    'cluster-cidr': box.behind,
    'hostname-override': nodeName,
    'proxy-mode': 'nftables',
  })
  const kubectl = (...args: string[]) =>
    capture(programs.kubectl, ['--kubeconfig', controlPlane.kubeconfig, ...args], { seconds: 20, environment })
  const isReady = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
  const ready = async () => (await kubectl('get', 'node', nodeName, '--output', isReady).catch(() => '')) === 'True'
  await untilReady('kubelet', kubelet, ready, 120)
  return loadImage
}

/** A Pod's network: a bridge in the box, and addresses behind it. Nothing leads out of this machine. */
function bridge(box: Box, folder: string): object {
  const ipam = {
    type: 'host-local',
    dataDir: join(folder, 'addresses'),
    ranges: [[{ subnet: box.behind }]],
    routes: [{ dst: '0.0.0.0/0' }],
  }
  const plugin = { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipam }
  return { cniVersion: '1.0.0', name: 'bridge', plugins: [plugin] }
}

function containerdConfiguration(folder: string, network: string, plugins: string): string {
  return `version = 3
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${folder}/containerd.sock"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${sandbox}"
[plugins."io.containerd.cri.v1.runtime"]
  # A container engine may have taken the right to lower it from us.
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["${plugins}"]
  conf_dir = "${network}"
`
}

function kubeletConfiguration(box: Box, folder: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${folder}/containerd.sock`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: box.controlGroup,
    failCgroupV1: false,
    failSwapOn: false,
    // There is no cluster DNS.
    resolvConf: '',
    // Only this machine reaches it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    evictionHard: { 'imagefs.available': '1%', 'nodefs.available': '1%', 'memory.available': '50Mi' },
  }
}

/** The archive of an image with nothing in it but what a sandbox runs. */
async function sandboxImage(pause: string, folder: string): Promise<string> {
  const root = join(folder, 'sandbox')
  const archive = join(folder, 'sandbox.tar')
  await mkdir(root)
  await copyFile(pause, join(root, 'pause'))
  await chmod(join(root, 'pause'), 0o755)
  await packImage(root, sandbox, { Entrypoint: ['/pause'] }, archive)
  return archive
}

function works(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => true,
    () => false,
  )
}
