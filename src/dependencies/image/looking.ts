/** Looking into images for whoever must not wait: the thread's end, which opens images and looks into them as it is asked. */
import type { MessagePort } from 'node:worker_threads'
import { CredentialStore } from '../../oci/credentials.ts'
import { ImageError } from '../../oci/image-error.ts'
import type { Limits } from '../../oci/limits.ts'
import { readPlatform, type ImageConfig } from '../../oci/manifest.ts'
import { registryReference } from '../../oci/reference.ts'
import { Registries, type Http } from '../../oci/registry.ts'
import type { StoredImage } from '../../oci/store.ts'
import type { Command } from './command.ts'
import { mayHoldPython } from './containers.ts'
import { lookInto, type Look } from './look.ts'
import { requester } from './requests.ts'
import { summaryOf, type ImageSummary } from './summary.ts'

/** What the thread is started with. */
export interface LookingOptions {
  /** `linux/amd64` */
  readonly platform: string
  /** Certificates (PEM) that are trusted besides the usual ones. */
  readonly authorities: string | undefined
  /** `HOST:PORT` of those that may be without TLS, or with a certificate that nobody vouches for. */
  readonly insecure: readonly string[]
}

/** What an image is found to be before its layers are read. */
export interface OpenedImage {
  readonly digest: string
  readonly config: Pick<ImageConfig, 'entrypoint' | 'cmd' | 'env' | 'workingDir' | 'user'>
  /** False where nothing that its configuration tells speaks of Python. */
  readonly mayHoldPython: boolean
}

/** A question; its answer bears the same number. */
export type LookingTask =
  /** `credentials`: a docker config file with `auths` alone. */
  | { readonly id: number; readonly kind: 'open'; readonly image: string; readonly credentials: string }
  /** `opening`: the number of the question that opened it. */
  | { readonly id: number; readonly kind: 'look'; readonly opening: number; readonly command: Command }

export type LookingAnswer =
  | { readonly id: number; readonly opened: OpenedImage }
  /** `isWhole`: all of its layers were read. */
  | { readonly id: number; readonly summary: ImageSummary; readonly isWhole: boolean }
  /** Why not, in words for whoever wrote the workload. */
  | { readonly id: number; readonly failure: string }

/** Milliseconds that looking into an image may take in all. */
const longest = 120_000
/** So many images are looked into at a time: each takes a processor. */
const mostLooks = 2
/** So many that are open wait to be looked into; what is known of so many is kept for other commands of theirs. */
const mostOpen = 256
const mostKept = 2
/** What is kept of an image is bounded by the memory of the thread: nobody's image has as many files. */
const limits: Limits = { entries: 400_000, unpacked: 32 * 2 ** 30, kept: 24 * 2 ** 20 }
/** Characters of what an image comes to. */
const longestSummary = 128 * 1024

class Looking {
  readonly #options: LookingOptions
  readonly #http: Http
  /** By the number of the question; the oldest first. */
  readonly #open = new Map<number, StoredImage>()
  /** By digest: what is under way, and what is kept, the oldest first. */
  readonly #looks = new Map<string, Promise<Look>>()
  readonly #kept = new Map<string, Promise<Look>>()
  readonly #turns: (() => void)[] = []
  #running = 0

  constructor(options: LookingOptions, http: Http) {
    this.#options = options
    this.#http = http
  }

  /** Never rejects. */
  async answer(task: LookingTask): Promise<LookingAnswer> {
    const { id } = task
    try {
      return task.kind === 'open' ? { id, opened: await this.#opened(task) } : { id, ...(await this.#summary(task.opening, task.command)) }
    } catch (error) {
      if (error instanceof ImageError) return { id, failure: error.message }
      return { id, failure: 'Paddock has failed on it' }
    }
  }

  async #opened({ id, image, credentials }: Extract<LookingTask, { kind: 'open' }>): Promise<OpenedImage> {
    const end = AbortSignal.timeout(longest)
    const registries = new Registries({
      http: (request) => this.#http({ ...request, signal: AbortSignal.any([request.signal, end]) }),
      // No program is started for what is written in a Secret.
      credentials: new CredentialStore(credentials, () => Promise.resolve(undefined)),
      insecure: new Set(this.#options.insecure),
    })
    const stored = await registries.image(registryReference(image), { platform: readPlatform(this.#options.platform), isFirm: false })
    this.#open.set(id, stored)
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= mostOpen) break
      this.#open.delete(oldest)
    }
    const { entrypoint, cmd, env, workingDir, user } = stored.config
    return { digest: stored.digest, config: { entrypoint, cmd, env, workingDir, user }, mayHoldPython: mayHoldPython(stored.config) }
  }

  async #summary(opening: number, command: Command): Promise<{ readonly summary: ImageSummary; readonly isWhole: boolean }> {
    const image = this.#open.get(opening)
    if (!image) throw new ImageError('too many images are looked into at once')
    const look = await this.#look(image)
    const summary = summaryOf(image.digest, image.config, await look.evidence(command))
    if (JSON.stringify(summary).length > longestSummary) throw new ImageError('what Python reads there is in too many places')
    return { summary, isWhole: look.inside.unread.length === 0 }
  }

  /** Once for each digest, however many ask, and while it is kept. */
  #look(image: StoredImage): Promise<Look> {
    const { digest } = image
    const known = this.#kept.get(digest) ?? this.#looks.get(digest)
    if (known) return known
    const look = this.#inTurn(async () => {
      // Room is made before it is needed.
      while (this.#kept.size >= mostKept) this.#kept.delete([...this.#kept.keys()][0]!)
      const made = await lookInto(image, undefined, limits)
      // What a layer kept from it may be had another time.
      if (made.inside.unread.length === 0) this.#kept.set(digest, look)
      return made
    }).finally(() => this.#looks.delete(digest))
    this.#looks.set(digest, look)
    return look
  }

  async #inTurn<Made>(look: () => Promise<Made>): Promise<Made> {
    if (this.#running >= mostLooks) await new Promise<void>((resolve) => this.#turns.push(resolve))
    else this.#running++
    try {
      return await look()
    } finally {
      const next = this.#turns.shift()
      if (next) next()
      else this.#running--
    }
  }
}

/** Answers what comes in through the port, until it is closed. */
export function look(port: MessagePort, options: LookingOptions): void {
  const looking = new Looking(options, requester(options.authorities, true))
  port.on('message', (task: LookingTask) => void looking.answer(task).then((answer) => port.postMessage(answer)))
}
