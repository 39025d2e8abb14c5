import { numbers } from '../gunicorn/entries.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'zero-workers',
  severity: 'error',
  action: 'Deny',
  summary: 'there is no worker, or none with a thread',
  why:
    'Without a worker gunicorn starts, takes connections, and never answers one. A worker of the class gthread without a thread does not boot, and gunicorn exits.',
  remedy: 'Start at least one worker: `-w 4`.',
  settings: ['workers', 'threads'],

  *check(subject) {
    for (const { setting, entry, value } of numbers(subject, 'workers'))
      if (value === 0) yield invalid(subject, setting, entry, '`workers` must be greater than 0, as nobody would answer')
    const worker = subject.settings.value('worker_class')
    if (worker !== 'gthread' && worker !== 'gunicorn.workers.gthread.ThreadWorker') return
    for (const { setting, entry, value } of numbers(subject, 'threads'))
      if (value === 0)
        yield invalid(subject, setting, entry,
          '`threads` must be greater than 0, as a worker of the class gthread does not boot without one', {
          remedy: 'Start at least one thread in each worker: `--threads 2`.',
        })
  },
})
