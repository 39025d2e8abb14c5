/**
 * What becomes of a SIGTERM, with which a container is stopped: which process gets it, and whether it comes to gunicorn.
 *
 * A process with PID 1 that does not handle the signal is not ended by it: the kernel drops it. Shells wait for their command and
 * handle nothing. Which shells become their last command instead of waiting for it is what dash 0.5.12, bash 5.2 and busybox
 * 1.35 do, as test/conformance/termination.test.ts sees them.
 */
import { spend } from '../budget.ts'
import type { Command } from '../shell/command.ts'
import type { Word } from '../shell/word.ts'
import { baseName } from './invocation.ts'

/** Where `sh` is not known to be one of them, it may be dash (Debian, Ubuntu), busybox (Alpine) or bash (Red Hat). */
export type ShellProgram = 'dash' | 'bash' | 'busybox' | 'sh'

/** A process that may stand between the container and gunicorn. */
export type Parent =
  | {
    readonly kind: 'wrapper'
    readonly name: string
    readonly stays: boolean
    /** Whether a SIGTERM that it gets reaches what it started; null where that is not known. */
    readonly passes: boolean | null
  }
  | {
    readonly kind: 'shell'
    readonly name: string
    readonly program: ShellProgram
    /** The script that it was given by `-c`, or on its standard input, and which of its commands is meant. */
    readonly script: string
    readonly isInput: boolean
    readonly command: Command
    /** True where the script is a file that the shell runs by name. */
    readonly isFile: boolean
    /** True where the script sets a trap, or sends something into the background, before or elsewhere. */
    readonly traps: boolean
    readonly jobs: boolean
  }

/** What a SIGTERM to the container comes to. */
export interface Termination {
  /**
   * `graceful`: gunicorn gets it. `ignored`: nothing happens until SIGKILL. `cut off`: gunicorn is killed while it works, as a
   * process above it ends. `unknown`: it depends on what cannot be seen.
   */
  readonly outcome: 'graceful' | 'ignored' | 'cut off' | 'unknown'
  /** The process with PID 1; undefined where it is gunicorn, `null` where that cannot be told. */
  readonly first: Parent | undefined | null
  /** The process that the signal does not get past; undefined where it gets to gunicorn. */
  readonly stopsAt: Parent | undefined
  /** Why it is unknown. */
  readonly because: string | undefined
}

/**
 * Follows a SIGTERM from PID 1 to gunicorn. `parents`, the outermost first, are those that are still there or may be. `isFirst`:
 * whether the outermost has PID 1, which it has not where the Pod shares its process namespace.
 */
export function termination(parents: readonly Parent[], isFirst = true): Termination {
  let first: Parent | undefined | null
  for (const parent of parents) {
    const stay = staying(parent)
    if (stay === 'leaves') continue
    if (stay === 'unknown') {
      const because =
        `it depends on what \`${parent.name}\` is in the image, as dash (Debian, Ubuntu) waits for gunicorn without passing it on, and others become gunicorn`
      return { outcome: 'unknown', first: first === undefined ? null : first, stopsAt: parent, because }
    }
    const hasPid1 = first === undefined && isFirst
    if (first === undefined) first = parent
    if (parent.kind === 'shell' && parent.traps)
      return { outcome: 'unknown', first, stopsAt: parent, because: 'the script sets a trap, which may pass it on' }
    const passes = parent.kind === 'wrapper' ? parent.passes : false
    if (passes === null)
      return { outcome: 'unknown', first, stopsAt: parent, because: `it is not known whether ${parent.name} passes it on` }
    if (!passes) return { outcome: hasPid1 ? 'ignored' : 'cut off', first, stopsAt: parent, because: undefined }
  }
  return { outcome: 'graceful', first, stopsAt: undefined, because: undefined }
}

/**
 * Whether a process is still there once gunicorn runs. The one answer to who stays in front of it: `explain` and the rules ask here.
 * `sh` is which shell `sh` is taken for, where that makes a difference.
 */
