import { adviceOnOption, oneDash } from '../gunicorn/advice.ts'
import { releases as allReleases } from '../gunicorn/catalogue.ts'
import { isBehindOneDash, operandsOf } from '../gunicorn/operands.ts'
import type { StartProblem } from '../gunicorn/settings.ts'
import type { Word } from '../shell/word.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'
import { refusals } from './subject/refusals.ts'

export default defineRule({
  id: 'unknown-setting',
  severity: 'error',
  action: 'Deny',
  summary: 'gunicorn has no such option',
  why: 'gunicorn exits at start with a usage error.',
  remedy: 'Remove it, or write the name as `gunicorn --help` has it.',
  settings: [],
  always: true,
  isAboutWords: true,

  *check(subject) {
    const found = [...refusals(subject, 'unknown-setting')]
    if (found.length === 0) return
    const strays = strayWords(subject, found.flatMap(({ problem }) => problem.word ?? []))
    for (const { problem, place, releases } of found) {
      const { word } = problem
      if (word && strays.has(word)) {
        yield* misread(subject, word, found.map((one) => one.problem), releases)
        continue
      }
      const written = word?.value ?? word?.text ?? ''
      const remedy = adviceOn(subject, word, written, problem.message)
      yield {
        place,
        shape: 'Invalid value',
        value: written,
        detail: problem.message,
        ...(remedy === undefined ? {} : { remedy }),
        ...(releases ? { releases } : {}),
      }
    }
  },
})

/** A long option with one dash, whose value gunicorn does not recognize: `-chdir /app` is `-c hdir /app`. Where it refuses the option itself, that is told. */
function* misread(subject: Subject, stray: Word, unknown: readonly StartProblem[], releases: Problem['releases']): Iterable<Problem> {
  const { words, settings } = subject
  const option = words[words.indexOf(stray) - 1]
  const remedy = oneDash(option?.value ?? '', subject.releases)
  if (!option || remedy === undefined || unknown.some(({ word }) => word === option) ||
    settings.problems.some(({ word }) => word === option)) return
  yield {
    place: subject.placeOf(option),
    shape: 'Invalid value',
    value: option.value,
    detail: `must have two dashes: gunicorn takes \`${option.value?.slice(0, 2)}\` for the option, and does not recognize "${stray.value}"`,
    remedy,
    ...(releases ? { releases } : {}),
  }
}

const isOption = ({ value, text }: Word): boolean => /^-./s.test(value ?? text)

/** The words that gunicorn does not recognize for the option before them: its value, and the application in whose place another value stands. */
function strayWords(subject: Subject, unknown: readonly Word[]): ReadonlySet<Word> {
  const { words, settings } = subject
  const taken = new Set<Word>()
  for (const word of unknown) {
    const next = words[words.indexOf(word) + 1]
    if (words.includes(word) && isOption(word) && !word.text.includes('=') && next && !isOption(next)) taken.add(next)
    if (isBehindOneDash(subject, word)) taken.add(word)
  }
  const named = operandsOf(settings.readings)[0]
  if (named && isBehindOneDash(subject, named)) taken.add(named)
  const isDisplaced = [...taken].some(({ value }) => value !== null && value === settings.application)
  const displaced = isDisplaced ? unknown.find((word) => !isOption(word) && !taken.has(word)) : undefined
  return displaced ? taken.add(displaced) : taken
}

function adviceOn(subject: Subject, word: Word | undefined, written: string, message: string): string | undefined {
  const { words, releases } = subject
  const next = word && words.includes(word) ? words[words.indexOf(word) + 1]?.value ?? undefined : undefined
  const address = /^--(host|port)(=|$)/.test(written) ? addressOf(words) : undefined
  if (address !== undefined) return `Write \`--bind ${address}\` in place of \`--host\` and \`--port\`.`
  const [, names] = message.split(' could match ')
  if (names !== undefined) {
    const all = names.split(', ')
    const wanted = /^\d+$/.test(next ?? '') ? all.find((name) => releases.every((release) => release.exact(name)?.type !== 'str'))
      : undefined
    return `Write the name in full: \`${wanted ?? all[0]}\`, or another of them.`
  }
  const newer = allReleases.find((release) => release.exact(written.split('=')[0] ?? ''))
  if (newer && !releases.includes(newer)) return `Remove it, or install gunicorn ${newer.name} or newer, which has it.`
  return adviceOnOption(written, next, releases)
}

/** The address of `--host HOST --port PORT`, which are one option in gunicorn. */
function addressOf(words: readonly Word[]): string | undefined {
  const [host, port] = ['--host', '--port'].map((name) => {
    const index = words.findIndex(({ value }) => value === name || value?.startsWith(`${name}=`))
    const value = words[index]?.value ?? ''
    return index < 0 ? undefined : value.includes('=') ? value.slice(name.length + 1) : words[index + 1]?.value ?? undefined
  })
  return host === undefined || port === undefined ? undefined : `${host}:${port}`
}
