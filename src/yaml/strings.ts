/** What changes of a string come to in its text: the ways to write them, the one that changes least first. */
import { CHOMPING_MODE, SCALAR_STYLE } from 'js-yaml'
import { applySplices, type Splice } from '../edit.ts'
import { decodeScalar, escape, isPrintable, writeString } from './scalar.ts'
import type { Decoded } from './scalar.ts'
import { lineBreakOf, nearestQuote, styleQuote } from './style.ts'
import type { Parsed } from './style.ts'
import { isBreak, lineEnd } from './tree.ts'
import type { ScalarNode } from './tree.ts'

/**
 * The ways to make changes in a string, the one that keeps most first. `splices` count in its units (UTF-16), in order and apart;
 * `flow` says whether it stands in brackets.
 */
export function* spliceScalar(parsed: Parsed, node: ScalarNode, splices: readonly Splice[], flow: boolean): Generator<Splice[]> {
  const { source, tree } = parsed
  const decoded = decodeScalar(source, node.event)
  const changed = applySplices(decoded.value, splices)
  const whole = (text: string): Splice[] => [{ start: node.start, end: node.end, text }]
  const inSource = (write: (text: string) => string): Splice[] =>
    splices.map(({ start, end, text }) => ({ ...sourceRange(decoded, start, end), text: write(text) }))
  const otherwise = quoteFor(changed, nearestQuote(tree) ?? 'double')
  const isOneLine = splices.every(({ text }) => isPrintable(text))
  switch (node.event.style) {
    case SCALAR_STYLE.PLAIN: {
      yield inSource(String)
      const [mark, quoted] = otherwise === 'single' ? ["'", doubleQuotes] : ['"', (text: string) => text.replace(/["\\]/g, '\\$&')]
      if (isOneLine) yield whole(mark + applyAround(source, node, inSource(quoted), quoted) + mark)
      break
    }
    case SCALAR_STYLE.SINGLE_QUOTED:
      if (isOneLine) yield inSource(doubleQuotes)
      break
    case SCALAR_STYLE.DOUBLE_QUOTED:
      yield inSource(escape)
      break
    default:
      if (changed !== '') yield* spliceBlock(source, node, decoded, splices)
      yield* rewriteBlock(source, node, changed)
  }
  yield whole(writeString(changed, { quote: styleQuote(node) ?? otherwise, otherwise }, flow))
}

/** Where units start … end of a plain or quoted scalar stand. */
function sourceRange({ starts, ends }: Decoded, start: number, end: number): { start: number; end: number } {
  const from = starts[start]!
  return { start: from, end: end > start ? ends[end - 1]! : from }
}

function doubleQuotes(text: string): string {
  return text.replaceAll("'", "''")
}

/** Changes within the lines of a block scalar; new lines get its indentation. */
function* spliceBlock(
  source: string,
  node: ScalarNode,
  { value, starts, ends }: Decoded,
  splices: readonly Splice[],
): Generator<Splice[]> {
  const { indent, style, valueStart } = node.event
  if (indent < 0 || (style === SCALAR_STYLE.FOLDED_BLOCK && splices.some(({ text }) => text.includes('\n')))) return
  const pad = ' '.repeat(indent)
  yield splices.map(({ start, end, text }) => {
    // Behind what it follows: in a folded scalar the line break that comes next may stand lines below.
    const from = end === start && /\S/.test(value[start - 1] ?? '') ? ends[start - 1]! : starts[start]!
    const rest = value.slice(end)
    const beginsLine = rest === '' && from > valueStart && isBreak(source.charCodeAt(from - 1))
    const lines = text.split('\n').map((line, index, all) => {
      const isEmpty = line === '' && (index < all.length - 1 || rest === '' || rest.startsWith('\n'))
      return isEmpty || (index === 0 && !beginsLine) ? line : pad + line
    })
    return { start: from, end: end > start ? starts[end]! : from, text: lines.join(lineBreakOf(source)) }
  })
}

/** The whole block scalar anew, in literal style at its old indentation. */
function* rewriteBlock(source: string, node: ScalarNode, value: string): Generator<Splice[]> {
  const { indent, chomping } = node.event
  if (indent < 0 || !/^[^\s]/.test(value) || value.endsWith('\n\n') || chomping === CHOMPING_MODE.KEEP) return
  const comment = source.slice(node.start, lineEnd(source, node.start)).replace(/^[|>][-+\d]*/, '')
  const lines = value.replace(/\n$/, '').split('\n')
  const body = lines.map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
  const text = [`|${value.endsWith('\n') ? '' : '-'}${comment}`, ...body].join(lineBreakOf(source))
  yield [{ start: node.start, end: node.end, text }]
}

/** The quotes that need fewer escapes; the usual ones where that is the same. */
function quoteFor(value: string, usual: 'single' | 'double'): 'single' | 'double' {
  const [single, double] = [value.includes("'"), /["\\]/.test(value)]
  return single === double ? usual : single ? 'double' : 'single'
}

/** A part of a text with splices made, and what is between them written anew. */
function applyAround(
  text: string,
  part: { start: number; end: number },
  splices: readonly Splice[],
  write: (text: string) => string,
): string {
  const pieces: string[] = []
  let done = part.start
  for (const { start, end, text: piece } of splices) {
    pieces.push(write(text.slice(done, start)), piece)
    done = end
  }
  return pieces.join('') + write(text.slice(done, part.end))
}
