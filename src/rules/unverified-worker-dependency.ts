import { neededDistribution } from '../gunicorn/worker-classes.ts'
import { defineRule, invalid, setBy } from './rule.ts'

export default defineRule({
  id: 'unverified-worker-dependency',
  severity: 'info',
  summary: 'the worker class needs a distribution, and nothing tells whether it is installed',
  why: 'Without it gunicorn exits at start with "class uri invalid or not found".',
  remedy: 'Put requirements.txt into the annotation paddock.dev/requirements.',
  settings: ['worker_class'],

  *check(subject) {
    const setting = subject.settings.get('worker_class')
    if (!setting) return
    for (const entry of subject.settings.entries('worker_class')) {
      const needed = neededDistribution(String(entry.value))
      if (needed === undefined || subject.python.installed(needed).state !== 'Unknown') continue
      const detail = `\`worker_class\` of container "${subject.container.name}", set by ${setBy(setting, entry)}, needs ${needed}, and nothing tells whether it is installed`
      yield invalid(subject, setting, entry, detail)
    }
  },
})
