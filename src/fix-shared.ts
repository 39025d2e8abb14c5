/** A script that several start, each in its own way → the edits that are right for all of them. Pure, idempotent. */
import { bounded, unlessUnread } from './budget.ts'
import { applySplices, inOrder, type Edit, type Splice } from './edit.ts'
import type { Finding } from './finding.ts'
import { mendOnce, mostRounds, type Fixed } from './fix.ts'
import type { Invocation } from './inspect.ts'
import type { Path } from './kubernetes/field.ts'
import type { Workload } from './kubernetes/workload.ts'
import { lint, type Report } from './lint.ts'
import type { Policy } from './policy/policy.ts'
import type { Python } from './python/known.ts'
import type { Fix } from './rules/rule.ts'

/** Whoever reads the text. */
export interface Reader {
  /** For messages: `process "web"`. */
  readonly name: string
  readonly report: Report
  readonly policy: Policy
  readonly python: Python
  /** Where the text stands in what the report is about. */
  readonly path: Path
  /** Reads another text in its place; undefined for one that cannot be read. */
  readonly read: (text: string) => Workload | undefined
  /** True where nothing is to be mended for its sake. */
  readonly isFixed: boolean
}

/**
 * Mends what can be mended for all readers at once: an edit is made only where every command that stands at that place, whoever
 * reads it, is to have it. A value that one of them has chosen would be overridden otherwise.
 * @param unknown the name of someone who may read it as well, in a way that is not known: nothing is mended then
 */
export function fixShared(text: string, readers: readonly Reader[], unknown: string | undefined): readonly Fixed[] {
  const states = readers.map((reader) => new State(reader))
  const rounds: (readonly Splice[])[] = []
  let edited = text
  for (;;) {
    const wanted = new Wanted(states)
    const splices: Splice[] = []
    let more = false
    for (const state of states) {
      state.withhold((invocation, fix) => (unknown === undefined ? wanted.reasonAgainst(invocation, fix)
        : `${unknown} names this script as well, in a way that cannot be followed`)
      )
      more = state.mend(splices) || more
    }
    if (splices.length > 0) rounds.push(inOrder(splices))
    const next = applySplices(edited, inOrder(splices))
    const isLast = !more || splices.length === 0 || rounds.length === mostRounds || !states.every((state) => state.readAnew(next))
    if (isLast) return states.map((state) => state.outcome(rounds))
    edited = next
    for (const state of states) state.step()
  }
}

/** Where one reader has got to. */
class State {
  readonly reader: Reader
  report: Report
  #next: Report | undefined
  /** What was mended in rounds before this one, and what is in this one. */
  readonly #earlier: Finding[] = []
  readonly #mended = new Set<Finding>()
  #isPutOff = false

  constructor(reader: Reader) {
    this.reader = reader
    this.report = reader.report
  }

  /** Leaves out the fixes against which there is a reason. */
  withhold(reasonAgainst: (invocation: Invocation, fix: Fix) => string | undefined): void {
    const findings = this.report.findings.flatMap((finding) => {
      const reason = finding.invocation && finding.fix ? reasonAgainst(finding.invocation, finding.fix) : undefined
      return reason === undefined ? finding : (finding.notMended(reason, remedyFor(finding.fix, this.reader.name)) ?? [])
    })
    this.report = { ...this.report, findings }
  }

