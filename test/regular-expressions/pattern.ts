/** Regular expressions as trees, and as programs of a machine that backtracks as JavaScript's engines do, and counts its steps. */

export type Node =
  /** A class, an escape or a character, as it is written: whether it takes a character is asked of the real engine. */
  | { readonly kind: 'atom'; readonly source: string }
  /** `^`, `$`, `\b`, `\B`. */
  | { readonly kind: 'edge'; readonly source: string }
  | { readonly kind: 'reference'; readonly group: number | string }
  | { readonly kind: 'group'; readonly body: Node; readonly number: number; readonly name: string | undefined }
  | { readonly kind: 'look'; readonly body: Node; readonly behind: boolean; readonly negative: boolean }
  | { readonly kind: 'repeat'; readonly body: Node; readonly least: number; readonly most: number; readonly lazy: boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly parts: readonly Node[] }

/** Takes a pattern that the engine has accepted apart. */
export function parse({ source, flags }: RegExp): Node {
  let at = 0
  let groups = 0
  const eat = (text: string): boolean => source.startsWith(text, at) && (at += text.length) > 0
  const upTo = (expression: RegExp): string => {
    expression.lastIndex = at
    const text = expression.exec(source)?.[0] ?? ''
    at += text.length
    return text
  }
  const choice = (): Node => {
    const parts = [sequence()]
    while (eat('|')) parts.push(sequence())
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }
  const sequence = (): Node => {
    const parts: Node[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(term()))
    return { kind: 'sequence', parts }
  }
  const repeated = (body: Node): Node => {
    const text = upTo(/[*+?]|\{\d+(?:,\d*)?\}/y)
    if (text === '') return body
    const [, first = '0', comma, last] = /^\{(\d+)(,?)(\d*)\}$/.exec(text) ?? []
    const [least, most] = text === '*' ? [0, Infinity]
      : text === '+' ? [1, Infinity]
      : text === '?' ? [0, 1] : [Number(first), comma === '' ? Number(first) : last === '' ? Infinity : Number(last)]
    return { kind: 'repeat', body, least, most, lazy: eat('?') }
  }
  const closed = <T extends Node>(node: T): T => {
    if (!eat(')')) throw new Error(`a group without an end in /${source}/`)
    return node
  }
  const term = (): Node => {
    for (const behind of [true, false])
      for (const negative of [true, false])
        if (eat(`(?${behind ? '<' : ''}${negative ? '!' : '='}`)) return closed({ kind: 'look', body: choice(), behind, negative })
    if (eat('(?:')) return closed({ kind: 'sequence', parts: [choice()] })
    if (eat('(')) {
      const number = ++groups
      const name = /^\?<(\w+)>$/.exec(upTo(/\?<\w+>/y))?.[1]
      return closed({ kind: 'group', body: choice(), number, name })
    }
    const edge = upTo(/[\^$]|\\[bB]/y)
    if (edge !== '') return { kind: 'edge', source: edge }
    const reference = upTo(/\\[1-9]\d*|\\k<\w+>/y)
    if (reference !== '')
      return { kind: 'reference', group: reference.startsWith('\\k') ? reference.slice(3, -1) : Number(reference.slice(1)) }
    const unit = flags.includes('u') || flags.includes('v') ? upTo(/\[(?:\\.|[^\]\\])*\]|\\[pPu]\{[^}]*\}|\\x..|\\u....|\\c.|\\.|./suy)
      : upTo(/\[(?:\\.|[^\]\\])*\]|\\x..|\\u....|\\c.|\\.|./sy)
    if (unit === '') throw new Error(`/${source}/ cannot be read at ${at}`)
    return { kind: 'atom', source: unit }
  }
  const tree = choice()
  if (at < source.length) throw new Error(`/${source}/ cannot be read at ${at}`)
  return tree
}

