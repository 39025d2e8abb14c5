import { temporaryFolderVariables } from '../gunicorn/temporary-folder.ts'
import { hasOnlyAsides, isLasting, isReadOnly, mountOf, mounts } from '../kubernetes/pod-fields.ts'
import { required } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { startFolder } from './subject/surroundings.ts'

export default defineRule({
  id: 'unwritable-heartbeat',
  severity: 'error',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'there is no folder that the heartbeat of the workers can be written to',
  why:
    'gunicorn makes a file for each worker. With a read-only file system and no volume at /tmp it exits with "No usable temporary directory found".',
  remedy: 'Keep it in memory with `--worker-tmp-dir /dev/shm`, or mount an `emptyDir` at /tmp, which the application may need as well.',
  settings: ['worker_tmp_dir'],
  unset: true,

  *check(subject) {
    const { settings, workload, container } = subject
    if (!isReadOnly(container) || !isLasting(workload, container) || settings.isSet('worker_tmp_dir') !== 'no' || canBeWritten(subject))
      return
    const isWritable = mountOf(inMemory, mounts(workload, container))?.isWritable === true
    yield required(subject, '`worker_tmp_dir` must be set to a folder that can be written, as the file system is read-only',
      isWritable ? { fix: { setting: 'worker_tmp_dir', value: inMemory } } : {})
  },
})

/** What container runtimes mount; a volume may have taken its place. */
const inMemory = '/dev/shm'

/** Whether one of the folders that Python tries may be written. Source: `tempfile._candidate_tempdir_list`. */
function canBeWritten(subject: Subject): boolean {
  const { variables, workload, container } = subject
  // Whatever these hold would be tried first.
  if (temporaryFolderVariables.some((name) => variables(name) !== undefined)) return true
  const all = mounts(workload, container)
  const isWritable = (folder: string): boolean => mountOf(folder, all)?.isWritable === true
  if (['/tmp', '/var/tmp', '/usr/tmp'].some(isWritable)) return true
  const folder = startFolder(subject)
  return folder === undefined ? !hasOnlyAsides(all) : isWritable(folder)
}
