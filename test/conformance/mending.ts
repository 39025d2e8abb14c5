/** Deployments of generated containers, and what the fix makes of them. */
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { applyEdits, jsonPatch } from '../../src/edit.ts'
import { fix, type Fixed } from '../../src/fix.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import type { Finding } from '../../src/finding.ts'
import { lint, type Report } from '../../src/lint.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { applyPatch, type Operation } from 'rfc6902'
import type { Container, EnvVar, Generated } from './containers.ts'

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } }
}

/** A container, and what fixing made of it. */
export interface Mending {
  readonly generated: Generated
  readonly policy: Policy
  readonly before: Deployment
  readonly after: Deployment
  readonly fixed: Fixed
  /** The variables that the fix added. */
  readonly added: readonly EnvVar[]
  /** The variables as they were, with nothing new but the port's, where the fix defined that. */
  readonly withPort: readonly EnvVar[]
  /** The release that reads the command lines, where it is not the usual one. */
  readonly reader?: string | undefined
}

/** Fixes a Deployment of the container. `release` is the gunicorn release that it tells, if any, and `reader` the one that reads it. */
export function mend(generated: Generated, policy: Policy, release: string | undefined, reader?: string): Mending {
  const before = deployment(generated.container, release)
  const fixed = fixedBy(before, policy)
  const after = fixed.rounds.reduce<unknown>(applyEdits, before) as Deployment
  const left = [...(containerOf(before).env ?? [])]
  const [added, withPort]: [EnvVar[], EnvVar[]] = [[], []]
  for (const entry of containerOf(after).env ?? []) {
    const old = left[0]?.name === entry.name && (same(left[0], entry) || entry.name === 'GUNICORN_CMD_ARGS') ? left.shift() : undefined
    if (old || entry.name === policy.port.env) withPort.push(old ?? entry)
    if (!old) added.push(entry)
  }
  if (left.length > 0) throw new Error(`variables are gone: ${JSON.stringify(left)}`)
  return { generated, policy, before, after, fixed, added, withPort, reader }
}

export function deployment(container: Container, release: string | undefined): Deployment {
  const metadata = { name: 'shop', ...(release === undefined ? {} : { annotations: { 'paddock.dev/gunicorn': release } }) }
  const spec = { replicas: 2, template: { spec: { containers: [{ image: 'shop:1', ...container }] } } }
  return JSON.parse(JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec })) as Deployment
}

export const containerOf = ({ spec }: Deployment): Container => spec.template.spec.containers[0]

/** Whether two values are the same as JSON: Jest runs a test where objects are not those of Node's own functions. */
export const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

function reportOf(object: Deployment, policy: Policy): Report {
  const workload = readWorkload(object)
  if (!workload) throw new Error('a Deployment was not read')
  return lint(workload, policy, annotatedPython(workload))
}

function fixedBy(object: Deployment, policy: Policy): Fixed {
  const report = reportOf(object, policy)
  return fix(object, report, policy, annotatedPython(report.workload))
}

/** What is wrong by the object alone: the edit must be small, be the same as JSON Patch, and leave nothing to fix. */
export function objectProblems(mending: Mending): string[] {
  return [...patchProblems(mending), ...remainderProblems(mending), ...sizeProblems(mending)]
}

function patchProblems({ before, after, fixed }: Mending): string[] {
  const patch = jsonPatch(before, fixed.rounds)
  const patched = structuredClone(before)
  const errors = applyPatch(patched, patch as Operation[]).filter((error) => error !== null)
  const elsewhere = patch.filter(({ path }) => !/^\/spec\/template\/spec\/containers\/0\/(command|args|env)(\/|$)/.test(path))
  return [
    ...(errors.length > 0 || !same(patched, after) ? [`the JSON Patch makes another object: ${errors.join(', ')}`] : []),
    ...elsewhere.map((operation) => `changed elsewhere: ${JSON.stringify(operation)}`),
  ]
}

function remainderProblems({ after, fixed, policy }: Mending): string[] {
  const { rounds } = fixedBy(after, policy)
  // What the first fixing has told that it cannot mend stays.
  const isTold = (finding: Finding): boolean => fixed.findings.some((other) => !fixed.mended.has(other) && other.rule === finding.rule)
  const left = reportOf(after, policy).findings.filter((finding) => finding.action === 'Fix' && !isTold(finding))
  return [
    ...(rounds.length > 0 ? [`fixed again: ${JSON.stringify(rounds)}`] : []),
    ...left.map(({ message }) => `left to fix: ${message}`),
  ]
}

function sizeProblems(mending: Mending): string[] {
  const { before, after, fixed, added, policy } = mending
  const fixes = [...fixed.mended].map((finding) => finding.fix)
  const readsPort = fixes.some((made) => made && ('define' in made || 'put' in made || ('setting' in made && made.setting === 'bind')))
  const others = policy.injection === 'Environment' ? ['WEB_CONCURRENCY', 'GUNICORN_CMD_ARGS'] : []
  const allowed = [...(readsPort ? [policy.port.env] : []), ...others]
  const isAllowed = new Set(added.map(({ name }) => name)).size === added.length && added.every(({ name }) => allowed.includes(name))
  const onlyAdds = fixes.every((made) => made && 'setting' in made && !made.entry)
  const isSmall = !onlyAdds || isWithin(textOf(before), textOf(after))
  return [
    ...(isAllowed ? [] : [`added to env: ${JSON.stringify(added)}`]),
    ...(isSmall ? [] : ['something was replaced, though only additions were needed']),
    ...(policy.injection === 'Environment' ? commandProblems(mending) : []),
  ]
}

/** Where settings go into variables, the command stays. */
function commandProblems({ before, after }: Mending): string[] {
  const words = ({ command, args }: Container): unknown => [command, args]
  return same(words(containerOf(before)), words(containerOf(after))) ? [] : ['the command was changed']
}

function textOf(object: Deployment): string {
  const { command = [], args = [], env = [] } = containerOf(object)
  return [...command, ...args, ...env.flatMap(({ name, value }) => (name === 'GUNICORN_CMD_ARGS' ? (value ?? []) : []))].join('\0')
}

/** Whether all characters of a text stand in another, in their order. */
function isWithin(text: string, longer: string): boolean {
  let at = 0
  for (const character of longer) if (character === text[at]) at++
  return at === text.length
}

/** How a container that was mended wrongly is shown. */
export function failure({ before, after, policy, generated }: Mending, problems: readonly string[]): string[] {
  if (problems.length === 0) return []
  const [old, now] = [before, after].map((object) => {
    const { command, args, env, envFrom } = containerOf(object)
    return JSON.stringify({ command, args, env, envFrom })
  })
  return [`--- ${policy.name}, sh is ${generated.sh}\n${old}\n${now}\n${problems.map((problem) => `  ${problem}`).join('\n')}`]
}
