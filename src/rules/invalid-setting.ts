import { adviceOnValue } from '../gunicorn/advice.ts'
import type { StartProblem } from '../gunicorn/settings.ts'
import { defineRule, namesPort, refusals, withPortVariable, type Subject } from './rule.ts'

export default defineRule({
  id: 'invalid-setting',
  severity: 'error',
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
      const inList = (subject.form === 'exec' && problem.source === 'command line') || problem.source === 'GUNICORN_CMD_ARGS'
      const remedy = adviceOnValue(problem.setting, value, subject.releases, inList)
      yield {
        place,
        shape: 'Invalid value',
        value,
        detail: `gunicorn refuses it: ${problem.message.replace(/\.$/, '')}`,
        ...(remedy === undefined ? {} : { remedy }),
        ...(releases ? { releases } : {}),
      }
    }
  },
})

function valueOf({ environment }: Subject, { variable, word }: StartProblem): string {
  return (variable === undefined ? (word?.value ?? word?.text) : environment.variables.get(variable)?.value) ?? ''
}

/** What the name of the port's variable means in an address is another rule's to say. */
function isLiteralPort(subject: Subject, { setting, source, word }: StartProblem, value: string): boolean {
  const unexpanded = (subject.form === 'exec' && source === 'command line') || source === 'GUNICORN_CMD_ARGS'
  return setting === 'bind' && word !== undefined && unexpanded && withPortVariable(value, subject.platform.port.env) !== undefined && namesPort(subject, source, word)
}
