import { workerFamily } from '../gunicorn/worker-facts.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'refused-by-worker',
  severity: 'error',
  action: 'Deny',
  summary: 'the worker class does not start with a setting',
  why: 'Each worker ends with a traceback while it boots, and gunicorn with it: "Worker failed to boot".',
  remedy: 'Remove the setting.',
  settings: ['access_log_format'],

  *check(subject) {
    const family = workerFamily(subject.settings)
    if (!family) return
    for (const [name, { pattern, told, instead }] of Object.entries(family.refuses)) {
      const setting = subject.settings.get(name)
      if (!setting || setting.source === 'default') continue
      // The default, written down, is not told from the default.
      const standard = subject.releases.map((release) => release.settings[name]?.default)
      for (const entry of subject.settings.entries(name))
        if (pattern.test(String(entry.value)) && !standard.includes(entry.value))
          yield invalid(subject, setting, entry, `must not hold gunicorn's own fields, as ${told}`, {
            remedy: `Remove \`${name}\`, or write it as the worker has it: \`${instead}\`.`,
          })
    }
  },
})
