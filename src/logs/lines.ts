/**
 * Bytes → lines, for logs of gigabytes: no line is copied, one of any length takes bounded room. Text is latin1 here, one character a
 * byte, which costs nothing to make; `shown` makes of it what a person reads.
 */

/** Characters of a line that are looked at; the rest of it is passed over. */
export const longestLine = 64 * 1024

/** Takes a line: it stands in `text` from `start` to `end`. */
export type TakeLine = (text: string, start: number, end: number) => void

export class LineReader {
  readonly #take: TakeLine
  /** What has come of the last line. */
  #rest = ''
  /** True while the rest of a line is passed over that is too long. */
  #passing = false
  bytes = 0
  lines = 0

  constructor(take: TakeLine) {
    this.#take = take
  }

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    let start = 0
    if (this.#passing || this.#rest !== '') {
      const end = text.indexOf('\n')
      if (end < 0) {
        if (!this.#passing) this.#keep(this.#rest + text)
        return
      }
      // Only the first line is put together: what follows is looked at where it stands.
      if (this.#rest !== '') {
        const whole = this.#rest + text.slice(0, end)
        this.#rest = ''
        this.#give(whole, 0, whole.length)
      }
      this.#passing = false
      start = end + 1
    }
    for (let end = text.indexOf('\n', start); end >= 0; end = text.indexOf('\n', start)) {
      this.#give(text, start, end)
      start = end + 1
    }
    if (start < text.length) this.#keep(text.slice(start))
  }

  /** A line that goes on in the next chunk: of one that is too long, the beginning is given. */
  #keep(rest: string): void {
    if (rest.length <= longestLine) {
      this.#rest = rest
      return
    }
    this.#rest = ''
    this.#passing = true
    this.#give(rest, 0, longestLine)
  }

  /** A last line may have no end. */
  end(): void {
    if (this.#rest !== '') this.#give(this.#rest, 0, this.#rest.length)
    this.#rest = ''
  }

  #give(text: string, start: number, end: number): void {
    this.lines++
    const last = end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end
    this.#take(text, start, Math.min(last, start + longestLine))
  }
}

/** Characters of a line that are shown. */
const longestShown = 300

/** A part of a line as a person reads it: UTF-8, and of bounded length. It shares no memory with the line. */
export function shown(text: string, start = 0, end = text.length): string {
  const bytes = Buffer.from(text.slice(start, Math.min(end, start + longestShown)), 'latin1')
  return `${bytes.toString('utf8')}${end - start > longestShown ? '…' : ''}`
}

/** The same text that shares no memory with what it was cut out of. */
export const own = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
