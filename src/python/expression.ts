/** The tokens of a Python expression → the expression. Source: the grammar of the language reference, 2.7 and 3. */
import { unquote } from './string-literal.ts'
import { tokenize, type SourceProblem, type Token } from './tokens.ts'

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

export const isTokens = (tokens: readonly Token[] | SourceProblem): tokens is readonly Token[] => Array.isArray(tokens)

/** What no Python runs. */
export class Refused extends Error {
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.line = line
  }
}

/** What is not understood. */
export class NotUnderstood extends Error {}

// dprint-ignore: a list of words
export const keywords = new Set([
  'and', 'as', 'assert', 'async', 'await', 'break', 'class', 'continue', 'def', 'del', 'elif', 'else', 'except', 'finally', 'for', 'from',
  'global', 'if', 'import', 'in', 'is', 'lambda', 'nonlocal', 'not', 'or', 'pass', 'raise', 'return', 'try', 'while', 'with', 'yield',
  'True', 'False', 'None',
])
/** Keywords that were names once, or are for some Pythons only. */
export const softKeywords = new Set(['print', 'exec', 'match', 'case', 'type', 'async', 'await', 'nonlocal'])

export const namesIn = (
  tokens: readonly Token[],
): string[] => [...new Set(tokens.flatMap(({ kind, text }) => (kind === 'name' && !keywords.has(text) ? text : [])))]

const comparisons = /^(==|!=|<|>|<=|>=|in|is|not)$/
const binaries: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%', '@']]

/** Expressions nest deeper in nothing that a person writes. */
const deepestExpression = 100

/** Recursive descent over the tokens of one statement. */
export class ExpressionReader {
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
    return { kind: 'lambda', arity: plain ? Math.ceil(parameters.length / 2) : undefined,
      names: namesIn(this.#tokens.slice(from, this.at)) }
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
    const targets = inner.flatMap((token,
      index) => (token.text === 'for' ? inner.slice(index + 1, inner.findIndex((other, at) => at > index && other.text === 'in')) : [])
    )
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
    if (isOther || (entries.length > 0 && items.length > 0) || entries.some(([, value]) => value.kind === 'other'))
      return this.#other(from, namesBound(items, entries))
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
