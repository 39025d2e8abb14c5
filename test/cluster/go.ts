import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheFolder, install } from './cache.ts'
import { capture, isExecutable, lastLines, onPath, startProgram, type Environment } from './program.ts'
import { versions } from './versions.ts'

/** How a program is built: what its package is in its module, with what build tags, and whether it holds C. */
type Source = { module: string; version: string; package: string; tags?: string; cgo?: string }

const kubernetes = (name: string): Source => ({
  module: 'k8s.io/kubernetes',
  version: versions.kubernetes,
  package: `k8s.io/kubernetes/cmd/${name}`,
})
const containerd = (name: string): Source => ({
  module: 'github.com/containerd/containerd/v2',
  version: versions.containerd,
  package: `github.com/containerd/containerd/v2/cmd/${name}`,
  tags: 'no_btrfs no_devmapper no_zfs',
})
const cni = (path: string): Source => ({
  module: 'github.com/containernetworking/plugins',
  version: versions.cni,
  package: `github.com/containernetworking/plugins/plugins/${path}`,
})

/** The programs that can be built from their Go modules. */
const sources = {
  etcd: { module: 'go.etcd.io/etcd/server/v3', version: versions.etcd, package: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubelet: kubernetes('kubelet'),
  'kube-proxy': kubernetes('kube-proxy'),
  kubectl: kubernetes('kubectl'),
  containerd: containerd('containerd'),
  'containerd-shim-runc-v2': containerd('containerd-shim-runc-v2'),
  ctr: containerd('ctr'),
  runc: {
    module: 'github.com/opencontainers/runc',
    version: versions.runc,
    package: 'github.com/opencontainers/runc',
    // Pods with the restricted profile want a system call filter.
    tags: 'seccomp',
    cgo: 'runc is partly written in C: to build it takes gcc, pkg-config and libseccomp-dev',
  },
  bridge: cni('main/bridge'),
  loopback: cni('main/loopback'),
  'host-local': cni('ipam/host-local'),
} satisfies Record<string, Source>

export type BuiltProgram = keyof typeof sources

/** Where a built program stands, or will stand once it has been built. */
export function builtPath(name: BuiltProgram, environment: Environment): string {
  return join(cacheFolder(sources[name].version, environment), name)
}

/**
 * Builds a program from its Go module, once; afterwards the one that was built is found in the cache. Without any
 * cache, kube-apiserver takes 8 minutes on two cores, each other a minute or two: nobody who only wants to run tests
 * waits for that without having asked for it.
 * @returns its path
 * @throws where it is not built and `PADDOCK_REQUIRE_CLUSTER` is not 1, where Go is missing or the build fails
 */
export async function buildProgram(
  name: BuiltProgram,
  environment: Environment,
  log: (line: string) => void,
): Promise<string> {
  const target = builtPath(name, environment)
  if (await isExecutable(target)) return target
  const go = await onPath('go', environment)
  if (go === undefined) throw new Error('go is not on PATH')
  if (environment['PADDOCK_REQUIRE_CLUSTER'] !== '1')
    throw new Error(`${name} is not built yet: "npm run cluster" does that, once, in some ten minutes`)

  const { module, version, package: main, tags = '', cgo }: Source = sources[name]
  const settings = { ...environment, CGO_ENABLED: cgo === undefined ? '0' : '1', GOWORK: 'off' }
  log(`building ${name} ${version} from its Go module; this is done once and takes some minutes`)
  const started = Date.now()
  await install(target, async (folder) => {
    const workspace = join(folder, 'module')
    await mkdir(workspace)
    const run = (...args: string[]) => capture(go, args, { seconds: 600, folder: workspace, environment: settings })
    await run('mod', 'init', 'build')
    await run('mod', 'edit', `-require=${module}@${version}`, ...(await replacements(module, version, run)))

    const built = join(folder, name)
    const stamp = `-s -w -X k8s.io/component-base/version.gitVersion=${version}`
    // -v names each package as it is compiled: that is the progress that can be shown.
    const args = ['build', '-v', '-mod=mod', '-trimpath', '-buildvcs=false', '-tags', tags, '-ldflags', stamp, '-o', built, main]
    const build = startProgram(go, args, {
      logFile: join(folder, 'build.log'),
      folder: workspace,
      environment: settings,
    })
    const report = setInterval(async () => {
      const packages = (await build.output()).split('\n').length - 1
      log(`building ${name}: ${packages} packages compiled in ${duration(started)}`)
    }, 15_000)
    const status = await build.exited.finally(() => clearInterval(report))
    if (status !== 0) throw new Error([`go build ${main} failed:`, lastLines(await build.output()), cgo ?? []].flat().join('\n'))
    return built
  })
  log(`built ${name} in ${duration(started)}; kept in ${dirname(target)}`)
  return target
}

/** Builds what a Pod's sandbox runs, once. It stands beside this file and needs nothing but Go. */
export async function buildPause(environment: Environment): Promise<string> {
  const target = join(cacheFolder('pause', environment), 'pause')
  if (await isExecutable(target)) return target
  const go = await onPath('go', environment)
  if (go === undefined) throw new Error('go is not on PATH')
  await install(target, async (folder) => {
    const built = join(folder, 'pause')
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', built, join(import.meta.dirname, 'pause.go')]
    await capture(go, args, { seconds: 120, environment: { ...environment, CGO_ENABLED: '0', GOWORK: 'off' } })
    return built
  })
  return target
}

/**
 * k8s.io/kubernetes takes its sibling modules from its own repository by `replace`, which only counts where it is the
 * main module. Their published twins carry the same release: v1.37.2 goes with v0.37.2.
 */
async function replacements(module: string, version: string, run: (...args: string[]) => Promise<string>): Promise<string[]> {
  const { GoMod } = JSON.parse(await run('mod', 'download', '-json', `${module}@${version}`)) as { GoMod: string }
  const { Replace } = JSON.parse(await run('mod', 'edit', '-json', GoMod)) as {
    Replace: { Old: { Path: string }; New: { Path: string } }[] | null
  }
  return (Replace ?? [])
    .filter(({ Old, New }) => Old.Path.startsWith('k8s.io/') && New.Path.startsWith('./staging/'))
    .map(({ Old }) => `-replace=${Old.Path}=${Old.Path}@${version.replace('v1.', 'v0.')}`)
}

function duration(started: number): string {
  const seconds = Math.round((Date.now() - started) / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
