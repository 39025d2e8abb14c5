/**
 * What the names of a Python module are bound to once it has run, as far as its plain assignments tell. What cannot be told is
 * unknown: the value of a name, whether it is bound at all, or of which names that holds.
 *
 * What is taken for granted: functions of the standard library do not reach into the module that calls them, but where it
 * hands them something that can be changed, and none but those of `os` change the environment.
 */
import type { Expression } from './expression.ts'
import { parse, type Statement, type Syntax } from './syntax.ts'
import type { SourceProblem } from './tokens.ts'
import { bool, int, isKnown, mapping, none, sequence, str, touch, truth, unknown, type PythonValue } from './value.ts'

export interface Binding {
  readonly value: PythonValue
  /** Where it was bound last, from 1. */
  readonly line: number
  /** True where it may not be bound after all. */
  readonly isUnsure: boolean
  /** True where it is bound to what is written behind `=`, not to a module, a function or a class. */
  readonly isAssigned: boolean
}

export interface Module {
  /** In the order in which they were bound. */
  readonly names: ReadonlyMap<string, Binding>
  /** The names that a note is made of (`workers: 4`), which binds nothing, each with its line. */
  readonly annotated: ReadonlyMap<string, number>
  /** True where names may be bound that are not among them. */
  readonly mayHoldMore: boolean
  /** True where it may fail when it is run. */
  readonly mayFail: boolean
  /** The names that it reads, or may read, itself. */
  readonly reads: (name: string) => boolean
}

/** What a variable of the environment holds: null where that is unknown, undefined where it is surely not set. */
export type EnvironmentOf = (name: string) => string | null | undefined

/** Reads a module, which runs under a name (`__name__`). */
export function readModule(source: string, name: string, environment: EnvironmentOf): Module | SourceProblem {
  try {
    const syntax = parse(source)
    if ('refused' in syntax) return syntax
    return new Interpreter(syntax, name, environment).run()
  } catch (error) {
    // What is nested so deep is no config file that a person wrote. Whether a Python runs it hangs on the Python.
    if (error instanceof RangeError) return { message: 'nested too deep', line: 1, refused: false }
    throw error
  }
}

/**
 * By these a module reaches its own names, or those of others, past any statement that says so.
 */
const reaching = [
  'globals', 'locals', 'vars', 'exec', 'eval', 'execfile', 'compile', '__import__', '__builtins__', '__dict__', '_getframe', 'currentframe',
  'f_globals', 'f_locals', 'modules', 'setattr', 'delattr', 'importlib', 'runpy', 'inspect', 'gc', 'ctypes', 'builtins', '__builtin__', '__main__',
  '__config__', '__setattr__', 'breakpoint',
]

/** Modules whose import changes nothing. */
const harmless = new Set([
  '__future__', 'ast', 'collections', 'configparser', 'contextlib', 'copy', 'dataclasses', 'datetime', 'enum', 'errno', 'functools', 'glob',
  'hashlib', 'io', 'itertools', 'json', 'logging', 'math', 'multiprocessing', 'operator', 'os', 'pathlib', 'platform', 'random', 're', 'resource',
  'shutil', 'signal', 'socket', 'ssl', 'string', 'struct', 'subprocess', 'sys', 'tempfile', 'textwrap', 'threading', 'time', 'traceback', 'types',
  'typing', 'uuid', 'warnings',
])

/** Functions that change nothing, neither what they are given nor the environment. */
const pure = new Set([
  'os.getenv', 'os.environ.get', 'os.cpu_count', 'os.getcwd', 'os.getpid', 'os.getuid', 'os.uname', 'os.sched_getaffinity', 'os.sysconf', 'os.listdir',
  'os.access', 'os.path.join', 'os.path.dirname', 'os.path.abspath', 'os.path.exists', 'os.path.isfile', 'os.path.isdir', 'os.path.basename',
  'os.path.realpath', 'os.path.expanduser', 'os.path.normpath', 'multiprocessing.cpu_count', 'socket.gethostname', 'socket.getfqdn', 'platform.node',
  'platform.system', 'json.dumps', 'json.loads', 'logging.getLogger', 'math.ceil', 'math.floor', 'time.time', 'tempfile.gettempdir', 'uuid.uuid4',
  'random.randint', 'pathlib.Path', 'datetime.datetime.now', 're.compile', 're.match', 're.search', 're.sub', 'sys.exit',
])

