/** What a fix changed, by what the shell started and gunicorn read, before and after. */
import { releasesFor } from '../../src/gunicorn/catalogue.ts'
import type { Finding } from '../../src/finding.ts'
import type { Generated } from './containers.ts'
import type { Answer } from './gunicorn.ts'
import { containerOf, same, type Mending } from './mending.ts'
import { environmentOf, type Outcome, type Run } from './pods.ts'

/** The release that reads the command lines. */
export const release = '23.0.0'

export const isGunicorn = ({ argv }: Run): boolean => argv[0] === 'gunicorn'

/** What is wrong: other programs must be started as before, and gunicorn with no other settings changed than the fix names. */
export function runProblems(mending: Mending, before: Outcome, after: Outcome, answers: ReadonlyMap<Run, Answer>): string[] {
  const { generated } = mending
  // Lines that are joined are of gunicorn's command from then on, and no command of their own: other programs, and other settings.
  if ([...mending.fixed.mended].some(({ fix }) => fix && 'splices' in fix)) return []
  const inOrder = generated.calm && !isParallel(generated)
  const [was, is] = [before, after].map((outcome) => started(outcome, inOrder, mending))
  if (!same(was, is)) return [`${argvs(before)} became ${argvs(after)}`]
  const effects = inOrder ? (['status', 'stdout', 'stderr', 'files'] as const) : []
  return [
    ...effects.flatMap((name) => {
      const was = withoutLines(before[name])
      return difference(name, was, withoutLines(after[name]), name === 'stderr' ? [was, withoutPort(was)] : [was])
    }),
    ...pairs(before, after, inOrder).flatMap(([one, other]) => {
      const [old, now] = [answers.get(one), answers.get(other)]
      const problems = old && now ? settingProblems(mending, other, old, now) : ['gunicorn was not asked']
      return problems.map((problem) => `${problem}\n    ${JSON.stringify(one.argv)}\n    ${JSON.stringify(other.argv)}`)
    }),
  ]
}

function difference(name: string, was: unknown, is: unknown, wanted: readonly unknown[] = [was]): string[] {
  if (wanted.some((value) => same(value, is))) return []
  return [`${name} was ${JSON.stringify(was)}, is ${JSON.stringify(is)}, not ${JSON.stringify(wanted[0])}`]
}

/** Without what a shell says of `$(PORT)`, which it takes for a command: where that is mended, it says so no more. */
const withoutPort = (
  stderr: unknown,
): unknown => (typeof stderr === 'string' ? stderr.replaceAll(/^.*\bPORT: (?:command )?not found\n/gm, '') : stderr)

const argvs = ({ runs }: Outcome): string => JSON.stringify(runs.map(({ argv }) => argv))

/** The programs with their environments; without the arguments of gunicorn, which are compared by what they mean. */
function started({ runs }: Outcome, inOrder: boolean, { policy }: Mending): string[] {
  const shown = policy.injection === 'Environment' ? withoutInjected : comparable
  const texts = runs.map((run) => `${isGunicorn(run) ? 'gunicorn' : JSON.stringify(run.argv)}\n${shown(run.environment)}`)
  return inOrder ? texts : texts.sort()
}

/**
 * An environment without what a fix may change: after `exec` bash counts one shell less in SHLVL, and tells no name in `_`; what stands
 * in GUNICORN_CMD_ARGS is compared by what it means.
 */
const comparable = (environment: string): string => environment.replace(/^export (SHLVL|_|GUNICORN_CMD_ARGS)\b.*\n?/gm, '').trimEnd()

/**
 * The variables of `export -p` but for those that settings go into, which every program of the container gets. Their order depends on
 * how many there are.
 */
function withoutInjected(environment: string): string {
  const others = environment.split(/^export /m).filter((text) => !/^(GUNICORN_CMD_ARGS|WEB_CONCURRENCY)\b/.test(text))
  return others.map((text) => text.trimEnd()).sort().join('\n')
}

/** Programs that run at once, in the background or in a pipeline, are recorded in any order. */
function isParallel({ container: { command = [], args = [] } }: Generated): boolean {
  return /(^|[^&>])&([^&>0-9]|$)|[^|>]\|[^|]/.test([...command, ...args].join('\0'))
}

/** The same start before and after: they come in the same order, or are told by their marks. */
function pairs(before: Outcome, after: Outcome, inOrder: boolean): [Run, Run][] {
  const byMark = (a: Run, b: Run): number => (markOf(a.argv) ?? '').localeCompare(markOf(b.argv) ?? '')
  const [was, is] = [before, after].map(({ runs }) => (inOrder ? runs.filter(isGunicorn) : runs.filter(isGunicorn).sort(byMark)))
  return (was ?? []).map((run, index) => [run, is?.[index] ?? run])
}

/** What tells one invocation from another: its application, or a word that stands where one would. */
function markOf(words: readonly (string | null)[]): string | undefined {
  return words.find((word) => word !== null && /^(app|k|e)\d+/.test(word)) ?? undefined
}

/** A change that a finding names: `entry` is the index of the list's entry that it replaces, -1 where it sets all. */
export interface Change {
  readonly setting: string
  /** Undefined where the platform says nothing of it: what is taken apart is the user's. */
  readonly value: string | number | boolean | undefined
  readonly entry: number
  /** What is put in front of the value that it had. */
  readonly put?: string
}

