/** What each platform made of a Procfile when its own parser was run on it. */
import { describe, expect, test } from '@jest/globals'
import { readPlainTexts, readPythonYaml } from '../../src/yaml/python.ts'
import { YamlError } from '../../src/yaml/values.ts'
import { dialects, readProcfile, type Dialect, type Fault } from '../../src/platforms/procfile.ts'
import type { Value } from '../../src/yaml/python-value.ts'

const attempt = (read: (text: string) => Value, text: string) => (): Value | Fault => {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    return { message: error.message, start: error.offset, end: error.offset + 1 }
  }
}

const reading = (dialect: Dialect, text: string) =>
  readProcfile(dialect, text, { python: attempt(readPythonYaml, text), texts: attempt(readPlainTexts, text) })

/** `E` where the file is refused; the commands by name, `∅` for none. */
function outcome(dialect: Dialect, text: string): string {
  const { processes, faults } = reading(dialect, text)
  if (faults.length > 0) return 'E'
  return processes.length === 0 ? '∅' : processes.map(({ name, command }) => `${name}=${command}`).join(' | ')
}

const columns = ['blueking', 'cnb-shim', 'heroku', 'google', 'paketo', 'honcho', 'foreman', 'dokku', 'herokuish'] as const

/** Title, text, and what each platform of `columns` made of it. */
const matrix: readonly (readonly [string, string, ...string[]])[] = [
  ['a comment behind', 'web: cmd # note\n', 'web=cmd', 'web=cmd', ...Array.from({ length: 5 }, () => 'web=cmd # note'), 'web=cmd',
    'web=cmd # note'],
  ['a name twice', 'web: a\nweb: b\n', 'web=b', 'web=b', 'web=b', 'web=a', 'web=b', 'E', 'web=a | web=b', 'E', 'web=a'],
  ['continued with a backslash', 'web: cmd \\\n  -w 4\n', 'web=cmd \\ -w 4', 'web=cmd \\ -w 4', 'E', 'web=cmd \\', 'web=cmd \\',
    'web=cmd \\', 'web=cmd \\', 'E', 'web=cmd \\'],
  ['continued by indentation', 'web: cmd\n  -w 4\n', 'web=cmd -w 4', 'web=cmd -w 4', 'E', 'web=cmd', 'web=cmd', 'web=cmd', 'web=cmd', 'E',
    'web=cmd'],
  ['a folded block', 'web: >-\n  cmd\n  -w 4\n', 'web=cmd -w 4', 'web=cmd -w 4', 'E', 'web=>-', 'web=>-', 'web=>-', 'web=>-', 'E',
    'web=>-'],
  ['a literal block', 'web: |\n  cmd\n', 'web=cmd\n', 'web=cmd\n', 'E', 'web=|', 'web=|', 'web=|', 'web=|', 'E', 'web=|'],
  ['in quotes', 'web: "cmd -w 4"\n', 'web=cmd -w 4', 'web=cmd -w 4', ...Array.from({ length: 7 }, () => 'web="cmd -w 4"')],
  ['quotes around the program', 'web: "bin/x" cmd\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web="bin/x" cmd')],
  ['a colon and a blank', 'web: cmd k: v\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web=cmd k: v')],
  ['at the start @', 'web: @x\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web=@x')],
  ['at the start %', 'web: %x\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web=%x')],
  ['at the start `', 'web: `x`\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web=`x`')],
  ['at the start *', 'web: *x\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web=*x')],
  ['at the start - ', 'web: - x\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web=- x')],
  ['at the start [', 'web: [gunicorn, app]\n', "web=['gunicorn', 'app']", 'E', ...Array.from({ length: 7 }, () => 'web=[gunicorn, app]')],
  ['at the start {', 'web: {command: x}\n', "web={'command': 'x'}", 'E', ...Array.from({ length: 7 }, () => 'web={command: x}')],
  ['a tag', 'web: !tag x\n', 'E', 'web=x', ...Array.from({ length: 7 }, () => 'web=!tag x')],
  ['no blank behind the colon', 'web:cmd\n', 'E', 'E', ...Array.from({ length: 7 }, () => 'web=cmd')],
  ['a blank before the colon', 'web : cmd\n', 'web=cmd', 'web=cmd', 'E', 'E', '∅', '∅', '∅', 'web=cmd', 'web =cmd'],
  ['a blank before the name', ' web: cmd\n', 'web=cmd', 'web=cmd', 'web=cmd', 'E', '∅', '∅', '∅', 'web=cmd', 'web=cmd'],
  ['nothing behind the name', 'web:\nworker: x\n', 'web=None | worker=x', 'web= | worker=x', 'E', 'web=worker: x', 'worker=x', 'worker=x',
    'worker=x', 'E', 'web= | worker=x'],
  ['a byte order mark', '\ufeffweb: cmd\n', 'web=cmd', 'web=cmd', 'E', 'E', '∅', '∅', '∅', 'E', '\ufeffweb=cmd'],
  ['a document marker', '---\nweb: cmd\n', 'web=cmd', 'web=cmd', 'E', 'web=cmd', 'web=cmd', 'web=cmd', 'web=cmd', 'E', 'web=cmd'],
  ['a tab before the name', '\tweb: cmd\n', 'E', 'E', 'web=cmd', 'E', '∅', '∅', '∅', 'web=cmd', 'web=cmd'],
  ['a boolean', 'web: yes\n', 'web=True', ...Array.from({ length: 8 }, () => 'web=yes')],
  ['a number to the base of 60', 'web: 1:30\n', 'web=90', ...Array.from({ length: 8 }, () => 'web=1:30')],
  ['CRLF', 'web: cmd\r\nworker: x\r\n', ...Array.from({ length: 9 }, () => 'web=cmd | worker=x')],
  ['a line that is none', 'web: cmd\ngarbage line\n', 'E', 'E', 'E', 'web=cmd', 'web=cmd', 'web=cmd', 'web=cmd', 'E', 'web=cmd'],
]

