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
    for (const word of subject.words.slice(1)) {
      if (word.value === '--') return
      const into = parts(subject, word)
      if (into)
        yield {
          place: subject.placeOf(word),
          shape: 'Invalid value',
          value: word.value,
          detail: 'must be two elements, as gunicorn takes it for the application',
          fix: { split: word, into },
        }
    }
  },
})

/** The option and its value; undefined for a word that gunicorn does not take for the application. */
function parts({ releases }: Subject, { value, text }: Word): [string, string] | undefined {
  // Only a long name: of `-w 4` in one element argparse makes the option and its value.
  const match = value?.startsWith('--') ? /^(--[a-z][\w-]*)\s+(\S.*)$/s.exec(text) : null
  const [, name = '', rest = ''] = match ?? []
  const option = releases.some((release) => release.exact(name) && release.exact(name)?.takes !== 'none')
  return match && option && !rest.includes(' --') ? [name, rest.trim()] : undefined
}
