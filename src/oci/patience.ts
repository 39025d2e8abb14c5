/** How long registries are waited for: a command as a whole waits for each of them no longer. */
import { ImageError } from './image-error.ts'

/** Milliseconds without an answer; and so many bytes are one. */
const longest = 4000
const answer = 16 * 1024

export class Patience {
  readonly #host: string
  #left = longest
  #bytes = 0

  constructor(host: string) {
    this.#host = host
  }

  /** @throws {ImageError} where it takes too long; `abort` then ends what is waited for */
  async for<T>(waited: Promise<T>, abort: () => void): Promise<T> {
    const start = performance.now()
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      const giveUp = (): void => {
        abort()
        reject(new ImageError(`${this.#host} does not answer in time`))
      }
      // On a machine that is busy the answer may be there, and not have been looked at.
      timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), Math.max(0, this.#left))
    })
    try {
      return await Promise.race([waited, late])
    } finally {
      clearTimeout(timer)
      this.#left -= performance.now() - start
      // What is given up may still fail.
      waited.catch(() => {})
    }
  }

  /** Bytes have come: with enough of them, it is answering. */
  got(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < answer) return
    this.#bytes = 0
    this.#left = longest
  }
}
