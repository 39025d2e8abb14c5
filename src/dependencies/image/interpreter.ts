/**
 * A Python in an image: its version, where its library is, whether it is that of a virtual environment. As CPython finds that out
 * itself: `Modules/getpath.py` of 3.11 and newer, and what older ones did alike.
 */
import type { Files } from '../../oci/files.ts'

export interface Interpreter {
  /** As it is started: links are not followed, as a virtual environment is told by where its link stands. */
  readonly path: string
  /** `python3.12`, `pypy3.10`: what its folders are called. */
  readonly library: string
  /** `3.12` */
  readonly minor: string
  /** As far as it is told: `3.12.4`, or `3.12`. */
  readonly version: string
  /** Where the version is told. */
  readonly evidence: { readonly path: string; readonly what: string }
  /** Of the virtual environment, or the same as `base`. */
  readonly prefix: string
  /** Where its library is: `/usr/local`. */
  readonly base: string
  /** The folder of the standard library. */
  readonly standard: string
  readonly isVirtual: boolean
  /** Whether a virtual environment sees what is installed outside it; true outside one. */
  readonly seesSystem: boolean
  /** Whether Debian has patched it, which calls its folders dist-packages. */
  readonly isDebian: boolean
  /** What modules written in C end with, where some are there to tell: `.cpython-312-x86_64-linux-gnu.so`. */
  readonly suffix: string | undefined
}

const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** What runs at a path; a string tells why it is no Python that starts. */
export function interpreterAt(files: Files, path: string, env: Readonly<Record<string, string | null>>): Interpreter | string {
  const found = files.resolve(path)
  if (!found || found.node.kind !== 'file') return `${path} is not there`
  const real = `/${found.path}`
  if (found.node.size < 64 * 1024) {
    const text = files.text(path)
    if (text?.startsWith('#!')) return `${path} is a script, which starts a Python of its own choice`
  }
  const folder = parent(path)
  const place = [folder, parent(folder)].find((one) => files.isFile(`${one}/pyvenv.cfg`))
  const settings = place === undefined ? undefined : virtualSettings(files.text(`${place}/pyvenv.cfg`) ?? '')
  const home = settings?.get('home')
  // A link of a virtual environment leads to what it was made of.
  const start = settings && home !== undefined ? realFolder(files, home) ?? parent(real) : parent(real)
  const names = [real, ...(home === undefined ? [] : ['python3', 'python'].flatMap((name) => files.resolve(`${home}/${name}`)?.path ?? []))]
  const told = names.map((name) => /(python|pypy)(\d+\.\d+)[a-z]*$/.exec(name)).find((match) => match !== null)
  const hinted = settings?.get('version') ?? settings?.get('version_info')
  const [kind, minor] = told ? [told[1]!, told[2]!] : ['python', /^\d+\.\d+/.exec(hinted ?? '')?.[0]]
  if (typeof env['PYTHONHOME'] === 'string' && env['PYTHONHOME'] !== '')
    return 'PYTHONHOME says where its library is, which is not followed'
  const library = standardLibrary(files, start, minor === undefined ? undefined : `${kind}${minor}`)
  if (!library) return `${path} has no standard library beside it, and does not start`
  const { base, standard, name } = library
  const own = name.replace(/^\D+/, '')
  const isVirtual = settings !== undefined && place !== undefined && home !== undefined
  const version = patchVersion(files, { real, base, minor: own, env, standard, settings: isVirtual ? settings : undefined, place })
  return {
    path,
    library: name,
    minor: own,
    ...version,
    prefix: isVirtual ? place : base,
    base,
    standard,
    isVirtual,
    seesSystem: !isVirtual || settings.get('include-system-site-packages')?.toLowerCase() === 'true',
    isDebian: base === '/usr' && (files.text(`${standard}/site.py`) ?? '').includes('dist-packages'),
    suffix: suffixOf(files, standard),
  }
}

const realFolder = (files: Files, path: string): string | undefined => {
  const found = files.resolve(path)
  return found?.node.kind === 'folder' ? `/${found.path}` : undefined
}

/** `key = value`, each on a line. */
function virtualSettings(text: string): ReadonlyMap<string, string> {
  return new Map(text.split('\n').flatMap((line): [string, string][] => {
    const equals = line.indexOf('=')
    return equals < 0 ? [] : [[line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim()]]
  }))
}

