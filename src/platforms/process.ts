/** A process of a platform's file, as it is written. */
import type { Path } from '../kubernetes/field.ts'
import type { EnvVar } from '../kubernetes/workload.ts'
import type { Range } from '../yaml/python-value.ts'
import type { Remark } from './remarks.ts'

export type ProcessKind = 'Procfile' | 'AppDescription'

/** A string of the file. */
export interface WrittenText {
  readonly path: Path
  readonly value: string
  /** Where it stands in the file, quotes included. */
  readonly range: Range
  /** Where in the file a unit of it (UTF-16) stands; undefined where it stands nowhere as it is. */
  readonly offset: ((unit: number) => number) | undefined
}

/** What a process is started with: one string, or words one by one. */
export type Command =
  | { readonly form: 'text'; readonly text: WrittenText }
  /** `lists` are the paths of the lists that hold the words, in their order. */
  | { readonly form: 'list'; readonly lists: readonly Path[]; readonly words: readonly WrittenText[] }
  /** The image says what is started. */
  | { readonly form: 'none' }

export interface Process {
  readonly kind: ProcessKind
  /** The version of the file's format; empty where it has none. */
  readonly apiVersion: string
  readonly name: string
  /** The module of the app that it is of; undefined where the file has no modules. */
  readonly module?: string
  /** Where its repository begins, from the folder of the file; empty where that is the same. */
  readonly folder?: string
  /** Where it stands in the document. */
  readonly path: Path
  readonly command: Command
  /** What the app sets itself. */
  readonly variables: readonly EnvVar[]
  readonly remarks: readonly Remark[]
}
