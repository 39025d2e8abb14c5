/** What is found in a workload, one by one, in words. Pure. */
import type { Contradiction } from './consequences.ts'
import type { Place } from './command-line.ts'
import { releasesInWords } from './gunicorn/catalogue.ts'
import type { Invocation } from './inspect.ts'
import { fieldMessage, fieldPath, type Shape } from './kubernetes/field.ts'
import { visible } from './kubernetes/visible.ts'
import { mayDeny, type Action } from './policy/policy.ts'
import type { Fix, Problem, Rule, Severity } from './rules/rule.ts'

/** What stands before the reason for which a fault is not mended. */
export const unmended = ', and is not mended, as '

/** What is done about a finding, and who says so. */
interface Ruling {
  readonly action: Exclude<Action, 'Off'>
  /** What is done where the fix cannot be made after all. */
  readonly otherwise: Exclude<Action, 'Fix'>
  /** The name of the GunicornPolicy, or of the preset, that decided. */
  readonly policy: string
  /** The name of the GunicornException that lets it pass. */
  readonly exception: string | undefined
  /** True where its command surely fails where it is run, and the policy denies that, or does where it cannot be mended. */
  readonly fails?: boolean
}

/**
 * A problem with its rule, what is done about it, and where it stands: about a command, or about a file and no command in it. Only
 * the first kind has a fix.
 */
export type Finding = CommandFinding | FileFinding

export type CommandFinding = FindingAbout<Invocation>

export type FileFinding = FindingAbout<undefined>

/** A finding about a command, which is an invocation, or about none. */
export class FindingAbout<Command extends Invocation | undefined> implements Ruling {
  readonly action: Ruling['action']
  readonly otherwise: Ruling['otherwise']
  readonly policy: string
  readonly exception: string | undefined
  readonly fails: boolean
  readonly container: string
  /** The rule of the same policy that the fix falls under: by which it is not made, or mended in its turn. */
  readonly contradiction: Contradiction | undefined
  readonly #invocation: Command
  readonly #rule: RuleWords
  readonly #problem: Problem

  constructor(rule: RuleWords, problem: Problem, invocation: Command, verdict: Ruling, container = invocation?.container.name ?? '',
    contradiction?: Contradiction) {
    this.contradiction = contradiction
    this.#rule = rule
    this.#problem = problem
    this.#invocation = invocation
    this.container = container
    this.action = verdict.action
    this.otherwise = verdict.otherwise
    this.policy = verdict.policy
    this.exception = verdict.exception
    this.fails = verdict.fails === true
  }

  /** The command that it is about. */
  get invocation(): Command {
    return this.#invocation
  }

  get rule(): string {
    return this.#rule.id
  }

  get severity(): Severity {
    return this.#rule.severity
  }

  get place(): Place {
    return this.#problem.place
  }

  get shape(): Shape {
    return this.#problem.shape
  }

  /** The offending value, as it is written. */
  get value(): unknown {
    return this.#problem.value
  }

  /** What is allowed in its place. */
  get detail(): string {
    return this.#problem.detail
  }

  /** The line of a config file that it is about, where it is told of one: where that file is from, and which line, from 1. */
  get configLine(): { readonly origin: string; readonly line: number } | undefined {
    const { name, origin } = this.#invocation?.settings.configFile ?? {}
    if (name === undefined || origin === undefined) return undefined
    const mark = `${name}, line `
    const at = this.detail.lastIndexOf(mark)
    const line = at < 0 ? NaN : Number.parseInt(this.detail.slice(at + mark.length), 10)
    return Number.isInteger(line) ? { origin, line } : undefined
  }

