/** Where other platforms read a Procfile differently. */
import { otherDialects } from './platform.ts'
import { readProcfile, type Dialect, type Note, type ProcfileProcess, type ProcfileReading, type YamlReadings } from './procfile.ts'

/** What is quoted of a command at most, in UTF-16 units. */
const longestQuote = 60

/** What other platforms make of the processes that BlueKing reads. A file that one refuses as a whole is told of once, with a process. */
export function portabilityNotes(text: string, yaml: YamlReadings, { processes }: ProcfileReading): Note[] {
  const readings = otherDialects.map((dialect) => ({ dialect, reading: readProcfile(dialect, text, yaml) }))
  const refusals = readings.flatMap(({ dialect, reading: { faults: [fault] } }) => (fault ? [{ dialect, fault }] : []))
  const reading = readings
    .filter(({ dialect }) => !refusals.some((refusal) => refusal.dialect === dialect))
    .map(({ dialect, reading: { processes: others } }) => ({ dialect, byName: Map.groupBy(others, ({ name }) => name),
      byPlace: new Map(others.map((other) => [other.key.start, other])) })
    )
  const notes = processes.flatMap((process) => differences(process, reading))
  for (const [start, refused] of Map.groupBy(refusals, ({ fault }) => fault.start)) {
    const [first] = refused
    const process = holding(processes, start, text)
    if (!first || !process) continue
    const why = refused.map(({ dialect, fault }) => `${dialect} (${fault.message.replace(/^\w[\w-]* refuses the file: /, '')})`)
    notes.push(
      unportable(process, { start, end: first.fault.end },
        `must be written so that every platform takes it: it is refused by ${listed(why)}`),
    )
  }
  return notes
}

/** The process that an offset is about: of the name that stands there, or the last that begins before it. */
function holding(processes: readonly ProcfileProcess[], offset: number, text: string): ProcfileProcess | undefined {
  const named = processes.find(({ name }) => text.startsWith(`${name}:`, offset))
  return named ?? processes.findLast(({ key }) => key.start <= offset) ?? processes[0]
}

/** How a platform reads the file. */
interface Reading {
  readonly dialect: Dialect
  readonly byName: ReadonlyMap<string, readonly ProcfileProcess[]>
  /** By where their names begin. */
  readonly byPlace: ReadonlyMap<number, ProcfileProcess>
}

function differences(process: ProcfileProcess, readings: readonly Reading[]): Note[] {
  const others = Map.groupBy(
    readings.flatMap((reading) => {
      const what = readAs(process, reading)
      return what === undefined ? [] : [{ dialect: reading.dialect, what }]
    }),
    ({ what }) => what,
  )
  if (others.size === 0) return []
  const told = [...others].map(([what, group]) =>
    `${listed(group.map(({ dialect }) => dialect))} ${group.length > 1 ? 'read' : 'reads'} ${what}`
  )
  return [unportable(process, process.value, `must be written so that every platform reads it alike: ${listed(told)}`)]
}

/** How a platform reads a process, where that differs. */
function readAs({ name, command, key }: ProcfileProcess, { byName, byPlace }: Reading): string | undefined {
  const same = byName.get(name) ?? []
  const [first] = same
  if (same.length > 1) return `${same.length} processes of that name`
  // Blanks at the ends mean nothing to a shell.
  if (first) return first.command.trim() === command.trim() ? undefined : quoted(first.command)
  const renamed = byPlace.get(key.start)
  return renamed ? `it as ${JSON.stringify(renamed.name)}` : 'no such process'
}

const quoted = (text: string): string => JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote - 1)}…` : text)

const listed = (
  parts: readonly string[],
): string => (parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`)

function unportable({ name, command }: ProcfileProcess, inFile: Note['inFile'], detail: string): Note {
  const remedy = 'Write `name: command` on one line, without quotes around the command, or choose the platform with --platform.'
  return { rule: 'unportable-description', name, inFile, shape: 'Invalid value', value: command, detail, remedy }
}
