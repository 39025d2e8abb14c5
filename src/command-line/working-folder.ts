/** The folder that a command of a script runs in. Pure. */
import { spend } from '../budget.ts'
import type { Command } from '../shell/script.ts'
import type { Word } from '../shell/word.ts'

/**
 * A folder: absolute, or from the one that the command line is started in, which is the empty text. Null for what is most likely
 * that one, and may be another; undefined for one that a `cd` leads to and that is not known.
 */
export type Folder = string | null | undefined

/** Where a command runs, in a script that is started in a folder; `name` is its `$0`. */
export function folderOf(command: Command,
  { text, commands, name }: { readonly text: string; readonly commands: readonly Command[]; readonly name: string | undefined },
  home: () => Folder): Folder {
  if (!mayMove.test(text)) return home()
  // Commands do not tell what runs in a subshell, which moves nobody but itself.
  if (/(?:^|[;&|{(]|\b(?:then|do|else)\b)[ \t]*\((?!\()/m.test(text)) return undefined
  spend(commands.length / 10)
  let folder = home()
  let seen = 0
  for (const other of commands) {
    const moves = mayMove.test(other.words[0]?.value ?? '')
    if (moves) seen += 1
    if (!moves || other.start >= command.start || other.piped || other.background) continue
    const to = other.runs === 'surely' && other.words[0]?.value === 'cd' ? target(other.words.slice(1), name) : undefined
    if (to === undefined || (!to.startsWith('/') && typeof folder !== 'string')) return undefined
    folder = normalized(to.startsWith('/') ? to : folder === '' ? to : `${folder}/${to}`)
  }
  // One that is not seen is read by another shell, or by `eval`; what a comment says moves nobody.
  const written = text.replaceAll(/^[ \t]*#.*/gm, '').match(/\b(?:cd|pushd|popd|chdir)\b/g)?.length ?? 0
  return written > seen ? undefined : folder
}

/** The folder behind a wrapper that may lead elsewhere. */
export const unsure = (folder: Folder): Folder => (folder === '' || folder === null ? null : undefined)

const mayMove = /\b(?:cd|pushd|popd|chdir)\b/

/** A path without `.`, `//`, and any `..` that a folder stands before. */
export function normalized(path: string): string {
  const isAbsolute = path.startsWith('/')
  const steps: string[] = []
  for (const step of path.split('/')) {
    if (step === '..' && (isAbsolute || (steps.length > 0 && steps.at(-1) !== '..'))) steps.pop()
    else if (step !== '' && step !== '.') steps.push(step)
  }
  return `${isAbsolute ? '/' : ''}${steps.join('/')}`
}

/** What `cd` is told; undefined where that is not known. */
function target(words: readonly Word[], name: string | undefined): string | undefined {
  const [first, ...others] = words[0]?.value === '--' ? words.slice(1) : words
  if (!first || others.length > 0) return undefined
  if (first.value !== null)
    return first.value.startsWith('-') || first.value.startsWith('~') || first.value === '' ? undefined : first.value
  // What everybody writes to get to the folder of the script, or to one beside it.
  const behind =
    /^"?(?:\$\(dirname (?:-- )?"?\$(?:0|\{BASH_SOURCE\[0\]\}|\{BASH_SOURCE\}|BASH_SOURCE)"?\)|`dirname "?\$0"?`)((?:\/[\w.-]+)*)\/?"?$/
      .exec(first.text)?.[1]
  return behind === undefined || name === undefined || !name.includes('/') ? undefined : name.slice(0, name.lastIndexOf('/')) + behind
}
