import { spend } from '../budget.ts'
import { neededDistribution, onlyForPython3, type Need } from '../gunicorn/worker-classes.ts'
import { mayInstall } from '../inspect.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { needs } from './subject/needs.ts'
import { setBy } from './subject/origin.ts'
import { isPython2 } from './subject/surroundings.ts'

/** The threads of a gthread worker that takes the place of another, unless the policy has a default for them. */
const usualThreads = 4

export default defineRule({
  id: 'missing-worker-dependency',
  severity: 'error',
  action: 'Deny',
  summary: 'the worker class, or HTTP/2, needs a distribution that is not installed',
  why: 'gunicorn exits at start with "class uri invalid or not found", or with what cannot be imported.',
  remedy: 'Add the distribution to requirements.txt, or take another worker class.',
  settings: ['worker_class', 'http_protocols'],

  *check(subject) {
    const { container, platform, python, settings } = subject
    let missing = false
    for (const { setting, entry, need, isFirst, releases } of needs(subject)) {
      const { distribution } = need
      const { state, evidence } = python.installed(distribution)
      if (isFirst) missing = state === 'Absent'
      // What the missing distribution needs besides is not told as well. Where gunicorn itself comes from elsewhere, so may others.
      else if (missing || python.installed('gunicorn').state !== 'Installed') continue
      if (state !== 'Absent') continue
      const doubt = whatMayBring(subject)
      const detail = `\`${setting.name}\` of container "${container.name}", set by ${
        setBy(setting, entry)
      }, needs ${distribution}, which is not in ${evidence}`
      // A class that cannot be loaded either would be no way out.
      const fallback = setting.name !== 'worker_class' || isAbsent(subject, platform.workerFallback) ? null : platform.workerFallback
      yield invalid(subject, setting, entry, detail, {
        remedy: remedyFor(setting.name, need, subject),
        ...(releases ? { releases } : {}),
        ...(doubt === undefined ? {} : { doubt }),
        ...(fallback === null || doubt !== undefined ? {} : { fix: { setting: 'worker_class', value: fallback, entry } }),
      })
      if (fallback !== 'gthread' || doubt !== undefined || settings.isSet('threads') !== 'no') continue
      // With one thread it would be slower than what was meant.
      const threads = Number(platform.defaults['threads'] ?? usualThreads)
      yield invalid(subject, setting, entry, `\`threads\` of container "${container.name}" must be set for gthread, which takes its place`,
        { isPart: true, about: 'threads', remedy: remedyFor(setting.name, need, subject), fix: { setting: 'threads', value: threads } })
    }
  },
})

function remedyFor(setting: string, { distribution }: Need, subject: Subject): string {
  const another = setting === 'worker_class' ? 'take another worker class' : 'leave `h2` out'
  if (isPython2(subject)) {
    if (onlyForPython3.has(distribution))
      return `Take another worker class, such as gthread: no release of ${distribution} is for Python 2.`
    // The platform's guide: up to 1.2 on Python 2.
    if (distribution === 'gevent')
      return 'Add `gevent<1.3` to requirements.txt, as the platform supports no later one on Python 2, or take another worker class.'
  }
  return `Add ${distribution} to requirements.txt, or ${another}.`
}

function isAbsent({ python }: Subject, workerClass: string | null): boolean {
  const needed = workerClass === null ? undefined : neededDistribution(workerClass)
  return needed !== undefined && python.installed(needed).state === 'Absent'
}

/** What may bring in more than the requirements tell. */
function whatMayBring({ container, variables, settings, workload }: Subject): string | undefined {
  if (variables('PYTHONPATH') !== undefined || settings.isSet('pythonpath') !== 'no')
    return 'unless it is found where PYTHONPATH or `pythonpath` says'
  return mayInstall(container) || isPrepared(workload) ? 'unless a command of the Pod installs it' : undefined
}

/** Whether an init container installs packages, by workload: each of its gunicorns asks. */
const prepared = new WeakMap<Subject['workload'], boolean>()

function isPrepared(workload: Subject['workload']): boolean {
  let known = prepared.get(workload)
  if (known === undefined) {
    spend(workload.containers.length / 20)
    prepared.set(workload, known = workload.containers.some((container) => container.list === 'initContainers' && mayInstall(container)))
  }
  return known
}
