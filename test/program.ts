/** The program as a process: what a user runs. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The built program, unless it is older than what it is built of; then the source. */
export function program(): string {
  const built = join(root, 'dist', 'paddock.js')
  const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file))
  const sources = [...filesIn(join(root, 'src')), ...filesIn(join(root, 'cmd'))]
  const isNew = existsSync(built) && sources.every((file) => statSync(file).mtimeMs <= statSync(built).mtimeMs)
  return isNew ? built : join(root, 'cmd', 'paddock.ts')
}
