import { missing } from './problem.ts'
import { defineRule } from './rule.ts'
import { logsElsewhere } from './subject/surroundings.ts'

export default defineRule({
  id: 'missing-access-log',
  severity: 'warning',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'the access log does not reach the console',
  why: 'gunicorn writes no access log unless it is told where to: requests leave no trace.',
  remedy: 'Add `--access-logfile -`.',
  settings: ['accesslog'],
  unset: true,

  *check(subject) {
    if (!logsElsewhere(subject)) yield* missing(subject, 'accesslog')
  },
})
