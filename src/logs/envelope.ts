/** What collectors put around a line: `kubectl logs --timestamps` and `--prefix`, CRI, docker compose, JSON of docker and of shippers. */
import { dateTime } from './time.ts'

/** A line without what is around it. One object for all lines, as there are many of them. */
export class Piece {
  text = ''
  start = 0
  end = 0
  /** Milliseconds since 1970; NaN where nothing says when the line was written. */
  time = NaN
  /** The pod or container that it is of; empty where nothing says so. */
  source = ''
  /** True where the next line of the same source goes on with it. */
  isPartial = false
  /** The traceback that a record of JSON brings along. */
  traceback = ''

  set(text: string, start: number, end: number): void {
    this.text = text
    this.start = start
    this.end = end
    this.time = NaN
    this.source = ''
    this.isPartial = false
    this.traceback = ''
  }
}

const zero = 48
/** A letter, a digit, `.`, `_` or `-`. */
const isNamed = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 45 || code === 46 || code === 95
const isDigit = (code: number): boolean => code >= zero && code <= 57

/** Takes off a piece what is around its line. */
export function unwrap(piece: Piece): void {
  const first = piece.text.charCodeAt(piece.start)
  // `[2026-…] [7] [INFO]` is gunicorn's own: nothing is around it.
  if (first === 91 && isDigit(piece.text.charCodeAt(piece.start + 1))) return
  if (first === 91) podPrefix(piece)
  else if (!isDigit(first) && first !== 123) composePrefix(piece)
  else if (isDigit(first) && piece.text.charCodeAt(piece.start + 2) === 58) foremanPrefix(piece)
  if (isDigit(piece.text.charCodeAt(piece.start))) timestamp(piece)
  if (piece.text.charCodeAt(piece.start) === 123) json(piece)
}

/** `[pod/web-5d/app] `, of `kubectl logs --prefix`. */
function podPrefix(piece: Piece): void {
  if (!piece.text.startsWith('[pod/', piece.start)) return
  const end = piece.text.indexOf('] ', piece.start)
  if (end < 0 || end > piece.end || end - piece.start > 600) return
  piece.source = own(piece.text.slice(piece.start + 1, end))
  piece.start = end + 2
}

/** `web-1  | `, of docker compose. */
function composePrefix(piece: Piece): void {
  // Only as far as a name goes: most lines have none.
  let bar = piece.start
  const last = Math.min(piece.end, piece.start + 80)
  while (bar < last && isNamed(piece.text.charCodeAt(bar))) bar++
  if (bar === piece.start) return
  const name = piece.text.slice(piece.start, bar)
  while (bar < last && piece.text.charCodeAt(bar) === 32) bar++
  bar--
  if (!piece.text.startsWith(' | ', bar)) return
  piece.source = own(name)
  piece.start = bar + 3
}

/** `10:00:00 web.1   | `, of foreman and honcho, which run the processes of a Procfile side by side. */
function foremanPrefix(piece: Piece): void {
  const { text, start } = piece
  if (text.charCodeAt(start + 5) !== 58 || text.charCodeAt(start + 8) !== 32) return
  piece.start = start + 9
  composePrefix(piece)
  if (piece.start === start + 9) piece.start = start
}

/** `2026-11-30T16:17:44.123456789Z `, and what CRI has behind it: `stdout F `. */
function timestamp(piece: Piece): void {
  const { text, start } = piece
  if (text.charCodeAt(start + 10) !== 84 || text.charCodeAt(start + 4) !== 45) return
  let blank = start + 19
  const last = Math.min(piece.end, start + 40)
  while (blank < last && text.charCodeAt(blank) !== 32) blank++
  if (blank >= last) return
  const time = dateTime(text, start, blank)
  if (Number.isNaN(time)) return
  piece.time = time
  piece.start = blank + 1
  const isOut = text.startsWith('stdout ', blank + 1)
  if ((isOut || text.startsWith('stderr ', blank + 1)) && text.charCodeAt(blank + 9) === 32) {
    const tag = text.charCodeAt(blank + 8)
    if (tag !== 70 && tag !== 80) return
    piece.isPartial = tag === 80
    piece.start = blank + 10
  }
}

