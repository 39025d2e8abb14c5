/**
 * Runs containers' commands as the kubelet would, with programs on PATH that record how they were started.
 * The kubelet's part is written from k8s.io/kubernetes/pkg/kubelet (makeEnvironments) and its `expansion` package.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Container } from './containers.ts'
import { findProgram, single } from './shell-programs.ts'

/** How a program was started. */
export interface Run {
  readonly argv: readonly string[]
  /** All that it gets, as its shell exports it. */
  readonly environment: string
  /** What gunicorn would read of it. */
  readonly variables: Readonly<Record<string, string>>
}

/** What came of a container. */
export interface Outcome {
  /** The programs, in the order in which they were started; none where there was no end to it. */
  readonly runs: readonly Run[]
  readonly status: string
  readonly stdout: string
  readonly stderr: string
  /** The files that its working folder holds, with what stands in them. */
  readonly files: Readonly<Record<string, string>>
}

/** What `sh` may be. */
export const shells = ['dash', 'bash', 'busybox'] as const

export interface Pod {
  readonly container: Container
  readonly hidden: ReadonlyMap<string, string>
  readonly sh: (typeof shells)[number]
  /** What the image starts where there is no command. */
  readonly entryPoint?: readonly string[]
}

/** `$(NAME)` and `$$`; a name that is not defined stays as it is written. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\)|[^$])/gs, (found, name: string | undefined) => {
    if (found === '$$') return '$'
    return name === undefined ? found : (variables.get(name) ?? found)
  })
}

/** The variables that a container starts with. */
export function environmentOf({ container, hidden }: Pod): Map<string, string> {
  const own = new Set(container.env?.map(({ name }) => name))
  // Of what the object does not tell, `envFrom` holds what no entry of `env` asks for.
  const variables = new Map([...hidden].filter(([name]) => container.envFrom !== undefined && !own.has(name)))
  for (const { name, value = '', valueFrom } of container.env ?? [])
    variables.set(name, valueFrom ? (hidden.get(name) ?? '') : expand(value, variables))
  return variables
}

/** How long a container may run, in seconds. An error in a loop keeps some scripts in it for ever. */
const longest = 10
/** What `timeout` then ends with. */
const tookTooLong = '124\n'

/** Programs that are looked for on the machine; the others are made up. */
const realPrograms = ['env', 'nice', 'timeout', 'cat', 'printf', 'mkdir', 'sleep', 'nohup', 'setsid', 'stdbuf']
/** The variables that gunicorn reads. */
export const recorded = ['PORT', 'WEB_CONCURRENCY', 'FORWARDED_ALLOW_IPS', 'GUNICORN_CMD_ARGS']

/** What each made-up program does. A recording is one write, so that programs that run at once do not mix theirs. */
function madeUp(): Record<string, string> {
  const variables = recorded.map((name) => `\${${name}+"${name}=$${name}"}`).join(' ')
  const record = (name: string): string =>
    `to=$RECORD; unset RECORD; printf '%s\\0' "$#" ${name} "$@" "$(export -p)" ${variables} '' >>"$to"\n`
  const skipOptions = 'while :; do case $1 in --) shift; break ;; -*) shift ;; *) break ;; esac; done\n'
  const python = 'for word; do [ "$word" != gunicorn ] || break; done\n' +
    'if [ "$word" = gunicorn ]; then while [ "$1" != gunicorn ]; do shift; done; exec "$@"; fi\n'
  const talking = (name: string): string => `${record(name)}echo o p\necho told by ${name} >&2\n`
  return {
    gunicorn: talking('gunicorn'),
    migrate: talking('migrate'),
    celery: talking('celery'),
    flask: talking('flask'),
    nginx: talking('nginx'),
    quiet: record('quiet'),
    broken: `${talking('broken')}exit 1\n`,
    collect: `cat >/dev/null\n${talking('collect')}`,
    nproc: `${record('nproc')}echo 2\n`,
    python: python + talking('python'),
    python3: python + talking('python3'),
    'opentelemetry-instrument': 'exec "$@"\n',
    'ddtrace-run': 'exec "$@"\n',
    poetry: 'shift; exec "$@"\n',
    tini: `${skipOptions}exec "$@"\n`,
    // Its configuration lets none of what gunicorn reads through.
    sudo: `unset ${recorded.join(' ')}; ${skipOptions}exec "$@"\n`,
    'dumb-init': `${skipOptions}exec "$@"\n`,
  }
}

/** How many containers run at once. */
const drivers = 2

/** A folder with the programs, and one for each run. */
export class Node {
  readonly #folder: string
  readonly #dash: string
  #runs = 0

