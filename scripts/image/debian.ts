/**
 * The C and C++ libraries that Node is linked with, out of Debian's packages: by version and digest, through apt, which
 * checks Debian's signatures. Nothing is installed on the machine that builds.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpackTar } from 'modern-tar'
import { file } from './entries.ts'
import type { Entry } from './entries.ts'
import type { Platform } from './platform.ts'

type Architecture = Platform['debian']

export interface DebianPackage {
  readonly name: string
  /** An SPDX expression for the files that the image takes, after the package's own copyright file. */
  readonly licence: string
  readonly version: string
  /** Of the package's archive, in hexadecimal. */
  readonly sha256: Readonly<Record<Architecture, string>>
}

const lockFile = join(import.meta.dirname, 'debian-packages.json')

export const lockedPackages = (): readonly DebianPackage[] => JSON.parse(readFileSync(lockFile, 'utf8')) as DebianPackage[]

/** Of a package, what the image takes: libraries, licences, and what tells scanners which release of Debian it is. */
const wanted = new RegExp(`^(${
  [
    'lib(64)?/ld-linux-[^/]+',
    'lib/[^/]+/(ld-linux-[^/]+|lib(c|m|dl|pthread|gcc_s)\\.so\\.[0-9]+)',
    'usr/lib/[^/]+/libstdc\\+\\+\\.so\\.[0-9.]+',
    'usr/share/common-licenses/[^/]+',
    'usr/share/doc/[^/]+(/copyright)?',
    'usr/lib/os-release',
    'etc/(os-release|debian_version)',
  ].join('|')
})$`)

/** From `cache`, where `downloadPackages` has put them. Throws where a digest is not the one that is locked. */
export async function debianEntries(architecture: Architecture, cache: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const { name, version, sha256 } of lockedPackages()) {
    const archive = join(cache, fileName(name, version, architecture))
    const digest = createHash('sha256').update(readFileSync(archive)).digest('hex')
    const locked = sha256[architecture]
    if (digest !== locked) throw new Error(`${archive}: its SHA-256 is ${digest}, and ${locked} is locked`)
    const tar = run('dpkg-deb', ['--fsys-tarfile', archive])
    for (const { header, data } of await unpackTar(tar)) {
      const path = header.name.replace(/^\.\//, '')
      if (!wanted.test(path)) continue
      if (header.type === 'symlink') entries.push({ path, type: 'link', target: header.linkname ?? '' })
      else if (data !== undefined) entries.push(file(path, data, header.mode))
    }
    // Where scanners look for packages of an image without dpkg.
    entries.push(file(`var/lib/dpkg/status.d/${name}`, run('dpkg-deb', ['--field', archive])))
  }
  return entries
}

const fileName = (name: string, version: string, architecture: Architecture): string =>
  `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`

/** Into `cache`, those that are not there. Throws where apt is missing, has no network or does not know that version. */
export function downloadPackages(architecture: Architecture, cache: string): void {
  mkdirSync(cache, { recursive: true })
  const missing = lockedPackages().filter(({ name, version }) => !existsSync(join(cache, fileName(name, version, architecture))))
  if (missing.length === 0) return
  const folder = mkdtempSync(join(cache, 'download-'))
  try {
    const apt = aptGet(architecture, folder)
    apt('update')
    apt('download', ...missing.map(({ name, version }) => `${name}=${version}`))
    for (const { name, version } of missing) {
      const archive = fileName(name, version, architecture)
      renameSync(join(folder, archive), join(cache, archive))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes the versions that apt offers now, such as one with a security fix, to the lock. */
export function updateLock(cache: string): void {
  mkdirSync(cache, { recursive: true })
  const packages = lockedPackages()
  const amd64 = offers(packages, 'amd64', cache)
  const arm64 = offers(packages, 'arm64', cache)
  const updated = packages.map(({ name, licence }): DebianPackage => {
    const [one, other] = [amd64.get(name), arm64.get(name)]
    if (one === undefined || one.version !== other?.version)
      throw new Error(`${name}: apt offers ${one?.version} for amd64 and ${other?.version} for arm64, which must be the same`)
    return { name, licence, version: one.version, sha256: { amd64: one.sha256, arm64: other.sha256 } }
  })
  writeFileSync(lockFile, `${JSON.stringify(updated, null, 2)}\n`)
}

type Offers = Map<string, { readonly version: string; readonly sha256: string }>

function offers(packages: readonly DebianPackage[], architecture: Architecture, cache: string): Offers {
  const folder = mkdtempSync(join(cache, 'download-'))
  try {
    const apt = aptGet(architecture, folder)
    apt('update')
    // 'URL' libc6_2.36-9_amd64.deb 2759320 SHA256:ba4f…
    const uris = apt('--print-uris', 'download', ...packages.map(({ name }) => name)).toString()
    const found: Offers = new Map()
    for (const [, name = '', version = '', sha256 = ''] of uris.matchAll(/ (\S+)_(\S+)_\w+\.deb \d+ SHA256:(\w+)/g))
      found.set(name, { version: version.replaceAll('%3a', ':'), sha256 })
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** apt-get with lists of its own, for another processor as well; what it downloads arrives in `folder`. Needs no root. */
function aptGet(architecture: Architecture, folder: string): (...words: string[]) => Buffer {
  for (const part of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'state/status'), '')
  const settings = [
    `Dir::State=${folder}/state`,
    `Dir::State::status=${folder}/state/status`,
    `Dir::Cache=${folder}/cache`,
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
  ]
  return (...words) => run('apt-get', ['-qq', ...settings.flatMap((setting) => ['-o', setting]), ...words], folder)
}

function run(program: string, words: readonly string[], cwd?: string): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, words, { maxBuffer: 1 << 30, ...(cwd !== undefined && { cwd }) })
  if (error) throw new Error(`${program} cannot be run (${error.message}): build on Debian 12, or by the Dockerfile`)
  if (status !== 0) throw new Error(`${program} ${words.slice(-2).join(' ')}: ${stderr.toString().trim()}`)
  return stdout
}
