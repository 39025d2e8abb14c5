/**
 * A script → the commands that a shell runs for it, each with the words and the environment that it gets.
 *
 * Nothing is run. The script is followed as a shell would, with what is known of its variables; what cannot be known is said
 * to be unknown. Facts are those of dash 0.5.12, bash 5.2 and busybox ash 1.35, which test/conformance/shell.test.ts runs.
 */
import { runBuiltin, declares } from './builtins.ts'
import type { Environment } from './environment.ts'
import { eachSubstitution, expandWhole, expandWord, type Context } from './expansion.ts'
import type { Dialect, ShellOptions } from './invocation.ts'
import { Budget, Scope, shellName, type Exports, type Reach } from './scope.ts'
import { forEachChild, parse, type Syntax } from './syntax.ts'
import type { Word } from './word.ts'
import { writesOf, type Writes } from './writes.ts'

/** `NAME=VALUE` before a command; `value` is null where it is unknown. */
export interface Assignment {
  readonly name: string
  readonly value: string | null
  readonly start: number
  readonly end: number
}

/** A simple command of a script. Offsets are UTF-16 offsets in the script, ends exclusive. */
export interface Command {
  /**
   * What the program gets, its name first, as far as it is known. A known unquoted expansion that becomes several words gives
   * several, which share `text`, `start` and `end`.
   */
  readonly words: readonly Word[]
  readonly assignments: readonly Assignment[]
  /** The environment that the program gets. */
  readonly environment: Environment
  /** From the first word or assignment to the last word. */
  readonly start: number
  readonly end: number
  /** Where words may be added, after a blank, so that they are this command's last words. */
  readonly insertAt: number
  /** `surely`: reached in every run of the script in which the commands before it succeed. */
  readonly runs: 'surely' | 'maybe'
  /** True where the builtin `exec` stood before the words, which are those after it and its options. */
  readonly exec: boolean
  readonly background: boolean
  /** True where it is part of a pipeline, or its output is a word of another command. */
  readonly piped: boolean
  /** True where nothing of the script can run after it, and it runs in the shell's own process tree, not in a subshell. */
  readonly last: boolean
}

export interface ScriptError {
  readonly message: string
  readonly start: number
  readonly end: number
}

export interface Script {
  readonly commands: readonly Command[]
  /** What no shell can read. Commands that stand where it matters are `maybe`. */
  readonly errors: readonly ScriptError[]
  /** True where a trap is set: its commands are not listed. */
  readonly traps: boolean
}

export interface ScriptContext {
  readonly dialect: Dialect
  /** What the shell gets. */
  readonly environment: Environment
  /** `$0`, `$1`, …: of `sh -c SCRIPT NAME A B` the words `NAME A B`. */
  readonly parameters?: readonly Word[]
  /** What the shell was told on its command line. */
  readonly options?: Partial<ShellOptions>
}

/** How deep substitutions within substitutions are read. */
const deepest = 32

/** Reads a script. Never throws. */
export function readScript(text: string, context: ScriptContext): Script {
  return new Reading(text, context).read()
}

class FoundCommand implements Command {
  readonly words: readonly Word[]
  readonly assignments: readonly Assignment[]
  readonly start: number
  readonly end: number
  readonly insertAt: number
  runs: 'surely' | 'maybe'
  readonly exec: boolean
  readonly background: boolean
  readonly piped: boolean
  last: boolean
  readonly #exports: Exports

  constructor(
    words: readonly Word[], assignments: readonly Assignment[], exports: Exports, start: number, end: number,
    runs: 'surely' | 'maybe', exec: boolean, place: Place, last: boolean,
  ) {
    this.words = words
    this.assignments = assignments
    this.#exports = exports
    this.start = start
    this.end = end
    this.insertAt = end
    this.runs = runs
    this.exec = exec
    this.background = place.background
    this.piped = place.piped
    this.last = last
  }

  get environment(): Environment {
    return this.#exports.environment
  }
}

/** Where in the script's processes a command runs. */
interface Place {
  readonly background: boolean
  readonly piped: boolean
  /** True where nothing comes after it. */
  readonly tail: boolean
}

const nowhere: Place = { background: false, piped: false, tail: false }
const atEnd: Place = { background: false, piped: false, tail: true }

