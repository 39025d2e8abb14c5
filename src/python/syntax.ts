/**
 * A Python source → its statements. What is not understood stays a statement of which only the names are known; what no
 * Python runs is told. Source: the grammar of the language reference, 2.7 and 3.
 */
import { tokenize, type SourceProblem, type Token } from './tokens.ts'
import { unquote } from './string-literal.ts'

export type Expression =
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  /** A formatted string. */
  | { readonly kind: 'format'; readonly parts: readonly (string | Expression)[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tuple' | 'list' | 'set'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'logical'; readonly operator: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'choice'; readonly test: Expression; readonly chosen: Expression; readonly otherwise: Expression }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Expression[]; readonly isPlain: boolean }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'subscript'; readonly object: Expression; readonly index: Expression }
  | { readonly kind: 'lambda'; readonly arity: number | undefined; readonly names: readonly string[] }
  /** What is evaluated here and not understood: the names in it, and those that it may bind. */
  | { readonly kind: 'other'; readonly names: readonly string[]; readonly binds: readonly string[] }

interface Imported {
  /** What it is: `os`, `os.environ`. */
  readonly from: string
  readonly name: string
}

export type Statement = { readonly line: number } & (
  | { readonly kind: 'assign'; readonly targets: readonly Expression[]; readonly value: Expression }
  | { readonly kind: 'augment'; readonly target: Expression; readonly operator: string; readonly value: Expression }
  | { readonly kind: 'delete'; readonly targets: readonly Expression[] }
  /** `annotates`: the name of which it is a note, `workers: 4`, which binds nothing. */
  | { readonly kind: 'expression'; readonly value: Expression; readonly annotates?: string }
  | { readonly kind: 'import'; readonly imported: readonly Imported[] }
  | { readonly kind: 'import all' }
  | { readonly kind: 'pass' }
  | { readonly kind: 'global'; readonly names: readonly string[] }
  | { readonly kind: 'if'; readonly test: Expression; readonly body: readonly Statement[]; readonly otherwise: readonly Statement[] }
  /** `for`, `while`, `with`, `try` and their further parts: the names in its head, those that the head binds. */
  | { readonly kind: 'block'; readonly names: readonly string[]; readonly binds: readonly string[]; readonly body: readonly Statement[] }
  | { readonly kind: 'function'; readonly name: string; readonly arity: number | undefined; readonly names: readonly string[]; readonly body: readonly Statement[] }
  | { readonly kind: 'class'; readonly name: string; readonly names: readonly string[]; readonly body: readonly Statement[] }
  /** What is not understood: it may bind any of its names. */
  | { readonly kind: 'other'; readonly names: readonly string[] }
)

export interface Syntax {
  readonly statements: readonly Statement[]
  /** The names that stand anywhere, each as often as it does. */
  readonly mentions: ReadonlyMap<string, number>
  /** The names that functions declare `global`. */
  readonly globals: ReadonlySet<string>
}

/** Reads a source. */
export function parse(text: string): Syntax | SourceProblem {
  const tokens = tokenize(text)
  if (!isTokens(tokens)) return tokens
  const mentions = new Map<string, number>()
  for (const { kind, text: name } of tokens) if (kind === 'name') mentions.set(name, (mentions.get(name) ?? 0) + 1)
  try {
    const { lines } = blockOf(tokens, 0)
    return { statements: statementsOf(lines), mentions, globals: declaredGlobal(tokens) }
  } catch (error) {
    if (error instanceof Refused) return { message: error.message, line: error.line, refused: true }
    throw error
  }
}

function declaredGlobal(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [index, { kind, text }] of tokens.entries())
    if (kind === 'name' && text === 'global')
      for (let at = index + 1; tokens[at]?.kind === 'name' || tokens[at]?.text === ','; at++) names.add(tokens[at]?.text ?? '')
  return names
}

const isTokens = (tokens: readonly Token[] | SourceProblem): tokens is readonly Token[] => Array.isArray(tokens)

/** What no Python runs. */
class Refused extends Error {
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.line = line
  }
}

/** What is not understood. */
class NotUnderstood extends Error {}

/** A logical line, and the lines that are indented below it. */
interface Line {
  readonly tokens: readonly Token[]
  readonly body: readonly Line[] | undefined
}

