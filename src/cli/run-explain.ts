/** `paddock explain`: one command, the commands of a manifest, or a stream of requests. */
import type { Setting } from '../gunicorn/settings.ts'
import { inspect, type Found } from '../inspect.ts'
import { fieldPath } from '../kubernetes/field.ts'
import { readObjects, readWorkload } from '../kubernetes/workload.ts'
import type { Word } from '../shell/word.ts'
import { exitStatus, UsageError } from './command.ts'
import { ConfigMapCollection, configFilesAt, readEach } from './config-files.ts'
import { explain, explainInvocation, isDefault, readRequest, understand, unknownSettings, writtenSettings, type ExplainRequest } from './explain.ts'
import { painter, type Io } from './io.ts'
import { readManifests } from './manifests.ts'
import { platformFile, repository } from './platform-files.ts'

export interface ExplainFlags {
  readonly shell?: string
  readonly env: Readonly<Record<string, string>>
  readonly gunicorn?: string
  /** Files on disk, by the paths at which gunicorn finds them. */
  readonly configFile?: Readonly<Record<string, string>>
  readonly all?: boolean
  readonly format: 'text' | 'json'
  readonly stdin?: boolean
  /** Whose Procfile it is; undefined for the default, in each of its ways. */
  readonly platform?: string
  /** True where the words are a command line, behind `--`. */
  readonly isCommand: boolean
}

