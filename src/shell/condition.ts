/**
 * `test`, `[` and `[[`: what a condition comes to, as far as it can be told without looking at the machine.
 *
 * Facts are those of POSIX (test, "the algorithm for determining the precedence") where dash, bash and busybox keep to them;
 * what they read in different ways is unknown.
 */
import { matches, type Piece } from './pattern.ts'
import { forEachChild, type Syntax } from './syntax.ts'
import type { Word } from './word.ts'

/** Words that may be taken for an operator, whatever they are meant as. */
const operator = /^(-[A-Za-z]+|[=!<>()]+|=~)$/

/** What the arguments of `test` come to, which are those between `[` and `]`; null where that is unknown. */
export function test(words: readonly Word[], dialect: 'sh' | 'bash'): boolean | null {
  const texts: string[] = []
  for (const { value, splits } of words) {
    if (value === null || splits) return null
    texts.push(value)
  }
  return evaluate(texts, dialect)
}

function evaluate(texts: readonly string[], dialect: 'sh' | 'bash'): boolean | null {
  const [first = '', second = '', third = ''] = texts
  switch (texts.length) {
    case 0:
      return false
    case 1:
      return first !== ''
    case 2:
      if (first === '!') return second === ''
      return unary(first, second)
    case 3:
      if (/^[!()]$/.test(first)) return first === '!' ? negated(unary(second, third)) : null
      return binary(first, second, third, dialect)
    default:
      return joined(texts, dialect)
  }
}

const negated = (value: boolean | null): boolean | null => (value === null ? null : !value)

/** Four and more: pieces with `-a` and `-o` between them, where nothing can be taken for another operator. */
function joined(texts: readonly string[], dialect: 'sh' | 'bash'): boolean | null {
  const pieces: string[][] = [[]]
  const joints: string[] = []
  for (const text of texts) {
    if (text === '-a' || text === '-o') {
      joints.push(text)
      pieces.push([])
    } else pieces.at(-1)?.push(text)
  }
  if (joints.length === 0) return texts[0] === '!' && texts.length === 4 ? negated(evaluate(texts.slice(1), dialect)) : null
  let any = false
  let all = true
  for (const [index, piece] of pieces.entries()) {
    const positive = piece[0] === '!' ? piece.slice(1) : piece
    // A value that looks like an operator makes another expression of the whole.
    const isPlain = positive.length === 1 ? !operator.test(positive[0] ?? '')
      : positive.length === 2 ? /^-[nz]$/.test(positive[0] ?? '') && !operator.test(positive[1] ?? '')
      : positive.length === 3 && !operator.test(positive[0] ?? '') && !operator.test(positive[2] ?? '')
    const value = isPlain ? evaluate(positive, dialect) : null
    if (value === null) return null
    // `-a` binds more tightly than `-o`.
    if (joints[index - 1] === '-o') {
      any ||= all
      all = true
    }
    all &&= positive === piece ? value : !value
  }
  return any || all
}

function unary(name: string, operand: string): boolean | null {
  // `[ $E == x ]` with E unset: an error, which is no success, in every shell.
  if (/^(==?|!=)$/.test(name)) return operator.test(operand) ? null : false
  if (name === '-n') return operand !== ''
  return name === '-z' ? operand === '' : null
}

function binary(left: string, name: string, right: string, dialect: 'sh' | 'bash'): boolean | null {
  switch (name) {
    case '=':
      return left === right
    case '!=':
      return left !== right
    case '==':
      // dash knows no such operator, and takes the error for a failure.
      return dialect === 'bash' ? left === right : left === right ? null : false
    default:
      return comparison(left, name, right)
  }
}

/** `-eq` and the like, between whole numbers. */
function comparison(left: string, name: string, right: string): boolean | null {
  if (!/^-?\d{1,15}$/.test(left) || !/^-?\d{1,15}$/.test(right)) return null
  const [one, other] = [Number(left), Number(right)]
  switch (name) {
    case '-eq':
      return one === other
    case '-ne':
      return one !== other
    case '-lt':
      return one < other
    case '-le':
      return one <= other
    case '-gt':
      return one > other
    case '-ge':
      return one >= other
    default:
      return null
  }
}

