/** The files of platforms, Procfile and app_desc.yaml: their text → processes, with where everything stands. */
import type { EnvVar } from '../kubernetes/workload.ts'
import type { Path } from '../kubernetes/field.ts'
import type { Platform } from '../platforms/platform.ts'
import { portabilityNotes } from '../platforms/portability.ts'
import type { Process } from '../platforms/process.ts'
import { readProcfile, type Fault, type Note, type ProcfileProcess, type YamlReadings } from '../platforms/procfile.ts'
import type { Value } from '../platforms/value.ts'
import { readPlainTexts, readPythonYaml } from './python-yaml.ts'
import { YamlError } from './yaml.ts'

export type PlatformFile = 'Procfile' | 'app_desc'

/** Which file of a platform a name is: exactly as the platform looks for it. */
export function platformFile(path: string): PlatformFile | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (name === 'Procfile') return 'Procfile'
  return name === 'app_desc.yaml' || name === 'app_desc.yml' ? 'app_desc' : undefined
}

/** What a file of a platform holds. */
export interface ReadFile {
  readonly processes: readonly Process[]
  /** Why the platform refuses it as a whole. */
  readonly faults: readonly Fault[]
  /** What the paths of processes lead into. */
  readonly object: (process: Process) => unknown
  /** True where edits are made as in YAML; else what a string holds stands in the file word for word. */
  readonly isYaml: boolean
}

/** `compared`: no platform was chosen, so where others read a line differently is told. */
export function readProcfileText(text: string, platform: Platform, compared: boolean): ReadFile {
  const yaml = yamlReadings(text)
  const reading = readProcfile(platform.dialect, text, yaml)
  const notes = [...reading.notes, ...(compared ? portabilityNotes(text, yaml, reading) : [])]
  return {
    processes: reading.processes.map((process) => procfileProcess(process, notes.filter(({ name }) => name === process.name))),
    faults: reading.faults,
    object: ({ name, command }) => ({ [name]: command.form === 'text' ? command.text.value : '' }),
    isYaml: platform.dialect === 'blueking' || platform.dialect === 'cnb-shim' || platform.dialect === 'railpack' || platform.dialect === 'nixpacks',
  }
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
    return { message: error.message, start: error.offset, end: error.offset + 1 }
  }
}

const noVariables: readonly EnvVar[] = []

function procfileProcess({ name, command, value, offset }: ProcfileProcess, notes: readonly Note[]): Process {
  const path: Path = [name]
  return {
    kind: 'Procfile', apiVersion: '', name, path, variables: noVariables,
    command: { form: 'text', text: { path, value: command, range: value, offset } },
    remarks: notes.map(({ name: _, ...note }) => ({ ...note, path })),
  }
}