type Step =
  | { readonly op: 'atom'; readonly takes: (char: string) => boolean }
  | { readonly op: 'edge'; readonly source: string }
  | { readonly op: 'fork'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  /** Where a round of a loop begins, and where it must have taken something. */
  | { readonly op: 'mark' | 'moved'; readonly register: number }
  | { readonly op: 'open' | 'close'; readonly group: number }
  | { readonly op: 'reference'; readonly group: number }
  | { readonly op: 'look'; readonly program: Program; readonly negative: boolean }
  | { readonly op: 'done' }

interface Program {
  readonly steps: readonly Step[]
  readonly behind: boolean
}

/** What registers and groups hold, newest first; shared by all that goes on from there. */
interface Memory {
  readonly key: string
  readonly value: number
  readonly next: Memory | undefined
}

/** Stops a run. */
export class TooManySteps extends Error {}

export class Machine {
  readonly #program: Program
  readonly #flags: string
  readonly #names = new Map<string, number>()
  #registers = 0

  constructor(expression: RegExp, tree = parse(expression)) {
    this.#flags = expression.flags
    this.#program = this.#compile(tree, false)
  }

  /** All that a text has of it (the first only without `g`), and how many steps it takes to find it. Throws TooManySteps above `most`. */
  find(text: string, most: number): { readonly found: readonly string[]; readonly steps: number } {
    const counter = { left: most }
    const [global, sticky] = [this.#flags.includes('g'), this.#flags.includes('y')]
    const found: string[] = []
    for (let at = 0; at <= text.length;) {
      const end = this.#run(this.#program, text, at, undefined, counter)?.end
      if (end !== undefined) found.push(text.slice(at, end))
      if (end === undefined ? sticky : !global) break
      at = end === undefined || end === at ? at + Math.max(charAt(text, at, false, this.#flags).length, 1) : end
    }
    return { found, steps: most - counter.left }
  }

  #compile(tree: Node, behind: boolean): Program {
    const steps: Step[] = []
    const emit = (node: Node): void => {
      switch (node.kind) {
        case 'atom':
          return void steps.push({ op: 'atom', takes: takesOf(node.source, this.#flags) })
        case 'edge':
          return void steps.push({ op: 'edge', source: node.source })
        case 'reference':
          return void steps.push({ op: 'reference',
            group: typeof node.group === 'number' ? node.group : (this.#names.get(node.group) ?? 0) })
        case 'look':
          return void steps.push({ op: 'look', program: this.#compile(node.body, node.behind), negative: node.negative })
        case 'group':
          if (node.name !== undefined) this.#names.set(node.name, node.number)
          steps.push({ op: behind ? 'close' : 'open', group: node.number })
          emit(node.body)
          steps.push({ op: behind ? 'open' : 'close', group: node.number })
          return
        case 'sequence':
          for (const part of behind ? node.parts.toReversed() : node.parts) emit(part)
          return
        case 'choice':
          return choose(node.parts)
        case 'repeat':
          return repeat(node)
      }
    }
    const choose = ([first, ...rest]: readonly Node[]): void => {
      if (first === undefined) return
      if (rest.length === 0) return emit(first)
      const fork: Extract<Step, { op: 'fork' }> = { op: 'fork', first: steps.length + 1, second: 0 }
      steps.push(fork)
      emit(first)
      const jump: Extract<Step, { op: 'jump' }> = { op: 'jump', to: 0 }
      steps.push(jump)
      fork.second = steps.length
      choose(rest)
      jump.to = steps.length
    }
    const repeat = ({ body, least, most, lazy }: Extract<Node, { kind: 'repeat' }>): void => {
      for (let round = 0; round < least; round++) emit(body)
      const forks: Extract<Step, { op: 'fork' }>[] = []
      const fork = (): void => {
        forks.push({ op: 'fork', first: 0, second: 0 })
        steps.push(forks.at(-1)!)
      }
      const start = steps.length
      for (let round = least; round < (most === Infinity ? least + 1 : most); round++) {
        fork()
        const inside = steps.length
        const register = this.#registers++
        steps.push({ op: 'mark', register })
        emit(body)
        steps.push({ op: 'moved', register })
        if (most === Infinity) steps.push({ op: 'jump', to: start })
        forks.at(-1)![lazy ? 'second' : 'first'] = inside
      }
      for (const one of forks) one[lazy ? 'first' : 'second'] = steps.length
    }
    emit(tree)
    steps.push({ op: 'done' })
    return { steps, behind }
  }

  #run({ steps, behind }: Program, text: string, start: number, memory: Memory | undefined, counter: { left: number }): {
    readonly end: number
    readonly memory: Memory | undefined
  } | undefined {
    const later: { readonly pc: number; readonly at: number; readonly memory: Memory | undefined }[] = [{ pc: 0, at: start, memory }]
    for (let state = later.pop(); state; state = later.pop()) {
      let { pc, at, memory: held } = state
      for (let alive = true; alive;) {
        if (--counter.left < 0) throw new TooManySteps()
        const step = steps[pc++]!
        switch (step.op) {
          case 'done':
            return { end: at, memory: held }
          case 'atom': {
            const char = charAt(text, at, behind, this.#flags)
            alive = char !== '' && step.takes(char)
            at += behind ? -char.length : char.length
            break
          }
          case 'edge':
            alive = isEdge(step.source, text, at, this.#flags)
            break
          case 'fork':
            later.push({ pc: step.second, at, memory: held })
            pc = step.first
            break
          case 'jump':
            pc = step.to
            break
          case 'mark':
            held = { key: `mark ${step.register}`, value: at, next: held }
            break
          case 'moved':
            alive = recall(held, `mark ${step.register}`) !== at
            break
          case 'open':
          case 'close':
            held = { key: `${step.op} ${step.group}`, value: at, next: held }
            break
          case 'reference': {
            const [from, to] = [recall(held, `open ${step.group}`), recall(held, `close ${step.group}`)]
            const said = from === undefined || to === undefined ? '' : text.slice(from, to)
            counter.left -= said.length
            alive = text.startsWith(said, at)
            at += said.length
            break
          }
          case 'look': {
            const found = this.#run(step.program, text, at, held, counter)
            alive = (found !== undefined) !== step.negative
            if (found && !step.negative) held = found.memory
            break
          }
        }
      }
    }
    return undefined
  }
}

function recall(memory: Memory | undefined, key: string): number | undefined {
  for (let at = memory; at; at = at.next) if (at.key === key) return at.value
  return undefined
}

function charAt(text: string, at: number, behind: boolean, flags: string): string {
  if (!flags.includes('u') && !flags.includes('v')) return text.charAt(behind ? at - 1 : at)
  const point = text.codePointAt(behind ? at - 1 : at)
  return point === undefined ? '' : String.fromCodePoint(point)
}

function isEdge(source: string, text: string, at: number, flags: string): boolean {
  const isWord = (index: number): boolean => /^\w$/.test(text.charAt(index))
  const isBreak = (index: number): boolean => flags.includes('m') && /^[\n\r\u2028\u2029]$/.test(text.charAt(index))
  switch (source) {
    case '^':
      return at === 0 || isBreak(at - 1)
    case '$':
      return at === text.length || isBreak(at)
    default:
      return (isWord(at - 1) !== isWord(at)) === (source === '\\b')
  }
}

/** Whether an atom takes a character, as the engine says. */
export function takesOf(source: string, flags: string): (char: string) => boolean {
  const known = new Map<string, boolean>()
  const expression = new RegExp(`^(?:${source})$`, flags.replaceAll(/[gym]/g, ''))
  return (char) => {
    let takes = known.get(char)
    if (takes === undefined) known.set(char, takes = expression.test(char))
    return takes
  }
}
