/**
 * Environment markers: `python_version < "3" and sys_platform != "win32"`.
 * Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers (PEP 508).
 */
import { spend } from '../budget.ts'
import { admits } from './version.ts'

/** What a comparison compares: a quoted text, or a variable of the environment. */
interface Operand {
  readonly text: string
  readonly variable: boolean
}

/** A marker that was read. */
type Marker =
  | { readonly comparison: string; readonly left: Operand; readonly right: Operand }
  | { readonly every: readonly Marker[] }
  | { readonly some: readonly Marker[] }

/** What is known of a variable: the texts it may be, or the versions it may be. */
type Known = { readonly texts: readonly string[] } | { readonly versions: string; readonly text: string | null }

/** pip's releases differ on what a backslash in a quoted text means, so there is none. */
const kinds = [
  /(?<text>"[^"\\]*"|'[^'\\]*')/,
  /(?<comparison>===|[=!<>~]=|[<>]|not\s+in\b|in\b)/,
  /(?<word>[a-z_.]+)/,
  /(?<bracket>[()])/,
]
const tokens = new RegExp(`\\s*(?:${kinds.map(({ source }) => source).join('|')})`, 'y')

/** https://peps.python.org/pep-0345/#environment-markers and setuptools had other names for some variables. */
const formerNames: ReadonlyMap<string, string> = new Map(Object.entries({
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
}))

// dprint-ignore: a list of words
const variables = new Set([
  'os_name', 'sys_platform', 'platform_machine', 'platform_python_implementation', 'platform_release', 'platform_system',
  'platform_version', 'python_version', 'python_full_version', 'implementation_name', 'implementation_version', 'extra',
])

const deepest = 50

/**
 * Reads a marker.
 * @throws SyntaxError where the text is none, or has brackets more than 50 deep.
 */
export function readMarker(text: string): Marker {
  const end = text.trimEnd().length
  let at = 0
  const unreadable = (): SyntaxError => new SyntaxError(`marker cannot be read at ${JSON.stringify(text.slice(at).trim().slice(0, 40))}`)

  /** The next token, where it is of this kind (and one of these). */
  const take = (kind: string, ...allowed: string[]): string | null => {
    spend(0.3)
    tokens.lastIndex = at
    const token = tokens.exec(text)?.groups?.[kind]
    if (token === undefined || (allowed.length > 0 && !allowed.includes(token))) return null
    at = tokens.lastIndex
    return token
  }
  const operand = (): Operand => {
    const quoted = take('text')
    if (quoted !== null) return { text: quoted.slice(1, -1), variable: false }
    const start = at
    const word = take('word') ?? ''
    const name = formerNames.get(word) ?? word
    if (variables.has(name)) return { text: name, variable: true }
    at = start
    throw unreadable()
  }
  const atom = (depth: number): Marker => {
    if (depth < deepest && take('bracket', '(') !== null) {
      const inner = some(depth + 1)
      if (take('bracket', ')') === null) throw unreadable()
      return inner
    }
    const left = operand()
    const comparison = take('comparison')
    if (comparison === null) throw unreadable()
    return { comparison: comparison.replace(/\s+/, ' '), left, right: operand() }
  }
  const every = (depth: number): Marker => {
    const atoms = [atom(depth)]
    while (take('word', 'and') !== null) atoms.push(atom(depth))
    return { every: atoms }
  }
  const some = (depth: number): Marker => {
    const alternatives = [every(depth)]
    while (take('word', 'or') !== null) alternatives.push(every(depth))
    return { some: alternatives }
  }

  const marker = some(0)
  if (at < end) throw unreadable()
  return marker
}

/**
 * Whether a marker holds in a Linux container with CPython, without extras; null where that depends on something unknown.
 * @param python the version of Python as far as it is known: "2.7", "3.11", "3.11.4", "3"; null where nothing is.
 * @throws SyntaxError where the text is no marker.
 */
export function evaluate(marker: string, python: string | null): boolean | null {
  return holds(readMarker(marker), environment(python))
}

function holds(marker: Marker, known: ReadonlyMap<string, Known>): boolean | null {
  if ('comparison' in marker) return compare(marker.left, marker.comparison, marker.right, known)
  // One answer settles it (true for `or`, false for `and`), else one unknown leaves it unknown.
  const settles = 'some' in marker
  const answers = (settles ? marker.some : marker.every).map((part) => holds(part, known))
  if (answers.includes(settles)) return settles
  return answers.includes(null) ? null : !settles
}

function compare(left: Operand, comparison: string, right: Operand, known: ReadonlyMap<string, Known>): boolean | null {
  spend(1)
  if (left.variable === right.variable) return null
  const [variable, literal] = left.variable ? [left.text, right.text] : [right.text, left.text]
  const value = known.get(variable)
  // pip puts environment variables in before it reads the line.
  if (value === undefined || /\$\{[A-Z0-9_]+\}/.test(literal)) return null
  if ('versions' in value && !comparison.endsWith('in')) {
    const turned = left.variable ? comparison : mirrored[comparison]
    // A comma would make two clauses of what is one version.
    const admitted = turned === undefined || literal.includes(',') ? 'unknown' : admits(value.versions, turned + literal)
    return admitted === 'all' ? true : admitted === 'none' ? false : null
  }
  const texts = 'texts' in value ? value.texts : [value.text]
  const answers = texts.map((text) => {
    if (text === null) return null
    return left.variable ? compareTexts(text, comparison, literal) : compareTexts(literal, comparison, text)
  })
  const [answer = null] = answers
  return answers.every((other) => other === answer) ? answer : null
}

/** `"3" <= python_version` is `python_version >= "3"`. */
const mirrored: Readonly<Record<string, string>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

/** pip's releases differ on which text is the smaller one, so that is left unknown. */
function compareTexts(left: string, comparison: string, right: string): boolean | null {
  switch (comparison) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case 'in':
      return right.includes(left)
    case 'not in':
      return !right.includes(left)
    default:
      return null
  }
}

function environment(python: string | null): Map<string, Known> {
  const [, major, minor, micro] = /^(\d+)(?:\.(\d+)(?:\.(\d+(?:(?:a|b|rc)\d+)?))?)?$/.exec(python?.trim() ?? '') ?? []
  const known = new Map<string, Known>([
    ['os_name', { texts: ['posix'] }],
    ['platform_system', { texts: ['Linux'] }],
    ['platform_python_implementation', { texts: ['CPython'] }],
    ['extra', { texts: [''] }],
  ])
  // Python 2 says `linux2` (https://docs.python.org/3/library/sys.html#sys.platform) and names no implementation.
  const two = { platform: 'linux2', implementation: '' }
  const three = { platform: 'linux', implementation: 'cpython' }
  const possible = major === undefined ? [two, three] : Number(major) < 3 ? [two] : [three]
  known.set('sys_platform', { texts: possible.map(({ platform }) => platform) })
  known.set('implementation_name', { texts: possible.map(({ implementation }) => implementation) })
  if (major === undefined) return known

  const version = minor === undefined ? null : `${major}.${minor}`
  const full = version !== null && micro !== undefined ? `${version}.${micro}` : null
  const release = { versions: `==${full ?? `${version ?? major}.*`}`, text: full }
  known.set('python_version', { versions: `==${version ?? `${major}.*`}`, text: version })
  known.set('python_full_version', release)
  if (possible[0] === three) known.set('implementation_version', release)
  return known
}
