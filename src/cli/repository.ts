/** Files of platforms by their names, and what stands beside them. What reads them is loaded where there is one. */
import { FileError } from './exit.ts'
import type { Io } from './io.ts'

export type PlatformFile = 'Procfile' | 'app_desc'

/** In the order in which the platform looks for them. */
export const descriptionNames: readonly string[] = ['app_desc.yaml', 'app_desc.yml']

/** Which file of a platform a name is: exactly as the platform looks for it. */
export function platformFile(path: string): PlatformFile | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (name === 'Procfile') return 'Procfile'
  return descriptionNames.includes(name) ? 'app_desc' : undefined
}

/** What stands beside a file: undefined where there is no such file. Paths are from its folder. */
export type Repository = (path: string) => string | undefined

/** The folder that a file stands in, with a slash behind it; empty where its name has none. */
export const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/') + 1)

/**
 * What stands beside a file that is read. What is no file of the repository, or none that can be read, is none; `refused` is told
 * why, once, of what is there.
 */
export function repository(file: string, io: Pick<Io, 'readWithin'>, refused: (message: string) => void): Repository {
  const folder = folderOf(file)
  const known = new Map<string, string | undefined>()
  const read = (path: string): string | undefined => {
    try {
      return io.readWithin(folder, folder + path)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      if (!error.isAbsent) refused(`${error.message}: it is not read`)
      return undefined
    }
  }
  return (path) => {
    if (!known.has(path)) known.set(path, read(path))
    return known.get(path)
  }
}
