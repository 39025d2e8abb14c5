/** `paddock policy test`: what policies are expected to make of manifests, in files named `paddock-test.yaml`. */
import { basename, dirname, join } from 'node:path'
import { visible, visibleXml } from '../kubernetes/visible.ts'
import { checkText } from './check.ts'
import { exitStatus, UsageError } from './exit.ts'
import { governing } from './governing.ts'
import { learn } from './learn.ts'
import { jsonText, painter, type Io } from './io.ts'
import { element } from './reports/junit.ts'
import { policyTests, type Expected, type PolicyTest } from './policy-test.ts'
import { workloadName, type ReportedWorkload } from './reports/report.ts'

/** A result that was expected, and what came of it. */
interface Outcome {
  /** `Deployment shop/checkout: missing-bind` */
  readonly name: string
  /** What is not as expected; undefined where all is. */
  readonly failure: string | undefined
}

interface Ran {
  readonly test: PolicyTest
  readonly outcomes: readonly Outcome[]
}

type Format = 'text' | 'json' | 'junit'

export async function testPolicies(paths: readonly string[], { format }: { readonly format: Format }, io: Io): Promise<number> {
  const files = paths.flatMap((path) => io.listFiles(path).filter((file) => file === path || basename(file) === 'paddock-test.yaml'))
  if (files.length === 0) throw new UsageError(`${paths.join(', ')}: there must be a file named paddock-test.yaml`)
  const ran: Ran[] = []
  for (const file of files) for (const test of policyTests(file, io.readFile(file))) ran.push({ test, outcomes: await run(test, io) })
  const text = reports[format](ran, io)
  io.stdout.write(format === 'junit' ? visibleXml(text) : text)
  return ran.some(({ outcomes }) => outcomes.some(({ failure }) => failure !== undefined)) ? exitStatus.found : exitStatus.ok
}

async function run(test: PolicyTest, io: Io): Promise<Outcome[]> {
  const at = (path: string): string => join(dirname(test.file), path)
  const time = test.now === undefined ? io.time : () => Date.parse(String(test.now))
  // A test names files of its repository, and no others.
  const read = (file: string): string => io.readWithin(dirname(test.file), file)
  const { policyFor, namespaces } = await governing({ policy: test.policies.map(at), preset: test.preset }, { ...io, time, readFile: read })
  const texts = test.manifests.map(at).flatMap((path) => io.listFiles(path)).map((file) => ({ file, text: read(file) }))
  if (namespaces) { for (const { file, text } of texts) learn(file, text, [namespaces]) }
  const requirements = test.requirements === undefined ? undefined : { path: test.requirements, text: read(at(test.requirements)) }
  const workloads = texts.flatMap(({ file, text }) =>
    [...checkText(text, { policyFor, requirements }, () => {})].map((checked) => {
      if ('workload' in checked) return checked.workload
      const { message, span } = checked.unreadable
      throw new UsageError(`${file}${span ? `:${span.line}:${span.column}` : ''}: ${message}`)
    })
  )
  return test.results.map((expected) => outcome(expected, workloads))
}

function outcome(expected: Expected, workloads: readonly ReportedWorkload[]): Outcome {
  const { workload: name, rule } = expected
  const label = rule === undefined ? name : `${name}: ${rule}`
  const meant = workloads.filter(({ workload }) => namesOf(workload).includes(name))
  const [first] = meant
  if (!first) return { name: label, failure: `there is no workload "${name}" in the manifests` }
  if (meant.length > 1)
    return { name: label,
      failure: `there are several workloads "${name}": ${meant.map(({ workload }) => workloadName(workload)).join(', ')}` }
  const failures = differences(expected, first)
  return { name: label, failure: failures.length === 0 ? undefined : failures.join('; ') }
}

/** The ways to name a workload. */
function namesOf(workload: ReportedWorkload['workload']): string[] {
  const { namespace, name } = workload
  return [workloadName(workload), namespace === '' ? name : `${namespace}/${name}`]
}

function differences({ rule, decision, action, policy, exception }: Expected, { decision: decided, findings }: ReportedWorkload): string[] {
  const found = findings.map(({ finding }) => finding).filter((finding) => rule === undefined || finding.rule === rule)
  const several = (values: readonly (string | undefined)[]): string =>
    [...new Set(values.map((value) => value ?? 'None'))].sort().join(', ') || 'None'
  const compare = (what: string, wanted: string | undefined,
    is: string): string[] => (wanted === undefined || wanted === is ? [] : [`${what} must be ${wanted}, and is ${is}`])
  return [
    ...compare('decision', decision, decided),
    ...compare('action', action, several(found.map((finding) => finding.action))),
    ...compare('policy', policy, several(found.map((finding) => finding.policy))),
    ...compare('exception', exception, several(found.map((finding) => finding.exception))),
  ]
}

const reports: Readonly<Record<Format, (ran: readonly Ran[], io: Io) => string>> = {
  text(ran, io) {
    const paint = painter(io.stdout, io.env)
    const blocks = ran.map(({ test, outcomes }) => {
      const lines = outcomes.map((
        { name, failure },
      ) => (failure === undefined ? `  ${paint('green', 'ok')}    ${visible(name)}\n`
        : `  ${paint('red', 'FAIL')}  ${visible(`${name}: ${failure}`)}\n`)
      )
      return `${paint('bold', visible(`${test.file}: ${test.name}`))}\n${lines.join('')}`
    })
    const all = ran.flatMap(({ outcomes }) => outcomes)
    const failed = all.filter(({ failure }) => failure !== undefined).length
    const summary = `${count(ran.length, 'test')}, ${count(all.length, 'result')}: ${
      failed === 0 ? 'all as expected' : `${failed} not as expected`
    }`
    return `${blocks.join('')}\n${summary}\n`
  },
  json: (ran) =>
    `${
      jsonText({
        apiVersion: 'paddock.dev/v1alpha1',
        kind: 'PolicyTestResult',
        tests: ran.map(({ test: { file, name }, outcomes }) => ({ file, name,
          results: outcomes.map((one) => ({ name: one.name, passed: one.failure === undefined, failure: one.failure })) })
        ),
      })
    }\n`,
  junit(ran) {
    const totals = (outcomes: readonly Outcome[]) => ({ tests: String(outcomes.length),
      failures: String(outcomes.filter(({ failure }) => failure !== undefined).length) })
    const suites = ran.map(({ test, outcomes }) => {
      const cases = outcomes.map(({ name, failure }) => {
        const content = failure === undefined ? '' : element('failure', { message: failure }, undefined)
        return element('testcase', { classname: test.name, name }, undefined, content)
      })
      return element('testsuite', { name: test.file, ...totals(outcomes) }, undefined, cases.join('\n'))
    })
    const all = ran.flatMap(({ outcomes }) => outcomes)
    return `<?xml version="1.0" encoding="UTF-8"?>\n${
      element('testsuites', { name: 'paddock policy test', ...totals(all) }, undefined, suites.join('\n'))
    }\n`
  },
}

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? '' : 's'}`
