/** Random values with the way they are written: YAML in many styles, with comments, to be read and edited by the tests. */
import fc from 'fast-check'

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

type Style = 'plain' | 'folded plain' | 'single' | 'double' | 'literal' | 'folded'

interface Layout {
  readonly flow: boolean
  /** A flow collection with a line for each entry. */
  readonly lines: boolean
  readonly trailingComma: boolean
  readonly comments: boolean
  /** A list whose dashes, or a bracket on a line of its own, stand deeper than its key. */
  readonly deeper: boolean
}

export type Styled =
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null; readonly style: Style }
  | { readonly kind: 'list'; readonly items: readonly Styled[]; readonly layout: Layout }
  | { readonly kind: 'map'; readonly items: readonly (readonly [string, Styled])[]; readonly layout: Layout }

const TRICKY = [
  '',
  ' ',
  'gunicorn',
  '-w',
  '--workers',
  '4',
  '-',
  '--',
  '---',
  '...',
  'on',
  'y',
  'No',
  '0x4',
  '1_000',
  '0644',
  '1e3',
  '.5',
  '.inf',
  '12:30',
  '2001-01-01',
  'null',
  '~',
  'true',
  '=',
  '<<',
  '*a',
  '&b',
  '!c',
  '@d',
  '`e',
  '%(h)s "%(r)s"',
  '?',
  '? x',
  '- a',
  ': x',
  'a: b',
  'key:',
  'a #b',
  '# c',
  'a#b',
  "it's",
  "''",
  '"',
  'say "hi"',
  'back\\slash',
  ':$(PORT)',
  '$PORT',
  '{a}',
  '[b',
  'a, b',
  'a]',
  'é',
  '😀 x',
  'a b c d',
  'a  b',
  ' lead',
  'trail ',
  'tab\tx',
  '\t',
  'x\u2028y',
  '\u0007',
  '\ufeff',
  'one\ntwo\n',
  'one\n\ntwo',
  'one\n  two\nthree\n',
  'set -e\nexec gunicorn app  # web\n',
  '\nx',
  'x\n\n',
  'http://x:80/#y',
  'exec gunicorn wsgi && sleep 1',
]

export const text: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...TRICKY), weight: 3 },
  {
    arbitrary: fc
      .array(fc.constantFrom('gunicorn', '-w', '4', '#', ':', "it's", '"x"', '\\', '$A', '😀', 'x:y', '\n', '\n\n'), {
        maxLength: 8,
      })
      .map((words) => words.join(' ')),
    weight: 2,
  },
  { arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }).map((value) => value.replaceAll('\r', '')), weight: 1 },
)

const layout: fc.Arbitrary<Layout> = fc.record({
  flow: fc.boolean(),
  lines: fc.boolean(),
  trailingComma: fc.boolean(),
  comments: fc.boolean(),
  deeper: fc.boolean(),
})

const scalar: fc.Arbitrary<Styled> = fc.record({
  kind: fc.constant('scalar'),
  value: fc.oneof(
    { arbitrary: text, weight: 5 },
    fc.integer({ min: -9, max: 70000 }),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
  ),
  style: fc.constantFrom<Style>('plain', 'plain', 'folded plain', 'single', 'double', 'literal', 'literal', 'folded'),
})

const name = fc.oneof(
  { arbitrary: fc.constantFrom('command', 'args', 'env', 'name', 'value', 'x', '__proto__', 'constructor'), weight: 4 },
  text,
)

const { node, list, map } = fc.letrec<{ node: Styled; list: Styled; map: Styled }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('list'), tie('map')),
  list: fc.record({
    kind: fc.constant('list' as const),
    items: fc.array(tie('node'), { maxLength: 4 }),
    layout,
  }),
  map: fc.record({
    kind: fc.constant('map' as const),
    items: fc.uniqueArray(fc.tuple(name, tie('node')), { maxLength: 4, selector: ([key]) => key }),
    layout,
  }),
}))

/** A document: an object or list of at least one entry. */
export const styled: fc.Arbitrary<Styled> = fc
  .oneof(map, map, list)
  .filter((root) => root.kind !== 'scalar' && root.items.length > 0)

export { node as styledNode }

export function valueOf(root: Styled): Json {
  if (root.kind === 'scalar') return root.value
  if (root.kind === 'list') return root.items.map(valueOf)
  return Object.fromEntries(root.items.map(([key, value]) => [key, valueOf(value)]))
}

/** The document as text. Comments are numbered, so that each can be found again. */
export function emit(root: Styled): string {
  return new Emitter().document(root)
}

class Emitter {
  #comments = 0

  document(root: Styled): string {
    return this.#node(root, 0, -1, false, false).replace(/^ *\n?/, '') + '\n'
  }

