/** What is said to end gunicorn at its start ends it in real releases, and what passes in silence starts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from '@jest/globals'
import { installGunicorn, isolated, pathOnly } from '../../scripts/gunicorn-release.ts'
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import { lint } from '../../src/lint.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { configFilesAt } from '../../src/cli/config-files.ts'
import { realTest } from './real.ts'

const start =
  'import sys; sys.path.insert(0, sys.argv[1]); sys.path.insert(0, "."); sys.argv = ["gunicorn", *sys.argv[2:]]; from gunicorn.app.wsgiapp import run; run()'

const shop = `
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
application = app
def create_app(*args, **kwargs):
    return app
class server:
    app = app
`

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Case {
  readonly args: readonly string[]
  readonly config?: string
}

const socket = ['-b', 'unix:socket']

/** What ends every one of the releases. PORT stands for a port. */
const exits: Readonly<Record<string, Case>> = {
  'IPv4 and IPv6': { args: ['-b', '0.0.0.0:PORT', '-b', '[::]:PORT', 'shop'] },
  'IPv6 and IPv4': { args: ['-b', '[::]:PORT', '-b', '0.0.0.0:PORT', 'shop'] },
  'one address in two ways': { args: ['-b', ':PORT', '-b', '0.0.0.0:PORT', 'shop'] },
  'every address and one of them': { args: ['-b', ':PORT', '-b', '127.0.0.1:PORT', 'shop'] },
  'two addresses of a config file': { args: ['-c', 'gunicorn.conf.py', 'shop'], config: 'bind = ["0.0.0.0:PORT", "[::]:PORT"]\n' },
  'a star': { args: ['-b', '*:PORT', 'shop'] },
  'two in one': { args: ['-b', '0.0.0.0:PORT,[::]:PORT', 'shop'] },
  'no such port': { args: ['-b', ':99999', 'shop'] },
  'a variable as an address': { args: ['-b', '$BIND', 'shop'] },
  'a variable of Kubernetes': { args: ['-b', '$(HOST):PORT', 'shop'] },
  'a path': { args: [...socket, '/srv/shop:app'] },
  'a path from here': { args: [...socket, './shop:app'] },
  'a file': { args: [...socket, 'shop.py'] },
  'a file with a variable': { args: [...socket, 'shop.py:app'] },
  "another program's words": { args: [...socket, 'manage.py', 'runserver', '0.0.0.0:8000'] },
  'an empty word': { args: [...socket, '', 'shop:app'] },
  'a long dash': { args: [...socket, '—workers', '4', 'shop:app'] },
  'an option without dashes': { args: [...socket, 'error-logfile', '-', 'shop:app'] },
  'a variable': { args: [...socket, '$APP_MODULE'] },
  'no variable behind the colon': { args: [...socket, 'shop:'] },
  'a bracket that is not closed': { args: [...socket, 'shop:create_app('] },
  'options in the application': { args: ['shop:app -b unix:socket -w 2'] },
  'a blank behind the colon': { args: [...socket, 'shop: app'] },
  'a blank behind the module': { args: [...socket, 'shop :app'] },
  'a blank in front': { args: [...socket, ' shop:app'] },
  'two expressions': { args: [...socket, 'shop:app ; x'] },
  'an assignment': { args: [...socket, 'shop:x = 1'] },
  'a semicolon': { args: [...socket, 'shop:app;'] },
  'two colons': { args: [...socket, 'shop:app:app'] },
  'a variable that is left behind the colon': { args: [...socket, 'shop:$APP'] },
  'a variable that is left in front of it': { args: [...socket, '${SHOP}:app'] },
  'no port': { args: ['-b', ':', 'shop:app'] },
  'arguments that are no literals': { args: [...socket, 'shop:create_app(env=os.environ)'] },
  'a variable of a variable': { args: [...socket, 'shop:server.app'] },
  'a folder by a variable': { args: [...socket, '--chdir', '$APP_HOME', 'shop:app'] },
  'a config file by a variable': { args: [...socket, '-c', '${CONF}', 'shop:app'], config: '' },
  'a folder for heartbeats by a variable': { args: [...socket, '--worker-tmp-dir', '$TMP', 'shop:app'] },
  'a config of logging by a variable': { args: [...socket, '--log-config', '$(LOG)', 'shop:app'] },
  'a certificate by a variable': { args: [...socket, '--certfile', '$CERT', 'shop:app'] },
  'a key by a variable': { args: [...socket, '--keyfile', '$KEY', 'shop:app'] },
  'a user by a variable': { args: [...socket, '-u', '$USER', 'shop:app'] },
  'a group by a variable': { args: [...socket, '-g', '$GROUP', 'shop:app'] },
  'the folder of a file by a variable': { args: [...socket, '--pid', '$RUN/pid', 'shop:app'] },
  'the folder of a log by a variable': { args: [...socket, '--access-logfile', '$LOGS/access.log', 'shop:app'] },
  'one dash, a number': { args: [...socket, '-timeout', '60', 'shop:app'] },
  'one dash, a folder': { args: [...socket, 'shop:app', '-chdir', '/'] },
  'one dash, a class': { args: [...socket, 'shop:app', '-keep-alive', '5'] },
  'one dash, a letter that is none': { args: [...socket, 'shop:app', '-access-logfile', '-'] },
  'no thread': { args: [...socket, '-k', 'gthread', '--threads', '0', 'shop:app'] },
  ...Object.fromEntries(
    ['loglevel', 'logger_class', 'worker_class', 'chdir', 'reload_engine'].map((
      name,
    ) => [`None for ${name}`, { args: [...socket, '-c', 'gunicorn.conf.py', 'shop:app'], config: `${name} = None\n` }]),
  ),
  'an access log without a name': { args: [...socket, '--access-logfile=', 'shop:app'] },
  'an error log without a name': { args: [...socket, '--error-logfile', '', 'shop:app'] },
  'a log without a name in a config file': { args: [...socket, '-c', 'gunicorn.conf.py', 'shop:app'], config: 'accesslog = ""\n' },
  'a log without a name, beside statsd': { args: [...socket, '--access-logfile=', '--statsd-host', '127.0.0.1:8125', 'shop:app'] },
  'a syntax error in a config file': { args: [...socket, '-c', 'gunicorn.conf.py', 'shop:app'], config: 'accesslog: /var/log/x.log\n' },
  'a dot at the end': { args: [...socket, 'shop.'] },
  'two dots': { args: [...socket, 'shop..wsgi:app'] },
  'a colon before the class': { args: [...socket, '-k', 'uvicorn.workers:UvicornWorker', 'shop:app'] },
  'a module for a class': { args: [...socket, '-k', 'gunicorn.workers.sync', 'shop:app'] },
  'a class of the package alone': { args: [...socket, '-k', 'gunicorn.SyncWorker', 'shop:app'] },
  'a class with a dot at the end': { args: [...socket, '-k', 'sync.', 'shop:app'] },
  'a variable of the environment without a name': { args: [...socket, '--env', '=A', 'shop:app'] },
  'a facility that there is not': { args: [...socket, '--log-syslog', '--log-syslog-facility', 'nope', 'shop:app'] },
  'a folder for a PID file': { args: [...socket, '--pid', '/tmp', 'shop:app'] },
  'a PID file that ends with a slash': { args: [...socket, '--pid', '/tmp/', 'shop:app'] },
  'a home folder to work in': { args: [...socket, '--chdir', '~/app', 'shop:app'] },
  'a home folder for heartbeats': { args: [...socket, '--worker-tmp-dir', '~/tmp', 'shop:app'] },
  'a home folder for a PID file': { args: [...socket, '--pid', '~/pid', 'shop:app'] },
  'a config module without a name': { args: ['-c', 'python:', ...socket, 'shop:app'], config: '' },
  'a config file without a name': { args: ['-c', 'file:', ...socket, 'shop:app'], config: '' },
  ...Object.fromEntries(([
    ['half of the cores', 'import os\nworkers = os.cpu_count() / 2\n'],
    ['a quotient of whole numbers', 'workers = 4 / 2\n'],
    ['a float of a variable', 'import os\ntimeout = float(os.environ.get("PATH") and 30)\n'],
    ['a level of logging', 'import logging\nloglevel = logging.INFO\n'],
    ['a path', 'from pathlib import Path\nchdir = Path(__file__ if False else ".").resolve().parent\n'],
    ['a path in a path', 'from pathlib import Path\npidfile = Path("/tmp") / "pid"\n'],
    ['a dictionary of variables', 'raw_env = {"A": "1"}\n'],
    ['a return', 'workers = 2\nif workers:\n    return\n'],
    ['a text and a number', 'bind = "0.0.0.0:" + 8000\n'],
  ] as const).map(([name, config]) => [`${name} in a config file`, { args: [...socket, '-c', 'gunicorn.conf.py', 'shop:app'], config }])),
  'a float in a config file': { args: [...socket, '-c', 'gunicorn.conf.py', 'shop:app'], config: 'workers = 2 * 1.5\n' },
}

