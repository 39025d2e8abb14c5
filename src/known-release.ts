/** Which gunicorn is in an image, and who says so: the one answer, for rules and for what is put in. Pure. */
import type { Place } from './command-line.ts'
import { isRepackaged, versionIn } from './gunicorn/catalogue.ts'
import type { Workload } from './kubernetes/workload.ts'
import type { Python } from './python/known.ts'

/** Which gunicorn is in the image, and who says so. */
export interface KnownRelease {
  /** A PEP 440 specifier of the releases that it can be. */
  readonly specifier: string
  /** The same for people: of a release that is pinned, its number alone. */
  readonly told: string
  readonly evidence: string
  readonly place?: Place
  /** Packaged by somebody else, who may have mended what the release has wrong. */
  readonly isRepackaged: boolean
}

/** The one answer to which gunicorn is in the image: the annotation's, else that of the requirements; undefined where neither tells. */
export function knownRelease({ workload, python }: { readonly workload: Workload; readonly python: Python }): KnownRelease | undefined {
  const annotation = workload.annotations.get('paddock.dev/gunicorn')
  const version = versionIn(annotation?.value)
  if (annotation && version !== undefined)
    return { specifier: `==${version}`, told: version, evidence: 'annotation paddock.dev/gunicorn', place: { path: annotation.path },
      isRepackaged: isRepackaged(annotation.value) }
  const { state, specifier, evidence } = python.installed('gunicorn')
  return state === 'Installed' && specifier !== ''
    ? { specifier, told: specifier.replace(/^={2,3}/, ''), evidence, isRepackaged: isRepackaged(specifier) } : undefined
}
