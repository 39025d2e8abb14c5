import type { Expanded } from './expansion.ts'
import type { Path } from './field.ts'

/** A word of a command line before any shell. */
export interface Element {
  readonly path: Path
  /** As it is written. */
  readonly text: string
  /** What the program gets. */
  readonly expanded: Expanded
  /** Where it stands in the string at `path`, where that holds several words; `text` is that part of it. */
  readonly at?: { readonly start: number; readonly end: number }
  /** True for the text of a file that a shell runs by its name, for which no shell gives way to its last command. */
  readonly isFile?: boolean
  /** True for a file whose first line names the program that the kernel is to run it by. */
  readonly isExecuted?: boolean
}
