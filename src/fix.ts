/** Findings → the smallest edit of the object. Pure, idempotent. */
import { spend, unlessUnread } from './budget.ts'
import { spliced } from './command-line/script-place.ts'
import { applyEdits, type Edit } from './edit.ts'
import { alongWith, uncovers, type CommandFinding, type Finding } from './finding.ts'
import { single } from './gunicorn/entries.ts'
import { omit, type Omission } from './gunicorn/omission.ts'
import { isPort } from './gunicorn/port-variable.ts'
import type { Entry } from './gunicorn/settings.ts'
import { splitWords } from './gunicorn/shlex.ts'
import { cmdArgs, concurrency } from './gunicorn/variables.ts'
import { inject } from './injection/inject.ts'
import { Circumstances, isInVariable, obstacle } from './injection/obstacle.ts'
import type { Invocation } from './inspect.ts'
import { escape } from './kubernetes/expansion.ts'
import { readWorkload, type Container, type Workload } from './kubernetes/workload.ts'
import { lint, type Report } from './lint.ts'
import type { Policy } from './policy/policy.ts'
import type { Python } from './python/known.ts'
import type { Fix } from './rules/rule.ts'
import { quote } from './shell/quote.ts'
import type { Word } from './shell/word.ts'

/** What fixing comes to. */
export interface Fixed {
  /** Edits in rounds: each round is made to what the one before it left. */
  readonly rounds: readonly (readonly Edit[])[]
  /** The findings of all rounds, each once; one that could not be mended has the action that holds then. */
  readonly findings: readonly Finding[]
  /** The findings that are mended. */
  readonly mended: ReadonlySet<Finding>
}

/** Rounds at most: each mends what the one before it put off, and a policy whose fixes work against each other must not keep anybody busy. */
export const mostRounds = 4

/**
 * Mends what the report's findings with the action Fix name. `object` is what the report is about, and `read` reads it again once it is edited.
 * Where that takes more than the budget has, nothing is mended.
 */
export function fix(object: unknown, report: Report, policy: Policy, python: Python,
  read: (object: unknown) => Workload | undefined = readWorkload): Fixed {
  return unlessUnread(() => fixed(object, report, policy, python, read)) ?? withoutFixes(report)
}

/** What a report comes to where nothing is mended. */
export const withoutFixes = ({ findings }: Report): Fixed => ({ rounds: [],
  findings: findings.flatMap((finding) => finding.withoutFix() ?? []), mended: new Set() })

function fixed(object: unknown, report: Report, policy: Policy, python: Python, read: (object: unknown) => Workload | undefined): Fixed {
  const rounds: (readonly Edit[])[] = []
  const mended = new Set<Finding>()
  const earlier: Finding[] = []
  let current = report
  let edited = object
  for (;;) {
    const round = mendOnce(current, policy, python)
    for (const finding of round.mended) mended.add(finding)
    const more = round.more && round.edits.length > 0
    if (round.edits.length > 0) rounds.push(round.edits)
    if (more) edited = applyEdits(edited, round.edits)
    const workload = more && rounds.length < mostRounds ? read(edited) : undefined
    if (!workload) {
      const left = current.findings.flatMap((finding) => (mended.has(finding) ? finding : (finding.withoutFix() ?? [])))
      return { rounds, findings: [...earlier, ...left], mended }
    }
    earlier.push(...round.mended)
    current = lint(workload, policy, python, report.surroundings)
    spend(0) // Where nothing is left, it is not known what has been mended.
  }
}

/** Mends what can be mended at once. */
export function mendOnce(report: Report, policy: Policy, python: Python): Round {
  const circumstances = new Circumstances(report.invocations, policy, python)
  const mendable = report.findings.filter(isMendable)
  return policy.injection === 'Environment' ? mendVariables(report, mendable, policy) : mend(report, mendable, policy, circumstances)
}

interface Round {
  readonly edits: readonly Edit[]
  readonly mended: ReadonlySet<Finding>
  /** True where there may be more to mend once the edits are made. */
  readonly more: boolean
}

/** A finding that is to be mended: none about a file is. */
type Mendable = CommandFinding & { readonly fix: Fix }

const isMendable = (finding: Finding): finding is Mendable => finding.fix !== undefined

