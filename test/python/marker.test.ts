import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { evaluate, readMarker } from '../../src/python/marker.ts'
import { amount } from '../amount.ts'
import { expectLinear } from '../growth.ts'

describe('with a known Python', () => {
  test.each([
    ['python_version < "3"', '2.7', true],
    ['python_version < "3"', '3.11', false],
    ['python_version >= "3.9"', '3.11', true],
    ["python_version<'3.10'", '3.9', true],
    ['python_version == "3.*"', '3.11', true],
    ['python_version ~= "3.6"', '3.11', true],
    ['python_version ~= "3.6"', '2.7', false],
    ['"3.6" <= python_version', '3.11', true],
    ['"3.6" > python_version', '3.11', false],
    ['python_version in "2.6 2.7"', '2.7', true],
    ['python_version not in "3.10, 3.11"', '3.11', false],
    ['python_version >= "3.9"', '3.11.4', true],
    ['python_full_version >= "3.11.4"', '3.11.4', true],
    ['python_full_version < "3.11.4"', '3.11.4', false],
    ['python_full_version >= "3.8.1"', '3.11', true],
    ['python_full_version < "3.11"', '3.11', false],
    ['python_full_version >= "3.11.4"', '3.11', null],
    ['python_full_version < "3.13"', '3.13.0rc1', false],
    ['python_version >= "3"', '3', true],
    ['python_version < "3"', '3', false],
    ['python_version >= "3.6"', '3', null],
    ['python_version == "2.7"', '2', null],
    ['implementation_version < "3.7"', '3.11', false],
    ['implementation_version < "3.7"', '2.7', null],
    ['sys_platform == "linux"', '3.11', true],
    ['sys_platform == "linux"', '2.7', false],
    ['sys_platform == "linux2"', '2.7', true],
    ['implementation_name == "cpython"', '3.11', true],
    ['python_version < "3.0" and sys_platform == "linux2"', ' 2.7 ', true],
    ['python_version >= "3"', 'python-3.11', null],
    ['python_version >= "three"', '3.11', null],
    ['python_version >= "3,<4"', '3.11', null],
  ])('%j for Python %s: %j', (marker, python, holds) => {
    expect(evaluate(marker, python)).toBe(holds)
  })
})

describe('without', () => {
  test.each([
    ['python_version < "3"', null],
    ['python_version in "2.7"', null],
    ['sys_platform == "win32"', false],
    ['sys_platform != "win32"', true],
    ['sys_platform == "linux"', null],
    ['"linux" in sys_platform', true],
    ['sys_platform >= "a"', null],
    ['sys.platform == "darwin"', false],
    ['os_name == "posix"', true],
    ["os.name == 'nt'", false],
    ['platform_system == "Linux"', true],
    ['platform_machine == "x86_64"', null],
    ['platform_release >= "5"', null],
    ['platform_python_implementation != "PyPy"', true],
    ['python_implementation == "CPython"', true],
    ['extra == "dev"', false],
    ['extra == ""', true],
    ['"a" == "a"', null],
    ['python_version == python_full_version', null],
    ['os_name == "${OS}"', null],
    ['os_name == "nt" and python_version < "3"', false],
    ['os_name == "posix" and python_version < "3"', null],
    ['os_name == "posix" or python_version < "3"', true],
    ['os_name == "nt" or python_version < "3"', null],
    ['os_name == "nt" and python_version < "3" or os_name == "posix"', true],
    ['os_name == "nt" and (python_version < "3" or os_name == "posix")', false],
    ['((os_name == "posix"))and(sys_platform=="win32")', false],
  ])('%j: %j', (marker, holds) => {
    expect(evaluate(marker, null)).toBe(holds)
  })
})

test.each([
  '',
  'python_version',
  'python_version >=',
  'python_version >= 3',
  '"3" "4"',
  'python_versions >= "3"',
  'python_version => "3"',
  'python_version >= "3',
  'os_name == "posix" and',
  'os_name == "posix" os_name == "nt"',
  '(os_name == "posix"',
  'os_name == "posix")',
  'os_name == "posix" AND os_name == "nt"',
  'os_name == "a\\"',
  '${MARKER}',
  `${'('.repeat(60)}os_name == "nt"${')'.repeat(60)}`,
])('%j is no marker', (text) => {
  expect(() => readMarker(text)).toThrow(SyntaxError)
})

test('an error says where', () => {
  const read = (): unknown => readMarker('os_name == "posix" and ptyhon_version < "3"')
  expect(read).toThrow('marker cannot be read at "ptyhon_version < \\"3\\""')
})

test('more knowledge never changes what was known', () => {
  const leaf = fc.constantFrom(
    'python_version < "3"',
    'python_version >= "3.9"',
    'python_full_version < "3.11.5"',
    'os_name == "posix"',
    'sys_platform == "win32"',
    'sys_platform == "linux"',
    'platform_machine == "arm64"',
    'implementation_name == "cpython"',
  )
  const { marker } = fc.letrec<{ marker: string }>((tie) => ({
    marker: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.tuple(tie('marker'), fc.constantFrom('and', 'or'), tie('marker')).map(([a, and, b]) => `(${a}) ${and} (${b})`),
    ),
  }))
  const versions = fc.constantFrom(['2.7', '2'], ['3.11', '3'], ['3.11.4', '3.11'])
  const monotone = fc.property(marker, versions, (text, [more = '', less = '']) => {
    const [known, narrow, wide] = [more, less, null].map((python) => evaluate(text, python))
    return [narrow, wide].every((answer) => answer === null || answer === known) && (wide === null || wide === narrow)
  })
  expect(fc.check(monotone, { numRuns: amount(500) }).counterexample).toBeNull()
})

test.each<[string, (size: number) => string]>([
  ['parentheses', (size) => '('.repeat(size)],
  ['blanks', (size) => ' '.repeat(size)],
  ['a quote that is not closed', (size) => `"${'a'.repeat(size)}`],
  ['quotes', (size) => `os_name == "a"${' "'.repeat(size)}`],
])('a long marker takes no more than it is longer: %s',
  (_, text) => expectLinear(text, (given) => expect(() => evaluate(given, null)).toThrow(SyntaxError), 20_000))

test('a long marker of many parts takes no more than it is longer', () =>
  expectLinear((size) => `os_name == "a"${' or os_name == "a"'.repeat(size)}`, (given) => expect(evaluate(given, null)).toBe(false), 5000))
