import { defineRule, logsElsewhere, missing } from './rule.ts'

export default defineRule({
  id: 'missing-error-log',
  severity: 'warning',
  summary: "nothing sends the error log to the console",
  why: "Where errors go hangs on the release and on what the image sets: a worker timeout may leave no trace.",
  remedy: 'Add `--error-logfile -`.',
  settings: ['errorlog'],
  unset: true,

  *check(subject) {
    if (!logsElsewhere(subject)) yield* missing(subject, 'errorlog')
  },
})
