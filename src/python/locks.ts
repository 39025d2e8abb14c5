/**
 * Lock files: what they surely install, what they may, and what is not in them. Sources: the lock files that uv 0.9, poetry 2, pdm 2 and
 * pipenv write, and PEP 751 (pylock.toml). Of TOML, only what those programs write is read.
 */
import { spend } from '../budget.ts'
import { preinstalled } from './dependents.ts'
import { normalise } from './distribution.ts'
import type { Installed } from './known.ts'

/** Which lock file a name is of; undefined for another. */
export function lockKind(path: string): LockKind | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name === 'pylock.toml' || /^pylock\.[^.]+\.toml$/.test(name) ? 'pylock.toml' : kinds.find((kind) => kind === name)
}

export type LockKind = 'uv.lock' | 'poetry.lock' | 'pdm.lock' | 'Pipfile.lock' | 'pylock.toml'
const kinds: readonly LockKind[] = ['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock', 'pylock.toml']

interface Package {
  readonly name: string
  readonly version: string | undefined
  /** False where an extra, a group or a marker decides whether it is installed. */
  readonly isCertain: boolean
}

/** What a lock file tells; undefined for a text that is none. @param evidence its name */
export function readLock(kind: LockKind, text: string, evidence: string): ((distribution: string) => Installed) | undefined {
  spend(text.length / 50)
  // What git could not merge is not what anybody installs.
  if (/^(?:<{7} |>{7} )/m.test(text)) return undefined
  const packages = kind === 'Pipfile.lock' ? ofPipfile(text) : ofTables(kind, text)
  if (!packages) return undefined
  const byName = Map.groupBy(packages, ({ name }) => normalise(name))
  return (distribution) => {
    const found = byName.get(normalise(distribution)) ?? []
    const [first, ...others] = found.filter(({ isCertain }) => isCertain)
    if (first) {
      const isOne = others.length === 0 && found.length === 1 && first.version !== undefined
      return { state: 'Installed', specifier: isOne ? `==${first.version}` : '', evidence }
    }
    // What comes with a Python, or with what makes virtual environments, is in no lock.
    if (found.length === 0 && preinstalled.has(normalise(distribution))) return { state: 'Unknown', specifier: '', evidence }
    return found.length > 0 ? { state: 'Unknown', specifier: '', evidence: `${evidence}, where an extra, a group or a marker decides,` }
      : { state: 'Absent', specifier: '', evidence }
  }
}

function ofPipfile(text: string): Package[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const sections = value as
    | Readonly<Record<string, Readonly<Record<string, { version?: unknown; markers?: unknown } | null>> | undefined>>
    | null
  if (typeof sections !== 'object' || typeof sections?.['default'] !== 'object') return undefined
  return Object.entries(sections).flatMap(([section, packages]) =>
    section.startsWith('_') || typeof packages !== 'object' ? [] : Object.entries(packages).map(([name, entry]): Package => {
      // A marker that was false where it was locked leaves `*`.
      const [, version] = /^===?(.+)$/.exec(typeof entry?.version === 'string' ? entry.version : '') ?? []
      return { name, version, isCertain: section === 'default' && entry?.markers === undefined && version !== undefined }
    })
  )
}

/** A `[[package]]`, with the tables that follow it: keys by the table they are in, `optional-dependencies.gevent`. */
type Table = ReadonlyMap<string, string>

function ofTables(kind: LockKind, text: string): Package[] | undefined {
  const tables = tablesOf(text)
  const packages = tables.flatMap((table) => {
    const name = stringIn(table.get('name'))
    return name === undefined ? [] : [{ name, version: stringIn(table.get('version')), table }]
  })
  if (!/^(?:lock-)?version = /m.test(text) && !/^\[metadata\]/m.test(text)) return undefined
  const certain = kind === 'uv.lock' ? reachable(packages) : undefined
  return packages.map(({ name, version, table }) => ({ name, version,
    isCertain: certain ? certain.has(normalise(name)) && packages.filter((one) => one.name === name).length === 1
      : isCertain(kind, table) })
  )
}

function isCertain(kind: LockKind, table: Table): boolean {
  if (table.has('marker') || table.has('markers')) return false
  if (kind === 'pylock.toml') return true
  const groups = [...(table.get('groups') ?? '').matchAll(/"([^"]*)"/g)].map(([, group]) => group)
  return table.get('optional') !== 'true' && groups.includes(kind === 'poetry.lock' ? 'main' : 'default')
}

/** What uv installs of the project itself: from its own dependencies on, by those that no marker decides. */
function reachable(packages: readonly { readonly name: string; readonly table: Table }[]): ReadonlySet<string> {
  const byName = new Map(packages.map(({ name, table }) => [normalise(name), table]))
  const roots = packages.filter(({ table }) => /\b(?:virtual|editable) = "\."/.test(table.get('source') ?? ''))
  const seen = new Set<string>()
  const found = new Set<string>()
  const [root] = roots
  const waiting: (readonly [name: string, key: string])[] = root && roots.length === 1 ? [[normalise(root.name), 'dependencies']] : []
  for (let at = 0; at < waiting.length; at++) {
    const [name, key] = waiting[at]!
    const text = byName.get(name)?.get(key)
    if (text === undefined || seen.has(`${name} ${key}`)) continue
    seen.add(`${name} ${key}`)
    for (const part of text.split(/\{\s*(?=name = ")/).slice(1)) {
      const [, required = ''] = /^name = "([^"]*)"/.exec(part) ?? []
      if (/\bmarker = "/.test(part)) continue
      const own = normalise(required)
      found.add(own)
      waiting.push([own, 'dependencies'])
      const [, extras = ''] = /\bextra = \[([^\][]*)\]/.exec(part) ?? []
      for (const [, extra = ''] of extras.matchAll(/"([^"]*)"/g)) waiting.push([own, `optional-dependencies.${extra}`])
    }
  }
  return found
}

/** The packages of a file, in order, each with its keys and the text of their values. */
function tablesOf(text: string): Table[] {
  const tables: Map<string, string>[] = []
  let own: Map<string, string> | undefined
  let prefix = ''
  let open: { readonly key: string; text: string; depth: number } | undefined
  for (const line of text.split('\n')) {
    if (open) {
      open.text += `\n${line}`
      open.depth += depthOf(line)
    } else {
      const [, isList, header] = /^\s*\[(\[?)([^\]]+)\]/.exec(line) ?? []
      if (header !== undefined) {
        if (isList === '[' && (header === 'package' || header === 'packages')) tables.push(own = new Map())
        else if (isList === '[' || !/^packages?\./.test(header)) own = undefined
        prefix = header.replace(/^packages?\.?/, '')
        continue
      }
      const [, key, value] = /^\s*"?([\w-]+)"?\s*=\s*(.*)$/.exec(line) ?? []
      if (key === undefined || value === undefined || !own) continue
      open = { key: prefix === '' ? key : `${prefix}.${key}`, text: value, depth: depthOf(value) }
    }
    if (open.depth > 0) continue
    own?.set(open.key, open.text.trim())
    open = undefined
  }
  return tables
}

/** How many brackets stay open behind a line: those in strings are none. */
function depthOf(line: string): number {
  let depth = 0
  for (const [token] of line.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[[\]{}]/g))
    depth += token === '[' || token === '{' ? 1 : token === ']' || token === '}' ? -1 : 0
  return depth
}

const stringIn = (value: string | undefined): string | undefined => /^"([^"\\]*)"/.exec(value ?? '')?.[1]
