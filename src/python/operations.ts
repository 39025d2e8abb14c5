/** What Python's operators, built-in functions and methods of strings make of values that are known. */
import { bool, int, sequence, some, str, touch, truth, unknown, type PythonValue } from './value.ts'

/** Numbers and strings do not grow past what a person would write: so many bits, or characters. */
const mostBits = 4096n
const longest = 10_000

/** The operations of a module that is followed; what they may do besides is noted down. */
export abstract class Operations {
  /** True where something may fail when it is run. */
  mayFail = false

  /** Code of whoever has made a value may run, and do anything. */
  protected abstract anything(): void

  /** `str(value)`; undefined where it is unknown. */
  text(value: PythonValue): string | undefined {
    if (value.type === 'str') return value.value
    if (value.type === 'int') return String(value.value)
    if (value.type === 'bool') return value.value ? 'True' : 'False'
    if (value.type === 'None') return 'None'
    if (value.type !== 'float') this.anything()
    touch(value)
    return undefined
  }

  unary(operator: string, value: PythonValue): PythonValue {
    if (operator === 'not') {
      const known = truth(value)
      return known === undefined ? unknown : bool(!known)
    }
    if (value.type === 'some' && value.of !== 'path' && operator !== '~') return value
    const number = numeric(value)
    if (number !== undefined) return int(operator === '-' ? -number : operator === '~' ? ~number : number)
    if (value.type === 'float' && operator !== '~') return { type: 'float', value: operator === '-' ? -value.value : value.value }
    this.mayFail = true
    return unknown
  }

  binary(operator: string, left: PythonValue, right: PythonValue): PythonValue {
    if (operator === 'is' || operator === 'is not') {
      if (left.type === 'unknown' || right.type === 'unknown' || (left.type !== 'None' && right.type !== 'None')) return unknown
      return bool((left.type === right.type) === (operator === 'is'))
    }
    if (operator === '==' || operator === '!=') {
      const same = equal(left, right)
      return same === undefined ? unknown : bool(same === (operator === '=='))
    }
    const made = this.#typed(operator, left, right)
    if (made) return made
    const [a, b] = [numeric(left), numeric(right)]
    if (a !== undefined && b !== undefined) {
      const value = this.arithmetic(operator, a, b)
      return value.type === 'int' && left.type === 'bool' && right.type === 'bool' && /^[&|^]$/.test(operator) ? bool(value.value !== 0n)
        : value
    }
    const floats = floatsOf(left, right)
    if (floats && (operator === '+' || operator === '-' || operator === '*'))
      return { type: 'float',
        value: operator === '+' ? floats[0] + floats[1] : operator === '-' ? floats[0] - floats[1] : floats[0] * floats[1] }
    if (floats && floats[1] !== 0 && (operator === '/' || operator === '//' || operator === '%')) {
      const { quotient, remainder } = divided(floats[0], floats[1])
      return { type: 'float', value: operator === '/' ? floats[0] / floats[1] : operator === '//' ? quotient : remainder }
    }
    if (left.type === 'str' && right.type === 'str') {
      if (operator === '+') return joined([left.value, right.value])
      if (operator === 'in' || operator === 'not in') return bool(right.value.includes(left.value) === (operator === 'in'))
    }
    if (left.type === 'str' && operator === '*' && b !== undefined && b >= 0n && BigInt(left.value.length) * b <= BigInt(longest))
      return str(left.value.repeat(Number(b)))
    if (left.type === 'str' && operator === '%') return this.percent(left.value, right)
    if (operator === '+' && (left.type === 'list' || left.type === 'tuple') && left.type === right.type && !left.isTouched &&
      !right.isTouched)
      return sequence(left.type, [...left.items, ...right.items])
    // A method of theirs may be called.
    touch(left)
    touch(right)
    this.mayFail = true
    return unknown
  }

