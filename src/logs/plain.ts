/** Lines without time and process: tracebacks, and what gunicorn says before it has a log. */
import type { Story } from './story.ts'
import { evidenceOf, type LineAt } from './tally.ts'
import { TracebackReader } from './traceback.ts'

/** The line of gunicorn's that came last in a source, and what has come without prefix since. */
interface Place {
  owner: { readonly message: string; readonly pid: number } | undefined
  readonly traceback: TracebackReader
  /** The plain line before this one. */
  before: string
  /** True where the line before is empty: gunicorn begins its last words so. */
  isBehindBlank: boolean
}

/** gunicorn's own words behind `Error: `, and which fault each is. Sources: `config.py`, `util.py`, `glogging.py`, `pidfile.py`. */
const errors: readonly (readonly [RegExp, 'configuration' | 'address' | 'application'])[] = [
  [/^'[^']*' is not a valid port number\.$|^Invalid address: /, 'address'],
  [/^No application module specified\.$/, 'application'],
  [
    /^(?:Error: )?'[^']*' isn't writable \[|^Value must be |^Invalid value |^Unable to load config |^Not a string: |^Not a list: |^Must be |^Value must not |^No such (?:user|group): |^No section |^Already running on PID |^The file with the extension |^'[^']*' doesn't exist$|^can't chdir to |^Invalid |^unable to |^Expected |^Failed to /i,
    'configuration',
  ],
]

/** gunicorn's own words for an application that it does not find in a module that is there: how they begin and end. */
const notFound: readonly (readonly [string, string])[] = [
  ["Failed to find attribute '", '.'],
  ['Failed to parse ', ' as an attribute name or function call.'],
  ['Failed to find application object', ''],
  ['Function reference must be a simple name: ', ''],
  ['Application object must be callable.', ''],
  ["Failed to find application, did you mean '", '?'],
]

export class PlainLines {
  readonly #story: Story
  readonly #places = new Map<string, Place>()

  constructor(story: Story) {
    this.#story = story
  }

  /** A line of gunicorn's own came. */
  owned(source: string, message: string, pid: number): void {
    const place = this.#places.get(source)
    if (place) {
      place.owner = { message, pid }
      place.before = ''
    } else this.#places.set(source, { owner: { message, pid }, traceback: new TracebackReader(), before: '', isBehindBlank: true })
  }

  /** True while a traceback goes on in a source. */
  isOpen(source: string): boolean {
    return this.#places.get(source)?.traceback.isOpen === true
  }

  /** @returns whether the line is understood */
  line(line: LineAt, sourceName: string): boolean {
    let place = this.#places.get(sourceName)
    if (!place) {
      if (this.#places.size > 10_000) this.#places.clear()
      this.#places.set(sourceName, place = { owner: undefined, traceback: new TracebackReader(), before: '', isBehindBlank: false })
    }
    const { text, start, end } = line
    const first = text.charCodeAt(start)
    if (place.traceback.isOpen) {
      const found = place.traceback.line(text.slice(start, end))
      if (found) this.#story.traceback(found, place.owner, place.before, sourceName, line.time, evidenceOf(line))
      return true
    }
    // `Traceback`, `[Traceback`
    if ((first === 84 || first === 91) && text.startsWith('Traceback (most recent call last):', first === 91 ? start + 1 : start)) {
      place.traceback.begin()
      return true
    }
    if (end - start > 2000) return false
    const isKnown = first === 69 || first === 70 || first === 117 || first === 103 || first === 95 || first === 65
      ? this.#start(text.slice(start, end), line, place, sourceName) : false
    place.isBehindBlank = end === start
    if (end > start) place.before = isKnown || end - start < 300 ? Buffer.from(text.slice(start, end), 'latin1').toString('utf8') : ''
    return isKnown
  }

  #start(text: string, line: LineAt, place: Place, sourceName: string): boolean {
    const story = this.#story
    const { time } = line
    if (/^(?:usage: )?(?:gunicorn|__main__\.py)(?: \[OPTIONS\] \[APP_MODULE\]$|: error: )/.test(text)) {
      if (text.startsWith('usage: ')) return true
      story.refuse(text, time, evidenceOf(line))
      return true
    }
    if (text.startsWith('Failed to read config file: ')) {
      // What is wrong with it stands in the traceback below.
      story.refuse(text, time, evidenceOf(line))
      place.owner = undefined
      return true
    }
    if (notFound.some(([beginning, end]) => text.startsWith(beginning) && text.endsWith(end))) {
      story.notLoaded('application-not-found', text, time, evidenceOf(line))
      return true
    }
    if (!text.startsWith('Error: ')) return false
    const said = text.slice('Error: '.length)
    const refusedClass = /^class uri (.*) invalid or not found: ?$/.exec(said)
    if (refusedClass) {
      story.refuseClass(refusedClass[1]?.replaceAll(/^['"]|['"]$/g, '') ?? '', time, evidenceOf(line))
      place.owner = undefined
      return true
    }
    const [, what] = errors.find(([pattern]) => pattern.test(said)) ?? []
    // A gunicorn that runs has read its configuration: then others say so.
    const { arbiter } = story.source(sourceName)
    if (arbiter && !arbiter.hasEnded) return false
    const evidence = evidenceOf(line)
    if (what === undefined) {
      // In words of the application's own setup, or of another program's: it is gunicorn's where none starts behind it.
      if (place.isBehindBlank) story.mayRefuse(said, time, evidence)
      return place.isBehindBlank
    }
    if (what === 'address') story.refuseAddress(said, time, evidence)
    else if (what === 'application') story.notLoaded('application-not-found', said, time, evidence)
    else if (/\b30\b.*Read-only file system/.test(said)) story.refuseWriting(said, time, evidence)
    else story.refuse(said, time, evidence)
    return true
  }
}