  get field(): string {
    return fieldPath(this.#problem.place.path)
  }

  /** `path: Shape: "value": detail [rule]`. */
  get message(): string {
    const { place, shape, value, detail, releases, doubt } = this.#problem
    const suffix = (releases ? `, in gunicorn ${releasesInWords(releases)}` : '') + (doubt ? `, ${doubt}` : '')
    return `${fieldMessage(place.path, shape, value, detail + suffix)} [${this.#rule.id}]`
  }

  get remedy(): string {
    return visible(this.#problem.remedy ?? this.#rule.remedy)
  }

  /** How it is mended, where the action is Fix. */
  get fix(): Fix | undefined {
    return this.action === 'Fix' ? this.#problem.fix : undefined
  }

  /** Whether something stands in the way of mending it, which it tells. */
  get isObstructed(): boolean {
    return this.detail.includes(unmended)
  }

  /** The finding as it stands where its fix is not made; undefined where nothing is done about it then. */
  withoutFix(): FindingAbout<Command> | undefined {
    if (this.action !== 'Fix') return this
    return this.otherwise === 'Off' || this.#problem.isPart === true ? undefined : this.#as(this.otherwise)
  }

  /** The finding where its fix is not made for a reason, in the words of the message guide; undefined where nothing is done about it then. */
  notMended(reason: string, remedy: string): FindingAbout<Command> | undefined {
    const problem = { ...this.#problem, detail: `${this.#problem.detail}${unmended}${reason}`, remedy }
    return new FindingAbout(this.#rule, problem, this.#invocation, this, this.container, this.contradiction).withoutFix()
  }

  /** Whether it is denied, or would be where its fix is not made. */
  get mayDeny(): boolean {
    return mayDeny(this)
  }

  /** The finding as it stands where it is no evidence that the container fails. */
  doubted(doubt: string): FindingAbout<Command> {
    const { policy, exception } = this
    const verdict = { action: this.action === 'Deny' ? 'Warn' : this.action, otherwise: 'Warn', policy, exception } as const
    return new FindingAbout(this.#rule, { ...this.#problem, doubt }, this.#invocation, verdict, this.container, this.contradiction)
  }

  /** The finding as it stands in an object that is not to be held back for it. */
  asWarning(): FindingAbout<Command> {
    return this.#as('Warn')
  }

  #as(action: Exclude<Action, 'Off' | 'Fix'>): FindingAbout<Command> {
    const { policy, exception, fails } = this
    return new FindingAbout(this.#rule, this.#problem, this.#invocation, { action, otherwise: action, policy, exception, fails },
      this.container, this.contradiction)
  }

  /** The finding where the policy itself says something against its fix; undefined where nothing is done about it then. */
  against(contradiction: Contradiction): FindingAbout<Command> | undefined {
    const { rule, action } = contradiction
    const detail = `${this.#problem.detail}${unmended}what is put in would fall under ${rule}, which the policy denies`
    const problem = action === 'Deny' ? { ...this.#problem, detail } : this.#problem
    const finding = new FindingAbout(this.#rule, problem, this.#invocation, this, this.container, contradiction)
    return action === 'Deny' ? finding.withoutFix() : finding
  }
}

/** What of a rule is told with a finding. */
type RuleWords = Pick<Rule, 'id' | 'severity' | 'remedy'>

/**
 * Findings that go with some of those that are mended: of the same rule, about the same command. Once those are mended they are not
 * found any more: threads, for a class that takes the place of another.
 */
export function alongWith<Kind extends CommandFinding>(some: readonly Kind[], all: readonly Kind[]): readonly Kind[] {
  if (some.length === 0) return []
  const rules = new Map(
    [...Map.groupBy(some, ({ invocation }) => invocation)].map((
      [invocation, those],
    ) => [invocation, new Set(those.map(({ rule }) => rule))]),
  )
  const taken = new Set(some)
  return all.filter((one) => !taken.has(one) && rules.get(one.invocation)?.has(one.rule))
}

/**
 * Whether more may be found once a fix is made: without `--daemon` signals matter; an address that is read right may be the wrong one;
 * another worker class may take threads; what was unknown is not.
 */
export const uncovers = (fix: Fix): boolean =>
  'drop' in fix || 'put' in fix ||
  ('entry' in fix && (fix.setting === 'worker_class' || fix.entry?.value === undefined ||
    (fix.setting === 'bind' && !String(fix.value).includes('$'))))
