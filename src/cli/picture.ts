/** How an invocation is understood, as a person can follow it: `paddock explain` in text. */
import type { Setting } from '../gunicorn/settings.ts'
import { nearFlag } from '../gunicorn/near-names.ts'
import { releasesWithout } from '../gunicorn/worker-classes.ts'
import { termination, type Parent } from '../gunicorn/termination.ts'
import { cmdArgs } from '../gunicorn/variables.ts'
import type { Found, Unread } from '../command-line.ts'
import { fieldPath } from '../kubernetes/field.ts'
import { visible } from '../kubernetes/visible.ts'
import { endsBehind, isLeftBehind } from '../command-line/script-end.ts'
import type { Word } from '../shell/word.ts'
import { explainInvocation, isDefault, unknownSettings, writtenSettings } from './explain.ts'
import type { painter } from './io.ts'

type Paint = ReturnType<typeof painter>

export interface View {
  /** Whether the settings that have their default are shown too. */
  readonly all: boolean
  readonly paint: Paint
  /** Where the invocation stands. */
  readonly title?: string
}

/** The words and where they stand, the settings with their sources, what is unknown and why, what gunicorn refuses, how it ends. */
export function picture(invocation: Found, { all, paint, title }: View): string {
  const { words, settings } = invocation
  const written = writtenSettings(invocation)
  const lines = [title === undefined ? '' : paint('bold', title), `  ${words.map((word) => shown(word, paint)).join(' ')}`]
  const row = (name: string, value: string, source: string): string => `  ${name.padEnd(22)} ${value.padEnd(30)} ${paint('dim', source)}`
  const settingRow = (setting: Setting, source: string): string => {
    // Colours take no room.
    const room = valueText(invocation, setting, (_, text) => text).length
    return row(setting.name, `${valueText(invocation, setting, paint)}${' '.repeat(Math.max(0, 30 - room))}`, source)
  }
  for (const { where, texts } of origins(invocation)) lines.push(paint('dim', `    ${where.padEnd(20)} ${texts.join(' ')}`))
  const through = invocation.parents.map(({ name }) => name)
  if (through.length > 0) lines.push(row('started through', through.join(', '), ''))
  const ends = settings.readings.find((reading) => reading.exits !== undefined)?.exits
  if (ends !== undefined) lines.push(`  ends at once: --${ends}`)
  const application = settings.application
  lines.push(
    row('application', application === null ? oneApplication(invocation) ?? paint('yellow', 'unknown') : (application ?? 'none'), ''),
  )
  for (const setting of written) lines.push(settingRow(setting, sourceText(setting)))
  if (all) {
    const named = new Set(written.map((setting) => setting.name))
    for (const name of Object.keys(invocation.releases.at(-1)?.settings ?? {})) {
      const setting = settings.get(name)
      if (setting && !named.has(name) && isDefault(invocation, setting)) lines.push(settingRow(setting, 'default'))
    }
  }
  const unseen = settings.readings.find((reading) => reading.unseen !== undefined)?.unseen
  const unknown = unknownSettings(invocation, written).filter((name) => oneOf(invocation, name) === undefined)
  if (unseen !== undefined) lines.push(`  ${paint('yellow', 'unknown')}: all else, as ${reason[unseen]}`)
  else if (unknown.length > 0) lines.push(`  ${paint('yellow', 'unknown')}: ${unknown.join(', ')}`)
  const { problems } = explainInvocation(invocation, null)
  for (const { message, releases } of problems)
    lines.push(
      `  ${paint('red', 'refused')}: ${message}${releases ? ` (gunicorn ${releases.join(', ')})` : ''}${guess(message, invocation)}`,
    )
  const missing = missingClass(invocation)
  if (missing !== undefined) lines.push(`  ${paint('red', 'fails')}: ${missing}`)
  if (invocation.runs === 'maybe') lines.push('  whether it runs depends on the commands before it')
  // What does not start is not stopped.
  if (ends === undefined && missing === undefined && problems.every(({ releases }) => releases))
    lines.push(`  on SIGTERM: ${terminationText(invocation)}`)
  return `${lines.filter((line) => line.trim() !== '').map((line) => inOneLine(line.trimEnd())).join('\n')}\n`
}

/** The option that one which there is not is near to, for the end of a message. */
function guess(message: string, { releases }: Found): string {
  const [, name] = /^unrecognized arguments: --([\w-]+)/.exec(message) ?? []
  const near = name === undefined ? undefined : nearFlag(name, releases)
  return near === undefined ? '' : `: did you mean ${near}?`
}

/** What is wrong with a worker class that no release has. */
function missingClass({ settings, releases }: Found): string | undefined {
  const name = settings.value('worker_class')
  if (typeof name !== 'string' || releasesWithout(name, releases).length < releases.length) return undefined
  return `no release that it may be has a worker class ${JSON.stringify(name)}; there are ${
    Object.keys(releases.at(-1)?.workers ?? {}).sort().join(', ')
  }`
}

/** What a word holds begins no line. */
const inOneLine = (line: string): string => line.replaceAll('\n', '\\n')

/** What is said of a program that hides a gunicorn. */
export const unreadLine = ({ name, words }: Unread): string => {
  const texts = words.map((word) => word.text)
  return visible(
    name === 'eval' ? `what \`eval\` reads is not known: ${texts.slice(1).join(' ')}`
      : `what \`${name}\` is not a known wrapper, and its arguments are not checked: ${texts.join(' ').replaceAll(/\s+/g, ' ')}`,
  )
}

