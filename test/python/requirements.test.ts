import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readRequirements } from '../../src/python/requirements.ts'
import { amount } from '../amount.ts'
import { expectLinear } from '../growth.ts'

const listed = { name: 'gevent', specifier: '', extras: [], marker: null, url: null, line: 1 }

describe('a requirement', () => {
  test.each([
    ['gevent', {}],
    ['  gevent  ', {}],
    ['Flask_SocketIO', { name: 'flask-socketio' }],
    ['gevent==1.2', { specifier: '==1.2' }],
    ['gevent == 1.2 , < 2', { specifier: '==1.2,<2' }],
    ['gevent (>=1.2)', { specifier: '>=1.2' }],
    ['gevent>=1.2,', { specifier: '>=1.2' }],
    ['gevent~=1.2', { specifier: '~=1.2' }],
    ['gevent!=1.2.*', { specifier: '!=1.2.*' }],
    ['gevent===1.2', { specifier: '===1.2' }],
    ['gevent>=1.*', { specifier: '>=1.*' }],
    ['gevent==${GEVENT_VERSION}', { specifier: '==${GEVENT_VERSION}' }],
    ['gunicorn[gevent]', { name: 'gunicorn', extras: ['gevent'] }],
    ['gunicorn [ Gevent, set_proctitle ] >=20', { name: 'gunicorn', extras: ['gevent', 'set-proctitle'], specifier: '>=20' }],
    ['gunicorn[]', { name: 'gunicorn' }],
    ['gevent; python_version < "3"', { marker: 'python_version < "3"' }],
    ['gevent==1.2;python_version<"3"', { specifier: '==1.2', marker: 'python_version<"3"' }],
    ['gevent;', {}],
    ['gevent # why', {}],
    ['gevent\t# why', {}],
    ['\ufeffgevent', {}],
    ['gevent --hash=sha256:aa', {}],
    ['gevent==1.2 --hash=sha256:aa --hash sha256:bb', { specifier: '==1.2' }],
    ['gevent==1.2 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb', { specifier: '==1.2' }],
    ['gevent==1.2 \\\r\n  --hash=sha256:aa', { specifier: '==1.2' }],
    ['gevent\\\n==1.2', { specifier: '==1.2' }],
    ['gevent \\\n# why\n', {}],
    ['gevent --global-option="a b" --config-settings x=y', {}],
    ['gevent @ https://host.example/x.tar.gz', { url: 'https://host.example/x.tar.gz' }],
    ['gevent@git+https://${TOKEN}@host.example/x.git@v1#sub=1', { url: 'git+https://${TOKEN}@host.example/x.git@v1#sub=1' }],
    ['gevent[x] @ file:///srv/x ; os_name == "nt"', { extras: ['x'], url: 'file:///srv/x', marker: 'os_name == "nt"' }],
    ['gevent @ ${MIRROR}/gevent.whl', { url: '${MIRROR}/gevent.whl' }],
    ['https://host.example/gevent-1.2-cp27-cp27mu-linux_x86_64.whl#sha256=aa', { specifier: '==1.2',
      url: 'https://host.example/gevent-1.2-cp27-cp27mu-linux_x86_64.whl#sha256=aa' }],
    ['https://a/gevent-1.2%2Bb-py3-none-any.whl', { specifier: '==1.2+b', url: 'https://a/gevent-1.2%2Bb-py3-none-any.whl' }],
    ['./wheels/gevent-1.2-1-py3-none-any.whl', { specifier: '==1.2', url: './wheels/gevent-1.2-1-py3-none-any.whl' }],
    ['a_b-0.2.1-py3-none-any.whl[x]', { name: 'a-b', specifier: '==0.2.1', extras: ['x'], url: 'a_b-0.2.1-py3-none-any.whl' }],
    ['${WHEELS}/gevent-1.2-py3-none-any.whl', { specifier: '==1.2', url: '${WHEELS}/gevent-1.2-py3-none-any.whl' }],
    ['./${NAME}-1.2-py3-none-any.whl', { name: null, url: './${NAME}-1.2-py3-none-any.whl' }],
    ['git+https://host.example/a/gevent.git@v1#egg=gevent', { url: 'git+https://host.example/a/gevent.git@v1#egg=gevent' }],
    ['git+https://host.example/a/x.git#subdirectory=y&egg=Gunicorn[gevent]', { name: 'gunicorn', extras: ['gevent'],
      url: 'git+https://host.example/a/x.git#subdirectory=y&egg=Gunicorn[gevent]' }],
    ['git+https://host.example/a/x.git#egg=gevent-1.2', { name: null, url: 'git+https://host.example/a/x.git#egg=gevent-1.2' }],
    ['git+ssh://git@host.example/a/gevent.git', { name: null, url: 'git+ssh://git@host.example/a/gevent.git' }],
    ['git+https://a/x.git#egg=gevent ; os_name == "nt"', { url: 'git+https://a/x.git#egg=gevent', marker: 'os_name == "nt"' }],
    ['https://a/x.zip;v=1#egg=gevent', { url: 'https://a/x.zip;v=1#egg=gevent' }],
    ['  # flask \\\ngevent', { line: 2 }],
    ['./vendor/gevent-1.2.tar.gz', { name: null, url: './vendor/gevent-1.2.tar.gz' }],
    ['gevent-1.2.zip', { name: null, url: 'gevent-1.2.zip' }],
    ['./lib[gevent]', { name: null, extras: ['gevent'], url: './lib' }],
    ['.', { name: null, url: '.' }],
    ['-e .', { name: null, url: '.' }],
    ['-e .[gevent]', { name: null, extras: ['gevent'], url: '.' }],
    ['-e./lib', { name: null, url: './lib' }],
    ['-e git+https://host.example/a/x.git#egg=gevent', { url: 'git+https://host.example/a/x.git#egg=gevent' }],
    ['--editable=git+https://host.example/a/x.git#egg=gevent', { url: 'git+https://host.example/a/x.git#egg=gevent' }],
    ['--edit "git+https://host.example/a/x.git#egg=gevent"', { url: 'git+https://host.example/a/x.git#egg=gevent' }],
    ['-e "gevent @ git+https://a/x.git ; os_name == \'nt\'"', { url: 'git+https://a/x.git', marker: "os_name == 'nt'" }],
    ['-e git+https://host.example/a/x.git', { name: null, url: 'git+https://host.example/a/x.git' }],
  ])('%j', (text, expected) => {
    expect(readRequirements(text)).toEqual({ requirements: [{ ...listed, ...expected }], complete: true, closed: text.includes('--hash'),
      errors: [] })
  })
})

