import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Environment } from './program.ts'

/** Where a version's programs are kept from one test run to the next: below $PADDOCK_CACHE, or ~/.cache/paddock. */
export function cacheFolder(version: string, environment: Environment): string {
  return resolve(environment['PADDOCK_CACHE'] || join(homedir(), '.cache', 'paddock'), 'cluster', version)
}

/**
 * Puts a file or folder at `target` in one step, so that an interrupted run leaves nothing half done and two runs at
 * once do not disturb each other. `make` gets an empty folder to work in and gives the path in it that is to be kept.
 */
export async function install(target: string, make: (folder: string) => Promise<string>): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const folder = await mkdtemp(join(dirname(target), '.unfinished-'))
  try {
    const made = await make(folder)
    await rename(made, target).catch(async (error: NodeJS.ErrnoException) => {
      // Another run was first, and its folder is as good as this one.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
