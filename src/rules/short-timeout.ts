import { defineRule, invalid, numbers } from './rule.ts'

const detail =
  '`timeout` must be greater than or equal to 30, the default, as a request that exceeds it is forcibly interrupted with a 502'

export default defineRule({
  id: 'short-timeout',
  severity: 'warning',
  summary: 'requests are interrupted before the 30 seconds that gunicorn gives them by default',
  why: 'A request that takes longer is forcibly interrupted: the user sees a 502, and the log has "Worker Timeout".',
  remedy: 'Leave the timeout at 30 seconds, or set it to 1 minute or a larger value: `--timeout 120` sets it to two minutes.',
  settings: ['timeout'],

  *check(subject) {
    for (const { setting, entry, value } of numbers(subject, 'timeout'))
      if (value > 0 && value < 30) yield invalid(subject, setting, entry, detail)
  },
})
