/**
 * A Procfile as each platform reads it: the same text has a dozen meanings.
 *
 * Sources are the parsers themselves: BlueKing's source_file.py and validate_procfile_procs, heroku/cnb-shim, heroku's CNB
 * `heroku/procfile`, Google's buildpacks, Paketo's procfile, foreman, honcho, Dokku's procfile-util, herokuish, railpack and
 * nixpacks. test/platforms/procfile.test.ts holds what each of them made of the interesting texts.
 */
import type { Shape } from '../kubernetes/field.ts'
import { keyText, str, type Mapping, type Range, type Value } from '../yaml/python-value.ts'
import type { Remark } from './remarks.ts'

export const dialects = ['blueking', 'cnb-shim', 'heroku', 'google', 'paketo', 'honcho', 'foreman', 'dokku', 'herokuish', 'railpack',
  'nixpacks'] as const

export type Dialect = (typeof dialects)[number]

/** A process as a platform reads it. */
export interface ProcfileProcess {
  readonly name: string
  /** Where the name stands. */
  readonly key: Range
  readonly command: string
  /** Where the command stands, quotes included. */
  readonly value: Range
  /** Where in the file a unit of the command (UTF-16) stands; undefined where the command stands nowhere as it is: `None`. */
  readonly offset: ((unit: number) => number) | undefined
}

/** Why a platform refuses the file. */
export interface Fault extends Range {
  readonly message: string
}

/** What a platform says of one of its lines. */
export type Note = Omit<Remark, 'path'> & { readonly name: string }

export interface ProcfileReading {
  /** In their order. A name stands twice only where the platform starts both. */
  readonly processes: readonly ProcfileProcess[]
  readonly faults: readonly Fault[]
  readonly notes: readonly Note[]
}

/** What a YAML reader makes of the text; read only where a dialect asks for it. */
export interface YamlReadings {
  /** As Python reads it. */
  readonly python: () => Value | Fault
  /** With every scalar as the text that it is, tags passed over: what Go decodes into strings. */
  readonly texts: () => Value | Fault
}

/** Reads the text of a Procfile. */
export function readProcfile(dialect: Dialect, text: string, yaml: YamlReadings): ProcfileReading {
  switch (dialect) {
    case 'blueking':
      return readBlueking(yaml.python(), text)
    case 'cnb-shim':
    case 'railpack':
    case 'nixpacks':
      return readTexts(dialect, yaml.texts(), text)
    case 'heroku':
      return readHeroku(text)
    case 'google':
      return readGoogle(text)
    case 'dokku':
      return readDokku(text)
    case 'herokuish':
      return readHerokuish(text)
    default:
      return readByLine(dialect, text)
  }
}

const all = (text: string): Range => ({ start: text.charCodeAt(0) === 0xfeff ? 1 : 0, end: text.length })

const isFault = (read: Value | Fault): read is Fault => 'message' in read

// BlueKing: a mapping, as Python's YAML reads it

/** Processes of one module at most: MAX_PROCESSES_PER_MODULE. */
export const mostProcesses = 16

/** PROC_TYPE_PATTERN and PROC_TYPE_MAX_LENGTH. The operator asks for two characters, which are needed once the app is cloud-native. */
export const processName = { pattern: /^[a-z0-9][-a-z0-9]*$/, written: '^[a-z0-9]([-a-z0-9])*$', longest: 12, shortest: 2 } as const

function readBlueking(read: Value | Fault, text: string): ProcfileReading {
  if (isFault(read))
    return { processes: [], notes: [],
      faults: [{ ...read, message: `BlueKing refuses the file: its format is not YAML: ${read.message}` }] }
  if (read.type !== 'map')
    return { processes: [], notes: [],
      faults: [{ ...all(text),
        message:
          `BlueKing refuses the file: it must be a YAML mapping of names to commands, \`name: command\` with a blank behind the colon ("must be dict type")` }] }
  const notes: Note[] = []
  const processes = read.entries.map(({ key, value }): ProcfileProcess => {
    const name = keyText(key)
    notes.push(...nameNotes(name, key), ...valueNotes(name, value))
    return { name, key, command: str(value), value, offset: value.type === 'string' ? value.offset : undefined }
  })
  notes.push(...overriddenNotes(read))
  const beyond = read.entries[mostProcesses]
  if (beyond)
    notes.push(
      refused(keyText(beyond.key), beyond.key, 'Invalid value', read.entries.length,
        `the file may not have more than ${mostProcesses} processes`, 'Remove processes, or split the module.'),
    )
  return { processes, notes, faults: [] }
}

