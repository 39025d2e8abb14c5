/** Invocations + rules + policy → findings. Pure. */
import { bounded, isSpent, spend, unreadReason } from './budget.ts'
import { FindingAbout, unmended, type CommandFinding, type FileFinding, type Finding } from './finding.ts'
import { invocationsOf, withRelease } from './injection/invocations.ts'
import { Circumstances, isInVariable, obstacle } from './injection/obstacle.ts'
import { Alternatives, doubtAbout } from './certainty.ts'
import { contradictions, type Asked } from './consequences.ts'
import { standIn, unreadInvocation, type Invocation, type Surroundings } from './inspect.ts'
import type { Container, UnreadContainer, Workload } from './kubernetes/workload.ts'
import { platformRule } from './platforms/remarks.ts'
import { mayDeny, type Action, type Policy } from './policy/policy.ts'
import { rules } from './rules/index.ts'
import { portVariable } from './gunicorn/port-variable.ts'
import type { Fix, Problem, Rule, Subject } from './rules/rule.ts'
import type { Python } from './python/known.ts'
import { inspectUnseen } from './unseen.ts'
import { wantedSetting } from './policy/wanted.ts'

/** What is found in a workload. */
export interface Report {
  readonly workload: Workload
  readonly invocations: readonly Invocation[]
  readonly findings: readonly Finding[]
  readonly surroundings: Surroundings | undefined
}

export function lint(workload: Workload, policy: Policy, python: Python, surroundings?: Surroundings): Report {
  return bounded(() => {
    const unread: UnreadContainer[] = workload.unread ? [workload.unread] : []
    const misstarts: Invocation[] = []
    const invocations = invocationsOf(workload, policy, python, surroundings, unread, misstarts)
    const found = new Found(invocations, policy, python)
    found.lintEach(invocations, unread, workload.containers[0])
    if (misstarts.length > 0) found.lintEach(misstarts, unread, workload.containers[0])
    if (!isSpent() && unseenRules.some((rule) => isActive(rule, policy))) {
      const unseen = inspectUnseen(workload, misstarts.length > 0 ? [...invocations, ...misstarts] : invocations, surroundings, unread,
        (one) => withRelease(one, python))
      found.lintEach(unseen, unread, workload.containers[0])
    }
    // What nothing is said of wants nothing switched off.
    if (!isSpent() && (invocations.length > 0 || found.hasAny)) found.lintWhole(workload)
    const findings = [...found.findings(unread), ...unreadFindings(workload, unread, policy, python)]
    return { workload, invocations, findings: workload.remarks ? [...remarks(workload, policy), ...findings] : findings, surroundings }
  })
}

/** How many commands of a report start gunicorn: `gunicorn --help` does not. */
export const countStarted = ({ invocations }: Pick<Report, 'invocations'>): number => {
  let started = 0
  for (const { settings } of invocations) if (settings.readings.some(({ exits }) => exits === undefined)) started += 1
  return started
}

/** So many findings of one rule in one workload are told; whoever has more has to look at the others himself. */
const mostOfRule = 200

/** What rules find in the invocations of a workload. */
class Found {
  readonly #circumstances: Circumstances
  readonly #invocations: readonly Invocation[]
  readonly #inPod: readonly Invocation[] | undefined
  readonly #policy: Policy
  readonly #python: Python
  readonly #findings: CommandFinding[] = []
  /** How many there are of each rule. */
  readonly #counts = new Map<string, number>()
  /** The rules that have found more than is told, each with the container at hand. */
  readonly #overfull = new Map<string, Container>()

  /** `invocations` are all of the workload. */
  constructor(invocations: readonly Invocation[], policy: Policy, python: Python) {
    this.#circumstances = new Circumstances(invocations, policy, python)
    this.#invocations = invocations
    // Nearly every workload has one.
    this.#inPod =
      invocations.length > 1 && invocations.some(({ container, command }) => container !== invocations[0]?.container || command?.background)
        ? invocations : undefined
    this.#policy = policy
    this.#python = python
  }

