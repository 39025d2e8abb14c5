/**
 * What the names of a Python module are bound to once it has run, as far as its plain assignments tell. What cannot be told is
 * unknown: the value of a name, whether it is bound at all, or of which names that holds.
 *
 * What is taken for granted: functions of the standard library do not reach into the module that calls them, but where it
 * hands them something that can be changed, and none but those of `os` change the environment.
 */
import type { Expression } from './expression.ts'
import { boundBy, importsAll, namesOf, namesOfExpression } from './names.ts'
import { joined, numberOf, Operations } from './operations.ts'
import { parse, type Statement, type Syntax } from './syntax.ts'
import type { SourceProblem } from './tokens.ts'
import { bool, isKnown, int, mapping, none, sequence, some, str, touch, truth, unknown, type PythonValue } from './value.ts'

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
  /** Why it surely fails, and where. */
  readonly failure: { readonly message: string; readonly line: number } | undefined
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
    // What is nested so deep is no config file that a person wrote. Whether a Python runs it depends on the Python.
    if (error instanceof RangeError) return { message: 'nested too deep', line: 1, refused: false }
    throw error
  }
}

/**
 * By these a module reaches its own names, or those of others, past any statement that says so.
 */
// dprint-ignore: a list of words
const reaching = [
  'globals', 'locals', 'vars', 'exec', 'eval', 'execfile', 'compile', '__import__', '__builtins__', '__dict__', '_getframe', 'currentframe',
  'f_globals', 'f_locals', 'modules', 'setattr', 'delattr', 'importlib', 'runpy', 'inspect', 'gc', 'ctypes', 'builtins', '__builtin__', '__main__',
  '__config__', '__setattr__', 'breakpoint',
]

/** Modules whose import changes nothing. */
// dprint-ignore: a list of words
const harmless = new Set([
  '__future__', 'ast', 'collections', 'configparser', 'contextlib', 'copy', 'dataclasses', 'datetime', 'enum', 'errno', 'functools', 'glob',
  'hashlib', 'io', 'itertools', 'json', 'logging', 'math', 'multiprocessing', 'operator', 'os', 'pathlib', 'platform', 'random', 're', 'resource',
  'shutil', 'signal', 'socket', 'ssl', 'string', 'struct', 'subprocess', 'sys', 'tempfile', 'textwrap', 'threading', 'time', 'traceback', 'types',
  'typing', 'uuid', 'warnings',
])

/** Functions that change nothing, neither what they are given nor the environment. */
// dprint-ignore: a list of words
const pure = new Set([
  'os.getenv', 'os.environ.get', 'os.cpu_count', 'os.getcwd', 'os.getpid', 'os.getuid', 'os.uname', 'os.sched_getaffinity', 'os.sysconf', 'os.listdir',
  'os.access', 'os.path.join', 'os.path.dirname', 'os.path.abspath', 'os.path.exists', 'os.path.isfile', 'os.path.isdir', 'os.path.basename',
  'os.path.realpath', 'os.path.expanduser', 'os.path.normpath', 'multiprocessing.cpu_count', 'socket.gethostname', 'socket.getfqdn', 'platform.node',
  'platform.system', 'json.dumps', 'json.loads', 'logging.getLogger', 'math.ceil', 'math.floor', 'time.time', 'tempfile.gettempdir', 'uuid.uuid4',
  'random.randint', 'pathlib.Path', 'datetime.datetime.now', 're.compile', 're.match', 're.search', 're.sub', 'sys.exit',
])

/** Built-in functions that change nothing. */
// dprint-ignore: a list of words
const builtins = new Set([
  'abs', 'all', 'any', 'bool', 'bytes', 'dict', 'divmod', 'enumerate', 'float', 'frozenset', 'hex', 'int', 'isinstance', 'len', 'list', 'max', 'min', 'oct',
  'open', 'ord', 'chr', 'print', 'range', 'repr', 'reversed', 'round', 'set', 'sorted', 'str', 'sum', 'tuple', 'type', 'zip', 'hasattr',
])

/** What is known of what these give. */
const makes: Readonly<Record<string, PythonValue>> = {
  'os.cpu_count': some('number'),
  'multiprocessing.cpu_count': some('number'),
  'os.sysconf': some('number'),
  'os.getpid': some('number'),
  'os.getuid': some('number'),
  'random.randint': some('number'),
  'builtins.len': some('number'),
  'pathlib.Path': some('path'),
}

