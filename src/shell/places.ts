/**
 * Commands that run several times, in loops and functions: one for each place in the script, so that what is put in there is put
 * in once.
 */
import { spend } from '../budget.ts'
import { FoundCommand } from './command.ts'
import { Exports } from './scope.ts'
import type { Word } from './word.ts'

/** Commands as they were found, with those that stand in one place made one; they keep the place of the first. */
export function oncePerPlace(commands: readonly FoundCommand[]): FoundCommand[] {
  const places = new Map<number, FoundCommand[]>()
  let repeated = false
  for (const command of commands) {
    const others = places.get(command.start)
    if (others === undefined) places.set(command.start, [command])
    else {
      repeated = true
      spend(1 + others.length / 5)
      const index = others.findIndex((other) => isSameCommand(other, command))
      if (index < 0) others.push(command)
      else others[index] = merged(others[index] ?? command, command)
    }
  }
  if (!repeated) return [...commands]
  // What is put in would be given to each program that one place starts.
  for (const [, others] of places) if (others.length > 1) { for (const command of others) command.embedded = true }
  return [...places.values()].flat()
}

/** The commands that were found on each of several ways, of which one is taken: surely run where they run on all of them. */
export function onEachWay(found: readonly (readonly FoundCommand[])[]): FoundCommand[] {
  const places = found.map((commands) => Map.groupBy(commands, ({ start }) => start))
  return found.flatMap((commands, way) => {
    spend(commands.length)
    for (const command of commands) {
      const isEverywhere = places.every((others, index) =>
        index === way || others.get(command.start)?.some((other) => other.runs === 'surely' && isSameCommand(other, command)) === true
      )
      if (isEverywhere) continue
      command.runs = 'maybe'
      command.last = false
    }
    return commands
  })
}

/** Whether two runs are of one program, named where they stand. */
function isSameCommand(one: FoundCommand, other: FoundCommand): boolean {
  const [first, second] = [one.words[0], other.words[0]]
  if (one.end !== other.end || first?.value !== second?.value) return false
  return first?.text.includes('$') !== true || one.words.every((word, index) => word.value === other.words[index]?.value)
}

function merged(one: FoundCommand, other: FoundCommand): FoundCommand {
  spend((one.words.length + one.assignments.length) / 4)
  const assignments = one.assignments.map((assigned, index) =>
    assigned.value === other.assignments[index]?.value ? assigned : { ...assigned, value: null }
  )
  const runs = one.runs === 'surely' || other.runs === 'surely' ? 'surely' : 'maybe'
  const place = { background: one.background || other.background, job: one.job === other.job ? one.job : undefined,
    piped: one.piped || other.piped }
  const written = { start: one.start, end: one.end, exec: one.exec, embedded: one.embedded || other.embedded, bare: one.bare && other.bare }
  const input = one.input === other.input ? one.input : undefined
  const words = mergedWords(one.words, other.words)
  const made = new FoundCommand(words, assignments, Exports.either(one.exports, other.exports), { ...written, input }, place, runs,
    one.ends && other.ends)
  if (words !== one.words || one.isMixed || other.isMixed) {
    made.alternatives = both(one, other)
    made.isMixed = true
  }
  return made
}

/** How many lists of words are kept that a command may get. */
const mostAlternatives = 8

/** The lists of words of two runs of a command, each once; undefined where there are too many. */
function both(one: FoundCommand, other: FoundCommand): readonly (readonly Word[])[] | undefined {
  const [mine, theirs] = [one, other].map((command) => command.alternatives ?? (command.isMixed ? undefined : [command.words]))
  if (mine === undefined || theirs === undefined) return undefined
  spend((mine.length * theirs.length * one.words.length) / 10)
  const added = theirs.filter((words) =>
    !mine.some((known) => known.length === words.length && known.every((word, index) => isSame(word, words[index])))
  )
  const all = [...mine, ...added]
  return all.length <= mostAlternatives ? all : undefined
}

/** Words that are known where both agree: those of one word of the script that differ in number are one that splits. */
function mergedWords(ones: readonly Word[], others: readonly Word[]): readonly Word[] {
  if (ones.length === others.length && ones.every((word, index) => isSame(word, others[index]))) return ones
  const [left, right] = [ones, others].map((words) => Map.groupBy(words, ({ start }) => start))
  const starts = [...new Set([...ones, ...others].map(({ start }) => start))].sort((a, b) => a - b)
  return starts.flatMap((start) => {
    const [mine = [], theirs = []] = [left?.get(start), right?.get(start)]
    const [example] = [...mine, ...theirs]
    if (example === undefined) return []
    if (mine.length !== theirs.length) return [{ ...example, value: null, prefix: '', splits: true }]
    return mine.map((word, index) => {
      const other = theirs[index]
      if (other === undefined || isSame(word, other)) return word
      return { ...word, value: null, prefix: commonPrefix(word.prefix, other.prefix), splits: word.splits || other.splits }
    })
  })
}

const isSame = (one: Word, other: Word | undefined): boolean =>
  one.value === other?.value && one.prefix === other.prefix && one.splits === other.splits && one.start === other.start

function commonPrefix(one: string, other: string): string {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return one.slice(0, length)
}
