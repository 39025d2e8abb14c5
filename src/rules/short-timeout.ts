import { numbers } from '../gunicorn/entries.ts'
import { workerFamily } from '../gunicorn/worker-facts.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'short-timeout',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'less time than the 30 seconds that gunicorn gives by default',
  why: 'A sync worker whose request takes longer is killed: the user sees a 500 or a 502, and the log has "Worker Timeout". ' +
    'Workers with threads or an event loop answer slow requests all the same: they are killed when all of them is blocked for so long, with every request at hand. ' +
    'Up to gunicorn 21.2 the import of the application counts as well: one that takes longer is killed for ever.',
  remedy: 'Leave the timeout at 30 seconds, or set it to 1 minute or a larger value: `--timeout 120` sets it to two minutes.',
  settings: ['timeout'],

  *check(subject) {
    for (const { setting, entry, value } of numbers(subject, 'timeout'))
      if (value > 0 && value < 30)
        yield invalid(subject, setting, entry, `\`timeout\` must be greater than or equal to 30, the default, as ${consequence(subject)}`)
  },
})

function consequence({ settings }: Subject): string {
  const family = workerFamily(settings)
  return family?.timeout === 'worker'
    ? `${family.told} is killed with all of its requests when it is blocked for longer`
    : 'a request that exceeds it is forcibly interrupted with a 502'
}
