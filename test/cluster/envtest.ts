import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { cacheFolder, install } from './cache.ts'
import { capture, isExecutable, type Environment } from './program.ts'
import { versions } from './versions.ts'

/** Where setup-envtest looks up its archives: release, then archive, to its address and SHA-512. */
const archiveIndex = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml'

type Index = { releases?: Record<string, Record<string, { hash: string; selfLink: string }>> | null }

/**
 * The folder of an envtest installation, with etcd, kube-apiserver and kubectl in it: $KUBEBUILDER_ASSETS, or what an
 * earlier `downloadEnvtest` left in the cache; undefined where there is none.
 * @throws where $KUBEBUILDER_ASSETS lacks a program
 */
export async function findEnvtest(environment: Environment): Promise<string | undefined> {
  const given = environment['KUBEBUILDER_ASSETS']
  const folder = given ?? cacheFolder(`envtest-${versions.envtest}`, environment)
  for (const program of ['etcd', 'kube-apiserver']) {
    if (await isExecutable(join(folder, program))) continue
    if (given !== undefined) throw new Error(`KUBEBUILDER_ASSETS names ${given}, which has no ${program}`)
    return undefined
  }
  return folder
}

/**
 * Fetches the envtest archive for this machine into the cache.
 * @returns its folder
 * @throws within seconds where there is no way out to the network, and where the archive is not the one that was published
 */
export async function downloadEnvtest(
  environment: Environment,
  log: (line: string) => void,
  indexUrl = archiveIndex,
): Promise<string> {
  const archive = `envtest-${versions.envtest}-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}.tar.gz`
  const index = parse((await get(indexUrl, 4)).toString()) as Index
  const entry = index.releases?.[versions.envtest]?.[archive]
  if (entry === undefined) throw new Error(`there is no ${archive}`)

  log(`fetching ${archive}; this is done once`)
  const content = await get(entry.selfLink, 180)
  const hash = createHash('sha512').update(content).digest('hex')
  if (hash !== entry.hash) throw new Error(`${archive} has the SHA-512 ${hash}, not the published ${entry.hash}`)

  const target = cacheFolder(`envtest-${versions.envtest}`, environment)
  await install(target, async (folder) => {
    const programs = join(folder, 'programs')
    await mkdir(programs)
    await writeFile(join(folder, archive), content)
    // The programs stand two folders deep: controller-tools/envtest/etcd.
    await capture('tar', ['-xzf', join(folder, archive), '--strip-components=2', '-C', programs], { seconds: 60, environment })
    return programs
  })
  return target
}

async function get(url: string, seconds: number): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(seconds * 1000) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  } catch (error) {
    const { message, cause } = error as Error
    throw new Error(`${url} could not be fetched: ${cause instanceof Error ? cause.message : message}`, { cause: error })
  }
}
