/**
 * One requirement, as pip reads it: by name, by URL, or by the path of a file or folder.
 * Sources: https://packaging.python.org/en/latest/specifications/dependency-specifiers/ (PEP 508) and pip's
 * req/constructors.py.
 */
import { spend } from '../budget.ts'
import { namePattern, normalise } from './distribution.ts'
import { readMarker } from './marker.ts'

/** A distribution that is asked for. */
export interface Requirement {
  /** Its normalised name; null where only building it would tell (a folder, an archive, a repository without `#egg=`). */
  readonly name: string | null
  /** Its versions (PEP 440), '' for any. May be what older releases of pip took and PEP 440 does not know, as it is written. */
  readonly specifier: string
  /** Its extras, normalised. */
  readonly extras: readonly string[]
  /** When it is asked for (PEP 508), or null for always. */
  readonly marker: string | null
  /** Where it comes from, if that is not an index: a URL or a path, as it is written. */
  readonly url: string | null
}

const urlSchemes = new Set(
  ('http https file ftp ssh git hg bzr sftp svn ' +
    'git+http git+https git+ssh git+git git+file hg+file hg+http hg+https hg+ssh hg+static-http ' +
    'svn+ssh svn+http svn+https svn+svn svn+file bzr+http bzr+https bzr+ssh bzr+sftp bzr+ftp bzr+lp bzr+file').split(' '),
)
const archive = /\.(?:zip|whl|tar|tar\.bz2|tbz|tar\.gz|tgz|tar\.xz|txz|tlz|tar\.lz|tar\.lzma)$/i

/**
 * `name-version(-build)?-python-abi-platform.whl`
 * (https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
 */
const wheel = /^([^\s-]+)-([^\s-]+)(?:-\d[^-]*)?-[^\s-]+-[^\s-]+-[^\s-]+\.whl$/

/**
 * Reads a requirement, without options or comments.
 * @throws SyntaxError where pip would refuse it.
 */
export function readRequirement(text: string): Requirement {
  const fromURL = isURL(text)
  const { before, marker } = splitMarker(text, fromURL ? '; ' : ';')
  if (fromURL) return { ...fromLocation(before), marker }
  if (!isDirect(before) && isPath(before)) return { ...fromPath(before), marker }
  return { ...readNamed(before), marker }
}

/**
 * Reads what stands after `-e`: a path, a repository, or from pip 26 on a name with `@`.
 * @throws SyntaxError where pip would refuse it.
 */
export function readEditable(text: string): Requirement {
  if (isDirect(text)) return readRequirement(text)
  return { ...(isURL(text) ? fromLocation(text) : fromPath(text)), marker: null }
}

type Unconditional = Omit<Requirement, 'marker'>

/** `name[extras] >=1, <2`, or `name[extras] @ url`. */
function readNamed(text: string): Unconditional {
  const [name] = namePattern.exec(text) ?? []
  if (name === undefined) throw new SyntaxError(`${quote(text)} is not a requirement`)
  let rest = text.slice(name.length).trim()
  let extras: string[] = []
  if (rest.startsWith('[')) {
    const close = rest.indexOf(']')
    if (close < 0) throw new SyntaxError(`the extras of ${quote(text)} are not closed`)
    extras = readExtras(rest.slice(1, close))
    rest = rest.slice(close + 1).trim()
  }
  const about = { name: normalise(name), extras }
  if (rest.startsWith('@')) {
    const url = rest.slice(1).trim()
    if (!/^(?:[a-z][a-z0-9+.-]*:\/\/|file:|\$\{)\S+$/i.test(url)) throw new SyntaxError(`${quote(text)} has no URL after its @`)
    return { ...about, specifier: '', url }
  }
  return { ...about, specifier: readSpecifier(rest, text), url: null }
}

/** The clauses, in brackets or not. A comma at the end is allowed, as pip does from 24.1 on. */
function readSpecifier(written: string, text: string): string {
  const bare = written.startsWith('(') && written.endsWith(')') ? written.slice(1, -1) : written
  spend(bare.length / 20)
  const clauses = bare.split(',').map((clause) => clause.trim())
  if (clauses.at(-1) === '') clauses.pop()
  return clauses
    .map((clause) => {
      const [, operator, version] = /^(===|[=!<>~]=|[<>])\s*([^\s()[\]=<>]+)$/.exec(clause) ?? []
      if (operator === undefined) throw new SyntaxError(`${quote(text)} is not a requirement`)
      return `${operator}${version}`
    })
    .join(',')
}

function readExtras(text: string): string[] {
  if (text.trim() === '') return []
  return text.split(',').map((extra) => {
    const name = extra.trim()
    if (namePattern.exec(name)?.[0] !== name) throw new SyntaxError(`${quote(name)} is not an extra`)
    return normalise(name)
  })
}

/** A URL: a wheel tells its name and version, `#egg=` may tell a name. */
function fromLocation(url: string): Unconditional {
  const file = url.replace(/[?#].*$/s, '').split('/').findLast((part) => part !== '') ?? ''
  if (/\.whl$/i.test(file)) return { ...fromWheel(unquote(file)), url }
  const egg = /[#&]egg=([^&]*)/.exec(url)?.[1]
  // setuptools once took `#egg=name-version`; pip builds the distribution and takes the name that it finds.
  if (!egg || /-(?:\d|dev\b)/.test(egg)) return { name: null, specifier: '', extras: [], url }
  return { ...readNamed(egg), url }
}

/** A file or folder, with extras or not. */
function fromPath(text: string): Unconditional {
  const path = withoutExtras(text)
  const extras = readExtras(text.slice(path.length + 1, -1))
  const file = path.split('/').at(-1) ?? ''
  return { ...(/\.whl$/i.test(file) ? fromWheel(file) : { name: null, specifier: '' }), extras, url: path }
}

function fromWheel(file: string): Omit<Unconditional, 'url'> {
  const [, name = '', version = ''] = wheel.exec(file) ?? []
  if (name === '') throw new SyntaxError(`${quote(file)} is not the name of a wheel`)
  if (namePattern.exec(name)?.[0] !== name) return { name: null, specifier: '', extras: [] }
  return { name: normalise(name), specifier: `==${version.replaceAll('_', '-')}`, extras: [] }
}

function splitMarker(text: string, separator: string): { before: string; marker: string | null } {
  const at = text.indexOf(separator)
  if (at < 0) return { before: text.trim(), marker: null }
  const marker = text.slice(at + separator.length).trim()
  if (marker !== '') readMarker(marker)
  return { before: text.slice(0, at).trim(), marker: marker === '' ? null : marker }
}

/** A path without the extras that may stand behind it. */
function withoutExtras(text: string): string {
  const open = text.endsWith(']') && !text.endsWith('[]') ? text.lastIndexOf('[') : -1
  return open < 1 ? text : text.slice(0, open)
}

function isURL(text: string): boolean {
  const colon = text.indexOf(':')
  return colon >= 0 && urlSchemes.has(text.slice(0, colon).toLowerCase())
}

/** Whether this is `name @ …` or `name[extras] @ …`. */
function isDirect(text: string): boolean {
  const [name] = namePattern.exec(text) ?? []
  return name !== undefined && /^\s*(?:\[[^\]]*\]\s*)?@/.test(text.slice(name.length))
}

function isPath(text: string): boolean {
  return text.startsWith('.') || text.includes('/') || archive.test(withoutExtras(text))
}

function unquote(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text)
}
