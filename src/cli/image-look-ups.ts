/** The images of workloads, each looked into once: what `check --images` knows before it judges. */
import { annotatedPython } from '../dependencies/annotation.ts'
import type { Command } from '../dependencies/image/command.ts'
import { commandFor, gunicornContainers, hiddenBy, imageOf, imageStarts, startOf } from '../dependencies/image/containers.ts'
import type { ImageEvidence } from '../dependencies/image/evidence.ts'
import { lookInto, type Look } from '../dependencies/image/look.ts'
import { pythonOfImages, type Seen } from '../dependencies/image/python.ts'
import { summaryOf } from '../dependencies/image/summary.ts'
import type { Surroundings } from '../inspect.ts'
import type { Workload } from '../kubernetes/workload.ts'
import { ImageError } from '../oci/image-error.ts'
import type { StoredImage } from '../oci/store.ts'
import type { Python } from '../python/known.ts'
import type { Images } from './images.ts'

export class ImageLookUps {
  readonly #images: Images
  readonly #step: (name: string, bytes: number) => void
  /** By name; a string tells why it could not be opened. */
  readonly #opened = new Map<string, StoredImage | string>()
  /** By digest. */
  readonly #looks = new Map<string, Look>()
  /** By image and command. */
  readonly #evidence = new Map<string, ImageEvidence>()

  constructor(images: Images, step: (name: string, bytes: number) => void) {
    this.#images = images
    this.#step = step
  }

  /** Looks into the images of a workload's containers that start gunicorn. */
  async learn(workload: Workload): Promise<void> {
    for (const container of gunicornContainers(workload)) {
      const name = imageOf(container)
      if (name === undefined) continue
      try {
        const image = await this.#open(name)
        if (typeof image === 'string') continue
        let look = this.#looks.get(image.digest)
        if (!look) this.#looks.set(image.digest, look = await lookInto(image, (bytes) => this.#step(name, bytes)))
        const command = commandFor(startOf(container), image.config)
        const key = keyOf(image, command)
        if (!this.#evidence.has(key)) this.#evidence.set(key, await look.evidence(command))
      } catch (error) {
        if (!(error instanceof ImageError)) throw error
        this.#opened.set(name, error.message)
      }
    }
  }

  async #open(name: string): Promise<StoredImage | string> {
    const known = this.#opened.get(name)
    if (known !== undefined) return known
    const image = await this.#images.ofRegistry(name)
    this.#opened.set(name, image)
    return image
  }

  /** What the images of a workload's containers start. */
  readonly starts = (): NonNullable<Surroundings['images']> =>
    imageStarts((container, name) => {
      const image = this.#opened.get(name)
      if (image === undefined || typeof image === 'string') return undefined
      const evidence = this.#evidence.get(keyOf(image, commandFor(startOf(container), image.config)))
      return evidence && summaryOf(image.digest, image.config, evidence)
    })

  /** What is known of a workload of a cluster. */
  known(workload: Workload): { readonly python: Python; readonly surroundings: Surroundings } {
    return { python: this.python(workload, annotatedPython(workload)), surroundings: { images: this.starts() } }
  }

  /** Why images could not be looked into. */
  notes(): readonly string[] {
    return [...this.#opened].flatMap(([name, image]) => (typeof image === 'string' ? [`image ${JSON.stringify(name)}: ${image}`] : []))
  }

  /** What is known of a workload's Python: by its images, else by what is written of it. */
  python(workload: Workload, written: Python): Python {
    const seen = gunicornContainers(workload).flatMap((container): Seen[] => {
      const name = imageOf(container)
      const image = name === undefined ? undefined : this.#opened.get(name)
      if (name === undefined || image === undefined) return []
      if (typeof image === 'string') return [{ name, evidence: image }]
      const evidence = this.#evidence.get(keyOf(image, commandFor(startOf(container), image.config)))
      return evidence ? [{ name, evidence, hiddenBy: hiddenBy(container, evidence.folders) }] : []
    })
    return pythonOfImages(seen, written)
  }
}

const keyOf = ({ digest }: StoredImage, command: Command): string => JSON.stringify([digest, command])
