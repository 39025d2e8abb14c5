/** What the files of a repository tell of the Python that runs it. */
import { pythonOf } from '../dependencies/annotation.ts'
import type { Python } from '../python/known.ts'
import type { CheckOptions } from './check.ts'
import type { Repository } from './repository.ts'

/** By `requirements.txt`, unless one is given, and `runtime.txt`. `folder`, with a slash behind it, is what they are named with. */
export function repositoryPython(given: CheckOptions['requirements'], repository: Repository, folder: string): Python {
  const runtime = repository('runtime.txt')
  const version = runtime === undefined ? undefined : /^\s*python-(\d+(?:\.\d+)*)\s*$/.exec(runtime)?.[1]
  const text = given?.text ?? repository('requirements.txt')
  return { ...pythonOf(text, given?.path ?? `${folder}requirements.txt`, version), evidence: `${folder}runtime.txt` }
}
