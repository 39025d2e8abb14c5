/** A log, chunk by chunk → what is needed to judge it. Knows no file and no screen. */
import { AccessLine, compileFormat, FormatReader } from './access-format.ts'
import { Containers } from './containers.ts'
import { Piece, unwrap } from './envelope.ts'
import { LineReader, longestLine, shown } from './lines.ts'
import { PlainLines } from './plain.ts'
import { Requests } from './requests.ts'
import type { Circumstances } from './circumstances.ts'
import { Story, type ErrorLine } from './story.ts'
import { evidenceOf, Tally, type LineAt } from './tally.ts'
import { errorLogTime } from './time.ts'
import { Timeline } from './timeline.ts'

/** gunicorn's own format, the platform's, uvicorn's and aiohttp's: what a log may be in where no command says it. */
const knownFormats = [
  '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
  '[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"',
  '%(h)s - "%(r)s" %(s)s',
  'INFO:     %(h)s - "%(r)s" %(s)s %(x)s',
  '%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"',
  '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(L)s',
]

const levels = new Set(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'])

/** Sources whose parts of lines are kept until the rest comes. */
const mostSources = 1000

export class Diagnosing {
  readonly tally = new Tally()
  readonly story: Story
  readonly timeline = new Timeline()
  readonly requests: Requests
  /** What Kubernetes says, where it was asked. */
  readonly containers = new Containers()
  readonly #plain: PlainLines
  readonly #lines: LineReader
  readonly #piece = new Piece()
  readonly #access = new AccessLine()
  /** The one that fitted last stands first. */
  readonly #readers: FormatReader[]
  readonly #partial = new Map<string, string>()
  /** Lines of gunicorn's, or of what it starts. */
  understood = 0
  /** Lines of the access log, and those of them that tell how long the request took. */
  accessLines = 0
  timedLines = 0
  errorLines = 0
  /** Lines with words of gunicorn's in a form that is not its own, nor one that is known. */
  doubtful = 0
  /** Milliseconds since 1970. */
  from = NaN
  to = NaN

  constructor(circumstances: Circumstances) {
    this.story = new Story(this.tally, circumstances)
    this.requests = new Requests((second) => this.timeline.add(second))
    this.#plain = new PlainLines(this.story)
    this.#lines = new LineReader((text, start, end) => this.#line(text, start, end))
    const formats = circumstances.accessLogFormat === undefined ? knownFormats : [circumstances.accessLogFormat, ...knownFormats]
    this.#readers = formats.flatMap((format) => {
      const compiled = compileFormat(format)
      return compiled ? [new FormatReader(compiled)] : []
    })
  }

  get bytes(): number {
    return this.#lines.bytes
  }

  /** Pods or containers that answered requests. */
  get sources(): number {
    return this.story.servingSources
  }

  get lines(): number {
    return this.#lines.lines
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk)
  }

  /** A file has ended, and another may follow. */
  nextFile(): void {
    this.#lines.end()
  }

  end(): void {
    this.#lines.end()
    this.requests.flush()
    this.story.end()
  }

  #line(text: string, start: number, end: number): void {
    const piece = this.#piece
    piece.set(text, start, end)
    // Formats of JSON are read as what they are: an agent that ends in a backslash makes no JSON.
    const first = text.charCodeAt(start)
    if (first === 123 && this.#isAccess(piece)) return void this.understood++
    unwrap(piece)
    if (piece.isPartial || this.#partial.size > 0) this.#whole(piece)
    if (piece.isPartial) return
    if (this.#inner(piece)) this.understood++
    else {
      if (this.errorLines === 0 && isOfOtherForm(piece.text, piece.start, piece.end)) this.doubtful++
      this.story.isDamaged ||= isDamaged(piece.text, piece.start, piece.end)
    }
    if (piece.traceback !== '') this.#tracebackOf(piece)
  }

  /** A record of JSON holds the lines that stand below one of text. */
  #tracebackOf({ traceback, source, time }: Piece): void {
    const text = Buffer.from(traceback.slice(0, longestLine), 'utf8').toString('latin1')
    for (const line of text.split('\n')) this.#plain.line({ number: this.lines, text: line, start: 0, end: line.length, time }, source)
  }

  /** Puts together what a runtime has cut. */
  #whole(piece: Piece): void {
    const former = this.#partial.get(piece.source)
    if (former === undefined && !piece.isPartial) return
    const text = ((former ?? '') + piece.text.slice(piece.start, piece.end)).slice(0, longestLine)
    if (piece.isPartial) {
      if (this.#partial.size < mostSources || former !== undefined) this.#partial.set(piece.source, text)
      return
    }
    this.#partial.delete(piece.source)
    piece.text = text
    piece.start = 0
    piece.end = text.length
  }

  #inner(piece: Piece): boolean {
    const { text, start, end } = piece
    const first = text.charCodeAt(start)
    const head = first === 91 ? errorHead(text, start, end) : 0
    if (head > 0) return this.#error(piece, start, head, false)
    if (this.#isAccess(piece)) return true
    if (this.#plain.line(this.#lineAt(piece), piece.source)) return true
    // What the application prints without an end stands before a line of gunicorn's.
    const inside = insideHead(text, start, end)
    return inside >= 0 && this.#error(piece, inside, errorHead(text, inside, end), true)
  }

  #lineAt({ text, start, end, time }: Piece): LineAt {
    return { number: this.lines, text, start, end, time }
  }

  /** `[time] [pid] [LEVEL] message`; `head` is where the message begins. */
  #error(piece: Piece, start: number, head: number, isInside: boolean): boolean {
    const { text, end, source } = piece
    const pidEnd = text.indexOf(']', start + 29)
    const level = text.slice(pidEnd + 3, head - 2)
    if (!levels.has(level)) return false
    const time = errorLogTime(text, start + 1)
    const pid = Number(text.slice(start + 29, pidEnd))
    const message = shown(text, head, Math.min(end, head + 4000))
    const line: ErrorLine = { number: this.lines, text, start, end, time: Number.isNaN(piece.time) ? time : piece.time, pid, level, message,
      isInside }
    if (!this.story.line(line, source)) {
      // An application may log through gunicorn's logger.
      if (!isInside) {
        this.story.spoke(source, pid)
        this.#plain.owned(source, '', pid)
      }
      return false
    }
    this.errorLines++
    this.#seen(line.time)
    this.#plain.owned(source, message, pid)
    return true
  }

  #seen(time: number): void {
    if (Number.isNaN(time)) return
    if (!(this.from <= time)) this.from = time
    if (!(this.to >= time)) this.to = time
  }

  #isAccess(piece: Piece): boolean {
    const { text, start, end } = piece
    const readers = this.#readers
    for (let index = 0; index < readers.length; index++) {
      const reader = readers[index]
      if (!reader?.read(text, start, end, this.#access)) continue
      if (index > 0) {
        readers.splice(index, 1)
        readers.unshift(reader)
      }
      this.#request(piece, reader.format.hasDuration)
      return true
    }
    return false
  }

  #request(piece: Piece, hasDuration: boolean): void {
    const line = this.#access
    this.accessLines++
    if (hasDuration) this.timedLines++
    const source = this.story.source(piece.source)
    source.requests++
    const { pathStart, pathEnd } = line
    const isFailed = line.isFailed || (line.status >= 500 && this.#hasFailed(piece.source, piece.text, pathStart, pathEnd))
    // The second in which it ended: in the middle of it, unless a runtime says more.
    const isFine = !Number.isNaN(piece.time)
    const time = isFine ? piece.time : line.time
    this.#seen(time)
    if (!isFine) this.requests.isFine = false
    const end = isFine ? time / 1000 : time / 1000 + 0.5 + (line.isStart && !Number.isNaN(line.duration) ? line.duration : 0)
    if (isFailed) this.requests.failed++
    else if (this.requests.isShown(line.duration)) this.requests.show(line.duration, evidenceOf(this.#lineAt(piece)))
    this.requests.add(pathStart < 0 ? undefined : piece.text.slice(pathStart, pathEnd), end, isFailed ? NaN : line.duration)
  }

  /** Whether the application has just failed with a request of that path. */
  #hasFailed(source: string, text: string, pathStart: number, pathEnd: number): boolean {
    const failing = this.story.failing.get(source)
    if (!failing || failing.length === 0) return false
    const path = pathStart < 0 ? undefined : shown(text, pathStart, pathEnd)
    const index = path === undefined ? 0 : failing.indexOf(path)
    if (index < 0) return false
    failing.splice(index, 1)
    return true
  }
}

/** Words that say that something is wrong. */
const grave = ['WORKER TIMEOUT (pid:', 'was sent SIGKILL! Perhaps out of memory?', 'Worker failed to boot', 'App failed to load']

/** Whether a line has bytes that are no text: lines may be lost there. Colours are text. */
function isDamaged(text: string, start: number, end: number): boolean {
  for (let at = start; at < end && at < start + 200; at++) {
    const code = text.charCodeAt(at)
    if (code < 32 && (code < 7 || code > 13) && code !== 27) return true
  }
  return false
}

/** Whether a line has such words, outside of quotes. */
function isOfOtherForm(text: string, start: number, end: number): boolean {
  if (end - start > 400) return false
  const line = text.slice(start, end)
  return grave.some((words) => {
    const at = line.indexOf(words)
    return at >= 0 && !line.slice(0, at).includes('"')
  })
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Where the message of an error line begins that itself begins at a place; 0 where it is none: `[2026-11-30 16:17:44 +0000] [7] [INFO] `. */
function errorHead(text: string, start: number, end: number): number {
  if (end - start < 40 || text.charCodeAt(start + 5) !== 45 || text.charCodeAt(start + 26) !== 93 || text.charCodeAt(start + 28) !== 91)
    return 0
  let at = start + 29
  while (isDigit(text.charCodeAt(at))) at++
  if (at === start + 29 || at - start > 40 || !text.startsWith('] [', at)) return 0
  at += 3
  while (at < end && text.charCodeAt(at) >= 65 && text.charCodeAt(at) <= 90) at++
  return text.startsWith('] ', at) ? at + 2 : 0
}

/** Where an error line begins inside another; -1 where none does. What stands in quotes is a text of somebody's. */
function insideHead(text: string, start: number, end: number): number {
  for (let at = start; at < end - 40; at++) {
    const code = text.charCodeAt(at)
    if (code === 34) return -1
    if (code === 91 && at > start && text.charCodeAt(at + 26) === 93 && errorHead(text, at, end) > 0) return at
  }
  return -1
}
