import { defineRule, invalid, numbers } from './rule.ts'

export default defineRule({
  id: 'zero-workers',
  severity: 'error',
  summary: 'there is no worker',
  why: 'gunicorn starts, takes connections, and never answers one.',
  remedy: 'Start at least one worker: `-w 4`.',
  settings: ['workers'],

  *check(subject) {
    for (const { setting, entry, value } of numbers(subject, 'workers'))
      if (value === 0) yield invalid(subject, setting, entry, '`workers` must be greater than 0, as nobody would answer')
  },
})