const reason: Readonly<Record<string, string>> = {
  'config file': 'the config file cannot be read here',
  [cmdArgs]: `what ${cmdArgs} holds is not known`,
  'command line': 'a word of the command line may be anything',
}

/** The words as they are written, those together that stand together: elements of a list, or words on one line of a script. */
function origins({ words, placeOf, script }: Found): { where: string; texts: string[] }[] {
  const groups: { list: string; first: number; last: number; texts: string[] }[] = []
  let before: Word | undefined
  for (const word of words) {
    // An expansion that becomes several words is written once.
    if (before && script && word.start === before.start && word.text === before.text) continue
    before = word
    const { path } = placeOf(word)
    const at = script ? script.text.slice(0, word.start).split('\n').length : Number(path.at(-1))
    const text = script === undefined && /[\s"']|^$/.test(word.text) ? JSON.stringify(asWritten(word)) : asWritten(word)
    const list = fieldPath(path.slice(-2, script ? undefined : -1))
    const group = groups.at(-1)
    if (group?.list === list && (script ? at === group.last : at === group.last + 1)) {
      group.texts.push(text)
      group.last = at
    } else groups.push({ list, first: at, last: at, texts: [text] })
  }
  return groups.map(({ list, first, last, texts }) => {
    const range = first === last ? `${first}` : `${first}…${last}`
    // Given on the command line of `explain` itself, there is no list to speak of.
    if (script) return { where: /[a-z]/.test(list) ? `${list}, line ${first}` : `line ${first}`, texts }
    return { where: list === '' ? `words ${first + 1}…${last + 1}` : `${list}[${range}]`, texts }
  })
}

/** A word as it is written; a mark stands for what is put in from elsewhere and not known. */
const asWritten = ({ text }: Word): string => text.replaceAll(/[\uE000-\uF8FF]/g, '…')

function terminationText(found: Found): string {
  const { parents, settings } = found
  if (settings.value('daemon') === true) {
    const isLeft = found.command !== undefined && !found.command.ends && !endsBehind(found)
    return isLeft ? 'gunicorn does not get it, as it has gone into the background'
      : 'nothing is left to get it, as gunicorn goes into the background, and the container ends'
  }
  if (isLeftBehind(found)) return 'nothing is left to get it, as the script ends with gunicorn in the background, and the container with it'
  const { outcome, first, stopsAt, because } = termination(parents)
  const grace = settings.value('graceful_timeout')
  const ends = `it ends once its requests are answered, after ${
    typeof grace === 'number' ? `${grace} s` : 'graceful_timeout'
  } at the latest`
  const name = (parent: Parent | undefined | null): string => `\`${parent?.name ?? 'gunicorn'}\``
  switch (outcome) {
    case 'graceful':
      return first ? `${name(first)} has PID 1 and passes it on to gunicorn: ${ends}` : `gunicorn has PID 1 and gets it: ${ends}`
    case 'ignored':
      return `${name(first)} has PID 1 and waits for gunicorn without passing it on: nothing ends until the kubelet sends SIGKILL`
    case 'cut off':
      return `${name(first)} has PID 1 and passes it on to ${name(stopsAt)}, which ends of it: gunicorn is killed while it works`
    case 'unknown':
      return `unknown: ${because}`
  }
}

const shown = (word: Word, paint: Paint): string =>
  word.value === null ? paint('yellow', asWritten(word))
    : /^[\w@%+=:,./$()[\]-]+$/.test(word.value) ? word.value : JSON.stringify(word.value)

/** So many values of a setting are listed. */
const mostValues = 5

/** The values of which a setting has one, as the command line is one of several that are known; undefined where one of them is not known. */
function oneOf({ alternatives, settings }: Found, name: string): readonly string[] | undefined {
  if (!alternatives) return undefined
  const values = new Set(settings.readings.map((reading) => JSON.stringify(reading.get(name)?.value) ?? ''))
  return values.has('') || values.size < 2 || values.size > mostValues ? undefined
    : [...values].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
}

/** The applications of which it starts one; undefined where one of them is not known. */
function oneApplication({ alternatives, settings }: Found): string | undefined {
  const names = new Set(alternatives ? settings.readings.map(({ application }) => (application ? application.value : application)) : [null])
  return names.has(null) || names.size > mostValues ? undefined : `one of ${[...names].map((name) => name ?? 'none').sort().join(', ')}`
}

/** A value, or those of which it is one; of one that is not known, what is written in its place. */
function valueText(invocation: Found, { name, value, entries }: Setting, paint: Paint): string {
  if (value !== undefined) return JSON.stringify(value)
  const values = oneOf(invocation, name)
  if (values) return `one of ${values.join(', ')}`
  const written = entries.flatMap(({ argument }) => (argument && argument.text === null ? asWritten(argument.word) : []))
  return `${paint('yellow', 'unknown')}${written.length > 0 ? ` (${written.join(', ')})` : ''}`
}

function sourceText({ source, entries }: Setting): string {
  const flags = [...new Set(entries.flatMap((entry) => entry.flag ?? []))].join(', ')
  return flags === '' ? source : `${source} (${flags})`
}
