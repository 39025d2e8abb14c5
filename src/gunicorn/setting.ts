/** One setting of gunicorn: what holds, where that comes from, and what was written down for it. */
import type { Word } from '../shell/word.ts'
import type { Argument } from './arguments.ts'
import type { Value } from './catalogue/release-file.ts'
import type { cmdArgs } from './variables.ts'

export type Source = 'default' | 'environment' | 'config file' | typeof cmdArgs | 'command line'

/** One value of a setting, and where it was written down. */
export interface Entry {
  /** As gunicorn holds it; undefined where it is unknown or gunicorn refuses it. */
  readonly value: Value | undefined
  /** The option as it was written, in full: `--bind`, `-b`; undefined where no option set it. */
  readonly flag: string | undefined
  /** The word that holds the option; on the command line, one of the invocation's own. */
  readonly word: Word | undefined
  /** The value as it was written; undefined for an option without a value. */
  readonly argument: Argument | undefined
  /** Where it stands in a config file, which the word names: `gunicorn.conf.py, line 3`. */
  readonly line?: string
}

export interface Setting {
  readonly name: string
  readonly source: Source
  /** As gunicorn holds it; undefined where it is unknown or gunicorn refuses it. */
  readonly value: Value | undefined
  /** What was written down for it: several for a list, such as `bind`. */
  readonly entries: readonly Entry[]
}
