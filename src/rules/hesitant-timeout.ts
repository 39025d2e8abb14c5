import { numbers } from '../gunicorn/entries.ts'
import { workerFamily } from '../gunicorn/worker-facts.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'hesitant-timeout',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'the request timeout is raised, but not to the minute that the platform advises',
  why: 'A request that takes longer is forcibly interrupted: the user sees a 502, and the log has "Worker Timeout".',
  remedy: 'Optimize the application so that requests take less than 30 seconds, or set the timeout to 1 minute or a larger value: ' +
    '`--timeout 120` sets it to two minutes.',
  settings: ['timeout'],

  *check(subject) {
    // Others answer slow requests whatever the timeout.
    if (workerFamily(subject.settings)?.timeout === 'worker') return
    for (const { setting, entry, value } of numbers(subject, 'timeout'))
      if (value > 30 && value < 60)
        yield invalid(subject, setting, entry, '`timeout` must be greater than or equal to 60 where 30 seconds are not enough')
  },
})
