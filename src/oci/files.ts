/** The files of an image, as a container finds them: layers laid over each other. */
import { ImageError } from './image-error.ts'
import type { Layer, LayerEntry } from './layer.ts'

/** A file, folder or link. Hard links are one and the same. */
export interface FileNode {
  readonly kind: 'file' | 'folder' | 'symlink' | 'other'
  readonly size: number
  readonly link: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** The layer that it is of, the lowest being 0; and the path by which that has it. */
  readonly layer: number
  readonly origin: string
  content: Uint8Array | undefined
  readonly children: Map<string, FileNode> | undefined
}

/** What a path leads to. */
export interface Resolved {
  /** Without links in it, from the root, without a slash in front. */
  readonly path: string
  readonly node: FileNode
}

/** As many links are followed. Source: Linux, `MAXSYMLINKS`. */
const mostLinks = 40

const decoder = new TextDecoder()

/** Who reads: the image's user. */
export interface Reader {
  readonly uid: number
  readonly gids: ReadonlySet<number>
}

export class Files {
  readonly #root = folder('', -1)
  /** Files that were asked for and are not had, by the layer that holds them. */
  readonly missed = new Set<FileNode>()

  /** Lays a layer over what is there, whose entries are used up: there may be millions. @throws {ImageError} for a link to what is not there */
  add({ entries, whiteouts, opaque }: Layer, index: number): void {
    // What it takes away is of lower layers alone, and meant by name: it may stand below a link of its own.
    for (const path of opaque) this.#byName(path)?.children?.clear()
    for (const path of whiteouts) {
      const slash = path.lastIndexOf('/')
      this.#byName(slash < 0 ? '' : path.slice(0, slash))?.children?.delete(path.slice(slash + 1))
    }
    entries.reverse()
    for (let entry = entries.pop(); entry; entry = entries.pop()) this.#put(entry, index)
  }

  /** What stands at a path, where no link is followed. */
  #byName(path: string): FileNode | undefined {
    let at: FileNode | undefined = this.#root
    for (const step of steps(path)) at = at?.children?.get(step)
    return at
  }

  #put(entry: LayerEntry, index: number): void {
    const { path } = entry
    const names = steps(path)
    const name = names.pop()
    if (name === undefined) return
    const parent = this.#folderFor(names, index)
    const former = parent.children?.get(name)
    if (entry.kind === 'folder' && former?.kind === 'folder') {
      parent.children?.set(name, { ...former, mode: entry.mode, uid: entry.uid, gid: entry.gid, layer: index })
      return
    }
    if (entry.kind === 'hardlink') {
      const target = this.resolve(entry.link, false)?.node
      if (!target || target.kind === 'folder')
        throw new ImageError(`a hard link leads to ${JSON.stringify(entry.link.slice(0, 200))}, which is not there`)
      parent.children?.set(name, target)
      return
    }
    const { kind, size, link, mode, uid, gid, content } = entry
    parent.children?.set(name, kind === 'folder' ? { ...folder(path, index), mode, uid, gid }
      : { kind, size, link, mode, uid, gid, content, layer: index, origin: path, children: undefined })
  }

  /** The folder that an entry lies in; made where nothing tells of it. Links are followed, as by whoever unpacks a layer. */
  #folderFor(names: readonly string[], index: number): FileNode {
    let at: FileNode = this.#root
    for (const [depth, name] of names.entries()) {
      let next = at.children?.get(name)
      if (next?.kind === 'symlink') next = this.resolve(names.slice(0, depth + 1).join('/'))?.node
      if (next?.kind !== 'folder') {
        next = folder(names.slice(0, depth + 1).join('/'), index)
        at.children?.set(name, next)
      }
      at = next
    }
    return at
  }

  /**
   * What a path from the root leads to; undefined where there is nothing.
   * @param follows whether a link at its end is followed
   */
  resolve(path: string, follows = true): Resolved | undefined {
    const left = steps(path).reverse()
    const at: { name: string; node: FileNode }[] = []
    let links = 0
    for (let step = left.pop(); step !== undefined; step = left.pop()) {
      if (step === '.') continue
      if (step === '..') {
        at.pop()
        continue
      }
      const node = (at.at(-1)?.node ?? this.#root).children?.get(step)
      if (!node) return undefined
      if (node.kind === 'symlink' && (follows || left.length > 0)) {
        if (++links > mostLinks || node.link.length > 4096) return undefined
        if (node.link.startsWith('/')) at.length = 0
        left.push(...steps(node.link).reverse())
        continue
      }
      at.push({ name: step, node })
    }
    return { path: at.map(({ name }) => name).join('/'), node: at.at(-1)?.node ?? this.#root }
  }

  isFile(path: string): boolean {
    return this.resolve(path)?.node.kind === 'file'
  }

  isFolder(path: string): boolean {
    return this.resolve(path)?.node.kind === 'folder'
  }

  /** The names in a folder, sorted; none where it is no folder. */
  names(path: string): readonly string[] {
    return [...(this.resolve(path)?.node.children?.keys() ?? [])].sort()
  }

  /** The folders of some names, at any depth, as paths from the root. */
  foldersNamed(names: ReadonlySet<string>): readonly string[] {
    const found: string[] = []
    const left: [path: string, node: FileNode][] = [['', this.#root]]
    for (let next = left.pop(); next; next = left.pop()) {
      const [path, node] = next
      for (const [name, child] of node.children ?? []) {
        if (child.kind !== 'folder') continue
        const own = `${path}/${name}`
        if (names.has(name)) found.push(own)
        left.push([own, child])
      }
    }
    return found.sort()
  }

  /** The text of a file: undefined where there is none, null where it was not kept, which is noted. */
  text(path: string): string | null | undefined {
    const node = this.resolve(path)?.node
    if (node?.kind !== 'file') return undefined
    if (node.size === 0) return ''
    if (node.content) return decoder.decode(node.content)
    this.missed.add(node)
    return null
  }

  /** Whether somebody gets to a path: each folder on the way must let him through. Root gets everywhere. */
  reaches(path: string, { uid, gids }: Reader): boolean {
    if (uid === 0) return true
    const found = this.resolve(path)
    if (!found) return false
    let at: FileNode = this.#root
    for (const step of steps(found.path)) {
      if (!may(at, uid, gids, 1)) return false
      at = at.children?.get(step) ?? at
    }
    return may(at, uid, gids, at.kind === 'folder' ? 5 : 4)
  }
}

/** @param bits 4 to read, 1 to go through */
function may({ mode, uid: owner, gid }: FileNode, uid: number, gids: ReadonlySet<number>, bits: number): boolean {
  const shift = owner === uid ? 6 : gids.has(gid) ? 3 : 0
  return ((mode >> shift) & bits) === bits
}

const folder = (path: string, layer: number): FileNode => ({ kind: 'folder', size: 0, link: '', mode: 0o755, uid: 0, gid: 0, layer,
  origin: path, content: undefined, children: new Map() })

const steps = (path: string): string[] => path.split('/').filter((step) => step !== '')
