/** Policies that say something against what they put in themselves. Pure. */
import type { Contradiction } from './consequences.ts'
import { newestRelease } from './gunicorn/catalogue.ts'
import { fieldMessage, type Path } from './kubernetes/field.ts'
import { readWorkload } from './kubernetes/workload.ts'
import { lint } from './lint.ts'
import { governed } from './policy/governed.ts'
import type { PolicyObject } from './policy/gunicorn-policy.ts'
import { Policies } from './policy/policies.ts'
import type { Policy } from './policy/policy.ts'
import type { Python } from './python/known.ts'

/** What of a policy works against the rest of it. It is valid all the same: what it would deny, it does not put in. */
export interface PolicyContradiction {
  readonly path: Path
  /** `spec.defaults.bind: Invalid value: ":8000": must not …`. */
  readonly message: string
}

const known = new WeakMap<PolicyObject, readonly PolicyContradiction[]>()

/** What a policy puts in, and by its own rules denies or mends, on workloads that say nothing for themselves. */
export function policyContradictions(policy: PolicyObject): readonly PolicyContradiction[] {
  let found = known.get(policy)
  if (!found) known.set(policy, found = contradictionsIn(policy))
  return found
}

function contradictionsIn(object: PolicyObject): readonly PolicyContradiction[] {
  // Whom it governs does not matter here.
  const { match: _, ...spec } = object.spec
  const policies = new Policies([{ ...object, spec }])
  const told = new Map<string, PolicyContradiction>()
  for (const plain of plainWorkloads()) {
    const policy = policies.for(governed(plain), {}, 0)
    const workload = policy && readWorkload(plain)
    if (!workload) continue
    for (const { rule, contradiction } of lint(workload, loud(policy), nothingInstalled).findings)
      if (contradiction) told.set(`${contradiction.setting} ${contradiction.rule}`, contradictionOf(spec, rule, contradiction))
  }
  return [...told.values()]
}

/** Deployments of nothing but gunicorn and an application: whether the platform's port is told, and the release, is all that differs. */
function plainWorkloads(): object[] {
  const ports = [{}, { env: [{ name: 'PORT', value: '5000' }], ports: [{ containerPort: 5000 }] }]
  const annotations = [{}, { 'paddock.dev/gunicorn': newestRelease.name }]
  return ports.flatMap((port) =>
    annotations.map((said) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'plain', annotations: said },
      spec: { template: { spec: { containers: [{ name: 'web', command: ['gunicorn', 'app:app'], ...port }] } } },
    }))
  )
}

/** The policy with nothing passed over in silence. */
const loud = (policy: Policy): Policy => ({
  ...policy,
  rules: Object.fromEntries(
    Object.entries(policy.rules).map((
      [id, rule],
    ) => [id, rule.action === 'Fix' && rule.otherwise === 'Off' ? { ...rule, otherwise: 'Audit' } : rule]),
  ),
})

const nothingInstalled: Python = { version: undefined, evidence: '', installed: () => ({ state: 'Unknown', specifier: '', evidence: '' }) }

/** Told where the policy itself says one of the two; what it does not say, its preset does. */
function contradictionOf({ defaults, rules }: PolicyObject['spec'], mending: string,
  { rule, action, setting, value }: Contradiction): PolicyContradiction {
  if (defaults?.[setting] !== undefined) {
    const path = ['spec', 'defaults', setting]
    const detail = action === 'Deny' ? `must not fall under ${rule}, which the policy denies: it is not put in`
      : `must not fall under ${rule}, which the policy mends: it is put in, and mended in its turn`
    return { path, message: fieldMessage(path, 'Invalid value', value, detail) }
  }
  const said = [rule, mending].find((id) => rules?.[id] !== undefined)
  const path = said === undefined ? ['spec'] : ['spec', 'rules', said]
  const written = said === undefined ? undefined : rules?.[said]
  const detail = `must not ${action === 'Deny' ? 'deny' : 'mend'} by ${rule} what the policy itself puts in: \`${setting}\` of ${
    JSON.stringify(value)
  }`
  return { path, message: fieldMessage(path, 'Invalid value', typeof written === 'object' ? written.action : written, detail) }
}
