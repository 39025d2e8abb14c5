/** The build of another commit, to be measured beside today's in the same run: `--beside REF`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)

/**
 * Where the build of a commit stands; it is made once. Dependencies are those of today, which the commit's own build bundles.
 * @throws where there is no such commit, or it cannot be built
 */
export function buildOf(ref: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  const commit = git('rev-parse', '--verify', `${ref}^{commit}`)
  const folder = join(root, '.cache', 'bench', commit)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  execFileSync('sh', ['-c', `git archive ${commit} | tar -x -C "$1"`, 'sh', unfinished], { cwd: root })
  // Links to the files themselves: what is bundled is told by where it stands.
  execFileSync('cp', ['-al', join(root, 'node_modules'), unfinished])
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: unfinished, stdio: 'ignore' })
  renameSync(unfinished, folder)
  return folder
}
