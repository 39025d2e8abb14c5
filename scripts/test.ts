/**
 * The tests, the fast ones first: `npm test`. With `--all`, or PADDOCK_TEST_ALL=1, those that take a machine to themselves as
 * well, and as many generated cases as there can be. What a machine lacks (Python, a Kubernetes control plane) is said by the
 * suite that wants it, and counted as skipped. The closing line counts all suites together, each once.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { constants, setPriority, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'

const root = dirname(import.meta.dirname)
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(root, 'node_modules/jest/bin/jest.js')]
/** Five minutes of it, and the same ones each time. */
const fuzz = ['scripts/fuzz.ts', '--seconds', '300', '--seed', '1', '--inputs', '120000']

/** Whether a test has an API server to itself, by its text, so that it may run beside others. */
const isApart = (text: string): boolean => text.includes('startOwnCluster(')

interface Suite {
  readonly name: string
  /** What stands before each of its lines while another runs beside it. */
  readonly short: string
  /** Of jest. */
  readonly config?: string
  /** More arguments for jest. */
  readonly options?: readonly string[]
  /** Of Node, where it is no suite of jest's. Its own closing line is what it counts. */
  readonly command?: readonly string[]
  /** What has to be there, where that is built: the control plane, or a node as well. */
  readonly needs?: 'cluster' | 'node'
  /** It runs with `--all` alone. */
  readonly all?: true
  /** It starts etcd, an API server, or a node of its own, which takes Linux and root. */
  readonly ownMachine?: true
  /** It calculates, so that what waits beside it goes first. */
  readonly background?: true
}

/** One after the other; those of one line side by side, as most of what they take is waiting. */
const order: readonly (readonly Suite[])[] = [
  [{ name: 'unit', short: 'unit', config: 'jest.config.json' }],
  [{ name: 'the playground, in a real browser', short: 'browser', config: 'test/browser/jest.config.json' }],
  [
    { name: 'conformance with real gunicorn and real shells', short: 'conformance', config: 'test/conformance/jest.config.json',
      background: true },
    { name: 'end to end, on a real API server', short: 'e2e', config: 'test/e2e/jest.config.json', options: only((text) => !isApart(text)),
      needs: 'cluster' },
    { name: 'end to end, each on an API server of its own', short: 'e2e apart', config: 'test/e2e/jest.config.json',
      options: ['--maxWorkers=2', ...only(isApart)], needs: 'cluster' },
  ],
  // The one place where the gate fuzzes.
  existsSync(join(root, fuzz[0] ?? '')) ? [{ name: 'fuzz', short: 'fuzz', command: fuzz, all: true }] : [],
  [
    { name: 'an installation, on a cluster with a node', short: 'install', config: 'test/install/jest.config.json', needs: 'node',
      all: true, ownMachine: true },
    { name: 'faults, under load', short: 'faults', config: 'test/faults/jest.config.json', needs: 'node', all: true, ownMachine: true },
  ],
]

const words = process.argv.slice(2)
const all = words.includes('--all') || process.env['PADDOCK_TEST_ALL'] === '1'
const args = words.filter((word) => word !== '--all')
const isRequired = process.env['PADDOCK_REQUIRE_CLUSTER'] === '1'
const environment = { ...process.env, ...(all ? { PADDOCK_CASES: process.env['PADDOCK_CASES'] ?? '1' } : {}) }

interface Results {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
  readonly numRuntimeErrorTestSuites: number
  /** Of each file: what stopped it as a whole, and its tests. */
  readonly testResults: readonly { readonly name: string; readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string;
      readonly failureMessages: readonly string[] }[] }[]
}

const total = { passed: 0, failed: 0, skipped: 0 }
const took: string[] = []
/** What failed, told once more at the end: a long log is often read from there, and often cut. */
const failures: string[] = []
const folder = mkdtempSync(join(tmpdir(), 'paddock-test-'))
const started = performance.now()
// What is built once takes minutes: meanwhile runs what does without.
const building = new Set<ChildProcess>()
const cluster = build(isRequired ? [] : ['--fetch'])
const node = isRequired && all ? cluster.then(() => build(['--all'])) : cluster
for (const [index, group] of order.map((suites) => suites.filter((suite) => all || !suite.all)).entries()) {
  await Promise.all(group.map((suite) => run(suite, group.length > 1)))
  // Without a core that is right, what stands on it tells nothing more.
  if (index === 0 && total.failed > 0) break
}
for (const child of building) child.kill()
rmSync(folder, { recursive: true })
for (const failure of failures) console.error(`\nfailed: ${failure}`)
for (const line of [...took, `all: ${seconds(started)}`]) console.error(line)
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exit(total.failed > 0 ? 1 : 0)

