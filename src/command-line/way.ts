/** How a script is reached: through which shells and wrappers, and what they leave of it. */
import { baseName, type Started } from '../gunicorn/invocation.ts'
import { signalsGroup, type Parent } from '../gunicorn/termination.ts'
import type { Beside } from '../shell/beside.ts'
import type { Word } from '../shell/word.ts'
import type { Shell } from './found.ts'
import type { Folder } from './working-folder.ts'

type Starter = Pick<Shell, 'name' | 'signalsGroup'>

/** How a script is reached. */
export interface Way {
  readonly parents: readonly Parent[]
  readonly depth: number
  /** True for the text of a file. */
  readonly isFile: boolean
  /** Why nothing can be put into the script; undefined where it can. */
  readonly closed: string | undefined
  /** Whether no wrapper before it takes variables away. */
  readonly inherits: boolean
  /** `surely`: it is read in every run of the container in which the commands before it succeed. */
  readonly runs: 'surely' | 'maybe'
  /** Where it is read. */
  readonly folder: () => Folder
  /** The other commands of the scripts that it is reached through. */
  readonly beside: Beside
  /** The shell that reads it, where that is the container's first process or the child of an init program. */
  readonly starter: Starter | undefined
}

/** The shell that a command line starts. */
export function starterIn(words: readonly Word[], started: Started): Starter | undefined {
  if (started.kind !== 'program') return undefined
  return { name: baseName(words[started.index]?.value ?? ''), signalsGroup: signalsGroup(words.slice(0, started.index)) }
}
