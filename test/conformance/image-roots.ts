/** Images that are made as people make them: commands run in a container's file system, and what each leaves is a layer. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync,
  writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { cacheFolder } from '../../scripts/gunicorn-release.ts'
import { findProgram } from './shell-programs.ts'

const run = promisify(execFile)

export interface Config {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly User?: string
  readonly Labels?: Readonly<Record<string, string>>
}

/** What is installed from: wheels, pip and uv, which a container finds at /tools. */
export interface Tools {
  readonly folder: string
  /** The lowest layers: a Python below /usr/local, and Debian's own. */
  readonly local: string
  readonly debian: string
}

const wheels = ['gunicorn==23.0.0', 'gunicorn==20.1.0', 'gevent==24.11.1', 'gevent==24.2.1', 'eventlet==0.40.3', 'tornado==6.4.2',
  'packaging==24.2', 'setuptools==75.8.0', 'zope.event==5.0', 'zope.interface==7.2', 'wheel', 'hatchling', 'editables', 'poetry-core',
  'virtualenv==20.30.0']
const packages = ['libc6', 'libstdc++6', 'libgcc-s1', 'python3-minimal', 'python3.11-minimal', 'libpython3.11-minimal',
  'libpython3.11-stdlib', 'python3.11', 'libexpat1', 'zlib1g', 'libffi8', 'libssl3', 'liblzma5', 'libbz2-1.0', 'gunicorn',
  'python3-gunicorn', 'python3-pkg-resources', 'python3-gevent', 'python3-greenlet', 'python3-zope.event', 'python3-zope.interface',
  'python3-packaging', 'libev4', 'libuv1', 'libc-ares2']
const lowest = new Set(['libc6', 'libstdc++6', 'libgcc-s1', 'python3-minimal', 'python3.11-minimal', 'libpython3.11-minimal',
  'libpython3.11-stdlib', 'python3.11', 'libexpat1', 'zlib1g', 'libffi8', 'libssl3', 'liblzma5', 'libbz2-1.0'])

/** Gets what images are made of. Throws where it cannot be had, with a sentence on why. */
export async function prepare(): Promise<Tools> {
  if (process.getuid?.() !== 0) throw new Error('images are made in overlays, which takes root')
  for (const name of ['python3', 'busybox', 'unshare', 'ldd', 'apt-get', 'dpkg-deb'])
    if (findProgram(name) === undefined) throw new Error(`${name} is not installed`)
  const folder = cacheFolder('images-5')
  const tools = { folder: join(folder, 'tools'), local: join(folder, 'local'), debian: join(folder, 'debian') }
  if (existsSync(join(folder, '.complete'))) return tools
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(tools.folder, 'wheels'), { recursive: true })
  try {
    const { base, version } = JSON.parse(
      (await run('python3', ['-c', 'import json,sys;print(json.dumps({"base":sys.base_prefix,"version":"%d.%d"%sys.version_info[:2]}))']))
        .stdout,
    ) as { base: string; version: string }
    if (base === '/usr') throw new Error('python3 is that of Debian, and another one is needed, such as that of pyenv')
    for (const wheel of wheels)
      await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest',
        join(tools.folder, 'wheels'), wheel])
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--only-binary', ':all:', '--dest', join(tools.folder, 'wheels'), 'greenlet',
      'dnspython', 'pathspec', 'pluggy', 'trove-classifiers', 'distlib', 'filelock<4', 'platformdirs', 'tomlkit', 'jaraco.functools',
      'more-itertools'])
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', join(tools.folder, 'pip'), 'pip'])
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', join(tools.folder, 'uv'), 'uv==0.13.9'])
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', join(tools.folder, 'shiv'), 'shiv', 'pex'])
    localRoot(tools.local, base, version)
    mkdirSync(join(tools.folder, 'debs'))
    await run('apt-get', ['download', ...packages], { cwd: join(tools.folder, 'debs') })
    systemRoot(tools.debian)
    for (const name of readdirSync(join(tools.folder, 'debs'))) {
      const own = name.slice(0, name.indexOf('_'))
      if (lowest.has(own))
        appendFileSync(join(tools.debian, 'var/lib/dpkg/status'),
          `${(await run('dpkg-deb', ['--field', join(tools.folder, 'debs', name)])).stdout}\n`)
      await run('dpkg-deb', ['-x', join(tools.folder, 'debs', name), lowest.has(own) ? tools.debian : join(tools.folder, 'debs', own)])
    }
    writeFileSync(join(folder, '.complete'), '')
    return tools
  } catch (error) {
    const text = String((error as { stderr?: string }).stderr || (error as Error).message)
    throw new Error(`images cannot be made: ${text.trim().split('\n').at(-1)}`, { cause: error })
  }
}

