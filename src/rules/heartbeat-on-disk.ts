import { temporaryFolderVariables } from '../gunicorn/temporary-folder.ts'
import { isLasting, isReadOnly, mountOf, mounts } from '../kubernetes/pod-fields.ts'
import { invalid, required } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'heartbeat-on-disk',
  severity: 'info',
  action: 'Audit',
  mayBeAllowed: true,
  summary: "the heartbeat of the workers is kept on the container's disk",
  why:
    'Workers touch a file to show that they are alive. Where the disk is slow for a moment they hang with it, and gunicorn kills them for a timeout.',
  remedy: 'Keep it in memory: `--worker-tmp-dir /dev/shm`.',
  settings: ['worker_tmp_dir'],
  unset: true,

  *check(subject) {
    const { settings, workload, container } = subject
    const setting = settings.get('worker_tmp_dir')
    const isSet = settings.isSet('worker_tmp_dir')
    if (!setting || isSet === 'unknown' || !isLasting(workload, container) || !workload.pod) return
    const folder = isSet === 'yes' ? setting.value : temporaryFolder(subject)
    if (typeof folder !== 'string' || !folder.startsWith('/') || !isOnDisk(subject, folder)) return
    // A volume may have taken its place.
    const fixed = mountOf(inMemory, mounts(workload, container))?.storage === 'memory' ? { setting: 'worker_tmp_dir', value: inMemory }
      : undefined
    if (isSet === 'no')
      yield required(subject, `\`worker_tmp_dir\` must be set to a folder in memory, as ${folder} is on disk`, fixed && { fix: fixed })
    for (const entry of settings.entries('worker_tmp_dir'))
      yield invalid(subject, setting, entry, 'must be a folder in memory', fixed && { fix: { ...fixed, entry } })
  },
})

/** What container runtimes keep in memory. */
const inMemory = '/dev/shm'

/** Where Python puts temporary files; undefined where that cannot be seen. Source: `tempfile._candidate_tempdir_list`. */
function temporaryFolder({ variables }: Subject): string | undefined {
  for (const name of temporaryFolderVariables) {
    const value = variables(name)
    if (value === null) return undefined
    if (value !== undefined && value !== '') return value
  }
  return '/tmp'
}

function isOnDisk({ workload, container }: Subject, folder: string): boolean {
  const mount = mountOf(folder, mounts(workload, container))
  // Where nothing can be written, that is worse: see unwritable-heartbeat.
  return mount === undefined ? !isReadOnly(container) : mount.storage === 'disk'
}
