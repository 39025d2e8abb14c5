import { oneDash } from '../gunicorn/advice.ts'
import { isBehindOneDash, operandsOf } from '../gunicorn/operands.ts'
import { vain } from './problem.ts'
import { defineRule } from './rule.ts'

/** Of addresses and worker classes that there are not other rules speak. */
const spokenOf = /^-[bk]/

export default defineRule({
  id: 'lost-argument',
  severity: 'warning',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'words that are meant for gunicorn never get to it, or it does not read them',
  why:
    'A shell takes what stands behind its script for parameters, and what stands on another line for another command; gunicorn takes one application, and ignores what stands behind it. Nothing says so.',
  remedy: 'Write an option, such as `--workers 4`, or take it out.',
  settings: ['wsgi_app'],
  unset: true,

  *check(subject) {
    if (subject.settings.problems.length > 0) return
    for (const word of subject.words) {
      const remedy = word.value?.startsWith('-') === true ? oneDash(word.value, subject.releases) : undefined
      if (remedy !== undefined && !spokenOf.test(word.value ?? ''))
        yield { place: subject.placeOf(word), shape: 'Invalid value', value: word.value,
          detail: `must have two dashes: gunicorn takes \`${word.value?.slice(0, 2)}\` for the option, and the rest for its value`, remedy }
    }
    // A blank behind a `\` is one as well, and what that cuts off is told.
    const [application, first, ...others] = operandsOf(subject.settings.readings).filter(({ value }, index) =>
      index === 0 || value?.trim() !== ''
    )
    if (!application || !first || first.value === null || isBehindOneDash(subject, application)) return
    // More of them are no news.
    yield {
      place: subject.placeOf(first),
      shape: 'Invalid value',
      value: first.value,
      detail: `must be an option${
        others.length > 0 ? `, as must the ${others.length === 1 ? 'word' : `${others.length} words`} behind it` : ''
      }: gunicorn takes the first word that is none for the application, and ignores the others`,
      // Behind an option gunicorn would refuse them.
      ...(others.length > 0 ? { remedy: 'Write options, such as `--workers 4`, in place of all of them, or take them out.' } : {}),
    }
  },

  ofMisstart(misstart) {
    const { kind, place, splices } = misstart
    return kind === 'unread' || kind === 'cut' ? vain(misstart, splices && { path: place.path, splices }) : undefined
  },
})
