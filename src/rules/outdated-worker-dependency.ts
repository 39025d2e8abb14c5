import type { Release } from '../gunicorn/catalogue.ts'
import { neededDistribution, oldestWorking } from '../gunicorn/worker-classes.ts'
import { admits } from '../python/version.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'
import { setBy } from './subject/origin.ts'
import { isPython2 } from './subject/surroundings.ts'

export default defineRule({
  id: 'outdated-worker-dependency',
  severity: 'error',
  action: 'Deny',
  summary: 'the distribution that the worker class needs is too old for this gunicorn',
  why: 'gunicorn exits at start with "worker requires … or higher".',
  remedy: 'Raise the version of the distribution in requirements.txt.',
  settings: ['worker_class'],

  *check(subject) {
    const setting = subject.settings.get('worker_class')
    // On Python 2 no release from 20.0 on starts, and older ones do not mind.
    if (!setting || isPython2(subject)) return
    for (const entry of subject.settings.entries('worker_class')) {
      const workerClass = String(entry.value)
      const needed = neededDistribution(workerClass)
      if (needed === undefined || subject.releases.every((release) => oldestWorking(workerClass, release) === undefined)) continue
      const { state, specifier, evidence } = subject.python.installed(needed)
      if (state !== 'Installed') continue
      const isRefused = (release: Release): boolean => {
        const least = oldestWorking(workerClass, release)
        return least !== undefined && admits(specifier, `>=${least}`) === 'none'
      }
      const refusing = subject.releases.filter(isRefused)
      const [first] = refusing
      if (!first) continue
      const least = oldestWorking(workerClass, first)
      const detail = `\`worker_class\` of container "${subject.container.name}", set by ${
        setBy(setting, entry)
      }, needs ${needed} ${least} or newer, and ${evidence} admits ${specifier}`
      yield invalid(subject, setting, entry, detail, {
        remedy: `Raise ${needed} to ${least} or newer in requirements.txt.`,
        ...(refusing.length < subject.releases.length ? { releases: refusing } : {}),
      })
    }
  },
})
