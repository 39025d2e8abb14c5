/** The tar reader, against archives of GNU tar in each of its formats, and archives that are cut or broken. */
import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, linkSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync,
  writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TarReader } from '../../src/oci/tar.ts'
import { tarOf } from './made-images.ts'

function read(archive: Uint8Array, piece = 700): Record<string, string> {
  const found: Record<string, string> = {}
  const reader = new TarReader(({ path, kind, size, link }) => {
    const own = path.replace(/^\.\//, '')
    found[own] = kind === 'file' ? `${size}` : `${kind} ${link}`.trim()
    return kind === 'file' && size < 100_000
      ? (content) => void (found[own] = `${size} ${Buffer.from(content).toString('utf8').replaceAll('\0', '').trim()}`) : undefined
  })
  for (let at = 0; at < archive.length; at += piece) reader.push(archive.subarray(at, at + piece))
  reader.end()
  return found
}

const folder = mkdtempSync(join(tmpdir(), 'paddock-tar-'))
const deep = `${'a-rather-long-name-of-a-folder/'.repeat(5)}METADATA`
mkdirSync(join(folder, deep, '..'), { recursive: true })
writeFileSync(join(folder, deep), 'Name: gevent')
writeFileSync(join(folder, 'ünï'), 'x')
writeFileSync(join(folder, 'empty'), '')
writeFileSync(join(folder, 'large'), 'y'.repeat(200_000))
linkSync(join(folder, 'large'), join(folder, 'larger'))
symlinkSync('large', join(folder, 'link'))
const sparse = openSync(join(folder, 'sparse'), 'w')
writeSync(sparse, 'begin', 0)
ftruncateSync(sparse, 90_000)
writeSync(sparse, 'end', 80_000)
closeSync(sparse)

const tar = (...args: string[]): Buffer =>
  spawnSync('tar', [...args, '--sort=name', '-C', folder, '-cf', '-', '.'], { maxBuffer: 2 ** 26 }).stdout
const expected = { [deep]: '12 Name: gevent', ünï: '1 x', empty: '0', large: '200000', larger: 'hardlink ./large', link: 'symlink large',
  sparse: '90000 beginend' }

describe('what GNU tar writes', () => {
  test.each([
    ['gnu', ['--format=gnu']],
    ['oldgnu', ['--format=oldgnu']],
    ['posix', ['--format=posix']],
    ['pax with a global header', ['--format=posix', '--pax-option=globexthdr.name=g,comment=x']],
    ['sparse, gnu', ['--format=gnu', '-S']],
    ['sparse 0.0', ['--format=posix', '-S', '--sparse-version=0.0']],
    ['sparse 0.1', ['--format=posix', '-S', '--sparse-version=0.1']],
    ['sparse 1.0', ['--format=posix', '-S', '--sparse-version=1.0']],
  ])('%s', (_, args) => {
    const archive = tar(...args)
    for (const piece of [333, 511, 512, 10_000, archive.length])
      expect(read(archive, piece)).toMatchObject({ ...expected, empty: expect.stringMatching(/^0/) })
  })

  test('ustar', () => {
    writeFileSync(join(folder, 'z'), 'z')
    rmSync(join(folder, 'ünï'))
    expect(read(tar('--format=ustar'))).toMatchObject({ [deep]: '12 Name: gevent', z: '1 z' })
  })
})

test('an archive that is cut anywhere is none', async () => {
  const archive = await tarOf([['a/', ''], ['a/METADATA', 'Name: gevent'], ['b', 'x'.repeat(600)]])
  const whole = archive.length
  // Behind the two blocks that end it, there may be more.
  let end = whole
  while (archive.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512
  for (let length = 0; length < end + 1024; length += 128) expect(() => read(archive.subarray(0, length))).toThrow(/cut off|broken/)
  expect(Object.keys(read(archive.subarray(0, end + 1024)))).toEqual(['a', 'a/METADATA', 'b'])
})

test('a byte that is another one in a header is seen', async () => {
  const archive = await tarOf([['a', 'text']])
  for (let at = 0; at < 512; at += 7) {
    const broken = Buffer.from(archive)
    broken[at] = (broken[at] ?? 0) ^ 0x15
    expect(() => read(broken)).toThrow(/broken|cut off/)
  }
})

/** A header, with the sum that it needs. */
function header(name: string, size: string, type: string): Buffer {
  const made = Buffer.alloc(512)
  made.write(name, 0)
  made.write('0000644\0', 100)
  made.write(size, 124, 'latin1')
  made.write(type, 156)
  made.write('ustar\x0000', 257, 'latin1')
  made.fill(' ', 148, 156)
  made.write(`${made.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return made
}
const end = Buffer.alloc(1024)
const padded = (text: string): Buffer => Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (Buffer.byteLength(text) % 512)) % 512)])
const octal = (size: number): string => `${size.toString(8).padStart(11, '0')}\0`

describe('what lies is refused', () => {
  test.each([
    ['a record of PAX that is longer than it says',
      Buffer.concat([header('p', octal(30), 'x'), padded('99 path=a\n'.padEnd(30, ' ')), header('a', octal(0), '0'), end])],
    ['a record of PAX without an end', Buffer.concat([header('p', octal(10), 'x'), padded('10 path=ab'), header('a', octal(0), '0'), end])],
    ['a size that is no number', Buffer.concat([header('a', '0000000000x\0', '0'), end])],
    ['a size below zero', Buffer.concat([header('a', '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff', '0'), end])],
    ['a long name that does not end', Buffer.concat([header('././@LongLink', octal(2 ** 30), 'L'), end])],
    ['a size that is larger than the archive', Buffer.concat([header('a', octal(5000), '0'), end])],
    ['a volume of several', Buffer.concat([header('a', octal(0), 'M'), end])],
    ['one block of zeros', Buffer.concat([header('a', octal(0), '0'), Buffer.alloc(512), header('b', octal(0), '0'), end])],
    ['no archive', Buffer.from('{"errors":[]}'.padEnd(2048))],
  ])('%s', (_, archive) => {
    expect(() => read(archive)).toThrow(/cut off|broken|at most|several/)
  })

  test('a link has no content, whatever its size says', () => {
    expect(read(Buffer.concat([header('a', octal(512), '2'), header('b', octal(0), '0'), end]))).toEqual({ a: 'symlink', b: '0 ' })
  })
})
