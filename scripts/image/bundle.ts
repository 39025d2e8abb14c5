/** The bundle that is published: of the sources as they are, whatever an earlier build has left in dist. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Builds into a folder of its own, which is gone once `use` is done with it; `built` is a bundle to take instead. */
export async function withBundle<T>(root: string, built: string | undefined, use: (dist: string) => Promise<T>): Promise<T> {
  if (built !== undefined) return use(built)
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const dist = mkdtempSync(join(cache, 'bundle-'))
  try {
    const words = [join(root, 'scripts/build.ts'), dist]
    const { status } = spawnSync(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit'] })
    // esbuild has said why.
    if (status !== 0) throw new Error('the bundle could not be built')
    return await use(dist)
  } finally {
    rmSync(dist, { recursive: true, force: true })
  }
}
