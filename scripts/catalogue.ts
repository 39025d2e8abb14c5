/**
 * Writes `src/gunicorn/catalogue/RELEASE.json`, the facts of every gunicorn release that Paddock knows, by asking the
 * releases themselves: `node scripts/catalogue.ts [RELEASE…]`. A new release is one more entry in `releases`.
 */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installGunicorn, isolated, pathOnly } from './gunicorn-release.ts'

const run = promisify(execFile)

/** Oldest first: each stands for the releases from it up to the next one. */
// dprint-ignore: a list of words
export const releases = [
  '19.10.0', '20.0.4', '20.1.0', '21.2.0', '22.0.0', '23.0.0', '24.1.1', '25.0.3', '25.1.0', '25.2.0', '25.3.0', '26.0.0',
  '26.2.0', '27.0.1',
]

/** The catalogue file's text for one release. */
export async function catalogue(release: string): Promise<string> {
  const { folder, python } = await installGunicorn(release)
  const script = join(import.meta.dirname, 'catalogue.py')
  const { stdout } = await run(python, [...isolated, '-W', 'ignore', script, folder], { env: pathOnly() })
  return stdout
}

async function main(chosen: string[]): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'src', 'gunicorn', 'catalogue')
  await mkdir(folder, { recursive: true })
  for (const release of chosen.length > 0 ? chosen : releases) {
    await writeFile(join(folder, `${release}.json`), await catalogue(release))
    console.log(`${release}.json`)
  }
}

if (import.meta.main) await main(process.argv.slice(2))
