/** What a Python in an image has on sys.path, in order. Sources: Python's `site.py`, Debian's and Fedora's patches of it, gunicorn's `chdir`. */
import type { Files, Reader } from '../../oci/files.ts'
import type { Interpreter } from './interpreter.ts'
import { finderMapping, readPathFile } from './path-files.ts'

export interface SearchPath {
  /** Folders from the root, without links followed, each once. */
  readonly folders: readonly string[]
  /** Modules that finders of editable installations know, and where those are. */
  readonly mapped: ReadonlyMap<string, string>
  /** What may put more on it. */
  readonly doubts: readonly string[]
}

export interface Start {
  readonly env: Readonly<Record<string, string | null>>
  /** The folder that gunicorn works in, which it puts first; undefined where that is not known. */
  readonly folder: string | undefined
  /** Where its script stands, if that is started by its path; else it is started as a module. */
  readonly script: string | undefined
  readonly user: Reader & { readonly home: string | undefined }
  /** What `--pythonpath` names. */
  readonly pythonPath: readonly string[]
  /** Options of the interpreter: letters. */
  readonly options: string
}

const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
const plain = (path: string): string => {
  const steps: string[] = []
  for (const step of path.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '' && step !== '.') steps.push(step)
  }
  return `/${steps.join('/')}`
}

export function searchPath(files: Files, python: Interpreter, start: Start): SearchPath {
  const folders = new Set<string>()
  const mapped = new Map<string, string>()
  const doubts: string[] = []
  const { env, options, user } = start
  const ignoresEnvironment = /[EI]/.test(options)
  const variable = (name: string): string | null | undefined => (ignoresEnvironment ? undefined : env[name])
  const add = (path: string): void => {
    const own = plain(path)
    if (folders.has(own) || !files.resolve(own)) return
    if (files.reaches(own, user)) folders.add(own)
  }

  // Each of them is put in front of those before it.
  for (const path of start.pythonPath.toReversed())
    add(start.folder === undefined || path.startsWith('/') ? path : `${start.folder}/${path}`)
  if (start.folder === undefined) doubts.push('the folder that gunicorn starts in is not known')
  else add(start.folder)
  if (start.script !== undefined && !/[IP]/.test(options) && !variable('PYTHONSAFEPATH')) {
    const real = files.resolve(start.script)?.path
    add(parent(real === undefined ? start.script : `/${real}`))
  }
  const pythonPath = variable('PYTHONPATH')
  if (pythonPath === null) doubts.push('what PYTHONPATH holds is not known')
  for (const path of (pythonPath ?? '').split(':')) if (path !== '') add(path.startsWith('/') ? path : `${start.folder ?? ''}/${path}`)

  const standardZip = `${python.base}/lib/${python.library.replace('.', '')}.zip`
  for (const path of [standardZip, python.standard, `${python.standard}/lib-dynload`]) add(path)

  const addSite = (path: string): void => {
    const own = plain(path)
    if (!files.isFolder(own) || !files.reaches(own, user)) return
    folders.add(own)
    for (const name of files.names(own)) {
      // Those that begin with a dot are passed over from 3.11.9 and 3.12.4 on.
      if (!name.endsWith('.pth') || name.startsWith('.') || !files.isFile(`${own}/${name}`)) continue
      const text = files.text(`${own}/${name}`)
      if (text == null) {
        doubts.push(`${own.slice(1)}/${name} is not read`)
        continue
      }
      for (const line of readPathFile(text)) {
        if ('folder' in line) add(line.folder.startsWith('/') ? line.folder : `${own}/${line.folder}`)
        else if ('unknown' in line) doubts.push(`a line of ${own.slice(1)}/${name} is run, and what it does is not known`)
        else {
          const mapping = finderMapping(files.text(`${own}/${line.finder}.py`) ?? '')
          if (mapping) { for (const [module, path] of mapping) mapped.set(module, path) }
          else doubts.push(`${own.slice(1)}/${line.finder}.py is not understood`)
        }
      }
    }
  }
  if (!/S/.test(options)) {
    const noUser = /[sI]/.test(options) || Boolean(variable('PYTHONNOUSERSITE')) || !python.seesSystem
    const userBase = variable('PYTHONUSERBASE') ?? (user.home === undefined ? undefined : `${user.home}/.local`)
    if (!noUser && userBase !== undefined) addSite(`${userBase}/lib/${python.library}/site-packages`)
    const prefixes = python.isVirtual ? [python.prefix, ...(python.seesSystem ? [python.base] : [])] : [python.base]
    for (const prefix of prefixes) for (const path of siteFolders(files, python, prefix)) addSite(path)
    for (const name of ['sitecustomize', ...(noUser ? [] : ['usercustomize'])]) {
      const found = [...folders].map((folder) => `${folder}/${name}.py`).find((path) => files.isFile(path))
      if (found === undefined) continue
      const text = files.text(found)
      if (text == null || /\b(?:path|site|exec|eval|importlib|__import__|runpy)\b/.test(text.replaceAll(/^#.*$/gm, '')))
        doubts.push(`${found.slice(1)} is run, and what it does is not known`)
    }
  }
  return { folders: [...folders], mapped, doubts }
}

function siteFolders(files: Files, { library, isDebian, isVirtual, standard, base }: Interpreter, prefix: string): readonly string[] {
  if (isDebian && !(isVirtual && prefix !== base)) {
    const major = library.split('.')[0]
    return [`/usr/local/lib/${library}/dist-packages`, ...(major === 'python3' ? ['/usr/lib/python3/dist-packages'] : []),
      `/usr/lib/${library}/dist-packages`]
  }
  const libraries = standard.startsWith(`${base}/lib64/`) ? ['lib64', 'lib'] : ['lib']
  const own = libraries.map((lib) => `${prefix}/${lib}/${library}/site-packages`)
  // Fedora's Python looks below /usr/local as well.
  return base === '/usr' && prefix === '/usr' && libraries.length > 1
    ? [...libraries.map((lib) => `/usr/local/${lib}/${library}/site-packages`).filter((path) => files.isFolder(path)), ...own] : own
}
