import { neededDistribution } from '../gunicorn/worker-classes.ts'
import { admits } from '../python/version.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'
import { setBy } from './subject/origin.ts'
import { isPython2 } from './subject/surroundings.ts'

export default defineRule({
  id: 'python2-gevent',
  severity: 'error',
  action: 'Deny',
  summary: 'Python 2 with a gevent above 1.2',
  why: 'The platform supports gevent on Python 2 up to version 1.2 only.',
  remedy: 'For Python 2, specify version 1.2 or lower: `gevent<1.3`.',
  settings: ['worker_class'],

  *check(subject) {
    const setting = subject.settings.get('worker_class')
    if (!setting || !isPython2(subject)) return
    for (const entry of subject.settings.entries('worker_class')) {
      if (neededDistribution(String(entry.value)) !== 'gevent') continue
      const { state, specifier, evidence } = subject.python.installed('gevent')
      // All of 1.2's own releases are 1.2; a specifier that also admits later ones gets the latest.
      if (state !== 'Installed' || !['some', 'none'].includes(admits(specifier, '<1.3'))) continue
      const found = specifier === '' ? 'any version' : specifier
      const detail = `\`worker_class\` of container "${subject.container.name}", set by ${
        setBy(setting, entry)
      }, must not be used on Python 2 with a gevent above 1.2, and ${evidence} admits ${found}`
      yield invalid(subject, setting, entry, detail)
    }
  },
})
