import { advisories } from '../gunicorn/advisories.ts'
import { knownRelease } from '../known-release.ts'
import { admits } from '../python/version.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'vulnerable-release',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'this gunicorn release is known to let requests be smuggled in',
  why:
    'A client can hide a request from the proxy in front of gunicorn, and so get past what the proxy forbids, or into the connection of somebody else.',
  remedy: 'Update gunicorn: `gunicorn>=23.0.0`.',
  settings: [],

  *check(subject) {
    const known = knownRelease(subject)
    // Whoever packages it mends what his own security team knows of, and keeps the version.
    if (!known || known.isRepackaged) return
    const found = advisoriesOf(known.specifier)
    const newest = found[0]
    if (!newest) return
    const ids = found.map(({ id }) => id).join(', ')
    const own = subject.python.version
    const isTooOld = own !== undefined && admits(`==${own}.*`, newest.python) === 'none'
    const version = known.told
    yield {
      place: known.place ?? subject.place,
      shape: 'Invalid value',
      value: version,
      detail: `gunicorn must be ${newest.fixed} or newer: that of ${known.evidence} has ${ids}`,
      ...(isTooOld
        ? {
          remedy: `Move to Python ${
            newest.python.replace('>=', '')
          } or newer, and update gunicorn there: no release without it is for Python ${own}.`,
        } : {}),
    }
  },
})

/** By specifiers, which are few. They come from outside: past this many they are forgotten, and a longer one is not remembered. */
const remembered = new Map<string, typeof advisories>()
const mostRemembered = 500
const longestRemembered = 100

/** What is known of each release that a specifier admits. */
function advisoriesOf(specifier: string): typeof advisories {
  const known = remembered.get(specifier)
  if (known) return known
  const found = advisories.filter(({ affected }) => admits(specifier, affected) === 'all')
  if (specifier.length > longestRemembered) return found
  if (remembered.size >= mostRemembered) remembered.clear()
  remembered.set(specifier, found)
  return found
}
