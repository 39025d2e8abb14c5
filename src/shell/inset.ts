/**
 * A script that is written within a word of another one (`sh -c "…"`): where each of its characters stands there, and how text
 * is written among them.
 */
import { spend } from '../budget.ts'
import type { Word } from './word.ts'

/** The quotes around a character. */
type Quoting = 'none' | 'single' | 'double'

/** Text to be put in the place of what stands from `start` to `end`. */
interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

interface Character {
  readonly start: number
  readonly end: number
  readonly quoting: Quoting
  /** True where it comes of an expansion, so that nothing can be put in its place. */
  readonly expanded: boolean
  /** True for a dollar sign or backslash that means itself only because of what follows. */
  readonly isBare: boolean
}

/** Stands for an expansion whose value is not known. */
const hole = '\uE000'

/** An expansion whose end can be told without reading it as a script. */
const expansion = /\$(?:\w+|[@*#?$!-]|\{[^{}'"`\\]*\}|\(\([^()'"`\\]*\)\))|`[^`'"\\]*`/y

/** One of them that no quote or parenthesis stands in. */
const plainParameter = /\$\{[^{}()'"`\\]*\}/y

/** A script within a word. */
export class Inset {
  /** The script; one private-use character stands for each expansion whose value is not known. */
  readonly text: string
  readonly #characters: readonly Character[]

  constructor(text: string, characters: readonly Character[]) {
    this.text = text
    this.#characters = characters
  }

  /** Where units start … end of the script stand in the script around it; `end` after `start`. */
  place(start: number, end: number): { readonly start: number; readonly end: number } {
    return { start: this.#before(start), end: this.#after(end) }
  }

  /** Puts text in the place of units start … end; undefined where that cannot be written. */
  splice({ start, end, text }: Replacement): Replacement | undefined {
    // Outside of quotes an expansion is as many words as it has fields: the script may be one that ends within it.
    if (this.#characters.some(({ expanded, quoting }) => expanded && quoting === 'none')) return undefined
    const [previous, next] = [this.#characters[start - 1], this.#characters[end]]
    if (previous && !this.#mayFollow(previous, text === '' ? this.text[end] : text[0])) return undefined
    if (start === end) {
      const neighbour = previous ?? next
      // Nothing can be put within what an expansion makes.
      if (neighbour === undefined || (previous?.expanded === true && previous.start === next?.start)) return undefined
      const at = start === 0 ? this.#before(0) : this.#after(start)
      return { start: at, end: at, text: within(neighbour.quoting, text) }
    }
    const range = this.#characters.slice(start, end)
    const [first] = range
    if (first === undefined || (first.quoting === 'none' && text === '')) return undefined
    const isWhole = range.every(({ quoting, expanded, start: from }, index) =>
      quoting === first.quoting && !expanded && (index === 0 || range[index - 1]?.end === from)
    )
    return isWhole ? { start: first.start, end: range.at(-1)!.end, text: within(first.quoting, text) } : undefined
  }

  /** Whether a character may come to stand behind another one without a new meaning for both: `$A` and a letter, `\\` and a quote. */
  #mayFollow({ expanded, isBare, quoting }: Character, character: string | undefined): boolean {
    if (expanded) return !/^\w/.test(character ?? '')
    return quoting === 'single' || !isBare
  }

  #before(offset: number): number {
    return this.#characters[offset]?.start ?? this.#characters.at(-1)?.end ?? 0
  }

  #after(offset: number): number {
    return this.#characters[offset - 1]?.end ?? this.#characters[0]?.start ?? 0
  }
}

/** A text so that, between such quotes, it means itself. */
function within(quoting: Quoting, text: string): string {
  if (quoting === 'double') return text.replace(/["$`\\]/g, '\\$&')
  const single = text.replaceAll("'", "'\\''")
  return quoting === 'single' ? single : `'${single}'`
}

/** The script that a word holds; undefined where it cannot be told, as where the word may be several. */
export function insetOf(word: Word): Inset | undefined {
  if (word.splits) return undefined
  const read = readQuotes(word)
  if (read === undefined) return undefined
  const { characters, values, holes } = read
  if (word.value === null) return new Inset(values.join(''), characters)
  if (holes.length === 0) return values.join('') === word.value ? new Inset(word.value, characters) : undefined
  // What one expansion has become is all that is left; of two it cannot be told where one ends.
  const [at] = holes
  if (holes.length > 1 || at === undefined) return undefined
  const head = values.slice(0, at).join('')
  const tail = values.slice(at + 1).join('')
  const length = word.value.length - head.length - tail.length
  // Where it is nothing, what stands behind it must not come closer.
  if (length <= 0 || !word.value.startsWith(head) || !word.value.endsWith(tail)) return undefined
  return new Inset(word.value, characters.toSpliced(at, 1, ...Array.from({ length }, () => characters[at]!)))
}

/**
 * A command substitution, from a place in a text on; undefined where its end cannot be told without reading it
 * as a script: `case` has parentheses of its own, and so may comments and here-documents.
 */
function commandSubstitution(text: string, from: number): string | undefined {
  if (!text.startsWith('$(', from) || text.startsWith('$((', from)) return undefined
  let depth = 0
  for (let at = from + 1; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at += 1
    else if (character === "'" || character === '"') {
      const end = endOfQuotes(text, at)
      if (end === undefined) return undefined
      at = end
    } else if (character === '(') depth += 1
    else if (text.startsWith('${', at)) {
      plainParameter.lastIndex = at
      const found = plainParameter.exec(text)?.[0]
      if (found === undefined) return undefined
      at += found.length - 1
    } else if (character === '`' || (character === '#' && /[\s;&|(]/.test(text[at - 1] ?? '')) || text.startsWith('<<', at) ||
      /^case\s/.test(text.slice(at, at + 5))) return undefined
    else if (character === ')' && --depth === 0) return text.slice(from, at + 1)
  }
  return undefined
}

/** Where quotes end that begin at a place; undefined where they do not, or hold what has quotes of its own. */
function endOfQuotes(text: string, from: number): number | undefined {
  const quote = text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === quote) return at
    if (quote === '"' && text[at] === '\\') at += 1
    else if (quote === '"' && (text[at] === '`' || /^\$[({]/.test(text.slice(at, at + 2)))) return undefined
  }
  return undefined
}

/** The characters of a word, quotes taken off; undefined where it is written in a way that is not read here. */
function readQuotes({ text, start: from }: Word): { characters: Character[]; values: string[]; holes: number[] } | undefined {
  spend(text.length / 8)
  const characters: Character[] = []
  const values: string[] = []
  const holes: number[] = []
  let quoting: Quoting = 'none'
  for (let at = 0; at < text.length;) {
    const character = text[at]!
    let [value, length, expanded] = [character, 1, false]
    const quote: Quoting | undefined = character === "'" ? 'single' : character === '"' ? 'double' : undefined
    if (quote !== undefined && (quoting === 'none' || quoting === quote)) {
      quoting = quoting === 'none' ? quote : 'none'
      at += 1
      continue
    }
    if (character === '\\' && quoting !== 'single') {
      const next = text[at + 1] ?? ''
      if (next === '\n') {
        at += 2
        continue
      }
      if (quoting === 'none' || '"$`\\'.includes(next)) [value, length] = [next, 2]
    } else if ((character === '$' || character === '`') && quoting !== 'single') {
      expansion.lastIndex = at
      const found = expansion.exec(text)?.[0] ?? commandSubstitution(text, at)
      // A dollar sign before anything else means itself, but for `$'…'` and `$"…"`.
      if (found !== undefined) [value, length, expanded] = [hole, found.length, true]
      else if (character === '`' || /['"({]/.test(text[at + 1] ?? '')) return undefined
    }
    if (expanded) holes.push(values.length)
    values.push(value)
    characters.push({ start: from + at, end: from + at + length, quoting, expanded,
      isBare: length === 1 && (value === '$' || value === '\\') })
    at += length
  }
  return { characters, values, holes }
}
