/**
 * Law 6: what starts in one of the worlds that an object allows is not denied. Scripts are run by real shells in worlds that differ in what
 * the image sets, in the files that are there, and in the programs that fail; what gunicorn makes of each command line is asked of real
 * releases. Where one of them serves, in one of the worlds, Paddock must not deny the object.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import { lint } from '../../src/lint.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { amount } from '../amount.ts'
import { isGunicorn } from './changes.ts'
import { containers } from './containers.ts'
import { doubtful, type Doubtful, type World } from './doubtful-scripts.ts'
import { Oracle, type Answer, type CommandLine } from './gunicorn.ts'
import { missingPrograms, Node, type Run } from './pods.ts'
import { realTest, seed } from './real.ts'
import { readRuns } from './run-settings.ts'
import { findProgram, missing as missingShell, single } from './shell-programs.ts'

const count = Number(process.env['PADDOCK_DENIALS'] ?? amount(250))
/** Where the release is not told, it may be any of these. */
const releases = ['19.10.0', '20.0.4', '20.1.0', '23.0.0', '25.1.0', '27.0.1']
/** How often what was not known of gunicorn is asked, and the scripts are run once more. */
const mostPasses = 6

const missing = missingShell('dash') ?? missingShell('bash') ?? missingShell('busybox') ??
  await Promise.all(releases.map((release) => installGunicorn(release))).then(() => undefined, (error: Error) => error.message)
const folder = mkdtempSync(join(tmpdir(), 'paddock-denials-'))

/** What gunicorn comes to: `serves` where the Pod's address reaches it, `inside` where only the Pod itself does, `ends` where it was to check its configuration. */
type Verdict = 'serves' | 'inside' | 'ends' | 'fails'

interface Asked extends CommandLine {
  readonly release: string
}

/** A gunicorn that tells how it was started, and ends as it was found out that it would. */
const gunicorn = `
conf=; [ ! -f gunicorn.conf.py ] || conf=1
key=$({ printf '%s\\0' "$@"; printf '%s|' "\${GUNICORN_CMD_ARGS-}" "\${PORT-}" "\${WEB_CONCURRENCY-}" "$conf" "\${GUNICORN_CMD_ARGS+1}\${PORT+2}\${WEB_CONCURRENCY+3}"; } | cksum)
key=\${key%% *}-\${key#* }-$RELEASE
printf '%s\\0' gunicorn "$key" "$#" "$@" "\${GUNICORN_CMD_ARGS+=}\${GUNICORN_CMD_ARGS-}" "\${PORT+=}\${PORT-}" "\${WEB_CONCURRENCY+=}\${WEB_CONCURRENCY-}" "$conf" >>"$RECORD"
if [ -f "$TABLE/$key" ]; then read -r status <"$TABLE/$key"; exit "$status"; fi
exit 97
`
const program = (name: string): string => `case " $FAILING " in *" ${name} "*) exit 1 ;; esac\n`
const programs: Readonly<Record<string, string>> = {
  gunicorn,
  check: program('check'),
  migrate: program('migrate'),
  python: program('python'),
  celery: program('celery'),
  nginx: 'printf \'%s\\0\' nginx >>"$RECORD"\n',
  service: 'printf \'%s\\0\' nginx >>"$RECORD"\n',
}

const real = ['cat', 'mkdir', 'sleep', 'nice', 'env', 'nohup', 'timeout', 'grep', 'cksum', 'printf', 'dash', 'bash', 'busybox']

const table = join(folder, 'table')

function prepare(): void {
  mkdirSync(table)
  for (const shell of ['dash', 'bash', 'busybox']) {
    const bin = join(folder, shell)
    mkdirSync(bin)
    for (const name of real) symlinkSync(findProgram(name) ?? name, join(bin, name))
    symlinkSync(findProgram(shell) ?? shell, join(bin, 'sh'))
    for (const [name, body] of Object.entries(programs))
      writeFileSync(join(bin, name), `#!${findProgram('dash') ?? '/bin/sh'}\n${body}`, { mode: 0o755 })
  }
}

