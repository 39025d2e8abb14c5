/** The shells that are installed. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program stands on PATH. */
export function findProgram(name: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** What to say where a program is missing; undefined where it is not. */
export function missing(name: string): string | undefined {
  return findProgram(name) === undefined ? `${name} is not installed (apt-get install ${name})` : undefined
}

/** A word that every shell takes as it is. */
export const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
