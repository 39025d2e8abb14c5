/** One gunicorn of a command line, and what it is started by. */
import type { AgreedSettings } from '../gunicorn/agreed-settings.ts'
import type { Release } from '../gunicorn/catalogue.ts'
import type { Variables } from '../gunicorn/settings.ts'
import type { Parent } from '../gunicorn/termination.ts'
import type { Beside } from '../shell/beside.ts'
import type { Command } from '../shell/script.ts'
import type { Word } from '../shell/word.ts'
import type { Insertion, Place, ScriptPlace } from './script-place.ts'

/** The shell whose script starts gunicorn: the container's first process, or the child of an init program. */
export interface Shell {
  /** Its base name: `sh`, `bash`; `busybox` for `busybox sh`. */
  readonly name: string
  /** True where an init program in front of it sends signals to all processes of its group. */
  readonly signalsGroup: boolean
  /** True where its script is a file, which it runs by name. */
  readonly isFile: boolean
  /** True where its script sets a trap. */
  readonly traps: boolean
  /** True where its script starts other programs as well, which may stay. */
  readonly others: () => boolean
  /** Where `exec ` may be put in front of what is started; undefined where it may not. */
  readonly seat: () => Place | undefined
}

/** One gunicorn command line, as the command line that starts it tells it. */
export interface Found {
  /** `exec`: the words are list elements, and nobody expands `$VAR`. `shell`: they stand in a script. */
  readonly form: 'exec' | 'shell'
  /** The words from gunicorn's own name on. */
  readonly words: readonly Word[]
  /** The same, where they are one of several lists: what differs is unknown in `words`. */
  readonly alternatives?: readonly (readonly Word[])[] | undefined
  /** The command of the script that starts gunicorn; undefined in exec form. */
  readonly command: Command | undefined
  /** The script that `command` is of; undefined in exec form. */
  readonly script: ScriptPlace | undefined
  /** The programs and shells that it is started through, the outermost first. */
  readonly parents: readonly Parent[]
  /** The shell that runs that script; undefined in exec form, and for a script within a script. */
  readonly shell: Shell | undefined
  /** The other commands of the scripts that start it; of what stands in scripts of their own, the command that starts those. */
  readonly beside: Beside
  /** `surely`: started in every run of the container in which the commands before it succeed. */
  readonly runs: 'surely' | 'maybe'
  readonly place: Place
  readonly insertion: Insertion
  readonly settings: AgreedSettings
  /** What gunicorn finds in its environment. */
  readonly variables: Variables
  /** True where words that are meant for it do not get to it. */
  readonly isCut?: boolean
  /** True where its words are not what they are meant to be, so that nothing is said of them. */
  readonly isBroken?: boolean
  /** The releases that the gunicorn in the image can be. */
  readonly releases: readonly Release[]
  readonly placeOf: (word: Word) => Place
}
