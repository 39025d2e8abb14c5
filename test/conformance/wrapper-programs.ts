/** Real wrappers of gunicorn: packages of PyPI and Debian, in a cache folder. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../../scripts/gunicorn-release.ts'

const run = promisify(execFile)

/** What test/conformance/wrappers.test.ts starts. The releases are those that the table of wrappers was read off. */
// dprint-ignore: a list of words
const python = [
  'uv==0.13.9', 'poetry==2.5.1', 'pipenv==2026.10.3', 'pdm==2.29.4', 'hatch==1.18.2', 'coverage==7.17.5', 'debugpy==1.8.22', 'memray==1.20.0',
  'honcho==2.0.0', 'opentelemetry-distro==0.66b2', 'ddtrace==4.16.0', 'newrelic==14.1.0', 'elastic-apm==6.26.2',
  'watchdog[watchmedo]==7.1.0', 'python-dotenv[cli]==1.2.4', 'hupper==1.12.1',
]
const debian = ['tini', 'dumb-init', 'gosu', 'wait-for-it', 'catatonit', 'runit', 'daemontools']

/** The folders that hold the programs. Throws where they cannot be had, with a sentence on why. */
export async function installWrappers(): Promise<string[]> {
  const folder = cacheFolder('wrappers')
  await once(join(folder, 'python'), async (to) => {
    await run('python3', ['-m', 'venv', to])
    await run(join(to, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...python])
  }, 'python3 with pip and venv')
  await once(join(folder, 'debian'), async (to) => {
    await run('apt-get', ['download', ...debian], { cwd: to })
    for (const name of readdirSync(to)) await run('dpkg-deb', ['-x', name, '.'], { cwd: to })
  }, 'apt-get, and a Debian')
  return [join(folder, 'python', 'bin'), ...['usr/bin', 'usr/sbin', 'sbin'].map((path) => join(folder, 'debian', path))]
}

/** Fills a folder, unless it is there. A virtual environment knows its own path, so it is made in place. */
async function once(folder: string, fill: (to: string) => Promise<void>, needs: string): Promise<void> {
  const done = join(folder, '.complete')
  if (existsSync(done)) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    await fill(folder)
    const mark = mkdtempSync(join(dirname(folder), 'complete-'))
    renameSync(mark, done)
  } catch (error) {
    const text = String((error as { stderr?: string }).stderr || (error as Error).message)
    throw new Error(`wrappers could not be installed (it needs ${needs}): ${text.trim().split('\n').at(-1)}`, { cause: error })
  }
}
