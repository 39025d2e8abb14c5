import { describe, expect, test } from '@jest/globals'
import type { Path } from '../../src/kubernetes/field.ts'
import { editManifests } from '../../src/yaml/edit-manifests.ts'
import type { RoundEdit as Edit } from '../../src/edit.ts'

/** The text after the edits, with the reasons of what was refused. */
function edited(source: string, ...edits: Edit[]): string {
  const { text: result, refused } = editManifests(source, [{ document: 0, edits }])
  return result + refused.map(({ path, reason }) => `refused ${path.join('.')}: ${reason}\n`).join('')
}

const add = (path: string, ...values: unknown[]): Edit[] => values.map((value) => ({ op: 'add', path: pathOf(path), value }))
const replace = (path: string, value: unknown): Edit => ({ op: 'replace', path: pathOf(path), value })
const remove = (path: string): Edit => ({ op: 'remove', path: pathOf(path) })
const splice = (path: string, start: number, end: number, inserted: string): Edit => ({
  op: 'splice',
  path: pathOf(path),
  start,
  end,
  text: inserted,
})

function pathOf(path: string): Path {
  return path === '' ? [] : path.split('/').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

describe('additions to lists', () => {
  const rows: [name: string, before: string, edits: Edit[], after: string][] = [
    [
      'in brackets, quoted like the last item',
      'a: ["gunicorn", "wsgi"]  # x\n',
      add('a/-', '-w', '4'),
      'a: ["gunicorn", "wsgi", "-w", "4"]  # x\n',
    ],
    ['in brackets, single quotes', "a: ['gunicorn',  'wsgi']\n", add('a/-', "it's"), "a: ['gunicorn',  'wsgi',  'it''s']\n"],
    [
      'in brackets, plain where that will do',
      'a: [gunicorn, wsgi]\n',
      add('a/-', '-w', '4', ':$(PORT)', 'a,b', 'on'),
      'a: [gunicorn, wsgi, -w, "4", ":$(PORT)", "a,b", "on"]\n',
    ],
    ['in brackets without blanks', 'a: ["b","c"]\n', add('a/-', 'd'), 'a: ["b","c","d"]\n'],
    ['in brackets with a comma at the end', 'a: [b, c,]\n', add('a/-', 'd'), 'a: [b, c, d,]\n'],
    ['in empty brackets', 'a: []\nb: [ ]\n', [...add('a/-', 'x', '4'), ...add('b/0', 'v')], 'a: [x, "4"]\nb: [v]\n'],
    ['in brackets before an item', 'a: ["b", "c"]\n', [...add('a/1', 'x'), ...add('a/0', 'y')], 'a: ["y", "b", "x", "c"]\n'],
    ['in brackets over lines', 'a: [\n  "b",\n  "c"\n]\n', add('a/-', 'd', 'e'), 'a: [\n  "b",\n  "c",\n  "d",\n  "e"\n]\n'],
    [
      'in brackets over lines, with a comma at the end',
      'a: [\n    b,\n    c, # c\n  ]\n',
      add('a/-', 'd', 'e'),
      'a: [\n    b,\n    c, # c\n    d,\n    e,\n  ]\n',
    ],
    [
      'in brackets over lines, with a comment',
      'a: [\n  b, # b\n  c # c\n]\n',
      add('a/-', 'd', 'e'),
      'a: [\n  b, # b\n  c, # c\n  d,\n  e\n]\n',
    ],
    ['in brackets over lines, closed on the last', 'a: [b,\n    c]\n', add('a/-', 'd'), 'a: [b,\n    c,\n    d]\n'],
    ['in brackets over lines, before an item', 'a: [\n  b,\n  c\n]\n', add('a/1', 'x'), 'a: [\n  b,\n  x,\n  c\n]\n'],
    [
      'with dashes',
      'a:\n  - b  # b\n  # then\nc: d\n',
      add('a/-', '-w', '4'),
      'a:\n  - b  # b\n  - -w\n  - "4"\n  # then\nc: d\n',
    ],
    ['with dashes right under the key', 'a:\n- b\n- c\n', add('a/-', 'd'), 'a:\n- b\n- c\n- d\n'],
    [
      'with dashes, quoted like the item before',
      'a:\n- \'b\'\n- "c"\n- d\n',
      [...add('a/1', 'x'), ...add('a/3', 'y'), ...add('a/-', '-')],
      "a:\n- 'b'\n- 'x'\n- \"c\"\n- \"y\"\n- d\n- '-'\n",
    ],
    ['with dashes, at the start', 'a:\n  # first\n  - b\n', add('a/0', 'x', 'y').slice(0, 1), 'a:\n  # first\n  - x\n  - b\n'],
    ['with dashes, after a script', 'a:\n- |\n  one\n  two\n\nb: c\n', add('a/-', 'x'), 'a:\n- |\n  one\n  two\n- x\n\nb: c\n'],
    [
      'with dashes, after a script that keeps its end',
      'a:\n- |+\n  one\n\nb: c\n',
      add('a/-', 'x'),
      'a:\n- |+\n  one\n\n- x\nb: c\n',
    ],
    ['with dashes, at the end of the file', 'a:\n-   b', add('a/-', 'c'), 'a:\n-   b\n-   c'],
    ['with dashes, Windows line ends', 'a:\r\n- b\r\nc: d\r\n', add('a/-', 'x'), 'a:\r\n- b\r\n- x\r\nc: d\r\n'],
    ['lists in lists', '- - a\n  - b\n- c\n', [...add('0/-', 'x'), ...add('0/0', 'v')], '- - v\n  - a\n  - b\n  - x\n- c\n'],
    [
      'objects',
      'env:\n- name: A\n  value: "1"\n',
      add('env/-', { name: 'PORT', value: '5000' }),
      'env:\n- name: A\n  value: "1"\n- name: PORT\n  value: "5000"\n',
    ],
    [
      'objects in braces',
      'env:\n- {name: A, value: x}\n',
      add('env/-', { name: 'PORT', value: '5000' }),
      'env:\n- {name: A, value: x}\n- {name: PORT, value: "5000"}\n',
    ],
    [
      'objects in braces with quotes',
      'env: [{"name":"A"}]\n',
      add('env/-', { name: 'B', n: 1 }),
      'env: [{"name":"A"}, {"name":"B", "n":1}]\n',
    ],
    [
      'objects in an empty list',
      '- env: []\n',
      add('0/env/-', { name: 'PORT', value: '5000' }),
      '- env: [{name: PORT, value: "5000"}]\n',
    ],
    [
      'many values',
      'a:\n- x\n',
      add('a/-', null, true, 1.5, '', 'null', '0x4', '%(h)s %(l)s', 'a: b', 'a #b', ' x', 'l\n', [], {}, [1, ['x']], {
        b: { c: [1] },
      }),
      'a:\n- x\n- null\n- true\n- 1.5\n- ""\n- "null"\n- "0x4"\n- "%(h)s %(l)s"\n- "a: b"\n- "a #b"\n- " x"\n' +
      '- "l\\n"\n- []\n- {}\n- - 1\n  - - x\n- b:\n    c:\n    - 1\n',
    ],
  ]
  test.each(rows.map(([name, before, edits, after]) => ({ name, before, edits, after })))(
    '$name',
    ({ before, edits, after }) => {
      expect(edited(before, ...edits)).toBe(after)
    },
  )
})

describe('additions to objects', () => {
  const env = [{ name: 'PORT', value: '5000' }]
  const rows: [name: string, before: string, edits: Edit[], after: string][] = [
    [
      'after the last member',
      'c:\n- name: web  # w\n  image: x  # i\n  # end\n- name: b\n',
      add('c/0/env', env),
      'c:\n- name: web  # w\n  image: x  # i\n  env:\n  - name: PORT\n    value: "5000"\n  # end\n- name: b\n',
    ],
    [
      'with deeper dashes where the file has them',
      'a:\n    - b: c\n',
      add('a/0/env', env),
      'a:\n    - b: c\n      env:\n          - name: PORT\n            value: "5000"\n',
    ],
    [
      'as deep as the file is',
      'a:\n    b: c\n',
      add('a/d', { e: { f: 1 } }),
      'a:\n    b: c\n    d:\n        e:\n            f: 1\n',
    ],
    ['in braces', 'a: {b: c}\n', add('a/env', env), 'a: {b: c, env: [{name: PORT, value: "5000"}]}\n'],
    ['in empty braces', 'a: {}\n', add('a/b', 'c'), 'a: {b: c}\n'],
    [
      'in braces over lines',
      'a: {\n  b: c, # b\n  d: e # d\n}\n',
      add('a/f', 'g'),
      'a: {\n  b: c, # b\n  d: e, # d\n  f: g\n}\n',
    ],
    [
      'names that need quotes',
      'a: b\n',
      [...add('on', 1), ...add('a: b', 1), ...add('4', 1).map((edit) => ({ ...edit, path: ['4'] }))],
      'a: b\n"on": 1\n"a: b": 1\n"4": 1\n',
    ],
    ['one that is there is replaced', 'a: b # x\n', add('a', 'c'), 'a: c # x\n'],
    ['to the document', '---\n# head\na: b\n...\n', add('c', ['d']), '---\n# head\na: b\nc:\n  - d\n...\n'],
  ]
  test.each(rows.map(([name, before, edits, after]) => ({ name, before, edits, after })))(
    '$name',
    ({ before, edits, after }) => {
      expect(edited(before, ...edits)).toBe(after)
    },
  )
})

describe('JSON stays JSON', () => {
  const rows: [name: string, before: string, edits: Edit[], after: string][] = [
    [
      'on one line',
      '{"a": ["b"], "c": {"d": 1}}',
      [...add('a/-', '-w', '4'), ...add('c/e', { f: ['g', 'h'] })],
      '{"a": ["b", "-w", "4"], "c": {"d": 1, "e": {"f": ["g", "h"]}}}',
    ],
    [
      'without blanks',
      '{"a":["b","c"],"d":1}',
      [...add('a/-', 'x'), ...add('e', [1, 2])],
      '{"a":["b","c","x"],"d":1,"e":[1,2]}',
    ],
    [
      'over lines',
      '{\n  "a": [\n    "b"\n  ]\n}\n',
      [...add('a/-', '4'), ...add('e', [{ f: 1 }])],
      '{\n  "a": [\n    "b",\n    "4"\n  ],\n  "e": [\n    {\n      "f": 1\n    }\n  ]\n}\n',
    ],
    ['over lines with tabs', '{\n\t"a": []\n}\n', add('b', 'x'), '{\n\t"a": [],\n\t"b": "x"\n}\n'],
    [
      'strings',
      '{"a": "x \\"y\\" \\u00e9 z"}',
      [splice('a', 2, 3, '\\"\n'), splice('a', 6, 6, '\u2028')],
      '{"a": "x \\\\\\"\\ny\\" \\u2028\\u00e9 z"}',
    ],
    ['removals', '{\n  "a": [1, 2],\n  "b": 3\n}\n', [remove('b'), remove('a/1')], '{\n  "a": [1]\n}\n'],
  ]
  test.each(rows.map(([name, before, edits, after]) => ({ name, before, edits, after })))(
    '$name',
    ({ before, edits, after }) => {
      expect(edited(before, ...edits)).toBe(after)
      expect(() => {
        JSON.parse(after)
      }).not.toThrow()
    },
  )
})

describe('strings', () => {
  const rows: [name: string, before: string, edits: Edit[], after: string][] = [
    ['plain', 'a: exec gunicorn wsgi  # web\n', [splice('a', 13, 13, ' -b :$PORT')], 'a: exec gunicorn -b :$PORT wsgi  # web\n'],
    [
      'plain that must be quoted',
      "a: echo 'x'; gunicorn  # web\n",
      [splice('a', 18, 18, ' --log "a: b"')],
      'a: "echo \'x\'; gunicorn --log \\"a: b\\""  # web\n',
    ],
    ['plain with quotes that must be quoted', "a: echo '$x'\n", [splice('a', 0, 4, '#')], 'a: "# \'$x\'"\n'],
    ['plain with double quotes that must be quoted', 'a: echo "$x"\n', [splice('a', 0, 4, '#')], 'a: \'# "$x"\'\n'],
    [
      'plain over lines',
      'a: exec\n  gunicorn wsgi\n  --x\n',
      [splice('a', 18, 18, ' #4')],
      'a: "exec\n  gunicorn wsgi #4\n  --x"\n',
    ],
    ['plain that becomes a number', 'a: 4x\n', [splice('a', 1, 2, '')], 'a: "4"\n'],
    ['plain with a line break', 'a: x\n', [splice('a', 1, 1, '\ny')], 'a: "x\\ny"\n'],
    ['single quotes', "a: 'it''s x'\n", [splice('a', 5, 6, "'y'")], "a: 'it''s ''y'''\n"],
    ['single quotes with a line break', "a: 'x'\n", [splice('a', 1, 1, '\n')], 'a: "x\\n"\n'],
    ['double quotes', 'a: "x\\ty \\\n  z"\n', [splice('a', 3, 3, ' "$A"\\')], 'a: "x\\ty \\"$A\\"\\\\ \\\n  z"\n'],
    [
      'literal',
      'a: |  # run\n  set -e\n\n  exec gunicorn wsgi  # web\nb: c\n',
      [splice('a', 26, 26, ' -w 4')],
      'a: |  # run\n  set -e\n\n  exec gunicorn wsgi -w 4  # web\nb: c\n',
    ],
    [
      'literal, new lines',
      'a: |\n    x\n    y\n',
      [splice('a', 0, 0, 'w\n\n'), splice('a', 3, 3, '\nz')],
      'a: |\n    w\n\n    x\n    y\n    z\n',
    ],
    ['literal, at its very end', 'a: |\n  x\nb: c\n', [splice('a', 2, 2, 'y\nz\n')], 'a: |\n  x\n  y\n  z\nb: c\n'],
    ['literal, without its last line break', 'a: |  # x\n  x\n\nb: c\n', [splice('a', 1, 2, '')], 'a: |-  # x\n  x\n\nb: c\n'],
    ['literal, whole lines gone', 'a: |\n  x\n  y\n  z\nb: c\n', [splice('a', 2, 6, '')], 'a: |\n  x\nb: c\n'],
    ['literal, all of it', 'a: |-\n  x\nb: c\n', [replace('a', '')], 'a: ""\nb: c\n'],
    ['literal, Windows line ends', 'a: |\r\n  x\r\n  y\r\n', [splice('a', 1, 1, '\nw')], 'a: |\r\n  x\r\n  w\r\n  y\r\n'],
    [
      'folded',
      'a: >-\n  exec\n  gunicorn\n  wsgi\n',
      [splice('a', 13, 13, ' -w 4')],
      'a: >-\n  exec\n  gunicorn -w 4\n  wsgi\n',
    ],
    ['folded with a line break', 'a: >\n  x\n  y\n', [splice('a', 1, 1, '\nw')], 'a: |\n  x\n  w y\n'],
    [
      'several splices of one string count in it as it was',
      'a: x y z\n',
      [splice('a', 4, 5, 'Z'), splice('a', 0, 1, 'XX'), splice('a', 2, 2, '1'), splice('a', 2, 2, '2')],
      'a: XX 12y Z\n',
    ],
    ['replaced, in its style', "a: 'b c'\nd: e # x\n", [replace('a', 'b d'), replace('d', '5')], "a: 'b d'\nd: '5' # x\n"],
  ]
  test.each(rows.map(([name, before, edits, after]) => ({ name, before, edits, after })))(
    '$name',
    ({ before, edits, after }) => {
      expect(edited(before, ...edits)).toBe(after)
    },
  )
})

describe('replacements and removals', () => {
  const rows: [name: string, before: string, edits: Edit[], after: string][] = [
    [
      'scalars',
      'a: 1 # x\nb:\nc: "2"\n',
      [replace('a', 2), replace('b', true), replace('c', null)],
      'a: 2 # x\nb: true\nc: null\n',
    ],
    ['a scalar with a tag', 'a: !!str 5\n', [replace('a', 6)], 'a: 6\n'],
    ['a collection by a scalar', 'a: # x\n  - b\n  - c\nd: e\n', [replace('a', 'v')], 'a: v # x\nd: e\n'],
    [
      'a collection by another',
      'a:\n  - b\nd: [e]\n',
      [replace('a', { x: [1] }), replace('d', ['f', '4'])],
      'a:\n  x:\n    - 1\nd:\n  - f\n  - "4"\n',
    ],
    ['an item', 'a:\n- b # b\n- - c\n', [replace('a/0', { x: 1, v: 2 }), replace('a/1', 'z')], 'a:\n- x: 1\n  v: 2 # b\n- z\n'],
    ['a line', 'a:\n  - b # b\n  # c\n  - c\nd: e\n', [remove('a/0')], 'a:\n  # c\n  - c\nd: e\n'],
    ['several lines', 'a:\n  b:\n    c: |\n      x\n\n  d: e\n', [remove('a/b')], 'a:\n\n  d: e\n'],
    ['the first member behind a dash', '- a: 1\n  b: 2\n', [remove('0/a')], '- b: 2\n'],
    ['the last of a list', 'a: # x\n  - b\nc:\n  - d: e\n', [remove('a/0'), remove('c/0/d')], 'a: [] # x\nc:\n  - {}\n'],
    ['in brackets', 'a: [b, c, d]\n', [remove('a/1'), remove('a/1')], 'a: [b]\n'],
    ['the last in brackets', 'a: [b]\nc: {d: 1,}\n', [remove('a/0'), remove('c/d')], 'a: []\nc: {}\n'],
    ['in brackets over lines', 'a: [\n  b, # b\n  c # c\n]\n', [remove('a/1')], 'a: [\n  b # b # c\n]\n'],
  ]
  test.each(rows.map(([name, before, edits, after]) => ({ name, before, edits, after })))(
    '$name',
    ({ before, edits, after }) => {
      expect(edited(before, ...edits)).toBe(after)
    },
  )
})

describe('what is refused is left as it was', () => {
  const rows: [name: string, before: string, edit: Edit, reason: string][] = [
    ['an alias', 'a: &a [x]\nb: *a\n', add('b/-', 'y')[0]!, 'it is an alias of another value'],
    ['an anchored value', 'a: &a [x]\nb: *a\n', add('a/-', 'y')[0]!, 'it is anchored, and an alias elsewhere stands for it too'],
    [
      'within an anchored value',
      'a: &a {b: [x]}\nb: *a\n',
      add('a/b/-', 'y')[0]!,
      'it is anchored, and an alias elsewhere stands for it too',
    ],
    ['a merged value', 'a: {<<: {b: [x]}}\n', add('a/b/-', 'y')[0]!, 'it comes through a merge key (<<)'],
    ['a merged member', 'a: {<<: {b: 1}}\n', add('a/b', 2)[0]!, 'it comes through a merge key (<<)'],
    ['a mapping without braces', 'a: [b: 1]\n', add('a/0/c', 2)[0]!, 'it stands in a mapping without braces'],
    ['what is no JSON', 'a: [1]\n', add('a/-', NaN)[0]!, 'no way was found to write it so that it reads back as it must'],
    ['an anchor in what is replaced', 'a:\n- &x 1\nb: *x\n', replace('a', 2), 'it holds an anchor that is used elsewhere'],
    ['what holds an anchor', 'a:\n- &x y\nb: *x\n', remove('a'), 'it holds an anchor that is used elsewhere'],
    ['a missing value', 'a: 1\n', remove('b'), 'there is no such value'],
    ['a missing parent', 'a: 1\n', add('b/c', 1)[0]!, 'there is no object or list that it could be in'],
    ['a scalar as a parent', 'a: 1\n', add('a/-', 1)[0]!, 'there is no object or list that it could be in'],
    ['an index too high', 'a: [1]\n', add('a/2', 1)[0]!, 'there is no such place in the list'],
    ['the whole document', 'a: 1\n', replace('', 1), 'the document as a whole cannot be edited'],
    ['a splice of a number', 'a: 1\n', splice('a', 0, 0, 'x'), 'the value must be a string'],
    ['a splice outside of the string', 'a: x\n', splice('a', 0, 2, 'x'), 'the splices must lie within the string and apart'],
  ]
  test.each(rows.map(([name, before, edit, reason]) => ({ name, before, edit, reason })))(
    '$name',
    ({ before, edit, reason }) => {
      expect(edited(before, edit)).toBe(`${before}refused ${edit.path.join('.')}: ${reason}\n`)
    },
  )

  test('an anchor that is not used stands in no way', () => {
    expect(edited('a: &a [x]\n', ...add('a/-', 'v'))).toBe('a: &a [x, v]\n')
  })

  test('the edits of a change are made together or not at all, and no later ones of that object', () => {
    const source = 'a: [x]\nb: 1\n---\na: [x]\n'
    const { text: result, refused } = editManifests(source, [
      { document: 0, edits: [...add('a/-', 'y'), ...add('b/-', 'y')] },
      { document: 0, edits: add('c', 'y') },
      { document: 1, edits: add('a/-', 'v') },
      { document: 2, edits: add('a/-', 'y') },
    ])
    expect(result).toBe('a: [x]\nb: 1\n---\na: [x, v]\n')
    expect(refused.map(({ change, path, reason }) => [change.document, path.join('.'), reason])).toEqual([
      [0, 'b.-', 'there is no object or list that it could be in'],
      [0, 'c', 'another change of the same object could not be made'],
      [2, '', 'the file has no such document'],
    ])
  })

  test('a broken document, with the reason why it is broken', () => {
    const { text: result, refused } = editManifests('a: [\n---\nb: [x]\n', [
      { document: 0, edits: add('a/-', 1) },
      { document: 1, edits: add('b/-', 1) },
    ])
    expect(result).toBe('a: [\n---\nb: [x, 1]\n')
    expect(refused.map(({ reason }) => reason)).toEqual(['unexpected end of the stream within a flow collection'])
  })
})

describe('lists of objects', () => {
  const changes = [
    { document: 0, edits: add('items/2/a/-', 'z') },
    { document: 0, edits: [...add('items/0/a/-', 'x'), ...add('items/0/b', 1)] },
    { document: 0, edits: add('items/1/c/-', 'y') },
    { document: 0, edits: add('items/0/a/-', 'w') },
    { document: 0, edits: add('items/1/a/-', 'y') },
  ]
  const rows: [name: string, before: string, after: string][] = [
    [
      'YAML',
      'items:\n# one\n- a: [1]\n# two\n- a: [2]\n-\n  a: [3]  # three\nkind: List\n',
      'items:\n# one\n- a: [1, x, w]\n  b: 1\n# two\n- a: [2]\n-\n  a: [3, z]  # three\nkind: List\n',
    ],
    [
      'YAML with an alias',
      'x: &x 1\nitems:\n- a: [1]\n- a: [2]\n- a: [*x]\n',
      'x: &x 1\nitems:\n- a: [1, x, w]\n  b: 1\n- a: [2]\n- a: [*x, z]\n',
    ],
    [
      'YAML with a script that keeps its end',
      'items:\n- a: [1]\n- a: [2]\n- a: [3]\n  s: |+\n    x\n\n\n# end\nkind: List\n',
      'items:\n- a: [1, x, w]\n  b: 1\n- a: [2]\n- a: [3, z]\n  s: |+\n    x\n\n\n# end\nkind: List\n',
    ],
    [
      'JSON',
      '{"items": [{"a": ["1"]},\n {"a": ["2"]}, {"a": ["3"]}]}',
      '{"items": [{"a": ["1", "x", "w"], "b": 1},\n {"a": ["2"]}, {"a": ["3", "z"]}]}',
    ],
  ]
  test.each(rows)('%s: each object is edited alone', (_, before, after) => {
    const { text: result, refused } = editManifests(before, changes)
    expect(result).toBe(after)
    expect(refused.map(({ path, reason }) => [path.join('.'), reason])).toEqual([
      ['items.1.c.-', 'there is no object or list that it could be in'],
      ['items.1.a.-', 'another change of the same object could not be made'],
    ])
  })

  test('long ones take no longer than as many documents', () => {
    const item = '- a:\n  - b\n  script: |\n    x && y *z\n'
    const source = `kind: List\nitems:\n${item.repeat(3000)}`
    const edits = Array.from({ length: 3000 }, (_, index) => ({ document: 0, edits: add(`items/${index}/a/-`, 'c') }))
    expect(editManifests(source, edits)).toEqual({
      text: `kind: List\nitems:\n${item.replace('- b\n', '- b\n  - c\n').repeat(3000)}`,
      refused: [],
    })
  }, 60_000)
})
