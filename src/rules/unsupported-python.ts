import { unsupported } from '../gunicorn/pythons.ts'
import { knownRelease } from '../known-release.ts'
import { admits } from '../python/version.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'unsupported-python',
  severity: 'error',
  action: 'Deny',
  summary: 'this gunicorn does not start on this Python',
  why: 'gunicorn ends with a traceback before it has read its arguments.',
  remedy: 'Take a gunicorn release and a Python that go together: gunicorn 21.2 and newer start on all of Python 3.8 to 3.13.',
  settings: [],

  *check(subject) {
    const { version } = subject.python
    if (version === undefined || !/^\d+\.\d+(\.\d+)*$/.test(version)) return
    const known = knownRelease(subject)
    if (!known) return
    const fault = unsupported.find(({ releases, python }) =>
      admits(known.specifier, releases) === 'all' && admits(`==${version}.*`, python) === 'all'
    )
    if (fault)
      yield {
        place: known.place ?? subject.place,
        shape: 'Invalid value',
        value: known.told,
        detail: `gunicorn (from ${known.evidence}) must support Python ${version}: ${fault.told}`,
        remedy: fault.remedy,
      }
  },
})
