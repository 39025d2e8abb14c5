/**
 * A word: one element of an argument vector, as far as it is known.
 *
 * Words come from a script (through the shell) or straight from a list (exec form); what reads them
 * (gunicorn's argument parser) does not care which.
 */
export interface Word {
  /** What the program gets, or null where a part of it is unknown. */
  readonly value: string | null
  /** The known characters before the first unknown part; the whole value where it is known. */
  readonly prefix: string
  /** True where this may become no word at all or several: an unquoted unknown expansion, a glob, `"$@"`. */
  readonly splits: boolean
  /** The word as it is written in its source, quotes and expansions included. */
  readonly text: string
  /** Where `text` stands in its source: UTF-16 offsets, end exclusive. */
  readonly start: number
  readonly end: number
}

/** A word that is known: what stands in a list is what the program gets. */
export function literal(value: string, start = 0): Word {
  return { value, prefix: value, splits: false, text: value, start, end: start + value.length }
}

/** The name of a program whose path a word is: `$(which gunicorn)`, `"$(command -v gunicorn)"`; undefined where it is another word. */
export function locatedIn(text: string): string | undefined {
  const [, , name, other] =
    /^("?)(?:\$\(\s*(?:which|command -v|type -p)\s+([\w.-]+)\s*(?:2>\s*\/dev\/null\s*)?\)|`(?:which|command -v)\s+([\w.-]+)`)\1$/.exec(
      text,
    ) ?? []
  return name ?? other
}
