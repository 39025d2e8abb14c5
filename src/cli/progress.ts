/** A progress line for a person who waits: on a terminal, from the second second on. */
import { visible } from '../kubernetes/visible.ts'
import { bytesText } from './bytes.ts'
import type { Io } from './io.ts'

/** To the start of the line, and erase it: ECMA-48 section 8.3.41. */
const clear = '\r\u001b[2K'

/** Milliseconds before it shows, and between two states of it. */
const patience = 1000
const pace = 100

interface Line {
  /** @param text what is shown, of the seconds that have passed; asked for only where it is shown */
  readonly step: (text: (seconds: number) => string) => void
  readonly end: () => void
}

function line({ stderr, now }: Pick<Io, 'stderr' | 'now'>): Line {
  const start = now()
  let next = start + patience
  let shown = false
  return {
    step(text) {
      if (!stderr.isTTY || now() < next) return
      next = now() + pace
      shown = true
      stderr.write(`${stderr.own(clear)}${text(Math.round((now() - start) / 1000))}`)
    },
    end() {
      if (shown) stderr.write(stderr.own(clear))
      shown = false
    },
  }
}

export function progress(io: Io): { step(what: string, done: number): void; end(): void } {
  const { step, end } = line(io)
  return { step: (what, done) => step((seconds) => `${what}: ${done} workloads, ${seconds} s`), end }
}

/** Characters of a bar. */
const width = 30

const bar = (share: number): string => `[${'#'.repeat(Math.floor(share * width)).padEnd(width, '.')}]`

/** A bar over the bytes of an image; without knowing how many there are, their number alone. */
export function byteProgress(io: Io): { step(bytes: number, of: number | undefined): void; end(): void } {
  const { step, end } = line(io)
  return {
    step: (bytes, of) =>
      step((seconds) => {
        if (of === undefined) return `${bytesText(bytes)}, ${seconds} s`
        return `${bar(Math.min(1, bytes / Math.max(1, of)))} ${bytesText(bytes)} of ${bytesText(of)}, ${seconds} s`
      }),
    end,
  }
}

/** How much of a file has been read, and how long the rest takes; `size` in bytes, undefined where nobody knows it. */
export function fileProgress(io: Io, what: string, size: number | undefined): { step(done: number): void; end(): void } {
  const { step, end } = line(io)
  return {
    step: (done) =>
      step((seconds) => {
        if (size === undefined || size === 0) return `${visible(what)}: ${bytesText(done)}`
        const share = Math.min(1, done / size)
        const left = share < 0.02 ? '' : `, ${Math.ceil((seconds / share) * (1 - share))} s left`
        return `${visible(what)}: ${bar(share)} ${bytesText(done)} of ${bytesText(size)}${left}`
      }),
    end,
  }
}
