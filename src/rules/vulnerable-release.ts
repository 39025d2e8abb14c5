import { advisories } from '../gunicorn/advisories.ts'
import { admits } from '../python/version.ts'
import { defineRule, knownRelease } from './rule.ts'

export default defineRule({
  id: 'vulnerable-release',
  severity: 'warning',
  summary: 'this gunicorn release is known to let requests be smuggled in',
  why: 'A client can hide a request from the proxy in front of gunicorn, and so get past what the proxy forbids, or into the connection of somebody else.',
  remedy: 'Update gunicorn: `gunicorn>=23.0.0`.',
  settings: [],

  *check(subject) {
    const known = knownRelease(subject)
    if (!known) return
    const found = advisories.filter(({ affected }) => admits(known.specifier, affected) === 'all')
    const newest = found[0]
    if (!newest) return
    const ids = found.map(({ id }) => id).join(', ')
    const version = known.specifier.replace(/^={2,3}/, '')
    yield { place: known.place ?? subject.place, shape: 'Invalid value', value: version, detail: `gunicorn must be ${newest.fixed} or newer, as ${ids} ${found.length > 1 ? 'are' : 'is'} known of what ${known.evidence} says` }
  },
})
