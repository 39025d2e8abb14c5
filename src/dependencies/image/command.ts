/** The gunicorns that a command starts in an image, through the scripts that it finds there. */
import { bounded, unreadReason } from '../../budget.ts'
import { inspectCommandLine, type Found } from '../../command-line.ts'
import { releasesFor } from '../../gunicorn/catalogue.ts'
import type { Folder } from '../../command-line/working-folder.ts'
import type { Element } from '../../kubernetes/element.ts'
import type { EnvVar } from '../../kubernetes/workload.ts'
import { scriptElements, startedFiles } from '../../platforms/script-file.ts'
import { Environment } from '../../shell/environment.ts'
import type { Files } from '../../oci/files.ts'
import { from, program, scriptText, shebang } from './programs.ts'

/** What a container is started with. */
export interface Command {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** An absolute path. */
  readonly folder: string
}

export interface Start {
  readonly found: Found
  /** The words in front of gunicorn's own; null for one that is unknown. */
  readonly before: readonly (string | null)[]
}

export interface Starts {
  readonly starts: readonly Start[]
  readonly problems: readonly string[]
}

/** How deep scripts that start scripts are followed. */
const deepest = 4

/** @param gunicorn the release; undefined where it is not known */
export function startsIn(files: Files, { argv, env, folder }: Command, gunicorn: string | undefined): Starts {
  const starts: Start[] = []
  const problems: string[] = []
  const releases = releasesFor(gunicorn)
  const configFile = (path: string, startsIn: () => Folder) => {
    if (!path.startsWith('/') && startsIn() !== '') return null
    const at = from(folder, path)
    const text = files.text(at)
    return text == null ? text : { name: at, text }
  }
  const follow = (elements: readonly Element[], variables: readonly (readonly [string, string | null | undefined])[], tampered: boolean,
    depth: number): void => {
    const known = new Map(variables)
    const inspected = inspectCommandLine({
      elements,
      path: [],
      releases,
      configFile,
      environment: () => new Environment(variables, false, tampered),
      variables: (name) => (tampered && !known.has(name) ? null : known.get(name)),
    })
    problems.push(...inspected.errors.map(({ message }) => message))
    for (const found of inspected.invocations) starts.push({ found, before: wordsBefore(found, elements) })
    if (depth === 0) return
    const list = variables.map(([name, value], index): EnvVar => ({ name, value: value ?? undefined, index }))
    for (const file of startedFiles(elements, list, [''])) {
      const text = scriptText(files, from(folder, file.name))
      const made = text == null ? undefined : scriptElements(file, text, [])
      if (made) follow(made, file.variables.map(({ name, value }) => [name, value ?? null] as const), file.tampered, depth - 1)
    }
  }
  try {
    bounded(() => follow(located(files, argv, env, folder).map(element), Object.entries(env), false, deepest))
  } catch (error) {
    const reason = unreadReason(error)
    if (reason === undefined) throw error
    problems.push(`the command is not read to its end: ${reason}`)
  }
  return { starts, problems }
}

const element = (text: string, index: number): Element => ({ path: [index], text,
  expanded: { text, unknown: [], undefined: [], source: (offset) => offset } })

/** A script that is named without its folder is found by PATH. */
function located(files: Files, argv: readonly string[], env: Readonly<Record<string, string>>, folder: string): readonly string[] {
  const [name, ...rest] = argv
  if (name === undefined || name.includes('/')) return argv
  const path = program(files, name, env['PATH'], folder)
  const text = path === undefined ? undefined : scriptText(files, path)
  return text != null && /(?:^|\/)(?:sh|bash|dash|ash)(?:\s|$)/.test((shebang(text) ?? []).join(' ')) && !text.includes("'''exec'")
    ? [path!, ...rest] : argv
}

function wordsBefore({ form, command, words }: Found, elements: readonly Element[]): readonly (string | null)[] {
  if (form === 'exec') return elements.slice(0, elements.length - words.length).map(({ text }) => text)
  return command ? command.words.slice(0, command.words.length - words.length).map(({ value }) => value) : []
}