/** What a finding's fix changes. */
export function changesOf({ fix, invocation }: Finding, reader: string): Change[] {
  // Where only the port is defined, all else stays: it is defined before, too, when the container is run.
  if (!fix || 'define' in fix || 'exec' in fix || 'splices' in fix) return []
  if ('split' in fix) {
    const match = releasesFor(reader)[0]?.long(fix.into[0] ?? '')
    return match && 'option' in match ? [{ setting: match.option.name, value: undefined, entry: -1 }] : []
  }
  if ('put' in fix) {
    const entries = invocation?.settings.get('bind')?.entries ?? []
    return [{ setting: 'bind', value: undefined, put: fix.put, entry: entries.indexOf(fix.before) }]
  }
  if ('drop' in fix) return [{ setting: fix.drop, value: false, entry: -1 }]
  const entries = invocation?.settings.get(fix.setting)?.entries ?? []
  return [{ setting: fix.setting, value: fix.value, entry: fix.entry ? entries.indexOf(fix.entry) : -1 }]
}

function settingProblems(mending: Mending, run: Run, before: Answer, after: Answer): string[] {
  const { fixed, generated, after: object, reader = release } = mending
  const marks = [markOf(run.argv), undefined]
  const isMeant = ({ invocation }: Finding): boolean =>
    invocation !== undefined && marks.includes(markOf(invocation.words.map(({ value }) => value)))
  const findings = [...fixed.mended].filter(isMeant)
  const isSplit = findings.some(({ fix }) => fix && ('split' in fix || 'splices' in fix))
  // Of changes to one entry the last one counts.
  const changes = new Map(
    findings.flatMap((finding) => changesOf(finding, reader)).map((change) => [`${change.setting} ${change.entry}`, change]),
  )
  const named = Map.groupBy(changes.values(), ({ setting }) => setting)
  const [old, now] = [refusalOf(before), refusalOf(after)]
  // Once an address is mended, gunicorn may come to what it refuses besides.
  if (now !== null) return now === old || ((isSplit || named.has('bind')) && old !== null) ? [] : [`gunicorn refuses: ${now}`]
  if (old !== null && !isSplit && !named.has('bind')) return [`gunicorn no longer refuses: ${old}`]
  if (before.exit === 0 && after.exit === 0) return []
  if (before.exit !== after.exit && !isSplit) return [`ended with ${before.exit}, now with ${after.exit}`]
  // A script, or `env`, may set another port than the container's.
  const container = environmentOf({ ...generated, container: containerOf(object) })
  const ports = [container.get('PORT') ?? '', run.variables['PORT'] ?? '']
  // Of what gunicorn could not read there is nothing to compare.
  const read = [before, after].filter(({ settings }) => settings !== null)
  const common = read.length < 2 ? [] : read.flatMap(({ settings }) => Object.keys(settings ?? {}))
  return [
    ...(isSplit ? splitProblems(after) : []),
    ...(isSplit ? [] : read.flatMap(({ application }) => difference('application', application, after.application))),
    ...[...new Set([...common, ...named.keys()])].flatMap((name) => {
      const changing = named.get(name) ?? []
      const is = valueOf(name, after, reader)
      // Where gunicorn did not see the entry before, only what is written now can be looked at.
      const wasSeen = before.settings !== null && !(isSplit && changing.length > 0)
      const was = wasSeen ? valueOf(name, before, reader) : is
      const wanted = ports.map((port) => changing.reduce((value, change) => changed(value, is, change, port), was))
      return difference(name, was, is, mayStay(mending, before) ? [...wanted, ...setSomewhere(mending, name, ports), was] : wanted)
    }),
  ]
}

/**
 * Whether it does not matter if a setting that goes into variables is changed: by the image's own command line, which is not seen,
 * or for a check of the configuration, which is to check what then runs.
 */
function mayStay({ policy, generated: { entryPoint } }: Mending, { settings }: Answer): boolean {
  if (policy.injection === 'Command') return false
  return entryPoint !== undefined || settings?.['check_config'] === true || settings?.['print_config'] === true
}

/** What the fixes of all invocations make of a setting that is not set. */
function setSomewhere({ fixed, reader = release }: Mending, name: string, ports: readonly string[]): unknown[] {
  const changes = [...fixed.mended].flatMap((finding) => changesOf(finding, reader)).filter(({ setting, entry }) =>
    setting === name && entry < 0
  )
  return changes.flatMap((change) => ports.map((port) => changed(name === 'bind' ? [] : undefined, undefined, change, port)))
}

/** What stood joined with its value was taken for the application; now the real one must be. */
function splitProblems({ application }: Answer): string[] {
  return /^app\d+:app$/.test(application ?? '') ? [] : [`the application is ${application}`]
}

/** What a change makes of a setting's value. */
function changed(value: unknown, is: unknown, change: Change, port: string): unknown {
  if (change.put !== undefined)
    return Array.isArray(value) && value !== is ? value.with(change.entry, `${change.put}${value[change.entry]}`) : is
  if (change.value === undefined) return is
  const text = typeof change.value === 'string' ? change.value.replaceAll('$PORT', port) : change.value
  if (!Array.isArray(value)) return text
  return change.entry < 0 ? [text] : value.with(change.entry, text)
}

function refusalOf({ exit, error, bind_error, env_error }: Answer): string | null {
  return exit === 0 ? null : (error ?? bind_error ?? env_error)
}

function valueOf(name: string, { settings }: Answer, reader: string): unknown {
  return settings?.[name] ?? releasesFor(reader)[0]?.settings[name]?.default
}

/** What shells write without the numbers of lines that they name: an option that is added as a line of its own moves them. */
const withoutLines = (
  text: unknown,
): unknown => (typeof text === 'string' ? text.replaceAll(/: (?:line )?\d+: /g, ': line: ').replaceAll(/\bline \d+/g, 'line') : text)
