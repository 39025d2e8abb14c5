/** The process as the commands see it. */
import { closeSync, constants, createReadStream, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, realpathSync,
  renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { FileError } from '../src/cli/exit.ts'
import { askHelper, http } from './registries.ts'
import { isIgnored, readIgnored, type Ignored } from '../src/cli/ignored.ts'
import type { LogFile, Outside, Stream, Walk } from '../src/cli/io.ts'
import type { OpenFile } from '../src/oci/store.ts'

/** What a file may hold that Paddock reads of itself (a config file, requirements, a script), in bytes; and one that was named to it. */
const largestFound = 4 * 2 ** 20
const largestNamed = 256 * 2 ** 20

export function processIo(): Outside {
  // A reader that has seen enough, such as `head`, is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2))
  // Nor is one that nobody wants to be told by.
  process.stderr.on('error', () => {})
  return {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env: process.env,
    readInput: () => text(process.stdin),
    inputLines: () => createInterface({ input: process.stdin }),
    readFile: (path) => told(path, () => readNamed(path)),
    openLog: (path) => (path === '-' ? { size: undefined, chunks: process.stdin } : told(path, () => openLog(path))),
    readWithin: (folder, path) => told(path, () => readRegular(realWithin(folder, path), path, largestFound)),
    writeFile: (path, content) => told(path, () => writeWhole(path, content), 'folder'),
    writeWithin: (folder, path, content) => told(path, () => writeWhole(realWithin(folder, path), content), 'folder'),
    listFiles: (path, also, walk) => told(path, () => (statSync(path).isDirectory() ? filesIn(path, also, walk) : [path])),
    http,
    askHelper,
    openFile: (path) => told(path, () => openParts(path)),
    now: () => performance.now(),
    time: () => Date.now(),
  }
}

/** Characters that wait for a slow reader of standard error; more are lost. */
const mostWaiting = 1024 * 1024

/**
 * What writes the lines of a log to standard error. Where they are lost it says so, and the process goes on: a disk that is
 * full may have room again, and a reader that has gone never comes back.
 */
export function errorLines(): (line: string, lose: () => void) => void {
  const { stderr } = process
  // Without this, what is read of a failure later would end the process.
  stderr.on('error', () => {})
  const kind = fstatSync(2)
  // A file is written to at once, or not; a pipe whose reader is slow must not hold up who writes.
  if (!kind.isFIFO() && !kind.isSocket()) return (line) => void writeSync(2, line)
  return (line, lose) => {
    if (stderr.writableLength > mostWaiting) return lose()
    stderr.write(line, (error) => {
      if (error) lose()
    })
  }
}

const output = (stream: NodeJS.WriteStream): Stream => ({ write: (chunk) => void stream.write(chunk), isTTY: Boolean(stream.isTTY) })

/** What a system call says of a file, in words. */
function told<T>(path: string, attempt: () => T, missing: 'file' | 'folder' = 'file'): T {
  try {
    return attempt()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (error instanceof FileError) throw error
    const words: Readonly<Record<string, string>> = {
      ENOENT: `no such ${missing}`,
      ENOTDIR: `no such ${missing}`,
      EISDIR: 'is a folder',
      EACCES: 'permission denied',
      EPERM: 'permission denied',
      ELOOP: 'is a link that leads nowhere',
      ENAMETOOLONG: 'no such file: the name is too long',
      ERR_INVALID_ARG_VALUE: 'no such file',
      ENXIO: 'must be a regular file',
    }
    throw new FileError(path, words[code] ?? message, words[code]?.startsWith('no such') === true)
  }
}

/** What is standard input, or was handed over by a shell, may be what it will. */
const handedOver = /^\/dev\/(?:stdin|fd\/\d+)$/

function readNamed(path: string): string {
  if (handedOver.test(path)) return readFileSync(path, 'utf8')
  return statSync(path).isFIFO() ? readFileSync(path, 'utf8') : readRegular(path, path, largestNamed)
}

/** Opens a file so that no device, pipe or terminal is waited for, and looks what it is before it reads. */
function readRegular(path: string, name: string, largest: number): string {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0))
  try {
    const found = fstatSync(file)
    if (found.isDirectory()) throw new FileError(name, 'is a folder')
    if (!found.isFile()) throw new FileError(name, 'must be a regular file')
    if (found.size > largest) throw new FileError(name, `must not be larger than ${largest / 2 ** 20} MiB`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Bytes that are read at once of a file that is read in parts. */
const partSize = 256 * 1024

function openParts(path: string): OpenFile | undefined {
  if (!existsSync(path)) return undefined
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0))
  const found = fstatSync(file)
  if (!found.isFile()) {
    closeSync(file)
    throw new FileError(path, found.isDirectory() ? 'is a folder' : 'must be a regular file')
  }
  return {
    size: found.size,
    range: (start, length) => (length === 0 ? nothing()
      : createReadStream('', { fd: file, autoClose: false, start, end: start + length - 1, highWaterMark: partSize })),
    close: () => closeSync(file),
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Bytes of a log that are read at once. */
const logChunk = 64 * 1024

function openLog(path: string): LogFile {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOCTTY ?? 0))
  const found = fstatSync(file)
  if (found.isDirectory()) {
    closeSync(file)
    throw new FileError(path, 'is a folder')
  }
  const chunks = async function*(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(logChunk)
    try {
      for (;;) {
        const count = told(path, () => readSync(file, buffer, 0, logChunk, null))
        if (count === 0) return
        yield buffer.subarray(0, count)
      }
    } finally {
      closeSync(file)
    }
  }
  return { size: found.isFile() ? found.size : undefined, chunks: chunks() }
}

