/** Images in a folder with the OCI layout. Source: OCI image specification, "Image Layout Specification". */
import { chooseImage, type Wanted } from './choose.ts'
import { digestOf, readDigest, whole } from './digest.ts'
import type { Bytes } from './decompress.ts'
import { ImageError } from './image-error.ts'
import { largestDocument, readManifest, type Descriptor } from './manifest.ts'
import type { Blobs, OpenFileAt, StoredImage } from './store.ts'

/** A file of a layout by its path in it: undefined where there is none. */
export type LayoutFile = (path: string) => { readonly size: number; readonly open: () => Bytes } | undefined

/** The files of a folder. */
export function folderFiles(folder: string, openFile: OpenFileAt): LayoutFile {
  return (path) => {
    const file = openFile(`${folder}/${path}`)
    if (!file) return undefined
    file.close()
    return {
      size: file.size,
      open: async function*() {
        const opened = openFile(`${folder}/${path}`)
        if (!opened) throw new ImageError('it is not there any more')
        try {
          yield* opened.range(0, opened.size)
        } finally {
          opened.close()
        }
      },
    }
  }
}

function layoutBlobs(file: LayoutFile): Blobs {
  return {
    async *open({ digest }) {
      const { algorithm, hex } = readDigest(digest) ?? { algorithm: '', hex: '' }
      const found = file(`blobs/${algorithm}/${hex}`)
      if (!found) throw new ImageError('it is not there')
      yield* found.open()
    },
  }
}

/** An image of a layout, by its tag, its name, or its digest; without either, the only one. */
export async function layoutImage(file: LayoutFile,
  { name, digest }: { readonly name?: string | undefined; readonly digest?: string | undefined }, wanted: Wanted): Promise<StoredImage> {
  const index = file('index.json')
  if (!index) throw new ImageError('it holds no index.json, which an OCI layout begins with')
  const content = await whole(index.open(), largestDocument)
  const document = readManifest(content)
  if (document.kind !== 'index') throw new ImageError('its index.json is no index')
  const blobs = layoutBlobs(file)
  const { manifests } = document
  if (digest !== undefined) {
    const size = file(`blobs/${digest.replace(':', '/')}`)?.size
    const entry = manifests.find((one) => one.digest === digest) ??
      (size === undefined ? undefined : { digest, size, mediaType: '', annotations: {} })
    if (!entry) throw new ImageError(`it holds no ${digest}`)
    return chooseImage(blobs, entry, wanted)
  }
  const named = name === undefined ? manifests : manifests.filter((entry) => isNamed(entry, name))
  const [first, ...others] = named
  if (!first)
    throw new ImageError(name === undefined ? 'its index.json names no image' : `it holds no ${JSON.stringify(name)}${namesIn(manifests)}`)
  if (others.every((other) => other.digest === first.digest)) return chooseImage(blobs, first, wanted)
  const names = new Set(named.map(nameOf))
  if (names.size > 1) throw new ImageError(`it holds several images${namesIn(manifests)}`)
  // Its own index is the image's: one manifest for each platform.
  const own = digestOf(content)
  return chooseImage({ open: (descriptor) => (descriptor.digest === own ? once(content) : blobs.open(descriptor)) }, { digest: own,
    size: content.length, mediaType: '', annotations: {} }, wanted)
}

async function* once(content: Uint8Array): Bytes {
  yield content
}

const nameOf = ({ annotations }: Descriptor): string =>
  annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'] ?? ''

const namesIn = (manifests: readonly Descriptor[]): string => {
  const names = [...new Set(manifests.map(nameOf).filter((name) => name !== ''))]
  return names.length === 0 ? '' : `: there are ${names.slice(0, 20).map((name) => JSON.stringify(name)).join(', ')}`
}

function isNamed({ annotations }: Descriptor, name: string): boolean {
  const tag = annotations['org.opencontainers.image.ref.name']
  return [tag, annotations['io.containerd.image.name']].some((one) => one !== undefined && (one === name || sameName(one, name)))
}

/** `app:1`, `library/app:1` and `docker.io/library/app:1` are the same. */
export function sameName(one: string, other: string): boolean {
  const whole = (name: string): string => name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '')
  const tagged = (name: string): string => (/[:@]/.test(name) ? name : `${name}:latest`)
  return tagged(whole(one)) === tagged(whole(other))
}
