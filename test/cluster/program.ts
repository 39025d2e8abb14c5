import { execFile, spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const leash = join(import.meta.dirname, 'leash.ts')

export type Environment = Record<string, string | undefined>

/** A program that runs beside the tests, on a leash: it ends with them at the latest. */
export type Program = {
  /** All that it has written so far, to standard output and standard error. */
  output(): Promise<string>
  /** Its exit status, as soon as it has ended. */
  exited: Promise<number>
  /** Sends it a signal, as `SIGSTOP` and `SIGCONT`, which halt it and let it go on. */
  signal(name: NodeJS.Signals): void
  /** Tells it to end, and waits until it has. */
  stop(): Promise<void>
  /** The process id of the command that it runs inside, or of what holds its leash. */
  process: number
}

/**
 * Starts a program; what it writes goes to `logFile`. A command that cannot be run exits with status 127. Both it and
 * what holds its leash run `inside` another command, where one is given.
 */
export function startProgram(
  command: string,
  args: readonly string[],
  {
    logFile,
    folder,
    environment = process.env,
    inside = [],
  }: { logFile: string; folder?: string; environment?: Environment; inside?: readonly string[] },
): Program {
  const log = openSync(logFile, 'w')
  const [first, ...rest] = [...inside, process.execPath, leash, command, ...args] as [string, ...string[]]
  const child = spawn(first, rest, {
    stdio: ['pipe', log, log],
    env: environment,
    ...(folder === undefined ? {} : { cwd: folder }),
  })
  closeSync(log)
  // Whoever forgets to stop it can still exit, and thereby stops it.
  const stdin = child.stdin as Socket
  child.unref()
  stdin.unref()

  const exited = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (status) => resolve(status ?? 1))
  })
  return {
    output: () => readFile(logFile, 'utf8'),
    exited,
    signal: (name) => void stdin.write(`${name}\n`),
    async stop() {
      child.ref()
      stdin.destroy()
      await exited
    },
    process: child.pid ?? 0,
  }
}

/** The first child process of a process, which may only be about to start it. */
export async function childOf(parent: number): Promise<number> {
  for (let waited = 0; waited < 5000; waited += 20) {
    const found = await capture('pgrep', ['-P', String(parent)], { seconds: 5 }).catch(() => '')
    if (found !== '') return Number.parseInt(found, 10)
    await pause(20)
  }
  throw new Error(`process ${parent} has no child`)
}

/**
 * Waits until `ready` is true.
 * @throws where the program ends first, or has not come so far after `seconds`: the end of its output says why
 */
export async function untilReady(
  name: string,
  program: Program,
  ready: () => Promise<boolean>,
  seconds: number,
): Promise<void> {
  let status: number | undefined
  void program.exited.then((exit) => {
    status = exit
  })
  const deadline = Date.now() + seconds * 1000
  while (!(await ready())) {
    if (status !== undefined) throw new Error(`${name} ended with status ${status}:\n${lastLines(await program.output())}`)
    if (Date.now() > deadline) throw new Error(`${name} is not ready after ${seconds} s:\n${lastLines(await program.output())}`)
    await pause(100)
  }
}

/** The lines at the end of an output that tell what went wrong. */
export function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-5).join('\n')
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/**
 * Runs a command to its end and gives what it wrote to standard output, without the last line break.
 * @throws where it fails or takes longer than `seconds`: the message is the end of what it wrote to standard error
 */
export async function capture(
  command: string,
  args: string[],
  { seconds, folder, environment = process.env }: { seconds: number; folder?: string; environment?: Environment },
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      timeout: seconds * 1000,
      maxBuffer: 64 << 20,
      env: environment,
      ...(folder === undefined ? {} : { cwd: folder }),
    })
    return stdout.trimEnd()
  } catch (error) {
    const { killed, stderr = '', message } = error as Error & { killed?: boolean; stderr?: string }
    if (killed) throw new Error(`"${command} ${args[0]}" did not answer within ${seconds} s`, { cause: error })
    throw new Error(lastLines(stderr) || message, { cause: error })
  }
}

/** The full path of a command on PATH, or undefined. */
export async function onPath(command: string, environment: Environment): Promise<string | undefined> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, command)
    if (folder !== '' && (await isExecutable(path))) return path
  }
  return undefined
}

export function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
