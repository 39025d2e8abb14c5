/** The outside, as the commands see it: passed in, so that a command is a function of its arguments. */
import { visibleJson, visibleLines } from '../kubernetes/visible.ts'
import type { AskHelper } from '../oci/credentials.ts'
import type { Http } from '../oci/registry.ts'
import type { OpenFileAt } from '../oci/store.ts'

export interface Stream {
  write(text: string): void
  /** True where a person reads along. */
  readonly isTTY: boolean
}

/** What is said goes out here: no control character of an input does. */
export interface Output extends Stream {
  /** A file's text as it is, where a program reads it. */
  raw(text: string): void
  /** A control sequence of Paddock's own, as a part of what is written. */
  own(sequence: string): string
}

/** How a folder is gone through. */
export interface Walk {
  /** Patterns as in a `.gitignore` of that folder: what they name is left out. */
  readonly exclude: readonly string[]
  /** Takes a folder that is passed over, and what it is. What `.gitignore` and `exclude` name is passed over without a word. */
  readonly passedOver: (folder: string, what: 'chart' | 'foreign') => void
}

/** A log: it is gone through once. */
export interface LogFile {
  /** Bytes; undefined where nobody knows, as for a pipe. */
  readonly size: number | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface Outside {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: Readonly<Record<string, string | undefined>>
  /** All of standard input. */
  readonly readInput: () => Promise<string>
  /** Standard input, line by line. */
  readonly inputLines: () => AsyncIterable<string>
  /** A file that was named to Paddock, wherever it lies. Throws a FileError, also for what is neither a file nor a pipe. */
  readonly readFile: (path: string) => string
  /** A file that was named, or `-` for standard input, piece by piece, however large it is. A piece holds until the next one is asked for. Throws a FileError. */
  readonly openLog: (path: string) => LogFile
  /**
   * A file that nobody named: one of bounded size, of the repository that the folder (with a slash behind it, or empty) is in.
   * Throws a FileError, also where a link leads out of the repository.
   */
  readonly readWithin: (folder: string, path: string) => string
  /** Writes a file whole or not at all. Throws a FileError. */
  readonly writeFile: (path: string, text: string) => void
  /** The same for a file of the repository that the folder is in. */
  readonly writeWithin: (folder: string, path: string, text: string) => void
  /**
   * The files that a path names: itself, or the manifests that a folder holds at any depth, and the files of the name `also`.
   * Throws a FileError where there is none. With `walk`, charts, what is others' (`vendor`, virtual environments), what is made
   * (`dist`) and what `.gitignore` names are left out.
   */
  readonly listFiles: (path: string, also?: string, walk?: Walk) => readonly string[]
  /** A file that is read in parts, such as a layer of an image: undefined where there is none. Throws a FileError. */
  readonly openFile: OpenFileAt
  /** What speaks to registries, which may present certificates of these authorities (PEM) as well. */
  readonly http: (authorities: string | undefined) => Http
  readonly askHelper: AskHelper
  /** Milliseconds, from any start. */
  readonly now: () => number
  /** The time of day: milliseconds since 1970. */
  readonly time: () => number
}

/** The outside with both outputs guarded. */
export interface Io extends Outside {
  readonly stdout: Output
  readonly stderr: Output
}

export const guarded = (outside: Outside): Io => ({ ...outside, stdout: outputTo(outside.stdout), stderr: outputTo(outside.stderr) })

/** Sequences are numbered by letters, which nothing trims or takes for the end of a line. */
const firstNumber = 'A'.charCodeAt(0)

/** The one place where text goes out. Sequences of Paddock's own are known by a mark that no input can guess. */
function outputTo(stream: Stream): Output {
  const mark = `\u001b${crypto.randomUUID()}:`
  const sequences: string[] = []
  return {
    isTTY: stream.isTTY,
    write(text) {
      const [first = '', ...marked] = text.split(mark)
      stream.write(
        visibleLines(first) +
          marked.map((part) => (sequences[part.charCodeAt(0) - firstNumber] ?? '') + visibleLines(part.slice(1))).join(''),
      )
    },
    raw: (text) => stream.write(stream.isTTY ? visibleLines(text) : text),
    own(sequence) {
      const known = sequences.indexOf(sequence)
      return mark + String.fromCharCode(firstNumber + (known < 0 ? sequences.push(sequence) - 1 : known))
    },
  }
}

/** JSON text that is fit for a terminal. */
export const jsonText = (value: unknown, indent?: number): string => visibleJson(JSON.stringify(value, null, indent))

/** Colours for what a person reads: none where the output is no terminal, or NO_COLOR is set (https://no-color.org). */
export function painter(output: Output, env: Io['env']): (style: Style, text: string) => string {
  const plain = !output.isTTY || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  return plain ? (_, text) => text : (style, text) => `${output.own(`\u001b[${codes[style]}m`)}${text}${output.own('\u001b[0m')}`
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan'

/** Select Graphic Rendition, ECMA-48 section 8.3.117. */
const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 }
