/** The gunicorns of a workload, those that nothing but its images starts among them. Pure. */
import { unreadReason } from '../budget.ts'
import { parseArguments } from '../gunicorn/arguments.ts'
import { inspect, inspectImage, mayInstall, mayStart, workloadReleases, type Invocation, type Surroundings } from '../inspect.ts'
import { knownRelease } from '../known-release.ts'
import type { Container, UnreadContainer, Workload } from '../kubernetes/workload.ts'
import type { Python } from '../python/known.ts'
import type { Terms } from '../rules/rule.ts'
import { literal } from '../shell/word.ts'
import { withFields } from '../watched.ts'

/** The invocations of a workload; where settings go into variables, that of an image whose entry point is said to be gunicorn, too. `unread` and `misstarts` as for `inspect`. */
export function invocationsOf(workload: Workload, { injection }: Pick<Terms, 'injection'>, python: Python, surroundings?: Surroundings,
  unread?: UnreadContainer[], misstarts?: Invocation[]): Invocation[] {
  try {
    // Most workloads have nothing to do with gunicorn: their requirements are not read.
    const isConcerned = workload.containers.some((container) => mayStart(container, surroundings))
    const found = isConcerned ? inspect(withRelease(workload, python), surroundings, unread, misstarts) : []
    if (injection === 'Command' || found.length > 0 || unread?.length) return found
    const hidden = hiddenGunicorn(workload, python)
    return hidden ? [inspectImage(withRelease(workload, python), hidden)] : found
  } catch (error) {
    const reason = unreadReason(error)
    const [first, ...others] = workload.containers
    if (reason === undefined || !first || !unread) throw error
    unread.push({ container: first, reason, others: others.length })
    return []
  }
}

/** A workload with the gunicorn release that is known of it, by which its commands are read. */
export function withRelease(workload: Workload, python: Python): Workload {
  const known = knownRelease({ workload, python })
  // A release that the requirements pin is not what a command leaves there that installs packages itself.
  if (!known || (known.place === undefined && workload.containers.some(mayInstall))) return workload
  return withFields(workload, { gunicorn: known.specifier })
}

/**
 * The container whose image starts gunicorn by itself, where it can be no other. The annotation paddock.dev/gunicorn says that
 * there is one. So do requirements that list gunicorn, with arguments that name an application: they alone only say that it is
 * installed, as it is for a worker of the same image that starts something else.
 */
function hiddenGunicorn(workload: Workload, python: Python): Container | undefined {
  const isSaid = workload.annotations.has('paddock.dev/gunicorn')
  if (!isSaid && python.installed('gunicorn').state !== 'Installed') return undefined
  const [only, ...others] = workload.containers.filter((container) => mayHideGunicorn(workload, container))
  if (!only || others.length > 0) return undefined
  return isSaid || only.args?.some(isApplication) ? only : undefined
}

const isApplication = (text: string): boolean => /^[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(.*\))?$/.test(text)

/** Arguments that gunicorn would refuse, or that begin with what is neither an option nor an application, are for something else. */
function mayHideGunicorn(workload: Workload, { command = [], args = [], list, platform, process }: Container): boolean {
  if (command.length > 0 || platform || process || list !== 'containers') return false
  const [first] = args
  if (first === undefined) return true
  const words = args.map((text) => literal(text))
  return (first.startsWith('-') || isApplication(first)) && workloadReleases(workload).every((release) => {
    const { errors, exits } = parseArguments(words, release)
    return errors.length === 0 && exits === undefined
  })
}
