/** Images in memory: layouts and archives, made of lists of files. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { packTar, type TarEntry } from 'modern-tar'
import type { OpenFileAt } from '../../src/oci/store.ts'

/** `name` → its content; `name/` is a folder, a link is `-> target`, a hard link `=> target`. */
export type Listing = readonly (readonly [name: string, content?: string])[]

export async function tarOf(listing: Listing): Promise<Buffer> {
  const entries = listing.map(([name, content = '']): TarEntry => {
    const [, kind, target = ''] = /^([-=])> (.*)$/.exec(content) ?? []
    if (kind !== undefined) return { header: { name, size: 0, type: kind === '-' ? 'symlink' : 'link', linkname: target } }
    if (name.endsWith('/')) return { header: { name, size: 0, type: 'directory', mode: 0o755 } }
    return { header: { name, size: Buffer.byteLength(content), mode: 0o755 }, body: content }
  })
  return Buffer.from(await packTar(entries))
}

/** Where the packages of the Pythons that are made here stand. */
const site = 'usr/local/lib/python3.12/site-packages'

/** The files by which a distribution is told. */
export const distribution = (name: string, version: string): Listing => [
  [`${site}/${name}-${version}.dist-info/METADATA`, `Name: ${name}\nVersion: ${version}\n`],
  [`${site}/${name}-${version}.dist-info/RECORD`, `${name}/__init__.py,,\n`],
  [`${site}/${name}/__init__.py`, 'x'],
]

/** A Python with gunicorn. */
export const pythonWithGunicorn: Listing = [
  ['usr/local/bin/python3.12', 'ELF'],
  ['usr/local/bin/python3', '-> python3.12'],
  ['usr/local/lib/python3.12/os.py', ''],
  ['usr/local/bin/gunicorn', '#!/usr/local/bin/python3\n'],
  ...distribution('gunicorn', '23.0.0'),
]

export const sha256 = (content: Buffer | string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

export interface MadeLayer {
  readonly content: Buffer
  readonly diffId: string
}

export async function layer(listing: Listing, pack: (tar: Buffer) => Buffer = (tar) => gzipSync(tar)): Promise<MadeLayer> {
  const tar = await tarOf(listing)
  return { content: pack(tar), diffId: sha256(tar) }
}

/** Files of a layout, by their paths in it. */
export class MadeLayout {
  readonly files = new Map<string, Buffer>([['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')]])

  blob(content: Buffer | string): { digest: string; size: number } {
    const digest = sha256(content)
    this.files.set(`blobs/${digest.replace(':', '/')}`, Buffer.from(content))
    return { digest, size: Buffer.byteLength(content) }
  }

  json(value: unknown, mediaType: string): { mediaType: string; digest: string; size: number } {
    return { mediaType, ...this.blob(JSON.stringify(value)) }
  }

  image(layers: readonly MadeLayer[], config: object = {},
    platform: object = { os: 'linux', architecture: 'amd64' }): { mediaType: string; digest: string; size: number } {
    const described = this.json({ ...platform, config, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } },
      'application/vnd.oci.image.config.v1+json')
    return this.json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: described,
      layers: layers.map(({ content }) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...this.blob(content) })),
    }, 'application/vnd.oci.image.manifest.v1+json')
  }

  index(manifests: readonly object[]): this {
    this.files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })))
    return this
  }

  /** Opens its files below a folder of the name. */
  at(folder: string): OpenFileAt {
    return (path) => (path.startsWith(`${folder}/`) ? openBuffer(this.files.get(path.slice(folder.length + 1))) : undefined)
  }
}

/** In pieces of odd lengths, as they come from elsewhere. */
export function openBuffer(content: Buffer | undefined, piece = 1000): ReturnType<OpenFileAt> {
  return content && {
    size: content.length,
    range: async function*(offset, length) {
      for (let at = offset; at < offset + length; at += piece) yield content.subarray(at, Math.min(at + piece, offset + length))
    },
    close: () => {},
  }
}