function mend(report: Report, mendable: readonly Mendable[], policy: Policy, circumstances: Circumstances): Round {
  spend(mendable.length * 5)
  // Elements that are taken apart set what they did not set before, so what is missing is found anew.
  const splits = mendable.filter(({ fix: wanted }) => 'split' in wanted || 'splices' in wanted)
  // A value that stands in a variable is mended there, if that can be; else it is overridden by the rest of the rounds.
  const inVariables = splits.length > 0 ? []
    : mendable.filter(({ fix: wanted, invocation }) =>
      isInVariable(wanted, invocation) && obstacle(wanted, invocation, circumstances) === undefined
    )
  const variables = inVariables.length > 0 ? mendVariables(report, inVariables, policy) : undefined
  const along = alongWith(inVariables, mendable)
  if (variables && variables.edits.length > 0 && along.length === 0) return { ...variables, more: true }
  const taken = splits.length > 0 ? splits : variablesLast(along.length > 0 ? along : mendable)
  const containers = new Set<Container>()
  const edits: Edit[] = []
  const removed = new Set<string>()
  const shared = new SharedDrops(report, taken)
  const mended = new Set<Finding>()
  let more = splits.length + along.length > 0
  for (const [invocation, findings] of Map.groupBy(taken, (finding) => finding.invocation)) {
    const writer = new Writer(invocation, policy, shared)
    for (const finding of findings) {
      const outcome = writer.add(finding.fix)
      if (outcome === 'written') mended.add(finding)
      if (outcome === 'later' || (outcome === 'written' && (finding.contradiction || uncovers(finding.fix)))) more = true
    }
    for (const edit of writer.edits()) if (!isRepeated(edit, removed)) edits.push(edit)
    // A second one would take the place of what is there.
    if (writer.needsPort && !invocation.environment.variables.has(policy.port.env)) containers.add(invocation.container)
  }
  // What stood in the way of another fix may be gone: a port that another container has by then.
  more ||= mended.size > 0 && report.findings.some((finding) => finding.fix === undefined && finding.isObstructed)
  if (containers.size === 0) return { edits, mended, more }
  // Those of a BkApp share their variables.
  const sharing = Map.groupBy(containers, ({ envPath }) => envPath.join('/'))
  for (const [container] of sharing.values()) if (container) edits.push(...definePort(container, policy))
  // With the variable defined, more is known of what reads it: `export PORT=${PORT:-8000}`, `127.0.0.1:$(PORT)`.
  more ||= report.invocations.some(({ container }) => sharing.has(container.envPath.join('/')) && mentions(container, policy.port.env))
  return { edits, mended, more }
}

/** Mends what can be mended in the variables of each container. */
function mendVariables({ invocations, surroundings }: Report, mendable: readonly Mendable[], policy: Policy): Round {
  const fixable = variablesLast(mendable).map((finding) => ({ key: finding, fix: finding.fix, invocation: finding.invocation }))
  const edits: Edit[] = []
  const mended = new Set<Finding>()
  const written = new Set<string>()
  const mentioning = new Set(
    invocations.flatMap((
      { container },
    ) => (policy.port.env === concurrency || mentions(container, policy.port.env) ? container.envPath.join('/') : [])),
  )
  let more = false
  for (const [container, wanted] of Map.groupBy(fixable, ({ invocation }) => invocation.container)) {
    const injected = inject(container, invocations.filter((invocation) => invocation.container === container), wanted, policy, surroundings)
    // The processes of a BkApp share their variables, of which the port's alone is put in.
    const list = container.envPath.join('/')
    if (!written.has(list)) edits.push(...injected.edits)
    if (injected.edits.length > 0) written.add(list)
    for (const finding of injected.made) mended.add(finding)
    // What is mended may be found fault with in another way: a port that was taken for a host is not the platform's.
    const isAnew = injected.made.some(({ fix: made }) => !('define' in made) && !('setting' in made && !made.entry))
    more ||= injected.later.length > 0 || isAnew || injected.made.some(({ contradiction }) => contradiction) || mentioning.has(list)
  }
  return { edits, mended, more }
}

const mentions = ({ command = [], args = [] }: Container, name: string): boolean =>
  [...command, ...args].some((text) => text.includes(name))

