/** `paddock explain`: how a command is understood. Pure. */
import { releasesFor } from '../gunicorn/catalogue.ts'
import type { Value } from '../gunicorn/catalogue/release-file.ts'
import type { Setting } from '../gunicorn/settings.ts'
import { termination, type Termination } from '../gunicorn/termination.ts'
import { bounded, unreadReason } from '../budget.ts'
import { inspectCommandLine, type Found, type Inspected } from '../command-line.ts'
import { configFilesAt } from './config-files.ts'
import { Environment } from '../shell/environment.ts'

export interface ExplainRequest {
  readonly argv: readonly string[]
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>
  /** The release; undefined where it is not known. */
  readonly gunicorn: string | undefined
  /** Config files by the path that they are named by: absolute, or from the folder that the command starts in. */
  readonly files?: Readonly<Record<string, string>> | undefined
}

export interface ExplainedInvocation {
  /** The words from gunicorn's own name on; null for one that is unknown. */
  readonly argv: readonly (string | null)[]
  readonly application: string | null
  readonly gunicorn: string | null
  /** What is not the default of a gunicorn with an empty environment. */
  readonly settings: Readonly<Record<string, { readonly value: Value; readonly source: string }>>
  readonly unknown: readonly string[]
  /** What makes this gunicorn refuse to start, in its own words. */
  readonly problems: readonly { readonly message: string; readonly releases?: readonly string[] }[]
}

/** How it is started and ended. The answers to a stream of requests leave it out. */
export interface ExplainedProcess {
  /** The programs and shells that it is started through, the outermost first. */
  readonly through: readonly string[]
  /** What a SIGTERM to the first of them, or to gunicorn, comes to, and whom it does not get past. */
  readonly termination: { readonly outcome: Termination['outcome']; readonly stopsAt?: string }
}

export function explainProcess({ parents }: Found): ExplainedProcess {
  const { outcome, stopsAt } = termination(parents)
  return { through: parents.map(({ name }) => name), termination: { outcome, ...(stopsAt ? { stopsAt: stopsAt.name } : {}) } }
}

export interface Explanation {
  readonly invocations: readonly (ExplainedInvocation & Partial<ExplainedProcess>)[]
  /** What is wrong with the command before any gunicorn. */
  readonly problems: readonly { readonly message: string }[]
}

/** Reads a request line: `{"argv": […]}` or `{"shell": "…"}`, with `env`, `gunicorn` and `files`. Throws a message. */
export function readRequest(value: unknown): ExplainRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a request must be an object')
  const { argv, shell, env = {}, gunicorn, files = {} } = value as Record<string, unknown>
  if ((argv === undefined) === (shell === undefined)) throw new Error('a request must have either "argv" or "shell"')
  if (argv !== undefined && !(Array.isArray(argv) && argv.every((word) => typeof word === 'string')))
    throw new Error('"argv" must be a list of strings')
  if (shell !== undefined && typeof shell !== 'string') throw new Error('"shell" must be a string')
  if (typeof env !== 'object' || env === null || !Object.values(env).every((text) => typeof text === 'string'))
    throw new Error('"env" must be an object of strings')
  if (typeof files !== 'object' || files === null || !Object.values(files).every((text) => typeof text === 'string'))
    throw new Error('"files" must be an object of strings')
  if (gunicorn !== undefined && gunicorn !== null && typeof gunicorn !== 'string') throw new Error('"gunicorn" must be a version')
  return {
    argv: argv === undefined ? ['sh', '-c', String(shell)] : argv,
    env: env as Record<string, string>,
    gunicorn: gunicorn ?? undefined,
    files: files as Record<string, string>,
  }
}

/** What a command line comes to, by everything that is known of it. */
export function understand(request: ExplainRequest): Inspected {
  return readToItsEnd(() => bounded(() => inspected(request)),
    (message) => ({ invocations: [], errors: [{ message, start: 0, end: 1 }], unread: [], misstarts: [], mayStartMore: true }))
}

/** What is said of something that was not read to its end. */
export const notReadMessage = (reason: string): string => `not read to its end: ${reason}`

/** Reads something; where that ends before its end, `otherwise` makes an answer of a message that says so. */
function readToItsEnd<Result>(read: () => Result, otherwise: (message: string) => Result): Result {
  try {
    return read()
  } catch (error) {
    const reason = unreadReason(error)
    if (reason === undefined) throw error
    return otherwise(notReadMessage(reason))
  }
}

function inspected({ argv, env, gunicorn, files }: ExplainRequest): Inspected {
  return inspectCommandLine({
    elements: argv.map((text, index) => ({ path: [index], text,
      expanded: { text, unknown: [], undefined: [], source: (offset) => offset } })
    ),
    path: [],
    environment: () => new Environment(Object.entries(env)),
    variables: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    releases: releasesFor(gunicorn),
    configFile: files && configFilesAt(files),
  })
}

/** `withProcess`: whether it is also told how gunicorn is started and ended. */
export function explain(request: ExplainRequest, withProcess = false): Explanation {
  return readToItsEnd(() =>
    bounded(() => {
      const { invocations, errors } = understand(request)
      return {
        invocations: invocations.map((invocation) => ({
          ...explainInvocation(invocation, request.gunicorn ?? null),
          ...(withProcess ? explainProcess(invocation) : {}),
        })),
        problems: errors.map(({ message }) => ({ message })),
      }
    }), (message) => ({ invocations: [], problems: [{ message }] }))
}

export function explainInvocation(invocation: Found, gunicorn: string | null): ExplainedInvocation {
  const { words, settings, releases } = invocation
  const ends = settings.readings.some((reading) => reading.exits !== undefined)
  const written = ends ? [] : writtenSettings(invocation)
  const known = written.filter((setting) => setting.value !== undefined && !isDefault(invocation, setting))
  return {
    argv: words.map((word) => word.value),
    application: ends ? null : (settings.application ?? null),
    gunicorn,
    settings: Object.fromEntries(known.map(({ name, value, source }) => [name, { value: value as Value, source }])),
    unknown: ends ? [] : unknownSettings(invocation, written),
    problems: problemsOf(invocation, releases.length),
  }
}

/** The settings that are written down, in the order of the words. */
export function writtenSettings({ settings }: Found): readonly Setting[] {
  const names = new Set(settings.readings.flatMap((reading) => reading.written().map((setting) => setting.name)))
  return [...names].flatMap((name) => settings.get(name) ?? [])
}

export function isDefault({ releases }: Found, { name, value }: Setting): boolean {
  return releases.every((release) => JSON.stringify(release.settings[name]?.default ?? null) === JSON.stringify(value))
}

/** The names of the settings whose value is not known, by what is written or by what cannot be seen. */
export function unknownSettings({ settings, releases }: Found, written: readonly Setting[]): readonly string[] {
  const unseen = settings.readings.some((reading) => reading.unseen !== undefined)
  const names = unseen ? Object.keys(releases.at(-1)?.settings ?? {}) : written.map((setting) => setting.name)
  const refused = new Set(settings.problems.map((problem) => problem.setting))
  return names.filter((name) => !refused.has(name) && settings.get(name)?.value === undefined)
}

function problemsOf({ settings }: Found, releases: number): ExplainedInvocation['problems'] {
  const byMessage = Map.groupBy(settings.problems, (problem) => problem.message)
  return [...byMessage].map(([message, problems]) => {
    const refusing = problems.flatMap((problem) => problem.releases.map((release) => release.name))
    return refusing.length < releases ? { message, releases: refusing } : { message }
  })
}
