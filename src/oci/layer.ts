/** A layer of an image → its files and what it takes away, as a list. Source: OCI image specification, "Image Layer Filesystem Changeset". */
import { decompressed, type Bytes } from './decompress.ts'
import { verified } from './digest.ts'
import { ImageError } from './image-error.ts'
import { bomb, type Limits } from './limits.ts'
import type { StoredLayer } from './store.ts'
import { TarReader, type TarEntry } from './tar.ts'

export interface LayerEntry extends TarEntry {
  /** From the root, without `.`, `..` and slashes around it. */
  readonly path: string
  /** Of a file that is wanted; undefined where it is not had. */
  content: Uint8Array | undefined
}

export interface Layer {
  /** In the order of the archive. */
  readonly entries: LayerEntry[]
  /** Paths of lower layers that are gone. */
  readonly whiteouts: readonly string[]
  /** Folders of which nothing of lower layers is left. */
  readonly opaque: readonly string[]
}

/** Whose content is kept. */
export type Wants = (path: string, size: number) => boolean

/** Counts what is read, over all layers. */
export interface Meter {
  bytes: number
  entries: number
  unpacked: number
  kept: number
}

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

/**
 * Reads a layer to its end.
 * @throws {ImageError} where it is cut off, broken, or not what its digest tells: then nothing is known of it
 */
export async function readLayer(stored: StoredLayer, wants: Wants, meter: Meter, limits: Limits,
  step: () => void = () => {}): Promise<Layer> {
  const entries: LayerEntry[] = []
  const [whiteouts, opaques]: [string[], string[]] = [[], []]
  const archive = new TarReader((entry) => {
    if (++meter.entries > limits.entries) throw new ImageError(`it has more than ${limits.entries} files`)
    const path = inside(entry.path)
    const slash = path.lastIndexOf('/')
    const [folder, name] = [slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1)]
    if (name === opaque) return void opaques.push(folder)
    // Other names of aufs' own stand for nothing.
    if (name.startsWith('.wh..wh.')) return undefined
    if (name.startsWith(whiteout))
      return void whiteouts.push(folder === '' ? name.slice(whiteout.length) : `${folder}/${name.slice(whiteout.length)}`)
    const own: LayerEntry = { ...entry, path, content: undefined }
    entries.push(own)
    if (entry.kind !== 'file' || !wants(path, entry.size)) return undefined
    meter.kept += entry.size
    if (meter.kept > limits.kept) throw new ImageError(`what is to be known of it has more than ${limits.kept} bytes`)
    return (content) => void (own.content = content)
  })
  const [before, start] = [meter.bytes, meter.unpacked]
  const raw = counted(stored.open(), (length) => {
    meter.bytes += length
    step()
  })
  const { digest, size } = stored
  const packed = stored.isUnpacked ? raw : verified(raw, { digest, size })
  const unpacked = stored.isUnpacked ? verified(decompressed(packed), { digest }) : decompressed(packed)
  for await (const chunk of unpacked) {
    meter.unpacked += chunk.length
    if (meter.unpacked > limits.unpacked) throw new ImageError(`it unpacks to more than ${limits.unpacked} bytes`)
    if (meter.unpacked - start > bomb.bytes && meter.unpacked - start > bomb.times * (meter.bytes - before))
      throw new ImageError(`it unpacks to more than ${bomb.times} times its size`)
    archive.push(chunk)
  }
  archive.end()
  return { entries, whiteouts, opaque: opaques }
}

async function* counted(stream: Bytes, count: (length: number) => void): Bytes {
  for await (const chunk of stream) {
    count(chunk.length)
    yield chunk
  }
}

/** @throws {ImageError} for a path that leads out of the layer */
function inside(path: string): string {
  if (!/(?:^|\/)(?:\.{0,2})(?:\/|$)/.test(path)) return path
  const steps: string[] = []
  for (const step of path.split('/')) {
    if (step === '..' && steps.pop() === undefined) throw new ImageError('the path of a file leads out of it')
    if (step !== '' && step !== '.' && step !== '..') steps.push(step)
  }
  return steps.join('/')
}