/** Built-in functions that change nothing. */
const builtins = new Set([
  'abs', 'all', 'any', 'bool', 'bytes', 'dict', 'divmod', 'enumerate', 'float', 'frozenset', 'hex', 'int', 'isinstance', 'len', 'list', 'max', 'min', 'oct',
  'open', 'ord', 'chr', 'print', 'range', 'repr', 'reversed', 'round', 'set', 'sorted', 'str', 'sum', 'tuple', 'type', 'zip', 'hasattr',
])

/** Numbers and strings do not grow past what a person would write: so many bits, or characters. */
const mostBits = 4096n
const longest = 10_000

class Interpreter {
  readonly #syntax: Syntax
  readonly #name: string
  readonly #environment: EnvironmentOf
  readonly #names = new Map<string, Binding>()
  /** Names in the bodies of functions and classes: what can be changed there may be. */
  readonly #shared = new Set<string>()
  #mayHoldMore = false
  #mayFail = false
  /** True once the environment may be another than the one that the module was started in. */
  #environmentTouched = false
  /** The reads of each name that were met. */
  readonly #readNames = new Set<string>()
  readonly #annotated = new Map<string, number>()

  constructor(syntax: Syntax, name: string, environment: EnvironmentOf) {
    this.#syntax = syntax
    this.#name = name
    this.#environment = environment
  }

  run(): Module {
    const { statements, mentions } = this.#syntax
    for (const statement of statements) this.#collectShared(statement)
    this.#run(statements)
    if (reaching.some((name) => mentions.has(name))) this.#lose()
    for (const [name, binding] of this.#names) if (this.#syntax.globals.has(name)) this.#names.set(name, { ...binding, value: unknown, isUnsure: true })
    for (const name of this.#syntax.globals) if (!this.#names.has(name)) this.#bindUnsure(name, 1)
    return { names: this.#names, annotated: this.#annotated, mayHoldMore: this.#mayHoldMore, mayFail: this.#mayFail, reads: (name) => this.#readNames.has(name) }
  }

  /** Any name may have been bound to anything. */
  #lose(): void {
    this.#mayHoldMore = true
    this.#mayFail = true
    this.#environmentTouched = true
    for (const [name, binding] of this.#names) this.#names.set(name, { ...binding, value: unknown, isUnsure: true })
  }

  #collectShared(statement: Statement): void {
    if (statement.kind === 'function' || statement.kind === 'class')
      for (const name of [...statement.names, ...statement.body.flatMap((inner) => namesOf(inner))]) {
        this.#shared.add(name)
        this.#readNames.add(name)
      }
    else if ('body' in statement) for (const inner of statement.body) this.#collectShared(inner)
    if (statement.kind === 'if') for (const inner of statement.otherwise) this.#collectShared(inner)
  }

  #bind(name: string, value: PythonValue, line: number, isAssigned = true): void {
    if (this.#shared.has(name)) touch(value)
    this.#names.set(name, { value, line, isUnsure: false, isAssigned })
  }

  /** A name that something may have bound, or unbound. */
  #bindUnsure(name: string, line: number): void {
    const before = this.#names.get(name)
    if (before) touch(before.value)
    this.#names.set(name, { value: unknown, line, isUnsure: true, isAssigned: true })
  }

  #run(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement)
  }