/** Lines nest deeper in nothing that a person writes. */
const deepest = 50

function blockOf(tokens: readonly Token[], from: number, depth = 0): { lines: Line[]; next: number } {
  const lines: Line[] = []
  let at = from
  for (;;) {
    const first = tokens[at]
    if (!first || first.kind === 'end' || first.kind === 'dedent') return { lines, next: at }
    if (first.kind === 'indent') throw new Refused('unexpected indent', first.line)
    let end = at
    while (tokens[end]?.kind !== 'newline') end += 1
    const own = tokens.slice(at, end)
    at = end + 1
    const opens = own.at(-1)?.kind === 'op' && own.at(-1)?.text === ':'
    if (!opens) lines.push({ tokens: own, body: undefined })
    else {
      if (tokens[at]?.kind !== 'indent') throw new Refused('expected an indented block', first.line)
      if (!heads.has(own[0]?.text ?? '')) throw new Refused('invalid syntax', first.line)
      // Deeper than this no Python goes either (100 levels); it is only not looked at.
      if (depth > deepest) throw new Refused('too many levels of indentation', first.line)
      const { lines: body, next } = blockOf(tokens, at + 1, depth + 1)
      lines.push({ tokens: own, body })
      at = next + 1
    }
  }
}

const heads = new Set(['if', 'elif', 'else', 'for', 'while', 'try', 'except', 'finally', 'with', 'def', 'class', 'async', 'match', 'case'])

const keywords = new Set([
  'and', 'as', 'assert', 'async', 'await', 'break', 'class', 'continue', 'def', 'del', 'elif', 'else', 'except', 'finally', 'for', 'from',
  'global', 'if', 'import', 'in', 'is', 'lambda', 'nonlocal', 'not', 'or', 'pass', 'raise', 'return', 'try', 'while', 'with', 'yield',
  'True', 'False', 'None',
])
/** Keywords that were names once, or are for some Pythons only. */
const softKeywords = new Set(['print', 'exec', 'match', 'case', 'type', 'async', 'await', 'nonlocal'])

const namesIn = (tokens: readonly Token[]): string[] => [...new Set(tokens.flatMap(({ kind, text }) => (kind === 'name' && !keywords.has(text) ? text : [])))]

function allTokens(line: Line): Token[] {
  return [...line.tokens, ...(line.body ?? []).flatMap(allTokens)]
}

function statementsOf(lines: readonly Line[]): Statement[] {
  const statements: Statement[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as Line
    const decorators: Line[] = []
    let defined = line
    while (defined.tokens[0]?.text === '@' && lines[at + 1]) {
      decorators.push(defined)
      defined = lines[++at] as Line
    }
    if (decorators.length > 0) {
      statements.push({ kind: 'other', names: namesIn([...decorators, defined].flatMap(allTokens)), line: line.tokens[0]?.line ?? 0 })
      continue
    }
    if (line.tokens[0]?.text === 'if') {
      const chain = [line]
      while (/^(elif|else)$/.test(lines[at + 1]?.tokens[0]?.text ?? '')) chain.push(lines[++at] as Line)
      if (chain.length > deepest) statements.push({ kind: 'other', names: namesIn(chain.flatMap(allTokens)), line: lineOf(line) })
      else statements.push(chosen(chain))
      continue
    }
    statements.push(...statementsOfLine(line))
  }
  return statements
}

const lineOf = ({ tokens }: Line): number => tokens[0]?.line ?? 0

/** An `if` with its further branches. */
function chosen(chain: readonly Line[]): Statement {
  const [first, ...rest] = chain
  const line = first ? lineOf(first) : 0
  try {
    if (!first) throw new NotUnderstood()
    const { test, body } = branch(first)
    if (test === undefined) throw new NotUnderstood()
    const [next] = rest
    let otherwise: readonly Statement[] = []
    if (next?.tokens[0]?.text === 'elif') otherwise = [chosen(rest)]
    else if (next) otherwise = branch(next).body
    return { kind: 'if', test, body, otherwise, line }
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error
    return { kind: 'other', names: namesIn(chain.flatMap(allTokens)), line }
  }
}

