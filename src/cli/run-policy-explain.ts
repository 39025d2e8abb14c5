/** `paddock policy explain`: which policies govern a workload, and who decides what. */
import type { Explained } from '../cluster/explained.ts'
import type { Labels } from '../kubernetes/labels.ts'
import { visible } from '../kubernetes/visible.ts'
import { readObjects, readWorkload } from '../kubernetes/workload.ts'
import { governed, type Governed } from '../policy/governed.ts'
import { Policies, type Decision, type Explanation, type Standing } from '../policy/policies.ts'
import { defaultPreset, presetObject } from '../policy/presets.ts'
import { exitStatus, UsageError } from './exit.ts'
import type { Skins, Target } from './skins.ts'
import { NamespaceCollection, type PolicyFlags } from './governing.ts'
import { jsonText, painter, type Io } from './io.ts'
import { learn } from './learn.ts'
import { readManifests } from '../yaml/manifests.ts'
import { readPolicyFiles } from './policy-files.ts'

export interface ExplainFlags extends PolicyFlags, Target {
  readonly kind?: string
  readonly format: 'text' | 'json'
}

/** A workload, and what its namespace is labelled with, as far as that is known. */
interface Found {
  readonly workload: Governed
  readonly labels: Labels | undefined
}

export async function explainPolicy(name: string, paths: readonly string[], flags: ExplainFlags, io: Io, skins: Skins): Promise<number> {
  const wanted = readName(name)
  if (paths.length === 0 && wanted.namespace === '') throw new UsageError(`${name}: must be NAMESPACE/NAME`)
  const cluster = paths.length === 0 ? await skins.explained(wanted, flags) : undefined
  const found = cluster ? inCluster(wanted.namespace, cluster) : inFiles(wanted, paths, io)
  const { workload, labels } = theOne(found.filter(({ workload: { kind } }) => flags.kind === undefined || kind === flags.kind), name)
  const policies = await policiesFor(flags, cluster, io)
  const explanation = policies.explain(workload, labels, io.time())
  if (flags.format === 'json')
    io.stdout.write(`${jsonText({ workload: { ...workload, owners: undefined }, ...explanation, problems: policies.problems }, 2)}\n`)
  else io.stdout.write(explanationText(workload, explanation, io))
  for (const { kind, name: broken, message } of policies.problems)
    io.stderr.write(`paddock: ${visible(`${kind} "${broken}": ${message}`)}\n`)
  return exitStatus.ok
}

function readName(name: string): { namespace: string; name: string } {
  const parts = name.split('/')
  const [first = '', second] = parts
  if (parts.length > 2 || parts.includes('')) throw new UsageError(`${name}: must be NAMESPACE/NAME`)
  return second === undefined ? { namespace: '', name: first } : { namespace: first, name: second }
}

const inCluster = (namespace: string, { workloads, namespaceLabels }: Explained): Found[] =>
  workloads.map((object) => ({ workload: governed(object, namespace), labels: namespaceLabels }))

function inFiles(wanted: { namespace: string; name: string }, paths: readonly string[], io: Io): Found[] {
  const texts = paths.flatMap((path) => io.listFiles(path)).map((file) => io.readFile(file))
  const namespaces = new NamespaceCollection()
  for (const text of texts) learn('', text, [namespaces])
  const objects = texts.flatMap((text) => [...readManifests(text)]).flatMap(({ value }) => [...readObjects(value)])
  return objects
    .filter(({ item }) => readWorkload(item) !== undefined)
    .map(({ item }) => governed(item))
    .filter(({ namespace, name }) => namespace === wanted.namespace && name === wanted.name)
    .map((workload) => ({ workload, labels: namespaces.labels.get(workload.namespace) }))
}

function theOne(found: readonly Found[], name: string): Found {
  const [first, second] = found
  if (!first) throw new UsageError(`there is no workload "${name}"`)
  if (second)
    throw new UsageError(
      `there are several workloads "${name}": choose one with --kind ${found.map(({ workload }) => workload.kind).join(', ')}`,
    )
  return first
}

/** Those of files where they are given; else those of the cluster; else the preset. */
async function policiesFor({ policy = [], preset = defaultPreset }: ExplainFlags, cluster: Explained | undefined,
  io: Io): Promise<Policies> {
  if (policy.length > 0) return readPolicyFiles(policy, preset, io)
  if (cluster) return new Policies(cluster.policies, cluster.exceptions)
  return new Policies([presetObject(preset) ?? []].flat())
}

function explanationText({ kind, namespace, name }: Governed, { policies, exceptions, decisions }: Explanation, io: Io): string {
  const paint = painter(io.stdout, io.env)
  const lines = [visible(`${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`)]
  const part = (title: string, rows: readonly (readonly string[])[]): void => {
    if (rows.length > 0) lines.push('', paint('bold', title), ...table(rows))
  }
  part('governed by', policies.filter(({ governs }) => governs === 'yes').map(standingRow))
  part('not governed by', policies.filter(({ governs }) => governs === 'no').map(standingRow))
  part('not known', policies.filter(({ governs }) => governs === 'unknown').map(standingRow))
  part('exceptions', exceptions.map(({ name: exception, holds, rules, reason, expiry, owner }) => [
    exception,
    expiry === undefined ? 'without end' : holds ? `until ${expiry}` : `ended ${expiry}`,
    rules.join(', '),
    owner === undefined ? reason : `${reason} (${owner})`,
  ]))
  if (decisions.length === 0) lines.push('', 'No policy governs it: it is let in, and nothing is said.')
  part('rules', decisions.filter(({ field }) => field.startsWith('rules.')).map(decisionRow))
  part('settings', decisions.filter(({ field }) => field.startsWith('defaults.')).map(decisionRow))
  part('more', decisions.filter(({ field }) => !/^(rules|defaults)\./.test(field)).map(decisionRow))
  return `${lines.join('\n')}\n`
}

const standingRow = ({ name, priority, why }: Standing): string[] => [name, `priority ${priority}`, why]

function decisionRow({ field, value, otherwise, policy, preset, exception }: Decision): string[] {
  const shown = Array.isArray(value) ? value.join(', ') : value === null ? 'none' : String(value)
  const said = `${shown}${otherwise === undefined ? '' : `, otherwise ${otherwise}`}`
  return [
    field.replace(/^(rules|defaults)\./, ''),
    exception === undefined ? said : `${said}; let pass by ${exception}`,
    preset === undefined || preset === policy ? policy : `${policy}, by its preset ${preset}`,
  ]
}

/** Rows with their columns in line; the last one is as long as it is, and so is a list. */
function table(given: readonly (readonly string[])[]): string[] {
  const rows = given.map((row) => row.map(visible))
  const widest = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0).filter((length) => length <= 40), 0)
  return rows.map((row) => `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widest(column)))).join('  ')}`)
}
