import { parseArguments } from '../gunicorn/arguments.ts'
import { splitWords } from '../gunicorn/shlex.ts'
import { literal, type Word } from '../shell/word.ts'
import { vain } from './problem.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'

export default defineRule({
  id: 'joined-argument',
  severity: 'error',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'one element of a list holds several words of a command line',
  why: 'What starts a container takes each element for one word. A command line in one element names no program; gunicorn takes an option with its value in one for the application, and ignores the real one.',
  remedy: 'Make an element of each word.',
  settings: [],
  always: true,

  *check(subject) {
    if (subject.form !== 'exec') return
    let values: ReadonlySet<Word> | undefined
    for (const [index, word] of subject.words.entries()) {
      if (index === 0) continue
      if (word.value === '--') return
      const isOption = word.value?.startsWith('-') === true
      if (word.value === null || !/\s/.test(word.value) || (!isOption && subject.settings.application !== word.value)) continue
      const into = isOption ? (parts(subject, word) ?? separate(subject, index)) : separate(subject, index)
      if (!into || (isOption && (values ??= valuesOf(subject)).has(word) && !isRefused(subject, word))) continue
      yield problemOf(subject, word, into, index)
    }
  },

  ofMisstart(misstart) {
    const { kind, split } = misstart
    return kind === 'joined' ? vain(misstart, split && { split: split.word, into: split.into }) : undefined
  },
})

/** A value may have blanks in it. */
const twoElements = 'Make two elements of it: the option, and its value.'

function problemOf(subject: Subject, word: Word, into: readonly string[], index: number): Problem {
  // Several options are taken apart where gunicorn takes what that comes to.
  const several = into.length > 2 || into[1]?.includes(' --') === true
  const apart = several ? separate(subject, index) : into
  const isApplication = subject.settings.application === word.value
  const taken = isApplication ? 'the application' : isRefused(subject, word) ? 'one' : 'no option'
  return {
    place: subject.placeOf(word),
    shape: 'Invalid value',
    value: word.value,
    detail: `must be ${several ? 'an element for each option and each value' : 'two elements'}, as gunicorn takes it for ${taken}`,
    ...(several || !parts(subject, word) ? {} : { remedy: twoElements }),
    ...(apart ? { fix: { split: word, into: apart } } : {}),
    // Beside an application that is named it is ignored.
    ...(isApplication || isRefused(subject, word) ? {} : { doubt: '' }),
  }
}

const isRefused = ({ settings }: Subject, word: Word): boolean => settings.problems.some((problem) => problem.word === word)

/** The option and its value; undefined for a word that is no option with a value in one. */
function parts({ releases }: Subject, { value }: Word): [string, string] | undefined {
  // Only a long name: of `-w 4` in one element argparse makes the option and its value.
  if (value?.startsWith('--') !== true) return undefined
  const [match, name = '', rest = ''] = /^(--[a-z][\w-]*)\s+(\S.*)$/s.exec(value) ?? []
  if (match === undefined) return undefined
  const takesValue = releases.some((release) => {
    const found = release.long(name)
    return found !== null && 'option' in found && found.option.takes !== 'none'
  })
  return takesValue ? [name, rest.trim()] : undefined
}

/** The words in an element, where there are options among them and all releases take the command line that they make. */
function separate({ releases, words }: Subject, index: number): readonly string[] | undefined {
  const { value, text } = words[index] ?? { value: null, text: '' }
  if (value === null || value.length > mostText || !/(^|\s)-/.test(value)) return undefined
  const inside = splitWords(text)
  if (!Array.isArray(inside) || inside.length < 2) return undefined
  const into = inside.map((word) => word.value ?? '')
  const whole = [...words.slice(1, index), ...into.map((one) => literal(one)), ...words.slice(index + 1)]
  const isTaken = releases.every((release) => {
    const { errors, positionals, positionalsUnknown } = parseArguments(whole, release)
    return errors.length === 0 && !positionalsUnknown && positionals.length === 1
  })
  return isTaken ? into : undefined
}

/** What is longer was not meant to be typed. */
const mostText = 2000

/** The words that are the value of an option before them: `--name '--workers 4'`. */
function valuesOf({ settings }: Subject): ReadonlySet<Word> {
  const values = new Set<Word>()
  for (const reading of settings.readings)
    for (const { entries } of reading.written())
      for (const { argument } of entries) if (argument) values.add(argument.word)
  return values
}
