/** How files of platforms are read, against the readers themselves: PyYAML, honcho, shlex, and the bash of a buildpack's launcher. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { installDistributions } from '../../scripts/gunicorn-release.ts'
import { readPythonYaml } from '../../src/yaml/python.ts'
import { YamlError } from '../../src/yaml/values.ts'
import { splitWords } from '../../src/gunicorn/shlex.ts'
import { commandLine, spellings } from '../../src/platforms/command-line.ts'
import { readProcfile } from '../../src/platforms/procfile.ts'
import { str, type Value } from '../../src/yaml/python-value.ts'
import { amount } from '../amount.ts'
import { run } from '../cli/in-memory.ts'
import { seed } from './real.ts'

const count = Number(process.env['PADDOCK_PLATFORMS'] ?? amount(3000))

type Described = [type: string, value: string] | ['list', Described[]] | ['dict', [Described, Described][]]

interface Answer {
  readonly yaml: readonly (Described | null)[]
  readonly honcho: readonly ([string, string][] | null)[]
  readonly shlex: readonly (string[] | string)[]
}

const python = process.env['PYTHON'] ?? 'python3'
const packages = await installDistributions(python, ['PyYAML==6.0.3', 'honcho==2.0.0'])

function ask(
  request: { readonly yaml?: readonly string[]; readonly honcho?: readonly string[]; readonly shlex?: readonly string[] },
): Answer {
  const input = JSON.stringify({ yaml: [], honcho: [], shlex: [], ...request })
  const { stdout, stderr, status } = spawnSync(python, ['-I', join(import.meta.dirname, 'platforms.py'), packages], { input,
    encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`the readers could not be asked: ${stderr}`)
  return JSON.parse(stdout) as Answer
}

const sample = <T>(arbitrary: fc.Arbitrary<T>): T[] => fc.sample(arbitrary, { numRuns: count, seed })
const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const joined = (parts: fc.Arbitrary<string>, least: number, most: number, between = ''): fc.Arbitrary<string> =>
  fc.array(parts, { minLength: least, maxLength: most }).map((texts) => texts.join(between))

// Procfiles

const names = pick('web', 'worker', 'a', 'Web_1', 'on', '1', 'yes', '"web"', "'web'", 'null', '1.5', 'web-', '~', 'y', 'my web', '?', 'é')
const colons = pick(': ', ':', ' : ', ':  ', ':\t')
const scalars = pick(
  'gunicorn app',
  'gunicorn app -w 4',
  '"gunicorn app"',
  "'gunicorn app'",
  'gunicorn app # note',
  'a#b',
  '# none',
  '',
  ' ',
  '~',
  'null',
  'yes',
  'No',
  'on',
  'y',
  'n',
  'TRUE',
  'true ',
  '1',
  '010',
  '0o10',
  '0x1F',
  '0b11',
  '1_000',
  '1:30',
  '190:20:30',
  '1.5',
  '1e3',
  '1.0e+3',
  '.5',
  '-1',
  '+1',
  '-.inf',
  '.nan',
  '1_0.5',
  '08',
  '0',
  '00',
  '-0',
  '1.',
  '12e03',
  '685.230_15e+03',
  '20:30.15',
  '2001-01-01',
  '2001-01-01 10:00:00',
  '=',
  '<<',
  '[gunicorn, app]',
  '{command: x}',
  '- x',
  '@x',
  '%x',
  '`x`',
  '&a x',
  '*a',
  '!tag x',
  '!!str 1',
  '!!int "1"',
  'a: b',
  'a:b',
  'a :b',
  '>-',
  '|',
  'gunicorn app -b :$PORT --x "y z" \'a\'',
  '"a\\tb"',
  "'it''s'",
  'a\\',
  '"unclosed',
  'gunicorn app:app -b 0.0.0.0:${PORT:-8000}',
  'FOO=1 gunicorn app',
  'a  b',
  'é',
)
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(pick('', '', '', ' ', '\t', '  '), names, colons, scalars).map((parts) => parts.join('')) },
  { weight: 1,
    arbitrary: pick('', '# comment', '---', '...', 'garbage', '  -w 4', '  gunicorn app', '\t', '%YAML 1.1', '- a', '<<: {web: x}') },
)
const procfiles = joined(line, 0, 4, '\n').chain((text) => pick(text, `${text}\n`, text.replaceAll('\n', '\r\n'), `\ufeff${text}`))

const refused = Symbol('refused')

function read(text: string): Value | typeof refused {
  try {
    return readPythonYaml(text)
  } catch (error) {
    if (error instanceof YamlError) return refused
    throw error
  }
}

const types: Readonly<Record<string, string>> = { string: 'str', null: 'NoneType', bool: 'bool', int: 'int', float: 'float' }

function described(value: Value): Described {
  if (value.type === 'list') return ['list', value.items.map(described)]
  if (value.type === 'map') return ['dict', value.entries.map((entry) => [described(entry.key), described(entry.value)])]
  if (value.type === 'date') return [value.text.length === 10 ? 'date' : 'datetime', value.text]
  return [types[value.type] ?? value.type, str(value)]
}

/** A date is a date: how Python writes it is of no matter. */
const plain = (value: Described): unknown => JSON.parse(JSON.stringify(value).replaceAll(/\["(date|datetime)","[^"]*"\]/g, '["$1"]'))

describe('YAML as Python reads it', () => {
  const texts = sample(procfiles)
  let answers: Answer['yaml']
  beforeAll(() => {
    answers = ask({ yaml: texts }).yaml
  })

  test(`${count} texts`, () => {
    let both = 0
    let ours = 0
    const different: unknown[] = []
    for (const [index, text] of texts.entries()) {
      const got = read(text)
      const want = answers[index] ?? null
      if (got === refused || want === null) {
        if (got === refused && want === null) both += 1
        // What is refused here and not there is told as an error, and nothing is done; the other way round is a fault.
        else if (want === null) different.push([text, 'read here alone'])
        else {
          ours += 1
          // A key of null is told of as what it is: the platform fails on it a step later, as it does on what is no mapping.
          if (want[0] === 'dict' && !/^\ufeff?\s*(?:~|null)\s*:/m.test(text)) different.push([JSON.stringify(text), 'refused here alone'])
        }
      } else if (JSON.stringify(plain(sorted(described(got)))) !== JSON.stringify(plain(sorted(want))))
        different.push([text, described(got), want])
    }
    console.log(`${texts.length} texts: ${both} refused by both, ${ours} refused here alone`)
    expect(different).toEqual([])
    expect(both).toBeGreaterThan(0)
  })
})

/** Merged keys come in another order, which means nothing. */
function sorted(value: Described): Described {
  if (value[0] === 'list') return ['list', (value[1] as Described[]).map(sorted)]
  if (value[0] !== 'dict') return value
  const entries = (value[1] as [Described, Described][]).map(([key, member]): [Described, Described] => [sorted(key), sorted(member)])
  return ['dict', entries.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))]
}

