import { numbers } from '../gunicorn/entries.ts'
import { workerFamily } from '../gunicorn/worker-facts.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'disabled-timeout',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'a worker that hangs is left alone',
  why: 'A request that hangs holds its sync worker for ever; once all workers hang, the application no longer answers. ' +
    'A worker with threads or an event loop that is blocked as a whole takes all of its requests with it.',
  remedy: 'Set the timeout to 1 minute or a larger value: `--timeout 120` sets it to two minutes.',
  settings: ['timeout'],

  *check(subject) {
    for (const { setting, entry, value } of numbers(subject, 'timeout'))
      if (value === 0) yield invalid(subject, setting, entry, `\`timeout\` must be greater than 0, as 0 ${consequence(subject)}`)
  },
})

function consequence({ settings }: Subject): string {
  const family = workerFamily(settings)
  return family?.timeout === 'worker' ? `leaves ${family.told} hanging for ever when it is blocked`
    : 'lets slow requests occupy workers without end'
}
