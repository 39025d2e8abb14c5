/**
 * Layers → one archive that is an OCI image layout and what `docker load` reads, both over the same blobs.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { complete, file } from './entries.ts'
import type { Entry } from './entries.ts'
import type { Layer } from './layers.ts'
import { packed } from './tar.ts'

export interface Image {
  /** `NAME:TAG`, or `REGISTRY/NAME:TAG`. */
  readonly tag: string
  readonly architecture: string
  readonly created: Date
  readonly layers: readonly Layer[]
  /** As the OCI's image configuration has it: `User`, `Entrypoint`, … */
  readonly config: ImageConfig
}

export interface ImageConfig {
  readonly User: string
  readonly ExposedPorts: Readonly<Record<string, object>>
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly Labels: Readonly<Record<string, string>>
}

export interface Descriptor {
  readonly mediaType: string
  /** `sha256:` and hexadecimal. */
  readonly digest: string
  readonly size: number
}

export interface WrittenImage {
  readonly manifest: Descriptor
  /** Its digest is what engines call the image's ID. */
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

export async function writeImage(path: string, image: Image): Promise<WrittenImage> {
  // Beside the archive: there is room for it, and a second copy of Node may be more than a temporary folder has.
  const folder = mkdtempSync(join(dirname(path), '.image-'))
  try {
    const layers: { descriptor: Descriptor; blob: Entry }[] = []
    // Not compressed: the digest then depends on no compressor's version, and what pushes an image compresses it.
    for (const [index, { entries }] of image.layers.entries()) {
      const layer = join(folder, `${index}.tar`)
      const { sha256, size } = await write(layer, entries, image.created)
      const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${sha256}`, size }
      layers.push({ descriptor, blob: { path: blobPath(descriptor), type: 'file', mode: 0o644, size, content: layer } })
    }
    const descriptors = layers.map(({ descriptor }) => descriptor)
    const config = json('application/vnd.oci.image.config.v1+json', configuration(image, descriptors))
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const parts = { config: config.descriptor, layers: descriptors }
    const manifest = json(mediaType, { schemaVersion: 2, mediaType, ...parts, annotations: image.config.Labels })
    const written = { manifest: manifest.descriptor, ...parts }
    const entries = [...layers.map(({ blob }) => blob), config.blob, manifest.blob, ...indexes(image, written)]
    await write(path, complete(entries), image.created)
    return written
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function configuration({ architecture, created, config, layers }: Image, descriptors: readonly Descriptor[]): object {
  return {
    created: timestamp(created),
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: descriptors.map(({ digest }) => digest) },
    history: layers.map(({ comment }) => ({ created: timestamp(created), created_by: 'scripts/image.ts', comment })),
  }
}

/** What says which blob is what: `manifest.json` for Docker, the rest for the OCI. */
function indexes({ tag, architecture }: Image, { manifest, config, layers }: WrittenImage): Entry[] {
  const docker = [{ Config: blobPath(config), RepoTags: [tag], Layers: layers.map(blobPath) }]
  const named = namesRegistry(tag)
  const annotations = {
    ...(named && { 'io.containerd.image.name': tag }),
    'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1),
  }
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...manifest, platform: { architecture, os: 'linux' }, annotations }],
  }
  // An importer that finds `oci-layout` takes the name in index.json as it stands, and one without a registry would never
  // be found again. From manifest.json it works out the whole name itself.
  return [
    file('manifest.json', JSON.stringify(docker)),
    file('index.json', JSON.stringify(index)),
    ...(named ? [file('oci-layout', '{"imageLayoutVersion":"1.0.0"}')] : []),
  ]
}

/** https://github.com/distribution/reference: a first part with a dot, a colon or of this name is a registry. */
const namesRegistry = (tag: string): boolean => /^(localhost|[^/]*[.:][^/]*)\//.test(tag)

function json(mediaType: string, content: object): { descriptor: Descriptor; blob: Entry } {
  const text = Buffer.from(JSON.stringify(content))
  const descriptor = { mediaType, digest: `sha256:${createHash('sha256').update(text).digest('hex')}`, size: text.length }
  return { descriptor, blob: file(blobPath(descriptor), text) }
}

const blobPath = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`

/** As RFC 3339 has it. */
export const timestamp = (time: Date): string => time.toISOString().replace('.000Z', 'Z')

async function write(path: string, entries: readonly Entry[], modified: Date): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  await pipeline(packed(entries, modified), async function*(chunks) {
    for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }, createWriteStream(path))
  return { sha256: hash.digest('hex'), size }
}
