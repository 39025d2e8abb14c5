import { defaultGracePeriod, gracePeriod, isLasting, preStop } from '../kubernetes/pod-fields.ts'
import type { Container } from '../kubernetes/workload.ts'
import { Environment } from '../shell/environment.ts'
import { shellScript } from '../shell/invocation.ts'
import { readScript } from '../shell/script.ts'
import { literal, type Word } from '../shell/word.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'short-grace-period',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'the Pod is killed before gunicorn has had the time that it gives its requests to end',
  why: 'Kubernetes kills all processes when the grace period is over: requests that gunicorn would still have waited for are cut off.',
  remedy:
    'Set `terminationGracePeriodSeconds` to a larger value than preStop hook and graceful timeout take together, or lower `--graceful-timeout`.',
  settings: ['graceful_timeout'],
  unset: true,

  *check({ workload, container, settings }) {
    const grace = isLasting(workload, container) ? gracePeriod(workload) : undefined
    const graceful = settings.value('graceful_timeout')
    if (!grace || typeof graceful !== 'number' || grace.seconds > graceful + longestSleep) return
    const sleep = sleepBeforeStop(container)
    // Nobody has chosen either: both are 30.
    const isLeftOpen = grace.seconds === defaultGracePeriod && settings.isSet('graceful_timeout') === 'no' && sleep === 0
    if (isLeftOpen || grace.seconds > graceful + sleep) return
    const told = sleep === 0 ? '' : ` after the ${sleep} of its preStop hook`
    const detail = `be greater than ${
      graceful + sleep
    }, as gunicorn in container "${container.name}" gives requests ${graceful} seconds to end${told}`
    yield grace.isWritten
      ? { place: { path: grace.path }, shape: 'Invalid value', value: grace.seconds, detail: `must ${detail}` }
      : { place: { path: grace.path }, shape: 'Required value', detail: `must be set, and ${detail}` }
  },
})

/** Seconds; what a hook sleeps longer than that is not worth looking at. */
const longestSleep = 86_400

/** The seconds that a preStop hook surely sleeps, before which gunicorn gets no SIGTERM. */
function sleepBeforeStop(container: Container): number {
  const hook = preStop(container)
  if (hook === undefined || hook === 'other') return 0
  if ('sleep' in hook) return hook.sleep
  const words = hook.command.map((word) => literal(word))
  const shell = shellScript(words)
  const script = shell && words[shell.script]?.value
  if (typeof script !== 'string' || !shell) return slept(words)
  const { commands } = readScript(script, { ...shell, environment: new Environment([], false) })
  return commands.filter(({ runs, background }) => runs === 'surely' && !background).reduce((sum, command) => sum + slept(command.words), 0)
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** The seconds of `sleep 10`; 0 for another command. */
function slept([name, seconds]: readonly Word[]): number {
  const match = /(^|\/)sleep$/.test(name?.value ?? '') ? /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(seconds?.value ?? '') : null
  return match ? Number(match[1]) * (units[match[2] ?? ''] ?? 1) : 0
}
