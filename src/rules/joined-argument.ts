import { wordOf } from '../command-line.ts'
import { parseArguments, type Argument } from '../gunicorn/arguments.ts'
import { splitWords } from '../gunicorn/shlex.ts'
import { holdsOption } from '../gunicorn/written-options.ts'
import { expand } from '../kubernetes/expansion.ts'
import { literal, type Word } from '../shell/word.ts'
import { vain } from './problem.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'

export default defineRule({
  id: 'joined-argument',
  severity: 'error',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'one element of a list holds several words of a command line',
  why:
    'What starts a container takes each element for one word. A command line in one element names no program; gunicorn takes an option with its value in one for the application, and ignores the real one.',
  remedy: 'Make an element of each word.',
  settings: [],
  always: true,

  *check(subject) {
    if (subject.form !== 'exec') return
    let values: ReadonlyMap<Word, Value> | undefined
    for (const [index, word] of subject.words.entries()) {
      if (index === 0) continue
      if (word.value === '--') return
      const isOption = word.prefix.startsWith('-')
      if (!/\s/.test(word.prefix) || (!isOption && !isApplication(subject, word))) continue
      const joined = isOption ? (ofOption(subject, index) ?? ofWords(subject, index)) : ofWords(subject, index)
      if (!joined) continue
      const value = isOption ? (values ??= valuesOf(subject)).get(word) : undefined
      if (value && !isRefused(subject, word) && !(joined.several && hides(value))) continue
      yield problemOf(subject, word, joined, value !== undefined)
    }
  },

  ofMisstart(misstart) {
    const { kind, split } = misstart
    return kind === 'joined' ? vain(misstart, split && { split: split.word, into: split.into }) : undefined
  },
})

/** A value may have blanks in it. */
const twoElements = 'Make two elements of it: the option, and its value.'

/** What an element holds. */
interface Joined {
  /** True for more than an option and its value. */
  readonly several: boolean
  /** The elements to make of it; undefined where it is left to its author. */
  readonly into: readonly string[] | undefined
}

function problemOf(subject: Subject, word: Word, { several, into }: Joined, isValue: boolean): Problem {
  const isCertain = isApplication(subject, word) || isRefused(subject, word)
  const taken = isApplication(subject, word) ? 'the application' : isCertain || isValue ? 'one' : 'no option'
  return {
    place: subject.placeOf(word),
    shape: 'Invalid value',
    // A variable that holds all of it is shown by what it holds.
    value: /\s/.test(word.text) ? word.text : word.value,
    detail: `must be ${several ? 'an element for each option and each value' : 'two elements'}, as gunicorn takes it for ${taken}`,
    ...(several ? {} : { remedy: twoElements }),
    ...(into ? { fix: { split: word, into } } : {}),
    // Beside an application that is named it is ignored.
    ...(isCertain ? {} : { doubt: '' }),
  }
}

const isApplication = ({ settings }: Subject, { value }: Word): boolean => value !== null && settings.application === value

const isRefused = ({ settings }: Subject, word: Word): boolean => settings.problems.some((problem) => problem.word === word)

/** A long option with what stands behind it; of `-w 4` in one element argparse makes the option and its value itself. Undefined for another word. */
function ofOption(subject: Subject, index: number): Joined | undefined {
  const { releases, words } = subject
  const { text = '', prefix = '' } = words[index] ?? {}
  const [match, name = '', rest = ''] = /^(--[a-z][\w-]*)\s+(\S.*)$/s.exec(text) ?? []
  // A variable that holds both is mended where it is defined.
  if (match === undefined) return /^--[a-z][\w-]*\s+\S/.test(prefix) ? { several: false, into: undefined } : undefined
  const takesValue = releases.some((release) => {
    const found = release.long(name)
    return found !== null && 'option' in found && found.option.takes !== 'none'
  })
  if (!takesValue) return undefined
  const inside = wordsIn(text)
  // Quotes around the whole value are for a shell; others belong to it, as in a log format.
  const two = [name, inside?.length === 2 ? (inside[1] ?? '') : rest.trim()]
  if (holdsOption(inside ?? text.split(/\s+/), releases))
    return { several: true, into: inside && readings(subject, index, inside).isWhole ? inside : undefined }
  const asTwo = readings(subject, index, two)
  if (!asTwo.isWhole && inside && inside.length > 2 && readings(subject, index, inside).isWhole) return { several: true, into: inside }
  // `--timeout 30 shop:app` beside another application.
  if (!asTwo.isTaken && inside && inside.length > 2) return { several: true, into: undefined }
  return { several: false, into: asTwo.isTaken ? two : undefined }
}

/** Words of a command line, where there are options among them and all releases take the command line that they make. */
function ofWords(subject: Subject, index: number): Joined | undefined {
  const { text = '' } = subject.words[index] ?? {}
  const inside = /(^|\s)-/.test(text) ? wordsIn(text) : undefined
  if (!inside || inside.length < 2 || !readings(subject, index, inside).isWhole) return undefined
  return { several: inside.length > 2 || holdsOption(inside, subject.releases), into: inside }
}

/** The words in a text, as a shell quotes; undefined where a quotation is not closed. */
function wordsIn(text: string): readonly string[] | undefined {
  if (text.length > mostText) return undefined
  const inside = splitWords(text)
  return Array.isArray(inside) ? inside.map((word) => word.value ?? '') : undefined
}

/** What is longer was not meant to be typed. */
const mostText = 2000

/** How all releases read the command line with elements in place of one: whether they take it, and whether it names one application then. */
function readings({ releases, words, environment, container }: Subject, index: number,
  into: readonly string[]): { readonly isTaken: boolean; readonly isWhole: boolean } {
  const made = into.map((text): Word => {
    if (!text.includes('$')) return literal(text)
    return container.process ? { ...literal(text), value: null, prefix: text.slice(0, text.indexOf('$')) }
      : wordOf({ path: [], text, expanded: expand(text, environment.lookup) })
  })
  const list = [...words.slice(1, index), ...made, ...words.slice(index + 1)]
  // Other elements of the kind are mended as well.
  const alone = list.filter((word) => made.includes(word) || !/^--[a-z][\w-]*\s/.test(word.prefix))
  const all = (alone.length < list.length ? [list, alone] : [list]).map((list) => releases.map((release) => parseArguments(list, release)))
  return {
    isTaken: all.some((parsed) => parsed.every(({ errors }) => errors.length === 0)),
    isWhole: all.some((parsed) =>
      parsed.every(({ errors, positionals, positionalsUnknown }) => errors.length === 0 && !positionalsUnknown && positionals.length === 1)
    ),
  }
}

/** A value of an option. */
interface Value {
  readonly setting: string
  readonly argument: Argument
}

/** Settings whose values may be written as command lines are. */
const freeTexts: ReadonlySet<string> = new Set(['raw_env', 'access_log_format', 'logconfig_dict'])

/** Whether an option that stands in a value is lost there: in `-n shop -w 4` and `--name=shop -w 4`, and not in `--name '--workers 4'`, which is one as it should be. */
const hides = ({ setting, argument: { offset, prefix } }: Value): boolean => offset > 0 && (/^\s/.test(prefix) || !freeTexts.has(setting))

/** The words that hold the value of an option. */
function valuesOf({ settings }: Subject): ReadonlyMap<Word, Value> {
  const values = new Map<Word, Value>()
  for (const reading of settings.readings)
    for (const { name, entries } of reading.written())
      for (const { argument } of entries) if (argument) values.set(argument.word, { setting: name, argument })
  return values
}
