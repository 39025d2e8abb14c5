/** The thread in which large reviews are read, as the server sees it: `docs/decisions/0042-two-lanes.md`. */
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Governed, PolicyFor } from '../policy/governed.ts'
import type { Policy } from '../policy/policy.ts'
import type { Log } from '../log.ts'
import { headLimit } from './outline.ts'
import type { ImageAnswer } from '../images/asks.ts'
import type { AskedImages, Message, PolicyMessage, Reading, Task, ThreadData } from './reading.ts'
import type { RespondOptions } from './respond.ts'
import type { Operation } from './responder.ts'

export interface ReadingThreadSettings {
  /** The file that the thread runs: `cmd/reading.ts`. */
  readonly entry: URL
  readonly policyFor: PolicyFor
  /** What is waited for before the policy of a workload is asked for, by its namespace. Never rejects. */
  readonly prepare?: (namespace: string) => Promise<void> | undefined
  /** What is known of images, which may be waited for. Never rejects. */
  readonly images?: (asked: AskedImages) => Promise<readonly ImageAnswer[]>
  readonly options: RespondOptions
  readonly log: Log
  /** Milliseconds that a review may take before the thread is given up: 1,500 unless set. */
  readonly limit?: number
  /** Milliseconds without a review after which the thread ends: 60,000 unless set. */
  readonly idle?: number
  /** MiB of the thread's heap: 96 unless set. */
  readonly heap?: number
}

/** Why a review was not read, for a metric: it is too large, it took too long, the thread died of it, or its turn did not come in time. */
export type UnreadCause = 'large' | 'slow' | 'died' | 'waited'

/** What a review comes to; where it was not read to its end, with the head by which it is answered, as its body may be here no more. */
export type Outcome =
  | Exclude<Reading, { comesTo: 'unread' | 'fault' }>
  | { readonly comesTo: 'unread'; readonly cause: UnreadCause; readonly head: Uint8Array }
  | (Extract<Reading, { comesTo: 'fault' }> & { readonly onFault: Policy['onFault']; readonly head: Uint8Array })

interface Entry extends Task {
  readonly settle: (outcome: Outcome) => void
  readonly overdue: NodeJS.Timeout
  policy: Policy | undefined
  /** As much of the body as its head may be, or all of it. */
  head: Uint8Array
}

/** Milliseconds in which a thread starts, at the latest. */
const startLimit = 20_000
/** MiB. What is made while a review is read, and thrown away at once. */
const youngHeap = 16

/** One thread at most: it starts when it is needed, and ends when it has not been for a while. */
export class ReadingThread {
  readonly #settings: Required<ReadingThreadSettings>
  readonly #waiting = new Set<Entry>()
  #thread: Started | undefined
  #current: Entry | undefined
  #timer: NodeJS.Timeout | undefined
  /** The end of the last thread: two of them would take twice the memory. */
  #ended: Promise<unknown> | undefined
  #isStopped = false

  constructor(settings: ReadingThreadSettings) {
    this.#settings = { prepare: () => undefined, images: () => Promise.resolve([]), limit: 1_500, idle: 60_000, heap: 96, ...settings }
  }

