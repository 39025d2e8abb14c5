/** The gunicorns that a command starts by the files of an image: the command itself, and the scripts that it names, through each other. Pure. */
import { inspectCommandLine, type CommandLine, type Found } from '../command-line.ts'
import type { Release } from '../gunicorn/catalogue.ts'
import type { ConfigText } from '../gunicorn/config-file.ts'
import type { Element } from '../kubernetes/element.ts'
import type { EnvVar } from '../kubernetes/workload.ts'
import { scriptElements, startedFiles } from '../platforms/script-file.ts'
import { Environment } from '../shell/environment.ts'
import type { Folder } from './working-folder.ts'

export interface ImageCommand {
  readonly elements: readonly Element[]
  /** An absolute path. */
  readonly folder: string
  readonly variables: readonly (readonly [string, string | null | undefined])[]
  /** Whether a variable that is not among them may be set elsewhere. */
  readonly mayComeFromElsewhere: (name: string) => boolean
  /** True where they are all there are, those of the container's runtime among them. */
  readonly isClosed?: boolean
  readonly releases: readonly Release[]
  /** The text of a script or a config file at an absolute path; null for one that is not had, undefined where there is none. */
  readonly text: (path: string, kind: 'script' | 'config') => string | null | undefined
  /** Config files that lie over those of the image; undefined for one that is not among them. */
  readonly configFile?: ((path: string, startsIn: () => Folder) => ConfigText | null | undefined) | undefined
}

/** A gunicorn, and the script that it stands in; undefined where the command is its own. */
export interface StartedInImage {
  readonly found: Found
  readonly elements: readonly Element[]
  readonly script: string | undefined
}

export interface ImageStarts {
  readonly started: readonly StartedInImage[]
  readonly errors: readonly string[]
  readonly mayStartMore: boolean
}

/** How deep scripts that start scripts are followed. */
const deepest = 4

/** @throws {Unread} where it is not read to its end */
export function startedInImage(
  { elements, folder, variables, mayComeFromElsewhere, isClosed = false, releases, text, configFile }: ImageCommand,
): ImageStarts {
  const started: StartedInImage[] = []
  const errors: string[] = []
  let mayStartMore = false
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${folder === '' ? '/' : folder}/${path}`)
  const configText: CommandLine['configFile'] = (path, startsIn) => {
    const given = configFile?.(path, startsIn)
    if (given !== undefined) return given
    if (!path.startsWith('/') && startsIn() !== '') return null
    const content = text(absolute(path), 'config')
    return content == null ? content : { name: absolute(path), text: content }
  }
  const follow = (own: readonly Element[], values: ImageCommand['variables'], tampered: boolean, script: string | undefined,
    runs: Found['runs'], depth: number): void => {
    const known = new Map(values)
    const inspected = inspectCommandLine({
      elements: own,
      path: elements[0]?.path ?? [],
      releases,
      configFile: configText,
      environment: () => new Environment(values, isClosed, tampered),
      variables: (name) => (known.has(name) ? known.get(name) : tampered || mayComeFromElsewhere(name) ? null : undefined),
    })
    errors.push(...inspected.errors.map(({ message }) => message))
    for (const found of inspected.invocations)
      started.push({ found: runs === 'maybe' ? { ...found, runs } : found, elements: own, script })
    mayStartMore ||= inspected.mayStartMore || inspected.unread.length > 0
    if (depth === 0) return
    const list = values.map(([name, value], index): EnvVar => ({ name, value: value ?? undefined, index }))
    for (const file of startedFiles(own, list, [''])) {
      const path = absolute(file.name)
      const content = text(path, 'script')
      const place = elements.find((one) => one.text === file.name) ?? elements[0]
      const made = content == null || !place ? undefined : scriptElements(file, content, place.path)
      const at = place && { start: place.at?.start ?? 0, end: place.at?.end ?? place.text.length }
      if (made)
        follow(at ? made.map((element) => ({ ...element, at })) : made, file.variables.map(({ name, value }) =>
          [name, value ?? null] as const
        ), file.tampered, path, runs === 'maybe' ? runs : file.runs, depth - 1)
    }
  }
  follow(elements, variables, false, undefined, 'surely', deepest)
  return { started, errors, mayStartMore }
}
