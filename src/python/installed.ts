/** What a requirements file says of a distribution: that it is installed, that it is not, or nothing certain. */
import { spend } from '../budget.ts'
import { dependents, harmless, harmlessExtras, preinstalled, undemanding, widelyRequired, type Dependent } from './dependents.ts'
import { normalise } from './distribution.ts'
import { evaluate } from './marker.ts'
import type { ListedRequirement } from './requirements.ts'
import { newestWithin } from './version.ts'

/** Whether a distribution is installed. */
export interface Installation {
  readonly state: 'Installed' | 'Absent' | 'Unknown'
  /** The versions that may be installed (PEP 440), '' where nothing narrows them; `@ URL` for an unknown version from there. */
  readonly specifier: string
  /** Where that is said, such as `line 3` or `through gunicorn[gevent], line 3`. */
  readonly evidence: string
}

/** A way by which a distribution comes in. */
interface Way {
  readonly certain: boolean
  readonly specifier: string
  readonly evidence: string
}

/**
 * Answers for a distribution whether requirements install it.
 * @param requirements what a requirements file asks for.
 * @param file whether that is all it asks for (if not, nothing is known to be absent), and whether it names all that is installed.
 * @param python the version of Python as far as it is known, as for `evaluate`; it decides which markers hold.
 */
export function installed(
  requirements: readonly ListedRequirement[],
  { complete, closed }: { readonly complete: boolean; readonly closed: boolean },
  python: string | null,
): (distribution: string) => Installation {
  const marked = requirements.map((requirement) => ({
    ...requirement,
    applies: requirement.marker === null ? true : evaluate(requirement.marker, python),
  }))
  const applicable = marked.filter(({ applies }) => applies !== false)
  const byName = Map.groupBy(applicable, ({ name }) => name)

  const listed = (name: string): Way | null => {
    const all = byName.get(name) ?? []
    spend(all.length)
    const sure = all.filter(({ applies }) => applies)
    const [first] = all
    if (first === undefined) return null
    if (sure.length === 0) return { certain: false, specifier: '', evidence: `line ${first.line}, if ${first.marker}` }
    const specifiers = sure.map(versions).filter((specifier) => specifier !== '')
    return { certain: true, specifier: specifiers.join(','), evidence: lines(sure) }
  }

  const brought = (name: string): Way | null => {
    const ways = dependents.filter(({ requires }) => requires === name).flatMap(waysThrough)
    return ways.find(({ certain }) => certain) ?? ways[0] ?? null
  }

  /** The ways by which a dependent comes in itself, with what it then requires. */
  const waysThrough = (dependent: Dependent): Way[] => {
    const { distribution, extra } = dependent
    const holds = dependent.marker === undefined ? true : evaluate(dependent.marker, python)
    if (holds === false) return []
    const named = byName.get(distribution) ?? []
    spend(0.5 + named.length)
    const carriers = named
      .filter(({ extras }) => extra === undefined || extras.includes(extra))
      .map((requirement) => ({
        certain: requirement.applies === true,
        requires: requires(dependent, versions(requirement)),
        evidence: `line ${requirement.line}`,
      }))
    const indirect = carriers.length === 0 && extra === undefined ? brought(distribution) : null
    if (indirect !== null) carriers.push({ ...indirect, requires: requires(dependent, indirect.specifier) })
    return carriers
      .filter((carrier) => carrier.requires !== false)
      .map((carrier) => ({
        certain: carrier.certain && carrier.requires === true && holds === true,
        specifier: '',
        evidence: `through ${distribution}${extra === undefined ? '' : `[${extra}]`}, ${carrier.evidence}`,
      }))
  }

  /** Why a distribution that is neither listed nor known to be brought in may be there all the same. */
  const doubt = (name: string): string | null => {
    spend(applicable.length / 5)
    const [unnamed] = byName.get(null) ?? []
    if (unnamed !== undefined) return `line ${unnamed.line} does not tell what it installs`
    const extra = applicable.find(({ extras }) => extras.includes(name))
    if (extra !== undefined) return `perhaps through ${extra.name}[${name}], line ${extra.line}`
    if (!complete) return 'the list is not complete'
    if (preinstalled.has(name)) return 'not listed, but part of many images'
    if (closed) return null
    const known = widelyRequired.has(name) ? undemanding : bringers
    const other = applicable.find((requirement) => !isKnown(requirement, known))
    return other === undefined ? null : `perhaps through ${other.name}, line ${other.line}`
  }

  return (distribution) => {
    const name = normalise(distribution)
    const direct = listed(name)
    if (direct?.certain) return installation('Installed', direct)
    const indirect = brought(name)
    if (indirect?.certain) return installation('Installed', indirect)
    const uncertain = direct ?? indirect
    if (uncertain !== null) return { state: 'Unknown', specifier: '', evidence: uncertain.evidence }
    const reason = doubt(name)
    if (reason !== null) return { state: 'Unknown', specifier: '', evidence: reason }
    const excluded = marked.find((requirement) => requirement.name === name)
    const evidence = excluded ? `line ${excluded.line} is only for ${excluded.marker}` : 'not listed'
    return { state: 'Absent', specifier: '', evidence }
  }
}

/** What the rows of the table tell all about. */
const bringers: ReadonlySet<string> = new Set([...harmless, ...dependents.map(({ distribution }) => distribution)])
const knownExtras: ReadonlySet<string> = new Set(
  dependents.flatMap(({ distribution, extra }) => (extra === undefined ? [] : [`${distribution}[${extra}]`])),
)

/** Whether it is known what a requirement brings in, of what is asked for. */
const isKnown = ({ name, url, extras }: ListedRequirement, known: ReadonlySet<string>): boolean =>
  name !== null && url === null && known.has(name) &&
  extras.every((extra) => harmlessExtras.has(extra) || knownExtras.has(`${name}[${extra}]`))

function installation(state: Installation['state'], { specifier, evidence }: Way): Installation {
  return { state, specifier, evidence }
}

/** What a requirement tells of the version. A URL's credentials and parameters are nobody's business. */
function versions({ specifier, url }: ListedRequirement): string {
  if (url === null || specifier !== '') return specifier
  return `@ ${url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//')}`
}

/**
 * Whether the release that pip takes for a specifier, the newest, is one that requires what the row says.
 * Null where that is unknown.
 */
function requires({ releases, unchecked }: Dependent, specifier: string): boolean | null {
  const within = releases === undefined ? false : newestWithin(specifier, releases)
  if (within !== false) return within
  return unchecked !== undefined && newestWithin(specifier, unchecked) !== false ? null : false
}

/** So many lines are told by their numbers. */
const mostTold = 20

function lines(requirements: readonly ListedRequirement[]): string {
  const numbers = requirements.slice(0, mostTold).map(({ line }) => String(line))
  if (requirements.length > mostTold) numbers.push(`${requirements.length - mostTold} others`)
  return numbers.length === 1 ? `line ${numbers[0]}` : `lines ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`
}
