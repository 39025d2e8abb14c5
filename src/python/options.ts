/**
 * The options of a line in a requirements file, as pip takes them: split like a shell's words, then read like optparse's.
 * Source: SUPPORTED_OPTIONS in pip's req_file.py, of releases 1.5.6 to 26.3.
 */
import { spend } from '../budget.ts'

/** Options that take a value. `-r` and `-e` are what install something; no other option does. */
// dprint-ignore: a list of words
const valued = [
  '--index-url', '--pypi-url', '--extra-index-url', '--find-links', '--constraint', '--requirement', '--editable',
  '--no-binary', '--only-binary', '--all-releases', '--only-final', '--trusted-host', '--use-feature', '--hash',
  '--config-settings', '--global-option', '--install-option', '--allow-external', '--allow-insecure', '--allow-unverified',
]
// dprint-ignore: a list of words
const flags = [
  '--no-index', '--prefer-binary', '--require-hashes', '--no-require-hashes', '--pre', '--always-unzip', '--use-wheel',
  '--no-use-wheel', '--process-dependency-links', '--allow-all-external', '--no-allow-external', '--no-allow-insecure',
]
const short: Readonly<Record<string, string>> = {
  '-c': '--constraint',
  '-C': '--config-settings',
  '-e': '--editable',
  '-f': '--find-links',
  '-i': '--index-url',
  '-r': '--requirement',
  '-Z': '--always-unzip',
}

/** The options of one line: the values of each, by its long name; and the words that belong to none, which pip drops. */
interface Options {
  readonly values: ReadonlyMap<string, readonly string[]>
  readonly strays: readonly string[]
}

/**
 * Reads the options of a line.
 * @throws SyntaxError where pip would refuse the line.
 */
export function readOptions(text: string): Options {
  const words = split(text)
  const values = new Map<string, string[]>()
  const strays: string[] = []
  let at = 0
  const add = (name: string, value: string | undefined): void => {
    if (value === undefined) throw new SyntaxError(`option ${name} takes a value`)
    const before = values.get(name)
    if (before === undefined) values.set(name, [value])
    else before.push(value)
  }
  while (at < words.length) {
    const word = words[at++] ?? ''
    if (word === '--') return { values, strays: [...strays, ...words.slice(at)] }
    if (word.startsWith('--')) {
      const [, written = word, value] = /^([^=]+)=(.*)$/s.exec(word) ?? []
      const name = longName(written)
      if (valued.includes(name)) add(name, value ?? words[at++])
      else if (value !== undefined) throw new SyntaxError(`option ${name} takes no value`)
    } else if (word.startsWith('-') && word !== '-') {
      // Flags may stand together; the first option that takes a value has the rest of the word for it, or the next word.
      for (let letter = 1; letter < word.length; letter++) {
        const name = short[`-${word[letter]}`]
        if (name === undefined) throw new SyntaxError(`-${word[letter]} is not an option of pip's requirements files`)
        if (flags.includes(name)) continue
        add(name, letter + 1 < word.length ? word.slice(letter + 1) : words[at++])
        break
      }
    } else strays.push(word)
  }
  return { values, strays }
}

/** The option that a name stands for; like optparse, a beginning that fits only one will do. */
function longName(written: string): string {
  const names = [...valued, ...flags]
  if (names.includes(written)) return written
  const [name, ...others] = names.filter((candidate) => candidate.startsWith(written))
  if (name === undefined || others.length > 0) throw new SyntaxError(`${written} is not an option of pip's requirements files`)
  return name
}

/** Splits like Python's shlex.split: quotes and backslashes, nothing else of a shell. */
function split(text: string): string[] {
  spend(text.length / 15)
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (quote !== '') {
      if (character === quote) quote = ''
      else if (character === '\\' && quote === '"' && '"\\'.includes(text[at + 1] ?? ' ')) word += text.charAt(++at)
      else word += character
    } else if (' \t\r\n'.includes(character)) {
      if (word !== null) words.push(word)
      word = null
    } else {
      word ??= ''
      if (character === '"' || character === "'") quote = character
      else if (character !== '\\') word += character
      else if (at + 1 < text.length) word += text.charAt(++at)
      else throw new SyntaxError('a backslash ends the line')
    }
  }
  if (quote !== '') throw new SyntaxError(`a ${quote} is not closed`)
  if (word !== null) words.push(word)
  return words
}
