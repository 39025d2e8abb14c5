import { defineRule, refusals } from './rule.ts'

export default defineRule({
  id: 'missing-application',
  severity: 'error',
  summary: 'the command line names no application',
  why: 'gunicorn exits at start with "No application module specified".',
  remedy: 'Name the application: `gunicorn MODULE:VARIABLE`.',
  settings: ['wsgi_app'],
  unset: true,
  always: true,

  *check(subject) {
    for (const { place, releases } of refusals(subject, 'missing-application'))
      yield { place, shape: 'Required value', detail: 'an application must be named', ...(releases ? { releases } : {}) }
  },
})