describe('honcho', () => {
  test(`${count} Procfiles`, () => {
    const texts = sample(procfiles)
    const answers = ask({ honcho: texts }).honcho
    const none = (): never => {
      throw new Error('honcho reads no YAML')
    }
    for (const [index, text] of texts.entries()) {
      const { processes, faults } = readProcfile('honcho', text, { python: none, texts: none })
      const got = faults.length > 0 ? null : processes.map(({ name, command }) => [name, command])
      expect([text, got]).toEqual([text, answers[index]])
    }
    expect(answers.filter((answer) => answer === null).length).toBeGreaterThan(0)
  })
})

describe('what a fix writes is what the platform reads', () => {
  const commands = pick(
    'gunicorn app',
    'gunicorn app -w 4 # note',
    '"gunicorn app -w 2"',
    "'gunicorn app -b 127.0.0.1:$PORT'",
    'exec gunicorn app:app --workers=4',
    "gunicorn 'app:create()' -w 4",
    'gunicorn app -- x',
    'celery -A app worker',
    'FOO=1 gunicorn app -b :8000',
    'a && gunicorn app; b',
    'bash -c "gunicorn app"',
    '>-\n  gunicorn app\n  -w 4',
    '|\n  migrate\n  exec gunicorn app',
    '"a\\tb"',
    'gunicorn app \\\n  -w 4',
    "'it''s'",
    '&a gunicorn app',
    'true',
    "gunicorn app --access-logformat '%(h)s: #'",
    'gunicorn app --name "a b"',
    'gunicorn app\n    -w 2',
    'gunicorn app -b :$PORT --chdir é',
  )
  const lines = fc.array(
    fc.tuple(pick('web', 'api', 'worker-1', '"jobs"', 'web'), pick(': ', ':   ', ' : '), commands, pick('', '\n', '\n# comment')).map((
      parts,
    ) => parts.join('')),
    { minLength: 1, maxLength: 4 },
  )
  const texts = fc.sample(lines.chain((all) => pick('\n', '\r\n').map((end) => `${all.join('\n')}\n`.replaceAll('\n', end))), {
    numRuns: Math.min(count, 1000),
    seed,
  })

  /** The file after a fix, and the commands that its patches say; undefined where the file is refused. */
  async function fixed(text: string,
    platform: string
  ): Promise<{ readonly text: string; readonly commands: Record<string, string>; readonly refused: ReadonlySet<string> } | undefined> {
    const { status, out, err, files } = await run(['check', 'Procfile', '--platform', platform, '--fix', '--format', 'json'], {
      Procfile: text,
    })
    if (status === 2) return undefined
    const { workloads } = JSON.parse(out) as { workloads: { name: string; patch: { path: string; value: string }[] }[] }
    const refused = new Set([...err.matchAll(/^paddock: Procfile:\d+: (\S+): not fixed/gm)].map(([, name = '']) => name))
    return { text: files['Procfile'] ?? '', refused,
      commands: Object.fromEntries(workloads.flatMap(({ name, patch }) => patch.slice(-1).map(({ value }) => [name, value] as const))) }
  }

  test('BlueKing', async () => {
    const outcomes = await Promise.all(texts.map(async (text) => ({ before: text, after: await fixed(text, 'blueking') })))
    const readable = outcomes.flatMap(({ before, after }) => (after ? [{ before, after }] : []))
    const answers = ask({ yaml: readable.flatMap(({ before, after }) => [before, after.text]) }).yaml
    let changed = 0
    for (const [index, { before, after }] of readable.entries()) {
      const [was, is] = [commandsIn(answers[2 * index]), commandsIn(answers[2 * index + 1])]
      const wanted = { ...was, ...Object.fromEntries(Object.entries(after.commands).filter(([name]) => !after.refused.has(name))) }
      expect([before, is]).toEqual([before, wanted])
      if (before !== after.text) changed += 1
      expect(unchangedLines(before, after.text)).toEqual([])
    }
    console.log(`${readable.length} files that are read, ${changed} of them changed`)
    expect(changed).toBeGreaterThan(readable.length / 2)
  })

  test('honcho', async () => {
    const outcomes = await Promise.all(texts.map(async (text) => ({ before: text, after: await fixed(text, 'honcho') })))
    const readable = outcomes.flatMap(({ before, after }) => (after ? [{ before, after }] : []))
    const answers = ask({ honcho: readable.flatMap(({ before, after }) => [before, after.text]) }).honcho
    for (const [index, { before, after }] of readable.entries()) {
      const wanted = { ...Object.fromEntries(answers[2 * index] ?? []), ...after.commands }
      expect([before, Object.fromEntries(answers[2 * index + 1] ?? [])]).toEqual([before, wanted])
      expect(unchangedLines(before, after.text)).toEqual([])
    }
    expect(readable.length).toBeGreaterThan(texts.length / 4)
  })
})

