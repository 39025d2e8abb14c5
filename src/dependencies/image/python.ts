/** What images tell → what rules ask: whether a distribution is there. What an image tells holds against what is written of it. */
import type { Installed, Python } from '../../python/known.ts'
import { admits } from '../../python/version.ts'
import type { SeenEvidence } from './summary.ts'

/** An image that was looked into, or why it could not be. */
export interface Seen {
  readonly name: string
  readonly evidence: SeenEvidence | string
  /** Why what the image holds is not all that its container finds: a volume that is mounted over it. */
  readonly hiddenBy?: string | undefined
}

/** @param seen the images of the containers that start gunicorn; what they do not agree on is unknown */
export function pythonOfImages(seen: readonly Seen[], written: Python): Python {
  if (seen.length === 0) return written
  const pythons = seen.map(({ evidence }) => (typeof evidence === 'string' ? undefined : (evidence.python ?? undefined)))
  const [first] = pythons
  const isKnown = first !== undefined && pythons.every((one) => one?.version === first.version)
  return {
    version: isKnown ? first.version : written.version,
    evidence: isKnown ? `image ${JSON.stringify(seen[0]!.name)}` : written.evidence,
    installed(distribution) {
      const told = agreed(seen.map((one) => inImage(one, distribution)))
      const other = written.installed(distribution)
      if (told.state === 'Unknown') return other.state === 'Unknown' ? told : other
      const isDisputed = other.state !== 'Unknown' &&
        (other.state !== told.state ||
          (told.specifier !== '' && other.specifier !== '' && admits(told.specifier, other.specifier) === 'none'))
      return isDisputed
        ? { ...told,
          evidence: `${told.evidence}, although ${other.evidence} ${other.state === 'Absent' ? 'does not ask for it' : 'asks for it'}${
            other.specifier === '' ? '' : ` (${other.specifier})`
          }` } : told
    },
  }
}

function inImage({ name, evidence, hiddenBy }: Seen, distribution: string): Installed {
  const image = `image ${JSON.stringify(name)}`
  // Why it is not known is what matters then, and warnings are short.
  const unknown = (why: string): Installed => ({ state: 'Unknown', specifier: '',
    evidence: why === '' ? 'its image' : `its image (${why})` })
  if (typeof evidence === 'string') return unknown(evidence)
  const { state, version, evidence: where } = evidence.installed(distribution)
  if (state === 'Installed') return { state, specifier: version === undefined ? '' : `==${version}`, evidence: `${image}, ${where},` }
  if (state === 'Unknown') return unknown(where)
  if (hiddenBy !== undefined) return unknown(hiddenBy)
  return { state, specifier: '', evidence: where === '' ? image : `${image} (${where})` }
}

function agreed(told: readonly Installed[]): Installed {
  const [first, ...others] = told
  if (!first || others.every(({ state, specifier }) => state === first.state && specifier === first.specifier))
    return first ?? { state: 'Unknown', specifier: '', evidence: '' }
  return { state: 'Unknown', specifier: '', evidence: 'the images of its containers differ: none of them' }
}
