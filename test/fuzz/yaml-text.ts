/** Values as YAML in many styles: flow and block, each quoting, comments, anchors. */
import type { Random } from '../conformance/random.ts'
import type { Json } from './target.ts'

interface Style {
  readonly random: Random
  /** How many comments there are so far: each is another one. */
  comments: number
  readonly commented: number
  readonly flows: number
}

export function yamlOf(random: Random, value: Json): string {
  const style: Style = { random, comments: 0, commented: random.pick([0, 0, 0.2, 0.5]), flows: random.pick([0, 0, 0.15, 0.4]) }
  const text = node(style, value, 0)
  return `${text.startsWith('\n') ? text.slice(1) : text.trimStart()}\n`
}

/** The value as it stands behind a key or a dash: with a blank or a line break before it. */
function node(style: Style, value: Json, column: number): string {
  const { random } = style
  if (typeof value !== 'object' || value === null) return ` ${scalar(style, value, column)}${comment(style)}`
  const entries = Object.entries(value)
  if (entries.length === 0) return ` ${Array.isArray(value) ? '[]' : '{}'}`
  if (random.chance(style.flows)) return ` ${flow(style, value)}${comment(style)}`
  const margin = ' '.repeat(column)
  const lines = entries.map(([name, item]) => {
    const before = random.chance(style.commented) ? `${margin}# before ${style.comments++}\n` : ''
    return `${before}${margin}${Array.isArray(value) ? '-' : `${scalarKey(name)}:`}${nested(style, item, column, Array.isArray(value))}`
  })
  return `\n${lines.join('\n')}`
}

function nested(style: Style, item: Json, column: number, inList: boolean): string {
  const isDeep = typeof item === 'object' && item !== null
  // A list may stand as deep as its key.
  const deeper = !inList && Array.isArray(item) && style.random.chance(0.4) ? column : column + 2
  const text = node(style, item, isDeep ? deeper : column + 2)
  const margin = `\n${' '.repeat(column + 2)}`
  return inList && text.startsWith(margin) && !text.startsWith(`${margin}#`) && deeper === column + 2 && style.random.chance(0.9)
    ? ` ${text.slice(margin.length)}` : text
}

const comment = (style: Style): string => (style.random.chance(style.commented) ? ` # comment ${style.comments++}` : '')

const scalarKey = (
  name: string,
): string => (/^[A-Za-z_][\w./-]*$/.test(name) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(name) ? name : JSON.stringify(name))

function flow(style: Style, value: Json): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? quotedText(style, value) : String(value)
  if (Array.isArray(value))
    return `[${(value as readonly Json[]).map((item) => flow(style, item)).join(style.random.pick([', ', ', ', ',  ']))}]`
  return `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${flow(style, item)}`).join(', ')}}`
}

/** JSON writes more escapes than YAML reads: a lone surrogate is none of YAML's. */
const quotedText = ({ random }: Style, text: string): string =>
  random.chance(0.4) && /^[\x20-\x7e]*$/.test(text) ? `'${text.replaceAll("'", "''")}'`
    : JSON.stringify(text).replaceAll(/[\x7f-\x9f\u2028\u2029\ufeff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

function scalar(style: Style, value: string | number | boolean | null, column: number): string {
  const { random } = style
  if (typeof value !== 'string') return String(value)
  const isPlain = /^[A-Za-z/_.$][\x20-\x7e]*$/.test(value) && !/: |:$| #|\s$/.test(value) &&
    !/^(y|n|yes|no|on|off|true|false|null|\.inf|\.nan|\.?\d.*)$/i.test(value) && !value.startsWith('---')
  if (isPlain && random.chance(0.6)) return value
  const isBlock = value.includes('\n') && /^[\x20-\x7e\n]+$/.test(value) && !/^[\s]|[ \t]\n|[ \n]$|\n\n/.test(value)
  if (isBlock && random.chance(0.7))
    return `|${random.pick(['-', '-'])}\n${value.split('\n').map((line) => ' '.repeat(column) + line).join('\n')}`
  return quotedText(style, value)
}
