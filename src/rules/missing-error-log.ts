import { missing } from './problem.ts'
import { defineRule } from './rule.ts'
import { logsElsewhere } from './subject/surroundings.ts'

export default defineRule({
  id: 'missing-error-log',
  severity: 'warning',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'nothing sets where the error log goes',
  why: 'It goes to the console, as long as nothing in the image sends it elsewhere. The platform wants that written down.',
  remedy: 'Add `--error-logfile -`.',
  settings: ['errorlog'],
  unset: true,

  *check(subject) {
    if (!logsElsewhere(subject)) yield* missing(subject, 'errorlog')
  },
})
