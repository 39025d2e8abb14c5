/**
 * Real wrappers start a gunicorn that tells how it was started: with the words and the variables that Paddock says, by a process
 * that stays or one that has become gunicorn, and reached by a SIGTERM or not.
 */
import { describe, expect } from '@jest/globals'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { termination } from '../../src/gunicorn/termination.ts'
import { understand, explainInvocation } from '../../src/cli/explain.ts'
import { realTest } from './real.ts'
import { findProgram } from './shell-programs.ts'
import { installWrappers } from './wrapper-programs.ts'

const folders = await installWrappers().catch((error: Error) => error.message)
const missing = typeof folders === 'string' ? folders : undefined

/** Each line is a command; `GUNICORN` is the path of the gunicorn that tells. */
const lines = `
gunicorn a -w 2
env A=1 gunicorn a
env -i GUNICORN a
env - PORT=5 GUNICORN a -w 2
env -u PORT gunicorn a
env -uFORWARDED_ALLOW_IPS PORT=9 gunicorn a
env -C / -- gunicorn a
env FORWARDED_ALLOW_IPS=* env -u PORT gunicorn a
env '-SGUNICORN a -w 3'
env -iS 'PORT=5 GUNICORN a "-w" 2'
env -u PORT -S 'FORWARDED_ALLOW_IPS=\${PORT} env -S "GUNICORN a" # -w 9' -w 2
env -S '-u PORT nice' gunicorn a
env -S 'sh -c "exec GUNICORN a -w 2"'
nice -n 5 gunicorn a
nice -5 gunicorn a -w 2
nice -n5 -- gunicorn a
nice --adjustment=5 gunicorn a
nohup gunicorn a
stdbuf -oL -e 0 gunicorn a
chroot / GUNICORN a
timeout 60 gunicorn a -k 2
timeout -k 5 --signal=KILL 60 gunicorn a
timeout --kill-after=5 -- 60 gunicorn a
ionice -c2 -n 7 gunicorn a
taskset -c 0 gunicorn a
taskset 1 gunicorn a
setpriv --reuid 0 --clear-groups gunicorn a
setpriv --reset-env GUNICORN a
prlimit --nofile=1024 gunicorn a
prlimit -n1024 gunicorn a
flock -n lock gunicorn a
flock -F lock gunicorn a
script -q -c 'gunicorn a -w 2' /dev/null
script -qc 'gunicorn a' /dev/null
su root -c 'gunicorn a -w 2'
su -c 'exec gunicorn a' root
su - root -c 'exec GUNICORN a'
su -s /bin/dash root -c 'exec gunicorn a'
su -s /bin/dash root -c 'gunicorn a'
su -s /bin/bash root -c 'gunicorn a'
su root -s /bin/sh -c 'exec gunicorn $0 $1' X Y
runuser -u root -- gunicorn a -w 2
runuser root -c 'exec gunicorn a'
runuser - root -c 'exec GUNICORN a'
gosu root gunicorn a
gosu root:root gunicorn a -w 2
chpst -v gunicorn a
chpst -u root gunicorn a
setuidgid root gunicorn a
tini -- gunicorn a
tini -s -g -vv -- gunicorn a
tini -sp SIGTERM -- gunicorn a
dumb-init gunicorn a
dumb-init --rewrite 1:3 -- gunicorn a
dumb-init -cr 1:3 gunicorn a
wait-for-it -t 1 localhost:1 -- gunicorn a
poetry run gunicorn a -w 2
poetry run -- gunicorn a -w 2
poetry -C . run gunicorn a
pipenv run gunicorn a -w 2
pipenv run -- gunicorn a
pdm run gunicorn a -w 2
pdm run -p . -- gunicorn a
pdm run --env PORT=9 gunicorn a
hatch run gunicorn a -w 2 'x y'
hatch run prod:gunicorn a
hatch -e prod run gunicorn a
uv run --no-project gunicorn a -w 2
uv run --no-sync --no-project -- gunicorn a
uv --directory . run --no-project -p3 gunicorn a
uv run --no-project -m gunicorn a -w 2
uv run --no-project python -m gunicorn a
opentelemetry-instrument gunicorn a -w 2
opentelemetry-instrument --traces_exporter none --service_name=x gunicorn a
ddtrace-run gunicorn a -w 2
ddtrace-run -nc gunicorn a
newrelic-admin run-program gunicorn a -w 2
elasticapm-run gunicorn a
elasticapm-run --config service_name=foo gunicorn a -w 2
honcho run gunicorn a -w 2
honcho run -- gunicorn a
dotenv run gunicorn a -w 2
dotenv run -- gunicorn a
watchmedo auto-restart -- gunicorn a -w 2
watchmedo auto-restart -d . --pattern=*.py -- gunicorn a
hupper -m gunicorn.app.wsgiapp a
hupper -v -m gunicorn.app.wsgiapp a --threads 2
hupper -m gunicorn a
catatonit -- gunicorn a
python -m gunicorn a -w 2
python -u -W ignore -X dev -m gunicorn a
python -Bum gunicorn a
python -m gunicorn.app.wsgiapp a
python GUNICORN a
coverage run -m gunicorn a -w 2
coverage run --source=shop --data-file=/dev/null -m gunicorn a
coverage run -m --branch gunicorn a -w 2
coverage run GUNICORN a
python -m coverage run -p -m gunicorn a
python -X frozen_modules=off -m debugpy --listen 127.0.0.1:0 -m gunicorn a -w 2
debugpy --listen 0 GUNICORN a
memray run -qfo out.bin -m gunicorn a -w 2
memray run -f --output out.bin GUNICORN a
python -m cProfile -o out.prof -m gunicorn a -w 2
poetry run opentelemetry-instrument gunicorn a
tini -s -- nice -n 2 timeout 60 env -u PORT gunicorn a
dumb-init sh -c 'exec gunicorn a -w 2'
tini -s -- dash -c 'gunicorn a'
tini -s -- bash -c 'true && gunicorn a'
time -p gunicorn a
`.trim().split('\n')