  /** What is known of an operation by the types alone. It may fail: by a zero, or what is no number after all. */
  #typed(operator: string, left: PythonValue, right: PythonValue): PythonValue | undefined {
    if (operator === '/' && isPath(left) && (left.type === 'some' || right.type === 'str')) return some('path')
    if ((operator === '+' && left.type === 'str' && isNumber(right)) ||
      (right.type === 'str' && isNumber(left) && /^[+/-]$|^\*\*$|^\/\/$/.test(operator)))
      this.fails(left.type === 'str' ? `can only concatenate str (not "${nameOf(right)}") to str`
        : `unsupported operand type(s) for ${operator}: '${nameOf(left)}' and 'str'`)
    if (!isNumber(left) || !isNumber(right)) return undefined
    if (operator === '/' && (left.type !== 'float' && right.type !== 'float')) return this.#doubtful(some('float'))
    if ((left.type !== 'some' && right.type !== 'some') || !/^(\+|-|\*|%|\/|\/\/|\*\*)$/.test(operator)) return undefined
    const isFloat = [left, right].some((one) => one.type === 'float' || (one.type === 'some' && one.of === 'float'))
    return this.#doubtful(some(isFloat ? 'float' : 'number'))
  }

  #doubtful(value: PythonValue): PythonValue {
    this.mayFail = true
    return value
  }

  /** What is evaluated fails, whenever it is. */
  protected abstract fails(message: string): void

  arithmetic(operator: string, a: bigint, b: bigint): PythonValue {
    const bits = (value: bigint): bigint => BigInt(value.toString(16).length * 4)
    const isSmall = (size: bigint): boolean => size <= mostBits
    const floor = (): bigint => a / b - (a % b !== 0n && a % b < 0n !== b < 0n ? 1n : 0n)
    switch (operator) {
      case '+':
        return int(a + b)
      case '-':
        return int(a - b)
      case '*':
        return isSmall(bits(a) + bits(b)) ? int(a * b) : unknown
      case '**':
        if (b < 0n) break
        return b <= mostBits && isSmall(bits(a) * (b === 0n ? 1n : b)) ? int(a ** b) : unknown
      case '//':
        if (b !== 0n) return int(floor())
        break
      case '%':
        if (b !== 0n) return int(a - floor() * b)
        break
      case '<<':
        if (b >= 0n) return isSmall(bits(a) + b) ? int(a << b) : unknown
        break
      case '>>':
        if (b >= 0n) return int(a >> b)
        break
      case '&':
        return int(a & b)
      case '|':
        return int(a | b)
      case '^':
        return int(a ^ b)
      case '<':
        return bool(a < b)
      case '>':
        return bool(a > b)
      case '<=':
        return bool(a <= b)
      case '>=':
        return bool(a >= b)
      default:
    }
    // `/` gives another number in Python 2; a negative power is a float, or fails.
    this.mayFail = true
    return unknown
  }

  /** `"…%s" % value`, with `%s`, `%d` and `%%` only. */
  percent(format: string, right: PythonValue): PythonValue {
    const values = right.type === 'tuple' ? right.items : [right]
    let at = 0
    const texts = (format.match(/%.?|[^%]+/gs) ?? []).map((part): string | undefined => {
      if (!part.startsWith('%')) return part
      if (part === '%%') return '%'
      const value = values[at++]
      if (value === undefined) return undefined
      if (part === '%s' || (part === '%d' && value.type === 'int')) return this.text(value)
      this.mayFail = true
      return undefined
    })
    if (at === values.length && (right.type !== 'dict' || at === 0)) return joined(texts)
    this.mayFail = true
    return unknown
  }

  builtin(name: string, [value, ...more]: readonly PythonValue[]): PythonValue | undefined {
    if (value === undefined || more.length > 0) return undefined
    if (name === 'int') {
      const number = numeric(value)
      if (number !== undefined) return int(number)
      const digits = value.type === 'str' ? /^[ \t\r\n]*([+-]?)(\d+(?:_\d+)*)[ \t\r\n]*$/.exec(value.value) : null
      // Older Pythons know no `_` here.
      if (digits?.[2] && !digits[2].includes('_') && digits[2].length < 1000)
        return int(digits[1] === '-' ? -BigInt(digits[2]) : BigInt(digits[2]))
    }
    // Where it can be made one.
    if (name === 'float' || name === 'int' || ((name === 'round' || name === 'abs') && isNumber(value))) {
      if (!isNumber(value)) touch(value)
      return this.#doubtful(some(name === 'float' ? 'float' : 'number'))
    }
    if (name === 'str' && (value.type === 'str' || value.type === 'int' || value.type === 'bool' || value.type === 'None'))
      return str(this.text(value) ?? '')
    if (name === 'bool') {
      const known = truth(value)
      if (known !== undefined) return bool(known)
    }
    if (name === 'len' && value.type === 'str' && !/[\ud800-\udfff]/.test(value.value)) return int(BigInt(value.value.length))
    return undefined
  }

  /** A method of a string. None changes anything. */
  method(text: string, name: string, args: readonly PythonValue[], isPlain: boolean): PythonValue {
    if (isPlain && name === 'format') {
      let next = 0
      const texts = (text.match(/\{\{|\}\}|\{\d*\}|[^{}]+|[{}]/g) ?? []).map((part): string | undefined => {
        if (part === '{{' || part === '}}') return part.charAt(0)
        if (part === '{' || part === '}') return undefined
        if (!/^\{\d*\}$/.test(part)) return part
        const value = args[part === '{}' ? next++ : Number(part.slice(1, -1))]
        return value && this.text(value)
      })
      // `{}` and `{0}` do not go together.
      if (next === 0 || !/\{\d+\}/.test(text)) {
        const whole = joined(texts)
        if (whole.type !== 'unknown') return whole
      }
    }
    // Beyond ASCII, Pythons differ in what a letter or a blank is.
    if (isPlain && args.length === 0 && /^[\0-\x7f]*$/.test(text)) {
      if (name === 'lower') return str(text.toLowerCase())
      if (name === 'upper') return str(text.toUpperCase())
      if (name === 'strip' && !/[\x1c-\x1f\0]/.test(text)) return str(text.trim())
    }
    if (isPlain && name === 'split' && args.length === 1 && args[0]?.type === 'str' && args[0].value !== '')
      return sequence('list', text.split(args[0].value).map(str))
    for (const arg of args) touch(arg)
    this.mayFail = true
    return unknown
  }
}

