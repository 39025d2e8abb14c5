/** A place in a file as people read it: both count from 1, the column in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Turns offsets of a text into lines and columns. The index of lines is built when it is first asked for. */
export class Lines {
  readonly #text: string
  #starts: Uint32Array | undefined

  constructor(text: string) {
    this.#text = text
  }

  /** The line and column of a UTF-16 offset. A byte order mark takes no column. */
  position(offset: number): Position {
    const starts = (this.#starts ??= lineStarts(this.#text))
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: Math.max(offset - starts[low]!, 0) + 1 }
  }
}

function lineStarts(text: string): Uint32Array {
  // A typed array, for a list of a million numbers keeps the garbage collector busy.
  let starts = new Uint32Array(1024)
  starts[0] = text.charCodeAt(0) === 0xfeff ? 1 : 0
  let count = 1
  const afterBreak = /\r(?!\n)/.test(text) ? afterAnyBreak : afterNewline
  for (let at = afterBreak(text, 0); at !== 0; at = afterBreak(text, at)) {
    if (count === starts.length) {
      const longer = new Uint32Array(2 * count)
      longer.set(starts)
      starts = longer
    }
    starts[count++] = at
  }
  return starts.subarray(0, count)
}

/** The offset after the next line break; 0 where there is none. */
function afterNewline(text: string, from: number): number {
  return text.indexOf('\n', from) + 1
}

/** The same for a text with breaks of old Macintosh files, which YAML knows too. */
function afterAnyBreak(text: string, from: number): number {
  const lineBreak = /\r\n?|\n/g
  lineBreak.lastIndex = from
  lineBreak.test(text)
  return lineBreak.lastIndex
}