function commandsIn(answer: Described | null | undefined): Record<string, string> {
  if (answer?.[0] !== 'dict') throw new Error('the file is no mapping')
  return Object.fromEntries((answer[1] as [Described, Described][]).map(([[, key], [, value]]) => [key as string, value as string]))
}

/** The lines without gunicorn or an option of it that a fix changed. */
function unchangedLines(before: string, after: string): string[] {
  const kept = after.split('\n')
  return before.split('\n').filter((line) => !kept.includes(line) && !/gunicorn|-w \d/.test(line))
}

describe('shlex', () => {
  test(`${count} texts`, () => {
    const pieces = pick('a', 'gunicorn', ' ', '  ', '\t', '\n', "'", '"', '\\', '$PORT', '#', '=', '-w', '4', '`', '&&', ';', '\\"', "\\'",
      '\\\n', '%(h)s', '\r', '\u00a0', 'é')
    const texts = sample(joined(pieces, 0, 12))
    const answers = ask({ shlex: texts }).shlex
    for (const [index, text] of texts.entries()) {
      const words = splitWords(text)
      expect([text, Array.isArray(words) ? words.map(({ value }) => value) : words.error]).toEqual([text, answers[index]])
    }
  })
})

describe('the launcher of a buildpack, a word at a time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paddock-token-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const environment = { PORT: '5000', W: '4', EMPTY: '' }
  const variables = Object.entries(environment).map(([name, value], index) => ({ name, value, index }))

  /** What the launcher starts of each list: `bash -c '"$(eval echo \\"$0\\")" "$(eval echo \\"${1}\\")" …' command argument …`. */
  function started(lists: readonly (readonly string[])[]): string[][] {
    const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
    const lines = lists.map((words) => {
      const script = words.map((_, index) => `"$(eval echo \\"$${index === 0 ? '0' : `{${index}}`}\\")"`).join(' ')
      return `bash -c ${[script, ...words].map(quoted).join(' ')}; printf '\\1\\0'\n`
    })
    const { stdout } = spawnSync('bash', ['-s'], { input: lines.join(''), cwd: folder,
      env: { ...environment, PATH: [folder, process.env['PATH']].join(delimiter) }, encoding: 'utf8', maxBuffer: 1 << 28 })
    return stdout.split('\u0001\0').slice(0, -1).map((words) => words.split('\0').slice(0, -1))
  }

  beforeAll(() => {
    writeFileSync(join(folder, 'gunicorn'), '#!/bin/sh\nprintf \'%s\\0\' gunicorn "$@"\n')
    chmodSync(join(folder, 'gunicorn'), 0o755)
  })

  const words = pick(
    'app',
    '-w',
    '4',
    '-n',
    '-e',
    '-E',
    '-ne',
    '-b',
    ':$PORT',
    '${W}',
    ':${PORT:-8000}',
    '$((W*2+1))',
    '$EMPTY',
    '%(h)s "%(r)s"',
    'a  b',
    'a b',
    "it's",
    "':$PORT'",
    '\\$W',
    '\\"x\\"',
    '`echo 3`',
    '*.py',
    '~/x',
    '# note',
    '&&',
    ';',
    '> f',
    '|',
    'a\\b',
    '$',
    '"',
    "'",
    '[%(h)s]',
    '%({x-request-id}i)s',
    '--x=$W',
    '',
    ' ',
    'a\nb',
    '$(echo 7)',
    'é',
    '!',
    '{a,b}',
    '$UNSET',
    '--name=-n',
    '- n',
    '"a" b',
    '\\\\',
  )

  test('words that are known are the words that come through', () => {
    const lines = fc.sample(fc.array(words, { minLength: 1, maxLength: 4 }), { numRuns: Math.min(count, 500), seed }).map((
      line,
    ) => ['gunicorn', ...line])
    const answers = started(lines)
    let known = 0
    let all = 0
    for (const [at, texts] of lines.entries()) {
      const { elements } = commandLine({ form: 'list', lists: [['args']],
        words: texts.map((value, index) => ({ path: ['args', index], value, range: { start: 0, end: 0 }, offset: undefined })) }, 'token',
        variables)
      const got = answers[at] ?? []
      expect(got).toHaveLength(texts.length)
      for (const [index, { expanded }] of elements.entries()) {
        all += 1
        if (/[\ue000-\uf8ff]/.test(expanded.text)) continue
        known += 1
        expect([texts[index], expanded.text]).toEqual([texts[index], got[index]])
      }
    }
    console.log(`${all} words, ${known} known`)
    expect(known / all).toBeGreaterThan(0.85)
  })

  test('what is put in comes through as it is', () => {
    const characters = pick('a', ' ', '  ', '"', "'", '`', '$', '$PORT', '\\', '%(h)s', '-', '(', '{', '*', ';', 'é', '!', '#', '~')
    const texts = fc.sample(joined(characters, 1, 8).filter((one) => !/^-[neE]+$/.test(one)), { numRuns: Math.min(count, 300), seed })
    const answers = started(texts.map((text) => ['gunicorn', spellings.token.literal(text)]))
    expect(answers.map((words) => words[1])).toEqual(texts)
  })
})
