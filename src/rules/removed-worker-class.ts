import { compareReleases, releases } from '../gunicorn/catalogue.ts'
import { lastReleaseWith, releasesWithout } from '../gunicorn/worker-classes.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'removed-worker-class',
  severity: 'error',
  action: 'Deny',
  summary: 'this gunicorn no longer has the worker class',
  why: 'gunicorn exits at start with "class uri invalid or not found".',
  remedy: 'Take another worker class, such as gthread, or gevent with its distribution; or pin a gunicorn release that has it.',
  settings: ['worker_class'],

  *check(subject) {
    const setting = subject.settings.get('worker_class')
    if (!setting) return
    for (const entry of subject.settings.entries('worker_class')) {
      const name = String(entry.value)
      const last = lastReleaseWith(name)
      const without = releasesWithout(name, subject.releases).filter((release) => last && compareReleases(release.name, last.name) > 0)
      if (!last || without.length === 0) continue
      const next = releases[releases.indexOf(last) + 1]
      const detail = `must not be used with gunicorn ${next?.name ?? ''} and newer, which no longer have it`
      yield invalid(subject, setting, entry, detail, without.length < subject.releases.length ? { releases: without } : {})
    }
  },
})
