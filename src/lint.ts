/** Invocations + rules + policy → findings. Pure. */
import { releasesInWords } from './gunicorn/catalogue.ts'
import { inspect, type Invocation, type Place } from './inspect.ts'
import { describe, fieldPath, type Shape } from './kubernetes/field.ts'
import type { Workload } from './kubernetes/workload.ts'
import type { Action, Policy } from './policy/policy.ts'
import { rules } from './rules/index.ts'
import type { Fix, Problem, Python, Rule, Severity, Subject } from './rules/rule.ts'

/** A problem with its rule, what is done about it, and where it stands. */
export interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly action: Exclude<Action, 'Off'>
  readonly container: string
  readonly place: Place
  readonly field: string
  readonly shape: Shape
  readonly value: unknown
  /** `path: Shape: "value": detail [rule]`. */
  readonly message: string
  readonly remedy: string
  /** How it is mended, where the action is Fix. */
  readonly fix: Fix | undefined
  /** What is done where the fix cannot be made after all. */
  readonly otherwise: Exclude<Action, 'Fix'>
  readonly invocation: Invocation
}

/** What is found in a workload. */
export interface Report {
  readonly workload: Workload
  readonly invocations: readonly Invocation[]
  readonly findings: readonly Finding[]
}

export function lint(workload: Workload, policy: Policy, python: Python): Report {
  const invocations = inspect(workload)
  const findings = invocations.flatMap((invocation) => lintInvocation(invocation, policy, python))
  return { workload, invocations, findings }
}

function lintInvocation(invocation: Invocation, policy: Policy, python: Python): Finding[] {
  const subject: Subject = { ...invocation, platform: policy, python, portVariable: portVariable(invocation, policy) }
  const allowed = allowedRules(invocation.workload, policy)
  const { serves } = invocation.settings
  const findings: Finding[] = []
  for (const rule of rules) {
    const action = policy.rules[rule.id]?.action ?? 'Off'
    if (action === 'Off' || allowed.has(rule.id) || !(rule.always || serves)) continue
    for (const problem of rule.check(subject)) {
      const finding = findingOf(rule, problem, invocation, policy)
      if (finding) findings.push(finding)
    }
  }
  return findings
}

const none: ReadonlySet<string> = new Set()

/** The rules that a workload switches off for itself, of those that its policy lets it. */
function allowedRules(workload: Workload, policy: Policy): ReadonlySet<string> {
  const annotation = workload.annotations.get('paddock.dev/allow')?.value
  if (annotation === undefined) return none
  return new Set(annotation.split(',').map((id) => id.trim()).filter((id) => policy.allow.has(id)))
}

function portVariable({ environment, container }: Invocation, { port }: Policy): Subject['portVariable'] {
  if (environment.variables.has(port.env)) return 'defined'
  if (environment.mayComeFromElsewhere(port.env)) return 'unknown'
  return container.port !== undefined || port.fallback !== null ? 'definable' : 'none'
}

function findingOf(rule: Rule, problem: Problem, invocation: Invocation, policy: Policy): Finding | undefined {
  const { action: wanted, otherwise } = policy.rules[rule.id] ?? { action: 'Off', otherwise: 'Off' }
  const fixable = wanted === 'Fix' && problem.fix !== undefined && (invocation.insertion.kind !== 'none' || 'define' in problem.fix)
  let action: Action = wanted === 'Fix' && !fixable ? otherwise : wanted
  // Where the release is not known, a command is denied only for what every release refuses.
  if (problem.releases && action === 'Deny') action = 'Warn'
  if (action === 'Off') return undefined
  const field = fieldPath(problem.place.path)
  const suffix = problem.releases ? `, in gunicorn ${releasesInWords(problem.releases)}` : ''
  return {
    rule: rule.id,
    severity: rule.severity,
    action,
    container: invocation.container.name,
    place: problem.place,
    field,
    shape: problem.shape,
    value: problem.value,
    message: `${field}: ${describe(problem.shape, problem.value, problem.detail + suffix)} [${rule.id}]`,
    remedy: problem.remedy ?? rule.remedy,
    fix: action === 'Fix' ? problem.fix : undefined,
    otherwise,
    invocation,
  }
}

/** A finding as it stands where its fix is not made; undefined where nothing is done about it then. */
export function withoutFix(finding: Finding): Finding | undefined {
  if (finding.action !== 'Fix') return finding
  return finding.otherwise === 'Off' ? undefined : { ...finding, action: finding.otherwise, fix: undefined }
}
