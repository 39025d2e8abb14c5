/** What makes gunicorn refuse to start. */
import type { Place } from '../../command-line.ts'
import type { Release } from '../../gunicorn/catalogue.ts'
import type { StartProblem } from '../../gunicorn/settings.ts'
import { cmdArgs } from '../../gunicorn/variables.ts'
import type { Subject } from '../rule.ts'
import { variablePlace } from './origin.ts'

/** What makes gunicorn refuse to start, of one kind, each with the releases that refuse where others do not. */
export function* refusals(subject: Subject,
  fault: StartProblem['fault']): Iterable<{ problem: StartProblem; place: Place; releases: readonly Release[] | undefined }> {
  const { problems } = subject.settings
  if (problems.length === 0) return
  const refusing = new Set<Release>()
  for (const some of new Set(problems.map(({ releases }) => releases))) for (const release of some) refusing.add(release)
  const all = subject.releases.every((release) => refusing.has(release))
  // Releases that read the words alike tell the same; each word is spoken of once.
  const seen = new Map<unknown, { problem: StartProblem; releases: Release[] }>()
  for (const problem of problems) {
    if (problem.fault !== fault) continue
    const key = problem.word ?? problem.variable ?? problem.message
    const known = seen.get(key)
    if (known) known.releases.push(...problem.releases)
    else seen.set(key, { problem, releases: [...problem.releases] })
  }
  for (const { problem, releases } of seen.values())
    yield { problem, place: refusalPlace(subject, problem), releases: all ? undefined : releases }
}

function refusalPlace(subject: Subject, problem: StartProblem): Place {
  if (problem.source === cmdArgs) return variablePlace(subject, cmdArgs)
  if (problem.variable !== undefined) return variablePlace(subject, problem.variable)
  return problem.word ? subject.placeOf(problem.word) : subject.place
}
