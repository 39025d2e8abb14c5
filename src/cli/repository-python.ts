/** What the files of a repository tell of the Python that runs it. */
import { pythonOfFile } from '../dependencies/annotation.ts'
import type { Installed, Python } from '../python/known.ts'
import type { CheckOptions } from './check.ts'
import type { Repository } from './repository.ts'

/** What a builder may install by in place of requirements.txt, or besides it. */
const locks = ['Pipfile.lock', 'poetry.lock', 'uv.lock', 'pdm.lock', 'pylock.toml']
/** What a project asks for, where it has no such list. */
const projects = ['pyproject.toml', 'setup.cfg']
const otherLists = [...locks, 'Pipfile', 'pixi.lock', 'environment.yml', 'environment.yaml', 'conda-requirements.txt']
/** What a builder runs besides, and what tells it to run more. */
const hooks = ['bin/post_compile', 'bin/pre_compile', 'hooks/post_compile', '.buildpacks', 'nixpacks.toml', 'railpack.json', 'project.toml']
/** Of a script: what installs, or another script or file that is run. Of the others, what they are for. */
const mayInstall =
  /install|\b(?:pip|uv|poetry|pipenv|pdm|conda|mamba|source|eval|curl|wget|tar|unzip|make)\b|\.sh\b|(?:^|\s)\.\s|\.\/|provider|buildpack|heroku|https?:|\[/

/** By `requirements.txt`, a lock file, or else what the project asks for, unless one is given, and `runtime.txt`. `folder`, with a slash behind it, is what they are named with. */
export function repositoryPython(given: CheckOptions['requirements'], repository: Repository, folder: string): Python {
  const runtime = repository('runtime.txt')
  const version = runtime === undefined ? undefined : /^\s*python-(\d+(?:\.\d+)*)\s*$/.exec(runtime)?.[1]
  const evidence = `${folder}runtime.txt`
  // Who names a file says that it is the one.
  if (given) return { ...pythonOfFile(given.text, given.path, version), evidence }
  const text = repository('requirements.txt')
  const [lock, ...others] = text === undefined ? locks.filter((name) => repository(name) !== undefined) : []
  const project = text === undefined && lock === undefined ? projects.find((one) => repository(one) !== undefined) : undefined
  const name = project ?? (lock !== undefined && others.length === 0 ? lock : 'requirements.txt')
  const own = pythonOfFile(repository(name), folder + name, version)
  return { ...own, evidence, installed: (distribution) => beside(own.installed(distribution), name, repository, folder) }
}

/** What is told by a list that may not be the only one. */
function beside(told: Installed, by: string, repository: Repository, folder: string): Installed {
  if (told.state === 'Unknown') return told
  // Few builders install by it, and with which extras is theirs to say.
  if (told.state === 'Absent' && projects.includes(by))
    return { state: 'Unknown', specifier: '', evidence: `${told.evidence}, which may not be all that is installed,` }
  const isThere = (name: string): boolean => repository(name) !== undefined
  // A Pipfile is what its lock was made of.
  const list = otherLists.find((name) => name !== by && !(name === 'Pipfile' && by === 'Pipfile.lock') && isThere(name))
  // Which of the two a builder goes by, and so which release it takes, depends on the builder.
  if (told.state === 'Installed') return list === undefined ? told : { ...told, specifier: '' }
  const other = list ?? hooks.find((name) => mayInstall.test(repository(name) ?? ''))
  return other === undefined ? told
    : { state: 'Unknown', specifier: '', evidence: `${told.evidence}, beside ${folder}${other}, which may install more,` }
}
