/** What a workload's annotations tell of the Python in its image. */
import { measured, spend } from '../budget.ts'
import { installed } from '../python/installed.ts'
import { normalise } from '../python/distribution.ts'
import { lockKind, readLock } from '../python/locks.ts'
import { isProjectFile, readProject } from '../python/projects.ts'
import { readRequirements } from '../python/requirements.ts'
import type { Workload } from '../kubernetes/workload.ts'
import type { Installed, Python } from '../python/known.ts'

const requirementsAnnotation = 'paddock.dev/requirements'
const pythonAnnotation = 'paddock.dev/python'
const evidenceOfRequirements = `annotation ${requirementsAnnotation}`
const evidenceOfPython = `annotation ${pythonAnnotation}`

/** What is longer is no version of Python. */
const longestVersion = 100

const nothingKnown: Installed = { state: 'Unknown', specifier: '', evidence: '' }

/** A workload's Python by `paddock.dev/requirements` (a requirements.txt) and `paddock.dev/python` (`3.11`). */
export function annotatedPython(workload: Workload): Python {
  const written = workload.annotations.get(pythonAnnotation)?.value
  const version = written === undefined || written.length > longestVersion ? undefined : written.trim()
  return pythonOf(workload.annotations.get(requirementsAnnotation)?.value, evidenceOfRequirements, version)
}

/**
 * What was read last, by the text and the Python version: whoever mutates is asked to validate next, and the Pods of an
 * application come with the same text.
 */
const readLast = new Map<string, Read[]>()
/** So many texts are kept, of so many characters at most. */
const [mostKept, longestKept] = [50, 20_000]
let kept = 0

/** Requirements that were read, for whom, and what that has cost: who is lucky enough to find them here spends as much. */
interface Read {
  readonly version: string | undefined
  readonly evidence: string
  readonly result: (distribution: string) => Installed
  readonly steps: number
}

function lookupIn(text: string, evidence: string, version: string | undefined): (distribution: string) => Installed {
  if (text.length > longestKept) return reader(text, evidence, version)
  const same = readLast.get(text)
  const known = same?.find((one) => one.version === version && one.evidence === evidence)
  if (known) {
    spend(known.steps)
    return known.result
  }
  const read = measured(() => reader(text, evidence, version))
  if (kept >= mostKept) {
    readLast.clear()
    kept = 0
  }
  kept++
  readLast.set(text, [...(readLast.get(text) ?? []), { version, evidence, ...read }])
  return read.result
}

/** The Python that a requirements.txt describes; undefined `text` tells nothing. */
export function pythonOf(text: string | undefined, evidence: string, version: string | undefined): Python {
  let lookup: ((distribution: string) => Installed) | undefined
  const answers = new Map<string, Installed>()
  return {
    version,
    evidence: evidenceOfPython,
    installed: (distribution) => {
      if (text === undefined) return nothingKnown
      let answer = answers.get(distribution)
      if (!answer) {
        lookup ??= lookupIn(text, evidence, version)
        answers.set(distribution, answer = lookup(distribution))
      }
      return answer
    },
  }
}

/** The Python that a requirements.txt describes, or a lock file, by its name; undefined `text` tells nothing. */
export function pythonOfFile(text: string | undefined, path: string, version: string | undefined): Python {
  if (text !== undefined && isProjectFile(path)) return pythonOfProject(text, path, version)
  const kind = lockKind(path)
  if (text === undefined || !kind) return pythonOf(text, path, version)
  let known: ((distribution: string) => Installed) | undefined
  return { version, evidence: evidenceOfPython,
    installed: (distribution) => (known ??= readLock(kind, text, path) ?? (() => nothingKnown))(distribution) }
}

/** What a project asks for itself, without its extras and groups. */
function pythonOfProject(text: string, path: string, version: string | undefined): Python {
  const own = pythonOf(readProject(path, text), path, version)
  let names: string | undefined
  return { ...own, installed(distribution) {
    const told = own.installed(distribution)
    // Lines are counted in the list, and not in the file.
    const evidence = told.evidence.replace(/^line \d+ of /, '')
    if (told.state !== 'Absent' || !(names ??= normalise(text)).includes(normalise(distribution))) return { ...told, evidence }
    return { state: 'Unknown', specifier: '', evidence: `${path}, where an extra or a group decides,` }
  } }
}

function reader(text: string, evidence: string, version: string | undefined): (distribution: string) => Installed {
  const file = readRequirements(text)
  const find = installed(file.requirements, file, version ?? null)
  // Few are asked for, and by each workload: they cost as much as when they were worked out.
  const known = new Map<string, { readonly result: Installed; readonly steps: number }>()
  return (distribution) => {
    const before = known.get(distribution)
    if (before) {
      spend(before.steps)
      return before.result
    }
    const found = measured((): Installed => {
      const { state, specifier, evidence: where } = find(distribution)
      return { state, specifier, evidence: state === 'Installed' ? `${where} of ${evidence}` : evidence }
    })
    known.set(distribution, found)
    return found.result
  }
}