/** The real path of a file, which must lie in the repository that the folder is in. */
function realWithin(folder: string, path: string): string {
  const real = realpathSync(path)
  if (!isWithin(repositoryOf(realpathSync(folder === '' ? '.' : folder)), real)) throw new FileError(path, 'leads out of the repository')
  return real
}

function isWithin(folder: string, path: string): boolean {
  const inside = relative(folder, path)
  return !isAbsolute(inside) && inside !== '..' && !/^\.\.[/\\]/.test(inside)
}

/** The nearest folder around a folder that git knows for a repository. Where there is none, the one that Paddock runs in, or that folder itself. */
function repositoryOf(folder: string): string {
  for (let at = folder;; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (dirname(at) === at) break
  }
  const here = realpathSync('.')
  return isWithin(here, folder) ? here : folder
}

/** A crash half-way leaves the former file: the new one takes its place in one step. What is no file, as `/dev/stdout`, is written to. */
function writeWhole(path: string, content: string): void {
  const former = statSync(path, { throwIfNoEntry: false })
  if (former?.isFile() === false) return writeFileSync(path, content)
  // Where a link leads to, the file is replaced, not the link.
  const target = former ? realpathSync(path) : path
  const temporary = `${target}.${process.pid}.new`
  try {
    writeFileSync(temporary, content, { mode: former?.mode ?? 0o666, flush: true })
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function filesIn(folder: string, also: string | undefined, walk: Walk | undefined): readonly string[] {
  if (!walk || !existsSync(join(folder, 'Chart.yaml')))
    return [...manifestFiles(folder, also, walk, walk ? ignoredAround(folder, walk.exclude) : [])]
  walk.passedOver(folder, 'chart')
  return []
}

function* manifestFiles(folder: string, also: string | undefined, walk: Walk | undefined, around: readonly Ignored[]): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  const ignored = walk && entries.some(({ name }) => name === '.gitignore')
    ? [...around.slice(0, -1), ...ignoredBy(folder), ...around.slice(-1)] : around
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    if (walk && isIgnored(ignored, resolve(path), entry.isDirectory())) continue
    const what = walk && entry.isDirectory() ? passedOver(path, entry.name) : undefined
    if (what) walk?.passedOver(path, what)
    else if (entry.isDirectory()) yield* manifestFiles(path, also, walk, ignored)
    else if (entry.isFile() && (/\.(ya?ml|json)$/.test(entry.name) || entry.name === also)) yield path
  }
}

/** What a folder is that no manifest of one's own stands in. */
function passedOver(path: string, name: string): 'chart' | 'foreign' | undefined {
  if (existsSync(join(path, 'Chart.yaml'))) return 'chart'
  return name === 'vendor' || name === 'dist' || name === 'site-packages' || name === '__pycache__' || existsSync(join(path, 'pyvenv.cfg'))
    ? 'foreign' : undefined
}

/** The `.gitignore` of a folder; none where it cannot be read. */
function ignoredBy(folder: string): Ignored[] {
  try {
    return [readIgnored(`${resolve(folder)}/`, readRegular(join(folder, '.gitignore'), '.gitignore', largestFound))]
  } catch {
    return []
  }
}

/** What the repository around a folder names, up to its root; at the end, as it goes before all others, what was named from outside. */
function ignoredAround(folder: string, exclude: readonly string[]): readonly Ignored[] {
  const named = readIgnored(`${resolve(folder)}/`, exclude.join('\n'))
  const top = repositoryOf(realpathSync(folder))
  const around: Ignored[] = []
  for (let at = dirname(resolve(folder)); isWithin(top, at); at = dirname(at)) {
    around.unshift(...ignoredBy(at))
    if (dirname(at) === at) break
  }
  return [...around, named]
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const

/** Calls once for each signal by which somebody asks a process to end: none of them ends it before it has done what it is about. */
export function whenAsked(end: (signal: (typeof signals)[number]) => void): void {
  for (const signal of signals) process.once(signal, () => end(signal))
}
