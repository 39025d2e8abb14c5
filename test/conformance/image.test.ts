/**
 * The container image as it is published: built for real, unpacked by the machine's own tar, and run with nothing but
 * its own files, as its own user, on a root file system that cannot be written.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { downloadPackages } from '../../scripts/image/debian.ts'
import type { ImageConfig } from '../../scripts/image/oci.ts'
import type { Sbom } from '../../scripts/sbom.ts'
import { realTest } from './real.ts'
import { findProgram } from './shell-programs.ts'

const repository = join(import.meta.dirname, '../..')
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
const folder = mkdtempSync(join(tmpdir(), 'paddock-image-'))
const root = join(folder, 'root')
const isRoot = process.getuid?.() === 0

/** What this machine lacks to build the image and to run it. */
function lacking(): string | undefined {
  if (process.platform !== 'linux') return 'the image is built and run on Linux'
  const program = ['apt-get', 'dpkg-deb', 'tar', 'unshare', 'chroot', 'mount'].find((name) => findProgram(name) === undefined)
  if (program !== undefined) return `${program} is not installed (Debian 12 has it)`
  const { status } = spawnSync('unshare', [...namespaces, 'mount', '--bind', folder, folder])
  if (status !== 0) return 'this user may not mount, not even in a namespace of its own (run as root)'
  try {
    downloadPackages(architecture, join(repository, '.cache/image'))
  } catch (error) {
    return `Debian's packages cannot be downloaded: ${(error as Error).message}`
  }
  return undefined
}

/** Root in a namespace of its own, where the user is not root already. */
const namespaces = ['--mount', ...(isRoot ? [] : ['--user', '--map-root-user'])]

const missing = lacking()
// Jest runs no `afterAll` where all tests are skipped.
if (missing !== undefined) rmSync(folder, { recursive: true })

/** What a script prints. */
function script(name: string, ...words: string[]): string {
  const path = join(repository, 'scripts', name)
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...words], { encoding: 'utf8', cwd: folder })
  if (status !== 0) throw new Error(`${name} ${words.join(' ')}: ${stderr}`)
  return stdout
}

interface DockerManifest {
  readonly Config: string
  readonly Layers: readonly string[]
}

const dist = join(folder, 'dist')
const archive = join(folder, 'image.tar')
let told = ''
let config: ImageConfig

