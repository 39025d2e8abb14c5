import { describe, expect, test } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import { readPlatform } from '../../src/oci/manifest.ts'
import { CredentialStore } from '../../src/oci/credentials.ts'
import { openImage } from '../../src/oci/open.ts'
import { readReference } from '../../src/oci/reference.ts'
import { Registries } from '../../src/oci/registry.ts'
import { layer, MadeLayout, openBuffer, sha256, tarOf, type Listing } from './made-images.ts'

const none = new Registries({ http: () => Promise.reject(new Error('not here')),
  credentials: new CredentialStore(undefined, () => Promise.resolve(undefined)), insecure: new Set() })
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('names of images', () => {
  test.each([
    ['python', { host: 'docker.io', repository: 'library/python', tag: 'latest' }],
    ['python:3.12-slim', { host: 'docker.io', repository: 'library/python', tag: '3.12-slim' }],
    ['team/app', { host: 'docker.io', repository: 'team/app', tag: 'latest' }],
    ['docker.io/python', { host: 'docker.io', repository: 'library/python', tag: 'latest' }],
    ['localhost/app:1', { host: 'localhost', repository: 'app', tag: '1' }],
    ['localhost:5000/app', { host: 'localhost:5000', repository: 'app', tag: 'latest' }],
    ['docker:24/app', { host: 'docker:24', repository: 'app', tag: 'latest' }],
    ['registry.example.com/a/b_c/d__e:1', { host: 'registry.example.com', repository: 'a/b_c/d__e', tag: '1' }],
    [`app@${digest}`, { host: 'docker.io', repository: 'library/app', digest }],
    [`[::1]:5000/app:x@${digest}`, { host: '[::1]:5000', repository: 'app', tag: 'x', digest }],
    ['docker://registry.example.com/app', { host: 'registry.example.com', repository: 'app', tag: 'latest' }],
    ['docker:dind', { host: 'docker.io', repository: 'library/docker', tag: 'dind' }],
    ['App', undefined],
    ['', undefined],
    ['a b', undefined],
    ['app:', undefined],
    ['app@sha256:12', undefined],
    ['-/a', undefined],
    ['a//b', undefined],
    ['x'.repeat(2000), undefined],
    ['http://example.com/app', undefined],
  ])('%s', (text, expected) => {
    if (expected) expect(readReference(text)).toEqual({ kind: 'registry', tag: undefined, digest: undefined, ...expected })
    else expect(() => readReference(text)).toThrow(/is no image/)
  })

  test('of folders and archives', () => {
    expect(readReference('oci:dir')).toMatchObject({ kind: 'layout', folder: 'dir' })
    expect(readReference('oci:/a/b:1.0')).toMatchObject({ folder: '/a/b', tag: '1.0' })
    expect(readReference('oci:a:b/c')).toMatchObject({ folder: 'a:b/c', tag: undefined })
    expect(readReference(`oci:a@${digest}`)).toMatchObject({ folder: 'a', digest })
    expect(readReference('docker-archive:app.tar:team/app:1')).toEqual({ kind: 'archive', file: 'app.tar', name: 'team/app:1' })
    for (const text of ['oci:', 'docker-archive:', 'oci:a@sha256:12']) expect(() => readReference(text)).toThrow()
  })
})

const wanted = (platform?: string) => ({ platform: readPlatform(platform ?? 'linux/amd64'), isFirm: platform !== undefined })

/** An image of one file, which tells which one it is. */
async function images() {
  const layout = new MadeLayout()
  const made = async (name: string, platform: object) => layout.image([await layer([['name', name]])], { Labels: { name } }, platform)
  return {
    layout,
    amd: await made('amd', { os: 'linux', architecture: 'amd64' }),
    arm: await made('arm', { os: 'linux', architecture: 'arm64', variant: 'v8' }),
    bare: await made('bare', {}),
    windows: await made('windows', { os: 'windows', architecture: 'amd64' }),
  }
}
const linux = (architecture: string, variant?: string) => ({
  platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
})
const indexType = 'application/vnd.oci.image.index.v1+json'

