import { isNeeded, needsOfGunicorn, type Need } from '../gunicorn/worker-classes.ts'
import { knownRelease } from '../known-release.ts'
import { admits } from '../python/version.ts'
import { invalid } from './problem.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'
import { needs } from './subject/needs.ts'
import { setBy } from './subject/origin.ts'

export default defineRule({
  id: 'too-new-dependency',
  severity: 'error',
  action: 'Deny',
  summary: 'a distribution that gunicorn or its worker class needs no longer has what they import',
  why: 'gunicorn ends at start: what it imports is gone from that release.',
  remedy: 'Pin an older release of the distribution in requirements.txt.',
  settings: [],

  *check(subject) {
    const { container, releases: possible } = subject
    for (const { setting, entry, need, releases } of needs(subject)) {
      const fault = faultOf(need, subject)
      if (!fault) continue
      const detail = `\`${setting.name}\` of container "${container.name}", set by ${setBy(setting, entry)}, needs ${fault.detail}`
      yield invalid(subject, setting, entry, detail, { ...doubtful(fault), ...(releases ? { releases } : {}) })
    }
    for (const need of needsOfGunicorn) {
      // The newest first, which most often decides.
      const newest = possible.at(-1)
      if (!newest || !isNeeded(need, newest) || !possible.every((release) => isNeeded(need, release))) continue
      const [known, fault] = [knownRelease(subject), faultOf(need, subject)]
      if (known && fault)
        yield {
          place: known.place ?? subject.place,
          shape: 'Invalid value',
          value: known.told,
          detail: `gunicorn (from ${known.evidence}) needs ${fault.detail}`,
          ...doubtful(fault),
        }
    }
  },
})

const doubtful = ({ remedy, doubt }: Fault): Pick<Problem, 'remedy' | 'doubt'> => ({ remedy, ...(doubt === undefined ? {} : { doubt }) })

interface Fault extends Pick<Problem, 'doubt'> {
  readonly detail: string
  readonly remedy: string
}

function faultOf({ distribution, below, newestOn, instead }: Need, { python }: Subject): Fault | undefined {
  if (below === undefined) return undefined
  const { state, specifier, evidence } = python.installed(distribution)
  const pin = `Pin \`${distribution}<${below}\` in requirements.txt`
  const remedy = instead === undefined ? `${pin}.` : `${pin}, or ${instead}.`
  if (state === 'Installed' && admits(specifier, `<${below}`) === 'none')
    return { detail: `${distribution} below ${below}, and ${evidence} admits ${specifier}`, remedy }
  if (newestOn === undefined || state !== 'Installed' || specifier !== '' || python.version === undefined ||
    admits(`==${python.version}.*`, newestOn) !== 'all') return undefined
  return { detail: `${distribution} below ${below}, and nothing holds it there`, remedy,
    doubt: 'unless the image was built while there was one' }
}