/** What a gunicorn tells that was started. */
interface Told {
  readonly argv: readonly string[]
  readonly pid: number
  readonly variables: Readonly<Record<string, string>>
}

/** Options of gunicorn that some wrapper has too, for its own, which it must leave alone. */
const more = '-w 2 -e A=1 -p x -k sync -t 5 -u 0 -g 0 -n x -m 0 --name x'

const environment = { PORT: '7', FORWARDED_ALLOW_IPS: '10.0.0.1' }

const teller = (folder: string): string =>
  `import json, os, signal, sys
def tell(name, what):
    with open(os.path.join(${JSON.stringify(folder)}, name + '.part'), 'w') as file: file.write(what)
    os.rename(os.path.join(${JSON.stringify(folder)}, name + '.part'), os.path.join(${JSON.stringify(folder)}, name))
def end(*_):
    tell('ended', '')
    os._exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
signal.alarm(20)
variables = {name: os.environ[name] for name in ('PORT', 'FORWARDED_ALLOW_IPS') if name in os.environ}
tell('told', json.dumps({'argv': sys.argv[1:], 'pid': os.getpid(), 'variables': variables}))
while True: signal.pause()
`

const pyproject = `[project]
name = "shop"
version = "1"
requires-python = ">=3.8"
[tool.poetry]
package-mode = false
[tool.hatch.envs.default]
skip-install = true
[tool.hatch.envs.prod]
skip-install = true
[tool.pdm]
distribution = false
`

/** A folder to start a command in, with a gunicorn that tells. */
function makeFolder(root: string, name: string): string {
  const folder = join(root, name)
  for (const path of ['bin', 'py/gunicorn/app']) mkdirSync(join(folder, path), { recursive: true })
  writeFileSync(join(folder, 'bin', 'gunicorn'), `#!${findProgram('python3')}\n${teller(folder)}`)
  chmodSync(join(folder, 'bin', 'gunicorn'), 0o755)
  for (const path of ['__init__.py', 'app/__init__.py']) writeFileSync(join(folder, 'py/gunicorn', path), '')
  for (const path of ['__main__.py', 'app/wsgiapp.py']) writeFileSync(join(folder, 'py/gunicorn', path), teller(folder))
  return folder
}

async function until<T>(get: () => T | undefined, seconds: number, isOver = (): boolean => false): Promise<T | undefined> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(10)) {
    const over = isOver()
    const value = get()
    if (value !== undefined || over) return value
  }
  return undefined
}

