/**
 * What comes in within one turn of the event loop, dealt with together once it has all come. Where each piece goes through the
 * same stages, a stage that is run for one piece after the other, with no socket looked after between, takes two thirds of the
 * time: `docs/decisions/0048-turns.md` has the figures. Nobody waits for what has not come yet.
 */

/** Pieces that are dealt with at once at most, before sockets get their turn. */
const mostTogether = 32

export class Turns<Piece> {
  readonly #deal: (pieces: readonly Piece[]) => void
  #waiting: Piece[] = []

  /** @param deal must not throw: the rest of the pieces would wait for good */
  constructor(deal: (pieces: readonly Piece[]) => void) {
    this.#deal = deal
  }

  add(piece: Piece): void {
    if (this.#waiting.push(piece) === 1) setImmediate(this.#run)
  }

  readonly #run = (): void => {
    const pieces = this.#waiting
    this.#waiting = pieces.length > mostTogether ? pieces.splice(mostTogether) : []
    if (this.#waiting.length > 0) setImmediate(this.#run)
    this.#deal(pieces)
  }
}
