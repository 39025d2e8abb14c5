/** What stands beside a workload in a set of files: of objects that are called alike, those that a file means. */
import { resolve, sep } from 'node:path'
import { folderOf } from './repository.ts'

/** An object, by the file that it stands in. */
export interface Standing {
  /** As `wholePath` has it. */
  readonly file: string
  /** As messages name it. */
  readonly name: string
}

/** The path of a file, which is the same however somebody spells it. */
export const wholePath = (name: string): string => resolve(name).split(sep).join('/')

/** What is said of objects that a file means and that differ: which of them holds is not known. `what` names them: `Service "web"`. */
export function differing(what: string, one: Standing, other: Standing, reader: string): string {
  const places = one.file === other.file ? `twice in ${one.name}` : `in ${one.name} and in ${other.name}`
  return `${what} stands ${places}, and they differ: neither is read for ${reader}`
}

/**
 * Of objects of one name, those that a file, by its whole path, means: of the file itself, else of its folder, else those that may be applied together
 * with it. Where no namespace is written, these are in folders around its own or within it: others are of another application,
 * or of another environment.
 */
export function meantBy<T extends Standing>(file: string, found: readonly T[], namespace: string): readonly T[] {
  const own = found.filter((one) => one.file === file)
  if (own.length > 0) return own
  const folder = folderOf(file)
  const beside = found.filter((one) => folderOf(one.file) === folder)
  if (beside.length > 0 || namespace !== '') return beside.length > 0 ? beside : found
  return found.filter((one) => folder.startsWith(folderOf(one.file)) || folderOf(one.file).startsWith(folder))
}
