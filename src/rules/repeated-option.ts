import type { Repeated } from '../gunicorn/settings.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'

export default defineRule({
  id: 'repeated-option',
  severity: 'info',
  action: 'Audit',
  mayBeAllowed: true,
  summary: 'an option is given twice, and the first value is lost',
  why: 'gunicorn takes the last value of an option that has one, and says nothing of the others.',
  remedy: 'Leave one of them out.',
  settings: [],

  *check(subject) {
    for (const { name, first, last } of subject.settings.readings[0]?.repeated ?? []) yield problemOf(subject, name, first, last)
  },
})

function problemOf(subject: Subject, name: string, first: Repeated['first'], last: Repeated['last']): Problem {
  const written = (one: Repeated['first']): string => one.argument?.word.text ?? one.word.text
  return {
    place: subject.placeOf(first.argument?.word ?? first.word),
    shape: 'Invalid value',
    value: first.argument?.text ?? written(first),
    detail: `must be the only value of \`${name}\`, as ${
      JSON.stringify(last.argument?.text ?? written(last))
    } behind it is the one that holds`,
  }
}
