import { defineRule, invalid, numbers } from './rule.ts'

export default defineRule({
  id: 'disabled-timeout',
  severity: 'warning',
  summary: 'requests have no time limit',
  why: 'A request that hangs holds its worker for ever; once all workers hang, the application no longer answers.',
  remedy: 'Set the timeout to 1 minute or a larger value: `--timeout 120` sets it to two minutes.',
  settings: ['timeout'],

  *check(subject) {
    for (const { setting, entry, value } of numbers(subject, 'timeout'))
      if (value === 0)
        yield invalid(subject, setting, entry, '`timeout` must be greater than 0, as 0 lets slow requests occupy workers without end')
  },
})