function refused(name: string, inFile: Range, shape: Shape, value: unknown, detail: string, remedy: string): Note {
  return { rule: 'refused-description', name, inFile, shape, value, detail, remedy }
}

/** What BlueKing says of the name of a process. */
function* nameNotes(name: string, key: Value): Iterable<Note> {
  const invalid = (detail: string, remedy: string): Note => refused(name, key, 'Invalid value', name, detail, remedy)
  if (key.type !== 'string')
    yield invalid(`must be a string, and YAML reads it as ${typeName(key)}: the platform fails on it`, 'Rename the process.')
  else if (!processName.pattern.test(name))
    yield invalid(`must match the pattern ${processName.written}`, 'Name the process with lower-case letters, digits and hyphens.')
  else if (name.length > processName.longest)
    yield invalid(`must not be longer than ${processName.longest} characters`, 'Shorten the name.')
  else if (name.length < processName.shortest)
    yield invalid(`must have at least ${processName.shortest} characters in a cloud-native app`, 'Lengthen the name.')
  else if (name.endsWith('-'))
    yield { ...invalid('must not end with a hyphen, as Deployments and Services are named after it', 'Rename the process.'),
      rule: 'unportable-description' }
}

function* valueNotes(name: string, value: Value): Iterable<Note> {
  if (value.type === 'string') {
    if (value.value.trim() === '') yield refused(name, value, 'Required value', undefined, 'a command must be set', 'Write the command.')
  } else
    yield refused(name, value, 'Invalid value', str(value),
      `must be a string, and YAML reads ${typeName(value)}: the platform starts ${JSON.stringify(str(value))}`,
      'Write the command as a string.')
}

const typeNames: Readonly<Record<Exclude<Value['type'], 'string'>, string>> = {
  null: 'null',
  bool: 'a boolean',
  int: 'a number',
  float: 'a number',
  date: 'a date',
  list: 'a list',
  map: 'a mapping',
}

export const typeName = (value: Value): string => (value.type === 'string' ? 'a string' : typeNames[value.type])

function overriddenNotes({ overridden }: Mapping): Note[] {
  return overridden.map(({ key, value }) => ({
    rule: 'ignored-description',
    name: keyText(key),
    inFile: key,
    shape: 'Duplicate value',
    value: keyText(key),
    detail: `must not stand twice: ${JSON.stringify(str(value))} is not read, the last one is`,
    remedy: 'Remove the line that does not hold.',
  }))
}

// Go and Rust: a mapping of strings

function readTexts(dialect: Dialect, read: Value | Fault, text: string): ProcfileReading {
  const fault = (range: Range, message: string): ProcfileReading => ({ processes: [], notes: [],
    faults: [{ start: range.start, end: range.end, message: `${dialect} refuses the file: ${message}` }] })
  if (isFault(read)) return fault(read, `its format is not YAML: ${read.message}`)
  if (read.type !== 'map') return fault(all(text), 'it must be a YAML mapping of names to commands')
  const wrong = read.entries.find(({ value }) => value.type === 'list' || value.type === 'map')
  if (wrong) return fault(wrong.value, `a command must be a string, not ${typeName(wrong.value)}`)
  const [twice] = read.overridden
  if (dialect === 'railpack' && twice) return fault(twice.key, `mapping key ${JSON.stringify(keyText(twice.key))} is already defined`)
  const processes = read.entries.map(({ key, value }): ProcfileProcess => ({ name: keyText(key), key,
    command: value.type === 'string' ? value.value : '', value, offset: value.type === 'string' ? value.offset : undefined })
  )
  return { processes, notes: overriddenNotes(read), faults: [] }
}

// Line by line