export function staying(parent: Parent, sh: ShellProgram = 'sh'): 'stays' | 'leaves' | 'unknown' {
  if (parent.kind === 'wrapper') return parent.stays ? 'stays' : 'leaves'
  const { command } = parent
  const program = parent.program === 'sh' ? sh : parent.program
  // In a pipeline or in the background, `exec` is the subshell's.
  if (command.piped || command.background) return 'stays'
  if (command.exec) {
    if (!isInSubshell(parent)) return 'leaves'
    // busybox gives way to a subshell as well, where nothing comes behind it.
    return program === 'busybox' || program === 'sh' ? (!isLastOfBusybox(parent) ? 'stays' : program === 'sh' ? 'unknown' : 'leaves')
      : 'stays'
  }
  // What may still come on its standard input, or in its file, is not known to be the last.
  if (parent.isInput || parent.isFile) return 'stays'
  const [bash, busybox] = [isLastOfBash(parent), isLastOfBusybox(parent)]
  if (program === 'dash') return 'stays'
  if (program === 'bash') return bash ? 'leaves' : 'stays'
  if (program === 'busybox') return busybox ? 'leaves' : 'stays'
  return bash || busybox ? 'unknown' : 'stays'
}

type Shell = Extract<Parent, { kind: 'shell' }>

/** How much of a script is looked at on either side of a command: nobody puts more blanks there, or more that closes branches. */
const farthest = 1000

const textBefore = ({ script, command }: Shell): string => script.slice(Math.max(0, command.start - farthest), command.start)

/** What stands behind a command; undefined where that is so long that there is more to come. */
const textBehind = (
  { script, command }: Shell,
): string | undefined => (script.length - command.end > farthest ? undefined : script.slice(command.end))

/** bash becomes the last command of a `-c` where nothing but one line break stands behind it: no redirection, no `fi`. */
function isLastOfBash(shell: Shell): boolean {
  const { command, traps, jobs } = shell
  if (traps || jobs || command.embedded) return false
  return /^[ \t;]*(?:#[^\n]*)?\n?$/.test(textBehind(shell) ?? 'more') && /(?:^|[;&|\n])[^\S\n]*$/.test(textBefore(shell))
}

/** busybox also becomes one with redirections, or in a branch, where no line break stands behind all of it. */
function isLastOfBusybox(shell: Shell): boolean {
  const before = textBefore(shell).replaceAll(redirections, ' ').replace(/\bexec[^\S\n]*$/, '')
  if (shell.traps || shell.command.embedded || !/(?:^|[;&|\n{()]|\bthen|\belse|\bdo)[^\S\n]*$/.test(before)) return false
  const closing = (textBehind(shell) ?? 'more').replace(/(?<![^\n])([^#\n]*)#[^\n]*$/, '$1').replaceAll(redirections, ' ')
  return /^(?:[\s;})]|\bfi\b|\besac\b)*$/.test(closing) && !/\n[^\S\n]*$/.test(closing)
}

const redirections = /(?:(?<!\d)\d+)?(?<![<>])[<>]+&?\s*[\w./$"'-]+/g

/** Whether a parenthesis is open around a command, which a subshell runs then. */
function isInSubshell({ script, command }: Shell): boolean {
  const opens = command.start === 0 ? -1 : script.lastIndexOf('(', command.start - 1)
  spend((command.start - opens) / 1000)
  return opens >= 0 && !script.slice(opens, command.start).includes(')') && script.includes(')', command.end)
}

/**
 * Init programs that send a signal on to all processes of their child's group, and not to the child alone: by the option that
 * makes them do so, or keeps them from it. Sources: tini's and catatonit's `-g`, dumb-init's `-c`.
 */
const initPrograms: Readonly<Record<string, { readonly unless: RegExp } | { readonly with: RegExp }>> = {
  'dumb-init': { unless: /^(-[abd-z]*c[a-z]*|--single-child)$/ },
  catatonit: { with: /^-[a-z]*g/ },
  tini: { with: /^-[a-z]*g/ },
  'tini-static': { with: /^-[a-z]*g/ },
}

/** Whether an init program among the words that stand in front of a program sends signals to the program's whole group. */
export function signalsGroup(words: readonly Word[]): boolean {
  // The words behind each of a name are asked about: one that must be there is behind the first, one that must not is not behind the last.
  const seen = new Map<string, { readonly first: number; readonly last: number }>()
  for (const [index, { value }] of words.entries()) {
    const name = baseName(value ?? '')
    if (!Object.hasOwn(initPrograms, name)) continue
    seen.set(name, { first: seen.get(name)?.first ?? index, last: index })
  }
  return [...seen].some(([name, { first, last }]) => {
    const program = initPrograms[name]!
    const is = (pattern: RegExp, from: number): boolean => words.some(({ value }, at) => at > from && pattern.test(value ?? ''))
    return 'with' in program ? is(program.with, first) : !is(program.unless, last)
  })
}
