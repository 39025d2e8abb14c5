/**
 * A Python source → its statements. What is not understood stays a statement of which only the names are known; what no
 * Python runs is told. Source: the grammar of the language reference, 2.7 and 3.
 */
import { ExpressionReader, isTokens, keywords, namesIn, NotUnderstood, Refused, softKeywords, type Expression } from './expression.ts'
import { tokenize, type SourceProblem, type Token } from './tokens.ts'

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
  | { readonly kind: 'function'; readonly name: string; readonly arity: number | undefined; readonly names: readonly string[];
    readonly body: readonly Statement[] }
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
    refuseReturn(lines)
    return { statements: statementsOf(lines), mentions, globals: declaredGlobal(tokens) }
  } catch (error) {
    if (error instanceof Refused) return { message: error.message, line: error.line, refused: true }
    throw error
  }
}

/** Python runs no module that returns, be it within a loop, a condition or a class. */
function refuseReturn(lines: readonly Line[]): void {
  for (const { tokens: [first, second], body } of lines) {
    if (first?.kind === 'name' && first.text === 'return') throw new Refused("'return' outside function", first.line)
    if (body && !(first?.text === 'def' || (first?.text === 'async' && second?.text === 'def'))) refuseReturn(body)
  }
}

function declaredGlobal(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [index, { kind, text }] of tokens.entries())
    if (kind === 'name' && text === 'global') {
      for (let at = index + 1; tokens[at]?.kind === 'name' || tokens[at]?.text === ','; at++) names.add(tokens[at]?.text ?? '')
    }
  return names
}

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
    if (first === 'def' || first === 'class')
      return [definition(line, [{ kind: 'other', names: namesIn(tokens.slice(2)), line: lineOf(line) }])]
    return [{ kind: 'other', names: namesIn(tokens), line: lineOf(line) }]
  }
  if (first === 'def' || first === 'class' || (first === 'async' && tokens[1]?.text === 'def'))
    return [definition(line, statementsOf(body))]
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
    if (token.kind === 'number' && next &&
      (next.kind === 'number' || (next.kind === 'name' && !/^(if|else|and|or|in|is|not|for|as|async|from|import)$/.test(next.text))))
      throw new Refused('invalid syntax', token.line)
  }
  const last = tokens.at(-1)
  // `workers =`
  if (last?.kind === 'op' && /^(=|[-+*/%@&|^~<>]=?|\.|==|!=)$/.test(last.text) && first.kind !== 'op' && first.text !== 'from' &&
    first.text !== 'import')
    throw new Refused('invalid syntax', line)
  const isName = first.kind === 'name' && !keywords.has(first.text) && !softKeywords.has(first.text)
  // `accesslog: /var/log/x.log`
  const third = tokens[2]
  if (isName && (second?.text === '=' || second?.text === ':') && third?.kind === 'op' &&
    /^([/%&|^,)\]}.@<>]|\/\/|==|!=|<=|>=)$/.test(third.text)) throw new Refused('invalid syntax', line)
  // `workers 4`, `bind "…"`
  if (isName && (second?.kind === 'number' || (second?.kind === 'name' && !keywords.has(second.text))))
    throw new Refused('invalid syntax', line)
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

const listed = (
  expression: Expression,
): { items: readonly Expression[] } => (expression.kind === 'tuple' ? expression : { items: [expression] })

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
    if (reader.peek() === undefined)
      return { kind: 'expression', value: { kind: 'other', names: [], binds: [] },
        ...(first.kind === 'name' ? { annotates: first.name } : {}), line }
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
