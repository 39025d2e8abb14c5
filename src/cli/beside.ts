/** What stands beside a workload in a set of files: of objects that are called alike, those that a file means. */
import { folderOf } from './repository.ts'

/** An object, by the file that it stands in. */
export interface Standing {
  readonly file: string
}

/**
 * Of objects of one name, those that a file means: of the file itself, else of its folder, else those that may be applied together
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
