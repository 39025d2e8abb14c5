/** What a platform makes of a command that stands in its own file. */
import type { Element } from '../kubernetes/element.ts'

/** How what is put into a command line is written, where that is not what Kubernetes expects. */
export interface Spelling {
  /** Text that means itself, before a shell's quotes. */
  readonly literal: (text: string) => string
  /** A variable of the environment. */
  readonly variable: (name: string) => string
  /** True for an option that does not come through. */
  readonly swallows?: (flag: string) => boolean
}

/** A command line as a platform hands it on. */
export interface PlatformCommand {
  /** Its words, or the script that a shell reads. */
  readonly elements: readonly Element[]
  readonly spelling: Spelling
  /** The string that `elements` were made of; undefined for what is a list. */
  readonly text: string | undefined
}
