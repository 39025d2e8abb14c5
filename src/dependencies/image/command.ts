/** The gunicorns that a command starts in an image, through the scripts that it finds there. */
import { bounded, unreadReason } from '../../budget.ts'
import type { Found } from '../../command-line.ts'
import { startedInImage } from '../../command-line/image-command.ts'
import { releasesFor } from '../../gunicorn/catalogue.ts'
import type { Element } from '../../kubernetes/element.ts'
import type { Files } from '../../oci/files.ts'
import { program, scriptText, shebang } from './programs.ts'

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

/** What was read of scripts and config files, by absolute path: false for what there is none of, null for what is not had. */
export type ReadTexts = Map<string, string | null | false>

/**
 * @param gunicorn the release; undefined where it is not known
 * @param read takes what was read of the image's files
 */
export function startsIn(files: Files, { argv, env, folder }: Command, gunicorn: string | undefined, read: ReadTexts = new Map()): Starts {
  const starts: Start[] = []
  const problems: string[] = []
  const text = (path: string, kind: 'script' | 'config'): string | null | undefined => {
    const found = kind === 'script' ? scriptText(files, path) : files.text(path)
    read.set(path, found === undefined ? false : found)
    return found
  }
  try {
    const { started, errors } = bounded(() =>
      startedInImage({ elements: located(files, argv, env, folder).map(element), folder, variables: Object.entries(env),
        mayComeFromElsewhere: () => false, releases: releasesFor(gunicorn), text })
    )
    problems.push(...errors)
    for (const { found, elements } of started) starts.push({ found, before: wordsBefore(found, elements) })
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
export function located(files: Files, argv: readonly string[], env: Readonly<Record<string, string>>, folder: string): readonly string[] {
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
