/** What a command line says that no program reads as it is meant. Pure. */
import { spend } from './budget.ts'
import { startsGunicorn } from './gunicorn-name.ts'
import { unfolded, type Started } from './gunicorn/invocation.ts'
import { splitWords } from './gunicorn/shlex.ts'
import { shellScript, isShell } from './shell/invocation.ts'
import type { Refusal } from './shell/refusal.ts'
import { literal, type Word } from './shell/word.ts'

/** An element of a list that holds several. */
export interface Joined {
  readonly index: number
  /** What to make of it; undefined where only a shell can. */
  readonly into: readonly string[] | undefined
  /** True for an option of a shell and its script. */
  readonly isScript: boolean
}

/** Programs that hand on what they are to start as it is: others may split it. */
const plain = new Set(['tini', 'tini-static', 'dumb-init', 'catatonit', 'env', 'nice', 'nohup', 'gosu', 'su-exec', 'setpriv', 'chroot',
  'setsid', 'stdbuf', 'ionice'])

/** What a shell would do something with, but for variables: the kubelet has some, and rules speak of the others. */
const forShell = (text: string): boolean =>
  /[;&|<>`\n*?()[\]{}]|^(exec|cd|export|source|\.|set|if|for|while)\s|^\w+=/.test(
    text.replaceAll(/'[^']*'|"[^"]*"|\$\(\w+\)|\$\{\w+\}/g, ''),
  )

/** The element that holds the program and words of it; undefined where none does. */
export function joinedIn(words: readonly Word[], started: Started): Joined | undefined {
  if (started.kind !== 'program' || !started.passed.every(({ name }) => plain.has(name))) return undefined
  const { index } = started
  const own = words.slice(index)
  if (isShell(own)) return joinedScript(own, index)
  const { value, text } = words[index] ?? { value: null, text: '' }
  if (value === null || !/\s/.test(value.trim())) return undefined
  spend(value.length / 20)
  const inside = splitWords(text)
  const isPlain = Array.isArray(inside) && !forShell(text)
  if (!isPlain) return startsGunicorn(value) ? { index, into: undefined, isScript: false } : undefined
  const into = inside.map((word) => word.value ?? '')
  if (into.length < 2) return undefined
  const apart = [...words.slice(0, index), ...into.map((one) => literal(one)), ...words.slice(index + 1)]
  const found = unfolded(apart, () => () => null).started
  if (found.kind === 'gunicorn') return { index, into, isScript: false }
  const script = found.kind === 'program' ? shellScript(apart.slice(found.index)) : null
  const isOurs = script && found.kind === 'program' && startsGunicorn(apart[found.index + script.script]?.value ?? '')
  return isOurs ? { index, into, isScript: false } : undefined
}

/** `sh "-c gunicorn app"`: an option with its value in one element, of which a shell knows no such thing. */
function joinedScript(words: readonly Word[], index: number): Joined | undefined {
  const at = words.findIndex(({ value }, position) => position > 0 && value?.startsWith('-') !== true)
  const last = at < 0 ? words.length : at
  for (let position = 1; position < last; position++) {
    const [match, option = '', script = ''] = /^(-[a-z]*c)\s+(\S.*)$/s.exec(words[position]?.text ?? '') ?? []
    if (match !== undefined && startsGunicorn(script)) return { index: index + position, into: [option, script], isScript: true }
  }
  return undefined
}

/** Blanks of Unicode that are none to a shell, and characters without a width. */
const likeBlank = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]/g

/** Whether a character cannot be seen at all. */
export const isUnseen = (character: string): boolean => /[\u200b\u2060\ufeff]/.test(character)

/** Characters that look like blanks, outside of quotes, in the words of a command that speaks of gunicorn. */
export function likeBlanks(
  words: readonly Word[],
): readonly { readonly start: number; readonly end: number; readonly character: string; readonly word: string }[] {
  if (!words.some(({ text }) => text.includes('gunicorn'))) return []
  return words.flatMap(({ text, start }) =>
    /['"\\$`]/.test(text) ? []
      : [...text.matchAll(likeBlank)].map(({ 0: character, index }) => ({ start: start + index, end: start + index + character.length,
        character, word: text })
      )
  )
}

