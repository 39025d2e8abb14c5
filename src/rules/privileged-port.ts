import { addressOf } from '../gunicorn/entries.ts'
import { mayBindLowPorts, runsAs, unprivilegedPortStart } from '../kubernetes/pod-fields.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'privileged-port',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'gunicorn listens on a port that its user may not bind',
  why:
    'Below 1024 only root, or whoever has the capability, may bind: gunicorn exits with "Permission denied", unless the container runtime allows it to everybody.',
  remedy: 'Bind to a port from 1024 on, such as 8080; a Service can still offer it as 80.',
  settings: ['bind'],

  *check(subject) {
    const setting = subject.settings.get('bind')
    const reason = setting && hindrance(subject)
    if (!setting || reason === undefined) return
    const start = unprivilegedPortStart(subject.workload) ?? 1024
    for (const entry of subject.settings.entries('bind')) {
      const address = addressOf(entry)
      if (address?.kind === 'tcp' && address.port > 0 && address.port < start)
        yield invalid(subject, setting, entry, `must have a port greater than or equal to ${start}, as the container ${reason}`)
    }
  },
})

/** What keeps the container from binding a low port; undefined where nothing does, or it cannot be seen. */
function hindrance({ workload, container }: Subject): string | undefined {
  const may = mayBindLowPorts(container)
  const user = runsAs(workload, container)
  if (may === true) return undefined
  if (user !== undefined && user !== 0) return 'does not run as root'
  return may === false ? 'drops the capability NET_BIND_SERVICE' : undefined
}