/** Those methods of a path that give another one. */
const pathMethods = new Set(['absolute', 'expanduser', 'joinpath', 'resolve', 'with_name', 'with_suffix'])

/** The levels of `logging`. */
const levels: Readonly<Record<string, bigint>> = { 'logging.CRITICAL': 50n, 'logging.FATAL': 50n, 'logging.ERROR': 40n,
  'logging.WARNING': 30n, 'logging.WARN': 30n, 'logging.INFO': 20n, 'logging.DEBUG': 10n, 'logging.NOTSET': 0n }

class Interpreter extends Operations {
  readonly #syntax: Syntax
  readonly #name: string
  readonly #environment: EnvironmentOf
  readonly #names = new Map<string, Binding>()
  /** Names in the bodies of functions and classes: what can be changed there may be. */
  readonly #shared = new Set<string>()
  #mayHoldMore = false
  /** True once the environment may be another than the one that the module was started in. */
  #environmentTouched = false
  /** The reads of each name that were met. */
  readonly #readNames = new Set<string>()
  readonly #annotated = new Map<string, number>()
  #failure: Module['failure']
  /** The line that is run, and how many expressions surround what is evaluated that may leave it out. */
  #line = 1
  #branches = 0

  constructor(syntax: Syntax, name: string, environment: EnvironmentOf) {
    super()
    this.#syntax = syntax
    this.#name = name
    this.#environment = environment
  }

