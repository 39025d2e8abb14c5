import type { Release } from '../gunicorn/catalogue.ts'
import { hasOnlyAsides, isLasting, isReadOnly, mountOf, mounts, workingFolder } from '../kubernetes/pod-fields.ts'
import { required } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'unwritable-control-socket',
  severity: 'info',
  action: 'Audit',
  mayBeAllowed: true,
  summary: 'gunicorn cannot make its control socket, as the file system is read-only',
  why:
    'gunicorn 25.1 and newer make a socket for `gunicornc` at start. Where they cannot, the log has "Control server error" at every start.',
  remedy: 'Add `--no-control-socket`, or put the socket where it can be written: `--control-socket /dev/shm/gunicorn.ctl`.',
  settings: ['control_socket', 'control_socket_disable'],
  unset: true,

  *check(subject) {
    const { workload, container, settings, releases } = subject
    if (!isReadOnly(container) || !isLasting(workload, container)) return
    // A release that lacks the option refuses to start with it.
    if (!releases.every((release) => release.settings['control_socket_disable'])) return
    if (settings.isSet('control_socket') !== 'no' || settings.value('control_socket_disable') !== false) return
    if (!releases.every((release) => cannotBeWritten(subject, release))) return
    yield required(subject, '`control_socket` must be set to a file that can be written, or the socket be switched off', {
      fix: { setting: 'control_socket_disable', value: true },
    })
  },
})

function cannotBeWritten(subject: Subject, release: Release): boolean {
  const all = mounts(subject.workload, subject.container)
  const folder = socketFolder(subject, release)
  if (folder === undefined) return hasOnlyAsides(all)
  return folder !== null && mountOf(folder, all)?.isWritable !== true
}

/** Where the socket is made: undefined where the image decides, null where it cannot be seen. */
function socketFolder({ variables, container, settings }: Subject, release: Release): string | undefined | null {
  // 25.1 has a file of the folder that gunicorn is started in; later releases work the path out at start.
  if (release.settings['control_socket']?.default) return settings.isSet('chdir') === 'no' ? workingFolder(container) : null
  const runtime = variables('XDG_RUNTIME_DIR')
  return runtime === undefined || runtime === '' ? variables('HOME') : runtime
}