/** Two that read one variable have the same left out of it: true for a removal that is among those made, where it is put otherwise. */
function isRepeated(edit: Edit, removed: Set<string>): boolean {
  if (edit.op !== 'splice' || edit.text !== '') return false
  const key = JSON.stringify([edit.path, edit.start, edit.end])
  if (removed.has(key)) return true
  removed.add(key)
  return false
}

/** How long the blanks are that a text ends with, continued lines among them. */
function blanksBefore(text: string): number {
  let at = text.length
  for (;;) {
    if (text[at - 1] === ' ' || text[at - 1] === '\t') at -= 1
    else if (text[at - 1] === '\n' && text[at - 2] === '\\') at -= 2
    else return text.length - at
  }
}

/** Options in a GUNICORN_CMD_ARGS that several invocations read. */
class SharedDrops {
  readonly #report: Report
  readonly #taken: readonly Mendable[]
  readonly #answers = new Map<Container, Map<string, boolean>>()

  constructor(report: Report, taken: readonly Mendable[]) {
    this.#report = report
    this.#taken = taken
  }

  /** Whether all that read the same as this one are to do without the option: another one may be meant to have it. */
  isDroppedByAll(setting: string, { container, variables }: Invocation): boolean {
    const text = variables(cmdArgs)
    const answers = this.#answers.get(container) ?? new Map<string, boolean>()
    this.#answers.set(container, answers)
    const key = `${setting} ${text}`
    const known = answers.get(key)
    if (known !== undefined) return known
    const dropping = new Set(this.#taken.flatMap(({ fix, invocation }) => ('drop' in fix && fix.drop === setting ? [invocation] : [])))
    const readers = this.#report.invocations.filter((other) => other.container === container && other.variables(cmdArgs) === text)
    const answer = readers.every((reader) => dropping.has(reader))
    answers.set(key, answer)
    return answer
  }
}

/** A value that holds a variable cannot be read any more by another rule, so it is written last. */
const writesVariable = ({ fix }: Mendable): boolean => 'entry' in fix && String(fix.value).includes('$')

const variablesLast = (findings: readonly Mendable[]): readonly Mendable[] =>
  findings.some(writesVariable) ? findings.toSorted((a, b) => Number(writesVariable(a)) - Number(writesVariable(b))) : findings

function definePort(container: Container, { port }: Policy): Edit[] {
  const number = container.port ?? port.fallback
  if (number === null) return []
  const variable = { name: port.env, value: String(number) }
  const path = container.envPath
  if (container.hasEnv) return [{ op: 'add', path: [...path, '-'], value: variable }]
  if (container.process?.lacksEnvParent) return [{ op: 'add', path: path.slice(0, -1), value: { env: [variable] } }]
  return [{ op: 'add', path, value: [variable] }]
}

/** Writes the fixes of one invocation down, in the form that it has. */
class Writer {
  needsPort = false
  readonly #invocation: Invocation
  readonly #policy: Policy
  readonly #shared: SharedDrops
  readonly #replacements: Edit[] = []
  /** Elements that are taken out of lists. */
  readonly #removals: Extract<Edit, { op: 'remove' }>[] = []
  /** The words that are replaced. */
  readonly #touched = new Set<Word>()
  readonly #additions = new Map<string, readonly (string | number | true)[]>()

  constructor(invocation: Invocation, policy: Policy, shared: SharedDrops) {
    this.#invocation = invocation
    this.#policy = policy
    this.#shared = shared
  }