/** How bash's `[[` finds what its words are. */
export interface TestWords {
  /** The value of a word, which is expanded as it is asked for; null where it is unknown. */
  value(word: Syntax.Word): string | null
  pattern(word: Syntax.Word): readonly Piece[] | null
  /** Whether a variable is set; null where that is unknown. */
  isSet(name: string): boolean | null
}

/**
 * Whether `=~` finds a regular expression in a text: one of a few words, at the start or the end, or digits, which all that read
 * regular expressions take alike. Null for any other.
 */
function found(text: string, { text: written }: Syntax.Word): boolean | null {
  const [, , literal] = /^(["'])([^"'$`\\]*)\1$/.exec(written) ?? []
  if (literal !== undefined) return text.includes(literal)
  const [, before = '', inner = written, after = ''] = /^(\^?)\(([^()]*)\)(\$?)$/.exec(written) ?? []
  const results = inner.split('|').map((branch) => foundWord(text, before + branch + after))
  return results.includes(true) ? true : results.includes(null) ? null : false
}

function foundWord(text: string, written: string): boolean | null {
  const [starts, ends] = [written.startsWith('^'), written.endsWith('$')]
  const body = written.slice(starts ? 1 : 0, ends ? -1 : undefined)
  if (body === '[0-9]+')
    return starts && ends ? /^[0-9]+$/.test(text) : starts ? /^[0-9]/.test(text) : ends ? /[0-9]$/.test(text) : /[0-9]/.test(text)
  if (!/^[\w:=@%/, -]*$/.test(body) || (body === '' && !(starts && ends))) return null
  if (starts && ends) return text === body
  return starts ? text.startsWith(body) : ends ? text.endsWith(body) : text.includes(body)
}

/** What `[[ … ]]` comes to. Words are asked for in the order in which bash expands them, and only those. */
export function extendedTest(expression: Syntax.TestExpression, words: TestWords, depth = 0): boolean | null {
  if (depth > 32) return null
  switch (expression.type) {
    case 'TestGroup':
      return extendedTest(expression.expression, words, depth + 1)
    case 'TestNot': {
      const value = extendedTest(expression.operand, words, depth + 1)
      return expression.negations.length % 2 === 1 ? negated(value) : value
    }
    case 'TestLogical': {
      const ends = expression.operator === '||'
      let result: boolean | null = !ends
      for (const operand of expression.operands) {
        const value = extendedTest(operand, words, depth + 1)
        if (value === ends && result !== null) return ends
        if (value === null) result = null
      }
      return result
    }
    case 'TestUnary': {
      if (expression.operator === '-v') return /^[A-Za-z_]\w*$/.test(expression.operand.text) ? words.isSet(expression.operand.text) : null
      const value = words.value(expression.operand)
      return value === null ? null : unary(expression.operator, value)
    }
    case 'TestBinary': {
      const left = words.value(expression.left)
      if (/^(==?|!=)$/.test(expression.operator)) {
        const pattern = words.pattern(expression.right)
        const found = left === null || pattern === null ? null : matches(left, pattern)
        return expression.operator === '!=' ? negated(found) : found
      }
      if (expression.operator === '=~') return left === null ? null : found(left, expression.right)
      const right = words.value(expression.right)
      return left === null || right === null ? null : comparison(left, expression.operator, right)
    }
  }
}

/** Whether a side of a comparison of numbers may assign something. */
export function assignsInNumbers(node: Syntax.SyntaxNode, depth = 0): boolean {
  if (node.type === 'TestBinary' && /^-(?:eq|ne|lt|le|gt|ge)$/.test(node.operator))
    return `${node.left.text}${node.right.text}`.includes('=')
  let found = false
  if (node.type !== 'Word') forEachChild(node, (child) => (found ||= assignsInNumbers(child, depth + 1)), depth)
  return found
}
