import type { Word } from '../shell/word.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'joined-argument',
  severity: 'error',
  summary: 'one element of a list holds an option and its value',
  why: 'gunicorn takes the element for the application, and ignores the real one.',
  remedy: 'Make two elements of it: the option, and its value.',
  settings: [],
  always: true,

  *check(subject) {
    if (subject.form !== 'exec') return
    let values: ReadonlySet<Word> | undefined
    for (const [index, word] of subject.words.entries()) {
      if (index === 0) continue
      if (word.value === '--') return
      const into = parts(subject, word)
      if (!into || (values ??= valuesOf(subject)).has(word)) continue
      // What holds several options is for its author to take apart.
      const several = into[1].includes(' --')
      const taken = subject.settings.application === word.value ? 'the application' : 'no option'
      yield {
        place: subject.placeOf(word),
        shape: 'Invalid value',
        value: word.value,
        detail: `must be ${several ? 'an element for each option and each value' : 'two elements'}, as gunicorn takes it for ${taken}`,
        ...(several ? { remedy: 'Make an element of each option and of each value.' } : { fix: { split: word, into } }),
      }
    }
  },
})

/** The option and its value; undefined for a word that is no option with a value in one. */
function parts({ releases }: Subject, { value }: Word): [string, string] | undefined {
  // Only a long name: of `-w 4` in one element argparse makes the option and its value.
  if (value?.startsWith('--') !== true) return undefined
  const [match, name = '', rest = ''] = /^(--[a-z][\w-]*)\s+(\S.*)$/s.exec(value) ?? []
  if (match === undefined) return undefined
  const takesValue = releases.some((release) => {
    const found = release.long(name)
    return found !== null && 'option' in found && found.option.takes !== 'none'
  })
  return takesValue ? [name, rest.trim()] : undefined
}

/** The words that are the value of an option before them: `--name '--workers 4'`. */
function valuesOf({ settings }: Subject): ReadonlySet<Word> {
  const values = new Set<Word>()
  for (const reading of settings.readings)
    for (const { entries } of reading.written())
      for (const { argument } of entries) if (argument) values.add(argument.word)
  return values
}