export function joined(texts: readonly (string | undefined)[]): PythonValue {
  if (texts.includes(undefined)) return unknown
  const text = texts.join('')
  return text.length > longest ? unknown : str(text)
}

/** A number in an expression, where a bool counts as one. */
function numeric(value: PythonValue): bigint | undefined {
  if (value.type === 'int') return value.value
  return value.type === 'bool' ? BigInt(value.value) : undefined
}

const isNumber = ({ type, ...value }: PythonValue): boolean =>
  type === 'int' || type === 'float' || type === 'bool' || (type === 'some' && 'of' in value && value.of !== 'path')

const isPath = (value: PythonValue): boolean => value.type === 'some' && value.of === 'path'

const nameOf = (value: PythonValue): string => (value.type === 'some' ? (value.of === 'float' ? 'float' : 'int') : value.type)

/** Whether two values are equal; undefined where that cannot be told. */
function equal(left: PythonValue, right: PythonValue): boolean | undefined {
  const [a, b] = [numeric(left), numeric(right)]
  if (a !== undefined && b !== undefined) return a === b
  const isPlain = ({ type }: PythonValue): boolean => type === 'str' || type === 'int' || type === 'bool' || type === 'None'
  if (!isPlain(left) || !isPlain(right)) return undefined
  return left.type === 'str' && right.type === 'str' ? left.value === right.value : left.type === right.type
}

/** A number's literal; unknown where Pythons read it differently, or not at all: `0777`, `10L`. */
export function numberOf(text: string): PythonValue {
  if (text.length > 1000) return unknown
  if (/^(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0+|[1-9]\d*)$/.test(text)) return int(BigInt(text))
  // From Python 3.6 on.
  if (/^(0[xX](_?[\da-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+|[1-9](_?\d)*)$/.test(text)) return int(BigInt(text.replaceAll('_', '')))
  if (/^(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?$/.test(text) && /[.eE]/.test(text)) return { type: 'float', value: Number(text) }
  return unknown
}

/** Two numbers of which one is a float; undefined for others, and for those that are too large to be told exactly. */
function floatsOf(left: PythonValue, right: PythonValue): readonly [number, number] | undefined {
  if (left.type !== 'float' && right.type !== 'float') return undefined
  const [a, b] = [left, right].map((value) => (value.type === 'float' ? value.value : Number(numeric(value) ?? NaN)))
  return a !== undefined && b !== undefined && Math.abs(a) < 2 ** 50 && Math.abs(b) < 2 ** 50 ? [a, b] : undefined
}

/** `//` and `%` of floats: 6 // 0.1 is 59, as 0.1 is a little more than a tenth. Source: `_float_div_mod` in Objects/floatobject.c of CPython. */
function divided(left: number, right: number): { readonly quotient: number; readonly remainder: number } {
  const rest = left % right
  const isOff = rest !== 0 && rest < 0 !== right < 0
  const whole = (left - rest) / right - (isOff ? 1 : 0)
  // What rounding has taken from a whole number is given back.
  const quotient = whole === 0 ? 0 * (left / right) : Math.floor(whole) + (whole - Math.floor(whole) > 0.5 ? 1 : 0)
  return { quotient, remainder: isOff ? rest + right : rest === 0 ? 0 * right : rest }
}
