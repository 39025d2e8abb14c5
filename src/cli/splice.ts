/** Changes of a text in places. */

/** Text to be put in the place of source[start … end). */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A text with splices made, which are in order and apart. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  return applyAround(text, { start: 0, end: text.length }, splices, String)
}

/** A part of a text with splices made, and what is between them written anew. */
export function applyAround(
  text: string,
  part: { start: number; end: number },
  splices: readonly Splice[],
  write: (text: string) => string,
): string {
  const pieces: string[] = []
  let done = part.start
  for (const { start, end, text: piece } of splices) {
    pieces.push(write(text.slice(done, start)), piece)
    done = end
  }
  return pieces.join('') + write(text.slice(done, part.end))
}
