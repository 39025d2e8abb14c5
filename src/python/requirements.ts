/**
 * requirements.txt: what pip would install.
 * Sources: https://pip.pypa.io/en/stable/reference/requirements-file-format/ and pip's req/req_file.py.
 */
import { measured, spend } from '../budget.ts'
import { readOptions } from './options.ts'
import { readEditable, readRequirement, type Requirement } from './requirement.ts'

/** A requirement and where it stands. */
export interface ListedRequirement extends Requirement {
  /** The line, counted from 1; of a continued line the first. */
  readonly line: number
}

/** What a requirements file asks for. */
export interface Requirements {
  readonly requirements: readonly ListedRequirement[]
  /** Whether this is all that the file asks for: false where it includes another file (`-r`), or a line cannot be read. */
  readonly complete: boolean
  /** Whether it names all that is installed: with hashes, pip takes nothing that the file does not list. */
  readonly closed: boolean
  readonly errors: readonly { readonly line: number; readonly message: string }[]
}

/**
 * Reads a requirements file. Constraints (`-c`) install nothing and other options only say where from: both are passed over.
 * An environment variable (`${TOKEN}`) is not known: it may stand in a URL or a version, elsewhere the line cannot be read.
 * A text with a hundred lines that cannot be read is no requirements file, and is read no further.
 */
export function readRequirements(text: string): Requirements {
  const requirements: ListedRequirement[] = []
  const errors: { line: number; message: string }[] = []
  let [complete, closed] = [true, false]
  spend(text.length / 50)
  for (const { line, content } of joinedLines(text)) {
    spend(5)
    try {
      const { requirement, includes, hashed } = knownLine(content)
      closed ||= hashed
      if (requirement !== null) requirements.push({ ...requirement, line })
      if (includes) complete = false
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      errors.push({ line, message: error.message })
      complete = false
      if (errors.length === 100) break
    }
  }
  return { requirements, complete, closed, errors }
}

interface Line {
  readonly requirement: Requirement | null
  readonly includes: boolean
  readonly hashed: boolean
}

/** Lines that were read, and what that has cost: applications ask for the same releases. What is found here costs as much. */
const known = new Map<string, { readonly result: Line; readonly steps: number }>()
/** So many are kept, of so many characters at most. */
const [mostKnown, longestKnown] = [1_000, 100]

function knownLine(content: string): Line {
  if (content.length > longestKnown) return readLine(content)
  const before = known.get(content)
  if (before) {
    spend(before.steps)
    return before.result
  }
  const read = measured(() => readLine(content))
  if (known.size >= mostKnown) known.clear()
  known.set(content, read)
  return read.result
}

/** What one line asks for, whether it includes another file, and whether it has hashes. */
function readLine(content: string): Line {
  // Options begin at the first dash after a blank, and only there: a marker's quotes are not a shell's.
  const dash = ` ${content}`.indexOf(' -')
  const named = dash < 0 ? content : content.slice(0, dash).trim()
  const { values, strays } = readOptions(dash < 0 ? '' : content.slice(dash))
  if (strays.length > 0)
    throw new SyntaxError(`pip passes over ${JSON.stringify(strays.join(' '))}, which stands after an option`)
  const hashed = values.has('--hash') || content.includes('--require-hashes')
  if (named !== '') return { requirement: readRequirement(named), includes: false, hashed }
  const editable = values.get('--editable')?.[0]
  if (editable !== undefined) return { requirement: readEditable(editable), includes: false, hashed }
  return { requirement: null, includes: values.has('--requirement'), hashed }
}

/** The lines as pip joins them, without comments and blank ones. */
function* joinedLines(text: string): Generator<{ line: number; content: string }> {
  let joined = ''
  let start = 0
  const ready = function*(): Generator<{ line: number; content: string }> {
    const content = withoutComment(joined).trim()
    if (content !== '') yield { line: start, content }
    joined = ''
    start = 0
  }
  // Where Python's str.splitlines() ends a line.
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
  for (const [index, line] of lines.entries()) {
    if (start === 0) start = index + 1
    const comment = line.trimStart().startsWith('#')
    if (line.endsWith('\\') && !comment) {
      joined += withoutBackslashes(line)
    } else {
      // A comment line ends a continued one, and remains a comment when it is joined.
      joined += comment ? ` ${line}` : line
      yield* ready()
    }
  }
  yield* ready()
}

/** pip takes the backslashes off both ends of a line that goes on. */
function withoutBackslashes(line: string): string {
  let start = 0
  let end = line.length
  while (line[start] === '\\') start++
  while (end > start && line[end - 1] === '\\') end--
  return line.slice(start, end)
}

/** A `#` begins a comment at the start of a line or after a blank. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
    if (at === 0 || /\s/.test(line.charAt(at - 1))) return line.slice(0, at)
  }
  return line
}
