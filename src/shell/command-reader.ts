/**
 * Simple commands: their assignments, words and redirections, and what the builtins among them do.
 */
import { descend, spend, unread } from '../budget.ts'
import { evaluate } from './arithmetic.ts'
import { commandOptions, declares, execOptions, readKnown, runBuiltin } from './builtins.ts'
import { FoundCommand, type Assignment, type Written, type ScriptContext, type ScriptError } from './command.ts'
import { Environment } from './environment.ts'
import { expandHereDocument, expandWhole, expandWord, type Context } from './expansion.ts'
import type { Dialect } from './invocation.ts'
import { Budget, Exports, Scope, shellName, type Definition, type Element, type Variable } from './scope.ts'
import { forEachChild, isTooDeep, parse, partsOf, type Syntax } from './syntax.ts'
import { locatedIn, type Word } from './word.ts'
import { functionsOf, isProgram, writesOf, type Writes } from './writes.ts'

/** How many scripts within words (of `eval` and `trap`) are read. */
const mostInners = 16
const tooManyInners = `at most ${mostInners} scripts within words of a script are read`

/** How many scopes of a line that was given up are kept. */
const mostAbandoned = 8

/** Where in the script's processes a command runs. */
export interface Place {
  readonly background: boolean
  /** What runs in the background as one, innermost; undefined also where it may run more than once. */
  readonly job?: object | undefined
  readonly piped: boolean
  /** True where nothing comes after it. */
  readonly tail: boolean
  /** True within a compound command. */
  readonly enclosed?: boolean
}

/** A call of a function: the ways that lead out of it, and the variables that it has made its own. */
export interface Call {
  readonly node: Syntax.Function
  readonly returns: { readonly scope: Scope; readonly status: Status }[]
  readonly locals: Map<string, Variable | undefined>
  /** How many branches its beginning stands in. */
  readonly branches: number
}

/** A round of a loop: the ways that lead out of the loop, and on to the next round. */
export interface Round {
  readonly breaks: Scope[]
  readonly continues: Scope[]
}

export const atEnd: Place = { background: false, piped: false, tail: true }

const noAssignments: readonly Assignment[] = []

/** Whether a command succeeds: null where that is unknown. */
export type Status = boolean | null

export abstract class CommandReader implements Context {
  readonly source: string
  readonly dialect: Dialect
  scope: Scope
  protected readonly budget = new Budget()
  protected readonly commands: FoundCommand[] = []
  protected readonly errors: ScriptError[] = []
  protected traps = false
  /** True once `alias` ran in a shell that heeds it, or `shopt` changed what pipelines and patterns do. */
  protected altered = false
  /** Where not every shell of the dialect takes the script as it is read here. */
  protected readonly doubts: number[] = []
  /** The scopes in which bash may have given up the line at hand after an error. */
  protected readonly abandoned: Scope[] = []
  /** How many subshells deep the command at hand stands. */
  #processes = 0
  /** True where the command at hand cannot be expanded. */
  protected stopped = false
  /** The assignments before the command at hand, which substitutions may see, or not. */
  #pending: readonly Assignment[] = noAssignments
  /** True within a script that is written within a word of this one, or in backquotes. */
  #embedded = false
  #inners = 0
  /** The actions of traps that are read. */
  readonly #actions = new Set<string>()
  /** How many loops and functions of this process the shell is in. */
  protected loops = 0
  protected functions = 0
  /** How many branches the command at hand stands in, of which not all are taken. */
  protected branches = 0
  /** How many conditions the command at hand stands in: `set -e` does nothing there. */
  protected tested = 0
  /** The call and the round that are followed step by step in this process, if any. */
  protected call: Call | undefined
  protected round: Round | undefined
  /** The calls that are being followed, in all processes. */
  protected readonly calls: Syntax.Function[] = []
  /** True where something that cannot be seen runs, which may call any function. */
  protected unread = false
  /** The functions that may be called where that is not followed step by step. */
  protected readonly mayBeCalled = new Set<string>()
  /** How often the shell, on a way without failures, may have left the script so far. */
  protected departures = 0
  protected readonly script: Syntax.ParsedScript
  /** True where the shell only reads the script: `-n`. */
  protected readonly noexec: boolean
  protected scriptWrites: Writes | undefined
  readonly #known = new Set<Syntax.Function>()
  /** What the functions of the script may change when one of them is called. */
  protected functionWrites: Writes | undefined

