import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseEvents } from 'js-yaml'
import type { Path } from '../../src/kubernetes/field.ts'
import { readDocument, readManifests, splitDocuments } from '../../src/yaml/manifests.ts'
import type { Manifest } from '../../src/yaml/manifests.ts'
import { YamlError, readEvents, readValue } from '../../src/yaml/values.ts'
import { emit, styled, valueOf } from '../cli/styled.ts'
import { amount } from '../amount.ts'

function read(text: string): Manifest[] {
  return [...readManifests(text)]
}

function only(text: string): Manifest {
  const manifests = read(text)
  expect(manifests).toHaveLength(1)
  return manifests[0]!
}

function errorOf(text: string): string {
  const { error } = only(text)
  return error ? `${error.line}:${error.column}: ${error.message}` : 'no error'
}

describe('documents', () => {
  const rows: [name: string, text: string, documents: [line: number, value: unknown][]][] = [
    ['nothing', '', []],
    ['blank lines and comments', '\n# a\n  \n---\n# b\n---\n', []],
    ['one without a marker', 'a: 1\n', [[1, { a: 1 }]]],
    [
      'no line break at the end',
      'a: 1\n---\nb: 2',
      [
        [1, { a: 1 }],
        [3, { b: 2 }],
      ],
    ],
    ['a comment before the first marker', '# chart\n---\n# Source: x.yaml\na: 1\n', [[4, { a: 1 }]]],
    [
      'comments and blanks behind markers',
      '--- # one\na: 1\n---   \nb: 2\n',
      [
        [2, { a: 1 }],
        [4, { b: 2 }],
      ],
    ],
    [
      'content behind a marker',
      '--- {a: 1}\n--- text\n',
      [
        [1, { a: 1 }],
        [2, 'text'],
      ],
    ],
    [
      'empty documents among others',
      '---\n---\na: 1\n---\n\n---\nnull\n---\nb: 2\n',
      [
        [3, { a: 1 }],
        [9, { b: 2 }],
      ],
    ],
    [
      'end markers',
      'a: 1\n...\n# x\n...\nb: 2\n...\n---\nc: 3\n',
      [
        [1, { a: 1 }],
        [5, { b: 2 }],
        [8, { c: 3 }],
      ],
    ],
    [
      'directives',
      '%YAML 1.2\n# x\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n',
      [
        [4, { a: 1 }],
        [8, { b: 2 }],
      ],
    ],
    [
      'Windows line ends',
      '---\r\na: |\r\n  x\r\n  y\r\n---\r\nb: 2\r\n',
      [
        [2, { a: 'x\ny\n' }],
        [6, { b: 2 }],
      ],
    ],
    [
      'lone carriage returns',
      'a: 1\r---\rb: 2\r',
      [
        [1, { a: 1 }],
        [3, { b: 2 }],
      ],
    ],
    ['a byte order mark', '\uFEFF---\na: 1\n', [[2, { a: 1 }]]],
    [
      'a byte order mark in the middle',
      'a: 1\n\uFEFF---\nb: 2\n',
      [
        [1, { a: 1 }],
        [3, { b: 2 }],
      ],
    ],
    [
      'what only looks like a marker',
      'a: |\n  ---\n  x\nb: "x\n  --- y"\nc: --- z\n---d: 1\n',
      [[1, { a: '---\nx\n', b: 'x --- y', c: '--- z', '---d': 1 }]],
    ],
    ['a certificate', 'a: |\n  -----BEGIN CERTIFICATE-----\n  ---- x\n', [[1, { a: '-----BEGIN CERTIFICATE-----\n---- x\n' }]]],
    ['tabs where they may be', 'a:\t1 \t# x\nb: [1,\t2]\n', [[1, { a: 1, b: [1, 2] }]]],
    ['JSON', '{\n\t"kind": "List",\n\t"items": [{"a": "x\\u00e9\\/:"}]\n}\n', [[1, { kind: 'List', items: [{ a: 'xé/:' }] }]]],
    ['JSON with a byte order mark', '\uFEFF\r\n{"a": 1}', [[2, { a: 1 }]]],
    [
      'several of JSON',
      '{"a": 1}\n---\n[1, 2]\n',
      [
        [1, { a: 1 }],
        [3, [1, 2]],
      ],
    ],
    [
      'brackets closed right under their key',
      'a:\n  b: [\n    1,\n    2  # x\n  ]\n  c: {\n  }\n',
      [[1, { a: { b: [1, 2], c: {} } }]],
    ],
  ]
  test.each(rows)('%s', (_, text, documents) => {
    const manifests = read(text)
    expect(manifests.map(({ line, value, error }) => error ?? [line, value])).toEqual(documents)
    expect(manifests.map(({ index }) => index)).toEqual(documents.map((_, index) => index))
  })

  test('the parts of a text are the text, and hold what js-yaml finds in the whole', () => {
    const line = fc.constantFrom(
      '---',
      '--- # x',
      '---x',
      '...',
      '... # y',
      '# z',
      '',
      'a: 1',
      '  b: "',
      '"',
      "'",
      'c: |',
      '  d',
      '---\t',
      '- e',
      '--',
    )
    const lineBreak = fc.constantFrom('\n', '\n', '\r\n', '\r')
    fc.assert(
      fc.property(fc.array(fc.tuple(line, lineBreak), { maxLength: 12 }), (lines) => {
        const text = lines.flat().join('')
        const parts = [...splitDocuments(text)].map(([start, end]) => text.slice(start, end))
        expect(parts.join('')).toBe(text)
        let whole: number
        try {
          whole = documentsIn(text)
        } catch {
          return
        }
        expect(parts.map(documentsIn).reduce((sum, count) => sum + count, 0)).toBe(whole)
      }),
      { numRuns: amount(2000) },
    )
  })

  function documentsIn(text: string): number {
    return parseEvents(text, {}).filter(({ type }) => type === 1).length
  }
})