async function run(suite: Suite, besideOthers: boolean): Promise<void> {
  const { name, short, config, options = [], command, needs, ownMachine, background } = suite
  if (ownMachine && !isRequired && !(process.platform === 'linux' && process.getuid?.() === 0)) {
    console.error(`\n${name}\nIt did not run: it takes Linux and root.`)
    total.skipped += 1
    return
  }
  if (needs) await (needs === 'node' ? node : cluster)
  console.error(`\n${name}`)
  const begun = performance.now()
  const file = join(folder, `${name}.json`)
  // With --json, the report goes to the file and what a person reads to standard error.
  const given = command ??
    [...jest, '--config', config ?? '', '--json', `--outputFile=${file}`, ...(args.length > 0 ? ['--passWithNoTests', ...args] : []),
      ...options]
  const child = spawn(process.execPath, given, { cwd: root, env: environment,
    stdio: ['ignore', command ? 'pipe' : 'ignore', besideOthers ? 'pipe' : 'inherit'] })
  if (background) yields(child, constants.priority.PRIORITY_BELOW_NORMAL)
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => console.error(`${short}: ${line}`))
  let closing: RegExpExecArray | null = null
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^(\d+) passed, (\d+) failed$/.exec(line)
      if (found) closing = found
      else console.error(line)
    })
  }
  const status = await ended(child)
  took.push(`${name}: ${seconds(begun)}`)
  if (command === undefined) return count(file, name)
  const [, passed = '0', failed = '0'] = closing ?? []
  total.passed += Number(passed)
  total.failed += status === 0 ? 0 : Math.max(1, Number(failed))
  if (status !== 0) failures.push(`${name}: ended with ${status}`)
}

/** Arguments for jest by which it runs those of the e2e tests whose text is so. */
function only(isSo: (text: string) => boolean): string[] {
  const e2e = join(root, 'test/e2e')
  return readdirSync(e2e).filter((file) => file.endsWith('.test.ts') && isSo(readFileSync(join(e2e, file), 'utf8'))).map((file) =>
    `--testMatch=${join(e2e, file)}`
  )
}

/** Gets what a cluster is made of, unless it is there. A failure is told by who needs it. */
async function build(which: readonly string[]): Promise<void> {
  const begun = performance.now()
  const child = spawn(process.execPath, [join(root, 'test/cluster/build.ts'), ...which], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  building.add(child)
  yields(child, constants.priority.PRIORITY_LOW)
  createInterface({ input: child.stderr }).on('line', (line) => console.error(`cluster: ${line}`))
  await ended(child)
  building.delete(child)
  if (isRequired) took.push(`programs of a cluster${which.length > 0 ? ' with a node' : ''}: ${seconds(begun)}`)
}

function yields({ pid }: ChildProcess, priority: number): void {
  if (pid !== undefined) setPriority(pid, priority)
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve).once('error', () => resolve(null)))
}

function seconds(since: number): string {
  return `${Math.round((performance.now() - since) / 1000)} s`
}

function count(file: string, name: string): void {
  let results: Results
  try {
    results = JSON.parse(readFileSync(file, 'utf8')) as Results
  } catch {
    failures.push(`${name}: the suite did not run`)
    total.failed += 1
    return
  }
  total.passed += results.numPassedTests
  total.skipped += results.numPendingTests
  // A file that cannot be loaded has no test to count.
  total.failed += results.numFailedTests + results.numRuntimeErrorTestSuites
  for (const { name: path, message, assertionResults } of results.testResults) {
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    failures.push(
      ...failed.map(({ fullName, failureMessages }) => `${relative(root, path)}: ${fullName}\n${headOf(failureMessages.join('\n'))}`),
    )
    if (assertionResults.length === 0 && message !== '') failures.push(`${relative(root, path)}\n${headOf(message)}`)
  }
}

/** The first lines of what a failure says, without colours. */
function headOf(message: string): string {
  return stripVTControlCharacters(message).split('\n').slice(0, 30).join('\n')
}
