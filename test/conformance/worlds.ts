/**
 * The worlds that a container may be started in, for what its object does not tell: whether the files that its command names
 * are there, whether the programs that it starts succeed, and what they print.
 *
 * A world is a folder that stands for `/`: paths that a command names are put below it, and taken out of what is recorded.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, normalize } from 'node:path'
import type { CommandLine } from './gunicorn.ts'
import { installed, readRuns, type Run } from './pods.ts'
import { single } from './shell-programs.ts'

export interface World {
  readonly name: string
  /** Whether the files that the command names are there. */
  readonly files: boolean
  /** The status of all programs but gunicorn and what starts it. */
  readonly status: 0 | 1
  /** What those programs print. */
  readonly prints: string
}

export const worlds: readonly World[] = [
  { name: 'all there', files: true, status: 0, prints: '' },
  { name: 'nothing there', files: false, status: 0, prints: '2' },
  { name: 'all there, failing', files: true, status: 1, prints: '' },
  { name: 'nothing there, failing', files: false, status: 1, prints: 'true' },
]

/** A command with the variables of its container. */
export interface Started {
  readonly command: readonly string[]
  readonly env: ReadonlyMap<string, string>
}

/** What came of a container in a world. */
export interface Happened {
  readonly runs: readonly Run[]
  /** False where it was ended, having gone on for too long. */
  readonly ended: boolean
  readonly stderr: string
}

/** How long a container may go on, in seconds: loops that wait for what never comes take all of it. */
const longest = 1.5

/** Programs of the machine. What could change it is made up. */
const real = ['env', 'nice', 'cat', 'dirname', 'basename', 'expr', 'seq', 'tr', 'wc', 'cut', 'printf', 'nohup', 'setsid', 'stdbuf', 'tee',
  'head', 'readlink', 'dash', 'bash']

/** Programs that do something, and are said to have done so or to have failed. */
const workers = (
  'python python3 python3.11 celery flask alembic nginx redis-server airflow service supervisord uvicorn hypercorn nc pg_isready urlwait wait-for-it openssl chown chmod cp ls ' +
  'id whoami hostname uname date curl find ps awk xargs pgrep grep htpasswd conda litestream envsubst mkdir tail pip pip3 lsof config_value rm ' +
  'ip makecache.py superset supervisorctl jq sed npm'
).split(' ')

/** Programs that start what stands behind them. */
const wrappers: Readonly<Record<string, string>> = {
  'opentelemetry-instrument': 'exec "$@"',
  'ddtrace-run': 'exec "$@"',
  'newrelic-admin': 'shift; exec "$@"',
  poetry: 'shift; exec "$@"',
  pipenv: 'shift; exec "$@"',
  uv: 'shift; while :; do case $1 in --group|--no-group) shift 2 ;; --*) shift ;; *) break ;; esac; done; exec "$@"',
  berglas: 'shift 2; exec "$@"',
  authbind: 'exec "$@"',
  gosu: 'shift; exec "$@"',
  'su-exec': 'shift; exec "$@"',
  sudo: 'while :; do case $1 in -u) shift 2 ;; -*) shift ;; *) break ;; esac; done; exec "$@"',
  su:
    'shell=sh; while [ $# -gt 0 ]; do case $1 in -c) script=$2; shift 2 ;; -s) shell=$2; shift 2 ;; *) shift ;; esac; done; exec "$shell" -c "$script"',
  tini: 'while :; do case $1 in --) shift; break ;; -*) shift ;; *) break ;; esac; done; exec "$@"',
  'dumb-init': 'while :; do case $1 in --) shift; break ;; -*) shift ;; *) break ;; esac; done; exec "$@"',
}

/** Paths that are the machine's own: devices, and what every image has. */
const left = /^\/(?:dev|proc)(?:\/|$)|^\/bin\/(?:ba|da)?sh$|^\/usr\/bin\/env$/

