import { missing } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'missing-workers',
  severity: 'warning',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'nothing sets the number of workers',
  why: 'gunicorn starts one worker, which handles one request at a time: one slow request holds up all others.',
  remedy: 'Add `-w 4`, or set WEB_CONCURRENCY.',
  settings: ['workers'],
  unset: true,

  *check(subject) {
    yield* missing(subject, 'workers')
  },
})
