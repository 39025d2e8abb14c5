/** A command line without one of its options. */
import { literal, type Word } from '../shell/word.ts'
import { parseArguments, type Arguments, type Assignment } from './arguments.ts'
import type { Release } from './catalogue.ts'

/** A word that goes, or what is left of it: of `-Dw4` without `-D`, `-w4`. */
export interface Omission {
  readonly word: Word
  readonly left: string | undefined
}

/**
 * The words that change where the option of a setting, one without a value, is left out of the words after `gunicorn`. Undefined
 * where it cannot be left out so that each of the releases reads the rest as before: in `--proxy-protocol --reload app`, from 24.1
 * on, the application would become the value of `--proxy-protocol`.
 */
export function omit(words: readonly Word[], setting: string, releases: readonly Release[]): readonly Omission[] | undefined {
  const [first, ...others] = releases.map((release) => omitFor(words, setting, release))
  const same = (other: typeof first): boolean =>
    other?.length === first?.length &&
    other?.every(({ word, left }, index) => word === first?.[index]?.word && left === first[index]?.left) === true
  return first && others.every(same) ? first : undefined
}

/** Nobody writes an option more often; a line of a million of them must not keep anybody busy. */
const mostOmissions = 32

function omitFor(words: readonly Word[], setting: string, release: Release): readonly Omission[] | undefined {
  const before = parseArguments(words, release)
  const omissions = new Map<Word, Omission>()
  for (const assignment of before.assignments) {
    if (assignment?.option.name !== setting || omissions.has(assignment.word)) continue
    const { word } = assignment
    if (omissions.size === mostOmissions) return undefined
    const left = leftOf(word, setting, release)
    if (left === null || isNeeded(words, word)) return undefined
    omissions.set(word, { word, left })
  }
  const rest = words.flatMap((word) => {
    const omission = omissions.get(word)
    if (!omission) return [word]
    return omission.left === undefined ? [] : [literal(omission.left)]
  })
  return reading(parseArguments(rest, release)) === reading(before, setting) ? [...omissions.values()] : undefined
}

/** What is left of a word; undefined for nothing, null where that cannot be told. */
function leftOf({ value }: Word, setting: string, release: Release): string | undefined | null {
  if (value === null) return null
  if (value.startsWith('--')) return undefined
  let left = ''
  for (let at = 1; at < value.length; at++) {
    const option = release.exact(`-${value[at]}`)
    if (option?.name === setting) continue
    left += value[at]
    if (option?.takes === 'none') continue
    // Pythons before and after 3.12 disagree on whether `-Dw=4` drops the `=`; all of them drop that of `-w=4`.
    if (value[at + 1] === '=' && left.length === 1) return null
    left += value.slice(at + 1)
    break
  }
  return left === '' ? undefined : `-${left}`
}

/** What cannot be seen may end with an option that would take the next word for its value. */
function isNeeded(words: readonly Word[], word: Word): boolean {
  const at = words.indexOf(word)
  const [previous, next] = [words[at - 1], words[at + 1]]
  return previous?.value === null && next !== undefined && !next.prefix.startsWith('-')
}

/** What argparse makes of the words, but for a setting, as a text to compare. */
function reading({ assignments, positionals, positionalsUnknown, errors, exits }: Arguments, without?: string): string {
  const told = (assignment: Assignment | null): unknown =>
    assignment && [assignment.option.name, assignment.argument ? (assignment.argument.text ?? [assignment.argument.prefix]) : null]
  const kept = assignments.filter((assignment) => assignment?.option.name !== without || without === undefined)
  // Behind the application a word that is not known can only be an option, or gunicorn would not have started.
  const words = positionals.filter(({ value }, index) => index === 0 || value !== null).map(({ value, text }) => value ?? [text])
  return JSON.stringify([kept.map(told), words, positionalsUnknown, errors.map(({ message }) => message), exits])
}