/** The absolute paths of a text, in which a path begins where no name, variable or other path goes on. */
const absolute = /(?<![\w.})~/*-])\/(?=[a-z_])[\w./*-]*|(?<=:-)\/[\w./*-]+/gi

/** The folders of a set of worlds. */
export class Worlds {
  readonly #folder: string
  #runs = 0

  /** `folder` is an empty one. Throws where a program is not installed. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts each command in a world, with `sh` being this shell. */
  async run(world: World, sh: 'dash' | 'bash', commands: readonly Started[]): Promise<Happened[]> {
    const folder = join(this.#folder, `run-${this.#runs++}`)
    mkdirSync(folder)
    this.#fill(join(folder, 'bin'), world, sh)
    const lines = commands.map((command, index) => this.#line(folder, join(folder, String(index)), world, command))
    const drivers = 3
    await Promise.all(Array.from({ length: drivers }, async (_, driver) => {
      const mine = lines.filter((_line, index) => index % drivers === driver)
      const file = join(folder, `driver-${driver}`)
      // What a container leaves in the background holds descriptor 3, and so is waited for.
      writeFileSync(file, `exec 3>&1\n${mine.join('')}`)
      const child = spawn(installed('dash'), [file], { stdio: ['ignore', 'pipe', 'inherit'] })
      child.stdout.resume()
      await once(child, 'close')
    }))
    return commands.map((_, index) => {
      const at = join(folder, String(index))
      const read = (
        name: string,
      ): string => (existsSync(join(at, name)) ? readFileSync(join(at, name), 'utf8').replaceAll(join(at, 'root'), '') : '')
      return { runs: readRuns(read('record')), ended: read('status') !== '124\n' && read('status') !== '137\n', stderr: read('stderr') }
    })
  }

  /** A folder for PATH. */
  #fill(bin: string, world: World, sh: 'dash' | 'bash'): void {
    mkdirSync(bin)
    for (const program of real) symlinkSync(installed(program), join(bin, program))
    symlinkSync(installed(sh), join(bin, 'sh'))
    const write = (name: string, body: string): void => writeFileSync(join(bin, name), `#!${installed('dash')}\n${body}\n`, { mode: 0o755 })
    const record = (name: string): string =>
      `to=$RECORD; printf '%s\\0' "$#" ${name} "$@" '' ${
        recorded.map((variable) => `\${${variable}+"${variable}=$${variable}"}`).join(' ')
      } '' >>"$to"`
    for (const name of ['gunicorn', 'gunicorn3']) write(name, record('gunicorn'))
    // A poll goes on at once, and a loop of them comes to its end in time.
    write('sleep', 'exit 0')
    write('nproc', 'echo 2')
    write('which', `for name; do :; done; path=$(command -v "$name") && echo "$path"`)
    for (const [name, body] of Object.entries(wrappers)) write(name, body)
    const works = `${world.prints === '' ? '' : `echo ${world.prints}; `}exit ${world.status}`
    const python =
      'last=; for word; do shift; case $last$word in -mgunicorn|-mgunicorn.app.wsgiapp) exec gunicorn "$@" ;; esac; last=$word; done'
    for (const name of workers) write(name, name.startsWith('python') ? `words=$*; ${python}; ${works}` : works)
    write('generic', works)
  }

  #line(folder: string, at: string, world: World, { command, env }: Started): string {
    const root = join(at, 'root')
    const work = join(root, 'work')
    mkdirSync(work, { recursive: true })
    const bin = join(folder, 'bin')
    const moved = (text: string): string => text.replace(absolute, (path) => (left.test(path) ? path : root + path))
    if (world.files) {
      for (const path of new Set([...command, ...env.values()].flatMap(pathsIn))) if (!left.test(path)) put(path, root, work, bin)
    }
    const assignments = [...env].map(([name, value]) => `${name}=${moved(value)}`)
    const all = [...assignments, `PATH=${bin}`, `RECORD=${join(at, 'record')}`]
    const started = [installed('timeout'), '-k', '0.2', String(longest), installed('env'), '-i', ...all, ...command.map(moved)].map(single)
      .join(' ')
    return `cd ${single(work)}; ${started} </dev/null >/dev/null 2>../../stderr; echo $? >../../status\n`
  }
}

