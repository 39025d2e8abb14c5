/**
 * Lists, pipelines, branches, loops and functions: which command runs where, when, and with what before it.
 */
import { descend, spend, unread } from '../budget.ts'
import { evaluate } from './arithmetic.ts'
import { Environment } from './environment.ts'
import { atEnd, CommandReader, notLast, type Call, type Place, type Round, type Status } from './command-reader.ts'
import { FoundCommand, type Script, type ScriptError } from './command.ts'
import { assignsInNumbers, extendedTest } from './condition.ts'
import { expandPattern, expandWhole, expandWord } from './expansion.ts'
import { matches } from './pattern.ts'
import { refusalOf } from './refusal.ts'
import { oncePerPlace, onEachWay } from './places.ts'
import { isNumber, type Definition, type Reach, type Scope } from './scope.ts'
import type { Syntax } from './syntax.ts'
import type { Word } from './word.ts'

/** Where branches begin. */
interface Entry {
  readonly reach: Reach
  readonly afterFailure: boolean
  readonly departures: number
}

function isNegated(node: Syntax.PipelineNode): boolean {
  return node.type === 'Pipeline' && node.prefixes.filter((prefix) => prefix.type === 'Negation').length % 2 === 1
}

function isTest(node: Syntax.PipelineNode): boolean {
  if (node.type === 'Pipeline') return node.commands.length === 1 && node.commands.every(isTest)
  return node.type === 'TestCommand' || node.type === 'ArithmeticCommand' ||
    (node.type === 'Command' && /^(test|\[)$/.test(node.name?.text ?? ''))
}

/** A statement, after which what follows may be read for each of the ways that lead out of it. */
interface Parting {
  readonly node: Syntax.PipelineNode | Syntax.AndOr | Syntax.CompoundList
  /** The text that follows it. */
  readonly rest: string
  ways: readonly Scope[] | undefined
}

/** How many ways are followed apart at most at one place. */
const mostWays = 8

/** How deep commands within commands may stand for a text that is made by `eval` to be read. */
const deepestText = 50

/** How many rounds of a loop are followed step by step, and how many calls within calls. */
const mostRounds = 10

/** The longest script in which it is looked for what counts. */
const mostCounted = 20_000
const deepestCall = 16

export class ScriptReader extends CommandReader {
  #nesting = 0
  /** The functions that are defined, each with where they are called from. */
  readonly #defined = new Set<Syntax.Function>()
  /** Those whose body is read where they are called. */
  readonly #followed = new Set<Syntax.Function>()
  /** The loops that could not be followed round by round. */
  readonly #unfollowed = new Set<Syntax.SyntaxNode>()
  /** The text without its arithmetic. */
  #uncounted: string | undefined
  /** The statement at hand whose ways may be followed apart. */
  #parting: Parting | undefined
  /** How many ways are followed apart here. */
  #ways = 1
  #parted = false
  /** How many loops the shell is in that are read once for all their rounds. */
  #repeats = 0

  read(): Script {
    const script = this.script
    for (const { message, pos } of script.errors ?? []) this.error(message, pos)
    if (!this.noexec) {
      this.#lines(script.commands)
      this.#uncalled()
    }
    const doubts = [...this.doubts, ...this.errors.map((error) => error.start)]
    if (doubts.length > 0) this.#doubt(script.commands, doubts.reduce((first, next) => Math.min(first, next)))
    const refusal = this.altered || this.noexec ? undefined : refusalOf(script, this.source)
    return { commands: oncePerPlace(this.commands), errors: !this.#parted ? this.errors : unique(this.errors), refusal, traps: this.traps,
      unread: this.unread }
  }

  /** Reads the functions that may be called where that was not followed. Which other functions they call tells itself then. */
  #uncalled(): void {
    const all = this.unread || this.errors.length > 0 || this.doubts.length > 0
    // Both sets grow while functions are read: each of their elements is looked at once.
    const called = new Set<string>()
    const waiting = new Map<string, Syntax.Function[]>()
    const definitions = this.#defined.values()
    const names = this.mayBeCalled.values()
    for (let seen = 0;;) {
      if (seen < this.#defined.size) {
        seen++
        const node = definitions.next().value
        if (node === undefined) return
        const name = node.name.text
        if (all || called.has(name)) this.#callLater(node)
        else waiting.set(name, [...(waiting.get(name) ?? []), node])
      } else if (called.size < this.mayBeCalled.size) {
        const name = names.next().value
        if (name === undefined) return
        called.add(name)
        for (const node of waiting.get(name) ?? []) this.#callLater(node)
      } else return
    }
  }

  #callLater(node: Syntax.Function): void {
    this.later(() => {
      // It is called before the script ends, be it by `exec`.
      this.scope.reach = 'maybe'
      this.loops = this.tested = 0
      this.functions++
      this.calls.push(node)
      this.#node(node.body, notLast(atEnd))
      this.calls.pop()
      this.functions--
    })
  }

  /** Reads the script line by line: where bash gives up a line after an error, it goes on with the next one. */
  #lines(statements: readonly Syntax.Statement[]): void {
    if (this.dialect !== 'bash' || !/\(\(|\$\[|readonly/.test(this.source)) {
      this.list(statements, atEnd)
      return
    }
    for (let from = 0; from < statements.length;) {
      let to = from + 1
      while (to < statements.length && !this.#isBroken(statements, to)) to++
      this.list(statements.slice(from, to), to === statements.length ? atEnd : notLast(atEnd))
      for (const scope of this.abandoned.splice(0)) {
        if (this.scope.reach !== 'never') this.scope.join(scope)
        else {
          this.scope = scope
          this.mayLeave()
        }
      }
      from = to
    }
  }

  /** Whether a line ends before a statement, or before the place where no more is read. */
  #isBroken(statements: readonly Syntax.Statement[], index: number, end = this.source.length): boolean {
    const between = this.source.slice(statements[index - 1]?.end ?? 0, statements[index]?.pos ?? end)
    return between.replaceAll('\\\n', '').includes('\n')
  }

  /** A shell reads a line with all that it opens before it runs any of it, and stops at one that it cannot read. */
  #doubt(statements: readonly Syntax.Statement[], position: number): void {
    // What the parser makes of an unfinished statement may end before the place where it noticed.
    let index = Math.max(0, statements.findLastIndex((statement) => statement.pos <= position))
    while (index > 0 && !this.#isBroken(statements, index, position)) index--
    const from = index === 0 ? 0 : (statements[index]?.pos ?? position)
    for (const command of this.commands) {
      if (command.start >= from) command.runs = 'maybe'
      command.last = command.ends = false
    }
  }

  protected override list(statements: readonly Syntax.Statement[], place: Place): Status {
    let status: Status = true
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i]
      if (statement === undefined) continue
      if (this.scope.reach === 'never') return status
      if (statement.background === true) {
        this.apart(() =>
          this.#node(statement.command, { ...place, background: true, job: place.enclosed ? undefined : statement, tail: false })
        )
        status = true
      } else {
        const { ways, status: own } = this.#apartFrom(statements, i, place)
        if (ways !== undefined) return this.#each(ways, statements.slice(i + 1), place)
        status = own
      }
    }
    return status
  }

  /** Runs a statement, with the ways on which the shell may have come out of it, where what follows is to be read for each of them. */
  #apartFrom(statements: readonly Syntax.Statement[], index: number,
    place: Place): { ways?: readonly Scope[] | undefined; status: Status } {
    const [statement, next, last] = [statements[index], statements[index + 1], statements.at(-1)]
    if (statement === undefined) return { status: true }
    if (next === undefined || last === undefined || !/^(If|Case|AndOr)$/.test(statement.command.type))
      return { status: this.#node(statement.command, next === undefined ? place : notLast(place)) }
    const outer = this.#parting
    const parting: Parting = { node: statement.command, rest: this.source.slice(next.pos, last.end), ways: undefined }
    this.#parting = parting
    const status = this.#node(statement.command, notLast(place))
    this.#parting = outer
    return { status, ways: parting.ways }
  }

  /** Reads what follows for each of the ways that lead to it, and says how it ends. */
  #each(ways: readonly Scope[], rest: readonly Syntax.Statement[], place: Place): Status {
    const entry = this.#enter()
    const found: FoundCommand[][] = []
    const ends: Scope[] = []
    const statuses: Status[] = []
    const before = this.commands.length
    const outer = this.#ways
    this.#parted = true
    this.#ways *= ways.length
    this.branches++
    for (const way of ways) {
      const from = this.commands.length
      this.scope = way
      statuses.push(this.list(rest, place))
      ends.push(this.scope)
      found.push(this.commands.slice(from))
    }
    this.branches--
    this.#ways = outer
    this.commands.length = before
    this.commands.push(...onEachWay(found))
    return this.#together(entry, ends, statuses)
  }

  #node(node: Syntax.PipelineNode | Syntax.AndOr | Syntax.CompoundList, place: Place): Status {
    descend(this.#nesting)
    spend(1)
    this.#nesting++
    const status = this.#read(node, place)
    this.#nesting--
    if (status === false && this.tested === 0 && this.scope.errexit !== false && this.scope.reach !== 'never') this.#failed(node)
    return status
  }

  /** `set -e`: where a command fails, the shell ends. */
  #failed(node: Syntax.PipelineNode | Syntax.AndOr | Syntax.CompoundList): void {
    if ((node.type === 'Pipeline' && isNegated(node)) || /^(AndOr|CompoundList|BraceGroup|If|Case|While|For|Function)$/.test(node.type))
      return
    if (this.scope.errexit === true && node.type !== 'Redirected') this.leave(false)
    else this.mayLeave()
  }

  #read(node: Syntax.PipelineNode | Syntax.AndOr | Syntax.CompoundList, place: Place): Status {
    switch (node.type) {
      case 'Command':
        return this.command(node, place)
      case 'AndOr':
        return this.#andOr(node, place)
      case 'Pipeline':
        return this.#pipeline(node, place)
      case 'CompoundList':
        return this.list(node.commands, place)
      case 'BraceGroup':
        return this.list(node.body.commands, enclosed(place))
      case 'Redirected':
        this.redirects(node.redirects)
        this.#node(node.command, enclosed(place))
        return null
      case 'Subshell':
        return this.#subshell(node, place)
      case 'If':
        return this.#if(node, enclosed(place))
      case 'Case':
        return this.#case(node, enclosed(place))
      case 'While':
        return this.#while(node, place)
      case 'For':
      case 'Select':
        return this.#for(node, place)
      case 'ArithmeticFor':
        this.foreignInSh(node.pos)
        this.#repeat(node, () => this.#body(node.body, place))
        return null
      case 'Function':
        return this.#function(node, place)
      case 'Coproc':
        this.foreignInSh(node.pos)
        this.apart(() => this.#node(node.body, { ...place, background: true, job: undefined, piped: true, tail: false }))
        this.scope.forget(node.name?.text ?? 'COPROC')
        return null
      case 'TestCommand':
      case 'ArithmeticCommand':
        return this.#condition(node)
    }
  }

  /** `[[ … ]]` and `((…))`. */
  #condition(node: Syntax.TestCommand | Syntax.ArithmeticCommand): Status {
    this.foreignInSh(node.pos)
    const text = this.source.slice(node.pos, node.end)
    spend(text.length / 6)
    const reckons = node.type === 'ArithmeticCommand' || /\s-(?:eq|ne|lt|le|gt|ge)\s|\(\(|\$\[|\w\[/.test(text)
    if (this.dialect === 'sh' || hasEffects(text) || (reckons && /\+\+|--/.test(text)) || text.split('\n').some(assigns)) {
      this.textEffects(node)
      return null
    }
    // Both sides of a comparison of numbers are reckoned.
    if (node.type === 'TestCommand' && reckons && assignsInNumbers(node.expression)) {
      this.scope.lose()
      return null
    }
    if (node.type === 'TestCommand') {
      if (text.includes('=~')) this.scope.forget('BASH_REMATCH')
      return extendedTest(node.expression, {
        value: (word) => expandWhole(word, this).value,
        pattern: (word) => expandPattern(word, this),
        isSet: (name) => {
          const { value } = this.scope.variable(name)
          return value === null ? null : value !== undefined
        },
      })
    }
    const value = evaluate(node.expression, (name) => (/^[A-Za-z_]/.test(name) ? this.scope.value(name) : null))
    return value == null ? null : value !== 0n
  }

  #subshell(node: Syntax.Subshell, place: Place): Status {
    let status: Status = null
    let left = false
    this.apart(() => {
      const inner = this.list(node.body.commands, { ...place, tail: false })
      left = this.scope.reach === 'never'
      if (!left) status = inner
    })
    if (left && this.tested === 0 && this.scope.errexit !== false) this.mayLeave()
    return status
  }

  /** Runs what is a condition, in which `set -e` does nothing. */
  #tested(run: () => Status): Status {
    this.tested++
    const status = run()
    this.tested--
    return status
  }

  #andOr(node: Syntax.AndOr, place: Place): Status {
    const { commands } = node
    const [first] = commands
    if (first === undefined) return null
    const entry = this.#enter()
    let status = this.#tested(() => this.#node(first, notLast(place)))
    // The scopes in which the chain so far has succeeded, or failed; null where it cannot have.
    let [success, failure] = this.#outcomes(first, status)
    for (let i = 1; i < commands.length; i++) {
      const command = commands[i]
      const and = node.operators[i - 1] === '&&'
      const from = and ? success : failure
      if (command === undefined || from === null || from.reach === 'never') continue
      this.scope = from.copy()
      const isBranch = !isGone(and ? failure : success)
      if (isBranch) this.branches++
      status = i === commands.length - 1 ? this.#node(command, place) : this.#tested(() => this.#node(command, notLast(place)))
      if (isBranch) this.branches--
      const [succeeded, failed] = this.#outcomes(command, status)
      if (and) {
        success = succeeded
        failure = joined(failure, failed)
      } else {
        success = joined(success, succeeded)
        failure = failed
      }
    }
    this.#leaveBranches(entry, [success, failure], node)
    return isGone(failure) ? true : isGone(success) ? false : null
  }

  /** The scopes after a command of a chain: where it succeeded, and where it failed; null where it cannot have. */
  #outcomes(node: Syntax.PipelineNode, status: Status): [success: Scope | null, failure: Scope | null] {
    const here = this.scope
    if (status !== null) return status ? [here, null] : [null, here]
    // A test is asked, and may well say no; of any other command it is expected that it succeeds.
    if (isTest(node)) this.doubtful()
    const other = here.copy()
    other.afterFailure = true
    if (other.reach === 'surely') other.reach = 'maybe'
    // What succeeds because its command failed is not on the way on which all commands succeed.
    const [success, failure] = isNegated(node) ? [other, here] : [here, other]
    return [success, failure]
  }

  #pipeline(node: Syntax.Pipeline, place: Place): Status {
    const inner: Place = { ...place, tail: false }
    const [first] = node.commands
    if (node.commands.length > 1) {
      if (node.operators.includes('|&')) this.foreignInSh(node.pos)
      for (const command of node.commands) this.apart(() => this.#node(command, { ...inner, piped: true }))
      if (this.altered) this.forget(this.writes(node))
      return null
    }
    if (node.prefixes.some((prefix) => prefix.type === 'Time')) this.foreignInSh(node.pos)
    if (first === undefined) return null
    const status = isNegated(node) ? this.#tested(() => this.#node(first, inner)) : this.#node(first, inner)
    const negations = node.prefixes.filter((prefix) => prefix.type === 'Negation').length
    return status === null ? null : negations % 2 === 1 ? !status : status
  }

  #if(node: Syntax.If, place: Place): Status {
    const entry = this.#enter()
    const ends: Scope[] = []
    const statuses: Status[] = []
    let doubtful = false
    const branch = (body: Syntax.CompoundList): void => {
      this.scope = this.scope.copy()
      if (doubtful) {
        this.doubtful()
        this.branches++
      }
      if (this.scope.reach !== 'never') statuses.push(this.list(body.commands, place))
      if (doubtful) this.branches--
      ends.push(this.scope)
    }
    for (const { clause, then } of [node, ...node.elif]) {
      if (doubtful) this.doubtful()
      const status = this.#tested(() => this.list(clause.commands, notLast(place)))
      if (this.scope.reach === 'never') {
        ends.push(this.scope)
        return this.#together(entry, ends, [null], node)
      }
      if (status === false) continue
      const rest = this.scope
      doubtful ||= status === null
      branch(then)
      if (status === true) return this.#together(entry, ends, statuses, node)
      this.scope = rest.copy()
    }
    if (node.else !== undefined) branch(node.else)
    else {
      ends.push(this.scope)
      statuses.push(true)
    }
    return this.#together(entry, ends, statuses, node)
  }

  /** Goes on after branches of which one was taken, and says what it came to. */
  #together(entry: Entry, ends: readonly Scope[], statuses: readonly Status[], node?: Syntax.SyntaxNode): Status {
    const [only, ...others] = ends
    // What surely runs is no branch.
    if (only !== undefined && others.length === 0) this.scope = only
    else this.#leaveBranches(entry, ends, node)
    const [first = null] = statuses
    return statuses.every((status) => status === first) ? first : null
  }

  #case(node: Syntax.Case, place: Place): Status {
    this.stopped = false
    const { value } = expandWhole(node.word, this)
    if (this.stopped) this.giveUp()
    const fallsThrough = node.items.some(({ terminator }) => terminator !== undefined && terminator !== ';;')
    if (fallsThrough) this.foreignInSh(node.pos)
    const entry = this.#enter()
    const start = this.scope
    const ends: Scope[] = []
    const statuses: Status[] = []
    const writes = fallsThrough ? this.writes(node) : undefined
    let doubtful = false
    for (const item of node.items) {
      let found: boolean | null = false
      // The patterns are expanded one after the other, up to the one that matches.
      for (const word of item.pattern) {
        const pattern = value === null || fallsThrough || this.#hasEffects(word) ? null : expandPattern(word, this)
        const matched = value === null || pattern === null ? null : matches(value, pattern)
        if (pattern === null) this.textEffects(word)
        if (matched !== false) found = matched === true && found === false ? true : found === true ? true : matched
        if (matched === true) break
      }
      if (found === false) continue
      doubtful ||= found === null
      this.scope = start.copy()
      if (doubtful) this.doubtful()
      if (writes !== undefined) this.forget(writes)
      this.branches++
      statuses.push(this.list(item.body.commands, fallsThrough ? notLast(place) : place))
      this.branches--
      ends.push(this.scope)
      if (found === true) return this.#together(entry, ends, statuses, node)
      this.scope = start
    }
    this.scope = start
    ends.push(start)
    statuses.push(true)
    return this.#together(entry, ends, statuses, node)
  }

  #hasEffects(node: Syntax.Word): boolean {
    return hasEffects(node.text)
  }

  /** Notes where branches begin. */
  #enter(): Entry {
    return { reach: this.scope.reach, afterFailure: this.scope.afterFailure, departures: this.departures }
  }

  /** The ways that are worth following apart, as what follows asks for what is different on them; undefined where they are joined. */
  #waysApart(ends: readonly Scope[], rest: string): readonly Scope[] | undefined {
    if (this.budget.apart < rest.length || 2 * this.#ways > mostWays) return undefined
    const apart: Scope[] = []
    for (const end of ends) {
      const same = apart.find((other) => !this.#matters(other.differences(end), rest))
      if (same === undefined) apart.push(end.copy())
      else same.join(end)
    }
    if (apart.length < 2 || apart.length * this.#ways > mostWays) return undefined
    this.budget.apart -= rest.length * (apart.length - 1)
    return this.budget.apart < 0 ? undefined : apart
  }

  /** Whether what follows may ask for one of these variables, or for the parameters (`@`). All of them count where nothing tells them. */
  #matters(names: readonly string[] | undefined, rest: string): boolean {
    if (names === undefined || names.length === 0) return false
    // A function that is called may ask for it.
    const text = this.#defined.size > 0 ? this.source : rest
    spend((names.length * text.length) / 500)
    return names.length <= 20 && names.some((name) => (name === '@' ? /\$\{?[@*#\d]/.test(text) : isAskedFor(name, text)))
  }

  /** Goes on after branches, of which the shell took one. */
  #leaveBranches({ reach, afterFailure, departures }: Entry, ends: readonly (Scope | null)[], node?: Syntax.SyntaxNode): void {
    const [first, ...others] = ends.filter((end) => end !== null && end.reach !== 'never')
    const parting = this.#parting
    if (first != null && node !== undefined && parting?.node === node && others.length > 0) {
      const ways = this.#waysApart([first, ...others.filter((other) => other !== null)], parting.rest)
      if (ways !== undefined) {
        for (const way of ways) {
          way.reach = departures === this.departures || reach === 'never' ? reach : 'maybe'
          way.afterFailure = afterFailure
        }
        parting.ways = ways
        this.scope = first
        return
      }
    }
    if (first == null) {
      this.scope = this.scope.copy()
      this.scope.reach = 'never'
      return
    }
    for (const other of others) if (other !== null) first.join(other)
    first.reach = departures === this.departures || reach === 'never' ? reach : 'maybe'
    first.afterFailure = afterFailure
    this.scope = first
  }

  /** Runs something that may run several times. What it sets is unknown in it, and after it. */
  #repeat(node: Syntax.SyntaxNode, run: () => void): void {
    const writes = this.writes(node)
    const entry = this.#enter()
    const { round } = this
    this.round = undefined
    const numbers = writes.everything ? []
      : [...writes.names].filter((name) => isNumber(this.scope.variable(name)) && this.#isCounted(name))
    const forget = (): void => {
      this.forget(writes)
      for (const name of numbers) this.scope.count(name)
    }
    forget()
    this.loops++
    this.branches++
    this.#repeats++
    const before = this.scope
    this.scope = before.copy()
    run()
    this.#repeats--
    this.branches--
    this.loops--
    this.round = round
    this.#leaveBranches(entry, [before])
    forget()
  }

  /** Whether nothing but numbers is ever assigned to a variable: `i=0`, `i=$((i + 1))`, `((i++))`. */
  #isCounted(name: string): boolean {
    if (this.source.length > mostCounted) return false
    this.#uncounted ??= this.source.replaceAll(/\(\((?:[^()]|\([^()]{0,100}\)){0,200}\)\)/g, '\u0001')
    spend(this.#uncounted.length / 20)
    for (let at = this.#uncounted.indexOf(name); at >= 0; at = this.#uncounted.indexOf(name, at + 1)) {
      if (/[\w$]|\{/.test(this.#uncounted[at - 1] ?? ' ') || /\w/.test(this.#uncounted[at + name.length] ?? ' ')) continue
      if (!/^=(?:"?\$\u0001"?(?![\w$])|\d{1,15}(?![\w.$]))/.test(this.#uncounted.slice(at + name.length, at + name.length + 20)))
        return false
    }
    return true
  }

  /** Runs the body of a loop, which may not be run at all. */
  #body(body: Syntax.CompoundList, place: Place): void {
    this.scope = this.scope.copy()
    this.doubtful()
    if (this.scope.reach !== 'never') this.list(body.commands, notLast(place))
  }

  /**
   * Follows a loop round by round. `next` prepares a round, and says whether there is one: null where that is unknown. False
   * where the loop cannot be followed, or not to its end; then all is as it was.
   */
  #rounds(node: Syntax.While | Syntax.For, place: Place, next: (index: number) => boolean | null): boolean {
    const cost = node.end - node.pos
    // What `next` reads costs something whether or not there is a round: one loop in the condition of another would be read twice, and so on.
    const asking = node.type === 'While' ? node.clause.end - node.clause.pos : 0
    const leavesMore = /\b(break|continue)\s+[^\s;&|]/.test(this.source.slice(node.body.pos, node.body.end))
    // Less is known within a loop that is read once for all its rounds.
    if (leavesMore || this.budget.repeated < cost || (this.#repeats > 0 && this.#unfollowed.has(node))) return false
    const { scope, traps, altered, departures, round, stopped } = this
    const lengths = [this.commands, this.errors, this.doubts, this.abandoned].map((list) => [list, list.length] as const)
    const entry = this.#enter()
    const breaks: Scope[] = []
    this.scope = scope.copy()
    this.loops++
    let ended = false
    for (let index = 0; index <= mostRounds; index++) {
      this.budget.repeated -= asking
      if (this.budget.repeated < 0) break
      const more = next(index)
      if (more === null) break
      ended = !more
      if (ended) break
      this.budget.repeated -= cost - asking
      if (this.budget.repeated < 0) break
      const own: Round = { breaks, continues: [] }
      this.round = own
      const begin = this.#enter()
      this.branches++
      this.list(node.body.commands, notLast(place))
      this.branches--
      this.round = round
      this.#together(begin, [this.scope, ...own.continues].filter((end) => !isGone(end)), [])
      ended = own.continues.length === 0 && this.scope.reach === 'never'
      if (ended) break
    }
    this.loops--
    this.round = round
    if (ended) {
      const ends = [this.scope, ...breaks].filter((end) => !isGone(end))
      if (ends.length > 0) this.#together(entry, ends, [])
      return true
    }
    for (const [list, length] of lengths) list.length = length
    Object.assign(this, { scope, traps, altered, departures, round, stopped })
    this.#unfollowed.add(node)
    return false
  }

  #while(node: Syntax.While, place: Place): Status {
    let runs = false
    const followed = this.#rounds(node, place, () => {
      const status = this.#tested(() => this.list(node.clause.commands, notLast(place)))
      if (this.scope.reach === 'never') return false
      const more = status === null || node.kind === 'while' ? status : !status
      runs ||= more === true
      return more
    })
    if (followed) return runs ? null : true
    const clause = this.source.slice(node.clause.pos, node.clause.end).trim().replace(/;$/, '')
    const endless = node.kind === 'while' ? /^(true|:)$/.test(clause) : clause === 'false'
    this.#repeat(node, () => {
      this.#tested(() => this.list(node.clause.commands, notLast(place)))
      this.#body(node.body, place)
    })
    if (endless) this.mayLeave()
    return null
  }

  #for(node: Syntax.For | Syntax.Select, place: Place): Status {
    if (node.type === 'Select') this.foreignInSh(node.pos)
    this.stopped = false
    const words: Word[] = []
    for (const word of node.wordlist ?? []) expandWord(word, this, words)
    if (this.stopped) this.giveUp()
    const given = node.wordlist === undefined ? this.scope.parameters?.slice(1) : words
    const isKnown = node.type === 'For' && given !== undefined && given.length <= mostRounds &&
      given.every(({ value, splits }) => value !== null && !splits)
    if (isKnown && /^[A-Za-z_]\w*$/.test(node.name.text)) {
      const followed = this.#rounds(node, place, (index) => {
        const word = given[index]
        if (word !== undefined) this.scope.assign(node.name.text, word.value)
        return this.scope.refused ? null : word !== undefined
      })
      if (followed) return given.length > 0 ? null : true
    }
    this.#repeat(node, () => this.#body(node.body, place))
    return null
  }

  #function(node: Syntax.Function, _place: Place): Status {
    const name = node.name.text
    if (this.source.startsWith('function', node.pos) && name !== 'function') this.foreignInSh(node.pos)
    if (!/^[A-Za-z_]\w*$/.test(name)) this.foreignInSh(node.pos)
    // The body runs when it is called.
    this.#defined.add(node)
    // One within a substitution was not seen before.
    this.defined(node)
    this.scope.define(name, { node, source: this.source })
    return true
  }

  protected override aside(made: string, start: number, end: number, place: Place): boolean {
    const reader = new ScriptReader(made, { dialect: this.dialect, environment: new Environment() })
    if (reader.script.errors !== undefined) return false
    if (this.#nesting >= deepestText) {
      if (made.includes('gunicorn')) unread(`commands are followed at most ${deepestText} deep into texts that are made`)
      return false
    }
    reader.scope = this.scope.copy()
    Object.assign(reader, { tested: this.tested, functions: this.functions, altered: this.altered })
    const status = reader.list(reader.script.commands, notLast(place))
    if (reader.errors.length > 0 || reader.doubts.length > 0 || reader.altered !== this.altered) return false
    if (![...reader.#defined].every((node) => reader.#followed.has(node))) return false
    const text = this.source.slice(start, end)
    const at = (words: readonly Word[]): readonly Word[] => words.map((word) => ({ ...word, start, end, text }))
    for (const { words, assignments, exports, runs, exec, background, job, piped, bare, input } of reader.commands) {
      const written = { start, end, exec, embedded: true, bare, input }
      this.commands.push(new FoundCommand(at(words), assignments, exports, written, { background, job, piped }, runs, false))
    }
    if (reader.departures > 0) this.departures++
    if (reader.traps) this.traps = true
    if (reader.unread) this.unread = true
    this.scope = reader.scope
    return status !== undefined
  }

  protected override follow({ node, source }: Definition, words: readonly Word[], place: Place): Status | undefined {
    const cost = node.end - node.pos
    // It was defined in a text that was made.
    if (source !== this.source) this.unread = true
    if (source !== this.source || this.budget.repeated < cost || this.calls.length >= deepestCall || this.calls.includes(node))
      return undefined
    this.budget.repeated -= cost
    this.#followed.add(node)
    const { call, round, loops } = this
    const { parameters } = this.scope
    const entry = this.#enter()
    const before = this.scope.copy()
    const own: Call = { node, returns: [], locals: new Map(), branches: this.branches }
    Object.assign(this, { call: own, round: undefined, loops: 0 })
    this.scope.parameters = [parameters?.[0] ?? words[0] as Word, ...words.slice(1)]
    this.functions++
    this.calls.push(node)
    const status = this.#node(node.body, notLast(place))
    this.calls.pop()
    this.functions--
    Object.assign(this, { call, round, loops })
    const ends = [{ scope: this.scope, status }, ...own.returns].filter((end) => !isGone(end.scope))
    const result = ends.length === 0 ? null : this.#together(entry, ends.map((end) => end.scope), ends.map((end) => end.status))
    this.scope.parameters = parameters
    for (const [name, variable] of own.locals) {
      const was = before.variable(name)
      const isOwn = variable !== undefined && variable.value === was.value && variable.exported === was.exported &&
        variable.fixed === was.fixed
      if (isOwn) this.scope.restore(name, was)
      else this.scope.forget(name)
    }
    return result
  }
}

/** Whether a text expands a variable. */
function isAskedFor(name: string, text: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1))
    if (/\$\{?[#!]?$/.test(text.slice(Math.max(0, at - 3), at)) && !/\w/.test(text.charAt(at + name.length))) return true
  return false
}

/** What is wrong with a text that was read several times, each fault once. */
const unique = (
  errors: readonly ScriptError[],
): readonly ScriptError[] => [...new Map(errors.map((error) => [`${error.start} ${error.message}`, error])).values()]

/** Whether no way leads through here. */
const isGone = (scope: Scope | null): boolean => scope === null || scope.reach === 'never'

/** The same place, within a compound command. */
const enclosed = (place: Place): Place => (place.enclosed === true ? place : { ...place, enclosed: true })

function joined(one: Scope | null, other: Scope | null): Scope | null {
  if (one === null || one.reach === 'never') return other ?? one
  if (other === null || other.reach === 'never') return one
  one.join(other)
  return one
}

/** True where the expansions of a text may do more than give a value. */
const hasEffects = (text: string): boolean => /[`$<>]\(|`|\$\{(?:(?!\$\{)[^}])*[?=]/.test(text)

/** True where arithmetic on a line may set a variable. */
const assigns = (line: string): boolean => /(?<![=!<>])=(?!=)/.test(line.slice(0, Math.max(line.lastIndexOf('))'), 0)))
