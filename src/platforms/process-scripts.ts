/** The scripts of the repository that a process starts, each as a workload of its own. */
import type { Workload } from '../kubernetes/workload.ts'
import type { Platform } from './platform.ts'
import type { Process } from './process.ts'
import { workload } from './process-workload.ts'
import { scriptElements, startedFiles, type ScriptFile } from './script-file.ts'

/** How deep scripts that start scripts are followed. */
const deepest = 4

export interface ProcessScript {
  /** From the root of the process's repository. */
  readonly file: string
  readonly text: string
  readonly workload: Workload
  /** The workload with another text; undefined where no shell would run that. */
  readonly withText: (text: string) => Workload | undefined
}

/** How files of the repository are had: their text; what is told of one that is not there. */
export interface Files {
  readonly read: (path: string) => string | undefined
  readonly unseen?: (path: string) => void
}

/** The scripts that a process starts, a script before those that it starts itself. */
export function* processScripts(process: Process, started: Workload, platform: Platform, files: Files,
  depth = deepest): Iterable<ProcessScript> {
  const [container] = started.containers
  if (!container?.platform || depth === 0) return
  for (const file of startedFiles(container.platform.elements, container.env, platform.folders)) {
    const text = files.read(file.file)
    if (text === undefined) files.unseen?.(file.file)
    const own = text === undefined ? undefined : scriptWorkload(process, file, text)
    if (text === undefined || !own) continue
    yield { file: file.file, text, workload: own, withText: (other) => scriptWorkload(process, file, other) }
    yield* processScripts(process, own, platform, files, depth - 1)
  }
}

function scriptWorkload(process: Process, file: ScriptFile, text: string): Workload | undefined {
  const { path } = process
  const elements = scriptElements(file, text, path)
  if (!elements) return undefined
  const made = workload(process, file.variables, elements, [], 'bash', text)
  // Something unseen may have set any variable.
  return file.tampered ? { ...made, containers: made.containers.map((container) => ({ ...container, envFrom: [{ prefix: '' }] })) } : made
}
