/** Real gunicorns that are brought into a state, and what they log on the way: one file for both outputs, as a container has it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePorts } from '../cluster/control-plane.ts'
import { installDistributions, installGunicorn, isolated, pathOnly } from '../../scripts/gunicorn-release.ts'

export interface Started {
  readonly port: number
  /** Process id of the arbiter. */
  readonly pid: number
  /** What it has logged so far. */
  log(): string
  /** Resolves once the log has a text, so many times, or the process has ended. */
  until(text: string, times?: number): Promise<void>
  /** One request, and its status; 0 where there was no answer. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<number>
  signal(name: NodeJS.Signals): void
}

export interface LogRun {
  readonly release: string
  /** PORT stands for a port. */
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, string>>
  /** Distributions that are there beside gunicorn. */
  readonly distributions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What happens before it is stopped; it has booted a worker by then, unless `boots` is false. */
  readonly drive?: (gunicorn: Started) => Promise<void>
  readonly boots?: boolean
  /** How it is stopped; null where it is left to end by itself. */
  readonly stop?: NodeJS.Signals | null
}

const start =
  'import sys; sys.path[0:0] = sys.argv[1].split(":"); sys.argv = ["gunicorn", *sys.argv[2:]]; from gunicorn.app.wsgiapp import run; run()'

/** What a run logs, and its exit status; null where a signal ended it. */
export async function logOf(
  { release, args, files, distributions = [], env = {}, drive, boots = true, stop = 'SIGTERM' }: LogRun,
): Promise<{ readonly log: string; readonly status: number | null }> {
  const { folder, python } = await installGunicorn(release)
  const others = await Promise.all(distributions.map((names) => installDistributions(python, names.split(','))))
  const work = mkdtempSync(join(tmpdir(), 'paddock-log-'))
  const path = join(work, 'output.log')
  const [port = 0] = await freePorts(1)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(work, name), text)
  const output = openSync(path, 'a')
  const settled = args.map((arg) => arg.replaceAll('PORT', String(port)))
  const child = spawn(python, [...isolated, '-W', 'ignore', '-c', start, [folder, ...others].join(':'), ...settled], { cwd: work,
    env: { ...pathOnly(), PYTHONUNBUFFERED: '1', ...env }, stdio: ['ignore', output, output] })
  closeSync(output)
  const process = { hasEnded: false }
  const ended = once(child, 'close').then(([code]) => {
    process.hasEnded = true
    return code as number | null
  })
  const started: Started = {
    port,
    pid: child.pid ?? 0,
    log: () => readFileSync(path, 'latin1'),
    async until(text, times = 1) {
      while (!process.hasEnded && started.log().split(text).length <= times) await wait(20)
    },
    get: async (target, headers = {}) =>
      fetch(`http://127.0.0.1:${port}${target}`, { headers: { connection: 'close', ...headers } }).then(
        async (answer) => (await answer.text(), answer.status),
        () => 0,
      ),
    signal: (name) => void child.kill(name),
  }
  try {
    if (boots) await started.until('Booting worker with pid')
    await drive?.(started)
    if (stop !== null && !process.hasEnded) child.kill(stop)
    const status = await ended
    return { log: readFileSync(path, 'utf8').replaceAll(work, '/srv/app'), status }
  } finally {
    if (!process.hasEnded) child.kill('SIGKILL')
    rmSync(work, { recursive: true, force: true })
  }
}
