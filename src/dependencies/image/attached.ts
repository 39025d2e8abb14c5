/** The SBOMs that are attached to an image, where the image itself could not be looked into completely. What was seen in the image holds. */
import type { Attachments } from '../../oci/attached.ts'
import { shortDigest } from '../../oci/digest.ts'
import type { StoredImage } from '../../oci/store.ts'
import { normalise } from '../../python/distribution.ts'
import { admits } from '../../python/version.ts'
import { readSbom, type Sbom } from '../sbom.ts'
import type { ImageEvidence, Installation } from './evidence.ts'

interface Attested extends Sbom {
  /** How it is told: `SBOM sha256:1234abcd… (CycloneDX by syft 1.18.1)`. */
  readonly told: string
  /** Whether a distribution that it does not name is not there: it is of this very image, and knows of its gunicorn. */
  readonly isWhole: boolean
}

/** Those of what is attached that are about the image. */
function sbomsOf({ digest, indexDigest }: Pick<StoredImage, 'digest' | 'indexDigest'>, { documents }: Attachments): readonly Attested[] {
  return documents.flatMap(({ to, digest: own, content }): Attested[] => {
    const sbom = readSbom(content.toString('utf8'))
    if (!sbom) return []
    const { about, isOfImage, installed } = sbom
    const isOwn = about.has(digest) || (about.size === 0 && to === digest)
    // What is attached to an index may be of another platform.
    if (!isOwn && to !== digest && about.size > 0 && (indexDigest === undefined || !about.has(indexDigest))) return []
    return [{ ...sbom, told: `SBOM ${shortDigest(own)} (${sbom.name})`, isWhole: isOwn && isOfImage && installed.has('gunicorn') }]
  })
}

/** What SBOMs say of a distribution, whose name is normalised; undefined where they say nothing, or not the same. */
function find(sboms: readonly Attested[], name: string): Installation | undefined {
  const listing = sboms.filter(({ installed }) => installed.has(name))
  const lacking = sboms.find(({ isWhole, installed, mentioned }) => isWhole && !installed.has(name) && !mentioned.has(name))
  const [first] = listing
  if (first) {
    if (lacking) return { state: 'Unknown', version: undefined, evidence: `${first.told} and ${lacking.told} disagree` }
    const versions = new Set(listing.flatMap(({ installed }) => [...(installed.get(name) ?? [])]).filter((version) => version !== ''))
    // Of two copies, nobody says which one is found.
    return { state: 'Installed', version: versions.size === 1 ? [...versions][0] : undefined, evidence: first.told }
  }
  return lacking && !sboms.some(({ mentioned }) => mentioned.has(name)) ? { state: 'Absent', version: undefined, evidence: lacking.told }
    : undefined
}

/** What is known of an image with what is attached to it. */
export function withAttached(evidence: ImageEvidence, image: Pick<StoredImage, 'digest' | 'indexDigest'>,
  attachments: Attachments): ImageEvidence {
  const sboms = sbomsOf(image, attachments)
  const problems = [...evidence.problems, ...attachments.problems.map((problem) => `what is attached to it is not known: ${problem}`)]
  if (sboms.length === 0) return { ...evidence, problems }
  return {
    ...evidence,
    problems,
    installed(distribution) {
      const own = evidence.installed(distribution)
      const other = find(sboms, normalise(distribution))
      if (!other) return own
      if (own.state === 'Unknown')
        return other.state === 'Unknown' ? { ...own, evidence: `${own.evidence}, and ${other.evidence}` }
          : { ...other, evidence: `${other.evidence}, as ${own.evidence}` }
      const differs = other.state !== 'Unknown' && (other.state !== own.state ||
        (own.version !== undefined && other.version !== undefined && admits(`==${own.version}`, `==${other.version}`) === 'none'))
      return differs
        ? { ...own,
          evidence: `${own.evidence}, although ${other.evidence} ${
            other.state === 'Absent' ? 'does not list it' : `lists it${other.version === undefined ? '' : ` (${other.version})`}`
          }` }
        : own
    },
  }
}
