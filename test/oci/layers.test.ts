/** Layers laid over each other: what is there in the end. */
import { describe, expect, test } from '@jest/globals'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { readFiles } from '../../src/oci/image.ts'
import { folderFiles, layoutImage } from '../../src/oci/layout.ts'
import { readPlatform } from '../../src/oci/manifest.ts'
import { usualLimits } from '../../src/oci/limits.ts'
import { layer, MadeLayout, type Listing, type MadeLayer } from './made-images.ts'

const wanted = { platform: readPlatform('linux/amd64'), isFirm: false }

async function files(layers: readonly MadeLayer[], limits = usualLimits) {
  const layout = new MadeLayout()
  layout.index([layout.image(layers)])
  const image = await layoutImage(folderFiles('i', layout.at('i')), {}, wanted)
  return readFiles(image, () => true, () => {}, limits)
}

/** What stands at each path. */
async function texts(listings: readonly Listing[], paths: readonly string[]): Promise<Record<string, string | null | undefined>> {
  const { files: found, problems } = await files(await Promise.all(listings.map((listing) => layer(listing))))
  expect(problems).toEqual([])
  return Object.fromEntries(paths.map((path) => [path, found.text(path)]))
}

describe('what upper layers do to lower ones', () => {
  test('a whiteout, of a file and of a folder', async () => {
    expect(await texts([[['a/b', '1'], ['a/c', '2'], ['d/e/f', '3']], [['a/.wh.b'], ['.wh.d']]], ['a/b', 'a/c', 'd/e/f'])).toEqual({
      'a/b': undefined,
      'a/c': '2',
      'd/e/f': undefined,
    })
  })

  test('an opaque folder, wherever the mark stands in its layer', async () => {
    expect(
      await texts([[['a/b', '1'], ['a/x/y', '1']], [['a/c', '2'], ['a/.wh..wh..opq'], ['a/x/z', '2']]], ['a/b', 'a/c', 'a/x/y', 'a/x/z']),
    ).toEqual({ 'a/b': undefined, 'a/c': '2', 'a/x/y': undefined, 'a/x/z': '2' })
  })

  test('a whiteout and the same name in one layer: the file is that of the layer', async () => {
    expect(await texts([[['a/b/old', '1']], [['a/b/new', '2'], ['a/.wh.b']]], ['a/b/old', 'a/b/new'])).toEqual({ 'a/b/old': undefined,
      'a/b/new': '2' })
  })

  test('whiteouts below a link of the same layer are meant for what the lower ones have of that name', async () => {
    const lower: Listing = [['lib/', ''], ['lib/a', '1'], ['usr/lib/a', '2']]
    expect(await texts([lower, [['lib', '-> usr/lib'], ['lib/.wh.a']]], ['lib/a', 'usr/lib/a'])).toEqual({ 'lib/a': '2', 'usr/lib/a': '2' })
  })

  test('a file in place of a folder, and a folder in place of a link', async () => {
    expect(await texts([[['a/b', '1'], ['l', '-> a']], [['a', 'file'], ['l/', ''], ['l/c', '2']]], ['a', 'a/b', 'l/c'])).toEqual({
      a: 'file',
      'a/b': undefined,
      'l/c': '2',
    })
  })

  test('what nothing but its path puts below a link goes to where that leads', async () => {
    expect(await texts([[['usr/lib/a', '1'], ['lib', '-> usr/lib']], [['lib/b', '2']]], ['usr/lib/a', 'usr/lib/b', 'lib/b'])).toEqual({
      'usr/lib/a': '1',
      'usr/lib/b': '2',
      'lib/b': '2',
    })
  })

  test('hard links stay when what they were made from is gone', async () => {
    const lower: Listing = [['cache/METADATA', 'Name: gevent'], ['site/METADATA', '=> cache/METADATA']]
    expect(await texts([lower, [['.wh.cache']]], ['cache/METADATA', 'site/METADATA'])).toEqual({ 'cache/METADATA': undefined,
      'site/METADATA': 'Name: gevent' })
    expect(await texts([lower.slice(0, 1), [['other', '=> cache/METADATA'], ['.wh.nothing']], [['.wh.cache']]], ['other'])).toEqual({
      other: 'Name: gevent',
    })
  })

  test('links, absolute ones, those that lead up and those that lead in a circle', async () => {
    expect(
      await texts([[['a/b/c', '1'], ['x', '-> /a/b'], ['a/y', '-> ../../../a/b/c'], ['r', '-> r'], ['s', '-> s/t']]], ['x/c', 'a/y', 'r',
        's']),
    ).toEqual({ 'x/c': '1', 'a/y': '1', r: undefined, s: undefined })
  })
})