  #statement(statement: Statement): void {
    const { line } = statement
    switch (statement.kind) {
      case 'assign': {
        const value = this.#value(statement.value)
        for (const target of statement.targets) this.#assign(target, value, line)
        return
      }
      case 'augment':
        return this.#augment(statement.target, statement.operator, statement.value, line)
      case 'delete':
        for (const target of statement.targets) this.#delete(target, line)
        return
      case 'expression':
        if (statement.annotates !== undefined) this.#annotated.set(statement.annotates, line)
        this.#value(statement.value)
        return
      case 'import':
        for (const { from, name } of statement.imported) this.#import(from, name, line)
        return
      case 'import all':
        return this.#lose()
      case 'if':
        return this.#if(statement)
      case 'function':
        // A default, a decorator or an annotation may call something.
        if (statement.arity === undefined) this.#anything()
        return this.#bind(statement.name, { type: 'function', arity: statement.arity }, line, false)
      case 'class':
        this.#anything()
        return this.#bind(statement.name, unknown, line, false)
      case 'block':
      case 'other':
        return this.#surprise(statement)
      default:
        return
    }
  }

  /** Something runs that cannot be seen. */
  #anything(): void {
    this.#mayFail = true
    this.#environmentTouched = true
  }

  /** A statement that may run, once, often or not at all. */
  #surprise(statement: Statement): void {
    this.#anything()
    for (const name of namesOf(statement)) {
      this.#readNames.add(name)
      const binding = this.#names.get(name)
      if (binding) touch(binding.value)
    }
    for (const name of boundBy(statement)) this.#bindUnsure(name, statement.line)
    if (importsAll(statement)) this.#lose()
  }

  #if(statement: Extract<Statement, { kind: 'if' }>): void {
    const test = truth(this.#value(statement.test))
    if (test === undefined) return this.#surprise(statement)
    this.#run(test ? statement.body : statement.otherwise)
  }

  #assign(target: Expression, value: PythonValue, line: number): void {
    if (target.kind === 'name') this.#bind(target.name, value, line)
    else if (target.kind === 'tuple' || target.kind === 'list') {
      const isSequence = (value.type === 'tuple' || value.type === 'list') && !value.isTouched && value.items.length === target.items.length
      if (!isSequence) this.#mayFail = true
      for (const [index, item] of target.items.entries()) this.#assign(item, isSequence ? (value.items[index] ?? unknown) : unknown, line)
    } else if (target.kind === 'attribute' || target.kind === 'subscript') {
      this.#change(this.#value(target.object))
      // What is put into something is changed by whoever holds that.
      touch(value)
      if (target.kind === 'subscript') this.#value(target.index)
    } else for (const name of namesOfExpression(target)) this.#bindUnsure(name, line)
  }

  /** Something is changed: what it is may be changed elsewhere as well. */
  #change(value: PythonValue): void {
    touch(value)
    if (value.type === 'unknown' || value.type === 'imported') this.#anything()
    this.#mayFail = true
  }

  #augment(target: Expression, operator: string, right: Expression, line: number): void {
    if (target.kind !== 'name') {
      this.#change(this.#value(target))
      touch(this.#value(right))
      return
    }
    const left = this.#value(target)
    const value = this.#value(right)
    touch(left)
    touch(value)
    const isPlain = left.type === 'int' || left.type === 'str' || left.type === 'float' || left.type === 'bool'
    this.#bind(target.name, isPlain ? this.#binary(operator, left, value) : unknown, line)
    if (!isPlain) this.#mayFail = true
  }

  #delete(target: Expression, line: number): void {
    if (target.kind !== 'name') return this.#change(target.kind === 'attribute' || target.kind === 'subscript' ? this.#value(target.object) : unknown)
    const binding = this.#names.get(target.name)
    if (binding && !binding.isUnsure) this.#names.delete(target.name)
    else {
      this.#mayFail = true
      this.#bindUnsure(target.name, line)
    }
  }

  #import(from: string, name: string, line: number): void {
    const isHarmless = harmless.has(from.split('.')[0] ?? '')
    if (!isHarmless) this.#anything()
    this.#bind(name, isHarmless ? { type: 'imported', path: from } : unknown, line, false)
  }

  #value(expression: Expression): PythonValue {
    switch (expression.kind) {
      case 'number': {
        const number = numberOf(expression.text)
        this.#mayFail ||= number === unknown
        return number
      }
      case 'string':
        return str(expression.value)
      case 'format':
        return this.#format(expression.parts)
      case 'name':
        return this.#nameOf(expression.name)
      case 'tuple':
      case 'list':
      case 'set':
        return sequence(expression.kind, expression.items.map((item) => this.#value(item)))
      case 'dict':
        return this.#dict(expression.entries)
      case 'unary':
        return this.#unary(expression.operator, this.#value(expression.operand))
      case 'binary': {
        const left = this.#value(expression.left)
        return this.#binary(expression.operator, left, this.#value(expression.right))
      }
      case 'logical':
        return this.#logical(expression)
      case 'choice': {
        const test = truth(this.#value(expression.test))
        if (test === undefined) return this.#unsure(expression.chosen, expression.otherwise)
        return this.#value(test ? expression.chosen : expression.otherwise)
      }
      case 'call':
        return this.#call(expression)
      case 'attribute':
        return this.#attribute(expression)
      case 'subscript':
        return this.#subscript(this.#value(expression.object), this.#value(expression.index))
      case 'lambda':
        for (const name of expression.names) this.#keep(name)
        if (expression.arity === undefined) this.#anything()
        return { type: 'function', arity: expression.arity }
      case 'other':
        for (const name of expression.names) this.#keep(name)
        for (const name of expression.binds) this.#bindUnsure(name, 1)
        this.#anything()
        return unknown
    }
  }

  /** A name stands where what it is bound to, now or later, may be changed. */
  #keep(name: string): void {
    this.#readNames.add(name)
    this.#shared.add(name)
    const binding = this.#names.get(name)
    if (binding) touch(binding.value)
  }

  /** One of these is evaluated, or none. */
  #unsure(...expressions: readonly Expression[]): PythonValue {
    for (const expression of expressions) touch(this.#value(expression))
    return unknown
  }

  #nameOf(name: string): PythonValue {
    if (name === 'True' || name === 'False') return bool(name === 'True')
    if (name === 'None') return none
    this.#readNames.add(name)
    if (this.#syntax.globals.has(name)) return unknown
    const binding = this.#names.get(name)
    if (binding) {
      if (binding.isUnsure) this.#mayFail = true
      return binding.value
    }
    if (!this.#mayHoldMore) {
      if (name === '__name__') return str(this.#name)
      if (builtins.has(name)) return { type: 'imported', path: `builtins.${name}` }
    }
    this.#mayFail = true
    return unknown
  }

  #dict(entries: readonly (readonly [Expression, Expression])[]): PythonValue {
    const values = entries.map(([key, value]) => [this.#value(key), this.#value(value)] as const)
    // Keys that are not text may be equal and not alike: 1 and True.
    if (!values.every(([key]) => key.type === 'str')) {
      for (const pair of values) pair.forEach(touch)
      this.#mayFail = true
      return unknown
    }
    const unique = new Map(values.map(([key, value]) => [key.type === 'str' ? key.value : '', [key, value] as const]))
    return mapping([...unique.values()])
  }

  #format(parts: readonly (string | Expression)[]): PythonValue {
    const texts = parts.map((part) => (typeof part === 'string' ? part : this.#text(this.#value(part))))
    return joined(texts)
  }

  /** `str(value)`; undefined where it is unknown. */
  #text(value: PythonValue): string | undefined {
    if (value.type === 'str') return value.value
    if (value.type === 'int') return String(value.value)
    if (value.type === 'bool') return value.value ? 'True' : 'False'
    if (value.type === 'None') return 'None'
    if (value.type !== 'float') this.#anything()
    touch(value)
    return undefined
  }

  #unary(operator: string, value: PythonValue): PythonValue {
    if (operator === 'not') {
      const known = truth(value)
      return known === undefined ? unknown : bool(!known)
    }
    const number = numeric(value)
    if (number !== undefined) return int(operator === '-' ? -number : operator === '~' ? ~number : number)
    if (value.type === 'float' && operator !== '~') return { type: 'float', value: operator === '-' ? -value.value : value.value }
    this.#mayFail = true
    return unknown
  }

  #logical({ operator, left, right }: Extract<Expression, { kind: 'logical' }>): PythonValue {
    const value = this.#value(left)
    const known = truth(value)
    if (known === undefined) {
      touch(value)
      return this.#unsure(right)
    }
    return known === (operator === 'or') ? value : this.#value(right)
  }

  #binary(operator: string, left: PythonValue, right: PythonValue): PythonValue {
    if (operator === 'is' || operator === 'is not') {
      if (left.type === 'unknown' || right.type === 'unknown' || (left.type !== 'None' && right.type !== 'None')) return unknown
      return bool((left.type === right.type) === (operator === 'is'))
    }
    if (operator === '==' || operator === '!=') {
      const same = equal(left, right)
      return same === undefined ? unknown : bool(same === (operator === '=='))
    }
    const [a, b] = [numeric(left), numeric(right)]
    if (a !== undefined && b !== undefined) {
      const value = this.#arithmetic(operator, a, b)
      return value.type === 'int' && left.type === 'bool' && right.type === 'bool' && /^[&|^]$/.test(operator) ? bool(value.value !== 0n) : value
    }
    const floats = floatsOf(left, right)
    if (floats && (operator === '+' || operator === '-' || operator === '*')) return { type: 'float', value: operator === '+' ? floats[0] + floats[1] : operator === '-' ? floats[0] - floats[1] : floats[0] * floats[1] }
    if (floats && floats[1] !== 0 && (operator === '/' || operator === '//' || operator === '%')) {
      const { quotient, remainder } = divided(floats[0], floats[1])
      return { type: 'float', value: operator === '/' ? floats[0] / floats[1] : operator === '//' ? quotient : remainder }
    }
    if (left.type === 'str' && right.type === 'str') {
      if (operator === '+') return joined([left.value, right.value])
      if (operator === 'in' || operator === 'not in') return bool(right.value.includes(left.value) === (operator === 'in'))
    }
    if (left.type === 'str' && operator === '*' && b !== undefined && b >= 0n && BigInt(left.value.length) * b <= BigInt(longest)) return str(left.value.repeat(Number(b)))
    if (left.type === 'str' && operator === '%') return this.#percent(left.value, right)
    if (operator === '+' && (left.type === 'list' || left.type === 'tuple') && left.type === right.type && !left.isTouched && !right.isTouched)
      return sequence(left.type, [...left.items, ...right.items])
    // A method of theirs may be called.
    touch(left)
    touch(right)
    this.#mayFail = true
    return unknown
  }

  #arithmetic(operator: string, a: bigint, b: bigint): PythonValue {
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
    this.#mayFail = true
    return unknown
  }

  /** `"…%s" % value`, with `%s`, `%d` and `%%` only. */
  #percent(format: string, right: PythonValue): PythonValue {
    const values = right.type === 'tuple' ? right.items : [right]
    let at = 0
    const texts = (format.match(/%.?|[^%]+/gs) ?? []).map((part): string | undefined => {
      if (!part.startsWith('%')) return part
      if (part === '%%') return '%'
      const value = values[at++]
      if (value === undefined) return undefined
      if (part === '%s' || (part === '%d' && value.type === 'int')) return this.#text(value)
      this.#mayFail = true
      return undefined
    })
    if (at === values.length && (right.type !== 'dict' || at === 0)) return joined(texts)
    this.#mayFail = true
    return unknown
  }

  #attribute({ object, name }: Extract<Expression, { kind: 'attribute' }>): PythonValue {
    const value = this.#value(object)
    if (value.type === 'imported') return { type: 'imported', path: `${value.path}.${name}` }
    // What is bound to it changes it: `bind.append`.
    touch(value)
    this.#mayFail = true
    return unknown
  }

  #subscript(value: PythonValue, index: PythonValue): PythonValue {
    if (value.type === 'imported' && value.path === 'os.environ' && index.type === 'str') {
      const text = this.#variable(index.value)
      if (typeof text === 'string') return str(text)
    }
    if (value.type === 'dict' && !value.isTouched && index.type === 'str') {
      const found = value.entries.find(([key]) => key.type === 'str' && key.value === index.value)
      if (found) return found[1]
    }
    if ((value.type === 'list' || value.type === 'tuple') && !value.isTouched && index.type === 'int') {
      const found = value.items.at(Number(index.value))
      if (found) return found
    }
    touch(value)
    this.#mayFail = true
    return unknown
  }

  #variable(name: string): string | null | undefined {
    return this.#environmentTouched ? null : this.#environment(name)
  }

  #call({ callee, args, isPlain }: Extract<Expression, { kind: 'call' }>): PythonValue {
    if (callee.kind === 'attribute') {
      const object = this.#value(callee.object)
      if (object.type === 'str') return this.#method(object.value, callee.name, args.map((arg) => this.#value(arg)), isPlain)
    }
    const called = this.#value(callee)
    const values = args.map((arg) => this.#value(arg))
    if (called.type === 'imported') {
      if (isPlain && (called.path === 'os.getenv' || called.path === 'os.environ.get')) return this.#getenv(values)
      const known = isPlain && called.path.startsWith('builtins.') ? this.#builtin(called.path.slice(9), values) : undefined
      if (known) return known
    }
    this.#mayFail = true
    if (called.type === 'imported' && (pure.has(called.path) || (called.path.startsWith('builtins.') && builtins.has(called.path.slice(9))))) {
      // What is made of them holds them.
      for (const value of values) touch(value)
      return unknown
    }
    this.#anything()
    touch(called)
    for (const value of values) touch(value)
    return unknown
  }

  #getenv([name, otherwise = none, ...more]: readonly PythonValue[]): PythonValue {
    if (name?.type === 'str' && more.length === 0) {
      const text = this.#variable(name.value)
      if (typeof text === 'string') return str(text)
      if (text === undefined) return otherwise
    }
    touch(otherwise)
    this.#mayFail ||= name?.type !== 'str'
    return unknown
  }

  #builtin(name: string, [value, ...more]: readonly PythonValue[]): PythonValue | undefined {
    if (value === undefined || more.length > 0) return undefined
    if (name === 'int') {
      const number = numeric(value)
      if (number !== undefined) return int(number)
      const digits = value.type === 'str' ? /^[ \t\r\n]*([+-]?)(\d+(?:_\d+)*)[ \t\r\n]*$/.exec(value.value) : null
      // Older Pythons know no `_` here.
      if (digits?.[2] && !digits[2].includes('_') && digits[2].length < 1000) return int(digits[1] === '-' ? -BigInt(digits[2]) : BigInt(digits[2]))
    }
    if (name === 'str' && (value.type === 'str' || value.type === 'int' || value.type === 'bool' || value.type === 'None')) return str(this.#text(value) ?? '')
    if (name === 'bool') {
      const known = truth(value)
      if (known !== undefined) return bool(known)
    }
    if (name === 'len' && value.type === 'str' && !/[\ud800-\udfff]/.test(value.value)) return int(BigInt(value.value.length))
    return undefined
  }

  /** A method of a string. None changes anything. */
  #method(text: string, name: string, args: readonly PythonValue[], isPlain: boolean): PythonValue {
    if (isPlain && name === 'format') {
      let next = 0
      const texts = (text.match(/\{\{|\}\}|\{\d*\}|[^{}]+|[{}]/g) ?? []).map((part): string | undefined => {
        if (part === '{{' || part === '}}') return part.charAt(0)
        if (part === '{' || part === '}') return undefined
        if (!/^\{\d*\}$/.test(part)) return part
        const value = args[part === '{}' ? next++ : Number(part.slice(1, -1))]
        return value && this.#text(value)
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
    this.#mayFail = true
    return unknown
  }
}

function joined(texts: readonly (string | undefined)[]): PythonValue {
  if (texts.includes(undefined)) return unknown
  const text = texts.join('')
  return text.length > longest ? unknown : str(text)
}

/** A number in an expression, where a bool counts as one. */
function numeric(value: PythonValue): bigint | undefined {
  if (value.type === 'int') return value.value
  return value.type === 'bool' ? BigInt(value.value) : undefined
}

/** Whether two values are equal; undefined where that cannot be told. */
function equal(left: PythonValue, right: PythonValue): boolean | undefined {
  const [a, b] = [numeric(left), numeric(right)]
  if (a !== undefined && b !== undefined) return a === b
  const isPlain = ({ type }: PythonValue): boolean => type === 'str' || type === 'int' || type === 'bool' || type === 'None'
  if (!isPlain(left) || !isPlain(right)) return undefined
  return left.type === 'str' && right.type === 'str' ? left.value === right.value : left.type === right.type
}

/** A number's literal; unknown where Pythons read it differently, or not at all: `0777`, `10L`. */
function numberOf(text: string): PythonValue {
  if (text.length > 1000) return unknown
  if (/^(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0+|[1-9]\d*)$/.test(text)) return int(BigInt(text))
  // From Python 3.6 on.
  if (/^(0[xX](_?[\da-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+|[1-9](_?\d)*)$/.test(text)) return int(BigInt(text.replaceAll('_', '')))
  if (/^(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?$/.test(text) && /[.eE]/.test(text)) return { type: 'float', value: Number(text) }
  return unknown
}

/** The names that an expression mentions. */
function namesOfExpression(expression: Expression): string[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return []
    case 'format':
      return expression.parts.flatMap((part) => (typeof part === 'string' ? [] : namesOfExpression(part)))
    case 'name':
      return [expression.name]
    case 'tuple':
    case 'list':
    case 'set':
      return expression.items.flatMap(namesOfExpression)
    case 'dict':
      return expression.entries.flat().flatMap(namesOfExpression)
    case 'unary':
      return namesOfExpression(expression.operand)
    case 'binary':
    case 'logical':
      return [expression.left, expression.right].flatMap(namesOfExpression)
    case 'choice':
      return [expression.test, expression.chosen, expression.otherwise].flatMap(namesOfExpression)
    case 'call':
      return [expression.callee, ...expression.args].flatMap(namesOfExpression)
    case 'attribute':
      return namesOfExpression(expression.object)
    case 'subscript':
      return [expression.object, expression.index].flatMap(namesOfExpression)
    default:
      return [...expression.names]
  }
}

/** The names that a statement mentions, wherever in it. */
function namesOf(statement: Statement): string[] {
  switch (statement.kind) {
    case 'assign':
      return [...statement.targets, statement.value].flatMap(namesOfExpression)
    case 'augment':
      return [statement.target, statement.value].flatMap(namesOfExpression)
    case 'delete':
      return statement.targets.flatMap(namesOfExpression)
    case 'expression':
      return namesOfExpression(statement.value)
    case 'if':
      return [...namesOfExpression(statement.test), ...[...statement.body, ...statement.otherwise].flatMap(namesOf)]
    case 'block':
    case 'function':
    case 'class':
      return [...statement.names, ...statement.body.flatMap(namesOf)]
    case 'other':
    case 'global':
      return [...statement.names]
    default:
      return []
  }
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

/** The names that an expression may bind. */
function boundWithin(expression: Expression): string[] {
  switch (expression.kind) {
    case 'other':
      return [...expression.binds]
    case 'name':
    case 'number':
    case 'string':
    case 'lambda':
      return []
    default: {
      const parts = Object.values(expression).flat(2).filter((part): part is Expression => typeof part === 'object' && part !== null && 'kind' in part)
      return parts.flatMap(boundWithin)
    }
  }
}

function boundByTarget(target: Expression): string[] {
  if (target.kind === 'name') return [target.name]
  if (target.kind === 'tuple' || target.kind === 'list') return target.items.flatMap(boundByTarget)
  return target.kind === 'attribute' || target.kind === 'subscript' ? [] : namesOfExpression(target)
}

/** The names that a statement may bind or unbind, wherever in it. */
function boundBy(statement: Statement): string[] {
  switch (statement.kind) {
    case 'assign':
      return [...statement.targets.flatMap(boundByTarget), ...boundWithin(statement.value)]
    case 'augment':
      return [...boundByTarget(statement.target), ...boundWithin(statement.value)]
    case 'delete':
      return statement.targets.flatMap(boundByTarget)
    case 'expression':
      return boundWithin(statement.value)
    case 'import':
      return statement.imported.map(({ name }) => name)
    case 'if':
      return [...boundWithin(statement.test), ...[...statement.body, ...statement.otherwise].flatMap(boundBy)]
    case 'block':
      return [...statement.binds, ...statement.body.flatMap(boundBy)]
    case 'function':
    case 'class':
      return [statement.name]
    case 'other':
      return [...statement.names]
    default:
      return []
  }
}

const importsAll = (statement: Statement): boolean =>
  statement.kind === 'import all' ||
  ('body' in statement && statement.kind !== 'function' && statement.kind !== 'class' && statement.body.some(importsAll)) ||
  (statement.kind === 'if' && statement.otherwise.some(importsAll))

/** True for what is known through and through. */
export const isCertain = ({ value, isUnsure }: Binding): boolean => !isUnsure && isKnown(value)
