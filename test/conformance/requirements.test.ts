/** What Paddock reads in requirements files, markers and specifiers, against the pip that Python has here. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { evaluate } from '../../src/python/marker.ts'
import { readRequirements, type Requirements } from '../../src/python/requirements.ts'
import { admits } from '../../src/python/version.ts'

const count = Number(process.env['PADDOCK_REQUIREMENTS'] ?? 1000)
const seed = Number(process.env['PADDOCK_REQUIREMENTS_SEED'] ?? 1)

interface Described {
  line: number
  name: string | null
  extras: string[]
  specifier: string[]
  marked: boolean
  linked: boolean
}

interface Answer {
  files: (Described[] | string)[]
  markers: (boolean | null)[]
  specifiers: (boolean[] | null)[]
}

/** Asks pip: see requirements.py. */
function ask(request: object): Answer {
  const script = join(import.meta.dirname, 'requirements.py')
  const options = { input: JSON.stringify(request), encoding: 'utf8', maxBuffer: 1 << 28 } as const
  const { stdout, stderr, status, error } = spawnSync(process.env['PYTHON'] ?? 'python3', ['-I', script], options)
  if (error !== undefined || status !== 0)
    throw new Error(`pip could not be asked (a Python 3 with pip is needed): ${error?.message ?? stderr}`)
  return JSON.parse(stdout) as Answer
}

const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const joined = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> => fc.tuple(...parts).map((texts) => texts.join(''))
const maybe = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(''), arbitrary)

const names = pick('gevent', 'Flask-SocketIO', 'zope.interface', 'ruamel_yaml', 'a', 'A1', 'gunicorn', 'X--y', 'pip-tools')
const blanks = pick('', '', ' ', '  ')
const versions = pick('1', '1.0', '1.2.3', '20.12.1', '1.0a1', '2.0.post1', '1.0.dev3', '0', '24.10.1', '1!2.0', '1.2rc1')
const plain = pick('1', '1.0', '1.2.3', '2.7', '3')
const clauses = fc.oneof(
  joined(pick('==', '>=', '<=', '!=', '>', '<'), blanks, versions),
  joined(pick('==', '!='), plain, fc.constant('.*')),
  joined(fc.constant('~='), pick('1.2', '1.2.3', '2.0a1')),
  joined(fc.constant('=='), blanks, fc.constant('2.7+local.1')),
)
const specifiers = fc
  .tuple(fc.array(clauses, { minLength: 1, maxLength: 3 }), blanks)
  .map(([all, blank]) => all.join(`${blank},${blank}`))
/** One that may not stand in brackets: the version that `===` takes ends at a blank only. */
const pins = joined(fc.constant('==='), versions)
const extras = pick('[gevent]', '[a,B_c]', '[ tornado , eventlet ]', '[]', '[x.y]')

const pythonVersions = pick('2.7', '3', '3.6', '3.9', '3.10', '3.11', '3.11.4', '4', '3.*', '3.1.*')
const comparisons = pick('==', '!=', '>=', '<=', '<', '>')
const quoted = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(arbitrary, pick('"', "'")).map(([text, quote]) => `${quote}${text}${quote}`)
const variables = pick(
  'os_name',
  'sys_platform',
  'platform_system',
  'platform_machine',
  'platform_python_implementation',
  'implementation_name',
  'extra',
  'os.name',
  'sys.platform',
  'python_implementation',
)
const values = pick(
  'posix',
  'nt',
  'linux',
  'linux2',
  'win32',
  'Linux',
  'Windows',
  'x86_64',
  'CPython',
  'PyPy',
  'cpython',
  'dev',
  '',
)
const comparison = fc.oneof(
  joined(
    pick('python_version', 'python_full_version', 'implementation_version'),
    blanks,
    pick('==', '!=', '>=', '<=', '<', '>', '~='),
    blanks,
    quoted(pythonVersions),
  ),
  joined(quoted(pick('2.7', '3.6', '3.11', '3')), blanks, comparisons, blanks, pick('python_version', 'python_full_version')),
  joined(fc.constant('python_version '), pick('in', 'not in'), fc.constant(' '), quoted(pick('2.7 3.4', '3.10, 3.11', '3.1'))),
  joined(variables, blanks, pick('==', '!='), blanks, quoted(values)),
  joined(quoted(values), fc.constant(' '), pick('in', 'not in', '==', '!='), fc.constant(' '), variables),
  joined(variables, fc.constant(' '), pick('in', 'not in'), fc.constant(' '), quoted(values)),
)
const markers = fc.letrec<{ marker: string }>((tie) => ({
  marker: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    joined(tie('marker'), pick(' and ', ' or ', '  and '), tie('marker')),
    joined(fc.constant('('), blanks, tie('marker'), blanks, fc.constant(')')),
  ),
})).marker