const starts: Readonly<Record<string, Case>> = {
  'the kernel lets both be bound': { args: ['--reuse-port', '-b', '0.0.0.0:PORT', '-b', '[::]:PORT', 'shop'] },
  'IPv4 and the loopback address of IPv6': { args: ['-b', '0.0.0.0:PORT', '-b', '[::1]:PORT', 'shop'] },
  'any port twice': { args: ['-b', ':0', '-b', '0.0.0.0:0', 'shop'] },
  'a call': { args: [...socket, 'shop:create_app("a b", [1, -2], debug=True, env=None)'] },
  'a note behind the variable': { args: [...socket, 'shop:app # the shop'] },
  'a blank behind the variable': { args: [...socket, 'shop:app '] },
  'operands that nobody reads': { args: [...socket, 'shop:app', 'workers=4'] },
  'no thread where none is used': { args: [...socket, '--threads', '0', 'shop:app'] },
  'a note in a config file': { args: [...socket, '-c', 'gunicorn.conf.py', 'shop:app'], config: 'workers: 4\ntimeout: 600\n' },
  'one dash, a PID file': { args: [...socket, '-preload', 'shop:app'] },
  ...Object.fromEntries(([
    ['twice the cores', 'import os\nworkers = (os.cpu_count() or 1) * 0 + 2\nthreads = int(4 / 2)\n'],
    ['whole quotients', 'import multiprocessing\nworkers = multiprocessing.cpu_count() // 999 + 1\n'],
    ['a path as text', 'from pathlib import Path\nchdir = str(Path(".").resolve())\n'],
    ['a return in a function', 'def on_starting(server):\n    return\n'],
    ['a dictionary of what is written so', 'raw_env = {"A=1": None}\n'],
    ['what fails where it is not reached', 'bind = "unix:socket" or "0.0.0.0:" + 8000\n'],
  ] as const).map(([name, config]) => [`${name} in a config file`, { args: [...socket, '-c', 'gunicorn.conf.py', 'shop:app'], config }])),
  'a facility where syslog is off': { args: [...socket, '--log-syslog-facility', 'nope', 'shop:app'] },
  'a facility in capitals': { args: [...socket, '--log-syslog-facility', 'LOCAL0', 'shop:app'] },
  'an option twice': { args: [...socket, '-w', '2', '-w', '1', 'shop:app'] },
}