  /** Adds its edits to those of the others, all or none; true where there may be more to mend once they are made. */
  mend(splices: Splice[]): boolean {
    const { reader: { isFixed, policy, python, path }, report } = this
    const round = isFixed ? undefined : unlessUnread(() => mendOnce(report, policy, python))
    this.#isPutOff = false
    if (!round) return false
    const own = round.edits.flatMap((
      edit,
    ): Splice[] => (edit.op === 'splice' && isSame(edit.path, path) ? [{ start: edit.start, end: edit.end, text: edit.text }] : []))
    if (own.length < round.edits.length) return false
    this.#isPutOff = !fits(own, splices)
    if (this.#isPutOff) return true
    const others = own.filter((one) => !splices.some((other) => isEqual(one, other)))
    splices.push(...others)
    for (const finding of round.mended) this.#mended.add(finding)
    return round.more
  }

  /** False where nobody reads the text as it would be. */
  readAnew(text: string): boolean {
    const { report, reader: { read, policy, python } } = this
    const workload = read(text)
    this.#next = workload && bounded(() => lint(workload, policy, python, report.surroundings))
    return this.#next !== undefined
  }

  /** Goes on with what was read anew. */
  step(): void {
    if (!this.#next) return
    const left = new Set(this.#next.findings.map(({ message }) => message))
    // The edits of others have mended what is not found again.
    if (this.#isPutOff) {
      for (const finding of this.report.findings) if (finding.fix && !left.has(finding.message)) this.#mended.add(finding)
    }
    this.#earlier.push(...this.report.findings.filter((finding) => this.#mended.has(finding)))
    this.report = this.#next
  }

  outcome(rounds: readonly (readonly Splice[])[]): Fixed {
    const { path } = this.reader
    const left = this.report.findings.flatMap((finding) => (this.#mended.has(finding) ? finding : (finding.withoutFix() ?? [])))
    return { rounds: rounds.map((splices) => splices.map((splice): Edit => ({ op: 'splice', path, ...splice }))),
      findings: [...this.#earlier, ...left], mended: this.#mended }
  }
}

/** What the commands at each place are to have. */
class Wanted {
  readonly #places = new Map<number | undefined, { readonly invocation: Invocation; readonly name: string }[]>()
  readonly #fixes = new Map<Invocation, Set<string>>()
  /** Asked for by many that read alike. */
  readonly #known = new Map<string, string | undefined>()

  constructor(states: readonly State[]) {
    for (const { report, reader: { name } } of states) {
      for (const invocation of report.invocations) {
        // What only prints something takes any value.
        if (invocation.settings.readings.every(({ exits }) => exits !== undefined)) continue
        const those = this.#places.get(invocation.place.start) ?? []
        this.#places.set(invocation.place.start, those)
        those.push({ invocation, name })
      }
      for (const { invocation, fix } of report.findings) {
        if (!invocation || !fix) continue
        const those = this.#fixes.get(invocation) ?? new Set()
        this.#fixes.set(invocation, those)
        those.add(keyOf(fix))
      }
    }
  }

  /** Why a fix is not to be made, for a message; undefined where all that stand there are to have it. */
  reasonAgainst({ place: { start } }: Invocation, fix: Fix): string | undefined {
    const key = keyOf(fix)
    const at = `${start} ${key}`
    if (!this.#known.has(at)) {
      const other = this.#places.get(start)?.find(({ invocation }) => this.#fixes.get(invocation)?.has(key) !== true)
      this.#known.set(at, other &&
        `${other.name} starts this script as well, and ${
          'setting' in fix ? choice(other.invocation, fix.setting) : 'is not to have that changed'
        }`)
    }
    return this.#known.get(at)
  }
}

const remedyFor = (fix: Fix | undefined, name: string): string =>
  fix && 'setting' in fix
    ? `Set it for ${name} alone: in GUNICORN_CMD_ARGS on its own line, or in words there that the script hands on by \`"$@"\`.`
    : `Let ${name} start a script of its own.`

function choice({ settings }: Invocation, setting: string): string {
  const isSet = settings.isSet(setting)
  if (isSet === 'no') return `is not to have its \`${setting}\` changed`
  return isSet === 'yes' ? `sets \`${setting}\` itself` : `may set \`${setting}\` itself`
}

/** Fixes with one key come to the same text where they stand at one place. */
function keyOf(fix: Fix): string {
  if ('put' in fix) return JSON.stringify(['put', fix.put, fix.before.argument?.word.start])
  if ('split' in fix) return JSON.stringify(['split', fix.into, fix.split.start])
  if ('setting' in fix) return JSON.stringify(['setting', fix.setting, fix.value, fix.entry?.argument?.word.start])
  return 'splices' in fix ? JSON.stringify(fix.splices) : JSON.stringify(fix)
}

/** Whether splices may be made together with others: each is one of them, or stands apart from all of them. */
const fits = (own: readonly Splice[], others: readonly Splice[]): boolean =>
  own.every((one) => others.every((other) => isEqual(one, other) || one.end < other.start || other.end < one.start))

const isEqual = (one: Splice, other: Splice): boolean => one.start === other.start && one.end === other.end && one.text === other.text

const isSame = (one: Path, other: Path): boolean => one.length === other.length && one.every((step, index) => step === other[index])