function branch({ tokens, body }: Line): { test: Expression | undefined; body: readonly Statement[] } {
  const reader = new ExpressionReader(tokens.slice(1))
  const test = tokens[0]?.text === 'else' ? undefined : reader.namedExpression()
  reader.expect(':')
  const rest = tokens.slice(1 + reader.at)
  if (body && rest.length > 0) throw new NotUnderstood()
  return { test, body: body ? statementsOf(body) : simpleStatements(rest) }
}

function statementsOfLine(line: Line): readonly Statement[] {
  const { tokens, body } = line
  const first = tokens[0]?.text ?? ''
  if (body === undefined && !heads.has(first)) return simpleStatements(tokens)
  if (body === undefined && softKeywords.has(first)) return simpleStatements(tokens)
  if (body === undefined) {
    // A body on the same line: what it binds is not worth telling from what it reads.
    if (first === 'def' || first === 'class') return [definition(line, [{ kind: 'other', names: namesIn(tokens.slice(2)), line: lineOf(line) }])]
    return [{ kind: 'other', names: namesIn(tokens), line: lineOf(line) }]
  }
  if (first === 'def' || first === 'class' || (first === 'async' && tokens[1]?.text === 'def')) return [definition(line, statementsOf(body))]
  if (first === 'match' || first === 'case') return [{ kind: 'other', names: namesIn(allTokens(line)), line: lineOf(line) }]
  return [{ kind: 'block', names: namesIn(tokens), binds: boundByHead(tokens), body: statementsOf(body), line: lineOf(line) }]
}

/** What stands between `for` and `in`, and behind `as`; and what `:=` is given to. */
function boundByHead(tokens: readonly Token[]): string[] {
  const to = tokens.findIndex(({ text }) => text === 'in')
  const targets = tokens.some(({ text }) => text === 'for') ? tokens.slice(0, to < 0 ? undefined : to) : []
  const as = tokens.findIndex(({ text }) => text === 'as')
  return namesIn([...targets, ...(as < 0 ? [] : tokens.slice(as)), ...assignedWithin(tokens)])
}

const assignedWithin = (tokens: readonly Token[]): Token[] => tokens.filter((_, index) => tokens[index + 1]?.text === ':=')

function definition({ tokens }: Line, body: readonly Statement[]): Statement {
  const at = tokens[0]?.text === 'async' ? 2 : 1
  const name = tokens[at]?.text ?? ''
  const line = tokens[0]?.line ?? 0
  const names = namesIn(tokens.slice(at + 1))
  if (tokens[at - 1]?.text === 'class') return { kind: 'class', name, names, body, line }
  return { kind: 'function', name, arity: arityOf(tokens.slice(at + 1)), names, body, line }
}

/**
 * How many positional parameters stand in `(a, b=1, *c)`; undefined where that is not certain.
 * A default that calls something, or an annotation, does what nobody sees here.
 */
function arityOf(tokens: readonly Token[]): number | undefined {
  if (tokens[0]?.text !== '(') return undefined
  let count = 0
  for (let at = 1; at < tokens.length; at++) {
    const text = tokens[at]?.text ?? ''
    if (text === ')') return count
    if (text === ',') continue
    if (tokens[at]?.kind !== 'name') return undefined
    count += 1
    const next = tokens[at + 1]?.text
    if (next === '=') {
      const [value, end] = [tokens[at + 2], tokens[at + 3]?.text]
      if (value?.kind === 'op' || (end !== ',' && end !== ')')) return undefined
      at += 2
    } else if (next !== ',' && next !== ')') return undefined
  }
  return undefined
}

/** The statements of a line that ends, with `;` between them. */
function simpleStatements(tokens: readonly Token[]): Statement[] {
  const statements: Statement[] = []
  let from = 0
  for (let at = 0; at <= tokens.length; at++) {
    // Within brackets there is no `;`.
    if (at < tokens.length && tokens[at]?.text !== ';') continue
    const own = tokens.slice(from, at)
    from = at + 1
    if (own.length === 0 && at === tokens.length) continue
    statements.push(simpleStatement(own, tokens[0]?.line ?? 0))
  }
  return statements
}

function simpleStatement(tokens: readonly Token[], line: number): Statement {
  refuse(tokens, line)
  try {
    const statement = understood(tokens, line)
    // `:=` binds wherever it stands.
    return assignedWithin(tokens).length > 0 ? { kind: 'other', names: namesIn(tokens), line } : statement
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error
    return { kind: 'other', names: namesIn(tokens), line }
  }
}

