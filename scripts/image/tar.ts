/** Tar archives that are the same for the same input: numeric owners, one time, the order given. */
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createTarPacker } from 'modern-tar'
import type { TarHeader } from 'modern-tar'
import type { Entry } from './entries.ts'

/** Files are read while they are packed, so that none has to fit into memory. */
export function packed(entries: readonly Entry[], modified: Date): Readable {
  const { readable, controller } = createTarPacker()
  const add = async (entry: Entry): Promise<void> => {
    const body = controller.add(header(entry, modified))
    if (entry.type !== 'file') return body.close()
    const content = typeof entry.content === 'string' ? createReadStream(entry.content) : Readable.from([entry.content])
    await Readable.toWeb(content).pipeTo(body)
  }
  const addAll = async (): Promise<void> => {
    for (const entry of entries) await add(entry)
    controller.finalize()
  }
  addAll().catch((error: unknown) => controller.error(error))
  return Readable.fromWeb(readable as Parameters<typeof Readable.fromWeb>[0])
}

function header(entry: Entry, mtime: Date): TarHeader {
  const owned = { mtime, uid: 0, gid: 0, uname: '', gname: '' }
  switch (entry.type) {
    case 'folder':
      return { ...owned, name: `${entry.path}/`, type: 'directory', size: 0, mode: entry.mode }
    case 'link':
      return { ...owned, name: entry.path, type: 'symlink', size: 0, mode: 0o777, linkname: entry.target }
    case 'file':
      return { ...owned, name: entry.path, type: 'file', size: entry.size, mode: entry.mode }
  }
}
