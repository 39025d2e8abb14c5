/** `paddock explain Procfile`: what a file of a platform says, and what gunicorn gets of it, in each of the ways that there are. */
import { versionIn } from '../gunicorn/catalogue.ts'
import { withRelease } from '../injection/invocations.ts'
import { inspect, type Invocation, type Surroundings } from '../inspect.ts'
import { fieldPath } from '../kubernetes/field.ts'
import { visible } from '../kubernetes/visible.ts'
import type { Workload, UnreadContainer } from '../kubernetes/workload.ts'
import type { Remark } from '../platforms/remarks.ts'
import { defaultPlatform, platforms, type Mode, type Platform } from '../platforms/platform.ts'
import { processScripts } from '../platforms/process-scripts.ts'
import type { Command, Process } from '../platforms/process.ts'
import { modeOf, workloadOf } from '../platforms/process-workload.ts'
import { pinned } from '../python/version.ts'
import { configFilesIn } from './config-files.ts'
import { explainInvocation, notReadMessage } from './explain.ts'
import type { ExplainFlags } from './explain-flags.ts'
import type { painter } from './io.ts'
import { Lines } from '../yaml/lines.ts'
import { readPlatformFile } from './platform-files.ts'
import type { PlatformFile, Repository } from './repository.ts'
import { repositoryPython } from './repository-python.ts'
import { picture } from './picture.ts'

type Paint = ReturnType<typeof painter>

interface Asked {
  readonly path: string
  readonly kind: PlatformFile
  readonly text: string
  readonly repository: Repository
}

/** The ways of BlueKing, whose app tells which it is: the file does not. */
const ways = ['blueking', 'blueking-image', 'blueking-legacy-image'] as const

const titles: Readonly<Record<string, string>> = {
  blueking: 'built with buildpacks',
  'blueking-image': 'built from a Dockerfile, or an image',
  'blueking-legacy-image': 'an image of an app that is not cloud-native',
}

const modeWords: Readonly<Record<Mode, string>> = {
  bash: 'bash runs it as a script',
  sh: 'sh runs it as a script',
  words: 'no shell reads it: it is split into words, and $NAME becomes $(NAME), which Kubernetes expands',
  env: 'no shell reads it: it is split into words behind `env`, and nobody expands $NAME',
  token: 'each word goes through `eval echo "…"`',
  splits: 'variables are expanded, then it is split at blanks, quotes or no quotes',
}

interface Way {
  readonly name: string
  readonly platform: Platform
}

/** What a process comes to in one way: its gunicorns, in its own text and in the scripts that it starts. */
interface Outcome {
  readonly way: Way
  readonly started: readonly { readonly script: string | undefined; readonly workload: Workload }[]
  readonly remarks: readonly Remark[]
  readonly surroundings: Surroundings
  /** What gunicorn gets, to tell ways apart. */
  readonly identity: string
}

/** The processes of a file, as pictures or as data. */
export interface ExplainedProcesses {
  /** What keeps the file, or a part of it, from being read. */
  readonly faults: readonly string[]
  text(paint: Paint): string
  data(): object[]
}

export function explainProcesses({ path, kind, text, repository }: Asked, flags: ExplainFlags): ExplainedProcesses {
  const { processes, faults } = readPlatformFile(kind, text, { platform: platformOf(flags), compared: false, repository })
  const lines = new Lines(text)
  return {
    faults: faults.map(({ message, start }) => `${path}:${place(lines, start)}: ${message}`),
    text: (paint) =>
      processes.filter(({ path: at }) => at.length > 0).map((process) => processText(process, path, lines, repository, flags, paint)).join(
        '\n',
      ),
    data: () => processes.flatMap((process) => processData(process, path, repository, flags)),
  }
}

/** The gunicorns that a file's processes start, in the first of the ways that there are. */
export function processInvocations({ kind, text, repository }: Asked,
  flags: Pick<ExplainFlags, 'platform' | 'gunicorn'>): readonly { readonly process: Process; readonly invocation: Invocation }[] {
  const { processes } = readPlatformFile(kind, text, { platform: platformOf(flags), compared: false, repository })
  return processes.flatMap((process) => {
    const [first] = outcomes(process, repository, flags)
    return (first?.started ?? []).flatMap(({ workload }) =>
      inspect(workload, first?.surroundings ?? {}, []).map((invocation) => ({ process, invocation }))
    )
  })
}

const processData = (process: Process, path: string, repository: Repository, flags: ExplainFlags): object[] =>
  outcomes(process, repository, flags).flatMap(({ way, started, remarks, surroundings }) =>
    started.flatMap(({ script, workload }) =>
      inspect(workload, surroundings, []).map((invocation) => ({
        file: script ?? path,
        container: process.name,
        platform: way.name,
        mode: modeOf(process.command, way.platform),
        lost: remarks.map(({ detail }) => detail),
        ...explainInvocation(invocation, pinned(workload.gunicorn ?? '')),
      }))
    )
  )

