import { adviceOnValue } from '../gunicorn/advice.ts'
import type { StartProblem } from '../gunicorn/settings.ts'
import { holdsOption } from '../gunicorn/written-options.ts'
import type { Word } from '../shell/word.ts'
import { defineRule, type Subject } from './rule.ts'
import { fatalValues } from './subject/fatal-values.ts'
import { literalPorts } from './subject/literal-ports.ts'
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
    let mended: ReadonlySet<Word | undefined> | undefined
    for (const { problem, place, releases } of refusals(subject, 'invalid-setting')) {
      // Where the name of the port's variable stands in an address, and can be mended, another rule says so.
      if (problem.setting === 'bind' && problem.word && (mended ??= mendedPorts(subject)).has(problem.word)) continue
      const value = valueOf(subject, problem)
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

const mendedPorts = (subject: Subject): ReadonlySet<Word | undefined> =>
  new Set([...literalPorts(subject)].flatMap(({ entry, fix }) => (fix ? [entry.argument?.word] : [])))
