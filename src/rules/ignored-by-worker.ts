import { workerFamily } from '../gunicorn/worker-facts.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'ignored-by-worker',
  severity: 'info',
  action: 'Audit',
  mayBeAllowed: true,
  summary: 'the worker class ignores a setting',
  why: 'gunicorn takes the setting, and the worker ignores it: nothing in the log says so.',
  remedy: 'Remove the setting, or take a worker class that heeds it.',
  settings: ['threads', 'access_log_format', 'accesslog'],

  *check(subject) {
    const family = workerFamily(subject.settings)
    if (!family) return
    for (const [name, reason] of Object.entries(family.ignores)) {
      const setting = subject.settings.get(name)
      if (!setting || setting.source === 'default') continue
      for (const entry of subject.settings.entries(name))
        // One thread is what there is without it.
        if (name !== 'threads' || entry.value !== 1)
          yield invalid(subject, setting, entry, `\`${name}\` must be left out with ${family.told}: ${reason}`)
    }
  },
})