const noAssignments: readonly Assignment[] = []

/** Whether a command succeeds: null where that is unknown. */
type Status = boolean | null

class Reading implements Context {
  readonly source: string
  readonly dialect: Dialect
  scope: Scope
  readonly #commands: FoundCommand[] = []
  readonly #errors: ScriptError[] = []
  #traps = false
  /** True once `alias` ran in a shell that heeds it, or `shopt` changed what pipelines and patterns do. */
  #altered = false
  /** Where the script is not what every shell of the dialect takes. */
  readonly #foreign: number[] = []
  #stopped = false
  #depth = 0
  /** How many loops and functions of this process the shell is in. */
  #loops = 0
  #functions = 0
  /** How often the shell, on a way without failures, may have left the script so far. */
  #departures = 0
  /** What the functions of the script may change when one of them is called. */
  #functionWrites: Writes | undefined

  constructor(text: string, { dialect, environment, parameters, options }: ScriptContext) {
    this.source = text
    this.dialect = dialect
    this.scope = new Scope(environment, parameters?.length ? parameters : [shellName], new Budget())
    if (options?.noglob === true) this.scope.noglob = true
    if (options?.nounset === true) this.scope.nounset = true
    if (options?.allexport === true) this.scope.allexport = true
    // bash reads this file before a script.
    if (dialect === 'bash' && environment.has('BASH_ENV') && environment.get('BASH_ENV') !== '') this.scope.lose()
  }

  read(): Script {
    const script = parse(this.source)
    for (const { message, pos } of script.errors ?? []) this.#error(message, pos)
    this.#list(script.commands, atEnd)
    if (this.#errors.length > 0) this.#foreign.push(...this.#errors.map((error) => error.start))
    if (this.#foreign.length > 0) this.#doubt(script.commands, Math.min(...this.#foreign))
    return { commands: this.#commands, errors: this.#errors, traps: this.#traps }
  }

  #error(message: string, pos: number): void {
    const start = Math.min(pos, this.source.length)
    this.#errors.push({ message, start, end: Math.min(start + 1, this.source.length) })
  }

  /** A shell reads a line with all that it opens before it runs any of it, and stops at one that it cannot read. */
  #doubt(statements: readonly Syntax.Statement[], position: number): void {
    let index = statements.findIndex((statement) => statement.end >= position || statement.end <= statement.pos)
    if (index < 0) index = statements.length
    const before = (at: number): string => this.source.slice(statements[at - 1]?.end ?? 0, statements[at]?.pos ?? position)
    while (index > 0 && !before(index).replaceAll('\\\n', '').includes('\n')) index--
    const from = index === 0 ? 0 : (statements[index]?.pos ?? position)
    for (const command of this.#commands) {
      if (command.start >= from) command.runs = 'maybe'
      command.last = false
    }
  }

  // Context

  substitution(script: Syntax.ParsedScript | undefined, sure: boolean): void {
    if (script === undefined) return
    for (const { message, pos } of script.errors ?? []) this.#error(message, script.source === undefined ? pos : script.pos)
    // Within backquotes that hold escapes, places are those of another text.
    if (script.source !== undefined) return
    if (this.#depth >= deepest) return this.#error('substitutions are nested too deep', script.pos)
    this.#depth++
    this.#apart(() => {
      if (!sure) this.#doubtful()
      this.#list(script.commands, { background: false, piped: true, tail: false })
    })
    this.#depth--
  }

