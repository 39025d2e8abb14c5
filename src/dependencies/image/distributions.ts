/**
 * The distributions in the folders of an image, and whether a Python would find them there. A name in a list is not enough: the
 * METADATA must be there, and so must the code. Sources: the specification "Recording installed projects", and what pip, uv,
 * setuptools, Debian and conda leave behind.
 */
import { createHash } from 'node:crypto'
import type { Files } from '../../oci/files.ts'
import { normalise } from '../../python/distribution.ts'

export interface Distribution {
  /** As it is written. */
  readonly name: string
  readonly version: string
  /** Where it is listed: `/usr/lib/python3/dist-packages/gevent-24.11.1.dist-info`. */
  readonly path: string
  /** The folder that it is installed in. */
  readonly folder: string
  /** The index of the layer that lists it. */
  readonly layer: number
  /** Why its code is not what it says, or not there; undefined where it is. */
  readonly fault: string | undefined
  /** What it imports as, at the top, with the file that must be there; empty where it has no code of its own. */
  readonly modules: readonly Module[]
  /** Where an editable installation has its code. */
  readonly source: string | undefined
  /** `Requires-Dist` of its metadata. */
  readonly requires: readonly string[]
}

export interface Module {
  readonly name: string
  /** From the folder: `gevent/__init__.py`. */
  readonly file: string
}

export interface Found {
  readonly distributions: readonly Distribution[]
  /** What is named like a distribution, and is none. */
  readonly faults: readonly string[]
}

/** The distributions that a folder lists. */
export function distributionsIn(files: Files, folder: string, suffix: string | undefined): Found {
  const read: Read[] = []
  const faults: string[] = []
  for (const name of files.names(folder)) {
    const kind = /\.(dist-info|egg-info|egg)$/.exec(name)?.[1]
    if (kind === undefined) continue
    const path = `${folder}/${name}`
    const isFolder = files.isFolder(path)
    const metadata = metadataOf(files, path, kind, isFolder)
    if (metadata === undefined) {
      faults.push(`${path.slice(1)} holds no ${kind === 'dist-info' ? 'METADATA' : 'PKG-INFO'}: nothing is installed by it`)
      continue
    }
    const [own, version] = [header(metadata, 'Name'), header(metadata, 'Version')]
    if (own === undefined || version === undefined) {
      if (metadata !== '') faults.push(`${path.slice(1)} tells no ${own === undefined ? 'name' : 'version'}`)
      continue
    }
    read.push({ name: own, version, path, folder: kind === 'egg' && isFolder ? path : folder, kind, layer: layerOf(files, path), metadata })
  }
  // Of several of one name in one folder, the code is that of one of them.
  const byName = Map.groupBy(read, ({ name }) => normalise(name))
  const distributions = read.map((one) => {
    const twins = byName.get(normalise(one.name)) ?? []
    return judged(files, one, suffix, twins.length > 1 ? twins : undefined)
  })
  return { distributions, faults }
}

interface Read extends Pick<Distribution, 'name' | 'version' | 'path' | 'folder' | 'layer'> {
  readonly kind: string
  readonly metadata: string
}

/** The metadata of what is listed: undefined where there is none, and nothing is installed by it then; empty where it is not read. */
function metadataOf(files: Files, path: string, kind: string, isFolder: boolean): string | undefined {
  // Older tools leave a file in place of a folder.
  const at = !isFolder ? (kind === 'egg-info' ? path : undefined)
    : kind === 'egg' ? `${path}/EGG-INFO/PKG-INFO` : `${path}/${kind === 'dist-info' ? 'METADATA' : 'PKG-INFO'}`
  const text = at === undefined ? undefined : files.text(at)
  return text === null ? '' : text === '' ? undefined : text
}

function layerOf(files: Files, path: string): number {
  const metadata = ['METADATA', 'PKG-INFO', 'EGG-INFO/PKG-INFO'].map((name) => files.resolve(`${path}/${name}`)).find((one) => one)
  return (metadata ?? files.resolve(path))?.node.layer ?? -1
}

/** A field of the headers, which end with the first empty line. */
function header(metadata: string, name: string): string | undefined {
  return headers(metadata, name)[0]
}

