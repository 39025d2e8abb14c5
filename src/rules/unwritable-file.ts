import { parseAddress } from '../gunicorn/address.ts'
import { single } from '../gunicorn/entries.ts'
import { hasOnlyAsides, isLasting, isReadOnly, mountOf, mounts } from '../kubernetes/pod-fields.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { startFolder } from './subject/surroundings.ts'

export default defineRule({
  id: 'unwritable-file',
  severity: 'error',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'gunicorn is to make a file where nothing can be written, as the file system is read-only',
  why:
    'gunicorn makes a file for each worker, its PID file and its unix sockets at start, and exits where it cannot: "Read-only file system", "Can\'t connect to".',
  remedy: 'Name a file in a volume that can be written, such as an `emptyDir`, or leave the option out.',
  settings: ['pidfile', 'worker_tmp_dir', 'bind'],

  *check(subject) {
    const { settings, workload, container } = subject
    if (!isReadOnly(container) || !isLasting(workload, container)) return
    for (const name of ['pidfile', 'worker_tmp_dir', 'bind']) {
      const setting = settings.get(name)
      if (!setting || setting.source === 'default') continue
      for (const entry of settings.entries(name)) {
        const path = pathOf(name, single(entry.value))
        const doubt = path === undefined ? undefined : doubtIfUnwritable(subject, path)
        if (doubt !== undefined)
          yield invalid(subject, setting, entry, 'must be in a volume that can be written, as the file system is read-only', { doubt })
      }
    }
  },
})

function pathOf(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.includes('$')) return undefined
  if (name !== 'bind') return value
  const address = parseAddress(value)
  return address.kind === 'unix' ? address.path : undefined
}

/**
 * Why a file may be made after all that no volume in sight is for; undefined where one is, or may be. It is never certain: what the
 * image declares as a volume (VOLUME in its Dockerfile) containerd and CRI-O mount as one that can be written, and only the image tells.
 */
function doubtIfUnwritable(subject: Subject, path: string): string | undefined {
  const { settings, workload, container } = subject
  const all = mounts(workload, container)
  const folder = path.startsWith('/') ? '' : startFolder(subject)
  if (folder === undefined)
    return settings.isSet('chdir') === 'no' && hasOnlyAsides(all) ? 'unless the image works in a folder that can be written' : undefined
  const whole = folder === '' ? path : `${folder}/${path}`
  // The runtime keeps these in memory, and what can be written of them is its own affair.
  if (/^\/+(dev|proc|sys)\//.test(whole)) return undefined
  return mountOf(whole, all)?.isWritable === true ? undefined : 'unless the image declares a volume there'
}
