/** The settings that held while a log was written: of a command, or of what a file starts. */
import { annotatedPython } from '../dependencies/annotation.ts'
import type { AgreedSettings } from '../gunicorn/agreed-settings.ts'
import { withRelease } from '../injection/invocations.ts'
import { inspectWorkload } from '../inspect.ts'
import { visible } from '../kubernetes/visible.ts'
import { readObjects, readWorkloads } from '../kubernetes/workload.ts'
import type { Circumstances } from '../logs/circumstances.ts'
import { governed } from '../policy/governed.ts'
import type { Python } from '../python/known.ts'
import { readManifests } from '../yaml/manifests.ts'
import { configFilesAt, readEach } from './config-files.ts'
import { understand } from './explain.ts'
import { UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { folderOf, platformFile, repository } from './repository.ts'

export interface CommandFlags {
  readonly command?: string
  readonly env?: Readonly<Record<string, string>>
  readonly configFile?: Readonly<Record<string, string>>
  readonly gunicorn?: string
}

/** A gunicorn as it is found: its settings and its application. */
interface Started {
  readonly settings: AgreedSettings
  readonly place?: Place
  readonly python?: Python
}

/** Where a gunicorn is started. */
export interface Place {
  readonly file: string
  /** The workload's, or the process's of a platform. */
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly container: string
  /** The folder of the repository that the process is of, with a slash behind it, or empty. */
  readonly folder: string
}

/** What held, and where it is written: undefined for a command that no file holds. */
export interface Given {
  readonly circumstances: Circumstances
  readonly place: Place | undefined
}

export async function circumstancesOf(files: readonly string[], flags: CommandFlags, io: Io): Promise<Given> {
  if (flags.command !== undefined && files.length > 0)
    throw new UsageError('diagnose takes the settings either from --command or from a file')
  const [file, ...others] = files
  if (others.length > 0) throw new UsageError('diagnose takes the settings from one file')
  const started = flags.command === undefined ? await startedBy(file ?? '', flags, io) : startedIn(flags.command, flags, io)
  const [first] = started
  if (!first)
    throw new UsageError(
      `${flags.command === undefined ? visible(file ?? '') : '--command'}: no gunicorn is started there, as far as can be seen`,
    )
  if (started.length > 1) io.stderr.write(`paddock: ${started.length} gunicorns are started there: the settings of the first are taken\n`)
  return { circumstances: readSettings(first, flags.gunicorn), place: first.place }
}

/** The settings of an object of a cluster. */
export function circumstancesIn(object: object, flags: CommandFlags, io: Io): Given {
  const [first] = startedByObject(object, '', flags, io)
  if (first) return { circumstances: readSettings(first, flags.gunicorn), place: undefined }
  io.stderr.write('paddock: the workload says of no gunicorn how it is started: say it with --command\n')
  return { circumstances: { isKnown: false, gunicorn: flags.gunicorn }, place: undefined }
}

function startedIn(command: string, { env = {}, configFile = {}, gunicorn }: CommandFlags, io: Io): readonly Started[] {
  return understand({ argv: ['sh', '-c', command], env, gunicorn, files: readEach(configFile, io) }).invocations.map(({ settings }) => ({
    settings,
  }))
}

async function startedBy(file: string, flags: CommandFlags, io: Io): Promise<readonly Started[]> {
  const text = io.readFile(file)
  const kind = platformFile(file)
  if (kind !== undefined) {
    const { processInvocations } = await import('./explain-processes.ts')
    const { repositoryPython } = await import('./repository-python.ts')
    const beside = repository(file, io, (message) => io.stderr.write(`paddock: ${message}\n`))
    const found = processInvocations({ path: file, kind, text, repository: beside }, flags)
    // Behind the platform's address stands the process `web`.
    const [first] = [...found.filter(({ process: { name } }) => name === 'web'), ...found]
    if (!first) return []
    const { process: { kind: of, name, folder }, invocation: { settings, container } } = first
    const own = folder ? `${folder}/` : ''
    const python = repositoryPython(undefined, (path) => beside(own + path), folderOf(file) + own)
    return [{ settings, python, place: { file, kind: of, namespace: '', name, container: container.name, folder: own } }]
  }
  return [...readManifests(text)].flatMap(({ value }) => [...readObjects(value)])
    .flatMap(({ item }) => startedByObject(item, file, flags, io))
}

function startedByObject(object: unknown, file: string, flags: CommandFlags, io: Io): readonly Started[] {
  const surroundings = { configFile: configFilesAt(readEach(flags.configFile ?? {}, io)) }
  const { kind, namespace, name } = governed(object)
  return [...readWorkloads(object)].flatMap((workload) => {
    const python = annotatedPython(workload)
    return inspectWorkload(withRelease(workload, python), surroundings, []).flatMap(({ invocations }) =>
      invocations.map(({ settings, container }): Started => ({ settings, python,
        place: { file, kind, namespace, name, container: container.name, folder: '' } })
      )
    )
  })
}

function readSettings({ settings, python }: Started, gunicorn: string | undefined): Circumstances {
  const number = (name: string): number | undefined => {
    const value = settings.value(name)
    return typeof value === 'number' ? value : undefined
  }
  const text = (name: string): string | undefined => {
    const value = settings.value(name)
    return typeof value === 'string' ? value : undefined
  }
  const timeout = number('timeout')
  return {
    isKnown: true,
    gunicorn,
    hasGevent: python?.installed('gevent').state === 'Installed',
    workers: number('workers'),
    threads: number('threads'),
    workerClass: text('worker_class'),
    timeout: timeout === 0 ? undefined : timeout,
    gracefulTimeout: number('graceful_timeout'),
    maxRequests: number('max_requests'),
    accessLogFormat: text('access_log_format'),
    daemon: settings.value('daemon') === true,
    application: settings.application ?? undefined,
  }
}
