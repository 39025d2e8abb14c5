/** A progress line for a person who waits: on a terminal, from the second second on. */
import type { Io } from './io.ts'

/** To the start of the line, and erase it: ECMA-48 section 8.3.41. */
const clear = '\r\u001b[2K'

/** Milliseconds before it shows, and between two states of it. */
const patience = 1000
const pace = 100

export function progress({ stderr, now }: Io): { step(what: string, done: number): void; end(): void } {
  const start = now()
  let next = start + patience
  let shown = false
  return {
    step(what, done) {
      if (!stderr.isTTY || now() < next) return
      next = now() + pace
      shown = true
      stderr.write(`${stderr.own(clear)}${what}: ${done} workloads, ${Math.round((now() - start) / 1000)} s`)
    },
    end() {
      if (shown) stderr.write(stderr.own(clear))
    },
  }
}