/** Whether a release starts: its worker boots, or it ends with a status. */
async function isStarted(release: string, { args, config }: Case,
  port: number): Promise<{ readonly starts: boolean; readonly output: string }> {
  const { folder, python } = await installGunicorn(release)
  const work = mkdtempSync(join(tmpdir(), 'paddock-starts-'))
  writeFileSync(join(work, 'shop.py'), shop)
  if (config !== undefined) writeFileSync(join(work, 'gunicorn.conf.py'), config.replaceAll('PORT', String(port)))
  const hook = 'def post_worker_init(worker):\n    worker.log.error("BOOTED")\n'
  writeFileSync(join(work, 'hook.py'), hook)
  const settled = args.map((arg) => arg.replaceAll('PORT', String(port)))
  if (config === undefined) settled.unshift('-c', 'hook.py')
  else writeFileSync(join(work, 'gunicorn.conf.py'), config.replaceAll('PORT', String(port)) + hook)
  const child = spawn(python, [...isolated, '-W', 'ignore', '-c', start, folder, ...settled], { cwd: work,
    env: { ...pathOnly(), RES_OPTIONS: 'timeout:1 attempts:1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const booted = new Promise<boolean>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('BOOTED')) resolve(true)
      })
    child.once('close', () => resolve(false))
  })
  const ended = once(child, 'close')
  const result = await booted
  child.kill('SIGTERM')
  await ended
  rmSync(work, { recursive: true, force: true })
  return { starts: result, output }
}

/** Whether anything is denied, or would be mended, as the container would not start. */
function isDenied({ args, config }: Case, release: string): boolean {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod', annotations: { 'paddock.dev/gunicorn': release } },
    spec: { containers: [{ name: 'web', command: ['gunicorn', ...args.map((arg) => arg.replaceAll('PORT', '8000'))] }] } }
  const workload = readWorkload(object)
  if (!workload) throw new Error('the case is no workload')
  const files = config === undefined ? {} : { 'gunicorn.conf.py': config.replaceAll('PORT', '8000') }
  const { findings } = lint(workload, presetNamed('kubernetes'), annotatedPython(workload), { configFile: configFilesAt(files) })
  return findings.some(({ action, rule }) =>
    (action === 'Deny' && rule !== 'loopback-bind') || (action === 'Fix' && rule === 'joined-argument')
  )
}

describe.each(['20.1.0', '23.0.0', '27.0.1'])('gunicorn %s', (release) => {
  for (const [name, one] of Object.entries(exits))
    realTest(`ends: ${name}`, undefined, async () => {
      const { starts: hasStarted, output } = await isStarted(release, one, await freePort())
      expect([hasStarted, output]).toEqual([false, output])
      expect(isDenied(one, release)).toBe(true)
    })

  for (const [name, one] of Object.entries(starts))
    realTest(`starts: ${name}`, undefined, async () => {
      const { starts: hasStarted, output } = await isStarted(release, one, await freePort())
      expect([hasStarted, output]).toEqual([true, output])
      expect(isDenied(one, release)).toBe(false)
    })
})
