import { isLeftBehind } from '../command-line/script-end.ts'
import { staying } from '../gunicorn/termination.ts'
import { isLasting, preStop } from '../kubernetes/pod-fields.ts'
import type { Container } from '../kubernetes/workload.ts'
import { defineRule, type Fix, type Subject } from './rule.ts'

export default defineRule({
  id: 'shell-parent',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'a shell stays in front of gunicorn, and gets the signals in its place',
  why: 'The shell does not pass SIGTERM on: gunicorn goes on as if nothing was, the Pod takes its whole grace period to stop, ' +
    'and then requests are cut off.',
  remedy: 'Write `exec` in front of the last command of the script.',
  settings: [],

  *check(subject) {
    const { command, workload, container } = subject
    const [first] = command?.words ?? []
    // How a platform starts and stops what its file names is the platform's.
    const found = first && workload.pod && isLasting(workload, container) && !isKilled(container) ? fault(subject) : undefined
    if (!first || !found) return
    yield { place: subject.placeOf(first), shape: 'Invalid value', value: first.text, ...found }
  },
})

/** The shells whose ways are known; of `sh` it is taken that it is dash, as on Debian and Ubuntu. */
const measured = /^(sh|dash|r?bash|ash|busybox)$/

function fault(subject: Subject): { readonly detail: string; readonly remedy?: string; readonly fix?: Fix } | undefined {
  const { command, shell, settings, parents } = subject
  // A trap may pass signals on, and whoever puts gunicorn into the background by itself has a plan.
  if (!command || !shell || shell.signalsGroup || shell.traps || settings.value('daemon') === true) return undefined
  const parent = parents.find(({ kind }) => kind === 'shell')
  if (!parent || !measured.test(shell.name) || staying(parent, 'dash') !== 'stays') return undefined
  if (command.ends) {
    const name = shell.name === 'sh' ? 'a shell such as dash' : shell.name
    return { detail: `must be started with \`exec\`, as ${name} stays in front of it and gets SIGTERM in its place`, fix: { exec: true } }
  }
  if (command.runs === 'maybe') return undefined
  if (command.piped)
    return { detail: 'must not be part of a pipeline: the shell stays in front of it and gets SIGTERM',
      remedy: 'Take gunicorn out of the pipeline, and start it with `exec`.' }
  // Then nothing is there to get it: another rule says so.
  if (command.background && isLeftBehind(subject)) return undefined
  if (command.background)
    return { detail: 'must not run in the background of a shell, which gets SIGTERM in its place',
      remedy: 'Start gunicorn with `exec` as the last command, or in a container of its own.' }
  return { detail: 'must be the last command of its script, as the shell stays in front of it and gets SIGTERM in its place',
    remedy: 'Make it the last command of the script, with `exec` in front of it.' }
}

/** A hook that sends signals itself sends them to the right one. */
function isKilled(container: Container): boolean {
  const hook = preStop(container)
  return typeof hook === 'object' && 'command' in hook && hook.command.some((word) => word.includes('kill'))
}
