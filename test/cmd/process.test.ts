import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync,
  writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { processIo } from '../../cmd/process.ts'
import { program } from '../program.ts'

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
    expect(() => writeFile(join(folder, 'nowhere/file'), 'text')).toThrow('no such folder')
    const sealed = join(folder, 'sealed')
    mkdirSync(join(sealed, 'file'), { recursive: true })
    expect(() => writeFile(join(sealed, 'file'), 'text')).toThrow('is a folder')
    expect(readdirSync(sealed)).toEqual(['file'])
  })
})

test('manifests of a folder are listed in order, without what is hidden or of others', () => {
  const root = join(folder, 'tree')
  for (const name of ['b', 'a', '.git', 'node_modules']) mkdirSync(join(root, name), { recursive: true })
  for (const name of ['b/x.yml', 'a/z.yaml', 'a/y.json', 'a/.hidden.yaml', '.git/c.yaml', 'node_modules/p.json', 'notes.txt', 'b/Procfile',
    'b/Procfile.dev']) writeFileSync(join(root, name), '')
  expect(listFiles(root)).toEqual(['a/y.json', 'a/z.yaml', 'b/x.yml'].map((name) => join(root, name)))
  expect(listFiles(root, 'Procfile')).toEqual(['a/y.json', 'a/z.yaml', 'b/Procfile', 'b/x.yml'].map((name) => join(root, name)))
  expect(listFiles(join(root, 'notes.txt'))).toEqual([join(root, 'notes.txt')])
  expect(() => listFiles(join(root, 'nowhere'))).toThrow('no such file')
})

test('charts, what is of others or made, and what .gitignore and patterns name are passed over where it is asked for', () => {
  const root = join(folder, 'walked')
  const written = ['k8s/a.yaml', 'k8s/ignored.yaml', 'k8s/kept.yaml', 'chart/Chart.yaml', 'chart/templates/a.yaml', 'env/pyvenv.cfg',
    'env/a.yaml', 'vendor/a.yaml', 'app/dist/a.yaml', 'out/a.yaml', 'tmp/deep/a.yaml', 'app/out/a.yaml', 'app/tmp/a.yaml']
  for (const name of written) mkdirSync(dirname(join(root, name)), { recursive: true })
  for (const name of written) writeFileSync(join(root, name), '')
  writeFileSync(join(root, '.gitignore'), '# made\n/out\ntmp/\nk8s/*.yaml\n!k8s/[a-k]*.yaml\n')
  writeFileSync(join(root, 'k8s/.gitignore'), 'ign?red.yaml\n')
  const passed: string[] = []
  const walk = (exclude: readonly string[]) =>
    listFiles(root, 'Procfile', { exclude, passedOver: (at, what) => passed.push(`${what} ${relative(root, at)}`) }).map((path) =>
      relative(root, path)
    )
  expect(walk([])).toEqual(['app/out/a.yaml', 'k8s/a.yaml', 'k8s/kept.yaml'])
  expect(passed).toEqual(['foreign app/dist', 'chart chart', 'foreign env', 'foreign vendor'])
  expect(walk(['app/**', 'kept.*'])).toEqual(['k8s/a.yaml'])
  expect(listFiles(join(root, 'chart'), 'Procfile', { exclude: [], passedOver: () => {} })).toEqual([])
  expect(listFiles(join(root, 'vendor'), 'Procfile', { exclude: [], passedOver: () => {} })).toEqual([join(root, 'vendor/a.yaml')])
})

