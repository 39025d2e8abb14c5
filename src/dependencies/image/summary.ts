/** What of an image's evidence rules ask for, as data: small enough to be kept for many images, and to be handed from process to process. */
import { askedDistributions } from '../../gunicorn/worker-classes.ts'
import { normalise } from '../../python/distribution.ts'
import type { ImageEvidence, Installation } from './evidence.ts'

export interface ImageSummary {
  /** Of the image's manifest. */
  readonly digest: string
  /** The version of the Python that runs gunicorn; null where that is not known. */
  readonly python: string | null
  /** By its normalised name, what is known of each distribution that rules ask for. */
  readonly distributions: Readonly<
    Record<string, { readonly state: Installation['state']; readonly version?: string; readonly evidence: string }>
  >
  /** What is on sys.path. */
  readonly folders: readonly string[]
}

/** What rules see of an image. */
export interface SeenEvidence extends Pick<ImageEvidence, 'installed' | 'folders'> {
  readonly python: Pick<NonNullable<ImageEvidence['python']>, 'version'> | null
}

export function summaryOf(digest: string, { python, installed, folders }: ImageEvidence): ImageSummary {
  return {
    digest,
    python: python?.version ?? null,
    distributions: Object.fromEntries(askedDistributions.map((name) => {
      const { state, version, evidence } = installed(name)
      return [normalise(name), { state, ...(version === undefined ? {} : { version }), evidence }]
    })),
    folders,
  }
}

/** The same again, as rules see it. */
export function evidenceOf({ python, distributions, folders }: ImageSummary): SeenEvidence {
  return {
    python: python === null ? null : { version: python },
    folders,
    installed(distribution) {
      const name = normalise(distribution)
      const found = Object.hasOwn(distributions, name) ? distributions[name] : undefined
      return found ? { state: found.state, version: found.version, evidence: found.evidence }
        : { state: 'Unknown', version: undefined, evidence: 'nobody has asked it' }
    },
  }
}
