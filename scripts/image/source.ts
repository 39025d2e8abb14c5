/** What is built: the commit, and the time that stands for all times in the image. */
import { spawnSync } from 'node:child_process'

export interface Source {
  /** The commit, in hexadecimal, with `-dirty` where files differ from it; undefined outside a git repository. */
  readonly revision: string | undefined
  /** SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), else the commit's date, else 1970. */
  readonly created: Date
}

export function sourceOf(root: string, epoch = process.env['SOURCE_DATE_EPOCH']): Source {
  const [commit, seconds] = git(root, 'log', '-1', '--format=%H %ct')?.split(' ') ?? []
  const dirty = git(root, 'status', '--porcelain') === '' ? '' : '-dirty'
  const time = Number(epoch ?? seconds ?? 0)
  if (!Number.isSafeInteger(time) || time < 0) throw new Error(`SOURCE_DATE_EPOCH: "${epoch}" must be a number of seconds`)
  return { revision: commit === undefined ? undefined : commit + dirty, created: new Date(time * 1000) }
}

function git(root: string, ...words: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', words, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}
