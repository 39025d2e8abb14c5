/**
 * The fixtures of the rules, `test/rules/<id>.yaml`: what a rule finds, what the fix makes of it, and what it leaves alone.
 *
 * Each case is a Pod. It goes the way that every workload goes: readWorkload, lint, fix. The platform's defaults that
 * the rule does not read are left out, so that it is the rule under test that speaks, and not all that is missing.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isMap, isSeq, parse, parseDocument, visit, type Document, type YAMLMap } from 'yaml'
import { configFilesAt } from '../src/cli/config-files.ts'
import { applyEdits } from '../src/edit.ts'
import { readWorkload } from '../src/kubernetes/workload.ts'
import { judge } from '../src/judge.ts'
import type { Finding } from '../src/finding.ts'
import { override, type Policy, type PolicySpec } from '../src/policy/policy.ts'
import { preset } from '../src/policy/presets.ts'
import type { Rule } from '../src/rules/rule.ts'

const fixtureFolder = join(import.meta.dirname, 'rules')

type Containers = readonly Readonly<Record<string, unknown>>[]

export interface Case {
  readonly name: string
  readonly containers: Containers
  readonly initContainers?: Containers
  readonly annotations?: Readonly<Record<string, string>>
  /** Config files that are at hand, by the paths at which gunicorn finds them. */
  readonly files?: Readonly<Record<string, string>>
  /** Other fields of the PodSpec. */
  readonly pod?: Readonly<Record<string, unknown>>
  /** A Job or a Deployment instead of a Pod. */
  readonly kind?: 'Job' | 'Deployment'
  /** What it is checked against, where that is not the default preset. */
  readonly policy?: PolicySpec
  /** The other rules that speak of it as well. */
  readonly also?: readonly string[]
}

export interface BadCase extends Case {
  /** The rule's findings, whole lines. An action that is not what the policy says stands in front: `Warn: `. */
  readonly want: readonly string[]
  /** The containers as the fix leaves them; undefined where there is no fix. */
  readonly fixed?: Containers
  readonly fixedInitContainers?: Containers
}

export interface Fixture {
  readonly bad: readonly BadCase[]
  readonly good: readonly Case[]
}

const keys: Readonly<Record<keyof Fixture, readonly (keyof BadCase)[]>> = {
  bad: ['name', 'containers', 'initContainers', 'annotations', 'files', 'pod', 'kind', 'policy', 'also', 'want', 'fixed',
    'fixedInitContainers'],
  good: ['name', 'containers', 'initContainers', 'annotations', 'files', 'pod', 'kind', 'policy', 'also'],
}

/** The ids that there are fixtures for. */
export const fixtureIds = (): string[] => readdirSync(fixtureFolder).map((name) => basename(name, '.yaml'))

export const fixturePath = (id: string): string => join(fixtureFolder, `${id}.yaml`)

/** A rule's fixture. Throws where it holds a key that means nothing. */
export function readFixture(id: string): Fixture {
  const fixture = parse(readFileSync(fixturePath(id), 'utf8')) as Fixture
  for (const list of ['bad', 'good'] as const)
    for (const one of fixture[list])
      for (const key of Object.keys(one))
        if (!(keys[list] as readonly string[]).includes(key))
          throw new Error(`${fixturePath(id)}: ${list} case "${one.name}": there is no key "${key}"`)
  return fixture
}

