import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from '@jest/globals'
import { unpackTar } from 'modern-tar'
import { complete, file, unpackedSize, writeFolder } from '../../scripts/image/entries.ts'
import type { Entry } from '../../scripts/image/entries.ts'
import { packed } from '../../scripts/image/tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'paddock-entries-'))
afterAll(() => rmSync(folder, { recursive: true }))

const time = new Date(1_700_000_000_000)
writeFileSync(join(folder, 'source'), 'from a file')
const entries: readonly Entry[] = [
  { path: 'tmp', type: 'folder', mode: 0o1777 },
  file('usr/bin/program', 'text', 0o755),
  { path: 'usr/bin/again', type: 'link', target: 'program' },
  { path: 'etc/copied', type: 'file', mode: 0o640, size: 11, content: join(folder, 'source') },
]

test('the folders come before what stands in them, whatever the order was', () => {
  const paths = complete(entries).map(({ path }) => path)
  expect(paths).toEqual(['etc', 'etc/copied', 'tmp', 'usr', 'usr/bin', 'usr/bin/again', 'usr/bin/program'])
  expect(complete([...entries].reverse())).toEqual(complete(entries))
  expect(unpackedSize(entries)).toBe(15)
})

test('a path that two packages claim is refused', () => {
  expect(() => complete([file('etc/passwd', 'one'), file('etc/passwd', 'two')])).toThrow('etc/passwd: there twice')
})

describe('as an archive', () => {
  test('nothing of the machine gets into it', async () => {
    for (const { header } of await unpackTar(await buffer(packed(complete(entries), time))))
      expect(header).toMatchObject({ uid: 0, gid: 0, uname: '', gname: '', mtime: time })
  })

  test('modes, links and contents are those of the entries', async () => {
    const found = await unpackTar(await buffer(packed(complete(entries), time)))
    const told = found.map((
      { header: { name, type, mode, linkname }, data },
    ) => [name, type, mode, linkname || Buffer.from(data ?? []).toString()])
    expect(told).toEqual([
      ['etc/', 'directory', 0o755, ''],
      ['etc/copied', 'file', 0o640, 'from a file'],
      ['tmp/', 'directory', 0o1777, ''],
      ['usr/', 'directory', 0o755, ''],
      ['usr/bin/', 'directory', 0o755, ''],
      ['usr/bin/again', 'symlink', 0o777, 'program'],
      ['usr/bin/program', 'file', 0o755, 'text'],
    ])
  })

  test('a file that is not as long as was said breaks it off', async () => {
    const short: Entry = { path: 'short', type: 'file', mode: 0o644, size: 5, content: join(folder, 'source') }
    await expect(buffer(packed([short], time))).rejects.toThrow(/size/i)
  })
})

test('as a folder, for a Dockerfile, they are the same', () => {
  const before = process.umask(0o077)
  try {
    writeFolder(join(folder, 'image'), complete(entries), time)
  } finally {
    process.umask(before)
  }
  const told = complete(entries).map((entry) => {
    const path = join(folder, 'image', entry.path)
    const { mode, mtimeMs } = lstatSync(path)
    expect(mtimeMs).toBe(time.getTime())
    return entry.type === 'link' ? readlinkSync(path) : [mode & 0o7777, entry.type === 'file' ? readFileSync(path, 'utf8') : '']
  })
  expect(told).toEqual([[0o755, ''], [0o640, 'from a file'], [0o1777, ''], [0o755, ''], [0o755, ''], 'program', [0o755, 'text']])
})
