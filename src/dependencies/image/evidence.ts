/** The files of an image and a command → the Python that runs it, and what that finds installed. */
import type { Files } from '../../oci/files.ts'
import type { ImageConfig } from '../../oci/manifest.ts'
import { normalise } from '../../python/distribution.ts'
import { baseName } from '../../gunicorn/invocation.ts'
import { located, startsIn, type Command, type ReadTexts, type Start } from './command.ts'
import { distributionsIn, moduleFile, moduleName, type Distribution, type Module } from './distributions.ts'
import { interpreterAt, type Interpreter } from './interpreter.ts'
import { from, interpreterOf, program, scriptText } from './programs.ts'
import { searchPath, type SearchPath } from './search-path.ts'
import { userOf } from './user.ts'

/** A distribution of the image, and whether the Python of the command finds this very copy; null where that is not known. */
export interface Listed extends Distribution {
  readonly onPath: boolean | null
  /** `layer sha256:1234abcd…: usr/lib/python3/dist-packages/gevent-24.11.1.dist-info`. */
  readonly evidence: string
}

export interface Installation {
  readonly state: 'Installed' | 'Absent' | 'Unknown'
  readonly version: string | undefined
  readonly evidence: string
}

export interface ImageEvidence {
  readonly command: Command
  readonly python: (Pick<Interpreter, 'version' | 'path' | 'isVirtual'> & { readonly evidence: string }) | null
  readonly gunicorn: { readonly version: string; readonly evidence: string } | null
  readonly distributions: readonly Listed[]
  /** What is on sys.path; empty where that is not known. */
  readonly folders: readonly string[]
  /** The gunicorns that the command starts. */
  readonly starts: readonly Start[]
  /** The command with a script in front named by its path, and what was read of scripts and config files. */
  readonly argv: readonly string[]
  readonly texts: ReadTexts
  /** Whether all that is installed is known: what is not found is absent then. */
  readonly complete: boolean
  /** Why it is not, and what else is wrong. */
  readonly problems: readonly string[]
  readonly installed: (distribution: string) => Installation
}

export interface Inside {
  readonly files: Files
  readonly config: Pick<ImageConfig, 'entrypoint' | 'cmd' | 'env' | 'workingDir' | 'user'>
  /** Layers that are not read. */
  readonly unread: readonly string[]
  readonly layerName: (index: number) => string
}

/** The image's own command. */
export const commandOf = ({ entrypoint, cmd, env, workingDir }: Inside['config']): Command => ({ argv: [...entrypoint, ...cmd], env,
  folder: from('', workingDir === '' ? '/' : workingDir) })

const siteNames: ReadonlySet<string> = new Set(['site-packages', 'dist-packages'])

/** What is listed there is no installation: caches, from which others are made. */
const isCache = (path: string): boolean => /\/(?:\.cache|uv\/archive-v\d+|pip-[\w-]+|pkgs)\//.test(`${path}/`)