  #comment(wanted: boolean): string {
    return wanted ? ` # comment-${this.#comments++}` : ''
  }

  /** The node as it stands behind a key or dash at column `parent`: with a blank or a line break before it. */
  #node(node: Styled, column: number, parent: number, inFlow: boolean, afterDash: boolean): string {
    if (node.kind === 'scalar')
      return ` ${writeScalar(node.value, inFlow && node.style !== 'plain' ? 'double' : node.style, column, parent, inFlow)}`
    const { flow, comments } = node.layout
    if (inFlow || flow || node.items.length === 0)
      return ` ${this.#flow(node, column, node.layout.deeper ? column : Math.max(parent, 0), inFlow)}`
    const at = node.kind === 'list' && !node.layout.deeper && parent >= 0 && !afterDash ? parent : column
    const lines: string[] = []
    for (const item of node.items) {
      if (comments) lines.push(`${' '.repeat(at)}${this.#comment(true).trim()}`)
      const lead = Array.isArray(item) ? `${writeKey(item[0], false)}:` : '-'
      const value = (Array.isArray(item) ? item[1] : item) as Styled
      lines.push(
        ' '.repeat(at) + lead + this.#withComment(value, this.#node(value, at + 2, at, false, !Array.isArray(item)), comments),
      )
    }
    // A collection may begin on the line of its dash.
    const compact = afterDash && !comments && at === column
    return compact ? ` ${lines.join('\n').trimStart()}` : `\n${lines.join('\n')}`
  }

  /** A comment at the end of a line, where one can be. */
  #withComment(value: Styled, text: string, comments: boolean): string {
    return comments && !text.includes('\n') && value.kind !== 'map' ? text + this.#comment(true) : text
  }

  #flow(node: Exclude<Styled, { kind: 'scalar' }>, column: number, closing: number, inFlow: boolean): string {
    const [open, close] = node.kind === 'list' ? '[]' : '{}'
    const entries = node.items.map((item) =>
      Array.isArray(item)
        ? `${writeKey(item[0] as string, true)}:${this.#node(item[1] as Styled, column + 2, column, true, false)}`
        : this.#node(item as Styled, column + 2, column, true, false).trimStart()
    )
    const { lines, trailingComma, comments } = node.layout
    const isWritable = entries.every((entry) => entry !== '')
    if (inFlow || !lines || entries.length === 0 || !isWritable)
      return `${open}${entries.join(', ')}${trailingComma && entries.length > 0 ? ',' : ''}${close}`
    const margin = ' '.repeat(column + 2)
    const rows = entries.map(
      (entry, index) => `${margin}${entry}${index < entries.length - 1 || trailingComma ? ',' : ''}${this.#comment(comments)}`,
    )
    return `${open}\n${rows.join('\n')}\n${' '.repeat(closing)}${close}`
  }
}

function writeKey(key: string, inFlow: boolean): string {
  return isSafePlain(key) && !(inFlow && key.includes(':'))
    ? key
    : JSON.stringify(key).replaceAll('\u2028', '\\u2028').replaceAll('\ufeff', '\\ufeff').replaceAll('\u007f', '\\x7f')
}

/** Written with no help from what is tested: in the style asked for where it is sure to be right, else in double quotes. */
function writeScalar(
  value: string | number | boolean | null,
  style: Style,
  column: number,
  parent: number,
  inFlow: boolean,
): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  const margin = ' '.repeat(Math.max(column, parent + 1, 1))
  if ((style === 'plain' || style === 'folded plain') && isSafePlain(value) && !(inFlow && /[,[\]{}:]/.test(value))) {
    return style === 'plain' ? value : value.replace(/(?<=\w) (?=\w)/, `\n${margin}`)
  }
  if (style === 'single' && /^[\x20-\x7eé]*$/.test(value))
    return `'${value.replaceAll("'", "''").replace(/(?<=\w) (?=\w)/, inFlow ? ' ' : `\n${margin}`)}'`
  if (style === 'literal' && isBlock(value)) return `|${chomping(value)}\n${indented(value, margin)}`
  if (style === 'folded' && isBlock(value) && !/^[ \t]|\n\n|\n[ \t]/.test(value)) {
    return `>${chomping(value)}\n${indented(value.replace(/\n(?=.)/g, '\n\n').replace(/(?<=\w) (?=\w)/, '\n'), margin)}`
  }
  const chars = [...value].map((char) => (/^[\x20-\x7eé😀]$/u.test(char) ? char.replace(/["\\]/, '\\$&') : escaped(char)))
  return `"${chars.join('')}"`
}

function escaped(char: string): string {
  if (char === '\n') return '\\n'
  return char.codePointAt(0)! > 0xffff
    ? `\\U${char.codePointAt(0)!.toString(16).padStart(8, '0')}`
    : `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`
}

function isBlock(value: string): boolean {
  return /^[^\s]/.test(value) && !value.endsWith('\n\n') && /^[\x20-\x7eé\n]*$/.test(value)
}

function chomping(value: string): string {
  return value.endsWith('\n') ? '' : '-'
}

function indented(value: string, margin: string): string {
  return value
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => (line === '' ? '' : margin + line))
    .join('\n')
}

function isSafePlain(value: string): boolean {
  return (
    /^[a-z$/-][\w é$/:.'"#&()=-]*$/i.test(value) &&
    !/: |:$| #| $|^- |^-+$|^-?\d|^(?:y|n|on|off|yes|no|true|false|null)$/i.test(value)
  )
}
