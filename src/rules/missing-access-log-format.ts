import { missing } from './problem.ts'
import { defineRule } from './rule.ts'
import { logsElsewhere } from './subject/surroundings.ts'

export default defineRule({
  id: 'missing-access-log-format',
  severity: 'warning',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'nothing sets the access log format',
  why: "Lines in gunicorn's own format cannot be taken apart by the platform, and lack the request's id and duration.",
  remedy: "Add `--access-logformat` with the platform's format.",
  settings: ['access_log_format'],
  unset: true,

  *check(subject) {
    if (!logsElsewhere(subject)) yield* missing(subject, 'access_log_format')
  },
})