interface Line extends Range {
  /** From 1. */
  readonly number: number
  readonly text: string
  /** That of the line before it. */
  readonly previous: string
}

/** The lines of a text, without their breaks. */
function* linesOf(text: string, breaks: RegExp): Iterable<Line> {
  let start = 0
  let number = 1
  let previous = ''
  for (const { index, 0: end } of text.matchAll(breaks)) {
    const line = text.slice(start, index)
    yield { number: number++, start, end: index, text: line, previous }
    start = index + end.length
    previous = line
  }
  if (start < text.length) yield { number, start, end: text.length, text: text.slice(start), previous }
}

// JavaScript takes a byte order mark for a blank, and no platform does.
const trimStart = (text: string): string => text.replace(/^[^\S\ufeff]+/, '')
const trimEnd = (text: string): string => text.replace(/(?<![^\S\ufeff])[^\S\ufeff]+$/, '')
const trim = (text: string): string => trimEnd(trimStart(text))

const newline = /\r?\n/g
/** Where Python's `str.splitlines` splits. */
const pythonBreak = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g

/** A process whose command stands at the end of a matched part of the text, word for word. */
function verbatim(name: string, nameStart: number, command: string, end: number): ProcfileProcess {
  const start = end - command.length
  return { name, key: { start: nameStart, end: nameStart + name.length }, command, value: { start, end }, offset: (unit) => start + unit }
}

/** Why a line is none of its own, where the one before it was to go on. */
const continued = (
  { previous }: Line,
): string => (trimEnd(previous).endsWith('\\') ? ': a `\\` at the end of a line does not continue it in a Procfile' : '')

/** foreman, honcho and Paketo: `/^([A-Za-z0-9_-]+):\s*(.+)$/` on each line; what does not match is passed over. */
function readByLine(dialect: Dialect, text: string): ProcfileReading {
  const processes: ProcfileProcess[] = []
  const byName = new Map<string, ProcfileProcess>()
  const notes: Note[] = []
  const faults: Fault[] = []
  for (const line of linesOf(text, dialect === 'honcho' ? pythonBreak : newline)) {
    const [, name, command] = /^([A-Za-z0-9_-]+):[^\S\ufeff]*(.+)$/s.exec(line.text) ?? []
    if (name === undefined || command === undefined) {
      // A comment is passed over on purpose.
      if (trim(line.text) !== '' && !trimStart(line.text).startsWith('#'))
        notes.push(
          passedOver(processes.at(-1)?.name ?? '', line,
            `is no line of the form \`name: command\`, and ${dialect} passes over it${continued(line)}`),
        )
      continue
    }
    const process = verbatim(name, line.start, command, line.end)
    const earlier = byName.get(name)
    if (earlier && dialect === 'honcho')
      faults.push({ ...process.key, message: 'honcho refuses the file: process names must be unique within a Procfile' })
    if (earlier && dialect === 'paketo') notes.push(twice(earlier, 'the last one is'))
    processes.push(process)
    byName.set(name, process)
  }
  return { processes: dialect === 'paketo' ? lastOf(processes, byName) : processes, notes, faults }
}

/** Of processes of one name, the last. */
const lastOf = (processes: readonly ProcfileProcess[], byName: ReadonlyMap<string, ProcfileProcess>): ProcfileProcess[] =>
  processes.filter((process) => byName.get(process.name) === process)

function passedOver(name: string, { start, end, text }: Line, detail: string): Note {
  return { rule: 'ignored-description', name, inFile: { start, end }, shape: 'Invalid value', value: text, detail,
    remedy: 'Write each process on one line of its own.' }
}

function twice({ name, key, command }: ProcfileProcess, which: string): Note {
  return {
    rule: 'ignored-description',
    name,
    inFile: key,
    shape: 'Duplicate value',
    value: name,
    detail: `must not stand twice: ${JSON.stringify(command)} is not read, ${which}`,
    remedy: 'Remove the line that does not hold.',
  }
}