/** Throws for what is a syntax error for every Python, as far as people make them. */
function refuse(tokens: readonly Token[], line: number): void {
  const [first, second] = tokens
  if (!first) throw new Refused('invalid syntax', line)
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]
    // `30s`, `4 workers`: behind a number stands an operator, or a word that is one.
    if (token.kind === 'number' && next && (next.kind === 'number' || (next.kind === 'name' && !/^(if|else|and|or|in|is|not|for|as|async|from|import)$/.test(next.text))))
      throw new Refused('invalid syntax', token.line)
  }
  const last = tokens.at(-1)
  // `workers =`
  if (last?.kind === 'op' && /^(=|[-+*/%@&|^~<>]=?|\.|==|!=)$/.test(last.text) && first.kind !== 'op' && first.text !== 'from' && first.text !== 'import')
    throw new Refused('invalid syntax', line)
  const isName = first.kind === 'name' && !keywords.has(first.text) && !softKeywords.has(first.text)
  // `accesslog: /var/log/x.log`
  const third = tokens[2]
  if (isName && (second?.text === '=' || second?.text === ':') && third?.kind === 'op' && /^([/%&|^,)\]}.@<>]|\/\/|==|!=|<=|>=)$/.test(third.text)) throw new Refused('invalid syntax', line)
  // `workers 4`, `bind "…"`
  if (isName && (second?.kind === 'number' || (second?.kind === 'name' && !keywords.has(second.text)))) throw new Refused('invalid syntax', line)
  if (isName && second?.kind === 'string') throw new Refused('invalid syntax', line)
}

function understood(tokens: readonly Token[], line: number): Statement {
  const first = tokens[0]?.text ?? ''
  if (tokens[0]?.kind === 'name') {
    if (first === 'pass' && tokens.length === 1) return { kind: 'pass', line }
    if (first === 'import') return { kind: 'import', imported: imports(tokens.slice(1)), line }
    if (first === 'from') return importFrom(tokens, line)
    if (first === 'global' || first === 'nonlocal') return { kind: 'global', names: namesIn(tokens), line }
    if (first === 'del') {
      const { items } = listed(new ExpressionReader(tokens.slice(1)).all())
      return { kind: 'delete', targets: items, line }
    }
    if (keywords.has(first) && !/^(True|False|None|not|lambda)$/.test(first)) throw new NotUnderstood()
  }
  return assignment(tokens, line)
}

const listed = (expression: Expression): { items: readonly Expression[] } => (expression.kind === 'tuple' ? expression : { items: [expression] })

function imports(tokens: readonly Token[]): Imported[] {
  return split(tokens, ',').map((part) => {
    const as = part.findIndex(({ text }) => text === 'as')
    const path = (as < 0 ? part : part.slice(0, as)).map(({ text }) => text).join('')
    if (!/^[\p{ID_Start}_][\p{ID_Continue}.]*$/u.test(path) || (as >= 0 && part.length !== as + 2)) throw new NotUnderstood()
    const root = path.split('.')[0] ?? ''
    return as < 0 ? { from: root, name: root } : { from: path, name: part[as + 1]?.text ?? '' }
  })
}

function importFrom(tokens: readonly Token[], line: number): Statement {
  const at = tokens.findIndex(({ text }) => text === 'import')
  if (at < 0) throw new NotUnderstood()
  const module = tokens.slice(1, at).map(({ text }) => text).join('')
  const names = tokens.slice(at + 1).filter(({ text }) => text !== '(' && text !== ')')
  if (names.length === 1 && names[0]?.text === '*') return { kind: 'import all', line }
  const imported = split(names, ',').flatMap((part): Imported[] => {
    if (part.length === 0) return []
    const [name, as, other] = part
    if (name?.kind !== 'name' || (as && (as.text !== 'as' || part.length !== 3))) throw new NotUnderstood()
    return [{ from: `${module}.${name.text}`, name: other?.text ?? name.text }]
  })
  return { kind: 'import', imported, line }
}

