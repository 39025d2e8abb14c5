/** An image → its files: layers are read as streams, from the top down, and nothing of them is kept but names and what is wanted. */
import { shortDigest } from './digest.ts'
import { Files } from './files.ts'
import { ImageError } from './image-error.ts'
import { readLayer, type Layer, type Meter, type Wants } from './layer.ts'
import { usualLimits, type Limits } from './limits.ts'
import type { StoredImage } from './store.ts'

export interface Reading {
  readonly files: Files
  /** Layers that could not be read, and why, in words. Whatever is not found may be in them. */
  readonly problems: readonly string[]
  readonly read: { readonly bytes: number; readonly layers: number; readonly of: number }
  /** Gets the content of files that were asked for and not kept. @returns whether anything has come of it */
  readonly fetchMissed: () => Promise<boolean>
  /** How a layer is told: `layer sha256:1234abcd…`. */
  readonly layerName: (index: number) => string
}

/** Takes how many bytes were read, of how many. */
export type Step = (bytes: number, of: number | undefined) => void

/** The longest file that is got when it is asked for. */
const largestFetched = 8 * 2 ** 20

export async function readFiles({ layers, config }: StoredImage, wants: Wants, step: Step = () => {},
  limits: Limits = usualLimits): Promise<Reading> {
  const meter: Meter = { bytes: 0, entries: 0, unpacked: 0, kept: 0 }
  const all = layers.every(({ size }) => size !== undefined) ? layers.reduce((sum, { size = 0 }) => sum + size, 0) : undefined
  const found: (Layer | undefined)[] = layers.map(() => undefined)
  const problems: string[] = []
  const unreadable = (index: number, error: unknown): void => {
    if (!(error instanceof ImageError)) throw error
    problems.push(`layer ${shortDigest(layers[index]!.digest)} cannot be read: ${error.message}`)
  }
  if (!layers.every(({ isUnpacked }) => isUnpacked) && config.diffIds.length > 0 && config.diffIds.length !== layers.length)
    problems.push(`its configuration lists ${config.diffIds.length} layers, and its manifest of ${layers.length}`)
  let done = 0
  for (const [index, layer] of [...layers.entries()].reverse()) {
    try {
      found[index] = await readLayer(layer, wants, meter, limits, () => step(meter.bytes, all))
      done++
    } catch (error) {
      unreadable(index, error)
    }
  }
  const files = new Files()
  for (const [index, layer] of found.entries()) {
    try {
      if (layer) files.add(layer, index)
    } catch (error) {
      unreadable(index, error)
    }
  }
  const fetchMissed = async (): Promise<boolean> => {
    const nodes = [...files.missed].filter(({ size, layer }) => size <= largestFetched && found[layer] !== undefined)
    files.missed.clear()
    for (const [index, some] of Map.groupBy(nodes, ({ layer }) => layer)) {
      const wanted = new Map(some.map((node) => [node.origin, node]))
      const { entries } = await readLayer(layers[index]!, (path) => wanted.has(path), { ...meter, kept: 0, bytes: 0, entries: 0,
        unpacked: 0 }, limits)
      // Of several of one path, the last one holds.
      for (const { path, content } of entries) {
        const node = wanted.get(path)
        if (node && content) node.content = content
      }
    }
    return nodes.some(({ content }) => content !== undefined)
  }
  return { files, problems, read: { bytes: meter.bytes, layers: done, of: layers.length }, fetchMissed,
    layerName: (index) => (index < 0 ? 'no layer' : `layer ${shortDigest(layers[index]!.digest)}`) }
}