function headers(metadata: string, name: string): readonly string[] {
  const lines = metadata.slice(0, /\r?\n\r?\n/.exec(metadata)?.index).split(/\r?\n/)
  const start = `${name.toLowerCase()}:`
  return lines.filter((line) => line.toLowerCase().startsWith(start)).map((line) => line.slice(start.length).trim()).filter((value) =>
    value !== '' && value !== 'UNKNOWN'
  )
}

/** A line of RECORD. */
interface Recorded {
  readonly path: string
  readonly hash: string
  readonly size: number | undefined
}

/** Source: the specification of RECORD: comma-separated values, of which paths may be quoted. */
function recorded(text: string): readonly Recorded[] {
  return text.split(/\r?\n/).flatMap((line): Recorded[] => {
    const [, quoted, plain, hash = '', size = ''] = /^(?:"((?:[^"]|"")*)"|([^",]*)),([^,]*),(\d*)$/.exec(line) ?? []
    const path = quoted?.replaceAll('""', '"') ?? plain
    return path === undefined || path === '' ? [] : [{ path, hash, size: size === '' ? undefined : Number(size) }]
  })
}

function judged(files: Files, read: Read, suffix: string | undefined, twins: readonly Read[] | undefined): Distribution {
  const { name, version, path, folder, layer, metadata, kind } = read
  const own = { name, version, path, folder, layer, requires: headers(metadata, 'Requires-Dist') }
  const source = editableSource(files, path)
  if (source !== undefined)
    return { ...own, modules: [], source,
      fault: files.isFolder(source) ? undefined : `${source}, which it is installed from, is not there` }
  const text = kind === 'dist-info' ? files.text(`${path}/RECORD`) : undefined
  const record = text == null || text === '' ? undefined : recorded(text)
  const modules = record ? recordedModules(record) : listedModules(files, read)
  const missing = missingModules(files, folder, name, modules)
  const foreign = record && suffix !== undefined ? foreignSuffix(record, suffix) : undefined
  const fault = missing ?? foreign ??
    (twins && record ? outdoneBy(files, read, record, twins)
      : twins ? `${twins.length} of the name are listed beside each other` : undefined)
  return { ...own, modules, source: undefined, fault }
}

/** Where the code of an editable installation is. Source: PEP 610. */
function editableSource(files: Files, path: string): string | undefined {
  const text = files.text(`${path}/direct_url.json`)
  if (text == null || !/"editable"\s*:\s*true/.test(text)) return undefined
  const [, url] = /"url"\s*:\s*"file:\/\/([^"\\]*)"/.exec(text) ?? []
  try {
    return url === undefined ? undefined : decodeURIComponent(url)
  } catch {
    return undefined
  }
}