  run(): Module {
    const { statements, mentions } = this.#syntax
    for (const statement of statements) this.#collectShared(statement)
    this.#run(statements)
    if (reaching.some((name) => mentions.has(name))) this.#lose()
    for (const [name, binding] of this.#names)
      if (this.#syntax.globals.has(name)) this.#names.set(name, { ...binding, value: unknown, isUnsure: true })
    for (const name of this.#syntax.globals) if (!this.#names.has(name)) this.#bindUnsure(name, 1)
    return { names: this.#names, annotated: this.#annotated, mayHoldMore: this.#mayHoldMore, mayFail: this.mayFail, failure: this.#failure,
      reads: (name) => this.#readNames.has(name) }
  }

  /** Any name may have been bound to anything. */
  #lose(): void {
    this.#mayHoldMore = true
    this.mayFail = true
    this.#environmentTouched = true
    for (const [name, binding] of this.#names) this.#names.set(name, { ...binding, value: unknown, isUnsure: true })
  }

  #collectShared(statement: Statement): void {
    if (statement.kind === 'function' || statement.kind === 'class') {
      for (const name of [...statement.names, ...statement.body.flatMap((inner) => namesOf(inner))]) {
        this.#shared.add(name)
        this.#readNames.add(name)
      }
    } else if ('body' in statement) { for (const inner of statement.body) this.#collectShared(inner) }
    if (statement.kind === 'if') { for (const inner of statement.otherwise) this.#collectShared(inner) }
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
    this.#line = line
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
        if (statement.arity === undefined) this.anything()
        return this.#bind(statement.name, { type: 'function', arity: statement.arity }, line, false)
      case 'class':
        this.anything()
        return this.#bind(statement.name, unknown, line, false)
      case 'block':
      case 'other':
        return this.#surprise(statement)
      default:
        return
    }
  }

  protected fails(message: string): void {
    this.mayFail = true
    if (this.#branches === 0) this.#failure ??= { message, line: this.#line }
  }

  /** Something runs that cannot be seen. */
  anything(): void {
    this.mayFail = true
    this.#environmentTouched = true
  }

  /** A statement that may run, once, often or not at all. */
  #surprise(statement: Statement): void {
    this.anything()
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
      if (!isSequence) this.mayFail = true
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
    if (value.type === 'unknown' || value.type === 'imported') this.anything()
    this.mayFail = true
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
    this.#bind(target.name, isPlain ? this.binary(operator, left, value) : unknown, line)
    if (!isPlain) this.mayFail = true
  }

  #delete(target: Expression, line: number): void {
    if (target.kind !== 'name')
      return this.#change(target.kind === 'attribute' || target.kind === 'subscript' ? this.#value(target.object) : unknown)
    const binding = this.#names.get(target.name)
    if (binding && !binding.isUnsure) this.#names.delete(target.name)
    else {
      this.mayFail = true
      this.#bindUnsure(target.name, line)
    }
  }

  #import(from: string, name: string, line: number): void {
    const isHarmless = harmless.has(from.split('.')[0] ?? '')
    if (!isHarmless) this.anything()
    this.#bind(name, isHarmless ? { type: 'imported', path: from } : unknown, line, false)
  }

  #value(expression: Expression): PythonValue {
    switch (expression.kind) {
      case 'number': {
        const number = numberOf(expression.text)
        this.mayFail ||= number === unknown
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
        return this.unary(expression.operator, this.#value(expression.operand))
      case 'binary': {
        const left = this.#value(expression.left)
        return this.binary(expression.operator, left, this.#value(expression.right))
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
        if (expression.arity === undefined) this.anything()
        return { type: 'function', arity: expression.arity }
      case 'other':
        for (const name of expression.names) this.#keep(name)
        for (const name of expression.binds) this.#bindUnsure(name, 1)
        this.anything()
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
    this.#branches++
    for (const expression of expressions) touch(this.#value(expression))
    this.#branches--
    return unknown
  }

  #nameOf(name: string): PythonValue {
    if (name === 'True' || name === 'False') return bool(name === 'True')
    if (name === 'None') return none
    this.#readNames.add(name)
    if (this.#syntax.globals.has(name)) return unknown
    const binding = this.#names.get(name)
    if (binding) {
      if (binding.isUnsure) this.mayFail = true
      return binding.value
    }
    if (!this.#mayHoldMore) {
      if (name === '__name__') return str(this.#name)
      if (builtins.has(name)) return { type: 'imported', path: `builtins.${name}` }
    }
    this.mayFail = true
    return unknown
  }

  #dict(entries: readonly (readonly [Expression, Expression])[]): PythonValue {
    const values = entries.map(([key, value]) => [this.#value(key), this.#value(value)] as const)
    // Keys that are not text may be equal and not alike: 1 and True.
    if (!values.every(([key]) => key.type === 'str')) {
      for (const pair of values) pair.forEach(touch)
      this.mayFail = true
      return unknown
    }
    const unique = new Map(values.map(([key, value]) => [key.type === 'str' ? key.value : '', [key, value] as const]))
    return mapping([...unique.values()])
  }

  #format(parts: readonly (string | Expression)[]): PythonValue {
    const texts = parts.map((part) => (typeof part === 'string' ? part : this.text(this.#value(part))))
    return joined(texts)
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

  #attribute({ object, name }: Extract<Expression, { kind: 'attribute' }>): PythonValue {
    const value = this.#value(object)
    if (value.type === 'imported') {
      const path = `${value.path}.${name}`
      const level = Object.hasOwn(levels, path) ? levels[path] : undefined
      return level === undefined ? { type: 'imported', path } : int(level)
    }
    if (value.type === 'some' && value.of === 'path' && name === 'parent') return value
    // What is bound to it changes it: `bind.append`.
    touch(value)
    this.mayFail = true
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
    this.mayFail = true
    return unknown
  }

  #variable(name: string): string | null | undefined {
    return this.#environmentTouched ? null : this.#environment(name)
  }

  #call({ callee, args, isPlain }: Extract<Expression, { kind: 'call' }>): PythonValue {
    if (callee.kind === 'attribute') {
      const object = this.#value(callee.object)
      if (object.type === 'some' && object.of === 'path' && isPlain && pathMethods.has(callee.name)) {
        for (const arg of args) touch(this.#value(arg))
        this.mayFail = true
        return object
      }
      if (object.type === 'str') return this.method(object.value, callee.name, args.map((arg) => this.#value(arg)), isPlain)
    }
    const called = this.#value(callee)
    const values = args.map((arg) => this.#value(arg))
    if (called.type === 'imported') {
      if (isPlain && (called.path === 'os.getenv' || called.path === 'os.environ.get')) return this.#getenv(values)
      const known = isPlain && called.path.startsWith('builtins.') ? this.builtin(called.path.slice(9), values) : undefined
      if (known) return known
    }
    this.mayFail = true
    if (called.type === 'imported' &&
      (pure.has(called.path) || (called.path.startsWith('builtins.') && builtins.has(called.path.slice(9))))) {
      // What is made of them holds them.
      for (const value of values) touch(value)
      return makes[called.path] ?? unknown
    }
    this.anything()
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
    this.mayFail ||= name?.type !== 'str'
    return unknown
  }
}

/** True for what is known through and through. */
export const isCertain = ({ value, isUnsure }: Binding): boolean => !isUnsure && isKnown(value)