describe('errors', () => {
  const HELM = 'looks like a Helm template, which must be rendered first (helm template)'
  const rows: [text: string, error: string][] = [
    ['a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n', '5:3: duplicate key "c"'],
    ['{"a": 1,\n "b": {"c": 1, "c": 2}}', '2:16: duplicate key "c"'],
    ['a: [1, 2\nb: 3\n', '2:2: missed comma between flow collection entries'],
    ['a: b: c\n', '1:5: bad indentation of a mapping entry'],
    ['a:\n\tb: 1\n', '2:1: tab characters must not be used in indentation'],
    ['a: "x\n', '2:1: unexpected end of the stream within a double quoted scalar'],
    ['a: *b\n', '1:4: unknown alias *b'],
    ['a: &a [*a]\n', '1:8: unknown alias *a'],
    ['? [a]\n: 1\n', '1:3: a mapping key must be a string, not a collection'],
    ['a: 1\n~: 2\n', '2:1: a mapping key must be a string, not null'],
    ['<<: 1\n', '1:1: a merge key (<<) must be given a mapping or a list of mappings'],
    ['a: .inf\n', '1:4: .inf is not a JSON number'],
    ['a: !!int x\n', '1:4: "x" is not of the type !!int'],
    ['a: @x\n', '1:4: bad indentation of a mapping entry'],
    ['a: \0\n', '1:4: null byte is not allowed in input'],
    ['{"a": 1}\n{"b": 2}\n', '2:1: end of the stream or a document separator is expected'],
    [`${'['.repeat(101)}${']'.repeat(101)}`, '1:101: nested deeper than 100 levels'],
    [`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, '1:497: nested deeper than 100 levels'],
    [
      `a0: &a0 [${'x,'.repeat(10)}]\n${[1, 2, 3, 4, 5].map((n) => `a${n}: &a${n} [${`*a${n - 1},`.repeat(10)}]\n`).join('')}`,
      '5:38: aliases must not expand to more than 100000 values',
    ],
    ['a: 1\n{{- if .Values.x }}\nb: 2\n{{- end }}\n', `2:3: ${HELM}: missed comma between flow collection entries`],
    ['a: {{ .Values.a }}\n', `1:5: ${HELM}: a mapping key must be a string, not a collection`],
  ]
  test.each(rows.map(([text, error]) => [text.slice(0, 40), text, error]))('%j', (_, text, error) => {
    expect(errorOf(text)).toBe(error)
  })

  test('a broken document hides no other one', () => {
    const manifests = read('a: 1\n---\nb: [\n---\nc: "x\n...\nd: {{ x }}\n---\ne: 5\n')
    expect(manifests.map(({ index, value, error }) => [index, error ? `${error.line}:${error.column}` : value])).toEqual([
      [0, { a: 1 }],
      [1, '4:1'],
      [2, '7:1'],
      [3, '7:5'],
      [4, { e: 5 }],
    ])
  })

  test('no text makes it throw', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '|',
      '>',
      '&a ',
      '*a',
      '#',
      '!',
      '!!int ',
      '---',
      '...',
      '%',
      '?',
      '\t',
      '\r',
      '<<',
      '\\',
      '0',
      '\0',
      '😀',
      '\ud800',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
        (text) => {
          for (const manifest of readManifests(text)) {
            expect(manifest.error === undefined).not.toBe(manifest.value === undefined)
            for (const key of Object.keys(manifest.value ?? {})) manifest.locate([key])
          }
        },
      ),
      { numRuns: amount(2000) },
    )
  })
})

describe('places', () => {
  const text = [
    '# a file', //                          1
    '---', //                               2
    'kind: Pod', //                         3
    'spec:', //                             4
    '  containers:', //                     5
    '  - name: "web"', //                   6
    "    command: [a, 'b', {c: d}]", //   7
    '    args:', //                         8
    '      - |2- # script', //              9
    '          exec x', //                 10
    '', //                                 11
    '    env: &env', //                    12
    '    - {name: A, value: }', //         13
    '  - !!map', //                        14
    '    ? name', //                       15
    '    : &x two', //                     16
    '    <<: &base', //                    17
    '      image: i', //                   18
    '    env: *env', //                    19
    '    empty:', //                       20
    '',
  ].join('\n')
  const rows: [path: Path, value?: string, key?: string][] = [
    [[], '3:1 kind: Pod\nspec:\n  containers:…    empty:'],
    [['kind'], '3:7 Pod', '3:1 kind'],
    [['spec', 'containers', 0, 'name'], '6:11 "web"', '6:5 name'],
    [['spec', 'containers', 0, 'command'], "7:14 [a, 'b', {c: d}]", '7:5 command'],
    [['spec', 'containers', 0, 'command', 1], "7:18 'b'"],
    [['spec', 'containers', 0, 'command', 2, 'c'], '7:27 d', '7:24 c'],
    [['spec', 'containers', 0, 'args'], '9:7 - |2- # script\n          exec x', '8:5 args'],
    [['spec', 'containers', 0, 'args', 0], '9:9 |2- # script\n          exec x'],
    [['spec', 'containers', 0, 'env', 0, 'value'], '13:23 ', '13:17 value'],
    [['spec', 'containers', 1, 'name'], '16:10 two', '15:7 name'],
    [['spec', 'containers', 1, 'image'], '18:14 i', '18:7 image'],
    [['spec', 'containers', 1, 'env', 0, 'name'], '13:14 A', '13:8 name'],
    [['spec', 'containers', 1, 'env'], '13:5 - {name: A, value: }', '19:5 env'],
    [['spec', 'containers', 1, 'empty'], '20:11 ', '20:5 empty'],
    [['spec', 'containers', 2]],
    [['spec', 'containers', '0']],
    [['spec', 0]],
    [['kind', 'x']],
    [['toString']],
  ]
  test.each(rows.map(([path, value, key]) => ({ path, value, key })))('$path', ({ path, value, key }) => {
    const manifest = only(text)
    const show = (part: 'value' | 'key'): string | undefined => {
      const place = manifest.locate(path, part)
      return place && `${place.line}:${place.column} ${text.slice(place.start, place.end)}`
    }
    expect(show('value')?.replace(/(?<=containers:)[^]{200,}(?= {4}empty)/, '…')).toBe(value)
    expect(show('key')).toBe(key)
  })

  test('in a file of several documents, with a byte order mark and Windows line ends', () => {
    const [, second] = read('\uFEFFa: 1\r\n---\r\nb:\r\n- x\r\n- y\r\n')
    expect(second!.locate(['b', 1])).toEqual({ start: 23, end: 24, line: 5, column: 3 })
    expect(read('\uFEFFa: 1\r\n')[0]!.locate(['a'])).toEqual({ start: 4, end: 5, line: 1, column: 4 })
  })

  test('in a long file', () => {
    const text = Array.from({ length: 5000 }, (_, index) => `---\na: ${index}\n`).join('')
    for (const [index, manifest] of read(text).entries()) {
      expect([manifest.line, manifest.locate(['a'])]).toEqual([
        2 * index + 2,
        expect.objectContaining({ line: 2 * index + 2, column: 4 }),
      ])
    }
  })

  test('in JSON', () => {
    expect(only('{\n  "a": ["x", {"b": "c"}]\n}').locate(['a', 1, 'b'])).toEqual({ start: 21, end: 24, line: 2, column: 20 })
  })

  test('every value of a random document is where it is said to be', () => {
    fc.assert(
      fc.property(styled, fc.boolean(), (root, crlf) => {
        const source = crlf ? emit(root).replaceAll('\n', '\r\n') : emit(root)
        const manifest = only(source)
        for (const [path, value] of leaves(valueOf(root))) {
          const place = manifest.locate(path)!
          const text = source.slice(place.start, place.end)
          // A scalar's text, read alone at the indentation that it has, is the value; so it is neither cut short nor too long.
          expect(only(`- ${text}`).value).toEqual([value])
          expect(manifest.position(place.start)).toEqual({ line: place.line, column: place.column })
          expect(source.slice(0, place.start).split('\n')).toHaveLength(place.line)
        }
      }),
      { numRuns: amount(300) },
    )
  })

  test('every character of a random string is where it is said to be', () => {
    fc.assert(
      fc.property(styled, fc.boolean(), (root, crlf) => {
        const source = crlf ? emit(root).replaceAll('\n', '\r\n') : emit(root)
        const manifest = only(source)
        for (const [path, value] of leaves(valueOf(root))) {
          if (typeof value !== 'string') continue
          const place = manifest.locate(path)!
          let previous = place.start
          for (let unit = 0; unit <= value.length; unit++) {
            const offset = manifest.sourceOffset(path, unit)!
            expect(offset).toBeGreaterThanOrEqual(previous)
            previous = offset
            const char = value[unit]
            if (char === undefined) continue
            expect(offset).toBeLessThan(place.end + 2)
            const isEscape = source[place.start] === '"' && source[offset] === '\\'
            expect(isEscape ? unescaped(source.slice(offset)) : unfolded(source.slice(offset), char)).toContain(char)
          }
          expect(manifest.sourceOffset(path, value.length + 1)).toBeUndefined()
          expect(manifest.sourceOffset(path, -1)).toBeUndefined()
        }
      }),
      { numRuns: amount(300) },
    )
  })

  /** What the escape that a text begins with stands for. */
  function unescaped(text: string): string {
    const [, digits, letter] = /^\\(?:[uU]([0-9a-f]{8}|[0-9a-f]{4})|(.))/.exec(text)!
    if (digits !== undefined) return String.fromCodePoint(parseInt(digits, 16))
    return letter === 'n' ? '\n' : letter!
  }

  /** The character that a text begins with; a blank for a line break that is folded. */
  function unfolded(text: string, wanted: string): string {
    if (wanted === ' ' && /^[ \t]*\r?\n/.test(text)) return ' '
    return text.startsWith('\r\n') ? '\n' : text[0]!
  }
})

test.each([
  ['YAML', (item: string) => `items:\n${`- ${item}\n`.repeat(3000)}kind: List\n`, 1],
  ['JSON', (item: string) => `{"kind":"List","items":[${Array<string>(3000).fill(item).join(',')}]}`, 0],
])('the items of a long list are located one by one: %s', (_, write, lines) => {
  // All of the text read anew for each of them would take minutes.
  const manifest = only(write('{"a": {"b": "c"}}'))
  for (let index = 0; index < 3000; index++) {
    const [item, value] = [manifest.locate(['items', index]), manifest.locate(['items', index, 'a', 'b'])]
    expect([item?.line, value?.line]).toEqual(Array(2).fill(1 + lines * (index + 1)))
  }
})

describe('a list that is read item by item', () => {
  /** What the text says as a whole. */
  function whole(text: string): unknown {
    try {
      return readValue(text, readEvents(text))
    } catch (error) {
      return error instanceof YamlError ? `${error.offset}: ${error.message}` : error
    }
  }
  function read(text: string): unknown {
    const { value, error } = readDocument(text) ?? { value: null }
    return error ? `${error.offset}: ${error.message}` : value
  }

  test('is read so where it can be', () => {
    const text = 'kind: List\nitems:\n- a: |+\n    x\n    - y\n\n# about b\n- b:\n  - 1\n  c: &x 2\n  d: *x\nmetadata: {}\n'
    const { value, items = [] } = readDocument(text) ?? {}
    expect(value).toEqual(whole(text))
    expect(items.map(({ start, end }) => text.slice(start, end))).toEqual(['- a: |+\n    x\n    - y\n\n# about b\n',
      '- b:\n  - 1\n  c: &x 2\n  d: *x\n'])
  })

  test('says what it says as a whole, whatever its lines are', () => {
    const lines = ['- a: 1', '- b: |', '    text', '    - text', '  - x', '- "x', ' y"', 'y"', '- [1,', '  2]', ']', '', '# c', '  # c',
      '- &x {a: 1}', '- *x', '- - 1', '-', '- a: >+', ' - b', "- 'q", "  '", '- |', '- |2', '- plain', '  more', ' more', 'more', '\t',
      '- !t x', 'kind: List', 'items: 2', 'items:', '<<: {a: 1}', '- ? k', '  : v', '- {<<: *x}', '- a: &x', '  c: d', '- &y', '  - *y',
      '-\t1']
    const soup = fc.array(fc.constantFrom(...lines), { maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom('', 'kind: List\n', '--- |\n', '%YAML 1.1\n---\n', 'x: &x 1\n', '\uFEFF'), soup,
        fc.constantFrom('\n', '\r\n', '\r'), (head, body, lineBreak) => {
        const text = `${head}items:\n${body.join('\n')}\n`.replaceAll('\n', lineBreak)
        expect(read(text)).toEqual(whole(text))
      }),
      { numRuns: amount(3000) },
    )
  })

  test('is as deep as it may be, and no deeper', () => {
    for (const depth of [96, 97, 98, 99]) {
      const text = `items:\n- ${'['.repeat(depth)}${']'.repeat(depth)}\n- 1\n`
      expect(read(text)).toEqual(whole(text))
    }
  })
})

describe('characters of scalars', () => {
  const rows: [style: string, text: string, marked: string][] = [
    ['plain', 'a: x y$z', 'x| |y|$|z|'],
    ['plain over lines', 'a: x y  \n\n\n  z w\n  v', 'x| |y  \\n|\\n|\\n  |z| |w|\\n  |v|'],
    ['single quotes', "a: 'it''s  \n  x'", "i|t|''|s|  \\n  |x|'"],
    ['double quotes', 'a: "\\x41\\u00e9\\n\\"b\\\n   c \\\n  d"', '\\x41|\\u00e9|\\n|\\"|b\\\\n   |c| \\\\n  |d|"'],
    ['literal', 'a: |\n  x\n\n   y\n  z\n', 'x|\\n|\\n  | |y|\\n  |z|\\n|'],
    ['literal with an indicator', 'a: |2-\n    x\n  y\n', ' | |x|\\n  |y|\\n'],
    ['folded', 'a: >\n  x\n  y\n\n  z\n\n   w\n  v\n', 'x|\\n  |y\\n|\\n  |z|\\n|\\n  | |w|\\n  |v|\\n|'],
  ]
  test.each(rows)('%s', (_, text, marked) => {
    const manifest = only(text)
    const { value } = manifest
    const starts = [...Array((value as Record<string, string>)['a']!.length + 1).keys()].map((unit) => manifest.sourceOffset(['a'], unit)!)
    const pieces = starts.map((start, index) => text.slice(start, starts[index + 1]))
    expect(
      pieces
        .join('|')
        .replaceAll('\n', '\\n')
        .replace(/(\\n)?$/, '$1'),
    ).toBe(marked)
  })
})

function* leaves(value: unknown, path: Path = []): Generator<[Path, unknown]> {
  if (typeof value !== 'object' || value === null) yield [path, value]
  else if (Array.isArray(value)) { for (const [index, item] of value.entries()) yield* leaves(item, [...path, index]) }
  else for (const [name, member] of Object.entries(value)) yield* leaves(member, [...path, name])
}
