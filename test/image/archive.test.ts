import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { unpackTar } from 'modern-tar'
import { imageConfig } from '../../scripts/image/config.ts'
import { complete, file } from '../../scripts/image/entries.ts'
import type { Entry } from '../../scripts/image/entries.ts'
import { writeImage } from '../../scripts/image/oci.ts'
import type { Image, WrittenImage } from '../../scripts/image/oci.ts'

const folder = mkdtempSync(join(tmpdir(), 'paddock-archive-'))
afterAll(() => rmSync(folder, { recursive: true }))

const created = new Date(1_700_000_000_000)
const config = imageConfig({ version: '1.2.3', description: 'short', license: 'Apache-2.0' }, { revision: 'abc', created })
const libraries: readonly Entry[] = [file('lib/a.so', 'a'), file('etc/b', 'b')]
const image = (tag: string, entries = libraries): Image => ({
  tag,
  architecture: 'amd64',
  created,
  config,
  layers: [
    { name: 'system', comment: 'libraries', entries: complete(entries) },
    { name: 'paddock', comment: 'Paddock', entries: complete([file('paddock/dist/paddock.js', 'program')]) },
  ],
})

async function write(name: string, what: Image): Promise<{ written: WrittenImage; bytes: Buffer; files: Map<string, Buffer> }> {
  const path = join(folder, name)
  const written = await writeImage(path, what)
  const bytes = readFileSync(path)
  const files = (await unpackTar(bytes)).filter(({ data }) => data !== undefined)
  return { written, bytes, files: new Map(files.map(({ header, data }) => [header.name, Buffer.from(data ?? [])])) }
}

const parsed = (content: Buffer | undefined): unknown => JSON.parse(String(content))
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

describe('the archive', () => {
  test('is the same for the same input, in whatever order it comes', async () => {
    const one = await write('one.tar', image('registry.example.com/paddock:1.2.3'))
    const other = await write('other.tar', image('registry.example.com/paddock:1.2.3', [...libraries].reverse()))
    expect(other.bytes.equals(one.bytes)).toBe(true)
  })

  test('has other digests for other content', async () => {
    const one = await write('one.tar', image('registry.example.com/paddock:1.2.3'))
    const changed = [file('lib/a.so', 'A'), file('etc/b', 'b')]
    const other = await write('other.tar', image('registry.example.com/paddock:1.2.3', changed))
    expect(other.written.manifest.digest).not.toBe(one.written.manifest.digest)
    expect(other.written.layers[1]).toEqual(one.written.layers[1])
  })

  test('names each blob by its digest', async () => {
    const { files } = await write('blobs.tar', image('registry.example.com/paddock:1.2.3'))
    const blobs = [...files].filter(([name]) => name.startsWith('blobs/'))
    expect(blobs).toHaveLength(4)
    for (const [name, content] of blobs) expect(name).toBe(`blobs/sha256/${sha256(content)}`)
  })

  test('leads from index.json to the layers, and Docker by manifest.json to the same', async () => {
    const { files, written } = await write('index.tar', image('registry.example.com/paddock:1.2.3'))
    const blob = (digest: string): Buffer | undefined => files.get(`blobs/${digest.replace(':', '/')}`)
    const index = parsed(files.get('index.json')) as { manifests: { digest: string; annotations: object; platform: object }[] }
    expect(index.manifests).toMatchObject([{
      digest: written.manifest.digest,
      platform: { architecture: 'amd64', os: 'linux' },
      annotations: {
        'io.containerd.image.name': 'registry.example.com/paddock:1.2.3',
        'org.opencontainers.image.ref.name': '1.2.3',
      },
    }])
    const manifest = parsed(blob(written.manifest.digest)) as { config: object; layers: object[]; annotations: object }
    expect(manifest).toMatchObject({ config: written.config, layers: written.layers, annotations: config.Labels })
    const configuration = parsed(blob(written.config.digest)) as { rootfs: { diff_ids: string[] }; history: object[] }
    expect(configuration).toMatchObject({ created: '2023-11-14T22:13:20Z', architecture: 'amd64', os: 'linux', config })
    // Layers are not compressed, so that what is compared after unpacking is the digest of the blob itself.
    expect(configuration.rootfs.diff_ids).toEqual(written.layers.map(({ digest }) => digest))
    expect(configuration.history).toHaveLength(2)
    const [docker] = parsed(files.get('manifest.json')) as { Config: string; RepoTags: string[]; Layers: string[] }[]
    expect(docker?.RepoTags).toEqual(['registry.example.com/paddock:1.2.3'])
    expect([docker?.Config, ...(docker?.Layers ?? [])].every((path) => path !== undefined && files.has(path))).toBe(true)
    expect(parsed(files.get('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' })
  })

  test('leaves the whole name to the importer where the tag names no registry', async () => {
    const { files } = await write('short.tar', image('paddock:1.2.3'))
    expect(files.has('oci-layout')).toBe(false)
    expect(String(files.get('index.json'))).not.toContain('io.containerd.image.name')
    expect(parsed(files.get('manifest.json'))).toMatchObject([{ RepoTags: ['paddock:1.2.3'] }])
  })
})
