/** `paddock explain`: one command, the commands of a manifest, or a stream of requests. */
import { annotatedPython } from '../dependencies/annotation.ts'
import { gunicornNames } from '../gunicorn-name.ts'
import { withRelease } from '../injection/invocations.ts'
import { inspectWorkload, type Invocation, type Surroundings } from '../inspect.ts'
import { fieldMessage, fieldPath } from '../kubernetes/field.ts'
import { isApiObject } from '../kubernetes/foreign-kinds.ts'
import type { HiddenCommand } from '../kubernetes/hidden-command.ts'
import { visible } from '../kubernetes/visible.ts'
import { readObjects, readWorkloads, type Container, type Workload } from '../kubernetes/workload.ts'
import type { Subject } from '../rules/rule.ts'
import unresolvedCommand from '../rules/unresolved-command.ts'
import { inspectUnseen } from '../unseen.ts'
import { exitStatus, FileError, UsageError } from './exit.ts'
import { ConfigMapCollection, configFilesAt, readEach } from './config-files.ts'
import { explain, explainInvocation, explainProcess, notReadMessage, readRequest, understand, type ExplainRequest } from './explain.ts'
import type { ExplainFlags } from './explain-flags.ts'
import type { ExplainedProcesses } from './explain-processes.ts'
import { jsonText, painter, type Io } from './io.ts'
import { learn } from './learn.ts'
import { readManifests } from '../yaml/manifests.ts'
import { picture, unreadLine } from './picture.ts'
import { platformFile, repository } from './repository.ts'
import { ServiceCollection } from './service-collection.ts'

export async function runExplain(words: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  if (flags.stdin) return answerRequests(io)
  const { shell, env, gunicorn } = flags
  if (shell !== undefined && words.length > 0) throw new UsageError('explain takes either --shell, a command behind --, or a file')
  if (shell === undefined && words.length === 0)
    throw new UsageError('explain needs a command: `paddock explain -- gunicorn app:app`, `--shell SCRIPT`, a file, or --stdin')
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
    if (error instanceof FileError && error.isAbsent && (/\s/.test(path) || gunicornNames.has(path)))
      throw new UsageError(`${error.message}: write a script behind --shell, or a command behind --`)
    throw error
  }
}

/** Takes what is explained, piece by piece. Two print it: `textWriter` and `jsonWriter`. */
interface Writer {
  invocation(invocation: Invocation, container: string, file: string, title: string): void
  /** What is no invocation: a script that cannot be read, a command that is not seen. */
  say(line: string): void
  /** A program that is not read, which is told of beside pictures alone. @returns whether it was */
  unread(line: string): boolean
  processes(explained: ExplainedProcesses): void
  end(): void
}

function textWriter({ all = false }: ExplainFlags, { stdout, env }: Io): Writer {
  const paint = painter(stdout, env)
  const say = (line: string): void => stdout.write(`${line}\n`)
  return {
    invocation: (invocation, _container, _file, title) =>
      stdout.write(picture(invocation, { all, paint, title: `${title}, ${fieldPath(invocation.place.path)}` })),
    say,
    unread: (line) => (say(line), true),
    processes: (explained) => stdout.write(explained.text(paint)),
    end() {},
  }
}

function jsonWriter({ stdout }: Io): Writer {
  const invocations: object[] = []
  const problems: object[] = []
  return {
    invocation: (invocation, container, file) =>
      void invocations.push({ file, container, ...explainInvocation(invocation, null), ...explainProcess(invocation) }),
    say: (message) => void problems.push({ message }),
    unread: () => false,
    processes: (explained) => void invocations.push(...explained.data()),
    end: () => stdout.write(`${jsonText({ invocations, problems }, 2)}\n`),
  }
}