/** Whether a script may read the words behind it: all of what does so is taken for it. */
export const readsParameters = (script: string): boolean =>
  /\$[{#!]*[@*#\d_]|\b(shift|getopts|eval|source|BASH_ARGV|BASH_ARGC)\b|(^|[\s;&|])\.\s|\bfor\s+\w+\s*(;|\n|do\b)|\bselect\b/.test(script)

/** The words behind a script that are lost, of those that are more than the name which the shell is to have. */
export function lostWords(parameters: readonly Word[]): readonly Word[] {
  const [name, ...others] = parameters
  if (!name || parameters.some(({ value }) => value === null)) return []
  // A name for messages, as the shell's manual has it; `--` and `_` stand for one.
  return others.length === 0 && !/\s|^--?[A-Za-z]|:/.test(name.value ?? '') ? [] : parameters
}

/** The options behind a command, on a line that no `\` joins to it: where they stand in the script, and what joins them; undefined where there are none. */
export function cutOff(script: string, commandEnd: number): { readonly start: number; readonly end: number;
  readonly joining: readonly { start: number; end: number; text: string }[] } | undefined {
  const firstEnd = script.indexOf('\n', commandEnd)
  for (let from = commandEnd, isFirst = true; from < script.length; isFirst = false) {
    const newline = script.indexOf('\n', from)
    const end = newline < 0 ? script.length : newline
    const written = script.slice(from, end)
    const line = written.trim()
    spend(1 + line.length / 100)
    const start = from + written.length - written.trimStart().length
    if (!isFirst && /^--?[A-Za-z]/.test(line))
      return { joining: from === firstEnd + 1 ? joiningAt(script, firstEnd) : [], start, end: start + line.length }
    if (line !== '' && line !== '\\' && !line.startsWith('#')) return undefined
    from = end + 1
  }
  return undefined
}

/** What makes a line go on that ends at an offset: a `\` at its end, without what stands behind one. */
function joiningAt(script: string, end: number): readonly { start: number; end: number; text: string }[] {
  const start = script.lastIndexOf('\n', end - 1) + 1
  const line = script.slice(start, end)
  const kept = line.trimEnd()
  // What a carriage return makes of the other lines is for their author to mend, as are comments.
  if (kept.includes(' #') || (line.endsWith('\r') && (!kept.endsWith('\\') || isBrokenTwice(script)))) return []
  // A pair of them is one that is part of a word.
  let backslashes = 0
  while (kept.at(-1 - backslashes) === '\\') backslashes++
  return [{ start: start + kept.length, end, text: backslashes % 2 === 1 ? '' : ' \\' }]
}

/** Whether several lines were to go on, and do not: joined by one of them, what is read breaks at the next. */
function isBrokenTwice(script: string): boolean {
  const first = script.indexOf('\\\r\n')
  return first >= 0 && script.includes('\\\r\n', first + 1)
}

/** What comes of the line ends of Windows in a script that starts gunicorn, and where. `isExecuted`: its first line names the program that runs it. */
export function windowsLines(script: string, dialect: 'sh' | 'bash', isExecuted: boolean): { readonly start: number; readonly end: number;
  readonly detail: string; readonly doubt?: string } | undefined {
  const first = script.indexOf('\r\n')
  if (isExecuted && !script.slice(0, first).includes('\n'))
    return { start: 0, end: first,
      detail:
        'must not end with a carriage return, as the line ends of Windows have it: no program has such a name, and the script is not started' }
  // bash under its own name goes on.
  const [option] = dialect === 'sh' ? (/^set -[a-z]+(?=\r$)/m.exec(script.slice(0, script.indexOf('gunicorn'))) ?? []) : []
  if (option !== undefined) {
    const start = script.indexOf(`${option}\r`)
    return { start, end: start + option.length,
      detail: 'must not end with a carriage return, as the line ends of Windows have it: the shell refuses the option and ends' }
  }
  const start = script.lastIndexOf('\n', first) + 1
  return { start, end: first,
    detail: 'must not end with a carriage return, as the line ends of Windows have it: it is part of the last word of the line', doubt: '' }
}

/** How a script that no shell takes is mended. */
export function remedyFor({ message, at }: Refusal, script: string): string {
  const start = Math.max(script.lastIndexOf(' ', at), script.lastIndexOf('\n', at)) + 1
  const [word = ''] = /^[^\s;&|]*/.exec(script.slice(start)) ?? []
  const isSafe = word.length < 200 && !/['"\\$`]/.test(word)
  if (message === "unexpected token '('" && isSafe && at > start) {
    const option = /^(--?[\w-]+=)(.*)$/s.exec(word)
    // A value with blanks goes on behind the word.
    if (option) return `Write the value of ${option[1]!.slice(0, -1)} in quotes: ${option[1]}'…'.`
    return /^[\w.]+:\w+\([^()]*\)$/.test(word) ? `Write '${word}' in quotes.` : 'Write what stands with the parenthesis in quotes.'
  }
  if (message === "unexpected token '('") return 'Write what stands with the parenthesis in quotes.'
  if (message.startsWith('unterminated ')) return `Close the ${message.slice('unterminated '.length)}.`
  const [, closing, opening] = /^expected '(\w+)' to close '(\w+)'$/.exec(message) ?? []
  return closing === undefined ? 'Mend the script until `sh -n` accepts it.' : `Close \`${opening}\` with \`${closing}\`.`
}
