/** What reading an image may cost. */
export interface Limits {
  /** Files, folders and links of all layers. */
  readonly entries: number
  /** Bytes of all layers, once they are unpacked. */
  readonly unpacked: number
  /** Bytes of files that are kept. */
  readonly kept: number
}

export const usualLimits: Limits = { entries: 2_000_000, unpacked: 64 * 2 ** 30, kept: 64 * 2 ** 20 }

/** What unpacks to more than so many times its size, and to more than so many bytes, is a bomb: nobody's files are so much alike. */
export const bomb = { times: 250, bytes: 2 * 2 ** 30 }
