/**
 * gunicorn's releases as data: the settings, command-line options and worker classes of each, and the few
 * facts that introspection cannot show. The files of `catalogue/` are generated from the real releases.
 */
import { admits, pinned } from '../python/version.ts'
import type { AddressSyntax } from './address.ts'
import { releaseFiles } from './catalogue/index.ts'
import type { CatalogueEntry, ReleaseFile, Value } from './catalogue/release-file.ts'

/**
 * A command-line option. Releases in which an option is the same share one object, so that a command line which
 * touches only such options is read once for all of them.
 */
export interface Option {
  /** The setting's name; for `-h` and `-v`, `help` and `version`. */
  readonly name: string
  readonly flags: readonly string[]
  readonly action: 'store' | 'append' | 'constant' | 'help' | 'version'
  /** How many values it takes: none, one, or one at most (`--proxy-protocol` from 24.1 on). */
  readonly takes: 'none' | 'one' | 'optional'
  /** What a value is converted by while arguments are parsed. */
  readonly type: 'str' | 'int' | 'auto_int'
  readonly constant: Value
  readonly validator: string
}

/** What a name on the command line stands for in one release. */
export type Match = { readonly option: Option; readonly flag: string } | { readonly ambiguous: readonly string[] } | null

export class Release {
  readonly name: string
  readonly workers: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, CatalogueEntry>>
  readonly addressSyntax: AddressSyntax
  /** True where what stands behind the colon of an application may be any expression. */
  readonly evaluatesApplication: boolean
  /** True where the application must stand on the command line, and this is checked before GUNICORN_CMD_ARGS is read. */
  readonly wantsApplicationFirst: boolean
  /** True where the file of `--paste` may hold any setting. */
  readonly pasteSetsAnything: boolean
  readonly #options = new Map<string, Option>()
  /** The flags in order. */
  readonly #flags: readonly string[]
  /** What names that are the beginning of a flag, of which there are few, stand for. */
  readonly #matches = new Map<string, Match>()

  constructor(file: ReleaseFile, intern: (option: Option) => Option) {
    this.name = file.release
    this.workers = file.workers
    this.settings = file.settings
    this.addressSyntax = compareReleases(file.release, '20.0.0') < 0 ? 'digits' : 'integer'
    this.evaluatesApplication = compareReleases(file.release, '20.0.0') < 0
    this.wantsApplicationFirst = compareReleases(file.release, '20.1.0') < 0
    this.pasteSetsAnything = compareReleases(file.release, '20.0.0') < 0
    for (const [name, entry] of [...Object.entries(file.options), ...Object.entries(file.settings)]) {
      if (entry.flags.length === 0) continue
      const option = intern(optionOf(name, entry, file.release))
      for (const flag of entry.flags) this.#options.set(flag, option)
    }
    this.#flags = [...this.#options.keys()].sort()
  }

  /** The validator of a setting, which need not have an option. */
  validatorOf(setting: string): string {
    return validatorOf(this.settings[setting]?.validator ?? '', this.name)
  }

  /** The names of its options. */
  get flags(): readonly string[] {
    return this.#flags
  }

  /** The option that is written exactly so. */
  exact(flag: string): Option | undefined {
    return this.#options.get(flag)
  }

  /**
   * What a long name (`--work`, without `=VALUE`) stands for: the option of that name, else the one of which it is
   * a prefix. Source: `argparse.ArgumentParser._get_option_tuples`.
   */
  long(name: string): Match {
    const known = this.#matches.get(name)
    if (known !== undefined) return known
    const match = this.#find(name)
    if (match !== null) this.#matches.set(name, match)
    return match
  }

  #find(name: string): Match {
    const exact = this.#options.get(name)
    if (exact) return { option: exact, flag: name }
    const at = positionOf(this.#flags, name)
    const flag = this.#flags[at]
    if (!flag?.startsWith(name)) return null
    // In the order that gunicorn tells them in.
    if (this.#flags[at + 1]?.startsWith(name)) return { ambiguous: [...this.#options.keys()].filter((one) => one.startsWith(name)) }
    const option = this.#options.get(flag)
    return option ? { option, flag } : null
  }
}

/** Where the first of the sorted texts stands that is not before a text. */
function positionOf(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? '') < text) low = middle + 1
    else high = middle
  }
  return low
}

function optionOf(name: string, entry: CatalogueEntry, release: string): Option {
  const action = entry.action ?? 'store'
  return {
    name,
    flags: entry.flags,
    action: action === 'append' || action === 'help' || action === 'version' ? action : action === 'store' ? 'store' : 'constant',
    takes: entry.nargs === 0 ? 'none' : entry.nargs === '?' ? 'optional' : 'one',
    type: entry.type === 'int' || entry.type === 'auto_int' ? entry.type : 'str',
    constant: entry.const,
    validator: validatorOf(entry.validator ?? '', release),
  }
}

/** Validators that kept their name and changed what they take, by the first release of the change. */
const changedValidators: Readonly<Record<string, readonly { readonly from: string; readonly name: string }[]>> = {
  // 24.1 takes networks where 23.0 and 24.0 took addresses only.
  validate_string_to_addr_list: [{ from: '24.1.0', name: 'validate_string_to_network_list' }],
  // 27.0 no longer takes `h3`.
  validate_http_protocols: [{ from: '27.0.0', name: 'validate_http_protocols_without_h3' }],
  // From 21.0 on the setting is ignored, whatever it holds.
  validate_ssl_version: [{ from: '21.0.0', name: 'ignored' }],
}

