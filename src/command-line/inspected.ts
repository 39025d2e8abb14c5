/** A command line as it is given, and what is found in it. */
import type { Release } from '../gunicorn/catalogue.ts'
import type { ConfigText } from '../gunicorn/config-file.ts'
import type { Variables } from '../gunicorn/settings.ts'
import type { Splice } from '../edit.ts'
import type { Element } from '../kubernetes/element.ts'
import type { Path } from '../kubernetes/field.ts'
import type { Environment } from '../shell/environment.ts'
import type { ScriptError } from '../shell/script.ts'
import type { Word } from '../shell/word.ts'
import type { Found } from './found.ts'
import type { Place } from './script-place.ts'
import type { Folder } from './working-folder.ts'

/** A command line before any shell: list elements, each with the path where it stands. */
export interface CommandLine {
  readonly elements: readonly Element[]
  /** Where a message about the command line as a whole points to. */
  readonly path: Path
  /** The string that several elements stand in, where they do. */
  readonly text?: string | undefined
  /** Text for a string that the kubelet expands, unless another platform reads it. */
  readonly escaped?: (text: string) => string
  /** What a shell that the command line starts finds in its environment; asked for only where there is one. */
  readonly environment: () => Environment
  /** What gunicorn finds in its environment where nothing on the command line changes that. */
  readonly variables: Variables
  readonly releases: readonly Release[]
  /**
   * A config file by its path, which may be relative: undefined where it surely is not there, null where that, or what it holds,
   * is not known. `folder` is the one that gunicorn starts in. Without it, there is none.
   */
  readonly configFile?: ((path: string, folder: () => Folder) => ConfigText | null | undefined) | undefined
  /** Whether a config file may stand in the folder that gunicorn starts in, and is not found. Without it, none does. */
  readonly mayHideConfig?: ((folder: () => Folder) => boolean) | undefined
  /** Takes each program that is started and is neither gunicorn nor a shell with its script, where that is asked for. */
  readonly program?: ((program: Unread) => void) | undefined
}

/** A program that stands between a command line and the word gunicorn, and is none that is known to start another. */
export interface Unread {
  readonly name: string
  /** The words from the program's name on. */
  readonly words: readonly Word[]
}

/** What a command line says that nobody reads as it is meant: where gunicorn is not started for it, or not with all of its words. */
export interface Misstart {
  /**
   * `script`: one that no shell takes, or reads. `joined`: a command line in one element. `unread`: words behind the script of a shell.
   * `cut`: the rest of a command, which a line of its own makes another one.
   */
  readonly kind: 'script' | 'joined' | 'unread' | 'cut'
  readonly place: Place
  /** As it is written. */
  readonly text: string
  /** The end of the message. */
  readonly detail: string
  readonly remedy?: string
  /** The element, and what to make of it. */
  readonly split?: { readonly word: Word; readonly into: readonly string[] }
  /** What to make of the string at its place. */
  readonly splices?: readonly Splice[]
  /** Why it may be that it does no harm. */
  readonly doubt?: string
}

/** What is found in a command line. */
export interface Inspected {
  readonly invocations: readonly Found[]
  /** What is wrong with its scripts. */
  readonly errors: readonly ScriptError[]
  /** The programs behind which gunicorn is spoken of, and not seen to be started. */
  readonly unread: readonly Unread[]
  readonly misstarts: readonly Misstart[]
  /** True where it may start more than is told here: a script that cannot be seen, a program whose name is not known. */
  readonly mayStartMore: boolean
}
