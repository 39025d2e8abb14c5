/**
 * What is attached to an image in its registry. Source: OCI distribution specification 1.1, "Listing Referrers" and "Referrers Tag Schema";
 * of cosign, the tags that it has used before.
 */
import { verified, whole } from './digest.ts'
import { ImageError } from './image-error.ts'
import { isAttestation, largestDocument, readArtifact, readEntries, type Descriptor } from './manifest.ts'

/** A document, and the digest of what it is attached to. */
export interface Attached {
  readonly to: string
  /** Of the document. */
  readonly digest: string
  readonly content: Buffer
}

export interface Attachments {
  /** What was attached, as far as it was had. */
  readonly documents: readonly Attached[]
  /** Why some of it was not; empty where there was none. */
  readonly problems: readonly string[]
}

/** What answers. A list or a manifest is undefined where the registry has none. */
export interface AttachmentSource {
  /** What the referrers API answers; undefined for a registry without it. */
  referrers(digest: string): Promise<Buffer | undefined>
  manifest(named: string): Promise<Buffer | undefined>
  blob(descriptor: Descriptor): AsyncIterable<Uint8Array>
}

/** A document is no larger: an SBOM has some MiB where it lists files. */
const largestAttached = 16 * 2 ** 20
/** So many things that are attached are looked at, and so many documents got. */
const [mostManifests, mostDocuments] = [20, 6]

const documentTypes = /(?:cyclonedx|spdx|in-toto|dsse|sigstore\.bundle)/

/**
 * @param digests of the image's manifest, and of the index that it was chosen from
 * @param beside what an index holds besides images: what BuildKit attaches
 */
export async function attachedTo(source: AttachmentSource, digests: readonly string[],
  beside: readonly Descriptor[]): Promise<Attachments> {
  const documents: Attached[] = []
  const problems: string[] = []
  const unlessRefused = async (get: () => Promise<void>): Promise<void> => {
    try {
      await get()
    } catch (error) {
      if (!(error instanceof ImageError)) throw error
      problems.push(error.message)
    }
  }
  let manifests = 0
  const take = async (content: Buffer, to: string): Promise<void> => {
    for (const layer of readArtifact(content, to)) {
      if (!documentTypes.test(layer.mediaType) || documents.length >= mostDocuments) continue
      if (layer.size > largestAttached) {
        problems.push(`what is attached to it has ${layer.size} bytes, and ${largestAttached} are read at most`)
        continue
      }
      await unlessRefused(async () => {
        documents.push({ to, digest: layer.digest, content: await whole(verified(source.blob(layer), layer), largestAttached) })
      })
    }
  }
  const follow = async (entry: Descriptor, to: string): Promise<void> => {
    if (entry.size > largestDocument || ++manifests > mostManifests || (entry.artifactType ?? '').includes('signature')) return
    await unlessRefused(async () => {
      const content = await source.manifest(entry.digest)
      if (content) await take(await whole(verified(once(content), entry), largestDocument), to)
    })
  }
  for (const to of digests)
    await unlessRefused(async () => {
      const listed = await source.referrers(to)
      const name = to.replace(':', '-')
      const lists = listed ? [listed] : [await source.manifest(name)]
      for (const suffix of ['.att', '.sbom']) lists.push(await source.manifest(`${name}${suffix}`))
      for (const content of lists) {
        if (!content) continue
        const entries = readEntries(content)
        if (entries) { for (const entry of entries) await follow(entry, to) }
        else await take(content, to)
      }
    })
  for (const entry of beside) {
    const to = entry.annotations['vnd.docker.reference.digest']
    if (isAttestation(entry) && to !== undefined && digests.includes(to)) await follow(entry, to)
  }
  return { documents, problems }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}