interface Place {
  readonly script: Doubtful
  readonly world: World
  readonly home: string
}

function command({ script, world, home }: Place): string {
  const work = join(home, 'work')
  rmSync(home, { recursive: true, force: true })
  mkdirSync(join(work, 'sub'), { recursive: true })
  for (const file of world.files)
    writeFileSync(join(work, file), file === 'gunicorn.conf.py' ? "wsgi_app = 'shop:app'\n" : file === 'flag' ? '4\n' : '')
  const bin = join(folder, world.shell)
  const variables = { ...world.image, ...script.env, PATH: bin, TABLE: table, RECORD: join(home, 'record'),
    FAILING: world.failing.join(' '), RELEASE: script.release ?? 'any' }
  const words = [findProgram('timeout') ?? 'timeout', '10', findProgram('env') ?? 'env', '-i',
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), join(bin, 'sh'), '-c', script.text, ...script.parameters]
  return `cd ${single(work)} && ${words.map(single).join(' ')} </dev/null >/dev/null 2>&1\n`
}

async function runAll(places: readonly Place[]): Promise<void> {
  await Promise.all([0, 1].map(async (driver) => {
    const file = join(folder, `driver-${driver}`)
    // What is left in the background holds descriptor 3, and so is waited for.
    writeFileSync(file, `exec 3>&1\n${places.filter((_, index) => index % 2 === driver).map(command).join('')}`)
    const child = spawn(findProgram('dash') ?? 'dash', [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.resume()
    await once(child, 'close')
  }))
}

interface Record_ {
  /** By key. */
  readonly gunicorns: ReadonlyMap<string, Omit<Asked, 'release'>>
  readonly hasProxy: boolean
}

function recordOf(home: string): Record_ {
  const file = join(home, 'record')
  const fields = existsSync(file) ? readFileSync(file, 'utf8').split('\0') : []
  const gunicorns = new Map<string, Omit<Asked, 'release'>>()
  let hasProxy = false
  for (let at = 0; at < fields.length - 1;) {
    if (fields[at] !== 'gunicorn') {
      hasProxy ||= fields[at] === 'nginx'
      at++
      continue
    }
    const [key = '', words = '0'] = fields.slice(at + 1, at + 3)
    const end = at + 3 + Number(words)
    const [args = '', port = '', workers = '', conf = ''] = fields.slice(end, end + 4)
    const env = Object.fromEntries(
      Object.entries({ GUNICORN_CMD_ARGS: args, PORT: port, WEB_CONCURRENCY: workers }).flatMap((
        [name, text],
      ) => (text.startsWith('=') ? [[name, text.slice(1)]] : [])),
    )
    gunicorns.set(key, { argv: ['gunicorn', ...fields.slice(at + 3, end)], env,
      files: conf === '' ? {} : { 'gunicorn.conf.py': "wsgi_app = 'shop:app'\n" } })
    at = end + 4
  }
  return { gunicorns, hasProxy }
}

function verdictOf(
  { exit, bind_error: bindError, env_error: envError, worker_error: workerError, application, settings }: Answer,
): Verdict {
  if (exit !== null || bindError !== null || envError !== null || workerError) return 'fails'
  if (settings?.['workers'] === 0) return 'fails'
  // Nor does it import an application: no module has a blank in its name, as those real starts show, too.
  if (/^[^:]*\s/.test(application ?? '')) return 'fails'
  if (settings?.['check_config'] === true || settings?.['print_config'] === true) return 'ends'
  // What is its default in an empty environment is left out.
  const bind = settings?.['bind'] ?? ['127.0.0.1:8000']
  // A check of the configuration binds nothing: test/conformance/start-failures.test.ts has real starts of such.
  if (settings?.['reuse_port'] !== true && collide(bind as readonly string[])) return 'fails'
  return (bind as readonly string[]).every((address) => /^(tcp:\/\/)?(127\.|localhost|\[::1\])/.test(address)) ? 'inside' : 'serves'
}

/** Whether the kernel refuses one of several addresses for another one: their port is the same, and so is the host, or one of them is every host. */
function collide(addresses: readonly string[]): boolean {
  const parsed = addresses.filter((address) => !/^(unix:|fd:\/\/)/.test(address)).map((address) => {
    const [, host = '', port = '8000'] = /^(?:tcp:\/\/)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(address) ?? []
    return { host: host === 'localhost' ? '127.0.0.1' : host, port }
  })
  const isAny = (host: string): boolean => ['', '0.0.0.0', '[::]'].includes(host)
  return parsed.some(({ host, port }, index) =>
    parsed.slice(0, index).some((earlier) => earlier.port === port && (earlier.host === host || isAny(host) || isAny(earlier.host)))
  )
}

/** Of several releases, the best that it comes to. */
const best = (verdicts: readonly Verdict[]): Verdict =>
  (['serves', 'inside', 'ends', 'fails'] as const).find((one) => verdicts.includes(one)) ?? 'fails'

/** What was found out of each way to start gunicorn, by its key. */
const known = new Map<string, Verdict>()

/** Asks real gunicorns for what is not known yet; false where there is nothing to ask. */
async function askAll(places: readonly Place[]): Promise<boolean> {
  const open = new Map<string, { readonly line: Omit<Asked, 'release'>; readonly releases: readonly string[] }>()
  for (const { home, script } of places)
    for (const [key, line] of recordOf(home).gunicorns)
      if (!known.has(key)) open.set(key, { line, releases: script.release === undefined ? releases : [script.release] })
  if (open.size === 0) return false
  const verdicts = new Map<string, Verdict[]>([...open.keys()].map((key) => [key, []]))
  for (const release of releases) {
    const mine = [...open].filter(([, one]) => one.releases.includes(release))
    if (mine.length === 0) continue
    const oracle = await Oracle.start(release)
    const answers = await oracle.ask(mine.map(([, { line }]) => line)).finally(() => oracle.close())
    for (const [index, [key]] of mine.entries()) verdicts.get(key)?.push(verdictOf(answers[index] as Answer))
  }
  for (const [key, some] of verdicts) {
    known.set(key, best(some))
    writeFileSync(join(table, key), best(some) === 'fails' ? '1\n' : '0\n')
  }
  return true
}

function object({ text, parameters, env, release, sidecar, port }: Doubtful): object {
  const escaped = (words: string): string => words.replaceAll('$(', '$$(')
  const web = {
    name: 'web',
    image: 'shop',
    command: ['sh', '-c', escaped(text), ...parameters],
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    ...(port === undefined ? {} : { ports: [{ containerPort: port }] }),
  }
  const metadata = { name: 'shop', ...(release === undefined ? {} : { annotations: { 'paddock.dev/gunicorn': release } }) }
  return { apiVersion: 'v1', kind: 'Pod', metadata,
    spec: { containers: [web, ...(sidecar === undefined ? [] : [{ name: 'side', image: sidecar }])] } }
}

function denialsOf(written: object, preset: string): readonly string[] {
  const workload = readWorkload(written)
  if (!workload) throw new Error('a Pod was not read')
  return lint(workload, presetNamed(preset), annotatedPython(workload)).findings.filter(({ action }) => action === 'Deny').map((
    { message },
  ) => message)
}

describe(`denials, seed ${seed}`, () => {
  beforeAll(() => {
    if (missing === undefined) prepare()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  realTest('what starts in one of the worlds that an object allows is not denied', missing, async () => {
    const scripts = Array.from({ length: count }, (_, index) => doubtful(seed * 1_000_000 + index))
    const places = scripts.map((script, index) =>
      script.worlds.map((world, at): Place => ({ script, world, home: join(folder, 'runs', `${index}-${at}`) }))
    )
    let open = places.flat()
    for (let pass = 0; pass < mostPasses && open.length > 0; pass++) {
      await runAll(open)
      const before = new Set(known.keys())
      if (!(await askAll(open))) break
      open = open.filter(({ home }) => [...recordOf(home).gunicorns.keys()].some((key) => !before.has(key)))
    }
    const wrong: string[] = []
    const tally = { denied: 0, starting: 0, hopeless: 0, hopelessDenied: 0 }
    for (const [index, script] of scripts.entries()) {
      const starting = places[index]?.find(({ home }) => {
        const { gunicorns, hasProxy } = recordOf(home)
        const isReached = hasProxy || (script.sidecar !== undefined && script.port === undefined)
        return [...gunicorns.keys()].some((key) => known.get(key) === 'serves' || (known.get(key) === 'inside' && isReached))
      })
      const denied = denialsOf(object(script), index % 2 === 0 ? 'kubernetes' : 'blueking')
      if (denied.length > 0) tally.denied++
      if (starting) tally.starting++
      // Where nothing tells the address, it is put in rather than denied.
      if (places[index]?.every(({ home }) => [...recordOf(home).gunicorns.keys()].every((key) => known.get(key) === 'fails'))) {
        tally.hopeless++
        if (denied.length > 0) tally.hopelessDenied++
      }
      if (denied.length > 0 && starting)
        wrong.push(
          [script.text, JSON.stringify([script.parameters, script.env, script.release, script.sidecar, script.port]),
            JSON.stringify(starting.world), ...denied.map((one) => `  ${one}`)].join('\n'),
        )
    }
    console.log(
      `denials, seed ${seed}: ${scripts.length} scripts in ${places.flat().length} worlds, ${known.size} ways to start gunicorn; ${tally.starting} serve in one, ${tally.hopeless} fail in all, ${tally.hopelessDenied} of them denied; ${tally.denied} denied, ${wrong.length} of them wrongly`,
    )
    expect(wrong.slice(0, 15).join('\n---\n') + (wrong.length > 15 ? `\n… ${wrong.length} in all` : '')).toBe('')
    // What denies nothing would agree with anything.
    expect(tally.hopelessDenied).toBeGreaterThan(tally.hopeless / 10)
  })

  realTest('of containers as people write them, none is denied that a real gunicorn serves in', missing ?? missingPrograms(), async () => {
    const all = containers(seed, amount(2500), '/dev/null', true)
    const denied = all.flatMap((generated) => {
      const found = denialsOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' },
        spec: { containers: [{ image: 'shop', ...generated.container }] } }, 'kubernetes')
        // Nothing is loaded and bound here: real starts of these are in test/conformance/start-failures.test.ts.
        .filter((line) => !/\[(invalid-application|unbindable-address)\]$/.test(line))
      return found.length > 0 ? [{ generated, found }] : []
    })
    const home = join(folder, 'node')
    mkdirSync(home)
    const outcomes = await new Node(home).run(denied.map(({ generated }) => generated))
    const served = new Set<Run>()
    for (const release of releases) {
      const answers = await readRuns(outcomes.flatMap(({ runs }) => runs.filter(isGunicorn)), release)
      for (const [run, answer] of answers) if (verdictOf(answer) === 'serves') served.add(run)
    }
    const wrong = denied.flatMap(({ generated, found }, index) => {
      const run = outcomes[index]?.runs.find((one) => served.has(one))
      return run
        ? [
          [JSON.stringify(generated.container), JSON.stringify([...generated.hidden]), JSON.stringify(run.argv),
            ...found.map((one) => `  ${one}`)].join('\n'),
        ] : []
    })
    console.log(`containers, seed ${seed}: ${all.length}, ${denied.length} of them denied, ${wrong.length} of those wrongly`)
    expect(wrong.slice(0, 15).join('\n---\n') + (wrong.length > 15 ? `\n… ${wrong.length} in all` : '')).toBe('')
    expect(denied.length).toBeGreaterThan(all.length / 200)
  })
})
