import { wrongNames } from '../gunicorn/wrong-names.ts'
import { defineRule, refusals } from './rule.ts'

export default defineRule({
  id: 'unknown-setting',
  severity: 'error',
  summary: 'gunicorn has no such option',
  why: 'gunicorn exits at start with a usage error.',
  remedy: 'Remove it, or write the name as `gunicorn --help` has it.',
  settings: [],
  always: true,
  isAboutWords: true,

  *check(subject) {
    for (const { problem, place, releases } of refusals(subject, 'unknown-setting')) {
      const written = problem.word?.value ?? problem.word?.text ?? ''
      const name = written.split('=')[0] ?? ''
      const right = Object.hasOwn(wrongNames, name) ? wrongNames[name] : undefined
      yield {
        place,
        shape: 'Invalid value',
        value: written,
        detail: problem.message,
        ...(right === undefined ? {} : { remedy: `Write \`${right}\`.` }),
        ...(releases ? { releases } : {}),
      }
    }
  },
})
