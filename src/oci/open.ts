/** A reference → an image whose layers can be read. */
import { archiveImage } from './archive.ts'
import type { Wanted } from './choose.ts'
import { ImageError } from './image-error.ts'
import { folderFiles, layoutImage } from './layout.ts'
import type { Reference } from './reference.ts'
import type { Registries } from './registry.ts'
import type { OpenFileAt, StoredImage } from './store.ts'

export interface Sources {
  readonly openFile: OpenFileAt
  readonly registries: Registries
}

/** @throws {ImageError} where there is no such image, or it cannot be read; whatever `openFile` throws */
export async function openImage(reference: Reference, wanted: Wanted, { openFile, registries }: Sources): Promise<StoredImage> {
  switch (reference.kind) {
    case 'layout':
      return layoutImage(folderFiles(reference.folder, openFile), { name: reference.tag, digest: reference.digest }, wanted)
    case 'archive': {
      const file = openFile(reference.file)
      if (!file) throw new ImageError('no such file')
      return archiveImage(file, reference.name, wanted)
    }
    case 'registry':
      return registries.image(reference, wanted)
  }
}