  /** Reviews that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size
  }

  get isStarted(): boolean {
    return this.#thread !== undefined
  }

  /** Starts the thread where it is not: a review for it is about to come. */
  need(): void {
    if (this.#thread || this.#ended || this.#isStopped) return
    this.#thread = this.#start()
    this.#next()
  }

  /**
   * Reads a review. Never rejects. A large body that is a buffer of its own is handed over, and empty here from then on.
   * @param patience milliseconds in which somebody waits for the answer
   * @param left aborted when nobody does any more
   */
  review(operation: Operation, body: Uint8Array, patience: number, left: AbortSignal): Promise<Outcome> {
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        clearTimeout(entry.overdue)
        this.#waiting.delete(entry)
        left.removeEventListener('abort', leave)
        resolve(outcome)
      }
      const leave = (): void => settle({ comesTo: 'unread', cause: 'waited', head: entry.head })
      // What is being read is read to its end: a review that is too slow has a limit of its own.
      const entry: Entry = { operation, body, policy: undefined, settle, overdue: setTimeout(leave, patience), head: body }
      left.addEventListener('abort', leave)
      this.#waiting.add(entry)
      this.#next()
    })
  }

  /** Ends the thread. What waits, or is being read, is unread. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const entry of this.#waiting) entry.settle({ comesTo: 'unread', cause: 'waited', head: entry.head })
    this.#giveUp('died')
    await this.#ended
  }

  #next(): void {
    if (this.#current || this.#ended || this.#isStopped) return
    const [entry] = this.#waiting
    if (!entry) {
      this.#after(this.#settings.idle, () => this.#end())
      return
    }
    this.#thread ??= this.#start()
    if (!this.#thread.isReady) return this.#after(startLimit, () => this.#fail('slow'))
    this.#waiting.delete(entry)
    this.#current = entry
    this.#after(this.#settings.limit, () => this.#fail('slow'))
    const { operation, body } = entry
    const isHandedOver = body.byteLength > headLimit && body.byteLength === body.buffer.byteLength
    // Should the thread die of it, the head is read here.
    if (isHandedOver) entry.head = Buffer.from(body.subarray(0, headLimit))
    // A copy of megabytes has the collector of this thread, for whom they are too, stop everybody.
    this.#thread.worker.postMessage({ operation, body } satisfies Task, isHandedOver ? [body.buffer as ArrayBuffer] : [])
  }

  #after(milliseconds: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(then, milliseconds).unref()
  }

  #start(): Started {
    const { entry, options, heap } = this.#settings
    const { port1: policies, port2 } = new MessageChannel()
    const arrived = new SharedArrayBuffer(4)
    const workerData: ThreadData = { options, policies: port2, arrived }
    const worker = new Worker(entry, {
      workerData,
      transferList: [port2],
      // Flags of the process are about its own heap, and tests' loaders about tests.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: youngHeap },
    })
    const started: Started = { worker, isReady: false }
    worker.unref()
    policies.unref()
    const tell = (message: PolicyMessage): void => {
      policies.postMessage(message, [])
      const hasArrived = new Int32Array(arrived)
      Atomics.store(hasArrived, 0, 1)
      Atomics.notify(hasArrived, 0)
    }
    worker.on('message', (message: Message) => {
      if (this.#thread !== started) return
      if ('isReady' in message) {
        started.isReady = true
        this.#next()
      } else if ('asks' in message) void this.#policy(message.asks).then(tell)
      else if ('images' in message) void this.#settings.images(message).then((answers) => tell({ answers }), () => tell({ failed: true }))
      else this.#done(message)
    })
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#thread === started) this.#fail('died', error.code ?? error.name)
    })
    worker.on('exit', (code) => {
      policies.close()
      if (this.#thread === started) this.#fail('died', `exit ${code}`)
    })
    return started
  }

  async #policy(workload: Governed): Promise<PolicyMessage> {
    const entry = this.#current
    try {
      await this.#settings.prepare(workload.namespace)
      const policy = this.#settings.policyFor(workload)
      if (entry) entry.policy = policy
      return { policy }
    } catch {
      return { failed: true }
    }
  }

  #done(reading: Reading): void {
    const entry = this.#current
    this.#current = undefined
    if (reading.comesTo === 'unread') entry?.settle({ comesTo: 'unread', cause: 'large', head: entry.head })
    else if (reading.comesTo === 'fault') entry?.settle({ ...reading, onFault: entry.policy?.onFault ?? 'Allow', head: entry.head })
    else entry?.settle(reading)
    this.#next()
  }

  /** The thread did not come to an end with a review. */
  #fail(cause: 'slow' | 'died', reason = 'it took too long'): void {
    this.#settings.log.warn('reading thread given up', { reason })
    this.#giveUp(cause)
  }

  #giveUp(cause: 'slow' | 'died'): void {
    // One that does not start keeps the first that waits for it.
    const entry = this.#current ?? (this.#thread?.isReady === false ? [...this.#waiting][0] : undefined)
    this.#current = undefined
    entry?.settle({ comesTo: 'unread', cause, head: entry.head })
    this.#end()
  }

  #end(): void {
    clearTimeout(this.#timer)
    const thread = this.#thread
    if (!thread) return
    this.#thread = undefined
    this.#ended = thread.worker.terminate().catch(() => {}).then(() => {
      this.#ended = undefined
      this.#next()
    })
  }
}

interface Started {
  readonly worker: Worker
  isReady: boolean
}