const urls = pick(
  'https://host.example/gevent-1.2-cp311-cp311-manylinux1_x86_64.whl',
  'https://host.example/gevent-1.2.tar.gz',
  'git+https://host.example/team/project.git@v1#egg=Project_x',
  'git+ssh://git@host.example/a/b.git#subdirectory=x&egg=b',
  'git+https://host.example/team/project.git',
  'https://host.example/archive.zip#egg=flask',
  'file:///srv/wheels/gevent-1.2.tar.gz',
  'https://user:${TOKEN}@host.example/a-2.0-py3-none-any.whl#sha256=00',
  'hg+https://host.example/x#egg=X',
)
const requirements = fc.oneof(
  joined(
    names,
    blanks,
    maybe(extras),
    blanks,
    maybe(fc.oneof(specifiers, specifiers, pins)),
    fc.constant(' '),
    maybe(joined(fc.constant(';'), blanks, markers)),
  ),
  joined(names, blanks, fc.constant('('), specifiers, fc.constant(')')),
  joined(names, maybe(extras), fc.constant(' @ '), urls, maybe(joined(fc.constant(' ; '), markers))),
  joined(urls, maybe(joined(fc.constant(' ; '), markers))),
  joined(
    pick('./', 'wheels/', '/srv/', '../', ''),
    pick('gevent-1.2-py3-none-any.whl', 'a_b-2.0-1-py2.py3-none-any.whl', 'gevent-1.2.tar.gz'),
    maybe(extras),
  ),
)
const hash = joined(pick(' ', ' \\\n    ', '  \\\r\n  '), fc.constant('--hash=sha256:'), pick('aa00', 'bb11'))
const options = pick(
  '-i https://index.example/simple',
  '--index-url=https://index.example/simple',
  '--no-index',
  '-f ./wheels',
  '-fwheels',
  '--extra-index-url https://${USER}@index.example',
  '--find-links=https://x.example',
  '--pre',
  '--no-binary :all:',
  '--only-binary=gevent',
  '--trusted-host host.example',
  '-c /dev/null',
  '--constraint=/dev/null',
  '--prefer-binary',
  '--require-hashes',
  '--extra https://x.example',
  '-i "a b"',
  "-f 'x y'",
)
const editables = joined(pick('-e ', '--editable ', '--editable=', '-e'), pick(
  'git+https://host.example/team/project.git@v1#egg=Project_x',
  'git+ssh://git@host.example/a/b.git#egg=b',
  'svn+https://host.example/x#egg=Foo&subdirectory=y',
))
const comments = pick('# comment', '   # gevent', '', '   ', '\t', '#', '# ends with \\')
const lines = fc.oneof(
  { arbitrary: requirements, weight: 6 },
  { arbitrary: joined(requirements, hash, maybe(hash)), weight: 2 },
  { arbitrary: joined(requirements, pick(' # why', '  #', '\t# x', ' \\\n# ends it')), weight: 2 },
  { arbitrary: joined(names, pick('\\\n', ' \\\n', ' \\\n  '), specifiers), weight: 1 },
  { arbitrary: options, weight: 1 },
  { arbitrary: editables, weight: 1 },
  { arbitrary: comments, weight: 2 },
)
const goodFiles = fc
  .tuple(fc.array(lines, { maxLength: 8 }), pick('\n', '\r\n', '\r', '\f'), pick('', '', '\n'))
  .map(([all, end, last]) => all.join(end) + last)
const garbage = fc.string({ unit: fc.constantFrom(...'[]()<>=!~;,@#-_. "\'\\ae1:/+$&'), maxLength: 2 })
/** A line with a character too much, too few, or another. */
const damagedFiles = fc
  .tuple(lines, fc.nat(), fc.nat(1), garbage)
  .map(([line, at, cut, text]) => {
    const place = at % (line.length + 1)
    return line.slice(0, place) + text + line.slice(place + cut)
  })

function sample<T>(arbitrary: fc.Arbitrary<T>, numRuns = count): T[] {
  return fc.sample(arbitrary, { numRuns, seed })
}

function described({ requirements: all }: Requirements): Described[] {
  return all.map(({ line, name, extras: some, specifier, marker, url }) => ({
    line,
    name,
    extras: [...new Set(some)].sort(),
    specifier: [...new Set(specifier.split(',').filter(Boolean))].sort(),
    marked: marker !== null,
    linked: url !== null,
  }))
}