describe('which image of an index', () => {
  const chosen = async (manifests: (all: Awaited<ReturnType<typeof images>>) => readonly object[], name = 'oci:i',
    platform?: string): Promise<string> => {
    const all = await images()
    const entries = manifests(all)
    const { layout } = all
    layout.index(entries)
    const image = await openImage(readReference(name), wanted(platform), { openFile: layout.at('i'), registries: none })
    return image.config.labels['name'] ?? ''
  }

  test('by its platform, passing over what BuildKit attests', async () => {
    const attestation = { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
      platform: { os: 'unknown', architecture: 'unknown' } }
    const nested = (
      { layout, amd, arm, bare }: Awaited<ReturnType<typeof images>>,
    ) => [
      layout.json({ schemaVersion: 2,
        manifests: [{ ...bare, ...attestation }, { ...arm, ...linux('arm64', 'v8') }, { ...amd, ...linux('amd64') }] }, indexType),
    ]
    expect(await chosen(nested)).toBe('amd')
    expect(await chosen(nested, 'oci:i', 'linux/arm64')).toBe('arm')
    expect(await chosen(nested, 'oci:i', 'linux/arm64/v8')).toBe('arm')
    await expect(chosen(nested, 'oci:i', 'linux/s390x')).rejects.toThrow(
      'it has no image for linux/s390x: there are linux/arm64/v8, linux/amd64',
    )
  })

  test('one without a platform is what its configuration tells', async () => {
    expect(await chosen(({ windows, arm, amd }) => [windows, arm, amd])).toBe('amd')
    expect(await chosen(({ bare }) => [{ ...bare, artifactType: 'application/vnd.oci.image.config.v1+json' }])).toBe('bare')
    await expect(chosen(({ windows, arm }) => [windows, arm])).rejects.toThrow('it has no image for linux/amd64')
  })

  test('a single one is taken, unless another platform is asked for', async () => {
    expect(await chosen(({ arm }) => [arm])).toBe('arm')
    await expect(chosen(({ arm }) => [arm], 'oci:i', 'linux/amd64')).rejects.toThrow('it is for linux/arm64/v8, and not for linux/amd64')
  })

  test('by tag, by digest, and not where several are meant', async () => {
    const named = (name: string) => ({ annotations: { 'org.opencontainers.image.ref.name': name } })
    const two = ({ amd, arm }: Awaited<ReturnType<typeof images>>) => [{ ...amd, ...named('a') }, { ...arm, ...named('b') }]
    expect(await chosen(two, 'oci:i:b')).toBe('arm')
    const { arm } = await images()
    expect(await chosen(two, `oci:i@${arm.digest}`)).toBe('arm')
    await expect(chosen(two)).rejects.toThrow('it holds several images: there are "a", "b"')
    await expect(chosen(two, 'oci:i:c')).rejects.toThrow('it holds no "c": there are "a", "b"')
    await expect(chosen(two, `oci:i@${digest}`)).rejects.toThrow(`it holds no ${digest}`)
  })

  test('what is none', async () => {
    for (const [text, message] of [['{}', 'neither that of an image nor an index'], ['[]', 'is no object'], ['x', 'is no JSON'], [
      '{"schemaVersion":1}',
      'schema 1',
    ]] as const) {
      const layout = new MadeLayout()
      layout.files.set('index.json', Buffer.from(text))
      await expect(openImage(readReference('oci:i'), wanted(), { openFile: layout.at('i'), registries: none })).rejects.toThrow(message)
    }
    await expect(openImage(readReference('oci:i'), wanted(), { openFile: () => undefined, registries: none })).rejects.toThrow(
      'it holds no index.json',
    )
  })
})

describe('archives of docker save', () => {
  /** As docker wrote them until 24. */
  const older = async (tags: readonly string[]): Promise<Listing> => {
    const [one, two] = [await tarOf([['a', '1']]), await tarOf([['b', '2']])]
    const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Cmd: ['x'] },
      rootfs: { diff_ids: [sha256(one), sha256(two)] } })
    const file = `${sha256(config).slice(7)}.json`
    return [['1/layer.tar', one.toString('latin1')], ['2/layer.tar', two.toString('latin1')], [file, config], ['manifest.json',
      JSON.stringify([{ Config: file, RepoTags: tags, Layers: ['1/layer.tar', '2/layer.tar'] }])]]
  }
  const open = async (archive: Buffer, reference: string) =>
    openImage(readReference(reference), wanted(), { openFile: () => openBuffer(archive), registries: none })
  const layersOf = async (archive: Buffer, reference = 'docker-archive:f') => {
    const { readFiles } = await import('../../src/oci/image.ts')
    const { files, problems } = await readFiles(await open(archive, reference), () => true)
    expect(problems).toEqual([])
    return [files.text('a'), files.text('b')]
  }

  test('of the older format, packed or not, with a link in place of a layer', async () => {
    const archive = await tarOf(await older(['app:1']))
    expect(await layersOf(archive)).toEqual(['1', '2'])
    expect(await layersOf(gzipSync(archive))).toEqual(['1', '2'])
    expect(await layersOf(archive, 'docker-archive:f:docker.io/library/app:1')).toEqual(['1', '2'])
    await expect(open(archive, 'docker-archive:f:other')).rejects.toThrow('it holds no "other": there are "app:1"')
    const linked = (await older([])).map((
      [name, content],
    ): [string, string] => (name === '1/layer.tar' ? ['0/layer.tar', content ?? ''] : [name, content ?? '']))
    expect(await layersOf(await tarOf([...linked, ['1/layer.tar', '-> ../0/layer.tar']]))).toEqual(['1', '2'])
  })

  test('of the newer format, which is an OCI layout', async () => {
    const layout = new MadeLayout()
    const image = layout.image([await layer([['a', '1']], (tar) => tar), await layer([['b', '2']])])
    layout.index([{ ...image,
      annotations: { 'io.containerd.image.name': 'docker.io/library/app:1', 'org.opencontainers.image.ref.name': '1' } }])
    const bytes = await bytesTar([...layout.files])
    for (const name of ['docker-archive:f', 'docker-archive:f:app:1', 'oci-archive:f:1'])
      expect(await layersOf(bytes, name)).toEqual(['1', '2'])
  })

  test('cut off, of other layers than are told, or no archive', async () => {
    const archive = await bytesTar((await older([])).map(([name, content = '']) => [name, Buffer.from(content, 'latin1')]))
    for (const length of [100, 600, archive.length - 2000])
      await expect(layersOf(archive.subarray(0, length))).rejects.toThrow(/cut off|broken/)
    await expect(open(Buffer.from('no archive'.padEnd(1024)), 'docker-archive:f')).rejects.toThrow('broken')
    await expect(open(await tarOf([['a', '1']]), 'docker-archive:f')).rejects.toThrow('neither a manifest.json nor an OCI layout')
  })
})

/** Of contents as they are, which need not be text. */
async function bytesTar(files: readonly (readonly [string, Buffer])[]): Promise<Buffer> {
  const { packTar } = await import('modern-tar')
  return Buffer.from(await packTar(files.map(([name, body]) => ({ header: { name, size: body.length }, body }))))
}