test.each([
  '',
  '\n\n',
  '# gevent',
  '  # gevent',
  '-i https://index.example',
  '--index-url=https://${TOKEN}@index.example',
  '--extra-index-url https://a --pre',
  '-f ./wheels',
  '--find-links wheels',
  '-fwheels',
  '--no-binary :all:',
  '--only-binary=gevent',
  '--require-hashes',
  '--trusted-host a',
  '--no-index',
  '-c constraints.txt',
  '--constraint=constraints.txt',
  '--prefer-binary',
  '--use-feature fast-deps',
  '--use-wheel',
  '-Z',
  '--hash=sha256:aa',
  '--process-dependency-links',
  '-Zi https://index.example',
  '# gevent \\',
  '\\',
  '--extra https://a',
])('%j installs nothing', (text) => {
  expect(readRequirements(text)).toEqual({ requirements: [], complete: true, closed: text.includes('-hash'), errors: [] })
})

test.each([
  '-r other.txt',
  '-rother.txt',
  '--requirement=other.txt',
  '--requirement other.txt',
  '--requirem other.txt',
  '-r ${FILE}',
  '-r a -c b',
])('%j includes a file that is not seen', (text) => {
  expect(readRequirements(text)).toEqual({ requirements: [], complete: false, closed: false, errors: [] })
})