function validatorOf(name: string, release: string): string {
  return changedValidators[name]?.findLast((change) => compareReleases(release, change.from) >= 0)?.name ?? name
}

/** Orders two releases: negative where `a` is the older one. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function load(): readonly Release[] {
  const interned = new Map<string, Option>()
  const intern = (option: Option): Option => {
    const key = JSON.stringify(option)
    const known = interned.get(key)
    if (known) return known
    interned.set(key, option)
    return option
  }
  return releaseFiles.map((file) => new Release(file, intern)).sort((a, b) => compareReleases(a.name, b.name))
}

/** The releases of the catalogue, oldest first. */
export const releases: readonly Release[] = load()

/** The flags of all releases, in order. */
const allFlags: readonly string[] = [...new Set(releases.flatMap((release) => release.flags))].sort()

/** Whether a name is a flag of any release, or the beginning of one. */
export const mayBeFlag = (name: string): boolean => allFlags[positionOf(allFlags, name)]?.startsWith(name) === true

/** What is longer is no version. */
const longestVersion = 100

/** A release, and what whoever packaged it puts behind: `-6+deb12u1` of Debian, `-3.el9` of Red Hat, `-r2` of Alpine, `+corp.1` in PEP 440. */
const versionPattern = /^(?:\d+:)?(\d+(?:\.\d+)*)([-+~][0-9A-Za-z][0-9A-Za-z.+~-]*)?$/

/** A version of gunicorn as an annotation tells it, without the revision of whoever packaged it; undefined for what is none. */
export const versionIn = (text: string | undefined): string | undefined => {
  if (text === undefined || text.length > longestVersion) return undefined
  return versionPattern.exec(text.trim())?.[1]
}

/** Whether a version is one that somebody else packaged, who may have mended what its own release has wrong. */
export const isRepackaged = (text: string | undefined): boolean =>
  text !== undefined && text.length <= longestVersion && versionPattern.exec(text.trim().replace(/^={2,3}\s*/, ''))?.[2] !== undefined

/** The newest release of the catalogue. */
export const newestRelease: Release = releases.at(-1) as Release

/**
 * The releases that a version can stand for: itself where the catalogue has it, else its neighbours, of which only
 * what they agree on is known. All of them for a version that is not given or is none.
 */
export function releasesFor(version: string | undefined): readonly Release[] {
  const told = versionIn(version)
  if (told === undefined) return releases
  const exact = releases.filter((release) => compareReleases(release.name, told) === 0)
  if (exact.length > 0) return exact
  const older = releases.findLast((release) => compareReleases(release.name, told) < 0)
  const newer = releases.find((release) => compareReleases(release.name, told) > 0)
  return [older, newer].filter((release) => release !== undefined)
}

/**
 * The releases that a PEP 440 specifier can stand for: as `releasesFor` has it for a version that is pinned, else those that it admits,
 * and the one below where it admits something in between. All of them for one that tells nothing, or cannot be read.
 */
export function releasesWithin(specifier: string | undefined): readonly Release[] {
  if (specifier === undefined || specifier === '') return releases
  // The same list for the same specifier: what is worked out for a list of releases is remembered with it.
  let found = remembered.get(specifier)
  if (found) return found
  found = workedOut(specifier)
  if (specifier.length > longestVersion) return found
  if (remembered.size >= mostRemembered) remembered.clear()
  remembered.set(specifier, found)
  return found
}

const remembered = new Map<string, readonly Release[]>()
const mostRemembered = 500

function workedOut(specifier: string): readonly Release[] {
  const pin = pinned(specifier)
  if (pin !== null) return releasesFor(pin)
  const first = releases.findIndex(({ name }) => admits(`==${name}`, specifier) === 'all')
  if (first < 0) return neighbours(specifier)
  const below = releases[first - 1]
  const between = below && admits(specifier, `>${below.name},<${releases[first]?.name}`)
  return releases.filter((release, index) => (index === first - 1 ? between !== 'none' : admits(`==${release.name}`, specifier) === 'all'))
}

/** The releases around a range that holds none of them. */
function neighbours(specifier: string): readonly Release[] {
  const next = releases.findIndex(({ name }) => admits(specifier, `<${name}`) === 'all')
  const last = admits(specifier, `>${newestRelease.name}`) === 'all' ? releases.length : next
  return last < 0 ? releases : releases.slice(Math.max(0, last - 1), last + 1)
}

/** Releases in words: `24.1.1 and newer`, `19.10.0 to 23.0.0`; runs of the catalogue's releases are drawn together. */
export function releasesInWords(some: readonly Release[]): string {
  const runs: Release[][] = []
  for (const release of releases) {
    if (!some.includes(release)) continue
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run && last && releases[releases.indexOf(last) + 1] === release) run.push(release)
    else runs.push([release])
  }
  return runs.map(runInWords).join(', ')
}

function runInWords(run: readonly Release[]): string {
  const [first, last] = [run[0]?.name, run.at(-1)?.name]
  if (run.at(-1) === newestRelease && run.length > 1) return `${first} and newer`
  return first === last ? `${first}` : `${first} to ${last}`
}
