/**
 * `env -S STRING`: how GNU env takes a string apart. Source: coreutils 9.1, src/env.c (build_argv), which
 * test/conformance/split-string.test.ts runs.
 */
import { spend } from '../budget.ts'

/** An argument; its value is null where a variable is unknown, `prefix` what stands before that. */
export interface SplitWord {
  readonly value: string | null
  readonly prefix: string
}

/** What a backslash makes of the letter behind it, outside of single quotes. */
const escapes: Readonly<Record<string, string>> = { f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '"': '"', '#': '#', $: '$', "'": "'",
  '\\': '\\' }

const blanks = ' \t\n\v\f\r'

/** The arguments that a string comes to; undefined where env refuses it. `lookup` gives the variables that env itself has. */
export function splitString(text: string, lookup: (name: string) => string | null | undefined): SplitWord[] | undefined {
  spend(text.length / 20)
  const words: SplitWord[] = []
  let word: { value: string; prefix: string | undefined } | undefined
  let quote = ''
  const add = (piece: string | null): void => {
    word ??= { value: '', prefix: undefined }
    if (piece === null) word.prefix ??= word.value
    else word.value += piece
  }
  const end = (): void => {
    if (word !== undefined) words.push({ value: word.prefix === undefined ? word.value : null, prefix: word.prefix ?? word.value })
    word = undefined
  }
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === quote) quote = ''
    else if (quote === '' && (character === "'" || character === '"')) {
      quote = character
      add('')
    } else if (quote === '' && blanks.includes(character)) end()
    else if (quote === '' && word === undefined && character === '#') return words
    else if (character === '\\') {
      at += 1
      const next = text.charAt(at)
      if (quote === "'") add(next === '\\' || next === "'" ? next : `\\${next}`)
      else if (next === '_' && quote === '') end()
      else if (next === '_') add(' ')
      else if (next === 'c' && quote === '') {
        end()
        return words
      } else {
        const escaped = Object.hasOwn(escapes, next) ? escapes[next] : undefined
        if (escaped === undefined) return undefined
        add(escaped)
      }
    } else if (character === '$' && quote !== "'") {
      const name = variable(text, at)
      if (name === undefined) return undefined
      at += name.length + 2
      const value = lookup(name)
      // One that is not set does not even make an empty word.
      if (value !== undefined) add(value)
    } else add(character)
  }
  if (quote !== '') return undefined
  end()
  return words
}

const reference = /\$\{([A-Za-z_]\w*)\}/y

function variable(text: string, at: number): string | undefined {
  reference.lastIndex = at
  return reference.exec(text)?.[1]
}
