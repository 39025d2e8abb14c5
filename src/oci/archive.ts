/** Archives of `docker save`: of the older format (manifest.json), or with an OCI layout in them. Also compressed as a whole. */
import { decompressed, formatOf, type Bytes } from './decompress.ts'
import { digestOf, readDigest, whole } from './digest.ts'
import { ImageError } from './image-error.ts'
import { layoutImage, sameName, type LayoutFile } from './layout.ts'
import { largestDocument, mostLayers, readConfig } from './manifest.ts'
import type { OpenFile, StoredImage } from './store.ts'
import type { Wanted } from './choose.ts'
import { TarReader } from './tar.ts'

/** A file of the archive: where its content begins in the unpacked archive. */
interface Place {
  readonly offset: number
  readonly size: number
}

/** An archive has no more files. */
const mostFiles = 100_000

interface Contents {
  readonly files: ReadonlyMap<string, Place>
  readonly links: ReadonlyMap<string, string>
  readonly isCompressed: boolean
}

/** An image of an archive. */
export async function archiveImage(file: OpenFile, name: string | undefined, wanted: Wanted): Promise<StoredImage> {
  const contents = await contentsOf(file)
  const at: LayoutFile = (path) => {
    const place = find(contents, path)
    return place && { size: place.size, open: () => contentAt(file, contents, place) }
  }
  if (at('index.json') && at('oci-layout')) {
    try {
      return await layoutImage(at, { name }, wanted)
    } catch (error) {
      // What was saved for one platform may name the others, too, which are not in it.
      if (!(error instanceof ImageError) || !at('manifest.json')) throw error
    }
  }
  return savedImage(at, name)
}

async function contentsOf(file: OpenFile): Promise<Contents> {
  const files = new Map<string, Place>()
  const links = new Map<string, string>()
  let waiting: { path: string; size: number } | undefined
  const entries = new TarReader(({ path, kind, size, link }) => {
    if (files.size + links.size > mostFiles) throw new ImageError(`the archive has more than ${mostFiles} files`)
    const own = clean(path)
    if (kind === 'file') waiting = { path: own, size }
    else if (kind === 'symlink') links.set(own, clean(`${own}/../${link}`))
    else if (kind === 'hardlink') links.set(own, clean(link))
    return undefined
  })
  /** Takes at most one block, so that it is known where each header ends. @returns whether a file's content follows */
  const take = (part: Uint8Array, end: number): boolean => {
    entries.push(part)
    const isFile = waiting !== undefined
    if (waiting) files.set(waiting.path, { offset: end, size: waiting.size })
    waiting = undefined
    return isFile
  }
  const isCompressed = formatOf(await whole(file.range(0, Math.min(6, file.size)), 6)) !== 'plain'
  let position = 0
  if (isCompressed) {
    for await (const chunk of decompressed(file.range(0, file.size)))
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + 512 - (position % 512))
        at += part.length
        take(part, position += part.length)
      }
  } else {
    // Contents are passed over.
    while (position < file.size && !entries.isEnded) {
      const header = await whole(file.range(position, Math.min(512, file.size - position)), 512)
      if (take(header, position += header.length)) position += entries.skip()
    }
  }
  entries.end()
  return { files, links, isCompressed }
}

function find({ files, links }: Contents, path: string): Place | undefined {
  let at = clean(path)
  for (let steps = 0; steps < 10; steps++) {
    const place = files.get(at)
    if (place) return place
    const link = links.get(at)
    if (link === undefined) return undefined
    at = link
  }
  return undefined
}

async function* contentAt(file: OpenFile, { isCompressed }: Contents, { offset, size }: Place): Bytes {
  if (!isCompressed) {
    if (offset + size > file.size) throw new ImageError('the archive is cut off')
    return yield* file.range(offset, size)
  }
  let position = 0
  for await (const chunk of decompressed(file.range(0, file.size))) {
    const from = Math.max(0, offset - position)
    const to = Math.min(chunk.length, offset + size - position)
    position += chunk.length
    if (from < to) yield chunk.subarray(from, to)
    if (position >= offset + size) return
  }
}

/** A path without `.` and `..`. */
function clean(path: string): string {
  const steps: string[] = []
  for (const step of path.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '' && step !== '.') steps.push(step)
  }
  return steps.join('/')
}

/** Source: the specification of moby, `image/spec/v1.2.md`: a list of `{Config, RepoTags, Layers}`. */
async function savedImage(at: LayoutFile, name: string | undefined): Promise<StoredImage> {
  const document = async (path: string): Promise<Buffer> => {
    const file = at(path)
    if (!file) throw new ImageError(`the archive holds no ${path}`)
    return whole(file.open(), largestDocument)
  }
  const manifest = at('manifest.json')
  if (!manifest) throw new ImageError('the archive holds neither a manifest.json nor an OCI layout')
  let list: unknown
  try {
    list = JSON.parse((await document('manifest.json')).toString('utf8'))
  } catch (error) {
    if (error instanceof ImageError) throw error
    throw new ImageError('its manifest.json is no JSON')
  }
  const images = (Array.isArray(list) ? list : []).flatMap((item: unknown) => saved(item))
  const named = name === undefined ? images : images.filter(({ tags }) => tags.some((tag) => sameName(tag, name)))
  const [image, ...others] = named
  const names = images.flatMap(({ tags }) => tags)
  const told = names.length === 0 ? '' : `: there are ${names.slice(0, 20).map((one) => JSON.stringify(one)).join(', ')}`
  if (!image) throw new ImageError(name === undefined ? 'its manifest.json names no image' : `it holds no ${JSON.stringify(name)}${told}`)
  if (others.length > 0) throw new ImageError(`it holds several images${told}`)
  if (image.layers.length > mostLayers) throw new ImageError(`it has ${image.layers.length} layers, and ${mostLayers} are read at most`)
  const content = await document(image.config)
  const config = readConfig(content)
  if (config.diffIds.length !== image.layers.length)
    throw new ImageError(`its configuration lists ${config.diffIds.length} layers, and its manifest.json of ${image.layers.length}`)
  return {
    digest: digestOf(content),
    config,
    layers: image.layers.map((path, index) => {
      const digest = config.diffIds[index] ?? ''
      if (!readDigest(digest)) throw new ImageError('its configuration names a layer without a digest that is known')
      return {
        digest,
        size: at(path)?.size,
        isUnpacked: true,
        open: async function*() {
          const file = at(path)
          if (!file) throw new ImageError('it is not there')
          yield* file.open()
        },
      }
    }),
  }
}

function saved(item: unknown): { config: string; tags: string[]; layers: string[] }[] {
  const { Config: config, RepoTags: tags, Layers: layers } = (typeof item === 'object' && item !== null ? item : {}) as Record<string,
    unknown>
  const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [])
  return typeof config === 'string' ? [{ config, tags: strings(tags), layers: strings(layers) }] : []
}