describe('wrappers', () => {
  const root = mkdtempSync(join(tmpdir(), 'paddock-wrappers-'))
  const project = join(root, 'project')
  mkdirSync(join(project, 'home'), { recursive: true })
  writeFileSync(join(project, 'pyproject.toml'), pyproject)
  writeFileSync(join(project, 'Pipfile'), '[packages]\n')
  writeFileSync(join(project, '.env'), 'A=1\n')

  /** What of a command is not as it is said. */
  async function problemsOf(line: string, name: string): Promise<{ problems: string[]; started: boolean; passed: boolean }> {
    const folder = makeFolder(root, name)
    const argv =
      ((/^(su|runuser|script) .*-\w*c |^hupper /.test(line) || line.endsWith("'") ? line : `${line} ${more}`).match(/'[^']*'|\S+/g) ?? [])
        .map((word) => word.replaceAll("'", '').replaceAll('GUNICORN', join(folder, 'bin/gunicorn')))
    const path = [join(folder, 'bin'), ...(folders as string[]), process.env['PATH']].join(delimiter)
    const env = { ...environment, PATH: path, PYTHONPATH: join(folder, 'py'), HOME: join(project, 'home'), LANG: 'C.UTF-8' }
    const child = spawn(argv[0]!, argv.slice(1), { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => void (output += String(data)))
    const problems: string[] = []
    const read = (
      file: string,
    ): string | undefined => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : undefined)
    const text = await until(() => read('told'), 60, () => child.exitCode !== null)
    const [found] = understand({ argv, env, gunicorn: undefined }).invocations
    if (text === undefined || !found) {
      child.kill('SIGKILL')
      return { problems: [text === undefined ? `no gunicorn was started: ${output.slice(-300)}` : 'not found'], started: false,
        passed: false }
    }
    const told = JSON.parse(text) as Told
    const { settings, argv: said, unknown } = explainInvocation(found, null)
    if (JSON.stringify(said.slice(1)) !== JSON.stringify(told.argv))
      problems.push(`${JSON.stringify(told.argv)}, and not ${JSON.stringify(said)}`)
    const { forwarded_allow_ips: proxies, bind } = settings
    const { PORT, FORWARDED_ALLOW_IPS } = told.variables
    const isSaid = (setting: string): boolean => !unknown.includes(setting)
    if (isSaid('forwarded_allow_ips') && String(proxies?.value) !== String(FORWARDED_ALLOW_IPS))
      problems.push(`FORWARDED_ALLOW_IPS is ${FORWARDED_ALLOW_IPS}, and not ${JSON.stringify(proxies)}`)
    if (isSaid('bind') && JSON.stringify(bind?.value) !== (PORT === undefined ? undefined : JSON.stringify([`0.0.0.0:${PORT}`])))
      problems.push(`PORT is ${PORT}, and not ${JSON.stringify(bind)}`)
    const { outcome, first } = termination(found.parents, false)
    if (first !== null && (first === undefined) !== (told.pid === child.pid))
      problems.push(told.pid === child.pid ? 'nothing stays' : 'something stays')
    child.kill('SIGTERM')
    const ended = (await until(() => read('ended'), outcome === 'graceful' ? 20 : 1)) !== undefined
    if (outcome !== 'unknown' && (outcome === 'graceful') !== ended)
      problems.push(ended ? 'SIGTERM gets to gunicorn' : 'SIGTERM does not get to gunicorn')
    child.kill('SIGKILL')
    try {
      process.kill(told.pid, 'SIGKILL')
    } catch {
      // It has ended, as it must.
    }
    return { problems, started: true, passed: ended }
  }

  realTest('start what is said, and pass on what is said', missing, async () => {
    const wrong: string[] = []
    const results: { started: boolean; passed: boolean }[] = []
    // The lines of one program one after the other: it may write to the project's folder.
    const groups = [...Map.groupBy(lines, (line) => line.split(' ')[0])]
    const lane = async (): Promise<void> => {
      for (let group = groups.shift(); group !== undefined; group = groups.shift())
        for (const [index, line] of group[1].entries()) {
          const result = await problemsOf(line, `${group[0]}-${index}`)
          results.push(result)
          wrong.push(...result.problems.map((problem) => `${line}: ${problem}`))
        }
    }
    await Promise.all([lane(), lane(), lane(), lane()])
    rmSync(root, { recursive: true, force: true })
    const count = (what: 'started' | 'passed'): number => results.filter((result) => result[what]).length
    console.log(
      `wrappers: ${lines.length} commands; ${count('started')} of them started gunicorn, to ${count('passed')} of which a SIGTERM gets`,
    )
    expect(wrong.join('\n')).toBe('')
  })
})
