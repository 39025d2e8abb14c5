/** The outside, as the commands see it: passed in, so that a command is a function of its arguments. */

export interface Output {
  write(text: string): void
  /** True where a person reads along. */
  readonly isTTY: boolean
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** All of standard input. */
  readonly readInput: () => Promise<string>
  /** Standard input, line by line. */
  readonly inputLines: () => AsyncIterable<string>
  readonly readFile: (path: string) => string
  /** Writes a file whole or not at all. */
  readonly writeFile: (path: string, text: string) => void
  /**
   * The files that a path names: itself, or the manifests that a folder holds at any depth, and the files of the name `also`.
   * Throws where there is none.
   */
  readonly listFiles: (path: string, also?: string) => readonly string[]
  /** Milliseconds, from any start. */
  readonly now: () => number
  /** The time of day: milliseconds since 1970. */
  readonly time: () => number
}

/** Colours for what a person reads: none where the output is no terminal, or NO_COLOR is set (https://no-color.org). */
export function painter(output: Output, env: Io['env']): (style: Style, text: string) => string {
  const plain = !output.isTTY || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  return plain ? (_, text) => text : (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m`
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan'

/** Select Graphic Rendition, ECMA-48 section 8.3.117. */
const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 }
