/** `paddock diagnose`: gunicorn's logs → what happened → what to change. */
import { chartOf, diagnosisOf } from '../logs/diagnose.ts'
import { visible } from '../kubernetes/visible.ts'
import type { ContainerFacts, PodEvent } from '../logs/containers.ts'
import { Diagnosing } from '../logs/diagnosing.ts'
import type { Diagnosis } from '../logs/diagnosis.ts'
import type { Advised } from './advised.ts'
import type { CommandFlags, Given, Place } from './circumstances.ts'
import { diagnosisText } from './diagnosis-text.ts'
import { exitStatus, FileError, UsageError } from './exit.ts'
import type { PolicyFlags } from './governing.ts'
import { jsonText, painter, type Io } from './io.ts'
import { fileProgress } from './progress.ts'
import { folderOf } from './repository.ts'

/** Which cluster. */
interface ClusterFlags {
  readonly kubeconfig?: string
  readonly context?: string
}

/** A workload of a cluster. */
export interface DiagnoseTarget extends ClusterFlags {
  /** As the user writes it: `deployment`, `sts`. */
  readonly kind: string
  readonly name: string
  /** That of the context where it is left out. */
  readonly namespace: string | undefined
  /** How far back logs, events and ends of containers count; undefined for all that is kept. */
  readonly sinceSeconds: number | undefined
}

/** What a cluster knows of a workload. */
export interface DiagnosedWorkload {
  readonly object: object
  readonly facts: readonly ContainerFacts[]
  readonly events: readonly PodEvent[]
  /** What could not be read, and why. */
  readonly notes: readonly string[]
  /** The logs of its containers, in the order of time. */
  readonly chunks: AsyncIterable<Uint8Array>
  readonly bytes: number
}

export interface DiagnoseFlags extends CommandFlags, PolicyFlags, ClusterFlags {
  readonly namespace?: string
  /** Milliseconds. */
  readonly since?: number
  readonly logs?: readonly string[]
  readonly requirements?: string
  /** Whether what is advised is written into the file that the settings stand in. */
  readonly fix?: boolean
  /** Whether that is shown. */
  readonly diff?: boolean
  readonly format: 'text' | 'json' | 'html'
}

export async function runDiagnose(files: readonly string[], flags: DiagnoseFlags, io: Io,
  ask: (target: DiagnoseTarget) => Promise<DiagnosedWorkload>): Promise<number> {
  const logs = [...(flags.logs ?? []), ...files.filter((file) => file === '-')]
  const named = files.filter((file) => file !== '-')
  const target = targetOf(named, flags, io)
  if (target && logs.length > 0) throw new UsageError('logs are read from files, or from the cluster: not from both')
  if (!target && logs.length === 0)
    throw new UsageError('diagnose needs logs: deployment/NAME in a cluster, --logs FILE, or - for standard input')
  if (logs.filter((file) => file === '-').length > 1) throw new UsageError('standard input can be read once')
  const sources = target ? named.slice(1) : named
  const workload = target && await ask(target)
  for (const note of workload?.notes ?? []) io.stderr.write(`paddock: ${visible(note)}\n`)
  // What reads commands is not loaded where there is none.
  const given = workload || flags.command !== undefined || sources.length > 0 ? await import('./circumstances.ts') : undefined
  const unknown: Given = { circumstances: { isKnown: false, gunicorn: flags.gunicorn }, place: undefined }
  const { circumstances, place } = flags.command !== undefined || sources.length > 0
    ? await given?.circumstancesOf(sources, flags, io) ?? unknown
    : workload ? given?.circumstancesIn(workload.object, flags, io) ?? unknown : unknown
  const isChanging = flags.fix === true || flags.diff === true
  if (isChanging && !place)
    throw new UsageError('--fix and --diff need the file that the settings stand in: a manifest, a Procfile or app_desc.yaml')
  const log = new Diagnosing(circumstances)
  for (const path of logs) {
    const { size, chunks } = io.openLog(path)
    const shown = fileProgress(io, path === '-' ? 'standard input' : path, size)
    const before = log.bytes
    for await (const chunk of chunks) {
      log.push(chunk)
      shown.step(log.bytes - before)
    }
    log.nextFile()
    shown.end()
  }
  if (workload) {
    const shown = fileProgress(io, `${target?.kind}/${target?.name}`, workload.bytes)
    for await (const chunk of workload.chunks) {
      log.push(chunk)
      shown.step(chunk.length)
    }
    shown.end()
    log.containers.take(workload.facts, workload.events, log.tally)
  }
  log.end()
  const advice = place ? await advisedIn(place, diagnosisOf(log), flags, io) : undefined
  const diagnosis = advice?.diagnosis ?? diagnosisOf(log)
  if (flags.format === 'json') io.stdout.write(`${jsonText(diagnosis, 2)}\n`)
  else if (flags.format === 'html') io.stdout.raw((await import('./diagnosis-html.ts')).diagnosisHtml(diagnosis, chartOf(log)))
  else io.stdout.write(diagnosisText(diagnosis, chartOf(log), painter(io.stdout, io.env)))
  if (advice && isChanging) await change(advice, flags, io)
  return diagnosis.healthy === false ? exitStatus.found : exitStatus.ok
}

async function advisedIn(place: Place, diagnosis: Diagnosis, flags: DiagnoseFlags, io: Io): Promise<Advised> {
  const { advised, Trial } = await import('./advised.ts')
  const { governing } = await import('./governing.ts')
  const { requirements, configFile } = flags
  const advice = await advised(diagnosis,
    new Trial(place, io.readFile(place.file), { governing: await governing(flags, io), requirements, configFile }, io))
  for (const left of advice.left) io.stderr.write(`paddock: not advised: ${left}\n`)
  return advice
}

/** Shows what the advice comes to, or writes it. */
async function change({ texts, written: said }: Advised, flags: DiagnoseFlags, io: Io): Promise<void> {
  const { diffOf, written } = await import('./file-changes.ts')
  if (texts.size === 0) io.stderr.write('paddock: there is no advice that can be written: nothing is changed\n')
  for (const [file, text] of texts) {
    const before = io.readFile(file)
    if (flags.diff) io.stdout.write(await diffOf(file, before, text, io))
    if (flags.fix && written(folderOf(file), file, text, io)) io.stderr.write(`paddock: ${visible(file)}: written: ${said.join(', ')}\n`)
  }
}

/** The workload of a cluster that the first word names, where it names no file. */
function targetOf([word = '']: readonly string[], { namespace, since, kubeconfig, context }: DiagnoseFlags, io: Io):
  | DiagnoseTarget
  | undefined {
  const [, kind = '', name = ''] = /^([A-Za-z]+)\/([a-z0-9][a-z0-9.-]{0,252})$/.exec(word) ?? []
  const isFile = kind === '' || isThere(word, io)
  if (isFile && (namespace ?? since ?? kubeconfig ?? context) !== undefined)
    throw new UsageError('--namespace, --since, --kubeconfig and --context are for a workload of a cluster: deployment/NAME')
  if (isFile) return undefined
  return { kind, name, namespace, sinceSeconds: since === undefined ? undefined : since / 1000,
    ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) }
}

function isThere(file: string, io: Io): boolean {
  try {
    io.readFile(file)
    return true
  } catch (error) {
    return !(error instanceof FileError) || !error.isAbsent
  }
}
