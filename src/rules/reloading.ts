import { isLasting } from '../kubernetes/pod-fields.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'reloading',
  severity: 'warning',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'gunicorn watches its files and restarts its workers when one changes',
  why: 'Files of an image do not change. Watching them takes CPU, and where the application cannot be loaded, visitors get the traceback.',
  remedy: 'Leave `--reload` out.',
  settings: ['reload'],

  *check(subject) {
    const { settings, workload, container, runs } = subject
    const setting = settings.get('reload')
    // In a branch of a script it is the choice of a developer: `if [ "$DEBUG" ]; then gunicorn --reload …`.
    if (!setting || !isLasting(workload, container) || runs === 'maybe') return
    for (const entry of settings.entries('reload'))
      if (entry.value === true && entry.word)
        yield invalid(subject, setting, entry, 'must not be used outside of development', { value: entry.word.value,
          fix: { drop: 'reload' } })
  },
})
