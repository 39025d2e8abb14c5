/** Where an image has its parts from: a folder, an archive, a registry. */
import type { Attachments } from './attached.ts'
import type { Bytes } from './decompress.ts'
import type { Descriptor, ImageConfig } from './manifest.ts'

/** A layer as it lies in a store. */
export interface StoredLayer {
  /** By which it is told: of what is stored, or in an archive of `docker save`, of what that unpacks to. */
  readonly digest: string
  /** Bytes that are read; undefined where that is not known. */
  readonly size: number | undefined
  /** True where the digest is that of the unpacked archive. */
  readonly isUnpacked: boolean
  readonly open: () => Bytes
}

/** An image whose layers are not read yet. */
export interface StoredImage {
  /** Of its manifest; in an archive of `docker save`, of its configuration. */
  readonly digest: string
  /** Of the index that it was chosen from. */
  readonly indexDigest?: string | undefined
  /** The other entries of that index. */
  readonly beside?: readonly Descriptor[]
  readonly config: ImageConfig
  /** The lowest first. */
  readonly layers: readonly StoredLayer[]
  /** What is attached to it where it comes from; undefined where nothing can be. */
  readonly attached?: () => Promise<Attachments>
}

/** Blobs by their digests. Nothing that it gives is trusted. */
export interface Blobs {
  readonly open: (descriptor: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>, isManifest?: boolean) => Bytes
}

/** A file on disk, read in ranges. */
export interface OpenFile {
  readonly size: number
  readonly range: (offset: number, length: number) => Bytes
  readonly close: () => void
}

/** Opens a file: undefined where there is none. Throws what keeps it from being read. */
export type OpenFileAt = (path: string) => OpenFile | undefined
