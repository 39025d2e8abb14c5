/** How the commands of a script stand to each other. */
import { isPassing } from '../shell/programs.ts'
import type { Command } from '../shell/script.ts'

/** Whether a script starts other programs beside one of its commands. */
export function othersOf(commands: readonly Command[]): (own: Command) => boolean {
  const stays = (command: Command): boolean => !isPassing(command)
  let count: number | undefined
  return (own) => (count ??= commands.filter(stays).length) > (stays(own) ? 1 : 0)
}

/** Whether one of the commands stands within the text of another one. */
export function spansOf(commands: readonly Command[]): (around: Command) => boolean {
  if (commands.length === 0) return () => false
  const sorted = commands.toSorted((one, other) => one.start - other.start)
  // The first end of those that begin no earlier.
  const ends = sorted.map(({ end }) => end)
  for (let at = ends.length - 2; at >= 0; at--) ends[at] = Math.min(ends[at]!, ends[at + 1]!)
  return ({ start, end }) => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sorted[middle]!.start < start) low = middle + 1
      else high = middle
    }
    return (ends[low] ?? Infinity) <= end
  }
}