  /** `unread` takes what there is no budget for any more; `first` is the container that is named for it where it is none in particular. */
  lintEach(invocations: Iterable<Invocation>, unread: UnreadContainer[], first: Container | undefined): void {
    let container = first
    const seen = new Set<Container>()
    try {
      for (const invocation of invocations) {
        container = invocation.container
        seen.add(container)
        this.#lint(invocation)
      }
    } catch (error) {
      const reason = unreadReason(error)
      if (reason === undefined || !container) throw error
      const all = new Set(Array.isArray(invocations) ? invocations.map((invocation: Invocation) => invocation.container) : [])
      unread.push({ container, reason, others: Math.max(0, all.size - seen.size) })
    }
  }

  get hasAny(): boolean {
    return this.#findings.length > 0
  }

  /** What a workload says as a whole. */
  lintWhole(workload: Workload): void {
    const [first] = workload.containers
    const { refused } = allowanceOf(workload, this.#policy)
    if (!first || refused.length === 0) return
    const invocation = standIn(workload, first, first.path)
    const subject = { ...subjectOf(invocation, this.#policy, this.#python), refused }
    for (const rule of activeRules(this.#policy, 'workload'))
      for (const problem of rule.check(subject)) {
        const finding = findingOf(rule, problem, invocation, this.#policy, () => undefined)
        if (!finding || !this.#takes(finding)) break
        this.#findings.push(finding)
      }
  }

  #lint(invocation: Invocation): void {
    if (invocation.isBroken === true) return
    const [policy, python] = [this.#policy, this.#python]
    const allowed = allowedRules(invocation.workload, policy)
    const { serves } = invocation.settings
    const subject = this.#inPod ? { ...subjectOf(invocation, policy, python), inPod: this.#inPod } : subjectOf(invocation, policy, python)
    spend(20)
    const own: CommandFinding[] = []
    try {
      const { misstart } = invocation
      for (const rule of activeRules(policy, invocation.hidden ? 'hidden' : undefined)) {
        if (invocation.isPartial === true && rule.isAboutWords !== true) continue
        if (allowed.has(rule.id)) continue
        if (misstart ? !rule.ofMisstart : !(rule.always || serves) || hasNothingToSay(rule, invocation)) continue
        for (const problem of misstart ? [rule.ofMisstart?.(misstart)].filter((one) => one !== undefined) : rule.check(subject)) {
          spend(2)
          const finding = findingOf(rule, problem, invocation, policy, (fix) => reasonAgainst(fix, invocation, this.#circumstances))
          if (finding && !this.#takes(finding)) break
          if (finding) own.push(finding)
        }
      }
      for (const finding of withoutContradictions(own, subject, policy, allowed)) this.#findings.push(finding)
    } catch (error) {
      // What is found is told, and not mended: what the fixes come to was not looked at.
      for (const finding of own.flatMap((one) => one.withoutFix() ?? [])) this.#findings.push(finding)
      throw error
    }
  }

  /** Counts a finding: false for one more than is told of its rule. */
  #takes({ rule, invocation: { container } }: CommandFinding): boolean {
    const count = this.#counts.get(rule) ?? 0
    if (count === mostOfRule) this.#overfull.set(rule, container)
    else this.#counts.set(rule, count + 1)
    return count < mostOfRule
  }

  /** The findings; of a rule that has found more than is told, none is mended. */
  findings(unread: UnreadContainer[]): readonly CommandFinding[] {
    const findings = onEvidence(this.#findings, this.#invocations)
    if (this.#overfull.size === 0) return findings
    const [container] = this.#overfull.values()
    if (container) unread.push({ container, reason: `Paddock reports at most ${mostOfRule} findings of a rule`, others: 0 })
    return findings.flatMap((finding) => (this.#overfull.has(finding.rule) ? (finding.withoutFix() ?? []) : finding))
  }
}

/** The findings with those only denied that leave a container no way to start. */
function onEvidence(findings: readonly CommandFinding[], invocations: readonly Invocation[]): readonly CommandFinding[] {
  const isAsked = (finding: CommandFinding): boolean => finding.mayDeny && finding.severity === 'error'
  if (!findings.some(isAsked)) return findings
  const failing = findings.filter(({ fails, severity }) => fails && severity === 'error')
  // What is to be mended starts by the time that anything is denied; where it is not mended, it is denied itself.
  const doubtAtOnce = doubts(failing.filter(({ action }) => action !== 'Fix'), invocations)
  const doubtUnmended = doubts(failing, invocations)
  return findings.map((finding) => {
    if (!isAsked(finding)) return finding
    const doubt = (finding.action === 'Fix' ? doubtUnmended : doubtAtOnce)(finding.invocation)
    return doubt === undefined ? finding : finding.doubted(doubt)
  })
}

/** Why a container may start although one of its gunicorns does not, given the findings by which others do not; each looked for once. */
function doubts(failing: readonly CommandFinding[], invocations: readonly Invocation[]): (invocation: Invocation) => string | undefined {
  const alternatives = new Alternatives(invocations, new Set(failing.map(({ invocation }) => invocation)))
  const known = new Map<Invocation, string | undefined>()
  return (invocation) => {
    if (!known.has(invocation)) known.set(invocation, alternatives.to(invocation))
    return known.get(invocation)
  }
}

function unreadFindings(workload: Workload, unread: readonly UnreadContainer[], policy: Policy, python: Python): CommandFinding[] {
  const told = activeRules(policy, 'unread')
  return unread.flatMap((one) => {
    const invocation = unreadInvocation(workload, one)
    const subject = subjectOf(invocation, policy, python)
    return told.flatMap((rule) =>
      [...rule.check(subject)].flatMap((problem) => findingOf(rule, problem, invocation, policy, () => undefined) ?? [])
    )
  })
}

const isActive = ({ id }: Rule, policy: Policy): boolean => (policy.rules[id]?.action ?? 'Off') !== 'Off'

/** What the platform says of its file stands whatever a policy says: the platform goes by no policy. */
function remarks({ remarks = [], containers }: Workload, policy: Policy): FileFinding[] {
  return remarks.map(({ rule, path, shape, value, detail, remedy, inFile }) => {
    const said = platformRule(rule)
    const { action } = said
    const problem = { place: { path, inFile }, shape, value, detail, remedy }
    return new FindingAbout(said, problem, undefined, { action, otherwise: action, policy: policy.name, exception: undefined },
      containers[0]?.name)
  })
}

const unseenRules = rules.filter((rule) => rule.of === 'hidden' || rule.isAboutWords === true)

/** The findings with what the policy says against their fixes: what it would deny, it does not put in. */
function withoutContradictions(findings: CommandFinding[], subject: Subject, policy: Policy,
  allowed: ReadonlySet<string>): CommandFinding[] {
  const asked: Asked[] = []
  for (const { fix, rule } of findings) if (fix && 'setting' in fix) asked.push({ setter: fix, by: rule })
  if (asked.length === 0) return findings
  // What gunicorn refuses is not put in where it refuses something else already, either: once that is mended it would be the next.
  const hasDenied = (rule: string): boolean =>
    rule !== 'invalid-setting' && findings.some((finding) => finding.action === 'Deny' && finding.rule === rule)
  const against = contradictions(subject, asked, policy, (rule) => allowed.has(rule) || policy.exceptions.has(rule) || hasDenied(rule))
  if (against.size === 0) return findings
  return findings.flatMap((finding) => {
    const found = finding.fix && 'setting' in finding.fix ? against.get(finding.fix) : undefined
    return found ? (finding.against(found) ?? []) : finding
  })
}

const subjectOf = (invocation: Invocation, policy: Policy, python: Python): Subject => ({ ...invocation, platform: policy, python,
  portVariable: portVariable(invocation, policy.port) })

/** By what a policy says of its rules, which outlives the policy: an exception makes another policy of it. */
const active = new WeakMap<Policy['rules'], ReadonlyMap<Rule['of'], readonly Rule[]>>()

/** The rules that are not off, of those that speak of commands, or of what is not in sight of them. */
function activeRules(policy: Policy, of: Rule['of']): readonly Rule[] {
  let known = active.get(policy.rules)
  if (!known)
    active.set(policy.rules, known = Map.groupBy([...rules, wantedSetting].filter((rule) => isActive(rule, policy)), (rule) => rule.of))
  return known.get(of) ?? []
}

/** Most rules are about settings that few commands set. */
function hasNothingToSay({ settings, unset }: Rule, invocation: Invocation): boolean {
  if (unset || settings.length === 0) return false
  for (const name of settings) if (invocation.settings.isSet(name) !== 'no') return false
  return true
}

interface Allowance {
  /** The rules that a workload switches off for itself, of those that its policy lets it. */
  readonly rules: ReadonlySet<string>
  readonly refused: NonNullable<Subject['refused']>
}

const noAllowance: Allowance = { rules: new Set(), refused: [] }

function allowanceOf({ annotations }: Workload, policy: Policy): Allowance {
  const annotation = annotations.get('paddock.dev/allow')?.value
  if (annotation === undefined) return noAllowance
  // Asked once for each invocation: a long list is taken apart once for all of them.
  let known = allowed.get(annotations)
  if (known?.policy !== policy) {
    spend(annotation.length / 20)
    const ids = annotation.split(',').map((id) => id.trim()).filter((id) => id !== '')
    const refused = ids.filter((id) => !policy.allow.has(id)).map((id) => ({ id, isRule: Object.hasOwn(policy.rules, id) }))
    known = { policy, rules: new Set(ids.filter((id) => policy.allow.has(id))), refused }
    allowed.set(annotations, known)
  }
  return known
}

const allowedRules = (workload: Workload, policy: Policy): ReadonlySet<string> => allowanceOf(workload, policy).rules

const allowed = new WeakMap<Workload['annotations'], Allowance & { readonly policy: Policy }>()

function findingOf(rule: Rule, problem: Problem, invocation: Invocation, policy: Policy, reasonAgainst: (fix: Fix) => string | undefined):
  | CommandFinding
  | undefined {
  const decided = policy.rules[rule.id]
  if (!decided) return undefined
  const { action: wanted } = decided
  // A denial needs evidence: no rule has another way to one.
  const doubt = doubtAbout(problem, invocation, rule.severity === 'error')
  const otherwise = doubt !== undefined && decided.otherwise === 'Deny' ? 'Warn' : decided.otherwise
  const reason = wanted === 'Fix' && problem.fix ? reasonAgainst(problem.fix) : undefined
  if (problem.isPart === true && (wanted !== 'Fix' || reason !== undefined)) return undefined
  let action: Action = wanted === 'Fix' && (!problem.fix || reason !== undefined) ? otherwise : wanted
  const isDoubted = doubt !== undefined && (action === 'Deny' || decided.otherwise === 'Deny')
  if (doubt !== undefined && action === 'Deny') action = 'Warn'
  if (action === 'Off') return undefined
  const exception = policy.exceptions.get(rule.id)
  // What is let pass is still told of: somebody will want to know what an exception hides.
  if (exception !== undefined) action = 'Audit'
  const worded = isDoubted && doubt !== '' ? { ...problem, doubt } : problem
  const told = reason ? { ...worded, detail: `${problem.detail}${unmended}${reason}` } : worded
  const fails = mayDeny(decided) && exception === undefined && problem.releases === undefined && problem.doubt === undefined
  return new FindingAbout(rule, told, invocation, { action, otherwise, policy: decided.policy, exception, fails })
}

/** Why a fix cannot be made, for a message; empty where the command tells it, undefined where nothing is known to stand in its way. */
function reasonAgainst(fix: Fix, invocation: Invocation, circumstances: Circumstances): string | undefined {
  if (invocation.standsIn !== undefined) return `it stands in ${invocation.standsIn}`
  const taken = circumstances.portTaken(fix, invocation)
  if (taken !== undefined) return taken
  if (circumstances.platform.injection === 'Environment') return obstacle(fix, invocation, circumstances)
  if (invocation.insertion.kind !== 'none' || 'define' in fix) return undefined
  return isInVariable(fix, invocation) && obstacle(fix, invocation, circumstances) === undefined ? undefined : ''
}
