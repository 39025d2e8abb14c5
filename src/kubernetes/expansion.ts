/**
 * `$(VAR)` in `command`, `args` and `env`, as the kubelet expands it.
 * Source: k8s.io/kubernetes/third_party/forked/golang/expansion.
 */
import { spend } from '../budget.ts'

/** What a variable stands for: its value, null where it is unknown, undefined where it is surely not defined. */
export type Lookup = (name: string) => string | null | undefined

/** An expanded text. */
export interface Expanded {
  /** The text, with one `hole(i)` character for each part that is unknown. */
  readonly text: string
  /** The names of the unknown variables, by the number of their hole. */
  readonly unknown: readonly string[]
  /** The names that are referred to and not defined: they stay as they are written. */
  readonly undefined: readonly string[]
  /** Where a character of `text` stands in the source; the end of `text` gives the end of the source. */
  readonly source: (offset: number) => number
  /** True where it comes to more than `longestArgument`: it is unknown as a whole. */
  readonly isTooLong?: boolean
}

/** The first of the characters that stand for unknown parts: Unicode's private use area. */
const firstHole = 0xe000
const lastHole = 0xf8ff

/** What stands in a text for a part that is not known before. */
export const unknownPart = String.fromCharCode(firstHole)

/** The character that stands for the unknown part with this number. */
function hole(number: number): string {
  return String.fromCharCode(Math.min(firstHole + number, lastHole))
}

/**
 * The longest argument or `NAME=VALUE` that a program can get, in bytes. What is longer keeps the container from starting.
 * Source: Linux, include/uapi/linux/binfmts.h (MAX_ARG_STRLEN, which counts the NUL behind it).
 */
export const longestArgument = 131_071

/** Why a container with a longer one is not read: it does not start. */
export const tooLong = `words and variables are read to a length of ${longestArgument}, which is the longest that Linux passes to a program`

/** Where the first unknown part of an expanded text stands; -1 where all of it is known. */
export function firstHoleIn(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= firstHole && code <= lastHole) return i
  }
  return -1
}

const none: readonly string[] = []

const identity = (offset: number): number => offset

/** Expands `$(NAME)` and `$$`. A name that is not defined stays as it is written, as does a `$(` that is not closed. */
export function expand(input: string, lookup: Lookup): Expanded {
  if (!input.includes('$')) return { text: input, unknown: none, undefined: none, source: identity }
  const unknown: string[] = []
  const missing: string[] = []
  // Each piece is a run of output: where it begins there and in the source; within a copied piece both advance together.
  const pieces: { text: string; at: number; from: number; copied: boolean }[] = []
  let copiedFrom = 0
  let written = 0
  let length = 0
  let closed = true // false once no `)` stands ahead: do not look for one again from every `$(`
  const put = (text: string, from: number, copied: boolean): void => {
    pieces.push({ text, at: written, from, copied })
    written += text.length
  }
  const copy = (to: number): void => {
    if (to > copiedFrom) put(input.slice(copiedFrom, to), copiedFrom, true)
  }
  spend(input.length / 500)
  for (let at = input.indexOf('$'); at >= 0 && at < input.length - 1; at = input.indexOf('$', at + 1)) {
    spend(0.3)
    if (input[at + 1] === '$') {
      copy(at)
      put('$', at, false)
      copiedFrom = at + 2
      at += 1
    } else if (input[at + 1] === '(' && closed) {
      const close = input.indexOf(')', at + 2)
      if (close < 0) {
        closed = false
        at += 1
        continue
      }
      const name = input.slice(at + 2, close)
      const value = lookup(name)
      if (value !== undefined) {
        copy(at)
        if (value === null) unknown.push(name)
        put(value ?? hole(unknown.length - 1), at, false)
        copiedFrom = close + 1
        length += value?.length ?? 1
        // A few variables can stand for more than any memory holds.
        if (length > longestArgument)
          return { text: hole(0), unknown: [name], undefined: missing, source: (offset) => (offset === 0 ? 0 : input.length),
            isTooLong: true }
      } else missing.push(name)
      at = close
    } else at += 1
  }
  if (pieces.length === 0) return { text: input, unknown, undefined: missing, source: identity }
  copy(input.length)
  spend(written / 500)
  return {
    text: pieces.map((piece) => piece.text).join(''),
    unknown,
    undefined: missing,
    source: (offset) => (offset >= written ? input.length : sourceIn(pieces, offset)),
  }
}

/** A run of a text that was made of another one: where it begins in it, and in the other one. */
interface Run {
  readonly at: number
  readonly from: number
  /** True where both advance together. */
  readonly copied: boolean
}

/** Where a character of the text that runs make up stands in what they were made of. */
function sourceIn(runs: readonly Run[], offset: number): number {
  // The last run that does not begin behind it.
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle]?.at ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  const run = runs[low - 1]
  if (!run) return offset
  return run.copied ? run.from + offset - run.at : run.from
}

/**
 * Expands a text that is rewritten first: `$NAME` and `${NAME}` to `$(NAME)`, but for those behind a backslash. What stands behind
 * the name in the braces (`${NAME:-x}`) stays, with the brace.
 * Source: `ReplaceCommandEnvVariables` of TencentBlueKing/blueking-paas, operator/pkg/kubeutil/misc.go.
 */
export function expandRewritten(input: string, lookup: Lookup): Expanded {
  if (!/\$[{A-Za-z_]/.test(input)) return expand(input, lookup)
  // Where each run of the rewritten text begins, in it and in the input: within a run both advance together.
  const runs: Run[] = []
  let text = ''
  let done = 0
  const copy = (to: number): void => {
    if (to > done) runs.push({ at: text.length, from: done, copied: true })
    text += input.slice(done, to)
    done = to
  }
  for (const match of input.matchAll(/(?<!\\)\$(?:\{?)([A-Za-z_]\w*)\}?/g)) {
    spend(0.5)
    copy(match.index)
    runs.push({ at: text.length, from: match.index, copied: false })
    text += `$(${match[1]})`
    done = match.index + match[0].length
  }
  copy(input.length)
  const source = (offset: number): number => (offset >= text.length ? input.length : sourceIn(runs, offset))
  const expanded = expand(text, lookup)
  return { ...expanded, source: (offset) => source(expanded.source(offset)) }
}

/** A text written so that the kubelet's expansion gives it back as it is. */
export function escape(text: string): string {
  return text.includes('$') ? text.replaceAll(/\$(?=[$(])/g, '$$$$') : text
}
