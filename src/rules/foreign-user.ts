import { numbers } from '../gunicorn/entries.ts'
import { runsAs, runsInGroup } from '../kubernetes/pod-fields.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'foreign-user',
  severity: 'error',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'gunicorn is told to become another user or group, which only root may',
  why: 'The container does not run as root: gunicorn exits at start with "Operation not permitted".',
  remedy: "Leave `--user` and `--group` out: the Pod's `securityContext` says who the container runs as.",
  settings: ['user', 'group'],

  *check(subject) {
    const own = runsAs(subject.workload, subject.container)
    if (own === undefined || own === 0) return
    for (const { setting, entry, value } of numbers(subject, 'user'))
      if (own === 'other' ? value === 0 : value !== own)
        yield invalid(subject, setting, entry, own === 'other' ? 'must not be root, as the container runs as another user'
          : `must be ${own}, the user that the container runs as`)
    const group = runsInGroup(subject.workload, subject.container)
    for (const { setting, entry, value } of numbers(subject, 'group'))
      if (group !== undefined && value !== group)
        yield invalid(subject, setting, entry, `must be ${group}, the group that the container runs in`)
  },
})
