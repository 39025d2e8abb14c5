/** Words as far as they are known, against arguments that were seen. */
import type { Word } from '../../src/shell/word.ts'

/** Whether words, as far as they are known, can be these arguments. */
export function canBe(words: readonly Word[], argv: readonly string[], from = 0, at = 0): boolean {
  const word = words[from]
  if (word === undefined) return at === argv.length
  if (word.splits) {
    for (let next = at; next <= argv.length; next++) {
      if ((next === at || argv[at]?.startsWith(word.prefix) === true) && canBe(words, argv, from + 1, next)) return true
    }
    return false
  }
  const argument = argv[at]
  if (argument === undefined || !(word.value === null ? argument.startsWith(word.prefix) : argument === word.value)) return false
  return canBe(words, argv, from + 1, at + 1)
}

export const show = (words: readonly Word[]): string =>
  words.map(({ value, prefix, splits }) => (value === null ? `<${prefix}…${splits ? '*' : ''}>` : JSON.stringify(value)))
    .join(' ')
