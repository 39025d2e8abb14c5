/** A reference → an image whose layers can be read. */
import { archiveImage } from './archive.ts'
import type { Wanted } from './choose.ts'
import { ImageError } from './image-error.ts'
import { folderFiles, layoutImage } from './layout.ts'
import type { Reference } from './reference.ts'
import type { OpenFileAt, StoredImage } from './store.ts'

export interface Sources {
  readonly openFile: OpenFileAt
}

/** @throws {ImageError} where there is no such image, or it cannot be read; whatever `openFile` throws */
export async function openImage(reference: Reference, wanted: Wanted, { openFile }: Sources): Promise<StoredImage> {
  switch (reference.kind) {
    case 'layout':
      return layoutImage(folderFiles(reference.folder, openFile), { name: reference.tag, digest: reference.digest }, wanted)
    case 'archive': {
      const file = openFile(reference.file)
      if (!file) throw new ImageError('no such file')
      return archiveImage(file, reference.name, wanted)
    }
    case 'registry':
      throw new ImageError('registries are not asked yet: take `oci:DIR` or `docker-archive:FILE`')
  }
}