beforeAll(() => {
  if (missing !== undefined) return
  // Once, so that what is compared is of the same sources even where somebody is at work on them.
  script('build.ts', dist)
  told = script('image.ts', '--dist', dist, '--output', archive)
  const unpacked = join(folder, 'archive')
  for (const path of [unpacked, root]) mkdirSync(path)
  tar('-xf', archive, '-C', unpacked)
  const [manifest] = JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as [DockerManifest]
  config = (JSON.parse(readFileSync(join(unpacked, manifest.Config), 'utf8')) as { config: ImageConfig }).config
  for (const layer of manifest.Layers) tar('-xpf', join(unpacked, layer), '-C', root)
  // What a Pod would mount.
  for (const path of ['certificates', 'examples']) mkdirSync(join(root, path))
  cpSync(join(repository, 'examples'), join(root, 'examples'), { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function tar(...words: string[]): void {
  const { status, stderr } = spawnSync('tar', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tar ${words.join(' ')}: ${stderr}`)
}

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the image as a Pod with a read-only root file system does, /certificates being a volume. `cmd` as in a Pod's `args`. */
function run(cmd: readonly string[], { input = '', entrypoint = config.Entrypoint } = {}): Result {
  const [user] = config.User.split(':')
  const enter = [
    'mount --bind "$0" "$0"',
    'mount -o remount,bind,ro "$0"',
    `mount -t tmpfs -o mode=0700${isRoot ? `,uid=${user}` : ''} none "$0/certificates"`,
    `exec env -i ${config.Env.join(' ')} ${findProgram('chroot')}${isRoot ? ` --userspec=${config.User}` : ''} "$0" "$@"`,
  ].join(' && ')
  const words = [...namespaces, '--', 'sh', '-c', enter, root, ...entrypoint, ...cmd]
  const { status, stdout, stderr } = spawnSync('unshare', words, { input, encoding: 'utf8', timeout: 30_000 })
  return { status, stdout, stderr }
}

const pathsIn = (top: string): string[] => readdirSync(top, { recursive: true, encoding: 'utf8' })

/** Each path with what it is. The content of large files is told by their size. */
const described = (top: string): [path: string, entry: unknown][] =>
  pathsIn(top).map((path) => {
    const stats = lstatSync(join(top, path))
    if (stats.isSymbolicLink()) return [path, readlinkSync(join(top, path))]
    if (stats.isDirectory()) return [path, stats.mode]
    return [path, [stats.mode, stats.mtimeMs, stats.size, stats.size < 1e6 ? readFileSync(join(top, path), 'utf8') : '']]
  })

/** A script for the image's Node. */
const node = (source: string): Result => run(['-e', source], { entrypoint: config.Entrypoint.slice(0, 1) })

const deployment = (bind: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers: [{ name: 'web', image: 'web', command: ['gunicorn', '-b', bind, 'wsgi'] }] } } },
  })

describe('the image', () => {
  realTest('is the same when it is built again', missing, () => {
    const again = join(folder, 'again.tar')
    script('image.ts', '--dist', dist, '--output', again)
    const digests = [archive, again].map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'))
    expect(digests[1]).toBe(digests[0])
    rmSync(again)
  })

  realTest('has a bundle that depends on no folder', missing, () => {
    const elsewhere = join(folder, 'else', 'where')
    script('build.ts', elsewhere)
    const contents = (top: string): object => new Map(pathsIn(top).map((path) => [path, readFileSync(join(top, path), 'utf8')]))
    expect(contents(elsewhere)).toEqual(contents(dist))
  })

  realTest('has the files that a Dockerfile copies', missing, () => {
    script('image.ts', '--dist', dist, '--folder', join(folder, 'layers'))
    const layers = ['system', 'node', 'paddock'].map((name) => join(folder, 'layers', name))
    const copied = layers.flatMap((layer) => described(layer))
    expect(new Map(copied)).toEqual(new Map(described(root).filter(([path]) => !/^(examples|certificates)/.test(path))))
  })

  realTest('has less than 120 MB beside Node itself', missing, () => {
    process.stderr.write(told)
    const paths = pathsIn(root).filter((path) => !/^(examples|nodejs\/bin\/node)/.test(path))
    const files = paths.map((path) => lstatSync(join(root, path))).filter((stats) => stats.isFile())
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    expect(bytes).toBeGreaterThan(5e6)
    expect(bytes).toBeLessThan(120e6)
  })

  realTest('holds one program, no shell and no package manager', missing, () => {
    const executable = pathsIn(root).filter((path) => {
      const stats = lstatSync(join(root, path))
      return stats.isFile() && (stats.mode & 0o111) !== 0
    })
    // Debian's loader and C library can be started as programs; neither gives a shell.
    expect(executable.filter((path) => !/^lib\/[^/]+\/(ld-linux-[^/]+|libc\.so\.6)$/.test(path))).toEqual(['nodejs/bin/node'])
  })

  realTest('says what is in it, with licences', missing, () => {
    const bom = JSON.parse(readFileSync(join(root, 'paddock/sbom.cdx.json'), 'utf8')) as Sbom
    const names = bom.components.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['fastify', `node-linux-${process.arch}`, 'libc6', 'libstdc++6']))
    expect(bom.components.filter(({ licenses }) => !licenses?.length)).toEqual([])
    const notices = readFileSync(join(root, 'paddock/dist/THIRD-PARTY-NOTICES.txt'), 'utf8')
    const debian = ['usr/share/doc/libc6/copyright', 'usr/share/doc/libstdc++6/copyright', 'usr/share/common-licenses/LGPL-2.1']
    for (const path of ['paddock/LICENSE', 'nodejs/LICENSE', ...debian])
      expect(statSync(join(root, path)).size).toBeGreaterThan(1000)
    expect(notices).toMatch(/^fastify [\d.]+ \(MIT\)$/m)
  })
})

describe('the archive beside it', () => {
  const packed = join(folder, 'paddock.tar.gz')

  realTest('is the same when it is packed again', missing, () => {
    const digests = [packed, join(folder, 'again.tar.gz')].map((path) => {
      script('archive.ts', '--dist', dist, '--output', path)
      return readFileSync(`${path}.sha256`, 'utf8').split(' ')[0]
    })
    expect(digests[1]).toBe(digests[0])
    expect(digests[0]).toBe(createHash('sha256').update(readFileSync(packed)).digest('hex'))
  })

  realTest('runs where it is unpacked, and has its licences with it', missing, () => {
    const unpacked = join(folder, 'plugin')
    mkdirSync(unpacked)
    tar('-xzf', packed, '-C', unpacked)
    expect(readdirSync(unpacked)).toEqual(['LICENSE', 'dist', 'package.json'])
    const { stdout } = spawnSync(join(unpacked, 'dist/paddock.js'), ['rules', 'loopback-bind'], { encoding: 'utf8' })
    expect(stdout).toContain('loopback-bind')
    expect(statSync(join(unpacked, 'dist/THIRD-PARTY-NOTICES.txt')).size).toBeGreaterThan(10_000)
  })
})

describe('in the image', () => {
  realTest('Node finds its libraries, and names by DNS or files', missing, () => {
    const lookup = "dns.lookup('localhost', (error, address) => console.log(error?.code ?? address, process.getuid()))"
    // A container engine brings /etc/hosts; without it, and without a resolver, there is an answer all the same.
    const answer = /^(127\.0\.0\.1|::1|ENOTFOUND|EAI_AGAIN) (\d+)\n$/
    const { stdout, stderr } = node(lookup)
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(answer), stderr: '' })
    expect(answer.exec(stdout)?.[2]).toBe(isRoot ? '65532' : '0')
  })

  realTest('nothing can be written but a volume', missing, () => {
    const write = (path: string): string => node(`try { fs.writeFileSync('${path}', '') } catch (error) { console.log(error.code) }`).stdout
    expect(['/x', '/tmp/x', '/paddock/x', '/certificates/x'].map(write)).toEqual(['EROFS\n', 'EROFS\n', 'EROFS\n', ''])
  })

  realTest('paddock tells its version', missing, () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
    expect(run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  for (const program of ['webhook', 'operator'])
    realTest(`the ${program} has all that it needs, but a cluster`, missing, () => {
      const entrypoint = [...config.Entrypoint.slice(0, -1), `/paddock/dist/${program}.js`]
      const { status, stderr } = run(['--namespace', 'paddock', '--kubeconfig', '/nowhere'], { entrypoint })
      expect(status).not.toBe(0)
      expect(JSON.parse(stderr)).toMatchObject({ level: 'error', error: expect.stringMatching(/^\/nowhere: cannot be read/) })
    })

  realTest('paddock checks a manifest from standard input', missing, () => {
    const refused = run(['check', '-'], { input: deployment('127.0.0.1:8000') })
    expect(refused).toMatchObject({ status: 1, stdout: expect.stringContaining('[loopback-bind]') })
    expect(run(['check', '-'], { input: deployment(':8000') })).toMatchObject({ status: 0 })
  })

  realTest('the webhook serves over TLS, with a certificate of its own making', missing, () => {
    const listen = ['--host', '127.0.0.1', '--port', '0', '--cert-dir', '/certificates']
    const { status, stdout, stderr } = run(['serve', ...listen, '--examples', '/examples', '--once'])
    expect(stderr).toMatch(/^paddock: serving on https:\/\/127\.0\.0\.1:\d+$/m)
    expect(status).toBe(0)
    expect(stdout).toContain('/examples/denied-loopback.yaml: denied')
    expect(stdout).toContain('/examples/fixed-defaults.yaml: fixed')
  })
})