/** By what a wheel has brought: the file that makes each package or module. */
function recordedModules(record: readonly Recorded[]): readonly Module[] {
  const first = new Map<string, string>()
  for (const { path } of record) {
    if (path.startsWith('../') || path.startsWith('/') || /^[^/]*\.(?:dist-info|data)\//.test(path) || path.includes('__pycache__/'))
      continue
    const module = moduleOf(path)
    if (module === undefined) continue
    const before = first.get(module)
    // Of a package it is the file that is nearest to the top; `__init__` where there is one.
    if (before === undefined || rank(path) < rank(before)) first.set(module, path)
  }
  return [...first].map(([name, file]) => ({ name, file }))
}

const rank = (path: string): number => path.split('/').length * 2 - (/(?:^|\/)__init__\.(?:py|pyc|[\w-]+\.so)$/.test(path) ? 1 : 0)

/** The top-level name that a file is imported by. */
function moduleOf(path: string): string | undefined {
  if (!/\.(?:py|pyc|so|pyd)$/.test(path)) return undefined
  const slash = path.indexOf('/')
  const name = slash < 0 ? path.slice(0, path.indexOf('.')) : path.slice(0, slash)
  return /^\w+$/.test(name) ? name : undefined
}

/** By `top_level.txt`, else by the name. */
function listedModules(files: Files, { name, path, folder, kind }: Read): readonly Module[] {
  const text = files.text(kind === 'egg' ? `${path}/EGG-INFO/top_level.txt` : `${path}/top_level.txt`)
  const names = text == null ? [moduleName(name)] : text.split(/\s+/).filter((word) => /^\w+$/.test(word))
  return names.flatMap((module) => {
    const file = moduleFile(files, folder, module)
    // Without a list of modules, it may be called otherwise.
    return file === undefined && text == null ? [] : [{ name: module, file: file?.slice(folder.length + 1) ?? `${module}/__init__.py` }]
  })
}

const renamed: Readonly<Record<string, string>> = { 'gevent-websocket': 'geventwebsocket', setuptools: 'setuptools', 'zope-event': 'zope',
  pyyaml: 'yaml' }

/** What a distribution is imported as, where only its name is known. */
export const moduleName = (distribution: string): string => renamed[normalise(distribution)] ?? normalise(distribution).replaceAll('-', '_')

/** The file that makes a module of a folder; undefined where there is none. */
export function moduleFile(files: Files, folder: string, module: string, suffix?: string): string | undefined {
  const ends = [...(suffix === undefined ? [] : [suffix]), '.abi3.so', '.so', '.py', '.pyc']
  const found = [...ends.map((end) => `${folder}/${module}/__init__${end}`), ...ends.map((end) => `${folder}/${module}${end}`)].find((
    path,
  ) => files.isFile(path))
  if (found !== undefined) return found
  return suffix === undefined
    ? files.names(folder).filter((name) => name.startsWith(`${module}.`) && name.endsWith('.so')).map((name) => `${folder}/${name}`)[0]
    : undefined
}

function missingModules(files: Files, folder: string, name: string, modules: readonly Module[]): string | undefined {
  const missing = modules.filter(({ file }) => !files.isFile(`${folder}/${file}`))
  if (missing.length === 0) return undefined
  const main = missing.find((module) => module.name.toLowerCase() === moduleName(name)) ??
    (missing.length === modules.length ? missing[0] : undefined)
  return main && `${folder.slice(1)}/${main.file} is not there`
}

/** What is built for another Python, or another C library, is not imported. */
function foreignSuffix(record: readonly Recorded[], suffix: string): string | undefined {
  const built = record.flatMap(({ path }) => /\.(?:cpython|pypy)[\w-]*\.so$/.exec(path)?.[0] ?? [])
  const [first] = built
  return first === undefined || built.includes(suffix) ? undefined
    : `it is built for ${first.slice(1, -3)}, and this Python takes ${suffix.slice(1, -3)}`
}

/** Whether the files in the folder are those of another one of the name. */
function outdoneBy(files: Files, read: Read, record: readonly Recorded[], twins: readonly Read[]): string | undefined {
  const own = agreement(files, read.folder, record)
  for (const twin of twins) {
    if (twin.path === read.path) continue
    const text = files.text(`${twin.path}/RECORD`)
    const other = text == null ? undefined : agreement(files, twin.folder, recorded(text))
    if (other !== undefined && other > own) return `its files are those of ${twin.version}`
    if (other === undefined || (other === own && own < 1)) return `it may be that its files are those of ${twin.version}`
  }
  return undefined
}

/** The share of the recorded files that are there with their size and, of a few, with their hash. */
function agreement(files: Files, folder: string, record: readonly Recorded[]): number {
  const code = record.filter(({ path }) => path.endsWith('.py') && !path.startsWith('../'))
  let agreed = 0
  let hashed = 0
  for (const { path, hash, size } of code) {
    const node = files.resolve(`${folder}/${path}`)?.node
    if (node?.kind !== 'file' || (size !== undefined && node.size !== size)) continue
    if (/(?:^|\/)(?:__init__|_?version|__about__)\.py$/.test(path) && hash.startsWith('sha256=') && hashed < 10) {
      const text = files.text(`${folder}/${path}`)
      hashed++
      if (text != null && node.content && createHash('sha256').update(node.content).digest('base64url') !== hash.slice(7)) continue
    }
    agreed++
  }
  return code.length === 0 ? 0 : agreed / code.length
}