/** Where a shipper has the line, and when it was written. */
const lineKeys = ['log', 'message', 'msg', 'MESSAGE', 'textPayload', 'body', 'line']
const timeKeys = ['time', '@timestamp', 'timestamp', 'ts', 'date']

/** An object whose one string is the line: docker's json-file, fluent-bit, vector, journald. */
function json(piece: Piece): void {
  let value: unknown
  try {
    value = JSON.parse(piece.text.slice(piece.start, piece.end))
  } catch {
    return
  }
  if (typeof value !== 'object' || value === null) return
  const members = value as Readonly<Record<string, unknown>>
  const key = lineKeys.find((name) => typeof members[name] === 'string')
  if (key === undefined) return
  const line = members[key] as string
  const record = recordOf(members, line)
  if (record !== undefined) {
    piece.text = record.replace(/[^\u0000-\u00ff]/g, '?')
    piece.start = 0
    piece.end = piece.text.length
    piece.source = piece.source || sourceOf(members)
    const { exc_info: raised, exception, stack_trace: stack } = members
    piece.traceback = [raised, exception, stack].find((one): one is string => typeof one === 'string') ?? ''
    return
  }
  const time = timeKeys.map((name) => timeOf(members[name])).find((found) => !Number.isNaN(found))
  // docker ends each line with one, but for those that go on.
  const hasEnd = line.endsWith('\n')
  piece.isPartial = key === 'log' && 'stream' in members && 'time' in members && !hasEnd && !('kubernetes' in members) &&
    line.length >= 16 * 1024 - 1
  piece.source = piece.source || sourceOf(members)
  piece.text = line.replace(/[^\u0000-\u00ff]/g, '?')
  piece.start = 0
  piece.end = hasEnd ? line.length - 1 : line.length
  if (piece.text.charCodeAt(piece.end - 1) === 13) piece.end--
  piece.time = time ?? piece.time
}

const loggerKeys = ['name', 'logger', 'logger_name', 'loggerName']
const processKeys = ['process', 'pid', 'process_id', 'processID']
const levelKeys = ['levelname', 'level', 'severity', 'log.level', 'levelName']

/** A record of gunicorn's own logger that a logger class writes as JSON, in gunicorn's own form: the time is the record's. */
function recordOf(members: Readonly<Record<string, unknown>>, message: string): string | undefined {
  if (!loggerKeys.some((key) => members[key] === 'gunicorn.error')) return undefined
  const pid = processKeys.map((key) => members[key]).find((value) => typeof value === 'number') ?? 0
  const level = levelKeys.map((key) => members[key]).find((value): value is string => typeof value === 'string')?.toUpperCase() ?? 'INFO'
  const times = [...timeKeys, 'asctime'].map((name) => timeOf(members[name]))
  const time = times.find((found) => !Number.isNaN(found) && Math.abs(found) < 8e15)
  const written = time === undefined ? '0000-00-00 00:00:00' : new Date(time).toISOString().slice(0, 19).replace('T', ' ')
  return `[${written} +0000] [${String(pid)}] [${level === 'WARN' ? 'WARNING' : level}] ${message.split('\n', 1)[0] ?? ''}`
}

function timeOf(value: unknown): number {
  if (typeof value === 'string') return dateTime(value, 0, value.length)
  // Seconds, with a fraction, or milliseconds.
  return typeof value === 'number' && value > 1e8 ? (value < 1e11 ? value * 1000 : value < 1e14 ? value : NaN) : NaN
}

function sourceOf(members: Readonly<Record<string, unknown>>): string {
  const { kubernetes, pod, pod_name: podName, container_id: id } = members
  const inner = typeof kubernetes === 'object' && kubernetes !== null ? (kubernetes as Readonly<Record<string, unknown>>) : {}
  const name = inner['pod_name'] ?? inner['pod'] ?? pod ?? podName ?? id
  return typeof name === 'string' ? name.slice(0, 253) : ''
}

/** Sources are kept: they must not keep the text alive that they were cut out of. */
const sources = new Map<string, string>()

function own(name: string): string {
  const known = sources.get(name)
  if (known !== undefined) return known
  if (sources.size > 10_000) sources.clear()
  const copy = Buffer.from(name, 'latin1').toString('utf8')
  sources.set(copy, copy)
  return copy
}
