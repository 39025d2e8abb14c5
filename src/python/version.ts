/**
 * Version specifiers as sets of versions.
 * Source: https://packaging.python.org/en/latest/specifications/version-specifiers/ (PEP 440).
 *
 * Every version that could exist counts, but pre-releases only for a specifier that names one, as for pip.
 * Local labels (`+cu118`) are looked through, as PEP 440 does wherever a specifier has none.
 */
import { compare, explain, validRange } from '@renovatebot/pep440'

/** How many of the versions that a specifier admits lie within a bound. */
export type Admitted = 'all' | 'some' | 'none' | 'unknown'

/**
 * The versions from `from` on and before `to`; all that follow where `to` is null. Half-open ranges are enough,
 * because every version has a next one: 1.0 < 1.0.post0.dev0, 1.0.post0 < 1.0.post1.dev0, 1.0.dev0 < 1.0.dev1.
 */
interface Range {
  readonly from: string
  readonly to: string | null
}

/** A set of versions: ranges in order, apart from each other. */
type Ranges = readonly Range[]

const first = '0.dev0'
const everything: Ranges = [{ from: first, to: null }]

/** What was asked before, by bound and specifier: a cluster asks the same of thousands of workloads. */
const answered = new Map<string, Admitted>()
/** So many answers are kept, of specifiers of so many characters at most. */
const [mostAnswered, longestAnswered] = [1000, 200]

/**
 * Whether all, some or none of the versions that the specifier admits lie within the bound, itself a specifier.
 * Unknown where one of the two cannot be read or admits nothing, and where pip's releases differ on what it means.
 */
export function admits(specifier: string, bound: string): Admitted {
  if (specifier.length > longestAnswered) return workedOut(specifier, bound)
  const question = `${bound}\n${specifier}`
  let answer = answered.get(question)
  if (answer === undefined) {
    answer = workedOut(specifier, bound)
    if (answered.size >= mostAnswered) answered.clear()
    answered.set(question, answer)
  }
  return answer
}

function workedOut(specifier: string, bound: string): Admitted {
  const admitted = rangesAdmitted(specifier)
  const within = rangesOf(bound)
  if (admitted === null || within === null) return 'unknown'
  const prereleases = namesPrerelease(specifier)
  const any = (ranges: Ranges): boolean => ranges.some((range) => prereleases || holdsRelease(range))
  if (!any(admitted)) return 'unknown'
  if (!any(intersection(admitted, within))) return 'none'
  return any(intersection(admitted, complement(within))) ? 'some' : 'all'
}

/**
 * Whether the newest versions that the specifier admits, which are what pip takes, lie within the bound.
 * Null where that is unknown.
 */
export function newestWithin(specifier: string, bound: string): boolean | null {
  const newest = rangesAdmitted(specifier)?.at(-1)
  const within = rangesOf(bound)
  if (newest === undefined || within === null) return null
  return within.some((range) => before(range.from, newest.to) && !before(range.to, newest.to))
}

/** The version that a specifier pins (`==` without a wildcard, or `===`), as it is written; null where it pins none. */
export function pinned(specifier: string): string | null {
  const clauses = clausesOf(specifier) ?? []
  const pin = clauses.find(pins)
  if (pin === undefined) return null
  return clauses.length === 1 || rangesOf(specifier)?.length === 1 ? pin.version : null
}

function namesPrerelease(specifier: string): boolean {
  return clausesOf(specifier)?.some(({ version }) => explain(version)?.is_prerelease) ?? false
}

/** Whether a range holds a version that is no pre-release. */
function holdsRelease({ from, to }: Range): boolean {
  const release = from.replace(/(?:a|b|rc).*$|\.dev\d+$/s, '')
  return before(release, to)
}

function pins(clause: Clause): boolean {
  return clause.operator === '===' || (clause.operator === '==' && !clause.wildcard)
}

/** One clause of a specifier: `>=1.2`, or `==1.2.*` where `wildcard` is true. */
interface Clause {
  readonly operator: string
  readonly version: string
  readonly wildcard: boolean
}

/** A specifier of more clauses, or characters, is not looked into: working it out takes time by their square. */
const [mostClauses, longestSpecifier] = [50, 2000]

