/**
 * The tests, the fast ones first: `npm test`; with `--all`, those that take a machine to themselves as well. What a machine
 * lacks (Python, a Kubernetes control plane) is said by the suite that wants it, and counted as skipped. The closing line
 * counts all suites together.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(root, 'node_modules/jest/bin/jest.js')]

interface Suite {
  readonly name: string
  readonly config: string
  /** It starts etcd, an API server, or a node of its own, which takes Linux and root. */
  readonly ownMachine?: true
}

const suites: readonly Suite[] = [
  { name: 'unit', config: 'jest.config.json' },
  { name: 'conformance with real gunicorn and real shells', config: 'test/conformance/jest.config.json' },
  { name: 'end to end, on a real API server', config: 'test/e2e/jest.config.json' },
  { name: 'an installation, on a cluster with a node', config: 'test/install/jest.config.json', ownMachine: true },
  { name: 'faults, under load', config: 'test/faults/jest.config.json', ownMachine: true },
]
const [all, args] = process.argv[2] === '--all' ? [true, process.argv.slice(3)] : [false, process.argv.slice(2)]

interface Results {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
  readonly numRuntimeErrorTestSuites: number
}

const total = { passed: 0, failed: 0, skipped: 0 }
const folder = mkdtempSync(join(tmpdir(), 'paddock-test-'))
for (const [index, { name, config, ownMachine }] of suites.entries()) {
  if (ownMachine && !all) continue
  console.error(`\n${name}`)
  if (ownMachine && process.env['PADDOCK_REQUIRE_CLUSTER'] !== '1' && !(process.platform === 'linux' && process.getuid?.() === 0)) {
    console.error('It did not run: it takes Linux and root.')
    total.skipped += 1
    continue
  }
  const file = join(folder, `${index}.json`)
  spawnSync(process.execPath, [...jest, '--config', config, '--json', `--outputFile=${file}`, ...args], {
    cwd: root,
    // With --json, the report goes to the file and what a person reads to standard error.
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  count(file, name)
  // Without a core that is right, what stands on it tells nothing more.
  if (index === 0 && total.failed > 0) break
}
rmSync(folder, { recursive: true })
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 ? 1 : 0

function count(file: string, name: string): void {
  let results: Results
  try {
    results = JSON.parse(readFileSync(file, 'utf8')) as Results
  } catch {
    console.error(`${name}: the suite did not run`)
    total.failed += 1
    return
  }
  total.passed += results.numPassedTests
  total.skipped += results.numPendingTests
  // A file that cannot be loaded has no test to count.
  total.failed += results.numFailedTests + results.numRuntimeErrorTestSuites
}
