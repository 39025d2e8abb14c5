/**
 * `$((…))` over what is known: 64-bit integers, as dash, bash and busybox reckon.
 */
import { spend } from '../budget.ts'
import type { Syntax } from './syntax.ts'

/** Arithmetic does not nest deeper than this in any script that people write. */
const deepest = 64

/** A number, null where it is unknown, undefined where shells differ or stop with an error. */
type Result = bigint | null | undefined

/**
 * The value of an expression; null where it is unknown; undefined where shells differ or stop with an error: a division by zero,
 * a name whose value is no plain decimal number, `**`, `,`.
 *
 * `lookup` gives a variable's value: null where it is unknown, undefined where it is unset.
 */
export function evaluate(
  expression: Syntax.ArithmeticExpression | undefined,
  lookup: (name: string) => string | null | undefined,
  depth = 0,
): Result {
  if (expression === undefined) return undefined
  if (depth > deepest) return null
  spend(1)
  const value = (part: Syntax.ArithmeticExpression): Result => evaluate(part, lookup, depth + 1)
  switch (expression.type) {
    case 'ArithmeticGroup':
      return value(expression.expression)
    case 'ArithmeticWord':
      return evaluateWord(expression, lookup)
    case 'ArithmeticUnary': {
      const operand = value(expression.operand)
      if (operand == null) return operand
      switch (expression.operator) {
        case '+':
          return operand
        case '-':
          return BigInt.asIntN(64, -operand)
        case '~':
          return ~operand
        case '!':
          return operand === 0n ? 1n : 0n
        default:
          return undefined
      }
    }
    case 'ArithmeticTernary': {
      const test = value(expression.test)
      return test == null ? test : value(test !== 0n ? expression.consequent : expression.alternate)
    }
    case 'ArithmeticBinary': {
      const left = value(expression.left)
      // What these leave out is not reckoned by every shell.
      if (left != null && ((expression.operator === '&&' && left === 0n) || (expression.operator === '||' && left !== 0n))) {
        return value(expression.right) == null ? undefined : binary(expression.operator, left, 0n)
      }
      const right = value(expression.right)
      if (left === undefined || right === undefined) return undefined
      return left === null || right === null ? null : binary(expression.operator, left, right)
    }
    default:
      return null
  }
}

function binary(operator: string, left: bigint, right: bigint): Result {
  const truth = (value: boolean): bigint => (value ? 1n : 0n)
  switch (operator) {
    case '+':
      return BigInt.asIntN(64, left + right)
    case '-':
      return BigInt.asIntN(64, left - right)
    case '*':
      return BigInt.asIntN(64, left * right)
    case '/':
      return right === 0n ? undefined : BigInt.asIntN(64, left / right)
    case '%':
      return right === 0n ? undefined : left % right
    case '<<':
      return right < 0n || right > 63n ? undefined : BigInt.asIntN(64, left << right)
    case '>>':
      return right < 0n || right > 63n ? undefined : left >> right
    case '&':
      return left & right
    case '|':
      return left | right
    case '^':
      return left ^ right
    case '&&':
      return truth(left !== 0n && right !== 0n)
    case '||':
      return truth(left !== 0n || right !== 0n)
    case '==':
      return truth(left === right)
    case '!=':
      return truth(left !== right)
    case '<':
      return truth(left < right)
    case '>':
      return truth(left > right)
    case '<=':
      return truth(left <= right)
    case '>=':
      return truth(left >= right)
    default:
      return undefined
  }
}

function evaluateWord(word: Syntax.ArithmeticWord, lookup: (name: string) => string | null | undefined): Result {
  const text = word.value
  const number = numberOf(text)
  if (number !== undefined) return number
  const fallback = /^\$\{([A-Za-z_]\w*)(:?)-(\d+)\}$/.exec(text)
  if (fallback !== null) {
    const value = lookup(fallback[1] ?? '')
    if (value === null) return null
    if (value === undefined || (value === '' && fallback[2] === ':')) return numberOf(fallback[3] ?? '')
    return /^-?([1-9][0-9]{0,18}|0)$/.test(value) ? whole(BigInt(value)) : undefined
  }
  const name = /^(?:\$?([A-Za-z_][A-Za-z0-9_]*)|\$\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+|#)\}|\$([0-9#]))$/.exec(text)
  if (name === null) return undefined
  const value = lookup(name[1] ?? name[2] ?? name[3] ?? '')
  if (value === null) return null
  // `X` counts as 0 where it is unset, but `$X` is replaced by nothing, which may leave no expression at all.
  if (value === undefined || value === '') return text.startsWith('$') ? undefined : 0n
  return /^-?([1-9][0-9]{0,18}|0)$/.test(value) ? whole(BigInt(value)) : undefined
}

/** A decimal, octal or hexadecimal number, which all read alike; undefined where it is none that fits. */
function numberOf(text: string): bigint | undefined {
  if (!/^(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,18})$/.test(text)) return undefined
  return whole(BigInt(/^0[0-7]/.test(text) ? `0o${text.slice(1)}` : text))
}

function whole(value: bigint): bigint | undefined {
  return BigInt.asIntN(64, value) === value ? value : undefined
}