  /** `folder` is an empty one. Throws where a program is not installed. */
  constructor(folder: string) {
    this.#folder = folder
    this.#dash = installed('dash')
    for (const sh of shells) {
      const bin = this.#bin(sh)
      mkdirSync(bin)
      for (const program of [...realPrograms, ...shells]) symlinkSync(installed(program), join(bin, program))
      symlinkSync(installed(sh), join(bin, 'sh'))
      for (const [name, body] of Object.entries(madeUp()))
        writeFileSync(join(bin, name), `#!${this.#dash}\n${body}`, { mode: 0o755 })
    }
  }

  #bin(sh: string): string {
    return join(this.#folder, `bin-${sh}`)
  }

  /** Starts each pod's container. */
  async run(pods: readonly Pod[]): Promise<Outcome[]> {
    const folder = join(this.#folder, `run-${this.#runs++}`)
    mkdirSync(folder)
    const commands = pods.map((pod, index) => this.#command(pod, join(folder, String(index))))
    await Promise.all(Array.from({ length: drivers }, async (_, driver) => {
      const mine = commands.filter((_command, index) => index % drivers === driver)
      await this.#drive(join(folder, `driver-${driver}`), mine)
    }))
    return pods.map((_, index) => readOutcome(join(folder, String(index))))
  }

  /** Runs commands one after the other. */
  async #drive(file: string, commands: readonly string[]): Promise<void> {
    // What a container leaves in the background holds descriptor 3, and so is waited for.
    writeFileSync(file, `exec 3>&1\n${commands.join('')}`)
    const child = spawn(this.#dash, [file], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 400_000 })
    child.stdout.resume()
    const [status] = await once(child, 'close') as [number | null]
    if (status === null) throw new Error('the containers took too long')
  }

  #command(pod: Pod, folder: string): string {
    const work = join(folder, 'work')
    mkdirSync(join(work, 'sub'), { recursive: true })
    for (const file of ['a.x', 'b.x', 'ab', 'W', 'c d']) writeFileSync(join(work, file), '')
    writeFileSync(join(work, 'env.sh'), 'WORKERS=7\nexport WEB_CONCURRENCY=7\n')
    symlinkSync(this.#bin(pod.sh), join(work, 'bin'))
    const variables = environmentOf(pod)
    const { command = [], args = [] } = pod.container
    const argv = [...(command.length > 0 ? command : pod.entryPoint ?? []), ...args].map((text) => expand(text, variables))
    const more = [['PATH', this.#bin(pod.sh)], ['RECORD', join(folder, 'record')]]
    const assignments = [...variables, ...more].map(([name, value]) => `${name}=${value}`)
    const started = [installed('timeout'), String(longest), installed('env'), '-i', ...assignments, ...argv].map(single).join(' ')
    return `cd ${single(work)}; ${started} </dev/null >../stdout 2>../stderr; echo $? >../status\n`
  }
}

export function installed(program: string): string {
  const path = findProgram(program)
  if (path === undefined) throw new Error(`${program} is not installed`)
  return path
}

/** The programs that a node needs and that are not there; undefined where all are. */
export function missingPrograms(): string | undefined {
  const missing = [...realPrograms, ...shells].filter((program) => findProgram(program) === undefined)
  return missing.length > 0 ? `${missing.join(', ')} must be installed` : undefined
}

function readOutcome(folder: string): Outcome {
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8').replaceAll(folder, '') : '')
  const entries = readdirSync(join(folder, 'work'), { recursive: true, withFileTypes: true, encoding: 'utf8' })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const status = read(join(folder, 'status'))
  return {
    runs: status === tookTooLong ? [] : readRuns(read(join(folder, 'record'))),
    status,
    stdout: read(join(folder, 'stdout')),
    stderr: read(join(folder, 'stderr')),
    files: Object.fromEntries(files.map((path) => [path.slice(folder.length), read(path)])),
  }
}

/** The starts of programs that stand in a recording. */
export function readRuns(text: string): Run[] {
  const fields = text.split('\0')
  const runs: Run[] = []
  for (let at = 0; at < fields.length - 1;) {
    const next = at + 2 + Number(fields[at])
    const end = fields.indexOf('', next + 1)
    const variables = fields.slice(next + 1, end).map((field) => /^([^=]*)=(.*)$/s.exec(field)?.slice(1) ?? [])
    runs.push({ argv: fields.slice(at + 1, next), environment: fields[next] ?? '', variables: Object.fromEntries(variables) })
    at = end + 1
  }
  return runs
}