const recorded = ['PORT', 'WEB_CONCURRENCY', 'FORWARDED_ALLOW_IPS', 'GUNICORN_CMD_ARGS']

/** The paths that a text names: absolute ones, and those of the folder that it is started in. */
function pathsIn(text: string): string[] {
  const relative = text.match(
    /(?<![\w./~}$-])(?:\.{0,2}\/)?(?:[\w-][\w.-]*\/)*[\w-]+\.(?:py|sh|conf|cfg|ini|pem|crt|cer|key|db|lock|yml)\b|(?<![\w./~}$-])(?:\.\/|bin\/|\.?venv\/|env\/|scripts\/)[\w./-]+|(?<!\S)\.env\b/g,
  ) ?? []
  return [...(text.match(absolute) ?? []), ...relative].filter((path) => !path.includes('*'))
}

/** Makes a file, a program or a folder of a path, by how it is called. */
function put(path: string, root: string, work: string, bin: string): void {
  const to = path.startsWith('/') ? join(root, normalize(path)) : join(work, normalize(path))
  if (!to.startsWith(root) || existsSync(to)) return
  const name = basename(to)
  const isProgram = basename(dirname(to)) === 'bin' && !['activate', 'bin'].includes(name) && extname(name) === ''
  try {
    mkdirSync(dirname(to), { recursive: true })
    if (isProgram && existsSync(join(bin, name))) symlinkSync(join(bin, name), to)
    else if (isProgram || path.startsWith('./') || (extname(name) === '.sh' && name !== 'prestart.sh'))
      symlinkSync(join(bin, 'generic'), to)
    else if (extname(name) !== '' || ['activate', '.env', '.bashrc', 'config'].includes(name)) writeFileSync(to, '')
    else mkdirSync(to)
  } catch {
    // Another path says that one of its folders is a file.
  }
}

/**
 * A start as gunicorn is asked about it: what depends on the machine that answers takes no part. Config files are one that is
 * there, and users and folders those that it has.
 */
export function commandLineOf({ argv: [name = 'gunicorn', ...words], variables }: Run, { files }: World): CommandLine {
  const { GUNICORN_CMD_ARGS: text, ...env } = variables
  const settings = text === undefined ? {}
    : { GUNICORN_CMD_ARGS: text.replace(machines, (_, option: string, between: string) => `${option}${between}${standIn(option)}`) }
  return {
    argv: [name, ...portable(words)],
    env: { ...env, ...settings },
    // What a folder may hold that the command does not name: gunicorn reads it from 20.1 on.
    files: { [config]: '', ...(files ? { 'gunicorn.conf.py': "wsgi_app = 'app:app'\n" } : {}) },
  }
}

const config = 'paddock_config.py'
const machines = /(?<=^|\s)(-c|--config|--chdir|-u|--user|-g|--group)(\s+|=)(\S+)/g
const standIn = (option: string): string => (/^-+c(?:o|$)/.test(option) ? config : option.startsWith('--ch') ? '.' : '0')

function portable(words: readonly string[]): string[] {
  const known: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const [, option, value] = /^(-c|--conf(?:ig?)?|--chdir|-u|--user|-g|--group)(?:=(.*))?$/s.exec(word) ?? []
    if (word === '--') return [...known, ...words.slice(at)]
    if (option === undefined) known.push(word)
    else if (value !== undefined) known.push(`${option}=${standIn(option)}`)
    else known.push(option, ...(++at < words.length ? [standIn(option)] : []))
  }
  return known
}
