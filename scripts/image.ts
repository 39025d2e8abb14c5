/**
 * The container image, built without a container engine: `npm run image -- [--platform linux/amd64] [--tag NAME:TAG]
 * [--output FILE.tar]`. The same input gives the same bytes. Beside the archive it writes FILE.cdx.json (what is in the
 * image) and FILE.provenance.json (what it was made from).
 *
 * `--folder DIR` writes the layers as folders instead, for the Dockerfile. `--dist DIR` takes the bundle from there, rather
 * than building it. `--update` writes the newest versions of Debian's packages to scripts/image/debian-packages.json, and
 * builds nothing.
 */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import manifest from '../package.json' with { type: 'json' }
import { withBundle } from './image/bundle.ts'
import { imageConfig } from './image/config.ts'
import { updateLock } from './image/debian.ts'
import { unpackedSize, writeFolder } from './image/entries.ts'
import { layersOf } from './image/layers.ts'
import type { Layer } from './image/layers.ts'
import { writeImage } from './image/oci.ts'
import { isPlatform, platforms } from './image/platform.ts'
import type { PlatformName } from './image/platform.ts'
import { provenance } from './image/provenance.ts'
import { sourceOf } from './image/source.ts'
import type { Source } from './image/source.ts'
import type { Sbom } from './sbom.ts'

const root = dirname(import.meta.dirname)
const cache = join(root, '.cache/image')
/** Bytes that the image may have beside the program `node`. */
const limit = 120e6

const { values: settings } = parseArgs({
  options: {
    platform: { type: 'string', default: `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}` },
    tag: { type: 'string', default: `paddock:${manifest.version}` },
    output: { type: 'string', short: 'o' },
    folder: { type: 'string' },
    dist: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
})
try {
  if (settings.update) updateLock(cache)
  else await buildImage(settings.platform, settings.tag)
} catch (error) {
  console.error(`image: ${(error as Error).message}`)
  process.exitCode = 1
}

async function buildImage(platform: string, tag: string): Promise<void> {
  const known = Object.keys(platforms).join(', ')
  if (!isPlatform(platform)) throw new Error(`--platform: "${platform}" must be one of ${known}`)
  if (!/^[\w./:-]+:[\w.-]+$/.test(tag)) throw new Error(`--tag: "${tag}" must be NAME:TAG`)
  const source = sourceOf(root)
  await withBundle(root, settings.dist, async (dist) => {
    const { layers, bom } = await layersOf({ root, cache, platform: platforms[platform], dist, created: source.created })
    checkSizes(layers)
    if (settings.folder === undefined) await writeArchive({ platform, tag, source, layers, bom })
    else writeFolders(settings.folder, source, layers)
  })
}

function writeFolders(folder: string, { created }: Source, layers: readonly Layer[]): void {
  for (const { name, entries } of layers) {
    rmSync(join(folder, name), { recursive: true, force: true })
    writeFolder(join(folder, name), entries, created)
  }
}

interface Built {
  readonly platform: PlatformName
  readonly tag: string
  readonly source: Source
  readonly layers: readonly Layer[]
  readonly bom: Sbom
}

async function writeArchive({ platform, tag, source, layers, bom }: Built): Promise<void> {
  const { created } = source
  const architecture = platforms[platform].oci
  const output = resolve(settings.output ?? join(root, `.cache/paddock-${manifest.version}-${architecture}.tar`))
  mkdirSync(dirname(output), { recursive: true })
  const written = await writeImage(output, { tag, architecture, created, layers, config: imageConfig(manifest, source) })
  const subjects = [
    { name: basename(output), digest: { sha256: await sha256Of(output) } },
    { name: tag, digest: { sha256: written.manifest.digest.replace('sha256:', '') } },
  ]
  const parameters = { platform, tag, sourceDateEpoch: created.getTime() / 1000 }
  const beside = output.replace(/\.tar$/, '')
  writeJson(`${beside}.cdx.json`, bom)
  writeJson(`${beside}.provenance.json`, provenance(root, subjects, parameters, source, bom))
  console.log(`${output}\n  ${tag}  ${written.manifest.digest}\n  ID ${written.config.digest}`)
}

function checkSizes(layers: readonly Layer[]): void {
  const node = unpackedSize(layers.flatMap(({ entries }) => entries).filter(({ path }) => path === 'nodejs/bin/node'))
  const beside = layers.reduce((sum, { entries }) => sum + unpackedSize(entries), 0) - node
  for (const { name, entries } of layers) console.log(`${name.padEnd(8)} ${megabytes(unpackedSize(entries)).padStart(6)} MB`)
  console.log(`unpacked ${megabytes(beside)} MB beside Node itself (${megabytes(node)} MB)`)
  if (beside > limit) throw new Error(`beside Node itself, the image must not have more than ${limit / 1e6} MB`)
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function writeJson(path: string, content: object): void {
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`)
}