  constructor(text: string, { dialect, environment, parameters, options }: ScriptContext) {
    this.source = text
    this.script = parse(text)
    this.dialect = dialect
    this.scope = new Scope(environment, parameters?.length ? parameters : [shellName], this.budget)
    this.noexec = options?.noexec === true
    if (options?.noglob === true) this.scope.noglob = true
    if (options?.nounset === true) this.scope.nounset = true
    if (options?.allexport === true) this.scope.allexport = true
    if (options?.errexit === true) this.scope.errexit = true
    for (const node of functionsOf(this.script, text) ?? []) this.defined(node)
    // bash reads this file before a script.
    if (dialect === 'bash' && environment.has('BASH_ENV') && environment.get('BASH_ENV') !== '') this.scope.lose()
  }

  /** Notes what a function may change when it is called. */
  protected defined(node: Syntax.Function): void {
    if (this.#known.has(node)) return
    this.#known.add(node)
    this.budget.functions.add(node.name.text)
    const writes = writesOf(node.body, this.source)
    const known = this.functionWrites
    if (known === undefined) this.functionWrites = writes
    else {
      for (const written of writes.names) known.names.add(written)
      known.everything ||= writes.everything
      known.parameters ||= writes.parameters
      known.leaves ||= writes.leaves
      known.options ||= writes.options
      known.fixes ||= writes.fixes
      known.stops ||= writes.stops
      known.called.push(...writes.called)
    }
  }

  /** Reads statements, which stand one after the other. */
  /** Reads a text that an expansion makes a script, for the words from `start` to `end`; false where it cannot be read. */
  protected abstract aside(text: string, start: number, end: number, place: Place): boolean

  /** Follows a call of a function step by step; undefined where that is not possible. */
  protected abstract follow(definition: Definition, words: readonly Word[], place: Place): Status | undefined

  protected abstract list(statements: readonly Syntax.Statement[], place: Place): Status

  error(message: string, pos: number): void {
    if (isTooDeep(message)) descend(Infinity)
    const start = Math.min(pos, this.source.length)
    // `shopt -s extglob` may have changed what is an error.
    if (this.altered && this.dialect === 'bash') return this.foreign(start)
    this.errors.push({ message, start, end: Math.min(start + 1, this.source.length) })
  }

  substitution(script: Syntax.ParsedScript | undefined, sure: boolean): void {
    if (script === undefined) return
    for (const { message, pos } of script.errors ?? []) this.error(message, script.source === undefined ? pos : script.pos)
    // Within backquotes that hold escapes, places are those of another text.
    if (script.source !== undefined) {
      this.unread = true
      return
    }
    const embedded = this.#embedded
    this.#embedded ||= this.source[script.pos - 1] === '`'
    const stopped = this.stopped
    const pending = this.#pending
    this.#pending = noAssignments
    this.apart(() => {
      if (!sure) this.doubtful()
      // bash puts `-e` off here.
      if (this.dialect === 'bash' && this.scope.errexit === true) this.scope.errexit = null
      for (const { name } of pending) this.scope.forget(name)
      this.list(script.commands, { background: false, piped: true, tail: false })
    })
    this.#pending = pending
    this.stopped = stopped
    this.#embedded = embedded
  }

  protected doubtful(): void {
    if (this.scope.reach === 'surely') this.scope.reach = 'maybe'
  }

  stop(): void {
    this.stopped = true
  }

  mayAbandon(): void {
    // A subshell, or a shell of another kind, ends.
    if (this.dialect !== 'bash' || this.#processes > 0) return
    const scope = this.scope.copy()
    if (this.abandoned.length >= mostAbandoned) {
      // One in which everything may be anything stands for all.
      scope.lose()
      this.abandoned.length = 0
    }
    this.abandoned.push(scope)
  }

  foreign(position: number): void {
    this.doubts.push(position)
  }

  /** Runs something in a process of its own: what it changes, and that it leaves, stays there. */
  protected apart(run: () => void): void {
    const { scope, departures, call, round } = this
    this.scope = scope.copy()
    this.call = this.round = undefined
    this.#processes++
    run()
    this.#processes--
    Object.assign(this, { scope, departures, call, round })
  }

  /** Runs what a shell may run later, with whatever the script has made of its variables and parameters by then. */
  protected later(run: () => void): void {
    this.apart(() => {
      this.scriptWrites ??= writesOf(this.script, this.source, true)
      this.budget.left -= this.scriptWrites.names.size
      if (this.budget.left > 0) this.forget(this.scriptWrites)
      else this.scope.lose()
      this.scope.parameters = null
      this.scope.errexit = null
      this.doubtful()
      run()
    })
  }

  protected writes(node: Syntax.SyntaxNode): Writes {
    const writes = writesOf(node, this.source)
    const functions = this.functionWrites
    // Any command in it may call one of them.
    if (functions !== undefined) {
      spend(functions.names.size / 10)
      this.budget.left -= functions.names.size
      if (this.budget.left <= 0) writes.everything = true
      else for (const name of functions.names) writes.names.add(name)
      writes.everything ||= functions.everything
      writes.leaves ||= functions.leaves
      writes.options ||= functions.options
      writes.fixes ||= functions.fixes
      writes.called.push(...functions.called)
    }
    writes.everything = this.#changesAll(writes)
    return writes
  }

  #changesAll(writes: Writes): boolean {
    return writes.everything || !writes.called.every((word) => this.#callsProgram(word, writes))
  }

  /** Whether a command whose name is a variable is a program, and stays that whatever of these is written. */
  #callsProgram({ text }: Syntax.Word, { names, parameters }: Writes): boolean {
    const [name = '@'] = /[A-Za-z_]\w*/.exec(text) ?? []
    const isQuoted = text.startsWith('"')
    const value = name !== '@' ? this.scope.value(name)
      : this.functions > 0 || parameters ? null : this.scope.parameters?.[1]?.splits === false ? this.scope.parameters[1].value : null
    if (names.has(name) || value == null) return false
    const first = isQuoted ? value : this.scope.plainIfs ? /^[ \t\n]*([^ \t\n]*)/.exec(value)?.[1] : undefined
    return first !== undefined && isProgram(first) && this.scope.isFunction(first) === false
  }

  protected forget(writes: Writes): void {
    if (this.#changesAll(writes)) return this.scope.lose()
    spend(writes.names.size / 5)
    for (const name of writes.names) this.scope.forget(name, writes.fixes)
    if (writes.parameters) this.scope.parameters = null
    if (writes.options)
      this.scope.noglob =
        this.scope.allexport =
        this.scope.nounset =
        this.scope.errexit =
          null
  }

  protected foreignInSh(position: number): void {
    if (this.dialect === 'sh') this.foreign(position)
  }

  /** Side effects of words that are not expanded here. */
  protected textEffects(node: Syntax.SyntaxNode): void {
    const text = this.source.slice(node.pos, node.end)
    spend(text.length / 50)
    if (/:?=|\(\(|\+\+|--/.test(text)) this.forget(writesOf(node, this.source))
    if (/[`$<>]\(|`/.test(text)) this.#substitutionsIn(node, 0)
  }

  #substitutionsIn(node: Syntax.SyntaxNode, depth: number): void {
    forEachChild(node, (child) => {
      if (child.type === 'CommandExpansion' || child.type === 'ProcessSubstitution') this.substitution(child.script, true)
      else this.#substitutionsIn(child, depth + 1)
    }, depth)
  }

  protected redirects(redirects: readonly Syntax.Redirection[]): void {
    for (const redirect of redirects) {
      spend(2)
      const both = redirect.type === 'Redirect' && redirect.operator.startsWith('&>')
      if (both || redirect.type === 'HereString') this.foreignInSh(redirect.pos)
      if (redirect.descriptor?.type === 'FileDescriptorVariable') {
        this.foreignInSh(redirect.pos)
        this.scope.forget(redirect.descriptor.name)
      }
      this.textEffects(redirect.type === 'HereDoc' ? redirect.body : redirect)
    }
  }

  protected command(node: Syntax.Command, place: Place): Status {
    this.stopped = false
    const words: Word[] = []
    const declaration = node.name !== undefined && declares(node.name.text)
    if (node.name !== undefined) expandWord(node.name, this, words)
    const [next] = node.suffix
    // The parser lets `name (` pass.
    if (node.name !== undefined && next !== undefined && next.pos - node.name.end > 1) {
      const at = this.source.slice(node.name.end, next.pos).indexOf('(')
      if (at >= 0) this.error("unexpected '('", node.name.end + at)
    }
    spend(3 + node.suffix.length / 2 + node.prefix.length)
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
        ;(redirects ??= []).push(part)
        continue
      }
      start = Math.min(start, part.pos)
      end = Math.max(end, part.end)
      if (!substituted) substituted = /[`$]\(|`/.test(part.text)
      const elements = words.length === 0 ? this.#elements(part) : undefined
      const value = elements === undefined ? this.#assignment(part, assignments, words.length > 0) : null
      this.#pending = assignments ??= []
      assignments.push({ name: part.name, value, start: part.pos, end: part.end })
      // Without a command the variables are the shell's own, at once.
      if (words.length > 0) continue
      if (elements === undefined) {
        this.scope.assign(part.name, value)
        if (value === null && !this.stopped && isArithmetic(part)) this.scope.count(part.name)
      } else this.scope.assignElements(part.name, elements)
    }
    let input: Word | undefined
    if (redirects !== undefined) {
      this.redirects(redirects)
      const last = redirects.findLast(readsInput)
      if (last?.type === 'HereDoc') input = expandHereDocument(last, this)
      const [only] = redirects
      const isString = only?.type === 'HereString' && redirects.length === 1 && only.descriptor === undefined &&
        only.target !== undefined && this.dialect === 'bash'
      if (isString && words[0]?.value === 'read' && assignments === undefined && !/[`$<>]\(|`|:?=|\(\(/.test(only.target.text)) {
        const { value } = expandWhole(only.target, this)
        if (!this.stopped && value !== null && this.scope.isFunction('read') === false && !this.altered &&
          readKnown(words, value, this.scope)) return true
      }
    }
    this.#pending = noAssignments
    if (this.stopped) this.giveUp()
    if (words.length === 0) {
      if (this.scope.refused) this.giveUp()
      return redirects === undefined && !substituted && !this.stopped && !this.scope.refused ? true : null
    }
    const bare = redirects === undefined && place.enclosed !== true
    const written = { start, end: Math.min(end, this.source.length), bare, input }
    const status = this.#run(words, assignments ?? noAssignments, written, place)
    if (this.scope.refused) this.giveUp()
    return status
  }

  /** `export NAME=VALUE`: a word, whose value some shells split and others do not. */
  #declared(part: Syntax.Assignment, words: Word[], declaration: boolean): void {
    let word = part.value.type === 'Word' ? expandWhole(part.value, this) : { value: null, prefix: '' }
    if (part.value.type !== 'Word') this.foreignInSh(part.pos)
    // Here, unlike before a command, bash makes several words of what is in braces.
    else if (partsOf(part.value)?.some((inner) => inner.type === 'BraceExpansion') === true) word = { value: null, prefix: '' }
    const expands = this.dialect === 'sh' && /[$`]/.test(part.text)
    const splits = !declaration || (expands && !isQuoted(part.value) && (word.value === null || /[\s*?[\\]/.test(word.value)))
    const append = part.append === true || part.index !== undefined
    const prefix = `${part.name}${append ? '' : `=${word.prefix}`}`
    words.push({
      value: word.value === null || splits || append ? null : `${part.name}=${word.value}`,
      prefix,
      splits,
      text: this.source.slice(part.pos, part.end),
      start: part.pos,
      end: part.end,
    })
  }

  /** What `NAME=(…)` and `NAME+=(…)` make an array of; undefined where that is not known. */
  #elements({ name, value, append, index, text }: Syntax.Assignment): readonly Element[] | undefined {
    if (this.dialect !== 'bash' || value.type !== 'ArrayValue' || index !== undefined || /[<>]\(|`|:?=\}|\(\s*\[|\s\[/.test(text))
      return undefined
    const before = append === true ? this.scope.variable(name).elements : []
    spend((before?.length ?? 0) / 50)
    const words: Word[] = []
    for (const element of value.elements) expandWord(element, this, words)
    return before === undefined || words.some((word) => word.splits) ? undefined : [...before, ...words]
  }

  /** The value of `NAME=VALUE` before a command or on its own. */
  #assignment(part: Syntax.Assignment, before: readonly Assignment[] | undefined, command: boolean): string | null {
    if (part.value.type !== 'Word' || part.index !== undefined) {
      this.foreignInSh(part.pos)
      this.textEffects(part)
      if (assignsInIndex(part)) this.scope.lose()
      return null
    }
    const { value } = expandWhole(part.value, this)
    // What it is, and whether it fails, depends on whether it sees what stands before it.
    if (command && before !== undefined && /\(\(|:\?|\$\[/.test(part.text)) {
      this.stop()
    }
    // Shells differ over whether it sees what stands before it.
    if (command && before !== undefined && part.text.includes('$')) return null
    if (part.append !== true) return value
    this.foreignInSh(part.pos)
    const old = this.scope.value(part.name)
    return value === null || old === null ? null : (old ?? '') + value
  }

  /** Runs a command: a builtin, a function or a program. */
  #run(all: readonly Word[], assignments: readonly Assignment[], written: Omit<Written, 'exec' | 'embedded'>, place: Place): Status {
    let from = 0
    let exec = false
    let emptied = false
    let direct = false
    let doubtful = false
    for (;;) {
      const name = all[from]?.value
      if (name === 'exec') {
        const options = execOptions(all, from)
        const next = all[from + options.count]
        // bash says that there is no such option, and goes on. So it does with `--posix`, but for what runs a script.
        if (this.dialect === 'bash' && options.count === 1 && next?.value != null && /^-[^acl-]/.test(next.value)) {
          this.mayLeave()
          return false
        }
        exec = true
        emptied ||= options.emptied
        // dash takes them for the program's name.
        doubtful ||= options.count > 1 && this.dialect === 'sh'
        from += options.count
      } else if (name === 'command' && !exec) {
        const count = commandOptions(all, from)
        if (count === null) return null
        direct = true
        from += count
      } else if (name === 'builtin' && this.dialect === 'bash' && !exec) {
        from += 1
      } else break
      if (from >= all.length) {
        // Redirections alone.
        for (const { name: assigned } of assignments) this.scope.forget(assigned)
        return true
      }
    }
    const words = from === 0 ? all : all.slice(from)
    const scope = this.scope
    const [first] = words
    const name = first?.value ?? null
    const isFunction = exec || direct || name === null ? false : scope.isFunction(name)
    if (isFunction !== true) {
      const refused = assignments.some((assigned) => scope.variable(assigned.name).fixed !== false)
      if (refused) scope.refused = true
      const sure = scope.reach === 'surely' && isFunction === false && !refused && !doubtful && !this.#aliased()
      const runs = sure ? 'surely' : 'maybe'
      const own = refused ? assignments.map((assigned) => ({ ...assigned, value: null })) : assignments
      const exports = emptied ? new Exports(new Environment()) : scope.exports(own)
      const ends = (exec || (place.tail && !this.traps)) && isFunction === false && !this.#aliased() && this.#processes === 0 &&
        !place.background && !place.piped
      this.commands.push(new FoundCommand(words, assignments, exports, { ...written, exec, embedded: this.#embedded }, place, runs, ends))
    }
    if (exec) {
      // An unknown word may be none, and then the shell goes on.
      if (this.stopped || words.every((word) => word.splits)) this.mayLeave()
      else this.leave(false)
      return null
    }
    if (isFunction !== false) {
      for (const { name: assigned } of assignments) scope.forget(assigned)
      const definition = isFunction === true && name !== null ? scope.definition(name) : undefined
      const followed = definition === undefined ? undefined : this.follow(definition, words, place)
      if (followed !== undefined) {
        for (const { name: assigned } of assignments) this.scope.forget(assigned)
        return followed
      }
      if (name !== null) this.mayBeCalled.add(name)
      const functions = this.functionWrites
      if (functions === undefined) scope.lose()
      else {
        if (functions.stops) this.mayAbandon()
        this.forget({ ...functions, parameters: false })
        if (functions.leaves || functions.everything) this.mayLeave()
      }
      return null
    }
    if (name === null || first?.splits === true) {
      // A name with a slash is a program; any other may be a builtin.
      if (!(first?.text.includes('/') ?? false) && (first === undefined || locatedIn(first.text) === undefined)) {
        scope.lose()
        this.unread = true
      }
      return null
    }
    if (name === 'eval' || name === 'trap') {
      for (const { name: assigned } of assignments) scope.forget(assigned)
      return name === 'eval' ? this.#eval(words.slice(1), place) : this.#trap(words)
    }
    return this.#builtin(name, words, assignments)
  }

  /** `eval`: reads its words as a script, where they stand in this one as they are. */
  #eval(words: readonly Word[], place: Place): Status {
    if (words.length === 0) return true
    const statements = this.#inner(words)
    if (statements !== undefined) return this.#within(() => this.list(statements, place))
    const [first] = words
    const last = words.at(-1)
    const isKnown = words.every(({ value, splits }) => value !== null && !splits)
    this.#refuseMore(words)
    if (first !== undefined && last !== undefined && isKnown && this.#inners < mostInners) {
      this.#inners++
      const text = words.map((word) => word.value).join(' ')
      return this.aside(text, first.start, last.end, place) ? null : this.unseen()
    }
    const partly = this.#inner(words, true)
    if (partly !== undefined) {
      this.doubtful()
      this.#within(() => this.list(partly, notLast(place)))
      this.mayLeave()
    }
    return this.unseen()
  }

  /** Notes that something runs that cannot be seen. */
  protected unseen(): Status {
    this.unread = true
    this.scope.lose()
    return null
  }

  /** Reads what is written within a word. */
  #within(read: () => Status): Status {
    const embedded = this.#embedded
    this.#embedded = true
    const status = read()
    this.#embedded = embedded
    return status
  }

  /** `trap`: its commands may run at any time, and with whatever variables there are by then. */
  #trap(words: readonly Word[]): Status {
    const action = words.find((word, index) => index > 0 && word.value !== '--')
    if (action === undefined || action.value === '-' || action.value === '-p' || action.value === '-l') return null
    this.traps = true
    // The same again, as for another signal, which may come to another gunicorn only where it holds one.
    if (action.value !== null && !/gunicorn|[$`]/.test(action.value)) {
      if (this.#actions.has(action.value)) return null
      this.#actions.add(action.value)
    }
    const statements = this.#inner([action])
    if (statements !== undefined) {
      // At its end it matters no more; another signal may come at any time.
      if (words.slice(words.indexOf(action) + 1).some(({ value }) => value !== 'EXIT' && value !== '0')) {
        for (const statement of statements) for (const name of writesOf(statement, this.source, true).names) this.scope.unsettle(name)
      }
      this.later(() => this.#within(() => this.list(statements, notLast(atEnd))))
    } else {
      if (this.#inners >= mostInners) unread(tooManyInners)
      this.unread = true
    }
    return null
  }

  /** @throws {Unread} where there are too many scripts within words for one to be read that speaks of gunicorn */
  #refuseMore(words: readonly Word[]): void {
    if (this.#inners >= mostInners && words.some(({ value }) => value?.includes('gunicorn'))) unread(tooManyInners)
  }

  /**
   * The commands of a script that is written within words of this one, with their places in this one. `partly`: also where
   * variables of one word in double quotes are put in first, which are unknown then.
   */
  #inner(words: readonly Word[], partly = false): readonly Syntax.Statement[] | undefined {
    const [first] = words
    const last = words.at(-1)
    if (first === undefined || last === undefined || this.#inners >= mostInners) return undefined
    const quoted = words.length === 1 && /^['"]/.test(first.text) ? 1 : 0
    const written = this.source.slice(first.start + quoted, last.end - quoted)
    let value = words.map((word) => word.value).join(' ')
    if (partly) {
      // Of the same length, so that places stay what they are.
      value = written.replaceAll(/\$(?:\w+|\{\w+\})/g, (found) => '\uE000'.repeat(found.length))
      if (words.length > 1 || first.splits || !first.text.startsWith('"') || /["$`\\\r]/.test(value)) return undefined
    } else if (words.some((word) => word.splits || word.value === null || word.value.includes('\r')) || written !== value) return undefined
    this.#inners++
    const script = parse(' '.repeat(first.start + quoted) + value)
    if (script.errors === undefined) return script.commands
    for (const { message, pos } of script.errors) this.error(message, pos)
    return undefined
  }

  #aliased(): boolean {
    return this.altered && this.dialect === 'sh'
  }

  /** The shell goes no further. */
  protected leave(failed: boolean): void {
    this.scope.reach = 'never'
    if (!failed && !this.scope.afterFailure) this.departures++
  }

  /** After an error that ends dash. bash goes on with the next line, and what was to be set until then is not. */
  protected giveUp(): void {
    this.scope.refused = false
    this.mayLeave()
    this.budget.left = 0
    this.scope.lose()
    this.mayAbandon()
  }

  /** The shell may go no further. */
  protected mayLeave(): void {
    this.doubtful()
    if (!this.scope.afterFailure) this.departures++
  }

  /** `let NAME=EXPRESSION` over what is known; false where it does more than that. */
  #let([, only, ...others]: readonly Word[]): boolean {
    const [, name, expression = ''] = /^\s*([A-Za-z_]\w*)\s*=(?!=)([\w\s+*()-]+)$/.exec(only?.value ?? '') ?? []
    if (name === undefined || others.length > 0 || only?.splits === true || /\+\+|--/.test(expression)) return false
    const [statement] = parse(`A=$((${expression}))`).commands
    const assigned = statement?.command.type === 'Command' ? statement.command.prefix[0] : undefined
    const [part] = assigned?.type === 'Assignment' && assigned.value.type === 'Word' ? (partsOf(assigned.value) ?? []) : []
    const value = part?.type === 'ArithmeticExpansion' ? evaluate(part.expression, (other) => this.scope.value(other)) : null
    if (value == null) return false
    this.scope.assign(name, String(value))
    return true
  }

  #builtin(name: string, words: readonly Word[], assignments: readonly Assignment[]): Status {
    if (name === 'let' && this.dialect === 'bash' && this.#let(words)) return null
    if (this.call !== undefined && /^(local|declare|typeset)$/.test(name)) this.#makeLocal(words, this.call)
    if (name === '.' || name === 'source' || (declares(name) && words.some(mayBeAboutFunctions))) this.unread = true
    const effect = runBuiltin(name, words, this.scope, this.dialect, this.functions > 0)
    if (effect === undefined) return null
    // What stands before a special builtin stays in some shells.
    if (effect.special === true) { for (const { name: assigned } of assignments) this.scope.forget(assigned) }
    if (effect.alters === true) this.altered = true
    switch (effect.leaves) {
      case 'script':
      case 'script with failure':
        this.leave(effect.leaves === 'script with failure')
        break
      case 'loop':
        // What it skips is what `writes` says of the loop. Outside of one it does nothing.
        if (this.loops > 0) {
          if (this.round !== undefined) this.round[name === 'break' ? 'breaks' : 'continues'].push(this.scope.copy())
          this.leave(true)
        } else if (this.functions > 0) this.mayLeave()
        break
      case 'function':
        if (this.functions > 0) {
          const status = words[1]?.value
          const returned = status === '0' ? true : status != null && /^[1-9]\d*$/.test(status) ? false : null
          this.call?.returns.push({ scope: this.scope.copy(), status: returned })
          this.leave(true)
        } else this.mayLeave()
        break
      case 'maybe':
        this.mayLeave()
        break
    }
    return effect.status
  }

  /** Notes what the variables were that a function makes its own; undefined where a way may lead past that. */
  #makeLocal(words: readonly Word[], { locals, returns, branches }: Call): void {
    const isSure = this.branches === branches && returns.length === 0
    for (const { prefix } of words.slice(1)) {
      const name = /^[A-Za-z_]\w*/.exec(prefix)?.[0]
      if (name !== undefined && !locals.has(name)) locals.set(name, isSure ? this.scope.variable(name) : undefined)
    }
  }
}

/** Whether what is assigned is what arithmetic gives, and nothing else. */
const isArithmetic = ({ value, append, index }: Syntax.Assignment): boolean => {
  const parts = value.type === 'Word' && append !== true && index === undefined ? partsOf(value) : undefined
  const [only] = parts?.length === 1 && parts[0]?.type === 'DoubleQuoted' ? parts[0].parts : (parts ?? [])
  return (parts?.length === 1 && only?.type === 'ArithmeticExpansion')
}

/** Whether what stands in brackets, which bash reckons, may assign something. */
const assignsInIndex = ({ value, index }: Syntax.Assignment): boolean =>
  index?.text.includes('=') === true || (value.type === 'ArrayValue' && value.elements.some(({ text }) => /^\[[^\]=]*=[^\]]*\]/.test(text)))

/** Whether all that a value expands stands in quotes. */
const isQuoted = (value: Syntax.Assignment['value']): boolean =>
  value.type === 'Word' &&
  (partsOf(value) ?? []).every(({ type, text }) =>
    type === 'DoubleQuoted' || type === 'SingleQuoted' || (type === 'Literal' && !/[~$`\\]/.test(text))
  )

/** Whether a redirection is one of the standard input. */
function readsInput(redirect: Syntax.Redirection): boolean {
  const { type, descriptor } = redirect
  if (descriptor !== undefined) return descriptor.type === 'FileDescriptor' && descriptor.value === 0
  return type !== 'Redirect' || redirect.operator.startsWith('<')
}

/** The same place, with something after it. */
export function notLast(place: Place): Place {
  return place.tail ? { ...place, tail: false } : place
}

/** Whether a word of `export` or `declare` is, or may come to, the option `-f`. */
const mayBeAboutFunctions = ({ value, prefix, splits }: Word): boolean =>
  value === null ? splits || prefix === '' || prefix.startsWith('-') : /^-\w*f/.test(value)