describe('what is read', () => {
  const repository = join(folder, 'repository')
  const outside = join(folder, 'outside')
  for (const path of [join(repository, '.git'), join(repository, 'app'), outside]) mkdirSync(path, { recursive: true })
  writeFileSync(join(outside, 'secret'), 'secret')
  writeFileSync(join(repository, 'start.sh'), 'exec gunicorn a')
  writeFileSync(join(repository, 'large'), 'x'.repeat(5 * 2 ** 20))
  execFileSync('mkfifo', [join(repository, 'fifo')])
  symlinkSync('../../outside/secret', join(repository, 'app/out'))
  symlinkSync('../../outside', join(repository, 'app/folder'))
  symlinkSync('../start.sh', join(repository, 'app/in'))
  symlinkSync('/dev/zero', join(repository, 'app/zero'))
  symlinkSync('loop', join(repository, 'app/loop'))
  const app = `${join(repository, 'app')}/`
  const { readFile, readWithin, writeWithin } = processIo()

  test('of itself: regular files of the repository alone, of bounded size', () => {
    expect(readWithin(app, `${app}in`)).toBe('exec gunicorn a')
    expect(readWithin(app, `${app}../start.sh`)).toBe('exec gunicorn a')
    for (const [path, reason] of [
      ['out', 'leads out of the repository'],
      ['folder/secret', 'leads out of the repository'],
      ['zero', 'leads out of the repository'],
      ['../../outside/secret', 'leads out of the repository'],
      ['../fifo', 'must be a regular file'],
      ['../large', 'must not be larger than 4 MiB'],
      ['..', 'is a folder'],
      ['nowhere', 'no such file'],
      ['in/nowhere', 'no such file'],
      ['a\0b', 'no such file'],
      ['loop', 'is a link that leads nowhere'],
    ] as const) expect(() => readWithin(app, app + path)).toThrow(`: ${reason}`)
  })

  test('what was named, wherever it lies, but no device', () => {
    expect(readFile(`${app}out`)).toBe('secret')
    expect(readFile(join(repository, 'large'))).toHaveLength(5 * 2 ** 20)
    expect(() => readFile('/dev/zero')).toThrow('/dev/zero: must be a regular file')
    expect(() => readFile(`${app}zero`)).toThrow(`${app}zero: must be a regular file`)
    expect(() => readFile(repository)).toThrow(`${repository}: is a folder`)
    expect(() => readFile(join(folder, 'a\nb'))).toThrow(`${folder}/a\\nb: no such file`)
  })

  test('nothing is written outside', () => {
    writeWithin(app, `${app}in`, 'exec gunicorn b')
    expect(readFileSync(join(repository, 'start.sh'), 'utf8')).toBe('exec gunicorn b')
    expect(lstatSync(join(repository, 'app/in')).isSymbolicLink()).toBe(true)
    expect(() => writeWithin(app, `${app}out`, 'x')).toThrow(`${app}out: leads out of the repository`)
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
  })

  const paddock = (...words: string[]) => spawnSync(process.execPath, [program(), ...words], { cwd: repository, encoding: 'utf8' })

  test('check --fix mends a script of the repository, and leaves others alone, which it says', () => {
    writeFileSync(join(repository, 'app/Procfile'), 'web: bash in\nworker: bash out\nbeat: bash zero\n')
    symlinkSync('/dev/zero', join(repository, 'app/requirements.txt'))
    symlinkSync('../fifo', join(repository, 'app/runtime.txt'))
    symlinkSync('zero', join(repository, 'app/gunicorn.conf.py'))
    writeFileSync(join(repository, 'start.sh'), 'exec gunicorn a:b\n')
    writeFileSync(join(outside, 'secret'), 'exec gunicorn a:b\n')
    const { status, stdout, stderr } = paddock('check', '--fix', 'app')
    expect(stderr.split('\n').sort()).toEqual(expect.arrayContaining([
      'paddock: app/requirements.txt: leads out of the repository: it is not read',
      'paddock: app/runtime.txt: must be a regular file: it is not read',
      'paddock: app/out: leads out of the repository: it is not read',
      'paddock: app/zero: leads out of the repository: it is not read',
    ]))
    expect([status, readFileSync(join(outside, 'secret'), 'utf8')]).toEqual([0, 'exec gunicorn a:b\n'])
    expect(readFileSync(join(repository, 'start.sh'), 'utf8')).toMatch(/^exec gunicorn .*--access-logfile - /)
    expect(stdout).toContain('"out" is not [unseen-script]')
  })

  test('what was asked for by name ends with status 2', () => {
    for (const words of [['check', '/dev/zero'], ['check', '--requirements', 'fifo/x', 'app'], ['check', 'nowhere.yaml'], ['explain',
      '/dev/zero'], ['explain', 'app'], ['policy', 'validate', '/dev/zero'], ['review', '/dev/zero'], ['check', '--policy', '/dev/zero'], [
      'check',
      '--format',
      'sarif=/nowhere/x',
      'app',
    ]]) {
      const { status, stderr } = paddock(...words)
      expect({ words, status, stderr }).toEqual({ words, status: 2,
        stderr: expect.stringMatching(/^paddock: .*: (must be a regular file|no such file|no such folder|is a folder)\n$/m) })
      expect(stderr).not.toMatch(/ENO|EIS|\.new|\n {4}at /)
    }
  })
})