function platformOf({ platform: name = defaultPlatform }: Pick<ExplainFlags, 'platform'>): Platform {
  const platform = platforms[name]
  if (!platform) throw new TypeError(`there is no platform ${name}`)
  return platform
}

function outcomes(process: Process, repository: Repository,
  { platform: chosen, gunicorn }: Pick<ExplainFlags, 'platform' | 'gunicorn'>): Outcome[] {
  // Version 3 is for cloud-native apps alone.
  const possible = chosen === undefined ? ways.filter((way) => process.apiVersion !== '3' || way !== 'blueking-legacy-image') : [chosen]
  return possible.flatMap((name) => {
    const platform = platforms[name]
    return platform ? [outcome(process, { name, platform }, repository, gunicorn)] : []
  })
}

function outcome(process: Process, way: Way, repository: Repository, asked: string | undefined): Outcome {
  const own = workloadOf({ ...process, remarks: [] }, way.platform)
  const folder = process.folder ? `${process.folder}/` : ''
  const python = repositoryPython(undefined, (file) => repository(folder + file), folder)
  const version = versionIn(asked)
  const released = (
    workload: Workload,
  ): Workload => (version === undefined ? withRelease(workload, python) : { ...workload, gunicorn: `==${version}` })
  const scripts = [...processScripts(process, own, way.platform, { read: (file) => repository(folder + file) })]
  const started = [{ script: undefined, workload: released(own) },
    ...scripts.map(({ file, workload }) => ({ script: folder + file, workload: released(workload) }))]
  const remarks = own.remarks ?? []
  const surroundings = { configFile: configFilesIn((file) => repository(folder + file), way.platform.folders), isRepository: true }
  const found = started.flatMap(({ workload }) => inspect(workload, surroundings, []))
  const identity = JSON.stringify([found.map(({ words }) => words.map(({ value, text }) => value ?? [text])),
    remarks.map(({ detail }) => detail)])
  return { way, started, remarks, surroundings, identity }
}

function processText(process: Process, path: string, lines: Lines, repository: Repository, flags: ExplainFlags, paint: Paint): string {
  const { name, module = 'default', command } = process
  const at = command.form === 'text' ? command.text.range.start : command.form === 'list' ? (command.words[0]?.range.start ?? 0) : 0
  const title = visible(
    `${path}:${place(lines, at)}: process "${name}"${module === 'default' ? '' : ` of module "${module}"`}${
      process.kind === 'Procfile' ? '' : `, ${fieldPath(process.path)}`
    }`,
  )
  const texts = [paint('bold', title), `  ${paint('dim', 'says:')} ${written(command)}`]
  for (const [, same] of Map.groupBy(outcomes(process, repository, flags), ({ identity }) => identity)) {
    const [first] = same
    if (!first) continue
    // Ways that come to the same are told of together.
    const names = same.map(({ way }) => `${way.name}${titles[way.name] === undefined ? '' : ` (${titles[way.name]})`}`)
    const modes = new Set(same.map(({ way }) => modeOf(command, way.platform)))
    texts.push(`  ${paint('cyan', names.join(', '))}: ${modes.size > 1 ? 'all the same' : modeWords[modeOf(command, first.way.platform)]}`)
    for (const { detail, value } of first.remarks) texts.push(`    ${paint('yellow', 'lost')}: ${JSON.stringify(value)} ${visible(detail)}`)
    const view = { all: flags.all === true, paint }
    const cut: UnreadContainer[] = []
    const found = first.started.flatMap(({ script, workload }) =>
      inspect(workload, first.surroundings, cut).map((invocation) =>
        picture(invocation, { ...view, ...(script === undefined ? {} : { title: script }) })
      )
    )
    for (const { reason } of cut) texts.push(`    ${notReadMessage(reason)}`)
    if (found.length + cut.length === 0) texts.push('    no gunicorn is started here, as far as can be seen')
    texts.push(...found.map((text) => indented(text)))
  }
  return `${texts.join('\n')}\n`
}

const indented = (text: string): string => text.trimEnd().split('\n').map((line) => `  ${line}`).join('\n')

function written(command: Command): string {
  if (command.form === 'text') return visible(command.text.value.trim())
  return command.form === 'list' ? JSON.stringify(command.words.map(({ value }) => value)) : 'nothing: the image says what is started'
}

function place(lines: Lines, offset: number): string {
  const { line, column } = lines.position(offset)
  return `${line}:${column}`
}
