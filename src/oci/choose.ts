/** An index or a manifest → the image for a platform. */
import { shortDigest, verified, whole } from './digest.ts'
import { ImageError } from './image-error.ts'
import { candidates, fits, isAttestation, largestDocument, platformsOf, platformText, readConfig, readManifest, type Descriptor,
  type ImageConfig, type Manifest, type Platform } from './manifest.ts'
import type { Blobs, StoredImage } from './store.ts'

/** How deep indexes stand in each other. */
const deepest = 3

/** Which platform is asked for; `isFirm` where somebody named it. */
export interface Wanted {
  readonly platform: Platform
  readonly isFirm: boolean
}

/** A small document, held to its digest. */
async function readDocument(blobs: Blobs, descriptor: Descriptor, what: 'manifest' | 'configuration'): Promise<Buffer> {
  if (descriptor.size > largestDocument)
    throw new ImageError(`${what} has ${descriptor.size} bytes, and ${largestDocument} are read at most`)
  try {
    return await whole(verified(blobs.open(descriptor, what === 'manifest'), descriptor), largestDocument)
  } catch (error) {
    if (error instanceof ImageError) throw new ImageError(`${what} ${shortDigest(descriptor.digest)}: ${error.message}`)
    throw error
  }
}

/** @param root what the image's name leads to */
export async function chooseImage(blobs: Blobs, root: Descriptor, wanted: Wanted): Promise<StoredImage> {
  return imageAt(blobs, root, wanted, undefined, 0)
}

async function imageAt(blobs: Blobs, descriptor: Descriptor, wanted: Wanted, indexDigest: string | undefined,
  depth: number): Promise<StoredImage> {
  const document = readManifest(await readDocument(blobs, descriptor, 'manifest'))
  if (document.kind === 'manifest') {
    const image = await readImage(blobs, descriptor.digest, document, indexDigest)
    if (wanted.isFirm && !fits(image.config.platform, wanted.platform))
      throw new ImageError(`it is for ${platformText(image.config.platform)}, and not for ${platformText(wanted.platform)}`)
    return image
  }
  if (depth >= deepest) throw new ImageError(`indexes that stand in each other are followed at most ${deepest} deep`)
  const entries = candidates(document, wanted.platform)
  const own = indexDigest ?? descriptor.digest
  for (const entry of entries) {
    // What says its platform is it. Of the others, the configuration tells.
    const image = await imageAt(blobs, entry, entry.platform ? wanted : { ...wanted, isFirm: false }, own, depth + 1)
    if (entry.platform || fits(image.config.platform, wanted.platform)) return { beside: document.manifests, ...image }
  }
  const platforms = platformsOf(document)
  if (!document.manifests.some((entry) => !isAttestation(entry))) throw new ImageError('its index names no image')
  throw new ImageError(`it has no image for ${platformText(wanted.platform)}${platforms === '' ? '' : `: there are ${platforms}`}`)
}

async function readImage(blobs: Blobs, digest: string, { config: described, layers }: Manifest,
  indexDigest: string | undefined): Promise<StoredImage> {
  const config: ImageConfig = readConfig(await readDocument(blobs, described, 'configuration'))
  return {
    digest,
    config,
    indexDigest,
    layers: layers.map((layer) => ({ digest: layer.digest, size: layer.size, isUnpacked: false, open: () => blobs.open(layer) })),
  }
}
