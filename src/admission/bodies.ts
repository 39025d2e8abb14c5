/** The bodies of requests, as they come in: how much of them is held in all, and what becomes of those that are too many or too large. */
import type { IncomingMessage } from 'node:http'

/** The head of a body that is larger than the limit. */
export class BodyHead {
  readonly bytes: Buffer
  /** Of all of it. */
  readonly length: number

  constructor(bytes: Buffer, length: number) {
    this.bytes = bytes
    this.length = length
  }
}

/** A body that is not taken. */
export class BodyRefused extends Error {
  readonly status: 413 | 429

  constructor(status: 413 | 429, message: string) {
    super(message)
    this.status = status
  }
}

/** Bytes: as controller-runtime's webhook server. An update brings two objects, of the 3 MiB each that the API server takes. */
const bodyLimit = 7 * 1024 * 1024
/** Bytes up to which a body is small: that of nearly every review. */
export const smallBody = 64 * 1024

/**
 * Bytes of bodies that are held at most, 56 MiB in all. Small ones have a share of their own: large ones that come in
 * slowly do not keep them out.
 */
const shares = { small: 16 * 1024 * 1024, large: 40 * 1024 * 1024 }
/** Bytes of a body beyond the limit that are kept: by what stands at its head a review is answered that is not read. */
const headKept = 512 * 1024
/** Bytes beyond which a body is not even read to be thrown away. What is 3 MiB when it comes to an API server may be ten times that once defaults are filled in. */
const endless = 64 * 1024 * 1024
/** Bytes that are still read, and thrown away, of a body that is refused: who has yet to send them would not read the answer. */
const discarded = 8 * 1024 * 1024

/**
 * Bytes of large bodies that are taken in before other connections get their turn. To decrypt a megabyte takes some two milliseconds,
 * and whatever has come of each connection would be taken in at once.
 */
const perTurn = 1024 * 1024

type Share = keyof typeof shares

interface Held {
  share: Share
  bytes: number
}

export const tooLarge = (): BodyRefused => new BodyRefused(413, `the request body must be at most ${bodyLimit} bytes`)
const tooMany = (): BodyRefused => new BodyRefused(429, 'too many large requests are being answered: send it again later')

export class Bodies {
  readonly #sums = { small: 0, large: 0 }
  readonly #held = new WeakMap<IncomingMessage, Held>()
  /** Bytes of large bodies that have come in this turn. */
  #turn = 0
  /** What goes on with the next turn. */
  #resting: IncomingMessage[] = []

  /** Bytes of bodies that are held. */
  get bytes(): number {
    return this.#sums.small + this.#sums.large
  }

  /**
   * Takes in the body of a request, which counts as held until it is let go.
   * A length that is announced is counted at once, so that nobody is told "too many" when half of it has come.
   * @param done is called once, with the head of a body that is too large, with a BodyRefused where the body is not taken; never where the client leaves
   */
  receive(request: IncomingMessage, done: (error: Error | null, body?: Buffer | BodyHead) => void): void {
    const announced = request.headers['content-length'] === undefined ? undefined : Number(request.headers['content-length'])
    const held: Held = { share: (announced ?? 0) > smallBody ? 'large' : 'small', bytes: 0 }
    this.#held.set(request, held)
    let refused: BodyRefused | undefined
    const isBeyond = announced !== undefined && announced > bodyLimit
    if (isBeyond && announced > endless) refused = tooLarge()
    else if (!this.#take(held, isBeyond ? headKept : (announced ?? 0))) refused = tooMany()
    // Memory that nothing is written to is none: one piece for what is announced costs what has come.
    const whole = refused === undefined && held.share === 'large' && !isBeyond ? Buffer.allocUnsafeSlow(announced ?? 0) : undefined
    let chunks: Buffer[] = []
    let length = 0
    /** Where there is more than the limit, no more than the head is kept. */
    let head = refused === undefined && isBeyond ? Buffer.alloc(0) : undefined

    const refuse = (error: BodyRefused): void => {
      refused = error
      chunks = []
      length = 0
      this.letGo(request)
    }
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (held.share === 'large') this.#rest(request, chunk.length)
      if (refused) {
        if (length > discarded) {
          request.removeAllListeners('data').removeAllListeners('end').pause()
          this.#resting = this.#resting.filter((one) => one !== request)
          done(refused)
        }
        return
      }
      if (whole) return void chunk.copy(whole, length - chunk.length)
      if (head) {
        if (head.length < headKept) head = Buffer.concat([head, chunk.subarray(0, headKept - head.length)])
        return
      }
      chunks.push(chunk)
      if (announced !== undefined) return
      // An API server announces how much it sends.
      if (length > bodyLimit) return refuse(tooLarge())
      if (!this.#take(held, chunk.length) || (length > smallBody && !this.#isLarge(held))) refuse(tooMany())
    })
    request.on('end', () => {
      if (refused) done(refused)
      else if (head) done(null, new BodyHead(head, length))
      else done(null, whole ?? (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    })
  }

  /** Lets others have their turn, where much has come in this one. */
  #rest(request: IncomingMessage, bytes: number): void {
    if (this.#turn === 0)
      setImmediate(() => {
        this.#turn = 0
        for (const one of this.#resting.splice(0)) one.resume()
      })
    this.#turn += bytes
    if (this.#turn < perTurn) return
    request.pause()
    this.#resting.push(request)
  }

  /** The body of a request is held no longer. */
  letGo(request: IncomingMessage): void {
    const held = this.#held.get(request)
    if (!held) return
    this.#sums[held.share] -= held.bytes
    held.bytes = 0
  }

  /** Counts more bytes, if there is room for them. */
  #take(held: Held, bytes: number): boolean {
    if (this.#sums[held.share] + bytes > shares[held.share]) return false
    this.#sums[held.share] += bytes
    held.bytes += bytes
    return true
  }

  /** Counts a body as large from now on, if there is room for it. */
  #isLarge(held: Held): boolean {
    if (held.share === 'large') return true
    const { bytes } = held
    this.#sums.small -= bytes
    held.bytes = 0
    held.share = 'large'
    return this.#take(held, bytes)
  }
}