describe('requirements files', () => {
  test('what pip reads is read alike, and nothing is left out', () => {
    const texts = sample(goodFiles)
    const { files } = ask({ files: texts })
    const accepted = files.filter((file) => typeof file !== 'string').length
    const different = texts.flatMap((text, index) => {
      const file = files[index]!
      const read = readRequirements(text)
      if (typeof file === 'string') return []
      const same = read.complete && JSON.stringify(described(read)) === JSON.stringify(file)
      return same ? [] : [{ text, pip: file, paddock: described(read), errors: read.errors }]
    })
    expect(different.slice(0, 5)).toEqual([])
    expect(accepted).toBeGreaterThan(count * 0.7)
  })

  test('what pip refuses is an error, or a requirement that is not known by name or version', () => {
    const texts = sample(damagedFiles, count * 2)
    const { files } = ask({ files: texts })
    const refused = files.filter((file) => typeof file === 'string').length
    const different = texts.flatMap((text, index) => {
      const file = files[index]!
      const read = readRequirements(text)
      // That a file is not there, or a value is not one of an option's, is not for a reader to say. Commas: see `readSpecifier`.
      if (typeof file === 'string' && /Could not open|--hash|option requires|invalid choice|,\s*[';)]/.test(file)) return []
      const uncertain = !read.complete ||
        read.requirements.some(({ name, specifier, url }) => name === null || url !== null || admits(specifier, '') === 'unknown')
      if (uncertain) return []
      const same = JSON.stringify(described(read)) === JSON.stringify(file)
      return same ? [] : [{ text, pip: file, paddock: described(read) }]
    })
    expect(different.slice(0, 5)).toEqual([])
    expect(refused).toBeGreaterThan(count * 0.2)
  })
})

test('markers hold where pip says they do', () => {
  const python = [
    { python: '2.7', full: '2.7.18', platform: 'linux2', implementation: '', version: '0' },
    { python: '3.6', full: '3.6.15', platform: 'linux', implementation: 'cpython', version: '3.6.15' },
    { python: '3.11.4', full: '3.11.4', platform: 'linux', implementation: 'cpython', version: '3.11.4' },
  ]
  const machines = ['x86_64', 'aarch64']
  const texts = sample(markers)
  const asked = texts.flatMap((marker) => python.map((one) => ({ marker, one })))
  const environments = asked.flatMap(({ marker, one }) =>
    machines.map((machine) => [marker, {
      implementation_name: one.implementation,
      implementation_version: one.version,
      os_name: 'posix',
      platform_machine: machine,
      platform_release: '6.1',
      platform_system: 'Linux',
      platform_version: '#1',
      python_full_version: one.full,
      platform_python_implementation: 'CPython',
      python_version: one.full.split('.').slice(0, 2).join('.'),
      sys_platform: one.platform,
      extra: '',
    }])
  )
  const { markers: answers } = ask({ markers: environments })
  let known = 0
  const different = asked.flatMap(({ marker, one }, index) => {
    const pip = machines.map((_, machine) => answers[index * machines.length + machine])
    const paddock = evaluate(marker, one.python)
    // Without a Python, it must still be right for each.
    const paddockWithout = evaluate(marker, null)
    if (paddock !== null) known++
    const agrees = (answer: boolean | null): boolean => answer === null || pip.every((said) => said === answer || said === null)
    const right = agrees(paddock) && agrees(paddockWithout)
    return right ? [] : [{ marker, python: one.python, pip, paddock, paddockWithout }]
  })
  expect(different.slice(0, 5)).toEqual([])
  expect(known).toBeGreaterThan(asked.length * 0.7)
})

test('what a specifier admits lies where pip says it does', () => {
  const releases = [
    '0',
    '0.9',
    '1',
    '1.0.0.1',
    '1.1',
    '1.2',
    '1.2.0.1',
    '1.2.3',
    '1.2.4',
    '1.3',
    '2',
    '2.0.1',
    '2.1',
    '2.7',
    '2.8',
    '3',
    '3.1',
    '20.12.1',
    '24.10.1',
    '24.11',
    '1!0',
    '1!2.0',
    '1!3',
  ]
  const suffixes = [
    '.dev0',
    '.dev3',
    '.dev4',
    'a0.dev0',
    'a1',
    'a1.post1',
    'a2',
    'rc1',
    '',
    '.post0.dev0',
    '.post0',
    '.post1',
    '.post2',
    '.0.0.1',
  ]
  const universe = releases.flatMap((release) => suffixes.map((suffix) => release + suffix)).concat('2.7+local.1')
  const prerelease = universe.map((version) => /a|rc|dev/.test(version))
  const [texts, bounds] = [specifiers, clauses].map((some) => [...new Set(sample(some, count / 10))]) as [string[], string[]]
  const { specifiers: answers } = ask({ specifiers: [...texts, ...bounds].map((text) => [text, universe]) })
  const pairs = texts.flatMap((specifier, at) =>
    bounds.map((bound, other) => ({ specifier, bound, admitted: answers[at]!, within: answers[texts.length + other]! }))
  )
  const seen = { all: 0, some: 0, none: 0, unknown: 0 }
  const different = pairs.flatMap(({ specifier, bound, admitted, within }) => {
    const paddock = admits(specifier, bound)
    seen[paddock]++
    const counted = within.filter((_, at) => admitted[at] && (/a|rc|dev/.test(specifier) || !prerelease[at]))
    const pip = counted.length === 0 ? 'unknown' : counted.every(Boolean) ? 'all' : counted.some(Boolean) ? 'some' : 'none'
    return paddock === 'unknown' || paddock === pip ? [] : [{ specifier, bound, paddock, pip, counted }]
  })
  expect(different.slice(0, 5)).toEqual([])
  for (const answer of ['all', 'some', 'none'] as const) expect(seen[answer]).toBeGreaterThan(pairs.length * 0.02)
})
