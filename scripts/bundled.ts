/** Which npm packages a bundle holds: read from what esbuild says of its outputs, never from package.json. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** An SPDX expression, as its package.json says. */
  readonly licence: string
  /** As its package.json says; undefined where it does not. */
  readonly author: string | undefined
  /** The files in which it states its licence, whole. */
  readonly texts: readonly { readonly file: string; readonly text: string }[]
  /** Of its archive in the registry, as the lock file has it: `sha512-` and base64. */
  readonly integrity: string
}

interface PackageJson {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>
}

/** Each release once, sorted by name. What was read but shaken off is not in the bundle, and is left out. */
export function bundledPackages(metafile: Metafile, root: string): BundledPackage[] {
  const lock = readJson(join(root, 'package-lock.json')) as Lock
  const folders = new Set<string>()
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = packageFolder(path)
      if (bytesInOutput > 0 && folder !== undefined) folders.add(folder)
    }
  const packages = new Map<string, BundledPackage>()
  for (const folder of folders) {
    const found = readPackage(folder, root, lock)
    packages.set(`${found.name}@${found.version}`, found)
  }
  return [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found)
}

/** `node_modules/a/node_modules/@b/c` of a file in it; undefined for a source of ours. */
export const packageFolder = (path: string): string | undefined => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]

function readPackage(folder: string, root: string, lock: Lock): BundledPackage {
  const { name, version, license, author } = readJson(join(root, folder, 'package.json')) as PackageJson
  const { integrity } = lock.packages[folder] ?? {}
  if (license === undefined) throw new Error(`${folder}: its package.json names no licence`)
  if (integrity === undefined) throw new Error(`${folder}: the lock file does not know it`)
  const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort()
  return {
    name,
    version,
    licence: license,
    author: typeof author === 'object' ? author.name : author,
    texts: files.map((file) => ({ file, text: readFileSync(join(root, folder, file), 'utf8') })),
    integrity,
  }
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
