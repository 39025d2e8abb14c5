/** What is to become of files: edits and rewrites → their text, which is shown as a difference, or written. */
import { applySplices, inOrder, type Splice } from '../edit.ts'
import { fieldPath, type Path } from '../kubernetes/field.ts'
import { visible } from '../kubernetes/visible.ts'
import type { DocumentEdits } from '../yaml/edit-manifests.ts'
import { Lines } from '../yaml/lines.ts'
import type { Rewrite } from './check-processes.ts'
import { FileError } from './exit.ts'
import { painter, type Io } from './io.ts'
import { folderOf } from './repository.ts'

/** What is to become of a file: edits of its documents, or text to be put in its place. */
export interface FileChange {
  readonly file: string
  /** The folder of the repository that it is in. */
  readonly folder: string
  readonly text: string
  readonly edits: readonly DocumentEdits[]
  readonly splices: readonly Splice[]
  readonly changes: readonly NonNullable<Rewrite['change']>[]
  /** True for a script, which several processes may start. */
  readonly isScript: boolean
}

/** The changes of a file, and of the scripts beside it. */
export function fileChanges(path: string, text: string, documents: readonly DocumentEdits[],
  rewrites: readonly Rewrite[]): readonly FileChange[] {
  const folder = folderOf(path)
  const own = rewrites.filter(({ script }) => script === undefined)
  const edits = [...documents, ...own.flatMap((rewrite) => (rewrite.edits ? [{ document: 0, edits: rewrite.edits }] : []))]
  const splices = own.flatMap(({ splice }) => splice ?? [])
  const changes = own.flatMap(({ change }) => change ?? [])
  const scripts = rewrites.flatMap((
    { script, before = '', splice },
  ): FileChange[] => (script !== undefined && splice
    ? [{ file: folder + script, folder, text: before, edits: [], splices: [splice], changes: [], isScript: true }] : [])
  )
  return edits.length + splices.length + changes.length > 0
    ? [{ file: path, folder, text, edits, splices, changes, isScript: false }, ...scripts] : scripts
}

/** Makes the changes, as far as they can be made in the text. */
export async function mend({ file, text, edits, splices, changes, isScript }: FileChange, scripts: Map<string, string>,
  io: Io): Promise<{ text: string; refused: number }> {
  if (splices.length > 0) {
    const mended = applySplices(text, inOrder(splices))
    if (!isScript) return { text: mended, refused: 0 }
    // Several processes may start one script; what each of them needs must be the same.
    const known = scripts.get(file)
    scripts.set(file, known ?? mended)
    if (known !== undefined && known !== mended)
      io.stderr.write(`paddock: ${visible(file)}: not fixed: several processes start it, and each needs another change\n`)
    return known === undefined ? { text: mended, refused: 0 } : { text, refused: known === mended ? 0 : 1 }
  }
  const { editManifests } = await import('../yaml/edit-manifests.ts')
  const { mendTexts } = await import('../yaml/mend-text.ts')
  let [mended, refused] = [text, 0]
  const refuse = (line: number, path: Path, reason: string): void => {
    io.stderr.write(`paddock: ${visible(`${file}:${line}: ${fieldPath(path)}: not fixed: ${reason}`)}\n`)
    refused += 1
  }
  const [change] = changes
  if (change) {
    const outcome = mendTexts(text, changes.toSorted((a, b) => a.start - b.start), change.read)
    mended = outcome.text
    for (const { change: { start, path }, reason } of outcome.refused) refuse(new Lines(text).position(start).line, path, reason)
  }
  if (edits.length === 0) return { text: mended, refused }
  const edited = editManifests(mended, edits)
  for (const { line, path, reason } of edited.refused) refuse(line, path, reason)
  return { text: edited.text, refused }
}

/** Writes what has been mended; false, and why is said, where it lies elsewhere or cannot be written. */
export function written(folder: string, file: string, text: string, io: Io): boolean {
  try {
    io.writeWithin(folder, file, text)
    return true
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    io.stderr.write(`paddock: ${error.message}: not fixed\n`)
    return false
  }
}

export async function diffOf(file: string, text: string, mended: string, io: Io): Promise<string> {
  const { unifiedDiff } = await import('./diff.ts')
  return unifiedDiff(file, text, mended, painter(io.stdout, io.env))
}