export async function runExplain(words: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  if (flags.stdin) return answerRequests(io)
  const { shell, env, gunicorn } = flags
  if (shell !== undefined && words.length > 0) throw new UsageError('explain takes either --shell, a command behind --, or a file')
  if (shell === undefined && words.length === 0) throw new UsageError('explain needs a command: `paddock explain -- gunicorn app:app`, `--shell SCRIPT`, a file, or --stdin')
  if (shell === undefined && !flags.isCommand) return explainFile(words, flags, io)
  const files = readEach(flags.configFile ?? {}, io)
  const request: ExplainRequest = { argv: shell === undefined ? words : ['sh', '-c', shell], env, gunicorn, files }
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify(explain(request), null, 2)}\n`)
    return exitStatus.ok
  }
  const { invocations, errors } = understand(request)
  for (const { message } of errors) io.stdout.write(`script: ${message}\n`)
  if (invocations.length === 0) io.stdout.write('no gunicorn is started here, as far as can be seen\n')
  for (const invocation of invocations) io.stdout.write(picture(invocation, undefined, flags, painter(io.stdout, io.env)))
  return exitStatus.ok
}

/** One answer for each line, in order; a line that is no request is answered with its problem, and hides no other. */
async function answerRequests(io: Io): Promise<number> {
  let status: number = exitStatus.ok
  for await (const line of io.inputLines()) {
    if (line.trim() === '') continue
    try {
      io.stdout.write(`${JSON.stringify(explain(readRequest(JSON.parse(line))))}\n`)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      io.stdout.write(`${JSON.stringify({ invocations: [], problems: [{ message: `not a request: ${message}` }] })}\n`)
      status = exitStatus.unreadable
    }
  }
  return status
}

async function explainFile(paths: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  let status: number = exitStatus.ok
  const answers: object[] = []
  const configMaps = new ConfigMapCollection()
  for (const path of paths) configMaps.add(io.readFile(path))
  const surroundings = { configMaps: configMaps.find, configFile: configFilesAt(readEach(flags.configFile ?? {}, io)) }
  for (const path of paths) {
    const kind = platformFile(path)
    if (kind !== undefined) {
      const { explainProcesses, explainedProcesses } = await import('./explain-processes.ts')
      const asked = { path, kind, text: io.readFile(path), repository: repository(path, io) }
      const { text, faults } = explainProcesses(asked, flags, painter(io.stdout, io.env))
      for (const fault of faults) io.stderr.write(`paddock: ${fault}\n`)
      if (faults.length > 0) status = exitStatus.unreadable
      if (flags.format === 'json') answers.push(...explainedProcesses(asked, flags))
      else io.stdout.write(text)
      continue
    }
    for (const manifest of readManifests(io.readFile(path))) {
      if (manifest.error) {
        io.stderr.write(`paddock: ${path}:${manifest.error.line}:${manifest.error.column}: ${manifest.error.message}\n`)
        status = exitStatus.unreadable
      }
      for (const { item } of readObjects(manifest.value)) {
        const workload = readWorkload(item)
        for (const invocation of workload ? inspect(workload, surroundings) : []) {
          const title = `${path}: ${workload?.kind.kind} "${workload?.name}", container "${invocation.container.name}", ${fieldPath(invocation.place.path)}`
          if (flags.format === 'json') answers.push({ file: path, container: invocation.container.name, ...explainInvocation(invocation, null) })
          else io.stdout.write(picture(invocation, title, flags, painter(io.stdout, io.env)))
        }
      }
    }
  }
  if (flags.format === 'json') io.stdout.write(`${JSON.stringify({ invocations: answers, problems: [] }, null, 2)}\n`)
  return status
}

/** What a person can follow: the words, the settings with their sources, what is unknown, what gunicorn refuses. */
export function picture(invocation: Found, title: string | undefined, { all }: ExplainFlags, paint: ReturnType<typeof painter>): string {
  const { words, settings } = invocation
  const written = writtenSettings(invocation)
  const lines = [title === undefined ? '' : paint('bold', title), `  ${words.map((word) => shown(word, paint)).join(' ')}`]
  const row = (name: string, value: string, source: string): string => `  ${name.padEnd(22)} ${value.padEnd(30)} ${paint('dim', source)}`
  const ends = settings.readings.find((reading) => reading.exits !== undefined)?.exits
  if (ends !== undefined) lines.push(`  ends at once: --${ends}`)
  const application = settings.application
  lines.push(row('application', application === null ? paint('yellow', 'unknown') : (application ?? 'none'), ''))
  for (const setting of written) lines.push(row(setting.name, valueText(setting, paint), sourceText(setting)))
  if (all) {
    const named = new Set(written.map((setting) => setting.name))
    for (const name of Object.keys(invocation.releases.at(-1)?.settings ?? {})) {
      const setting = settings.get(name)
      if (setting && !named.has(name) && isDefault(invocation, setting)) lines.push(row(name, valueText(setting, paint), 'default'))
    }
  }
  const unseen = settings.readings.find((reading) => reading.unseen !== undefined)?.unseen
  const unknown = unknownSettings(invocation, written)
  if (unseen !== undefined) lines.push(`  ${paint('yellow', 'unknown')}: all else, as ${reason[unseen]}`)
  else if (unknown.length > 0) lines.push(`  ${paint('yellow', 'unknown')}: ${unknown.join(', ')}`)
  for (const { message, releases } of explainInvocation(invocation, null).problems)
    lines.push(`  ${paint('red', 'refused')}: ${message}${releases ? ` (gunicorn ${releases.join(', ')})` : ''}`)
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

const reason: Readonly<Record<string, string>> = {
  'config file': 'the config file cannot be read here',
  GUNICORN_CMD_ARGS: 'what GUNICORN_CMD_ARGS holds is not known',
  'command line': 'a word of the command line may be anything',
}

const shown = (word: Word, paint: ReturnType<typeof painter>): string =>
  word.value === null ? paint('yellow', word.text) : /^[\w@%+=:,./$()[\]-]+$/.test(word.value) ? word.value : JSON.stringify(word.value)

const valueText = ({ value }: Setting, paint: ReturnType<typeof painter>): string => (value === undefined ? paint('yellow', 'unknown') : JSON.stringify(value))

function sourceText({ source, entries }: Setting): string {
  const flags = [...new Set(entries.flatMap((entry) => entry.flag ?? []))].join(', ')
  return flags === '' ? source : `${source} (${flags})`
}