/** A C library, a shell with the usual programs, and users. */
function systemRoot(root: string): void {
  for (const path of ['usr/bin', 'usr/sbin', 'usr/lib/x86_64-linux-gnu', 'usr/lib64', 'etc', 'tmp', 'root', 'dev', 'tools', 'var/lib/dpkg'])
    mkdirSync(join(root, path), { recursive: true })
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name))
  const busybox = findProgram('busybox')!
  withLibraries(root, busybox, 'usr/bin/busybox')
  for (const name of ['sh', 'env', 'rm', 'mkdir', 'cp', 'mv', 'ln', 'cat', 'chmod', 'chown', 'touch', 'ls', 'sed', 'unzip', 'readlink',
    'dirname', 'head']) symlinkSync('busybox', join(root, 'usr/bin', name))
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\n')
}

function withLibraries(root: string, file: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true })
  spawnSync('cp', ['-L', file, join(root, to)])
  for (const [library] of spawnSync('ldd', [file], { encoding: 'utf8' }).stdout.matchAll(/\/\S+(?=\s\(0x)/g)) {
    const target = join(root, library.startsWith('/lib') ? `usr${library}` : library)
    mkdirSync(dirname(target), { recursive: true })
    if (!existsSync(target)) copyFileSync(library, target)
  }
}

/** As the official images have it: built from source, below /usr/local. */
function localRoot(root: string, base: string, version: string): void {
  systemRoot(root)
  const library = join(root, 'usr/local/lib', `python${version}`)
  mkdirSync(library, { recursive: true })
  withLibraries(root, join(base, 'bin', `python${version}`), `usr/local/bin/python${version}`)
  spawnSync('sh', ['-c', `cp ${base}/lib/libpython${version}*.so* ${root}/usr/lib/x86_64-linux-gnu/ 2>/dev/null`])
  spawnSync('sh', ['-c',
    `cd ${base}/lib/python${version} && tar --exclude=./site-packages --exclude=./test --exclude=./config-* --exclude=./idlelib --exclude=__pycache__ -cf - . | tar -xf - -C ${library}`])
  mkdirSync(join(library, 'site-packages'))
  for (const name of ['_ssl', '_hashlib', '_ctypes', 'zlib', '_bz2', '_lzma'])
    for (const file of readdirSync(join(library, 'lib-dynload')).filter((one) => one.startsWith(`${name}.`)))
      withLibraries(root, join(library, 'lib-dynload', file), `usr/local/lib/python${version}/lib-dynload/${file}`)
  // What greenlet is built with, as the official images have it.
  spawnSync('sh', ['-c',
    `cd /usr/lib/x86_64-linux-gnu; cp -L libstdc++.so.6 libgcc_s.so.1 librt.so.1 libdl.so.2 libpthread.so.0 libutil.so.1 ${root}/usr/lib/x86_64-linux-gnu/`])
  symlinkSync(`python${version}`, join(root, 'usr/local/bin/python3'))
  symlinkSync('python3', join(root, 'usr/local/bin/python'))
  mkdirSync(join(root, 'usr/local/include', `python${version}`), { recursive: true })
  copyFileSync(join(base, 'include', `python${version}`, 'patchlevel.h'),
    join(root, 'usr/local/include', `python${version}`, 'patchlevel.h'))
}

const environment = {
  PATH: '/opt/venv/bin:/usr/local/bin:/usr/bin:/bin',
  PYTHONPATH: '/tools/pip',
  PIP_NO_INDEX: '1',
  PIP_FIND_LINKS: '/tools/wheels',
  PIP_ROOT_USER_ACTION: 'ignore',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_CACHE_DIR: '1',
  UV_OFFLINE: '1',
  UV_NO_INDEX: '1',
  UV_FIND_LINKS: '/tools/wheels',
  UV_NO_CONFIG: '1',
  HOME: '/root',
}

/** An image in the making. */
export class MadeImage {
  readonly #tools: Tools
  readonly #work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'paddock-image-'))
  /** Folders, the lowest first. */
  readonly #layers: string[]

  constructor(tools: Tools, base: 'local' | 'debian') {
    this.#tools = tools
    this.#layers = [tools[base]]
  }

  /** Runs a script in the image as it is so far: what it changes is the next layer. Throws what it says where it fails. */
  async step(script: string): Promise<this> {
    const upper = this.#upper('layer-')
    const { status, stderr } = await this.#within(upper, ['sh', '-ec', script], environment, '/', undefined)
    if (status !== 0) throw new Error(`${script}\n${stderr}`)
    this.#layers.push(upper)
    return this
  }