/** Google: one expression over the whole text, whose blanks reach over the end of a line. */
function readGoogle(text: string): ProcfileReading {
  const processes: ProcfileProcess[] = []
  const names = new Set<string>()
  const notes: Note[] = []
  for (const match of text.matchAll(/(?<![^\n])(\w+):[ \t\n\f\r]*([^\n]+)(?![^\n])/g)) {
    const [whole, name = '', command = ''] = match
    const kept = command.replace(/\r$/, '')
    const process = verbatim(name, match.index, kept, match.index + whole.length - (command.length - kept.length))
    if (names.has(name)) notes.push(twice(process, 'the first one is'))
    else processes.push(process)
    names.add(name)
  }
  const faults = names.has('web') ? [] : [{ ...all(text), message: 'google refuses the file: it must name a process `web`' }]
  return { processes, notes, faults }
}

/** heroku/procfile, whose parser refuses what it does not know. */
function readHeroku(text: string): ProcfileReading {
  const processes: ProcfileProcess[] = []
  const byName = new Map<string, ProcfileProcess>()
  const notes: Note[] = []
  const faults: Fault[] = []
  for (const line of linesOf(text, newline)) {
    const content = trim(line.text)
    if (content === '' || content.startsWith('#')) continue
    const indent = line.text.length - trimStart(line.text).length
    const written = content.slice(0, Math.max(content.indexOf(':'), 0))
    const name = written.toLowerCase().replaceAll('_', '-')
    const command = trim(content.slice(written.length + 1))
    if (!/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name) || command === '') {
      faults.push({ start: line.start + indent, end: line.end,
        message: `heroku refuses the file: line ${line.number} must be \`name: command\`${continued(line)}` })
      continue
    }
    const process = verbatim(name, line.start + indent, command, line.start + trimEnd(line.text).length)
    const earlier = byName.get(name)
    if (earlier) notes.push(twice(earlier, 'the last one is'))
    processes.push(process)
    byName.set(name, process)
  }
  return { processes: lastOf(processes, byName), notes, faults }
}

/** Dokku's procfile-util: comments behind a blank are taken off too. */
function readDokku(text: string): ProcfileReading {
  const processes: ProcfileProcess[] = []
  const names = new Set<string>()
  const faults: Fault[] = []
  for (const line of linesOf(text, newline)) {
    const content = trim(line.text)
    if (content === '' || content.startsWith('#') || content.startsWith('//')) continue
    const from = line.start + line.text.length - trimStart(line.text).length
    const [, name, rest] = /^([A-Za-z0-9_-]+)[^\S\ufeff]*:[^\S\ufeff]*(.+)$/s.exec(content) ?? []
    if (name === undefined || rest === undefined) {
      faults.push({ start: from, end: from + content.length,
        message: `dokku refuses the file: invalid line in procfile, line ${line.number}${continued(line)}` })
      continue
    }
    const command = rest.replace(/\s(?:#|\/\/).*$/s, '').trimEnd()
    const start = from + content.length - rest.length
    if (names.has(name))
      faults.push({ start: from, end: from + name.length,
        message: `dokku refuses the file: process names must be unique, line ${line.number}` })
    names.add(name)
    processes.push(verbatim(name, from, command, start + command.length))
  }
  return { processes, notes: [], faults }
}

/** herokuish: what stands before the first colon is the name, be it what it may. */
function readHerokuish(text: string): ProcfileReading {
  const processes: ProcfileProcess[] = []
  const names = new Set<string>()
  const notes: Note[] = []
  for (const line of linesOf(text, newline)) {
    const content = trim(line.text)
    const colon = content.indexOf(':')
    if (content.startsWith('#') || colon < 0) {
      if (content !== '' && !content.startsWith('#'))
        notes.push(
          passedOver(processes.at(-1)?.name ?? '', line,
            `is no line of the form \`name: command\`, and herokuish passes over it${continued(line)}`),
        )
      continue
    }
    const from = line.start + line.text.length - trimStart(line.text).length
    const name = content.slice(0, colon)
    const command = trimStart(content.slice(colon + 1))
    const process = verbatim(name, from, command, from + content.length)
    if (names.has(name)) notes.push(twice(process, 'the first one is'))
    else processes.push(process)
    names.add(name)
  }
  return { processes, notes, faults: [] }
}
