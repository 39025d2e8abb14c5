/**
 * Scripts that no shell reads to their end: what every one of dash, bash and busybox ash calls a syntax error.
 *
 * A shell reads a script one complete command after the other, and runs each before it reads the next one: what stands on the
 * lines before the one that it refuses is run. Confirmed against the real shells by test/conformance/refusal.test.ts.
 */
import type { Syntax } from './syntax.ts'

/** Why no shell takes a script. */
export interface Refusal {
  readonly message: string
  /** Where the shell sees it: an offset in the script. */
  readonly at: number
  /** From where on nothing of the script is run. */
  readonly from: number
}

/** What not every shell refuses that bash does: a simple command as the body of a function, a `[` that is not closed. */
const notSure = /function body|array subscript|arithmetic|nesting depth/

/** What one shell has a syntax of its own for. */
const dialectal = /\[\[|\]\]|\(\(|&>|>&|<&|<<<|\$\[|extglob/

/** Whether a shell may see the end of `${` where the parser sees none: dash does behind a quote in its name. */
const mayBeClosed = ({ message, pos }: { readonly message: string; readonly pos: number }, source: string): boolean =>
  message.includes('parameter expansion') && /['"`\\}]/.test(source.slice(Math.max(0, source.lastIndexOf('${', pos + 1))))

/** Why no shell takes a script that was parsed; undefined where one may. */
export function refusalOf({ errors, commands }: Pick<Syntax.ParsedScript, 'errors' | 'commands'>, source: string): Refusal | undefined {
  const [first] = errors ?? []
  if (!first || notSure.test(first.message) || dialectal.test(source) || mayBeClosed(first, source)) return undefined
  const { message, pos: at } = first
  let index = commands.findLastIndex(({ pos }) => pos <= at)
  const last = commands[index]
  if (!last) return { message, at, from: lineStart(source, at) }
  const isWithin = last.end >= at || last.end <= last.pos || message.includes(' to close ')
  if (!isWithin && source.slice(last.end, at).includes('\n')) return { message, at, from: lineStart(source, at) }
  // What stands on one line is read as one.
  while (index > 0 && !source.slice(commands[index - 1]!.end, commands[index]!.pos).includes('\n')) index--
  return { message, at, from: commands[index]!.pos }
}

const lineStart = (source: string, at: number): number => source.lastIndexOf('\n', at - 1) + 1
