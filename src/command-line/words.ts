/** The words of command lines: which is which, and what they are made of. */
import type { Element } from '../kubernetes/element.ts'
import { firstHoleIn } from '../kubernetes/expansion.ts'
import type { Command } from '../shell/script.ts'
import type { Word } from '../shell/word.ts'

/** The lists of words that a gunicorn may get; undefined where there is one, or where not all of them start it in the same way. */
export function alternativesOf(command: Command, index: number): readonly (readonly Word[])[] | undefined {
  const { alternatives, words } = command
  if (alternatives === undefined) return undefined
  const before = words.slice(0, index).map(({ value }) => value)
  const isSame = alternatives.every((list) =>
    list.length > index && list[index]?.text === words[index]?.text &&
    before.every((value, at) => value !== null && list[at]?.value === value)
  )
  return isSame ? alternatives.map((list) => list.slice(index)) : undefined
}

/** Where each word stands among the words. */
export function indexIn(words: readonly Word[]): (word: Word) => number | undefined {
  let indexes: Map<Word, number> | undefined
  return (word) => (indexes ??= new Map(words.map((one, index) => [one, index]))).get(word)
}

/** A word of a string that is taken apart, as an element of its own, which stands where the string does. */
export const partOf = (element: Element, { value, prefix }: Word): Element => {
  // What is not known of it is taken for one unknown part.
  const text = value ?? `${prefix}\uE000`
  return { ...element, text, expanded: { text, unknown: [], undefined: [], source: () => 0 },
    at: element.at ?? { start: 0, end: element.text.length } }
}

export function wordOf({ expanded: { text: value }, text, at }: Element): Word {
  const unknown = firstHoleIn(value)
  const { start, end } = at ?? { start: 0, end: text.length }
  if (unknown < 0) return { value, prefix: value, splits: false, text, start, end }
  return { value: null, prefix: value.slice(0, unknown), splits: false, text, start, end }
}