/** The folder around a program that holds a standard library: by its landmark, `os.py`. */
function standardLibrary(files: Files, start: string, name: string | undefined):
  | { base: string; standard: string; name: string }
  | undefined {
  for (let base = start;; base = parent(base)) {
    for (const lib of ['lib64', 'lib']) {
      const names = name === undefined ? files.names(`${base}/${lib}`).filter((one) => /^(?:python|pypy)\d+\.\d+$/.test(one)) : [name]
      const [found, ...others] = names.filter((one) =>
        ['os.py', 'os.pyc'].some((landmark) => files.isFile(`${base}/${lib}/${one}/${landmark}`))
      )
      if (found !== undefined && others.length === 0) return { base, standard: `${base}/${lib}/${found}`, name: found }
    }
    if (base === '') return undefined
  }
}

function suffixOf(files: Files, standard: string): string | undefined {
  for (const name of files.names(`${standard}/lib-dynload`)) {
    const [suffix] = /\.(?:cpython|pypy)[\w-]*\.so$/.exec(name) ?? []
    if (suffix !== undefined) return suffix
  }
  return undefined
}

interface VersionPlaces {
  readonly real: string
  readonly base: string
  readonly minor: string
  readonly standard: string
  readonly env: Readonly<Record<string, string | null>>
  readonly settings: ReadonlyMap<string, string> | undefined
  readonly place: string | undefined
}

/** The whole version stands in no path: in one of several places, of which none need be there. */
function patchVersion(files: Files,
  { real, base, minor, env, standard, settings, place }: VersionPlaces): Pick<Interpreter, 'version' | 'evidence'> {
  const fits = (text: string | null | undefined): string | undefined => {
    const [version] = /^\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?/.exec(text ?? '') ?? []
    return version?.startsWith(`${minor}.`) ? version : undefined
  }
  const ways: (() => { version: string | undefined; path: string; what: string })[] = [
    () => {
      const path = `${base}/include/python${minor}/patchlevel.h`
      return { version: fits(/#define\s+PY_VERSION\s+"([^"]+)"/.exec(files.text(path) ?? '')?.[1]), path, what: path.slice(1) }
    },
    () => ({ version: fits(/cpython-(\d+\.\d+\.\d+(?:[a-z]+\d*)?)-/.exec(real)?.[1]), path: real, what: real.slice(1) }),
    () => {
      const folder = `${base}/conda-meta`
      const name = files.names(folder).find((one) => /^python-\d.*\.json$/.test(one)) ?? ''
      return { version: fits(/^python-(\d+\.\d+\.\d+)/.exec(name)?.[1]), path: `${folder}/${name}`, what: `${folder}/${name}`.slice(1) }
    },
    // What the official images say is of the Python that they have built.
    () => ({ version: base === '/usr/local' ? fits(env['PYTHON_VERSION']) : undefined, path: real,
      what: 'PYTHON_VERSION of its environment' }),
    () => ({ version: base === '/usr' ? fits(debianVersion(files, minor)) : undefined, path: '/var/lib/dpkg/status',
      what: 'var/lib/dpkg/status' }),
    () => ({
      version: base === '/usr' ? fits(/(?:^|\n)P:python3\nV:(\S+?)-r\d+/.exec(files.text('/lib/apk/db/installed') ?? '')?.[1]) : undefined,
      path: '/lib/apk/db/installed',
      what: 'lib/apk/db/installed',
    }),
    () => ({ version: fits(settings?.get('version') ?? settings?.get('version_info')), path: `${place}/pyvenv.cfg`,
      what: `${place}/pyvenv.cfg`.slice(1) }),
  ]
  for (const way of ways) {
    const { version, path, what } = way()
    if (version !== undefined) return { version, evidence: { path, what } }
  }
  return { version: minor, evidence: { path: standard, what: standard.slice(1) } }
}

/** The version of Debian's package, without what Debian counts itself. Images without dpkg's own list have one file for each package. */
function debianVersion(files: Files, minor: string): string | undefined {
  const names = [`libpython${minor}-minimal`, `python${minor}-minimal`, `libpython${minor}-stdlib`, `python${minor}`]
  const texts = [files.text('/var/lib/dpkg/status'), ...names.map((name) => files.text(`/var/lib/dpkg/status.d/${name}`))]
  for (const text of texts) {
    if (text == null) continue
    for (const name of names) {
      const at = text.startsWith(`Package: ${name}\n`) ? 0 : text.indexOf(`\nPackage: ${name}\n`)
      if (at < 0) continue
      const end = text.indexOf('\n\n', at + 1)
      const [, version] = /\nVersion: (?:\d+:)?(\d[\d.]*(?:~?(?:a|b|rc)\d+)?)/.exec(text.slice(at, end < 0 ? undefined : end)) ?? []
      if (version !== undefined) return version.replace('~', '')
    }
  }
  return undefined
}