const metadata: Listing = [['site/gevent/METADATA', 'Name: gevent']]

describe('how layers are packed', () => {
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  const halves = (pack: (part: Buffer) => Buffer) => (tar: Buffer): Buffer =>
    Buffer.concat([pack(tar.subarray(0, 700)), pack(tar.subarray(700))])
  const ways: [string, (tar: Buffer) => Buffer][] = [
    ['plain', (tar) => tar],
    ['gzip', (tar) => gzipSync(tar)],
    ['gzip in several members', halves((part) => gzipSync(part))],
    ['zstd', (tar) => zstdCompressSync(tar)],
    ['zstd in several frames', halves((part) => zstdCompressSync(part))],
    ['zstd with frames that are passed over', (tar) => Buffer.concat([skippable, zstdCompressSync(tar), skippable])],
  ]
  test.each(ways)('%s', async (_, pack) => {
    const { files: found, problems, read } = await files([await layer(metadata, pack)])
    expect(problems).toEqual([])
    expect(found.text('site/gevent/METADATA')).toBe('Name: gevent')
    expect(read).toMatchObject({ layers: 1, of: 1 })
  })

  test.each(ways.slice(1))('%s, cut off: the layer is not read, and the others are', async (_, pack) => {
    const made = await layer(metadata, pack)
    for (const length of [made.content.length - 1, made.content.length - 9, Math.floor(made.content.length / 2), 20]) {
      const { problems, read } = await files([await layer([['other', '1']]), { ...made, content: made.content.subarray(0, length) }])
      expect(problems).toEqual([expect.stringMatching(/^layer sha256:[0-9a-f]{8}… cannot be read: .*(?:cut off|broken)/)])
      expect(read).toMatchObject({ layers: 1, of: 2 })
    }
  })

  test.each([['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]], ['bzip2', [0x42, 0x5a, 0x68, 0x39]]])('%s is named, and not read',
    async (name, bytes) => {
      const { problems } = await files([{ content: Buffer.concat([Buffer.from(bytes), Buffer.alloc(600)]),
        diffId: `sha256:${'0'.repeat(64)}` }])
      expect(problems).toEqual([expect.stringContaining(`it is compressed with ${name}, which is not read`)])
    })
})

describe('what lies', () => {
  const open = async (change: (layout: MadeLayout, digest: string) => void) => {
    const layout = new MadeLayout()
    const made = await layer(metadata)
    layout.index([layout.image([made])])
    change(layout, `blobs/${layout.blob(made.content).digest.replace(':', '/')}`)
    return readFiles(await layoutImage(folderFiles('i', layout.at('i')), {}, wanted), () => true)
  }

  test('a layer that is not there, longer, shorter, or another one', async () => {
    const said = async (change: (content: Buffer) => Buffer | undefined): Promise<readonly string[]> =>
      (await open((layout, path) => {
        const changed = change(layout.files.get(path)!)
        if (changed) layout.files.set(path, changed)
        else layout.files.delete(path)
      })).problems
    expect(await said(() => undefined)).toEqual([expect.stringMatching(/: it is not there$/)])
    expect(await said((content) => Buffer.concat([content, Buffer.from('x')]))).toEqual([
      expect.stringMatching(/: it has more than the \d+ bytes that its descriptor names$/),
    ])
    expect(await said((content) => content.subarray(0, 40))).toEqual([
      expect.stringMatching(
        /: (?:it is cut off: it has 40 of the \d+ bytes that its descriptor names|what it is compressed to is cut off)$/,
      ),
    ])
    expect(await said((content) => Buffer.concat([content.subarray(0, 4), Buffer.from([1, 2, 3, 4]), content.subarray(8)]))).toEqual([
      expect.stringMatching(/: its content is not what its digest tells$/),
    ])
  })

  test('paths that lead out, hard links to nothing', async () => {
    for (const listing of [[['../a', '1']], [['a/../../b', '1']], [['a', '=> nothing']]] satisfies Listing[]) {
      const { problems } = await files([await layer(listing)])
      expect(problems).toEqual([expect.stringMatching(/leads? (?:out of it|to "nothing", which is not there)$/)])
    }
  })

  test('limits', async () => {
    const made = await layer([['a', 'x'.repeat(2000)], ['b', '2'], ['c', '3']])
    expect((await files([made], { ...usualLimits, entries: 2 })).problems).toEqual([expect.stringContaining('more than 2 files')])
    expect((await files([made], { ...usualLimits, unpacked: 1000 })).problems).toEqual([
      expect.stringContaining('unpacks to more than 1000 bytes'),
    ])
    expect((await files([made], { ...usualLimits, kept: 1000 })).problems).toEqual([expect.stringContaining('more than 1000 bytes')])
  })
})
