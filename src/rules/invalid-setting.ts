import { defineRule, refusals } from './rule.ts'

export default defineRule({
  id: 'invalid-setting',
  severity: 'error',
  summary: 'a setting has a value that gunicorn refuses',
  why: 'gunicorn exits at start.',
  remedy: 'Write a value that gunicorn takes.',
  settings: [],
  always: true,

  *check(subject) {
    for (const { problem, place, releases } of refusals(subject, 'invalid-setting')) {
      const value = problem.variable === undefined ? (problem.word?.value ?? problem.word?.text) : subject.environment.variables.get(problem.variable)?.value
      // What the name of a variable in a port means is literal-port's to say.
      if (problem.setting === 'bind' && subject.form === 'exec' && value?.includes('$') && value.includes(subject.platform.port.env)) continue
      const literal = subject.form === 'exec' && problem.source === 'command line' && /\$[{A-Za-z_]/.test(value ?? '')
      yield {
        place,
        shape: 'Invalid value',
        value: value ?? '',
        detail: problem.message,
        ...(literal ? { remedy: 'Write `$(NAME)`, and define NAME in `env`: no shell expands `$NAME` in a list.' } : {}),
        ...(releases ? { releases } : {}),
      }
    }
  },
})
