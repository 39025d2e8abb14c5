/** The files of platforms, Procfile and app_desc.yaml: their text → processes, with where everything stands. */
import type { EnvVar } from '../kubernetes/workload.ts'
import type { Path } from '../kubernetes/field.ts'
import { conflictSaid, readAppDescription } from '../platforms/app-description.ts'
import type { Platform } from '../platforms/platform.ts'
import { portabilityNotes } from '../platforms/portability.ts'
import type { Process } from '../platforms/process.ts'
import { readProcfile, type Fault, type Note, type ProcfileProcess, type YamlReadings } from '../platforms/procfile.ts'
import { plainData, valueIn, type Range, type Value } from '../yaml/python-value.ts'
import { readPlainTexts, readPythonYaml } from '../yaml/python.ts'
import { descriptionNames, type PlatformFile, type Repository } from './repository.ts'
import { YamlError, holdsTemplate } from '../yaml/values.ts'

/** What a file of a platform holds. */
export interface ReadFile {
  readonly processes: readonly Process[]
  /** Why the platform refuses it as a whole. */
  readonly faults: readonly Fault[]
  /** What the paths of processes lead into. */
  readonly object: (process: Process) => unknown
  /** Where the value at a path stands; undefined where there is none. */
  readonly rangeAt?: (path: Path) => Range | undefined
  /** How it is read as YAML; undefined where what a string holds stands in the file word for word. */
  readonly read?: (text: string) => Value
}

/** Reads a platform's file. `compared`: no platform was chosen, so where others read a line differently is told. */
export function readPlatformFile(kind: PlatformFile, text: string,
  { platform, compared, repository }: { readonly platform: Platform; readonly compared: boolean;
    readonly repository: Repository }): ReadFile {
  if (kind === 'Procfile') return readProcfileText(text, platform, compared, repository)
  // Nobody else reads it.
  return platform.dialect === 'blueking' ? readDescription(text, repository) : { processes: [], faults: [], object: () => undefined }
}

function readProcfileText(text: string, platform: Platform, compared: boolean, repository: Repository): ReadFile {
  const yaml = yamlReadings(text)
  const reading = readProcfile(platform.dialect, text, yaml)
  const beside = platform.dialect === 'blueking' ? descriptionBeside(repository, reading.processes) : undefined
  const [first] = reading.processes
  const notes = [...reading.notes, ...(compared ? portabilityNotes(text, yaml, reading) : []),
    ...(beside?.conflict && first ? [conflictNote(first, beside.name)] : [])]
  const byName = Map.groupBy(notes, ({ name }) => name)
  return {
    processes: reading.processes.map((process) => ({
      ...procfileProcess(process, byName.get(process.name) ?? []),
      variables: beside?.variables ?? [],
    })),
    faults: reading.faults,
    object: ({ name, command }) => ({ [name]: command.form === 'text' ? command.text.value : '' }),
    ...(platform.dialect === 'blueking' ? { read: readPythonYaml } : textDialects.has(platform.dialect) ? { read: readPlainTexts } : {}),
  }
}

/** Those that read YAML, and take every scalar for a string. */
const textDialects: ReadonlySet<string> = new Set(['cnb-shim', 'railpack', 'nixpacks'])

/** What app_desc.yaml says beside a Procfile. Of several modules, it cannot be told whose Procfile it is. */
function descriptionBeside(repository: Repository, processes: readonly ProcfileProcess[]): { readonly name: string;
  readonly variables: readonly EnvVar[]; readonly conflict: boolean } | undefined {
  const name = descriptionNames.find((one) => repository(one) !== undefined)
  const document = name === undefined ? undefined : readOr(readPythonYaml, repository(name) ?? '')
  if (name === undefined || !document || 'message' in document) return undefined
  const { modules } = readAppDescription(document, () => processes)
  const [module] = modules
  if (!module || modules.length > 1) return undefined
  const conflict = module.processes.some(({ remarks }) => remarks.some(({ detail }) => detail.includes(conflictSaid)))
  return { name, variables: module.variables, conflict }
}

function conflictNote({ name, key }: ProcfileProcess, file: string): Note {
  const detail = `must not differ from the processes of ${file} ${conflictSaid}`
  return { rule: 'refused-description', name, inFile: key, shape: 'Forbidden', value: undefined, detail,
    remedy: `Remove the Procfile, or the processes in ${file}.` }
}

function readDescription(text: string, repository: Repository): ReadFile {
  const document = readOr(readPythonYaml, text)
  if ('message' in document) {
    const fault = { ...document, message: `BlueKing refuses the file: its format is not YAML: ${document.message}` }
    return { processes: [], faults: [fault], object: () => undefined }
  }
  const { modules, faults, remarks } = readAppDescription(document, (folder) => procfileBeside(repository, folder))
  let plain: unknown
  const own: Process = { kind: 'AppDescription', apiVersion: '', name: 'app_desc.yaml', path: [], command: { form: 'none' }, variables: [],
    remarks }
  return {
    processes: [...(remarks.length > 0 ? [own] : []), ...modules.flatMap(({ processes }) => processes)],
    faults,
    // Asked for by each process.
    object: () => (plain ??= plainData(document)),
    rangeAt: (path) => valueIn(document, path),
    read: readPythonYaml,
  }
}

function procfileBeside(repository: Repository, folder: string): readonly ProcfileProcess[] | null | undefined {
  const text = (folder === '' ? undefined : repository(`${folder}/Procfile`)) ?? repository('Procfile')
  if (text === undefined) return undefined
  const { processes, faults } = readProcfile('blueking', text, yamlReadings(text))
  return faults.length > 0 ? null : processes
}

function yamlReadings(text: string): YamlReadings {
  const attempt = (read: (text: string) => Value) => {
    let known: Value | Fault | undefined
    return () => (known ??= readOr(read, text))
  }
  return { python: attempt(readPythonYaml), texts: attempt(readPlainTexts) }
}

/** The value, or why there is none. */
function readOr(read: (text: string) => Value, text: string): Value | Fault {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    const hint = holdsTemplate(text) ? ' (a template must be filled in first, or its {{…}} stand in quotes)' : ''
    return { message: error.message + hint, start: error.offset, end: error.offset + 1 }
  }
}

function procfileProcess({ name, command, value, offset }: ProcfileProcess, notes: readonly Note[]): Process {
  const path: Path = [name]
  return {
    kind: 'Procfile',
    apiVersion: '',
    name,
    path,
    variables: [],
    command: { form: 'text', text: { path, value: command, range: value, offset } },
    remarks: notes.map(({ name: _, ...note }) => ({ ...note, path })),
  }
}
