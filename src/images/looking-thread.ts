/** The thread in which images are looked into, as the webhook sees it: whatever becomes of it, reviews are answered. */
import { Worker } from 'node:worker_threads'
import type { Command } from '../dependencies/image/command.ts'
import type { LookingAnswer, LookingOptions, LookingTask, OpenedImage } from '../dependencies/image/looking.ts'
import type { ImageSummary } from '../dependencies/image/summary.ts'
import type { Log } from '../log.ts'

/** An image that is open, and the number by which the thread knows it. */
export interface Opening extends OpenedImage {
  readonly number: number
}

/** What looks into images. A string says why it cannot be done, in words for whoever wrote the workload. Neither rejects. */
export interface LooksInto {
  open(image: string, credentials: string): Promise<Opening | string>
  look(opening: Opening, command: Command): Promise<{ readonly summary: ImageSummary; readonly isWhole: boolean } | string>
  stop(): Promise<void>
}

interface Settings {
  /** The file that the thread runs: `cmd/looking.ts`. */
  readonly entry: URL
  readonly options: LookingOptions
  readonly log: Log
}

/** MiB of the thread's heap. */
const heap = 160
const youngHeap = 16
/** Milliseconds without a question after which the thread ends, and leaves its memory. */
const idle = 60_000
/** Milliseconds in which there is an answer, whatever becomes of the thread. */
const longest = 150_000

/** One thread at most: it starts when it is needed. One that dies takes what it was asked along, and the next question starts another. */
export class LookingThread implements LooksInto {
  readonly #settings: Settings
  readonly #asked = new Map<number, (answer: LookingAnswer) => void>()
  #worker: Worker | undefined
  #number = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  async open(image: string, credentials: string): Promise<Opening | string> {
    const answer = await this.#ask((id) => ({ id, kind: 'open', image, credentials }))
    return 'opened' in answer ? { ...answer.opened, number: answer.id } : failureOf(answer)
  }

  async look({ number }: Opening, command: Command): Promise<{ readonly summary: ImageSummary; readonly isWhole: boolean } | string> {
    const answer = await this.#ask((id) => ({ id, kind: 'look', opening: number, command }))
    return 'summary' in answer ? answer : failureOf(answer)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#end('it is stopped')
  }

  #ask(task: (id: number) => LookingTask): Promise<LookingAnswer> {
    const id = ++this.#number
    if (this.#isStopped) return Promise.resolve({ id, failure: 'Paddock is shutting down' })
    const { promise, resolve } = Promise.withResolvers<LookingAnswer>()
    const overdue = setTimeout(() => this.#answered({ id, failure: 'it takes too long' }), longest).unref()
    this.#asked.set(id, (answer) => {
      clearTimeout(overdue)
      resolve(answer)
    })
    clearTimeout(this.#timer)
    this.#worker ??= this.#start()
    this.#worker.postMessage(task(id), [])
    return promise
  }

  #answered(answer: LookingAnswer): void {
    this.#asked.get(answer.id)?.(answer)
    this.#asked.delete(answer.id)
    if (this.#asked.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#end('it has nothing to do'), idle).unref()
  }

  #start(): Worker {
    const { entry, options, log } = this.#settings
    const worker = new Worker(entry, {
      workerData: options,
      // Flags of the process are about its own heap, and tests' loaders about tests.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: youngHeap },
    })
    worker.unref()
    worker.on('message', (answer: LookingAnswer) => this.#answered(answer))
    worker.on('error', ({ code, name }: NodeJS.ErrnoException) => {
      log.warn('looking thread died', { reason: code ?? name })
      this.#gone(worker)
    })
    worker.on('exit', () => this.#gone(worker))
    return worker
  }

  #gone(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const id of this.#asked.keys()) this.#answered({ id, failure: 'it takes more memory than there is for it' })
  }

  async #end(failure: string): Promise<void> {
    clearTimeout(this.#timer)
    const worker = this.#worker
    this.#worker = undefined
    for (const id of this.#asked.keys()) this.#answered({ id, failure })
    clearTimeout(this.#timer)
    await worker?.terminate().catch(() => {})
  }
}

const failureOf = (answer: LookingAnswer): string => ('failure' in answer ? answer.failure : 'Paddock has failed on it')