/** Which files of an image are read in any case: asked of every file there is. @param named names of files that the command speaks of */
export function wantedFiles({ entrypoint, cmd }: Pick<ImageConfig, 'entrypoint' | 'cmd'>): (path: string, size: number) => boolean {
  const named = new Set(
    [...entrypoint, ...cmd].flatMap((word) => word.split(/[\s;&|"'=]+/)).map((word) => baseName(word)).filter((word) => word !== ''),
  )
  return (path, size) => {
    if (size > 1024 * 1024) return /(?:^|\/)var\/lib\/dpkg\/status$|(?:^|\/)lib\/apk\/db\/installed$/.test(path) && size < 16 * 1024 * 1024
    const name = baseName(path)
    if (/\.(?:dist-info|egg-info|egg\/EGG-INFO)\/(?:METADATA|PKG-INFO|RECORD|top_level\.txt|direct_url\.json)$/.test(path)) return true
    if (/\.(?:pth|egg-info)$|^__editable___.*_finder\.py$|^pyvenv\.cfg$|^(?:site|user)customize\.py$/.test(name)) return true
    if (/(?:^|\/)(?:etc\/(?:passwd|group)|var\/lib\/dpkg\/status(?:\.d\/(?:lib)?python[\w.-]*)?|lib\/apk\/db\/installed|include\/python[\d.]+[a-z]*\/patchlevel\.h|lib(?:64)?\/python[\d.]+\/site\.py)$/
      .test(path)) return true
    if (/(?:^|\/)s?bin\/[^/]+$/.test(path)) return size <= 8 * 1024 || (name.startsWith('python') && size < 64 * 1024)
    if (name === 'gunicorn.conf.py' || (named.has(name) && size <= 256 * 1024)) return true
    return size <= 32 * 1024 && (name.endsWith('.sh') || (name.includes('gunicorn') && name.endsWith('.py'))) &&
      !/\/(?:site-packages|dist-packages|share)\//.test(path)
  }
}

/** @param command what is started in place of the image's own command */
export function evidenceIn(inside: Inside, given?: Command): ImageEvidence {
  const { files, config, layerName } = inside
  const command = given ?? commandOf(config)
  const texts: ReadTexts = new Map()
  const first = startsIn(files, command, undefined, texts)
  const runner = runnerOf(inside, command, first.starts[0])
  const python = typeof runner.python === 'object' ? runner.python : undefined
  const problems = [...inside.unread, ...first.problems]
  if (typeof runner.python === 'string') problems.push(runner.python)
  const path = python && searchPath(files, python, runner.start)
  if (path) problems.push(...path.doubts)
  const isComplete = inside.unread.length === 0 && (runner.isAlone || (path !== undefined && path.doubts.length === 0 && runner.isCertain))
  const plain = list(inside, python, path)
  const vendored = path && vendorFolder(files, plain.listed, path)
  const whole = vendored === undefined ? path : { ...path!, folders: [...path!.folders, vendored] }
  const { listed, faults } = vendored === undefined ? plain : list(inside, python, whole)
  problems.push(...faults)
  const finder = new Finder(inside, listed, python, whole, isComplete, problems[0])
  const gunicorn = finder.find('gunicorn')
  const version = gunicorn?.version
  const starts = version === undefined ? first.starts : startsIn(files, command, version, texts).starts
  return {
    command,
    python: python
      ? { version: python.version, path: python.path, isVirtual: python.isVirtual,
        evidence: `${layerName(files.resolve(python.evidence.path)?.node.layer ?? -1)}: ${python.evidence.what}` } : null,
    gunicorn: gunicorn ? { version: gunicorn.version, evidence: gunicorn.evidence } : null,
    distributions: listed,
    folders: whole?.folders ?? [],
    starts,
    argv: located(files, command.argv, command.env, command.folder),
    texts,
    complete: isComplete,
    problems: [...new Set(problems)],
    installed: (distribution) => finder.installed(distribution),
  }
}

interface Runner {
  /** A string tells why there is none. */
  readonly python: Interpreter | string | undefined
  readonly start: Parameters<typeof searchPath>[2]
  /** False where it may be another one. */
  readonly isCertain: boolean
  /** True where the image holds no Python at all, as far as its files tell. */
  readonly isAlone: boolean
}

/** Who runs gunicorn: the Python that the command names, or that the script of the name says. */
function runnerOf({ files, config }: Inside, { env, folder }: Command, start: Start | undefined): Runner {
  const variable = (name: string): string | null | undefined => (start ? start.found.variables(name) : env[name])
  const names = ['PATH', 'PYTHONPATH', 'PYTHONHOME', 'PYTHONNOUSERSITE', 'PYTHONUSERBASE', 'PYTHONSAFEPATH', 'PYTHON_VERSION', 'HOME',
    'VIRTUAL_ENV']
  const own: Record<string, string | null> = {}
  for (const name of names) {
    const value = variable(name)
    if (value !== undefined) own[name] = value
  }
  const activated = activatedIn(start, folder)
  const before = start?.before ?? []
  const project = projectEnvironment(files, before, folder, own['HOME'] ?? userOf(files, config.user, undefined).home, variable)
  const paths = [...(project === undefined ? [] : [`${project}/bin`]), ...(activated === undefined ? [] : [`${activated}/bin`]),
    own['PATH'] ?? env['PATH'] ?? undefined].filter((path) => path !== undefined)
  const searched = paths.length === 0 ? undefined : paths.join(':')
  const find = (name: string): string | undefined => program(files, name, searched, folder)
  const word = start?.found.words[0]?.value ?? 'gunicorn'
  const at = before.findLastIndex((text) => text !== null && /^(?:python|pypy)[\d.]*$/.test(baseName(text)))
  const named = before[at]
  const isModule = named != null && before.slice(at + 1).some((text) => text !== null && /^-[A-Za-z]*m$/.test(text))
  const flags = named == null ? ''
    : before.slice(at + 1).flatMap((text) => /^-([a-zA-Z]+)$/.exec(text ?? '')?.[1] ?? []).join('').replaceAll(/[^EIsSP]/g, '')
  const script = isModule ? undefined : find(word)
  const pythons = ['python3', 'python', 'python2'].map(find).filter((path) => path !== undefined)
  const chosen = (): { python: Interpreter | string | undefined; isCertain: boolean; options?: string } => {
    if (named != null) {
      const path = find(named)
      return { python: path === undefined ? `${named}, which the command starts, is not there` : interpreterAt(files, path, own),
        isCertain: true }
    }
    const text = script === undefined ? undefined : scriptText(files, script)
    if (script !== undefined && text != null) {
      const runs = interpreterOf(text, find)
      if (runs?.path !== undefined)
        return { python: interpreterAt(files, runs.path, own), isCertain: true,
          options: /^#!.*\s-([EIsSP]+)\s*$/m.exec(text.slice(0, text.indexOf('\n') + 1))?.[1] ?? '' }
      return {
        python: runs ? `${script} is started by ${runs.named}, which is not there: it does not start`
          : `${script} is no script of a Python`,
        isCertain: false,
      }
    }
    if (script !== undefined) return { python: `${script} is no script of a Python`, isCertain: false }
    // Nobody says which one is meant: the one that would be started by its name.
    return { python: pythons[0] === undefined ? undefined : interpreterAt(files, pythons[0], own),
      isCertain: start === undefined || word === 'gunicorn' }
  }
  const { python, isCertain, options = flags } = chosen()
  const chdir = start?.found.settings.isSet('chdir') === 'no' ? startFolder(start, folder) : start?.found.settings.value('chdir')
  const pythonPath = start?.found.settings.value('pythonpath')
  const user = userOf(files, config.user, own['HOME'])
  return {
    python,
    isCertain: isCertain && (own['PATH'] !== null || activated !== undefined),
    isAlone: python === undefined && pythons.length === 0 && files.foldersNamed(siteNames).length === 0,
    start: {
      env: own,
      user,
      script,
      options,
      folder: start === undefined ? folder : typeof chdir === 'string' ? from(folder, chdir) : undefined,
      pythonPath: typeof pythonPath === 'string' ? pythonPath.split(',').map((part) => part.trim()).filter((part) => part !== '') : [],
    },
  }
}

/** The folder that a script has gone to; undefined where that is not known. */
function startFolder({ found }: Start, folder: string): string | undefined {
  if (!found.command || !/\b(?:cd|pushd|popd)\b/.test(found.script?.text ?? '')) return folder
  const here = found.command.environment.get('PWD')
  return typeof here === 'string' ? here : undefined
}

/** The virtual environment that a script has activated. */
function activatedIn(start: Start | undefined, folder: string): string | undefined {
  const { command, script } = start?.found ?? {}
  if (!command || !script) return undefined
  for (const part of script.text.slice(0, command.start).split(/[;&\n]/).reverse()) {
    const [name, file = '', ...rest] = part.trim().split(/\s/)
    const path = file.replaceAll(/["']/g, '')
    if ((name === 'source' || name === '.') && rest.length === 0 && path.endsWith('/bin/activate') && !path.includes('$'))
      return from(folder, path.slice(0, -'/bin/activate'.length))
  }
  return undefined
}

/** The virtual environment that `uv run` and others start a command in. */
function projectEnvironment(files: Files, before: readonly (string | null)[], folder: string, home: string | undefined,
  variable: (name: string) => string | null | undefined): string | undefined {
  const tool = before.map((text) => baseName(text ?? '')).find((name) => /^(?:uv|poetry|pipenv|pdm)$/.test(name))
  if (tool === undefined) return undefined
  const isThere = (path: string): boolean => files.isFile(`${path}/pyvenv.cfg`)
  const named = tool === 'uv' ? variable('UV_PROJECT_ENVIRONMENT') : undefined
  if (typeof named === 'string' && named !== '') return from(folder, named)
  const active = variable('VIRTUAL_ENV')
  if (tool !== 'uv' && typeof active === 'string' && isThere(active)) return active
  for (let at = folder;; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    if (isThere(`${at}/.venv`)) return `${at}/.venv`
    if (at === '' || at === '/') break
  }
  const shared = tool === 'poetry' ? `${variable('POETRY_CACHE_DIR') ?? `${home}/.cache/pypoetry`}/virtualenvs`
    : tool === 'pipenv' ? variable('WORKON_HOME') ?? `${home}/.local/share/virtualenvs` : undefined
  const [only, ...others] = shared === undefined ? [] : files.names(shared).filter((name) => isThere(`${shared}/${name}`))
  return only !== undefined && others.length === 0 ? `${shared}/${only}` : undefined
}

/** What setuptools brings along, from 71 on, is on sys.path once pkg_resources is imported, as gunicorn does before 21. */
function vendorFolder(files: Files, listed: readonly Listed[], { folders }: SearchPath): string | undefined {
  const gunicorn = listed.find(({ name, onPath }) => onPath === true && normalise(name) === 'gunicorn')
  if (!gunicorn || !/^(?:1?\d|20)\./.test(gunicorn.version)) return undefined
  const folder = folders.find((one) => files.isFile(`${one}/pkg_resources/__init__.py`))
  return folder !== undefined && files.isFolder(`${folder}/setuptools/_vendor`) ? `${folder}/setuptools/_vendor` : undefined
}

/** All that folders of packages list, those of the search path first, in its order. */
function list({ files, layerName }: Inside, python: Interpreter | undefined,
  path: SearchPath | undefined): { listed: Listed[]; faults: string[] } {
  const onPath = path?.folders ?? []
  const others = files.foldersNamed(siteNames).filter((folder) => !onPath.includes(folder) && !isCache(folder))
  const listed: Listed[] = []
  const faults: string[] = []
  const first = new Map<string, Listed>()
  for (const folder of [...onPath, ...others]) {
    const isSearched = onPath.includes(folder)
    const found = distributionsIn(files, folder, isSearched ? python?.suffix : undefined)
    faults.push(...found.faults)
    for (const one of found.distributions) {
      const evidence = `${layerName(one.layer)}: ${one.path.slice(1)}`
      const isFound = isSearched && one.fault === undefined && !first.has(normalise(one.name)) &&
        isReached(files, one, onPath, python?.suffix)
      const own: Listed = { ...one, evidence, onPath: python === undefined || path === undefined ? null : isFound }
      if (isFound) first.set(normalise(one.name), own)
      if (isSearched && one.fault !== undefined) faults.push(`${one.path.slice(1)}: ${one.fault}`)
      listed.push(own)
    }
  }
  return { listed, faults }
}

/** Whether its modules are found in its own folder, and in none before it. */
function isReached(files: Files, { folder, modules, name }: Distribution, onPath: readonly string[], suffix: string | undefined): boolean {
  const main: Module | undefined = modules.find((module) => module.name === moduleName(name)) ?? modules[0]
  if (!main) return true
  // A part of a namespace is found wherever it is.
  const isPart = main.file.split('/').length > 2
  const reached = onPath.find((one) =>
    files.isFile(`${one}/${main.file}`) || (!isPart && moduleFile(files, one, main.name, suffix ?? '.so') !== undefined)
  )
  return reached === folder
}

class Finder {
  readonly #inside: Inside
  readonly #listed: readonly Listed[]
  readonly #python: Interpreter | undefined
  readonly #path: SearchPath | undefined
  readonly #isComplete: boolean
  readonly #doubt: string | undefined

  constructor(inside: Inside, listed: readonly Listed[], python: Interpreter | undefined, path: SearchPath | undefined, isComplete: boolean,
    doubt: string | undefined) {
    this.#inside = inside
    this.#listed = listed
    this.#python = python
    this.#path = path
    this.#isComplete = isComplete
    this.#doubt = doubt
  }

  find(distribution: string): Listed | undefined {
    const name = normalise(distribution)
    return this.#listed.find((one) => one.onPath === true && normalise(one.name) === name)
  }

  installed(distribution: string): Installation {
    const found = this.find(distribution)
    if (found) return { state: 'Installed', version: found.version, evidence: found.evidence }
    const loose = this.#module(moduleName(distribution))
    if (loose !== undefined) return { state: 'Installed', version: undefined, evidence: loose }
    if (this.#isComplete) return { state: 'Absent', version: undefined, evidence: this.#elsewhere(distribution) }
    return { state: 'Unknown', version: undefined, evidence: this.#doubt ?? 'which Python runs it is not known' }
  }

  /** A module that nothing lists: of a folder on the path, or of an editable installation. */
  #module(name: string): string | undefined {
    const { files, layerName } = this.#inside
    const mapped = this.#path?.mapped.get(name)
    if (mapped !== undefined && (files.isFolder(mapped) || files.isFile(mapped) || files.isFile(`${mapped}.py`))) return mapped.slice(1)
    for (const folder of this.#path?.folders ?? []) {
      const file = moduleFile(files, folder, name, this.#python?.suffix ?? '.so')
      if (file !== undefined && !this.#isFaulty(name, folder))
        return `${layerName(files.resolve(file)?.node.layer ?? -1)}: ${file.slice(1)}`
    }
    return undefined
  }

  #isFaulty = (name: string, folder: string): boolean =>
    this.#listed.some((one) => one.folder === folder && one.fault !== undefined && moduleName(one.name) === name)

  /** Where a copy is that the Python does not find; empty where there is none. */
  #elsewhere(distribution: string): string {
    const copy = this.#listed.find((one) => normalise(one.name) === normalise(distribution))
    return copy
      ? `${copy.evidence}${copy.fault === undefined ? `, which ${this.#python?.path ?? 'no Python'} does not read` : `: ${copy.fault}`}`
      : ''
  }
}
