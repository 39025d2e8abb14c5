/** Which files a folder is not looked through for: what `.gitignore` and `--exclude` name. Source: gitignore(5). */

/** One line: the last that matches a path decides. */
interface Pattern {
  /** Between slashes; `**` stands for any number of folders. */
  readonly segments: readonly string[]
  readonly isNegated: boolean
  readonly isOfFolders: boolean
}

/** The patterns of a folder, whose path ends with a slash or is empty. */
export interface Ignored {
  readonly folder: string
  readonly patterns: readonly Pattern[]
}

/** The patterns of a `.gitignore`. */
export function readIgnored(folder: string, text: string): Ignored {
  return { folder, patterns: text.split(/\r?\n/).flatMap((line) => patternOf(line) ?? []) }
}

function patternOf(line: string): Pattern | undefined {
  // Blanks at the end do not count, unless a backslash holds the last.
  let text = line.startsWith('#') ? '' : line
  while (text.endsWith(' ') && !text.endsWith('\\ ')) text = text.slice(0, -1)
  const isNegated = text.startsWith('!')
  if (isNegated) text = text.slice(1)
  const isOfFolders = text.endsWith('/')
  if (isOfFolders) text = text.slice(0, -1)
  if (text === '') return undefined
  // With a slash in it, it counts from the folder of the file; without one it holds at any depth.
  const segments = text.includes('/') ? (text.startsWith('/') ? text.slice(1) : text).split('/') : ['**', text]
  return { segments, isNegated, isOfFolders }
}

/** Whether a path is left out by patterns of folders around it, the outermost first. What lies in a folder that is left out never gets here. */
export function isIgnored(all: readonly Ignored[], path: string, isFolder: boolean): boolean {
  for (const { folder, patterns } of all.toReversed()) {
    if (!path.startsWith(folder)) continue
    const segments = path.slice(folder.length).split('/')
    const last = patterns.findLast((pattern) => (isFolder || !pattern.isOfFolders) && matchesPath(segments, pattern.segments))
    if (last) return !last.isNegated
  }
  return false
}

/** For each number of segments, whether the pattern can stand for as many. */
function matchesPath(path: readonly string[], pattern: readonly string[]): boolean {
  let reached = path.map(() => false)
  reached.unshift(true)
  for (const [index, piece] of pattern.entries()) {
    const next = reached.map(() => false)
    for (let at = 0; at <= path.length; at++) {
      // At the end, `**` stands for what lies within, and not for the folder itself.
      if (piece === '**' && index < pattern.length - 1) next[at] = reached[at] === true || (at > 0 && next[at - 1] === true)
      else if (piece === '**') next[at] = at > 0 && (reached[at - 1] === true || next[at - 1] === true)
      else next[at] = at > 0 && reached[at - 1] === true && matchesName(path[at - 1] ?? '', piece)
    }
    reached = next
  }
  return reached.at(-1) === true
}

/** `*`, `?`, `[…]` and backslashes, as fnmatch(3) has them; in the product of the lengths at most. */
function matchesName(name: string, pattern: string): boolean {
  let [at, in_] = [0, 0]
  // The last star, and how much of the name it stands for.
  let [star, taken] = [-1, 0]
  while (at < name.length) {
    const step = in_ < pattern.length && pattern[in_] !== '*' ? stepOver(pattern, in_, name[at] ?? '') : undefined
    if (step !== undefined) {
      at += 1
      in_ = step
    } else if (pattern[in_] === '*') {
      star = in_++
      taken = at
    } else if (star >= 0) {
      in_ = star + 1
      at = ++taken
    } else return false
  }
  while (pattern[in_] === '*') in_ += 1
  return in_ === pattern.length
}

/** Where the pattern goes on behind the piece that stands for a character; undefined where it does not. */
function stepOver(pattern: string, at: number, character: string): number | undefined {
  const piece = pattern[at]
  if (piece === '?') return at + 1
  if (piece === '\\' && at + 1 < pattern.length) return pattern[at + 1] === character ? at + 2 : undefined
  const close = piece === '[' ? pattern.indexOf(']', at + 2) : -1
  if (close < 0) return piece === character ? at + 1 : undefined
  const set = pattern.slice(at + 1, close)
  const isNegated = set.startsWith('!') || set.startsWith('^')
  let found = false
  for (let index = isNegated ? 1 : 0; index < set.length; index++) {
    const [from = '', dash, to] = set.slice(index, index + 3)
    if (dash === '-' && to !== undefined) {
      found ||= from <= character && character <= to
      index += 2
    } else found ||= from === character
  }
  return found === isNegated ? undefined : close + 1
}
