import { adviceOnValue } from '../gunicorn/advice.ts'
import { namesPort, withPortVariable } from '../gunicorn/port-variable.ts'
import type { StartProblem } from '../gunicorn/settings.ts'
import { holdsOption } from '../gunicorn/written-options.ts'
import { defineRule, type Subject } from './rule.ts'
import { fatalValues } from './subject/fatal-values.ts'
import { refusals } from './subject/refusals.ts'
import { adviceOnUnexpanded, isLeft, isUnexpanded } from './subject/unexpanded.ts'

export default defineRule({
  id: 'invalid-setting',
  severity: 'error',
  action: 'Deny',
  summary: 'a setting has a value that gunicorn refuses',
  why: 'gunicorn exits at start.',
  remedy: 'Write a value that gunicorn takes.',
  settings: [],
  always: true,
  isAboutWords: true,

  *check(subject) {
    for (const { problem, place, releases } of refusals(subject, 'invalid-setting')) {
      const value = valueOf(subject, problem)
      if (isLiteralPort(subject, problem, value)) continue
      const remedy = isLeft(subject, problem.source, problem.word)
        ? adviceOnUnexpanded(subject, problem.source, value, problem.word)
        : isJoined(subject, problem, value) ? 'Make an element of each word.'
        : adviceOnValue(problem.setting, value, subject.releases, isUnexpanded(subject, problem.source))
      yield {
        place,
        shape: 'Invalid value',
        value,
        detail: `gunicorn refuses it: ${problem.message.replace(/\.$/, '')}`,
        ...(remedy === undefined ? {} : { remedy }),
        ...(releases ? { releases } : {}),
      }
    }
    yield* fatalValues(subject)
  },
})

function valueOf({ environment }: Subject, { variable, word }: StartProblem): string {
  return (variable === undefined ? (word?.value || word?.text) : environment.variables.get(variable)?.value) ?? ''
}

/** Whether an element of a list holds a value with options behind it: `0.0.0.0:8000 --workers 4`. */
const isJoined = ({ form, releases }: Subject, { source }: StartProblem, value: string): boolean =>
  form === 'exec' && source === 'command line' && !value.startsWith('-') && holdsOption(value.split(/\s+/), releases)

/** What the name of the port's variable means in an address is another rule's to say. */
function isLiteralPort(subject: Subject, { setting, source, word }: StartProblem, value: string): boolean {
  return setting === 'bind' && word !== undefined && isUnexpanded(subject, source) &&
    withPortVariable(value, subject.platform.port.env) !== undefined && namesPort(subject, source, word)
}