  /** Runs a command in the image as a container does. What it writes is lost. */
  async start(config: Config, extra: Readonly<Record<string, string>>,
    argv = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]): Promise<{ status: number; stderr: string; out: string | undefined }> {
    const upper = this.#upper('run-')
    const env = Object.fromEntries((config.Env ?? []).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
    const home = config.User === undefined ? '/root' : '/home/app'
    const { status, stderr } = await this.#within(upper, argv, { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', ...env,
      ORACLE_OUT: '/tmp/oracle.json', ...extra }, config.WorkingDir ?? '/', config.User)
    const out = join(upper, 'tmp/oracle.json')
    return { status, stderr, out: existsSync(out) ? readFileSync(out, 'utf8') : undefined }
  }

  /** The root of a container, which everybody may go through. */
  #upper(name: string): string {
    const folder = mkdtempSync(join(this.#work, name))
    chmodSync(folder, 0o755)
    return folder
  }

  async #within(upper: string, argv: readonly string[], env: Readonly<Record<string, string>>, folder: string,
    user: string | undefined): Promise<{ status: number; stderr: string }> {
    const [work, merged] = [mkdtempSync(join(this.#work, 'work-')), mkdtempSync(join(this.#work, 'merged-'))]
    const script = `
      mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$UPPER,workdir=$WORK" "$MERGED"
      mkdir -p "$MERGED/tools" "$MERGED/dev" "$MERGED/tmp"; chmod 1777 "$MERGED/tmp"
      mount --bind "$TOOLS" "$MERGED/tools"; mount --bind /dev "$MERGED/dev"
      exec chroot --userspec="$AS" "$MERGED" /bin/env -i ${
      Object.entries(env).map(([name, value]) => `'${name}=${value.replaceAll("'", "'\\''")}'`).join(' ')
    } /bin/sh -c 'cd "$0" && exec "$@"' '${folder}' "$@"`
    const outer = { PATH: process.env['PATH'] ?? '', LOWER: [...this.#layers].reverse().join(':'), UPPER: upper, WORK: work, MERGED: merged,
      TOOLS: this.#tools.folder, AS: user === undefined ? '0:0' : '1000:1000' }
    return new Promise((resolve) => {
      execFile('unshare', ['-m', 'sh', '-ec', script, 'sh', ...argv], { env: outer, timeout: 120_000 },
        (error, _stdout, stderr) => resolve({ status: error ? Number(error.code) || 1 : 0, stderr }))
    })
  }

  /** Writes it as an OCI layout. */
  write(folder: string, config: Config, architecture = 'amd64'): void {
    mkdirSync(join(folder, 'blobs/sha256'), { recursive: true })
    const diffIds: string[] = []
    const layers = this.#layers.map((layer, index) => {
      const kind = ['tar+gzip', 'tar+zstd', 'tar'][index % 3]!
      const { diffId, content } = index === 0 ? lowestLayer(layer) : packed(layer, kind)
      diffIds.push(diffId)
      return { mediaType: `application/vnd.oci.image.layer.v1.${kind}`, ...blob(folder, content) }
    })
    const described = blob(folder, JSON.stringify({ architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids: diffIds } }))
    const manifest = blob(folder,
      JSON.stringify({ schemaVersion: 2, config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...described }, layers }))
    writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    writeFileSync(join(folder, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest }] }))
  }

  remove(): void {
    rmSync(this.#work, { recursive: true, force: true })
  }
}

function packed(layer: string, kind: string): { diffId: string; content: Buffer } {
  const tar = spawnSync('python3', [join(import.meta.dirname, 'image-layer.py'), layer], { maxBuffer: 2 ** 30 }).stdout
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`
  return { diffId, content: kind === 'tar' ? tar : kind === 'tar+zstd' ? zstdCompressSync(tar) : gzipSync(tar, { level: 1 }) }
}

/** It is the same in all of them. */
function lowestLayer(layer: string): { diffId: string; content: Buffer } {
  const [told, kept] = [`${layer}.json`, `${layer}.tar.gz`]
  if (existsSync(told))
    return { diffId: (JSON.parse(readFileSync(told, 'utf8')) as { diffId: string }).diffId, content: readFileSync(kept) }
  const made = packed(layer, 'tar+gzip')
  writeFileSync(kept, made.content)
  writeFileSync(told, JSON.stringify({ diffId: made.diffId }))
  return made
}

function blob(folder: string, content: Buffer | string): { digest: string; size: number } {
  const hex = createHash('sha256').update(content).digest('hex')
  writeFileSync(join(folder, 'blobs/sha256', hex), content)
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) }
}