/** The object that a case is about. */
export function podOf({ containers, initContainers, annotations, pod, kind }: Case): object {
  const metadata = { name: 'shop', ...(annotations ? { annotations } : {}) }
  const spec = { ...pod, ...(initContainers ? { initContainers } : {}), containers }
  return kind !== undefined ? { apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1', kind, metadata, spec: { template: { spec } } }
    : { apiVersion: 'v1', kind: 'Pod', metadata, spec }
}

function policyOf(rule: Rule, spec: PolicySpec = {}): Policy {
  const base = preset(spec.preset ?? 'blueking')
  if (!base) throw new Error(`there is no preset "${String(spec.preset)}"`)
  const unread = Object.keys(base.defaults).filter((setting) => !rule.settings.includes(setting))
  const none = Object.fromEntries(unread.map((setting) => [setting, null]))
  // They speak of nearly every container without a volume for it.
  const heartbeat = Object.fromEntries(
    ['heartbeat-on-disk', 'unwritable-heartbeat'].filter((id) => id !== rule.id).map((id) => [id, 'Off' as const]),
  )
  return override(base, 'fixture', { ...spec, defaults: { ...none, ...spec.defaults }, rules: { ...heartbeat, ...spec.rules } })
}

/** What comes of a case. */
export interface Outcome {
  /** Of the rule under test, as `want` holds them. */
  readonly lines: readonly string[]
  readonly findings: readonly Finding[]
  /** Of all rules. */
  readonly all: readonly Finding[]
  /** The ids of the other rules that speak. */
  readonly others: readonly string[]
  readonly object: object
  readonly fixed: object
}

/** A workload as the whole engine leaves it, and what it found. */
export function mend(object: object, policy: Policy,
  files: Case['files'] = {}): { readonly findings: readonly Finding[]; readonly fixed: object } {
  const workload = readWorkload(object)
  if (!workload) throw new Error('the case is no workload')
  if (workload.errors.length > 0) throw new Error(`the case is malformed: ${JSON.stringify(workload.errors)}`)
  const { rounds, findings } = judge({ object, workload, policy, surroundings: { configFile: configFilesAt(files) } })
  return { findings, fixed: rounds.reduce<object>((left, edits) => applyEdits(left, edits) as object, object) }
}

/** Runs a case; `object` stands in for the case's own, to run what a fix has made of it. */
export function run(rule: Rule, one: Case, object: object = podOf(one)): Outcome {
  const policy = policyOf(rule, one.policy)
  const { findings, fixed } = mend(object, policy, one.files)
  const own = findings.filter((finding) => finding.rule === rule.id)
  const action = policy.rules[rule.id]?.action
  return {
    lines: own.map((finding) => (finding.action === action ? finding.message : `${finding.action}: ${finding.message}`)),
    findings: own,
    all: findings,
    others: [...new Set(findings.map((finding) => finding.rule))].filter((id) => id !== rule.id).sort(),
    object,
    fixed,
  }
}

/** A fixture's text with `want`, `fixed` and `also` as they come out, comments and layout kept. */
export function rewritten(text: string, rule: Rule): string {
  const document = parseDocument(text)
  const bad = document.get('bad')
  const cases = (parse(text) as Fixture).bad
  if (isSeq(bad)) {
    for (const [index, node] of bad.items.entries()) {
      const one = cases[index]
      if (!isMap(node) || !one) continue
      const { lines, object, fixed, others } = run(rule, one)
      node.set('want', document.createNode(lines))
      setOthers(document, node, others)
      for (const [key, list] of [['fixed', 'containers'], ['fixedInitContainers', 'initContainers']] as const) {
        const [before, after] = [specOf(object)[list], specOf(fixed)[list]]
        if (JSON.stringify(before) === JSON.stringify(after)) node.delete(key)
        else node.set(key, flow(document, after))
      }
    }
  }
  const good = document.get('good')
  if (isSeq(good)) {
    for (const [index, one] of (parse(text) as Fixture).good.entries()) {
      const node = good.items[index]
      if (isMap(node)) setOthers(document, node, run(rule, one).others)
    }
  }
  return document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: false })
}

function setOthers(document: Document, node: YAMLMap, others: readonly string[]): void {
  const before = node.get('also')
  // The order in which they are written is whoever's who wrote them.
  if (isSeq(before) && others.length > 0 && [...(before.toJSON() as string[])].sort().join() === others.join()) return
  if (others.length === 0) node.delete('also')
  else node.set('also', document.createNode(others, { flow: true }))
}

function specOf(object: object): Record<string, unknown> {
  const { spec } = object as { spec: Record<string, unknown> & { template?: { spec: Record<string, unknown> } } }
  return spec.template?.spec ?? spec
}

/** A list of maps, each on one line; a text of several lines stays a block. */
function flow(document: Document, value: unknown): unknown {
  const node = document.createNode(value)
  let lines = false
  visit(node, { Scalar: (_, scalar) => void (lines ||= String(scalar.value).includes('\n')) })
  if (!lines && isSeq(node)) { for (const item of node.items) if (isMap(item)) item.flow = true }
  return node
}
