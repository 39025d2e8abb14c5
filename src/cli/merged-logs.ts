/** Logs of several containers, each line with its time in front → one log in the order of time, as `kubectl logs --prefix --timestamps` writes lines. */

export interface ContainerLog {
  /** `pod/web-5d8f/app` */
  readonly source: string
  /** Its log, and before it that from before a restart: each in the order of time. */
  readonly parts: readonly Uint8Array[]
}

/** Bytes that are handed over at once, about. */
const chunk = 64 * 1024

/** The lines of one container, one after the other. */
class Lines {
  readonly #prefix: Buffer
  readonly #parts: Buffer[]
  #start = 0
  /** The time of the line at hand as text that sorts; undefined where there is none any more. */
  time: string | undefined

  constructor({ source, parts }: ContainerLog) {
    this.#prefix = Buffer.from(`[${source}] `)
    this.#parts = parts.filter(({ length }) => length > 0).map((part) => Buffer.from(part.buffer, part.byteOffset, part.length))
    this.#look()
  }

  /** A line without a time goes with the one before it. */
  #look(): void {
    const [part] = this.#parts
    if (!part) {
      this.time = undefined
      return
    }
    const text = part.toString('latin1', this.#start, Math.min(part.length, this.#start + 40))
    const [, time] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[-+]\d\d:\d\d)) /.exec(text) ?? []
    if (time !== undefined) this.time = time.endsWith('Z') ? sortable(time) : sortable(inUtc(time))
    else this.time ??= ''
  }

  /** Hands over the line at hand, and goes on to the next. */
  take(into: Buffer[]): number {
    const [part] = this.#parts
    if (!part) return 0
    const end = part.indexOf(10, this.#start)
    const stop = end < 0 ? part.length : end + 1
    const line = part.subarray(this.#start, stop)
    into.push(this.#prefix, line)
    if (end < 0) into.push(newline)
    this.#start = stop
    if (stop >= part.length) {
      this.#parts.shift()
      this.#start = 0
    }
    this.#look()
    return this.#prefix.length + line.length
  }
}

const newline = Buffer.from('\n')

/** Fractions have no zeros at their end: `…:07Z` comes before `…:07.5Z`. */
const sortable = (time: string): string => `${time.slice(0, 19)}${(time.slice(19, -1) || '.').padEnd(10, '0')}`

/** A kubelet may write the time of its own zone. */
function inUtc(time: string): string {
  const moved = new Date(Date.parse(`${time.slice(0, 19)}${time.slice(-6)}`))
  return Number.isNaN(moved.getTime()) ? time : `${moved.toISOString().slice(0, 19)}${time.slice(19, -6)}Z`
}

export async function* mergeLogs(logs: readonly ContainerLog[]): AsyncGenerator<Uint8Array> {
  const open = logs.map((log) => new Lines(log)).filter(({ time }) => time !== undefined)
  let pieces: Buffer[] = []
  let length = 0
  while (open.length > 0) {
    let next = open[0]
    for (const one of open) if ((one.time ?? '') < (next?.time ?? '')) next = one
    if (!next) break
    length += next.take(pieces)
    if (next.time === undefined) open.splice(open.indexOf(next), 1)
    if (length < chunk) continue
    yield Buffer.concat(pieces)
    pieces = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(pieces)
}