describe.each(matrix)('%s', (_, text, ...wanted) => {
  test.each(columns.map((dialect, index) => [dialect, wanted[index]] as const))('%s', (dialect, want) => {
    expect(wanted).toHaveLength(columns.length)
    expect(outcome(dialect, text)).toBe(want)
  })
})

test.each([
  ['a name in upper case', 'Web_Server: cmd\n', ['Invalid value: must match the pattern ^[a-z0-9]([-a-z0-9])*$'], {
    'cnb-shim': 'Web_Server=cmd',
    heroku: 'web-server=cmd',
    paketo: 'Web_Server=cmd',
    dokku: 'Web_Server=cmd',
  }],
  ['a name that is a boolean', 'on: x\n', ['Invalid value: must be a string, and YAML reads it as a boolean: the platform fails on it'], {
    'cnb-shim': 'on=x',
    heroku: 'on=x',
    foreman: 'on=x',
  }],
  ['a name that is a number', '1: x\n', ['Invalid value: must be a string, and YAML reads it as a number: the platform fails on it'], {
    'cnb-shim': '1=x',
  }],
  ['a name that is too long', 'abcdefghijklm: x\n', ['Invalid value: must not be longer than 12 characters'], {
    heroku: 'abcdefghijklm=x',
  }],
  ['a name of twelve characters', 'abcdefghijkl: x\n', [], {}],
  ['null', 'web: ~\n', ['Invalid value: must be a string, and YAML reads null: the platform starts "None"'], { 'cnb-shim': 'web=' }],
  ['a number', 'web: 010\n', ['Invalid value: must be a string, and YAML reads a number: the platform starts "8"'], {
    'cnb-shim': 'web=010',
  }],
  ['seventeen processes', Array.from({ length: 17 }, (_, index) => `p${index}a: x\n`).join(''), [
    'Invalid value: the file may not have more than 16 processes',
  ], {}],
  ['sixteen processes', Array.from({ length: 16 }, (_, index) => `p${index}a: x\n`).join(''), [], {}],
] as const)('what BlueKing says of %s', (_, text, said, others) => {
  const { notes, faults } = reading('blueking', text)
  expect(faults).toEqual([])
  expect(notes.filter(({ rule }) => rule === 'refused-description').map(({ shape, detail }) => `${shape}: ${detail}`)).toEqual(said)
  for (const [dialect, want] of Object.entries(others)) expect([dialect, outcome(dialect as Dialect, text)]).toEqual([dialect, want])
})

test.each([
  ['an empty file', '', 'must be a YAML mapping'],
  ['a list', '- web\n', 'must be a YAML mapping'],
  ['two documents', 'web: a\n---\nworker: b\n', 'its format is not YAML'],
])('BlueKing refuses %s', (_, text, message) => {
  const { faults } = reading('blueking', text)
  expect(faults.map((fault) => fault.message)).toEqual([expect.stringContaining(message)])
})

test('a name twice: railpack refuses it, nixpacks takes the last', () => {
  expect(outcome('railpack', 'web: a\nweb: b\n')).toBe('E')
  expect(outcome('nixpacks', 'web: a\nweb: b\n')).toBe('web=b')
})

test('every process stands where it is said to stand', () => {
  const texts = matrix.map(([, text]) => text)
  for (const dialect of dialects)
    for (const text of texts)
      for (const { name, key, command, value, offset } of reading(dialect, text).processes) {
        if (key.end - key.start === name.length)
          expect(text.slice(key.start, key.end).toLowerCase().replaceAll('_', '-')).toBe(name.toLowerCase().replaceAll('_', '-'))
        if (offset && !/[\n\\>|]/.test(text.slice(value.start, value.end)))
          expect([dialect, text.slice(offset(0), offset(command.length))]).toEqual([dialect, command])
      }
})
