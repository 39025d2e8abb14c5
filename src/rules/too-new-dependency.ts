import { needsOfGunicorn, type Need } from '../gunicorn/worker-classes.ts'
import { admits } from '../python/version.ts'
import { defineRule, invalid, knownRelease, needs, setBy, type Subject } from './rule.ts'

export default defineRule({
  id: 'too-new-dependency',
  severity: 'error',
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
      yield invalid(subject, setting, entry, detail, { remedy: fault.remedy, ...(releases ? { releases } : {}) })
    }
    for (const need of needsOfGunicorn) {
      // The newest first, which most often decides.
      if (!possible.toReversed().every(({ name }) => admits(`==${name}`, need.gunicorn ?? '') === 'all')) continue
      const [known, fault] = [knownRelease(subject), faultOf(need, subject)]
      if (known && fault)
        yield {
          place: known.place ?? subject.place,
          shape: 'Invalid value',
          value: known.specifier.replace(/^={2,3}/, ''),
          detail: `gunicorn, of which ${known.evidence} tells, needs ${fault.detail}`,
          remedy: fault.remedy,
        }
    }
  },
})

function faultOf({ distribution, below, instead }: Need, { python }: Subject): { readonly detail: string; readonly remedy: string } | undefined {
  if (below === undefined) return undefined
  const { state, specifier, evidence } = python.installed(distribution)
  if (state !== 'Installed' || admits(specifier, `<${below}`) !== 'none') return undefined
  const pin = `Pin \`${distribution}<${below}\` in requirements.txt`
  return { detail: `${distribution} below ${below}, and ${evidence} admits ${specifier}`, remedy: instead === undefined ? `${pin}.` : `${pin}, or ${instead}.` }
}
