/** What a workload's annotations tell of the Python in its image. */
import { installed } from '../python/installed.ts'
import { readRequirements } from '../python/requirements.ts'
import type { Workload } from '../kubernetes/workload.ts'
import type { Installed, Python } from '../rules/rule.ts'

const requirementsAnnotation = 'paddock.dev/requirements'
const pythonAnnotation = 'paddock.dev/python'

const nothingKnown: Installed = { state: 'Unknown', specifier: '', evidence: '' }

/** A workload's Python by `paddock.dev/requirements` (a requirements.txt) and `paddock.dev/python` (`3.11`). */
export function annotatedPython(workload: Workload): Python {
  const version = workload.annotations.get(pythonAnnotation)?.value.trim()
  return pythonOf(workload.annotations.get(requirementsAnnotation)?.value, `annotation ${requirementsAnnotation}`, version)
}

/** The Python that a requirements.txt describes; undefined `text` tells nothing. */
export function pythonOf(text: string | undefined, evidence: string, version: string | undefined): Python {
  let lookup: ((distribution: string) => Installed) | undefined
  return {
    version,
    evidence: `annotation ${pythonAnnotation}`,
    installed: (distribution) => {
      if (text === undefined) return nothingKnown
      lookup ??= reader(text, evidence, version)
      return lookup(distribution)
    },
  }
}

function reader(text: string, evidence: string, version: string | undefined): (distribution: string) => Installed {
  const { requirements, complete } = readRequirements(text)
  const find = installed(requirements, complete, version ?? null)
  return (distribution) => {
    const { state, specifier, evidence: where } = find(distribution)
    return { state, specifier, evidence: state === 'Installed' ? `${where} of ${evidence}` : evidence }
  }
}
