/** Something that is done again and again: when it asks for it, when it is woken, and after a failure. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isConflict, isTaken } from './api-error.ts'
import { pauseAfter } from './back-off.ts'

export interface RoundsSettings {
  /** One round. Returns the milliseconds that there is nothing to do for. */
  readonly round: () => Promise<number>
  readonly failed: (error: unknown) => void
  readonly random?: () => number
}

export interface Rounds {
  /** Another round at once, or after the one that is under way. */
  wake(): void
  /** Resolves when the signal has aborted and the round that was under way has ended. */
  run(signal: AbortSignal): Promise<void>
}

/** Milliseconds. After a failure; and before another try where somebody else was faster. */
const pauses = { first: 500, most: 30_000 }
const breather = 50
const longest = 2 ** 31 - 1

export function rounds({ round, failed, random = Math.random }: RoundsSettings): Rounds {
  let woken = new AbortController()
  return {
    wake: () => woken.abort(),
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        woken = new AbortController()
        let pause: number
        try {
          pause = await round()
          failures = 0
        } catch (error) {
          const isRace = isConflict(error) || isTaken(error)
          if (!isRace) failed(error)
          failures += 1
          pause = isRace && failures < 5 ? breather : pauseAfter(failures, pauses, random)
        }
        // What woke it while it failed is no reason to storm the API server.
        const end = failures > 0 ? signal : AbortSignal.any([signal, woken.signal])
        await sleep(Math.min(Math.max(pause, 1), longest), undefined, { signal: end }).catch(() => {})
        if (woken.signal.aborted) await sleep(breather, undefined, { signal }).catch(() => {})
      }
    },
  }
}
