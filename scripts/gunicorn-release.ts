/** Real gunicorn releases from the Python package index, in a cache folder, each with a Python that can start it. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface GunicornRelease {
  release: string
  /** The folder that holds this release's packages: to stand first on `sys.path`. */
  folder: string
  /** A Python that can import it, as a command to start. */
  python: string
}

/**
 * Arguments for Python: nothing of this machine's own packages or settings takes part, so that what a release
 * answers does not depend on what else is installed here.
 */
export const isolated = ['-I', '-S']

/** What is tried, in this order; a Python that cannot start a release is passed over. */
const pythons = ['python3.11', 'python3.12', 'python3.10', 'python3.9', 'python3.13', 'python3.8', 'python3', 'python']

/** Puts a release into the cache, unless it is there, and finds a Python that can start it. */
export async function installGunicorn(release: string): Promise<GunicornRelease> {
  const folder = cacheFolder('gunicorn', release)
  if (!await exists(join(folder, 'gunicorn'))) await install(release, folder)
  return { release, folder, python: await pythonFor(release, folder) }
}

/** A folder of what is fetched once: below PADDOCK_CACHE, or ~/.cache/paddock. */
export const cacheFolder = (...names: readonly string[]): string =>
  join(process.env.PADDOCK_CACHE || join(homedir(), '.cache', 'paddock'), ...names)

/** What stands in a release's folder: gunicorn, and what it needs for everything that its command line can ask for. */
function packagesOf(release: string): string[] {
  const gunicorn = `gunicorn==${release}`
  const major = Number(release.split('.')[0])
  // Up to 20.1 gunicorn imports pkg_resources, which setuptools dropped with 82.
  if (major < 21) return [gunicorn, 'setuptools<82']
  // `--http-protocols h2`: newer releases refuse it without the h2 package.
  if (major >= 25) return [gunicorn, 'h2', 'hpack', 'hyperframe']
  return [gunicorn]
}

/**
 * Puts distributions, with all that they require, into the cache, unless they are there: the folder that is to stand on `sys.path` of
 * that Python. What is compiled is for its version alone.
 */
export async function installDistributions(python: string, distributions: readonly string[]): Promise<string> {
  const { stdout } = await run(python, [...isolated, '-c', 'import sys; print(sys.implementation.cache_tag)'], { env: pathOnly() })
  const folder = cacheFolder('distributions', stdout.trim(), distributions.join(','))
  if (!await exists(folder)) await installInto(folder, python, ['--only-binary', ':all:', ...distributions])
  return folder
}

async function install(release: string, folder: string): Promise<void> {
  // The packages are pure Python, so that any pip can fetch them for any Python.
  await installInto(folder, await pythonWithPip(), ['--no-deps', '--ignore-requires-python', ...packagesOf(release)])
}

async function installInto(folder: string, python: string, asked: readonly string[]): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  const partial = await mkdtemp(`${folder}.partial-`)
  try {
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--target', partial, ...asked], {
      env: quietPip(),
    })
    await rename(partial, folder).catch(async (error: unknown) => {
      // Another process was faster.
      if (!await exists(folder)) throw error
    })
  } catch (error) {
    throw new Error(`${asked.at(-1)} could not be installed from the package index: ${lastWords(error)}`, { cause: error })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

function quietPip(): NodeJS.ProcessEnv {
  return { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' }
}

async function pythonWithPip(): Promise<string> {
  for (const python of candidates())
    if (await run(python, ['-m', 'pip', '--version']).then(() => true, () => false)) return python
  throw new Error('no Python 3 with pip was found: install python3 and pip (Debian: python3-pip), or set PYTHON')
}

async function pythonFor(release: string, folder: string): Promise<string> {
  const reasons: string[] = []
  const start = `import sys; sys.path.insert(0, ${JSON.stringify(folder)}); import gunicorn.app.wsgiapp, gunicorn.workers`
  for (const python of candidates()) {
    try {
      await run(python, [...isolated, '-W', 'ignore', '-c', start], { env: pathOnly() })
      return python
    } catch (error) {
      reasons.push(`${python}: ${lastWords(error)}`)
    }
  }
  const range = release.startsWith('19.') ? '3.6 to 3.11' : '3.10 or newer'
  throw new Error(`no Python that can start gunicorn ${release} was found (it needs ${range}): install one, or set PYTHON; ` +
    `tried ${reasons.join('; ')}`)
}

function candidates(): string[] {
  return process.env.PYTHON ? [process.env.PYTHON, ...pythons] : pythons
}

/** An environment that finds programs and holds nothing that gunicorn or Python read. */
export function pathOnly(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter) }
}

function lastWords(error: unknown): string {
  const text = String((error as { stderr?: string }).stderr || (error as Error).message)
  return text.trim().split('\n').at(-1) ?? ''
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}
