import { neededDistribution } from '../gunicorn/worker-classes.ts'
import { defineRule, invalid, setBy, type Subject } from './rule.ts'

export default defineRule({
  id: 'missing-worker-dependency',
  severity: 'error',
  summary: 'the worker class needs a distribution that is not installed',
  why: 'gunicorn exits at start with "class uri invalid or not found".',
  remedy: 'Add the distribution to requirements.txt, or take another worker class.',
  settings: ['worker_class'],

  *check(subject) {
    const setting = subject.settings.get('worker_class')
    if (!setting) return
    for (const entry of subject.settings.entries('worker_class')) {
      const needed = neededDistribution(String(entry.value))
      if (needed === undefined) continue
      const { state, evidence } = subject.python.installed(needed)
      if (state !== 'Absent') continue
      const detail = `\`worker_class\` of container "${subject.container.name}", set by ${setBy(setting, entry)}, needs ${needed}, which is not in ${evidence}`
      // A class that cannot be loaded either would be no way out.
      const fallback = isAbsent(subject, subject.platform.workerFallback) ? null : subject.platform.workerFallback
      yield invalid(subject, setting, entry, detail, {
        remedy: `Add ${needed} to requirements.txt, or take another worker class.`,
        ...(fallback === null ? {} : { fix: { setting: 'worker_class', value: fallback, entry } }),
      })
    }
  },
})

function isAbsent({ python }: Subject, workerClass: string | null): boolean {
  const needed = workerClass === null ? undefined : neededDistribution(workerClass)
  return needed !== undefined && python.installed(needed).state === 'Absent'
}
