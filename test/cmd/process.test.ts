import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { processIo } from '../../cmd/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'paddock-process-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { writeFile, listFiles } = processIo()

describe('a file is written whole', () => {
  test('where there is none yet', () => {
    writeFile(join(folder, 'new'), 'text')
    expect(readFileSync(join(folder, 'new'), 'utf8')).toBe('text')
  })

  test('in the place of what is there, with its mode', () => {
    const path = join(folder, 'old')
    writeFileSync(path, 'a longer text')
    chmodSync(path, 0o640)
    writeFile(path, 'text')
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['text', 0o640])
  })

  test('where a link leads to, and the link stays', () => {
    const [target, link] = [join(folder, 'target'), join(folder, 'link')]
    writeFileSync(target, 'old')
    symlinkSync(target, link)
    writeFile(link, 'text')
    expect([lstatSync(link).isSymbolicLink(), readFileSync(target, 'utf8')]).toEqual([true, 'text'])
  })

  test('to a device, which stays one', () => {
    writeFile('/dev/null', 'text')
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test('or not at all, and nothing is left behind', () => {
    expect(() => writeFile(join(folder, 'nowhere/file'), 'text')).toThrow('ENOENT')
    const sealed = join(folder, 'sealed')
    mkdirSync(join(sealed, 'file'), { recursive: true })
    expect(() => writeFile(join(sealed, 'file'), 'text')).toThrow('EISDIR')
    expect(readdirSync(sealed)).toEqual(['file'])
  })
})

test('manifests of a folder are listed in order, without what is hidden or of others', () => {
  const root = join(folder, 'tree')
  for (const name of ['b', 'a', '.git', 'node_modules']) mkdirSync(join(root, name), { recursive: true })
  for (const name of ['b/x.yml', 'a/z.yaml', 'a/y.json', 'a/.hidden.yaml', '.git/c.yaml', 'node_modules/p.json', 'notes.txt', 'b/Procfile', 'b/Procfile.dev']) writeFileSync(join(root, name), '')
  expect(listFiles(root)).toEqual(['a/y.json', 'a/z.yaml', 'b/x.yml'].map((name) => join(root, name)))
  expect(listFiles(root, 'Procfile')).toEqual(['a/y.json', 'a/z.yaml', 'b/Procfile', 'b/x.yml'].map((name) => join(root, name)))
  expect(listFiles(join(root, 'notes.txt'))).toEqual([join(root, 'notes.txt')])
  expect(() => listFiles(join(root, 'nowhere'))).toThrow('ENOENT')
})
