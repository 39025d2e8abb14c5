/** Texts that bring out the worst of a regular expression, made from its own structure; and how its work grows with them. */
import { Machine, parse, takesOf, TooManySteps, type Node } from './pattern.ts'

/** What is repeated, what stands before and behind it. */
interface Pump {
  readonly prefix: string
  readonly unit: string
  readonly suffix: string
}

/** Steps after which a run is given up: what is linear is far below, at each of the sizes. */
const mostSteps = 3_000_000

/** How often the unit stands, for a first look and for certain: beyond any bound that a pattern has of its own. */
const glance = [8, 16, 32]
const certain = [200, 400, 800]

/** What is at most linear grows by twice as much where the text is twice as long; what is quadratic, by four times. */
const steepest = 2.6

/** A pump that makes the work grow faster than the text; undefined where none is found. */
export function blowUp(expression: RegExp): Pump | undefined {
  const tree = parse(expression)
  const machine = new Machine(expression, tree)
  return pumps(tree, expression.flags).find((pump) => growth(machine, pump, glance) > steepest && growth(machine, pump, certain) > steepest)
}

function growth(machine: Machine, { prefix, unit, suffix }: Pump, sizes: readonly number[]): number {
  try {
    const [small = 0, middle = 0, large = 0] = sizes.map((size) => machine.find(prefix + unit.repeat(size) + suffix, mostSteps).steps)
    return (large - middle) / Math.max(middle - small, 1)
  } catch (error) {
    if (error instanceof TooManySteps) return Infinity
    throw error
  }
}

/** Characters that patterns are about, beside their own. */
const usual = 'aA0_ \t\n\r-./"\'\\${}()[]#:=,@%+~|é\u2028\u0001'

function pumps(tree: Node, flags: string): Pump[] {
  const atoms = [...new Set(atomsOf(tree))].map((source) => takesOf(source, flags))
  const own = atomsOf(tree).flatMap((source) => [...source.replaceAll(/\\[a-zA-Z]\{?|[[\]^]/g, '')])
  const weigh = (char: string): number => atoms.filter((takes) => takes(char)).length
  const alphabet = [...new Set([...own, ...usual])].sort((a, b) => weigh(b) - weigh(a))
  const chars = (source: string): string[] => {
    const takes = takesOf(source, flags)
    const taken = alphabet.filter(takes)
    return [...new Set([...taken.slice(0, 2), ...taken.filter((char) => /\s/.test(char)).slice(0, 1)])]
  }
  const units = new Set<string>()
  const prefixes = new Set<string>(['', 'x', alphabet.at(-1) ?? ''])
  /** Texts that a node takes; each is noted as a unit, and what leads to a part of a sequence as a prefix. */
  const samples = (node: Node, before: string): string[] => {
    let found: string[]
    switch (node.kind) {
      case 'atom':
        found = chars(node.source)
        break
      case 'edge':
      case 'reference':
        found = ['']
        break
      case 'look':
        samples(node.body, before)
        found = ['']
        break
      case 'group':
        found = samples(node.body, before)
        break
      case 'repeat':
        found = samples(node.body, before).flatMap((
          text,
        ) => [...new Set([text.repeat(Math.min(Math.max(node.least, 1), 3)), text.repeat(Math.min(node.least, 3))])])
        break
      case 'choice':
        found = node.parts.flatMap((part) => samples(part, before))
        break
      case 'sequence':
        found = ['']
        for (const part of node.parts) {
          const led = before + (found[0] ?? '')
          if (part.kind === 'repeat') prefixes.add(led)
          const own = samples(part, led)
          found = [...new Set(found.slice(0, 2).flatMap((text) => own.slice(0, 4).map((more) => text + more)))].slice(0, 6)
          for (const text of found) units.add(text)
        }
        break
    }
    for (const text of found) units.add(text)
    return found.slice(0, 6)
  }
  samples(tree, '')
  for (const char of alphabet) units.add(char)
  // What nothing takes, or nearly nothing, makes what came before it fail.
  const ends = ['', ...new Set([alphabet.at(-1) ?? '', '\u0001', '\n', alphabet[0] ?? ''])]
  const shortest = [...units].filter((unit) => unit !== '' && unit.length <= 40)
  return shortest.flatMap((unit) => [...prefixes].slice(0, 8).flatMap((prefix) => ends.map((suffix): Pump => ({ prefix, unit, suffix }))))
}

function atomsOf(node: Node): string[] {
  switch (node.kind) {
    case 'atom':
      return [node.source]
    case 'edge':
    case 'reference':
      return []
    case 'sequence':
    case 'choice':
      return node.parts.flatMap(atomsOf)
    default:
      return atomsOf(node.body)
  }
}
