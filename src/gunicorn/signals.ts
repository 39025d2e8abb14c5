/** Who gets the SIGTERM that a container is stopped with. */
import type { Word } from '../shell/word.ts'
import { baseName } from './invocation.ts'

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

/** Whether a shell, told a script with `-c`, stays where the script's last command does its work. */
export type Stays = 'always' | 'enclosed' | 'never'

/**
 * What a shell makes of the last command of its script, where nothing keeps it (a trap, a pipeline, the background):
 * - `always`: it starts it, and waits
 * - `enclosed`: it gives way to it, but not in `if`, `case` or braces, nor where it has a redirection
 * - `never`: it gives way to it
 *
 * Measured: dash 0.5.12, bash 5.2, busybox 1.35; see test/conformance/termination.test.ts. `sh` is dash on Debian and Ubuntu.
 */
export const staysInPlace: Readonly<Record<string, Stays>> = {
  sh: 'always', dash: 'always', bash: 'enclosed', rbash: 'enclosed', ash: 'never', busybox: 'never',
}
