/** Words of a command line that are no options, or are taken for others than they look. */
import type { Word } from '../shell/word.ts'
import { oneDash } from './advice.ts'
import type { Release } from './catalogue.ts'
import type { Reading } from './settings.ts'

/** The operands of a command line, where all releases tell the same ones, or all that are told. */
export function operandsOf(readings: readonly Reading[]): readonly Word[] {
  for (const { operands } of readings) if (operands && operands.length > 0) return operands
  return noWords
}

const noWords: readonly Word[] = []

/** Whether a word stands behind a long option with one dash, which takes the rest of its own name for its value. */
export function isBehindOneDash({ words, releases }: { readonly words: readonly Word[]; readonly releases: readonly Release[] },
  word: Word): boolean {
  const before = words[words.indexOf(word) - 1]
  return before?.value?.startsWith('-') === true && !before.value.includes('=') && oneDash(before.value, releases) !== undefined
}