test.each([
  ['gevent=1.2', '"gevent=1.2" is not a requirement'],
  ['gevent 1.2', '"gevent 1.2" is not a requirement'],
  ['gevent==', '"gevent==" is not a requirement'],
  ['gevent flask', '"gevent flask" is not a requirement'],
  ['gevent>=1,,<2', '"gevent>=1,,<2" is not a requirement'],
  ['gevent==1.2[x]', '"gevent==1.2[x]" is not a requirement'],
  ['gevent${SUFFIX}', '"gevent${SUFFIX}" is not a requirement'],
  ['${REQUIREMENTS}', '"${REQUIREMENTS}" is not a requirement'],
  ['<html>', '"<html>" is not a requirement'],
  ['[[package]]', '"[[package]]" is not a requirement'],
  ['gevent[x', 'the extras of "gevent[x" are not closed'],
  ['gevent[x y]', '"x y" is not an extra'],
  ['gevent @', '"gevent @" has no URL after its @'],
  ['gevent @ ./lib', '"gevent @ ./lib" has no URL after its @'],
  ['gevent @ https://a b', '"gevent @ https://a b" has no URL after its @'],
  ['gevent; python < "3"', 'marker cannot be read at "python < \\"3\\""'],
  ['gevent-1.2.whl', '"gevent-1.2.whl" is not the name of a wheel'],
  ['-e', 'option --editable takes a value'],
  ['-r', 'option --requirement takes a value'],
  ['--pre=1', 'option --pre takes no value'],
  ['-x', "-x is not an option of pip's requirements files"],
  ['--frobnicate', "--frobnicate is not an option of pip's requirements files"],
  ['--no', "--no is not an option of pip's requirements files"],
  ['-i "https://a', 'a " is not closed'],
  ['--pre gevent', 'pip passes over "gevent", which stands after an option'],
  ['-i https://a -- gevent', 'pip passes over "gevent", which stands after an option'],
  ['-e gevent @ git+https://a', 'pip passes over "@ git+https://a", which stands after an option'],
  [`gevent ${'x'.repeat(100)}`, `"gevent ${'x'.repeat(52)}…" is not a requirement`],
])('%j cannot be read', (text, message) => {
  const { requirements, complete, errors } = readRequirements(`flask\n${text}\n`)
  expect(errors).toEqual([{ line: 2, message }])
  expect(complete).toBe(false)
  expect(requirements.map(({ name }) => name)).toEqual(['flask'])
})

test('lines are counted as they stand in the file', () => {
  const text = [
    '# made by pip-compile',
    'flask==3.0 \\',
    '    --hash=sha256:aa \\',
    '    --hash=sha256:bb',
    '    # via -r requirements.in',
    '',
    'gevent==24.10.1',
    '??',
    '',
  ].join('\r\n')
  const { requirements, errors } = readRequirements(text)
  expect(requirements.map(({ name, line }) => [name, line])).toEqual([['flask', 2], ['gevent', 7]])
  expect(errors.map(({ line }) => line)).toEqual([8])
})

test('any text is read without a fault, and more text never makes it complete', () => {
  const text = fc.string({ unit: fc.constantFrom(...'gevent[]()<>=!~;,@#-_. "\'\\1:/+$&{}\n\r\t'), maxLength: 60 })
  const property = fc.property(text, text, (one, other) => {
    const { complete, errors } = readRequirements(one)
    if (errors.length > 0 && complete) return false
    // A backslash at its end takes the next line in.
    return complete || /\\\s*$/.test(one) || !readRequirements(`${one}\n${other}`).complete
  })
  expect(fc.check(property, { numRuns: amount(2000) }).counterexample).toBeNull()
})

test.each<[string, (size: number) => string]>([
  ['blanks', (size) => ' '.repeat(size)],
  ['blanks before a letter', (size) => `${' '.repeat(size)}x`],
  ['hashes', (size) => '#'.repeat(size)],
  ['backslashes', (size) => '\\'.repeat(size)],
  ['backslashes in a line', (size) => `a${'\\'.repeat(size)}b\\`],
  ['lines that go on', (size) => 'a\\\n'.repeat(size / 3)],
  ['hyphens', (size) => '-'.repeat(size)],
  ['letters', (size) => 'a'.repeat(size)],
  ['a name of hyphens', (size) => `a${'-'.repeat(size)}!`],
  ['extras', (size) => `a[${'b,'.repeat(size / 2)}b]`],
  ['specifiers', (size) => `a>=1${',<2'.repeat(size / 3)}`],
  ['brackets', (size) => `a${'['.repeat(size)}]`],
  ['quotes', (size) => '-e "'.repeat(size / 4)],
  ['parentheses', (size) => `a;${'('.repeat(size)}`],
  ['an address', (size) => `https://${'/'.repeat(size)}x`],
  ['a file', (size) => `./${'-'.repeat(size)}.whl`],
  ['question marks', (size) => '?\n'.repeat(size / 2)],
  ['an address of letters', (size) => `a @ ${'a'.repeat(size)}`],
  ['options', (size) => '--a '.repeat(size / 4)],
  ['options with values', (size) => '-i a '.repeat(size / 5)],
])('a long file takes no more than it is longer: %s', (_, text) => expectLinear(text, (given) => readRequirements(given), 50_000))
