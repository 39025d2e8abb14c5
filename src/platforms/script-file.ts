/** Scripts of the repository that a command starts: `bin/start_web.sh`, `bash ./start.sh prod`. Pure: files are read by others. */
import { unlessUnread } from '../budget.ts'
import { baseName, changedEnvironment, startedBy } from '../gunicorn/invocation.ts'
import type { Element } from '../kubernetes/element.ts'
import { firstHoleIn } from '../kubernetes/expansion.ts'
import type { Path } from '../kubernetes/field.ts'
import type { EnvVar } from '../kubernetes/workload.ts'
import { Environment } from '../shell/environment.ts'
import { shellScript } from '../shell/invocation.ts'
import { readScript } from '../shell/script.ts'
import type { Word } from '../shell/word.ts'

/** A file that a shell runs. */
export interface ScriptFile {
  /** From the root of the repository, without `./`. */
  readonly file: string
  /** The shell and its options; undefined where the first line of the file names it. */
  readonly shell: readonly string[] | undefined
  /** `$1`, `$2`, …; null for one that is unknown. */
  readonly parameters: readonly (string | null)[]
  /** The name by which it is started. */
  readonly name: string
  readonly variables: readonly EnvVar[]
  /** True where something that cannot be seen may have set any variable. */
  readonly tampered: boolean
  /** Whether it is surely run, or depends on something. */
  readonly runs: 'surely' | 'maybe'
}

/** The scripts that a command line starts, be it by a script of its own. `folders` are where the repository stands when it runs. */
export function* startedFiles(elements: readonly Element[], env: readonly EnvVar[], folders: readonly string[]): Iterable<ScriptFile> {
  const words = elements.map(({ expanded: { text }, at }): Word => {
    const hole = firstHoleIn(text)
    const value = hole < 0 ? text : null
    return { value, prefix: hole < 0 ? text : text.slice(0, hole), splits: false, text, start: at?.start ?? 0, end: at?.end ?? text.length }
  })
  const started = startedBy(words)
  if (started.kind !== 'program') return
  const environment = changedEnvironment(started.changes, new Environment(env.map(({ name, value }) => [name, value ?? null]), false))
  const own = words.slice(started.index)
  const shell = shellScript(own)
  const text = shell && own[shell.script]?.value
  if (!shell) yield* fileOf(own, environment, folders, 'surely')
  if (shell === null || typeof text !== 'string') return
  const { dialect, parameters, options } = shell
  // Where it is not read to its end, so says who looks for gunicorn in it.
  const script = unlessUnread(() => readScript(text, { dialect, parameters, options, environment }))
  if (!script) return
  // Behind `cd`, a relative path leads elsewhere.
  const moves = script.commands.some(({ words: [name] }) => name?.value === 'cd' || name?.value === 'pushd')
  for (const command of script.commands) {
    const inner = startedBy(command.words)
    if (inner.kind === 'program')
      yield* fileOf(command.words.slice(inner.index), changedEnvironment(inner.changes, command.environment), moves ? [] : folders,
        command.runs)
  }
}

const shells = /^(?:sh|dash|ash|bash)$/

function* fileOf(words: readonly Word[], environment: Environment, folders: readonly string[],
  runs: ScriptFile['runs']): Iterable<ScriptFile> {
  const [first] = words
  if (first?.value == null || first.splits) return
  let at = 0
  let shell: string[] | undefined
  if (shells.test(baseName(first.value))) {
    shell = [baseName(first.value)]
    for (at = 1; /^-[aefuvx]+$/.test(words[at]?.value ?? ''); at++) shell.push(words[at]?.value ?? '')
  }
  const name = words[at]?.value
  if (name == null || words[at]?.splits || (shell === undefined && !name.includes('/'))) return
  const file = folders.length === 0 ? undefined : inRepository(name, folders)
  if (file === undefined) return
  const parameters = words.slice(at + 1)
  if (parameters.some(({ splits }) => splits)) return
  const variables = [...environment.entries()].flatMap(([key, value],
    index): EnvVar[] => (value === undefined ? [] : [{ name: key, value: value ?? undefined, index }])
  )
  yield { file, shell, name, parameters: parameters.map(({ value }) => value), variables, tampered: environment.tampered, runs }
}

/** The path of a file within the repository; undefined where it lies elsewhere, or is no path of a file. */
function inRepository(name: string, folders: readonly string[]): string | undefined {
  const folder = folders.find((one) => name.startsWith(`${one}/`))
  const path = folder === undefined ? name : name.slice(folder.length + 1)
  if (path.startsWith('/') || path.startsWith('-')) return undefined
  const steps: string[] = []
  for (const step of path.split('/')) {
    if (step === '..' && steps.pop() === undefined) return undefined
    if (step !== '' && step !== '.' && step !== '..') steps.push(step)
  }
  return steps.length > 0 ? steps.join('/') : undefined
}

/** The command line that runs the text of a script, read as standing at `path`; undefined where no shell runs it. */
export function scriptElements({ shell, parameters, name }: ScriptFile, text: string, path: Path): Element[] | undefined {
  const runner = shell ?? shebang(text)
  if (!runner) return undefined
  const element = (word: string | null): Element => {
    const value = word ?? '\ue000'
    return { path, text: value, expanded: { text: value, unknown: word === null ? [''] : [], undefined: [], source: (offset) => offset } }
  }
  return [...[...runner, '-c'].map(element), { ...element(text), isFile: true, isExecuted: shell === undefined && text.startsWith('#!') },
    ...[name, ...parameters].map(element)]
}

/** The shell of `#!/bin/bash -e` and `#!/usr/bin/env bash`; without such a line, the bash that starts it reads it itself. */
function shebang(text: string): string[] | undefined {
  // The kernel runs a program itself; bash refuses what holds a NUL in its first line.
  if (text.startsWith('\u007fELF') || /^[^\n]*\0/.test(text)) return undefined
  if (!text.startsWith('#!')) return ['bash']
  const words = (/^#!(.*)/.exec(text)?.[1] ?? '').trim().split(/\s+/)
  const own = baseName(words[0] ?? '') === 'env' ? words.slice(words[1] === '-S' ? 2 : 1) : words
  const [shell = '', ...options] = own
  if (!shells.test(baseName(shell)) || options.length > 1 || (options[0] !== undefined && !/^-[aefuvx]+$/.test(options[0])))
    return undefined
  return [baseName(shell), ...options]
}
