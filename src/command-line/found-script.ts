/** Which of the words of a command are a script, and who reads it. */
import { baseName, type Change, type Passed, type Started } from '../gunicorn/invocation.ts'
import type { Parent, ShellProgram } from '../gunicorn/termination.ts'
import { shellScript, type ShellScript } from '../shell/invocation.ts'
import type { Word } from '../shell/word.ts'

export const noParents: readonly Parent[] = []

export const wrappersOf = (passed: readonly Passed[]): readonly Parent[] =>
  passed.length === 0 ? noParents : passed.map((one) => ({ kind: 'wrapper', ...one }))

/** A script among the words of a command. */
export interface FoundScript extends Pick<ShellScript, 'dialect' | 'parameters' | 'isInput'> {
  readonly index: number
  /** Where it begins within the word. */
  readonly offset: number
  readonly reader: 'shell' | 'words'
  readonly options: ShellScript['options'] | undefined
  readonly changes: readonly Change[]
  readonly parents: readonly Parent[]
  /** The shell's name as it is written, and which one it is; undefined where no shell reads it. */
  readonly name: string
  readonly program: ShellProgram | undefined
}

/** With `input`, also one that is read from the standard input. */
export function scriptIn(words: readonly Word[], started: Started, input = false): FoundScript | undefined {
  if (started.kind === 'unknown' || started.kind === 'gunicorn') return undefined
  const { index, changes, passed } = started
  const parents = wrappersOf(passed)
  if (started.kind === 'string') {
    const { offset, reader, shell, parameters } = started
    // Without a name it is the user's own shell, which the image knows.
    const program = shell === undefined ? 'sh' : shellProgram(shell)
    if (program === undefined) return undefined
    const dialect = program === 'bash' ? 'bash' : 'sh'
    return { index, offset, reader, dialect, parameters, isInput: false, options: undefined, changes, parents, name: shell ?? 'sh',
      program: reader === 'words' ? undefined : program }
  }
  const own = words.slice(index)
  const script = shellScript(own, input)
  if (!script) return undefined
  const name = own[0]?.value ?? 'sh'
  return { ...script, index: index + script.script, offset: 0, reader: 'shell', changes, parents, name,
    program: shellProgram(name) ?? 'sh' }
}

/** Which shell a path names; undefined where it is none that is known. */
function shellProgram(path: string): ShellProgram | undefined {
  const name = baseName(path)
  if (name === 'sh' || name === 'dash' || name === 'busybox') return name
  return name === 'ash' ? 'busybox' : name === 'bash' || name === 'rbash' ? 'bash' : undefined
}