/** The clauses of a specifier, none for ''; null where it cannot be read, or holds a number too long to be exact. */
function clausesOf(specifier: string): Clause[] | null {
  if (specifier.length > longestSpecifier) return null
  const texts = specifier.split(',', mostClauses + 1)
  if (texts.length > mostClauses || /\d{16}/.test(specifier) || !validRange(specifier)) return null
  return texts.flatMap((text) => {
    const [, operator = '', version = ''] = /^([=!<>~]+)\s*(.*)$/.exec(text.trim()) ?? []
    if (operator === '') return []
    const wildcard = version.endsWith('.*') && operator !== '==='
    return [{ operator, version: wildcard ? version.slice(0, -2) : version, wildcard }]
  })
}

/** The versions that a specifier admits. A lone pin may name a build (`==2.0+cu118`), which is a build of that version. */
function rangesAdmitted(specifier: string): Ranges | null {
  const clauses = clausesOf(specifier)
  const only = clauses?.length === 1 ? clauses[0] : undefined
  if (only === undefined || !pins(only)) return rangesOf(specifier)
  const version = explain(only.version)
  return version && [point(version.public)]
}

function rangesOf(specifier: string): Ranges | null {
  let ranges: Ranges | null = everything
  for (const clause of clausesOf(specifier) ?? [null]) {
    const more = clause && rangesOfClause(clause)
    ranges = ranges && more && intersection(ranges, more)
  }
  return ranges
}

function rangesOfClause({ operator, version: text, wildcard }: Clause): Ranges | null {
  const version = explain(text)
  if (version === null || version.local !== null) return null
  const { public: at, base_version: base, epoch, release } = version
  const final = at === base
  if (wildcard) {
    if (!final) return null
    const prefix = [{ from: `${base}.dev0`, to: afterPrefix(epoch, release) }]
    return operator === '==' ? prefix : complement(prefix)
  }
  switch (operator) {
    case '==':
      return [point(at)]
    case '!=':
      return complement([point(at)])
    case '>=':
      return [{ from: at, to: null }]
    case '<=':
      return [{ from: first, to: next(at) }]
    case '~=':
      // Of `~=2.0a1`, pip before 21 made `==2.0.*`.
      return version.is_prerelease ? null : [{ from: at, to: afterPrefix(epoch, release.slice(0, -1)) }]
    case '>':
      // Of a final release, its post-releases are not newer. Of a pre-release, pip before 26 and from 26 on differ.
      if (final) return [{ from: `${base}.post${Number.MAX_SAFE_INTEGER}`, to: null }]
      return version.is_postrelease ? [{ from: next(at), to: null }] : null
    case '<':
      // Of a final release, its pre-releases are not older. Of a post-release, pip before 26 and from 26 on differ.
      if (final) return intersection(everything, [{ from: first, to: `${base}.dev0` }])
      return version.is_prerelease ? [{ from: first, to: at }] : null
    default:
      return null
  }
}

/** The version right after this one. */
function next(version: string): string {
  const [, stem, kind, number] = /^(.*)\.(dev|post)(\d+)$/.exec(version) ?? []
  if (kind === undefined) return `${version}.post0.dev0`
  const following = `${stem}.${kind}${Number(number) + 1}`
  return kind === 'dev' ? following : `${following}.dev0`
}

/** The first version after all those whose release begins with a prefix: after 1.2.* comes 1.3.dev0. */
function afterPrefix(epoch: number, release: readonly number[]): string {
  return `${epoch}!${[...release.slice(0, -1), (release.at(-1) ?? 0) + 1].join('.')}.dev0`
}

function point(version: string): Range {
  return { from: version, to: next(version) }
}

/** Whether a stands before b; null is the end of all versions. */
function before(a: string | null, b: string | null): boolean {
  return a !== null && (b === null || compare(a, b) < 0)
}

function intersection(a: Ranges, b: Ranges): Ranges {
  const both = []
  for (const one of a) {
    for (const other of b) {
      const from = before(one.from, other.from) ? other.from : one.from
      const to = before(one.to, other.to) ? one.to : other.to
      if (before(from, to)) both.push({ from, to })
    }
  }
  return both
}

function complement(ranges: Ranges): Ranges {
  const rest = []
  let from: string | null = first
  for (const range of ranges) {
    if (from !== null && before(from, range.from)) rest.push({ from, to: range.from })
    from = range.to
  }
  if (from !== null) rest.push({ from, to: null })
  return rest
}