async function explainFile(paths: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  const configMaps = new ConfigMapCollection()
  const services = new ServiceCollection()
  const texts = paths.map((path) => ({ path, text: readNamed(path, io) }))
  for (const { path, text } of texts) learn(path, text, [configMaps, services])
  const configFile = configFilesAt(readEach(flags.configFile ?? {}, io))
  const writer = flags.format === 'json' ? jsonWriter(io) : textWriter(flags, io)
  let status: number = exitStatus.ok
  for (const { path, text } of texts) {
    const surroundings = { configMaps: configMaps.beside(path), services: services.beside(path), configFile }
    const faults = platformFile(path) === undefined ? explainManifests(path, text, surroundings, writer, io)
      : await explainPlatformFile(path, text, flags, writer, io)
    for (const fault of faults) io.stderr.write(`paddock: ${visible(fault)}\n`)
    if (faults.length > 0) status = exitStatus.unreadable
  }
  for (const note of [...configMaps.notes(), ...services.notes()]) io.stderr.write(`paddock: ${visible(note)}\n`)
  writer.end()
  return status
}

/** @returns what keeps the file from being read */
async function explainPlatformFile(path: string, text: string, flags: ExplainFlags, writer: Writer, io: Io): Promise<readonly string[]> {
  const { explainProcesses } = await import('./explain-processes.ts')
  const explained = explainProcesses({ path, kind: platformFile(path)!, text,
    repository: repository(path, io, (message) => io.stderr.write(`paddock: ${message}\n`)) }, flags)
  writer.processes(explained)
  return explained.faults
}

/** @returns what keeps the file, or a document of it, from being read */
function explainManifests(path: string, text: string, surroundings: Surroundings, writer: Writer, io: Io): readonly string[] {
  let [isManifest, isExplained] = [false, false]
  const refused: string[] = []
  for (const manifest of readManifests(text)) {
    if (manifest.error) refused.push(`${path}:${manifest.error.line}:${manifest.error.column}: ${manifest.error.message}`)
    for (const { item } of readObjects(manifest.value)) {
      isManifest ||= isApiObject(item)
      for (const workload of readWorkloads(item)) isExplained = explainWorkload(workload, path, surroundings, writer) || isExplained
    }
  }
  if (!isManifest && !isExplained && (refused.length === 0 || !/\.(ya?ml|json)$/.test(path)))
    return [
      `${path}: is not a file that can be explained: a Kubernetes manifest, Procfile or app_desc.yaml; write a command behind --, or a script behind --shell`,
    ]
  if (refused.length === 0 && !isExplained)
    io.stderr.write(`paddock: ${visible(path)}: no gunicorn is started here, as far as can be seen\n`)
  return refused
}

/** @returns whether there was anything to explain */
function explainWorkload(read: Workload, path: string, surroundings: Surroundings, writer: Writer): boolean {
  const workload = withRelease(read, annotatedPython(read))
  const titleOf = (container: Container): string =>
    visible(`${path}: ${workload.kind.kind} "${workload.name}", container "${container.name}"`)
  let isExplained = false
  const say = (container: Container, line: string): void => {
    isExplained = true
    writer.say(`${titleOf(container)}: ${line}`)
  }
  const cut = workload.unread ? [workload.unread] : []
  const inspected = inspectWorkload(workload, surroundings, cut)
  for (const { container, invocations, errors } of inspected) {
    for (const invocation of invocations) writer.invocation(invocation, container.name, path, titleOf(container))
    isExplained ||= invocations.length > 0
    for (const { message } of errors) say(container, `script: ${visible(message)}`)
  }
  for (const { container, reason } of cut) say(container, notReadMessage(reason))
  for (const { container, hidden } of inspectUnseen(workload, inspected.flatMap(({ invocations }) => invocations), surroundings))
    if (hidden) say(container, hiddenMessage(hidden))
  for (const { container, unread } of inspected)
    for (const program of unread) isExplained = writer.unread(`${titleOf(container)}: ${unreadLine(program)}`) || isExplained
  return isExplained
}

const hiddenMessage = (hidden: HiddenCommand): string =>
  [...unresolvedCommand.check({ hidden } as Subject)].map(({ place, shape, value, detail }) =>
    fieldMessage(place.path, shape, value, detail)
  ).join('; ')