function split(tokens: readonly Token[], separator: string): Token[][] {
  const parts: Token[][] = [[]]
  for (const token of tokens) {
    if (token.text === separator && token.kind === 'op') parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

function assignment(tokens: readonly Token[], line: number): Statement {
  const reader = new ExpressionReader(tokens)
  const first = reader.expressions()
  const augmented = /^(\+|-|\*|\/|%|@|&|\||\^|>>|<<|\*\*|\/\/)=$/.exec(reader.peek() ?? '')
  if (augmented) {
    reader.next()
    const value = reader.all()
    return { kind: 'augment', target: first, operator: augmented[1] ?? '', value, line }
  }
  if (reader.peek() === ':') {
    reader.next()
    reader.expression()
    // Without a value nothing is bound.
    if (reader.peek() === undefined) return { kind: 'expression', value: { kind: 'other', names: [], binds: [] }, ...(first.kind === 'name' ? { annotates: first.name } : {}), line }
    reader.expect('=')
    return { kind: 'assign', targets: [first], value: reader.all(), line }
  }
  if (reader.peek() === undefined) return { kind: 'expression', value: first, line }
  const targets: Expression[] = []
  let value = first
  while (reader.peek() === '=') {
    reader.next()
    targets.push(value)
    value = reader.expressions()
  }
  if (reader.peek() !== undefined || targets.length === 0) throw new NotUnderstood()
  return { kind: 'assign', targets, value, line }
}

const comparisons = /^(==|!=|<|>|<=|>=|in|is|not)$/
const binaries: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%', '@']]

/** Expressions nest deeper in nothing that a person writes. */
const deepestExpression = 100

/** Recursive descent over the tokens of one statement. */
class ExpressionReader {
  at = 0
  readonly #tokens: readonly Token[]
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  peek(): string | undefined {
    const token = this.#tokens[this.at]
    // A string that reads like an operator is none.
    return token?.kind === 'string' ? '""' : token?.text
  }

  next(): Token {
    const token = this.#tokens[this.at]
    if (!token) throw new NotUnderstood()
    this.at += 1
    return token
  }

  expect(text: string): void {
    if (this.peek() !== text) throw new NotUnderstood()
    this.at += 1
  }

  /** An expression that takes up all of the tokens that are left. */
  all(): Expression {
    const expression = this.expressions()
    if (this.peek() !== undefined) throw new NotUnderstood()
    return expression
  }

  /** An expression, or several that make a tuple. */
  expressions(): Expression {
    const first = this.expression()
    if (this.peek() !== ',') return first
    const items = [first]
    while (this.peek() === ',') {
      this.next()
      if (this.peek() === undefined || /^([=)\]}:]|(\+|-|\*|\/|%|@|&|\||\^|>>|<<|\*\*|\/\/)=)$/.test(this.peek() ?? '')) break
      items.push(this.expression())
    }
    return { kind: 'tuple', items }
  }

  namedExpression(): Expression {
    const from = this.at
    const expression = this.expression()
    if (this.peek() !== ':=') return expression
    this.next()
    this.expression()
    return this.#other(from, namesIn(this.#tokens.slice(from, from + 1)))
  }

  /** What was read from there on, of which only the names are told. */
  #other(from: number, binds: readonly string[] = []): Expression {
    return { kind: 'other', names: namesIn(this.#tokens.slice(from, this.at)), binds }
  }

  expression(): Expression {
    if (++this.#depth > deepestExpression) throw new NotUnderstood()
    const expression = this.peek() === 'lambda' ? this.#lambda() : this.#choice()
    this.#depth -= 1
    return expression
  }

  #lambda(): Expression {
    const from = this.at
    const parameters: string[] = []
    this.next()
    while (this.peek() !== ':' && this.peek() !== undefined) parameters.push(this.next().text)
    this.expect(':')
    this.expression()
    const plain = parameters.every((text, index) => (index % 2 === 0 ? /^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(text) : text === ','))
    return { kind: 'lambda', arity: plain ? Math.ceil(parameters.length / 2) : undefined, names: namesIn(this.#tokens.slice(from, this.at)) }
  }

  #choice(): Expression {
    const first = this.#or()
    if (this.peek() !== 'if') return first
    this.next()
    const test = this.#or()
    this.expect('else')
    return { kind: 'choice', test, chosen: first, otherwise: this.expression() }
  }

  #or(): Expression {
    let left = this.#and()
    while (this.peek() === 'or') {
      this.next()
      left = { kind: 'logical', operator: 'or', left, right: this.#and() }
    }
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.peek() === 'and') {
      this.next()
      left = { kind: 'logical', operator: 'and', left, right: this.#not() }
    }
    return left
  }

  #not(): Expression {
    if (this.peek() !== 'not') return this.#comparison()
    this.next()
    if (++this.#depth > deepestExpression) throw new NotUnderstood()
    const operand = this.#not()
    this.#depth -= 1
    return { kind: 'unary', operator: 'not', operand }
  }

  #comparison(): Expression {
    const from = this.at
    const left = this.#binary(0)
    if (!comparisons.test(this.peek() ?? '')) return left
    const operator = this.#comparator()
    const right = this.#binary(0)
    if (!comparisons.test(this.peek() ?? '')) return { kind: 'binary', operator, left, right }
    while (comparisons.test(this.peek() ?? '')) {
      this.#comparator()
      this.#binary(0)
    }
    return this.#other(from)
  }

  #comparator(): string {
    const { text } = this.next()
    if (text === 'not') {
      this.expect('in')
      return 'not in'
    }
    if (text === 'is' && this.peek() === 'not') {
      this.next()
      return 'is not'
    }
    return text
  }

  #binary(level: number): Expression {
    const operators = binaries[level]
    if (!operators) return this.#unary()
    let left = this.#binary(level + 1)
    while (operators.includes(this.peek() ?? '')) {
      const operator = this.next().text
      left = { kind: 'binary', operator, left, right: this.#binary(level + 1) }
    }
    return left
  }

  #unary(): Expression {
    const sign = this.peek() ?? ''
    if (sign !== '-' && sign !== '+' && sign !== '~') return this.#power()
    this.next()
    if (++this.#depth > deepestExpression) throw new NotUnderstood()
    const operand = this.#unary()
    this.#depth -= 1
    return { kind: 'unary', operator: sign, operand }
  }

  #power(): Expression {
    const left = this.#trailers()
    if (this.peek() !== '**') return left
    this.next()
    return { kind: 'binary', operator: '**', left, right: this.#unary() }
  }

  #trailers(): Expression {
    const from = this.at
    let expression = this.#atom()
    for (;;) {
      const text = this.peek()
      if (text === '.') {
        this.next()
        const name = this.next()
        if (name.kind !== 'name') throw new NotUnderstood()
        expression = { kind: 'attribute', object: expression, name: name.text }
      } else if (text === '(') expression = this.#call(expression)
      else if (text === '[') {
        this.next()
        expression = this.#subscript(expression, from)
      } else return expression
    }
  }

  #call(callee: Expression): Expression {
    this.expect('(')
    const args: Expression[] = []
    let isPlain = true
    while (this.peek() !== ')') {
      const from = this.at
      if (this.peek() === '*' || this.peek() === '**') {
        this.next()
        isPlain = false
      } else if (this.#tokens[this.at]?.kind === 'name' && this.#tokens[this.at + 1]?.text === '=') {
        this.at += 2
        isPlain = false
      }
      args.push(this.#withComprehension(from, this.namedExpression()))
      if (this.peek() === ',') this.next()
      else if (this.peek() !== ')') throw new NotUnderstood()
    }
    this.next()
    return { kind: 'call', callee, args, isPlain }
  }

  #subscript(object: Expression, from: number): Expression {
    let isSlice = false
    const items: Expression[] = []
    while (this.peek() !== ']') {
      if (this.peek() === ':' || this.peek() === ',') {
        this.next()
        isSlice = true
      } else items.push(this.namedExpression())
    }
    this.next()
    const [index] = items
    return isSlice || items.length !== 1 || !index ? this.#other(from) : { kind: 'subscript', object, index }
  }

  /** `… for x in y if z`, behind what was read from there on. */
  #withComprehension(from: number, expression: Expression): Expression {
    if (this.peek() !== 'for' && this.peek() !== 'async') return expression
    // Up to the bracket that ends it; what a list's leaves behind is a name in Python 2.
    let depth = 0
    for (;;) {
      const text = this.peek()
      if (text === undefined) throw new NotUnderstood()
      if (/^[([{]$/.test(text)) depth += 1
      if (/^[)\]}]$/.test(text) && depth-- === 0) break
      this.next()
    }
    const inner = this.#tokens.slice(from, this.at)
    const targets = inner.flatMap((token, index) => (token.text === 'for' ? inner.slice(index + 1, inner.findIndex((other, at) => at > index && other.text === 'in')) : []))
    return this.#other(from, namesIn(targets))
  }

  #atom(): Expression {
    const token = this.next()
    if (token.kind === 'number') return { kind: 'number', text: token.text }
    if (token.kind === 'string') return this.#strings(token)
    if (token.kind === 'name') {
      if (keywords.has(token.text) && !/^(True|False|None)$/.test(token.text)) throw new NotUnderstood()
      return { kind: 'name', name: token.text }
    }
    if (token.text === '(') return this.#parenthesis()
    if (token.text === '[') {
      const from = this.at - 1
      return this.#listed('list', this.#items(']'), from)
    }
    if (token.text === '{') return this.#braces()
    if (token.text === '...') return this.#other(this.at - 1)
    throw new NotUnderstood()
  }

  /** Strings that stand side by side are one. */
  #strings(first: Token): Expression {
    const tokens = [first]
    while (this.#tokens[this.at]?.kind === 'string') tokens.push(this.next())
    const parts = tokens.flatMap(({ text }): readonly (string | Expression)[] => {
      const read = unquote(text)
      if (read === undefined) throw new NotUnderstood()
      return read.map((part) => (typeof part === 'string' ? part : embedded(part.source)))
    })
    if (parts.every((part) => typeof part === 'string')) return { kind: 'string', value: parts.join('') }
    return { kind: 'format', parts }
  }

  #parenthesis(): Expression {
    const from = this.at - 1
    if (this.peek() === ')') {
      this.next()
      return { kind: 'tuple', items: [] }
    }
    if (this.peek() === 'yield' || this.peek() === 'await' || this.peek() === '*') throw new NotUnderstood()
    const first = this.#withComprehension(from, this.namedExpression())
    if (this.peek() === ')') {
      this.next()
      return first
    }
    this.expect(',')
    return this.#listed('tuple', [first, ...this.#items(')')], from)
  }

  #items(close: string): Expression[] {
    const items: Expression[] = []
    while (this.peek() !== close) {
      const from = this.at
      if (this.peek() === '*') {
        this.next()
        this.expression()
        items.push(this.#other(from))
      } else items.push(this.#withComprehension(from, this.namedExpression()))
      if (this.peek() === ',') this.next()
      else if (this.peek() !== close) throw new NotUnderstood()
    }
    this.next()
    return items
  }

  /** How many elements what is not understood stands for is not known either. */
  #listed(kind: 'list' | 'tuple', items: readonly Expression[], from: number): Expression {
    return items.some((item) => item.kind === 'other') ? this.#other(from, namesBound(items, [])) : { kind, items }
  }

  #braces(): Expression {
    const from = this.at - 1
    const entries: (readonly [Expression, Expression])[] = []
    if (this.peek() === '}') {
      this.next()
      return { kind: 'dict', entries }
    }
    let isDict: boolean | undefined
    let isOther = false
    const items: Expression[] = []
    while (this.peek() !== '}') {
      const start = this.at
      if (this.peek() === '**' || this.peek() === '*') {
        this.next()
        isOther = true
      }
      const key = this.namedExpression()
      if (this.peek() === ':') {
        this.next()
        isDict ??= true
        entries.push([key, this.#withComprehension(start, this.expression())])
      } else items.push(this.#withComprehension(start, key))
      if (this.peek() === ',') this.next()
      else if (this.peek() !== '}') throw new NotUnderstood()
    }
    this.next()
    if (isOther || (entries.length > 0 && items.length > 0) || entries.some(([, value]) => value.kind === 'other')) return this.#other(from, namesBound(items, entries))
    return isDict ? { kind: 'dict', entries } : { kind: 'set', items }
  }
}

const namesBound = (items: readonly Expression[], entries: readonly (readonly [Expression, Expression])[]): string[] =>
  [...items, ...entries.flat()].flatMap((part) => (part.kind === 'other' ? part.binds : []))

/** The expression in the braces of a formatted string. */
function embedded(source: string): Expression {
  const tokens = tokenize(source.trim())
  if (!isTokens(tokens)) throw new NotUnderstood()
  return new ExpressionReader(tokens.filter(({ kind }) => kind !== 'newline' && kind !== 'end')).all()
}
