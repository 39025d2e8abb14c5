/** `paddock explain`: one command, the commands of a manifest, or a stream of requests. */
import { annotatedPython } from '../dependencies/annotation.ts'
import { withRelease } from '../injection/invocations.ts'
import { inspectWorkload } from '../inspect.ts'
import { fieldMessage, fieldPath } from '../kubernetes/field.ts'
import { isApiObject } from '../kubernetes/foreign-kinds.ts'
import type { HiddenCommand } from '../kubernetes/hidden-command.ts'
import { visible } from '../kubernetes/visible.ts'
import { readObjects, readWorkloads, type Container } from '../kubernetes/workload.ts'
import type { Subject } from '../rules/rule.ts'
import unresolvedCommand from '../rules/unresolved-command.ts'
import { inspectUnseen } from '../unseen.ts'
import { exitStatus, FileError, UsageError } from './exit.ts'
import { ConfigMapCollection, configFilesAt, readEach } from './config-files.ts'
import { explain, explainInvocation, explainProcess, notReadMessage, readRequest, understand, type ExplainRequest } from './explain.ts'
import { jsonText, painter, type Io } from './io.ts'
import { readManifests } from './manifests.ts'
import { picture, unreadLine } from './picture.ts'
import { platformFile, repository } from './repository.ts'
import { ServiceCollection } from './service-collection.ts'

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
    io.stdout.write(`${jsonText(explain(request, true), 2)}\n`)
    return exitStatus.ok
  }
  const { invocations, errors, unread } = understand(request)
  const view = { all: flags.all === true, paint: painter(io.stdout, io.env) }
  for (const { message } of errors) io.stdout.write(`script: ${visible(message)}\n`)
  if (invocations.length === 0) io.stdout.write('no gunicorn is started here, as far as can be seen\n')
  for (const program of unread) io.stdout.write(`${unreadLine(program)}\n`)
  for (const invocation of invocations) io.stdout.write(picture(invocation, view))
  return exitStatus.ok
}

/** One answer for each line, in order; a line that is no request is answered with its problem, and hides no other. */
async function answerRequests(io: Io): Promise<number> {
  let status: number = exitStatus.ok
  for await (const line of io.inputLines()) {
    if (line.trim() === '') continue
    try {
      io.stdout.write(`${jsonText(explain(readRequest(JSON.parse(line))))}\n`)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      io.stdout.write(`${jsonText({ invocations: [], problems: [{ message: `not a request: ${message}` }] })}\n`)
      status = exitStatus.unreadable
    }
  }
  return status
}

/** A command that was given without a `--` before it is no file. */
function readNamed(path: string, io: Io): string {
  try {
    return io.readFile(path)
  } catch (error) {
    if (error instanceof FileError && error.isAbsent && /\s|^gunicorn$/.test(path)) throw new UsageError(`${error.message}: write a script behind --shell, or a command behind --`)
    throw error
  }
}

async function explainFile(paths: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  let status: number = exitStatus.ok
  const answers: object[] = []
  const problems: object[] = []
  const view = { all: flags.all === true, paint: painter(io.stdout, io.env) }
  const configMaps = new ConfigMapCollection()
  const services = new ServiceCollection()
  for (const path of paths) {
    const text = readNamed(path, io)
    configMaps.add(text)
    services.add(text)
  }
  const surroundings = { configMaps: configMaps.find, services: services.find, configFile: configFilesAt(readEach(flags.configFile ?? {}, io)) }
  for (const path of paths) {
    const kind = platformFile(path)
    if (kind !== undefined) {
      const { explainProcesses, explainedProcesses } = await import('./explain-processes.ts')
      const asked = { path, kind, text: io.readFile(path), repository: repository(path, io, (message) => io.stderr.write(`paddock: ${message}\n`)) }
      const { text, faults } = explainProcesses(asked, flags, view.paint)
      for (const fault of faults) io.stderr.write(`paddock: ${visible(fault)}\n`)
      if (faults.length > 0) status = exitStatus.unreadable
      if (flags.format === 'json') answers.push(...explainedProcesses(asked, flags))
      else io.stdout.write(text)
      continue
    }
    let [isManifest, isExplained] = [false, false]
    const say = (line: string): void => {
      isExplained = true
      if (flags.format === 'json') problems.push({ message: line })
      else io.stdout.write(`${line}\n`)
    }
    const refused: string[] = []
    for (const manifest of readManifests(io.readFile(path))) {
      if (manifest.error) refused.push(`${path}:${manifest.error.line}:${manifest.error.column}: ${manifest.error.message}`)
      for (const { item } of readObjects(manifest.value)) {
        isManifest ||= isApiObject(item)
        for (const read of readWorkloads(item)) {
          const workload = withRelease(read, annotatedPython(read))
          const titleOf = (container: Container): string => visible(`${path}: ${workload.kind.kind} "${workload.name}", container "${container.name}"`)
          const cut = workload.unread ? [workload.unread] : []
          const inspected = inspectWorkload(workload, surroundings, cut)
          for (const { container, invocations, errors } of inspected) {
            const title = titleOf(container)
            for (const invocation of invocations) {
              isExplained = true
              if (flags.format === 'json') answers.push({ file: path, container: container.name, ...explainInvocation(invocation, null), ...explainProcess(invocation) })
              else io.stdout.write(picture(invocation, { ...view, title: `${title}, ${fieldPath(invocation.place.path)}` }))
            }
            for (const { message } of errors) say(`${title}: script: ${visible(message)}`)
          }
          for (const { container, reason } of cut) say(`${titleOf(container)}: ${notReadMessage(reason)}`)
          for (const { container, hidden } of inspectUnseen(workload, inspected.flatMap(({ invocations }) => invocations), surroundings))
            if (hidden) say(`${titleOf(container)}: ${hiddenMessage(hidden)}`)
          for (const { container, unread } of flags.format === 'json' ? [] : inspected) for (const program of unread) say(`${titleOf(container)}: ${unreadLine(program)}`)
        }
      }
    }
    if (!isManifest && !isExplained && (refused.length === 0 || !/\.(ya?ml|json)$/.test(path))) {
      io.stderr.write(`paddock: ${visible(`${path}: is none of the files that are explained: a Kubernetes manifest, Procfile or app_desc.yaml; write a command behind --, or a script behind --shell`)}\n`)
      status = exitStatus.unreadable
    } else {
      for (const line of refused) io.stderr.write(`paddock: ${visible(line)}\n`)
      if (refused.length > 0) status = exitStatus.unreadable
      else if (!isExplained) io.stderr.write(`paddock: ${visible(path)}: no gunicorn is started here, as far as can be seen\n`)
    }
  }
  if (flags.format === 'json') io.stdout.write(`${jsonText({ invocations: answers, problems }, 2)}\n`)
  return status
}

const hiddenMessage = (hidden: HiddenCommand): string =>
  [...unresolvedCommand.check({ hidden } as Subject)].map(({ place, shape, value, detail }) => fieldMessage(place.path, shape, value, detail)).join('; ')
