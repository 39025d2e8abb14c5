/**
 * Lists, pipelines, branches, loops and functions: which command runs where, when, and with what before it.
 */
import { atEnd, CommandReader, notLast, type Place, type Status } from './command-reader.ts'
import type { Script } from './command.ts'
import { expandWhole, expandWord } from './expansion.ts'
import type { Reach, Scope } from './scope.ts'
import type { Syntax } from './syntax.ts'

/** Where branches begin. */
interface Entry {
  readonly reach: Reach
  readonly afterFailure: boolean
  readonly departures: number
}

function isNegated(node: Syntax.PipelineNode): boolean {
  return node.type === 'Pipeline' && node.prefixes.filter((prefix) => prefix.type === 'Negation').length % 2 === 1
}

/** How deep commands within commands are followed. The parser has a limit of its own, for each substitution anew. */
const deepest = 300

export class ScriptReader extends CommandReader {
  #nesting = 0

  read(): Script {
    const script = this.script
    for (const { message, pos } of script.errors ?? []) this.error(message, pos)
    if (!this.noexec) this.#lines(script.commands)
    const doubts = [...this.doubts, ...this.errors.map((error) => error.start)]
    if (doubts.length > 0) this.#doubt(script.commands, doubts.reduce((first, next) => Math.min(first, next)))
    return { commands: this.commands, errors: this.errors, traps: this.traps }
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
        this.apart(() => this.#node(statement.command, { ...place, background: true, tail: false }))
        status = true
      } else {
        status = this.#node(statement.command, i === statements.length - 1 ? place : notLast(place))
      }
    }
    return status
  }

  #node(node: Syntax.PipelineNode | Syntax.AndOr | Syntax.CompoundList, place: Place): Status {
    if (this.#nesting >= deepest) {
      this.error('commands are nested too deep', node.pos)
      this.scope.lose()
      return null
    }
    this.#nesting++
    const status = this.#read(node, place)
    this.#nesting--
    return status
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
        this.apart(() => this.list(node.body.commands, { ...place, tail: false }))
        return null
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
        this.apart(() => this.#node(node.body, { ...place, background: true, piped: true, tail: false }))
        this.scope.forget(node.name?.text ?? 'COPROC')
        return null
      case 'TestCommand':
      case 'ArithmeticCommand':
        this.foreignInSh(node.pos)
        this.textEffects(node)
        return null
    }
  }

  #andOr(node: Syntax.AndOr, place: Place): Status {
    const { commands } = node
    const [first] = commands
    if (first === undefined) return null
    const entry = this.#enter()
    let status = this.#node(first, notLast(place))
    // The scopes in which the chain so far has succeeded, or failed; null where it cannot have.
    let [success, failure] = this.#outcomes(first, status)
    for (let i = 1; i < commands.length; i++) {
      const command = commands[i]
      const and = node.operators[i - 1] === '&&'
      const from = and ? success : failure
      if (command === undefined || from === null || from.reach === 'never') continue
      this.scope = from.copy()
      status = this.#node(command, i === commands.length - 1 ? place : notLast(place))
      const [succeeded, failed] = this.#outcomes(command, status)
      if (and) {
        success = succeeded
        failure = joined(failure, failed)
      } else {
        success = joined(success, succeeded)
        failure = failed
      }
    }
    this.#leaveBranches(entry, [success, failure])
    return null
  }

  /** The scopes after a command of a chain: where it succeeded, and where it failed; null where it cannot have. */
  #outcomes(node: Syntax.PipelineNode, status: Status): [success: Scope | null, failure: Scope | null] {
    const here = this.scope
    const other = here.copy()
    other.afterFailure = true
    if (other.reach === 'surely') other.reach = 'maybe'
    // What succeeds because its command failed is not on the way on which all commands succeed.
    const [success, failure] = isNegated(node) ? [other, here] : [here, other]
    return [status === false ? null : success, status === true ? null : failure]
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
    const status = this.#node(first, inner)
    const negations = node.prefixes.filter((prefix) => prefix.type === 'Negation').length
    return status === null ? null : negations % 2 === 1 ? !status : status
  }

  #if(node: Syntax.If, place: Place): Status {
    const entry = this.#enter()
    const ends: Scope[] = []
    this.list(node.clause.commands, notLast(place))
    let rest = this.scope
    const then = (body: Syntax.CompoundList): void => {
      this.scope = rest.copy()
      this.doubtful()
      if (rest.reach !== 'never') this.list(body.commands, place)
      ends.push(this.scope)
    }
    then(node.then)
    for (const { clause, then: body } of node.elif) {
      this.scope = rest.copy()
      this.doubtful()
      if (rest.reach !== 'never') this.list(clause.commands, notLast(place))
      rest = this.scope
      then(body)
    }
    if (node.else !== undefined) then(node.else)
    else ends.push(rest)
    this.#leaveBranches(entry, ends)
    return null
  }

  #case(node: Syntax.Case, place: Place): Status {
    expandWhole(node.word, this)
    const entry = this.#enter()
    const start = this.scope
    const ends: Scope[] = [start]
    const fallsThrough = node.items.some(({ terminator }) => terminator !== undefined && terminator !== ';;')
    if (fallsThrough) this.foreignInSh(node.pos)
    // The patterns are expanded one after the other, up to the one that matches.
    for (const { pattern } of node.items) for (const word of pattern) this.textEffects(word)
    const writes = fallsThrough ? this.writes(node) : undefined
    for (const item of node.items) {
      this.scope = start.copy()
      this.doubtful()
      if (writes !== undefined) this.forget(writes)
      this.list(item.body.commands, fallsThrough ? notLast(place) : place)
      ends.push(this.scope)
    }
    this.#leaveBranches(entry, ends)
    return null
  }

  /** Notes where branches begin. */
  #enter(): Entry {
    return { reach: this.scope.reach, afterFailure: this.scope.afterFailure, departures: this.departures }
  }

  /** Goes on after branches, of which the shell took one. */
  #leaveBranches({ reach, afterFailure, departures }: Entry, ends: readonly (Scope | null)[]): void {
    const [first, ...others] = ends.filter((end) => end !== null && end.reach !== 'never')
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
    this.forget(writes)
    this.loops++
    const before = this.scope
    this.scope = before.copy()
    run()
    this.loops--
    this.#leaveBranches(entry, [before])
    this.forget(writes)
  }

  /** Runs the body of a loop, which may not be run at all. */
  #body(body: Syntax.CompoundList, place: Place): void {
    this.scope = this.scope.copy()
    this.doubtful()
    if (this.scope.reach !== 'never') this.list(body.commands, notLast(place))
  }

  #while(node: Syntax.While, place: Place): Status {
    const clause = this.source.slice(node.clause.pos, node.clause.end).trim().replace(/;$/, '')
    const endless = node.kind === 'while' ? /^(true|:)$/.test(clause) : clause === 'false'
    this.#repeat(node, () => {
      this.list(node.clause.commands, notLast(place))
      this.#body(node.body, place)
    })
    if (endless) this.mayLeave()
    return null
  }

  #for(node: Syntax.For | Syntax.Select, place: Place): Status {
    if (node.type === 'Select') this.foreignInSh(node.pos)
    for (const word of node.wordlist ?? []) expandWord(word, this, [])
    this.#repeat(node, () => this.#body(node.body, place))
    return null
  }

  #function(node: Syntax.Function, place: Place): Status {
    const name = node.name.text
    if (this.source.startsWith('function', node.pos) && name !== 'function') this.foreignInSh(node.pos)
    if (!/^[A-Za-z_]\w*$/.test(name)) this.foreignInSh(node.pos)
    // The body runs when it is called, with whatever variables and parameters there are by then.
    const loops = this.loops
    this.later(() => {
      this.loops = 0
      this.functions++
      this.#node(node.body, notLast(place))
      this.functions--
    })
    this.loops = loops
    // One within a substitution was not seen before.
    this.defined(node)
    this.scope.define(name)
    return true
  }
}

/** The same place, within a compound command. */
const enclosed = (place: Place): Place => (place.enclosed === true ? place : { ...place, enclosed: true })

function joined(one: Scope | null, other: Scope | null): Scope | null {
  if (one === null || one.reach === 'never') return other ?? one
  if (other === null || other.reach === 'never') return one
  one.join(other)
  return one
}