  /** Takes a fix on: `later` where one that is taken on already stands in its way, `impossible` where it cannot be written down safely. */
  add(fix: Fix): 'written' | 'later' | 'impossible' {
    if ('define' in fix) {
      this.needsPort = true
      return 'written'
    }
    if (this.#isOutOfReach()) return 'impossible'
    if ('splices' in fix) {
      for (const splice of fix.splices) this.#replacements.push({ op: 'splice', path: fix.path, ...splice })
      return 'written'
    }
    if ('split' in fix) return this.#split(fix) ? 'written' : 'impossible'
    if ('drop' in fix) return this.#drop(fix.drop)
    if ('put' in fix) return this.#put(fix)
    if ('exec' in fix) return this.#exec() ? 'written' : 'impossible'
    if (fix.setting === 'bind' && String(fix.value).includes(`$${this.#policy.port.env}`) && (this.#isOwnPort() || this.#isNoPort()))
      return 'impossible'
    const word = fix.entry?.argument?.word
    if (this.#additions.has(fix.setting) || (word && this.#touched.has(word))) return 'later'
    const replaced = fix.entry !== undefined && this.#replace(fix.entry, fix.setting, String(fix.value))
    if (replaced && word) this.#touched.add(word)
    return replaced || this.#append(fix) ? 'written' : 'impossible'
  }

  /** True in a script within another one where the file's platform wants characters escaped: it takes the first turn, and the words here the last. */
  #isOutOfReach(): boolean {
    const { script, container } = this.#invocation
    return script?.nested === true && container.platform !== undefined && container.platform.spelling.literal('"$(') !== '"$('
  }

  /** True where a script has given the port variable a value of its own, or lacks it: what is written with it is not the platform's port. */
  #isOwnPort(): boolean {
    const { command, environment, insertion } = this.#invocation
    if (insertion.kind === 'text' && (!insertion.inherits || command?.environment.closed === true)) return true
    const name = this.#policy.port.env
    if (command?.environment.has(name) !== true) return false
    // A variable that the container does not have, and of which something is known, is one that the script has set, or unset.
    const given = environment.variables.get(name)
    return given === undefined || command.environment.get(name) !== given.value
  }

  /** True where the container defines the port variable as what is none: nothing may be made to read it. */
  #isNoPort(): boolean {
    const value = this.#invocation.environment.variables.get(this.#policy.port.env)?.value
    return typeof value === 'string' && !isPort(value)
  }

  /** The edits, those that move later elements last. */
  edits(): Edit[] {
    // From the last element on, so that the places of those before still hold.
    const removals = this.#removals.toSorted((a, b) => Number(b.path.at(-1)) - Number(a.path.at(-1)))
    return [...this.#replacements, ...removals, ...this.#inserted()]
  }

  /** Puts text in front of a value; the value may be what an expansion makes, as long as it makes nothing else. */
  #put({ put, before: { argument } }: Extract<Fix, { put: unknown }>): ReturnType<Writer['add']> {
    if (!argument || (argument.text === null && this.#isOwnPort())) return 'impossible'
    const { word } = argument
    // gunicorn strips the blank in front of an address, and not one behind the colon.
    const written = word.text.slice(argument.offset)
    const offset = argument.offset + written.length - written.trimStart().length
    if (this.#touched.has(word)) return 'later'
    const { form, insertion, words, placeOf, script } = this.#invocation
    const { path } = placeOf(word)
    if (word.text.slice(0, offset) !== word.prefix.slice(0, offset)) return 'impossible'
    if (form === 'exec') this.#replacements.push({ op: 'replace', path, value: word.text.slice(0, offset) + put + word.text.slice(offset) })
    else {
      const isAlone = words.every((other) => other === word || other.start !== word.start)
      const at = word.start + offset
      const splice = insertion.kind === 'text' && isAlone && script ? spliced(script, { start: at, end: at, text: put }) : undefined
      if (!splice) return 'impossible'
      this.#replacements.push({ op: 'splice', path, ...splice })
    }
    this.#touched.add(word)
    // A number that nothing in sight gives is the platform's, unless there is a default.
    if (argument.text === null && !word.text.includes(':-'))
      this.needsPort ||= !this.#invocation.environment.variables.has(this.#policy.port.env)
    return 'written'
  }

  #exec(): boolean {
    const at = this.#invocation.shell?.seat()
    if (at?.start === undefined || this.#invocation.insertion.kind !== 'text') return false
    this.#replacements.push({ op: 'splice', path: at.path, start: at.start, end: at.start, text: 'exec ' })
    return true
  }

  /** Leaves an option out: on the command line, and in the container's GUNICORN_CMD_ARGS. */
  #drop(setting: string): ReturnType<Writer['add']> {
    const { words, settings, variables } = this.#invocation
    const releases = settings.readings.flatMap((reading) => reading.releases[0] ?? [])
    const written = omit(words.slice(1), setting, releases)
    const text = variables(cmdArgs) ?? ''
    const listed = splitWords(text)
    const inVariable = Array.isArray(listed) ? omit(listed, setting, releases) : undefined
    if (!written || !inVariable || written.length + inVariable.length === 0) return 'impossible'
    if (written.some(({ word }) => this.#touched.has(word))) return 'later'
    const edits = [...written.map((omission) => this.#omitted(omission)),
      ...inVariable.map((omission) => this.#omittedFromVariable(omission, text))]
    if (edits.some((edit) => edit === undefined) || (inVariable.length > 0 && !this.#shared.isDroppedByAll(setting, this.#invocation)))
      return 'impossible'
    for (const edit of edits) {
      if (edit?.op === 'remove') this.#removals.push(edit)
      else if (edit) this.#replacements.push(edit)
    }
    for (const { word } of written) this.#touched.add(word)
    return 'written'
  }

  /** Undefined where a word cannot be left out. */
  #omitted({ word, left }: Omission): Edit | undefined {
    const { form, insertion, words, placeOf, script } = this.#invocation
    const { path } = placeOf(word)
    const { start, end } = word
    const isPlain = word.text === word.value
    if (form === 'exec') {
      // What stands in one string with others is no element to take out.
      if (insertion.kind !== 'list' || typeof path.at(-1) !== 'number') return undefined
      if (left === undefined) return { op: 'remove', path }
      return isPlain ? { op: 'replace', path, value: left } : undefined
    }
    // A word that an expansion makes stands for others as well, or for the same elsewhere.
    const isAlone = !/[$`]/.test(word.text) && words.every((other) => other === word || other.start !== word.start)
    if (insertion.kind !== 'text' || !script || !isAlone) return undefined
    const source = script.text
    const splice = (from: number, text: string): Edit | undefined => {
      const made = spliced(script, { start: from, end, text })
      return made && { op: 'splice', path, ...made }
    }
    if (left !== undefined) return isPlain ? splice(start, left) : undefined
    // Before a redirection a number would become its descriptor; where words are put in, nothing else may be touched.
    const staysApart = /[<>]/.test(source.charAt(end)) || (insertion.before && insertion.offset === start)
    return splice(staysApart ? start : start - blanksBefore(source.slice(0, start)), '')
  }

  /** Undefined where the variable is not the container's own, as it is written there. */
  #omittedFromVariable({ word, left }: Omission, text: string): Edit | undefined {
    const { environment, container } = this.#invocation
    const variable = environment.variables.get(cmdArgs)
    const isSetElsewhere = mentions(container, cmdArgs)
    if (variable?.entry.value !== text || isSetElsewhere || (left !== undefined && word.text !== word.value)) return undefined
    const path = variable.entry.path ?? [...container.envPath, variable.entry.index, 'value']
    if (left !== undefined) return { op: 'splice', path, start: word.start, end: word.end, text: left }
    const blanks = blanksBefore(text.slice(0, word.start))
    // The first word takes the blanks behind it along.
    const after = word.start === blanks ? (/^\s*/.exec(text.slice(word.end))?.[0].length ?? 0) : 0
    return { op: 'splice', path, start: word.start - blanks, end: word.end + after, text: '' }
  }

  #split({ split, into }: Extract<Fix, { split: unknown }>): boolean {
    const { path } = this.#invocation.placeOf(split)
    const [name, ...values] = into
    const index = path.at(-1)
    if (name === undefined || typeof index !== 'number' || this.#invocation.insertion.kind === 'none') return false
    // Elements behind come first, so that the places of those before still hold.
    this.#replacements.unshift(
      { op: 'replace', path, value: name },
      ...values.map((value, at): Edit => ({ op: 'add', path: [...path.slice(0, -1), index + 1 + at], value })),
    )
    return true
  }

  /** Replaces a value where it stands on the command line; false where that is not possible. */
  #replace(entry: Entry, setting: string, value: string): boolean {
    const { argument } = entry
    if (!argument || this.#invocation.settings.get(setting)?.source !== 'command line') return false
    const { word, offset } = argument
    const place = this.#invocation.placeOf(word)
    const before = word.text.slice(0, offset)
    if (this.#invocation.insertion.kind === 'none') return false
    if (this.#invocation.form === 'exec') {
      if (before !== word.prefix.slice(0, offset)) return false
      const text = before + this.#forList(setting, value)
      if (text !== word.text) this.#replacements.push({ op: 'replace', path: place.path, value: text })
      return true
    }
    const { insertion, script } = this.#invocation
    // A word that an expansion makes stands for others as well, or for the same elsewhere; the port's variable as only Kubernetes reads it stands for itself.
    if (insertion.kind !== 'text' || /[$`]/.test(word.text.replace(`$(${this.#policy.port.env})`, ''))) return false
    const head = word.value?.slice(0, offset) ?? ''
    const plain = word.text === word.value
    const text = (plain || head === '' ? before : quote(head)) + this.#forShell(setting, value)
    const splice = script && spliced(script, { start: word.start, end: word.end, text })
    if (splice) this.#replacements.push({ op: 'splice', path: place.path, ...splice })
    return splice !== undefined
  }

  /** Adds a setting to the command line, which overrides what is set elsewhere. */
  #append({ setting, value, entry }: Extract<Fix, { setting: string }>): boolean {
    const { insertion } = this.#invocation
    if (insertion.kind === 'none') return false
    const current = this.#invocation.settings.get(setting)
    const listed = Array.isArray(current?.value)
    const isInFront = insertion.kind === 'list' ? insertion.before !== undefined : insertion.before
    // On one layer a list grows by what is added, so that the wrong value would stay; and what stands in front is overridden.
    if (entry && (listed || isInFront || entry.value === undefined) && current?.source === 'command line') return false
    const values = entry && listed ? (current?.entries ?? []).map((other) => (other === entry ? value : String(single(other.value))))
      : [value]
    this.#additions.set(setting, values)
    return true
  }

  #inserted(): Edit[] {
    const { insertion, script } = this.#invocation
    // In the order of the platform's default command.
    const order = this.#additions.size > 1 ? Object.keys(this.#policy.defaults) : []
    const settings = [...this.#additions].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    const options: string[][] = []
    for (const [setting, values] of settings) for (const value of values) options.push(this.#words(setting, value))
    if (options.length === 0 || insertion.kind === 'none') return []
    if (insertion.kind === 'list') {
      const { path, before } = insertion
      const end = [...path, '-']
      const edits: Edit[] = []
      for (const words of options)
        for (const value of words) edits.push({ op: 'add', path: before === undefined ? end : [...path, before + edits.length], value })
      return edits
    }
    const { offset, before, between } = insertion
    const text = options.map((words) => words.join(' '))
    const splice = script &&
      spliced(script, { start: offset, end: offset,
        text: before ? text.map((one) => `${one} `).join('') : text.map((one) => between + one).join('') })
    return splice && script ? [{ op: 'splice', path: script.path, ...splice }] : []
  }

  /** An option and its value, as they are written in this form. */
  #words(setting: string, written: string | number | true): string[] {
    const flags = this.#invocation.releases[0]?.settings[setting]?.flags ?? []
    if (written === true) return flags.slice(0, 1)
    const value = String(written)
    const text = this.#invocation.form === 'exec' ? this.#forList(setting, value) : this.#forShell(setting, value)
    // A value that begins with a dash would be taken for an option.
    if (value.startsWith('-') && value !== '-') return [`${flags.find((flag) => flag.startsWith('--')) ?? ''}=${text}`]
    return [flags.find((flag) => !this.#invocation.container.platform?.spelling.swallows?.(flag)) ?? '', text]
  }

  /** In a list the kubelet expands `$(PORT)`, and nothing else. */
  #forList(setting: string, value: string): string {
    const { literal = escape, variable = (name: string) => `$(${name})` } = this.#invocation.container.platform?.spelling ?? {}
    return this.#withPort(setting, value, literal, variable)
  }

  #forShell(setting: string, value: string): string {
    const { literal = String, variable = (name: string) => `$${name}` } = this.#invocation.container.platform?.spelling ?? {}
    return this.#withPort(setting, value, (text) => (text === '' ? '' : quote(literal(text))), variable) || "''"
  }

  /** A value in which `$PORT` stays a variable: in `bind`, the only setting whose value reads one. */
  #withPort(setting: string, value: string, literal: (text: string) => string, variable: (name: string) => string): string {
    const name = this.#policy.port.env
    const parts = setting === 'bind' ? value.split(`$${name}`) : [value]
    if (parts.length > 1 && !this.#invocation.environment.variables.has(name)) this.needsPort = true
    return parts.map(literal).join(variable(name))
  }
}
