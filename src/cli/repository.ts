/** Files of platforms by their names, and what stands beside them. What reads them is loaded where there is one. */
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

/** What stands beside a file that is read. What is no file that can be read is none. */
export function repository(file: string, io: Pick<Io, 'readFile'>): Repository {
  const folder = file.slice(0, file.lastIndexOf('/') + 1)
  return (path) => {
    try {
      return io.readFile(folder + path)
    } catch {
      return undefined
    }
  }
}