  #doubtful(): void {
    if (this.scope.reach === 'surely') this.scope.reach = 'maybe'
  }

  stop(): void {
    this.#stopped = true
  }

  foreign(position: number): void {
    this.#foreign.push(position)
  }

  // Lists

  #list(statements: readonly Syntax.Statement[], place: Place): Status {
    let status: Status = true
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i]
      if (statement === undefined) continue
      if (this.scope.reach === 'never') return status
      if (statement.background === true) {
        const piped = place.piped
        this.#apart(() => this.#node(statement.command, { background: true, piped, tail: false }))
        status = true
      } else {
        status = this.#node(statement.command, i === statements.length - 1 ? place : notLast(place))
      }
    }
    return status
  }

  /** Runs something in a process of its own: what it changes, and that it leaves, stays there. */
  #apart(run: () => void): void {
    const scope = this.scope
    const departures = this.#departures
    this.scope = scope.copy()
    run()
    this.scope = scope
    this.#departures = departures
  }

  #node(node: Syntax.PipelineNode | Syntax.AndOr | Syntax.CompoundList, place: Place): Status {
    switch (node.type) {
      case 'Command':
        return this.#command(node, place)
      case 'AndOr':
        return this.#andOr(node, place)
      case 'Pipeline':
        return this.#pipeline(node, place)
      case 'CompoundList':
        return this.#list(node.commands, place)
      case 'BraceGroup':
        return this.#list(node.body.commands, place)
      case 'Redirected':
        this.#redirects(node.redirects)
        this.#node(node.command, place)
        return null
      case 'Subshell':
        this.#apart(() => this.#list(node.body.commands, { ...place, tail: false }))
        return null
      case 'If':
        return this.#if(node, place)
      case 'Case':
        return this.#case(node, place)
      case 'While':
        return this.#while(node)
      case 'For':
      case 'Select':
        return this.#for(node)
      case 'ArithmeticFor':
        this.#foreignInSh(node.pos)
        this.#repeat(node, () => this.#body(node.body))
        return null
      case 'Function':
        return this.#function(node)
      case 'Coproc':
        this.#foreignInSh(node.pos)
        this.#apart(() => this.#node(node.body, { background: true, piped: true, tail: false }))
        this.scope.forget(node.name?.text ?? 'COPROC')
        return null
      case 'TestCommand':
      case 'ArithmeticCommand':
        this.#foreignInSh(node.pos)
        this.#textEffects(node)
        return null
    }
  }

  #foreignInSh(position: number): void {
    if (this.dialect === 'sh') this.foreign(position)
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
      if (node.operators.includes('|&')) this.#foreignInSh(node.pos)
      for (const command of node.commands) this.#apart(() => this.#node(command, { ...inner, piped: true }))
      if (this.#altered) this.#forget(this.#writes(node))
      return null
    }
    if (node.prefixes.some((prefix) => prefix.type === 'Time')) this.#foreignInSh(node.pos)
    if (first === undefined) return null
    const status = this.#node(first, inner)
    const negations = node.prefixes.filter((prefix) => prefix.type === 'Negation').length
    return status === null ? null : negations % 2 === 1 ? !status : status
  }

  #if(node: Syntax.If, place: Place): Status {
    const entry = this.#enter()
    const ends: Scope[] = []
    this.#list(node.clause.commands, notLast(place))
    let rest = this.scope
    const then = (body: Syntax.CompoundList): void => {
      this.scope = rest.copy()
      this.#doubtful()
      if (rest.reach !== 'never') this.#list(body.commands, place)
      ends.push(this.scope)
    }
    then(node.then)
    for (const { clause, then: body } of node.elif) {
      this.scope = rest.copy()
      this.#doubtful()
      if (rest.reach !== 'never') this.#list(clause.commands, notLast(place))
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
    if (fallsThrough) this.#foreignInSh(node.pos)
    // The patterns are expanded one after the other, up to the one that matches.
    for (const { pattern } of node.items) for (const word of pattern) this.#textEffects(word)
    const writes = fallsThrough ? this.#writes(node) : undefined
    for (const item of node.items) {
      this.scope = start.copy()
      this.#doubtful()
      if (writes !== undefined) this.#forget(writes)
      this.#list(item.body.commands, fallsThrough ? notLast(place) : place)
      ends.push(this.scope)
    }
    this.#leaveBranches(entry, ends)
    return null
  }

  /** Notes where branches begin. */
  #enter(): Entry {
    return { reach: this.scope.reach, afterFailure: this.scope.afterFailure, departures: this.#departures }
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
    first.reach = departures === this.#departures || reach === 'never' ? reach : 'maybe'
    first.afterFailure = afterFailure
    this.scope = first
  }

  /** Runs something that may run several times. What it sets is unknown in it, and after it. */
  #repeat(node: Syntax.SyntaxNode, run: () => void): void {
    const writes = this.#writes(node)
    const entry = this.#enter()
    this.#forget(writes)
    this.#loops++
    const before = this.scope
    this.scope = before.copy()
    run()
    this.#loops--
    this.#leaveBranches(entry, [before])
    this.#forget(writes)
  }

  /** Runs the body of a loop, which may not be run at all. */
  #body(body: Syntax.CompoundList): void {
    this.scope = this.scope.copy()
    this.#doubtful()
    if (this.scope.reach !== 'never') this.#list(body.commands, nowhere)
  }

  #while(node: Syntax.While): Status {
    const clause = this.source.slice(node.clause.pos, node.clause.end).trim().replace(/;$/, '')
    const endless = node.kind === 'while' ? /^(true|:)$/.test(clause) : clause === 'false'
    this.#repeat(node, () => {
      this.#list(node.clause.commands, nowhere)
      this.#body(node.body)
    })
    if (endless) this.#mayLeave()
    return null
  }

  #for(node: Syntax.For | Syntax.Select): Status {
    if (node.type === 'Select') this.#foreignInSh(node.pos)
    for (const word of node.wordlist ?? []) expandWord(word, this, [])
    this.#repeat(node, () => this.#body(node.body))
    return null
  }

  #function(node: Syntax.Function): Status {
    const name = node.name.text
    if (this.source.startsWith('function', node.pos) && name !== 'function') this.#foreignInSh(node.pos)
    if (!/^[A-Za-z_]\w*$/.test(name)) this.#foreignInSh(node.pos)
    // The body runs when it is called, with whatever variables and parameters there are by then.
    const loops = this.#loops
    this.#apart(() => {
      this.scope.lose()
      this.#doubtful()
      this.#loops = 0
      this.#functions++
      this.#node(node.body, nowhere)
      this.#functions--
    })
    this.#loops = loops
    this.scope.define(name, true)
    const writes = this.#writes(node.body)
    const known = this.#functionWrites
    if (known === undefined) this.#functionWrites = writes
    else {
      for (const written of writes.names) known.names.add(written)
      known.everything ||= writes.everything
      known.parameters ||= writes.parameters
      known.leaves ||= writes.leaves
      known.options ||= writes.options
    }
    return true
  }

  #writes(node: Syntax.SyntaxNode): Writes {
    const writes = writesOf(node, this.source, forEachChild)
    const functions = this.#functionWrites
    // Any command in it may call one of them.
    if (functions !== undefined) {
      for (const name of functions.names) writes.names.add(name)
      writes.everything ||= functions.everything
      writes.leaves ||= functions.leaves
      writes.options ||= functions.options
    }
    return writes
  }

  #forget(writes: Writes): void {
    if (writes.everything) return this.scope.lose()
    for (const name of writes.names) this.scope.forget(name)
    if (writes.parameters) this.scope.parameters = null
    if (writes.options) this.scope.noglob = this.scope.allexport = this.scope.nounset = null
  }

  // Commands

  /** Side effects of words that are not expanded here. */
  #textEffects(node: Syntax.SyntaxNode): void {
    const text = this.source.slice(node.pos, node.end)
    if (/:?=|\(\(|\+\+|--/.test(text)) this.#forget(writesOf(node, this.source, forEachChild))
    if (/[`$<>]\(|`/.test(text)) this.#substitutionsIn(node, 0)
  }

  #substitutionsIn(node: Syntax.SyntaxNode, depth: number): void {
    if (depth > deepest) return
    forEachChild(node, (child) => {
      if (child.type === 'CommandExpansion' || child.type === 'ProcessSubstitution') this.substitution(child.script, true)
      else this.#substitutionsIn(child, depth + 1)
    })
  }

  #redirects(redirects: readonly Syntax.Redirection[]): void {
    for (const redirect of redirects) {
      if (redirect.type === 'HereString' || (redirect.type === 'Redirect' && redirect.operator.startsWith('&>'))) this.#foreignInSh(redirect.pos)
      if (redirect.descriptor?.type === 'FileDescriptorVariable') {
        this.#foreignInSh(redirect.pos)
        this.scope.forget(redirect.descriptor.name)
      }
      this.#textEffects(redirect)
      if (redirect.type === 'HereDoc') eachSubstitution(redirect.body.parts, 0, (script) => this.substitution(script, true))
    }
  }

  #command(node: Syntax.Command, place: Place): Status {
    this.#stopped = false
    const words: Word[] = []
    const declaration = node.name !== undefined && declares(node.name.text)
    if (node.name !== undefined) expandWord(node.name, this, words)
    let start = node.name?.pos ?? node.end
    let end = node.name?.end ?? node.pos
    let redirects: Syntax.Redirection[] | undefined
    for (const part of node.suffix) {
      if (part.type === 'Word') {
        expandWord(part, this, words)
        end = part.end
      } else if (part.type === 'Assignment') {
        this.#declared(part, words, declaration)
        end = part.end
      } else (redirects ??= []).push(part)
    }
    let assignments: Assignment[] | undefined
    let substituted = false
    for (const part of node.prefix) {
      if (part.type !== 'Assignment') {
        (redirects ??= []).push(part)
        continue
      }
      start = Math.min(start, part.pos)
      end = Math.max(end, part.end)
      if (!substituted) substituted = /[`$]\(|`/.test(part.text)
      const value = this.#assignment(part, assignments, words.length > 0)
      ;(assignments ??= []).push({ name: part.name, value, start: part.pos, end: part.end })
      // Without a command the variables are the shell's own, at once.
      if (words.length === 0) this.scope.assign(part.name, value)
    }
    if (redirects !== undefined) this.#redirects(redirects)
    if (this.#stopped) this.#mayLeave()
    if (words.length === 0) return redirects === undefined && !substituted && !this.#stopped ? true : null
    return this.#run(words, assignments ?? noAssignments, start, end, place)
  }

  /** `export NAME=VALUE`: a word, whose value some shells split and others do not. */
  #declared(part: Syntax.Assignment, words: Word[], declaration: boolean): void {
    const word = part.value.type === 'Word' ? expandWhole(part.value, this) : { value: null, prefix: '' }
    if (part.value.type !== 'Word') this.#foreignInSh(part.pos)
    const splits = !declaration || (this.dialect === 'sh' && /[$`]/.test(part.text) && (word.value === null || /[\s*?[\\]/.test(word.value)))
    const append = part.append === true || part.index !== undefined
    const prefix = `${part.name}${append ? '' : `=${word.prefix}`}`
    words.push({
      value: word.value === null || splits || append ? null : `${part.name}=${word.value}`,
      prefix, splits, text: this.source.slice(part.pos, part.end), start: part.pos, end: part.end,
    })
  }

  /** The value of `NAME=VALUE` before a command or on its own. */
  #assignment(part: Syntax.Assignment, before: readonly Assignment[] | undefined, command: boolean): string | null {
    if (part.value.type !== 'Word' || part.index !== undefined) {
      this.#foreignInSh(part.pos)
      this.#textEffects(part)
      return null
    }
    const { value } = expandWhole(part.value, this)
    // Shells differ over whether it sees what stands before it.
    if (command && before !== undefined && part.text.includes('$')) return null
    if (part.append !== true) return value
    this.#foreignInSh(part.pos)
    const old = this.scope.value(part.name)
    return value === null || old === null ? null : (old ?? '') + value
  }

  /** Runs a command: a builtin, a function or a program. */
  #run(all: readonly Word[], assignments: readonly Assignment[], start: number, end: number, place: Place): Status {
    let words = all
    let exec = false
    let emptied = false
    let direct = false
    for (;;) {
      const name = words[0]?.value
      if (name === 'exec') {
        const options = execOptions(words)
        exec = true
        emptied ||= options.emptied
        words = words.slice(options.count)
      } else if (name === 'command' && !exec) {
        const count = commandOptions(words)
        if (count === null) return null
        direct = true
        words = words.slice(count)
      } else if (name === 'builtin' && this.dialect === 'bash' && !exec) {
        words = words.slice(1)
      } else break
      if (words.length === 0) {
        // Redirections alone.
        for (const { name: assigned } of assignments) this.scope.forget(assigned)
        return true
      }
    }
    const scope = this.scope
    const [first] = words
    const name = first?.value ?? null
    const isFunction = exec || direct || name === null ? false : scope.isFunction(name)
    if (isFunction !== true) {
      const runs = scope.reach === 'surely' && isFunction === false && !this.#aliased() ? 'surely' : 'maybe'
      const own = emptied ? [] : assignments
      const exports = scope.exports(own)
      const last = (exec || (place.tail && !this.#traps)) && runs === 'surely' && !place.background && !place.piped
      this.#commands.push(new FoundCommand(words, assignments, exports, start, end, runs, exec, place, last))
    }
    if (exec) {
      // An unknown word may be none, and then the shell goes on.
      if (first?.splits === true && words.every((word) => word.splits)) this.#mayLeave()
      else this.#leave(false)
      return null
    }
    if (isFunction !== false) {
      for (const { name: assigned } of assignments) scope.forget(assigned)
      const functions = this.#functionWrites
      if (functions === undefined) scope.lose()
      else {
        this.#forget({ ...functions, parameters: false })
        if (functions.leaves || functions.everything) this.#mayLeave()
      }
      return null
    }
    if (name === null || first?.splits === true) {
      // A name with a slash is a program; any other may be a builtin.
      if (!(first?.text.includes('/') ?? false)) scope.lose()
      return null
    }
    return this.#builtin(name, words, assignments)
  }

  #aliased(): boolean {
    return this.#altered && this.dialect === 'sh'
  }

  /** The shell goes no further. */
  #leave(failed: boolean): void {
    this.scope.reach = 'never'
    if (!failed && !this.scope.afterFailure) this.#departures++
  }

  /** The shell may go no further. */
  #mayLeave(): void {
    this.#doubtful()
    if (!this.scope.afterFailure) this.#departures++
  }

  #builtin(name: string, words: readonly Word[], assignments: readonly Assignment[]): Status {
    const effect = runBuiltin(name, words, this.scope, this.dialect)
    if (effect === undefined) return null
    // What stands before a special builtin stays in some shells.
    if (effect.special) for (const { name: assigned } of assignments) this.scope.forget(assigned)
    if (effect.traps) this.#traps = true
    if (effect.alters) this.#altered = true
    switch (effect.leaves) {
      case 'script':
      case 'script with failure':
        this.#leave(effect.leaves === 'script with failure')
        break
      case 'loop':
        // What it skips is what `writes` says of the loop. Outside of one it does nothing.
        if (this.#loops > 0) this.#leave(true)
        break
      case 'function':
        if (this.#functions > 0) this.#leave(true)
        else this.#mayLeave()
        break
      case 'maybe':
        this.#mayLeave()
        break
    }
    return effect.status
  }
}

interface Entry {
  readonly reach: Reach
  readonly afterFailure: boolean
  readonly departures: number
}

function isNegated(node: Syntax.PipelineNode): boolean {
  return node.type === 'Pipeline' && node.prefixes.filter((prefix) => prefix.type === 'Negation').length % 2 === 1
}

/** The same place, with something after it. */
function notLast(place: Place): Place {
  return place.tail ? { ...place, tail: false } : place
}

function joined(one: Scope | null, other: Scope | null): Scope | null {
  if (one === null || one.reach === 'never') return other ?? one
  if (other === null || other.reach === 'never') return one
  one.join(other)
  return one
}

/** How many words `exec` and its options are, and whether it empties the environment. */
function execOptions(words: readonly Word[]): { count: number; emptied: boolean } {
  let emptied = false
  let index = 1
  for (; index < words.length; index++) {
    const value = words[index]?.value
    if (value == null || !/^-[acl]*-?/.test(value) || !value.startsWith('-') || value === '-') break
    if (value === '--') return { count: index + 1, emptied }
    const match = /^-([cl]*)(a?)(.*)$/s.exec(value)
    if (match === null || (match[2] === '' && match[3] !== '')) break
    if (match[1]?.includes('c') === true) emptied = true
    if (match[2] === 'a' && match[3] === '') index++
  }
  return { count: index, emptied }
}

/** How many words `command` and its options are; null where it only tells what a name is. */
function commandOptions(words: readonly Word[]): number | null {
  let index = 1
  for (; index < words.length; index++) {
    const value = words[index]?.value
    if (value === '--') return index + 1
    if (value == null || !/^-[pvV]+$/.test(value)) break
    if (/[vV]/.test(value)) return null
  }
  return index
}
