/** What a layer of the image holds, before it becomes a tar archive or a folder. */
import { chmodSync, copyFileSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** `path` is relative to the root of the image, without a leading slash. Everything belongs to root. */
export type Entry = Folder | File | Link

interface Folder {
  readonly path: string
  readonly type: 'folder'
  readonly mode: number
}

interface File {
  readonly path: string
  readonly type: 'file'
  readonly mode: number
  /** In bytes. */
  readonly size: number
  /** The bytes, or the path of the file that holds them. */
  readonly content: Uint8Array | string
}

interface Link {
  readonly path: string
  readonly type: 'link'
  readonly target: string
}

export function file(path: string, text: string | Uint8Array, mode = 0o644): Entry {
  const content = Buffer.from(text)
  return { path, type: 'file', mode, size: content.length, content }
}

/** With the folders that they stand in, in an order that depends on nothing but the paths. */
export function complete(entries: readonly Entry[]): Entry[] {
  const all = new Map<string, Entry>()
  for (const entry of entries)
    for (let path = dirname(entry.path); path !== '.'; path = dirname(path)) all.set(path, { path, type: 'folder', mode: 0o755 })
  for (const entry of entries) {
    if (all.get(entry.path)?.type === 'file') throw new Error(`${entry.path}: there twice`)
    all.set(entry.path, entry)
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Bytes of its files, unpacked. */
export const unpackedSize = (entries: readonly Entry[]): number =>
  entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0)

/** Writes them below a folder, which a Dockerfile copies as it is. */
export function writeFolder(folder: string, entries: readonly Entry[], modified: Date): void {
  mkdirSync(folder, { recursive: true })
  for (const entry of entries) {
    const path = join(folder, entry.path)
    if (entry.type === 'link') symlinkSync(entry.target, path)
    else {
      if (entry.type === 'folder') mkdirSync(path)
      else if (typeof entry.content === 'string') copyFileSync(entry.content, path)
      else writeFileSync(path, entry.content)
      // Whatever the umask says.
      chmodSync(path, entry.mode)
    }
  }
  // Once nothing is written any more: a new file changes the time of its folder.
  for (const entry of [...entries].reverse()) lutimesSync(join(folder, entry.path), modified, modified)
}
