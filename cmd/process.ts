/** The process as the commands see it. */
import { fstatSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Io } from '../src/cli/io.ts'

export function processIo(): Io {
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
    readFile: (path) => readFileSync(path, 'utf8'),
    writeFile,
    listFiles: (path, also) => (statSync(path).isDirectory() ? [...manifestFiles(path, also)] : [path]),
    now: () => performance.now(),
    time: () => Date.now(),
  }
}

/** Characters that wait for a slow reader of standard error; more are lost. */
const mostWaiting = 1024 * 1024

/**
 * What writes the lines of a log to standard error. It throws where they are lost, and the process goes on: a disk that is full
 * may have room again, and a reader that has gone never comes back.
 */
export function errorLines(): (line: string) => void {
  const { stderr } = process
  // Without this, what is read of a failure later would end the process.
  stderr.on('error', () => {})
  const kind = fstatSync(2)
  // A file is written to at once, or not; a pipe whose reader is slow must not hold up who writes.
  if (!kind.isFIFO() && !kind.isSocket()) return (line) => void writeSync(2, line)
  return (line) => {
    if (stderr.destroyed || stderr.writableLength > mostWaiting) throw new Error('standard error cannot be written')
    stderr.write(line)
  }
}

const output = (stream: NodeJS.WriteStream): Io['stdout'] => ({ write: (chunk) => void stream.write(chunk), isTTY: Boolean(stream.isTTY) })

/** A crash half-way leaves the former file: the new one takes its place in one step. What is no file, as `/dev/stdout`, is written to. */
function writeFile(path: string, content: string): void {
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

function* manifestFiles(folder: string, also: string | undefined): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* manifestFiles(path, also)
    else if (entry.isFile() && (/\.(ya?ml|json)$/.test(entry.name) || entry.name === also)) yield path
  }
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const

/** Calls once for each signal by which somebody asks a process to end: none of them ends it before it has done what it is about. */
export function whenAsked(end: (signal: (typeof signals)[number]) => void): void {
  for (const signal of signals) process.once(signal, () => end(signal))
}
